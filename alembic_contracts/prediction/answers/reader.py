"""The effect of a statement in, the rows that the script gets for it out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.answers.answer import Answer, answer_of
from alembic_contracts.prediction.answers.noticing import MadeUpCount
from alembic_contracts.prediction.answers.rows import Data
from alembic_contracts.prediction.answers.unseen_writes import changed_beside, targets, written
from alembic_contracts.prediction.answers.values import UnanswerableError, Unknown, is_guess
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.sqlstate import PostgresError

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.bindings import Relation
    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.prediction.catalog.execution import Effect
    from alembic_contracts.prediction.sql.parser import Statement
    from alembic_contracts.schemas.schema import Name
    from alembic_contracts.schemas.steps import World

__all__ = ["Reader", "follows_from_catalog"]

_CHANGES = frozenset({"insert_stmt", "update_stmt", "delete_stmt", "truncate_stmt", "merge_stmt"})
_LARGE = 20_000
"""Characters of an INSERT that are read for its rows; longer ones are bulk data."""
_MORE_ROWS = 200
"""Rows of an executemany() that are read."""
_SIMILAR_READS = 50
"""How often queries that differ in their values alone find a plausible row in one revision. Batching loops (by OFFSET,
by the last key) would go on for ever otherwise."""
_LITERALS = pattern(r"'(?:[^']|'')*'|\d+")
_STRINGS = pattern(r"'(?:[^']|'')*'")
_INCOMPLETE = frozenset({"pg_settings"})
"""System relations of which only the common rows are known."""
_SYSTEM = frozenset({"pg_catalog", "information_schema"})


class Reader:
    """Answers queries in one world."""

    doubt: Callable[[str, Collection[Name] | None], None]
    """Called with what a script asked and cannot be told."""
    decided: Callable[[], None] = staticmethod(lambda: None)
    """Called where a script gets values that are made up, and may go by them."""

    place: Callable[[], tuple[object, bool]] = staticmethod(lambda: (None, False))
    """Says where the script is: a key of the lines, and whether a loop around them may end for want of rows only."""

    def __init__(self, catalog: Catalog, world: World) -> None:
        """Read from a catalog; ``world`` says whether tables of unknown contents are empty or hold one row."""
        self._catalog, self._world = catalog, world
        self._data = Data(catalog, world)
        self._deletes: Counter[str] = Counter()
        self._rounds: Counter[tuple[object, str]] = Counter()
        """How often a statement was executed at a place of the script."""
        self._last_change: tuple[Statement, frozenset[Name] | None] | None = None
        """With the tables of which it may have changed other rows as well (None: any)."""
        self.rows_between_revisions = False
        """Whether applications may write rows between two revisions."""
        self.read_unknown_rows = False
        """Whether a script looked at rows of a table whose contents are not known."""
        self._looked = False
        self._questions: set[str] = set()
        """What the revision has asked of such rows."""
        self._seen: set[str] = set()
        """Those of them whose answer was another one than without the rows."""
        self._goes_by_rows = False
        """Whether the revision may have got values of such rows, by which it may write others, or write them at all."""
        self._guesses = 0

    def start_revision(self, world: World | None = None) -> None:
        """Begin with a revision: what it reads is there again. ``world``: another one than that of the rest."""
        if self.rows_between_revisions or self._goes_by_rows:
            self._data.let_others_write()
        self._goes_by_rows = False
        self._deletes.clear()
        self._rounds.clear()
        self._questions.clear()
        self._seen.clear()
        self._data.row_world = (world or self._world) == "row"
        self._looked, self._guesses = False, self._data.guesses

    def part(self, ways: Callable[[], tuple[World, World]]) -> None:
        """Have it asked in which worlds to go on once anything depends on that: the run, and its revision at hand."""

        def parts() -> None:
            self._data.parts = None
            self._world, playing = ways()
            self._data.row_world = playing == "row"

        self._data.parts = parts

    @property
    def is_made_up(self) -> bool:
        """Whether what the revision has seen so far depends on which rows tables of unknown contents hold."""
        return self._looked or self._data.guesses > self._guesses

    def forget_rows(self) -> None:
        """Take no rows for known any more: what changed them is taken back, or not seen."""
        self._data.forget()

    def set_rows(self, name: Name, rows: Sequence[Mapping[str, Any]]) -> None:
        """Say what a table holds."""
        self._data.tell(name, rows)

    def answer(self, effect: Effect) -> Answer:
        """Return what a statement yields.

        Raises:
            PostgresError: PostgreSQL would refuse it for the values in it.
        """
        if effect.touched:
            self._data.follow(effect)
        if effect.kind in _CHANGES:
            return self._change(effect)
        self._data.forget(written(effect, self._catalog, self._data))
        if effect.query is None:
            return Answer()
        if effect.kind == "variable_show_stmt":
            return self._show(effect)
        if effect.kind != "select_stmt":
            return self._unanswered(f"the result of {_short(effect.sql)}", ())
        return self._select(effect)

    # -- queries -----------------------------------------------------------------------------------------------------

    def _select(self, effect: Effect) -> Answer:
        from alembic_contracts.prediction.answers.bindings import Scope
        from alembic_contracts.prediction.answers.existence import asks_for_existence
        from alembic_contracts.prediction.answers.select import select

        if any(name.schema not in _SYSTEM for name in effect.reads):
            self._data.show_guesses = not self._is_worn_out(effect.sql)
        self._data.asked_unknown = self._data.asked_aged = False
        try:
            relation = select(effect.query, Scope(self._data))
            is_seen = self._is_seen_both_ways(effect, relation)
        except UnanswerableError as error:
            return self._without_answer(effect, error)
        except PostgresError:
            if self._data.asked_unknown:
                self._reads_unknown()
            raise
        finally:
            self._data.show_guesses = True
        if not relation.rows and any(name.name in _INCOMPLETE for name in effect.reads):
            return self._unanswered(f"{_short(effect.sql)} asks what is not known", relation.columns)
        if self._catalog.state.uncertain.answers(effect.query):
            self.doubt(f"{_short(effect.sql)} asks what depends on something that is not known", None)
        is_existence = asks_for_existence(effect.query)
        return self._answered(
            relation, effect.sql, of_rows=self._data.asked_unknown, shown_both_ways=is_existence, is_seen=is_seen
        )

    def _is_seen_both_ways(self, effect: Effect, relation: Relation) -> bool:
        """Return whether a result of rows that are not known is another one without them, or was before.

        Where it is the same, as with ``EXISTS (...) AND NOT EXISTS (...)``, what else it can be is seen in no world.
        """
        from alembic_contracts.prediction.answers.existence import may_shrink, yields_same_without

        data = self._data
        if not data.asked_unknown or not data.row_world or not data.show_guesses or effect.sql in self._seen:
            return True
        if not yields_same_without(effect.query, relation, data):
            self._seen.add(effect.sql)
            return True
        return bool(relation.rows) and not may_shrink(effect.query)

    def _reads_unknown(self) -> None:
        self.read_unknown_rows = self._looked = True

    def _asks(self, question: str) -> None:
        """Take note that the script sees whether there are such rows: both answers are seen, of one question.

        Of several each may have its own answer in the database, and the worlds have all of the rows, or none.
        """
        self._reads_unknown()
        self._questions.add(question)
        if len(self._questions) > 1:
            self._decides()

    def _reads_values(self, question: str) -> None:
        self._goes_by_rows = True
        self._asks(question)

    def _decides(self) -> None:
        self._goes_by_rows = True
        self.decided()

    def _without_answer(self, effect: Effect, error: UnanswerableError) -> Answer:
        """Answer a query that cannot be worked out: of users' rows by a guess, all else not at all."""
        from alembic_contracts.prediction.answers.bindings import Relation
        from alembic_contracts.prediction.answers.select import target_names

        try:
            columns = target_names(effect.query)
        except UnanswerableError:
            columns = ()
        of_rows = bool(effect.reads) and all(name.schema not in _SYSTEM for name in effect.reads)
        if not of_rows or not columns:
            return self._unanswered(f"{_short(effect.sql)} asks what is not known: {error}", columns)
        if not self._data.row_world or not self._data.show_guesses:
            return answer_of(Relation(columns, ()), on_fetch=partial(self._reads_values, effect.sql))
        unknown = Relation(columns, [dict.fromkeys(columns, Unknown(str(error)))])
        return self._answered(unknown, effect.sql, of_rows=True)

    def _answered(
        self,
        relation: Relation,
        question: str,
        *,
        of_rows: bool,
        shown_both_ways: bool = False,
        is_seen: bool = True,
    ) -> Answer:
        """Return what a query yields; what is not known of it is said once somebody looks.

        Args:
            relation: the result.
            question: the query.
            of_rows: whether rows of tables are among it whose contents are not known.
            shown_both_ways: whether it says no more than whether there are rows.
            is_seen: whether both that it can say are seen.
        """
        from alembic_contracts.prediction.answers.bindings import Relation
        from alembic_contracts.prediction.answers.deferred import told

        relation = Relation(
            relation.columns, [{name: told(value) for name, value in row.items()} for row in relation.rows]
        )
        unknown = next(
            (v for row in relation.rows for v in row.values() if isinstance(v, Unknown) and v.nullable), None
        )
        is_made_up = any(is_guess(value) for row in relation.rows for value in row.values())

        is_aged = self._data.asked_aged

        def look() -> None:
            if of_rows:
                (self._asks if shown_both_ways else self._reads_values)(question)
            if is_aged or (is_made_up and not shown_both_ways) or not is_seen:
                self._decides()
            if unknown is not None:
                self._doubt_value(unknown)

        return answer_of(
            relation, self._doubt_value, on_fetch=look if of_rows or is_aged or unknown is not None else None
        )

    def _doubt_value(self, value: Unknown) -> None:
        self.doubt(f"the script goes by {value.reason}, which only the server knows", None)

    def _unanswered(self, reason: str, columns: tuple[str, ...]) -> Answer:
        from alembic_contracts.prediction.answers.bindings import Relation

        return answer_of(Relation(columns, ()), on_fetch=lambda: self.doubt(reason, None))

    def _show(self, effect: Effect) -> Answer:
        from alembic_contracts.prediction.answers.bindings import Relation
        from alembic_contracts.prediction.answers.functions import setting

        name = effect.query.name if effect.query is not None else ""
        value = setting(self._data, name)
        if value is None:
            unknown = Unknown(f"the setting {name}", nullable=False)
            return self._answered(Relation((name,), [{name: unknown}]), effect.sql, of_rows=False)
        return Answer((name,), ((value,),), 1)

    # -- changes of rows ---------------------------------------------------------------------------------------------

    def _change(self, effect: Effect) -> Answer:
        self._last_change = None
        if len(effect.sql) > _LARGE:
            self._data.forget()
            return Answer(rowcount=effect.sql.count("("))
        statement = effect.statement
        others = changed_beside(statement, self._catalog, self._data)
        self._last_change = statement, others
        answer = self._changed(effect, statement)
        self._data.forget(others)
        if others is not None and others.isdisjoint(targets(statement, self._catalog)):
            return answer
        if answer.columns or isinstance(answer.rowcount, MadeUpCount) or answer.rowcount < 0:
            return answer
        return replace(answer, rowcount=self._count(answer.rowcount, effect.sql))

    def _changed(self, effect: Effect, statement: Statement) -> Answer:
        from alembic_contracts.prediction.answers.bindings import Relation
        from alembic_contracts.prediction.answers.row_changes import change

        self._data.asked_unknown = self._data.asked_aged = False
        guesses = self._data.guesses
        try:
            count, relation = change(statement.kind, statement.node, self._data)
        except UnanswerableError as error:
            return self._unanswered(f"{_short(effect.sql)} returns what is not known: {error}", ())
        if self._data.guesses > guesses and self._is_worn_out(effect.sql):
            columns = () if relation is None else relation.columns
            return Answer(rowcount=0) if relation is None else answer_of(Relation(columns, ()))
        if relation is None and statement.kind == "delete_stmt" and self._data.guesses > guesses:
            self._deletes[effect.sql] += 1
            if self._deletes[effect.sql] > 1:  # the rows that there were are gone, unless others came or it takes a few
                decides = partial(self._decided_by_count, effect.sql)
                return Answer(rowcount=MadeUpCount(count, decides, decides))
        if relation is None and self._data.asked_aged and count >= 0:
            return Answer(rowcount=MadeUpCount(count, self._decides, self._decides))
        if relation is None and self._data.asked_unknown and count >= 0:
            return Answer(rowcount=self._count(count, effect.sql))
        if relation is None:
            return Answer(rowcount=count)
        unknown = self._data.asked_unknown or any(is_guess(v) for row in relation.rows for v in row.values())
        return self._answered(relation, effect.sql, of_rows=unknown)

    def _count(self, count: int, question: str) -> MadeUpCount:
        is_seen = bool(count) or question in self._seen or not self._data.row_world
        if count:
            self._seen.add(question)
        exists = partial(self._asks, question) if is_seen else partial(self._decided_by_count, question)
        return MadeUpCount(count, exists, partial(self._decided_by_count, question))

    def _decided_by_count(self, question: str) -> None:
        self._reads_values(question)
        if self._data.row_world:
            self.decided()

    def _is_worn_out(self, sql: str) -> bool:
        """Whether a statement that found made-up rows before finds none any more: batching loops wait for that.

        A loop that goes on all the same waits for something else.
        """
        where, waits = self.place()
        if not waits:
            return False
        similar = "~" + _LITERALS.sub("?", sql)
        self._rounds[where, sql] += 1
        self._rounds[where, similar] += 1
        over = max(self._rounds[where, sql] - 1, self._rounds[where, similar] - _SIMILAR_READS)
        if over > 1 and self._data.row_world:
            self._decides()
        return over > 0

    def more_rows(self, statements: Iterable[str]) -> int:
        """Take note of further rows of the last statement (``executemany``), and return their number."""
        from alembic_contracts.prediction.answers.row_changes import change

        count = 0
        target = None
        last, others = self._last_change or (None, None)
        if last is not None and last.kind != "truncate_stmt":
            (target,) = targets(last, self._catalog)
        for sql in statements:
            count += 1
            if target is None or count > _MORE_ROWS:
                continue
            for statement in parser.parse(sql):
                try:
                    change(statement.kind, statement.node, self._data)
                except UnanswerableError:
                    self._data.contents(target).unknown = True
        if target is not None and count > _MORE_ROWS:
            self._data.contents(target).unknown = True
        if last is not None:
            self._data.forget(others)
        return count


def follows_from_catalog(effect: Effect, answer: Answer) -> bool:
    """Return whether a query asked the catalog for nothing but what is known, so that it cannot have failed."""
    return (
        effect.kind == "select_stmt"
        and answer.on_fetch is None
        and bool(effect.reads)
        and all(name.schema in _SYSTEM for name in effect.reads)
    )


def _short(sql: str) -> str:
    """Return a statement for a message: without the values in it, which may be personal data."""
    text = " ".join(_STRINGS.sub("'…'", sql).split())
    return text if len(text) <= 100 else text[:99] + "…"

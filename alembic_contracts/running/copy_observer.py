"""Statements on an empty copy of a database in, what each changed of the watched tables out, and which rows it read.

Which rows a table has is not known where others may have filled it: those that were there before, and those that got
rows from them. What a script does after it has looked at such rows is seen in two worlds; where even that does not show
everything, a doubt says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from alembic_contracts.dialects.sqlite import made_up
from alembic_contracts.dialects.sqlite.beside_schema import COUNTS, goes_by, says_what_is_otherwise
from alembic_contracts.dialects.sqlite.effects import CHANGES_ROWS
from alembic_contracts.dialects.sqlite.names import fold
from alembic_contracts.dialects.sqlite.row_texts import RowTexts, asked_for_existence
from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.answers.noticing import MadeUpCount
from alembic_contracts.prediction.scripts.batches import COPY
from alembic_contracts.prediction.scripts.unseen_code import lets_failure_pass, rest_is_seen
from alembic_contracts.running.copy_looks import Key, Looks
from alembic_contracts.schemas.steps import FAILS_BY_ROWS, GOES_BY_CHANCE, GOES_BY_ROWS, Operation, Unproven, World

if TYPE_CHECKING:
    from alembic_contracts.dialects.sqlite.effects import Effect
    from alembic_contracts.dialects.sqlite.telling import WatchedConnection
    from alembic_contracts.prediction.scripts.source_lines import Script
    from alembic_contracts.running.replaying import Stage

__all__ = ["CopyObserver"]

_LABEL_LENGTH = 100
_TEXTS = RowTexts()
_BY_HAND = frozenset({"UPDATE", "INSERT", "DELETE"})
_SCHEMA = frozenset({"sqlite_master", "sqlite_temp_master"})
_ALTERS = pattern(r"\s*ALTER\b", re.IGNORECASE)
_MAY_FAIL = pattern(
    r"\s*(?:INSERT|UPDATE|DELETE|REPLACE|WITH|REINDEX|CREATE\s+UNIQUE|DROP\s+TABLE|ALTER\s.*\b(?:CHECK|AS)\b)",
    re.IGNORECASE | re.DOTALL,
)
"""Statements that fail, or do not, by what rows there are; where it is by whether there are any, the worlds show it."""


def _is_by_hand(effect: Effect) -> bool:
    """Whether a statement changes SQLite's own table of the schema as if it were one of rows."""
    return effect.sql.lstrip()[:6].upper() in _BY_HAND and any(name in _SCHEMA for _, name in effect.writes)


def _has_made_up(parameters: object) -> bool:
    """Whether values that a statement is given come of rows that are not known."""
    if isinstance(parameters, dict):
        return any(isinstance(value, MadeUpCount) for value in parameters.values())
    if not isinstance(parameters, list | tuple):
        return False
    return any(isinstance(value, MadeUpCount) or _has_made_up(value) for value in parameters)


class CopyObserver:
    """Listens to the connection."""

    changes: Callable[[], None] = staticmethod(lambda: None)
    """Called when a script changes a schema."""

    def __init__(
        self, looks: Looks, raw: WatchedConnection, stage: Stage, version_table: Key, *, rows_between: bool
    ) -> None:
        """Observe what scripts do.

        Args:
            looks: at the watched tables.
            raw: the connection.
            stage: told of doubts.
            version_table: Alembic's, whose rows are known.
            rows_between: whether applications may have filled tables between two revisions.
        """
        self._looks, self._raw, self._stage = looks, raw, stage
        self._version_table, self._rows_between = version_table, rows_between
        self._script: Script | None = None
        self._operations: list[Operation] = []
        self._noted = looks.seen
        self._effect: Effect | None = None
        self._decisions: set[object] = set()
        self._left: dict[Key, str] = {}
        self._found: set[str] = set()
        """The questions whether there are rows to which the answer has been yes."""
        self._tables = looks.tables
        self.unknown = self._tables.keys() - {version_table}
        """Tables whose rows are not known."""
        self._by_chance: set[Key] = set()
        """Tables with rows that scripts have made of what is otherwise each time."""
        self._world: World = "empty"
        self._is_filled = False
        self.read_rows = False
        """Whether a script has looked at rows that are not known."""
        self.looked = False
        """Whether the revision has."""
        self._asked: set[str] = set()
        """What the revision has asked of such rows: of several each may have its own answer in the database."""
        self._goes_by_rows = False
        """Whether the revision may have got values of such rows, by which it may write others, or write them at all."""
        self._writing = False
        """Whether SQLite's own table of the schema was written to, and was not read again."""
        self.missing = False
        """Whether something is not here that is in the database."""

    # -- revisions ---------------------------------------------------------------------------------------------------

    def prepare(self, world: World, *, is_first: bool) -> None:
        """Have tables hold what they hold in a world, before a revision begins."""
        if self._rows_between and not is_first:
            self.unknown = self._looks.tables.keys() - {self._version_table}
        tables = self._looks.tables
        there = [tables[key] for key in sorted(self.unknown) if key in tables]
        if world == "row" and (not self._is_filled or self._rows_between):
            left = made_up.filled(self._raw, there)
            self._left = {(fold(schema), fold(name)): reason for (schema, name), reason in left.items()}
        elif world == "empty" and self._is_filled:
            made_up.emptied(self._raw, there)
        self._world, self._is_filled = world, world == "row"

    def start(self, script: Script) -> None:
        """Begin with a script."""
        self._script, self.looked, self._noted = script, False, self._looks.seen
        self._found.clear()
        self._asked.clear()

    def finish(self) -> tuple[Operation, ...]:
        """Return the operations of the script, which has come to its end."""
        if self._writing and self._script is not None:
            reason = "the script writes to sqlite_schema itself, which takes effect in the next connection"
            self._stage.doubt(reason, self._script.at(self._script.first_line), is_hidden=True)
        if self._goes_by_rows:
            self.unknown = self._tables.keys() - {self._version_table}
            self._goes_by_rows = False
        operations, self._operations, self._script = tuple(self._operations), [], None
        return operations

    # -- statements --------------------------------------------------------------------------------------------------

    def done(self, effect: Effect) -> Callable[[], None] | None:
        """Take note of what a statement did; returns what is to follow once its rows are looked at."""
        self._effect = effect
        if self._may_fail(effect):
            self._doubt_failure(effect)
        if effect.reads or effect.writes:
            self._follow(effect)
        if effect.changes:
            self._looks.again(whole=self._writes_schema(effect))
            self._follow_tables(effect)
        if self._script is None:
            return None
        if effect.changes:
            self.changes()
        if effect.commits or self._looks.seen is not self._noted:
            self._noted = self._looks.seen
            text = " ".join(effect.sql.split())[:_LABEL_LENGTH]
            self._operations.append(Operation(self._script.here(), text, self._noted, effect.commits))
        return self._on_fetch(effect) if effect.returns else None

    def failed(self, effect: Effect) -> None:
        """Take note of a statement that a row has hindered: one that may be another one in the real run."""
        if self._is_about_chance(effect):
            self._doubt_failure(effect)

    def _on_fetch(self, effect: Effect) -> Callable[[], None] | None:
        rows, reason = self._on_fetch_of_rows(effect), goes_by(effect)
        if reason is None and not self._by_chance.isdisjoint(effect.reads):
            reason = GOES_BY_CHANCE
        if reason is None:
            return rows

        def of_more() -> None:
            self._decide(reason)
            if rows is not None:
                rows()

        return of_more

    def _on_fetch_of_rows(self, effect: Effect) -> Callable[[], None] | None:
        if self.unknown.isdisjoint(effect.reads):
            return self._decide if self.unknown and COUNTS in effect.reads else None
        if _ALTERS.match(effect.sql):  # it has looked itself, whether there are any
            self._look(effect)
            return None
        table = asked_for_existence(effect.sql, effect.parameters)
        if table is None:
            return partial(self._look_closely, effect)
        with self._raw.aside() as cursor:
            found = cursor.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None  # noqa: S608 - as it was asked
        return self._on_existence(effect, found=found)

    def _on_existence(self, effect: Effect, *, found: bool) -> Callable[[], None]:
        """Return what is to follow where a script asks whether there are rows.

        It is seen both ways where there are none in the world without, and some in that with rows: be that until the
        script has dealt with them.
        """
        if found:
            self._found.add(effect.sql)
        is_shown = (found or effect.sql in self._found) if self._world == "row" else not found
        return partial(self._ask if is_shown else self._look_wherever, effect)

    def counted(self, count: int) -> int:
        """Return a count that says so when it is looked at, where it is of rows that are not known."""
        effect = self._of_unknown_rows()
        if effect is None:
            return count
        return MadeUpCount(count, self._on_existence(effect, found=count > 0), partial(self._look_closely, effect))

    def numbered(self, rowid: int) -> int:
        """Return a row's number that says so when it is looked at, where it depends on rows that are not known."""
        effect = self._of_unknown_rows()
        if effect is None:
            return rowid
        look = partial(self._look_closely, effect)
        return MadeUpCount(rowid, look, look)

    def _of_unknown_rows(self) -> Effect | None:
        """Return the last statement, where it is a script's about rows that are not known."""
        effect = self._effect
        if self._script is None or effect is None or self.unknown.isdisjoint(effect.reads | effect.writes):
            return None
        return effect

    def attaches(self, file: str, _name: str) -> None:
        """Doubt what is in a database that was to be attached."""
        if self._script is None:
            return
        self.missing = True
        place = self._script.here()
        self._stage.tell(Unproven(f"the script attaches the database {file!r}, of which nothing is known", place))

    def _writes_schema(self, effect: Effect) -> bool:
        """Return whether SQLite's own table of the schema is being written to by hand, so that texts tell nothing."""
        may_write = self._raw.writes_schema
        self._writing = may_write and (self._writing or _is_by_hand(effect))
        return may_write or "writable_schema" in effect.sql.lower()

    # -- rows --------------------------------------------------------------------------------------------------------

    def _follow(self, effect: Effect) -> None:
        """Know no more of rows that come from rows that are not known, be it by way of the script."""
        is_handed_on = _has_made_up(effect.parameters)
        self._goes_by_rows = self._goes_by_rows or is_handed_on
        if self._is_by_chance(effect):
            # What defines a table or an index says the same whatever is in the rows that it is made from.
            by_hand = _is_by_hand(effect)
            self._by_chance |= {key for key in effect.writes if by_hand or key[1] not in _SCHEMA}
        if is_handed_on or not self.unknown.isdisjoint(effect.reads):
            self.unknown |= {key for key in effect.writes if key in self._tables} - {self._version_table}

    def _is_by_chance(self, effect: Effect) -> bool:
        return says_what_is_otherwise(effect) or not self._by_chance.isdisjoint(effect.reads)

    def _follow_tables(self, effect: Effect) -> None:
        before, self._tables = self._tables, self._looks.tables
        if self._is_by_chance(effect):
            self._by_chance |= self._tables.keys() - before.keys()
        if not self.unknown.isdisjoint(effect.reads | effect.writes):
            self.unknown |= self._tables.keys() - before.keys()
        self.unknown &= self._tables.keys()

    def _look(self, effect: Effect) -> None:
        """Take note that the script looks at rows that are not known."""
        self.read_rows = self.looked = True
        if self._world == "row":
            for key in self._left.keys() & effect.reads:
                table = ".".join(self._tables.get(key, key))
                self._stage.doubt(f"the script reads {table}, of which no row can be made up: {self._left[key]}")

    def _ask(self, effect: Effect) -> None:
        """Take note that the script sees whether there are such rows."""
        self._look(effect)
        self._asked.add(effect.sql)
        if len(self._asked) > 1:
            self._decide()

    def _look_closely(self, effect: Effect) -> None:
        self._ask(effect)
        self._goes_by_rows = True
        if self._world == "row":
            self._decide()

    def _look_wherever(self, effect: Effect) -> None:
        """Take note of a look at what is the same in both worlds, and need not be so in the database."""
        self._look(effect)
        self._decide()

    def _decide(self, reason: str = GOES_BY_ROWS) -> None:
        """Note a doubt where a script has got made-up values, and what it does next may depend on them."""
        if self._script is None:
            return
        self._goes_by_rows = True
        stack = self._script.call_stack()
        key = (self._script.revision, *stack)
        if key not in self._decisions:
            self._decisions.add(key)
            if not rest_is_seen(stack, self._script.path, _TEXTS):
                self._stage.doubt(reason)

    def _may_fail(self, effect: Effect) -> bool:
        """Whether it may depend on rows whether a statement fails."""
        doubtful = not self.unknown.isdisjoint(effect.reads | effect.writes) or self._is_about_chance(effect)
        return effect.is_beside or (doubtful and _MAY_FAIL.match(effect.sql) is not None)

    def _is_about_chance(self, effect: Effect) -> bool:
        return self._is_by_chance(effect) or not self._by_chance.isdisjoint(effect.writes)

    def _doubt_failure(self, effect: Effect) -> None:
        """Note a doubt where it depends on rows whether a statement fails, and the script goes on where it does."""
        if self._script is None:
            return
        is_alone = CHANGES_ROWS.match(effect.sql) is not None and COPY not in effect.sql
        passes = lets_failure_pass(self._script.call_stack(), self._script.path, _TEXTS)
        goes_on = passes == "yes" or (passes == "of one statement" and not is_alone)
        if goes_on and not self._looks.takes_any_row(effect.sql):
            self._stage.doubt(FAILS_BY_ROWS)

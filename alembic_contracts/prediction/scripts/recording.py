"""SQL of one run in one possible world in, the operations of each revision out, and what is unproven of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.answers.answer import Answer
from alembic_contracts.prediction.answers.reader import follows_from_catalog
from alembic_contracts.prediction.catalog.snapshots import Snapshots
from alembic_contracts.prediction.driver import failures
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.prediction.statements import execute
from alembic_contracts.schemas.schema import Schema
from alembic_contracts.schemas.steps import (
    FAILS_BY_ROWS,
    GOES_BY_ROWS,
    MAY_REFUSE,
    REFUSED,
    Operation,
    Step,
    Unproven,
    World,
)

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.reader import Reader
    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.prediction.catalog.execution import Effect
    from alembic_contracts.prediction.driver.dbapi import RecordingConnection, Status
    from alembic_contracts.prediction.scripts.source_lines import Script
    from alembic_contracts.prediction.sql.parser import Statement
    from alembic_contracts.schemas.schema import Name
    from alembic_contracts.schemas.steps import Location

__all__ = ["STATEMENT_LIMIT", "Recording", "TooManyStatements"]

STATEMENT_LIMIT = 100_000
"""Statements in one revision; more are taken for a loop that would never end under prediction."""

REPEAT_LIMIT = 1_000
"""Times that one revision executes the very same query or change of rows; more are taken for such a loop as well."""

_REPEATABLE = pattern(r"\s*(SELECT|WITH|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)

_MAY_FAIL = "it is not known whether this fails, and the script goes on where it does"
"""The reason where it is by something else than rows."""
_FAIL_BY_ROWS = frozenset({"delete_stmt", "index_stmt", "insert_stmt", "merge_stmt", "update_stmt"})
"""Statements that fail, or do not, by what rows there are."""
_DATA = frozenset(
    {
        "copy_stmt",
        "delete_stmt",
        "explain_stmt",
        "insert_stmt",
        "lock_stmt",
        "merge_stmt",
        "select_stmt",
        "transaction_stmt",
        "truncate_stmt",
        "update_stmt",
        "variable_set_stmt",
        "variable_show_stmt",
    }
)
"""Statements about rows or the session: written down only where they change a table or commit."""

_LABEL_LENGTH = 500


class TooManyStatements(BaseException):
    """A revision goes on without end. No ``Exception``: scripts that catch those would go on all the same."""


class Recording:
    """What the recording connections talk to."""

    tell: Callable[[Operation | Unproven], None] = staticmethod(lambda _found: None)
    """Called with each operation and doubt when it is found."""

    def __init__(
        self, catalog: Catalog, watched: Collection[Name] | None, reader: Reader, driver: str = "psycopg"
    ) -> None:
        """Record on top of a catalog.

        Args:
            catalog: the schema to start from; it is changed.
            watched: the tables that the operations' schemas show (None: all).
            reader: answers queries.
            driver: name of the driver whose exception classes scripts expect.
        """
        self.catalog = catalog
        self.reader = reader
        reader.decided = self._decided
        reader.place = self._place
        self.unproven: dict[Unproven, None] = {}
        self._watched = None if watched is None else frozenset(watched)
        self._driver = driver
        self._script: Script | None = None
        self._revision = ""
        self._ahead: Script | None = None
        self._held: dict[str, list[Unproven]] = {}
        """Doubts that are held back, by revision."""
        self._operations: list[Operation] = []
        self.executed = 0
        """How many texts of SQL, of all revisions."""
        self._statements = 0
        self._repeats: Counter[str] = Counter()
        self._decisions: set[tuple[Any, ...]] = set()
        self._main: RecordingConnection | None = None
        self._snapshots = Snapshots(catalog.state, self._watched)
        self._noted = self.view
        self._changed_by: set[int] = set()
        """Connections besides the migration's own with changes that are not committed, by ``id()``."""

    # -- revisions ---------------------------------------------------------------------------------------------------

    @property
    def view(self) -> Schema:
        """The watched tables and all types as they are now; the same object while none of them changes."""
        return self._snapshots.now()

    def start(self, script: Script, world: World | None = None) -> None:
        """Begin with a revision. ``world``: another one than that of the rest of the run."""
        self._script, self._revision = script, script.revision
        self._operations = []
        self._statements = 0
        self._repeats.clear()
        self.reader.start_revision(world)
        for held in self._held.pop(script.revision, ()):
            self.doubt(held.reason, None, held.location, is_final=held.is_final, is_hidden=held.is_hidden)

    @contextmanager
    def held_back(self, script: Script) -> Iterator[None]:
        """Hold doubts back until a script begins that is loaded before its turn: none of them is of those before it."""
        self._ahead = script
        try:
            yield
        finally:
            self._ahead = None

    def finish(self) -> Step:
        """End a revision and return what it did."""
        self._script = None
        return Step(self._revision, tuple(self._operations))

    @property
    def has_committed(self) -> bool:
        """Whether the revision has committed anything that changes a table."""
        return any(operation.commits for operation in self._operations)

    def forget_rollbacks(self) -> bool:
        """Leave out what a script rolled back last, on its way out with an error; returns whether there was any.

        A migration that fails leaves nothing behind. What it undoes is no loss for those who had it before.
        """
        count = len(self._operations)
        while self._operations and self._operations[-1].label.upper().startswith("ROLLBACK"):
            self._operations.pop()
        return len(self._operations) < count

    def pause(self) -> None:
        """Let what happens until ``finish()`` belong to no script."""
        self._script = None

    def connected(self, connection: RecordingConnection) -> None:
        """Say which connection is the migration's own: the one whose transaction the catalog's is."""
        self._main = connection

    def cut_off(self) -> None:
        """Let nothing that still happens on the migration's own connection have an effect."""
        if self._main is not None:
            self._main.session = None

    # -- what could not be worked out --------------------------------------------------------------------------------

    def doubt(
        self,
        reason: str,
        tables: Collection[Name] | None = None,
        location: Location | None = None,
        *,
        is_final: bool = False,
        is_hidden: bool = False,
    ) -> None:
        """Note a doubt that may concern a watched table (``tables`` None: any table)."""
        if self._ahead is not None:
            place = location or self._ahead.here()
            self._held.setdefault(self._ahead.revision, []).append(Unproven(reason, place, None, is_final, is_hidden))
            return
        if not reason.startswith(REFUSED):
            self.catalog.state.uncertain.note(self.catalog.loaded_tables, tables)
        if tables is not None and self._watched is not None and self._watched.isdisjoint(tables):
            return
        if location is None and self._script is not None:
            location = self._script.here()
        about = None if tables is None else frozenset(tables)
        unproven = Unproven(reason, location, about, is_final, is_hidden)
        if unproven not in self.unproven:
            self.unproven[unproven] = None
            self.tell(unproven)

    def _place(self) -> tuple[object, bool]:
        from alembic_contracts.prediction.scripts.loops import may_wait_for_rows

        if self._script is None:
            return None, False
        lines = self._script.call_stack()
        return tuple(lines), may_wait_for_rows(lines, self._script.path)

    def _decided(self) -> None:
        """Note a doubt where a script has got made-up values, and what it does next may depend on them."""
        from alembic_contracts.prediction.scripts.catalog_texts import CatalogTexts
        from alembic_contracts.prediction.scripts.unseen_code import rest_is_seen

        if self._script is None or (self._revision, *self._script.call_stack()) in self._decisions:
            return
        self._decisions.add((self._revision, *self._script.call_stack()))
        if not rest_is_seen(self._script.call_stack(), self._script.path, CatalogTexts(self.catalog.state)):
            self.doubt(GOES_BY_ROWS)

    def _doubt_failure(self, statement: Statement) -> None:
        """Note a doubt where it is not known whether a statement fails, and the script goes on where it does."""
        from alembic_contracts.prediction.scripts.catalog_texts import CatalogTexts
        from alembic_contracts.prediction.scripts.unseen_code import lets_failure_pass

        if self._script is None:
            return
        passes = lets_failure_pass(self._script.call_stack(), self._script.path, CatalogTexts(self.catalog.state))
        is_noted = passes == "of one statement" and self.catalog.state.uncertain.note_perhaps(statement)
        if passes != "no" and not is_noted:
            self.doubt(FAILS_BY_ROWS if statement.kind in _FAIL_BY_ROWS else _MAY_FAIL)

    # -- the cursors' side -------------------------------------------------------------------------------------------

    def execute(self, connection: RecordingConnection, sql: str, *, single: bool = False) -> Answer:
        """Apply a text of one or more statements and return the last one's answer.

        Raises:
            RefusalError: PostgreSQL would refuse it.
            TooManyStatements: the revision has executed more than would ever be meant.
        """
        self._count(sql)
        self._begin(connection)
        before, answer = self.catalog.version, Answer()
        try:
            if single:
                self._must_be_single(sql)
            for statement in self._apart(sql):
                for effect in execute(self.catalog, statement):
                    answer = self._applied(effect)
        except PostgresError as error:
            error.is_certain = error.is_certain and not self.catalog.is_uncertain
            if not error.is_certain:
                self.doubt(f"{MAY_REFUSE}{error.message}")
            raise failures.refusal(error, self._driver) from error
        except Exception as error:  # a fault of ours, which a script's own `except` must not hide
            self.doubt(f"the prediction failed with {type(error).__name__}: {error}")
            raise
        if connection is not self._main and not connection.autocommit and self.catalog.version != before:
            self._changed_by.add(id(connection))
        return answer

    def _must_be_single(self, sql: str) -> None:
        if ";" in sql and len(parser.parse(sql)) > 1:
            self.catalog.abort()
            raise PostgresError("42601", "cannot insert multiple commands into a prepared statement")

    def _apart(self, sql: str) -> Sequence[str]:
        """Return the statements of a text, so that each shows the schema after it.

        Outside of a transaction they stay together: there, one of them that fails undoes the others.
        """
        if ";" not in sql or not self.catalog.in_transaction or self.catalog.failed:
            return (sql,)
        try:
            return [statement.sql for statement in parser.parse(sql)] or (sql,)
        except PostgresError:
            return (sql,)

    def write(self, text: str) -> None:
        """Apply what the real run would write to the output of ``--sql``; there, no error reaches the script."""
        self._count(text)
        try:
            for statement in self._apart(text):
                for effect in execute(self.catalog, statement):
                    self._applied(effect)
        except PostgresError as error:
            self.doubt(f"{REFUSED if error.is_certain else MAY_REFUSE}{error.message}")
            self.catalog.resume()

    def repeat(self, connection: RecordingConnection, statements: Iterable[str]) -> int:
        """Take note of more rows of a statement that was executed; they have no effect on the schema."""
        del connection
        return self.reader.more_rows(statements)

    def _count(self, sql: str) -> None:
        self.executed += 1
        self._statements += 1
        if _REPEATABLE.match(sql):
            self._repeats[sql] += 1
        endless = self._statements > STATEMENT_LIMIT or self._repeats[sql] > REPEAT_LIMIT
        if endless and self._script is not None:
            self.cut_off()  # SQLAlchemy gives a connection up, and rolls it back, on what is no Exception
            raise TooManyStatements

    def _begin(self, connection: RecordingConnection) -> None:
        # A second connection sees what the first one did: there is one catalog, and only the migration's own
        # connection opens and ends its transaction.
        if connection.begins() and connection is self._main:
            self.catalog.begin()

    def status(self, connection: RecordingConnection) -> Status:
        """Return what the server would say of the transaction; other connections than the migration's have none."""
        if connection is not self._main or not self.catalog.in_transaction:
            return "idle"
        return "failed" if self.catalog.failed else "open"

    def _applied(self, effect: Effect) -> Answer:
        for doubt in effect.doubts:
            self.doubt(doubt.reason, doubt.tables)
        changed = self.view is not self._noted
        # Outside of a transaction (AUTOCOMMIT, autocommit_block) every text commits by itself.
        commits = effect.commits or (changed and not self.catalog.in_transaction)
        if self._script is not None and (effect.kind not in _DATA or changed or commits):
            self._note(_label(effect.sql), commits=commits)
        try:
            answer = self.reader.answer(effect)
        except PostgresError:
            self.catalog.abort()
            raise
        if effect.may_fail and not follows_from_catalog(effect, answer):
            self._doubt_failure(effect.statement)
        return answer

    def _note(self, label: str, *, commits: bool = False) -> None:
        assert self._script is not None, "operations belong to a revision"  # noqa: S101
        self._noted = self.view
        self._operations.append(Operation(self._script.here(), label, self._noted, commits))
        self.tell(self._operations[-1])

    def commit(self, connection: RecordingConnection) -> None:
        """Commit; inside of a revision that is a state that the database is left in."""
        self._changed_by.discard(id(connection))
        if connection is self._main:
            self.catalog.commit()
        if self._script is not None:
            self._note("COMMIT", commits=True)

    def rollback(self, connection: RecordingConnection) -> None:
        """Roll back what the migration's own connection did since it began."""
        if connection is self._main:
            self.catalog.rollback()
            self.reader.forget_rows()
            if self._script is not None and self.view is not self._noted:
                self._note("ROLLBACK")
        elif id(connection) in self._changed_by:
            self._changed_by.discard(id(connection))
            self.doubt("what a second database connection changed is rolled back")


def _label(sql: str) -> str:
    text = " ".join(sql.split())
    return text if len(text) <= _LABEL_LENGTH else text[: _LABEL_LENGTH - 1] + "…"

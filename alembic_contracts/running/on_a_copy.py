"""Version scripts, one possible world and an empty copy of a database in, what they do to the copy out.

Alembic itself runs them, with the context's own options, so that transactions, its marks in the version table and what
scripts see are what they are in the real run. It happens in a process for that alone (``replaying``).
"""

from __future__ import annotations

import copy
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

from alembic.runtime.migration import MigrationContext
from msgspec import Struct
from sqlalchemy.exc import DBAPIError, NoResultFound

from alembic_contracts.dialects.listeners import listen, own_listeners_of
from alembic_contracts.dialects.sqlite.copies import Copy, engine_of, made
from alembic_contracts.dialects.sqlite.fingerprints import changes_by
from alembic_contracts.dialects.sqlite.names import fold, quote
from alembic_contracts.dialects.sqlite.row_texts import RowTexts
from alembic_contracts.dialects.sqlite.telling import WatchedConnection
from alembic_contracts.dialects.sqlite.tokens import apart
from alembic_contracts.prediction.scripts.batches import COPY, lines_noted
from alembic_contracts.prediction.scripts.isolation import alembic_leads_to, silent
from alembic_contracts.prediction.scripts.loading import begin_of, called, fresh_module, function_of
from alembic_contracts.prediction.scripts.own_transaction import OVER, is_over
from alembic_contracts.prediction.scripts.refusals import OutsideReachedError, RealDatabaseReachedError
from alembic_contracts.prediction.scripts.source_lines import Script
from alembic_contracts.prediction.scripts.sql_output import SqlStream
from alembic_contracts.prediction.scripts.traces import Recorder
from alembic_contracts.prediction.scripts.unseen_code import only_changes_rows
from alembic_contracts.prediction.scripts.worlds import Turns
from alembic_contracts.running.copy_looks import Looks
from alembic_contracts.running.copy_observer import CopyObserver
from alembic_contracts.running.hooks import make_ours
from alembic_contracts.schemas.steps import Location, Operation, Step, Unproven, refused_by

if TYPE_CHECKING:
    from alembic.runtime.migration import RevisionStep
    from sqlalchemy.engine import Connection

    from alembic_contracts.dialects import Dialect
    from alembic_contracts.running.pending import Run
    from alembic_contracts.running.replaying import Stage
    from alembic_contracts.schemas.schema import Name

__all__ = ["Cut", "Ended", "Rehearsal"]


class Cut(Struct, frozen=True):
    """That the run ends where a script raised on a row that was made up."""

    reason: Unproven


class Ended(Struct, frozen=True):
    """What there is to say at the end of a run."""

    through: frozenset[str]
    """The revisions that ran to their end in their own world."""
    read_rows: bool
    """Whether a script has looked at rows that are not known."""


class _StoppedError(Exception):
    """The run goes no further."""


def _take_over(real: Connection, connection: Connection) -> None:
    """Have a connection what another one alone has: who listens to it, and what was noted of it."""
    for name, listener in own_listeners_of(real):
        listen(connection, name, listener)
    connection.info.update(real.info)


_OURS = (
    *("unable to open database", "unknown database", "not authorized", "there is one connection"),
    *("no such module", "no such function", "no such collation sequence"),
)
"""What SQLite says where something is missing here that the real database may have."""


_OF_ALEMBIC = (NotImplementedError, ValueError)
"""With which Alembic refuses what cannot be done on SQLite, or to a table as it is."""


def _raised_in(error: BaseException) -> str:
    """Return the module that raised an exception."""
    frame = _innermost(error)
    return "" if frame is None else str(frame.f_globals.get("__name__"))


def _file_of(error: BaseException) -> str:
    """Return the file whose code raised an exception, or called what is written in C and did."""
    frame = _innermost(error)
    return "" if frame is None else frame.f_code.co_filename


def _innermost(error: BaseException) -> FrameType | None:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return None if trace is None else trace.tb_frame


def _of_batch(error: BaseException, message: str) -> str:
    """Return what is to be added where batch mode makes a table anew with a text that names what is gone."""
    statement = str(getattr(error, "statement", None) or "")
    is_copy = statement.lstrip().startswith("CREATE TABLE") and COPY in statement
    return (
        ", which a CHECK or an expression of the table still names" if is_copy and "no such column" in message else ""
    )


class Rehearsal:
    """One run of the scripts."""

    def __init__(self, run: Run, copied: Copy, tables: Collection[Name] | None, dialect: Dialect, turns: Turns) -> None:
        """Prepare, without touching anything.

        Args:
            run: the scripts, and what they see.
            copied: what the database is like before.
            tables: what the schemas show (None: all).
            dialect: how to observe.
            turns: the worlds.
        """
        self._run, self._copied, self._tables, self._dialect, self._turns = run, copied, tables, dialect, turns
        self._steps: Sequence[RevisionStep] = [*run.history, *run.steps]
        self._through: set[str] = set()
        self._doubts: list[str] = []
        self._over: Location | None = None
        self._script: Script | None = None
        self._leaves = False
        """Whether the script has changed a table in a way that its end by itself does not undo."""
        real = None if run.connection is None else run.connection
        own = None if real is None else real.engine
        self.engine, self.lends = engine_of(copied, own, run.context.dialect, self._doubt, run.configured_url)
        self._recorder = Recorder(self.engine if run.committed_under_guard else None)

    def _doubt(self, reason: str) -> None:
        self._is_complete = False
        if self._stage is None:
            self._doubts.append(reason)
        else:
            self._stage.doubt(reason)

    _stage: Stage | None = None
    _is_complete = True
    """Whether everything is here that is in the real database."""

    def go(self, stage: Stage) -> None:
        """Run the scripts, telling what they do: the schema before, a step each, and how it ended."""
        self._stage = stage
        connection = self._connected()
        raw = self._raw = cast("WatchedConnection", connection.connection.dbapi_connection)
        raw.is_copy = self._run.connection is not None
        looks = Looks(connection, raw, self._dialect, self._tables)
        stage.tell(looks.seen)
        context = self._run.context
        version_table = fold(context.version_table_schema or "main"), fold(context.version_table)
        self._looks, self._changes = looks, changes_by(raw.asked)
        self._observer = CopyObserver(looks, raw, stage, version_table, rows_between=self._run.connection is None)
        self._observer.changes = self._recorder.changes
        with silent():
            self._observer.prepare(self._turns.of(self._first()), is_first=True)
            raw.listen(self._observer)
            try:
                self._migrate(connection, raw)
            except _StoppedError:
                pass
            except Exception as error:  # noqa: BLE001 - of Alembic's own statements around the scripts
                self._fail_outside(error)
            else:
                if raw.in_transaction and not self._is_external():
                    stage.doubt(OVER, self._over)
        stage.tell(Ended(frozenset(self._through), self._observer.read_rows))

    def _first(self) -> str:
        return self._steps[0].revision.revision if self._steps else ""

    # -- the migration context ---------------------------------------------------------------------------------------

    def _connected(self) -> Connection:
        context = self._run.context
        connection = self.engine.connect()
        raw = cast("WatchedConnection", connection.connection.dbapi_connection)
        name = quote(context.version_table)
        if context.version_table_schema is not None:
            name = f"{quote(context.version_table_schema)}.{name}"
            there = {part.name for part in self._copied.parts}
            if context.version_table_schema not in there:
                raw.execute(f"ATTACH ':memory:' AS {quote(context.version_table_schema)}")
        for missing in made(raw, self._copied, name):
            self._doubt(f"the database cannot be copied as it is: {missing}")
        real = self._run.connection
        options = {} if real is None or self._run.as_sql else dict(real.get_execution_options())
        if options:
            connection = connection.execution_options(**options)
        if real is not None and not self._run.as_sql:
            _take_over(real, connection)
        connection.dialect.is_async = context.dialect.is_async
        if self._is_external():
            connection.begin()
        return connection

    def _is_external(self) -> bool:
        """Whether env.py has begun the transaction, and ends it."""
        external = getattr(self._run.context, "_in_external_transaction", False)
        return not self._run.as_sql and (self._run.own_transaction or bool(external))

    def _migrate(self, connection: Connection, raw: WatchedConnection) -> None:
        """Have Alembic run the scripts."""
        real, as_sql = self._run.context, self._run.as_sql
        options = {**real.opts, "as_sql": as_sql, "fn": self._replicas, "on_version_apply": ()}
        for name in ("output_encoding", "dont_mutate", "purge", "starting_rev"):
            options.pop(name, None)
        if as_sql:
            raw.isolation_level = None  # what is written has BEGIN and COMMIT where they are meant
            options["output_buffer"] = SqlStream(lambda text: self._write(raw, text))
            migration = MigrationContext(real.dialect, None, options, self._run.environment)
        else:
            options["output_buffer"] = SqlStream(lambda _text: None)
            options.pop("literal_binds", None)
            migration = MigrationContext(connection.dialect, connection, options, self._run.environment)
        make_ours(migration)
        leads = alembic_leads_to(self._run.environment, migration, as_sql=as_sql)
        with lines_noted(), leads, migration.begin_transaction():
            migration.run_migrations(**self._run.arguments)

    def _write(self, raw: WatchedConnection, text: str) -> None:
        """Execute what the real run would write to the output of ``--sql``; there, no error reaches the script."""
        for statement in apart(text):
            try:
                raw.execute(statement).fetchall()
            except sqlite3.Error as error:
                assert self._stage is not None  # noqa: S101 - scripts run
                self._stage.doubt(self._reason(error))

    def _replicas(self, _heads: object, migration: MigrationContext) -> Iterator[RevisionStep]:
        """Yield the steps, each with a function that plays its script."""
        for number, step in enumerate(self._steps):
            if number:
                self._observer.prepare(self._turns.of(step.revision.revision), is_first=False)
            if hasattr(step, "generated"):  # operations that are in no file yet
                with migration.begin_transaction(_per_migration=True):
                    self._play(step, migration, self._run.arguments)
                continue
            replica = copy.copy(step)

            def play(step: RevisionStep = step, **arguments: Any) -> None:
                self._play(step, migration, arguments)

            replica.migration_fn = play
            yield replica

    # -- one revision ------------------------------------------------------------------------------------------------

    def _play(self, step: RevisionStep, migration: MigrationContext, arguments: Mapping[str, Any]) -> None:
        assert self._stage is not None  # noqa: S101 - scripts run
        script = self._script = Script.of(step.revision.revision, step.revision.path, Path.cwd())
        self._stage.begins(script)
        self._observer.start(script)
        self._recorder.begin(step.revision.path, migration.connection)
        failed: BaseException | None = None
        began, was_open = self._looks.seen, self._raw.in_transaction
        try:
            function = self._function(step, script)
            self._stage.knows(script)
            called(function, arguments, is_async=self._is_async(script))
            self._stage.ends()
            if is_over(migration):
                self._over = self._over or script.at(script.first_line)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and not self._stage.is_contained:
                raise  # it may be somebody's at the keyboard
            failed = error
        operations = self._observer.finish()
        is_open = failed is not None and not self._is_cut(failed, script)
        marks = self._recorder.marks(is_open=is_open)
        is_undone = was_open and self._raw.in_transaction and not any(each.commits for each in operations)
        self._leaves = self._looks.seen is not began and not is_undone
        if failed is not None and self._is_rolled_back(failed, script):
            self._raw.rollback()  # as env.py does: what was not committed does not stay
            operations += (Operation(script.of_error(failed), "ROLLBACK", self._looks.seen),)
        is_unsure = self._raw.in_transaction or (self._run.no_exec and not self._is_complete)
        fingerprint, changes = ("", None) if failed else (self._looks.fingerprint(), self._changes())
        self._stage.tell(
            Step(script.revision, operations, fingerprint, changes, marks, may_go_on=is_open and is_unsure)
        )
        if failed is not None:
            self._fail(failed, script)
        elif script.revision not in self._turns.turned:
            self._through.add(script.revision)

    def _is_async(self, script: Script) -> bool:
        """Whether the real run's driver is one for async code; env.py need not say so without a database."""
        known = self._run.context.dialect.is_async
        needed = self._run.connection is None and not self._run.as_sql and "run_async" in script.text()
        self.engine.dialect.is_async = known or needed
        return known or needed

    def _function(self, step: RevisionStep, script: Script) -> Any:
        function = getattr(step, "generated", None)
        if function is None:
            module = self._plain(script) if self._run.no_exec else fresh_module(script.path, step.revision.module)
            function = getattr(module, function_of(step))
        script.first_line = begin_of(function)
        return function

    def _plain(self, script: Script) -> Any:
        from alembic_contracts.prediction.scripts.plain_calls import plain_module

        def tell(reason: str, line: int) -> None:
            assert self._stage is not None  # noqa: S101 - scripts run
            self._is_complete = False  # it may have changed rows, for one
            self._stage.doubt(f"the script {reason}", script.at(line))

        return plain_module(script.path, tell)

    # -- what fails --------------------------------------------------------------------------------------------------

    def _fail(self, error: BaseException, script: Script) -> None:
        """Decide what becomes of a run in which a script raised.

        Where the database refused something, the real run ends there as well. Otherwise it is not known what the script
        would have done, and those that follow are run all the same.

        Raises:
            _StoppedError: they are not.
        """
        assert self._stage is not None  # noqa: S101 - scripts run
        place, reason = script.of_error(error), self._reason(error)
        if self._is_cut(error, script):
            self._stage.tell(Cut(Unproven(reason, place)))
            if not self._ends_without_trace(error, script):
                self._stage.tell(Unproven(reason, place))
            raise _StoppedError
        self._stage.tell(Unproven(reason, place, is_final=not isinstance(error, Exception | SystemExit)))
        if self._is_refused(error):
            raise _StoppedError
        self._is_complete = False  # what it would have gone on to do is missing

    def _is_cut(self, error: BaseException, script: Script) -> bool:
        """Whether it is for rows that are made up that a script raised, so that the other world goes on."""
        is_refused, world = self._is_refused(error), self._turns.of(script.revision)
        rows = self._observer.looked or (world == "row" and is_refused and bool(self._observer.unknown))
        return rows and self._turns.can_turn(script.revision)

    def _is_rolled_back(self, error: BaseException, script: Script) -> bool:
        """Whether what a script that raised has not committed is undone by that, whatever rows there are."""
        return self._is_refused(error) and self._raw.in_transaction and not self._is_cut(error, script)

    def _is_refused(self, error: BaseException) -> bool:
        """Whether the real run ends there as well: it is SQLite that refuses something, or Alembic's part for it."""
        if self._run.no_exec and not self._is_complete:
            return False
        if isinstance(error, DBAPIError | sqlite3.Error):
            return not self._message(error).startswith(_OURS)
        return type(error) in _OF_ALEMBIC and _raised_in(error).startswith(("alembic.ddl.", "alembic.operations."))

    def _ends_without_trace(self, error: BaseException, script: Script) -> bool:
        """Return whether a script that raised for rows, or for want of them, does to tables what was seen alone.

        Where there are none it ends as the real run would; a row that is made up may raise where no real one does.
        """
        if isinstance(error, RealDatabaseReachedError | OutsideReachedError):
            return False
        if self._turns.of(script.revision) == "empty":
            is_of_rows = isinstance(error, NoResultFound) or _file_of(error) == script.path
            is_its_own = self._is_refused(error) or is_of_rows  # and not for something that is missing here
            return is_its_own and self._is_complete and not (self._observer.missing or self._leaves)
        if isinstance(error, DBAPIError | sqlite3.Error):  # in the real run as well, if such a row is there
            return True
        return isinstance(error, Exception) and only_changes_rows(error, script.path, RowTexts())

    def _fail_outside(self, error: Exception) -> None:
        assert self._stage is not None  # noqa: S101 - scripts run
        script = self._script
        where = "where Alembic makes its version table" if script is None else "where Alembic marks the revision"
        place = None if script is None else script.at(script.first_line)
        self._stage.tell(Unproven(f"{self._reason(error)}, {where}", place))

    def _message(self, error: BaseException) -> str:
        return " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())[:300]

    def _reason(self, error: BaseException) -> str:
        original = error.orig if isinstance(error, DBAPIError) else error
        message = self._message(error)
        if isinstance(original, sqlite3.Error):
            is_certain = self._is_complete and not self._observer.missing and not message.startswith(_OURS)
            if is_certain:
                return f"{refused_by(self._dialect.NAME)}{message}{_of_batch(error, message)}"
        if isinstance(error, RealDatabaseReachedError | OutsideReachedError):
            return f"the script {error}"
        return f"the script raised {type(original).__name__} under prediction" + (f": {message}" if message else "")

"""Version scripts and one possible world in, the schemas that they lead to there out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from alembic.runtime.migration import MigrationContext
from msgspec.structs import replace
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from alembic_contracts.prediction.answers.reader import Reader
from alembic_contracts.prediction.driver.failures import RefusalError
from alembic_contracts.prediction.driver.recording_dialect import RecordingDialect, connected, recording_engine
from alembic_contracts.prediction.scripts.batches import lines_noted
from alembic_contracts.prediction.scripts.isolation import alembic_leads_to, isolated, silent, unheard
from alembic_contracts.prediction.scripts.leftovers import Leftovers
from alembic_contracts.prediction.scripts.loading import (
    begin_of,
    called,
    defined_at,
    fresh_module,
    function_of,
    in_order_of_loading,
)
from alembic_contracts.prediction.scripts.outline import running
from alembic_contracts.prediction.scripts.own_transaction import OVER, is_over, takes_along
from alembic_contracts.prediction.scripts.reasons import (
    EXECUTES_AS_LOADED,
    StillFailedError,
    VersionTableLostError,
    reason_of,
)
from alembic_contracts.prediction.scripts.recording import Recording, TooManyStatements
from alembic_contracts.prediction.scripts.refusals import OutsideReachedError, RealDatabaseReachedError
from alembic_contracts.prediction.scripts.source_lines import Script
from alembic_contracts.prediction.scripts.sql_output import SqlStream
from alembic_contracts.prediction.scripts.traces import Recorder
from alembic_contracts.prediction.scripts.version_table import VersionTable
from alembic_contracts.prediction.scripts.worlds import Played, Turns
from alembic_contracts.prediction.statements import execute
from alembic_contracts.schemas.steps import MAY_REFUSE, Location, Operation, Prediction, Step, Unproven

if TYPE_CHECKING:
    from types import ModuleType

    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import RevisionStep
    from sqlalchemy.engine import URL, Connection

    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.schemas.schema import Name, Schema
    from alembic_contracts.schemas.steps import World

__all__ = ["Event", "Play"]

Event = Script | Operation | Unproven | Step
"""What a play tells while it goes on: a script begins, or its function does; what was found; a script is through."""


_WORTH_A_COPY, _MOST_PLACES = 50, 10
"""Statements that take longer than to make a copy of the process (the more there are, the farther apart), and how many
places there may be to go on from: at each of them a process waits."""


class Play:
    """One run of the scripts in one world."""

    own_transaction = False
    """Whether env.py has begun the transaction before Alembic could."""
    heads: frozenset[str] = frozenset()
    """What the version table has before, beside what the steps start from."""
    is_held = False
    """Whether somebody will hold the scripts against what they executed here."""
    is_plain = False
    """Whether no script is run: of each, what is plain to see is done."""
    is_contained = False
    """Whether the process is one of its own."""
    loads_ahead = True
    """Whether scripts are loaded before the first one runs."""
    is_harmless = False
    """Whether nothing need be kept from what the scripts do."""
    is_followed = False
    """Whether somebody is told of revisions while it goes on, who may say so on the terminal."""
    part: Callable[[Turns], Turns] | None = None
    """Called once anything depends on the worlds, with those at hand; returns in which to go on, perhaps repeatedly."""
    tell: Callable[[Event], None] = staticmethod(lambda _event: None)
    """Called with what happens."""

    def __init__(
        self,
        environment: EnvironmentContext,
        context: MigrationContext,
        catalog: Catalog,
        watched: Collection[Name] | None,
        turns: Turns,
        *,
        as_sql: bool,
    ) -> None:
        self._environment, self._real, self._as_sql = environment, context, as_sql
        self._turns = turns
        self._cut: Unproven | None = None
        self._stops = False
        self._left: Location | None = None
        """The last revision that left something for the transaction of the next one to commit."""
        self._last = ""
        self._leftovers = Leftovers(self._doubted)
        self._through: set[str] = set()
        self._loaded: dict[str, ModuleType | BaseException] = {}
        """By path, the scripts that are loaded already, or what they raised."""
        self._places = self._parted_at = 0
        """How often it has parted so far, and how much had been executed the last time."""
        self.catalog = catalog
        self.reader = Reader(catalog, turns.world)
        self._recording = Recording(catalog, watched, self.reader, context.dialect.driver)
        self.reader.doubt = self._recording.doubt
        self._engine = recording_engine(self._recording, catalog, context.dialect, _url(context))
        cast("RecordingDialect", self._engine.dialect).doubt = self._recording.doubt
        self._version_table = VersionTable(self._recording, as_sql=as_sql)
        self._recorder = Recorder(None)
        self._connection: Connection | None = None
        self._working_directory = Path.cwd()
        self._each: Callable[[], AbstractContextManager[None]] = silent
        self._transaction: Any = None

    def _doubted(self, reason: str, place: Location | None) -> None:
        self._recording.doubt(reason, None, place)

    @property
    def before(self) -> Schema:
        """The schema before the first revision."""
        return self._recording.view

    def run(self, steps: Sequence[RevisionStep], arguments: Mapping[str, Any]) -> Played:
        """Run the revisions one after the other, also after one that fails."""
        self._recording.tell = self._found
        if self.part is not None:
            self.reader.part(partial(self._parts, self.part))
        self._recorder = Recorder(self._engine if self.is_held else None)
        before = self.before
        done: list[Step] = []
        whole, self._each = (nullcontext, silent) if self.is_followed else (silent, nullcontext)
        isolation = isolated(self._recording.doubt, self._environment.script.dir, alone=self.is_contained)
        if self.is_harmless:
            isolation, whole, self._each = unheard(), nullcontext, nullcontext
        with isolation, whole(), self._closing(), running(self._module):
            if self.is_contained:
                from alembic_contracts.prediction.scripts.clock import let_waiting_pass_at_once

                let_waiting_pass_at_once()
                self._leftovers.watch()
            migration = self._migration()
            if self.loads_ahead and not self.is_plain and not self.is_harmless:  # those of the latter only bind names
                self._load_ahead(migration, steps)
            heads = {*self.heads, *_heads_before(steps)}
            for step in steps:
                if self._stops:
                    done.append(Step(step.revision.revision, ()))
                    continue
                with self._each():
                    self._version_table.show(migration, heads)
                    migration = self._revision(migration, step, arguments, done)
                    heads = heads.difference(step.from_revisions).union(step.to_revisions)
                self.tell(done[-1])
            if self._left is not None and self._cut is None:
                self._recording.doubt(OVER, None, self._left)
        unproven = tuple(self._recording.unproven)
        return Played(
            prediction=Prediction(before=before, steps=tuple(done), unproven=unproven, cut=self._cut),
            last=self._last,
            through=frozenset(self._through),
            read_unknown_rows=self.reader.read_unknown_rows,
            asked_for_unread=self.catalog.asked_for_unread,
        )

    def _may_go_on_from(self, revision: str) -> None:
        """Let there be another place to go on from, where a revision raises for what it is about to read."""
        since, places = self._recording.executed - self._parted_at, self._places
        if self.part is None or places == _MOST_PLACES or since < _WORTH_A_COPY * places:
            return
        if self._turns.may_go_on(revision):
            self.reader.part(partial(self._parts, self.part))

    def _parts(self, part: Callable[[Turns], Turns]) -> tuple[World, World]:
        self._parted_at, self._places = self._recording.executed, self._places + 1
        self._turns = part(self._turns)
        return self._turns.world, self._turns.of(self._last)

    def _found(self, event: Operation | Unproven) -> None:
        if isinstance(event, Operation) and not event.commits:
            self._recorder.changes()
        self.tell(event)

    @contextmanager
    def _closing(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._recording.cut_off()
            self._close()

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(SQLAlchemyError):  # it may be in any state, and leads nowhere any more
                self._connection.close()

    # -- the migration context ---------------------------------------------------------------------------------------

    def _migration(self) -> MigrationContext:
        """Return a context like the real one, over the recorder, in the transaction that the real run would be in."""
        options = {**self._real.opts, "as_sql": self._as_sql}
        for name in ("fn", "output_encoding"):
            options.pop(name, None)
        with self._each():
            if self._as_sql:
                options["output_buffer"] = SqlStream(self._recording.write)
                migration = MigrationContext(self._real.dialect, None, options, self._environment)
            else:
                options["output_buffer"] = SqlStream(lambda _text: None)
                for name in ("literal_binds", "starting_rev"):  # go with --sql only
                    options.pop(name, None)
                self._connection = self._connect()
                migration = MigrationContext(self._engine.dialect, self._connection, options, self._environment)
                if not self._version_table.make(migration, self._connection, is_first=not self._last):
                    self._stops = True
            self._transaction = migration.begin_transaction()
            self._transaction.__enter__()
        return migration

    def _connect(self) -> Connection:
        connection = connected(self._engine, None if self._real.as_sql else self._real.connection)
        self._recording.connected(cast("Any", connection.connection.dbapi_connection))
        if self.own_transaction or getattr(self._real, "_in_external_transaction", False):
            connection.begin()
        return connection

    def _after_failure(self, migration: MigrationContext) -> MigrationContext:
        """Return a context to go on with; what the revision did before it failed stays."""
        self._recording.pause()
        self.catalog.resume()
        if not self._version_table.is_found(migration):
            execute(self.catalog, "RESET search_path")  # as in a session of the next revision's own
        self._recording.cut_off()
        self._close()
        return self._migration()

    def _load_ahead(self, migration: MigrationContext, steps: Sequence[RevisionStep]) -> None:
        """Load the scripts, as Alembic does before the first one runs, so that all worlds have what they import.

        What raises does so in its turn, and what is doubted of it is doubted then.
        """
        with self._each(), alembic_leads_to(self._environment, migration, as_sql=self._as_sql):
            files = [step for step in steps if getattr(step, "generated", None) is None]
            for step in in_order_of_loading(self._environment.script, files):
                self._load(step)

    def _load(self, step: RevisionStep) -> None:
        script = Script.of(step.revision.revision, step.revision.path, self._working_directory)
        script.is_ahead = True
        self.tell(script.copy())
        self._leftovers.begin(script)
        executed = self._recording.executed
        with self._recording.held_back(script):
            try:
                self._loaded[script.path] = fresh_module(script.path, step.revision.module)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt) and not self.is_contained:
                    raise  # it may be somebody's at the keyboard
                self._loaded[script.path] = error
            self._leftovers.end()
        if self._recording.executed > executed:
            self._recording.doubt(EXECUTES_AS_LOADED, None, script.at(None), is_hidden=True)

    # -- one revision ------------------------------------------------------------------------------------------------

    def _revision(
        self, migration: MigrationContext, step: RevisionStep, arguments: Mapping[str, Any], done: list[Step]
    ) -> MigrationContext:
        """Run one revision, add what it did to ``done``, and return the context for the next one."""
        script = Script.of(step.revision.revision, step.revision.path, self._working_directory)
        script.first_line = defined_at(function_of(step), getattr(step.revision, "module", None))
        self._last = script.revision
        self._leftovers.begin(script)
        self.tell(script.copy())
        self._recorder.begin(step.revision.path, migration.connection)
        turn = self._turns.of(script.revision) if script.revision in self._turns.turned else None
        self._recording.start(script, turn)
        self._may_go_on_from(script.revision)
        marks, may_go_on = None, False
        try:
            transaction = migration.begin_transaction(_per_migration=True)
            transaction.__enter__()
            with alembic_leads_to(self._environment, migration, as_sql=self._as_sql):
                self._run_script(script, step, arguments)
                marks = self._recorder.marks()
                self._leftovers.end()
            if self.catalog.failed:
                raise StillFailedError  # noqa: TRY301 - it is what the next statement of the real run would end with
            self._version_table.require(migration)
            self._version_table.mark(migration, script)
            is_left = is_over(migration)
            if is_left and not takes_along(migration):
                self._recording.doubt(OVER, None, script.at(script.first_line))
            self._recording.pause()  # Alembic's own commit is none of the script's
            transaction.__exit__(None, None, None)
            self._left = script.at(script.first_line) if is_left and takes_along(migration) else None
            self._through |= {script.revision} - self._turns.turned
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and not self.is_contained:
                raise  # it may be somebody's at the keyboard
            self._fail(error, script)
            marks = None if self._cut is not None else self._recorder.marks(is_open=True)
            may_go_on = reason_of(error).startswith(MAY_REFUSE)
            migration = self._after_failure(migration)
        finally:
            done.append(replace(self._recording.finish(), marks=marks, may_go_on=may_go_on))
        return migration

    def _fail(self, error: BaseException, script: Script) -> None:
        """Decide what becomes of a run in which a script raised, and say that what it would have done is not known.

        What it rolled back on its way out is as it was before for those who judge, but not for the scripts that follow:
        the run stops there. So it does where the revision can be played in the other world.
        """
        place, revision = script.of_error(error), script.revision
        if self.reader.is_made_up and self._turns.can_turn(revision):
            self._cut = Unproven(reason_of(error), place)
        self._stops = self._recording.forget_rollbacks() or self._cut is not None
        if self._cut is None or not self._ends_without_trace(error, script):
            is_final = not isinstance(error, Exception | SystemExit | TooManyStatements)
            self._recording.doubt(reason_of(error), None, place, is_final=is_final)

    def _ends_without_trace(self, error: BaseException, script: Script) -> bool:
        """Return whether a script that raised for a row can do nothing to a table but what was seen without the row.

        Either the row of the real run makes it raise as well, and nothing of the revision is committed, or it goes on.
        """
        from alembic_contracts.prediction.scripts.catalog_texts import CatalogTexts
        from alembic_contracts.prediction.scripts.unseen_code import only_changes_rows

        ours = (
            RealDatabaseReachedError
            | OutsideReachedError
            | StillFailedError
            | VersionTableLostError
            | DBAPIError
            | RefusalError
        )
        if self._turns.world != "row" or not isinstance(error, Exception) or isinstance(error, ours):
            return False
        return not self._recording.has_committed and only_changes_rows(
            error, script.path, CatalogTexts(self.catalog.state)
        )

    def _run_script(self, script: Script, step: RevisionStep, arguments: Mapping[str, Any]) -> None:
        function = getattr(step, "generated", None)  # operations that autogenerate found are in no file yet
        if function is None:
            module = self._plain(script) if self.is_plain else self._module(script.path, step.revision.module)
            function = getattr(module, function_of(step))
        told = script.first_line
        script.first_line = begin_of(function)
        if script.first_line != told:
            self.tell(script.copy())
        # Without a database env.py need not say which driver it takes with one: for this it has to be an async one.
        asks = self._real.as_sql and not self._as_sql and not self.is_harmless
        self._engine.dialect.is_async = self._real.dialect.is_async or (asks and "run_async" in script.text())
        with lines_noted():
            called(function, arguments, is_async=self._engine.dialect.is_async)

    def _module(self, path: str, known: object) -> ModuleType:
        loaded = self._loaded.get(path) or fresh_module(path, known)
        if isinstance(loaded, BaseException):
            raise loaded
        if not self.is_harmless:  # none of those asks for another's
            self._loaded[path] = loaded
        return loaded

    def _plain(self, script: Script) -> ModuleType:
        from alembic_contracts.prediction.scripts.plain_calls import plain_module

        def tell(reason: str, line: int) -> None:
            self._recording.doubt(f"the script {reason}", None, script.at(line))

        return plain_module(script.path, tell)


def _heads_before(steps: Sequence[RevisionStep]) -> set[str]:
    """Return the revisions that the steps start from."""
    needed = {revision for step in steps for revision in step.from_revisions}
    return needed - {revision for step in steps for revision in step.to_revisions}


def _url(context: MigrationContext) -> URL | None:
    connection = None if context.as_sql else context.connection
    return None if connection is None else connection.engine.url

"""Steps in, the schemas out that a scratch PostgreSQL shows while they are replayed: exact where predictions doubt.

The embedded server is imported where no other one is given: it comes with the extra ``embedded``.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.runtime.migration import HeadMaintainer, MigrationContext
from sqlalchemy import NullPool, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateSchema

from alembic_contracts.dialects import Dialect, Reliance, Statements, Witness
from alembic_contracts.errors import CannotCheck
from alembic_contracts.prediction.scripts.isolation import alembic_leads_to, silent
from alembic_contracts.prediction.scripts.predict import fresh_module
from alembic_contracts.prediction.scripts.source_lines import Script
from alembic_contracts.schemas.schema import Name, Schema
from alembic_contracts.schemas.steps import Operation, Prediction, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import RevisionStep
    from sqlalchemy.engine import Connection


__all__ = ["Scratch", "database", "replay"]

_ROWS = re.compile(r"\s*(INSERT|UPDATE|DELETE|COPY|SAVEPOINT|RELEASE)\b", re.IGNORECASE)
"""Statements after which nothing is observed before the end of the revision: there may be thousands."""


@contextmanager
def database(url: str | None, driver: str = "psycopg") -> Iterator[str]:
    """Yield the URL of an empty database that is gone afterwards.

    Args:
        url: a server on which the user may create databases (setting ``shadow_url``); None: an embedded one.
        driver: how to connect to the embedded one.

    Raises:
        CannotCheck: the embedded PostgreSQL is not installed or does not start, or the server does not allow it.
    """
    if url is None:
        from alembic_contracts import embedded

        with embedded.scratch() as server:
            yield server.url(driver=driver)
        return
    name = f"alembic_contracts_shadow_{os.getpid()}_{secrets.token_hex(4)}"
    try:
        with create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
            try:
                yield make_url(url).set(database=name).render_as_string(hide_password=False)
            finally:
                connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    except DBAPIError as error:
        raise CannotCheck(f"The server of shadow_url said: {str(error.orig).strip()}") from error


def replay(
    *,
    url: str,
    environment: EnvironmentContext,
    context: MigrationContext,
    steps: Sequence[RevisionStep],
    run_arguments: Mapping[str, Any],
    watched: Collection[Name] | None,
    dialect: Dialect,
    progress: Callable[[int], None] | None = None,
) -> Prediction:
    """Run revisions on a scratch database and return the schemas that were observed.

    Args:
        url: the scratch database.
        environment: Alembic's, which ``alembic.context`` leads to; the same afterwards as before.
        context: the project's migration context; its options are what scripts see.
        steps: the revisions, in order.
        run_arguments: what ``context.run_migrations()`` hands to the scripts.
        watched: the tables to observe (None: all).
        dialect: how to observe.
        progress: told the number of revisions that have been replayed.

    Raises:
        CannotCheck: a revision fails.
    """
    done: list[Step] = []
    with create_engine(url, poolclass=NullPool).connect() as connection:
        scratch = Scratch(connection, environment, context, run_arguments, dialect)
        scratch.begin()
        before = scratch.observed_from_here(watched)
        for step in steps:
            done.append(scratch.apply(step))
            if progress is not None:
                progress(len(done))
    return Prediction(before=before, steps=tuple(done))


class Scratch:
    """A scratch database to which revisions are applied as Alembic would."""

    def __init__(
        self,
        connection: Connection,
        environment: EnvironmentContext,
        context: MigrationContext,
        run_arguments: Mapping[str, Any],
        dialect: Dialect,
    ) -> None:
        """Take a connection to an empty database; the other arguments are those of :func:`replay`."""
        options = {**context.opts, "as_sql": False}
        for name in ("fn", "output_encoding", "literal_binds", "starting_rev"):
            options.pop(name, None)
        self.connection, self._dialect = connection, dialect
        self._environment, self._arguments = environment, run_arguments
        with silent():
            self._migration = MigrationContext(connection.dialect, connection, options, environment)
        self._heads = HeadMaintainer(self._migration, ())
        self._observer: _Observer | None = None

    def begin(self) -> None:
        """Create the version table, and the schema that it is to be in, as whoever runs Alembic must have done."""
        schema = self._migration.version_table_schema
        with silent():
            if schema is not None:
                self.connection.execute(CreateSchema(schema, if_not_exists=True))
            self._migration._ensure_version_table()  # noqa: SLF001 - as run_migrations() does

    def observed_from_here(self, watched: Collection[Name] | None, witness: Witness | None = None) -> Schema:
        """Look after every statement from here on; returns what is there now."""
        observer = self._observer = _Observer(self.connection, self._dialect, watched, witness)
        event.listen(self.connection, "before_cursor_execute", observer.begins)
        event.listen(self.connection, "after_cursor_execute", observer.executed)
        event.listen(self.connection, "commit", observer.committed)
        return observer.seen

    def apply(self, step: RevisionStep) -> Step:
        """Apply one revision; returns what was observed of it.

        Raises:
            CannotCheck: it fails.
        """
        script = Script.of(step.revision.revision, step.revision.path, Path.cwd())
        if self._observer is not None:
            self._observer.start(script)
        try:
            with silent(), alembic_leads_to(self._environment, self._migration, as_sql=False):
                with self._migration.begin_transaction(_per_migration=True):
                    name = "upgrade" if step.is_upgrade else "downgrade"
                    getattr(fresh_module(step.revision.path), name)(**self._arguments)
                    if self._observer is not None:
                        self._observer.script_is_over()
                    self._heads.update_to_step(step)
                self.connection.commit()
        except (Exception, SystemExit) as error:  # whatever a script does wrong is its own
            raise CannotCheck(_failure(script, error)) from error
        return Step(step.revision.revision, () if self._observer is None else self._observer.finish())

    def reliances(self) -> tuple[Reliance, ...]:
        """Return what the last revision read that may be otherwise on another server; a witness was there."""
        assert self._observer is not None  # noqa: S101 - `observed_from_here()` comes first
        return self._observer.reliances


class _Observer:
    """Looks at the watched tables after every statement that may have changed them."""

    def __init__(
        self, connection: Connection, dialect: Dialect, watched: Collection[Name] | None, witness: Witness | None
    ) -> None:
        self._connection, self._dialect, self._watched, self._witness = connection, dialect, watched, witness
        self._operations: list[Operation] = []
        self._statements: Statements | None = None
        self._unfinished: str | None = None
        """The statement that is being executed, or failed."""
        self._witnessed: list[tuple[str, list[str]]] = []
        """Statements that were not looked at yet, and what was printed of them."""
        self._witnessing = self._looking = False
        self._script: Script | None = None
        self.reliances: tuple[Reliance, ...] = ()
        self.seen = self._look()

    def start(self, script: Script) -> None:
        """Begin with a revision."""
        self._script = script
        self._witnessing = self._witness is not None
        if self._witnessing:
            with self._aside():
                self._statements = self._dialect.statements(self._connection)

    def script_is_over(self) -> None:
        """Look no further for what the script reads: what Alembic does to its version table is its own."""
        self._take()
        self._witnessing = False

    def begins(self, _connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        """Have the witness look at a statement."""
        if self._witness is not None and self._witnessing and not self._looking:
            self._take()
            self._unfinished = statement
            self._witness.begin()

    def executed(self, _connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        """Note the statement if it changed something."""
        if self._looking:
            return
        self._take()
        if not _ROWS.match(statement):
            self._note(statement)

    def committed(self, _connection: Connection) -> None:
        """Note that what is there now is committed."""
        if not self._looking:
            self._note("COMMIT", commits=True)

    def finish(self) -> tuple[Operation, ...]:
        """Return the operations of the revision that has come to its end."""
        self._take()
        if self._statements is not None:
            with self._aside():
                for each, printed in self._witnessed:  # those that were last, and failed
                    self._statements.add(self._connection, each, printed)
                self._witnessed.clear()
            self.reliances = self._statements.reliances()
        operations, self._operations = tuple(self._operations), []
        return operations

    def _take(self) -> None:
        """Hand on what the witness saw of the last statement."""
        if self._witness is None or self._unfinished is None or self._statements is None:
            return
        statement, self._unfinished = self._unfinished, None
        with self._aside():
            self._witnessed.append((statement, self._witness.end()))
            if self._witness.is_answered:
                for each, printed in self._witnessed:
                    self._statements.add(self._connection, each, printed)
                self._witnessed.clear()

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Let the body use the connection without being observed, and leave no transaction open."""
        self._looking = True
        transaction = None if self._connection.in_transaction() else self._connection.begin()
        try:
            yield
        finally:
            if transaction is not None:
                transaction.commit()
            self._looking = False

    def _note(self, label: str, *, commits: bool = False) -> None:
        before, self.seen = self.seen, self._look()
        if self._script is not None and (commits or self.seen is not before):
            text = " ".join(label.split())[:100]
            self._operations.append(Operation(self._script.here(), text, self.seen, commits))

    def _look(self) -> Schema:
        """Return what is there now; the same object as before where nothing changed."""
        self._looking = True
        try:
            now = self._dialect.observe(self._connection, self._watched)
        finally:
            self._looking = False
        same = getattr(self, "seen", None)
        return same if same is not None and same == now else now


def _failure(script: Script, error: BaseException) -> str:
    place = script.of_error(error)
    original = getattr(error, "orig", None) or error
    text = f"{type(original).__name__}: {str(original).strip()}"
    return f"{place.file}:{place.line}: revision {script.revision} does not run on the scratch database: {text}"

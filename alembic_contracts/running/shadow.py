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
from alembic_contracts.prediction.scripts.batches import lines_noted
from alembic_contracts.prediction.scripts.isolation import alembic_leads_to, no_exit, silent
from alembic_contracts.prediction.scripts.loading import fresh_module
from alembic_contracts.prediction.scripts.own_transaction import OVER, is_over
from alembic_contracts.prediction.scripts.source_lines import Script
from alembic_contracts.schemas.schema import Name, Schema
from alembic_contracts.schemas.steps import Operation, Prediction, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import RevisionStep
    from sqlalchemy.engine import Connection


__all__ = ["Scratch", "database", "programs", "replay"]

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


def programs() -> Path | None:
    """Return the folder of the embedded server's programs, None where it is not installed; imports it."""
    try:
        from alembic_contracts import embedded

        return embedded.programs()
    except CannotCheck:
        return None


def replay(
    *,
    url: str,
    environment: EnvironmentContext,
    context: MigrationContext,
    steps: Sequence[RevisionStep],
    run_arguments: Mapping[str, Any],
    watched: Collection[Name] | None,
    dialect: Dialect,
    makes_roles: bool,
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
        makes_roles: whether to make roles that scripts name and the server does not have: it is thrown away.
        progress: told the number of revisions that have been replayed.

    Raises:
        CannotCheck: a revision fails.
    """
    done: list[Step] = []
    with create_engine(url, poolclass=NullPool).connect() as connection:
        scratch = Scratch(connection, environment, context, run_arguments, dialect, makes_roles=makes_roles)
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
        *,
        makes_roles: bool,
    ) -> None:
        """Take a connection to a scratch database; the other arguments are those of :func:`replay`."""
        options = {**context.opts, "as_sql": False}
        for name in ("fn", "output_encoding", "literal_binds", "starting_rev"):
            options.pop(name, None)
        self.connection, self._dialect = connection, dialect
        self._environment, self._arguments, self._makes_roles = environment, run_arguments, makes_roles
        with silent():
            self._migration = MigrationContext(connection.dialect, connection, options, environment)
        self._heads = HeadMaintainer(self._migration, ())
        self._observer: _Observer | None = None

    def begin(self, heads: Collection[str] = ()) -> None:
        """Create the version table, and the schema that it is to be in, as whoever runs Alembic must have done.

        Args:
            heads: where the database is.
        """
        schema = self._migration.version_table_schema
        with silent():
            if schema is not None:
                self.connection.execute(CreateSchema(schema, if_not_exists=True))
            self._migration._ensure_version_table()  # noqa: SLF001 - as run_migrations() does
            for head in heads:
                self._heads._insert_version(head)  # noqa: SLF001 - as `alembic stamp` does
            self.connection.commit()

    def observed_from_here(self, watched: Collection[Name] | None) -> Schema:
        """Look after every statement from here on; returns what is there now."""
        observer = self._observer = _Observer(self.connection, self._dialect, watched)
        event.listen(self.connection, "before_cursor_execute", observer.begins)
        event.listen(self.connection, "after_cursor_execute", observer.executed)
        event.listen(self.connection, "commit", observer.committed)
        return observer.seen

    def witnessed_from_here(self, witness: Witness, *, same_texts: bool) -> None:
        """Look at what scripts read as well from here on.

        Args:
            witness: hears it.
            same_texts: whether expressions are printed here as they are on the real server.
        """
        assert self._observer is not None  # noqa: S101 - `observed_from_here()` comes first
        self._observer.witness, self._observer.same_texts = witness, same_texts

    def apply(self, step: RevisionStep) -> Step:
        """Apply one revision; returns what was observed of it.

        Raises:
            CannotCheck: it fails, or ends Alembic's transaction, so that what the real run commits is not seen here.
        """
        script = Script.of(step.revision.revision, step.revision.path, Path.cwd())
        while True:
            if self._observer is not None:
                self._observer.start(script)
            try:
                self._run(step, script)
            except (CannotCheck, KeyboardInterrupt):
                raise
            except BaseException as error:  # whatever a script does wrong is its own
                if not self._made_what_was_missing(error):
                    raise CannotCheck(_failure(script, error)) from error
            else:
                return Step(step.revision.revision, () if self._observer is None else self._observer.finish())

    def _run(self, step: RevisionStep, script: Script) -> None:
        with silent(), no_exit(), lines_noted(), alembic_leads_to(self._environment, self._migration, as_sql=False):
            # A transaction that Alembic knows of, for `autocommit_block()`, whatever the project's own are.
            own = bool(self._migration.opts.get("transaction_per_migration"))
            with self._migration.begin_transaction(_per_migration=own):
                name = "upgrade" if step.is_upgrade else "downgrade"
                getattr(fresh_module(step.revision.path), name)(**self._arguments)
                if is_over(self._migration):
                    raise CannotCheck(f"{script.shown}: revision {script.revision}: {OVER}")
                if self._observer is not None:
                    self._observer.script_is_over()
                self._heads.update_to_step(step)
            self.connection.commit()

    def _made_what_was_missing(self, error: BaseException) -> bool:
        """Make the role for want of which a script failed, where it can run again; tell whether that is so."""
        role = self._dialect.missing_role(error) if self._makes_roles else None
        if role is None or (self._observer is not None and self._observer.has_committed):
            return False
        self.connection.rollback()
        if self._observer is not None:
            self._observer.forget()
        name = self.connection.dialect.identifier_preparer.quote_identifier(role)
        self.connection.exec_driver_sql(f"CREATE ROLE {name}")
        self.connection.commit()
        return True

    def reliances(self) -> tuple[Reliance, ...]:
        """Return what the last revision read that may be otherwise on another server; a witness was there."""
        assert self._observer is not None  # noqa: S101 - `observed_from_here()` comes first
        return self._observer.reliances


class _Observer:
    """Looks at the watched tables after every statement that may have changed them."""

    def __init__(self, connection: Connection, dialect: Dialect, watched: Collection[Name] | None) -> None:
        self._connection, self._dialect, self._watched = connection, dialect, watched
        self._operations: list[Operation] = []
        self._looking = False
        self._script: Script | None = None
        self.witness: Witness | None = None
        """Looks at what scripts read, where that is of interest."""
        self.same_texts = True
        self._reading: _Reading | None = None
        self.seen = self._at_start = self._look()
        self.reliances: tuple[Reliance, ...] = ()
        """Of the revision that came to its end last."""

    def start(self, script: Script) -> None:
        """Begin with a revision."""
        self._script, self._at_start = script, self.seen
        if self.witness is not None:
            with self._aside():
                self._reading = _Reading(self._connection, self.witness, self._statements())

    def _statements(self) -> Statements:
        return self._dialect.statements(self._connection, same_texts=self.same_texts)

    def script_is_over(self) -> None:
        """Look no further: what Alembic does to its version table is its own, and so is the commit."""
        self._note("end of the script")  # what it did through the driver alone
        self._script = None
        if self._reading is not None:
            with self._aside():
                self.reliances = self._reading.finish()
            self._reading = None

    def begins(self, _connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        """Take note of a statement before it is executed."""
        if self._reading is not None and not self._looking:
            with self._aside():
                self._reading.begin(statement)

    def executed(self, _connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        """Note the statement if it changed something."""
        if self._looking:
            return
        if not _ROWS.match(statement):
            self._note(statement)
        elif self._reading is not None:
            with self._aside():
                self._reading.end()
                self._reading.go_on()

    def committed(self, _connection: Connection) -> None:
        """Note that what is there now is committed."""
        if not self._looking and self._script is not None:
            self._note("COMMIT", commits=True)

    @property
    def has_committed(self) -> bool:
        """Whether something of the revision is committed, so that nothing takes it back."""
        return any(operation.commits for operation in self._operations)

    def forget(self) -> None:
        """Leave a revision that failed and was rolled back."""
        self._operations, self.seen, self._script, self._reading = [], self._at_start, None, None

    def finish(self) -> tuple[Operation, ...]:
        """Return the operations of the revision that has come to its end."""
        operations, self._operations = tuple(self._operations), []
        return operations

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
        with self._aside():
            if self._reading is not None:
                self._reading.end()
            now = self._dialect.observe(self._connection, self._watched)
            if self._reading is not None:
                self._reading.go_on()
        same = getattr(self, "seen", None)
        return same if same is not None and same == now else now


class _Reading:
    """What the statements of one revision read."""

    def __init__(self, connection: Connection, witness: Witness, statements: Statements) -> None:
        self._connection, self._witness, self._statements = connection, witness, statements
        self._current = ""
        """The statement that is being executed; empty in between, where a script may use the driver directly."""
        self._pending: list[tuple[str, list[str]]] = []
        """Statements that could not be looked at yet, and what was printed of them."""
        witness.begin()

    def begin(self, statement: str) -> None:
        """Take note of a statement before it is executed."""
        if self._witness.has_heard:
            self.end()  # the one before failed, or was not executed through SQLAlchemy
            self.go_on()
        self._current = statement

    def end(self) -> None:
        """Look at what was executed, and no further."""
        self._pending.append((self._current, self._witness.end()))
        self._current = ""
        if self._witness.is_answered:
            for statement, printed in self._pending:
                self._statements.add(self._connection, statement, printed)
            self._pending.clear()

    def go_on(self) -> None:
        """Look at what will be executed."""
        self._witness.begin()

    def finish(self) -> tuple[Reliance, ...]:
        """Look at what is left; returns all that was relied on."""
        self.end()
        return self._statements.reliances()


def _failure(script: Script, error: BaseException) -> str:
    place = script.of_error(error)
    original = getattr(error, "orig", None) or error
    text = f"{type(original).__name__}: {str(original).strip()}"
    return f"{place.file}:{place.line}: revision {script.revision} does not run on the scratch database: {text}"

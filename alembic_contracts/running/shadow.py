"""Steps in, the schemas out that a scratch PostgreSQL shows while they are replayed: exact where predictions doubt.

The embedded server is imported where no other one is given: it comes with the extra ``embedded``.
"""

from __future__ import annotations

import itertools
import os
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.runtime.migration import HeadMaintainer, MigrationContext
from sqlalchemy import NullPool, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateSchema

from alembic_contracts.dialects import Dialect, replayable
from alembic_contracts.dialects.replay_protocols import Reliance, Witness
from alembic_contracts.errors import CannotCheck
from alembic_contracts.prediction.scripts.batches import lines_noted
from alembic_contracts.prediction.scripts.isolation import alembic_leads_to, silent
from alembic_contracts.prediction.scripts.loading import begin_of, fresh_module, function_of
from alembic_contracts.prediction.scripts.own_transaction import OVER, is_over
from alembic_contracts.prediction.scripts.source_lines import Script
from alembic_contracts.running.replaying import Stage, connected, replayed
from alembic_contracts.running.scratch_observer import Observer
from alembic_contracts.schemas.schema import Name, Schema
from alembic_contracts.schemas.steps import Prediction, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import RevisionStep
    from sqlalchemy.engine import Connection

    from alembic_contracts.prediction.containment.limits import Limits

__all__ = ["Scratch", "database", "programs", "replay"]


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
    if make_url(url).get_dialect().is_async:
        raise CannotCheck("shadow_url names an asynchronous driver; name another one, such as postgresql+psycopg.")
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
    limits: Limits,
    progress: Callable[[int], None] | None = None,
) -> Prediction:
    """Run revisions on a scratch database and return the schemas that were observed.

    What scripts tried beside it, and what they left for later, is unproven: the schema shows nothing of that.

    Args:
        url: the scratch database.
        environment: Alembic's, which ``alembic.context`` leads to; the same afterwards as before.
        context: the project's migration context; its options are what scripts see.
        steps: the revisions, in order.
        run_arguments: what ``context.run_migrations()`` hands to the scripts.
        watched: the tables to observe (None: all).
        dialect: how to observe.
        makes_roles: whether to make roles that scripts name and the server does not have: it is thrown away.
        limits: of each revision.
        progress: told the number of revisions that have been replayed.

    Raises:
        CannotCheck: a revision fails, ends the process, or does not come to its end.
    """
    done = itertools.count()

    def count(_value: object) -> None:
        if progress is not None:
            progress(next(done))  # the schema before them is the first thing that is told

    with connected(create_engine(url, poolclass=NullPool)) as there:

        def body(stage: Stage) -> None:
            scratch = Scratch(
                there.connection, environment, context, run_arguments, dialect, makes_roles=makes_roles, stage=stage
            )
            scratch.begin()
            stage.tell(scratch.observed_from_here(watched))
            for step in steps:
                stage.tell(scratch.apply(step))

        found = replayed(body, there, limits, environment.script.dir, heard=count, connects=True)
    before, *applied = found.told
    return Prediction(before=before, steps=tuple(applied), unproven=found.unproven)


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
        stage: Stage | None = None,
        heads: Collection[str] = (),
    ) -> None:
        """Take a connection to a scratch database; the other arguments are those of :func:`replay`, but two.

        ``stage``, told where a script begins and ends, is needed to apply revisions; ``heads`` are those in the version
        table.
        """
        options = {**context.opts, "as_sql": False}
        for name in ("fn", "output_encoding", "literal_binds", "starting_rev"):
            options.pop(name, None)
        self.connection, self._dialect = connection, dialect
        self._environment, self._arguments, self._makes_roles = environment, run_arguments, makes_roles
        with silent():
            self._migration = MigrationContext(connection.dialect, connection, options, environment)
        self._heads = HeadMaintainer(self._migration, heads)
        self._stage = stage
        self._observer: Observer | None = None

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
        observer = self._observer = Observer(self.connection, self._dialect, watched)
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
            except CannotCheck:
                raise
            except BaseException as error:  # whatever a script does wrong is its own
                if isinstance(error, KeyboardInterrupt) and not (self._stage and self._stage.is_contained):
                    raise  # it may be somebody's at the keyboard
                if not self._made_what_was_missing(error):
                    raise CannotCheck(_failure(script, error)) from error
            else:
                return Step(step.revision.revision, () if self._observer is None else self._observer.finish())

    def _run(self, step: RevisionStep, script: Script) -> None:
        stage = self._stage
        assert stage is not None  # noqa: S101 - whoever applies revisions has one
        stage.begins(script)
        with silent(), lines_noted(), alembic_leads_to(self._environment, self._migration, as_sql=False):
            # A transaction that Alembic knows of, for `autocommit_block()`, whatever the project's own are.
            own = bool(self._migration.opts.get("transaction_per_migration"))
            with self._migration.begin_transaction(_per_migration=own):
                function = getattr(fresh_module(step.revision.path), function_of(step))
                script.first_line = begin_of(function)
                stage.knows(script)
                function(**self._arguments)
                stage.ends()
                if is_over(self._migration):
                    raise CannotCheck(f"{script.shown}: revision {script.revision}: {OVER}")
                if self._observer is not None:
                    self._observer.script_is_over()
                self._heads.update_to_step(step)
            self.connection.commit()
            if self._observer is not None:
                self._observer.revision_is_over(script)

    def _made_what_was_missing(self, error: BaseException) -> bool:
        """Make the role for want of which a script failed, where it can run again; tell whether that is so."""
        role = replayable(self._dialect).missing_role(error) if self._makes_roles else None
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


def _failure(script: Script, error: BaseException) -> str:
    place = script.of_error(error)
    original = getattr(error, "orig", None) or error
    text = f"{type(original).__name__}: {str(original).strip()}"
    return f"{place.file}:{place.line}: revision {script.revision} does not run on the scratch database: {text}"

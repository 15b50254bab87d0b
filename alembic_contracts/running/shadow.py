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

from alembic_contracts.dialects import Dialect
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


__all__ = ["database", "replay"]

_ROWS = re.compile(r"\s*(INSERT|UPDATE|DELETE|COPY|SAVEPOINT|RELEASE)\b", re.IGNORECASE)
"""Statements after which nothing is observed before the end of the revision: there may be thousands."""


@contextmanager
def database(url: str | None) -> Iterator[str]:
    """Yield the URL of an empty database that is gone afterwards.

    Args:
        url: a server on which the user may create databases (setting ``shadow_url``); None: an embedded one.

    Raises:
        CannotCheck: the embedded PostgreSQL is not installed or does not start, or the server does not allow it.
    """
    if url is None:
        from alembic_contracts import embedded

        with embedded.scratch() as server:
            yield server.url()
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
    options = {**context.opts, "as_sql": False}
    for name in ("fn", "output_encoding", "literal_binds", "starting_rev"):
        options.pop(name, None)
    done: list[Step] = []
    with create_engine(url, poolclass=NullPool).connect() as connection:
        observer = _Observer(connection, dialect, watched)
        before = observer.seen
        with silent():
            migration = MigrationContext(connection.dialect, connection, options, environment)
            migration._ensure_version_table()  # noqa: SLF001 - as run_migrations() does
        heads = HeadMaintainer(migration, ())
        event.listen(connection, "after_cursor_execute", observer.executed)
        event.listen(connection, "commit", observer.committed)
        for step in steps:
            script = observer.script = Script.of(step.revision.revision, step.revision.path, Path.cwd())
            try:
                with silent(), alembic_leads_to(environment, migration, as_sql=False):
                    with migration.begin_transaction(_per_migration=True):
                        name = "upgrade" if step.is_upgrade else "downgrade"
                        getattr(fresh_module(step.revision.path), name)(**run_arguments)
                        heads.update_to_step(step)
                    connection.commit()
            except (Exception, SystemExit) as error:  # whatever a script does wrong is its own
                raise CannotCheck(_failure(script, error)) from error
            done.append(Step(step.revision.revision, observer.finish()))
            if progress is not None:
                progress(len(done))
    return Prediction(before=before, steps=tuple(done))


class _Observer:
    """Looks at the watched tables after every statement that may have changed them."""

    def __init__(self, connection: Connection, dialect: Dialect, watched: Collection[Name] | None) -> None:
        self._connection, self._dialect, self._watched = connection, dialect, watched
        self._operations: list[Operation] = []
        self._looking = False
        self.script: Script | None = None
        self.seen = self._look()

    def executed(self, _connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        """Note the statement if it changed something."""
        if not self._looking and not _ROWS.match(statement):
            self._note(statement)

    def committed(self, _connection: Connection) -> None:
        """Note that what is there now is committed."""
        self._note("COMMIT", commits=True)

    def finish(self) -> tuple[Operation, ...]:
        """Return the operations of the revision that has come to its end."""
        operations, self._operations = tuple(self._operations), []
        return operations

    def _note(self, label: str, *, commits: bool = False) -> None:
        before, self.seen = self.seen, self._look()
        if self.script is not None and (commits or self.seen is not before):
            text = " ".join(label.split())[:100]
            self._operations.append(Operation(self.script.here(), text, self.seen, commits))

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

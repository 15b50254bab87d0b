"""The one line in env.py: a migration context in, hooks around its steps and commits out, which have it judged.

Alembic loads this module with every command, so that all it needs is imported once a revision is about to be applied.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext, RevisionStep
    from sqlalchemy.engine import Connection

    from alembic_contracts.running.upgrade import Upgrade

__all__ = ["guard"]


class _Context(Protocol):
    """``alembic.context``, or the ``EnvironmentContext`` that it stands for."""

    def get_context(self) -> MigrationContext: ...


@contextmanager
def guard(context: _Context, *, database: str | None = None) -> Iterator[None]:
    """Hold the migrations that run inside to the project's data contracts.

    Goes into env.py, in online and offline mode alike::

        with context.begin_transaction(), alembic_contracts.guard(context):
            context.run_migrations()

    Before the first script runs, the pending ones are predicted and judged; before every commit on the migration's
    connection the contracted tables are observed and judged again. Commands that apply no revision cost nothing.

    Args:
        context: ``alembic.context`` after ``configure()``.
        database: what the database is called, where env.py migrates several and does not hand their names to
            ``run_migrations(engine_name=...)``: contracts about another one do not count then.

    Raises:
        alembic.util.CommandError: a contract is broken, or could not be checked. The report is on standard error; a
            report is also the exception's ``report`` attribute where there is one.
    """
    watch = _Watch(context.get_context(), database)
    with watch.installed():
        yield
        watch.finish()


class _Watch:
    """Follows one migration context from the first pending revision to the last commit."""

    def __init__(self, migration: MigrationContext, database: str | None) -> None:
        self._migration, self._database = migration, database
        self._arguments: dict[str, Any] = {}
        self._upgrade: Upgrade | None = None
        """What is being applied; None as long as nothing is, or nothing is held to contracts."""

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Stand between Alembic and the function that yields the steps while the body runs."""
        from alembic_contracts.running import autogenerate

        migration = self._migration
        autogenerate.watch(migration)
        pending = migration._migrations_fn  # noqa: SLF001 - Alembic has no public hook between planning and running
        run_migrations = migration.run_migrations
        connection = None if migration.as_sql else migration.connection

        def remember_arguments(**arguments: Any) -> None:
            self._arguments = arguments
            run_migrations(**arguments)

        if pending is not None:
            migration._migrations_fn = lambda heads, context: self._watched(pending(heads, context), heads)  # noqa: SLF001
        vars(migration)["run_migrations"] = remember_arguments
        try:
            with _listening(connection, self._on_commit):
                yield
        finally:
            migration._migrations_fn = pending  # noqa: SLF001
            del vars(migration)["run_migrations"]

    def finish(self) -> None:
        """Judge the end of a run whose last commit is still to come, such as one in the caller's transaction."""
        connection = self._migration.connection
        if not self._migration.as_sql and connection is not None:
            self._on_commit(connection)

    def _watched(self, planned: Iterable[Any], heads: tuple[str, ...]) -> Iterator[Any]:
        from alembic.runtime.migration import RevisionStep

        steps = list(planned)
        if steps and all(isinstance(step, RevisionStep) for step in steps):
            self._upgrade = self._begun(steps, heads) or self._upgrade
        for step in steps:
            if self._upgrade is not None:
                self._follow(step, self._upgrade)
            yield step

    def _begun(self, steps: Sequence[RevisionStep], heads: tuple[str, ...]) -> Upgrade | None:
        from alembic.util import CommandError

        from alembic_contracts.errors import CannotCheck
        from alembic_contracts.running.upgrade import Upgrade

        try:
            return Upgrade.begun(self._migration, steps, heads, self._arguments, self._database)
        except CannotCheck as error:
            if os.environ.get("ALEMBIC_CONTRACTS_ENFORCE") == "report":
                sys.stderr.write(
                    f"Data contracts could not be checked, and ENFORCE=report goes on all the same.\n{error}\n"
                )
                return None
            raise CommandError(f"Data contracts could not be checked, so nothing was run.\n{error}") from error

    def _follow(self, step: RevisionStep, upgrade: Upgrade) -> None:
        """Have the script itself tell when it is through: its commits before that are in the middle of it."""
        migrate = step.migration_fn

        @functools.wraps(migrate)  # Alembic logs its name
        def migrate_and_tell(*args: Any, **kwargs: Any) -> None:
            upgrade.starts(step)
            migrate(*args, **kwargs)
            upgrade.ends(step)

        step.migration_fn = migrate_and_tell

    def _on_commit(self, connection: Connection) -> None:
        if self._upgrade is not None:
            self._upgrade.commits(connection)


@contextmanager
def _listening(connection: Connection | None, listener: Any) -> Iterator[None]:
    """Call the listener before every commit of the connection, which it can prevent by raising."""
    if connection is None:
        yield
        return
    from sqlalchemy import event

    event.listen(connection, "commit", listener)
    try:
        yield
    finally:
        event.remove(connection, "commit", listener)

"""The one line in env.py: a migration context in, hooks around its steps and commits out, which have it judged.

Alembic loads this module with every command, so that all it needs is imported once a revision is about to be applied.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import MigrationContext

    from alembic_contracts.running.watch import Watch

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
    Where ``context.configure()`` is called again inside, each context that it makes is guarded.

    Args:
        context: ``alembic.context``; ``configure()`` has been called, or is called inside.
        database: what the database is called, where env.py migrates several and does not hand their names to
            ``run_migrations(engine_name=...)``: contracts about another one do not count then.

    Raises:
        alembic.util.CommandError: a contract is broken, or could not be checked. The report is on standard error; a
            report is also the exception's ``report`` attribute where there is one.
    """
    guarded = _Guarded(context, database)
    with guarded.watching():
        try:
            yield
            guarded.finish()
        except (Exception, SystemExit) as error:
            told = guarded.abandon(error)
            guarded.say_once(told or error)
            if told is None:
                raise
            raise told from error
        except BaseException as error:  # an interrupt, a cancelled task: it is told what stays, and goes its own way
            if not _is_of_cleaning_up(error):
                guarded.abandon(error)
            raise


def _is_of_cleaning_up(error: BaseException) -> bool:
    """Whether nothing was raised inside of ``guard()``: it was left alone in the middle, and Python throws it away."""
    return isinstance(error, GeneratorExit) and (error.__traceback__ is None or error.__traceback__.tb_next is None)


class _Guarded:
    """The migration contexts that env.py uses inside of one ``guard()``."""

    def __init__(self, context: _Context, database: str | None) -> None:
        self._context, self._database = context, database
        self._watches: list[Watch] = []
        self._stack = ExitStack()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the context that there is, and each that is configured while the body runs."""
        with self._stack:
            migration = self._configured()
            if migration is not None:
                self._watch(migration)
                if migration.environment_context is not None:
                    self._watch_configure(migration.environment_context)
            self._watch_others()
            yield

    def _configured(self) -> MigrationContext | None:
        """Return the context that there is; None before ``configure()``, which may be called inside."""
        try:
            return self._context.get_context()
        except Exception as error:
            if type(error) is not Exception:  # what Alembic raises for that
                raise
            return None

    def _watch(self, migration: MigrationContext) -> None:
        from alembic_contracts.running.watch import Watch

        if not Watch.is_watched(migration):
            watch = Watch(migration, self._database, self._end_runs)
            self._stack.enter_context(watch.installed())
            self._watches.append(watch)

    def _end_runs(self) -> None:
        """Judge what has run, before anything else does."""
        for watch in self._watches:
            watch.end_run()

    def _watch_configure(self, environment: EnvironmentContext) -> None:
        configure = environment.configure

        def configure_and_watch(*args: Any, **kwargs: Any) -> None:
            configure(*args, **kwargs)
            self._watch(environment.get_context())

        own = vars(environment)
        before = own.get("configure")
        own["configure"] = configure_and_watch
        self._stack.callback(lambda: own.pop("configure") if before is None else own.update(configure=before))

    def _watch_others(self) -> None:
        """Watch a context that env.py has made past ``context.configure()``, when it runs in this thread."""
        import threading

        from alembic.runtime.migration import MigrationContext

        from alembic_contracts.running import hooks
        from alembic_contracts.running.watch import Watch

        here, before = threading.get_ident(), MigrationContext.run_migrations

        def watch_and_run(migration: MigrationContext, **arguments: Any) -> None:
            if threading.get_ident() != here or Watch.is_watched(migration) or hooks.is_ours(migration):
                before(migration, **arguments)
            elif migration.environment_context is None:
                known = self._configured() or migration
                hooks.not_guarded(known, "env.py runs migrations with a context that it has made by hand")
                before(migration, **arguments)
            else:
                self._watch(migration)
                (migration.run_migrations if Watch.is_watched(migration) else partial(before, migration))(**arguments)

        MigrationContext.run_migrations = watch_and_run  # type: ignore[method-assign,assignment] # as long as the body runs
        self._stack.callback(setattr, MigrationContext, "run_migrations", before)

    def finish(self) -> None:
        """Judge the end of each run, and make sure that none was missed.

        Raises:
            alembic.util.CommandError: one is refused, or was not seen.
        """
        from alembic_contracts.running import hooks
        from alembic_contracts.running.watch import Watch

        for watch in self._watches:
            watch.finish()
        migration = self._configured()
        if migration is not None and not Watch.is_watched(migration):
            hooks.not_guarded(migration, "env.py ended with a migration context that guard() has not seen")

    def say_once(self, error: BaseException) -> None:
        """Have an error with which the guard ends a command said once."""
        from alembic_contracts.running import hooks

        migration = self._configured()
        if migration is not None:
            hooks.said_once(error, migration)

    def abandon(self, error: BaseException) -> Exception | None:
        """Look at what a run that was refused or failed has left, say it, and return the error to end with."""
        told = None
        for watch in reversed(self._watches):
            told = watch.abandon(error) or told
        return told

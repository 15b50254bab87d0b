"""One migration context in, its steps followed from the first pending revision to the last commit.

It is there for every command that runs env.py, so what judges is imported once a revision is about to be applied.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from alembic_contracts.errors import CannotCheck
from alembic_contracts.running import autogenerate, hooks

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext, RevisionStep
    from alembic.util import CommandError

    from alembic_contracts.running import report_file
    from alembic_contracts.running.refusals import Refused
    from alembic_contracts.running.upgrade import Upgrade

__all__ = ["Watch"]


class Watch:
    """Stands between Alembic and the function that yields the steps of one context."""

    def __init__(self, migration: MigrationContext, database: str | None, before_run: Callable[[], None]) -> None:
        """Make one; ``before_run`` is called before revisions are applied."""
        self._migration, self.database, self._before_run = migration, database, before_run
        self._arguments: dict[str, Any] = {}
        self._upgrade: Upgrade | None = None
        """What is being applied; None as long as nothing is, or nothing is held to contracts."""
        self._ended = False
        """Whether that was judged in the end."""
        self._unheld: list[tuple[str, ...]] = []
        """The heads before and after each revision that is held to nothing."""
        self._refused: Refused | None = None
        """Why nothing could be checked."""
        self._entry: report_file.Entry | None = None
        """Where programs read what was found."""
        self._runs = self._planned = 0
        """How often migrations were run, and how often the steps were asked for."""
        self._stack = ExitStack()

    @staticmethod
    def is_watched(migration: MigrationContext) -> bool:
        """Whether a context has a watch already."""
        return hooks.WATCH in vars(migration)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Follow the context while the body runs."""
        migration = self._migration
        lacking = hooks.missing(migration)
        if lacking:
            hooks.not_guarded(
                migration, f"guard() relies on what this version of Alembic or SQLAlchemy has not: {', '.join(lacking)}"
            )
            yield
            return
        autogenerate.watch(migration)
        own = vars(migration)
        before = {name: own[name] for name in ("_migrations_fn", "on_version_apply_callbacks")}
        pending = before["_migrations_fn"]
        if pending is not None:
            own["_migrations_fn"] = lambda heads, context: self._watched(pending(heads, context), heads)
        own["on_version_apply_callbacks"] = (self._on_version, *before["on_version_apply_callbacks"])
        own["run_migrations"] = functools.partial(self._run, migration.run_migrations)
        own[hooks.WATCH] = self
        try:
            with self._stack:
                yield
        finally:
            own.update(before)
            del own["run_migrations"], own[hooks.WATCH]

    def _run(self, run_migrations: Any, **arguments: Any) -> None:
        self._arguments = arguments
        self._runs += 1
        run_migrations(**arguments)

    def _on_version(self, *, heads: Any, **_: Any) -> None:
        if self._upgrade is not None:
            self._upgrade.ends(heads)
        elif self._unheld:
            self._unheld.append(tuple(heads))

    def _watched(self, planned: Iterable[Any], heads: tuple[str, ...]) -> Iterator[Any]:
        self._planned += 1
        steps = list(planned)
        kind = hooks.kind_of(steps)
        if not self._migration.opts.get("dont_mutate"):
            from alembic_contracts.running import report_file

            self._entry = report_file.begin(self._migration.environment_context)
        if kind == "revisions":
            self._before_run()
            self._upgrade = None
            self._begin(steps, heads)
        elif kind != "stamps":
            hooks.not_guarded(self._migration, f"Alembic is about to take {kind}")
        for step in steps:
            if self._upgrade is not None:
                self._follow(step, self._upgrade)
            yield step

    def _begin(self, steps: Sequence[RevisionStep], heads: tuple[str, ...]) -> None:
        from alembic_contracts.support import garbage

        scripts_begin = self._stack.enter_context(garbage.migration())
        try:
            from alembic_contracts.running.first_look import first_look

            seen = first_look(self._migration, steps, heads, self._arguments, self.database)
            from alembic_contracts.running.upgrade import Upgrade

            upgrade = Upgrade.begun(self._migration, steps, heads, seen)
            self._unheld = [heads] if upgrade is None and not self._migration.as_sql else []
        except CannotCheck as error:
            if hooks.goes_on_regardless(str(error)):
                if self._entry is not None:
                    self._entry.failed(str(error), goes_on=True)
                scripts_begin()
                return
            from alembic_contracts.running.refusals import Refused

            self._refused = Refused(f"Data contracts could not be checked, so nothing was run.\n{error}")
            raise self._refused from error
        if upgrade is not None:
            self._upgrade, self._ended = upgrade, False
            upgrade.entry = self._entry
            upgrade.begins()
            self._stack.enter_context(upgrade.watched())
        scripts_begin()

    def _follow(self, step: RevisionStep, upgrade: Upgrade) -> None:
        """Have the script itself tell that it begins, and that it is through."""
        migrate = step.migration_fn

        @functools.wraps(migrate, assigned=("__name__",), updated=())  # which Alembic logs
        def tell_and_migrate(*args: Any, **kwargs: Any) -> None:
            script = upgrade.starts(step)
            try:
                migrate(*args, **kwargs)
            finally:
                script.is_through = True
            upgrade.finishes()

        step.migration_fn = tell_and_migrate

    # -- at the end of guard() ---------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Judge the end of the last run, and make sure that none was missed.

        Raises:
            alembic.util.CommandError: it is refused, or was not seen.
        """
        if self._refused is not None:
            raise self._refused
        if self._runs and not self._planned and self._migration.opts.get("fn") is not None:
            hooks.not_guarded(self._migration, "Alembic ran migrations without asking guard() for the steps")
        self.end_run()

    def end_run(self) -> None:
        """Judge the end of a run before another one begins, or env.py goes on, and make sure that all of it was seen.

        Raises:
            alembic.util.CommandError: it is refused, or was not seen.
        """
        upgrade = self._upgrade
        if len(self._unheld) > 1:
            from alembic_contracts.running import endings

            endings.note(self._migration, self._name(), self._unheld[0], self._unheld[-1])
            self._unheld = []
        if upgrade is None or self._ended:
            return
        if not upgrade.through:
            hooks.not_guarded(
                self._migration, "Alembic took revisions without telling guard() of each that was applied"
            )
        from alembic_contracts.running import endings

        upgrade.end()
        self._prove(upgrade)
        upgrade.expected.keep()
        endings.follow(upgrade, self._name())
        self._ended = True

    def _prove(self, upgrade: Upgrade) -> None:
        """Make sure that the version table is where the revisions lead that were seen; warn where others wrote in it.

        Raises:
            alembic.util.CommandError: it is not, and only what ran here unseen can have done that.
        """
        strayed = upgrade.strayed()
        if strayed is None:
            return
        from alembic_contracts.judging.aftermath import at

        found = f"the version table has {at(strayed.now)}, but the revisions that guard() saw lead to"
        led = at(sorted(upgrade.applied[-1].heads))
        if strayed.is_ours:
            hooks.not_guarded(
                self._migration,
                f"{found} {led}, and nobody else can have moved it before this transaction is committed",
            )
        hooks.warn(
            f"{found} {led}: what else ran, or wrote there, was not guarded by this run. It may be another session, or "
            "a script that writes there itself."
        )

    def abandon(self, error: BaseException) -> CommandError | None:
        """Look at what a run that was refused or failed has left, say it, and return the error to end with.

        Args:
            error: with which it ended.
        """
        told = self._told(error)
        if told is not None and self._entry is not None:
            report = getattr(told, "report", None)
            if report is None:
                self._entry.failed(str(told))
            else:
                self._entry.write(report)
        return told

    def _told(self, error: BaseException) -> CommandError | None:
        if self._refused is None and (self._upgrade is None or self._ended):
            return None
        from alembic_contracts.judging.aftermath import Aftermath
        from alembic_contracts.running import endings

        earlier = functools.partial(endings.before, self._migration)
        if self._upgrade is not None and not self._ended:
            return self._upgrade.abandoned(earlier, error)
        return self._refused and self._refused.told(Aftermath(started=False, earlier=earlier()))

    def _name(self) -> str:
        """Return what people know the run's database by."""
        from alembic_contracts.dialects.servers import is_like_mysql

        migration = self._migration
        connection = migration.connection
        url = connection.engine.url.database if connection is not None and not migration.as_sql else None
        upgrade = self._upgrade
        used = upgrade.lookup if upgrade is not None and is_like_mysql(upgrade.course.dialect.KIND) else ""
        name = self.database or self._arguments.get("engine_name") or used or url
        schema = migration.version_table_schema
        return (f"database {name}" if name else "the database") + (f", schema {schema}" if schema else "")

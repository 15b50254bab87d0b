"""What is about to be applied: a ``Run`` says which revisions, in which context, and from where."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from alembic_contracts import dialects
from alembic_contracts.errors import CannotCheck

if TYPE_CHECKING:
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import MigrationContext, RevisionStep
    from alembic.script import ScriptDirectory
    from sqlalchemy.engine import URL, Connection

    from alembic_contracts.dialects import Dialect, Sight
    from alembic_contracts.running.postponed import Postponed
    from alembic_contracts.schemas.schema import Name
    from alembic_contracts.schemas.snapshots import Snapshot
    from alembic_contracts.schemas.surroundings import Surroundings

__all__ = ["Run", "script_of", "untold"]


class Run(Struct, frozen=True, kw_only=True):
    """Revisions that are about to be applied in one migration context."""

    environment: EnvironmentContext
    context: MigrationContext
    steps: Sequence[RevisionStep]
    """Those that run today."""
    arguments: Mapping[str, Any]
    """What env.py passed to ``run_migrations``."""
    database: str | None = None
    """What ``guard()`` was told that the database is called."""
    postponed: Postponed | None = None
    """Those that refuse to run before a day that has not come."""
    heads: tuple[str, ...] = ()
    """What the version table has before all of them, those of other branches included, where that is known."""
    history: Sequence[RevisionStep] = ()
    """Revisions that lead to the start, to be predicted first where no database shows their result."""
    connection: Connection | None = None
    """The database that the run starts from; None: ``snapshot`` or an empty one, plus ``history``."""
    around: Surroundings | None = None
    """What that database has beside its tables, where it has been read."""
    whole: Sight | None = None
    """All that it has, where it has been read, since there is no table but Alembic's own."""
    url: URL | None = None
    """What env.py says of where the database would be, where there is none."""
    snapshot: Snapshot | None = None
    """The schema before ``history``."""
    as_sql: bool = False
    """Whether scripts see ``--sql`` mode."""
    own_transaction: bool = False
    """Whether env.py, where it is given a database, has begun a transaction before Alembic could, and commits it."""
    lock_timeout: float = 10
    """Seconds to wait for what another session has locked."""
    committed_under_guard: bool = False
    """Whether what results is looked at before it is committed: what is locked now is unproven then, not unknowable."""
    may_be_kept: bool = False
    """Whether where it leads may be read from a file, and left in one: other processes find out of the same scripts."""
    afresh: bool = False
    """Whether what was found out before, of the same scripts, counts for nothing."""
    no_exec: bool = False
    """Whether no script may be run."""
    shadow: bool = False
    """Whether to replay on a scratch database instead of predicting."""

    @property
    def dialect(self) -> Dialect:
        """What knows the kind of database that it is about."""
        return dialects.of(self.context.dialect.name, self.connection)

    @property
    def configured_url(self) -> URL | None:
        """Where Alembic's configuration says that the database is (``sqlalchemy.url``), if it can be read there."""
        from configparser import Error

        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        config = self.environment.config
        try:
            stated = config.get_section(config.config_ini_section, {}).get("sqlalchemy.url")
            return make_url(stated) if stated else None
        except (ArgumentError, Error):
            return None

    @property
    def is_shown(self) -> bool:
        """Whether anything shows the schema that it leads to: a prediction, or with nothing pending the database."""
        dialect, connection = self.dialect, self.connection
        if dialect.FORESIGHT != "none":
            return True
        return connection is not None and not self.steps and not untold(dialect, connection)

    @property
    def ends_at_head(self) -> bool:
        """Whether the last revision is a head of its branch; with nothing pending, whether the context is at one."""
        heads = set(script_of(self.context).get_heads())
        if self.all_steps:
            return self.all_steps[-1].revision.revision in heads
        return bool(heads)

    @property
    def is_downgrade(self) -> bool:
        """Whether the revisions are taken back."""
        return self.all_steps[0].is_downgrade

    @property
    def is_checked_at_commit(self) -> bool:
        """Whether what results is checked where it can still be undone."""
        return not self.context.as_sql and self.context.impl.transactional_ddl

    @property
    def all_steps(self) -> Sequence[RevisionStep]:
        """All that Alembic is about to apply, as far as it comes."""
        return self.steps if self.postponed is None else (*self.steps, *self.postponed.steps)

    @property
    def commits_each_revision(self) -> bool:
        """Whether Alembic commits after every revision."""
        context = self.context
        return bool(context.opts.get("transaction_per_migration")) or not context.impl.transactional_ddl


def untold(dialect: Dialect, connection: Connection, tables: Collection[Name] | None = None) -> str:
    """Return why nothing shows what tables look like on a kind of database; empty: something does."""
    if dialect.FORESIGHT != "none":  # before anything of the others is imported
        return ""
    from alembic_contracts.dialects.inspected import Inspected

    return dialect.untold(connection, tables) if isinstance(dialect, Inspected) else ""


def script_of(context: MigrationContext) -> ScriptDirectory:
    """Return the script directory of a migration context.

    Raises:
        CannotCheck: it has none, as one made by hand does.
    """
    if context.script is None:
        raise CannotCheck("This migration context has no script directory, so what is pending is not known.")
    return context.script

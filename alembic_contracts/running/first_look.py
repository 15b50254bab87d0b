"""Revisions that are about to be applied in, contracts and what their database has beside its tables out.

The server is asked at once, since nothing has to be known of contracts for that. While it answers, what judges is
imported and contracts are read, which takes about as long.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from alembic_contracts import dialects
from alembic_contracts.running import terms
from alembic_contracts.support import modules

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext, RevisionStep
    from sqlalchemy.engine import Connection

    from alembic_contracts.config import Settings
    from alembic_contracts.dialects import Replayable, Sight
    from alembic_contracts.running.terms import Terms
    from alembic_contracts.schemas.surroundings import Surroundings

__all__ = ["FirstLook", "first_look"]

log = logging.getLogger("alembic.contracts")

_JUDGING = ("alembic_contracts.running.upgrade",)
"""What comes next, whatever contracts say."""


class FirstLook(Struct):
    """What is known before anything is judged; whoever needs what is not finds it out, or is told why not."""

    arguments: Mapping[str, Any]
    """What env.py passed to ``run_migrations``."""
    database: str | None
    """What ``guard()`` was told that the database is called."""
    settings: Settings | None = None
    """The project's."""
    terms: Terms | None = None
    """What its migrations are held to."""
    around: Surroundings | None = None
    """What the database has beside its tables."""
    whole: Sight | None = None
    """All that it has, where that is no table but Alembic's own."""

    def read(self, config: Config, settings: Settings, steps: Sequence[RevisionStep] | None, environment: str) -> None:
        """Read contracts, and import what comes next.

        Args:
            config: Alembic's configuration of the project.
            settings: the project's.
            steps: what is pending where predictions of it may be kept; else None.
            environment: the path of env.py.
        """
        from alembic_contracts.running import origins

        self.terms = terms.read(config, settings)
        if self.terms is not None:
            self.terms.asked()
        if steps is not None:
            origins.get_ready(steps, environment)

    def ask(self, connection: Connection, dialect: Replayable, version_table: str | None) -> None:
        """Ask the database.

        Args:
            connection: to it.
            dialect: of it.
            version_table: what Alembic's own table is called; None: there are others, which contracts may be about.

        Raises:
            CannotCheck: it cannot be read, or something is locked.
        """
        self.around = dialect.surroundings(connection)
        if version_table is not None and {name.name for name in self.around.outline.tables} <= {version_table}:
            self.whole = dialect.sight(connection, None, (), lock_timeout=0, left_out=self.around.without)


def first_look(
    migration: MigrationContext,
    steps: Sequence[RevisionStep],
    heads: Collection[str],
    arguments: Mapping[str, Any],
    database: str | None,
) -> FirstLook:
    """Return what is known before anything is judged.

    A database about which there may be no contract is not asked anything yet: where env.py migrates several and says
    what this one is called, or where contracts about another kind of database are to leave it alone.

    Args:
        migration: the context that is about to apply revisions.
        steps: the revisions.
        heads: where the database is.
        arguments: what env.py passed to ``run_migrations``.
        database: what ``guard()`` was told that the database is called.
    """
    seen = FirstLook(arguments, database)
    connection, config, script = migration.connection, migration.config, migration.script
    if migration.as_sql or connection is None or config is None or script is None:
        return seen
    if database or arguments.get("engine_name"):
        return seen
    try:
        settings = seen.settings = terms.settings_of(config)
        dialect = dialects.of(migration.dialect.name, connection)
        if settings.configured and settings.elsewhere != "off" and dialect.FORESIGHT == "catalog":
            asked = dialects.replayable(dialect)
            _ = asked.surroundings  # imported first, for no thread to wait for another one
            kept = steps if not heads and settings.keep_predictions == "auto" else None
            with modules.ahead(_JUDGING, partial(seen.read, config, settings, kept, script.env_py_location)):
                seen.ask(connection, asked, None if heads else migration.version_table)
    except Exception as error:  # whoever needs it finds out again why it cannot be had
        log.debug("not known at first", exc_info=error)
    return seen

"""Revisions that are about to be applied in, contracts and what their database has beside its tables out.

The server is asked at once, since nothing has to be known of contracts for that. While it answers, what judges is
imported and contracts are read, which takes about as long.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from alembic_contracts import dialects
from alembic_contracts.running import terms
from alembic_contracts.support import modules

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext

    from alembic_contracts.config import Settings
    from alembic_contracts.running.terms import Terms
    from alembic_contracts.schemas.surroundings import Surroundings

__all__ = ["FirstLook", "first_look"]

log = logging.getLogger("alembic.contracts")

_JUDGING = (
    "alembic_contracts.running.upgrade",
    "alembic_contracts.running.origins",
    "alembic_contracts.documents.validation",
    "jsonschema_rs",
)
"""What comes next, whatever contracts say."""


class FirstLook(Struct):
    """What is known before anything is judged; whoever needs what is not finds it out, or is told why not."""

    arguments: Mapping[str, Any]
    """What env.py passed to ``run_migrations``."""
    database: str | None
    """What ``guard()`` was told that the database is called."""
    terms: Terms | None = None
    """What the project's migrations are held to."""
    around: Surroundings | None = None
    """What the database has beside its tables."""

    def read(self, config: Config, settings: Settings) -> None:
        """Read contracts, and import what tells by them what has to be known of tables."""
        found = terms.read(config, settings)
        if found is not None:
            found.asked()
        self.terms = found


def first_look(migration: MigrationContext, arguments: Mapping[str, Any], database: str | None) -> FirstLook:
    """Return what is known before anything is judged.

    Where env.py migrates several databases, and says what this one is called, there may be no contract about it: then
    it is not asked anything yet.

    Args:
        migration: the context that is about to apply revisions.
        arguments: what env.py passed to ``run_migrations``.
        database: what ``guard()`` was told that the database is called.
    """
    seen, connection, config = FirstLook(arguments, database), migration.connection, migration.config
    if migration.as_sql or connection is None or config is None or database or arguments.get("engine_name"):
        return seen
    try:
        settings, dialect = terms.settings_of(config), dialects.of(migration.dialect.name, connection)
        if settings.configured and dialect.FORESIGHT == "catalog":
            ask = dialects.replayable(dialect).surroundings  # imported first, for no thread to wait for another one
            with modules.ahead(_JUDGING, partial(seen.read, config, settings)):
                seen.around = ask(connection)
    except Exception as error:  # whoever needs it finds out again why it cannot be had
        log.debug("not known at first", exc_info=error)
    return seen

"""What a source is asked to look at, and the database in which what it finds is looked up, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from alembic_contracts.errors import CannotCheck
from alembic_contracts.schemas.schema import Schema

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = ["Asked"]


class Asked(Struct, frozen=True, kw_only=True):
    """What a source is to look at, and in which database what it finds is looked up."""

    inputs: tuple[str, ...]
    """What the command line names: files, folders, a module, publications."""
    schema: Schema
    """All tables of the database as they are now, or as the migrations predict them."""
    server_version: int
    """As ``server_version_num`` has it: 180001."""
    database: str = "PostgreSQL"
    """The kind of database, for people."""
    connection: sa.Connection | None = None
    """To the database, for sources that ask it; None with ``--offline``."""
    search_path: tuple[str, ...] = ("public",)
    """Where names without a schema are looked up."""
    sql_dialect: str | None = None
    """The grammar of the queries by sqlglot's name; None: PostgreSQL's own."""
    mapping: tuple[tuple[str, str], ...] = ()
    """How its names lead back here: ``RAW.MUSEUM`` to ``public``, ``RAW.MUSEUM.OBJ`` to ``public.object``."""
    options: Mapping[str, tuple[str, ...]] = {}
    """The source's own options by flag; a flag that was given has one empty text."""

    def require_postgresql(self, what: str) -> None:
        """Refuse to look for what PostgreSQL alone has.

        Args:
            what: that is, for people.

        Raises:
            CannotCheck: the database is another one.
        """
        if self.database != "PostgreSQL":
            raise CannotCheck(f"{what} are PostgreSQL's; this database is {self.database}.")

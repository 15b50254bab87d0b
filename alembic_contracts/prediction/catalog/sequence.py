"""A sequence, as the catalog holds it: apart from all else there, as schemas that are sent or kept have it in them."""

from __future__ import annotations

from msgspec import Struct

from alembic_contracts.schemas.schema import Name

__all__ = ["Sequence"]


class Sequence(Struct, frozen=True):
    """A sequence, with the column that owns it (``ALTER SEQUENCE ... OWNED BY``, serial, identity)."""

    name: Name
    owner: tuple[Name, str] | None = None
    internal: bool = False
    """Whether it serves an identity column, which alone may drop it."""
    owner_role: str | None = None

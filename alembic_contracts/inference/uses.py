"""What a source finds: which tables and columns are used, how, and where; and what it could not read."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from alembic_contracts.contracts.contract import Compatibility, Owner
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.uses import Place

__all__ = ["Found", "Guarantee", "Kind", "Unread", "Use"]

Kind = Literal["read", "filtered", "updated", "inserted", "deleted"]
"""How something is used: its value is selected or computed with; rows are filtered, joined, grouped or ordered by it;
it is set by UPDATE; a row is inserted with it; rows are deleted (of the table)."""


class Use(Struct, frozen=True):
    """One use of a table (``column`` is None) or of one of its columns, at one place."""

    table: Name
    column: str | None
    kind: Kind
    place: Place


class Guarantee(Struct, frozen=True):
    """Something beyond existence and type that a consumer relies on: it is stated if it holds in the schema."""

    table: Name
    column: str | None
    key: str
    """A key of the base format: ``is_nullable``, ``primaryKey``, ``unique``, ``foreign_keys``, ``publications`` ..."""
    value: object = None
    """What is relied on, as the base format writes it (``unique``, ``foreign_keys``: one of the list); None: whatever
    holds."""
    place: Place | None = None


class Unread(Struct, frozen=True):
    """Something that was looked at and not understood, or that names what is not there."""

    file: str
    line: int | None
    column: int | None
    reason: str

    def __str__(self) -> str:
        """``queries/x.sql:12:8: there is no column object.titel; title?``."""
        return ":".join(str(each) for each in (self.file, self.line, self.column) if each) + f": {self.reason}"


class Found(Struct, frozen=True, kw_only=True):
    """What a source found out about one consumer."""

    consumer: str
    """What it is called where nobody says: the dbt project, the folder, the role."""
    owner: Owner | None = None
    """Who answers for it, as far as the source says."""
    uses: tuple[Use, ...] = ()
    guarantees: tuple[Guarantee, ...] = ()
    compatibility: Compatibility | None = None
    """Whom the contract has to protect; None: it follows from the kinds of use."""
    unread: tuple[Unread, ...] = ()
    """Makes the exit code 3."""
    notes: tuple[str, ...] = ()
    """What people should know, and what changes no exit code."""

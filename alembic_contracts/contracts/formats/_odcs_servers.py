"""The servers of an ODCS contract in, the kind of database that it is about out, and which of them are of that kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from alembic_contracts.contracts.formats._kinds import DEFAULT, KINDS
from alembic_contracts.contracts.formats._odcs_custom import own

__all__ = ["kind_of", "of_kind"]


def kind_of(servers: Iterable[Mapping[str, Any]]) -> str:
    """Return the kind of the first server whose kind is known, but PostgreSQL before others."""
    found = [kind for each in servers if (kind := _kind(each)) is not None]
    return DEFAULT if not found or DEFAULT in found else found[0]


def of_kind(kind: str, servers: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the servers of one kind."""
    return [each for each in servers if _kind(each) == kind]


def _kind(server: Mapping[str, Any]) -> str | None:
    """Return the kind by the server's type, or what ours say of it, as the standard knows few databases."""
    stated = next((value for name, value, _ in own(server, "") if name == "dialect"), server.get("type", ""))
    return KINDS.get(str(stated).lower())

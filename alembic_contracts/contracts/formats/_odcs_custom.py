"""``customProperties`` of our own in, the facts and dates out for which ODCS has no field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from alembic_contracts.documents.document import ContractLocation, Document

__all__ = ["custom", "days", "own"]

VENDOR = "alembic_contracts"


def own(value: Mapping[str, Any], pointer: str) -> Iterator[tuple[str, Any, str]]:
    """Yield our custom properties of the contract, a table or a column: name, value, JSON pointer of the value.

    Ours are ``alembic_contracts.NAME``, and in 3.2 those with ``vendor: alembic_contracts``, too.
    """
    listed = value.get("customProperties")
    for position, stated in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(stated, dict) or not isinstance(stated.get("property"), str):
            continue
        name, prefix = stated["property"], f"{VENDOR}."
        if stated.get("vendor") == VENDOR or name.startswith(prefix):
            yield name.removeprefix(prefix), stated.get("value"), f"{pointer}/customProperties/{position}/value"


def custom(document: Document, value: Mapping[str, Any], pointer: str) -> dict[str, Any]:
    """Return our custom properties by name, without those that are null."""
    del document
    return {name: stated for name, stated, _ in own(value, pointer) if stated is not None}


def days(document: Document, value: Mapping[str, Any], pointer: str) -> tuple[date, ContractLocation] | None:
    """Return the sunset that is stated, and where."""
    for name, stated, at in own(value, pointer):
        if name == "sunset" and isinstance(stated, str):
            return date.fromisoformat(stated), document.location(at)
    return None

"""``customProperties`` of our own in, the facts and dates out for which ODCS has no field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from alembic_contracts.documents.document import ContractLocation, Document
from alembic_contracts.support.suggestions import is_one_slip

__all__ = ["VENDOR", "custom", "days", "nearly_own", "own", "unclaimed"]

VENDOR = "alembic_contracts"
VENDORS = (VENDOR, "alembic-contracts")
"""The second is as the standard would have it: without an underscore."""


def own(value: Mapping[str, Any], pointer: str) -> Iterator[tuple[str, Any, str]]:
    """Yield our custom properties of the contract, a table or a column: name, value, JSON pointer of the value.

    Ours are ``alembic_contracts.NAME``, and those with ``vendor: alembic_contracts`` (3.2).
    """
    for stated, at in _properties(value, pointer):
        name = stated["property"]
        prefix, _, rest = name.partition(".")
        if prefix in VENDORS and rest:
            yield rest, stated.get("value"), f"{at}/value"
        elif stated.get("vendor") in VENDORS:
            yield name, stated.get("value"), f"{at}/value"


def nearly_own(value: Mapping[str, Any], pointer: str) -> Iterator[tuple[str, str]]:
    """Yield vendors, and prefixes of names, that are a slip away from ours: the word, and where it stands."""
    for stated, at in _properties(value, pointer):
        words = {"vendor": stated.get("vendor"), "property": stated["property"].rpartition(".")[0]}
        for key, word in words.items():
            if isinstance(word, str) and word not in VENDORS and _is_nearly_ours(word):
                yield word, f"{at}/{key}"


def unclaimed(value: Mapping[str, Any], pointer: str) -> Iterator[tuple[str, str]]:
    """Yield custom properties that are nobody's in particular: name, JSON pointer."""
    for stated, at in _properties(value, pointer):
        if not stated.get("vendor") and "." not in stated["property"]:
            yield stated["property"], f"{at}/property"


def _is_nearly_ours(word: str) -> bool:
    bare = word.casefold().replace("-", "_").replace(" ", "_")
    return bare == VENDOR or is_one_slip(bare, VENDOR) or bare == VENDOR.replace("_", "")


def _properties(value: Mapping[str, Any], pointer: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield the custom properties that are well formed, and where they stand."""
    listed = value.get("customProperties")
    for position, stated in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(stated, dict) and isinstance(stated.get("property"), str):
            yield stated, f"{pointer}/customProperties/{position}"


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

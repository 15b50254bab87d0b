"""Names of anybody in, names of files and anchors out: plain, the same every time, and of one thing alone."""

from __future__ import annotations

import hashlib
import re

from alembic_contracts.contracts.contract import Contract
from alembic_contracts.schemas.schema import Name

__all__ = ["anchor_of", "file_of", "link_to"]

_PLAIN = re.compile(r"[a-z0-9_]+(?:-[a-z0-9_]+)*")
_LONGEST = 100
"""Characters of a name; file systems take 255 bytes."""


def file_of(contract: Contract) -> str:
    """Return the name of a contract's page: ``namespace--name.html`` where both are plain.

    Two contracts never share one, on file systems that do not tell cases apart either.
    """
    return f"{_address((contract.namespace, contract.name), '--')}.html"


def anchor_of(table: Name, column: str | None = None) -> str:
    """Return where on a page a table or one of its columns is: ``schema.table.column`` where all are plain."""
    return _address((*table, *([] if column is None else [column])), ".")


def link_to(contract: Contract, table: Name, column: str | None = None) -> str:
    """Return where a contract's page has a table or column; the page alone where the contract only leads there."""
    anchor = f"#{anchor_of(table, column)}" if table in contract.tables else ""
    return f"{file_of(contract)}{anchor}"


def _address(parts: tuple[str, ...], joiner: str) -> str:
    """Join plain parts by what is in none of them; of others what is plain is left, with a hash of the very text."""
    joined = joiner.join(parts)
    if all(map(_PLAIN.fullmatch, parts)) and len(joined) <= _LONGEST:
        return joined
    plain = re.sub(r"[^a-z0-9_]+", "-", " ".join(parts).lower())[: _LONGEST // 2].strip("-")
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return "-".join(filter(None, (plain, digest)))

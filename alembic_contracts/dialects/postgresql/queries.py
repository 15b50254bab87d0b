"""A name of a file in ``schema_document`` in, its query out, put together and fit for a server's version."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from alembic_contracts.patterns import pattern

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["read", "server_version"]

_PLACE = pattern(r"/\* (\w+)\.sql \*/")
"""Where a part of the query goes that has a file of its own."""
_CHOICE = pattern(
    r"/\* if ([\w ]+) \*/((?:(?!/\* (?:if|else|end)\b).)*)(?:/\* else \*/((?:(?!/\* (?:if|end)\b).)*))?/\* end \*/",
    re.DOTALL,
)
"""What is there where something is asked for, and what otherwise; one that has no other inside."""
_BEFORE_15 = {
    "r.prattrs": "NULL::pg_catalog.int2vector",
    "r.prqual": "NULL::pg_catalog.pg_node_tree",
    "pg_catalog.pg_publication_namespace": "(SELECT NULL::oid AS pnpubid, NULL::oid AS pnnspid WHERE false)",
}
"""Column lists, row filters and schemas of publications, and what stands for them where there are none."""


def server_version(connection: Connection) -> int:
    """Return the server's major version; drivers that do not tell are taken to be at a new one."""
    version = getattr(connection.dialect, "server_version_info", None)
    return int(version[0]) if version else 15


@cache
def read(document: str, version: int, asked: frozenset[str] = frozenset()) -> str:
    """Return the text of one of the files, with those in their places that it names.

    Args:
        document: the file's name.
        version: the server's.
        asked: the parts to leave in.
    """
    code, found = _read(document), 1
    while found:
        code, found = _CHOICE.subn(lambda choice: choice[2] if choice[1] in asked else choice[3] or "NULL", code)
    if version < 15:
        for new, old in _BEFORE_15.items():
            code = code.replace(new, old)
    return code


def _read(part: str) -> str:
    sql = Path(__file__).with_name("schema_document").joinpath(f"{part}.sql").read_text(encoding="utf-8")
    code = "\n".join(line for line in sql.splitlines() if not line.startswith("--"))
    return _PLACE.sub(lambda place: _read(place[1]), code)

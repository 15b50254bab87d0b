"""A name of a file in ``schema_document`` in, its query out, put together and fit for a server's version."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from alembic_contracts.patterns import pattern

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["read", "server_version"]

_PLACE = pattern(r"/\* (\w+)\.sql \*/")
"""Where a part of the query goes that has a file of its own."""
_CHOICE = pattern(r"/\* (if [\w ]+|else|end) \*/")
"""``if``: what follows is there where something is asked for; ``else``: what follows, where it is not."""
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
    code = _chosen(_read(document), asked)
    if version < 15:
        for new, old in _BEFORE_15.items():
            code = code.replace(new, old)
    return code


def _chosen(code: str, asked: frozenset[str]) -> str:
    """Return a text with one side of each choice in it, which can be inside of another: NULL where that side is empty.

    What is read here is sent with each look, so that its length counts, and the time that it takes.
    """
    first, *rest = _CHOICE.split(code)
    sides: list[list[str]] = [[first]]
    """Those that are open, each as its pieces; of a choice the first one, and perhaps another."""
    choices: list[tuple[bool, int]] = []
    """Of each choice that is open: whether it is asked for, and how many sides are open before it."""
    for mark, text in zip(rest[::2], rest[1::2], strict=True):
        if mark == "end":
            is_asked, before = choices.pop()
            found = sides[before:]
            del sides[before:]
            side = found[0] if is_asked else found[1] if len(found) > 1 else []
            sides[-1] += ["".join(side) or "NULL", text]
        else:
            if mark != "else":
                choices.append((mark.removeprefix("if ") in asked, len(sides)))
            sides.append([text])
    return "".join(sides[0])


@cache  # what a commit is asked is made of the same parts
def _read(part: str) -> str:
    sql = Path(__file__).with_name("schema_document").joinpath(f"{part}.sql").read_text(encoding="utf-8")
    code = "\n".join(line.strip() for line in sql.splitlines() if not line.startswith("--"))
    return _PLACE.sub(lambda place: _read(place[1]), code)

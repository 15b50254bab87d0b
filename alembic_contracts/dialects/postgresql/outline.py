"""A connection in, the names of all relations and what ties them together out, without their definitions.

SQLAlchemy is imported by what connects alone: contracts are read and linted without it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from alembic_contracts.dialects import Outline
from alembic_contracts.dialects.postgresql.traceless import passing
from alembic_contracts.errors import CannotCheck
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from sqlalchemy import Connection, TextClause

__all__ = ["outline"]

_TABLES = frozenset("rpvmf")
"""``pg_class.relkind`` of what has columns that contracts can be about."""


def outline(connection: Connection) -> Outline:
    """Read the outline from ``pg_class``, ``pg_depend`` and ``pg_constraint`` in one query.

    Raises:
        CannotCheck: the database refuses to answer.
    """
    from sqlalchemy.exc import DBAPIError

    try:
        with passing(connection):
            document = json.loads(connection.execute(_statement()).scalar_one())
    except DBAPIError as error:
        raise CannotCheck(f"The schema of the database cannot be read: {error.orig}") from error
    names = {oid: Name(schema, name) for oid, schema, name, _, _ in document["relations"] or ()}
    relations = {names[oid]: names.get(table, names[oid]) for oid, _, _, _, table in document["relations"] or ()}
    ties: dict[Name, set[Name]] = {}
    for one, other in _known(document["ties"] or (), names):
        ties.setdefault(one, set()).add(other)
        ties.setdefault(other, set()).add(one)
    return Outline(
        tables=frozenset(names[oid] for oid, _, _, kind, _ in document["relations"] or () if kind in _TABLES),
        relations=relations,
        ties={name: frozenset(others) for name, others in ties.items()},
        constraints=frozenset((schema, name) for schema, name in document["constraints"] or ()),
    )


def _known(ties: Iterable[tuple[int, int]], names: dict[int, Name]) -> Iterator[tuple[Name, Name]]:
    return ((names[one], names[other]) for one, other in ties if one in names and other in names)


@cache
def _statement() -> TextClause:
    from sqlalchemy import text

    sql = Path(__file__).with_name("outline.sql").read_text(encoding="utf-8")
    code = "\n".join(line for line in sql.splitlines() if not line.startswith("--"))
    return text(code.replace("::", "\\:\\:"))

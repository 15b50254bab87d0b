"""A connection in, all of its database that is beside its tables' definitions out, by one query on the catalog.

SQLAlchemy is imported by what connects alone: contracts are read and linted without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import cache
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from msgspec.json import decode

from alembic_contracts.dialects.postgresql.queries import read, server_version
from alembic_contracts.dialects.postgresql.session_settings import session_of
from alembic_contracts.dialects.postgresql.traceless import passing
from alembic_contracts.errors import CannotCheck
from alembic_contracts.schemas.schema import Name, Type
from alembic_contracts.schemas.surroundings import OtherObjects, Outline, Routine, Surroundings, Use
from alembic_contracts.support.garbage import uncollected

if TYPE_CHECKING:
    from sqlalchemy import Connection, TextClause

__all__ = ["surroundings"]

Json = dict[str, Any]

_TABLES = frozenset("rpvmf")
"""``pg_class.relkind`` of what has columns that contracts can be about."""
_PRINTED = frozenset("pvmf")
"""Of these, those of which something is printed in any case, as ``printed.sql`` has it."""
_SEQUENCE = "S"


def surroundings(connection: Connection) -> Surroundings:
    """Read the names of all relations and what ties them together, routines, other objects, and the session's settings.

    A transaction that is open stays open; where there is none, there is none afterwards. Users' routines are those that
    extensions have not brought along and that are not in C.

    Args:
        connection: to the database.

    Raises:
        CannotCheck: the database refuses to answer.
    """
    from sqlalchemy.exc import DBAPIError

    try:
        with passing(connection):
            answered = connection.execute(_statement(server_version(connection))).scalar_one()
    except DBAPIError as error:
        raise CannotCheck(f"The schema of the database cannot be read: {error.orig}") from error
    return _surroundings(answered)


@uncollected(stays=True)
def _surroundings(answered: str) -> Surroundings:
    document = decode(answered)
    relations = document["relations"] or ()
    printed = frozenset(document["printed"] or ())
    return Surroundings(
        session=session_of(document["database"], document["user"], document["search_path"], document["version"]),
        others=_others(document),
        routines=tuple(_routines(document["routines"] or ())),
        outline=_outline(document),
        printed=frozenset(
            Name(schema, name)
            for oid, schema, name, kind, _ in relations
            if kind in _PRINTED or (oid in printed and kind in _TABLES)
        ),
        without=frozenset(_without({kind for _, _, _, kind, _ in relations}, document["published"])),
    )


@cache
def _statement(version: int) -> TextClause:
    from sqlalchemy import text

    return text(read("surroundings", version))


def _without(kinds: AbstractSet[str], published: bool) -> Iterator[str]:
    """Yield the parts of tables that are empty where relations are of these kinds (``pg_class.relkind``) alone."""
    for part, of_kinds in {"views": "vm", "partitions": "p", "foreign tables": "f"}.items():
        if kinds.isdisjoint(of_kinds):
            yield part
    if not published:
        yield "publications"


def _outline(document: Json) -> Outline:
    rows = document["relations"] or ()
    names = {oid: Name(schema, name) for oid, schema, name, _, _ in rows}
    ties: dict[Name, set[Name]] = {}
    for one, other in _known(document["ties"] or (), names):
        ties.setdefault(one, set()).add(other)
        ties.setdefault(other, set()).add(one)
    return Outline(
        tables=frozenset(names[oid] for oid, _, _, kind, _ in rows if kind in _TABLES),
        relations={names[oid]: names.get(table, names[oid]) for oid, _, _, _, table in rows},
        ties={name: frozenset(others) for name, others in ties.items()},
        constraints=frozenset((schema, name) for schema, name in document["constraints"] or ()),
        sequences=frozenset(names[oid] for oid, _, _, kind, _ in rows if kind == _SEQUENCE),
    )


def _known(ties: Iterable[tuple[int, int]], names: dict[int, Name]) -> Iterator[tuple[Name, Name]]:
    return ((names[one], names[other]) for one, other in ties if one in names and other in names)


def _routines(rows: Iterable[list[Any]]) -> Iterator[Routine]:
    for (schema, name, language, body), group in groupby(rows, key=lambda row: tuple(row[:4])):
        uses = tuple(
            Use(None if table is None else Name(table_schema, table), how)
            for *_, table_schema, table, how in group
            if how is not None
        )
        yield Routine(Name(schema, name), language, body, uses)


def _others(document: Json) -> OtherObjects:
    local: dict[Name, set[str]] = {}
    for *table, column in document["local"] or ():
        local.setdefault(Name(*table), set()).add(column)
    return OtherObjects(
        local_columns=MappingProxyType({table: frozenset(columns) for table, columns in local.items()}),
        has_hidden=document["hidden"],
        has_hanging=document["hanging"],
        casts=tuple((_type(*one), _type(*two), context) for one, two, context in document["casts"] or ()),
        names=frozenset(document["names"] or ()),
        classes=frozenset((method, _type(*key)) for method, key in document["classes"] or ()),
        types=frozenset(Name(*name) for name in document["types"] or ()),
        typed=MappingProxyType({Name(*row[:2]): Name(*row[2:]) for row in document["typed"] or ()}),
        owned=MappingProxyType(
            {Name(*row[:2]): row[2] and (Name(*row[2:4]), row[4], row[5] == "i") for row in document["sequences"] or ()}
        ),
    )


def _type(schema: str, name: str, is_array: bool) -> Type:
    return Type(Name(schema, name), (), int(is_array))

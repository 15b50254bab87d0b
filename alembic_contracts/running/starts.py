"""A course and a scratch database to which its history was applied in, how the two starts differ out, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from alembic_contracts.schemas.schema import Name, Schema, Table

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from alembic_contracts.running.courses import Course

__all__ = ["difference"]

_Parts = Mapping[tuple[str, str], object]
"""Objects by kind and name."""


def difference(course: Course, scratch: Connection, version: int) -> str | None:
    """Return the first way in which what a course starts from is not what its history makes; None: in no way.

    Owners and what is granted differ from one database to the next although they run the same scripts, so these count
    for contracted tables alone, where facts can be about them. A server of another major version does not count as the
    same start: it has other catalogs.

    Args:
        course: starts from a database or a snapshot.
        scratch: shows what the history makes.
        version: of the scratch server, as ``server_version_num`` has it.
    """
    return next(_differences(course, scratch, version), None)


def _differences(course: Course, scratch: Connection, version: int) -> Iterator[str]:
    run, dialect = course.run, course.dialect
    made = dialect.observe(scratch, None)
    if run.connection is None:
        assert run.snapshot is not None  # noqa: S101 - one of the two it is
        yield from _of_version(run.snapshot.server_version, version)
        yield from _of_schemas(run.snapshot.schema, made, "the snapshot", run.context.version_table)
        return
    yield from _of_version(dialect.session(run.connection).server_version, version)
    there = dialect.observe(run.connection, None)
    yield from _of_schemas(there, made, "the database", run.context.version_table)
    yield from _of_parts(dialect.workings(run.connection), dialect.workings(scratch), "the database")
    yield from _of_access(course, there, made)


def _of_version(there: int, here: int) -> Iterator[str]:
    if there // 10000 != here // 10000:
        yield f"the database runs PostgreSQL {there // 10000}; shadow_url can name a server of that version"


def _of_schemas(there: Schema, made: Schema, where: str, version_table: str) -> Iterator[str]:
    def tables(schema: Schema) -> dict[tuple[str, str], object]:
        return {("table", str(n)): _bare(t) for n, t in schema.tables.items() if n.name != version_table}

    def types(schema: Schema) -> dict[tuple[str, str], object]:
        return {("type", str(name)): definition for name, definition in schema.types.items()}

    def names(schema: Schema) -> dict[tuple[str, str], object]:
        sequences = {("sequence", str(name)): None for name in schema.sequences}
        return {**sequences, **{("schema", name): None for name in schema.namespaces}}

    for parts in (tables, types, names):
        yield from _of_parts(parts(there), parts(made), where)


def _of_parts(there: _Parts, made: _Parts, where: str) -> Iterator[str]:
    for kind, name in sorted(there.keys() - made.keys()):
        yield f"{where} has the {kind} {name}, which the history does not make"
    for kind, name in sorted(made.keys() - there.keys()):
        yield f"the history makes the {kind} {name}, which {where} does not have"
    for kind, name in sorted(there):
        if there[kind, name] != made[kind, name]:
            yield f"the {kind} {name} is not in {where} as the history makes it"


def _bare(table: Table) -> Table:
    return replace(table, owner=None, grants=frozenset(), publications=())


def _of_access(course: Course, there: Schema, made: Schema) -> Iterator[str]:
    watched: list[Name] = sorted(name for name in course.before.tables if name in made.tables)
    for name in watched:
        one, other = there.tables[name], made.tables[name]
        if (one.grants, one.publications) != (other.grants, other.publications):
            yield f"the privileges and publications of {name} are not in the database as the history makes them"
    one_access, other_access = there.access, made.access
    if (one_access.default_grants, one_access.publications) != (other_access.default_grants, other_access.publications):
        yield "default privileges or publications are not in the database as the history makes them"

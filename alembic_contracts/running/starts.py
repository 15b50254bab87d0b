"""A course and a scratch database to which its history was applied in, how the two starts differ out, for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.dialects import replayable
from alembic_contracts.schemas.schema import Name, Schema, Table

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from alembic_contracts.running.courses import Course

__all__ = ["Start", "compared", "other_version"]

_Parts = Mapping[tuple[str, str], object]
"""Objects by kind and name."""


def other_version(course: Course, here: int) -> str | None:
    """Return that a scratch server is of another major version than the one a course starts from, None where it is not.

    Its catalogs would be others, and so would what scripts find in them.

    Args:
        course: starts from a database, a snapshot or nothing.
        here: the scratch server's version, as ``server_version_num`` has it.
    """
    run = course.run
    if run.connection is not None:
        there = course.dialect.session(run.connection).server_version
    elif run.snapshot is not None:
        there = run.snapshot.server_version
    else:
        return None
    if there // 10000 == here // 10000:
        return None
    return f"the database runs PostgreSQL {there // 10000}; shadow_url can name a server of that version"


class Start(Struct, frozen=True):
    """A scratch database beside what a course starts from."""

    difference: str | None = None
    """The first way in which they differ; None: in no way that decides what statements do."""
    same_texts: bool = True
    """Whether all expressions are printed in the same way; what was restored can be printed otherwise."""


def compared(course: Course, scratch: Connection, *, not_restored: str | None) -> Start:
    """Return how what a course starts from differs from what a scratch database has.

    Owners and what is granted differ from one database to the next although they run the same scripts, so these count
    for contracted tables alone, where facts can be about them.

    Args:
        course: starts from a database or a snapshot.
        scratch: has what was restored, or what the history makes.
        not_restored: why it is not what was restored; None: it is.
    """
    made, there = course.dialect.observe(scratch, None), _there(course)
    if not_restored is None:
        same_texts = next(_of_schemas(there, made, course, "", view=lambda table: table), None) is None
        return Start(
            next(_differences(course, scratch, there, made, "a restore by pg_dump", view=_without_texts), None),
            same_texts=same_texts,
        )
    found = next(_differences(course, scratch, there, made, "the history", view=lambda table: table), None)
    if found is None or course.run.connection is None:
        return Start(found)
    return Start(f"{found} (it could not be restored: {not_restored})")


def _without_texts(table: Table) -> Table:
    """Return a table without the expressions in it, which a restore is trusted to leave what they are."""
    return replace(
        table,
        columns=tuple(replace(c, default=c.default and "", expression=c.expression and "") for c in table.columns),
        constraints=tuple(replace(c, expression=c.expression and "") for c in table.constraints),
        indexes=tuple(
            replace(i, predicate=i.predicate and "", expressions=("",) * len(i.expressions)) for i in table.indexes
        ),
        definition=table.definition and "",
    )


def _there(course: Course) -> Schema:
    """Return what a course starts from: the whole of it."""
    run = course.run
    if run.connection is not None:
        return course.dialect.observe(run.connection, None, lock_timeout=run.lock_timeout)
    assert run.snapshot is not None  # noqa: S101 - one of the two it is
    return run.snapshot.schema


def _differences(
    course: Course, scratch: Connection, there: Schema, made: Schema, maker: str, *, view: Callable[[Table], Table]
) -> Iterator[str]:
    connection, workings = course.run.connection, replayable(course.dialect).workings
    yield from _of_schemas(there, made, course, maker, view=view)
    if connection is not None:
        yield from _of_parts(workings(connection), workings(scratch), "the database", maker)
        yield from _of_access(course, scratch, there, made, maker)


def _of_schemas(
    there: Schema, made: Schema, course: Course, maker: str, *, view: Callable[[Table], Table]
) -> Iterator[str]:
    version_table = course.run.context.version_table
    where = "the snapshot" if course.run.connection is None else "the database"

    def tables(schema: Schema) -> dict[tuple[str, str], object]:
        return {("table", str(n)): view(_bare(t)) for n, t in schema.tables.items() if n.name != version_table}

    def types(schema: Schema) -> dict[tuple[str, str], object]:
        return {("type", str(name)): definition for name, definition in schema.types.items()}

    def names(schema: Schema) -> dict[tuple[str, str], object]:
        sequences = {("sequence", str(name)): None for name in schema.sequences}
        return {**sequences, **{("schema", name): None for name in schema.namespaces}}

    for parts in (tables, types, names):
        yield from _of_parts(parts(there), parts(made), where, maker)


def _of_parts(there: _Parts, made: _Parts, where: str, maker: str) -> Iterator[str]:
    for kind, name in sorted(there.keys() - made.keys()):
        yield f"{where} has the {kind} {name}, which {maker} does not make"
    for kind, name in sorted(made.keys() - there.keys()):
        yield f"{maker} makes the {kind} {name}, which {where} does not have"
    for kind, name in sorted(there):
        if there[kind, name] != made[kind, name]:
            yield f"the {kind} {name} is not in {where} as {maker} makes it"


def _bare(table: Table) -> Table:
    return replace(
        table, owner=None, grants=frozenset(), unusable=frozenset(), publications=(), published_above=frozenset()
    )


def _of_access(course: Course, scratch: Connection, there: Schema, made: Schema, maker: str) -> Iterator[str]:
    watched: list[Name] = sorted(name for name in course.before.tables if name in made.tables)
    for name in watched:
        one, other = there.tables[name], made.tables[name]
        if (one.grants, one.publications) != (other.grants, other.publications):
            yield f"the privileges and publications of {name} are not in the database as {maker} makes them"
    grants, sent = there.access.default_grants, (there.access.publications, there.access.sending)
    if (grants, sent) != (made.access.default_grants, (made.access.publications, made.access.sending)):
        yield f"default privileges or publications are not in the database as {maker} makes them"
    session, connection = course.dialect.session, course.run.connection
    user, runs_here = session(connection).user if connection is not None else None, session(scratch).user
    if user != runs_here and not {user, runs_here}.isdisjoint(grant.role for grant in grants):
        yield f"default privileges go by who runs the scripts, which is {runs_here} on the scratch server"

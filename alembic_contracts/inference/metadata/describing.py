"""MetaData, and what was watched while it was filled, in; tables as the application uses them out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import ColumnProperty

from alembic_contracts.inference.metadata import places
from alembic_contracts.inference.metadata.tables import MappedColumn, MappedTable
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.uses import Place

if TYPE_CHECKING:
    from sqlalchemy.orm import Mapper

    from alembic_contracts.inference.metadata.made import Made

__all__ = ["tables_of"]

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call] # it has no types


def tables_of(tables: Iterable[sa.Table], made: Made, schema: str = "public") -> tuple[MappedTable, ...]:
    """Return what an application uses of some tables.

    Args:
        tables: of its MetaData.
        made: what was seen to be made while its modules were imported.
        schema: where tables without one are.
    """
    return tuple(_table(table, made, schema) for table in sorted(tables, key=lambda each: each.key))


def _table(table: sa.Table, made: Made, schema: str) -> MappedTable:
    mappers = made.of(table)
    what = f"model {mappers[0].class_.__name__}" if mappers else f"table {table.name}"
    at = _at_table(table, mappers, made)
    return MappedTable(
        name=Name(_plain(table.schema or schema), _plain(table.name)),
        place=_place(at, what),
        columns=tuple(_column(column, mappers, made, at) for column in table.columns),
        primary_key=tuple(_plain(column.name) for column in table.primary_key.columns),
        unique=tuple(sorted(set(_unique(table)))),
    )


def _unique(table: sa.Table) -> Iterator[tuple[str, ...]]:
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint):
            yield tuple(_plain(column.name) for column in constraint.columns)
    for index in table.indexes:
        whole = index.dialect_options["postgresql"].get("where") is None
        if index.unique and whole and all(isinstance(each, sa.Column) for each in index.expressions):
            yield tuple(_plain(column.name) for column in index.columns)


def _column(column: sa.Column[Any], mappers: list[Mapper[Any]], made: Made, at: places.At | None) -> MappedColumn:
    mapped = [(mapper, prop) for mapper in mappers if (prop := _property(mapper, column)) is not None]
    whole = not mappers or any(not _is_of_tables(mapper) for mapper in mappers)
    first = mapped[0] if mapped else None
    what = f"model {(first[0] if first else mappers[0]).class_.__name__}" if mappers else f"table {column.table.name}"
    found = places.line_of_attribute(first[0].class_, first[1].key) if first else None
    generated = column.computed is not None or bool(column.identity is not None and column.identity.always)
    automatic = column is column.table.autoincrement_column or column.identity is not None
    return MappedColumn(
        name=_plain(column.name),
        place=_place(found or _at_argument(column, made) or at, what),
        type=_type(column),
        nullable=bool(column.nullable),
        primary_key=bool(column.primary_key),
        deferred=bool(mapped) and not whole and all(prop.deferred for _, prop in mapped),
        excluded=not whole and not mapped and column.default is None and column.onupdate is None,
        returned=any(_is_returned(mapper, column) for mapper, _ in mapped),
        default=column.default is not None,
        server_default=column.default is None and (column.server_default is not None or automatic) and not generated,
        generated=generated,
        labels=tuple(map(str, column.type.enums)) if isinstance(column.type, sa.Enum) else (),
    )


def _property(mapper: Mapper[Any], column: sa.Column[Any]) -> ColumnProperty[Any] | None:
    """Return the attribute that a class has for a column, without configuring the class."""
    found = mapper._columntoproperty.get(column)  # noqa: SLF001 - the public way asks for all classes to be complete
    return found if isinstance(found, ColumnProperty) else None


def _is_returned(mapper: Mapper[Any], column: sa.Column[Any]) -> bool:
    """Whether an INSERT of a class has the server return what it makes of a column, which names it in RETURNING."""
    made = column.server_default is not None or column.server_onupdate is not None
    return made and bool(mapper.eager_defaults)  # "auto" of SQLAlchemy 2 is for servers that have RETURNING


def _is_of_tables(mapper: Mapper[Any]) -> bool:
    """Whether a class is mapped to a table or a join of some, whose columns are its attributes; not to a query."""
    waiting: list[Any] = [mapper.persist_selectable]
    while waiting:
        each = waiting.pop()
        if isinstance(each, sa.Join):
            waiting += [each.left, each.right]
        elif not isinstance(each, sa.Table):
            return False
    return True


def _type(column: sa.Column[Any]) -> str:
    try:
        return str(column.type.compile(dialect=_DIALECT)).lower()
    except (SQLAlchemyError, NotImplementedError):  # such as a type that only another database has
        return ""


def _at_table(table: sa.Table, mappers: list[Mapper[Any]], made: Made) -> places.At | None:
    for mapper in mappers:
        if mapper.local_table is table and (found := places.line_of_class(mapper.class_)) is not None:
            return found
    return made.where(table)


def _at_argument(column: sa.Column[Any], made: Made) -> places.At | None:
    where = made.where(column.table)
    return None if where is None else places.line_of_argument(*where, _plain(column.name))


def _plain(name: str) -> str:
    """Return a name without what SQLAlchemy remembers of how to quote it."""
    return "".join([*name])


def _place(at: places.At | None, what: str) -> Place:
    return Place("", None, what) if at is None else Place(places.file_name(at[0]), at[1], what)

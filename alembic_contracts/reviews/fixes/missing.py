"""What contracts state and a schema lacks in, the operations that create it out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from alembic.operations import MigrateOperation, ops
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import ARRAY, NullType, TypeEngine

from alembic_contracts import texts
from alembic_contracts.dialects.postgresql import quote, quote_name
from alembic_contracts.running.contract_first import table_of
from alembic_contracts.schemas.schema import Name, Schema

if TYPE_CHECKING:
    from sqlalchemy import Column, MetaData, Table

__all__ = ["Missing", "executed"]

_DEFAULT = "public"
"""Of PostgreSQL alone: others have no types of users."""


def executed(sql: str) -> ops.ExecuteSQLOp:
    """Return the operation that executes SQL; no colon in it is taken for a parameter."""
    return ops.ExecuteSQLOp(texts.without_parameters(sql))


class Missing:
    """Creates what a schema lacks."""

    def __init__(self, stated: MetaData, schema: Schema) -> None:
        """Begin with nothing.

        Args:
            stated: the tables that contracts state.
            schema: what is there.
        """
        self._stated, self._schema = stated, schema
        self._types: set[Name] = set()
        self._namespaces: set[str] = set()

    def tables(self, wanted: Collection[Name]) -> Iterator[tuple[Name, list[MigrateOperation]]]:
        """Yield the operations that create each of some tables, in an order that foreign keys allow.

        What is not yielded, contracts do not say enough of: a view, a type that is not known.
        """
        names: dict[str, list[Name]] = {}
        for name in sorted(wanted):
            table = table_of(self._stated, name)
            if table is not None:
                names.setdefault(table.key, []).append(name)
        for table in _sorted(self._stated):
            if table.key in names and _is_known(table.columns):
                created = ops.CreateTableOp.from_table(table)
                created.info = {}
                yield (
                    names[table.key][0],
                    [*self._namespace(table.schema or ""), *self._made(table.columns), created],
                )
                yield from ((name, []) for name in names[table.key][1:])

    def column(self, table: Name, column: str) -> list[MigrateOperation]:
        """Return the operations that add a column, none where contracts do not say enough of it."""
        found = table_of(self._stated, table)
        if found is None or column not in found.columns or not _is_known([found.columns[column]]):
            return []
        added = ops.AddColumnOp.from_column_and_tablename(found.schema, found.name, found.columns[column])
        return [*self._made([found.columns[column]]), added]

    def _namespace(self, schema: str) -> Iterator[MigrateOperation]:
        if schema and schema not in self._schema.namespaces | self._namespaces:
            self._namespaces.add(schema)
            yield executed(f"CREATE SCHEMA {quote(schema)}")

    def _made(self, columns: Iterable[Column[object]]) -> Iterator[MigrateOperation]:
        """Yield what creates the enums of columns; each is created once, and by nothing else."""
        for column in columns:
            type_ = _element(column.type)
            if not isinstance(type_, postgresql.ENUM):
                continue
            type_.create_type = False
            name = Name(type_.schema or _DEFAULT, str(type_.name))
            if name not in self._schema.types and name not in self._types:
                self._types.add(name)
                labels = ", ".join(f"'{label.replace(chr(39), chr(39) * 2)}'" for label in type_.enums)
                yield executed(f"CREATE TYPE {quote_name(name)} AS ENUM ({labels})")


def _sorted(stated: MetaData) -> list[Table]:
    try:
        return list(stated.sorted_tables)
    except SQLAlchemyError:  # a foreign key leads to a table of which no contract says anything
        return list(stated.tables.values())


def _is_known(columns: Iterable[Column[object]]) -> bool:
    return not any(isinstance(_element(column.type), NullType) for column in columns)


def _element(type_: TypeEngine[object]) -> TypeEngine[object]:
    return type_.item_type if isinstance(type_, ARRAY) else type_

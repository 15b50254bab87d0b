"""A schema as lines of text, to be compared and read: what an inspected database shows of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic_contracts.dialects import Dialect
    from alembic_contracts.schemas.schema import Column, Constraint, Schema, Table


def described(schema: Schema, dialect: Dialect) -> list[str]:
    """One line for each table, column, constraint and index that is not a constraint's."""
    return [line for name in sorted(schema.tables) for line in _table(schema.tables[name], schema, dialect)]


def _table(table: Table, schema: Schema, dialect: Dialect) -> Iterator[str]:
    yield f"{table.kind} {table.name}" + ("" if table.complete else ", unknown")
    for column in table.columns:
        yield _column(column, schema, dialect)
    yield from sorted(map(_constraint, table.constraints))
    for index in table.indexes:
        if index.constraint is None:
            where = f" WHERE {index.predicate}" if index.predicate else ""
            columns = ", ".join(column or "an expression" for column in index.columns)
            yield f"{'UNIQUE ' if index.unique else ''}INDEX {index.name} ({columns}){where}"


def _column(column: Column, schema: Schema, dialect: Dialect) -> str:
    if column.type is None:
        return f"{column.name} unknown"
    type_ = f"{dialect.format_type(column.type)}, {dialect.family(column.type, schema.types)}"
    further = [
        "NOT NULL" if column.not_null else "",
        f"DEFAULT {column.default}" if column.default is not None else "",
        f"IDENTITY {column.identity}" if column.identity else "",
        f"GENERATED {column.generated} {column.expression}" if column.generated else "",
        f"COLLATE {column.collation}" if column.collation else "",
    ]
    return " ".join(filter(None, [f"{column.name} {type_}", *further]))


def _constraint(constraint: Constraint) -> str:
    columns = f" ({', '.join(constraint.columns)})" if constraint.columns else ""
    points = (
        f" -> {constraint.references} ({', '.join(constraint.referenced_columns)})" if constraint.references else ""
    )
    actions = f" UPDATE {constraint.on_update}" if constraint.on_update else ""
    actions += f" DELETE {constraint.on_delete}" if constraint.on_delete else ""
    expression = f" {constraint.expression}" if constraint.expression else ""
    return f"{constraint.kind.upper()} {constraint.name}{columns}{points}{actions}{expression}"

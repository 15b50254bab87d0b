"""Breaks of a contract, and the ways in which people write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from alembic_contracts.schemas.schema import Column, Table

__all__ = ["BREAKS", "STYLES", "Break", "Make", "quoted", "snippet"]

STYLES = ("op", "batch", "sql", "bind", "helper", "inspector", "do")
"""Alembic operation, batch mode, text, driver-level text, helper function, found by inspection, PL/pgSQL block."""


@dataclass(frozen=True, slots=True)
class Break:
    """One change that breaks a contract on a table, in Alembic's words and in SQL."""

    kind: str
    table: Table
    column: Column | None
    operation: str
    """Method of ``op`` without the table: ``drop_column({table}'c')``; ``{table}`` stands for its first argument."""
    sql: str
    """Statements, each on a line."""


def quoted(name: str) -> str:
    """Return a name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def _relation(table: Table) -> str:
    return f"{quoted(table.name.schema)}.{quoted(table.name.name)}"


def _drop_column(table: Table, column: Column, _random: Random) -> Break:
    sql = f"ALTER TABLE {_relation(table)} DROP COLUMN {quoted(column.name)}"
    return Break("drop column", table, column, f"drop_column({{table}}{column.name!r})", sql)


def _rename_column(table: Table, column: Column, _random: Random) -> Break:
    new = f"{column.name[:50]}_renamed"
    operation = f"alter_column({{table}}{column.name!r}, new_column_name={new!r})"
    sql = f"ALTER TABLE {_relation(table)} RENAME COLUMN {quoted(column.name)} TO {quoted(new)}"
    return Break("rename column", table, column, operation, sql)


_OTHER_TYPES: Mapping[str, tuple[str, str]] = {
    "int4": ("sa.BigInteger()", "bigint"),
    "int8": ("sa.Integer()", "integer"),
    "varchar": ("sa.Text()", "text"),
    "text": ("sa.String(700)", "varchar(700)"),
    "timestamp": ("sa.DateTime(timezone=True)", "timestamp with time zone"),
    "timestamptz": ("sa.DateTime()", "timestamp without time zone"),
    "json": ("sa.Text()", "text"),
    "float8": ("sa.Numeric(20, 4)", "numeric(20,4)"),
}


def _retype(table: Table, column: Column, _random: Random) -> Break:
    internal = column.type.name.name if column.type is not None and not column.type.dimensions else ""
    python, spelling = _OTHER_TYPES.get(internal, ("sa.Text()", "text"))
    name = quoted(column.name)
    using = f"{name}::{spelling}"
    operation = f"alter_column({{table}}{column.name!r}, type_={python}, postgresql_using={using!r})"
    sql = f"ALTER TABLE {_relation(table)} ALTER COLUMN {name} TYPE {spelling} USING {using}"
    return Break("retype", table, column, operation, sql)


def _nullability(table: Table, column: Column, _random: Random) -> Break:
    operation = f"alter_column({{table}}{column.name!r}, nullable={column.not_null})"
    change = "DROP" if column.not_null else "SET"
    sql = f"ALTER TABLE {_relation(table)} ALTER COLUMN {quoted(column.name)} {change} NOT NULL"
    return Break("nullability", table, column, operation, sql)


def _drop_key(table: Table, _column: Column, _random: Random) -> Break:
    name = next((c.name for c in table.constraints if c.kind == "primary key"), "no_key")
    operation = f"drop_constraint({name!r}, {{table}}type_='primary')"
    sql = f"ALTER TABLE {_relation(table)} DROP CONSTRAINT {quoted(name)} CASCADE"
    return Break("drop key", table, None, operation, sql)


def _drop_table(table: Table, _column: Column, _random: Random) -> Break:
    return Break("drop table", table, None, "drop_table({table})", f"DROP TABLE {_relation(table)} CASCADE")


def _rename_table(table: Table, _column: Column, _random: Random) -> Break:
    new = f"{table.name.name[:50]}_renamed"
    sql = f"ALTER TABLE {_relation(table)} RENAME TO {quoted(new)}"
    return Break("rename table", table, None, f"rename_table({{table}}{new!r})", sql)


Make = Callable[[Table, Column, Random], Break]
BREAKS: tuple[Make, ...] = (
    _drop_column,
    _drop_column,
    _rename_column,
    _rename_column,
    _retype,
    _retype,
    _nullability,
    _nullability,
    _drop_key,
    _drop_table,
    _rename_table,
)
"""Those of columns twice: that is where breaks are made."""


def snippet(breaking: Break, style: str) -> tuple[list[str], list[str]]:
    """Write a break in a style.

    Returns:
        lines for the body of ``upgrade``, and lines for the end of the module.
    """
    head = ["from alembic import op", "import sqlalchemy as sa"]
    schema = "" if breaking.table.name.schema == "main" else f", schema={breaking.table.name.schema!r}"
    first = f"{breaking.table.name.name!r}, "
    call = f"op.{breaking.operation.format(table=first).removesuffix(')').removesuffix(', ')}{schema})"
    if style == "batch" and "table(" not in breaking.operation:
        batch = f"with op.batch_alter_table({breaking.table.name.name!r}{schema}) as batch:"
        return [*head, batch, f"    batch.{breaking.operation.format(table='')}"], []
    if style == "bind":
        return [*head, *(f"op.get_bind().exec_driver_sql({each!r})" for each in breaking.sql.splitlines())], []
    if style == "helper":
        helper = [
            "",
            "",
            "def _tidy_up(statement, bind):",
            "    bind.execute(__import__('sqlalchemy').text(statement))",
        ]
        return [
            *head,
            f"for statement in {breaking.sql.splitlines()!r}:",
            "    _tidy_up(statement, op.get_bind())",
        ], helper
    if style == "inspector":
        place = f"{breaking.table.name.name!r}{schema}"
        column = breaking.column.name if breaking.column is not None else None
        test = "True" if column is None else f"column['name'] == {column!r}"
        found = f"found = [1 for column in sa.inspect(op.get_bind()).get_columns({place}) if {test}]"
        return [*head, found, "if found:", f"    {call}"], []
    if style == "do":
        return [*head, f"op.execute(sa.text({'DO $break$ BEGIN ' + breaking.sql + '; END $break$'!r}))"], []
    if style == "sql":
        return [*head, *(f"op.execute({each!r})" for each in breaking.sql.splitlines())], []
    return [*head, call], []

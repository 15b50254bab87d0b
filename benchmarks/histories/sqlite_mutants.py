"""Breaks of a contract as people write them for SQLite, which alters little by itself: the rest is made anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from alembic_contracts.dialects import sqlite
from alembic_contracts.schemas.schema import Column, Constraint, Table
from benchmarks.histories import mutants
from benchmarks.histories.mutants import Break, Make, quoted

__all__ = ["BREAKS", "STYLES"]

STYLES = tuple(style for style in mutants.STYLES if style != "do")


def _as_there(make: Make) -> Make:
    """Return what makes a break with statements that SQLite has as well."""

    def made(table: Table, column: Column, random: Random) -> Break:
        breaking = make(table, column, random)
        sql = breaking.sql.replace(f"ALTER TABLE {quoted(table.name.schema)}.", "ALTER TABLE ")
        return replace(breaking, sql=sql.removesuffix(" CASCADE"))

    return made


_OTHER_TYPES = {"INTEGER": "sa.Text()", "TEXT": "sa.String(700)", "JSON": "sa.Text()", "DATETIME": "sa.Date()"}


def _retype(table: Table, column: Column, _random: Random) -> Break:
    name = column.type.name.name if column.type is not None else ""
    other = _OTHER_TYPES.get(name, "sa.BigInteger()")
    operation = f"alter_column({{table}}{column.name!r}, type_={other})"
    spelt = {"sa.Text()": "TEXT", "sa.String(700)": "VARCHAR(700)", "sa.Date()": "DATE"}.get(other, "BIGINT")
    changed = _with_column(table, column.name, f"{quoted(column.name)} {spelt}{_rest(column)}")
    return Break("retype", table, column, operation, changed)


def _nullability(table: Table, column: Column, _random: Random) -> Break:
    operation = f"alter_column({{table}}{column.name!r}, nullable={column.not_null})"
    other = Column(name=column.name, type=column.type, not_null=not column.not_null, default=column.default)
    return Break("nullability", table, column, operation, _with_column(table, column.name, _spelt(other)))


def _drop_key(table: Table, _column: Column, _random: Random) -> Break:
    name = next((c.name for c in table.constraints if c.kind == "primary key"), "") or "no_key"
    operation = f"drop_constraint({name!r}, {{table}}type_='primary')"
    return Break("drop key", table, None, operation, _rebuilt(table, [_spelt(c) for c in table.columns], key=False))


def _with_column(table: Table, name: str, text: str) -> str:
    return _rebuilt(table, [text if each.name == name else _spelt(each) for each in table.columns], key=True)


def _rebuilt(table: Table, columns: list[str], *, key: bool) -> str:
    name, new = quoted(table.name.name), quoted(f"{table.name.name}_new")
    kept = (c for c in table.constraints if c.kind != "primary key" or key)
    parts = ", ".join([*columns, *(text for c in kept for text in _constraint(c))])
    return "\n".join(
        [
            f"CREATE TABLE {new} ({parts})",
            f"INSERT INTO {new} SELECT * FROM {name}",
            f"DROP TABLE {name}",
            f"ALTER TABLE {new} RENAME TO {name}",
        ]
    )


def _spelt(column: Column) -> str:
    spelt = "" if column.type is None else sqlite.format_type(column.type)
    return f"{quoted(column.name)} {spelt}{' NOT NULL' if column.not_null else ''}{_rest(column)}"


def _rest(column: Column) -> str:
    return "" if column.default is None else f" DEFAULT ({column.default})"


def _constraint(constraint: Constraint) -> Iterator[str]:
    columns = ", ".join(map(quoted, constraint.columns))
    if constraint.kind in ("primary key", "unique"):
        yield f"{constraint.kind.upper()} ({columns})"
    elif constraint.kind == "foreign key" and constraint.references is not None:
        referenced = ", ".join(map(quoted, constraint.referenced_columns))
        yield f"FOREIGN KEY ({columns}) REFERENCES {quoted(constraint.references.name)} ({referenced})"


_OWN = {"_retype": _retype, "_nullability": _nullability, "_drop_key": _drop_key}
BREAKS: tuple[Make, ...] = tuple(_OWN.get(make.__name__) or _as_there(make) for make in mutants.BREAKS)

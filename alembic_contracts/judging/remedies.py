"""A violation's place in, the names that its remedy can use out: the user's own, so that it can be pasted."""

from __future__ import annotations

import re
from collections.abc import Sequence

from alembic_contracts.contracts.contract import Fact, ForeignKey, Privileges, Publication
from alembic_contracts.dialects import Dialect
from alembic_contracts.judging.moments import Moment
from alembic_contracts.schemas.schema import Column, Name, Table

__all__ = ["EXAMPLES", "names", "renamed"]

EXAMPLES = {
    "sql_table": "public.orders",
    "sql_column": "total",
    "became": "bigint",
    "held_type": "integer",
    "new": "total_new",
    "new_table": "public.purchases",
    "nullable": "False",
    "columns": '["total"]',
    "key": "total",
    "condition": "total > 0",
    "sql_columns": "total",
    "referenced": "public.customers",
    "privileges": "SELECT",
    "role": "analytics",
    "publication": "changes",
}
"""For those who show a rule without a violation of it."""

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_RENAME = re.compile(r'RENAME TO (?:"((?:[^"]|"")+)"|(\w+))', re.IGNORECASE)


def names(fact: Fact, history: Sequence[Moment], index: int, dialect: Dialect) -> dict[str, str]:
    """Return what a rule's remedy can name, besides what its messages can.

    Args:
        fact: what is broken.
        history: of the fact's table.
        index: the moment at which it is.
        dialect: knows how types are written.
    """
    after = _column(history[index].table, fact.column)
    before = next((c for m in reversed(history[:index]) if (c := _column(m.table, fact.column)) is not None), after)
    new = renamed(fact, history, index)
    return {
        **EXAMPLES,
        **_of_expected(fact),
        "sql_table": _sql(fact.table),
        "sql_column": _quoted(fact.column or ""),
        "became": _spelled(after, dialect),
        "held_type": _spelled(before, dialect),
        "new": _quoted(new or f"{fact.column}_new"),
        "new_table": f"{_quoted(fact.table.schema)}.{_quoted(new or fact.table.name)}",
        "nullable": str(bool(fact.expected)),
    }


def renamed(fact: Fact, history: Sequence[Moment], index: int) -> str | None:
    """Return the name that the column or table has got in the run, None where it was not renamed."""
    for position in range(index, 0, -1):
        before, now = history[position - 1].table, history[position]
        if before is None or (fact.column is not None and before.column(fact.column) is None):
            continue
        if fact.column is not None:
            label = now.operation.label.upper() if now.operation is not None else ""
            told = label not in {"", "COMMIT"}  # what was only observed at its end may have been a rename
            return None if told and "RENAME" not in label else _new_column(before, now.table, fact.column)
        return _new_table(now) if now.table is None else None
    return None


def _new_table(moment: Moment) -> str | None:
    found = _RENAME.search(moment.operation.label) if moment.operation is not None else None
    return None if found is None else (found[1] or found[2]).replace('""', '"')


def _new_column(before: Table, after: Table | None, column: str) -> str | None:
    """Return the column in the same position with the same type: a column that is added comes last."""
    if after is None or after.column(column) is not None or len(before.columns) != len(after.columns):
        return None
    position = [each.name for each in before.columns].index(column)
    other = after.columns[position]
    return other.name if before.column(other.name) is None and other.type == before.columns[position].type else None


def _spelled(column: Column | None, dialect: Dialect) -> str:
    return "text" if column is None or column.type is None else dialect.format_type(column.type)


def _column(table: Table | None, name: str | None) -> Column | None:
    return None if table is None or name is None else table.column(name)


def _of_expected(fact: Fact) -> dict[str, str]:
    """Return the names in what the fact states."""
    match fact.expected:
        case ForeignKey() as key:
            found = {
                **_columns(key.columns),
                "referenced": f"{_sql(key.table)}{_in_parentheses(key.referenced_columns)}",
            }
        case Privileges() as stated:
            columns = f" ({_quoted(fact.column)})" if fact.column else ""
            found = {
                "privileges": ", ".join(f"{each}{columns}" for each in stated.privileges),
                "role": _quoted(stated.role),
            }
        case Publication() as stated:
            found = {"publication": _quoted(stated.name)}
        case tuple(columns):
            found = _columns(columns)
        case str(condition):
            found = {"condition": (condition or "NULL").replace("\\", "\\\\").replace('"', '\\"')}
        case _:
            found = {}
    return {**_columns((fact.column or "",)), **found}


def _columns(columns: Sequence[str]) -> dict[str, str]:
    return {
        "columns": f"[{', '.join(_literal(column) for column in columns)}]",
        "sql_columns": ", ".join(_quoted(column) for column in columns),
        "key": "_".join(columns),
    }


def _in_parentheses(columns: Sequence[str]) -> str:
    return f" ({', '.join(_quoted(column) for column in columns)})" if columns else ""


def _sql(name: Name) -> str:
    return ".".join(_quoted(part) for part in name)


def _literal(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _quoted(name: str | None) -> str:
    """Return a name as in SQL that stands in a Python string."""
    if name is None or _PLAIN.fullmatch(name):
        return name or ""
    return '\\"' + name.replace("\\", "\\\\").replace('"', '\\"\\"') + '\\"'

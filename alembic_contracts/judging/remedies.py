"""A violation's place in, the names that its remedy can use out: the user's own, so that it can be pasted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from alembic_contracts import texts
from alembic_contracts.contracts.contract import Fact, ForeignKey, Privileges, Publication
from alembic_contracts.dialects import Dialect
from alembic_contracts.judging.moments import Moment
from alembic_contracts.schemas.schema import Column, Name, Table

__all__ = ["EXAMPLES", "names", "renamed", "rendered"]

EXAMPLES = {
    "sql_table": "public.orders",
    "sql_column": "total",
    "sql_expected": '\\"C\\"',
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

_RENAME = re.compile(r'RENAME TO (?:"((?:[^"]|"")+)"|(\w+))', re.IGNORECASE)


_PYTHON = frozenset(("columns", "nullable", "schema"))
"""Names that are code themselves; the others stand between the double quotes of a literal."""
_NO_SQL = frozenset(("table_name", "column", "key"))
_PARAMETER = re.compile(r"(?<![:\w\\]):(?=\w+(?!:))")


def rendered(template: str, fields: Mapping[str, str]) -> str:
    """Return a rule's template with its fields filled in, so that its code can be pasted whatever their texts are.

    Args:
        template: prose, and lines of code, which are indented by four spaces.
        fields: what it can name, as plain texts.
    """
    prose = {name: texts.line(text) for name, text in fields.items()}
    code = {name: text if name in _PYTHON else texts.in_quotes(_of_sql(name, text)) for name, text in fields.items()}
    return "\n".join(line.format(**(code if line.startswith("    ") else prose)) for line in template.split("\n"))


def _of_sql(name: str, text: str) -> str:
    """Return SQL so that SQLAlchemy takes no colon in it for a parameter; what is no SQL as it is."""
    return text if name in _NO_SQL else _PARAMETER.sub(r"\\:", text)


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
        **_of_expected(fact, dialect),
        "sql_table": _sql(fact.table, dialect),
        "sql_column": dialect.quote(fact.column) if fact.column else "",
        "sql_expected": dialect.quote(fact.expected) if isinstance(fact.expected, str) else "",
        "became": _spelled(after, dialect),
        "held_type": _spelled(before, dialect),
        "new": dialect.quote(new or f"{fact.column}_new"),
        "new_table": _sql(Name(fact.table.schema, new or fact.table.name), dialect),
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


def _of_expected(fact: Fact, dialect: Dialect) -> dict[str, str]:
    """Return the names in what the fact states."""
    match fact.expected:
        case ForeignKey() as key:
            found = {
                **_columns(key.columns, dialect),
                "referenced": f"{_sql(key.table, dialect)}{_in_parentheses(key.referenced_columns, dialect)}",
            }
        case Privileges() as stated:
            columns = f" ({dialect.quote(fact.column)})" if fact.column else ""
            found = {
                "privileges": ", ".join(f"{each}{columns}" for each in stated.privileges),
                "role": stated.role if stated.role == "PUBLIC" else dialect.quote(stated.role),
            }
        case Publication() as stated:
            found = {"publication": dialect.quote(stated.name)}
        case tuple(columns):
            found = _columns(columns, dialect)
        case str(condition):
            found = {"condition": condition or "NULL"}
        case _:
            found = {}
    return {**_columns((fact.column or "",), dialect), **found}


def _columns(columns: Sequence[str], dialect: Dialect) -> dict[str, str]:
    return {
        "columns": f"[{', '.join(map(texts.quoted, columns))}]",
        "sql_columns": ", ".join(map(dialect.quote, columns)),
        "key": "_".join(columns),
    }


def _in_parentheses(columns: Sequence[str], dialect: Dialect) -> str:
    return f" ({', '.join(map(dialect.quote, columns))})" if columns else ""


def _sql(name: Name, dialect: Dialect) -> str:
    return ".".join(map(dialect.quote, name))

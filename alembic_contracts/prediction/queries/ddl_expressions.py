"""A default, check or index expression in, the refusal out where it mentions what is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.queries.calls import calls_in, check_calls
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.sql.mentions import columns_of
from alembic_contracts.prediction.sql.system import SYSTEM_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Collection

    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Table

__all__ = ["check_columns", "check_default", "check_functions"]


def check_default(run: Execution, node: Node) -> str:
    """Return the text of a DEFAULT.

    Raises:
        PostgresError: 0A000 it refers to a column or has a subquery, 42883 it calls a function that does not exist.
    """
    for message in parser.walk(node):
        if message.DESCRIPTOR.name == "ColumnRef":
            raise sqlstate.feature_not_supported("cannot use column reference in DEFAULT expression")
        if message.DESCRIPTOR.name == "SubLink":
            raise sqlstate.feature_not_supported("cannot use subquery in DEFAULT expression")
    check_functions(run, node)
    return parser.deparse_expression(node)


def check_columns(run: Execution, node: Node, table: Table, columns: Collection[str] | None = None) -> tuple[str, ...]:
    """Return the table's columns that an expression of a check, index or generated column mentions.

    Raises:
        PostgresError: 42703 there is no such column, 42883 it calls a function that does not exist.
    """
    known = columns if columns is not None else [column.name for column in table.columns]
    mentioned = columns_of(node)
    for name in mentioned:
        if name not in known and name not in SYSTEM_COLUMNS and name not in {"*", table.name.name} and table.complete:
            raise sqlstate.undefined_column(name)
    check_functions(run, node)
    if "*" in mentioned or (table.name.name in mentioned and table.name.name not in known):
        return tuple(known)
    return tuple(name for name in mentioned if name in known)


def check_functions(run: Execution, node: Node) -> None:
    """Refuse calls of functions, and names of relations in literals, that do not exist, where that is known.

    Raises:
        PostgresError: 42883, 42P01.
    """
    check_calls(run, calls_in(node), rows=False)

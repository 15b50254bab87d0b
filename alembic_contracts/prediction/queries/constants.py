"""A default value and its column's type in, the refusal out where the server would not store it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.type_names import shown
from alembic_contracts.prediction.queries.analysis import Analysis
from alembic_contracts.prediction.queries.coercion import require_coercion
from alembic_contracts.prediction.queries.expressions import Expressions
from alembic_contracts.prediction.sql.scopes import Scope, of_table

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Column, Table

__all__ = ["check_fits"]


def check_fits(run: Execution, column: Column, node: Node, table: Table | None = None) -> None:
    """Refuse a default or generation expression that cannot be stored in a column.

    Args:
        run: the statement.
        column: the column.
        node: the (wrapped) expression.
        table: whose columns it may use, None for a default, which must not use any.

    Raises:
        PostgresError: 42804 it is of another type, 22P02 or 22007 the literal has not the type's form, 55P04 it is an
            enum's value that was added in this transaction.
    """
    type_ = column.type
    if type_ is None:
        return
    scope = Scope([of_table(table, table.name.name)] if table is not None else [])
    found = Expressions(Analysis(run), scope, {}).infer_as(node, type_)
    one, two = shown(type_, run.state), shown(found, run.state)
    message = f'column "{column.name}" is of type {one} but default expression is of type {two}'
    require_coercion(run, found, type_, "a", message)

"""A query in, the calls in it out, or the refusal where a name in it does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.queries.analysis import Analysis
from alembic_contracts.prediction.queries.calls import calls_in, calls_of, check_calls

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["check_query"]


def check_query(run: Execution, node: Node) -> list[Node]:
    """Look up all names in a query or a statement that changes rows; remember what it reads.

    Returns:
        The calls of functions in it.

    Raises:
        PostgresError: 42P01, 42703, 42883 ... as the server would.
    """
    analysis = Analysis(run)
    analysis.query(node, run.scope)
    run.reads.update(analysis.reads)
    calls = calls_of(run.statement) if run.statement.node is node else list(calls_in(node))
    check_calls(run, calls)
    return calls

"""Random sequences of statements leave the same schema in the in-memory catalog and on a real PostgreSQL.

The catalog starts from nothing, or from what it observes after a few of them.

The long run: ``python -m benchmarks.sequences``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.sequences import disagreement, sequence

if TYPE_CHECKING:
    from tests.support.parity import Server


@settings(max_examples=120, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(statements=sequence, known=st.none() | st.integers(0, 10))
def test_sequences(statements: list[str], known: int | None, server: Server) -> None:
    assert disagreement(statements, server, known=known) is None

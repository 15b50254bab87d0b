"""What contracts of writers rely on without a word: a check that another one takes the place of refuses no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.implied import Case, is_told

if TYPE_CHECKING:
    from pathlib import Path

    import sqlalchemy as sa

CHECK = "23514"


def loosened(before: str, after: str, *, use: str, refused: str | None = None) -> Case:
    """A CHECK of ``t`` that becomes another one."""
    return Case(
        f"CREATE TABLE t (c integer, b text, CONSTRAINT q CHECK ({before}))",
        f"ALTER TABLE t DROP CONSTRAINT q; ALTER TABLE t ADD CONSTRAINT q CHECK ({after})",
        f"INSERT INTO t VALUES {use}",
        refused,
        "new-constraint" if refused else None,
    )


LOOSENED = [
    loosened("b IN ('x', 'y')", "b IN ('x', 'z', 'y')", use="(1, 'x'), (1, 'y')"),
    loosened("b = 'x'", "b IN ('x', 'y')", use="(1, 'x')"),
    loosened("b IN ('x', 'y')", "b IN ('x', 'z')", use="(1, 'y')", refused=CHECK),
    loosened("b NOT IN ('x', 'y')", "b NOT IN ('x', 'y', 'z')", use="(1, 'z')", refused=CHECK),
    loosened("c > 0", "c > -1", use="(1, 'x')"),
    loosened("c > 0", "c >= 0", use="(1, 'x')"),
    loosened("c >= 0", "c > 0", use="(0, 'x')", refused=CHECK),
    loosened("c < 5", "c < 4", use="(4, 'x')", refused=CHECK),
    loosened("c <> 0", "c <> 1", use="(1, 'x')", refused=CHECK),
    loosened("c > 0 AND c < 5", "c > 0 AND c < 10", use="(4, 'x')"),
    loosened("c BETWEEN 1 AND 5", "c BETWEEN 0 AND 6", use="(1, 'x'), (5, 'x')"),
    loosened("c > 0 OR c < -5", "c > 0", use="(-6, 'x')", refused=CHECK),
    loosened("c > 5", "c > 0 OR c < -5", use="(6, 'x')"),
]


@pytest.mark.parametrize("case", LOOSENED, ids=lambda case: case.change)
def test_who_is_refused_is_told(case: Case, connection: sa.Connection, tmp_path: Path) -> None:
    is_told(case, connection, tmp_path)

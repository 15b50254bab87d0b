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
    loosened("c > 0 AND b <> ''", "c > 0", use="(1, 'x')"),
    loosened("c > 0 AND b <> ''", "c > 0), ADD CONSTRAINT r CHECK (b <> ''", use="(1, 'x')"),
    loosened("c > 0 AND b <> ''", "c > 1", use="(1, 'x')", refused=CHECK),
]


def added(column: str, refused: str | None = None, *, told: bool | None = None) -> Case:
    """A column that is new, with what it asks of rows of writers that do not know it."""
    is_told = bool(refused) if told is None else told
    rule = "new-constraint" if is_told else None
    return Case(
        "CREATE TABLE t (c integer)", f"ALTER TABLE t ADD COLUMN {column}", "INSERT INTO t VALUES (1)", refused, rule
    )


ADDED = [
    added("n integer NOT NULL DEFAULT 0 CHECK (n >= 0)"),
    added("n integer NOT NULL DEFAULT 0 CHECK (n > 0)", CHECK),
    added("n varchar(8) NOT NULL DEFAULT 'new' CHECK (n IN ('new', 'old'))"),
    added("n varchar(8) NOT NULL DEFAULT 'NEW' CHECK (n IN ('new', 'old'))", CHECK),
    added("n text DEFAULT '' CHECK (n = '')"),
    added("n text CHECK (length(n) > 0)"),
    added("n integer CHECK (n IS NULL OR n > 0)"),
    added("n integer CHECK (n IS NOT NULL)", CHECK),
    added("n integer CHECK (NOT (n IS NULL))", CHECK),
    added("n boolean DEFAULT true CHECK (n)"),
    added("n boolean DEFAULT false CHECK (n)", CHECK),
    added("n boolean DEFAULT false CHECK (NOT n)"),
    added("n integer DEFAULT 5 CHECK (n BETWEEN 1 AND 9 AND n <> 4)"),
    added("n numeric DEFAULT 0.5 CHECK (n < 1)"),
    added("n integer CHECK (n = c)"),
    added("n integer CHECK (n + 1 <> c * 2)"),
    added("n integer CHECK (n > 0 AND c > 5)", CHECK),
    added("n integer CHECK ((n, c) = (1, 2))", CHECK),
    added("n integer DEFAULT 3 CHECK (n = c)", CHECK),
    added("n integer CHECK (coalesce(n, 0) > 0)", CHECK),
    added("n integer NOT NULL DEFAULT 1.5 CHECK (n < 2)", CHECK),
    added("n bigint DEFAULT 0.5 CHECK (n <> 1)", CHECK),
    added("n boolean DEFAULT 't' CHECK (n::text = 't')", CHECK),
    added("n text DEFAULT 5 CHECK (n > '10')", told=True),
    # A scale rounds what a default is written as; what a function makes of a literal is not worked out.
    added("n numeric(3, 1) DEFAULT 0.96 CHECK (n < 1)", CHECK),
    added("n text DEFAULT 'x' CHECK (length(n) = 1)", told=True),
    added("n text COLLATE \"C\" DEFAULT 'x' CHECK (n <> 'y')", told=True),
]


@pytest.mark.parametrize("case", [*LOOSENED, *ADDED], ids=lambda case: case.change)
def test_who_is_refused_is_told(case: Case, connection: sa.Connection, tmp_path: Path) -> None:
    is_told(case, connection, tmp_path)

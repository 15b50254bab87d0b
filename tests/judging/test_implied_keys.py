"""What contracts of writers rely on without a word: foreign keys and exclusions that are made anew otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.implied import Case, is_told

if TYPE_CHECKING:
    from pathlib import Path

    import sqlalchemy as sa

FOREIGN = "23503"
PAIR = "CREATE TABLE p (a integer, b integer, PRIMARY KEY (a, b)); INSERT INTO p VALUES (5, 6); "
PAIRED = f"{PAIR}CREATE TABLE t (c integer, d integer, CONSTRAINT f FOREIGN KEY (c, d) REFERENCES p (a, b))"
FULL = PAIRED.replace("(a, b))", "(a, b) MATCH FULL)").replace("PRIMARY KEY (a, b) MATCH FULL", "PRIMARY KEY (a, b)")
FILLED = PAIRED.replace("d integer", "d integer NOT NULL").replace("c integer", "c integer NOT NULL")
ANEW = "ALTER TABLE t DROP CONSTRAINT f; ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY"
HALF = "INSERT INTO t (d) VALUES (7)"
RANGES = "CREATE TABLE t (c int4range, CONSTRAINT f EXCLUDE USING gist (c WITH {}))"
EXCLUDES = "ALTER TABLE t DROP CONSTRAINT f; ALTER TABLE t ADD CONSTRAINT f EXCLUDE USING gist"
TWICE = "INSERT INTO t VALUES ('[1,3)'), ('[2,4)')"
EXCLUSIONS = [
    Case(RANGES.format("="), f"{EXCLUDES} (c WITH &&)", TWICE, "23P01", "new-constraint"),
    Case(RANGES.format("&&"), f"{EXCLUDES} (c WITH &&)", "INSERT INTO t VALUES ('[1,3)')"),
    Case(
        RANGES.format("&&) WHERE (lower(c) > 5"),
        f"{EXCLUDES} (c WITH &&) WHERE (lower(c) > 0)",
        TWICE,
        "23P01",
        "new-constraint",
        foreseen=False,
    ),
]
COMPOSITE = [
    Case(PAIRED, f"{ANEW} (d, c) REFERENCES p (a, b)", "INSERT INTO t VALUES (5, 6)", FOREIGN, "new-constraint"),
    Case(PAIRED, f"{ANEW} (d, c) REFERENCES p (b, a)", "INSERT INTO t VALUES (5, 6)"),
    Case(PAIRED, f"{ANEW} (c, d) REFERENCES p MATCH FULL", HALF, FOREIGN, "new-constraint"),
    Case(FULL, f"{ANEW} (c, d) REFERENCES p", "INSERT INTO t VALUES (5, 6)"),
    Case(FULL, f"{ANEW} (c, d) REFERENCES p MATCH FULL", "INSERT INTO t VALUES (5, 6)"),
    Case(FILLED, f"{ANEW} (c, d) REFERENCES p MATCH FULL", "INSERT INTO t VALUES (5, 6)"),
    Case(
        "CREATE TABLE p (a integer PRIMARY KEY); INSERT INTO p VALUES (5); "
        "CREATE TABLE t (c integer CONSTRAINT f REFERENCES p)",
        f"{ANEW} (c) REFERENCES p MATCH FULL",
        "INSERT INTO t VALUES (5), (NULL)",
    ),
]

BOOKED = "CREATE TABLE t (c int4range, r int4range{})"
WITHOUT = "ALTER TABLE t ADD UNIQUE (c, r WITHOUT OVERLAPS)"
OVERLAPPING = "INSERT INTO t VALUES ('[1,2)', '[1,5)'), ('[1,2)', '[2,6)')"


def period(given: str, change: str, use: str, refused: str | None = None) -> Case:
    return Case(BOOKED.format(given), change, use, refused, "new-constraint" if refused else None, version=18)


PERIODS = [
    period(", UNIQUE (c, r)", f"ALTER TABLE t DROP CONSTRAINT t_c_r_key; {WITHOUT}", OVERLAPPING, "23P01"),
    period(", UNIQUE (c)", WITHOUT, "INSERT INTO t VALUES ('[1,2)', '[1,5)')"),
    period("", WITHOUT, OVERLAPPING, "23P01"),
    period(
        ", UNIQUE (c, r WITHOUT OVERLAPS)",
        f"ALTER TABLE t DROP CONSTRAINT t_c_r_key; {WITHOUT}",
        "INSERT INTO t VALUES ('[1,2)', '[1,5)')",
    ),
    period(
        ", UNIQUE (c, r WITHOUT OVERLAPS)",
        "ALTER TABLE t DROP CONSTRAINT t_c_r_key; ALTER TABLE t ADD UNIQUE (c, r)",
        "INSERT INTO t VALUES ('[1,2)', '[1,5)')",
    ),
]


@pytest.mark.parametrize("case", [*PERIODS, *EXCLUSIONS, *COMPOSITE], ids=lambda case: case.change)
def test_who_is_refused_is_told(case: Case, connection: sa.Connection, tmp_path: Path) -> None:
    is_told(case, connection, tmp_path)

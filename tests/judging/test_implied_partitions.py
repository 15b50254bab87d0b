"""What contracts of writers rely on where tables are partitioned: that their rows have a partition to go to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.implied import Case, is_told
from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    import sqlalchemy as sa

NONE = "23514"
PLAIN = "CREATE TABLE t (c integer NOT NULL)"
AWAY = "ALTER TABLE t RENAME TO old; CREATE TABLE t (c integer NOT NULL)"
LISTED = (
    "CREATE TABLE t (c integer) PARTITION BY LIST (c); CREATE TABLE one PARTITION OF t FOR VALUES IN (1, 2); "
    "CREATE TABLE three PARTITION OF t FOR VALUES IN (3)"
)
WORDS = (
    "CREATE TABLE t (c text) PARTITION BY LIST (c); CREATE TABLE a PARTITION OF t FOR VALUES IN ('a, b', 'it''s', NULL)"
)
UNIQUE = (
    "CREATE TABLE t (c uuid) PARTITION BY LIST (c); "
    "CREATE TABLE a PARTITION OF t FOR VALUES IN ('00000000-0000-0000-0000-00000000000a')"
)
RANGED = (
    "CREATE TABLE t (c bigint) PARTITION BY RANGE (c); CREATE TABLE one PARTITION OF t FOR VALUES FROM (1) TO (10); "
    "CREATE TABLE two PARTITION OF t FOR VALUES FROM (10) TO (200)"
)
DAYS = (
    "CREATE TABLE t (c timestamp) PARTITION BY RANGE (c); "
    "CREATE TABLE y23 PARTITION OF t FOR VALUES FROM (MINVALUE) TO ('2024-01-01'); "
    "CREATE TABLE y24 PARTITION OF t FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')"
)
PAIRS = (
    "CREATE TABLE t (c integer, d text) PARTITION BY RANGE (c, d); "
    "CREATE TABLE one PARTITION OF t FOR VALUES FROM (1, 'a') TO (5, MAXVALUE)"
)
HASHED = (
    "CREATE TABLE t (c integer) PARTITION BY HASH (c); "
    "CREATE TABLE h0 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0); "
    "CREATE TABLE h1 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1)"
)
MANY = "INSERT INTO t VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9)"


def insert(value: str) -> str:
    return f"INSERT INTO t VALUES ({value})"


def lost(given: str, change: str, value: str, actual: str = "", **more: bool) -> Case:
    return Case(given, change, insert(value), NONE, "new-constraint", actual=actual, **more)  # type: ignore[arg-type]


BECOMES_PARTITIONED = [
    lost(PLAIN, f"{AWAY} PARTITION BY RANGE (c)", "1", "no partition for any row"),
    lost(
        PLAIN,
        f"{AWAY} PARTITION BY RANGE (c); CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10)",
        "11",
        "partitions for some rows alone (FOR VALUES FROM (0) TO (10))",
    ),
    lost(PLAIN, f"{AWAY} PARTITION BY LIST (c); CREATE TABLE p PARTITION OF t FOR VALUES IN (1)", "2"),
    Case(PLAIN, f"{AWAY} PARTITION BY LIST (c); CREATE TABLE p PARTITION OF t DEFAULT", insert("2")),
    Case(
        PLAIN,
        f"{AWAY} PARTITION BY RANGE (c); CREATE TABLE p PARTITION OF t FOR VALUES FROM (MINVALUE) TO (5); "
        "CREATE TABLE q PARTITION OF t FOR VALUES FROM (5) TO (MAXVALUE)",
        insert("7"),
    ),
    lost(
        "CREATE TABLE t (c integer)",
        "ALTER TABLE t RENAME TO old; CREATE TABLE t (c integer) PARTITION BY RANGE (c); "
        "CREATE TABLE p PARTITION OF t FOR VALUES FROM (MINVALUE) TO (MAXVALUE)",
        "NULL",
    ),
    Case(
        PLAIN,
        f"{AWAY} PARTITION BY HASH (c); CREATE TABLE p PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1); "
        "CREATE TABLE q PARTITION OF t FOR VALUES WITH (MODULUS 4, REMAINDER 0); "
        "CREATE TABLE r PARTITION OF t FOR VALUES WITH (MODULUS 4, REMAINDER 2)",
        MANY,
    ),
    Case(
        PLAIN,
        f"{AWAY} PARTITION BY HASH (c); CREATE TABLE p PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
        MANY,
        NONE,
        "new-constraint",
    ),
    Case(
        PLAIN,
        f"{AWAY} PARTITION BY LIST (c); CREATE TABLE p PARTITION OF t (CHECK (c < 5)) DEFAULT",
        insert("7"),
        NONE,
        "new-constraint",
        actual="a new check p_c_check of public.p",
        at_commit=False,
    ),
]
FEWER = [
    lost(LISTED, "ALTER TABLE t DETACH PARTITION three", "3", "no partition FOR VALUES IN (3) any more"),
    lost(LISTED, "DROP TABLE three", "3"),
    lost(
        LISTED,
        "DROP TABLE one; CREATE TABLE one PARTITION OF t FOR VALUES IN (1)",
        "2",
        "no partition FOR VALUES IN (2) any more",
    ),
    Case(
        LISTED,
        "DROP TABLE one, three; CREATE TABLE a PARTITION OF t FOR VALUES IN (3, 1); "
        "CREATE TABLE b PARTITION OF t FOR VALUES IN (2)",
        insert("2"),
    ),
    Case(LISTED, "DROP TABLE three; CREATE TABLE rest PARTITION OF t DEFAULT", insert("3")),
    Case(LISTED, "ALTER TABLE t RENAME c TO d; ALTER TABLE t RENAME d TO c", insert("3")),
    Case(
        LISTED,
        "DROP TABLE three; CREATE TABLE three PARTITION OF t (CHECK (c > 3)) FOR VALUES IN (3)",
        insert("3"),
        NONE,
        "new-constraint",
        at_commit=False,
    ),
    lost(WORDS, "DROP TABLE a; CREATE TABLE b PARTITION OF t FOR VALUES IN ('a, b', NULL)", "'it''s'", foreseen=False),
    lost(WORDS, "DROP TABLE a", "NULL", foreseen=True),
    Case(WORDS, "DROP TABLE a; CREATE TABLE b PARTITION OF t FOR VALUES IN (NULL, 'it''s', 'a, b')", insert("NULL")),
    lost(UNIQUE, "DROP TABLE a", "'00000000-0000-0000-0000-00000000000a'"),
    lost(
        RANGED,
        "DROP TABLE two; CREATE TABLE two PARTITION OF t FOR VALUES FROM (10) TO (100)",
        "150",
        "no partition FOR VALUES FROM (1) TO (200) any more",
    ),
    lost(RANGED, "DROP TABLE one; CREATE TABLE one PARTITION OF t FOR VALUES FROM (1) TO (9)", "9"),
    Case(RANGED, "DROP TABLE two; CREATE TABLE two PARTITION OF t FOR VALUES FROM (10) TO (1000)", insert("150")),
    Case(RANGED, "DROP TABLE one, two; CREATE TABLE x PARTITION OF t FOR VALUES FROM ('1') TO (200)", insert("150")),
    lost(DAYS, "DROP TABLE y24", "'2024-05-05'"),
    lost(
        DAYS,
        "DROP TABLE y24; CREATE TABLE y24 PARTITION OF t FOR VALUES FROM ('2024-01-01') TO ('2024-12-01')",
        "'2024-12-05'",
    ),
    Case(
        DAYS,
        "DROP TABLE y24; CREATE TABLE h1 PARTITION OF t FOR VALUES FROM ('2024-01-01') TO ('2024-07-01'); "
        "CREATE TABLE h2 PARTITION OF t FOR VALUES FROM ('2024-07-01 00:00:00') TO ('2025-01-01')",
        insert("'2024-12-05'"),
    ),
    Case(
        PAIRS,
        "DROP TABLE one; CREATE TABLE x PARTITION OF t FOR VALUES FROM (0, MINVALUE) TO (5, MAXVALUE)",
        insert("2, 'x'"),
    ),
    lost(PAIRS, "DROP TABLE one; CREATE TABLE x PARTITION OF t FOR VALUES FROM (2, 'a') TO (5, MAXVALUE)", "1, 'x'"),
    Case(
        HASHED,
        "DROP TABLE h1; CREATE TABLE h1 PARTITION OF t FOR VALUES WITH (MODULUS 4, REMAINDER 1); "
        "CREATE TABLE h3 PARTITION OF t FOR VALUES WITH (MODULUS 4, REMAINDER 3)",
        MANY,
    ),
    Case(
        HASHED,
        "DROP TABLE h1; CREATE TABLE h1 PARTITION OF t FOR VALUES WITH (MODULUS 4, REMAINDER 1)",
        MANY,
        NONE,
        "new-constraint",
        actual="no partition FOR VALUES WITH (modulus 2, remainder 1) any more",
    ),
]


@pytest.mark.parametrize("change", ["DROP TABLE three", "ALTER TABLE t DETACH PARTITION three"])
def test_what_a_new_table_was_on_the_way_is_nobodys_loss(change: str, tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", "postgresql+psycopg://nobody@localhost/none")
    stated = {"table_name": "t", "properties": {"c": {}}}
    owner, about = {"name": "Team"}, "postgresql://db/t"
    project.contract(
        "t",
        {"spec-version": "1.0.0", "name": "t", "namespace": "n", "owner": owner, "compatibility": "writer"}
        | {"dataAssetResourceName": about, "schema": stated},
    )
    project.revision("r1", f"op.execute({LISTED!r})")
    project.revision("r2", f"op.execute({change!r})")
    done = project.alembic("check-contracts", "--offline")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("case", [*BECOMES_PARTITIONED, *FEWER], ids=lambda case: case.change)
def test_rows_without_a_partition_are_told(case: Case, connection: sa.Connection, tmp_path: Path) -> None:
    is_told(case, connection, tmp_path)

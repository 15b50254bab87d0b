"""Conditions that let pass all that others do, held against what SQLite itself makes of them for many values."""

from __future__ import annotations

import sqlite3
from itertools import product
from random import Random

import pytest

from alembic_contracts.dialects.sqlite.looser import is_looser
from alembic_contracts.schemas.schema import Column, Name, Type

COLUMNS = (Column(name="a", type=Type(Name("sqlite", "TEXT"))), Column(name="b", type=Type(Name("sqlite", ""))))
LOOSER = [
    ("a IN ('x', 'y')", "a IN ('x','y','z')"),
    ("(a IN ('x'))", "A in ('z', 'x')"),
    ("a = 'x'", "a IN ('x', 'z')"),
    ("a IN (1)", "a IN (-1, NULL, 1)"),
    ("length(a) <= 3", "length(a) <= 10"),
    ("b > 0", "b >= 0"),
    ("b <= 5", "b <= 10"),
    ("length(a) > 10", "length(a) > 9"),
    ("a <= 10", "a <= 100"),
    ("b > 0 AND a <> ''", "a <> ''"),
    ("b > 0 AND b < 9", "b > -1 AND b < 10"),
    ("b > 0", "b > 0 OR a IS NULL"),
    ("b < 1 OR b > 5", "b < 2 OR b > 5"),
    ("b >= 0.5", "b >= .25"),
    ("a IN ('x') AND b > 3", "(b > 2) AND (a IN ('x', 'y'))"),
]
NOT_LOOSER = [
    ("a IN ('x', 'y')", "a IN ('x')"),
    ("a NOT IN ('x')", "a NOT IN ('x', 'y')"),
    ("NOT a IN ('x')", "NOT a IN ('x', 'y')"),
    ("b > 1", "b > 2"),
    ("b > 1", "b < 2"),
    ("NOT b < 2", "NOT b < 3"),
    ("a", "a AND b"),
    ("b BETWEEN 1 AND 5", "b BETWEEN 1 AND 3"),
    ("a = b < 2", "a = b < 3"),
    ("a IN ('x')", "b IN ('x', 'y')"),
    ("a IN ('x') = 1", "a IN ('x', 'y') = 1"),
    ("a || b IN ('x')", "a || b IN ('x', 'y') || 'z'"),
    ("CASE WHEN a THEN b > 1 END", "CASE WHEN a THEN b > 0 AND a END"),
    ("a = 'x'", "a IN ('X', 'y')"),
    ("b > 0x10", "b > 0x0F"),
    ("a > 10", "a > 9"),
    ("a >= 1000", "a >= 500"),
]


@pytest.mark.parametrize(("before", "after"), LOOSER)
def test_what_lets_more_pass(before: str, after: str) -> None:
    assert is_looser(before, after, COLUMNS)
    assert passing(before) <= passing(after)


@pytest.mark.parametrize(("before", "after"), NOT_LOOSER)
def test_what_does_not_or_is_not_plain(before: str, after: str) -> None:
    assert not is_looser(before, after, COLUMNS)


VALUES = (None, -1, 0, 0.5, 1, 2, 3, 5, 9, 10, "", "x", "y", "z", "X", "xyzxyz", "2", "10", "1000", "-1", b"x")


def passing(condition: str) -> frozenset[tuple[object, object]]:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a TEXT, b)")
    rows = list(product(VALUES, VALUES))
    connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
    found = connection.execute(f"SELECT rowid FROM t WHERE ({condition}) IS NOT FALSE").fetchall()
    connection.close()
    return frozenset(rows[number - 1] for (number,) in found)


def condition(random: Random, depth: int = 2) -> str:
    if depth and random.random() < 0.6:
        parts = [condition(random, depth - 1) for _ in range(random.choice((2, 2, 3)))]
        text = random.choice((" AND ", " OR ")).join(parts)
        return random.choice((text, f"({text})", f"NOT ({text})", f"NOT {text}", f"{text} OR b"))
    column = random.choice(("a", "b", "length(a)", "A", '"b"', "NOT a", "a = b", "a || b", "-b"))
    values = ", ".join(random.sample(("'x'", "'y'", "'z'", "1", "2", "-1", "NULL", "b"), random.randint(1, 4)))
    bound = random.choice(("0", "1", "2", "-1", "0.5", "5", "10", "1000", "'x'"))
    sign = random.choice(("<", "<=", ">", ">=", "=", "=="))
    return random.choice(
        (
            f"{column} IN ({values})",
            f"{column} {sign} {bound}",
            f"{column} {sign} {bound}",
            f"{column} NOT IN ({values})",
            f"{column} BETWEEN {bound} AND 5",
            f"{column} IS NOT NULL",
        )
    )


def changed(random: Random, text: str) -> str:
    """A condition that is nearly the same."""
    swaps = [
        ("'x'", "'x', 'y'"),
        ("'y'", "'z'"),
        ("1", "2"),
        ("> ", ">= "),
        (" AND ", " OR "),
        ("5", "9"),
        ("NOT ", ""),
    ]
    old, new = random.choice(swaps)
    return text.replace(*random.choice(((old, new), (new, old))), random.choice((1, -1)))


@pytest.mark.parametrize("seed", range(20))
def test_what_is_said_to_let_more_pass_does(seed: int) -> None:
    random, told = Random(seed), 0
    for _ in range(400):
        before = condition(random)
        after = random.choice((changed(random, before), condition(random, 1), f"{before} OR {condition(random, 0)}"))
        if before == after or not is_looser(before, after, COLUMNS):
            continue
        told += 1
        try:
            assert passing(before) <= passing(after), (before, after)
        except sqlite3.OperationalError:
            continue
    assert told > 10

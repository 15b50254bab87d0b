"""The name of an error condition in PL/pgSQL in, its SQLSTATE out."""

from __future__ import annotations

from functools import cache

from alembic_contracts.prediction.sql import system

__all__ = ["matches", "sqlstate_of", "sqlstates_of"]

_NOT_IN_OTHERS = frozenset({"57014", "P0004"})
"""``query_canceled`` and ``assert_failure``, which OTHERS leaves alone."""


@cache
def _conditions() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in system.data("conditions.txt").splitlines():
        if not line.startswith("#"):
            name, _, code = line.partition(" ")
            found[name] = (*found.get(name, ()), code)
    return found


def sqlstates_of(condition: str) -> tuple[str, ...]:
    """Return the SQLSTATEs of a condition by its name, or of one that is an SQLSTATE already; some names have two."""
    return _conditions().get(condition, (condition,))


def sqlstate_of(condition: str) -> str:
    """Return the SQLSTATE that RAISE gives an error by a condition's name, or of one that is an SQLSTATE already."""
    return sqlstates_of(condition)[0]


def matches(condition: str, sqlstate: str) -> bool:
    """Whether a handler for a condition takes an error; a code that ends in 000 stands for its class."""
    if condition == "others":
        return sqlstate not in _NOT_IN_OTHERS
    codes = sqlstates_of(condition)
    return sqlstate in codes or any(code.endswith("000") and code[:2] == sqlstate[:2] for code in codes)

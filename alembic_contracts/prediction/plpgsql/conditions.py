"""The name of an error condition in PL/pgSQL in, its SQLSTATE out."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

__all__ = ["matches", "sqlstate_of"]

_NOT_IN_OTHERS = frozenset({"57014", "P0004"})
"""``query_canceled`` and ``assert_failure``, which OTHERS leaves alone."""


@cache
def _conditions() -> dict[str, str]:
    text = files("alembic_contracts.prediction.sql").joinpath("data", "conditions.txt").read_text(encoding="utf-8")
    lines = (line.partition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: code for name, _, code in lines}


def sqlstate_of(condition: str) -> str:
    """Return the SQLSTATE of a condition by its name, or of one that is an SQLSTATE already."""
    return _conditions().get(condition, condition)


def matches(condition: str, sqlstate: str) -> bool:
    """Whether a handler for a condition takes an error; a code that ends in 000 stands for its class."""
    if condition == "others":
        return sqlstate not in _NOT_IN_OTHERS
    code = sqlstate_of(condition)
    return code == sqlstate or (code.endswith("000") and code[:2] == sqlstate[:2])

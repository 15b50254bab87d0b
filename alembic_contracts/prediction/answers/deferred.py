"""A value that is worked out when a query looks at it: texts of the catalog, which few queries ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alembic_contracts.prediction.answers.values import UnanswerableError, Unknown

__all__ = ["Deferred", "resolved"]


@dataclass(frozen=True, slots=True, eq=False)
class Deferred:
    """Stands in a row for a value."""

    compute: Callable[[], Any]
    """May raise ``UnanswerableError``."""


def resolved(value: Any) -> Any:
    """Return a value, worked out where it was put off; unknown where that cannot be done."""
    if not isinstance(value, Deferred):
        return value
    try:
        return value.compute()
    except UnanswerableError as error:
        return Unknown(str(error), nullable=False)

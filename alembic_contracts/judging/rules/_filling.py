"""Whether a column that an INSERT does not name is given a value all the same."""

from __future__ import annotations

import re

from alembic_contracts.judging.rules import Types
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.schema import Column

__all__ = ["is_filled"]

_NULL = pattern(r'\(*NULL\)*(::[\w\s."]+(\([\d, ]+\))?(\[\])*\)*)*', re.IGNORECASE)
"""NULL, cast to whatever: it is kept as a default where it has to be fitted to a type, or stands before a domain's."""


def is_filled(column: Column, types: Types) -> bool:
    """Return whether a column fills itself: by its default, or by that of its domain unless it has one of its own.

    A domain has what it is based on for its default only if that had one when the domain was made (``DefineDomain``).
    """
    if column.identity or column.generated:
        return True
    default = column.default
    if default is None and column.type is not None and not column.type.dimensions:
        definition = types.get(column.type.name)
        default = definition.default if definition is not None else None
    return default is not None and _NULL.fullmatch(default) is None

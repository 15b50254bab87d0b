"""What is noted of an observed database that has objects of which nothing else is kept: the names of those notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State

__all__ = ["HANGING", "HIDDEN", "IN_SCHEMA", "ROW_WRITERS", "SQL_BODY", "has_functions"]

HIDDEN = "functions, operators and the like"
"""The trait of a database that has some of which nothing is kept but this."""
HANGING = "triggers, rules and policies"
"""The same of these."""
ROW_WRITERS = "functions that change rows"
"""The same of these."""
SQL_BODY = "a body of SQL"
"""The trait of a database in which a function has one."""
IN_SCHEMA = "in the schema"
"""The trait of a schema with collations, operators and other objects of which nothing is kept but this."""


def has_functions(state: State) -> bool:
    """Return whether there are functions of users' own, those of the observed database included."""
    return bool(state.functions or state.observed_reach)

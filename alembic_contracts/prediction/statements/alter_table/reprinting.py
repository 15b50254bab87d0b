"""A column that got another type in, what is printed of the checks and indexes that use it out.

The server drops them and makes them again from what it prints of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.printing.texts import reprinted
from alembic_contracts.prediction.sql.mentions import columns_in

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.schemas.schema import Constraint, Index, Name

__all__ = ["reprint"]


def reprint(state: State, name: Name, column: str) -> None:
    """Work out anew what is printed of the expressions of a table that use a column."""
    table = state.tables[name]

    def text(stored: str, *, condition: bool) -> str:
        return reprinted(state, stored, table.columns, condition=condition)

    def constraint(old: Constraint) -> Constraint:
        if old.kind != "check" or old.expression is None or column not in columns_in(old.expression):
            return old
        return replace(old, expression=text(old.expression, condition=True))

    def index(old: Index) -> Index:
        texts = old.expressions if old.predicate is None else (*old.expressions, old.predicate)
        if column not in (*old.columns, *old.include) and not any(column in columns_in(stored) for stored in texts):
            return old
        predicate = None if old.predicate is None else text(old.predicate, condition=True)
        return replace(old, predicate=predicate, expressions=tuple(text(e, condition=False) for e in old.expressions))

    changed = replace(
        table,
        constraints=tuple(map(constraint, table.constraints)),
        indexes=tuple(map(index, table.indexes)),
    )
    state.tables.put(name, changed)

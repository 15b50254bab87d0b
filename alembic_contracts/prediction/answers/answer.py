"""What a statement yields to the script that executed it: columns, rows, a count."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from alembic_contracts.prediction.answers.noticing import Noticing
from alembic_contracts.prediction.answers.values import Unknown, shown

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.bindings import Relation

__all__ = ["Answer", "answer_of"]


class Answer(Struct, frozen=True):
    """What a statement yields."""

    columns: tuple[str, ...] | None = None
    """Names of the result's columns; None for a statement that yields no rows."""
    rows: tuple[tuple[Any, ...], ...] = ()
    rowcount: int = -1
    on_fetch: Callable[[], None] | None = None
    """Called when somebody looks at the rows for the first time; until then they matter to nobody."""


def answer_of(
    relation: Relation,
    look: Callable[[Unknown], None] | None = None,
    on_fetch: Callable[[], None] | None = None,
) -> Answer:
    """Return the answer that has a relation's rows.

    Args:
        relation: the rows.
        look: told of a value that is not known, once somebody goes by it.
        on_fetch: see ``Answer``.
    """

    def value_of(value: Any) -> Any:
        if isinstance(value, Unknown) and value.instead is not None:
            return value.instead
        if isinstance(value, Unknown):
            return Noticing(lambda: look(value) if look is not None else None)
        return shown(value)

    columns = tuple(column.partition("\0")[0] for column in relation.columns)
    rows = tuple(tuple(value_of(row[column]) for column in relation.columns) for row in relation.rows)
    return Answer(columns, rows, len(rows), on_fetch)

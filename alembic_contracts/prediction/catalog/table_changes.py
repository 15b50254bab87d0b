"""A table before and after in, the parts that it lost and got out, so that a change costs what it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from alembic_contracts.prediction.sql.mentions import relations_in, relations_of

if TYPE_CHECKING:
    from alembic_contracts.schemas.schema import Name, Table

__all__ = ["Changed", "changed", "relations_after"]


class Changed(NamedTuple):
    """What a table lost and got, of one kind of its parts; what stays may be among both."""

    gone: tuple[Any, ...]
    come: tuple[Any, ...]


def changed(old: Table | None, new: Table | None, parts: str) -> Changed:
    """Return how a table's parts changed. What is added at their end, as mostly, is all that there is to look at.

    Args:
        old: the table before; None: there was none.
        new: the table after; None: there is none.
        parts: the attribute that holds them.
    """
    before: tuple[Any, ...] = () if old is None else getattr(old, parts)
    after: tuple[Any, ...] = () if new is None else getattr(new, parts)
    if before is after:
        return Changed((), ())
    return Changed((), after[len(before) :]) if after[: len(before)] == before else Changed(before, after)


def relations_after(old: Table | None, new: Table | None, before: set[Name]) -> set[Name]:
    """Return the tables, sequences and types that a table's definition points at after a change; ``before``: then."""
    if new is None:
        return set()
    columns, constraints = changed(old, new, "columns"), changed(old, new, "constraints")
    if old is None or columns.gone or constraints.gone or _others(old) != _others(new):
        return relations_of(new)
    return before | relations_in(columns.come, constraints.come)


def _others(table: Table) -> tuple[object, ...]:
    """Return what else in a table points at relations."""
    return table.depends_on, table.parents

"""A table and columns in, the names out that PostgreSQL makes up for constraints, indexes and sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from alembic_contracts.prediction.catalog.state import State

__all__ = ["MAX_BYTES", "constraint_name", "index_columns", "make_name", "relation_name"]

MAX_BYTES = 63
"""NAMEDATALEN - 1."""


def make_name(first: str, second: str, label: str) -> str:
    """Return ``first_second_label``, the longer of the first two shortened until all fits into 63 bytes."""
    if first and len(first) + len(second) + len(label) + 2 <= MAX_BYTES and first.isascii() and second.isascii():
        return f"{first}_{second}_{label}" if second else f"{first}_{label}"
    one, two = first.encode(), second.encode()
    available = MAX_BYTES - len(label.encode()) - 1 - (1 if second else 0)
    size_one, size_two = len(one), len(two)
    while size_one + size_two > available:
        if size_one > size_two:
            size_one -= 1
        else:
            size_two -= 1
    parts = [_clip(one, size_one), _clip(two, size_two) if second else "", label]
    return "_".join(part for part in parts if part)


def _clip(text: bytes, size: int) -> str:
    return text[:size].decode(errors="ignore")


def relation_name(
    state: State, schema: str, table: str, columns: Iterable[str], label: str, *, constraint: bool = False
) -> str:
    """Return a free name for an index or sequence (``ChooseRelationName``)."""
    second = _joined(columns)
    for number in range(100_000):
        name = make_name(table, second, f"{label}{number or ''}")
        free = state.relation_kind(Name(schema, name)) is None
        if free and not (constraint and state.has_constraint(schema, name)):
            break
    return name


def constraint_name(
    state: State, schema: str, table: str, columns: Iterable[str], label: str, *, others: Collection[str] = ()
) -> str:
    """Return a free name for a check, foreign key or not-null constraint (``ChooseConstraintName``)."""
    second = _joined(columns)
    for number in range(100_000):
        name = make_name(table, second, f"{label}{number or ''}")
        if name not in others and not state.has_constraint(schema, name):
            break
    return name


def _joined(columns: Iterable[str]) -> str:
    """Join column names until the limit is passed (``ChooseIndexNameAddition``)."""
    text = ""
    for column in columns:
        text += ("_" if text else "") + column
        if len(text.encode()) >= MAX_BYTES + 1:
            break
    return text


def index_columns(names: Iterable[str]) -> list[str]:
    """Make the column names of an index distinct (``ChooseIndexColumnNames``)."""
    chosen: list[str] = []
    for original in names:
        name, number = original, 0
        while name in chosen:
            number += 1
            suffix = str(number)
            name = _clip(original.encode(), MAX_BYTES - len(suffix)) + suffix
        chosen.append(name)
    return chosen

"""A function in FROM in, the names of its result's columns out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.sql import system

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["function_columns"]

_OWN_NAME = frozenset({"generate_series", "regexp_split_to_table", "string_to_table", "generate_subscripts"})
_VALUE = frozenset(
    {"json_array_elements", "jsonb_array_elements", "json_array_elements_text", "jsonb_array_elements_text"}
)
_KEY_AND_VALUE = frozenset({"json_each", "jsonb_each", "json_each_text", "jsonb_each_text"})


def function_columns(called: Node, name: str) -> tuple[str, ...] | None:
    """Return the columns of what a call named so yields, None where they are not known."""
    if called.DESCRIPTOR.name != "FuncCall":
        return (name,)
    signatures = system.functions().get(name, ())
    if signatures and all(s.result != "record" and not s.is_set for s in signatures):
        return (name,)
    if name in _OWN_NAME or (name == "unnest" and len(called.args) == 1):
        return (name,)
    if name in _VALUE:
        return ("value",)
    return ("key", "value") if name in _KEY_AND_VALUE else None

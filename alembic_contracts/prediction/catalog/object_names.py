"""An object in, what PostgreSQL's messages call it out (``getObjectDescription``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from alembic_contracts.dialects.postgresql.names import quote, quote_name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.schemas.schema import Name

__all__ = ["described", "relation_noun"]

_NOUNS = {"partitioned table": "table"}


class _Object(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> Name: ...
    @property
    def part(self) -> str: ...


def described(state: State, found: _Object) -> str:
    """Return an object's kind and name, of the table that it belongs to as well."""
    say = _PHRASES.get(found.kind)
    return f"{found.kind} {_shown(state, found.name)}" if say is None else say(state, found.name, found.part)


def relation_noun(state: State, name: Name) -> str:
    """Return what kind of relation a name is of, as messages say it."""
    kind = state.relation_kind(name) or "table"
    return _NOUNS.get(kind, kind)


def _relation(state: State, name: Name) -> str:
    return f"{relation_noun(state, name)} {_shown(state, name)}"


def _shown(state: State, name: Name) -> str:
    """Return a name without its schema where it is found without it."""
    first = next((c for c in state.candidates(name.name, None) if _is_there(state, c)), None)
    return quote(name.name) if first == name or not name.schema else quote_name(name)


def _is_there(state: State, name: Name) -> bool:
    return state.relation_kind(name) is not None or name in state.types or name in state.functions


def _owner(state: State, name: Name) -> str:
    return _relation(state, name) if name in state.tables else f"type {_shown(state, name)}"


_PHRASES: dict[str, Callable[[State, Name, str], str]] = {
    "table": lambda state, name, _: _relation(state, name),
    "column": lambda state, name, part: f"column {part} of {_relation(state, name)}",
    "default": lambda state, name, part: f"default value for column {part} of {_relation(state, name)}",
    "constraint": lambda state, name, part: f"constraint {part} on {_owner(state, name)}",
    "attachment": lambda state, name, part: f"{part} on {_relation(state, name)}" if name.name else part,
    "published": lambda state, name, part: f"publication of {_relation(state, name)} in publication {part}",
    "field": lambda state, name, part: f"column {part} of composite type {_shown(state, name)}",
    "index": lambda _state, _name, part: f"index {quote(part)}",
    "function": lambda state, name, part: f"function {_shown(state, name)}({part})",
    "namespace": lambda _state, name, _: f"schema {quote(name.schema)}",
}

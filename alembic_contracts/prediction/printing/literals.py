"""A literal's text and a type in, what the type's output function makes of it out, for the forms that are plain."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alembic_contracts.dialects.postgresql.literal_outputs import INTEGERS
from alembic_contracts.dialects.postgresql.literal_outputs import output as output_of
from alembic_contracts.dialects.postgresql.names import quote_name
from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.printing.primitives import UnprintableError
from alembic_contracts.prediction.sql.mentions import split_name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.schemas.schema import Type

__all__ = ["output"]

_TEXTS = frozenset({"text", "varchar", "bpchar"})
_WORDS = pattern(r"[A-Za-z_][A-Za-z0-9_.-]*")


def output(state: State, type_: Type, text: str) -> str:
    """Return what ``'text'::type`` is when it is printed.

    Raises:
        UnprintableError: the literal has no form whose output is shown to be this.
    """
    if type_.dimensions:
        return _array(state, type_, text)
    if type_.name.schema == "pg_catalog":
        if type_.name.name in _TEXTS:
            return text
        if type_.name.name == "regclass":
            return _relation(state, text)
        found = output_of(type_.name.name, text)
        if found is not None:
            return found
    else:
        definition = state.types.get(type_.name)
        if definition is not None and definition.kind == "enum" and text in definition.labels:
            return text
    raise UnprintableError(f"a literal of type {type_}")


def _relation(state: State, text: str) -> str:
    """``regclassout`` under an empty search path."""
    schema, name = split_name(text)
    found = state.find_relation(name, schema)
    if found is None or not re.fullmatch(r'[\w.$"]+', text):
        raise UnprintableError(f"which relation {text} is")
    return quote_name(found[0])


def _array(state: State, type_: Type, text: str) -> str:
    """``array_out`` of an empty array or one of plain words and numbers."""
    stripped = text.strip()
    if stripped == "{}":
        return stripped
    if not (stripped.startswith("{") and stripped.endswith("}")):
        raise UnprintableError("an array literal")
    parts = [part.strip() for part in stripped[1:-1].split(",")]
    words = type_.name.schema == "pg_catalog" and type_.name.name in _TEXTS
    integers = type_.name.schema == "pg_catalog" and type_.name.name in INTEGERS
    if words and all(_WORDS.fullmatch(part) and part.lower() != "null" for part in parts):
        return "{" + ",".join(parts) + "}"
    if integers:
        return "{" + ",".join(output(state, type(type_)(type_.name), part) for part in parts) + "}"
    raise UnprintableError("an array literal")

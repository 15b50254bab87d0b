"""A declared type in any spelling in, a :class:`Type` out, and back, without a database.

A column's type is whatever was written behind its name (https://sqlite.org/datatype3.html): several words, and up to
two numbers in parentheses. Case and spaces do not count; nothing else is taken for the same. ``INT`` and ``INTEGER``
are two declared types: only a primary key that is an ``INTEGER`` is the row's number.
"""

from __future__ import annotations

from functools import lru_cache

from alembic_contracts.dialects.sqlite.names import KEYWORDS, KIND, fold, upper
from alembic_contracts.dialects.sqlite.tokens import Token, meaning
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.schema import Name, Type

__all__ = ["declared", "format_type", "misspelt_type", "parse_type"]

_WORDS = pattern(r"(?:[^\x00-@\[-^`-\x7f][^\x00-#%-/:-@\[-^`-\x7f]*(?: (?!\Z)|\Z))+")
_NUMBER = pattern(r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
"""What SQLite takes in parentheses."""
_HARMLESS = frozenset({"with", "without"})
"""Keywords that a type can have without quotes; the only ones that types are known to have."""


@lru_cache(maxsize=1024)  # a thousand columns have a dozen types
def parse_type(text: str) -> Type:
    """Return the type that a contract spells in any way that SQLite takes in a column definition; none at all as well.

    Raises:
        ValueError: it cannot be a declared type, for its parentheses; the message says why.
    """
    parts = meaning(text)
    if len(parts) == 1 and parts[0].kind in ("quoted", "string"):
        return parse_type(parts[0].identifier)
    inside = next((at for at, token in enumerate(parts) if token.text in ("(", ")")), len(parts))
    name = _joined(parts[:inside])
    if any(token.kind in ("quoted", "string") for token in parts[:inside]) and not _stands_alone(name):
        raise ValueError(f"{text!r} is not a type: it is another one without its quotes")
    return Type(Name(KIND, name), _modifiers(text, parts[inside:]))


def _stands_alone(name: str) -> bool:
    """Whether a name is read as the same one where it has no quotes."""
    parts = meaning(name)
    return _joined(parts) == name and not any(token.text in ("(", ")") for token in parts)


def _joined(parts: list[Token]) -> str:
    return " ".join(upper(token.identifier) for token in parts if token.identifier)


def _modifiers(text: str, parts: list[Token]) -> tuple[str, ...]:
    if not parts:
        return ()
    if len(parts) < 3 or parts[0].text != "(" or parts[-1].text != ")":
        raise ValueError(f"{text!r} is not a type: its parentheses hold nothing, or do not end it")
    if any(token.text in ("(", ")") for token in parts[1:-1]):
        raise ValueError(f"{text!r} is not a type: it has parentheses in parentheses, or two pairs of them")
    values = [""]
    for token in parts[1:-1]:
        if token.text == ",":
            values.append("")
        else:
            values[-1] += token.text
    if "" in values:
        raise ValueError(f"{text!r} is not a type: a number is missing in its parentheses")
    return tuple(value[1:] if value.startswith("+") and _NUMBER.fullmatch(value[1:]) else value for value in values)


def declared(text: str) -> Type:
    """Return the type of a column as a database has it, which can be any text at all where it was quoted."""
    try:
        return parse_type(text)
    except ValueError:
        return Type(Name(KIND, upper(text)))


def format_type(type_: Type) -> str:
    """Return the SQL spelling: ``DECIMAL(10, 2)``; of a column without a type ``""``, which SQLite takes as well."""
    name = type_.name.name
    inside = f"({', '.join(type_.modifiers)})" if type_.modifiers else ""
    if not all(map(_NUMBER.fullmatch, type_.modifiers)):
        return _quoted(name + inside)
    if _WORDS.fullmatch(name) and KEYWORDS.isdisjoint(set(fold(name).split()) - _HARMLESS):
        return name + inside
    return _quoted(name + inside)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def misspelt_type(type_: Type) -> str | None:
    """Return None: SQLite takes any word for a type."""
    del type_
    return None

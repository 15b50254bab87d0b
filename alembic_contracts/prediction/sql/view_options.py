"""What is said in WITH (...) of a view in, its options as values out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, cast

from alembic_contracts.prediction.sql import parser

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["CheckOption", "check_option", "is_true", "stated"]

CheckOption = Literal["", "local", "cascaded"]


def stated(options: Iterable[Node]) -> dict[str, str]:
    """Return options by name, their values as written, in lower case; empty: none is given."""
    return {option.defname: _value(option) for option in parser.children(options)}


def check_option(options: dict[str, str]) -> CheckOption:
    """Return the one of a view."""
    return cast("CheckOption", options.get("check_option", ""))


def is_true(value: str) -> bool:
    """Return what an option that is on or off is given by its name alone, or by a value (``parse_bool``)."""
    return value in {"", "1"} or value == "on" or any(word.startswith(value) for word in ("true", "yes"))


def _value(option: Node) -> str:
    if not option.HasField("arg"):
        return ""
    value = parser.unwrap(option.arg)
    kind = value.DESCRIPTOR.name
    if kind == "TypeName":  # a word of its own
        return str(parser.strings(value.names)[-1]).lower()
    if kind == "Integer":
        return str(value.ival)
    return str(getattr(value, "sval", "")).lower()

"""A contract as it would be written anew and the one that is there in, what is written out: what people wrote stays.

Both are documents of one format: JSON or YAML as plain values. Of what is there all stays but the places of use, the
types of used columns, and tables and columns that have places of use and are no longer used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

__all__ = ["Difference", "differences", "kept", "without_uses"]

_PLACES = ("x-used-by", "alembic_contracts.used_by")
"""What marks a table or column as written by ``infer``: in the base format, as a custom property in ODCS."""
_OF_SCHEMA = frozenset(
    {"physicalType", "data_type", "items", "array_element", "publications", "alembic_contracts.publications"}
)
"""What follows the schema, whatever stands there."""
_NAMED = ("physicalName", "name", "property")
"""What tells the items of a list apart."""


class Difference(Struct, frozen=True):
    """What is written that is not there, or no longer written."""

    what: str
    """``added``, ``no longer used``, ``changed``."""
    place: str
    """Table, and column where it is one of its columns."""


def kept(there: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return a contract's document with what people wrote in the one that is there.

    Args:
        there: as it is, of the same format; it may be empty.
        new: as it would be written if there were none.
    """
    merged = {**new, **there}
    for key in new.keys() & there.keys():
        merged[key] = _merged(there[key], new[key], key)
    for key in _PLACES:
        if key in there and key not in new:
            del merged[key]
    return merged


def _merged(there: Any, new: Any, key: str) -> Any:
    if key in _OF_SCHEMA or key in _PLACES:
        return new
    if isinstance(there, dict) and isinstance(new, dict):
        if key == "properties":
            return _members(there, new)
        return kept(there, new)
    if key in ("schema", "properties", "customProperties") and isinstance(there, list) and isinstance(new, list):
        return _items(there, new)
    return there


def _members(there: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Merge columns by name, those that are used first, in the order of the table."""
    found = {name: kept(there.get(name) or {}, value) for name, value in new.items()}
    return found | {name: value for name, value in there.items() if name not in new and not _is_marked(value)}


def _items(there: Sequence[Any], new: Sequence[Any]) -> list[Any]:
    """Merge tables, columns or custom properties by name."""
    known = {_name(each): each for each in there}
    found = [_item(known.get(_name(each)), each) for each in new]
    names = {_name(each) for each in new}
    rest = (without_uses(each) if isinstance(each, dict) else each for each in there if _name(each) not in names)
    return found + [each for each in rest if each is not None]


def _item(there: Any, new: Any) -> Any:
    if not isinstance(there, dict):
        return new
    if "property" in new:  # a custom property: people's value wins, but for places
        return new if new["property"] in _PLACES or new["property"] in _OF_SCHEMA else there
    return kept(there, new)


def _name(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    return next((str(item[key]) for key in _NAMED if item.get(key)), "")


def without_uses(there: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a contract, a table or a column without what is there for its uses; None: nothing of it stays.

    A table stays with the columns that people wrote into it, a contract with such tables.
    """
    if there.get("property") in _PLACES:
        return None
    if isinstance(there.get("schema"), dict):
        table = without_uses(there["schema"])
        return None if table is None else {**there, "schema": table}
    columns = there.get("properties")
    if isinstance(columns, dict):
        own: Any = {name: value for name, value in columns.items() if not _is_marked(value)}
    else:
        own = [each for each in columns or () if not _is_marked(each)]
    was_used = _is_marked(there) or len(own) < len(columns or ())
    if not was_used:
        return dict(there)
    return {**_unmarked(there), "properties": own} if own else None


def _is_marked(value: Any) -> bool:
    """Whether a table or a column has places of use."""
    if not isinstance(value, dict):
        return False
    custom = value.get("customProperties")
    listed = custom if isinstance(custom, list) else ()
    return any(key in value for key in _PLACES) or any(
        isinstance(each, dict) and each.get("property") in _PLACES for each in listed
    )


def _unmarked(value: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: each for key, each in value.items() if key not in _PLACES}
    custom = found.get("customProperties")
    if isinstance(custom, list):
        found["customProperties"] = [each for each in custom if each.get("property") not in _PLACES]
        if not found["customProperties"]:
            del found["customProperties"]
    return found


def differences(there: Mapping[str, Any], written: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield the tables and columns that differ between what is there and what is written, in the order of the file."""
    before, after = dict(_parts(there)), dict(_parts(written))
    for place, value in after.items():
        if place not in before:
            yield Difference("added", place)
        elif before[place] != value:
            yield Difference("changed", place)
    for place in before.keys() - after.keys():
        yield Difference("no longer used", place)


def _parts(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield tables and columns by their places, and last the contract itself; each without the parts that follow."""
    tables = document.get("schema")
    for table in tables if isinstance(tables, list) else [tables] if isinstance(tables, dict) else []:
        name = (
            table.get("physicalName") or table.get("name") or f"{table.get('table_schema')}.{table.get('table_name')}"
        )
        yield name, {key: value for key, value in table.items() if key != "properties"}
        for column, value in _columns(table):
            yield f"{name}.{column}", value
    yield "the contract itself", {key: value for key, value in document.items() if key != "schema"}


def _columns(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    properties = table.get("properties")
    if isinstance(properties, dict):
        yield from properties.items()
    for each in properties if isinstance(properties, list) else ():
        yield _name(each), each

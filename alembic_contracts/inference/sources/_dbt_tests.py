"""A test of a dbt project on a source in, what it reads and what it says must hold out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from alembic_contracts.inference.uses import Guarantee, Use
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.schema import Name, Schema
from alembic_contracts.schemas.uses import Place

if TYPE_CHECKING:
    from alembic_contracts.inference.sources._dbt_manifest import Node
    from alembic_contracts.inference.sources._dbt_names import Names

__all__ = ["Tested", "guarantees", "source_of", "tested"]

_SOURCE = pattern(r"""source\(\s*['"]([^'"]*)['"]\s*,\s*['"]([^'"]*)['"]\s*\)""")
_COLUMN = pattern(r"[\"`]?(\w+)[\"`]?")
_TOGETHER = "dbt_utils.unique_combination_of_columns"
_KNOWN = frozenset(("not_null", "unique", "relationships", "accepted_values", _TOGETHER))
"""Tests whose arguments say all that they read."""
_NO_ROW_PASSES = frozenset(("!=0", ">0", ">=1"))


class Tested(Struct, frozen=True):
    """What a test comes to."""

    table: Name
    columns: tuple[str, ...]
    place: Place
    other: tuple[Name, str] | None = None
    """The column that the values must be in."""

    @property
    def uses(self) -> tuple[Use, ...]:
        """What it reads."""
        read = [(self.table, each) for each in self.columns] + ([self.other] if self.other else [])
        return tuple(Use(table, column, "read", self.place) for table, column in read)


def tested(node: Node, names: Names, place: Place) -> Tested | None:
    """Return what a generic test on a source is about, None where only its SQL can say what it reads."""
    table = _table(node, "model", names)
    if table is None or node.test not in _KNOWN or node.config.get("where"):
        return None
    together = node.arguments.get("combination_of_columns") if node.test == _TOGETHER else None
    written = together if isinstance(together, list) else [node.column]
    columns = [_column(table, each, names) for each in written]
    known = tuple(each for each in columns if each is not None)
    if len(known) < len(columns):
        return None
    if node.test != "relationships":
        return Tested(table, known, place)
    to = _table(node, "to", names)
    field = _column(to, node.arguments.get("field"), names) if to is not None else None
    return Tested(table, known, place, (to, field)) if to is not None and field is not None else None


def guarantees(node: Node, found: Tested, schema: Schema) -> Iterator[Guarantee]:
    """Yield what must hold; a test that warns, or that lets some rows pass, makes nothing sure."""
    severity = str(node.config.get("severity") or "error").lower()
    passes = str(node.config.get("error_if") or "!= 0").replace(" ", "")
    if severity != "error" or passes not in _NO_ROW_PASSES:
        return
    table, columns, place = found.table, list(found.columns), found.place
    if node.test == "not_null":
        yield Guarantee(table, columns[0], "is_nullable", False, place)
    elif node.test in ("unique", _TOGETHER):
        yield Guarantee(table, None, "unique", columns, place)
    elif found.other is not None:
        to, field = found.other
        references = {"table_schema": to.schema, "table_name": to.name, "columns": [field]}
        yield Guarantee(table, None, "foreign_keys", {"columns": columns, "references": references}, place)
    elif isinstance(values := node.arguments.get("values"), list):
        yield Guarantee(table, columns[0], "enum", _in_order(values, table, columns[0], schema), place)


def _in_order(values: list[Any], table: Name, column: str, schema: Schema) -> list[str]:
    """Return labels in the order of the type that has just these, if the column has such a type."""
    texts = [str(each) for each in values]
    type_ = next((each.type for each in schema.tables[table].columns if each.name == column), None)
    definition = schema.types.get(type_.name) if type_ is not None else None
    if definition is not None and sorted(definition.labels) == sorted(texts):
        return list(definition.labels)
    return texts


def source_of(node: Node, argument: str = "model") -> tuple[str, str] | None:
    """Return what ``source()`` is called with in an argument of a test."""
    value = node.arguments.get(argument)
    match = _SOURCE.search(value) if isinstance(value, str) else None
    return (match[1], match[2]) if match else None


def _table(node: Node, argument: str, names: Names) -> Name | None:
    label = source_of(node, argument)
    table = names.named.get(label) if label else None
    return table if table is not None and names.is_here(table) else None


def _column(table: Name, written: object, names: Names) -> str | None:
    match = _COLUMN.fullmatch(written.strip()) if isinstance(written, str) else None
    return names.column(table, match[1]) if match else None

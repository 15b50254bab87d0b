"""One object of an ODCS contract's ``schema`` in, its table or view as facts out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, cast

from alembic_contracts import dialects
from alembic_contracts.contracts.contract import Compatibility, Deprecation, Expected, Fact, ForeignKey
from alembic_contracts.contracts.formats._kinds import DEFAULT
from alembic_contracts.contracts.formats._native_facts import column_fact, table_facts, used_by
from alembic_contracts.contracts.formats._odcs_custom import own
from alembic_contracts.contracts.formats._odcs_servers import of_kind
from alembic_contracts.documents.document import ContractLocation, Document
from alembic_contracts.errors import Problem
from alembic_contracts.schemas.schema import Name, Type
from alembic_contracts.schemas.uses import Place

__all__ = ["TableReader"]

_KINDS = {
    "view": "view",
    "materialized view": "materialized view",
    "materialised view": "materialized view",
    "matview": "materialized view",
}
"""``physicalType`` of tables; ``table`` states nothing, since a partitioned one is as good."""


_GENERIC = frozenset(
    {"array", "binary", "datetime", "decimal128", "dict", "float32", "float64", "int32", "int64", "list", "long", "map",
     "number", "object", "record", "string", "struct", "timestamp_ntz", "timestamp_tz", "tinyint", "variant"}
)  # fmt: skip
"""Types of other systems that contracts name as physical ones: their ``logicalType`` says what is meant."""

_PHYSICAL = {"double": "double precision", "blob": "bytea", "clob": "text", "nvarchar": "varchar"}
"""Types of other systems that have one meaning in PostgreSQL."""


class TableReader:
    """Reads one table; ``problems`` holds what cannot be a fact after ``facts`` has been called."""

    def __init__(
        self,
        document: Document,
        value: Mapping[str, Any],
        pointer: str,
        about: tuple[str, str],
        tables: Sequence[Mapping[str, Any]],
    ) -> None:
        """Read one table.

        Args:
            document: the contract's file.
            value: the table's object.
            pointer: where it stands.
            about: the kind of database that the contract is about, and where tables without a schema are.
            tables: all of the contract's objects, which relationships name.
        """
        self._document, self._value, self._pointer, self._tables = document, value, pointer, tables
        self._kind, self._schema = about
        self._dialect = dialects.load(self._kind)
        listed = cast("dict[str, Any]", document.value).get("servers")
        servers = [each for each in listed or () if isinstance(each, dict)]
        self._elsewhere = bool(servers) and not of_kind(self._kind, servers)
        """Whether the contract is about other systems alone, whose names of types say nothing here."""
        self.problems: list[Problem] = []
        self.table = self._physical(value)
        self._columns = [
            (each, f"{pointer}/properties/{position}")
            for position, each in enumerate(value.get("properties") or ())
            if each.get("semanticType", "column") == "column"  # measures and dimensions are computed by who queries
        ]

    def _physical(self, value: Mapping[str, Any]) -> Name:
        written = str(value.get("physicalName") or value["name"])
        namespace, _, name = written.replace('"', "").rpartition(".")
        return Name(namespace.rpartition(".")[2] or self._schema, name)

    def facts(self) -> Iterator[Fact]:
        """Yield what is stated, in the order of the file."""
        at = self._named(self._value, self._pointer)
        yield self._fact("table-exists", None, None, at)
        kind = _KINDS.get(str(self._value.get("physicalType") or "").lower())
        if kind is not None:
            yield self._fact("relation-kind", None, kind, f"{self._pointer}/physicalType")
        stated = {name: value for name, value, _ in own(self._value, self._pointer)}
        places = {name: place for name, _, place in own(self._value, self._pointer)}
        yield from table_facts(
            self.table,
            stated,
            tuple(_name(each) for each, _ in self._columns),
            lambda key, _position: self._document.location(places[key]),
        )
        yield from self._relationships(self._value, self._pointer, None)
        yield from self._primary_key()
        for each, pointer in self._columns:
            yield from self._column(each, pointer)

    def descriptions(self) -> Iterator[tuple[Name, str | None, str]]:
        """Yield what is said of the table and its columns."""
        for name, value in [(None, self._value), *((_name(each), each) for each, _ in self._columns)]:
            if isinstance(value.get("description"), str):
                yield self.table, name, value["description"]

    def used_by(self) -> Iterator[tuple[tuple[Name, str | None], tuple[Place, ...]]]:
        """Yield where the table and its columns are seen to be used."""
        for value in [self._value, *[each for each, _ in self._columns]]:
            if "customProperties" in value:
                listed = (stated for key, stated, _ in own(value, "") if key == "used_by" and stated)
                if places := used_by([place for each in listed for place in each]):
                    yield (self.table, None if value is self._value else _name(value)), places

    @property
    def compatibility(self) -> Compatibility | None:
        """Whom the contract protects from changes of this table, where that is not as for the others."""
        return next((value for key, value, _ in own(self._value, "") if key == "compatibility"), None)

    def deprecations(self) -> Iterator[Deprecation]:
        """Yield what ends: by a sunset of ours, or without a day by ``deprecated``."""
        for name, value, pointer in [
            (None, self._value, self._pointer),
            *((_name(each), each, pointer) for each, pointer in self._columns),
        ]:
            sunset = next(((day, at) for key, day, at in own(value, pointer) if key == "sunset"), None)
            if sunset is not None:
                day, at = sunset
                location = self._document.location(at)
                yield Deprecation(table=self.table, column=name, sunset=date.fromisoformat(day), location=location)
            elif value.get("deprecated") is True:
                location = self._document.location(f"{pointer}/deprecated")
                yield Deprecation(table=self.table, column=name, location=location)

    # -- columns -----------------------------------------------------------------------------------------------------

    def _column(self, value: Mapping[str, Any], pointer: str) -> Iterator[Fact]:
        name = _name(value)
        yield self._fact("column-exists", name, None, self._named(value, pointer))
        yield from self._type(name, value, pointer)
        if value.get("required") is True:
            yield self._fact("column-nullable", name, False, f"{pointer}/required")
        if value.get("unique") is True:
            yield Fact("unique", self.table, None, (name,), self._document.location(f"{pointer}/unique"))
        labels = [each.get("value") if isinstance(each, dict) else each for each in value.get("enum") or ()]
        if labels and all(isinstance(label, str) for label in labels):
            # Values of a text column are no labels of a type: what is no enum is not judged by this.
            place = self._document.location(f"{pointer}/enum")
            yield Fact("enum-labels", self.table, name, tuple(map(str, labels)), place, mode="at least")
        for key, stated, at in own(value, pointer):
            found = (
                column_fact(self.table, name, key, stated, self._document.location(at)) if stated is not None else None
            )
            if found is not None:
                yield found
        yield from self._relationships(value, pointer, name)

    def _type(self, name: str, value: Mapping[str, Any], pointer: str) -> Iterator[Fact]:
        physical, logical = value.get("physicalType"), value.get("logicalType")
        if self._elsewhere or (self._kind == DEFAULT and _is_elsewhere(physical)):
            physical = None
        if self._kind == DEFAULT:
            physical = _PHYSICAL.get(str(physical).lower(), physical)
        type_ = self._parsed(physical, f"{pointer}/physicalType") if physical else None
        if type_ is not None:
            yield self._fact("column-type", name, type_, f"{pointer}/physicalType")
        elif logical and not physical:
            yield from self._logical(name, value, pointer)
        items = value.get("items")
        named = str(items.get("physicalType") or "") if isinstance(items, dict) else ""
        of_ours = named and not self._elsewhere and not _is_elsewhere(named)
        if isinstance(items, dict) and of_ours and (type_ is None or type_.dimensions):
            element = self._parsed(items["physicalType"], f"{pointer}/items/physicalType")
            if element is not None:
                yield self._fact("array-element-type", name, element, f"{pointer}/items/physicalType")

    def _logical(self, name: str, value: Mapping[str, Any], pointer: str) -> Iterator[Fact]:
        options = value.get("logicalTypeOptions")
        options = options if isinstance(options, dict) else {}
        yield self._fact("logical-type", name, str(value["logicalType"]), f"{pointer}/logicalType")
        zone = options.get("timezone")
        if value["logicalType"] == "timestamp" and isinstance(zone, bool) and self._kind == DEFAULT:
            type_ = self._dialect.parse_type("timestamptz" if zone else "timestamp")
            yield self._fact("column-type", name, type_, f"{pointer}/logicalTypeOptions")

    def _parsed(self, text: Any, pointer: str) -> Type | None:
        try:
            return self._dialect.parse_type(str(text))
        except ValueError as error:
            self.problems.append(
                self._document.problem(pointer, f"`physicalType` is no type of {self._dialect.NAME}: {error}")
            )
            return None

    # -- keys --------------------------------------------------------------------------------------------------------

    def _primary_key(self) -> Iterator[Fact]:
        keys = [(each, pointer) for each, pointer in self._columns if each.get("primaryKey") is True]
        keys.sort(key=lambda found: _position(found[0]))
        names = tuple(_name(each) for each, _ in keys)
        for each, pointer in keys:
            yield self._fact("primary-key", _name(each), names, f"{pointer}/primaryKey")

    def _relationships(self, value: Mapping[str, Any], pointer: str, column: str | None) -> Iterator[Fact]:
        stated = value.get("relationships")
        for position, each in enumerate(stated if isinstance(stated, list) else ()):
            if not isinstance(each, dict) or each.get("type") not in (None, "foreignKey"):
                continue
            key = self._foreign_key(each, column)
            if key is not None:
                yield self._fact("foreign-key", None, key, f"{pointer}/relationships/{position}")

    def _foreign_key(self, stated: Mapping[str, Any], column: str | None) -> ForeignKey | None:
        """Return a relationship by physical names; those by ids (``schema/...``) are not followed."""
        targets = [self._target(target) for target in _list(stated.get("to"))]
        sources = [self._source(source) for source in _list(stated.get("from"))] or [column]
        tables = {target[0] for target in targets if target is not None}
        if len(tables) != 1 or None in targets or None in sources or len(sources) != len(targets):
            return None
        columns = tuple(source for source in sources if source is not None)
        return ForeignKey(columns, tables.pop(), tuple(target[1] for target in targets if target is not None))

    def _source(self, written: str) -> str | None:
        """Return a column of this table by its physical name."""
        return _column_of(self._value, written.replace('"', "").rpartition(".")[2])

    def _target(self, written: str) -> tuple[Name, str] | None:
        """Return a column of another table by physical names, None where it is not to be found."""
        parts = written.replace('"', "").split(".")
        if len(parts) < 2 or "/" in written:
            return None
        there = next((table for table in self._tables if table.get("name") == parts[-2]), None)
        if there is None:
            return Name(parts[-3] if len(parts) > 2 else self._schema, parts[-2]), parts[-1]
        column = _column_of(there, parts[-1])
        return None if column is None else (self._physical(there), column)

    # -- places ------------------------------------------------------------------------------------------------------

    def _named(self, value: Mapping[str, Any], pointer: str) -> str:
        return f"{pointer}/physicalName" if value.get("physicalName") else f"{pointer}/name"

    def _fact(self, rule: str, column: str | None, expected: Expected, pointer: str) -> Fact:
        return Fact(rule, self.table, column, expected, self._location(pointer))

    def _location(self, pointer: str) -> ContractLocation:
        return self._document.location(pointer)


def _column_of(table: Mapping[str, Any], name: str) -> str | None:
    found = (each for each in table.get("properties") or () if name in (each.get("name"), each.get("physicalName")))
    return next((_name(each) for each in found), None)


def _is_elsewhere(physical: object) -> bool:
    """Whether a physical type is another system's: ``string``, ``MAP<STRING, INT>``, ``STRUCT<...>``."""
    text = str(physical)
    return "<" in text or text.lower().endswith("(max)") or text.partition("(")[0].strip().lower() in _GENERIC


def _name(value: Mapping[str, Any]) -> str:
    name = str(value.get("physicalName") or value["name"])
    return re.sub(r'^"(.*)"$', r"\1", name) if name.startswith('"') else name


def _position(value: Mapping[str, Any]) -> int:
    position = value.get("primaryKeyPosition")
    return position if isinstance(position, int) and position > 0 else 1_000_000


def _list(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)] if value else []

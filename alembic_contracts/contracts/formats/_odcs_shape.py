"""A document in, one message for each part out that is not of the shape that ODCS asks for."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any, cast, get_args

from alembic_contracts.contracts.contract import Compatibility
from alembic_contracts.contracts.formats._kinds import KINDS
from alembic_contracts.contracts.formats._native_facts import SCHEMA
from alembic_contracts.contracts.formats._odcs_custom import VENDOR, nearly_own, own, unclaimed
from alembic_contracts.contracts.formats._odcs_published import misspelt_status
from alembic_contracts.documents.document import ContractLocation, Document, child
from alembic_contracts.documents.validation import validate_part
from alembic_contracts.errors import Problem
from alembic_contracts.patterns import pattern
from alembic_contracts.support.suggestions import nearest

__all__ = ["problems", "unknown"]

_LONGEST = 200
"""Characters of a word that is compared with known ones."""
_VERSION = pattern(r"v?3\.[0-9]+(\.[0-9]+)?(-[\w.]+)?")
_ROOT = (
    "version", "kind", "apiVersion", "id", "name", "tenant", "tags", "status", "servers", "dataProduct", "description",
    "domain", "schema", "support", "price", "team", "roles", "slaDefaultElement", "slaProperties",
    "authoritativeDefinitions", "customProperties", "contractCreatedTs", "quality",
)  # fmt: skip
_OBJECT = (
    "id", "name", "physicalName", "physicalType", "description", "businessName", "authoritativeDefinitions", "tags",
    "customProperties", "logicalType", "dataGranularityDescription", "properties", "relationships", "quality",
    "deprecated",
)  # fmt: skip
_PROPERTY = (
    "id", "name", "physicalName", "physicalType", "description", "businessName", "authoritativeDefinitions", "tags",
    "customProperties", "primaryKey", "primaryKeyPosition", "logicalType", "logicalTypeOptions", "required", "unique",
    "partitioned", "partitionKeyPosition", "classification", "encryptedName", "transformSourceObjects",
    "transformLogic", "transformDescription", "examples", "criticalDataElement", "relationships", "quality", "items",
    "enum",
    "deprecated", "semanticType", "properties", "default", "aggregation",
)  # fmt: skip
_LOGICAL = ("string", "date", "timestamp", "time", "number", "integer", "object", "array", "boolean", "map", "vector")
_FLAGS = ("required", "unique", "primaryKey", "partitioned", "criticalDataElement", "deprecated")
_CONTRACT_KEYS = ("compatibility", "sunset")
_TABLE_KEYS = (
    "closed", "column_order", "table_type", "unique", "foreign_keys", "checks", "row_security", "replica_identity",
    "publications", "privileges", "compatibility", "sunset", "used_by",
)  # fmt: skip
_COLUMN_KEYS = (
    "is_nullable", "is_updatable", "numeric_precision", "datetime_precision", "character_maximum_length",
    "numeric_scale", "collation_name", "enum", "domain_name", "is_generated", "identity_generation",
    "column_default", "sunset", "used_by",
)  # fmt: skip

_OF_CONTRACTS = ("properties",)
_OF_TABLES = (*_OF_CONTRACTS, "schema", "properties")
_OF_COLUMNS = (*_OF_TABLES, "properties", "additionalProperties", "properties", "constraints", "properties")
"""Where the base format's JSON Schema has the properties that it shares with ours."""
_OF_PLACES = ("$defs", "used_by")
"""The base format has it as ``x-used-by``."""


def problems(document: Document) -> Iterator[Problem]:
    """Yield what is wrong; where it is no contract of a known version, that alone."""
    value = document.value
    if not isinstance(value, dict):
        yield document.problem("", "not a contract: ODCS contracts are objects with `kind: DataContract`")
        return
    foreign = _something_else(document, value)
    if foreign is not None:
        yield foreign
        return
    if not isinstance(value.get("id"), str) or not value["id"]:
        yield document.problem("/id" if "id" in value else "", "the key `id` is missing or no text")
    yield from _misspelt(document, value, "", _ROOT, _CONTRACT_KEYS)
    for key, kinds in (("servers", list), ("support", list), ("team", (list, dict)), ("customProperties", list)):
        if value.get(key) is not None and not isinstance(value[key], kinds):
            yield document.problem(f"/{key}", f"`{key}` must be a list")
    yield from _servers(document, value.get("servers"))
    meant = misspelt_status(value.get("status"))
    if meant is not None:
        yield document.problem("/status", f"the status {value['status']!r} is not known; did you mean `{meant}`?")
    yield from _custom(document, value, "", _CONTRACT_KEYS, _OF_CONTRACTS)
    yield from _list_of_objects(document, value, "", "schema", _object)


def _servers(document: Document, servers: object) -> Iterator[Problem]:
    """Yield what is said wrong of the kind of database that a server is: it would be taken for PostgreSQL."""
    for position, server in enumerate(servers if isinstance(servers, list) else ()):
        for name, stated, at in own(server, f"/servers/{position}") if isinstance(server, dict) else ():
            if name != "dialect":
                yield document.problem(at, f"unknown property `{name}` of alembic_contracts; known here: dialect")
            elif str(stated).lower() not in KINDS:
                hint = nearest(str(stated), KINDS)
                more = f"did you mean `{hint}`?" if hint else f"it is one of {', '.join(KINDS)}"
                yield document.problem(at, f"the dialect {stated!r} is not known; {more}")


def _something_else(document: Document, value: Mapping[str, Any]) -> Problem | None:
    if "dataContractSpecification" in value:
        message = (
            "the Data Contract Specification is not read; convert it to ODCS (`datacontract export --format odcs`)"
        )
        return document.key_problem("/dataContractSpecification", message)
    if "kind" not in value:
        return document.problem("", "not a contract: the key `kind` is missing")
    if value["kind"] != "DataContract":
        return document.problem("/kind", f"the kind {value['kind']!r} is not read; `DataContract` is")
    version = value.get("apiVersion")
    if not isinstance(version, str):
        return document.problem(
            "/apiVersion" if "apiVersion" in value else "", "the key `apiVersion` is missing or no text"
        )
    if not _VERSION.fullmatch(version):
        return document.problem("/apiVersion", f"version {version} of ODCS is not read; v3.0 to v3.2 are")
    return None


def _list_of_objects(
    document: Document, value: Mapping[str, Any], pointer: str, key: str, each: Any
) -> Iterator[Problem]:
    stated = value.get(key)
    if stated is None:
        return
    if not isinstance(stated, list):
        yield document.problem(f"{pointer}/{key}", f"`{key}` must be a list, each item with a `name`")
        return
    names: dict[str, int] = {}
    for position, item in enumerate(stated):
        at = f"{pointer}/{key}/{position}"
        if not isinstance(item, dict):
            yield document.problem(at, f"item {position + 1} of `{key}` must be an object")
            continue
        name = item.get("physicalName") or item.get("name")
        if not isinstance(name, str) or not name.strip():
            yield document.problem(at, f"item {position + 1} of `{key}` has no `name`")
            continue
        first = names.setdefault(name, position)
        if first != position:
            line = document.values[f"{pointer}/{key}/{first}"][0]
            yield document.problem(at, f"`{name}` stands in `{key}` twice, first in line {line}")
        yield from each(document, item, at)


def _object(document: Document, value: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    yield from _misspelt(document, value, pointer, _OBJECT, _TABLE_KEYS)
    yield from _flags(document, value, pointer)
    yield from _custom(document, value, pointer, _TABLE_KEYS, _OF_TABLES)
    yield from _list_of_objects(document, value, pointer, "properties", _property)


def _property(document: Document, value: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    yield from _misspelt(document, value, pointer, _PROPERTY, _COLUMN_KEYS)
    yield from _flags(document, value, pointer)
    logical = value.get("logicalType")
    if logical is not None and logical not in _LOGICAL:
        hint = nearest(str(logical), _LOGICAL)
        more = f"; did you mean `{hint}`?" if hint else f"; it is one of {', '.join(_LOGICAL)}"
        yield document.problem(f"{pointer}/logicalType", f"the logicalType {logical!r} is not known{more}")
    for key in ("physicalType", "logicalType"):
        if value.get(key) is not None and not isinstance(value[key], str):
            yield document.problem(f"{pointer}/{key}", f"`{key}` must be text, not {value[key]!r}")
    position = value.get("primaryKeyPosition")
    if position is not None and (isinstance(position, bool) or not isinstance(position, int)):
        yield document.problem(
            f"{pointer}/primaryKeyPosition", f"`primaryKeyPosition` must be a number, not {position!r}"
        )
    if value.get("items") is not None and not isinstance(value["items"], dict):
        yield document.problem(f"{pointer}/items", "`items` must be an object")
    yield from _custom(document, value, pointer, _COLUMN_KEYS, _OF_COLUMNS)


def _flags(document: Document, value: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    for key in _FLAGS:
        stated = value.get(key)
        if stated is not None and not isinstance(stated, bool):
            hint = "; leave the quotes out" if stated in ("true", "false") else ""
            yield document.problem(f"{pointer}/{key}", f"`{key}` must be true or false, not {stated!r}{hint}")


def _misspelt(
    document: Document, value: Mapping[str, Any], pointer: str, known: Collection[str], ours: Collection[str]
) -> Iterator[Problem]:
    """Yield a problem for each key that is nearly a known one: what it states would be passed over in silence.

    Args:
        document: what the file holds.
        value: the object whose keys are looked at.
        pointer: where it stands.
        known: keys that ODCS has there.
        ours: names of our custom properties there, which are no keys.
    """
    for key in value:
        if key in known or len(key) > _LONGEST:
            continue
        meant = nearest(key, (*ours, *known), cutoff=0.8)
        if meant is not None and meant not in known:
            property_ = f"`{{property: {VENDOR}.{meant}, value: ...}}`"
            more = f"; as one of `customProperties`, {property_}, it is read"
            yield document.key_problem(child(pointer, key), f"ODCS has no key `{key}`{more}")
        elif meant is not None and meant not in value:
            yield document.key_problem(child(pointer, key), f"unknown key `{key}`; did you mean `{meant}`?")


def unknown(document: Document) -> Iterator[tuple[str, ContractLocation]]:
    """Yield what a document without problems states, and nobody reads: in words, and where."""
    value = cast("dict[str, Any]", document.value)
    parts: list[tuple[Mapping[str, Any], str, Collection[str], Collection[str]]]
    parts = [(value, "", _ROOT, _CONTRACT_KEYS)]
    for position, table in enumerate(value.get("schema") or ()):
        parts.append((table, f"/schema/{position}", _OBJECT, _TABLE_KEYS))
        for place, column in enumerate(table.get("properties") or ()):
            parts.append((column, f"/schema/{position}/properties/{place}", _PROPERTY, _COLUMN_KEYS))
    for stated, pointer, known, ours in parts:
        for key in stated:
            if key not in known:
                yield f"the key `{key}`", document.location(child(pointer, key))
        for name, at in unclaimed(stated, pointer):
            if name in ours:
                yield f"the custom property `{name}`, which names no vendor", document.location(at)


def _custom(
    document: Document, value: Mapping[str, Any], pointer: str, known: Collection[str], home: tuple[str, ...]
) -> Iterator[Problem]:
    for written, at in nearly_own(value, pointer):
        yield document.problem(at, f"`{written}` is not known; did you mean `{VENDOR}`?")
    for name, stated, at in own(value, pointer):
        if name not in known:
            hint = nearest(name, known)
            more = f"; did you mean `{hint}`?" if hint else f"; known here: {', '.join(known)}"
            yield document.problem(at, f"unknown property `{name}` of alembic_contracts{more}")
        elif name == "sunset" and not _is_day(stated):
            yield document.problem(at, f"`sunset` must be a day such as 2030-12-31, not {stated!r}")
        elif name == "compatibility":
            if stated not in get_args(Compatibility):
                choices = ", ".join(get_args(Compatibility))
                yield document.problem(at, f"`compatibility` must be one of {choices}, not {stated!r}")
        elif home != _OF_CONTRACTS and name != "sunset" and stated is not None:
            path = _OF_PLACES if name == "used_by" else (*home, name)
            yield from validate_part(document, at, stated, SCHEMA, path)


def _is_day(stated: object) -> bool:
    try:
        return bool(isinstance(stated, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", stated) and date.fromisoformat(stated))
    except ValueError:
        return False

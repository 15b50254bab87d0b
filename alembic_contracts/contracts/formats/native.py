"""The base format: one JSON file, one table, in the words of PostgreSQL's ``information_schema``.

``native.schema.json`` next to this module describes it and is usable by editors. Null means the same as leaving a key
out: no fact. What no JSON Schema can say, that two constraints contradict each other, is checked here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, cast

from msgspec import Struct

from alembic_contracts import dialects, texts
from alembic_contracts.contracts.contract import Contract, Deprecation, Ending, Expected, Fact, Owner
from alembic_contracts.contracts.formats._kinds import DEFAULT, of_resource
from alembic_contracts.contracts.formats._native_facts import SCHEMA, column_fact, table_facts, used_by
from alembic_contracts.contracts.formats._native_types import ColumnType, contradictions, read_type
from alembic_contracts.documents import json_text
from alembic_contracts.documents.document import LONGEST_POINTER, MAXIMUM_PROBLEMS, Document, child, objects
from alembic_contracts.documents.validation import validate
from alembic_contracts.errors import InvalidContracts, Problem
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.uses import Place

__all__ = ["MARK", "SUFFIXES", "contracts", "doubts", "parse"]

SUFFIXES = (".json",)
MARK = "spec-version"
parse = json_text.parse

_VERSION = pattern(r"([0-9]+)(\.[0-9]+)*")
_MAJOR = "1"
_LONGEST_NAME = 63
"""Bytes: ``NAMEDATALEN`` of PostgreSQL less one."""


def contracts(document: Document) -> tuple[Contract, ...]:
    """Return the one contract in a document.

    Raises:
        InvalidContracts: with every problem of the document.
    """
    _refuse_what_is_something_else(document)
    problems = list(validate(document, SCHEMA))
    if len(problems) == MAXIMUM_PROBLEMS:  # what is malformed is not known to its end
        raise InvalidContracts(tuple(problems))
    kind = _kind(document)
    columns = tuple(_columns(document, kind, problems))
    problems.extend(_names_too_long(document) if kind == DEFAULT else ())
    problems.extend(_days_that_are_none(document))
    for column in columns:
        problems.extend(_contradictions(document, column, kind))
    if problems:
        raise InvalidContracts(tuple(problems))
    return (_contract(document, columns, kind),)


def _kind(document: Document) -> str:
    resource = document.value.get("dataAssetResourceName") if isinstance(document.value, dict) else None
    return of_resource(resource if isinstance(resource, str) else None)


def doubts(document: Document) -> tuple[Problem, ...]:
    """Return nothing: what is wrong in a document cannot be read either."""
    del document
    return ()


class _Column(Struct, frozen=True):
    """A column under contract; what is null in the file is not in here."""

    name: str
    pointer: str
    constraints: Mapping[str, Any]
    """Constraint keys with their values."""
    type: ColumnType
    element: ColumnType

    def at(self, constraint: str) -> str:
        return f"{self.pointer}/constraints/{constraint}"

    @property
    def at_element(self) -> str:
        return f"{self.pointer}/array_element/data_type"


def _refuse_what_is_something_else(document: Document) -> None:
    """Refuse other formats with one message, where judging them by this one would give many."""
    value = document.value
    if not isinstance(value, dict):
        return
    version = value.get(MARK)
    match = _VERSION.fullmatch(version) if isinstance(version, str) else None
    if match and match.group(1) != _MAJOR:
        message = f"version {version} of the contract format is not known here; {_MAJOR}.x is"
        raise InvalidContracts((document.problem(f"/{MARK}", message),))
    if MARK not in value and "json-schema.org" in str(value.get("$schema")):
        message = "a JSON Schema, not a contract; keep it outside of the contracts"
        raise InvalidContracts((document.problem("", message),))


def _columns(document: Document, kind: str, problems: list[Problem]) -> Iterator[_Column]:
    """Yield the columns that are well formed; types that cannot be read become problems."""
    table = document.value.get("schema") if isinstance(document.value, dict) else None
    properties = table.get("properties") if isinstance(table, dict) else None
    if not isinstance(properties, dict):
        return
    malformed = [f"{problem.pointer}/" for problem in problems]
    for name, stated in properties.items():
        pointer = child("/schema/properties", name)
        if len(pointer) > LONGEST_POINTER or any(wrong.startswith(texts.line(f"{pointer}/")) for wrong in malformed):
            continue
        constraints = {key: value for key, value in (stated.get("constraints") or {}).items() if value is not None}
        element = (stated.get("array_element") or {}).get("data_type")
        data_type = _type(document, kind, f"{pointer}/constraints/data_type", constraints.get("data_type"), problems)
        element_type = _type(document, kind, f"{pointer}/array_element/data_type", element, problems)
        yield _Column(name, pointer, constraints, data_type, element_type)


def _type(document: Document, kind: str, pointer: str, text: str | None, problems: list[Problem]) -> ColumnType:
    if text is None:
        return None
    try:
        return read_type(text, kind)
    except ValueError as error:
        problems.append(document.problem(pointer, str(error)))
        return None


def _names_too_long(document: Document) -> Iterator[Problem]:
    """Yield a problem for each name that PostgreSQL would have cut, so that it cannot be in any catalog."""
    table = document.value.get("schema") if isinstance(document.value, dict) else None
    if not isinstance(table, dict):
        return
    for key in ("table_schema", "table_name"):
        if isinstance(table.get(key), str) and (message := _too_long(table[key])):
            yield document.problem(f"/schema/{key}", f"`{key}` {message}")
    properties = table.get("properties")
    for name in properties if isinstance(properties, dict) else ():
        if message := _too_long(name):
            yield document.key_problem(child("/schema/properties", name), f"the column's name {message}")


def _too_long(name: str) -> str | None:
    size = len(name.encode())
    return f"has {size} bytes; PostgreSQL cuts names to {_LONGEST_NAME}" if size > _LONGEST_NAME else None


def _contradictions(document: Document, column: _Column, kind: str) -> Iterator[Problem]:
    constraints = column.constraints
    is_nullable_key = constraints.get("primaryKey") and constraints.get("is_nullable")
    if is_nullable_key and not dialects.load(kind).KEYS_TAKE_NULL:
        message = "`is_nullable` is true, but columns of a primary key are never NULL"
        yield document.problem(column.at("is_nullable"), message)
    for key, message in contradictions(column.type, column.element, constraints) if kind == DEFAULT else ():
        pointer = column.at_element if key == "array_element" else column.at(key)
        yield document.problem(pointer, message)


def _contract(document: Document, columns: Sequence[_Column], kind: str) -> Contract:
    value = cast("dict[str, Any]", document.value)
    owner, table = value["owner"], value["schema"]
    name = Name(table.get("table_schema") or dialects.load(kind).DEFAULT_SCHEMA, table["table_name"])
    return Contract(
        namespace=value["namespace"],
        name=value["name"],
        owner=Owner(owner["name"], owner.get("email")),
        facts=tuple(_facts(document, name, columns)),
        location=document.location("/name"),
        description=value.get("doc") or "",
        descriptions=tuple(_descriptions(name, table)),
        used_by=dict(_used_by(name, table)),
        resource=value.get("dataAssetResourceName"),
        kind=kind,
        catalog=table.get("table_catalog"),
        version=value.get("version"),
        compatibility=value.get("compatibility") or "exact",
        stage=value.get("status") or "active",
        deprecations=tuple(_deprecations(document, name)),
        ending=partial(_ending, document),
    )


def _ending(document: Document, fact: Fact) -> Ending | None:
    """Return what to write so that a column's promises end on a day, or a table's where none is listed for the fact."""
    from alembic_contracts.contracts.formats._ending import DAY, as_member

    listed = fact.column is not None and child("/schema/properties", fact.column) in document.values
    pointer = child("/schema/properties", fact.column or "") if listed else "/schema"
    stated = cast("Mapping[str, Any]", document.value_at(pointer))
    return as_member(document, pointer, "sunset", DAY) if "sunset" not in stated else None


def _descriptions(table: Name, stated: Mapping[str, Any]) -> Iterator[tuple[Name, str | None, str]]:
    if stated.get("description"):
        yield table, None, stated["description"]
    for column, value in stated["properties"].items():
        if value.get("description"):
            yield table, column, value["description"]


def _used_by(table: Name, stated: Mapping[str, Any]) -> Iterator[tuple[tuple[Name, str | None], tuple[Place, ...]]]:
    if listed := stated.get("x-used-by"):
        yield (table, None), used_by(listed)
    for column, value in stated["properties"].items():
        if listed := value.get("x-used-by"):
            yield (table, column), used_by(listed)


def _deprecations(document: Document, table: Name) -> Iterator[Deprecation]:
    """Yield what ends: the contract by its status or sunset, the table and columns by theirs."""
    value = cast("dict[str, Any]", document.value)
    if value.get("sunset") or value.get("status") == "deprecated":
        at = "/sunset" if value.get("sunset") else "/status"
        yield Deprecation(sunset=_day(value.get("sunset")), location=document.location(at))
    if stated := value["schema"].get("sunset"):
        yield Deprecation(table=table, sunset=_day(stated), location=document.location("/schema/sunset"))
    for column, properties in value["schema"]["properties"].items():
        if stated := properties.get("sunset"):
            pointer = child(child("/schema/properties", column), "sunset")
            yield Deprecation(table=table, column=column, sunset=_day(stated), location=document.location(pointer))


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _days_that_are_none(document: Document) -> Iterator[Problem]:
    """Yield a problem for each sunset that no calendar has, such as February 30."""
    if not any("sunset" in each for each in objects(document.value)):  # as nearly always: no place is asked for
        return
    for pointer in document.values:
        stated = document.value_at(pointer) if pointer.endswith("/sunset") else None
        if isinstance(stated, str):
            try:
                date.fromisoformat(stated)
            except ValueError as error:
                yield document.problem(pointer, f"`sunset` is no day: {error}")


def _facts(document: Document, table: Name, columns: Sequence[_Column]) -> Iterator[Fact]:
    """Yield what the contract states, in the order of the file."""

    def fact(rule: str, column: _Column | None, expected: Expected, pointer: str) -> Fact:
        return Fact(rule, table, column.name if column else None, expected, document.location(pointer))

    key = tuple(column.name for column in columns if column.constraints.get("primaryKey"))
    yield fact("table-exists", None, None, "/schema/table_name")
    stated_of_table = cast("dict[str, Any]", document.value)["schema"]
    names = tuple(column.name for column in columns)
    yield from table_facts(
        table,
        stated_of_table,
        names,
        lambda key, item: document.location(f"/schema/{key}" if item is None else f"/schema/{key}/{item}"),
    )
    for column in columns:
        yield fact("column-exists", column, None, column.pointer)
        for constraint, stated in column.constraints.items():
            pointer = column.at(constraint)
            if constraint == "primaryKey":
                # A key of other columns alone is one that this column is not in: nothing to add to their facts.
                if stated or not key:
                    yield fact("primary-key", column, key, pointer)
            elif constraint == "data_type":
                yield fact("column-type", column, column.type, pointer)
            elif found := column_fact(table, column.name, constraint, stated, document.location(pointer)):
                yield found  # the others are extensions (``x-``)
        if column.element is not None:
            yield fact("array-element-type", column, column.element, column.at_element)

"""The base format: what its contracts state, and how broken ones are refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from alembic_contracts.contracts.contract import Owner
from alembic_contracts.contracts.formats import load
from alembic_contracts.schemas.schema import Name, Type
from alembic_contracts.schemas.uses import Place
from tests.support.native import BASE, facts, read

ROOT = Path(__file__).parents[3]


def pg(name: str, *modifiers: str, dimensions: int = 0) -> Type:
    return Type(Name("pg_catalog", name), modifiers, dimensions)


@pytest.mark.parametrize(
    ("which", "sha256"),
    [
        ("first", "72f65d30663bbb9f2f19cc170b9df55deea7e6946cdd3bd572afc80be7543a35"),
        ("second", "eb08e31cf4a459576c76bce2a7ed489f1a413e823a1fb3854449c0cbd898210f"),
    ],
)
def test_the_museums_contracts_are_as_they_were_published(which, sha256) -> None:
    file = {"first": "contracts/object_images.json", "second": "tests/fixtures/object_images_normalized.json"}[which]
    assert hashlib.sha256((ROOT / file).read_bytes()).hexdigest() == sha256


def test_reads_the_museums_first_contract() -> None:
    (contract,) = load([Path("contracts/object_images.json")], root=ROOT)
    assert contract.id == "met-museum-data/object-images-contract-spec"
    assert contract.owner == Owner("Data Engineering Team", "data-eng@museum.org")
    assert contract.resource == "postgresql://postgres:5432/postgres.object_images"
    assert contract.catalog == "postgres"
    assert contract.description.startswith("Data contract for the object_images table")
    assert contract.tables == (Name("public", "object_images"),)
    assert [(f.rule, f.column, f.expected, f.location.line, f.location.column) for f in contract.facts] == [
        ("table-exists", None, None, 16, 7),
        ("column-exists", "object_id", None, 18, 9),
        ("primary-key", "object_id", ("object_id",), 22, 13),
        ("column-type", "object_id", pg("int4"), 23, 13),
        ("numeric-precision", "object_id", 32, 24, 13),
        ("column-nullable", "object_id", False, 25, 13),
        ("column-updatable", "object_id", True, 26, 13),
        ("column-exists", "primary_image", None, 29, 9),
        ("column-type", "primary_image", pg("text"), 34, 13),
        ("column-nullable", "primary_image", True, 35, 13),
        ("column-updatable", "primary_image", True, 36, 13),
        ("column-exists", "additional_images", None, 39, 9),
        ("column-type", "additional_images", "ARRAY", 43, 13),
        ("column-nullable", "additional_images", True, 44, 13),
        ("column-updatable", "additional_images", True, 45, 13),
        ("array-element-type", "additional_images", pg("text"), 48, 13),
        ("column-exists", "created_at", None, 51, 9),
        ("column-type", "created_at", pg("timestamp"), 57, 13),
        ("datetime-precision", "created_at", 6, 58, 13),
        ("column-nullable", "created_at", False, 59, 13),
        ("column-updatable", "created_at", True, 60, 13),
    ]
    # 32.0 and 6.0 are whole numbers, and true is no 1.
    kinds = {fact.rule: type(fact.expected) for fact in contract.facts}
    assert kinds["numeric-precision"] is kinds["datetime-precision"] is int
    assert kinds["column-updatable"] is bool


def test_reads_the_museums_second_contract() -> None:
    (contract,) = load([Path("tests/fixtures/object_images_normalized.json")], root=ROOT)
    assert contract.tables == (Name("public", "object_images_normalized"),)
    assert {fact.column for fact in contract.facts} == {None, "object_id", "image", "is_primary_image", "created_at"}
    assert ("column-type", "is_primary_image", pg("bool")) in [(f.rule, f.column, f.expected) for f in contract.facts]
    assert len(contract.facts) == 20


def test_null_and_left_out_are_the_same_no_fact() -> None:
    nothing = dict.fromkeys(
        ["primaryKey", "data_type", "is_nullable", "is_updatable", "numeric_precision", "datetime_precision"]
    )
    expected = [("table-exists", None, None), ("column-exists", "a", None)]
    assert facts({"a": {"constraints": nothing, "array_element": {"data_type": None}}}) == expected
    assert facts({"a": {"constraints": None, "array_element": None, "items": None}}) == expected
    assert facts({"a": {"constraints": {}, "array_element": {}}}) == expected
    assert facts({"a": {}}) == expected


def test_a_contract_may_be_on_the_table_alone() -> None:
    assert facts({}) == [("table-exists", None, None)]


def test_the_schema_is_public_unless_stated() -> None:
    for stated, expected in ({}, "public"), ({"table_schema": None}, "public"), ({"table_schema": "Art"}, "Art"):
        contract = json.loads(BASE)
        del contract["schema"]["table_schema"]
        contract["schema"].update(stated)
        assert read(json.dumps(contract))[0].tables == (Name(expected, "images"),)


def test_a_primary_key_is_exactly_the_columns_that_state_it() -> None:
    key = {"constraints": {"primaryKey": True}}
    no_key = {"constraints": {"primaryKey": False}}
    stated = [fact for fact in facts({"b": key, "a": no_key, "c": key, "d": {}}) if fact[0] == "primary-key"]
    assert stated == [("primary-key", "b", ("b", "c")), ("primary-key", "c", ("b", "c"))]
    stated = [fact for fact in facts({"b": no_key, "a": no_key, "d": {}}) if fact[0] == "primary-key"]
    assert stated == [("primary-key", "b", ()), ("primary-key", "a", ())]


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("ARRAY", "ARRAY"),
        ("array", "ARRAY"),
        ("USER-DEFINED", "USER-DEFINED"),
        ("int4", pg("int4")),
        ("VARCHAR(50)", pg("varchar", "50")),
        ("character varying(50)", pg("varchar", "50")),
        ("timestamptz", pg("timestamptz")),
        ("timestamp with time zone", pg("timestamptz")),
        ("numeric(10,2)", pg("numeric", "10", "2")),
        ("text[]", pg("text", dimensions=1)),
        ('art."Mood"', Type(Name("art", "Mood"))),
    ],
)
def test_types_are_spelt_as_users_do(spelling, expected) -> None:
    assert facts({"a": {"constraints": {"data_type": spelling}}})[-1] == ("column-type", "a", expected)


@pytest.mark.parametrize(
    ("type_", "element", "expected"),
    [
        ("ARRAY", "varchar(20)", pg("varchar", "20")),
        (None, "text", pg("text")),
        ("int[]", "integer", pg("int4")),
        ("varchar(20)[]", "varchar", pg("varchar")),
        ("varchar[]", "varchar(20)", pg("varchar", "20")),
        ("ARRAY", "USER-DEFINED", "USER-DEFINED"),
        ("art.moods", "art.mood", Type(Name("art", "mood"))),
        ("art.mood[]", "mood", Type(Name("", "mood"))),
    ],
)
def test_elements_that_go_with_the_type(type_, element, expected) -> None:
    column = {"constraints": {"data_type": type_}, "array_element": {"data_type": element}}
    assert facts({"a": column})[-1] == ("array-element-type", "a", expected)


@pytest.mark.parametrize(
    ("type_", "constraint", "precision"),
    [
        ("smallint", "numeric_precision", 16),
        ("bigint", "numeric_precision", 64.0),
        ("real", "numeric_precision", 24),
        ("double precision", "numeric_precision", 53),
        ("numeric", "numeric_precision", 10),
        ("numeric(10,2)", "numeric_precision", 10),
        ("art.price", "numeric_precision", 7),
        (None, "numeric_precision", 7),
        ("timestamp", "datetime_precision", 3),
        ("timestamp(3)", "datetime_precision", 3),
        ("time with time zone", "datetime_precision", 0),
        ("interval", "datetime_precision", 6),
        ("date", "datetime_precision", 0),
        (None, "datetime_precision", 2),
    ],
)
def test_precisions_that_go_with_the_type(type_, constraint, precision) -> None:
    fact = facts({"a": {"constraints": {"data_type": type_, constraint: precision}}})[-1]
    assert fact == (constraint.replace("_", "-"), "a", precision)
    assert type(fact[2]) is int


def test_annotations_and_extensions_change_nothing() -> None:
    contract = json.loads(BASE)
    plain = read(json.dumps(contract))[0].facts
    contract.update({"$schema": "../native.schema.json", "x-sla": {"days": 30}})
    contract["owner"]["x-channel"] = "#data"
    contract["schema"].update({"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "T", "x-a": 1})
    column = contract["schema"]["properties"]["id"]
    column.update({"title": "Id", "description": "An id", "examples": [1], "items": {"type": "x"}, "x-b": []})
    column["constraints"]["x-c"] = None
    contract["schema"]["properties"]["links"]["array_element"]["x-d"] = "d"
    changed = read(json.dumps(contract))[0].facts
    assert [(f.rule, f.column, f.expected) for f in changed] == [(f.rule, f.column, f.expected) for f in plain]


def test_places_of_uses_are_read_and_change_no_fact() -> None:
    contract = json.loads(BASE)
    [plain] = read(json.dumps(contract))
    assert not plain.used_by
    guide = {"what": "exposure Museum guide (guide@example.org)", "file": "", "line": None}
    contract["schema"]["x-used-by"] = [guide, guide]
    staged = {"file": "models/stg_images.sql", "line": 7.0, "what": None}
    contract["schema"]["properties"]["links"]["x-used-by"] = [staged, {**staged, "line": 9, "what": "model"}]
    contract["schema"]["properties"]["id"]["x-used-by"] = None
    [changed] = read(json.dumps(contract))
    table = Name("public", "images")
    assert changed.used_by == {
        (table, None): (Place("", None, "exposure Museum guide (guide@example.org)"),),
        (table, "links"): (Place("models/stg_images.sql", 7), Place("models/stg_images.sql", 9, "model")),
    }
    assert str(changed.used_by[table, "links"][0]) == "models/stg_images.sql:7"  # a number that is written as 7.0
    assert [(f.rule, f.column, f.expected) for f in changed.facts] == [
        (f.rule, f.column, f.expected) for f in plain.facts
    ]


@pytest.mark.parametrize("version", ["1", "1.0", "1.0.0", "1.7.12"])
def test_every_version_1_is_read(version) -> None:
    assert read(BASE.replace("1.0.0", version))


def test_the_published_schema_is_valid_and_describes_every_key() -> None:
    from jsonschema import Draft202012Validator

    schema = json.loads((ROOT / "alembic_contracts/contracts/formats/native.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    described = 0

    def check(inner: dict) -> None:
        nonlocal described
        for below in inner.get("properties", {}).values():
            assert below["title"]
            assert below["description"]
            assert below.get("examples") or "properties" in below or "additionalProperties" in below
            described += 1
            check(below)
        if isinstance(inner.get("additionalProperties"), dict):
            check(inner["additionalProperties"])

    check(schema)
    assert described > 20
    validator = Draft202012Validator(schema)
    for file in ("contracts/object_images.json", "tests/fixtures/object_images_normalized.json"):
        assert not list(validator.iter_errors(json.loads((ROOT / file).read_text())))
    # The examples of the schema are themselves valid.
    for error_key, below in schema["properties"].items():
        for example in below.get("examples", []):
            assert Draft202012Validator(below).is_valid(example), error_key

"""The base format: what its contracts state, and how broken ones are refused."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alembic_contracts.contracts.contract import Owner
from alembic_contracts.contracts.formats import load, native
from alembic_contracts.documents.json_text import parse as parse_json
from alembic_contracts.errors import InvalidContracts
from alembic_contracts.schemas.schema import Name, Type

ROOT = Path(__file__).parents[3]

BASE = """\
{
  "spec-version": "1.0.0",
  "name": "images",
  "namespace": "museum",
  "dataAssetResourceName": "postgresql://postgres:5432/postgres.images",
  "doc": "Images.",
  "owner": {"name": "Data", "email": "data@museum.org"},
  "schema": {
    "table_schema": "public",
    "table_name": "images",
    "properties": {
      "id": {
        "constraints": {
          "primaryKey": true,
          "data_type": "integer",
          "is_nullable": false
        }
      },
      "links": {
        "constraints": {
          "data_type": "text[]"
        },
        "array_element": {
          "data_type": "text"
        }
      }
    }
  }
}
"""


def read(text: str):
    return native.contracts(native.parse(text, "x.json"))


def facts(properties: dict, **table) -> list[tuple]:
    """What a contract with these columns states: rule, column, expected."""
    contract = json.loads(BASE)
    contract["schema"] = {**contract["schema"], "properties": properties, **table}
    (read_contract,) = read(json.dumps(contract))
    return [(fact.rule, fact.column, fact.expected) for fact in read_contract.facts]


def problems(text: str) -> list[tuple]:
    with pytest.raises(InvalidContracts) as refused:
        read(text)
    return [(p.line, p.column, p.pointer, p.message) for p in refused.value.problems]


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


@pytest.mark.parametrize("version", ["1", "1.0", "1.0.0", "1.7.12"])
def test_every_version_1_is_read(version) -> None:
    assert read(BASE.replace("1.0.0", version))


BOOLEAN = "true or false"
MALFORMED = [
    # keys
    ('"spec-version": "1.0.0",', "", (1, 1, "", "the key `spec-version` is missing")),
    (
        '"spec-version"',
        '"spec_version"',
        (2, 3, "/spec_version", "unknown key `spec_version`; did you mean `spec-version`?"),
    ),
    ('"name": "images",', "", (1, 1, "", "the key `name` is missing")),
    ('"namespace": "museum",', "", (1, 1, "", "the key `namespace` is missing")),
    (
        '"owner": {"name": "Data", "email": "data@museum.org"},',
        "",
        (1, 1, "", "the key `owner` is missing"),
    ),
    ('"name": "Data", ', "", (7, 12, "/owner", "the key `name` is missing")),
    ('"table_name": "images",', "", (8, 13, "/schema", "the key `table_name` is missing")),
    (
        '"is_nullable"',
        '"is_nulable"',
        (
            16,
            11,
            "/schema/properties/id/constraints/is_nulable",
            "unknown key `is_nulable`; did you mean `is_nullable`?",
        ),
    ),
    (
        '"primaryKey"',
        '"primary_key"',
        (
            14,
            11,
            "/schema/properties/id/constraints/primary_key",
            "unknown key `primary_key`; did you mean `primaryKey`?",
        ),
    ),
    (
        '"links": {',
        '"links": {"is_updatable": true,',
        (19, 17, "/schema/properties/links/is_updatable", "`is_updatable` does not belong here but in `constraints`"),
    ),
    (
        '"links": {',
        '"links": {"data_type": "text[]",',
        (
            19,
            17,
            "/schema/properties/links/data_type",
            "`data_type` does not belong here but in `constraints` or `array_element`",
        ),
    ),
    (
        '"namespace": "museum",',
        '"namespace": "museum", "table_name": "x",',
        (4, 26, "/table_name", "`table_name` does not belong here but in `schema`"),
    ),
    (
        '"doc": "Images.",',
        '"quality": [],',
        (
            6,
            3,
            "/quality",
            (
                "unknown key `quality`; known here: `spec-version`, `name`, `namespace`, `dataAssetResourceName`, "
                "`doc`, `version`, `compatibility`, `status`, `sunset`, `owner`, `schema`"
            ),
        ),
    ),
    (
        '"links": {',
        '"id": {',
        (19, 7, "/schema/properties/id", "the key `id` stands here twice, first on line 12"),
    ),
    # kinds of values
    (
        '"is_nullable": false',
        '"is_nullable": "false"',
        (
            16,
            26,
            "/schema/properties/id/constraints/is_nullable",
            f'`is_nullable` must be {BOOLEAN}, not the text "false"; leave the quotes out',
        ),
    ),
    (
        '"primaryKey": true',
        '"primaryKey": 1',
        (
            14,
            25,
            "/schema/properties/id/constraints/primaryKey",
            f"`primaryKey` must be {BOOLEAN}, not the number 1",
        ),
    ),
    (
        '"is_nullable": false',
        '"numeric_precision": 32.5',
        (
            16,
            32,
            "/schema/properties/id/constraints/numeric_precision",
            "`numeric_precision` must be a whole number, not the number 32.5",
        ),
    ),
    (
        '"is_nullable": false',
        '"numeric_precision": "32"',
        (
            16,
            32,
            "/schema/properties/id/constraints/numeric_precision",
            '`numeric_precision` must be a whole number, not the text "32"; leave the quotes out',
        ),
    ),
    (
        '"is_nullable": false',
        '"numeric_precision": true',
        (
            16,
            32,
            "/schema/properties/id/constraints/numeric_precision",
            "`numeric_precision` must be a whole number, not true",
        ),
    ),
    (
        '"is_nullable": false',
        '"datetime_precision": 7',
        (
            16,
            33,
            "/schema/properties/id/constraints/datetime_precision",
            "`datetime_precision` must be at most 6, not 7",
        ),
    ),
    (
        '"is_nullable": false',
        '"numeric_precision": 0',
        (
            16,
            32,
            "/schema/properties/id/constraints/numeric_precision",
            "`numeric_precision` must be at least 1, not 0",
        ),
    ),
    (
        '"data_type": "integer"',
        '"data_type": ["integer"]',
        (
            15,
            24,
            "/schema/properties/id/constraints/data_type",
            "`data_type` must be text in double quotes, not a list",
        ),
    ),
    (
        '{"name": "Data", "email": "data@museum.org"}',
        '"Data"',
        (7, 12, "/owner", '`owner` must be an object `{...}`, not the text "Data"'),
    ),
    (
        '"1.0.0"',
        "1.0",
        (2, 19, "/spec-version", "`spec-version` must be text in double quotes, not the number 1.0"),
    ),
    (
        '"images",\n  "namespace"',
        'null,\n  "namespace"',
        (3, 11, "/name", "`name` must be text in double quotes, not null"),
    ),
    # texts
    (
        '"1.0.0"',
        '"2.0.0"',
        (2, 19, "/spec-version", "version 2.0.0 of the contract format is not known here; 1.x is"),
    ),
    (
        '"1.0.0"',
        '"1.0.0-beta"',
        (
            2,
            19,
            "/spec-version",
            '`spec-version` must be a version 1.x of the contract format, such as "1.0.0", not the text "1.0.0-beta"',
        ),
    ),
    ('"name": "images"', '"name": ""', (3, 11, "/name", "`name` must not be empty")),
    (
        '"name": "images"',
        '"name": "a/b"',
        (3, 11, "/name", '`name` must be one line without a slash and without spaces around it, not the text "a/b"'),
    ),
    (
        '"museum"',
        r'"museum\n"',
        (
            4,
            16,
            "/namespace",
            (
                r"`namespace` must be one line without a slash and without spaces around it, "
                r'not the text "museum\n"'
            ),
        ),
    ),
    (
        '"data@museum.org"',
        '"data at museum"',
        (
            7,
            38,
            "/owner/email",
            '`email` must be an email address such as "data-eng@museum.org", not the text "data at museum"',
        ),
    ),
    ('"data@museum.org"', '""', (7, 38, "/owner/email", "`email` must not be empty")),
    (
        '"table_name": "images"',
        '"table_name": "public.images"',
        (
            10,
            19,
            "/schema/table_name",
            (
                "`table_name` must be the table's name as in the catalog, without schema, dots, quotes or spaces "
                'around it, not the text "public.images"'
            ),
        ),
    ),
    (
        '"table_schema": "public"',
        '"table_schema": ""',
        (9, 21, "/schema/table_schema", "`table_schema` must not be empty"),
    ),
    (
        '"links": {',
        '"": {',
        (19, 7, "/schema/properties/", "the key must not be empty"),
    ),
    (
        '"links": {',
        r'"\"links\"": {',
        (
            19,
            7,
            '/schema/properties/"links"',
            (
                "the key must be the column's name as in the catalog, without quotes or spaces around it, "
                'not the text ""links""'
            ),
        ),
    ),
    (
        '"links": {',
        f'"{"é" * 32}": {{',
        (
            19,
            7,
            f"/schema/properties/{'é' * 32}",
            "the column's name has 64 bytes; PostgreSQL cuts names to 63",
        ),
    ),
    (
        '"table_name": "images"',
        f'"table_name": "{"t" * 64}"',
        (10, 19, "/schema/table_name", "`table_name` has 64 bytes; PostgreSQL cuts names to 63"),
    ),
    # types
    (
        '"data_type": "integer"',
        '"data_type": "varchar("',
        (
            15,
            24,
            "/schema/properties/id/constraints/data_type",
            "'varchar(' is not a type: the part in parentheses is not complete",
        ),
    ),
    (
        '"data_type": "integer"',
        '"data_type": ""',
        (15, 24, "/schema/properties/id/constraints/data_type", "`data_type` must not be empty"),
    ),
    # contradictions
    (
        '"is_nullable": false',
        '"is_nullable": true',
        (
            16,
            26,
            "/schema/properties/id/constraints/is_nullable",
            "`is_nullable` is true, but columns of a primary key are never NULL",
        ),
    ),
    (
        '"is_nullable": false',
        '"numeric_precision": 64',
        (
            16,
            32,
            "/schema/properties/id/constraints/numeric_precision",
            "`numeric_precision` of `integer` is 32, not 64",
        ),
    ),
    (
        '"data_type": "text[]"',
        '"data_type": "text"',
        (
            24,
            24,
            "/schema/properties/links/array_element/data_type",
            "`array_element` is for arrays, but `data_type` is `text`",
        ),
    ),
    (
        '"data_type": "text[]"',
        '"data_type": "USER-DEFINED"',
        (
            24,
            24,
            "/schema/properties/links/array_element/data_type",
            "`array_element` is for arrays, but `data_type` is `USER-DEFINED`",
        ),
    ),
    (
        '"data_type": "text[]"',
        '"data_type": "integer[]"',
        (
            24,
            24,
            "/schema/properties/links/array_element/data_type",
            "the elements of `integer[]` are not `text`",
        ),
    ),
    (
        '"data_type": "text"\n',
        '"data_type": "text[]"\n',
        (
            24,
            24,
            "/schema/properties/links/array_element/data_type",
            "the elements of an array are never arrays; PostgreSQL keeps no number of dimensions",
        ),
    ),
    (
        '"data_type": "text[]"',
        '"data_type": "text[]", "numeric_precision": 32',
        (
            21,
            55,
            "/schema/properties/links/constraints/numeric_precision",
            "`numeric_precision` is for numbers, but `data_type` is `text[]`",
        ),
    ),
    (
        '"is_nullable": false',
        '"datetime_precision": 6',
        (
            16,
            33,
            "/schema/properties/id/constraints/datetime_precision",
            "`datetime_precision` is for dates and times, but `data_type` is `integer`",
        ),
    ),
    (
        '"data_type": "integer",\n          "is_nullable": false',
        '"data_type": "timestamp(3)",\n          "datetime_precision": 6',
        (
            16,
            33,
            "/schema/properties/id/constraints/datetime_precision",
            "`datetime_precision` of `timestamp(3) without time zone` is 3, not 6",
        ),
    ),
    # other documents
    (BASE, "[]", (1, 1, "", "a contract must be an object `{...}`, not a list")),
    (BASE, "null", (1, 1, "", "a contract must be an object `{...}`, not null")),
    (
        BASE,
        '{"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "x"}',
        (1, 1, "", "a JSON Schema, not a contract; keep it outside of the contracts"),
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), MALFORMED, ids=[f"{new or old:.40}" for old, new, _ in MALFORMED])
def test_says_what_is_wrong_and_where(old, new, expected) -> None:
    assert BASE.count(old) >= 1
    assert problems(BASE.replace(old, new, 1)) == [expected]


def test_collects_all_problems_of_a_file() -> None:
    text = BASE
    for old, new in (
        ('"museum"', '""'),
        ('"is_nullable": false', '"is_nullable": "no"'),
        ('"data_type": "text[]"', '"data_type": "text"'),
        ('"doc"', '"docs"'),
    ):
        text = text.replace(old, new, 1)
    assert [(line, pointer) for line, _, pointer, _ in problems(text)] == [
        (4, "/namespace"),
        (6, "/docs"),
        (16, "/schema/properties/id/constraints/is_nullable"),
        (24, "/schema/properties/links/array_element/data_type"),
    ]


def test_a_file_that_is_something_else_does_not_flood_the_screen() -> None:
    assert len(problems(json.dumps(dict.fromkeys(map(str, range(5000)), 1)))) == 100
    columns = {f"c{number}": None for number in range(5000)}
    contract = json.loads(BASE)
    assert len(problems(json.dumps({**contract, "schema": {**contract["schema"], "properties": columns}}))) == 100


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


patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
WORDS = st.sampled_from(
    ["ARRAY", "USER-DEFINED", "int4[]", "numeric(9)", "timestamp(3)", "a.b", "interval", "oidvector"]
)
PLACES = sorted(parse_json(BASE, "x.json").values)


def _replaced(value, pointer: str, new):
    """A copy of a value with the member at a pointer replaced."""
    if not pointer:
        return new
    key, _, rest = pointer[1:].partition("/")
    return {**value, key: _replaced(value[key], f"/{rest}" if rest else "", new)}


@patiently
@given(st.sampled_from(PLACES), ANYTHING | WORDS, st.sampled_from(PLACES), ANYTHING | WORDS)
def test_no_contract_raises_anything_but_problems(one, value, other, another) -> None:
    contract = _replaced(json.loads(BASE), one, value)
    with contextlib.suppress(KeyError, TypeError, ValueError):  # the other place is gone with the first
        contract = _replaced(contract, other, another)
    text = json.dumps(contract)
    try:
        found = read(text)
    except InvalidContracts as invalid:
        messages = list(map(str, invalid.problems))
    else:
        assert found[0].facts
        return
    assert messages
    assert all(map(str.isprintable, messages))

"""ODCS contracts: what is read, what is refused and where, in YAML and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from alembic_contracts.contracts import formats
from alembic_contracts.contracts.contract import Contract, ForeignKey, Owner, Privileges, Publication
from alembic_contracts.errors import InvalidContracts
from alembic_contracts.schemas.schema import Name, Type

FULL = """\
# Two tables of one consumer
kind: DataContract
apiVersion: v3.2.0
id: 7c1f
name: ledger
domain: finance
version: 2.1.0
status: active
description:
  purpose: Month-end closing
servers:
  - server: prod
    type: postgresql
    host: db.example.org
    port: 5432
    database: ${LEDGER_DATABASE:-books}
    schema: ${LEDGER_SCHEMA:-accounts}
team:
  name: Closing
  members:
    - {username: old@example.org, role: Owner, dateOut: "2024-01-01"}
    - {username: closing@example.org, role: Owner}
slaProperties:
  - {property: latency, value: 4, unit: d}
schema:
  - name: entries
    physicalName: entry
    physicalType: table
    description: One line a booking
    properties:
      - name: number
        physicalType: bigint
        primaryKey: true
        primaryKeyPosition: 2
        required: true
      - name: year
        physicalType: integer
        primaryKey: true
        primaryKeyPosition: 1
        required: true
      - name: account
        physicalName: account_id
        physicalType: varchar(18)
        required: false
        unique: true
        relationships:
          - to: chart.id
      - {name: amount, logicalType: number}
      - {name: booked, logicalType: timestamp, logicalTypeOptions: {timezone: true}}
      - name: tags
        logicalType: array
        physicalType: text[]
        items: {physicalType: text, logicalType: string}
      - name: state
        logicalType: string
        physicalType: VARCHAR(32)
        enum: [{value: open}, {value: closed}]
        deprecated: true
      - {name: total, semanticType: measure, logicalType: number, transformLogic: SUM(amount)}
      - name: note
        physicalType: string
        logicalType: string
        customProperties:
          - {property: column_default, value: "''", vendor: alembic_contracts}
          - {property: sunset, value: "2031-02-01", vendor: alembic_contracts}
          - {property: column_default, value: other, vendor: another}
    customProperties:
      - {property: alembic_contracts.checks, value: [amount > 0]}
  - name: chart
    physicalName: public.chart_of_accounts
    physicalType: view
    quality: [{metric: rowCount, mustBeGreaterThan: 1}]
    properties:
      - name: id
        physicalType: varchar(18)
customProperties:
  - {property: compatibility, value: full, vendor: alembic_contracts}
"""
ENTRY, CHART = Name("accounts", "entry"), Name("public", "chart_of_accounts")


def load(text: str, folder: Path, name: str = "contract.odcs.yaml") -> Contract:
    (folder / name).write_text(text, encoding="utf-8")
    [contract] = formats.load([Path(name)], root=folder)
    return contract


def stated(contract: Contract) -> list[tuple[str, str, Any]]:
    return [(fact.rule, fact.place, fact.expected) for fact in contract.facts]


def catalog(name: str, *modifiers: str, dimensions: int = 0) -> Type:
    return Type(Name("pg_catalog", name), modifiers, dimensions)


def test_all_that_is_read(tmp_path: Path) -> None:
    contract = load(FULL, tmp_path)
    assert contract.id == "finance/ledger"
    assert (contract.version, contract.stage, contract.compatibility) == ("2.1.0", "active", "full")
    assert contract.owner == Owner("Closing", "closing@example.org")
    assert (contract.catalog, contract.description) == ("books", "Month-end closing")
    assert contract.tables == (ENTRY, CHART)
    assert stated(contract) == [
        ("table-exists", "accounts.entry", None),
        ("check", "accounts.entry", "amount > 0"),
        ("primary-key", "accounts.entry.year", ("year", "number")),
        ("primary-key", "accounts.entry.number", ("year", "number")),
        ("column-exists", "accounts.entry.number", None),
        ("column-type", "accounts.entry.number", catalog("int8")),
        ("column-nullable", "accounts.entry.number", False),
        ("column-exists", "accounts.entry.year", None),
        ("column-type", "accounts.entry.year", catalog("int4")),
        ("column-nullable", "accounts.entry.year", False),
        ("column-exists", "accounts.entry.account_id", None),
        ("column-type", "accounts.entry.account_id", catalog("varchar", "18")),
        ("unique", "accounts.entry", ("account_id",)),
        ("foreign-key", "accounts.entry", ForeignKey(("account_id",), CHART, ("id",))),
        ("column-exists", "accounts.entry.amount", None),
        ("logical-type", "accounts.entry.amount", "number"),
        ("column-exists", "accounts.entry.booked", None),
        ("logical-type", "accounts.entry.booked", "timestamp"),
        ("column-type", "accounts.entry.booked", catalog("timestamptz")),
        ("column-exists", "accounts.entry.tags", None),
        ("column-type", "accounts.entry.tags", catalog("text", dimensions=1)),
        ("array-element-type", "accounts.entry.tags", catalog("text")),
        ("column-exists", "accounts.entry.state", None),
        ("column-type", "accounts.entry.state", catalog("varchar", "32")),
        ("enum-labels", "accounts.entry.state", ("open", "closed")),
        ("column-exists", "accounts.entry.note", None),
        ("logical-type", "accounts.entry.note", "string"),
        ("column-default", "accounts.entry.note", "''"),
        ("table-exists", "public.chart_of_accounts", None),
        ("relation-kind", "public.chart_of_accounts", "view"),
        ("column-exists", "public.chart_of_accounts.id", None),
        ("column-type", "public.chart_of_accounts.id", catalog("varchar", "18")),
    ]
    ends = [(each.column, str(each.sunset) if each.sunset else None) for each in contract.deprecations]
    assert ends == [("state", None), ("note", "2031-02-01")]
    place = next(fact.location for fact in contract.facts if fact.rule == "unique")
    assert (place.file.rpartition("/")[2], place.line) == (
        "contract.odcs.yaml",
        FULL[: FULL.index("unique")].count("\n") + 1,
    )


def test_json_is_the_same(tmp_path: Path) -> None:
    import yaml

    from_yaml = load(FULL, tmp_path)
    from_json = load(json.dumps(yaml.safe_load(FULL), default=str), tmp_path, "contract.json")
    assert stated(from_json) == stated(from_yaml)
    assert from_json.owner == from_yaml.owner


def test_variables_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER_SCHEMA", "elsewhere")
    assert load(FULL, tmp_path).tables[0] == Name("elsewhere", "entry")


HEAD = "kind: DataContract\napiVersion: v3.1.0\nid: x\nname: x\n"


def test_values_are_read_as_they_are_meant(tmp_path: Path) -> None:
    columns = "      - {name: 12:30}\n      - {name: 2030-01-01}\n      - name: on\n"
    text = HEAD + "version: 1.10\nschema:\n  - name: NO\n    properties:\n" + columns
    contract = load(text, tmp_path)
    assert contract.tables == (Name("public", "NO"),)
    assert contract.columns(Name("public", "NO")) == ("12:30", "2030-01-01", "on")


def test_what_lies_beside_contracts_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "contracts"
    folder.mkdir()
    (folder / "a.yaml").write_text(HEAD, encoding="utf-8")
    (folder / "waivers.yaml").write_text("waivers: []\n", encoding="utf-8")
    (folder / "a.lifecycle.yaml").write_text("status: draft\n", encoding="utf-8")
    assert [contract.id for contract in formats.load([Path("contracts")], root=tmp_path)] == ["odcs/x"]


COLUMN = HEAD + "schema:\n  - name: t\n    properties:\n      - name: c\n"
MALFORMED = [
    ("kind: [", 2, 1, "not YAML"),
    ("a: b: c", 1, 5, "not YAML: mapping values are not allowed in this context"),
    ("a:\n\t- b", 2, 1, "not YAML"),
    ("'a", 1, 3, "not YAML"),
    ("--- \na: 1\n---\nb: 2\n", 3, 1, "not YAML: expected a single document in the stream but found another document"),
    ("a: 1\na: 2\n", 2, 1, "the key `a` stands here twice, first in line 1"),
    ("a: &x [*x]", 1, 4, "an alias stands within what it stands for"),
    ("a: !!python/object:os.system ls", 1, 4, "the tag tag:yaml.org,2002:python/object:os.system is not known here"),
    ("<<: {a: 1}", 1, 1, "merge keys (`<<`) are not YAML 1.2; write the keys out"),
    ("[a]: 1", 1, 1, "a key must be text"),
    ("", 1, 1, "not a contract: ODCS contracts are objects with `kind: DataContract`"),
    ("- a", 1, 1, "not a contract: ODCS contracts are objects with `kind: DataContract`"),
    ("name: x", 1, 1, "not a contract: the key `kind` is missing"),
    ("kind: DataProduct\napiVersion: v1.0.0", 1, 7, "the kind 'DataProduct' is not read; `DataContract` is"),
    (
        "dataContractSpecification: 1.1.0\nid: x",
        1,
        1,
        "the Data Contract Specification is not read; convert it to ODCS",
    ),
    ("kind: DataContract\nid: x", 1, 1, "the key `apiVersion` is missing or no text"),
    ("kind: DataContract\napiVersion: v2.2.2\nid: x", 2, 13, "version v2.2.2 of ODCS is not read; v3.0 to v3.2 are"),
    ("kind: DataContract\napiVersion: 3.1\nid: x", 2, 13, "the key `apiVersion` is missing or no text"),
    ("kind: DataContract\napiVersion: v4.0.0\nid: x", 2, 13, "version v4.0.0 of ODCS is not read"),
    ("kind: DataContract\napiVersion: v3.1.0", 1, 1, "the key `id` is missing or no text"),
    ("kind: DataContract\napiVersion: v3.1.0\nid: 7", 3, 5, "the key `id` is missing or no text"),
    (HEAD + "scheme: []", 5, 1, "unknown key `scheme`; did you mean `schema`?"),
    (HEAD + "servers: {}", 5, 10, "`servers` must be a list"),
    (HEAD + "schema: {name: t}", 5, 9, "`schema` must be a list, each item with a `name`"),
    (HEAD + "schema: [t]", 5, 10, "item 1 of `schema` must be an object"),
    (HEAD + "schema:\n  - physicalType: table", 6, 5, "item 1 of `schema` has no `name`"),
    (HEAD + "schema:\n  - name: t\n  - name: t", 7, 5, "`t` stands in `schema` twice, first in line 6"),
    (HEAD + "schema:\n  - name: t\n    propertys: []", 7, 5, "unknown key `propertys`; did you mean `properties`?"),
    (COLUMN + "      - name: c", 9, 9, "`c` stands in `properties` twice, first in line 8"),
    (COLUMN + "        requried: true", 9, 9, "unknown key `requried`; did you mean `required`?"),
    (
        COLUMN + "        sunset: 2030-07-15",
        9,
        9,
        (
            "ODCS has no key `sunset`; as one of `customProperties`, "
            "`{property: alembic_contracts.sunset, value: ...}`, it is read"
        ),
    ),
    (
        HEAD + "compatability: full\nschema: []",
        5,
        1,
        (
            "ODCS has no key `compatability`; as one of `customProperties`, "
            "`{property: alembic_contracts.compatibility, value: ...}`, it is read"
        ),
    ),
    (
        COLUMN + "        customProperties: [{property: sunset, value: 2030-07-15, vendor: alembic_contract}]",
        9,
        74,
        "`alembic_contract` is not known; did you mean `alembic_contracts`?",
    ),
    (
        COLUMN + "        customProperties: [{property: alembicContracts.sunset, value: 2030-07-15}]",
        9,
        39,
        "`alembicContracts` is not known; did you mean `alembic_contracts`?",
    ),
    (COLUMN + '        required: "true"', 9, 19, "`required` must be true or false, not 'true'; leave the quotes out"),
    (COLUMN + "        required: yes", 9, 19, "`required` must be true or false, not 'yes'"),
    (COLUMN + "        primaryKey: 1", 9, 21, "`primaryKey` must be true or false, not 1"),
    (COLUMN + "        logicalType: strng", 9, 22, "the logicalType 'strng' is not known; did you mean `string`?"),
    (COLUMN + "        physicalType: 5", 9, 23, "`physicalType` must be text, not 5"),
    (COLUMN + "        physicalType: varchar(", 9, 23, "`physicalType` is no type of PostgreSQL"),
    (COLUMN + "        primaryKeyPosition: first", 9, 29, "`primaryKeyPosition` must be a number, not 'first'"),
    (COLUMN + "        items: text", 9, 16, "`items` must be an object"),
    (
        COLUMN + "        customProperties: [{property: sunset, value: soon, vendor: alembic_contracts}]",
        9,
        54,
        "`sunset` must be a day such as 2030-12-31, not 'soon'",
    ),
    (
        COLUMN + "        customProperties: [{property: defualt, value: 1, vendor: alembic_contracts}]",
        9,
        55,
        "unknown property `defualt` of alembic_contracts",
    ),
    (
        HEAD + "customProperties: [{property: compatibility, value: some, vendor: alembic_contracts}]",
        5,
        53,
        "`compatibility` must be one of exact, reader, writer, read-write, cdc, full, not 'some'",
    ),
]


@pytest.mark.parametrize(("text", "line", "column", "message"), MALFORMED, ids=[case[3][:50] for case in MALFORMED])
def test_what_is_wrong_is_said_once_and_where(text: str, line: int, column: int, message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidContracts) as refused:
        load(text, tmp_path)
    [problem] = refused.value.problems
    assert (problem.line, problem.column) == (line, column), problem
    assert problem.message.startswith(message)


def test_aliases_are_bounded(tmp_path: Path) -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 9):
        text += f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n"
    with pytest.raises(InvalidContracts, match="more than 100,000 values in one file"):
        load(text, tmp_path)


def test_custom_properties_are_held_against_what_the_base_format_wants(tmp_path: Path) -> None:
    text = (
        "kind: DataContract\napiVersion: v3.1.0\nid: x\nname: x\nschema:\n- name: t\n  customProperties:\n"
        "  - {property: privileges, value: 3, vendor: alembic_contracts}\n"
        "  - {property: publications, value: [{nam: x}], vendor: alembic_contracts}\n"
        "  properties:\n  - name: c\n    customProperties:\n"
        "    - {property: enum, value: x, vendor: alembic_contracts}\n"
    )
    with pytest.raises(InvalidContracts) as refused:
        load(text, tmp_path)
    places = [(problem.line, problem.column) for problem in refused.value.problems]
    assert places == [(8, 35), (9, 38), (9, 38), (13, 31)]
    assert "`privileges`: 3 is not of type 'array'" in refused.value.problems[0].message


def test_privileges_and_publications(tmp_path: Path) -> None:
    text = (
        "kind: DataContract\napiVersion: v3.1.0\nid: x\nname: x\nschema:\n- name: t\n  customProperties:\n"
        "  - {property: privileges, value: [{role: bi, privileges: [SELECT]}], vendor: alembic_contracts}\n"
        "  - {property: publications, value: [{name: cdc}], vendor: alembic_contracts}\n"
    )
    facts = {fact.rule: fact.expected for fact in load(text, tmp_path).facts}
    assert facts["privileges"] == Privileges("bi", ("SELECT",))
    assert facts["publication"] == Publication("cdc")


@pytest.mark.parametrize("physical", ['"MAP<STRING, ARRAY<DOUBLE>>"', "VARCHAR(MAX)", "STRUCT<a INT>", "VARIANT"])
def test_types_of_other_systems_are_what_their_logical_type_says(physical: str, tmp_path: Path) -> None:
    text = (
        "kind: DataContract\napiVersion: v3.2.0\nid: x\nname: x\nschema:\n- name: t\n  properties:\n"
        f"  - {{name: c, physicalType: {physical}, logicalType: object}}\n"
    )
    facts = {fact.rule: fact.expected for fact in load(text, tmp_path).facts}
    assert facts["logical-type"] == "object"
    assert "column-type" not in facts


def test_where_all_servers_are_of_another_kind_so_are_the_types(tmp_path: Path) -> None:
    text = (
        "kind: DataContract\napiVersion: v3.2.0\nid: x\nname: x\nservers: [{server: s, type: trino}]\n"
        "schema:\n- name: t\n  properties:\n"
        "  - {name: c, physicalType: 'row(name varchar, code varchar(3))', logicalType: object}\n"
    )
    assert [fact.rule for fact in load(text, tmp_path).facts] == ["table-exists", "column-exists", "logical-type"]


def test_what_nobody_reads_is_known(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    more = (
        "        colour: blue\n        customProperties: [{property: sunset, value: soon}, {property: a, value: 1}]\n"
    )
    file.write_text(COLUMN + more + "extra: 1\n")
    [contract] = formats.load([file], root=tmp_path)
    assert [(what, at.line) for what, at in contract.unknown] == [
        ("the key `extra`", 11),
        ("the key `colour`", 9),
        ("the custom property `sunset`, which names no vendor", 10),
    ]
    file.write_text(
        COLUMN + "        customProperties: [{property: sunset, value: '2030-07-15', vendor: alembic-contracts}]\n"
    )
    [contract] = formats.load([file], root=tmp_path)
    assert [each.column for each in contract.deprecations] == ["c"]

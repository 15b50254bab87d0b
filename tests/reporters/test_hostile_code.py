"""Code that reports have people paste is code, and nothing else, whatever the names in it are."""

from __future__ import annotations

import ast

import postgast
import pytest
from google.protobuf.json_format import MessageToDict
from msgspec.structs import replace

from alembic_contracts import dialects, texts
from alembic_contracts.contracts import waivers
from alembic_contracts.contracts.contract import (
    Fact,
    ForeignKey,
    Privileges,
    Publication,
    WaiverFile,
)
from alembic_contracts.judging import remedies, rules, situations
from alembic_contracts.judging.grants_back import BETWEEN
from alembic_contracts.judging.moments import Moment
from alembic_contracts.schemas.schema import Column, Grant, Name, Schema, Table, Type
from tests.support.hostile import HOSTILE, WHERE, a_contract, violation

NAMES = {name: text for name, text in HOSTILE.items() if name not in ("surrogate", "megabyte")}
EXPECTED = {
    "foreign-key": lambda text: ForeignKey((text,), Name("public", text), (text,)),
    "privileges": lambda text: Privileges(text, ("SELECT",)),
    "publication": Publication,
    "unique": lambda text: (text,),
    "primary-key": lambda text: (text,),
    "collation": lambda text: text,
    "column-default": lambda text: "'" + text.replace("'", "''") + "'",
    "check": lambda text: "a <> '" + text.replace("'", "''") + "'",
    "column-identity": lambda _: "always",
}


def _at(table: Table) -> situations.Course:
    """Return the course of a table that has lost what a role of the same name could do."""
    before = replace(table, grants=frozenset({Grant(table.name.name, "SELECT")}))
    moments = [Moment(None, each, Schema(), judged=True, settled=True) for each in (before, table)]
    return situations.Course(history=moments, index=1, held=0)


@pytest.mark.parametrize("text", NAMES.values(), ids=NAMES)
def test_code_of_remedies_is_code_with_the_very_names(text):
    dialect = dialects.load("postgresql")
    name, integer = Name(text, text), Type(Name("pg_catalog", "int4"))
    table = Table(name=name, columns=(Column(name=text, type=integer),))
    for rule in rules.load().values():
        expected = EXPECTED.get(rule.id, lambda _: True)(text)
        fact = Fact(rule.id, name, text, expected, WHERE)
        fields = {
            "table": str(name), "table_name": text, "column": text, "place": fact.place,
            "expected": "7" if rule.id == "character-length" else "integer",
            "actual": text, "is_absent": "does not exist", "owner": text, "contract": text, "contract_place": text,
            "meant": text,
            "schema": f", schema={texts.quoted(text)}",
        }  # fmt: skip
        fields |= remedies.names(fact, _at(table), dialect, "public")
        others = [template for each in rule.instead for template in (each.remedy, each.fix)]
        for template in (rule.remedy, rule.fix, *others):
            lines = remedies.rendered(template, fields).split("\n")
            more = fields["grants"].count(BETWEEN) if "{grants}" in template else 0
            assert len(lines) == len(template.split("\n")) + more, rule.id
            code = "\n".join(line[4:] for line in lines if line.startswith("    "))
            for statement in statements(code):
                found = values_of(MessageToDict(postgast.parse(statement)))
                assert text.encode()[:63].decode(errors="ignore") in found, statement  # PostgreSQL cuts longer names


@pytest.mark.parametrize("text", NAMES.values(), ids=NAMES)
def test_code_for_other_databases_is_code_with_the_very_names(text):
    dialect = dialects.load("sqlite")
    name, column = Name(text, text), Column(name=text, type=Type(Name("sqlite", "VARCHAR")), default=f"'{text}'")
    table = Table(name=name, columns=(column,))
    for rule in rules.load().values():
        fact = Fact(rule.id, name, text, EXPECTED.get(rule.id, lambda _: True)(text), WHERE)
        fields = dict.fromkeys(
            ("table", "table_name", "column", "actual", "expected", "owner", "meant", "database"), text
        )
        fields |= {"place": fact.place, "contract_place": text, "schema": f", schema={texts.quoted(text)}"}
        fields |= remedies.names(fact, _at(table), dialect, "main")
        for each in (rule, *rule.instead):
            if each.portable is None:
                continue
            for template in (each.portable.remedy or each.remedy, each.portable.fix or each.fix):
                lines = remedies.rendered(template, fields).split("\n")
                assert len(lines) == len(template.split("\n")), rule.id
                tree = ast.parse("\n".join(line[4:] for line in lines if line.startswith("    ")))
                found = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
                assert not found or any(text in str(value).replace("\\:", ":") for value in found), rule.id


def statements(code: str):
    """Yield the SQL that code would send, as SQLAlchemy sends it; other calls have the names as they are."""
    import sqlalchemy as sa

    for call in ast.walk(ast.parse(code)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "execute":
            compiled = sa.text(ast.literal_eval(call.args[0])).compile()
            assert not compiled.params
            yield str(compiled)


def values_of(tree) -> list[str]:
    if isinstance(tree, dict):
        return [text for each in tree.values() for text in values_of(each)]
    return [text for each in tree for text in values_of(each)] if isinstance(tree, list) else [str(tree)]


@pytest.mark.parametrize("flow", [False, True])
@pytest.mark.parametrize("text", NAMES.values(), ids=NAMES)
def test_a_waiver_that_is_pasted_waives_just_that(text, flow, tmp_path):
    given = violation(text)
    contract = a_contract(text, Fact("column-exists", given.table, text, None, WHERE), name="x")
    fact = f"column-exists {given.table}.{text}"
    place = WaiverFile(file="waivers.yaml", line=1, column=10) if flow else WaiverFile(file="waivers.yaml")
    pasted = waivers.added(place, [(contract.id, fact, text)]).replace("YYYY-MM-DD", "2999-01-01")
    (tmp_path / "waivers.yaml").write_text(f"waivers: [{pasted}]" if flow else pasted, encoding="utf-8")
    [waiver] = waivers.read([tmp_path], [contract])
    assert (waiver.contract, waiver.fact, waiver.revision) == (contract.id, fact, text)

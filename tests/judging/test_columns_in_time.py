"""A fact of a column is compared with it once for as long as it stays the same: the verdict is that of every moment."""

from __future__ import annotations

import random
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from alembic_contracts import dialects
from alembic_contracts.contracts.contract import Contract, Fact, Owner
from alembic_contracts.judging import engine, verdicts
from alembic_contracts.judging.moments import Course, History
from alembic_contracts.judging.rules import Rule, load
from alembic_contracts.judging.violations import Violation
from alembic_contracts.schemas.schema import Column, Constraint, Name, Schema, Table, Type, TypeDefinition
from alembic_contracts.schemas.steps import Location, Operation, Prediction, Step, Unproven
from tests.judging.test_verdicts import HERE, INTEGER, TEXT, T

if TYPE_CHECKING:
    from alembic_contracts.judging.violations import Report

COLOUR = Name("public", "colour")
TYPES = (
    TEXT,
    INTEGER,
    Type(Name("pg_catalog", "numeric"), ("8", "2")),
    Type(COLOUR),
    replace(TEXT, dimensions=1),
    None,
)
STATES: dict[str, tuple[Any, ...]] = {
    "type": TYPES,
    "not_null": (True, False),
    "default": (None, "0", "now()"),
    "identity": ("", "always"),
    "generated": ("", "stored"),
    "collation": (None, "C"),
    "updatable": (True, False, None),
}
"""What columns can be, by the fields of ``Column``."""
EXPECTED: dict[str, tuple[Any, ...]] = {
    "array-element-type": (TEXT,),
    "character-length": (50,),
    "collation": ("C", "default"),
    "column-default": ("0", ""),
    "column-exists": (None,),
    "column-generated": ("", "stored", "always"),
    "column-identity": ("", "always"),
    "column-nullable": (True, False),
    "column-type": (*TYPES[:4], "numeric"),
    "column-updatable": (True, False),
    "datetime-precision": (6,),
    "domain": ("public.colour",),
    "enum-labels": (("red", "green"),),
    "logical-type": ("string", "integer", "number"),
    "numeric-precision": (8, 10),
    "numeric-scale": (2,),
    "primary-key": (("a",), ("a", "b")),
}
"""What facts of columns can state, by their rules."""


def test_each_rule_that_looks_at_a_column_alone_is_among_these() -> None:
    assert {rule.id for rule in load().values() if rule.column_alone} <= EXPECTED.keys()


def changed(chance: random.Random, table: Table | None) -> Table | None:
    """A table after one change of any kind; most of the time there is one."""
    if table is None or chance.random() < 0.05:
        return Table(name=T, columns=(Column(name="a", type=TEXT),)) if table is None else None
    columns = list(table.columns)
    match chance.randrange(8):
        case 0:
            columns.append(Column(name=chance.choice("abc"), type=chance.choice(TYPES)))
        case 1 if columns:
            columns.pop(chance.randrange(len(columns)))
        case 2:
            return replace(table, complete=not table.complete)
        case 3:
            return replace(table, kind=chance.choice(("table", "view")))
        case 4:
            key = Constraint(name="key", kind="primary key", columns=tuple(chance.choice(("a", "ab"))))
            half = Constraint(name="half", kind="not null", columns=(chance.choice("ab"),), valid=False)
            return replace(table, constraints=tuple(chance.sample((key, half), chance.randrange(3))))
        case _ if columns:
            field, place = chance.choice(list(STATES)), chance.randrange(len(columns))
            columns[place] = replace(columns[place], **{field: chance.choice(STATES[field])})
    return replace(table, columns=tuple({column.name: column for column in columns}.values()))


def schema(chance: random.Random, table: Table | None, before: Schema | None) -> Schema:
    types = before.types if before is not None else MappingProxyType({})
    if before is None or chance.random() < 0.3:
        labels = chance.choice((("red", "green"), ("red",)))
        types = MappingProxyType({COLOUR: TypeDefinition(name=COLOUR, kind="enum", labels=labels)})
    return Schema(tables=MappingProxyType({} if table is None else {T: table}), types=types)


def history(chance: random.Random) -> Prediction:
    """A run of some revisions with some operations each, with some that are unproven."""
    table = chance.choice(
        (None, Table(name=T, columns=(Column(name="a", type=Type(COLOUR)), Column(name="b", type=TEXT))))
    )
    now = before = schema(chance, table, None)
    steps, unproven = [], []
    for number in range(chance.randrange(1, 6)):
        place, operations = Location(f"r{number}", f"r{number}.py", number), []
        for _ in range(chance.randrange(4)):
            table = changed(chance, table)
            now = schema(chance, table, now)
            operations.append(Operation(place, "", now, commits=chance.random() < 0.2))
        steps.append(Step(f"r{number}", tuple(operations)))
        if chance.random() < 0.3:
            unproven.append(Unproven("unknown", place))
    return Prediction(before=before, steps=tuple(steps), unproven=tuple(unproven))


def judged(contract: Contract, prediction: Prediction, *, each: bool) -> Report:
    policy = engine.Policy(
        phase="before",
        scope="introduced",
        ends_at_head=True,
        commits_each_revision=each,
        severities={},
        today=date(2030, 1, 1),
    )
    return engine.judge([contract], [prediction], dialect=dialects.load("postgresql"), policy=policy)


@pytest.mark.parametrize("seed", range(20))
def test_the_verdict_is_that_of_every_moment(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance, cases = random.Random(seed), []
    for _ in range(50):
        facts = (Fact(rule, T, chance.choice("ab"), chance.choice(EXPECTED[rule]), HERE) for rule in EXPECTED)
        contract = Contract(
            namespace="test",
            name="t",
            owner=Owner("Team"),
            location=HERE,
            facts=tuple(chance.sample([*facts], chance.choice((1, 2, 5, 15)))),
            compatibility=chance.choice(("exact", "reader", "writer")),
        )
        cases.append((contract, history(chance), chance.random() < 0.5))

    def reports() -> list[Report]:
        return [judged(contract, prediction, each=each) for contract, prediction, each in cases]

    found = reports()
    with monkeypatch.context() as every:
        every.setattr(History, "since", lambda self, _column: range(len(self.moments)))
        assert found == reports()
    assert {report.status for report in found} == {"broken", "unproven", "kept"}


@pytest.mark.parametrize("seed", range(10))
def test_what_a_table_was_before_it_was_made_makes_no_difference(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts that hold where they have to are not looked at further: the verdict is that of all moments."""
    chance, found = random.Random(seed), list[tuple[object, object]]()

    def compared(course: Course, fact: Fact, rule: Rule) -> Violation | Unproven | None:
        found.append((verdicts.finding(course, fact, rule), verdicts._Case(course, fact, rule).finding()))
        return found[-1][0]

    monkeypatch.setattr(engine, "finding", compared)
    for _ in range(100):
        facts = (Fact(rule, T, chance.choice("ab"), chance.choice(EXPECTED[rule]), HERE) for rule in EXPECTED)
        whole = Fact("table-exists", T, None, "table", HERE)
        contract = Contract(
            namespace="test",
            name="t",
            owner=Owner("Data"),
            facts=(whole, *facts),
            location=HERE,
            compatibility=chance.choice(("exact", "reader", "writer", "full")),
        )
        judged(contract, history(chance), each=chance.random() < 0.5)
    assert all(one == other for one, other in found)
    assert {type(one) for one, _ in found} == {Violation, Unproven, type(None)}

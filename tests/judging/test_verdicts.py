"""The verdicts, on schemas made by hand: broken, born broken, standing, unproven, kept."""

from __future__ import annotations

import dataclasses
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from alembic_contracts import dialects
from alembic_contracts.contracts.contract import Contract, Fact, Owner
from alembic_contracts.documents.document import ContractLocation
from alembic_contracts.judging import engine
from alembic_contracts.judging.moments import Point, histories
from alembic_contracts.judging.violations import Report
from alembic_contracts.schemas.schema import Column, Constraint, Name, Schema, Table, Type, TypeDefinition
from alembic_contracts.schemas.steps import Location, Operation, Prediction, Step, Unproven

if TYPE_CHECKING:
    from collections.abc import Iterator

T = Name("public", "t")
TEXT = Type(Name("pg_catalog", "text"))
INTEGER = Type(Name("pg_catalog", "int4"))
HERE = ContractLocation("contracts/t.json", (7, 1))

FULL = Table(
    name=T,
    columns=(Column(name="id", type=INTEGER, not_null=True), Column(name="a", type=TEXT)),
    constraints=(Constraint(name="t_pkey", kind="primary key", columns=("id",)),),
)
CONTRACT = Contract(
    namespace="test",
    name="t",
    owner=Owner("Team"),
    location=HERE,
    facts=(
        Fact("table-exists", T, None, None, HERE),
        Fact("column-exists", T, "a", None, HERE),
        Fact("column-type", T, "a", TEXT, HERE),
        Fact("column-nullable", T, "a", True, HERE),
        Fact("primary-key", T, "id", ("id",), HERE),
    ),
)


def schema(table: Table | None) -> Schema:
    return Schema(tables=MappingProxyType({} if table is None else {T: table}))


def without(name: str) -> Table:
    return replace(FULL, columns=tuple(column for column in FULL.columns if column.name != name))


def with_a(**changes: Any) -> Table:
    return replace(FULL, columns=tuple(replace(c, **changes) if c.name == "a" else c for c in FULL.columns))


def judge(
    before: Table | None,
    *after: Table | None,
    scope: engine.Scope = "introduced",
    at_head: bool = True,
    commits: tuple[int, ...] = (),
    each: bool = False,
    severities: Any = MappingProxyType({}),
    unproven: tuple[Unproven, ...] = (),
    contracts: Any = (CONTRACT,),
) -> Report:
    """Judge a run of one operation a revision; the n-th is at line n."""
    steps = tuple(
        Step(f"r{n}", (Operation(Location(f"r{n}", f"r{n}.py", n), "", schema(table), commits=n in commits),))
        for n, table in enumerate(after, 1)
    )
    policy = engine.Policy(
        phase="before",
        scope=scope,
        ends_at_head=at_head,
        commits_each_revision=each,
        severities=severities,
        today=date(2030, 1, 1),
    )
    prediction = Prediction(before=schema(before), steps=steps, unproven=unproven)
    return engine.judge(contracts, [prediction], dialect=dialects.load("postgresql"), policy=policy)


def found(report: Report) -> list[tuple[str, str, bool, int | None]]:
    return [(v.rule, v.severity, v.introduced, v.location.line if v.location else None) for v in report.violations]


def test_kept() -> None:
    report = judge(FULL, FULL)
    assert report.status == "kept"
    assert (report.checked.facts, report.checked.tables, report.checked.revisions) == (5, 1, 1)


def test_broken_at_the_operation_that_broke_it() -> None:
    report = judge(FULL, FULL, without("a"), without("a"))
    assert found(report) == [("column-exists", "error", True, 2)]
    assert report.status == "broken"


def test_an_absent_table_is_one_violation() -> None:
    assert found(judge(FULL, None)) == [("table-exists", "error", True, 1)]


def test_there_and_back_is_no_break() -> None:
    assert judge(FULL, without("a"), FULL).status == "kept"


@pytest.mark.parametrize("how", [{"commits": (1,)}, {"each": True}])
def test_there_and_back_with_a_commit_in_between_is_one(how: Any) -> None:
    assert found(judge(FULL, without("a"), FULL, **how)) == [("column-exists", "error", True, 1)]


def test_the_last_operation_after_which_it_no_longer_held_is_the_cause() -> None:
    assert found(judge(FULL, without("a"), FULL, with_a(not_null=True), without("a")))[0][3] == 4


def test_born_broken_at_a_head() -> None:
    assert found(judge(None, with_a(type=INTEGER))) == [("column-type", "error", True, 1)]
    assert found(judge(None, with_a(type=INTEGER), at_head=False)) == [("column-type", "warning", False, 1)]


def test_born_broken_counts_at_the_end_only() -> None:
    assert judge(None, with_a(type=INTEGER), FULL, each=True).status == "kept"


def test_what_was_born_right_and_spoiled_before_the_end_belongs_to_the_spoiler() -> None:
    assert found(judge(None, FULL, with_a(type=INTEGER))) == [("column-type", "error", True, 2)]


def test_standing_is_a_warning_unless_strict_or_checked() -> None:
    assert found(judge(None, None)) == [("table-exists", "warning", False, None)]
    assert judge(None, None).status == "kept"
    assert found(judge(None, None, scope="strict")) == [("table-exists", "error", False, None)]
    assert found(judge(None, scope="target")) == [("table-exists", "error", False, None)]


def test_a_break_hides_behind_no_standing_violation() -> None:
    report = judge(with_a(type=INTEGER), with_a(type=INTEGER, not_null=True))
    assert found(report) == [("column-type", "warning", False, None), ("column-nullable", "error", True, 1)]


def test_check_judges_the_target_alone() -> None:
    assert judge(FULL, without("a"), FULL, scope="target", each=True).status == "kept"
    assert found(judge(FULL, without("a"), scope="target")) == [("column-exists", "error", True, 1)]


def test_settings_of_rules() -> None:
    assert found(judge(FULL, without("a"), severities={"column-exists": "warning"})) == [
        ("column-exists", "warning", True, 1)
    ]
    off = {"column-exists": "off", "column-type": "off", "column-nullable": "off"}
    report = judge(FULL, without("a"), severities=off)
    assert (report.status, report.violations, report.checked.facts) == ("kept", (), 2)
    assert judge(FULL, with_a(not_null=True), severities={"column-nullable": "warning"}).status == "kept"


def test_an_unknown_type_is_unproven_and_never_kept() -> None:
    report = judge(FULL, with_a(type=None))
    assert report.status == "unproven"
    assert report.unproven[0].location == Location("r1", "r1.py", 1)


def test_unknown_columns_are_unproven() -> None:
    report = judge(FULL, replace(without("a"), complete=False))
    assert report.status == "unproven"
    assert report.violations == ()


def test_unknown_before_and_broken_after_blames_nobody_but_is_not_kept() -> None:
    assert judge(with_a(type=None), with_a(type=INTEGER)).status == "unproven"
    assert judge(with_a(type=None), with_a(type=INTEGER), scope="target").status == "broken"


def test_broken_outweighs_unproven() -> None:
    doubt = Unproven("a DO block", None)
    assert judge(FULL, FULL, unproven=(doubt,)).status == "unproven"
    report = judge(FULL, without("a"), unproven=(doubt,))
    assert (report.status, report.unproven) == ("broken", (doubt,))


def test_a_break_in_any_world_counts_once() -> None:
    policy = engine.Policy(phase="before", scope="introduced", ends_at_head=True, severities={}, today=date(2030, 1, 1))
    worlds = [
        Prediction(before=schema(FULL), steps=(Step("r1", (Operation(None, "", schema(table)),)),))
        for table in (FULL, without("a"), without("a"))
    ]
    report = engine.judge([CONTRACT], worlds, dialect=dialects.load("postgresql"), policy=policy)
    assert [violation.rule for violation in report.violations] == ["column-exists"]


def test_the_primary_key_is_exactly_the_stated_one() -> None:
    wider = replace(FULL, constraints=(Constraint(name="t_pkey", kind="primary key", columns=("id", "a")),))
    gone = replace(FULL, constraints=())
    assert judge(FULL, wider).violations[0].actual == "PRIMARY KEY (id, a)"
    assert judge(FULL, gone).violations[0].actual == "no primary key"


def test_what_postgresql_calls_updatable_is_kept_until_a_run_makes_it_so() -> None:
    contract = dataclasses.replace(CONTRACT, facts=(Fact("column-updatable", T, "a", True, HERE),))
    plain, computed = with_a(), with_a(generated="stored", expression="1")
    always = with_a(identity="always")

    def judged(before: Table | None, after: Table, scope: engine.Scope) -> list[tuple[str, str, bool, int | None]]:
        return found(judge(before, after, scope=scope, contracts=[contract]))

    for now in (computed, always):
        assert judged(now, now, "target") == []
        assert judged(None, now, "introduced") == []
        for scope in ("introduced", "target"):
            assert judged(plain, now, scope) == [("column-updatable", "error", True, 1)]  # type: ignore[arg-type]
    assert "not updatable (always generated)" in judge(plain, computed, contracts=[contract]).violations[0].message


@pytest.mark.parametrize("stated", ["", "always", "by default"])
def test_a_column_that_may_be_set_and_left_out_refuses_no_writer(stated: str) -> None:
    facts = (Fact("column-identity", T, "a", stated, HERE),)
    contract = dataclasses.replace(CONTRACT, facts=facts, compatibility="writer")
    before = with_a(identity=stated, default=None if stated else "nextval('s'::regclass)")
    severities = {"by default": "warning", "always": "error", "": "error"}
    for now, severity in severities.items():
        violations = judge(before, with_a(identity=now), contracts=[contract]).violations
        assert [each.severity for each in violations] == ([] if now == stated else [severity])
    again = judge(before, with_a(identity="", default="nextval('s'::regclass)"), contracts=[contract]).violations
    assert [each.severity for each in again] == (["warning"] if stated else [])


def test_messages_name_cause_owner_place_and_way_out() -> None:
    [violation] = judge(FULL, without("a")).violations
    assert "public.t.a no longer exists" in violation.message
    assert "drop it in a later revision" in violation.remedy
    assert "contracts/t.json:7" in violation.remedy
    assert "Team" in violation.remedy


def test_a_changed_type_that_breaks_nobody_is_a_note() -> None:
    contract = dataclasses.replace(CONTRACT, facts=tuple(fact for fact in CONTRACT.facts if fact.rule != "column-type"))
    report = judge(FULL, with_a(type=Type(Name("pg_catalog", "varchar"), ("50",))), contracts=(contract,))
    assert report.status == "kept"
    [notice] = report.notices
    assert "public.t.a changes its type from text to character varying(50)" in notice.message
    told = judge(FULL, with_a(type=INTEGER))
    assert ([violation.transient for violation in told.violations], told.notices) == ([True], ())
    assert judge(None, with_a(type=INTEGER)).notices == ()


def test_a_moment_lasts_for_as_long_as_nothing_changes_that_facts_depend_on() -> None:
    mood = TypeDefinition(name=Name("public", "mood"), kind="enum", labels=("sad",))
    types = [{mood.name: mood}, {mood.name: replace(mood)}, {mood.name: replace(mood, labels=("sad", "glad"))}]
    course = [Point(None, Schema(tables={T: FULL}, types=each)) for each in types]
    assert [moment.schema.types for moment in histories(course, [T])[T]] == [types[0], types[2]]


class Counted(tuple[Constraint, ...]):
    """Constraints that count how often somebody goes through them."""

    __slots__ = ()
    times = 0

    def __iter__(self) -> Iterator[Constraint]:
        type(self).times += 1
        return super().__iter__()


def test_the_constraints_of_a_wide_table_are_gone_through_a_few_times_whatever_its_width() -> None:
    names = [f"c{number}" for number in range(100)]
    constraints = Counted(Constraint(name=f"n_{name}", kind="not null", columns=(name,)) for name in names)
    columns = tuple(Column(name=name, type=TEXT, not_null=True) for name in names)
    table = Table(name=T, columns=columns, constraints=constraints)
    facts = tuple(Fact("column-nullable", T, name, False, HERE) for name in names)
    contract = dataclasses.replace(CONTRACT, facts=facts)
    Counted.times = 0
    assert judge(table, table, contracts=(contract,)).status == "kept"
    assert Counted.times < 10

"""Each rule that a database is claimed to hold: it holds, and a revision that breaks it ends as the row claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alembic_contracts import dialects
from alembic_contracts.judging import rules
from tests.databases.cases import CASES, Case
from tests.databases.table import DATABASES
from tests.databases.telling import is_told

if TYPE_CHECKING:
    from tests.databases.running import House
    from tests.databases.table import Database

MORE = 'op.create_table("more", sa.Column("id", sa.Integer, primary_key=True))'
ODCS = """
apiVersion: v3.1.0
kind: DataContract
id: shop.t
name: t
version: 1.0.0
status: active
domain: shop
team: {name: Sales, members: [{username: sales@shop.org}]}
servers: [{server: there, type: KIND}]
schema: [{name: t, physicalName: t, properties: [{name: c, logicalType: integer}]}]
"""


def cases() -> list[object]:
    return [
        pytest.param(on, case, id=f"{on.name}-{case.rule}")
        for on in DATABASES
        for case in CASES
        if case.only in ("", on.kind) or (case.only == "postgresql" and on.kind == "cockroachdb")
    ]


@pytest.mark.parametrize(("on", "case"), cases(), indirect=["on"])
def test_a_rule(case: Case, house: House) -> None:
    house.contract(case.columns, **case.stated)
    breaks(house, case.rule, case.create, case.change)


def test_a_logical_type(house: House) -> None:
    kind = {"cockroachdb": "postgres", "postgresql": "postgres", "mariadb": "mysql"}
    house.project.contract("t.odcs.yaml", ODCS.replace("KIND", kind.get(house.database.kind, house.database.kind)))
    case = next(case for case in CASES if case.rule == "column-type")
    breaks(house, "logical-type", case.create, case.change)


def breaks(house: House, rule: str, create: str, change: str) -> None:
    """Hold that a contract is kept after one script, and what becomes of another one."""
    on = house.database
    house.revision("r1", create)
    house.upgrade().passes()
    house.revision("r2", MORE)
    house.upgrade().passes()
    house.revision("r3", f"{MORE.replace('more', 'third')}\n{change}")
    ran = house.upgrade()
    if rule in on.left_out:
        ran.passes()
        assert ran.after.heads == ("r3",)
        return
    assert ran.broken == {rule}, ran.said
    assert all(violation.introduced and violation.severity == "error" for violation in ran.report.violations)
    assert ran.report.phase == ("before" if on.foreseen else "commit")
    assert (ran.before == ran.after) == (on.foreseen or on.rolls_back == "always"), ran.said
    assert ran.after.heads == ("r2",)
    assert ("third" in ran.after.tables) == (ran.before != ran.after)
    is_told(ran)


@pytest.mark.parametrize("row", DATABASES, ids=lambda row: row.name)
def test_each_rule_has_a_scenario_or_is_said_to_be_left_out(row: Database) -> None:
    shown = {case.rule for case in CASES if case.only in ("", row.kind)} | {"logical-type"}
    assert rules.load().keys() - row.left_out - shown == set()
    assert row.left_out - rules.load().keys() == set()
    dialect = dialects.load(row.kind)
    assert row.left_out >= dialect.NOT_EXPRESSED
    assert row.foreseen == (dialect.FORESIGHT != "none")

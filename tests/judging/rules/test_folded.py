"""What one change breaks is told once, and permitted fact by fact."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from alembic_contracts.contracts.contract import Waiver
from alembic_contracts.dialects import postgresql
from tests.support.facts import Case, contract, judged, run

if TYPE_CHECKING:
    import sqlalchemy as sa


def test_what_one_retype_breaks_is_one_violation_with_the_rest_folded_in(
    connection: sa.Connection, tmp_path: Path
) -> None:
    stated = {"data_type": "numeric(10,2)", "numeric_precision": 10, "numeric_scale": 2, "is_nullable": True}
    case = Case("", "CREATE TABLE t (c numeric(10, 2))", "ALTER TABLE t ALTER c TYPE numeric(12, 3)", stated)
    before, observed, _ = run(connection, case.create, case.change)
    [violation] = judged(contract(case, tmp_path), before, observed).violations
    assert violation.rule == "column-type"
    assert {(each.rule, each.expected) for each in violation.folded} == {
        ("numeric-precision", "10"),
        ("numeric-scale", "2"),
    }
    run(connection, "DROP TABLE t; CREATE TABLE t (c numeric(12, 3))", "ALTER TABLE t ALTER c SET NOT NULL")
    twice = postgresql.observe(connection, None)
    violations = judged(contract(case, tmp_path), before, twice).violations
    assert [each.rule for each in violations] == ["column-type", "column-nullable"]


def test_a_waiver_of_the_type_does_not_permit_the_precision(connection: sa.Connection, tmp_path: Path) -> None:
    case = Case(
        "", "CREATE TABLE t (c integer)", "ALTER TABLE t ALTER c TYPE bigint",
        {"data_type": "integer", "numeric_precision": 32},
    )  # fmt: skip
    before, observed, _ = run(connection, case.create, case.change)
    [stated] = contract(case, tmp_path)
    waiver = Waiver(
        contract=stated.id, fact="column-type public.t.c", revision=None, reason="", approver="",
        expiry=date(2999, 1, 1), location=stated.location,
    )  # fmt: skip
    report = judged([stated], before, observed, waivers=[waiver])
    assert [(each.rule, each.severity) for each in report.violations] == [
        ("column-type", "warning"),
        ("numeric-precision", "error"),
    ]
    assert report.status == "broken"

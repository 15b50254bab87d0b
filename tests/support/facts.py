"""DDL and what a contract states in, the rules' verdict out: observed on a real PostgreSQL and predicted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from alembic_contracts import dialects
from alembic_contracts.contracts import formats
from alembic_contracts.contracts.contract import Waiver
from alembic_contracts.dialects import postgresql
from alembic_contracts.judging import engine
from alembic_contracts.judging.violations import Report
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.statements import execute
from alembic_contracts.schemas.schema import Schema
from alembic_contracts.schemas.steps import Operation, Prediction, Step


@dataclass(frozen=True)
class Case:
    rule: str
    create: str
    change: str
    column: dict[str, Any] | None = None
    """Constraints that the contract states of ``c``."""
    table: dict[str, Any] = field(default_factory=dict)
    """What it states of the table."""
    compatibility: str = "exact"
    also: tuple[str, ...] = ()
    """Other rules that necessarily speak, too."""
    version: int = 0
    """The first version of PostgreSQL that knows it."""


ROLES = (
    "CREATE ROLE facts_group; CREATE ROLE facts_other; CREATE ROLE facts_reader; GRANT facts_group TO facts_reader; "
    "GRANT USAGE ON SCHEMA public TO PUBLIC"
)
READS = {"privileges": [{"role": "facts_reader", "privileges": ["SELECT"]}]}
PUBLISHED = {"publications": [{"name": "facts", "row_filter": ""}]}


def contract(case: Case, folder: Path) -> Any:
    columns: dict[str, Any] = {name: {} for name in case.table.get("@columns", ())}
    constraints = dict(case.column or {})
    element = constraints.pop("@element", None)
    columns["c"] = {"constraints": constraints} | ({"array_element": {"data_type": element}} if element else {})
    stated = {
        "spec-version": "1.0.0",
        "name": "t",
        "namespace": "test",
        "owner": {"name": "Team"},
        "compatibility": case.compatibility,
        "schema": {
            "table_name": "t",
            "properties": columns,
            **{key: value for key, value in case.table.items() if not key.startswith("@")},
        },
    }
    (folder / "t.json").write_text(json.dumps(stated), encoding="utf-8")
    return formats.load([Path("t.json")], root=folder)


def judged(contracts: Any, before: Schema, *after: Schema, waivers: Sequence[Waiver] = ()) -> Report:
    step = Step("r", tuple(Operation(None, "", each) for each in after))
    policy = engine.Policy(phase="before", scope="introduced", ends_at_head=True, severities={}, today=date(2030, 1, 1))
    prediction = Prediction(before=before, steps=(step,))
    return engine.judge(contracts, [prediction], dialect=dialects.load("postgresql"), policy=policy, waivers=waivers)


def seen_at_a_commit(connection: sa.Connection, contracts: Any) -> Schema:
    """What a commit looks at: what these contracts state, and no more."""
    tables = {table for each in contracts for table in each.tables}
    return postgresql.observe(connection, tables, asked=engine.asked_of(contracts, {}))


def verdict(contracts: Any, before: Schema, after: Schema) -> list[tuple[str, str]]:
    report = judged(contracts, before, after)
    assert report.unproven == ()
    return [(violation.rule, violation.severity) for violation in report.violations]


def run(connection: sa.Connection, create: str, change: str) -> tuple[Schema, Schema, Schema]:
    """Return the schema before, as observed after, and as predicted."""
    connection.execute(sa.text(create))
    before = postgresql.observe(connection, None)
    catalog = Catalog(before, server_version=connection.dialect.server_version_info[0] * 10000, complete=False)
    connection.execute(sa.text(change))
    for effect in execute(catalog, change):
        assert effect.doubts == ()
    return before, postgresql.observe(connection, None), catalog.schema()

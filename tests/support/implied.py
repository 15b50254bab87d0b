"""Cases of what contracts of readers, writers and change data capture rely on without a word.

A case is a table ``t``, a change, and what a consumer runs: the server itself must refuse that after the change (by
SQLSTATE) though not before, or go on with it. The verdict has to be the same before and at the commit.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from alembic_contracts.contracts import formats
from alembic_contracts.dialects import postgresql
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.statements import execute
from tests.support.facts import judged, seen_at_a_commit

if TYPE_CHECKING:
    from alembic_contracts.judging.violations import Report
    from alembic_contracts.schemas.schema import Schema

__all__ = ["Case", "contract_of", "is_told"]


@dataclass(frozen=True)
class Case:
    given: str
    """What makes the table or view ``t`` with a column ``c``."""
    change: str
    use: str
    """What a consumer runs, before and after."""
    refused: str | None = None
    """The SQLSTATE that it gets after the change; None: none."""
    rule: str | None = None
    """The rule that says so; None: none does."""
    side: str = "writer"
    actual: str = ""
    """What it says is there, where that is worth a look."""
    foreseen: bool = True
    """Whether it is known before the scripts run; otherwise it is unproven."""
    at_commit: bool = True
    """Whether a look at the contracted tables alone, as at a commit, tells it as well."""
    doubted: bool = False
    """Whether it may have done more than is foreseen, in tables that were not looked at."""
    states: str = ""
    """What the contract states of the table, as JSON."""
    version: int = 0
    """The first version of PostgreSQL that knows it."""


def contract_of(case: Case, folder: Path) -> Any:
    """Return what the consumer of a case relies on, read from a file in a folder."""
    document = {
        "spec-version": "1.0.0",
        "name": "t",
        "namespace": "test",
        "owner": {"name": "Team"},
        "compatibility": case.side,
        "schema": {"table_name": "t", "properties": {"c": {}}, **json.loads(case.states or "{}")},
    }
    (folder / "t.json").write_text(json.dumps(document), encoding="utf-8")
    return formats.load([Path("t.json")], root=folder)


def _state_of(connection: sa.Connection, sql: str) -> str | None:
    """Return the SQLSTATE that statements fail with, None where they work; they leave nothing behind."""
    point = connection.begin_nested()
    try:
        connection.execute(sa.text(sql))
    except sa.exc.DBAPIError as error:
        return str(error.orig.sqlstate)  # type: ignore[union-attr]
    finally:
        point.rollback()
    return None


def _ran(connection: sa.Connection, case: Case) -> tuple[Schema, Schema]:
    """Return what was there before, and what is predicted of the change; afterwards it is made."""
    version = connection.dialect.server_version_info[0]  # type: ignore[index]
    if version < case.version:
        pytest.skip(f"PostgreSQL {version} does not know it")
    connection.execute(sa.text(case.given))
    assert _state_of(connection, case.use) is None, "works before"
    before = postgresql.observe(connection, None)
    number = int(connection.scalar(sa.text("SHOW server_version_num")) or 0)
    catalog = Catalog(before, server_version=number, complete=False, observed=True)
    for effect in execute(catalog, case.change):
        assert bool(effect.doubts) == case.doubted
    connection.execute(sa.text(case.change))
    assert _state_of(connection, case.use) == case.refused, "what becomes of the consumer"
    return before, catalog.schema()


def _said(report: Report) -> list[tuple[str, str, str]]:
    assert report.unproven == ()
    return [(each.rule, each.severity, each.actual) for each in report.violations]


def is_told(case: Case, connection: sa.Connection, tmp_path: Path) -> None:
    """Make the change, and hold the verdicts against what becomes of the consumer."""
    before, predicted = _ran(connection, case)
    contracts = contract_of(case, tmp_path)
    whole = _said(judged(contracts, before, postgresql.observe(connection, None)))
    assert [(rule, severity) for rule, severity, _ in whole] == ([(case.rule, "error")] if case.rule else [])
    at_commit = _said(judged(contracts, before, seen_at_a_commit(connection, contracts)))
    assert at_commit == (whole if case.at_commit else [])
    if case.actual:
        assert whole[0][2] == case.actual
    foreseen = judged(contracts, before, predicted)
    if case.foreseen:
        assert _said(foreseen) == whole
    else:
        assert foreseen.violations == ()
        assert foreseen.unproven

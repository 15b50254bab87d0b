"""Scripts of every kind on SQLite: what is predicted at each revision is what a real database shows there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import cycle
from typing import TYPE_CHECKING

import pytest
from alembic.util import CommandError
from msgspec.structs import replace
from sqlalchemy.exc import DBAPIError, IntegrityError

from tests.prediction.sqlite.scripts import BASE, LAST, SCRIPTS
from tests.support.rehearsing import History, recipe

if TYPE_CHECKING:
    from pathlib import Path

    from alembic_contracts.schemas.schema import Schema
    from alembic_contracts.schemas.steps import Prediction

WAYS = {
    "plainly": {},
    "by revision": {"transaction_per_migration": True},
    "in a transaction": {"transactional_ddl": True},
    "in a transaction each": {"transactional_ddl": True, "transaction_per_migration": True},
}
ROWS = (
    "INSERT INTO p VALUES (1, 'one')",
    "INSERT INTO t (id, a, b, c, p_id) VALUES (1, 'first', 1, 'x', 1)",
    "INSERT INTO t (id, a, b, c, p_id) VALUES (2, 'second', 2, 'y', NULL)",
)


def lasting(schema: Schema) -> Schema:
    """Return what another connection sees of a schema as well."""
    tables = {name: table for name, table in schema.tables.items() if name.schema != "temp"}
    return replace(schema, tables=tables, namespaces=schema.namespaces - {"temp"})


def ends(prediction: Prediction) -> list[Schema]:
    """Return the schema at the end of each revision."""
    found, now = [], prediction.before
    for step in prediction.steps:
        now = step.operations[-1].after if step.operations else now
        found.append(lasting(now))
    return found


def changes(history: History) -> int:
    """Return how often a schema has been changed; counts Alembic's version table where it is not there yet."""
    with closing(sqlite3.connect(history.folder / "database.db")) as connection:
        [(count,)] = connection.execute("PRAGMA schema_version")
        is_versioned = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'").fetchone()
    return count if is_versioned else count + 1


class Applied:
    """What really comes of a history: the schema and its fingerprint after each revision, or what SQLite says."""

    def __init__(self, history: History, *, since: int = 0) -> None:
        self.schemas: list[Schema] = []
        self.fingerprints: list[str] = []
        self.changes: list[int] = []
        """How often the schema has been changed by the end of each, since there is a version table."""
        begun_at = changes(history)
        self.refusal: str | None = None
        self.is_refused = self.is_of_rows = False
        for revision in history.revisions[since:]:
            try:
                history.upgrade(revision)
            except (DBAPIError, NotImplementedError, ValueError, CommandError) as error:
                self.refusal = str(error.orig) if isinstance(error, DBAPIError) else str(error)
                self.is_refused = isinstance(error, DBAPIError)
                self.is_of_rows = isinstance(error, IntegrityError)
                return
            schema, fingerprint = history.observed()
            self.schemas.append(lasting(schema))
            self.fingerprints.append(fingerprint)
            self.changes.append(changes(history) - begun_at)

    def agrees(self, prediction: Prediction) -> bool:
        count = len(self.schemas)
        if self.is_of_rows:  # nobody can know
            assert (prediction.unproven, prediction.cut) == ((), None)
        elif self.refusal is not None:
            found = [] if prediction.cut is None else [prediction.cut]
            [doubt] = found or prediction.unproven
            assert doubt.location is not None
            assert doubt.location.revision == prediction.steps[count].revision
            assert " ".join(self.refusal.split())[:200] in doubt.reason
            assert ("SQLite would refuse" in doubt.reason) is self.is_refused
        else:
            assert (prediction.unproven, prediction.cut) == ((), None)
        return ends(prediction)[:count] == self.schemas


@pytest.mark.parametrize(("name", "way"), [*zip(SCRIPTS, cycle(WAYS), strict=False)])
def test_an_empty_database(name: str, way: str, tmp_path: Path) -> None:
    history = History(tmp_path, [BASE, SCRIPTS[name], LAST], **WAYS[way])
    if WAYS[way].get("transactional_ddl"):
        history.changed = recipe
    history.observed()
    [prediction] = history.predicted()
    real = Applied(history)
    assert real.agrees(prediction)
    if "temp" not in name:
        assert [step.fingerprint for step in prediction.steps][: len(real.fingerprints)] == real.fingerprints
    assert [step.changes for step in prediction.steps][: len(real.changes)] == real.changes
    assert all(o.location is not None and o.location.line for step in prediction.steps for o in step.operations)


@pytest.mark.parametrize(("name", "way"), [*zip(SCRIPTS, cycle(["in a transaction", "plainly"]), strict=False)])
def test_a_database_with_rows(name: str, way: str, tmp_path: Path) -> None:
    history = History(tmp_path, [BASE, SCRIPTS[name], LAST], **WAYS[way])
    if WAYS[way].get("transactional_ddl"):
        history.changed = recipe
    history.upgrade("r0")
    history.execute(*ROWS)
    predictions = history.predicted()
    real = Applied(history, since=1)
    assert any(
        real.agrees(each) and [step.changes for step in each.steps][: len(real.changes)] == real.changes
        for each in predictions
    )


@pytest.mark.parametrize("name", [*SCRIPTS][::3])
def test_from_nothing(name: str, tmp_path: Path) -> None:
    history = History(tmp_path, [BASE, SCRIPTS[name], LAST])
    predictions = history.predicted(offline=True)
    assert Applied(history).agrees(predictions[0])

"""A break by a revision's code in, what is advised, followed to the letter, out: on real files of SQLite."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from msgspec.structs import replace

from alembic_contracts import dialects
from alembic_contracts.contracts import formats
from alembic_contracts.judging import elsewhere, engine
from alembic_contracts.schemas.steps import Operation, Prediction, Step
from tests.support.pasting import paste

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic_contracts.contracts.contract import Contract
    from alembic_contracts.judging.violations import Violation
    from alembic_contracts.schemas.schema import Schema


@dataclass(frozen=True)
class Broken:
    """One way to break a rule."""

    rule: str
    before: Sequence[str]
    """SQL that makes what is there before."""
    change: str
    """Code of the revision that breaks it."""
    columns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Constraints that the contract states of columns."""
    table: Mapping[str, Any] = field(default_factory=dict)
    """What it states of the table."""
    compatibility: str = "exact"
    here: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The columns' constraints where the contract is not about a PostgreSQL, if they are others."""
    logical: Mapping[str, str] = field(default_factory=dict)
    """Logical types of columns, which contracts of this format do not state."""


def contracts(case: Broken, folder: Path, kind: str) -> tuple[Contract, ...]:
    columns = {name: {} for name in case.logical} | case.columns | (case.here if kind != "postgresql" else {})
    stated = {
        "spec-version": "1.0.0",
        "name": "t",
        "namespace": "test",
        "dataAssetResourceName": f"{kind}://t",
        "owner": {"name": "Team"},
        "compatibility": case.compatibility,
        "schema": {
            "table_name": "t",
            **case.table,
            "properties": {name: {"constraints": each} for name, each in columns.items()},
        },
    }
    (folder / "t.json").write_text(json.dumps(stated), encoding="utf-8")
    [found] = formats.load([Path("t.json")], root=folder)
    assert found.kind == kind
    place = found.facts[0]
    logical = tuple(
        replace(place, rule="logical-type", column=name, expected=each) for name, each in case.logical.items()
    )
    return (dataclasses.replace(found, facts=(*found.facts, *logical)),)


def violations(
    stated: Sequence[Contract], before: Schema, done: Sequence[Operation], kind: str = "sqlite"
) -> list[Violation]:
    """All that is broken after a revision, those included that others stand for."""
    step = Step("r", tuple(done))
    found: list[Violation] = []
    for group in elsewhere.held(stated, dialects.load(kind), {}, "shape"):
        policy = engine.Policy(
            phase="before", scope="target", ends_at_head=True, severities=group.severities, today=date(2030, 1, 1)
        )
        predictions = group.seen([Prediction(before=before, steps=(step,))])
        report = engine.judge(group.contracts, predictions, dialect=group.dialect, policy=policy)
        assert report.unproven == ()
        found += [each for violation in report.violations for each in (violation, *violation.folded)]
    return found


@contextmanager
def opened(file: Path) -> Iterator[sa.Connection]:
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def made(file: Path, before: Sequence[str]) -> Path:
    with opened(file) as connection:
        for statement in before:
            connection.exec_driver_sql(statement)
    return file


def copied(file: Path, name: str) -> Path:
    return Path(shutil.copy(file, file.with_name(name)))


def changed(file: Path, code: str) -> list[Operation]:
    """Run code of a revision on a file, and return what each of its statements led to."""
    with opened(file) as connection:
        return led_to(connection, code, "sqlite")


def led_to(connection: sa.Connection, code: str, kind: str) -> list[Operation]:
    """Run code of a revision, and return what each of its statements led to."""
    found: list[Operation] = []

    def look(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.split(maxsplit=1)[0] in {"CREATE", "ALTER", "DROP"}:
            found.append(Operation(None, statement.strip(), dialects.load(kind).observe(connection, None)))

    sa.event.listen(connection, "after_cursor_execute", look)
    paste(connection, code)
    sa.event.remove(connection, "after_cursor_execute", look)
    return found


def seen(file: Path) -> Schema:
    with opened(file) as connection:
        return dialects.load("sqlite").observe(connection, None)


def rows(file: Path, query: str) -> list[tuple[Any, ...]]:
    with opened(file) as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]

"""Cases of what contracts of writers on SQLite rely on without a word, held against what SQLite itself says.

A case is a table ``t``, a change, and what a writer runs: SQLite must refuse that after the change though not before,
or go on with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from alembic_contracts.dialects import sqlite
from alembic_contracts.schemas.steps import Operation
from tests.support.advised import Broken, contracts, violations

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["INSERT", "NEW", "REQUIRED", "UNIQUE", "Case", "is_told", "opened", "run", "said_to"]

NEW, REQUIRED = "new-constraint", "required-column"


@dataclass(frozen=True)
class Case:
    given: str
    """What makes the table or view ``t`` with a column ``c``; statements end with a line's end."""
    change: str
    use: str
    """What a writer runs, before and after."""
    refused: str = ""
    """What SQLite says to it after the change; empty: nothing."""
    rule: str = ""
    """The rule that says so; empty: none does."""
    actual: str = ""
    states: str = ""
    """What the contract states of the table, as JSON."""
    columns: str = '{"c": {}}'
    """What it states of columns, as JSON."""


UNIQUE = '{"unique": [["c"]]}'
INSERT = "INSERT INTO t (c) VALUES ('x')"


@contextmanager
def opened() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        yield connection
    engine.dispose()


def run(connection: sa.Connection, statements: str) -> None:
    for statement in statements.splitlines():
        connection.exec_driver_sql(statement)


def said_to(connection: sa.Connection, statement: str) -> str:
    """Return what SQLite says to a statement that leaves nothing behind."""
    connection.exec_driver_sql("SAVEPOINT use")
    try:
        connection.exec_driver_sql(statement)
    except sa.exc.DBAPIError as error:
        return str(error.orig)
    else:
        return ""
    finally:
        connection.exec_driver_sql("ROLLBACK TO use")
        connection.exec_driver_sql("RELEASE use")


def is_told(case: Case, compatibility: str, folder: Path) -> None:
    """Make sure that SQLite and the verdict on a case are of one mind."""
    table: dict[str, Any] = json.loads(case.states or "{}")
    stated = contracts(Broken("", (), "", json.loads(case.columns), table, compatibility), folder, "sqlite")
    with opened() as connection:
        run(connection, case.given)
        before = sqlite.observe(connection, None)
        assert said_to(connection, case.use) == "", "works before"
        run(connection, case.change)
        said = said_to(connection, case.use)
        assert bool(said) == bool(case.refused)
        assert case.refused in said
        after = sqlite.observe(connection, None)
    implied = [
        each for each in violations(stated, before, [Operation(None, "", after)]) if each.rule in (NEW, REQUIRED)
    ]
    assert [(each.rule, each.severity) for each in implied] == ([(case.rule, "error")] if case.rule else [])
    if case.actual:
        assert implied[0].actual == case.actual

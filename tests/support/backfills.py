"""A project whose second revision fills a column in Python, checked without a database and applied to one with rows."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.support.project import Project


CREATE = """
op.create_table(
    "t",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("b", sa.Text),
    sa.Column("keep", sa.Text),
)
"""


def column(data_type: str, *, nullable: bool = True, key: bool = False) -> dict[str, Any]:
    return {"constraints": {"primaryKey": key, "data_type": data_type, "is_nullable": nullable}}


CONTRACT = {
    "spec-version": "1.0.0",
    "name": "t",
    "namespace": "team",
    "owner": {"name": "Team", "email": "team@example.org"},
    "schema": {
        "table_schema": "public",
        "table_name": "t",
        "properties": {
            "id": column("integer", nullable=False, key=True),
            "a": column("text", nullable=False),
            "b": column("text"),
            "keep": column("text"),
        },
    },
}
IMPORTS = """
import json
import re
from datetime import datetime
from sqlalchemy.orm import Session, declarative_base

t = sa.table("t", sa.column("id", sa.Integer), sa.column("a", sa.Text), sa.column("b", sa.Text))
Base = declarative_base()


class T(Base):
    __tablename__ = "t"
    id = sa.Column(sa.Integer, primary_key=True)
    a = sa.Column(sa.Text)
    b = sa.Column(sa.Text)


KINDS = {"new": "N", "old": "O"}


def key_of(text):
    return json.loads(text)["key"]


def fill(bind):
    for row in bind.execute(sa.select(t.c.id, t.c.b)):
        bind.execute(t.update().where(t.c.id == row.id).values(a=key_of(row.b)))
"""


def project_with(project: Project, upgrade: str) -> Project:
    project.contract("t", CONTRACT)
    project.revision("r1", CREATE)
    project.revision("r2", upgrade, prelude=IMPORTS)
    return project


def backfill(loop: str) -> str:
    body = textwrap.dedent(loop).strip("\n")
    add = 'op.add_column("t", sa.Column("a", sa.Text))\nbind = op.get_bind()\n'
    return f'{add}{body}\nop.alter_column("t", "a", nullable=False)\n'


def checked(project: Project) -> tuple[int, list[tuple[str, str | None]], list[tuple[str, str]]]:
    """The exit code of a check without a database, what is broken, and what is unproven with its place."""
    done = project.alembic("check-contracts", "--offline", "--format", "json")
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    places = [(each["reason"], _place(each["location"])) for each in report["unproven"]]
    return done.returncode, [(v["rule"], v["column"]) for v in report["violations"]], places


def _place(location: dict[str, Any] | None) -> str:
    return "" if location is None else f"{location['revision']}:{location['line']}"


def applied(project: Project, *rows: str, enforce: str = "introduced") -> list[str]:
    """Names of the columns, NOT NULL marked, after the second revision was applied to a table with rows."""
    assert project.alembic("upgrade", "r1").returncode == 0
    for row in rows:
        project.sql(f"INSERT INTO t (id, b) VALUES {row}")
    done = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": enforce})
    assert done.returncode == 0, done.stderr
    columns = project.sql(
        "SELECT attname || CASE WHEN attnotnull THEN '!' ELSE '' END FROM pg_attribute "
        "WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
    )
    return [name for (name,) in columns]

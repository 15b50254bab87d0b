"""A history whose upgrades others can know of, and a contract of its table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

CREATE = """
op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Text, nullable=False))
"""
ADD = 'op.add_column("t", sa.Column("b", sa.Integer))'
PLAYS = {"alembic_contracts.running.on_a_copy", "alembic_contracts.prediction.scripts.play"}
UPGRADE = f"""
import sys
from alembic.config import main
try:
    main(["upgrade", "head"])
finally:
    print("predicted" if {PLAYS!r} & set(sys.modules) else "known before")
"""


def contract(**column: object) -> str:
    stated = {"a": {"constraints": column}}
    return json.dumps(
        {
            "spec-version": "1.0.0",
            "name": "t",
            "namespace": "n",
            "owner": {"name": "Sales"},
            "schema": {"table_name": "t", "properties": stated},
        }
    )


def make_fresh(project: Project) -> None:
    if project.database.startswith("postgresql"):
        project.sql("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    for file in project.path.parent.glob("t.db*"):
        file.unlink()


def upgraded(project: Project, **env: str) -> tuple[int, str]:
    """Exit code of an upgrade of a fresh database, and whether the scripts were run on a copy before."""
    make_fresh(project)
    done = project.run("-c", UPGRADE, env=env)
    return done.returncode, done.stdout.splitlines()[-1] if done.stdout else done.stderr


def kept(project: Project) -> list[Path]:
    return sorted((project.path / "migrations" / "__pycache__").glob("alembic_contracts.*"))

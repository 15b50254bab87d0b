"""``check`` settles its doubts by a replay on a scratch PostgreSQL, and says so; what that does not show stays unproven."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.object_images import CONTRACT, CREATE, UNSEEN, museum

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.database import Databases
    from tests.support.project import Project

ELSEWHERE = """
op.execute("CREATE TABLE other (id integer, note text)")
op.execute('''
    DO $$ BEGIN
        EXECUTE convert_from(decode('QUxURVIgVEFCTEUgb3RoZXIgQUREIGIgaW50', 'base64'), 'UTF8');
    END $$
''')
"""
"""Changes a table that nobody relies on, in a way that cannot be known without running it."""


@pytest.fixture
def settling(project: Project, postgres_url: str) -> Project:
    """A project as users have it, on the server under test: that is faster than an embedded one for each check."""
    project.environment["ALEMBIC_CONTRACTS_SETTLE"] = ""
    project.environment["ALEMBIC_CONTRACTS_SHADOW_URL"] = postgres_url
    return project


def checked(project: Project, *arguments: str, **env: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, report and notices of a check."""
    done = project.alembic("check-contracts", "--format", "json", *arguments, env=env)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    return done.returncode, report, "\n".join(notice["message"] for notice in report["notices"])


def block(body: str) -> str:
    return f"op.execute('''DO $$ {body} $$''')"


@pytest.mark.parametrize("arguments", [(), ("--offline",)], ids=["online", "offline"])
def test_dynamic_sql_is_settled_either_way(settling: Project, arguments: tuple[str, ...]) -> None:
    museum(settling)
    settling.revision("r2", ELSEWHERE)
    code, report, notices = checked(settling, *arguments)
    assert (code, report["status"], report["unproven"]) == (0, "kept", []), notices
    assert "Settled by a replay on PostgreSQL 1" in notices
    assert notices.endswith(" s.")
    settling.revision("r3", UNSEEN)
    code, report, notices = checked(settling, *arguments)
    assert (code, report["status"], report["unproven"]) == (1, "broken", [])
    [violation] = report["violations"]
    assert (violation["rule"], violation["column"], violation["introduced"]) == ("column-exists", "primary_image", True)
    assert violation["location"]["file"] == "migrations/versions/r3.py"
    assert settling.sql("SELECT to_regclass('other')") == [(None,)]


def test_an_embedded_server_is_used_where_no_other_is_named(settling: Project) -> None:
    museum(settling)
    settling.revision("r2", ELSEWHERE)
    code, _, notices = checked(settling, ALEMBIC_CONTRACTS_SHADOW_URL="")
    assert code == 0
    assert "Settled by a replay on PostgreSQL" in notices
    own = settling.cli("check", "--offline", env={"ALEMBIC_CONTRACTS_SHADOW_URL": ""})
    assert own.returncode == 0, own.stdout
    assert "Settled by a replay" in own.stdout

"""SQL that no prediction sees through, and the report of a check that may have settled it."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.support.project import Project


def hidden(sql: str) -> str:
    """SQL as an expression of PL/pgSQL that no prediction sees through."""
    return f"convert_from(decode('{b64encode(sql.encode()).decode()}', 'base64'), 'UTF8')"


def block(body: str, declare: str = "") -> str:
    return f'op.execute(r"""DO $$ {declare} BEGIN {body} END $$""")\n'


def unseen(sql: str) -> str:
    """The line of a script that executes SQL without its being known."""
    return block(f"EXECUTE {hidden(sql)};")


ELSEWHERE = unseen("CREATE TABLE other (id integer)")
DROP = "ALTER TABLE object_images DROP COLUMN primary_image"


def decided_by(condition: str) -> str:
    """A block that drops the contracted column where a condition, which is not seen, is met."""
    then = hidden(f"DO $do$ BEGIN IF {condition} THEN {DROP}; END IF; END $do$")
    return block(f"EXECUTE {then};")


def checked(project: Project, *arguments: str, **env: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, report and notices of a check."""
    done = project.alembic("check-contracts", "--format", "json", *arguments, env=env)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    return done.returncode, report, "\n".join(notice["message"] for notice in report["notices"])


def assert_unproven(project: Project, why: str, *arguments: str, **env: str) -> None:
    code, report, notices = checked(project, *arguments, **env)
    assert (code, report["status"]) == (3, "unproven"), notices
    assert why in notices

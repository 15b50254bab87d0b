"""A project whose scripts try to get out of a prediction, and what a check of them has to leave as it was."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.object_images import state
from tests.support.project import Project

PRELUDE = """
import os, sys
URL = sa.make_url(os.environ["DATABASE_URL"])
DSN = URL.set(drivername="postgresql").render_as_string(hide_password=False)
HOST = URL.query.get("host") or URL.host
DROP = "ALTER TABLE object_images DROP COLUMN primary_image"
PARTS = {"user": URL.username, "password": URL.password, "database": URL.database}
SOCKET = f"{HOST}/.s.PGSQL.{URL.query.get('port') or URL.port or 5432}"
exec(compile('''
def swallowed(function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except BaseException:
        return None
''', "elsewhere", "exec"))
"""


@dataclass
class Checks:
    """A project whose database is at ``r1``, checked with one more revision."""

    project: Project
    before: list[tuple[object, ...]]
    content: dict[str, bytes | None] = field(default_factory=dict)

    def of(self, code: str, *options: str, prelude: str = "") -> tuple[int, dict[str, Any], int | None]:
        """Check with a script; returns the exit code, the report and the line that is marked in the script."""
        project = self.project
        project.last_revision = "r1"
        script = project.revision("r2", code, prelude=PRELUDE + prelude)
        marked = [n for n, line in enumerate(script.read_text().splitlines(), 1) if line.endswith("# here")]
        self.content = self.files()
        done = project.alembic("check-contracts", "--format", "json", *options)
        assert "Traceback" not in done.stderr
        assert self.files() == self.content
        assert state(project) == self.before
        try:
            report = json.loads(done.stdout)
        except ValueError:
            pytest.fail(f"no report: {done.returncode} {done.stdout!r} {done.stderr}")
        assert done.returncode == {"kept": 0, "broken": 1, "unproven": 3}[report["status"]]
        return done.returncode, report, marked[0] if marked else None

    def files(self) -> dict[str, bytes | None]:
        """Every path of the project, and what is in it."""
        found = sorted(self.project.path.rglob("*"))
        return {f"{f} {f.lstat().st_mode:o}": f.read_bytes() if f.is_file() else None for f in found}


def assert_unproven(found: tuple[int, dict[str, Any], int | None], reason: str) -> None:
    code, report, line = found
    assert code == 3, report
    reasons = {each["reason"]: each["location"] for each in report["unproven"]}
    matching = [text for text in reasons if text.startswith("the script") and reason in text]
    assert matching, reasons
    if line is not None:
        assert line in {reasons[text]["line"] for text in matching}, reasons
    assert {place["file"] for place in reasons.values()} == {"migrations/versions/r2.py"}

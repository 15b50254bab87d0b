"""``alembic-contracts fix`` as a process, and what it has written."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import CompletedProcess

    from tests.support.project import Project

TODAY = datetime.now(tz=UTC).date()
NEXT_MONTH, YESTERDAY = TODAY + timedelta(days=30), TODAY - timedelta(days=1)

CUSTOMERS = {
    "spec-version": "1.0.0",
    "name": "customers",
    "namespace": "shop",
    "owner": {"name": "Sales"},
    "schema": {
        "table_schema": "sales",
        "table_name": "customers",
        "properties": {"id": {"constraints": {"data_type": "bigint", "primaryKey": True}}},
    },
}


def fixed(project: Project, *arguments: str, code: int = 0) -> list[Path]:
    """Run ``fix``, and return the scripts that it has written, in their order."""
    done = project.cli("fix", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return [project.path / name for name in re.findall(r"^Wrote (\S+):", done.stdout, re.MULTILINE)]


def ok(done: CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def revision_of(script: Path) -> str:
    found = re.search(r"^revision = ['\"](\w+)['\"]", script.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return found[1]

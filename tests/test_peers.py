"""The project that other tools are compared on is what it says: ten revisions break a contract each, ten break none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks import planted
from tests.support.project import clean_environment


def alembic(folder: Path, url: str, *arguments: str, guard: str = "on") -> subprocess.CompletedProcess[str]:
    environment = {**clean_environment(), "DATABASE_URL": url, "GUARD": guard}
    return subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_what_is_planted_is_found_and_nothing_else(tmp_path: Path, database: str) -> None:
    planted.write(tmp_path)
    checked = alembic(tmp_path, database, "check-contracts", "--offline", "--format", "json")
    assert checked.returncode == 1, checked.stderr
    report: dict[str, Any] = json.loads(checked.stdout)
    assert {each["location"]["revision"] for each in report["violations"]} == {c.revision for c in planted.BREAKS}
    assert report["unproven"] == []
    assert alembic(tmp_path, database, "upgrade", "start").returncode == 0
    refused = alembic(tmp_path, database, "upgrade", "head")
    assert refused.returncode == 255
    for change in planted.BREAKS:
        assert f"(revision {change.revision})" in refused.stderr, change.what
    for change in planted.HARMLESS:
        assert f"(revision {change.revision})" not in refused.stderr, change.what


def test_every_script_runs_there_and_back(tmp_path: Path, database: str) -> None:
    planted.write(tmp_path)
    for arguments in (("upgrade", "head"), ("downgrade", "base"), ("upgrade", "head")):
        done = alembic(tmp_path, database, *arguments, guard="off")
        assert done.returncode == 0, done.stderr

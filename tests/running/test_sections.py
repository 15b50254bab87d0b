"""Two sections of one alembic.ini (``alembic -n``), each with its own scripts, database and settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.running.test_templates import contract, revision, version
from tests.support.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECTION = """
[reports]
script_location = %(here)s/reports
{url}
path_separator = os
"""
IN_INI = """
[alembic_contracts]
contracts = contracts

[alembic_contracts:reports]
contracts = reports/contracts
rules =
    column-nullable = off
"""
IN_TOML = """\
[tool.alembic_contracts]
contracts = "contracts"

[tool.alembic_contracts.sections.reports]
contracts = "reports/contracts"
rules = { column-nullable = "off" }
"""


@pytest.fixture
def two(databases: Any) -> Iterator[tuple[str, str]]:
    with databases.new() as one, databases.new() as other:
        yield one, other


def sections(path: Path, urls: tuple[str, str], settings: str) -> Project:
    """A project with two sections, as Alembic's cookbook has it."""
    project = Project(path, urls[0])
    one, other = (f"sqlalchemy.url = {url.replace('%', '%%')}" for url in urls)
    assert project.alembic("init", "migrations").returncode == 0
    assert project.alembic("-n", "reports", "init", "reports").returncode == 0
    generated = re.sub("sqlalchemy.url = .*", lambda _: one, (path / "alembic.ini").read_text())
    own = SECTION.format(url=other) + (IN_INI if settings == "ini" else "")
    project.write("alembic.ini", generated + own)
    if settings == "toml":
        project.write("pyproject.toml", IN_TOML)
    for name in ("alembic", "reports"):
        assert project.cli("-n", name, "init", "--yes").returncode == 0
    return project


@pytest.mark.parametrize("settings", ["ini", "toml"])
def test_each_section_is_held_to_its_own(settings: str, tmp_path: Path, two: tuple[str, str]) -> None:
    project = sections(tmp_path, two, settings)
    project.write("contracts/orders.json", contract("orders", "total"))
    project.write("reports/contracts/sums.json", contract("sums", "day"))
    revision(project, "r1", 'op.execute("CREATE TABLE orders (total int)")', None)
    script = project.path / "migrations/versions/r1.py"
    project.write("reports/versions/r1.py", script.read_text().replace("orders (total", "sums (day"))
    for arguments in ((), ("-n", "reports")):
        done = project.alembic(*arguments, "upgrade", "head")
        assert done.returncode == 0, done.stderr
        checked = project.alembic(*arguments, "check-contracts")
        assert (checked.returncode, "1 contract, 2 facts" in checked.stdout) == (0, True), checked.stderr

    revision(project, "r2", 'op.drop_column("orders", "total")', "r1")
    script = project.path / "migrations/versions/r2.py"
    project.write("reports/versions/r2.py", script.read_text().replace('"orders", "total"', '"sums", "day"'))
    for arguments, place in (((), "orders.total"), (("-n", "reports"), "sums.day")):
        refused = project.alembic(*arguments, "upgrade", "head")
        assert refused.returncode != 0
        assert f"public.{place} no longer exists" in refused.stderr
        for check in (project.cli(*arguments, "check"), project.cli(*arguments, "check", "--offline")):
            assert (check.returncode, f"public.{place} no longer exists" in check.stdout) == (1, True), check.stderr
    doctor = project.cli("-n", "reports", "doctor")
    assert "rules: switched off: column-nullable" in doctor.stdout
    assert "switched off" not in project.cli("doctor").stdout
    assert "1 contract with 2 facts is valid" in project.cli("-n", "reports", "lint").stdout
    assert [version(url) for url in two] == [["r1"], ["r1"]]

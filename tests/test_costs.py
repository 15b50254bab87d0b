"""What commands cost, counted instead of timed: a regression breaks an upper bound on the busiest of machines.

Calls of Python functions are counted while a project grows. What grows in proportion costs, for each step of the same
size, as much as for the step before; what is quadratic costs twice as much.
"""

from __future__ import annotations

import atexit
import gc
import json
import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alembic_contracts.support import garbage
from benchmarks.projects import Size, write
from tests.support.project import clean_environment

if TYPE_CHECKING:
    from tests.support.database import Databases

ROOT = Path(__file__).parents[1]
COUNT = """
import json, os, sys
from collections import Counter

counts, wanted = Counter(), set({wanted!r})

def profile(frame, event, argument):
    if event == "call":
        counts["all"] += 1
        code = frame.f_code
        if code.co_qualname in wanted and "alembic_contracts" in code.co_filename:
            counts[code.co_qualname] += 1

from alembic.config import main

del os.fork  # what happens in a process of its own would not be counted
sys.setprofile(profile)
try:
    main({arguments!r})
except SystemExit as leaving:
    code = leaving.code
else:
    code = 0
sys.setprofile(None)
ours = [name for name in sys.modules if name.partition(".")[0] == "alembic_contracts"]
print(json.dumps({{"code": code, "counts": counts, "ours": len(ours), "modules": sorted(sys.modules)}}))
"""
FUNCTIONS = [
    "parse_once",
    "relations_of",
    "Snapshots._made",
    "_evaluated",
    "_Case.finding",
    "_Scanner.document",
    "read_settings",
    "outline",
    "_opened",
    "sight",
]


@dataclass(frozen=True)
class Cost:
    code: int
    calls: int
    of: dict[str, int]
    """Calls of single functions."""
    ours: int
    """Modules of the package that were imported."""
    modules: frozenset[str]


NOWHERE = "postgresql+psycopg://nobody@localhost/none"


def cost(folder: Path, size: Size, *arguments: str, **environment: str) -> Cost:
    folder.mkdir()
    write(folder, size)
    return counted(folder, NOWHERE, *arguments, **environment)


def cost_on_a_server(folder: Path, size: Size, url: str, *arguments: str) -> Cost:
    """Count what a command costs where all revisions have been applied."""
    folder.mkdir()
    write(folder, size)
    environment = {**clean_environment(), "DATABASE_URL": url, "GUARD": "off"}
    subprocess.run([sys.executable, "-m", "alembic", "upgrade", "head"], cwd=folder, env=environment, check=True)
    return counted(folder, url, *arguments)


def counted(folder: Path, url: str, *arguments: str, **environment: str) -> Cost:
    program = COUNT.format(wanted=FUNCTIONS, arguments=list(arguments))
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**clean_environment(), "DATABASE_URL": url, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    counts = found["counts"]
    assert found["code"] == 0, done.stderr
    return Cost(found["code"], counts.pop("all"), counts, found["ours"], frozenset(found["modules"]))


CHECK = ("check-contracts", "--offline")
GROWING = {
    "contracts": lambda n: Size(tables=4 * n, columns=10, revisions=4, contracts=4 * n),
    "contracts in YAML": lambda n: Size(tables=2 * n, columns=10, revisions=4, contracts=2 * n, suffix=".odcs.yaml"),
    "tables beside the contracted one": lambda n: Size(tables=8 * n, revisions=4),
    "revisions": lambda n: Size(tables=4, revisions=8 * n),
    "operations of a revision": lambda n: Size(tables=4, revisions=5, operations=8 * n),
    "operations on one table": lambda n: Size(revisions=2, operations=8 * n),
    "a table in each revision": lambda n: Size(tables=8 * n, revisions=8 * n),
    "columns of a table": lambda n: Size(columns=20 * n),
}


@pytest.mark.parametrize("what", GROWING)
def test_a_check_costs_in_proportion(what: str, tmp_path: Path) -> None:
    sizes = (5, 10, 15, 20)
    calls = [cost(tmp_path / str(n), GROWING[what](n), *CHECK).calls for n in sizes]
    steps = [larger - smaller for smaller, larger in pairwise(calls)]
    assert steps[-1] <= 1.02 * steps[0], steps


def test_a_check_on_a_server_costs_in_proportion(tmp_path: Path, databases: Databases) -> None:
    found = []
    for n in (10, 20, 30, 40):
        size = Size(tables=n, columns=10, revisions=1, contracts=n)
        with databases.new() as url:
            found.append(cost_on_a_server(tmp_path / str(n), size, url, "check-contracts"))
        assert found[-1].of["sight"] == 1
        assert found[-1].of["_evaluated"] == 46 * n
    steps = [larger.calls - smaller.calls for smaller, larger in pairwise(found)]
    assert steps[-1] <= 1.02 * steps[0], steps


def test_a_further_revision_costs_little_beside_its_sql(tmp_path: Path) -> None:
    def further(name: str, *arguments: str, **environment: str) -> int:
        smaller, larger = (
            cost(tmp_path / f"{name}{n}", Size(tables=4, revisions=n), *arguments, **environment).calls
            for n in (20, 60)
        )
        return larger - smaller

    check, sql = further("check", *CHECK), further("sql", "upgrade", "head", "--sql", GUARD="off")
    assert check <= 1.4 * sql, check / sql


def test_a_check_does_each_thing_once(tmp_path: Path) -> None:
    size = Size(tables=10, columns=6, revisions=20, operations=2, contracts=10)
    found = cost(tmp_path / "p", size, *CHECK)
    statements, changes = 10 + 10 * 2, 10 * 2
    assert found.of["read_settings"] <= 3
    assert found.of["_opened"] == size.contracts
    assert found.of["outline"] == size.revisions
    assert changes <= found.of["parse_once"] < statements  # tables, the version table as well, by what they have alike
    assert "relations_of" not in found.of  # nobody asks what else points at a table
    assert found.of["Snapshots._made"] <= statements + 2
    facts = size.contracts * 28
    assert found.of["_evaluated"] == facts  # where it counts, and all of them hold there
    assert "_Scanner.document" not in found.of  # nobody is told where anything stands


def test_tables_that_are_alike_are_not_parsed_again(tmp_path: Path) -> None:
    parsed = [cost(tmp_path / str(n), Size(tables=n, revisions=n), *CHECK).of["parse_once"] for n in (10, 60)]
    assert parsed[1] <= parsed[0]


def test_a_commit_costs_what_has_changed_since_the_last_one(tmp_path: Path, databases: Databases) -> None:
    found = []
    for further in (20, 40):
        folder = tmp_path / str(further)
        folder.mkdir()
        write(folder, Size(tables=10, columns=6, revisions=10 + further, contracts=10))
        env = folder / "migrations" / "env.py"
        each = "connection=connection, transaction_per_migration=True"
        env.write_text(env.read_text().replace("connection=connection", each))
        with databases.new() as url:
            found.append(counted(folder, url, "upgrade", "head").of)
    facts, more = 28, 20
    assert found[1]["_evaluated"] - found[0]["_evaluated"] <= more * (facts + 10)  # of the table that each changes
    assert found[1]["_Case.finding"] == found[0]["_Case.finding"], "nothing is written that is not told"


def test_a_guard_needs_no_process_for_scripts_that_are_written_out(databases: Databases, tmp_path: Path) -> None:
    write(tmp_path, Size(tables=3, revisions=5))
    with databases.new() as url:
        found = counted(tmp_path, url, "upgrade", "head")
    assert "alembic_contracts.prediction.scripts.play" in found.modules
    assert "alembic_contracts.prediction.containment.process" not in found.modules


def test_a_check_imports_what_it_needs(tmp_path: Path) -> None:
    found = cost(tmp_path / "p", Size(), *CHECK)
    assert found.ours <= 170
    assert not {"jsonschema", "yaml", "difflib", "jinja2", "psycopg", "postgast"} & found.modules
    rooms = (
        "reviews",
        "embedded",
        "prediction.queries.analysis",
        "prediction.answers.select",
        "prediction.printing.texts",
        "prediction.containment.process",  # as these scripts need none of their own
        "prediction.scripts.outside",
    )
    assert not {f"alembic_contracts.{room}" for room in rooms} & found.modules


def test_with_nothing_pending_next_to_nothing_is_imported(tmp_path: Path) -> None:
    program = "from alembic.config import main; main(); import sys; print(*sys.modules)"
    write(tmp_path / "p", Size())
    environment = {**clean_environment(), "DATABASE_URL": f"sqlite:///{tmp_path}/t.db"}
    for _ in range(2):
        command = [sys.executable, "-c", program, "upgrade", "head"]
        done = subprocess.run(command, cwd=tmp_path / "p", env=environment, capture_output=True, text=True, check=True)
    modules = done.stdout.split()
    assert len([module for module in modules if module.startswith("alembic_contracts")]) <= 14, modules
    assert "msgspec" not in modules


def test_the_collector_passes_over_what_a_command_keeps_and_is_as_before_when_it_ends() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    with garbage.uncollected(stays=True):
        pass
    assert gc.get_freeze_count() == before[1], "a process of a user's own is left alone"
    try:
        with garbage.command():
            with garbage.uncollected(stays=True):
                kept = [[] for _ in range(1000)]
            assert gc.get_freeze_count() >= len(kept)
        assert (gc.get_threshold(), gc.get_freeze_count()) == before
    finally:
        atexit.unregister(gc.freeze)


def test_times_are_measured_as_well(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.scale", "--quick", "--only", "start", "--output", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "| check --offline, 50 revisions | alembic history |" in (tmp_path / "scale.md").read_text(encoding="utf-8")

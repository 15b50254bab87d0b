"""What the catalogue costs, counted instead of timed: calls of Python functions, while contracts grow."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from alembic_contracts.reviews.site.pictures import MOST_TABLES
from benchmarks.projects import Size, write
from tests.support.project import clean_environment

COLUMNS = 10
CALLS_OF_A_COLUMN = 450
"""As one more column of one more contract costs; markup that is put together value by value shows here first."""
BYTES_OF_A_CONTRACT = 700
"""Of the first page, which lists all contracts."""
COUNT = """
import json, sys
from collections import Counter
from alembic_contracts.cli import main
from alembic_contracts.reviews import site

counts = Counter()

def profile(frame, event, argument):
    if event == "call":
        counts["all"] += 1
        counts[frame.f_code.co_qualname] += 1

def counted(*arguments, real=site.write, **named):
    sys.setprofile(profile)
    try:
        return real(*arguments, **named)
    finally:
        sys.setprofile(None)

site.write = counted
try:
    main(["docs", "--offline", "--output", "site"])
except SystemExit as leaving:
    assert not leaving.code, leaving.code
print(json.dumps(counts))
"""


def calls(folder: Path, contracts: int) -> dict[str, int]:
    folder.mkdir()
    write(folder, Size(tables=contracts + MOST_TABLES, columns=COLUMNS, contracts=contracts))
    environment = {**clean_environment(), "DATABASE_URL": "postgresql+psycopg://nobody@localhost/none"}
    done = subprocess.run(
        [sys.executable, "-c", COUNT], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stdout)
    return found


def test_writing_costs_in_proportion_and_each_thing_is_done_once(tmp_path: Path) -> None:
    sizes = (10, 20, 30, 40)
    found = {size: calls(tmp_path / str(size), size) for size in sizes}
    steps = [found[larger]["all"] - found[smaller]["all"] for smaller, larger in pairwise(sizes)]
    assert steps[-1] <= 1.05 * steps[0], steps
    for contracts, each in found.items():
        facts = each["Pages._place"]
        assert 3 * COLUMNS * contracts <= facts <= 7 * COLUMNS * contracts
        assert each["Pages._row"] == COLUMNS * contracts
        assert each["picture_of"] == contracts, "a picture a contract, and none of everything"
        assert each["lines"] <= 20 * contracts + 20, "a page is looked through once, not value by value"
    assert steps[-1] <= CALLS_OF_A_COLUMN * COLUMNS * 10
    first_page = [(tmp_path / str(size) / "site" / "index.html").stat().st_size for size in sizes]
    assert first_page[-1] - first_page[-2] <= BYTES_OF_A_CONTRACT * 10
    assert first_page[0] <= 5000 + BYTES_OF_A_CONTRACT * sizes[0]

"""``python -m benchmarks.site``: what the catalogue of a large project costs to write, and to look at.

A database of its own with 1,000 tables of 12 columns, of which every fifth is pointed at, 200 contracts on five tables
each (the first on as many as fit a picture), and twenty pending revisions. Writing is compared with a check of the same
project, which reads and predicts as much. Pages are opened in a headless Chromium, where one is installed. Written to a
folder: ``site.md``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from alembic_contracts import embedded
from alembic_contracts.reviews.site.pictures import MOST_TABLES
from benchmarks.measure import Usage, in_turn, run
from tests.support.browser import PROGRAMS, Browser
from tests.support.project import Project

COLUMNS, TABLES_OF_A_CONTRACT, REVISIONS = 12, 5, 20
PAGES = {
    "index.html": "the first page",
    "tables.html": "all tables",
    "contracts/domain-1--contract-1.html": f"a contract of {TABLES_OF_A_CONTRACT} tables",
    "contracts/domain-0--contract-0.html": f"a contract of {MOST_TABLES} tables",
}
_SEEN = ("catalogue.css", "catalogue.js")
"""What each page loads; the search's index comes when somebody searches, and what draws where there is a picture."""
_DRAWN = "document.getElementById('picture')?.dataset.done ?? !document.getElementById('picture')"


def measured(tables: int, contracts: int, times: int) -> list[str]:
    """Return the figures as Markdown."""
    with embedded.scratch() as server, tempfile.TemporaryDirectory() as folder:
        project = Project.create(Path(folder) / "project", server.url())
        create(server.url(), tables)
        for number in range(contracts):
            project.contract(f"contract_{number}.odcs.yaml", contract(number, tables))
        for number in range(REVISIONS):
            script = f'op.add_column("t{number}", sa.Column("extra", sa.Text))'
            project.revision(f"r{number}", script if number else 'op.drop_column("t0", "c1")')

        def command(*arguments: str, exits: int = 0) -> Usage:
            program = [str(Path(sys.executable).with_name("alembic-contracts")), *arguments]
            return run(program, project.path, {"DATABASE_URL": server.url()}, exits=(exits,))

        used = in_turn(lambda: command("docs", "--output", "site"), lambda: command("check", exits=1), times)
        return [*written(*used), "", *looked_at(project.path / "site", times)]


def written(docs: Usage, check: Usage) -> Iterator[str]:
    """Yield what the command used, beside a check."""
    yield "| the whole command | docs | check | docs beside check | goal |"
    yield "|---|---|---|---|---|"
    yield f"| CPU | {docs.cpu:.2f} s | {check.cpu:.2f} s | x {docs.cpu / check.cpu:.2f} | 2 s |"
    yield f"| wall | {docs.wall:.2f} s | {check.wall:.2f} s | x {docs.wall / check.wall:.2f} | |"
    yield f"| memory | {docs.peak:.0f} MB | {check.peak:.0f} MB | x {docs.peak / check.peak:.2f} | |"


def looked_at(site: Path, times: int) -> Iterator[str]:
    """Yield the size of pages, and how long they take in a browser."""
    path = next(filter(None, map(shutil.which, PROGRAMS)), None)
    drawn = dict.fromkeys(PAGES, "no Chromium here") if path is None else dict(_drawn(site, path, times))
    shared = sum((site / name).stat().st_size for name in _SEEN)
    yield f"| page | its file | with {' and '.join(_SEEN)} | drawn in |"
    yield "|---|---|---|---|"
    for name, what in PAGES.items():
        size = (site / name).stat().st_size
        yield f"| {what} | {size / 1000:.0f} kB | {(size + shared) / 1000:.0f} kB | {drawn[name]} |"
    index = (site / "search.js").stat().st_size
    yield f"\nGoals: 300 kB for the first page, 1 s for each. The search loads {index / 1000:.0f} kB when it is used."


def _drawn(site: Path, program: str, times: int) -> Iterator[tuple[str, str]]:
    with Browser(program) as browser:
        browser.open((site / "pending.html").as_uri())  # what its start costs is not the pages'
        for name in PAGES:
            seconds = []
            for _ in range(times):
                started = time.perf_counter()
                browser.open((site / name).as_uri(), until=_DRAWN)
                seconds.append(time.perf_counter() - started)
            yield name, f"{statistics.median(seconds):.2f} s"


def create(url: str, tables: int) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for number in range(tables):
            columns = "".join(f", c{column} text" for column in range(1, COLUMNS))
            refers = f", FOREIGN KEY (id) REFERENCES t{number - number % 5}" if number % 5 else ""
            connection.exec_driver_sql(f"CREATE TABLE t{number} (id integer PRIMARY KEY{columns}{refers})")


def contract(number: int, tables: int) -> str:
    described = [
        {
            "name": f"t{(number * TABLES_OF_A_CONTRACT + table) % tables}",
            "properties": [
                {"name": f"c{column}", "physicalType": "text", "description": f"What column {column} means"}
                for column in range(1, COLUMNS)
            ],
        }
        for table in range(TABLES_OF_A_CONTRACT if number else MOST_TABLES)
    ]
    return json.dumps(
        {
            "apiVersion": "v3.1.0",
            "kind": "DataContract",
            "id": f"contract-{number}",
            "name": f"contract-{number}",
            "version": "1.0.0",
            "status": "active",
            "domain": f"domain-{number % 10}",
            "team": {
                "members": [
                    {"username": f"team{number % 30}@example.org", "name": f"Team {number % 30}", "role": "owner"}
                ]
            },
            "schema": described,
        }
    )


def main() -> None:
    """Measure, and write the results."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.site", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--contracts", type=int, default=200)
    parser.add_argument("--repeat", type=int, default=3, help="runs of each command (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=Path(".benchmarks"), help="folder (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="a fifth of it, each once")
    options = parser.parse_args()
    share, times = (5, 1) if options.quick else (1, options.repeat)
    lines = measured(options.tables // share, options.contracts // share, times)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "site.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()

"""How long the catalogue takes on a large project: ``python -m benchmarks.site [TABLES] [CONTRACTS]``.

A database of its own with 1,000 tables of 12 columns, of which every fifth is pointed at, 200 contracts on five tables
each, and twenty pending revisions. Prints the seconds of the whole command, and the files with their sizes.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

from alembic_contracts import embedded
from tests.support.project import Project

COLUMNS, TABLES_OF_A_CONTRACT, REVISIONS = 12, 5, 20


def main() -> None:
    tables, contracts = (int(argument) for argument in (sys.argv[1:] or ("1000", "200")))
    with embedded.scratch() as server, tempfile.TemporaryDirectory() as folder:
        project = Project.create(Path(folder) / "project", server.url())
        create(server.url(), tables)
        for number in range(contracts):
            project.contract(f"contract_{number}.odcs.yaml", contract(number, tables))
        for number in range(REVISIONS):
            script = f'op.add_column("t{number}", sa.Column("extra", sa.Text))'
            project.revision(f"r{number}", script if number else 'op.drop_column("t0", "c1")')
        started = time.perf_counter()
        done = project.cli("docs", "--output", "site")
        took = time.perf_counter() - started
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert done.returncode == 0, done.stderr
        pages = len([*(project.path / "site").rglob("*.html")])
        print(f"the whole command: {took:.1f} s, {used.ru_utime + used.ru_stime:.1f} s of a processor; {pages} pages")
        report(project)


def report(project: Project) -> None:
    for file in ("index.html", "tables.html", "search.js"):
        print(f"{file}: {(project.path / 'site' / file).stat().st_size / 1000:.0f} kB")
    pages = [file.stat().st_size for file in (project.path / "site/contracts").iterdir()]
    print(f"pages of contracts: {min(pages) / 1000:.0f} to {max(pages) / 1000:.0f} kB")


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
        for table in range(TABLES_OF_A_CONTRACT)
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


if __name__ == "__main__":
    main()

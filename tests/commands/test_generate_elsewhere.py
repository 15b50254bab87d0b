"""``generate`` on other databases than PostgreSQL: what it writes holds there, and each fact of it counts."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

ARTISTS = "CREATE TABLE artists (id INTEGER PRIMARY KEY, name VARCHAR(50) NOT NULL UNIQUE)"
WORKS = """CREATE TABLE works (
    id INTEGER PRIMARY KEY,
    artist_id INTEGER NOT NULL REFERENCES artists (id),
    title VARCHAR(80) COLLATE NOCASE NOT NULL,
    price NUMERIC(10, 2) DEFAULT 1 CHECK (price > 0),
    doubled NUMERIC(10, 2) GENERATED ALWAYS AS (price * 2) VIRTUAL,
    sold BOOLEAN,
    UNIQUE (artist_id, title)
)"""
BREAKS = {
    ("sold BOOLEAN", "is_sold BOOLEAN"): {"column-exists"},
    ("sold BOOLEAN", "sold TEXT"): {"column-type"},
    ("VARCHAR(80)", "VARCHAR(90)"): {"column-type"},
    ("price NUMERIC(10, 2)", "price NUMERIC(12, 2)"): {"column-type"},
    ("price NUMERIC(10, 2)", "price NUMERIC(10, 3)"): {"column-type"},
    ("COLLATE NOCASE NOT NULL", "COLLATE NOCASE"): {"column-nullable"},
    (" COLLATE NOCASE", ""): {"collation"},
    ("DEFAULT 1 ", "DEFAULT 2 "): {"column-default"},
    (" CHECK (price > 0)", ""): {"check"},
    (" GENERATED ALWAYS AS (price * 2) VIRTUAL", ""): {"column-generated"},
    (" REFERENCES artists (id)", ""): {"foreign-key"},
    ("    UNIQUE (artist_id, title)", "    CHECK (1)"): {"unique"},
    ("id INTEGER PRIMARY KEY,", "id INTEGER NOT NULL,"): {"primary-key"},
    ("CREATE TABLE works", "CREATE TABLE opera"): {"table-exists"},
}
"""What is written otherwise, and the rule that alone speaks then: sizes are said with the type."""

CREATE = """
op.create_table(
    "artists",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(50), nullable=False, unique=True),
)
op.create_table(
    "works",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("artist_id", sa.Integer, sa.ForeignKey("artists.id"), nullable=False),
    sa.Column("title", sa.String(80), nullable=False),
    sa.Column("price", sa.Numeric(10, 2), server_default="1"),
    sa.Column("sold", sa.Boolean),
    sa.Column("data", sa.JSON),
    sa.UniqueConstraint("artist_id", "title"),
)
"""


def made(file: Path, *statements: str) -> str:
    """Make a SQLite database; returns its URL."""
    connection = sqlite3.connect(file)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return f"sqlite:///{file}"


def checked(project: Project, *arguments: str, url: str | None = None) -> dict[str, Any]:
    done = project.cli("check", "--format", "json", *arguments, env={"DATABASE_URL": url} if url else None)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["status"] == ("broken" if done.returncode else "kept")
    return report


def generated(project: Project, *arguments: str) -> None:
    done = project.cli("generate", *arguments)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def museum(tmp_path: Path) -> Project:
    """A project on a SQLite database with two tables that no revision made."""
    project = Project.create(tmp_path / "project", "")
    project.database = made(project.path / "museum.db", ARTISTS, WORKS)
    return project


def test_all_that_it_writes_holds_there_exactly(museum: Project) -> None:
    generated(museum, "works", "artists")
    generated(museum, "works", "--format", "odcs", "--full", "--namespace", "full")
    generated(museum, "artists", "--format", "odcs", "--namespace", "minimal")
    stated = json.loads((museum.path / "contracts/works.json").read_text())
    assert stated["dataAssetResourceName"] == "sqlite:///museum.db"
    assert "table_schema" not in stated["schema"]
    assert stated["schema"]["properties"]["price"]["constraints"]["data_type"] == "NUMERIC(10, 2)"
    assert not {"row_security", "replica_identity"} & stated["schema"].keys()
    assert museum.cli("lint").returncode == 0
    counted = checked(museum)["checked"]
    assert (counted["contracts"], counted["tables"], counted.get("not_applicable", 0)) == (4, 2, 0)
    assert counted["facts"] > 100


SIZES = ("TEXT(16777215)", "VARCHAR(20000000)", "VARCHAR(0)", "CHAR(-1)", "NUMERIC(1200, 2)", "DECIMAL(0)")
"""SQLite takes any, and none of them is one that another database has."""


@pytest.mark.parametrize("format_", ["native", "odcs"])
def test_sizes_that_no_contract_can_state_are_held_with_the_type(format_: str, museum: Project) -> None:
    columns = ", ".join(f"c{number} {size}" for number, size in enumerate((*SIZES, "NUMERIC(10, 1001)", "FLOAT(100)")))
    made(museum.path / "museum.db", f"CREATE TABLE sizes (id INTEGER PRIMARY KEY, {columns})")
    generated(museum, "sizes", "--format", format_, "--full")
    assert checked(museum)["status"] == "kept"
    url = made(
        museum.path / "other.db", f"CREATE TABLE sizes (id INTEGER PRIMARY KEY, {columns.replace('200', '300')})"
    )
    assert {violation["column"] for violation in checked(museum, url=url)["violations"]} == {"c1", "c4"}


@pytest.mark.parametrize(("change", "rules"), BREAKS.items())
def test_each_fact_counts(change: tuple[str, str], rules: set[str], museum: Project) -> None:
    generated(museum, "works")
    assert WORKS.count(change[0]) == 1
    url = made(museum.path / "other.db", ARTISTS, WORKS.replace(*change))
    found = checked(museum, url=url)["violations"]
    assert {violation["rule"] for violation in found if violation["severity"] == "error"} == rules


def test_a_contract_about_sqlite_is_held_by_its_shape_on_postgresql(project: Project, tmp_path: Path) -> None:
    sqlite = {"DATABASE_URL": f"sqlite:///{tmp_path / 'museum.db'}"}
    project.revision("r1", CREATE)
    assert project.alembic("upgrade", "head", env=sqlite).returncode == 0
    for format_ in ("native", "odcs"):
        done = project.cli("generate", "works", "--format", format_, "--full", "--namespace", format_, env=sqlite)
        assert done.returncode == 0, done.stderr
    assert "not_applicable" not in checked(project, url=sqlite["DATABASE_URL"])["checked"]
    upgraded = project.alembic("upgrade", "head")
    assert upgraded.returncode == 0, upgraded.stderr
    counted = checked(project)["checked"]
    assert counted["facts"] > 20
    assert counted["not_applicable"] > 10
    project.revision("r2", 'op.alter_column("works", "price", type_=sa.Text)')
    assert {each["rule"] for each in checked(project)["violations"]} == {"column-type"}


@pytest.mark.parametrize("change", ["DROP COLUMN sold", "MODIFY price TEXT", "MODIFY title VARCHAR(80) NULL"])
def test_on_mariadb_it_writes_the_shape_which_holds(change: str, tmp_path: Path, mariadb: str) -> None:
    project = Project.create(tmp_path, mariadb)
    project.revision("r1", CREATE)
    assert project.alembic("upgrade", "head").returncode == 0
    generated(project, "works", "artists")
    generated(project, "works", "--format", "odcs", "--full", "--namespace", "full")
    stated = json.loads((tmp_path / "contracts/works.json").read_text())
    assert stated["dataAssetResourceName"] == f"mariadb:///{sa.make_url(mariadb).database}"
    assert project.cli("lint").returncode == 0
    counted = checked(project)["checked"]
    assert (counted["contracts"], counted.get("not_applicable", 0)) == (3, 0)
    project.sql(f"ALTER TABLE works {change}")
    rules = {"DROP": "column-exists", "MODIFY price": "column-type", "MODIFY title": "column-nullable"}
    expected = next(rule for begun, rule in rules.items() if change.startswith(begun))
    found = checked(project)["violations"]
    assert {each["rule"] for each in found} == {expected}
    assert {each["contract"] for each in found} == {"mariadb/works", "full/works"}


def test_without_a_database_it_is_what_scripts_make_there(museum: Project) -> None:
    museum.revision("r1", CREATE)
    for arguments in (("--offline",), ("--offline", "--dialect", "sqlite")):
        done = museum.cli("generate", "works", "--stdout", *arguments)
        assert done.returncode == 0, done.stderr
        stated = json.loads(done.stdout)
        assert stated["dataAssetResourceName"] == "sqlite://"
        assert stated["schema"]["properties"]["title"]["constraints"]["data_type"] == "VARCHAR(80)"


def test_a_kind_that_is_misspelt_is_said(museum: Project) -> None:
    generated(museum, "artists", "--format", "odcs")
    file = museum.path / "contracts/artists.odcs.yaml"
    file.write_text(file.read_text().replace("value: sqlite", "value: sqlit"))
    done = museum.cli("lint")
    assert done.returncode == 2
    assert "the dialect 'sqlit' is not known; did you mean `sqlite`?" in done.stdout


@pytest.mark.parametrize(
    ("table", "columns", "format_", "said"),
    [
        ('a"b', "x INTEGER", "native", 'The table `a"b` has a quote'),
        ('a"b', "x INTEGER", "odcs", 'The table `a"b` has a quote'),
        ("t", '" x" INTEGER', "native", "The column ` x` of main.t has"),
        ("t", '" x" INTEGER', "odcs", ""),
        ("t", '"x""y" INTEGER', "native", ""),
    ],
)
def test_names_that_no_contract_can_have(table: str, columns: str, format_: str, said: str, tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", f"sqlite:///{tmp_path}/t.db")
    name = table.replace('"', '""')
    project.sql(f'CREATE TABLE "{name}" ({columns})')
    done = project.cli("generate", table, "--format", format_)
    assert (done.returncode, said in done.stderr) == (2 if said else 0, True), done.stderr
    if not said:
        check = project.cli("check")
        assert check.returncode == 0, check.stdout + check.stderr

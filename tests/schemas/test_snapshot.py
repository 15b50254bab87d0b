"""``alembic-contracts snapshot``: what is written is read back as it was, and predictions start from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from alembic_contracts.dialects import postgresql
from alembic_contracts.errors import CannotCheck
from alembic_contracts.schemas import schema_json, snapshots
from tests.support.object_images import CONTRACT, CREATE

if TYPE_CHECKING:
    from tests.support.project import Project

RICH = """
CREATE SCHEMA "My schema";
CREATE TYPE public.mood AS ENUM ('sad', 'so ''so''', 'a/b~c');
CREATE DOMAIN public.positive AS numeric(10, 2) NOT NULL DEFAULT 1 CHECK (VALUE > 0);
CREATE TYPE "My schema"."Pair" AS (a integer, b text[]);
CREATE TABLE public.parent (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name varchar(20) COLLATE "C" NOT NULL UNIQUE,
    twice integer GENERATED ALWAYS AS (2 * 2) STORED,
    feelings public.mood[],
    price public.positive,
    "odd ""name"" / ~" timestamptz(3) DEFAULT now(),
    CHECK (length(name) > 1)
);
CREATE TABLE "My schema"."T.t" (
    id integer REFERENCES public.parent ON DELETE CASCADE DEFERRABLE,
    pair "My schema"."Pair",
    during tsrange,
    EXCLUDE USING gist (during WITH &&)
);
CREATE UNIQUE INDEX ON public.parent (lower(name)) INCLUDE (price) WHERE price > 3;
CREATE VIEW public.names AS SELECT id, name FROM public.parent;
CREATE TABLE public.log (at date) PARTITION BY RANGE (at);
CREATE TABLE public.log_2030 PARTITION OF public.log FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
COMMENT ON TABLE public.parent IS 'Über — all';
"""

PAST = """
CREATE TABLE object_images (
    object_id integer PRIMARY KEY,
    primary_image text,
    additional_images text[],
    created_at timestamp DEFAULT CURRENT_TIMESTAMP NOT NULL
)
"""


def test_round_trip(connection: sa.Connection, tmp_path: Path) -> None:
    connection.execute(sa.text(RICH))
    observed = postgresql.observe(connection, None)
    assert schema_json.decode(json.loads(json.dumps(schema_json.encode(observed)))) == observed
    made = snapshots.Snapshot(revisions=("r1",), server_version=180000, search_path=("a", "b"), schema=observed)
    file = tmp_path / "snapshot.json"
    file.write_text(snapshots.write(made), encoding="utf-8")
    read = snapshots.read(file)
    assert read is not None
    assert read.file == file
    assert replace(read, schema=made.schema, file=None) == made
    assert snapshots.write(read) == snapshots.write(made)
    assert all(table.owner is None for table in read.schema.tables.values()), "owners differ from database to database"


@pytest.fixture
def grown(project: Project) -> Project:
    """A project whose first table was made by a past ``create_all``, not by its scripts."""
    project.sql(PAST)
    project.contract("object_images", CONTRACT)
    project.revision("r1", 'op.add_column("object_images", sa.Column("note", sa.Text()))')
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    return project


def check(project: Project, *arguments: str) -> tuple[int, Any]:
    done = project.alembic("check-contracts", "--format", "json", *arguments)
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def test_a_history_that_starts_from_create_all(grown: Project) -> None:
    without, report = check(grown, "--offline")
    assert without != 0, report
    done = grown.cli("snapshot")
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("Wrote schema_snapshot.json: 2 tables at r1.\n")
    unreachable = "postgresql+psycopg://nobody@127.0.0.1:1/nowhere"
    grown.environment["DATABASE_URL"] = unreachable
    code, report = check(grown, "--offline")
    assert (code, report["status"], report["checked"]["revisions"]) == (0, "kept", 0)
    grown.revision("r2", 'op.drop_column("object_images", "note")')
    grown.revision("r3", 'op.drop_column("object_images", "primary_image")')
    code, report = check(grown, "--offline")
    assert (code, report["checked"]["revisions"]) == (1, 2)
    [violation] = report["violations"]
    assert (violation["rule"], violation["location"]["revision"]) == ("column-exists", "r3")
    assert check(grown, "--offline", "--to", "r2")[0] == 0
    assert check(grown, "--offline", "--from", "r2")[1]["checked"]["revisions"] == 1
    text = grown.alembic("check-contracts", "--offline")
    assert "schema_snapshot.json at r1" in " ".join(text.stdout.split())
    assert check(grown, "--offline", "--from", "base")[0] != 0, "from base nothing is taken on trust"


def test_what_changed_is_a_diff(grown: Project) -> None:
    assert grown.cli("snapshot").returncode == 0
    assert grown.cli("snapshot", "--check").returncode == 0
    grown.revision("r2", 'op.add_column("object_images", sa.Column("more", sa.Text()))')
    assert grown.alembic("upgrade", "head").returncode == 0
    done = grown.cli("snapshot", "--check")
    assert done.returncode == 1
    added = [line for line in done.stdout.splitlines() if line.startswith("+") and not line.startswith("+++")]
    assert '+     "more": {' in added
    assert done.stderr.endswith("schema_snapshot.json is stale: make it again with `alembic-contracts snapshot`.\n")


def test_offline_as_the_database_has_it(project: Project) -> None:
    project.contract("object_images", CONTRACT)
    project.revision("r1", CREATE)
    predicted = project.cli("snapshot", "--offline", "--output", "-")
    assert project.alembic("upgrade", "head").returncode == 0
    observed = project.cli("snapshot", "--output", "-")
    assert shapes(predicted.stdout) == shapes(observed.stdout)


def shapes(snapshot: str) -> dict[str, Any]:
    """Columns with types and nullability; defaults are spelled as written or as the server prints them."""
    tables = json.loads(snapshot)["schema"]["tables"]
    return {
        table: {name: (column["type"], column.get("not_null")) for name, column in found["columns"].items()}
        for table, found in tables.items()
    }


def test_what_is_unproven_makes_no_snapshot(project: Project) -> None:
    project.contract("object_images", CONTRACT)
    project.revision("r1", CREATE + '\nop.execute("SELECT unknown_function()")')
    done = project.cli("snapshot", "--offline")
    assert done.returncode == 3
    assert "r1.py:" in done.stderr
    assert not (project.path / "schema_snapshot.json").exists()


def test_behind_the_snapshot_it_is_of_no_use(project: Project) -> None:
    project.contract("object_images", CONTRACT)
    project.revision("r1", CREATE)
    project.revision("r2", 'op.add_column("object_images", sa.Column("note", sa.Text()))')
    assert project.cli("snapshot", "--offline").returncode == 0
    code, report = check(project, "--offline", "--to", "r1")
    assert (code, report["checked"]["revisions"]) == (0, 1)
    said = project.alembic("check-contracts", "--offline", "--to", "r1").stderr
    assert "note: the snapshot schema_snapshot.json is of r2, which is not before r1" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "schema_snapshot.json:1:2: "),
        ("{}", "a snapshot has the keys"),
        ('{"format": 9, "revisions": ["r1"], "server_version": 1, "search_path": ["x"], "schema": {}}', "format 9"),
        (
            '{"format": 1, "revisions": ["r1"], "server_version": 1, "search_path": ["x"],\n "schema": {"tabels": {}}}',
            "schema_snapshot.json:2:23: unknown key `tabels`",
        ),
        (
            '{"format": 1, "revisions": ["zzz"], "server_version": 1, "search_path": ["x"], "schema": {}}',
            "revision zzz, which is not among the version scripts",
        ),
    ],
)
def test_files_that_are_no_snapshot(text: str, said: str, project: Project) -> None:
    project.contract("object_images", CONTRACT)
    project.revision("r1", CREATE)
    (project.path / "schema_snapshot.json").write_text(text, encoding="utf-8")
    done = project.alembic("check-contracts", "--offline")
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_file_is_none(tmp_path: Path) -> None:
    assert snapshots.read(tmp_path / "none.json") is None
    with pytest.raises(CannotCheck, match="cannot be read"):
        snapshots.read(tmp_path)

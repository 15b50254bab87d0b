"""The sample is always the same, loading it fills the eight tables, and queries only read."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from seed.sample import make_objects, render
from tests.demo.test_migrations import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.museum import Museum

SAMPLE = "7edc83858b61739b7ccf733c574d58c521f313c265ee9a498d64de72044d17ff"
"""SHA-256 of the sample of 3,000 objects; it changes only when somebody means to change the sample."""


def scalars(museum: Museum, statement: str) -> list[Any]:
    engine = sa.create_engine(museum.database, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return list(connection.scalars(sa.text(statement)))


def test_the_sample_is_the_same_everywhere(migrated_museum: Museum) -> None:
    """Run on Python 3.11 to 3.14 by continuous integration."""
    assert hashlib.sha256("".join(render(make_objects())).encode()).hexdigest() == SAMPLE
    written = migrated_museum.seed("sample")
    assert hashlib.sha256(written.stdout.encode()).hexdigest() == SAMPLE


def test_the_sample_is_plausible() -> None:
    objects = list(make_objects())
    assert len(objects) == 3000
    ids = [item["objectID"] for item in objects]
    assert ids == sorted(set(ids))
    assert ids[0] > 0
    assert len({item["accessionNumber"] for item in objects}) == 3000
    for item in objects:
        assert item["objectBeginDate"] <= item["objectEndDate"]
        assert 0 not in (item["objectBeginDate"], item["objectEndDate"])
        assert item["isPublicDomain"] or not item["primaryImage"]
        assert item["primaryImage"] or not item["additionalImages"]
        assert item["tags"] is None or len({tag["term"] for tag in item["tags"]}) == len(item["tags"]) > 0
    assert all(set(item) == set(objects[0]) for item in objects)
    # Every case that the tables and their readers have to cope with is there.
    for key in ("primaryImage", "additionalImages", "tags", "GalleryNumber", "period", "constituents"):
        assert 50 < sum(bool(item[key]) for item in objects) < 2950, key


def test_another_seed_and_fewer_objects() -> None:
    assert list(make_objects(50)) == list(make_objects(100))[:50]
    assert list(make_objects(50, seed=1)) != list(make_objects(50, seed=2))
    assert json.loads("".join(render(make_objects(0)))) == []


def test_load_fills_the_eight_tables_and_again_changes_nothing(museum: Museum) -> None:
    museum.alembic("upgrade", "head")
    first = museum.seed("load")
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("Loaded 3,000 objects into 8 tables in ")
    assert first.stderr == ""  # no bar where nobody watches
    everything = {table: scalars(museum, f"SELECT t::text FROM {table} t ORDER BY 1") for table in TABLES}
    assert {table: len(rows) for table, rows in everything.items()} == dict.fromkeys(TABLES, 3000)
    assert museum.seed("load").returncode == 0
    assert {table: scalars(museum, f"SELECT t::text FROM {table} t ORDER BY 1") for table in TABLES} == everything


def test_load_stores_what_the_api_says(migrated_museum: Museum, tmp_path: Path) -> None:
    item = next(make_objects()) | {
        "objectID": 437133,
        "title": "Vase – with “quotes”\nand a second line\u2028",
        "artistDisplayName": "",
        "primaryImage": "https://images.example.org/1.jpg",
        "additionalImages": ["https://images.example.org/2.jpg", 'https://images.example.org/a,"b"}.jpg'],
        "tags": [{"term": "Birds", "AAT_URL": ""}, {"term": "Trees", "AAT_URL": ""}],
        "metadataDate": "2024-01-17T06:55:02.25+02:00",
    }
    less = {"objectID": 437134, "additionalImages": None, "tags": None}  # the API leaves out what it does not have
    file = tmp_path / "objects.jsonl"
    file.write_text("".join(json.dumps(o, ensure_ascii=False) + "\n" for o in (item, less)), encoding="utf-8")
    done = migrated_museum.quick_seed("load", "--objects", str(file))
    assert done.returncode == 0, done.stderr
    engine = sa.create_engine(migrated_museum.database, poolclass=sa.NullPool)
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text("""
                SELECT title, artist_display_name, i.primary_image, additional_images, tags, metadata_date::text, period
                FROM object JOIN object_images i USING (object_id) JOIN object_tags USING (object_id)
                    JOIN object_api_metadata USING (object_id) JOIN object_history USING (object_id)
                WHERE object_id IN (437133, 437134) ORDER BY object_id
            """)
        ).all()
    moment = "2024-01-17 04:55:02.25"
    assert rows[0] == (
        *(item["title"], None, item["primaryImage"], item["additionalImages"], item["tags"], moment, item["period"]),
    )
    assert rows[1] == (None, None, None, [], None, None, None)


def test_load_updates_and_keeps_the_moment_of_creation(migrated_museum: Museum, tmp_path: Path) -> None:
    file = tmp_path / "objects.json"
    created = []
    for title in ("Before", "After"):
        file.write_text(json.dumps([{"objectID": 7, "title": title}]), encoding="utf-8")
        assert migrated_museum.quick_seed("load", "--objects", str(file)).returncode == 0
        assert scalars(migrated_museum, "SELECT title FROM object WHERE object_id = 7") == [title]
        created += scalars(migrated_museum, "SELECT created_at FROM object WHERE object_id = 7")
    assert created[0] == created[1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no objects"),
        ("[]", "holds no objects"),
        ('[{"objectID": 1},]', "line 1: not valid JSON"),
        ('{"objectID": 1}\n{"objectID": ', "line 2: not valid JSON"),
        ('[{"objectID": 1}, {"total": 3}]', "element 2: not an object of the museum's API"),
        ('{"objectID": 1}\n\n{"objectID": true}', "line 3: not an object of the museum's API"),
        ('[{"objectID": 1, "title": "a\\u0000b"}]', "objects 1 to 1 were refused"),
        ('[{"objectID": 9999999999}]', "refused: integer out of range"),
        ('[{"objectID": -1}]', "ck_object_object_id_positive"),
        ('[{"objectID": 1, "metadataDate": "yesterday"}]', "Invalid isoformat string: 'yesterday'"),
    ],
)
def test_load_names_what_is_wrong_and_loads_nothing(
    migrated_museum: Museum, tmp_path: Path, content: str, message: str
) -> None:
    file = tmp_path / "objects.json"
    file.write_text(content, encoding="utf-8")
    done = migrated_museum.quick_seed("load", "--objects", str(file))
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr
    assert scalars(migrated_museum, "SELECT count(*) FROM object WHERE object_id < 2") == [0]


def test_load_without_tables_says_what_to_do(museum: Museum) -> None:
    done = museum.seed("load")
    assert done.returncode == 1
    assert 'relation "object" does not exist' in done.stderr
    assert "alembic upgrade head" in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_without_a_server_the_message_is_clear(museum: Museum) -> None:
    museum.database = "postgresql://museum:secret@127.0.0.1:9/museum"
    for command in (["load"], ["query", "tags"]):
        done = museum.quick_seed(*command)
        assert done.returncode == 1
        assert done.stderr.startswith("Error: Cannot connect to the database")
        assert "secret" not in done.stderr
        assert "Traceback" not in done.stderr


def test_a_terminal_shows_a_bar(migrated_museum: Museum) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "seed", "load", "--count", "600"],
        cwd=migrated_museum.path,
        env=migrated_museum.variables() | {"TERM": "xterm"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            chunk = os.read(ours, 4096)
        except OSError:  # how Linux says that the other end is closed
            break
        if not chunk:
            break
        shown += chunk
    os.close(ours)
    assert process.wait() == 0
    assert b"600/600" in shown


def test_named_queries_answer(migrated_museum: Museum) -> None:
    assert migrated_museum.quick_seed("load", "--count", "200").returncode == 0
    for name in ("departments", "images", "public-domain", "tags", "objects"):
        done = migrated_museum.quick_seed("query", name, "--limit", "3")
        assert done.returncode == 0, done.stderr
        assert "Asian Art" in done.stdout or name != "departments"
        assert len(done.stdout.splitlines()) > 4
    assert "3 rows; --limit shows more" in migrated_museum.quick_seed("query", "objects", "--limit", "3").stdout


def test_a_query_shows_values_as_they_are(museum: Museum) -> None:
    done = museum.quick_seed("query", "SELECT '[bold]é' AS a, NULL AS b, ARRAY[1,2] AS c, '50%' AS d, ':x' AS \"%s\"")
    assert done.returncode == 0, done.stderr
    assert [cell.strip() for cell in done.stdout.splitlines()[3].strip("│").split("│")] == [
        "[bold]é",
        "",
        "[1, 2]",
        "50%",
        ":x",
    ]
    assert done.stdout.endswith("1 row.\n")


def test_an_unknown_query_names_the_known_ones(museum: Museum) -> None:
    done = museum.quick_seed("query", "imges")
    assert done.returncode == 1
    assert "There is no query `imges`. Did you mean `images`? Known are departments, images" in done.stderr
    assert "\\b" not in museum.quick_seed("--help").stdout


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE object",
        "SELECT 1; DROP TABLE object",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "WITH gone AS (DELETE FROM object RETURNING *) SELECT * FROM gone",
        "SELECT nextval('object_object_id_seq')",
        "SELEKT",
        "SELECT 1/0",
        "SELECT * FROM nowhere",
        "",
    ],
)
def test_a_query_that_does_not_read_is_refused(migrated_museum: Museum, statement: str) -> None:
    done = migrated_museum.quick_seed("query", statement)
    assert done.returncode == (1 if statement else 2)
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr


def test_help_of_every_command_has_examples(museum: Museum) -> None:
    for command in ([], ["load"], ["query"], ["sample"], ["fetch"]):
        done = museum.quick_seed(*command, "--help")
        assert done.returncode == 0
        assert "Examples:" in done.stdout
        assert "python -m seed" in done.stdout

"""The museum's migrations make the tables of its documentation, up and down."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from alembic_contracts import embedded
from tests.support.museum import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.museum import Museum

CREATED_AT = ("created_at", "timestamp without time zone")
OBJECT_ID = ("object_id", "integer")
TABLES = {
    "object": [OBJECT_ID, ("title", "text"), ("artist_display_name", "text"), CREATED_AT],
    "object_history": [OBJECT_ID, ("period", "text"), ("culture", "text"), ("object_date", "text"), CREATED_AT],
    "object_physical_properties": [
        OBJECT_ID,
        ("medium", "text"),
        ("dimensions", "text"),
        ("classification", "text"),
        CREATED_AT,
    ],
    "object_gallery_info": [
        OBJECT_ID,
        ("gallery_number", "text"),
        ("department", "text"),
        ("accession_number", "text"),
        CREATED_AT,
    ],
    "object_tags": [OBJECT_ID, ("tags", "json[]"), CREATED_AT],
    "object_images": [OBJECT_ID, ("primary_image", "text"), ("additional_images", "text[]"), CREATED_AT],
    "object_copyright": [OBJECT_ID, ("primary_image", "text"), ("is_public_domain", "boolean"), CREATED_AT],
    "object_api_metadata": [OBJECT_ID, ("metadata_date", "timestamp without time zone"), CREATED_AT],
}
COLUMNS = sa.text("""
    SELECT relname AS "table", attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS not_null,
        pg_get_expr(adbin, adrelid) AS "default", col_description(attrelid, attnum) AS comment,
        obj_description(attrelid, 'pg_class') AS table_comment, attnum = ANY (conkey) AS in_primary_key
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        LEFT JOIN pg_constraint ON conrelid = attrelid AND contype = 'p'
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
        AND relname <> 'alembic_version'
    ORDER BY relname, attnum
""")


def read_columns(url: str) -> dict[str, list[Mapping]]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    tables: dict[str, list[Mapping]] = {}
    with engine.connect() as connection:
        for column in connection.execute(COLUMNS).mappings():
            tables.setdefault(column["table"], []).append(column)
    return tables


def test_head_has_the_eight_tables_as_documented(migrated_museum: Museum) -> None:
    tables = read_columns(migrated_museum.database)
    assert {name: [(c["name"], c["type"]) for c in columns] for name, columns in tables.items()} == TABLES
    for columns in tables.values():
        assert [c["name"] for c in columns if c["in_primary_key"]] == ["object_id"]
        assert [c["name"] for c in columns if c["not_null"]] == ["object_id", "created_at"]
        assert columns[-1]["default"] == "CURRENT_TIMESTAMP"


def test_every_table_and_column_has_a_comment(migrated_museum: Museum) -> None:
    for name, columns in read_columns(migrated_museum.database).items():
        assert columns[0]["table_comment"], name
        for column in columns:
            assert len(column["comment"] or "") > 15, (name, column["name"])


def test_up_down_and_up_again(museum: Museum) -> None:
    log = museum.alembic("upgrade", "head")
    assert re.search(
        r"^INFO  \[alembic.runtime.migration\] Running upgrade  -> 00e9b3375a5f, create met", log, re.MULTILINE
    )
    first = read_columns(museum.database)
    museum.alembic("downgrade", "base")
    assert read_columns(museum.database) == {}
    museum.alembic("upgrade", "head")
    assert read_columns(museum.database) == first


def test_part_of_the_way_down_and_up_again(museum: Museum) -> None:
    museum.alembic("upgrade", "head")
    head = read_columns(museum.database)
    museum.alembic("downgrade", "-3")
    assert [column["name"] for column in read_columns(museum.database)["object_tags"]] == ["object_id", "tags"]
    museum.alembic("downgrade", "-2")
    assert set(read_columns(museum.database)) == set(list(TABLES)[:4])
    museum.alembic("upgrade", "+2")
    museum.alembic("upgrade", "+3")
    assert read_columns(museum.database) == head


def test_moments_survive_the_change_of_their_type(museum: Museum) -> None:
    museum.alembic("upgrade", "c2b6f7431a0d")
    engine = sa.create_engine(museum.database, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(
            sa.text("INSERT INTO object_api_metadata (object_id, metadata_date) VALUES (1, :moment), (2, NULL)"),
            {"moment": "2024-01-17T04:55:02.25Z"},
        )
        # Whatever the session's time zone is, the moment is the same one.
        connection.execute(
            sa.text(
                "ALTER ROLE CURRENT_USER IN DATABASE {} SET timezone = 'Asia/Tokyo'".format(
                    engine.dialect.identifier_preparer.quote(engine.url.database or "")
                )
            )
        )
    moment = sa.text("SELECT metadata_date::text FROM object_api_metadata ORDER BY object_id")
    museum.alembic("upgrade", "head")
    with engine.connect() as connection:
        assert connection.scalars(moment).all() == ["2024-01-17 04:55:02.25", None]
    museum.alembic("downgrade", "c2b6f7431a0d")
    with engine.connect() as connection:
        assert connection.scalars(moment).all() == ["2024-01-17T04:55:02.250Z", None]


def test_the_script_template_makes_a_script_that_runs(checkout: Museum, database: str) -> None:
    checkout.database = database
    checkout.alembic("upgrade", "head")
    checkout.alembic("revision", "--message", "say nothing")
    assert "say nothing" in checkout.alembic("upgrade", "head")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_plain_postgresql_urls_are_understood(museum: Museum, scheme: str) -> None:
    museum.database = museum.database.replace("postgresql+psycopg", scheme)
    museum.alembic("upgrade", "4f1c07d2b9e8")
    assert "4f1c07d2b9e8" in museum.alembic("current")


def test_offline_mode_writes_sql_and_starts_no_server(checkout: Museum) -> None:
    sql = checkout.alembic("upgrade", "head", "--sql")
    assert "CREATE TABLE object_images" in sql
    assert not (checkout.path / ".postgres").exists()


def test_without_a_url_the_checkout_has_a_database_of_its_own(checkout: Museum) -> None:
    try:
        checkout.alembic("upgrade", "head")
        assert "e5a4380bd716 (head)" in checkout.alembic("current")
        loaded = checkout.seed("load", "--count", "20")
        assert loaded.returncode == 0, loaded.stderr
        assert "20 rows" in checkout.seed("query", "SELECT title FROM object").stdout
    finally:
        embedded.wipe(checkout.path / ".postgres")


@pytest.mark.parametrize(
    ("file", "digest"),
    [
        ("contracts/object_images.json", "72f65d30663bbb9f2f19cc170b9df55deea7e6946cdd3bd572afc80be7543a35"),
        (
            "tests/fixtures/object_images_normalized.json",
            "eb08e31cf4a459576c76bce2a7ed489f1a413e823a1fb3854449c0cbd898210f",
        ),
    ],
)
def test_the_published_contracts_are_kept_byte_for_byte(file: str, digest: str) -> None:
    assert hashlib.sha256((REPOSITORY / file).read_bytes()).hexdigest() == digest


def test_a_server_that_cannot_start_is_said_without_a_traceback(checkout: Museum) -> None:
    (checkout.path / ".postgres").write_text("in the way", encoding="utf-8")
    done = checkout.run("-m", "alembic", "upgrade", "head")
    assert done.returncode != 0
    assert "FAILED: The embedded PostgreSQL" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    loaded = checkout.seed("load")
    assert loaded.returncode == 1
    assert loaded.stderr.startswith("Error: The embedded PostgreSQL")

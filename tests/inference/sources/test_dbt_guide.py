"""What the museum guide uses: a dbt project, as dbt compiled it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from alembic_contracts.contracts.contract import Owner
from alembic_contracts.inference.sources import dbt
from tests.support.guide import MANIFEST, PROJECT, TABLES, asked, places

BOOK = ("", None, "exposure Museum guide (guide@example.org)")
PLAN = ("", None, "exposure Plan of the rooms (rooms@example.org)")


@pytest.fixture
def museum(connection: sa.Connection) -> sa.Connection:
    """A database with the museum's tables."""
    connection.exec_driver_sql(TABLES)
    return connection


# -- the museum guide -------------------------------------------------------------------------------------------------


def test_each_column_is_used_where_people_wrote_it(museum: sa.Connection) -> None:
    found = dbt.uses(asked(museum))
    assert (found.consumer, found.owner) == ("museum_guide", Owner("Guide Team", "guide@example.org"))
    assert found.unread == ()
    assert places(found, "object", "title") == [
        BOOK,
        ("analyses/long_titles.sql", 1, "analysis long_titles"),
        ("models/staging/stg_objects.sql", 9, "model stg_objects"),
    ]
    assert ("models/staging/stg_images.sql", 6, "model stg_images") in places(
        found, "object_images", "additional_images"
    )  # of a macro's fourth line
    assert places(found, "object_gallery_info", "department") == [
        ("models/staging/stg_rooms.sql", 6, "model stg_rooms"),  # ephemeral, and in guide_entries' code
        ("tests/rooms_have_a_department.sql", 3, "test rooms_have_a_department"),
    ]
    assert places(found, "object_gallery_info", "accession_number") == [("snapshots/moves.sql", 4, "snapshot moves")]
    assert places(found, "object_gallery_info", "created_at") == [
        ("models/sources.yml", 21, "freshness of museum.object_gallery_info")
    ]
    assert not places(found, "object_copyright", "primary_image")
    assert {use.kind for use in found.uses if use.table.name == "object_history"} == {"read", "filtered"}


def test_exposures_are_reached_by_columns(museum: sa.Connection) -> None:
    found = dbt.uses(asked(museum))
    reaching = {
        (use.table.name, use.column)
        for use in found.uses
        if (use.place.file, use.place.what) == (PLAN[0], PLAN[2]) and use.kind == "read"
    }
    assert reaching == {("object_gallery_info", "gallery_number"), ("object_images", "primary_image")}
    assert PLAN in places(found, "object_history", "object_id")  # it decides which rows get there
    assert not {BOOK, PLAN} & set(places(found, "object_copyright", "is_public_domain"))
    assert not {BOOK, PLAN} & set(places(found, "object_images", "additional_images"))
    note = next(note for note in found.notes if "reach no exposure" in note)
    assert "model picture_credits, snapshot moves" in note


def test_tests_on_sources_are_guarantees(museum: sa.Connection) -> None:
    found = dbt.uses(asked(museum))
    stated = {(each.table.name, each.column, each.key, json.dumps(each.value)) for each in found.guarantees}
    references = {"table_schema": "public", "table_name": "object", "columns": ["object_id"]}
    assert stated == {
        ("object", "object_id", "is_nullable", "false"),
        ("object", None, "unique", '["object_id"]'),
        ("object_images", "object_id", "is_nullable", "false"),
        ("object_images", None, "foreign_keys", json.dumps({"columns": ["object_id"], "references": references})),
    }
    assert ("models/sources.yml", 28, "test unique") in places(found, "object_copyright", "object_id")  # it warns
    assert all(each.place is not None and each.place.line for each in found.guarantees)


def test_postgresql_agrees_which_columns_are_used(museum: sa.Connection) -> None:
    """Each column is dropped in turn: some code of the project fails then if, and only if, the column is used."""
    found = dbt.uses(asked(museum))
    columns = {
        (name.name, column.name) for name, table in asked(museum).schema.tables.items() for column in table.columns
    }
    used = {(use.table.name, use.column) for use in found.uses if use.column is not None}
    code = dict(_code())
    _make_relations(museum, code)
    failing: dict[tuple[str, str], set[str]] = {}
    for table, column in sorted(columns):
        inner = museum.begin_nested()
        museum.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {column} CASCADE")
        failing[table, column] = {name for name, text in code.items() if not _runs(museum, text)}
        inner.rollback()
    assert {each for each, names in failing.items() if names} == used - {("object_gallery_info", "created_at")}
    for (table, column), names in failing.items():
        told = {what.rpartition(" ")[2] for _, _, what in places(found, table, column)}
        if "stg_rooms" in names:
            names.discard("guide_entries")  # which has the code of stg_rooms in it, and that is where people edit it
        assert names <= told, (table, column)


def _code() -> Iterator[tuple[str, str]]:
    """The SQL of the project by the names of what it is of, in an order in which it can be made; no generic tests."""
    nodes = json.loads(MANIFEST.read_text("utf-8"))["nodes"]
    waiting = {
        key: node for key, node in nodes.items() if node["resource_type"] != "seed" and "test_metadata" not in node
    }
    while waiting:
        for key, node in list(waiting.items()):
            if waiting.keys().isdisjoint(node["depends_on"]["nodes"]):
                yield node["name"], node["compiled_code"].replace('"museum".', "")
                del waiting[key]


def _make_relations(connection: sa.Connection, code: dict[str, str]) -> None:
    """Make what the project makes, as tables: what reads a model does not depend on what the model reads."""
    connection.exec_driver_sql("CREATE SCHEMA guide; CREATE TABLE guide.floors (room text, floor integer)")
    for name, text in code.items():
        connection.exec_driver_sql(f"CREATE TABLE guide.{name} AS {text} WITH NO DATA")


def _runs(connection: sa.Connection, text: str) -> bool:
    inner = connection.begin_nested()
    try:
        connection.exec_driver_sql(f"EXPLAIN {text}")
    except sa.exc.ProgrammingError:
        return False
    finally:
        inner.rollback()
    return True


def test_without_the_projects_files_lines_are_those_of_the_code_that_the_manifest_has(
    museum: sa.Connection, tmp_path: Path
) -> None:
    shutil.copy(MANIFEST, tmp_path)
    found = dbt.uses(asked(museum, tmp_path / "manifest.json"))
    assert ("models/staging/stg_objects.sql", 9, "model stg_objects") in places(found, "object", "title")
    assert ("models/sources.yml", None, "test unique") in places(found, "object", "object_id")
    assert found.unread == ()  # the seed's columns are not known then, and may be anything


def test_lines_are_the_files_where_dbt_strips_their_beginning(museum: sa.Connection, tmp_path: Path) -> None:
    shutil.copytree(PROJECT, tmp_path / "guide")
    for name, above in (("analyses/long_titles.sql", "\n\n\n"), ("snapshots/moves.sql", "-- of the rooms\n\n")):
        file = tmp_path / "guide" / name
        file.write_text(above + file.read_text("utf-8"), encoding="utf-8")
    found = dbt.uses(asked(museum, tmp_path / "guide"))
    assert ("analyses/long_titles.sql", 4, "analysis long_titles") in places(found, "object", "title")
    assert ("snapshots/moves.sql", 6, "snapshot moves") in places(found, "object_gallery_info", "accession_number")


# -- small manifests --------------------------------------------------------------------------------------------------

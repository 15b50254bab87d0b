"""What a dbt project uses: the museum guide's, as dbt compiled it, and small manifests of what else there is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from alembic_contracts.contracts.contract import Owner
from alembic_contracts.errors import CannotCheck
from alembic_contracts.inference.sources import dbt
from alembic_contracts.inference.uses import Found, Guarantee
from alembic_contracts.schemas.schema import Name
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


class Small:
    """Writes a manifest of a few models."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.nodes: dict[str, Any] = {}
        self.sources: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
            "project_name": "guide",
            "adapter_type": "postgres",
        }
        self.other: dict[str, Any] = {}
        self.source("object")

    def source(self, table: str, **values: Any) -> None:
        given = {
            "source_name": "museum",
            "name": table,
            "identifier": table,
            "package_name": "guide",
            "database": "m",
            "schema": "public",
            "original_file_path": "models/sources.yml",
        } | values
        key = f"source.guide.{given['source_name']}.{table}"
        parts = [given[part] for part in ("database", "schema", "identifier")]
        self.sources[key] = {"unique_id": key, "relation_name": ".".join(f'"{part}"' for part in parts)} | given

    def model(self, name: str, code: str | None, raw: str | None = None, kind: str = "model", **values: Any) -> None:
        key = f"{kind}.guide.{name}"
        given = {
            "unique_id": key,
            "resource_type": kind,
            "name": name,
            "alias": name,
            "package_name": "guide",
            "database": "m",
            "schema": "guide",
            "original_file_path": f"{kind}s/{name}.sql",
            "raw_code": raw if raw is not None else code or "",
            "compiled_code": code,
            "depends_on": {"nodes": ["source.guide.museum.object"]},
        } | values
        self.nodes[given["unique_id"]] = {
            "relation_name": f'"{given["database"]}"."{given["schema"]}"."{given["alias"]}"'
        } | given

    def uses(self, connection: sa.Connection, **values: Any) -> Found:
        target = self.folder / "target"
        target.mkdir(exist_ok=True)
        document = {"metadata": self.metadata, "nodes": self.nodes, "sources": self.sources} | self.other
        (target / "manifest.json").write_text(json.dumps(document), encoding="utf-8")
        return dbt.uses(asked(connection, target / "manifest.json", **values))


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """A project of the museum's objects alone."""
    return Small(tmp_path)


def columns(found: Found) -> set[tuple[str, str | None]]:
    """What is used."""
    return {(use.table.name, use.column) for use in found.uses}


def test_what_is_not_compiled_is_read_as_far_as_it_goes(museum: sa.Connection, small: Small) -> None:
    small.model("works", None, "{{ config(materialized='view') }}\nselect title\nfrom {{ source('museum', 'object') }}")
    small.model(
        "hidden",
        None,
        "select artist_display_name as maker\nfrom {{ source(\"museum\", 'object') }}",
        config={"materialized": "ephemeral"},
        relation_name=None,
    )
    small.model(
        "both", None, "select w.title, h.maker from {{ ref('works') }} w, {{ ref('guide', 'hidden') }} h {# all #}"
    )
    small.model("looped", None, "select 1\n{% for each in [] %}\n{% endfor %}")
    small.other["exposures"] = {"e": {"name": "book", "depends_on": {"nodes": ["model.guide.both"]}}}
    found = small.uses(museum)
    assert columns(found) == {("object", "title"), ("object", "artist_display_name")}
    assert places(found, "object", "title")[:2] == [("", None, "exposure book"), ("models/both.sql", 1, "model both")]
    assert ("", None, "exposure book") in places(found, "object", "artist_display_name")
    assert [str(each) for each in found.unread] == [
        "models/looped.sql:2: model looped is not compiled, and Jinja is more here than ref and source: `dbt compile`"
    ]
    assert (
        "3 of 3 models, tests ... are not compiled, and were read as written; `dbt compile` does better" in found.notes
    )


def test_fusion_leaves_compiled_code_in_files(museum: sa.Connection, small: Small, tmp_path: Path) -> None:
    small.metadata["dbt_version"] = "2.0.1"
    small.model("works", None, "{{ everything() }}\nfrom {{ source('museum', 'object') }}")
    file = tmp_path / "target/compiled/guide/models/works.sql"
    file.parent.mkdir(parents=True)
    file.write_text('select\n  title\nfrom "m"."public"."object"', encoding="utf-8")
    assert places(small.uses(museum), "object", "title") == [("models/works.sql", 1, "model works")]
    small.metadata["dbt_version"] = "1.11.0"  # of dbt Core it may be of another day
    assert columns(small.uses(museum)) == set()


def test_python_models_are_named_where_they_read_a_table(museum: sa.Connection, small: Small) -> None:
    python = {"language": "python", "original_file_path": "models/learn.py"}
    small.model("learn", "def model(dbt, session): ...", **python)
    small.model("further", "def model(dbt, session): ...", **python | {"depends_on": {"nodes": ["model.guide.learn"]}})
    small.model("after", 'select anything, title from "m"."guide"."learn", "m"."public"."object"')
    found = small.uses(museum)
    assert [str(each) for each in found.unread] == ["models/learn.py: model learn is Python, which is not read"]
    assert "what Python models make of values is not followed: model further" in found.notes
    assert columns(found) >= {("object", "title")}


def test_an_incremental_model_reads_itself(museum: sa.Connection, small: Small) -> None:
    small.model(
        "works",
        'select title, created_at from "m"."public"."object"\n'
        'where created_at > (select max(created_at) from "m"."guide"."works")',
    )
    small.model("last", 'select title from "m"."guide"."works"', depends_on={"nodes": ["model.guide.works"]})
    small.other["exposures"] = {"e": {"name": "book", "depends_on": {"nodes": ["model.guide.last"]}}}
    found = small.uses(museum)
    assert found.unread == ()
    assert columns(found) == {("object", "title"), ("object", "created_at")}
    assert places(found, "object", "title")[0] == ("", None, "exposure book")


def test_snapshots_have_columns_of_dbts(museum: sa.Connection, small: Small) -> None:
    small.model("past", '\nselect * from "m"."public"."object"\n', kind="snapshot")
    small.model("when", 'select title, dbt_valid_from, dbt_scd_id from "m"."guide"."past"')
    found = small.uses(museum)
    assert found.unread == ()
    assert len(columns(found)) == 4
    assert places(found, "object", "created_at") == [("snapshots/past.sql", 2, "snapshot past")]
    small.nodes["snapshot.guide.past"]["config"] = {"snapshot_meta_column_names": {"dbt_valid_from": "since"}}
    assert "when.sql:1:15: reads past.dbt_valid_from, which does not exist" in str(small.uses(museum).unread[0])


def test_seeds_are_the_projects_own(museum: sa.Connection, small: Small, tmp_path: Path) -> None:
    seed = {"original_file_path": "seeds/floors.csv", "depends_on": {"macros": []}}
    small.model("floors", None, kind="seed", **seed)
    small.model("rooms", 'select f.floor, o.title from "m"."guide"."floors" f, "m"."public"."object" o')
    assert columns(small.uses(museum)) == {("object", "title")}
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds/floors.csv").write_text("room,storey\n1,2\n", encoding="utf-8")
    assert [each.reason for each in small.uses(museum).unread] == ["reads f.floor, which does not exist"]


def test_metrics_lead_to_exposures(museum: sa.Connection, small: Small) -> None:
    small.model("works", 'select title, created_at from "m"."public"."object"')
    small.other["semantic_models"] = {
        "semantic_model.guide.s": {"name": "s", "depends_on": {"nodes": ["model.guide.works"]}}
    }
    small.other["metrics"] = {"metric.guide.m": {"name": "m", "depends_on": {"nodes": ["semantic_model.guide.s"]}}}
    small.other["exposures"] = {"e": {"name": "board", "depends_on": {"nodes": ["metric.guide.m"]}}}
    found = small.uses(museum)
    assert ("", None, "exposure board") in places(found, "object", "created_at")
    assert not found.notes


def test_what_is_wrong_is_named_where_people_wrote_it(museum: sa.Connection, small: Small) -> None:
    small.source("objekt")
    small.model(
        "works",
        '\n\nselect\n    titel\nfrom "m"."public"."object"\njoin "m"."public"."objekt" using (object_id)',
        "{{ config(a=1) }}\n\nselect\n    titel\nfrom {{ source('museum', 'object') }}\n"
        "join {{ source('museum', 'objekt') }} using (object_id)",
    )
    small.model("broken", 'select from where "m"."public"."object"', depends_on={"nodes": ["model.guide.works"]})
    found = small.uses(museum)
    said = [str(each) for each in found.unread]
    assert said == [
        'models/broken.sql:1:13: is not understood: syntax error at or near "where"',
        "models/works.sql:6: there is no relation m.public.objekt; object?",  # not written so: no column
    ]
    del small.nodes["model.guide.broken"]
    small.model(
        "works",
        '\n\nselect\n    titel\nfrom "m"."public"."object"',
        "{{ config(a=1) }}\n\nselect\n    titel\nfrom {{ source('museum', 'object') }}",
    )
    assert [str(each) for each in small.uses(museum).unread] == [
        "models/works.sql:4:5: reads object.titel, which does not exist; title?"
    ]


# -- names ------------------------------------------------------------------------------------------------------------


def test_sources_of_other_databases_are_left_out(museum: sa.Connection, small: Small) -> None:
    small.source("charges", source_name="bank", schema="bank")
    small.model(
        "paid",
        'select o.title, c.amount, c.* from "m"."public"."object" o join "m"."bank"."charges" c using (object_id)',
    )
    small.model("odd", "select from from", depends_on={"nodes": ["source.guide.bank.charges"]})
    found = small.uses(museum)
    assert columns(found) == {("object", "title"), ("object", "object_id")}
    assert found.unread == ()
    assert "sources of other databases are left out: bank.charges (--map says how names lead here)" in found.notes
    assert "not understood, but of data of other databases: model odd" in found.notes


def test_code_that_names_a_table_outright_uses_it(museum: sa.Connection, small: Small) -> None:
    """Whatever the manifest says that it depends on; and what is made of it is of this database's data, too."""
    small.source("charges", source_name="bank", schema="bank")
    small.model("plain", "select title from public.object", depends_on={"nodes": ["source.guide.bank.charges"]})
    small.model("after", "select from from", depends_on={"nodes": ["model.guide.plain"]})
    small.model("alone", "select from from", depends_on={"nodes": []})
    found = small.uses(museum)
    assert columns(found) == {("object", "title")}
    assert [each.file for each in found.unread] == ["models/after.sql", "models/alone.sql"]


def test_a_source_that_a_seed_stands_for_is_the_source(museum: sa.Connection, small: Small) -> None:
    """Projects fill sources with seeds where they are tried out; the table is this database's all the same."""
    small.model("object", None, kind="seed", schema="public", depends_on={"nodes": []})
    small.model("works", 'select title from "m"."public"."object"')
    assert columns(small.uses(museum)) == {("object", "title")}


def test_nothing_of_this_database_is_an_error_that_says_how_names_lead_here(
    museum: sa.Connection, small: Small
) -> None:
    small.sources.clear()
    small.source("object", database="RAW", schema="MUSEUM")
    small.model("works", 'select title from "RAW"."MUSEUM"."object"')
    with pytest.raises(CannotCheck, match=r"RAW\.MUSEUM\.object\.\n.*--map RAW\.MUSEUM=public"):
        small.uses(museum)


@pytest.mark.parametrize(
    "mapping",
    [
        ("RAW.MUSEUM", "public"),
        ("raw.museum.obj", "public.object"),
        ("MUSEUM.OBJ", "public.object"),
        ("obj", "public.object"),
        ("copies", "public"),  # as source() calls it: there the table's name is the same
        ("copies.object", "public.object"),
    ],
)
def test_mapped_sources(museum: sa.Connection, small: Small, mapping: tuple[str, str]) -> None:
    identifier = "object" if "obj" not in mapping[0].lower() or mapping[0] == "copies.object" else "OBJ"
    small.sources.clear()
    small.source("object", source_name="copies", database="RAW", schema="MUSEUM", identifier=identifier)
    small.model("works", f'select title from "RAW"."MUSEUM"."{identifier}"', depends_on={"nodes": list(small.sources)})
    found = small.uses(museum, mapping=(mapping,))
    assert columns(found) == {("object", "title")}
    assert found.unread == ()


def test_a_warehouse_of_copies(museum: sa.Connection, small: Small) -> None:
    """Names are folded as the warehouse does, a model is called as the source is, and reads itself."""
    small.metadata["adapter_type"] = "snowflake"
    small.sources.clear()
    small.source("OBJECT", database="RAW", schema="MUSEUM", relation_name="RAW.MUSEUM.OBJECT")
    small.model(
        "works",
        "select TITLE, created_at as SEEN\nfrom RAW.MUSEUM.OBJECT\n"
        "where created_at > (select max(seen) from MADE.MUSEUM.OBJECT)\n"
        "qualify row_number() over (partition by Object_Id order by created_at) = 1",
        "select TITLE, created_at as SEEN\nfrom {{ source('museum', 'OBJECT') }}\n{% if is_incremental() %}\n"
        "where created_at > (select max(seen) from {{ this }})\n{% endif %}\n"
        "qualify row_number() over (partition by Object_Id order by created_at) = 1",
        database="MADE",
        schema="MUSEUM",
        alias="OBJECT",
        relation_name="MADE.MUSEUM.OBJECT",
        depends_on={"nodes": list(small.sources)},
    )
    small.model(
        "last",
        "select title from made.museum.object",
        relation_name="MADE.MUSEUM.LAST",
        depends_on={"nodes": ["model.guide.works"]},
    )
    small.other["exposures"] = {"e": {"name": "book", "depends_on": {"nodes": ["model.guide.last"]}}}
    found = small.uses(museum, mapping=(("RAW.MUSEUM", "public"),))
    assert found.unread == ()
    assert columns(found) == {("object", "title"), ("object", "created_at"), ("object", "object_id")}
    assert ("", None, "exposure book") in places(found, "object", "title")
    assert ("models/works.sql", 6, "model works") in places(found, "object", "object_id")


def test_models_that_are_called_as_a_source_is(museum: sa.Connection, small: Small) -> None:
    """Of another database, or in the code of others alone: they do not hide the table."""
    small.model(
        "object",
        'select title as t from "m"."public"."object" where title > (select max(t) from "made"."public"."object")',
        database="made",
        schema="public",
    )
    small.model("shown", 'select t from "made"."public"."object"', depends_on={"nodes": ["model.guide.object"]})
    small.model(
        "inlined",
        'select created_at from "m"."public"."object"',
        schema="public",
        alias="object",
        relation_name=None,
        config={"materialized": "ephemeral"},
    )
    small.model("self", 'select artist_display_name from "m"."public"."object"', schema="public", alias="object")
    small.other["exposures"] = {"e": {"name": "book", "depends_on": {"nodes": ["model.guide.shown"]}}}
    found = small.uses(museum)
    assert found.unread == ()
    assert columns(found) == {("object", "title"), ("object", "created_at"), ("object", "artist_display_name")}
    assert ("", None, "exposure book") in places(found, "object", "title")


def test_what_the_project_made_in_this_database_is_its_own(museum: sa.Connection, small: Small) -> None:
    museum.exec_driver_sql("CREATE SCHEMA guide; CREATE VIEW guide.works AS SELECT title FROM object")
    small.model("works", 'select title, created_at as seen from "m"."public"."object"')
    small.model("last", 'select seen from "m"."guide"."works"')
    found = small.uses(museum)
    assert found.unread == ()
    assert {use.table for use in found.uses} == {Name("public", "object")}


# -- tests ------------------------------------------------------------------------------------------------------------


def _test(small: Small, name: str, column: str | None, config: Any = None, **arguments: Any) -> None:
    small.model(
        f"{name}_{column}",
        None,
        "{{ test(**kwargs) }}",
        kind="test",
        original_file_path="models/sources.yml",
        column_name=column,
        config=config or {"severity": "ERROR"},
        test_metadata={
            "name": name,
            "namespace": "dbt_utils" if name == "unique_combination_of_columns" else None,
            "kwargs": {"model": "{{ get_where_subquery(source('museum', 'object')) }}"} | arguments,
        },
    )


def test_further_tests_on_sources(museum: sa.Connection, small: Small) -> None:
    museum.exec_driver_sql(
        "CREATE TYPE mood AS ENUM ('calm', 'wild'); ALTER TABLE object ADD COLUMN mood mood, ADD COLUMN \"Odd\" text"
    )
    _test(small, "accepted_values", "mood", values=["wild", "calm"])
    _test(small, "not_null", '"Odd"')
    _test(small, "unique_combination_of_columns", None, combination_of_columns=["object_id", "MOOD"])
    _test(small, "not_null", "title", {"severity": "error", "error_if": ">10"})
    _test(small, "unique", "title", {"severity": "warn"})
    found = small.uses(museum)
    place = found.guarantees[0].place
    table = Name("public", "object")
    assert set(map(str, found.guarantees)) == {
        str(Guarantee(table, "mood", "enum", ["calm", "wild"], place)),
        str(Guarantee(table, "Odd", "is_nullable", False, _what(place, "test not_null"))),
        str(
            Guarantee(
                table,
                None,
                "unique",
                ["object_id", "mood"],
                _what(place, "test dbt_utils.unique_combination_of_columns"),
            )
        ),
    }
    assert columns(found) == {("object", each) for each in ("mood", "Odd", "object_id", "title")}
    assert found.unread == ()


def _what(place: Any, what: str) -> Any:
    return type(place)(place.file, place.line, what)


def test_a_test_whose_arguments_do_not_say_what_it_reads_is_read_by_its_code(
    museum: sa.Connection, small: Small
) -> None:
    _test(small, "recent", "created_at")
    found = small.uses(museum)
    assert [each.reason for each in found.unread] == [
        "test recent is not compiled, and Jinja is more here than ref and source: `dbt compile`"
    ]
    small.nodes["test.guide.recent_created_at"]["compiled_code"] = 'select created_at from "m"."public"."object"'
    found = small.uses(museum)
    assert places(found, "object", "created_at") == [("models/sources.yml", None, "test recent")]
    _test(small, "not_null", "title", {"severity": "error", "where": "created_at > now()"})
    small.nodes["test.guide.not_null_title"]["compiled_code"] = (
        'select title from (select * from "m"."public"."object" where created_at > now()) x where title is null'
    )
    found = small.uses(museum)
    assert not found.guarantees
    assert places(found, "object", "title") == [("models/sources.yml", None, "test not_null")]


def test_owners_are_those_of_most_models_then_of_groups_then_of_exposures(museum: sa.Connection, small: Small) -> None:
    small.other["exposures"] = {"e": {"name": "book", "owner": {"name": "Book"}, "depends_on": {"nodes": []}}}
    small.model("a", 'select title from "m"."public"."object"')
    assert small.uses(museum).owner == Owner("Book")
    small.other["groups"] = {"group.guide.g": {"name": "g", "owner": {"name": "Group"}}}
    small.model("b", 'select title from "m"."public"."object"', group="g")
    assert small.uses(museum).owner == Owner("Group")
    small.model("c", 'select title from "m"."public"."object"', config={"meta": {"owner": "One <one@example.org>"}})
    small.model("d", 'select title from "m"."public"."object"', meta={"owner": "Two"})
    small.model("e", 'select title from "m"."public"."object"', meta={"owner": "Two"})
    found = small.uses(museum)
    assert found.owner == Owner("Two")
    assert "Two is taken as the owner; others are named too: One <one@example.org>" in found.notes


def test_hooks_that_read_rows_are_named(museum: sa.Connection, small: Small) -> None:
    grant, insert = {"sql": "grant select on {{ this }} to guide"}, {"sql": "insert into log select 1"}
    small.model("a", 'select title from "m"."public"."object"', config={"post-hook": [grant], "pre-hook": [insert]})
    small.model("b", 'select title from "m"."public"."object"', config={"post-hook": [grant]})
    assert [note for note in small.uses(museum).notes if "hooks" in note] == ["hooks are not read: of model a"]


def test_one_manifest_it_is(museum: sa.Connection) -> None:
    import msgspec

    with pytest.raises(CannotCheck, match="Name one manifest"):
        dbt.uses(msgspec.structs.replace(asked(museum), inputs=("a", "b")))

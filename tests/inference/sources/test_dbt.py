"""What small manifests say that a dbt project uses: what else there is beside the museum guide's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alembic_contracts.contracts.contract import Owner
from alembic_contracts.errors import CannotCheck
from alembic_contracts.inference.sources import dbt
from alembic_contracts.inference.uses import Found, Guarantee
from alembic_contracts.schemas.schema import Name
from tests.support.guide import TABLES, Small, asked, places

if TYPE_CHECKING:
    import sqlalchemy as sa

BOOK = ("", None, "exposure Museum guide (guide@example.org)")
PLAN = ("", None, "exposure Plan of the rooms (rooms@example.org)")


@pytest.fixture
def museum(connection: sa.Connection) -> sa.Connection:
    """A database with the museum's tables."""
    connection.exec_driver_sql(TABLES)
    return connection


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

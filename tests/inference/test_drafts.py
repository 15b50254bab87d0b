"""Uses in, contracts out: what they state, what people wrote in them stays, and what differs is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from alembic_contracts.contracts import formats
from alembic_contracts.contracts.contract import Contract, Owner
from alembic_contracts.dialects import postgresql
from alembic_contracts.inference.drafts import draft
from alembic_contracts.inference.files import File, files
from alembic_contracts.inference.uses import Found, Guarantee, Use
from alembic_contracts.schemas.schema import Name, Schema
from alembic_contracts.schemas.uses import Place

if TYPE_CHECKING:
    import sqlalchemy as sa

MUSEUM = """
CREATE TYPE light AS ENUM ('bright', 'dim');
CREATE TABLE artist (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE object (
    id bigint PRIMARY KEY, title varchar(200) NOT NULL, artist_id bigint REFERENCES artist, room light,
    tags text[], accession text UNIQUE, note text
);
COMMENT ON COLUMN object.title IS 'What the label says';
CREATE VIEW titles AS SELECT id, title FROM object;
"""
OBJECT, ARTIST, TITLES = (Name("public", name) for name in ("object", "artist", "titles"))


def place(line: int | None = 1, what: str = "", file: str = "queries/x.sql") -> Place:
    return Place(file if line else "", line, what)


@pytest.fixture
def museum(connection: sa.Connection) -> Schema:
    connection.exec_driver_sql(MUSEUM)
    return postgresql.observe(connection, None)


def found(*uses: Use, **more: Any) -> Found:
    return Found(consumer="guide", uses=uses, **more)


READS = (
    Use(OBJECT, "title", "read", place(3)),
    Use(OBJECT, "title", "filtered", place(4)),
    Use(OBJECT, "title", "read", place(None, "exposure Guide")),
    Use(OBJECT, "tags", "read", place(3)),
    Use(TITLES, "id", "read", place(9)),
    Use(ARTIST, None, "read", place(8)),
)


def written(museum: Schema, found: Found, path: Path, *, format_: str = "odcs", **more: Any) -> list[File]:
    made = draft(found, museum, postgresql, **more)
    result = list(files(made, museum, postgresql, format_=format_, path=path))
    for each in result:
        if each.text is None:
            each.path.unlink()
        else:
            each.path.parent.mkdir(exist_ok=True)
            each.path.write_text(each.text)
    return result


def facts(contracts: tuple[Contract, ...]) -> set[str]:
    return {fact.id for contract in contracts for fact in contract.facts}


@pytest.mark.parametrize("format_", ["odcs", "native"])
def test_what_is_used_is_stated_and_no_more(museum: Schema, tmp_path: Path, format_: str) -> None:
    path = tmp_path / ("guide.odcs.yaml" if format_ == "odcs" else "guide")
    written(museum, found(*READS), path, format_=format_)
    contracts = formats.load([path], root=tmp_path)
    assert facts(contracts) == {
        "table-exists public.object", "column-exists public.object.title", "column-type public.object.title",
        "column-exists public.object.tags", "column-type public.object.tags",
        "array-element-type public.object.tags",
        "table-exists public.titles", "column-exists public.titles.id", "column-type public.titles.id",
        "table-exists public.artist",
    }  # fmt: skip
    assert {contract.compatibility for contract in contracts} == {"reader"}
    assert {str(contract.owner) for contract in contracts} == {"guide"}
    texts = {text for contract in contracts for table, column, text in contract.descriptions if table == TITLES}
    assert texts == {"A view on public.object (id, title)."}


def test_places_stand_beside_what_is_used(museum: Schema, tmp_path: Path) -> None:
    written(museum, found(*READS), tmp_path / "guide.odcs.yaml")
    [artist, object_, _] = yaml.safe_load((tmp_path / "guide.odcs.yaml").read_text())["schema"]
    assert artist["customProperties"] == [
        {"property": "alembic_contracts.used_by", "value": [{"file": "queries/x.sql", "line": 8}]}
    ]
    title = next(each for each in object_["properties"] if each["name"] == "title")
    [custom] = title["customProperties"]
    assert custom["value"] == [
        {"file": "queries/x.sql", "line": 3},
        {"file": "queries/x.sql", "line": 4},
        {"what": "exposure Guide"},
    ]
    assert "customProperties" not in object_, "its columns have the places"


def test_strict_states_what_is_guaranteed_of_what_is_used(museum: Schema, tmp_path: Path) -> None:
    uses = [
        Use(OBJECT, column, "read", place()) for column in ("id", "title", "room", "accession", "artist_id", "note")
    ]
    written(museum, found(*uses), tmp_path / "guide.odcs.yaml", strict=True)
    stated = facts(formats.load([tmp_path / "guide.odcs.yaml"], root=tmp_path))
    assert {each for each in stated if not each.startswith(("table-exists", "column-exists", "column-type"))} == {
        "primary-key public.object.id", "column-nullable public.object.id", "column-nullable public.object.title",
        "enum-labels public.object.room", "unique public.object", "foreign-key public.object",
    }  # fmt: skip


def test_a_guarantee_is_stated_where_it_holds(museum: Schema, tmp_path: Path) -> None:
    guarantees = (
        Guarantee(OBJECT, "title", "is_nullable", False),
        Guarantee(OBJECT, "note", "is_nullable", False),
        Guarantee(OBJECT, None, "unique", ["accession"]),
        Guarantee(OBJECT, None, "unique", ["id"]),
        Guarantee(OBJECT, None, "unique", ["title"]),
    )
    written(museum, found(guarantees=guarantees), tmp_path / "guide.odcs.yaml")
    [contract] = formats.load([tmp_path / "guide.odcs.yaml"], root=tmp_path)
    assert [(f.place, f.expected) for f in contract.facts if f.rule == "column-nullable"] == [
        ("public.object.title", False)
    ]
    assert {f.expected for f in contract.facts if f.rule == "unique"} == {("accession",), ("id",)}


@pytest.mark.parametrize(
    ("kinds", "compatibility"),
    [
        (("read", "filtered"), "reader"),
        (("inserted", "filtered"), "writer"),
        (("updated", "read"), "read-write"),
        (("deleted",), "writer"),
    ],
)
def test_kinds_of_use_say_whom_to_protect(museum: Schema, kinds: tuple[str, ...], compatibility: str) -> None:
    uses = [Use(OBJECT, None if kind == "deleted" else "title", kind, place()) for kind in kinds]
    assert draft(found(*uses), museum, postgresql).choice.compatibility == compatibility


def test_tables_that_are_written_protect_their_writers_alone(museum: Schema, tmp_path: Path) -> None:
    uses = (
        Use(OBJECT, "title", "updated", place(3)),
        Use(OBJECT, "title", "read", place(3)),
        Use(ARTIST, "name", "read", place(4)),
        Use(TITLES, "id", "filtered", place(5)),
    )
    written(museum, found(*uses), tmp_path / "guide.odcs.yaml")
    [contract] = formats.load([tmp_path / "guide.odcs.yaml"], root=tmp_path)
    assert {table: contract.compatibility_of(table) for table in contract.tables} == {
        OBJECT: "read-write", ARTIST: "reader", TITLES: "reader",
    }  # fmt: skip
    written(museum, found(*uses), tmp_path / "guide", format_="native")
    each = {one.tables[0]: one.compatibility for one in formats.load([tmp_path / "guide"], root=tmp_path)}
    assert each == {OBJECT: "read-write", ARTIST: "reader", TITLES: "reader"}


def test_what_people_wrote_stays(museum: Schema, tmp_path: Path) -> None:
    file = tmp_path / "guide.odcs.yaml"
    written(museum, found(*READS), file)
    document = yaml.safe_load(file.read_text())
    document |= {"status": "deprecated", "team": {"name": "Data"}, "version": "2.1.0", "price": {"priceAmount": 1}}
    document["customProperties"] = [{"property": "alembic_contracts.compatibility", "value": "exact"}]
    [_artist, object_, titles] = document["schema"]
    title = next(each for each in object_["properties"] if each["name"] == "title")
    title |= {"description": "Ours", "required": True, "physicalType": "text"}
    title["customProperties"].append({"property": "alembic_contracts.sunset", "value": "2031-01-01"})
    object_["properties"].append({"name": "note", "physicalType": "text"})
    titles["properties"].append({"name": "title"})
    file.write_text("# Agreed with the guides.\n\n" + yaml.safe_dump(document, sort_keys=False))
    now = [*READS[:1], Use(OBJECT, "accession", "read", place(1))]
    [result] = written(museum, found(*now), file)

    text = file.read_text()
    again = yaml.safe_load(text)
    assert text.startswith("# Agreed with the guides.\n")
    kept = ("status", "team", "version", "price", "customProperties")
    assert {key: again[key] for key in kept} == {key: document[key] for key in kept}
    [object_, titles] = again["schema"]
    assert [each["name"] for each in object_["properties"]] == ["title", "accession", "note"]
    title = object_["properties"][0]
    assert (title["description"], title["required"], title["physicalType"]) == ("Ours", True, "character varying(200)")
    assert {each["property"]: each["value"] for each in title["customProperties"]} == {
        "alembic_contracts.sunset": "2031-01-01",
        "alembic_contracts.used_by": [{"file": "queries/x.sql", "line": 3}],
    }
    assert titles["properties"] == [{"name": "title"}], "what people added to a table that is no longer used"
    assert {(each.what, each.place) for each in result.differences} == {
        ("changed", "public.object.title"), ("added", "public.object.accession"),
        ("no longer used", "public.object.tags"), ("no longer used", "public.titles.id"),
        ("no longer used", "public.artist"),
    }  # fmt: skip
    formats.load([file], root=tmp_path)
    [again_written] = written(museum, found(*now), file)
    assert again_written.differences == (), "and a second time nothing changes"
    assert file.read_text() == text


def test_what_people_wrote_stays_in_files_of_the_base_format(museum: Schema, tmp_path: Path) -> None:
    folder = tmp_path / "guide"
    written(museum, found(*READS), folder, format_="native")
    assert sorted(each.name for each in folder.iterdir()) == ["artist.json", "object.json", "titles.json"]
    document = json.loads((folder / "object.json").read_text())
    document |= {"owner": {"name": "Data"}, "sunset": "2031-01-01"}
    document["schema"]["properties"]["note"] = {"constraints": {"data_type": "text"}}
    document["schema"]["properties"]["title"]["constraints"]["is_nullable"] = False
    (folder / "object.json").write_text(json.dumps(document))
    by_hand = (folder / "artist.json").read_text().replace("artist", "arts").replace("x-used-by", "x-seen")
    (folder / "arts.json").write_text(by_hand)
    result = written(museum, found(Use(OBJECT, "title", "read", place(5))), folder, format_="native")

    assert {each.path.name: each.text is None for each in result if each.differences} == {
        "object.json": False, "artist.json": True, "titles.json": True,
    }  # fmt: skip
    again = json.loads((folder / "object.json").read_text())
    assert (again["owner"], again["sunset"]) == ({"name": "Data"}, "2031-01-01")
    assert list(again["schema"]["properties"]) == ["title", "note"]
    assert again["schema"]["properties"]["title"]["constraints"] == {
        "data_type": "character varying(200)",
        "is_nullable": False,
    }
    assert (folder / "arts.json").read_text() == by_hand, "what infer did not write"


def test_an_owner_is_who_is_named_or_who_the_source_names(museum: Schema) -> None:
    named = found(*READS, owner=Owner("Guides", "guides@example.org"))
    assert str(draft(named, museum, postgresql).owner) == "Guides <guides@example.org>"
    assert str(draft(named, museum, postgresql, owner=Owner("Data")).owner) == "Data"

"""Where consumers are seen to use a column, from a contract's file to what each command says when it is to go."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from alembic_contracts.contracts.contract import Contract
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.uses import Place
from tests.support.native import BASE, read
from tests.support.object_images import CONTRACT, CREATE

if TYPE_CHECKING:
    from tests.support.project import Project

STAGED = {"file": "models/staging/stg_images.sql", "line": 7, "what": "model stg_images"}
GUIDE = {"file": "", "line": None, "what": "exposure Museum guide (guide@example.org)"}
USES = [STAGED, {**STAGED, "line": 12}, GUIDE]
SAID = "used by models/staging/stg_images.sql:7 and 1 more; exposure Museum guide (guide@example.org)"
ODCS = """\
kind: DataContract
apiVersion: v3.1.0
id: rooms
name: rooms
version: 1.0.0
status: active
schema:
  - name: object_images
    properties:
      - name: primary_image
        logicalType: string
        customProperties:
          - {property: alembic_contracts.used_by, value: [{file: rooms/plan.py, line: 31}]}
"""


@pytest.fixture
def used(project: Project) -> Project:
    """A project with two contracts that list uses of a column, which a pending revision drops, and of a table."""
    contract = json.loads(CONTRACT)
    contract["schema"]["x-used-by"] = [{"file": "dashboards/guide.sql", "line": 2}]
    contract["schema"]["properties"]["primary_image"]["x-used-by"] = USES
    project.contract("object_images", contract)
    project.contract("rooms.odcs.yaml", ODCS)
    project.revision("r1", CREATE, 'op.drop_table("object_images")')
    project.revision("r2", 'op.drop_column("object_images", "primary_image")')
    project.revision("r3", 'op.alter_column("object_images", "additional_images", nullable=False)')
    return project


def reported(project: Project, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(project.cli(*arguments, "--format", "json").stdout)
    return found


def test_an_upgrade_is_refused_with_the_line_of_their_query(used: Project) -> None:
    done = used.alembic("upgrade", "head")
    assert done.returncode != 0
    text = " ".join(done.stderr.split())
    assert f"= evidence: {SAID}" in text
    assert "= evidence: used by rooms/plan.py:31" in text


def test_a_check_tells_programs_all_places(used: Project) -> None:
    violations = reported(used, "check", "--offline")["violations"]
    told = {(each["rule"], each["contract"], each["column"]): each["used_by"] for each in violations}
    images = "met-museum-data/object-images-contract-spec"
    assert told["column-exists", images, "primary_image"] == USES
    assert told["column-exists", "odcs/rooms", "primary_image"] == [{"file": "rooms/plan.py", "line": 31, "what": ""}]
    assert told["column-nullable", images, "additional_images"] == []


def test_a_plan_names_what_a_change_would_break(used: Project) -> None:
    lines = [line.strip() for line in used.cli("plan", "--offline").stdout.splitlines()]
    at = lines.index("- column public.object_images.primary_image dropped")
    owner = "Data Engineering Team <data-eng@museum.org>"
    assert lines[at + 1 : at + 5] == [
        f"touches met-museum-data/object-images-contract-spec, {owner}",
        SAID,
        "touches odcs/rooms, not stated",
        "used by rooms/plan.py:31",
    ]
    assert lines.count(SAID) == 2  # and with what it breaks
    markdown = used.cli("plan", "--offline", "--format", "markdown").stdout.replace("\u200b", "")
    assert "used by `models/staging/stg_images.sql:7` and 1 more; exposure Museum guide (guide@example.org)" in markdown
    revisions = reported(used, "plan", "--offline")["databases"][0]["revisions"]
    [change] = revisions[1]["changes"]
    assert change["contracts"][0]["used_by"] == USES
    [change] = revisions[2]["changes"]
    assert [contract["used_by"] for contract in change["contracts"]] == [[]]


def test_who_relies_on_it_and_where(used: Project) -> None:
    assert SAID in used.cli("who", "object_images.primary_image").stdout
    assert "used by dashboards/guide.sql:2 and 2 more; exposure" in used.cli("who", "object_images").stdout
    assert "used by" not in used.cli("who", "object_images.object_id").stdout
    told = {
        each["contract"]: each["used_by"] for each in reported(used, "who", "object_images.primary_image")["relying"]
    }
    assert told["met-museum-data/object-images-contract-spec"] == USES


def test_the_catalogue_has_a_column_for_it(used: Project) -> None:
    done = used.cli("docs", "--offline", "--output", "site")
    assert done.returncode == 0, done.stderr
    page = (used.path / "site/contracts/met-museum-data--object-images-contract-spec.html").read_text()
    assert '<th scope="col">Used by</th>' in page
    assert '<code title="model stg_images">models/staging/stg_images.sql:7</code>' in page
    assert "exposure Museum guide (guide@example.org)" in page
    assert "Used by <code>dashboards/guide.sql:2</code>" in page


def test_the_catalogue_has_none_where_nobody_says_so(project: Project) -> None:
    project.contract("object_images", CONTRACT)
    project.revision("r1", CREATE)
    assert project.cli("docs", "--offline", "--output", "site").returncode == 0
    page = (project.path / "site/contracts/met-museum-data--object-images-contract-spec.html").read_text()
    assert "Used by" not in page


# -- of a table, and of its columns ------------------------------------------------------------------------------------

TABLE = Name("public", "images")
A, B = Place("a.sql", 1), Place("b.sql", 2)


def contract(**used: Place) -> Contract:
    """Return a contract whose table or columns are used somewhere."""
    value = json.loads(BASE)
    for column, place in used.items():
        about = value["schema"] if column == "images" else value["schema"]["properties"][column]
        about["x-used-by"] = [{"file": place.file, "line": place.line}]
    return read(json.dumps(value))[0]


@pytest.mark.parametrize(
    ("used", "column", "seen"),
    [
        ({}, None, ()),
        ({}, "links", ()),
        ({"images": A, "links": B}, None, (A, B)),  # who uses a column uses its table
        ({"images": A, "links": B}, "links", (B,)),
        ({"images": A, "links": B}, "id", ()),  # of columns it is known by whom they are used
        ({"images": A}, "id", (A,)),
        ({"links": B, "id": A}, None, (A, B)),
        ({"links": A, "id": A}, None, (A,)),
    ],
)
def test_a_table_stands_for_columns_only_where_nothing_is_known_of_them(
    used: dict[str, Place], column: str | None, seen: tuple[Place, ...]
) -> None:
    assert contract(**used).seen(TABLE, column) == seen
    assert contract(**used).seen(Name("public", "other"), column) == ()

"""The line that a person edits, for each line of what dbt compiles it to."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from alembic_contracts.inference.sources._dbt_lines import aligned, pieces

GUIDE = Path(__file__).parents[3] / "seed/consumers/museum_guide"


def lines(raw: str, compiled: str) -> dict[str, int]:
    """The line of each compiled line that is not blank, by what it says."""
    found = zip(compiled.split("\n"), aligned(raw, compiled), strict=True)
    return {line.strip(): number for line, number in found if line.strip()}


@pytest.mark.parametrize(
    ("raw", "compiled", "expected"),
    [
        pytest.param(
            "select\n    title,\n    maker\nfrom {{ ref('works') }} as w",
            'select\n    title,\n    maker\nfrom "m"."guide"."works" as w',
            {"select": 1, "title,": 2, "maker": 3, 'from "m"."guide"."works" as w': 4},
            id="same-lines",
        ),
        pytest.param(
            "{{ config(\n    materialized='table',\n    tags=['a']\n) }}\n\nselect title\nfrom works",
            "\n\nselect title\nfrom works",
            {"select title": 6, "from works": 7},
            id="configuration-above",
        ),
        pytest.param(
            "{% set s = ['a', 'b'] %}\nselect\n{% for c in s %}\n    w.{{ c }},\n{% endfor %}\n    w.id\nfrom works w",
            "\nselect\n\n    w.a,\n\n    w.b,\n\n    w.id\nfrom works w",
            {"select": 2, "w.a,": 4, "w.b,": 4, "w.id": 6, "from works w": 7},
            id="loop",
        ),
        pytest.param(
            "select\n    id,\n    {{ size('w') }} as size,\n    {{ size('v') }} as other,\n    title\nfrom works",
            "select\n    id,\n    coalesce(\n        w,\n        0\n    ) as size,\n"
            "    coalesce(\n        v,\n        0\n    ) as other,\n    title\nfrom works",
            {"id,": 2, "w,": 3, ") as size,": 3, "v,": 4, ") as other,": 4, "title": 5, "from works": 6},
            id="macros-of-many-lines",
        ),
        pytest.param(
            "select id\nfrom works\n{% if is_incremental() %}\nwhere seen > 1\n{% endif %}\norder by id",
            "select id\nfrom works\n\norder by id",
            {"select id": 1, "from works": 2, "order by id": 6},
            id="branch-that-is-not-taken",
        ),
        pytest.param(
            "{# about works #}\n-- all of them\nselect *\nfrom works",
            "\n-- all of them\nselect *\nfrom works",
            {"-- all of them": 2, "select *": 3, "from works": 4},
            id="comments",
        ),
    ],
)
def test_a_compiled_line_is_led_back(raw: str, compiled: str, expected: dict[str, int]) -> None:
    found = lines(raw, compiled)
    assert {line: found[line] for line in expected} == expected


def test_lines_that_stand_there_twice_keep_their_order() -> None:
    raw = textwrap.dedent(
        """\
        with a as (
            select id
            from {{ ref('one') }}
        ),
        b as (
            select id
            from {{ ref('two') }}
        )
        select id
        from a join b using (id)"""
    )
    compiled = raw.replace("{{ ref('one') }}", '"m"."g"."one"').replace("{{ ref('two') }}", '"m"."g"."two"')
    assert aligned(raw, compiled) == list(range(1, 11))
    below = "\n\n\n" + compiled
    assert aligned("{{ config(a=1) }}\n\n" + raw, below)[3:] == list(range(3, 13))


def test_a_macro_that_makes_all_of_it_is_the_line_of_all() -> None:
    assert aligned("{{ everything() }}", "select a,\n b\nfrom c") == [1, 1, 1]
    assert aligned("{% macro %}", "select 1\nfrom c") == [1, 1]
    assert aligned("", "select 1") == [1]


def test_ephemeral_models_are_parts_of_their_own() -> None:
    inner = "\n\nselect (1) as a, ')' as b -- )\nfrom works\n"
    other = "__dbt__cte__two as (\nselect a from __dbt__cte__one\n)"
    compiled = f"with  __dbt__cte__one as (\n{inner}),  {other} select a\nfrom x"
    found = pieces(compiled)
    assert [piece.ephemeral for piece in found] == ["one", "two", None]
    assert found[0].text == f"\n{inner}"
    assert found[1].text.strip() == "select a from __dbt__cte__one"
    assert found[2].text == " select a\nfrom x"
    assert "".join(compiled[piece.start : piece.start + len(piece.text)] for piece in found) == "".join(
        piece.text for piece in found
    )


def test_a_name_that_only_looks_like_an_ephemeral_model_is_left_alone() -> None:
    compiled = "select a from x\n-- __dbt__cte__one as (\nwhere b"
    assert [piece.ephemeral for piece in pieces(compiled)] == [None]
    assert [piece.ephemeral for piece in pieces("with __dbt__cte__one as (select 1")] == [None]


def test_lines_that_jinja_leaves_alone_are_exact_in_what_dbt_itself_compiled() -> None:
    """Of the museum guide's models: each compiled line that its raw code has just once, and that it has as it is."""
    manifest = json.loads((GUIDE / "target/manifest.json").read_text("utf-8"))
    seen = 0
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model":
            continue
        raw = node["raw_code"].split("\n")
        own = pieces(node["compiled_code"])[-1].text
        for line, number in zip(own.split("\n"), aligned(node["raw_code"], own), strict=True):
            if line.strip() and raw.count(line) == 1:
                assert number == raw.index(line) + 1, (node["name"], line)
                seen += 1
    assert seen > 30

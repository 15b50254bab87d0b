"""The base format: contracts whose statements contradict each other, and files that are something else."""

from __future__ import annotations

import pytest

from tests.support.native import BASE, problems, read

CONTRADICTIONS = [
    # contradictions
    (
        '"is_nullable": false',
        '"is_nullable": true',
        (
            16,
            26,
            "/schema/properties/id/constraints/is_nullable",
            "`is_nullable` is true, but columns of a primary key are never NULL",
        ),
    ),
    (
        '"is_nullable": false',
        '"numeric_precision": 64',
        (
            16,
            32,
            "/schema/properties/id/constraints/numeric_precision",
            "`numeric_precision` of `integer` is 32, not 64",
        ),
    ),
    (
        '"data_type": "text[]"',
        '"data_type": "text"',
        (
            24,
            24,
            "/schema/properties/links/array_element/data_type",
            "`array_element` is for arrays, but `data_type` is `text`",
        ),
    ),
    (
        '"data_type": "text[]"',
        '"data_type": "USER-DEFINED"',
        (
            24,
            24,
            "/schema/properties/links/array_element/data_type",
            "`array_element` is for arrays, but `data_type` is `USER-DEFINED`",
        ),
    ),
    (
        '"data_type": "text[]"',
        '"data_type": "integer[]"',
        (
            24,
            24,
            "/schema/properties/links/array_element/data_type",
            "the elements of `integer[]` are not `text`",
        ),
    ),
    (
        '"data_type": "text"\n',
        '"data_type": "text[]"\n',
        (
            24,
            24,
            "/schema/properties/links/array_element/data_type",
            "the elements of an array are never arrays; PostgreSQL keeps no number of dimensions",
        ),
    ),
    (
        '"data_type": "text[]"',
        '"data_type": "text[]", "numeric_precision": 32',
        (
            21,
            55,
            "/schema/properties/links/constraints/numeric_precision",
            "`numeric_precision` is for numbers, but `data_type` is `text[]`",
        ),
    ),
    (
        '"is_nullable": false',
        '"datetime_precision": 6',
        (
            16,
            33,
            "/schema/properties/id/constraints/datetime_precision",
            "`datetime_precision` is for dates and times, but `data_type` is `integer`",
        ),
    ),
    (
        '"data_type": "integer",\n          "is_nullable": false',
        '"data_type": "timestamp(3)",\n          "datetime_precision": 6',
        (
            16,
            33,
            "/schema/properties/id/constraints/datetime_precision",
            "`datetime_precision` of `timestamp(3) without time zone` is 3, not 6",
        ),
    ),
    # other documents
    (BASE, "[]", (1, 1, "", "a contract must be an object `{...}`, not a list")),
    (BASE, "null", (1, 1, "", "a contract must be an object `{...}`, not null")),
    (
        BASE,
        '{"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "x"}',
        (1, 1, "", "a JSON Schema, not a contract; keep it outside of the contracts"),
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "expected"), CONTRADICTIONS, ids=[f"{new or old:.40}" for old, new, _ in CONTRADICTIONS]
)
def test_says_what_contradicts_itself_and_where(old, new, expected) -> None:
    assert BASE.count(old) >= 1
    assert problems(BASE.replace(old, new, 1)) == [expected]


def test_sqlite_takes_null_in_primary_keys() -> None:
    text = BASE.replace('"is_nullable": false', '"is_nullable": true')
    assert text != BASE
    assert problems(text)
    assert read(text.replace("postgresql://postgres:5432/postgres.images", "sqlite:///museum.db"))

"""The base format: broken contracts, and what is said of them where."""

from __future__ import annotations

import json

import pytest

from tests.support.native import BASE, problems

BOOLEAN = "true or false"
MALFORMED = [
    # keys
    ('"spec-version": "1.0.0",', "", (1, 1, "", "the key `spec-version` is missing")),
    (
        '"spec-version"',
        '"spec_version"',
        (2, 3, "/spec_version", "unknown key `spec_version`; did you mean `spec-version`?"),
    ),
    ('"name": "images",', "", (1, 1, "", "the key `name` is missing")),
    ('"namespace": "museum",', "", (1, 1, "", "the key `namespace` is missing")),
    (
        '"owner": {"name": "Data", "email": "data@museum.org"},',
        "",
        (1, 1, "", "the key `owner` is missing"),
    ),
    ('"name": "Data", ', "", (7, 12, "/owner", "the key `name` is missing")),
    ('"table_name": "images",', "", (8, 13, "/schema", "the key `table_name` is missing")),
    (
        '"is_nullable"',
        '"is_nulable"',
        (
            16,
            11,
            "/schema/properties/id/constraints/is_nulable",
            "unknown key `is_nulable`; did you mean `is_nullable`?",
        ),
    ),
    (
        '"primaryKey"',
        '"primary_key"',
        (
            14,
            11,
            "/schema/properties/id/constraints/primary_key",
            "unknown key `primary_key`; did you mean `primaryKey`?",
        ),
    ),
    (
        '"links": {',
        '"links": {"is_updatable": true,',
        (19, 17, "/schema/properties/links/is_updatable", "`is_updatable` does not belong here but in `constraints`"),
    ),
    (
        '"links": {',
        '"links": {"data_type": "text[]",',
        (
            19,
            17,
            "/schema/properties/links/data_type",
            "`data_type` does not belong here but in `constraints` or `array_element`",
        ),
    ),
    (
        '"namespace": "museum",',
        '"namespace": "museum", "table_name": "x",',
        (4, 26, "/table_name", "`table_name` does not belong here but in `schema`"),
    ),
    (
        '"doc": "Images.",',
        '"quality": [],',
        (
            6,
            3,
            "/quality",
            (
                "unknown key `quality`; known here: `spec-version`, `name`, `namespace`, `dataAssetResourceName`, "
                "`doc`, `version`, `compatibility`, `status`, `sunset`, `owner`, `schema`"
            ),
        ),
    ),
    (
        '"links": {',
        '"id": {',
        (19, 7, "/schema/properties/id", "the key `id` stands here twice, first on line 12"),
    ),
    # kinds of values
    (
        '"is_nullable": false',
        '"is_nullable": "false"',
        (
            16,
            26,
            "/schema/properties/id/constraints/is_nullable",
            f'`is_nullable` must be {BOOLEAN}, not the text "false"; leave the quotes out',
        ),
    ),
    (
        '"primaryKey": true',
        '"primaryKey": 1',
        (
            14,
            25,
            "/schema/properties/id/constraints/primaryKey",
            f"`primaryKey` must be {BOOLEAN}, not the number 1",
        ),
    ),
    (
        '"is_nullable": false',
        '"numeric_precision": 32.5',
        (
            16,
            32,
            "/schema/properties/id/constraints/numeric_precision",
            "`numeric_precision` must be a whole number, not the number 32.5",
        ),
    ),
    (
        '"is_nullable": false',
        '"numeric_precision": "32"',
        (
            16,
            32,
            "/schema/properties/id/constraints/numeric_precision",
            '`numeric_precision` must be a whole number, not the text "32"; leave the quotes out',
        ),
    ),
    (
        '"is_nullable": false',
        '"numeric_precision": true',
        (
            16,
            32,
            "/schema/properties/id/constraints/numeric_precision",
            "`numeric_precision` must be a whole number, not true",
        ),
    ),
    (
        '"is_nullable": false',
        '"datetime_precision": 7',
        (
            16,
            33,
            "/schema/properties/id/constraints/datetime_precision",
            "`datetime_precision` must be at most 6, not 7",
        ),
    ),
    (
        '"is_nullable": false',
        '"numeric_precision": 0',
        (
            16,
            32,
            "/schema/properties/id/constraints/numeric_precision",
            "`numeric_precision` must be at least 1, not 0",
        ),
    ),
    (
        '"data_type": "integer"',
        '"data_type": ["integer"]',
        (
            15,
            24,
            "/schema/properties/id/constraints/data_type",
            "`data_type` must be text in double quotes, not a list",
        ),
    ),
    (
        '{"name": "Data", "email": "data@museum.org"}',
        '"Data"',
        (7, 12, "/owner", '`owner` must be an object `{...}`, not the text "Data"'),
    ),
    (
        '"1.0.0"',
        "1.0",
        (2, 19, "/spec-version", "`spec-version` must be text in double quotes, not the number 1.0"),
    ),
    (
        '"images",\n  "namespace"',
        'null,\n  "namespace"',
        (3, 11, "/name", "`name` must be text in double quotes, not null"),
    ),
    # texts
    (
        '"1.0.0"',
        '"2.0.0"',
        (2, 19, "/spec-version", "version 2.0.0 of the contract format is not known here; 1.x is"),
    ),
    (
        '"1.0.0"',
        '"1.0.0-beta"',
        (
            2,
            19,
            "/spec-version",
            '`spec-version` must be a version 1.x of the contract format, such as "1.0.0", not the text "1.0.0-beta"',
        ),
    ),
    ('"name": "images"', '"name": ""', (3, 11, "/name", "`name` must not be empty")),
    (
        '"name": "images"',
        '"name": "a/b"',
        (3, 11, "/name", '`name` must be one line without a slash and without spaces around it, not the text "a/b"'),
    ),
    (
        '"museum"',
        r'"museum\n"',
        (
            4,
            16,
            "/namespace",
            (
                r"`namespace` must be one line without a slash and without spaces around it, "
                r'not the text "museum\n"'
            ),
        ),
    ),
    (
        '"data@museum.org"',
        '"data at museum"',
        (
            7,
            38,
            "/owner/email",
            '`email` must be an email address such as "data-eng@museum.org", not the text "data at museum"',
        ),
    ),
    ('"data@museum.org"', '""', (7, 38, "/owner/email", "`email` must not be empty")),
    (
        '"table_name": "images"',
        '"table_name": "public.images"',
        (
            10,
            19,
            "/schema/table_name",
            (
                "`table_name` must be the table's name as in the catalog, without schema, dots, quotes or spaces "
                'around it, not the text "public.images"'
            ),
        ),
    ),
    (
        '"table_schema": "public"',
        '"table_schema": ""',
        (9, 21, "/schema/table_schema", "`table_schema` must not be empty"),
    ),
    (
        '"links": {',
        '"": {',
        (19, 7, "/schema/properties/", "the key must not be empty"),
    ),
    (
        '"links": {',
        r'"\"links\"": {',
        (
            19,
            7,
            '/schema/properties/"links"',
            (
                "the key must be the column's name as in the catalog, without quotes or spaces around it, "
                'not the text ""links""'
            ),
        ),
    ),
    (
        '"links": {',
        f'"{"é" * 32}": {{',
        (
            19,
            7,
            f"/schema/properties/{'é' * 32}",
            "the column's name has 64 bytes; PostgreSQL cuts names to 63",
        ),
    ),
    (
        '"table_name": "images"',
        f'"table_name": "{"t" * 64}"',
        (10, 19, "/schema/table_name", "`table_name` has 64 bytes; PostgreSQL cuts names to 63"),
    ),
    # places of uses
    (
        '"table_name"',
        '"x-used-by": {}, "table_name"',
        (10, 18, "/schema/x-used-by", "`x-used-by` must be a list `[...]`, not an object"),
    ),
    (
        '"table_name"',
        '"x-used-by": [{"line": 3}], "table_name"',
        (10, 19, "/schema/x-used-by/0", "item 1 must have a `file`, or say `what` it is"),
    ),
    (
        '"table_name"',
        '"x-used-by": [{"file": null, "what": ""}], "table_name"',
        (10, 19, "/schema/x-used-by/0", "item 1 must have a `file`, or say `what` it is"),
    ),
    (
        '"links": {',
        '"links": {"x-used-by": [{"what": "guide"}, {"file": "a.sql", "line": 0}],',
        (19, 76, "/schema/properties/links/x-used-by/1/line", "`line` must be at least 1, not 0"),
    ),
    (
        '"links": {',
        '"links": {"x-used-by": [{"fil": "a.sql"}],',
        (19, 32, "/schema/properties/links/x-used-by/0/fil", "unknown key `fil`; did you mean `file`?"),
    ),
    (
        '"links": {',
        '"links": {"x-used-by": [{"file": 3}],',
        (
            19,
            40,
            "/schema/properties/links/x-used-by/0/file",
            "`file` must be text in double quotes, not the number 3",
        ),
    ),
    (
        '"links": {',
        f'"links": {{"x-used-by": [{{"what": "{"x" * 2000}"}}],',
        (19, 40, "/schema/properties/links/x-used-by/0/what", "`what` has 2,000 characters; 1,000 are enough"),
    ),
    # types
    (
        '"data_type": "integer"',
        '"data_type": "varchar("',
        (
            15,
            24,
            "/schema/properties/id/constraints/data_type",
            "'varchar(' is not a type: the part in parentheses is not complete",
        ),
    ),
    (
        '"data_type": "integer"',
        '"data_type": ""',
        (15, 24, "/schema/properties/id/constraints/data_type", "`data_type` must not be empty"),
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), MALFORMED, ids=[f"{new or old:.40}" for old, new, _ in MALFORMED])
def test_says_what_is_wrong_and_where(old, new, expected) -> None:
    assert BASE.count(old) >= 1
    assert problems(BASE.replace(old, new, 1)) == [expected]


def test_collects_all_problems_of_a_file() -> None:
    text = BASE
    for old, new in (
        ('"museum"', '""'),
        ('"is_nullable": false', '"is_nullable": "no"'),
        ('"data_type": "text[]"', '"data_type": "text"'),
        ('"doc"', '"docs"'),
    ):
        text = text.replace(old, new, 1)
    assert [(line, pointer) for line, _, pointer, _ in problems(text)] == [
        (4, "/namespace"),
        (6, "/docs"),
        (16, "/schema/properties/id/constraints/is_nullable"),
        (24, "/schema/properties/links/array_element/data_type"),
    ]


def test_a_file_that_is_something_else_does_not_flood_the_screen() -> None:
    assert len(problems(json.dumps(dict.fromkeys(map(str, range(5000)), 1)))) == 100
    columns = {f"c{number}": None for number in range(5000)}
    contract = json.loads(BASE)
    assert len(problems(json.dumps({**contract, "schema": {**contract["schema"], "properties": columns}}))) == 100

"""The JSON reader: what it accepts, where it says that things are, and how it refuses."""

from __future__ import annotations

import json
import sys
import time

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from alembic_contracts.documents.json_text import MAXIMUM_DEPTH, MAXIMUM_VALUES, parse
from alembic_contracts.errors import InvalidContracts

patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)
# Pieces of JSON in any order: mostly broken, sometimes whole.
PIECES = st.lists(
    st.sampled_from(
        [
            *("{", "}", "[", "]", ",", ":", '"', "\\", "'", "#", "//", "true", "null", "NaN", "-", "0", "1.5", "e3"),
            *('"a"', '"b":1', r"\u00e9", r"\ud800", "=======", "-Infinity"),
            *("\n", "\r\n", " ", "\u201c", "\ufeff", "\u00a0", "é", "\x00"),
        ]
    ),
    max_size=25,
).map("".join)


def _loads(text: str) -> object:
    """json.loads without what it accepts beyond RFC 8259."""

    def no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("duplicate")
        return dict(pairs)

    def refuse(text: str) -> object:
        raise ValueError(text)

    return json.loads(text, object_pairs_hook=no_duplicates, parse_constant=refuse)


@patiently
@given(VALUES, st.sampled_from([None, 0, 2, "\t"]), st.booleans())
def test_reads_what_json_writes(value, indent, ascii_only) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    document = parse(text, "x.json")
    assert document.value == value
    assert repr(document.value) == repr(value)  # True is not 1, 1 is not 1.0


@patiently
@given(PIECES | st.text())
def test_agrees_with_json_loads_on_any_text(text) -> None:
    try:
        expected = _loads(text)
    except (ValueError, RecursionError):
        with pytest.raises(InvalidContracts) as refused:
            parse(text, "x.json")
        assert refused.value.problems
        for problem in refused.value.problems:
            assert problem.line >= 1
            assert problem.column >= 1
        return
    assume("\\ud" not in text)
    assert repr(parse(text, "x.json").value) == repr(expected)


@patiently
@given(VALUES)
def test_every_position_points_at_its_value(value) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False)
    lines = text.split("\n")
    document = parse(text, "x.json")

    def rest(position) -> str:
        line, column = position
        return "\n".join([lines[line - 1][column - 1 :], *lines[line:]])

    def check(inner, pointer) -> None:
        assert rest(document.values[pointer]).startswith(json.dumps(inner, ensure_ascii=False)[:1])
        members = inner.items() if isinstance(inner, dict) else enumerate(inner) if isinstance(inner, list) else ()
        for key, member in members:
            below = pointer + "/" + str(key).replace("~", "~0").replace("/", "~1")
            if isinstance(inner, dict):
                assert rest(document.keys[below]).startswith(json.dumps(key, ensure_ascii=False))
            check(member, below)

    assume("\r" not in text)
    check(value, "")


def test_positions_count_characters_and_every_kind_of_line_end() -> None:
    document = parse('{"é":\r\n "ü", \r"b"\n: [1,\n\t2]}', "x.json")
    assert document.keys == {"/é": (1, 2), "/b": (3, 1)}
    assert document.values == {"": (1, 1), "/é": (2, 2), "/b": (4, 3), "/b/0": (4, 4), "/b/1": (5, 2)}


BROKEN = [
    ("", (1, 1, "", "the file is empty")),
    (" \n\t ", (1, 1, "", "the file is empty")),
    ('{"a": 1,}', (1, 8, "", "a comma before the closing `}` is one too many")),
    ('{"a": [1, 2,\n]}', (1, 12, "/a", "a comma before the closing `]` is one too many")),
    ('{"a" 1}', (1, 6, "/a", "a colon is missing after the key `a`")),
    ('{"a" = 1}', (1, 6, "/a", "a colon is missing after the key `a`")),
    ('{"a": 1\n "b": 2}', (2, 2, "", "a comma is missing before this")),
    ("[1 2]", (1, 4, "", "a comma is missing before this")),
    ("{'a': 1}", (1, 2, "", "a single quote; JSON takes double quotes")),
    ("{\"a\": 'x'}", (1, 7, "/a", "a single quote; JSON takes double quotes")),
    ("{\u201ca\u201d: 1}", (1, 2, "", "a typographic quote; JSON takes plain double quotes")),
    ("{a: 1}", (1, 2, "", 'a key takes double quotes: `"a"`')),
    ('{"a": yes}', (1, 7, "/a", 'text takes double quotes: `"yes"`')),
    ('{"a": True}', (1, 7, "/a", "`True` is written `true` in JSON")),
    ('{"a": None}', (1, 7, "/a", "`None` is written `null` in JSON")),
    ('{"a": 01}', (1, 7, "/a", "`01` is no number of JSON")),
    ('{"a": 1.}', (1, 7, "/a", "`1.` is no number of JSON")),
    ('{"a": .5}', (1, 7, "/a", "`.5` is no number of JSON")),
    ('{"a": +1}', (1, 7, "/a", "`+1` is no number of JSON")),
    ('{"a": 0x10}', (1, 7, "/a", "`0x10` is no number of JSON")),
    ('{"a": }', (1, 7, "/a", "a value is missing before this `}`")),
    ('{"a": , "b": 1}', (1, 7, "/a", "a value is missing before this `,`")),
    ("[,1]", (1, 2, "/0", "a value is missing before this `,`")),
    ('{,"a": 1}', (1, 2, "", "a comma too many")),
    ('{"a": 1,, "b": 2}', (1, 9, "", "a comma too many")),
    ('{"a": 1 // why\n}', (1, 9, "", "JSON has no comments; use a key that begins with `x-`")),
    ('/* why */ {"a": 1}', (1, 1, "", "JSON has no comments; use a key that begins with `x-`")),
    ('# why\n{"a": 1}', (1, 1, "", "JSON has no comments; use a key that begins with `x-`")),
    ('{"a": [1}', (1, 9, "/a", "`}` where the `[` of line 1 takes `]`")),
    ('{\n"a": 1\n', (3, 1, "", "the file ends before the `{` of line 1 is closed")),
    ('{"a": ', (1, 7, "/a", "the file ends where a value should begin")),
    ("{", (1, 2, "", "the file ends before the `{` of line 1 is closed")),
    ('{"a": 1} {"b": 2}', (1, 10, "", "the document ended before this; a file holds one JSON value")),
    ('{"a": "x}', (1, 7, "/a", "the double quote that begins here is never closed")),
    (
        '{"a": "x\ny"}',
        (1, 7, "/a", r"the double quote that begins here is not closed on its line; a line break is `\n`"),
    ),
    ('{"a": "x\ty"}', (1, 9, "/a", r"the character U+0009 must be written as an escape (`\u0009`)")),
    (
        r'{"a": "C:\data"}',
        (1, 10, "/a", r"a backslash takes one of `\" \\ \/ \b \f \n \r \t`, or `\u` and four hexadecimal digits"),
    ),
    ('<<<<<<< HEAD\n{"a": 1}', (1, 1, "", "a conflict marker of a merge was left in the file")),
    ('{\n"a": 1\n=======\n"a": 2\n}', (3, 1, "", "a conflict marker of a merge was left in the file")),
    ('{"a":\u00a01}', (1, 6, "/a", "a no-break space; JSON takes plain spaces")),
    ('{"a": @}', (1, 7, "/a", "`@` cannot begin a value")),
    ("[" * 2000, (1, MAXIMUM_DEPTH + 1, "/0" * MAXIMUM_DEPTH, f"nested more than {MAXIMUM_DEPTH} levels deep")),
    ('{"a": NaN}', (1, 7, "/a", "`NaN` is no number that JSON knows; leave the key out instead")),
    ("[-Infinity]", (1, 2, "/0", "`-Infinity` is no number that JSON knows; leave the key out instead")),
    ('{"a": 1e999}', (1, 7, "/a", "the number is too large")),
    ("[" + "9" * 5000 + "]", (1, 2, "/0", "the number is too large")),
    (r'{"a": "\ud83d"}', (1, 7, "/a", r"half of a surrogate pair (`\ud800` to `\udfff`) is no character")),
    ('{"a": 1,\n "a": 2}', (2, 2, "/a", "the key `a` stands here twice, first on line 1")),
]


@pytest.mark.parametrize(("text", "expected"), BROKEN, ids=[repr(text[:20]) for text, _ in BROKEN])
def test_says_what_is_wrong_and_where(text, expected) -> None:
    with pytest.raises(InvalidContracts) as refused:
        parse(text, "x.json")
    assert [(p.line, p.column, p.pointer, p.message) for p in refused.value.problems] == [expected]


def test_collects_problems_that_do_not_stop_the_reading() -> None:
    with pytest.raises(InvalidContracts) as refused:
        parse('{"a": NaN,\n "b/c": {"d": 1, "d": 2},\n "e": oops}', "x.json")
    assert [(p.line, p.pointer) for p in refused.value.problems] == [(1, "/a"), (2, "/b~1c/d"), (3, "/e")]


def test_reads_a_surrogate_pair() -> None:
    assert parse(r'"\ud83d\ude00"', "x.json").value == "\U0001f600"


def test_depth_does_not_depend_on_the_stack() -> None:
    within = "[" * MAXIMUM_DEPTH + "]" * MAXIMUM_DEPTH
    assert parse(within, "x.json").value == json.loads(within)
    with pytest.raises(InvalidContracts):
        parse("[" * sys.getrecursionlimit() * 10, "x.json")


def test_a_document_of_endless_values_is_not_read_to_its_end() -> None:
    text = "[" + "1," * 2_000_000 + "1]"
    started = time.process_time()
    with pytest.raises(InvalidContracts, match="more than 100,000 values in one file") as refused:
        parse(text, "x.json")
    assert time.process_time() - started < 3  # 0.3 s on an idle machine; reading it all takes 12
    assert refused.value.problems[0].pointer == f"/{MAXIMUM_VALUES - 1}"


@pytest.mark.parametrize(
    "text",
    [
        "[" + ",".join(["1"] * (MAXIMUM_VALUES - 1)) + "]",
        "[" * MAXIMUM_DEPTH + "]" * MAXIMUM_DEPTH,
        '{"' + "k" * 40_000 + '": [' + ",".join(["1"] * 2000) + "]}",
    ],
    ids=["values", "depth", "characters of pointers"],
)
def test_what_is_just_not_too_much_has_its_places(text: str) -> None:
    document = parse(text, "x.json")
    assert document.values[""] == (1, 1)
    assert len(document.values) == text.count("1") + text.count("[") + text.count("{")

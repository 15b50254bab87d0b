"""Bytes and values in, others out: spans moved and doubled, parts replaced by what readers stumble over."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

__all__ = ["TEXTS", "of_bytes", "of_value"]

TEXTS = (
    "", " ", ".", "..", "/", "~", "~1", "null", "true", "1", "0x10", "1e999", "-0", "public.orders",
    '"', "'", "''", '""',
    "a\nb", "a\r\nb", "\t", "\x00", "\x1b[31mred\x1b[0m", "\x9b31m", "\x85", "\u2028", "\u202eabc", "\u200b", "\ufeff",
    "\ud800", "\U0001f600", "e\u0301", "%(here)s", "%", "%%", "%0A::error::x", "${HOME}", "${X:-y}", "{}", "{0}",
    "<script>alert(1)</script>", "`x`", "| a |", "::error::x", "; DROP TABLE x; --", "(" * 3000, "SELECT " + "(" * 500,
    "9" * 5000, "x" * 100_000, "2999-02-30", "0000-00-00", "<<", "*a", "&a", "!!python/object:os.system", "\\", "\\x",
)  # fmt: skip
"""What may stand wherever a text may stand."""

_BYTES = (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xff\xfe", b"\x00")
_SYNTAX = (
    *"{}[]():,\"'#&*!|>%@`=\\\n\r\t-?~",
    "---\n", "...\n", "? ", "- ", "<<: ", "&a ", "*a", "!!int ", "[[x]]\n", "[x]\n", "/*", "//", '"""', "'''",
    "NaN", "Infinity", ".inf", ".nan", "0o777", "null", "True", "def ", "return ", "\n    ", "\f",
)  # fmt: skip
_TOKENS = (*(text.encode("utf-8", "surrogatepass") for text in (*TEXTS, *_SYNTAX)), *_BYTES)


def of_bytes(data: bytes, chance: random.Random) -> bytes:
    """Return the bytes after one to four random changes."""
    for _ in range(chance.randint(1, 4)):
        data = chance.choice(_CHANGES)(data, chance)
    return data


def _span(data: bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randint(0, len(data))
    return start, min(len(data), start + int(chance.expovariate(1 / 20)))


def _without(data: bytes, chance: random.Random) -> bytes:
    start, end = _span(data, chance)
    return data[:start] + data[end:]


def _doubled(data: bytes, chance: random.Random) -> bytes:
    start, end = _span(data, chance)
    return data[:end] + data[start:end] * chance.choice((1, 1, 2, 50, 2000)) + data[end:]


def _inserted(data: bytes, chance: random.Random) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + chance.choice(_TOKENS) + data[at:]


def _replaced(data: bytes, chance: random.Random) -> bytes:
    start, end = _span(data, chance)
    return data[:start] + chance.choice(_TOKENS) + data[end:]


def _flipped(data: bytes, chance: random.Random) -> bytes:
    if not data:
        return data
    at = chance.randrange(len(data))
    return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]


def _moved(data: bytes, chance: random.Random) -> bytes:
    start, end = _span(data, chance)
    rest = data[:start] + data[end:]
    at = chance.randint(0, len(rest))
    return rest[:at] + data[start:end] + rest[at:]


def _line_doubled(data: bytes, chance: random.Random) -> bytes:
    lines = data.split(b"\n")
    at = chance.randrange(len(lines))
    return b"\n".join([*lines[:at], lines[at], *lines[at:]])


def _line_gone(data: bytes, chance: random.Random) -> bytes:
    lines = data.split(b"\n")
    del lines[chance.randrange(len(lines))]
    return b"\n".join(lines)


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randint(0, len(data))]


_CHANGES = (_without, _doubled, _inserted, _replaced, _flipped, _moved, _line_doubled, _line_gone, _cut)


def of_value(value: Any, chance: random.Random) -> bytes:
    """Return JSON, which is YAML as well, of a value after one to three changes of its parts."""
    value = copy.deepcopy(value)
    for _ in range(chance.randint(1, 3)):
        value = _changed(value, chance)
    text = json.dumps(value, indent=chance.choice((None, 2)), ensure_ascii=chance.random() < 0.7)
    return text.encode("utf-8", "surrogatepass")


def _changed(value: Any, chance: random.Random) -> Any:
    """Return the value with one part of it, or the whole, replaced, renamed or taken out."""
    places = list(_places(value, ()))
    path = chance.choice(places)
    if not path:
        return chance.choice(_VALUES)(chance)
    holder = value
    for step in path[:-1]:
        holder = holder[step]
    last = path[-1]
    match chance.randrange(5):
        case 0:
            del holder[last]
        case 1 if isinstance(holder, dict):
            holder[chance.choice(TEXTS)] = holder.pop(last)
        case 2 if isinstance(holder, dict):
            holder[chance.choice(TEXTS)] = chance.choice(_VALUES)(chance)
        case _:
            holder[last] = chance.choice(_VALUES)(chance)
    return value


def _places(value: Any, path: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    found = [path]
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, member in members:
        found.extend(_places(member, (*path, step)))
    return found


def _nested(chance: random.Random) -> Any:
    value: Any = []
    for _ in range(chance.choice((3, 30, 63, 100, 500))):
        value = [value]
    return value


_VALUES: tuple[Callable[[random.Random], Any], ...] = (
    lambda _: None,
    lambda chance: chance.random() < 0.5,
    lambda chance: chance.choice((0, -1, 1, 7, 2**31, 2**63, 10**400, -(10**4000), 0.5, 1e308)),
    lambda _: float("nan"),
    lambda _: float("inf"),
    lambda chance: chance.choice(TEXTS),
    lambda chance: chance.choice(TEXTS),
    lambda _: [],
    lambda _: {},
    lambda chance: [chance.choice(TEXTS)],
    lambda chance: {chance.choice(TEXTS): chance.choice(TEXTS)},
    lambda chance: [[chance.choice(TEXTS), None], 1],
    lambda chance: {"name": chance.choice(TEXTS), "value": [1], "property": chance.choice(TEXTS)},
    _nested,
)

"""The code of a model, as written and as compiled, in: for each compiled line the line that a person edits out."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from typing import NamedTuple

from alembic_contracts.patterns import pattern

__all__ = ["Piece", "aligned", "pieces"]

_TAG = pattern(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_CONFIG = pattern(r"\{\{-?\s*config\s*\(")
_HOLE = "\0"
"""Stands for what an expression of Jinja expands to."""
_INLINED = pattern(r"__dbt__cte__(\w+)\s+as\s*\(", re.IGNORECASE)
"""How dbt begins the CTE that it makes of an ephemeral model in the code of those that read it."""
_BRACKETS = pattern(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|[()]", re.DOTALL)


class Piece(NamedTuple):
    """A part of compiled code, and whose it is."""

    ephemeral: str | None
    """The name of the ephemeral model that was put in here; None: the model's own."""
    start: int
    text: str


def pieces(compiled: str) -> list[Piece]:
    """Return the parts of a model's compiled code in order: ephemeral models that were put in, and the rest."""
    found: list[Piece] = []
    at = 0
    while (match := _INLINED.search(compiled, at)) and (end := _closing(compiled, match.end())) is not None:
        if compiled[at : match.start()].strip(" ,\n\t\r").lower() not in ("", "with"):
            break  # from here on it is the model's own
        found.append(Piece(match[1], match.end(), compiled[match.end() : end]))
        at = end + 1
    return [*found, Piece(None, at, compiled[at:])]


def _closing(text: str, start: int) -> int | None:
    depth = 1
    for match in _BRACKETS.finditer(text, start):
        depth += (match[0] == "(") - (match[0] == ")")
        if depth == 0:
            return match.start()
    return None


def aligned(raw: str, compiled: str) -> list[int]:
    """Return the line of ``raw`` that each line of ``compiled`` comes from, counted from 1.

    Exact for lines that Jinja leaves alone, and for those that have an expression of it; of what a macro makes
    of many lines, it is the line that calls it.
    """
    written = _templates(raw)
    made = [line.strip() for line in compiled.split("\n")]
    if not written:
        return [1] * len(made)
    lines: dict[int, int] = {}
    _align(written, [(index, line) for index, line in enumerate(made) if line], lines, written[0].number)
    result: list[int] = []
    for index in range(len(made)):
        result.append(lines.get(index, result[-1] if result else written[0].number))
    return result


class _Template(NamedTuple):
    number: int
    text: str
    """The line without indentation; ``_HOLE`` for each expression of Jinja."""

    @property
    def has_hole(self) -> bool:
        return _HOLE in self.text

    def fits(self, line: str) -> bool:
        """Whether an expanded line can come of this one."""
        parts = self.text.split(_HOLE)
        if len(parts) == 1:
            return line == self.text
        if not (line.startswith(parts[0]) and line.endswith(parts[-1]) and len(line) >= len("".join(parts))):
            return False
        at = len(parts[0])
        for part in parts[1:-1]:
            at = line.find(part, at)
            if at < 0:
                return False
            at += len(part)
        return at <= len(line) - len(parts[-1])

    @property
    def is_specific(self) -> bool:
        """Whether it has text of its own, so that a line that fits it is likely to be of it."""
        return bool(self.text.replace(_HOLE, "").strip())


def _templates(raw: str) -> list[_Template]:
    """Return the lines of code that are more than statements and comments of Jinja."""
    lines = [_Template(number, line.strip()) for number, line in enumerate(_TAG.sub(_hole, raw).split("\n"), start=1)]
    return [line for line in lines if line.text]


def _hole(tag: re.Match[str]) -> str:
    leaves_text = tag[0].startswith("{{") and not _CONFIG.match(tag[0])
    return (_HOLE if leaves_text else "") + "\n" * tag[0].count("\n")


_Made = list[tuple[int, str]]
"""Lines of compiled code that are not blank, with their indexes."""


def _align(written: list[_Template], made: _Made, lines: dict[int, int], before: int) -> None:
    """Find where lines come from, by what is the same at both ends and by lines that each side has once.

    It takes the time of sorting, where a comparison of all with all would take its square.
    """
    ends = _same(written, made), 0
    ends = ends[0], _same(written[ends[0] :][::-1], made[ends[0] :][::-1])
    for index in [*range(ends[0]), *range(-ends[1], 0)]:
        lines[made[index][0]] = written[index].number
    before = written[ends[0] - 1].number if ends[0] else before
    written, made = written[ends[0] : len(written) - ends[1]], made[ends[0] : len(made) - ends[1]]
    anchors = _anchors(written, made)
    if not anchors:
        _fill(written, made, lines, before)
        return
    low = first = 0
    for of_written, of_made in [*anchors, (len(written), len(made))]:
        _align(written[low:of_written], made[first:of_made], lines, written[low - 1].number if low else before)
        if of_made < len(made):
            lines[made[of_made][0]] = written[of_written].number
        low, first = of_written + 1, of_made + 1


def _same(written: list[_Template], made: _Made) -> int:
    return next(
        (index for index, (one, other) in enumerate(zip(written, made, strict=False)) if one.text != other[1]),
        min(len(written), len(made)),
    )


def _anchors(written: list[_Template], made: _Made) -> list[tuple[int, int]]:
    """Return the longest row of lines, in the order of both, that either has once."""
    once = _once([each.text for each in written])
    there = _once([line for _, line in made])
    pairs = [(index, there[text]) for text, index in once.items() if text in there]
    best: list[tuple[int, int]] = []
    """For each length, the end of the row of it that ends first."""
    earlier: dict[tuple[int, int], tuple[int, int] | None] = {}
    for pair in pairs:
        at = bisect_left(best, pair[1], key=lambda each: each[1])
        earlier[pair] = best[at - 1] if at else None
        best[at : at + 1] = [pair]
    row: list[tuple[int, int]] = []
    last = best[-1] if best else None
    while last is not None:
        row.append(last)
        last = earlier[last]
    return row[::-1]


def _once(texts: list[str]) -> dict[str, int]:
    counts = Counter(texts)
    return {text: index for index, text in enumerate(texts) if counts[text] == 1}


def _fill(written: list[_Template], made: _Made, lines: dict[int, int], before: int) -> None:
    """Find where the lines between two that are the same come from: in order, by the text around expressions."""
    if len(written) == len(made):
        lines |= {index: template.number for (index, _), template in zip(made, written, strict=True)}
        return
    holes = [index for index, each in enumerate(written) if each.has_hole]
    at = 0
    for index, line in made:
        nearest = [*range(at, len(written)), *range(at)]
        found = next((each for each in nearest if written[each].is_specific and written[each].fits(line)), None)
        if found is not None:
            at = found + (not written[found].text.endswith(_HOLE))  # what ends in an expression may go on
        elif holes:
            found = at = holes[min(bisect_left(holes, at), len(holes) - 1)]
        else:
            found = min(at, len(written) - 1)
        lines[index] = written[found].number if written else before

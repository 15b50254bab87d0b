"""The results as a table for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["WAYS", "recall", "table"]

HEADINGS = (
    "history",
    "server",
    "unforeseen",
    "predicted",
    "columns",
    "keys",
    "silent",
    "declared",
    "unproven",
    "false",
    "s/100",
)
SQL_HEADINGS = ("--sql s/100",)
WAYS = ("offline", "online")
"""In which histories are predicted besides, where that is done on copies of a database."""
_OF_A_WAY = ("facts", "silent", "declared", "unproven", "false", "s/100")
EXPLANATION = """\
server: revisions that the database applied, of all; unforeseen: those that fail there and of which the prediction says
nothing; predicted: revisions that the prediction ran to their end; columns, keys: right, of all;
silent, declared: wrong facts at the end of the history, and whether the prediction says so; unproven: revisions
with anything unproven; false: breaks of contracts that hold; s/100: seconds of the processor for the prediction of
100 revisions"""
SQL_EXPLANATION = """\
, and for `alembic upgrade --sql`, with the number of revisions that it got through where not all."""
WAYS_EXPLANATION = """\
, in one run from an empty database; keys: unique constraints and foreign keys as well;
columns: with their defaults.
offline: revisions that are predicted without a database, as if tables were filled between them; online: those that
are each predicted alone from what the database is before it; facts: compared after each of them, with checks and
indexes; silent, declared, unproven, false, s/100: as above, but after each revision."""

RECALL_EXPLANATION = """\
right place: called broken at the planted revision and line; elsewhere: called broken at another one; missed, invented:
broken facts that were not reported, and reported ones that are not broken, of all mutants."""


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return the table of several histories, with their sum."""
    headings = tuple(heading for way in WAYS for heading in (way, *_OF_A_WAY))
    more, explained = (headings, WAYS_EXPLANATION) if "online" in results[0] else (SQL_HEADINGS, SQL_EXPLANATION)
    rows = [(*HEADINGS, *more), *(_row(result) for result in results)]
    if len(results) > 1:
        rows.append(_row(_sum(results)))
    return "\n".join([*_aligned(rows), "", EXPLANATION + explained, *_settling(results)])


def _settling(results: Sequence[dict[str, Any]]) -> list[str]:
    """Return a line for each unproven revision that was to be settled."""
    outcomes = [(result["history"], *each) for result in results for each in result.get("settling", {}).items()]
    lines = [
        f"{history} {revision}: {given['outcome']}{' WRONG: ' if given['wrong'] else ''}{'; '.join(given['wrong'])}"
        for history, revision, given in outcomes
    ]
    return ["", "Unproven revisions, each with what settling it gives:", *lines] if lines else []


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(result: dict[str, Any]) -> tuple[str, ...]:
    return (
        result["history"],
        _of(result["applied"], result["revisions"]),
        str(result["unforeseen"]),
        _of(result["ran"], result["predicted"]),
        _of(result["columns"] - result["wrong_columns"], result["columns"]),
        _of(result["keys"] - result["wrong_keys"], result["keys"]),
        str(result["wrong_and_silent"]),
        str(result["wrong_and_declared"]),
        str(result["unproven_revisions"]),
        str(result["false_breaks"]),
        _rate(result["seconds"], result["predicted"]),
        *(_ways(result) if "online" in result else _sql(result["sql"], result["revisions"])),
    )


def _sql(sql: dict[str, Any], revisions: int) -> tuple[str, ...]:
    only = f" ({sql['revisions']} only)" if sql["revisions"] < revisions else ""
    return (_rate(sql["seconds"], sql["revisions"]) + only,)


def _ways(result: dict[str, Any]) -> Iterator[str]:
    counted = ("revisions", "facts", "wrong_and_silent", "wrong_and_declared", "unproven_revisions", "false_breaks")
    for way in WAYS:
        found = result.get(way)
        yield from ("-" if found is None else str(found[key]) for key in counted)
        yield "-" if found is None else _rate(found["seconds"], found["revisions"])


def _of(good: int, total: int) -> str:
    return str(total) if good == total else f"{good} of {total}"


def _rate(seconds: float, revisions: int) -> str:
    return f"{seconds / revisions * 100:.2f}" if revisions else "-"


def _sum(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    total = _added(results)
    total["history"] = "all"
    for part in ("sql", *WAYS):
        if parts := [result[part] for result in results if part in result]:
            total[part] = _added(parts)
    return total


def _added(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    numbers = {key for key, value in results[0].items() if isinstance(value, int | float)}
    return {key: sum(result[key] for result in results) for key in numbers}


FOUND = ("right place", "elsewhere", "unproven", "kept")


def recall(answers: Mapping[str, Sequence[dict[str, Any]]]) -> str:
    """Return how many planted breaks were found, by history, by kind and by style."""
    everything = [answer for some in answers.values() for answer in some]
    groups: dict[str, list[dict[str, Any]]] = {name: list(some) for name, some in answers.items()}
    for key in ("kind", "style"):
        for value in sorted({answer[key] for answer in everything}):
            groups[f"{key}: {value}"] = [answer for answer in everything if answer[key] == value]
    groups["all"] = everything
    rows: list[tuple[str, ...]] = [("", "mutants", *FOUND, "missed", "invented")]
    for name, some in groups.items():
        counts = [str(sum(answer["found"] == found for answer in some)) for found in FOUND]
        extra = [str(sum(len(answer[key]) for answer in some)) for key in ("missed", "invented")]
        rows.append((name, str(len(some)), *counts, *extra))
    return "\n".join([*_aligned(rows), "", RECALL_EXPLANATION])

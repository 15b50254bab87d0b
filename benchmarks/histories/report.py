"""The results as a table for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["recall", "table"]

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
    "--sql s/100",
)
EXPLANATION = """\
server: revisions that PostgreSQL applied, of all; unforeseen: those that fail there and of which the prediction says
nothing; predicted: revisions that the prediction ran to their end; columns, keys: right, of all;
silent, declared: wrong facts at the end of the history, and whether the prediction says so; unproven: revisions
with anything unproven; false: breaks of contracts that hold; s/100: seconds of the processor for the prediction of
100 revisions, and for `alembic upgrade --sql`, with the number of revisions that it got through where not all."""

RECALL_EXPLANATION = """\
right place: called broken at the planted revision and line; elsewhere: called broken at another one; missed, invented:
broken facts that were not reported, and reported ones that are not broken, of all mutants."""


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return the table of several histories, with their sum."""
    rows = [HEADINGS, *(_row(result) for result in results)]
    if len(results) > 1:
        rows.append(_row(_sum(results)))
    return "\n".join([*_aligned(rows), "", EXPLANATION, *_settling(results)])


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
    sql = result["sql"]
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
        _rate(sql["seconds"], sql["revisions"])
        + (f" ({sql['revisions']} only)" if sql["revisions"] < result["revisions"] else ""),
    )


def _of(good: int, total: int) -> str:
    return str(total) if good == total else f"{good} of {total}"


def _rate(seconds: float, revisions: int) -> str:
    return f"{seconds / revisions * 100:.2f}" if revisions else "-"


def _sum(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    numbers = {key for key, value in results[0].items() if isinstance(value, int | float)}
    total: dict[str, Any] = {key: sum(result[key] for result in results) for key in numbers}
    total["history"] = "all"
    total["sql"] = {key: sum(result["sql"][key] for result in results) for key in ("seconds", "revisions")}
    return total


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

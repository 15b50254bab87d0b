"""Mutation recall: plants breaks in copies of version scripts, and asks what the prediction says of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from alembic_contracts.judging.violations import Report, Violation
from alembic_contracts.schemas.schema import Schema, Table
from alembic_contracts.schemas.steps import Prediction
from benchmarks.histories import mutants, server, sqlite_mutants
from benchmarks.histories.forecast import forecast
from benchmarks.histories.planting import Copy, plant
from benchmarks.histories.scripts import Scripts
from benchmarks.histories.server import Applied, Observed
from benchmarks.histories.verdict import IGNORED, judge, watched_tables

if TYPE_CHECKING:
    from alembic.runtime.migration import RevisionStep

__all__ = ["Mutant", "ask", "breed"]

_KINDS = {"postgresql": mutants, "sqlite": sqlite_mutants}
ATTEMPTS_PER_MUTANT = 12
"""So many are tried on the server for one that breaks there: many are refused, or undone by later revisions."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A history with one planted break that the server confirmed."""

    kind: str
    style: str
    at_start: bool
    table: str
    column: str | None
    revision: str
    file: str
    lines: tuple[int, ...]
    mark: str
    broken: tuple[tuple[str, str, str | None], ...]
    """What is really broken at the end: rule, table, column."""


@dataclass(frozen=True)
class Stock:
    """A history as it is: what mutants are made from."""

    scripts: Scripts
    folders: Sequence[str]
    before: Observed
    applied: Sequence[Applied]

    @cached_property
    def final(self) -> Schema:
        """The schema at the end."""
        return self.applied[-1].after.schema()

    @property
    def failed(self) -> frozenset[str]:
        """Revisions that fail on the server as they are; they are left out of everything."""
        return frozenset(step.revision for step in self.applied if step.error is not None)


def breed(stock: Stock, server_url: str, *, count: int, seed: int) -> Iterator[Mutant]:
    """Make mutants that really break a contract on a real server.

    Args:
        stock: the history.
        server_url: where a database is made for each attempt.
        count: how many.
        seed: the same seed makes the same mutants.
    """
    random = Random(f"{seed} {stock.scripts.history.name}")
    made = 0
    for attempt in range(count * ATTEMPTS_PER_MUTANT):
        if made == count:
            return
        mark = f"mutant_{attempt}"
        copy = Copy.make(stock.folders, mark)
        mutant = _attempt(stock, server_url, random, copy, mark)
        if mutant is None:
            copy.remove()
            continue
        made += 1
        yield mutant


def _attempt(stock: Stock, server_url: str, random: Random, copy: Copy, mark: str) -> Mutant | None:
    """Plant one break; None where it does not fit, the server refuses it, or nothing is broken in the end."""
    position = random.randrange(len(stock.applied))
    kinds = _KINDS[stock.scripts.database.name]
    style, at_start = random.choice(kinds.STYLES), random.random() < 0.3
    step = stock.applied[position]
    earlier = stock.applied[position - 1].after if position and at_start else stock.before if at_start else step.after
    candidates = [t for name, t in sorted(earlier.tables.items()) if _promised(t, stock.final)]
    if not candidates or step.error is not None:
        return None
    table = random.choice(candidates)
    promised = stock.final.tables[table.name]
    column = random.choice([column for column in table.columns if promised.column(column.name)])
    breaking = random.choice(kinds.BREAKS)(table, column, random)
    body, module = mutants.snippet(breaking, style)
    lines = plant(copy.path(step.file), body, module, at_start=at_start)
    if lines is None:
        return None
    with stock.scripts.database.new(server_url, f"mutant_{os.getpid()}") as url:
        error, after = server.apply_at_once(stock.scripts.at(copy.folders), url, stock.failed)
    broken = _broken(stock, after.schema()) if error is None else ()
    if not any(place == str(table.name) for _, place, _ in broken):
        return None
    name = breaking.column.name if breaking.column is not None else None
    where = (step.revision, Path(step.file).name, tuple(sorted(lines)), mark, broken)
    return Mutant(breaking.kind, style, at_start, str(table.name), name, *where)


def _promised(table: Table, final: Schema) -> bool:
    """Whether contracts on the final schema are about this table, in a shape that a break can be planted on."""
    promised = final.tables.get(table.name)
    if promised is None or table.name.name in IGNORED or table.kind != "table":
        return False
    return any(promised.column(column.name) for column in table.columns)


def _broken(stock: Stock, actual: Schema) -> tuple[tuple[str, str, str | None], ...]:
    report = judge(stock.final, [Prediction(before=actual, steps=())], stock.scripts.database.dialect)
    return tuple(sorted({_what(violation) for violation in report.violations}, key=str))


def _what(violation: Violation) -> tuple[str, str, str | None]:
    return (violation.rule, str(violation.table), violation.column)


def ask(stock: Stock, mutant: Mutant, url: str) -> dict[str, Any]:
    """Predict a mutant, remove its scripts, and say whether its break was found.

    Returns:
        the mutant and, under ``found``, ``right place``, ``elsewhere``, ``unproven`` or ``kept``.
    """
    copy = Copy(
        tuple(Path(f).with_name(f"{Path(f).name}_{mutant.mark}") for f in stock.folders),
        tuple(Path(f) for f in stock.folders),
    )
    baseline = stock.before.schema() if stock.before.tables or stock.before.types else None

    def failed(step: RevisionStep) -> bool:
        return step.revision.revision in stock.failed

    watched = watched_tables(stock.before, stock.applied)
    predictions, _ = forecast(stock.scripts.at(copy.folders), url, baseline, watched, leave_out=failed)
    copy.remove()
    report = judge(stock.final, predictions, stock.scripts.database.dialect)
    said = {_what(violation) for violation in report.violations}
    return {
        **asdict(mutant),
        "found": _found(mutant, report),
        "places": sorted({f"{v.location.file}:{v.location.line}" for v in report.violations if v.location is not None}),
        "missed": sorted(map(str, set(mutant.broken) - said)),
        "invented": sorted(map(str, said - set(mutant.broken))),
        "unproven": [unproven.reason for unproven in report.unproven][:5],
    }


def _found(mutant: Mutant, report: Report) -> str:
    about = [violation for violation in report.violations if _what(violation) in mutant.broken]
    if any(
        v.location is not None and v.location.revision == mutant.revision and v.location.line in mutant.lines
        for v in about
    ):
        return "right place"
    if about:
        return "elsewhere"
    return "unproven" if report.unproven else "kept"

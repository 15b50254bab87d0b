"""``alembic-contracts coverage``: which tables and columns are under contract, and which contracts point at nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from alembic_contracts.commands._predicted import PARTLY, schema_of
from alembic_contracts.commands._shared import (
    DATABASE,
    DIALECT,
    OFFLINE,
    TO,
    Project,
    examples,
    range_of,
    told,
    with_options,
    written,
)

if TYPE_CHECKING:
    from alembic_contracts.reviews.coverage import Coverage

__all__ = ["COMMAND"]

_SUMMARY = "Show which tables and columns are under contract, which are not, and which contracts point at nothing."
_DESCRIPTION = """\
The tables are those of the database, or with --offline of the schema that the migrations predict.

Exit codes: 0; 1 less of the columns than --fail-under asks for are under contract; 2 could not be told; 3 it rests on a
prediction that is unproven.
"""
_EXAMPLES = (
    ("", "tables of the database"),
    ("--offline --fail-under 80", "in CI, without a database"),
    ("--offline --format markdown", "for a summary"),
)


@click.command(
    "coverage",
    help=f"{_SUMMARY}\n\n{_DESCRIPTION}",
    short_help=_SUMMARY,
    epilog=examples("coverage", _EXAMPLES),
)
@with_options((OFFLINE, TO, DIALECT, DATABASE))
@click.option(
    "--format", "format_", type=click.Choice(["text", "json", "markdown"]), default="text", help="Default: text."
)
@click.option(
    "--fail-under", type=click.FloatRange(0, 100), metavar="PERCENT", help="Exit 1 below this share of columns."
)
@click.pass_obj
@told
def COMMAND(project: Project, /, format_: str, fail_under: float | None, **values: Any) -> int:  # noqa: N802 - found by this name
    """Compare the contracts with the tables."""
    from alembic_contracts.judging.elsewhere import aligned
    from alembic_contracts.reviews.coverage import coverage_of
    from alembic_contracts.running.terms import required

    config = project.config()
    terms = required(config)
    seen = schema_of(config, range_of(values), terms.settings.snapshot, terms)
    alike = aligned(terms.contracts, seen.dialect, (seen.schema,))
    coverage = coverage_of(alike.contracts, alike.schema(seen.schema))
    written(_FORMATS[format_](coverage, seen.gaps), format_)
    if fail_under is not None and coverage.percent < fail_under:
        click.echo(f"{coverage.percent:.1f} % is less than the {fail_under:g} % that are asked for.", err=True)
        return 1
    return PARTLY if seen.gaps else 0


def _text(coverage: Coverage, gaps: str) -> Iterator[str]:
    width = max((len(str(row.table)) for row in coverage.rows), default=0)
    for row in coverage.rows:
        total = len(row.covered) + len(row.others)
        if not row.contracts:
            yield f"{row.table!s:{width}}  no contract ({total} columns)"
            continue
        missing = f", not: {', '.join(row.others)}" if row.others else ""
        yield f"{row.table!s:{width}}  {len(row.covered)} of {total} columns by {', '.join(row.contracts)}{missing}"
    for contract, place in coverage.dangling:
        yield f"{contract} points at {place}, which is not there"
    yield _verdict(coverage)
    if gaps:
        yield gaps


def _markdown(coverage: Coverage, gaps: str) -> Iterator[str]:
    from alembic_contracts.texts import markdown, markdown_code

    yield f"### {_verdict(coverage)}\n\n| Table | Columns | Contracts | Not under contract |\n|---|---|---|---|"
    for row in coverage.rows:
        share = f"{len(row.covered)} of {len(row.covered) + len(row.others)}"
        contracts, others = (", ".join(map(markdown_code, names)) for names in (row.contracts, row.others))
        yield f"| {markdown_code(str(row.table))} | {share} | {contracts} | {others} |"
    for contract, place in coverage.dangling:
        yield f"\n{markdown_code(contract)} points at {markdown_code(place)}, which is not there."
    if gaps:
        yield f"\n**{markdown(gaps)}**"


def _json(coverage: Coverage, gaps: str) -> Iterator[str]:
    tables = [
        {"table": str(r.table), "covered": r.covered, "uncovered": r.others, "contracts": r.contracts}
        for r in coverage.rows
    ]
    dangling = [{"contract": contract, "place": place} for contract, place in coverage.dangling]
    document = {"version": 1, "percent": round(coverage.percent, 2), "tables": tables, "dangling": dangling}
    document["partial"] = gaps or None
    yield json.dumps(document, indent=2)


def _verdict(coverage: Coverage) -> str:
    tables = sum(bool(row.contracts) for row in coverage.rows)
    return f"{coverage.percent:.1f} % of the columns are under contract, in {tables} of {len(coverage.rows)} tables."


_FORMATS = {"text": _text, "markdown": _markdown, "json": _json}

"""``alembic-contracts docs``: the catalogue as a static site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

from alembic_contracts.commands._predicted import PARTLY, partly, planned
from alembic_contracts.commands._shared import (
    DATABASE,
    DIALECT,
    FROM,
    OFFLINE,
    TO,
    Project,
    examples,
    told,
    with_options,
)

__all__ = ["COMMAND"]

_SUMMARY = "Write a catalogue to look at: contracts, schema, coverage, and what is pending."
_DESCRIPTION = """\
A folder with a page a contract, all tables, what is pending, and a search. It needs neither a server nor the network:
open index.html, or publish it anywhere. The schema is that of the database, or with --offline the one that the
migrations predict. Pages of contracts that are gone are removed.

Exit codes: 0 written, 2 could not be, 3 written, and it rests on a prediction that is unproven.
"""
_EXAMPLES = (
    ("--output site", "of the database as it is"),
    ("--offline --output site", "without a database, in CI"),
    ("--offline --from 1a2b3c --output site", "with these revisions as what is pending"),
)


@click.command("docs", help=f"{_SUMMARY}\n\n{_DESCRIPTION}", short_help=_SUMMARY, epilog=examples("docs", _EXAMPLES))
@with_options((OFFLINE, FROM, TO, DIALECT, DATABASE))
@click.option("--output", required=True, metavar="DIR", help="The folder to write to.")
@click.pass_obj
@told
def COMMAND(project: Project, /, output: str, **values: Any) -> int:  # noqa: N802 - found by this name
    """Predict what is pending and write the pages."""
    from alembic_contracts.reviews import site

    terms, range_, found = planned(project, values, single=True)
    plan = found[0]
    schema = plan.after if range_.offline or range_.start else plan.before
    gaps = partly(plan.doubts if range_.offline or range_.start else ())
    notices = [gaps] * bool(gaps)
    terms = replace(terms, contracts=plan.contracts)
    written = site.write(Path(output), plan, terms, schema=schema, notices=notices)
    click.echo("\n".join([f"Wrote {written[0]}.", *notices]), err=True)
    return PARTLY if gaps else 0

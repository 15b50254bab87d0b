"""``alembic-contracts lint``: are the contract files valid? Needs neither env.py nor a database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alembic_contracts import texts
from alembic_contracts.commands._predicted import schema_of, told_of
from alembic_contracts.commands._shared import CANNOT, Project, examples, told, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alembic.config import Config

    from alembic_contracts.commands._predicted import Seen
    from alembic_contracts.contracts.contract import Contract
    from alembic_contracts.dialects import Dialect
    from alembic_contracts.errors import Problem
    from alembic_contracts.running.terms import Terms
    from alembic_contracts.schemas.schema import Schema

__all__ = ["COMMAND"]

_SUMMARY = "Validate contract files: every problem with its file, line and column."
_DESCRIPTION = """\
Sidecars and waivers included. Without PATHs those of the settings. Neither env.py nor a database is needed.
With --against, tables, columns and types that contracts name have to be there: `head` or another revision is predicted
from the version scripts, which are run as by `check`; a snapshot is read.

Exit codes: 0 all valid; 2 something is not; 3 with --against: the prediction has gaps, so that names are in doubt.
"""
_EXAMPLES = (
    ("", "all contracts of the project"),
    ("contracts/orders.json", "one file, for editors and hooks"),
    ("contracts/waivers.yaml", "waivers: do they name what there is?"),
    ("--against head", "and are all names right, once all migrations have run?"),
    ("--against schema_snapshot.json", "the same by a committed snapshot, for consumers without the migrations"),
    ("--format github", "annotations in a GitHub workflow"),
)


@click.command("lint", help=f"{_SUMMARY}\n\n{_DESCRIPTION}", short_help=_SUMMARY, epilog=examples("lint", _EXAMPLES))
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path())
@click.option(
    "--format", "format_", type=click.Choice(["text", "json", "github"]), default="text", help="Default: text."
)
@click.option(
    "--against", metavar="REV|SNAPSHOT", help="Names have to be there: at this revision, or in this snapshot."
)
@click.pass_obj
@told
def COMMAND(project: Project, paths: tuple[str, ...], format_: str, against: str | None) -> int:  # noqa: N802 - found by this name
    """Load the files and print what is wrong with them."""
    from alembic_contracts.contracts.linting import lint
    from alembic_contracts.judging.engine import facts_of
    from alembic_contracts.running.terms import Terms, settings_of

    root, config = Path.cwd(), project.config()
    settings = settings_of(config)
    found = lint([root / path for path in paths] or settings.contracts, project=settings.contracts, root=root)
    contracts = found.contracts
    problems, gaps = found.problems, ""
    if against is not None and not problems:
        problems, gaps = _unknown(config, Terms(settings, contracts), against)
    if problems:
        _write(problems, format_)
        return told_of(gaps) or CANNOT
    _warn(contracts)
    if format_ == "json":
        click.echo("[]")
    elif format_ == "text":
        facts = sum(len(tuple(facts_of(contract, settings.rules))) for contract in contracts)
        one = len(contracts) == 1
        click.echo(f"{len(contracts)} contract{'' if one else 's'} with {facts} facts {'is' if one else 'are'} valid.")
    return told_of(gaps)


def _unknown(config: Config, terms: Terms, against: str) -> tuple[tuple[Problem, ...], str]:
    """Return what contracts name and a schema has not, and what is to be said where that schema is known in part."""
    from alembic_contracts import dialects
    from alembic_contracts.schemas import snapshots

    snapshot = snapshots.read(Path(against))
    if snapshot is not None:
        dialect = dialects.load(snapshot.dialect)
        return tuple(_missing(terms, terms.contracts, snapshot.schema, dialect, f"in {against}")), ""
    problems: list[Problem] = []
    gaps: dict[str, None] = {}
    for kind in dict.fromkeys(contract.kind for contract in terms.contracts):
        seen = _predicted(config, terms, against, dialects.load(kind))
        contracts = [contract for contract in terms.contracts if contract.kind == kind]
        problems.extend(_missing(terms, contracts, seen.schema, seen.dialect, f"at {against}"))
        gaps.update({seen.gaps: None} if seen.gaps else {})
    return tuple(sorted(problems)), "\n".join(gaps)


def _predicted(config: Config, terms: Terms, revision: str, dialect: Dialect) -> Seen:
    """Return what the version scripts lead to on one kind of database.

    Raises:
        CannotCheck: that cannot be foreseen.
    """
    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.running.environments import Range
    from alembic_contracts.running.unheld import sentence

    if dialect.FORESIGHT == "none":
        raise CannotCheck(f"{sentence(dialect)} So names in contracts about it cannot be looked up at a revision.")
    return schema_of(config, Range(offline=True, target=revision, dialect=dialect.KIND), terms.settings.snapshot)


def _missing(
    terms: Terms, contracts: Sequence[Contract], schema: Schema, dialect: Dialect, where: str
) -> Iterator[Problem]:
    from alembic_contracts.judging.elsewhere import aligned
    from alembic_contracts.reviews.unknown_names import unknown_names

    alike = aligned(contracts, dialect, (schema,))
    there = alike.schema(schema)
    for own in (True, False):
        some = [contract for contract in alike.contracts if (contract.kind == dialect.KIND == "postgresql") == own]
        yield from unknown_names(some, there, where, terms.today, types=own)


def _warn(contracts: Sequence[Contract]) -> None:
    """Say what is allowed, and leaves people without somebody to ask, or without a way to keep it."""
    from alembic_contracts.contracts.contract import NOT_STATED
    from alembic_contracts.contracts.linting import contradictions
    from alembic_contracts.reporters._wording import contract_place

    for contract in contracts:
        if contract.owner.name == NOT_STATED:
            text = f"{contract.id} states no owner, so nobody knows whom to ask (`team`)"
            click.echo(texts.line(f"warning: {contract_place(contract.location)}: {text}"), err=True)
    for one, other in contradictions(contracts):
        text = f"states another `{one.rule}` of {one.place} than {contract_place(other.location)}: no schema keeps both"
        click.echo(texts.line(f"warning: {contract_place(one.location)}: {text}"), err=True)


def _write(problems: Sequence[Problem], format_: str) -> None:
    if format_ == "json":
        keys = ("file", "line", "column", "pointer", "message")
        click.echo(json.dumps([{key: getattr(problem, key) for key in keys} for problem in problems], indent=1))
        return
    for problem in problems:
        if format_ == "github":
            from alembic_contracts.reporters.github import command

            click.echo(command("error", problem.file, problem.line or 1, "Invalid contract", problem.message))
        else:
            written([str(problem)], "text")

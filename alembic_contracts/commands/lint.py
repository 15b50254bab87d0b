"""``alembic-contracts lint``: are the contract files valid? Needs neither env.py nor a database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alembic_contracts.commands._shared import CANNOT, Project, examples, told, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alembic_contracts.errors import Problem

__all__ = ["COMMAND"]

_SUMMARY = "Validate contract files: every problem with its file, line and column."
_DESCRIPTION = """\
Sidecars and waivers included. Without PATHs those of the settings. Neither env.py nor a database is needed.

Exit codes: 0 all valid; 2 something is not.
"""
_EXAMPLES = (
    ("", "all contracts of the project"),
    ("contracts/orders.json", "one file, for editors and hooks"),
    ("contracts/waivers.yaml", "waivers: do they name what there is?"),
    ("--format github", "annotations in a GitHub workflow"),
)


@click.command("lint", help=f"{_SUMMARY}\n\n{_DESCRIPTION}", short_help=_SUMMARY, epilog=examples("lint", _EXAMPLES))
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path())
@click.option(
    "--format", "format_", type=click.Choice(["text", "json", "github"]), default="text", help="Default: text."
)
@click.pass_obj
@told
def COMMAND(project: Project, paths: tuple[str, ...], format_: str) -> int:  # noqa: N802 - found by this name
    """Load the files and print what is wrong with them."""
    from alembic_contracts.contracts.linting import lint

    root = Path.cwd()
    settings = _of_settings(project)
    found = lint([root / path for path in paths] or settings, project=settings, root=root)
    contracts = found.contracts
    if found.problems:
        _write(found.problems, format_)
        return CANNOT
    if format_ == "json":
        click.echo("[]")
    elif format_ == "text":
        facts = sum(len(contract.facts) for contract in contracts)
        one = len(contracts) == 1
        click.echo(f"{len(contracts)} contract{'' if one else 's'} with {facts} facts {'is' if one else 'are'} valid.")
    return 0


def _of_settings(project: Project) -> Sequence[Path]:
    from alembic_contracts.running.terms import settings_of

    return settings_of(project.config()).contracts


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

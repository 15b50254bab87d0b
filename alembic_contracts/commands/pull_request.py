"""``alembic-contracts pull-request``: the check as a GitHub workflow runs it, with annotations and one comment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alembic_contracts.commands._predicted import checked
from alembic_contracts.commands._shared import BASE, CANNOT, DIALECT, Project, examples, told, with_options

if TYPE_CHECKING:
    from alembic_contracts.judging.violations import Report

__all__ = ["COMMAND"]

_SUMMARY = "Check a pull request in a GitHub workflow: annotate lines, keep one comment up to date."
_DESCRIPTION = """\
Predicts all migrations without a database, and holds them to the contracts of the base branch as well. Annotations go
to standard output, the comment to the job's summary and, where the token may write it, to the pull request; from a fork
it may not, and the exit code is right all the same. Reads GITHUB_EVENT_PATH, GITHUB_REPOSITORY, GITHUB_BASE_REF,
GITHUB_API_URL, GITHUB_STEP_SUMMARY and GITHUB_TOKEN.

Exit codes: 0 kept, 1 broken, 2 could not check, 3 unproven and nothing broken.
"""
_EXAMPLES = (
    ("", "in a workflow for pull requests"),
    ("--no-comment --sarif contracts.sarif", "annotations, and a file for code scanning"),
)


@click.command(
    "pull-request",
    help=f"{_SUMMARY}\n\n{_DESCRIPTION}",
    short_help=_SUMMARY,
    epilog=examples("pull-request", _EXAMPLES),
)
@with_options((BASE, DIALECT))
@click.option("--comment/--no-comment", default=True, help="Whether to comment (default: yes).")
@click.option("--sarif", metavar="FILE", help="Write the report as SARIF, too.")
@click.pass_obj
@told
def COMMAND(project: Project, /, *, comment: bool, sarif: str | None, **values: Any) -> int:  # noqa: N802 - found by this name
    """Check, annotate, comment."""
    from alembic_contracts import texts
    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.pull_request.comment import not_checked, of_report
    from alembic_contracts.pull_request.owners import code_owners
    from alembic_contracts.running.check import EXIT_CODES

    branch = os.environ.get("GITHUB_BASE_REF")
    base = values["base_"] or (f"origin/{branch}" if branch else None)
    try:
        report = checked(project.config(), base=base, dialect=values["dialect_"])
    except CannotCheck as error:
        click.echo(f"::error title=Data contracts could not be checked::{texts.github_data(str(error))}")
        click.echo(f"Data contracts could not be checked.\n{error}", err=True)
        _say(not_checked(str(error)), comment=comment, create=True)
        return CANNOT
    _render(report, sarif)
    owners = code_owners({v.contract_location.file for v in report.violations}, Path.cwd())
    _say(of_report(report, owners), comment=comment, create=report.status != "kept")
    return EXIT_CODES[report.status] if report.refuses else EXIT_CODES["kept"]


def _render(report: Report, sarif: str | None) -> None:
    from alembic_contracts import reporters
    from alembic_contracts.commands._shared import written
    from alembic_contracts.judging import rules

    click.echo(reporters.render(report, "github", rules=rules.load()), nl=False)
    if sarif is not None:
        written([reporters.render(report, "sarif", rules=rules.load())], "sarif", sarif)


def _say(text: str, *, comment: bool, create: bool) -> None:
    """Write the comment to the job's summary, and to the pull request where that is possible."""
    from alembic_contracts.pull_request.github import PullRequest, keep_comment
    from alembic_contracts.pull_request.rest import ServiceError
    from alembic_contracts.reporters.markdown import MARKER

    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(text)
    pull_request, token = PullRequest.of_event(os.environ), os.environ.get("GITHUB_TOKEN")
    if not comment or pull_request is None or not token:
        return
    if pull_request.from_fork:
        click.echo("note: pull requests from forks are not commented on; see the job's summary.", err=True)
        return
    api = os.environ.get("GITHUB_API_URL") or "https://api.github.com"
    try:
        done = keep_comment(pull_request, text, MARKER, create=create, api=api, token=token)
    except ServiceError as error:
        click.echo(f"note: no comment was written: {error}. It needs `pull-requests: write`.", err=True)
        return
    click.echo(f"note: comment {done}", err=True)

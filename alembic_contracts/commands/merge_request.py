"""``alembic-contracts merge-request``: the check as a GitLab pipeline runs it, with one comment of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alembic_contracts.commands._predicted import checked
from alembic_contracts.commands._shared import BASE, CANNOT, DIALECT, Project, examples, told, with_options, written

if TYPE_CHECKING:
    from alembic_contracts.judging.violations import Report
    from alembic_contracts.pull_request.gitlab import MergeRequest

__all__ = ["COMMAND"]

_SUMMARY = "Check a merge request in a GitLab pipeline: keep one comment up to date."
_DESCRIPTION = """\
Predicts all migrations without a database, and holds them to the contracts at the commit where the branch left the
target branch as well. The report goes to standard output, the comment to the merge request where GITLAB_TOKEN is an
access token with the scope `api`; GitLab's own job token may not comment. From a fork there is none, and the exit code
is right all the same. Reads CI_API_V4_URL, CI_MERGE_REQUEST_IID, CI_MERGE_REQUEST_PROJECT_ID,
CI_MERGE_REQUEST_SOURCE_PROJECT_ID, CI_MERGE_REQUEST_DIFF_BASE_SHA and GITLAB_TOKEN.

Exit codes: 0 kept, 1 broken, 2 could not check, 3 unproven and nothing broken.
"""
_EXAMPLES = (
    ("", "in a pipeline for merge requests"),
    ("--junit contracts.xml", "and a file for the merge request's list of tests"),
)


@click.command(
    "merge-request",
    help=f"{_SUMMARY}\n\n{_DESCRIPTION}",
    short_help=_SUMMARY,
    epilog=examples("merge-request", _EXAMPLES),
)
@with_options((BASE, DIALECT))
@click.option("--comment/--no-comment", default=True, help="Whether to comment (default: yes).")
@click.option("--junit", metavar="FILE", help="Write the report as JUnit XML, too.")
@click.pass_obj
@told
def COMMAND(project: Project, /, *, comment: bool, junit: str | None, **values: Any) -> int:  # noqa: N802 - found by this name
    """Check, report, comment."""
    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.pull_request.comment import not_checked, of_report
    from alembic_contracts.pull_request.gitlab import MergeRequest
    from alembic_contracts.pull_request.owners import OF_GITLAB, code_owners
    from alembic_contracts.running.check import EXIT_CODES

    request = MergeRequest.of_pipeline(os.environ)
    base = values["base_"] or (request.base if request is not None else None)
    try:
        report = checked(project.config(), base=base, dialect=values["dialect_"])
    except CannotCheck as error:
        click.echo(f"Data contracts could not be checked.\n{error}", err=True)
        _say(request if comment else None, not_checked(str(error)), create=True)
        return CANNOT
    _render(report, junit)
    owners = code_owners({v.contract_location.file for v in report.violations}, Path.cwd(), OF_GITLAB)
    _say(request if comment else None, of_report(report, owners), create=report.status != "kept")
    return EXIT_CODES[report.status] if report.refuses else EXIT_CODES["kept"]


def _render(report: Report, junit: str | None) -> None:
    from alembic_contracts import reporters
    from alembic_contracts.judging import rules
    from alembic_contracts.support import terminal

    color = terminal.uses_color(sys.stdout)
    click.echo(reporters.render(report, "text", width=terminal.width(), color=color), nl=False, color=color)
    if junit is not None:
        written([reporters.render(report, "junit", rules=rules.load())], "junit", junit)


def _say(request: MergeRequest | None, text: str, *, create: bool) -> None:
    """Write the comment where that is possible, and say where it is not."""
    from alembic_contracts.pull_request.gitlab import keep_comment
    from alembic_contracts.pull_request.rest import ServiceError
    from alembic_contracts.reporters.markdown import MARKER

    if request is None:
        return
    if request.from_fork:
        click.echo("note: merge requests from forks are not commented on.", err=True)
        return
    token = os.environ.get("GITLAB_TOKEN")
    if not token:
        click.echo("note: no comment was written: there is no GITLAB_TOKEN.", err=True)
        return
    try:
        done = keep_comment(request, text, MARKER, create=create, token=token)
    except ServiceError as error:
        click.echo(f"note: no comment was written: {error}. It needs a token with the scope `api`.", err=True)
        return
    click.echo(f"note: comment {done}", err=True)

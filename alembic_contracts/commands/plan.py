"""``alembic-contracts plan``: what the pending revisions change, whom it touches, and the verdict."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from alembic_contracts.commands._predicted import planned
from alembic_contracts.commands._shared import (
    DATABASE,
    DIALECT,
    FROM,
    OFFLINE,
    OUTPUT,
    TO,
    Project,
    examples,
    told,
    with_options,
    written,
)

if TYPE_CHECKING:
    from alembic_contracts.judging.violations import Report, Violation
    from alembic_contracts.reviews.plans import Plan, Revision, Touch
    from alembic_contracts.schemas.uses import Place

__all__ = ["COMMAND"]

_SUMMARY = "Show what the pending revisions change, which contracts and owners that touches, and the verdict."
_DESCRIPTION = """\
Each revision is listed with the net effect that it has on the schema: columns added, renamed, retyped, keys dropped ...
Without options the pending revisions are those of the database; with --offline all from an empty one, or from --from.

Exit codes: 0 kept, 1 broken, 2 could not be told, 3 unproven and nothing broken.
"""
_EXAMPLES = (
    ("", "what would `alembic upgrade head` change?"),
    ("--offline --from 1a2b3c", "without a database: what these revisions change"),
    ("--offline --from 1a2b3c --format markdown", "for the description of a pull request"),
)


@click.command("plan", help=f"{_SUMMARY}\n\n{_DESCRIPTION}", short_help=_SUMMARY, epilog=examples("plan", _EXAMPLES))
@with_options((OFFLINE, FROM, TO, DIALECT, DATABASE, OUTPUT))
@click.option(
    "--format", "format_", type=click.Choice(["text", "json", "markdown"]), default="text", help="Default: text."
)
@click.pass_obj
@told
def COMMAND(project: Project, /, format_: str, output_: str | None, **values: Any) -> int:  # noqa: N802 - found by this name
    """Predict the pending revisions and print them."""
    from alembic_contracts.running.check import EXIT_CODES

    _, _, found = planned(project, values)
    written(_FORMATS[format_](found), format_, output_)
    codes = {EXIT_CODES[plan.report.status] for plan in found}
    return next(code for code in (1, 3, 0) if code in codes)


# -- text --------------------------------------------------------------------------------------------------------------


def _text(plans: tuple[Plan, ...]) -> Iterator[str]:
    for plan in plans:
        count = len(plan.revisions)
        yield "Nothing is pending." if not count else f"{count} pending revision{'s' if count > 1 else ''}"
        for revision in plan.revisions:
            yield from _text_of(revision)
        for violation in plan.elsewhere:
            yield ""
            yield f"{violation.severity}[{violation.rule}]: {violation.message} ({violation.contract})"
        yield ""
        if plan.postponed:
            yield plan.postponed
        yield f"Verdict: {_verdict(plan.report)}."


def _verdict(report: Report) -> str:
    """Return it in words: kept is what was looked at."""
    checked = report.checked
    if report.status != "kept" or not checked.not_applicable:
        return report.status
    whole = checked.facts + checked.not_applicable
    left = f"{checked.not_applicable} of {whole} facts not applicable on {checked.unheld_on}"
    return f"nothing was checked ({left})" if checked.saw_nothing else f"kept ({left})"


def _text_of(revision: Revision) -> Iterator[str]:
    from alembic_contracts.schemas.uses import used_by

    yield ""
    yield f"{revision.id}  {revision.message}".rstrip() + f"  ({revision.file})"
    for touch in revision.touches:
        yield f"  {_mark(touch)} {touch.change.text}"
        for contract in touch.contracts:
            yield f"      touches {contract.id}, {contract.owner}"
            if seen := used_by(touch.seen(contract)):
                yield f"        {seen}"
    if not revision.touches and not revision.unproven:
        yield "  changes nothing of the schema"
    for violation in revision.violations:
        yield f"  {violation.severity}[{violation.rule}]: {violation.message}"
        yield f"      breaks {violation.contract}, {violation.owner}"
        if seen := used_by(violation.used_by):
            yield f"        {seen}"
    for unproven in revision.unproven:
        yield f"  unproven: {unproven.reason}"


def _mark(touch: Touch) -> str:
    kind = touch.change.kind
    return "+" if kind.endswith(" added") else "-" if kind.endswith(" dropped") else "~"


# -- Markdown ----------------------------------------------------------------------------------------------------------


def _markdown(plans: tuple[Plan, ...]) -> Iterator[str]:
    for plan in plans:
        yield f"## Migration plan: {_verdict(plan.report)}"
        yield ""
        if not plan.revisions:
            yield "Nothing is pending."
        for revision in plan.revisions:
            yield from _markdown_of(revision)
        for violation in plan.elsewhere:
            yield f"- {_in_bold(violation)}"
        if plan.postponed:
            from alembic_contracts.texts import markdown as prose

            yield prose(plan.postponed)


def _markdown_of(revision: Revision) -> Iterator[str]:
    from alembic_contracts.texts import markdown as prose
    from alembic_contracts.texts import markdown_code as code

    yield f"### {code(revision.id)} {prose(revision.message)}".rstrip()
    yield ""
    yield f"{code(revision.file)}, {revision.status}"
    yield ""
    if revision.touches:
        yield "| change | touches |"
        yield "|---|---|"
        for touch in revision.touches:
            owners = "<br>".join(
                f"{code(each.id)} ({prose(str(each.owner))}){_seen(touch.seen(each))}" for each in touch.contracts
            )
            yield f"| {_mark(touch)} {prose(touch.change.text)} | {owners or 'no contract'} |"
    elif not revision.unproven:
        yield "Changes nothing of the schema."
    yield ""
    for violation in revision.violations:
        yield f"- {_in_bold(violation)}"
    for unproven in revision.unproven:
        yield f"- **unproven**: {prose(unproven.reason)}"
    if revision.violations or revision.unproven:
        yield ""


def _in_bold(violation: Violation) -> str:
    from alembic_contracts.texts import markdown as prose
    from alembic_contracts.texts import markdown_code as code

    whose = f"{code(violation.contract)}{_seen(violation.used_by)}"
    return f"**{violation.severity}** {code(violation.rule)}: {prose(violation.message)} ({whose})"


def _seen(places: tuple[Place, ...]) -> str:
    """Return where consumers are seen to use it, behind a comma; maybe nothing."""
    from alembic_contracts.schemas.uses import used_by
    from alembic_contracts.texts import markdown as prose
    from alembic_contracts.texts import markdown_code as code

    seen = used_by(places, line=code, what=prose)
    return f", {seen}" if seen else ""


# -- JSON --------------------------------------------------------------------------------------------------------------


def _json(plans: tuple[Plan, ...]) -> Iterator[str]:
    from alembic_contracts import reporters

    databases = []
    for plan in plans:
        report = json.loads(reporters.render(plan.report, "json"))
        revisions = [
            {
                "revision": revision.id,
                "message": revision.message,
                "file": revision.file,
                "status": revision.status,
                "changes": [_change(touch) for touch in revision.touches],
            }
            for revision in plan.revisions
        ]
        databases.append(
            {
                "status": plan.report.status,
                "revisions": revisions,
                "postponed": plan.postponed or None,
                "report": report,
            }
        )
    yield json.dumps({"version": 1, "databases": databases}, indent=2)


def _change(touch: Touch) -> dict[str, object]:
    change = touch.change
    was = change.was
    return {
        "kind": change.kind,
        "table": None if change.table is None else str(change.table),
        "column": change.column,
        "text": change.text,
        "was": None if was is None else {"table": str(was[0]), "column": was[1]},
        "contracts": [
            {
                "id": contract.id,
                "owner": {"name": contract.owner.name, "email": contract.owner.email},
                "used_by": [place.as_json for place in touch.seen(contract)],
            }
            for contract in touch.contracts
        ],
    }


_FORMATS = {"text": _text, "json": _json, "markdown": _markdown}

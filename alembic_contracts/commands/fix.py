"""``alembic-contracts fix``: writes the revisions that the advice of a refusal describes, ready to review."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.commands._shared import (
    DATABASE,
    DIALECT,
    OFFLINE,
    Project,
    contracted,
    examples,
    range_of,
    told,
    with_options,
    written,
)

if TYPE_CHECKING:
    from alembic.config import Config

    from alembic_contracts.judging.violations import Violation
    from alembic_contracts.reviews.fixes.drafts import Draft, Wanted
    from alembic_contracts.reviews.fixes.expanding import Expansion
    from alembic_contracts.running.pending import Run
    from alembic_contracts.running.terms import Terms

__all__ = ["COMMAND"]

_SUMMARY = "Write the revisions that the advice of a refusal describes: expand now, contract later."
_DESCRIPTION = """\
Creates what contracts state and is missing. Where a revision that is pending in the database takes something away that
consumers rely on, its statement is commented out, and what is new comes beside what stays. All of it goes into one new
revision, the expanding one, by the project's own template and hooks. WHAT limits it to tables or columns.

With --contract a second revision follows, which drops what no contract relies on from its sunset on, and refuses to run
before that day. It stops `alembic upgrade head` until then, so it is written when it is asked for.

Exit codes: 0 written, or there is nothing to do, and all contracts are kept; 1 something is left to be done by hand;
2 could not be written; 3 written, and unproven.
"""
_EXAMPLES = (
    ("--dry-run", "what would be written?"),
    ("", "the expanding revision"),
    ("--contract", "and the one that drops what has a sunset"),
    ("--contract orders.total --sunset 2030-12-31", "the day that its owner has agreed to"),
)


class _Options(Struct, frozen=True, kw_only=True):
    """What the command line says."""

    what: tuple[str, ...]
    contract: bool
    agreed: date | None
    message: str | None
    head: str
    folder: Path | None
    """Where to write for those who only want to see it."""


@click.command("fix", help=f"{_SUMMARY}\n\n{_DESCRIPTION}", short_help=_SUMMARY, epilog=examples("fix", _EXAMPLES))
@click.argument("what", nargs=-1, metavar="[WHAT]...", shell_complete=contracted)
@with_options((OFFLINE, DIALECT, DATABASE))
@click.option("--contract", is_flag=True, help="Write the contracting revision, too.")
@click.option(
    "--sunset",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY",
    help="With --contract and WHAT: the day on which it may go where its contract names none.",
)
@click.option("--dry-run", is_flag=True, help="Print what would be written, and write nothing.")
@click.option("-m", "--message", metavar="TEXT", help="Message of the expanding revision.")
@click.option("--head", default="head", metavar="REV", help="What the revision follows (default: head).")
@click.pass_obj
@told
def COMMAND(  # noqa: N802 - found by this name
    project: Project, /, what: tuple[str, ...], *, contract: bool, sunset: datetime | None, dry_run: bool,
    message: str | None, head: str, **values: Any,
) -> int:  # fmt: skip
    """Find out what is to be done, write it, and check again."""
    from tempfile import TemporaryDirectory

    from alembic_contracts.running.terms import required

    if sunset is not None and not (contract and what):
        raise click.UsageError("--sunset says when WHAT may go: use it with --contract, and name a table or column.")
    config = project.config()
    terms = required(config)
    with TemporaryDirectory() as folder:
        options = _Options(
            what=what,
            contract=contract,
            agreed=sunset.date() if sunset is not None else None,
            message=message,
            head=head,
            folder=Path(folder) if dry_run else None,
        )
        lines, left = _fixed(config, terms, options, values)
    written([*(lines or ["There is nothing to write."]), *left], "text")
    if dry_run or not lines:
        return int(bool(left))
    return _verdict(config, values) or int(bool(left))


def _fixed(
    config: Config, terms: Terms, options: _Options, values: dict[str, Any]
) -> tuple[list[str], tuple[str, ...]]:
    """Write what is to be written; return what to say, and what is left to people."""
    from alembic_contracts.running import environments
    from alembic_contracts.support import terminal

    said: list[str] = []
    left: list[str] = []
    with terminal.own_output("Predicting revision") as progress:

        def look(run: Run) -> None:
            found, more = _of_run(run, terms, options, progress)
            said.extend(found)
            left.extend(more)

        environments.visit(config, replace(range_of(values), snapshot=terms.settings.snapshot, single=True), look)
    return said, tuple(left)


def _of_run(run: Run, terms: Terms, options: _Options, progress: Any) -> tuple[list[str], tuple[str, ...]]:
    from alembic.util import CommandError

    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.judging.elsewhere import aligned
    from alembic_contracts.reviews.fixes.dropping import contraction
    from alembic_contracts.reviews.fixes.expanding import expansion
    from alembic_contracts.running.contract_first import made_for, metadata
    from alembic_contracts.running.courses import follow
    from alembic_contracts.running.databases import narrowed
    from alembic_contracts.running.examination import judge, policy_of
    from alembic_contracts.running.unheld import require_shown

    require_shown(run)
    held = narrowed(terms, run)
    course = follow(run, None, shadow_url=terms.settings.shadow_url, progress=progress)
    report = judge(course, held, policy_of(run, held, phase="check", scope="target"))
    try:
        stated = made_for(metadata(terms.settings.contracts), run.dialect)
    except CommandError as error:
        raise CannotCheck(f"No tables can be made of the contracts: {error}") from error
    alike = aligned(held.contracts, run.dialect, tuple(course.predictions[0].schemas))
    course = replace(course, predictions=tuple(map(alike.prediction, course.predictions)))
    wanted = _wanted(options.what, held)
    found = expansion(course, stated, report, wanted)
    last, in_the_way = None, tuple[str, ...]()
    if options.contract:
        last, in_the_way = contraction(course, alike.contracts, stated, wanted, expansion=found, agreed=options.agreed)
        if last is None and not in_the_way:
            raise CannotCheck(
                "Nothing that is there may go: no contract says until when (`sunset`), or another one relies on it "
                "without an end; `alembic-contracts who TABLE` tells. --sunset names a day that was agreed on."
            )
    return list(_write(run, found, last, options)), (*_by_hand(found.left), *in_the_way)


def _wanted(what: tuple[str, ...], terms: Terms) -> Wanted:
    """Return whether a table or column is meant.

    Raises:
        CannotCheck: no contract names one that was asked for.
    """
    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.reviews.consumers import meant, names, spellings
    from alembic_contracts.support.suggestions import did_you_mean

    for each in what:
        if not meant(each, terms.contracts):
            known = sorted({spelling for name in names(terms.contracts) for spelling in spellings(*name)})
            raise CannotCheck(f"No contract names `{each}`{did_you_mean(each, known)}")

    def wanted(table: Any, column: str | None) -> bool:
        return not what or any(each in (*spellings(table, None), *spellings(table, column)) for each in what)

    return wanted


def _write(run: Run, found: Expansion, last: Draft | None, options: _Options) -> Iterator[str]:
    """Write scripts, and yield what to say of it."""
    from alembic_contracts.reviews.fixes import drafts
    from alembic_contracts.support.paths import shown

    scripts = drafts.scripts_of(run.environment.config, options.folder)
    head = options.head
    first = found.draft and replace(found.draft, message=options.message or found.draft.message)
    for draft in (first, last):
        if draft is None:
            continue
        head, path = drafts.written(draft, run, scripts, head=head, folder=options.folder)
        if options.folder is not None:
            yield f"# {path.name}"
            yield from path.read_text(encoding="utf-8").splitlines()
        else:
            day = f", which refuses to run before {draft.day:%Y-%m-%d}" if draft.day is not None else ""
            yield f"Wrote {shown(path)}: {draft.message}{day}."
    yield from _strike(found, dry_run=options.folder is not None)


def _strike(found: Expansion, *, dry_run: bool) -> Iterator[str]:
    import difflib

    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.support.paths import shown

    for path, struck in found.strikes.items():
        if dry_run:
            before = path.read_text(encoding="utf-8").splitlines()
            yield from difflib.unified_diff(
                before, struck.text.splitlines(), shown(path), shown(path), lineterm="", n=1
            )
            continue
        try:
            path.write_text(struck.text, encoding="utf-8", newline="")
        except OSError as error:
            raise CannotCheck(f"{shown(path)} cannot be written: {error.strerror}") from error
        lines = ", ".join(f"{first}" if first == last else f"{first} to {last}" for first, last in struck.lines)
        word = "line" if len(struck.lines) == 1 else "lines"
        yield f"Commented out in {shown(path)}: {word} {lines}. Look whether its downgrade() fits."


def _by_hand(left: tuple[Violation, ...]) -> Iterator[str]:
    for violation in left:
        place = violation.location
        where = f"{place.file}:{place.line}: " if place is not None else ""
        yield f"Left to you: {where}{violation.message}"
        yield from (f"  {line}" for line in violation.remedy.splitlines())


def _verdict(config: Config, values: dict[str, Any]) -> int:
    """Check again, and say what has come of it."""
    from alembic_contracts.reporters import _wording as wording
    from alembic_contracts.running.check import EXIT_CODES, CheckOptions, check
    from alembic_contracts.schemas.steps import refusal
    from alembic_contracts.support import terminal

    with terminal.own_output("Predicting revision") as progress:
        report = check(config, CheckOptions(range=range_of(values)), progress)
    click.echo(wording.verdict(report))
    fails = False
    for entry in report.unproven:
        where = f"{entry.location.file}:{entry.location.line}: " if entry.location is not None else ""
        click.echo(f"Left to you: {where}{wording.one_line(entry.reason)}")
        fails = fails or refusal(entry.reason) is not None
    return 1 if fails else EXIT_CODES[report.status]

"""The options of ``check`` in, a report and an exit code out: what both command lines run.

The road is: terms (held to what?), environments (which revisions, from where?), courses (leading where?), examination
(kept?), settling (what is unproven, where a server can be had), reporters (said how?). Each hands on one
value. Settling is imported where something is unproven.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts import reporters, texts
from alembic_contracts.errors import CannotCheck
from alembic_contracts.judging import rules
from alembic_contracts.judging.merging import merged
from alembic_contracts.running import environments
from alembic_contracts.running.courses import follow
from alembic_contracts.running.databases import names_of, narrowed
from alembic_contracts.running.environments import Range
from alembic_contracts.running.examination import examine
from alembic_contracts.running.terms import required, settings_of
from alembic_contracts.support import terminal
from alembic_contracts.support.paths import shown

if TYPE_CHECKING:
    from alembic.config import Config

    from alembic_contracts.config import Settings
    from alembic_contracts.judging.violations import Report
    from alembic_contracts.running.pending import Run
    from alembic_contracts.running.terms import Base, Release, Terms
    from alembic_contracts.support.terminal import Color, Progress

__all__ = ["CheckOptions", "check", "run_check"]

EXIT_CODES: Mapping[str, int] = {"kept": 0, "broken": 1, "unproven": 3}
CANNOT_CHECK = 2


class CheckOptions(Struct, frozen=True, kw_only=True):
    """What the options of ``check`` say; see ``alembic_contracts.running.options``."""

    range: Range
    base: str | None = None
    releases: tuple[str, ...] = ()
    format: str = "text"
    output: str | None = None
    color: Color = "auto"
    quiet: bool = False
    """Whether to write no report where nothing is broken or unproven."""
    verbose: bool = False
    """Whether to say what was read."""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> CheckOptions:
        """Make them from a command line's values, by the options' names without dashes."""
        return cls(
            range=Range(
                offline=bool(values["offline"]),
                shadow=bool(values["shadow"]),
                no_exec=bool(values["no_exec"]),
                start=values["from"],
                target=values["to"] or "heads",
                dialect=values["dialect"],
            ),
            base=values["base"],
            releases=tuple(values["release"] or ()),
            format=values["format"],
            output=values["output"],
            color=values["color"],
            quiet=bool(values["quiet"]),
            verbose=bool(values["verbose"]),
        )


def check(config: Config, options: CheckOptions, progress: Progress | None = None) -> Report:
    """Judge every fact of every contract at the target revision, without changing anything.

    Runs the project's env.py, with a database as ``alembic current`` would, without one as ``--sql`` would.

    Args:
        config: Alembic's configuration of the project.
        options: what to check.
        progress: told of every revision that has been predicted.

    Raises:
        CannotCheck: settings, contracts, revisions, env.py or the connection do not allow a verdict.
    """
    _refuse_contradictions(options.range)
    base = _base(options.base, config)
    settings = settings_of(config)
    terms = required(config, base, _releases(config, options, settings, base), settings)
    if options.verbose:
        _tell(_read(terms))
    reports: list[Report] = []

    def look(run: Run) -> None:
        if options.verbose:
            _tell([_start(run)])
        held = narrowed(terms, run)
        reports.append(_examined(run, held, progress) if run.is_shown else _unheld(run, held))

    range_ = replace(options.range, snapshot=terms.settings.snapshot)
    if base is not None and base.terms.settings.exec == "never":  # a branch does not get round it by its own settings
        range_ = environments.without_scripts(range_)
    environments.visit(config, range_, look)
    _require_all(terms, reports)
    lenient = terms.settings.unproven == "warn" and (base is None or base.terms.settings.unproven == "warn")
    report = merged(reports)
    return report if report.status != "unproven" else replace(report, refused=not lenient)


def _base(ref: str | None, config: Config) -> Base | None:
    if ref is None:
        return None
    from alembic_contracts.running.bases import base_at

    return base_at(ref, config)


def _releases(config: Config, options: CheckOptions, settings: Settings, base: Base | None) -> tuple[Release, ...]:
    refs = (*options.releases, *settings.releases, *(base.terms.settings.releases if base else ()))
    if not refs:
        return ()
    from alembic_contracts.running.releases import releases_at

    return releases_at(refs, config, no_exec=options.range.no_exec)


def _unheld(run: Run, terms: Terms) -> Report:
    from alembic_contracts.running.unheld import report_on

    return report_on(run, terms)


def _examined(run: Run, terms: Terms, progress: Progress | None) -> Report:
    """Return the verdict on a run; what is unproven is settled by a replay where one can be had and shows it."""
    url = terms.settings.shadow_url
    asked = None if run.connection is None else terms.asked()
    course = follow(run, terms.places(run.dialect), asked=asked, shadow_url=url, progress=progress)
    report = examine(course, terms, phase="check", scope="target")
    settles = terms.settings.settle != "never" and run.dialect.FORESIGHT == "catalog"
    if not report.unproven or run.shadow or run.no_exec or not settles:
        return report
    from alembic_contracts.running.settling import settled

    course = settled(course, report.unproven, terms.places(run.dialect), shadow_url=url, progress=progress)
    return examine(course, terms, phase="check", scope="target")


def _refuse_contradictions(range_: Range) -> None:
    if range_.offline and range_.shadow:
        raise CannotCheck("--offline predicts without a database, --shadow replays on one: use one of them.")
    if range_.no_exec and range_.shadow:
        raise CannotCheck("--no-exec runs no version script, --shadow replays them: use one of them.")


def _require_all(terms: Terms, reports: list[Report]) -> None:
    """Refuse a verdict where a contract was held against no database at all."""
    held = {contract for report in reports for contract in report.contracts}
    missing = [contract for contract in terms.contracts if contract.id not in held]
    if missing:
        raise CannotCheck(
            f"{missing[0].location.file}:{missing[0].location.line}: the contract {missing[0].id} is about the "
            f"database {' or '.join(sorted(names_of(missing[0])))}, which env.py does not migrate."
        )


def run_check(config: Config, options: CheckOptions) -> int:
    """Run ``check`` for a person or a program: report on standard output, all else on standard error.

    Returns:
        the exit code: 0 kept, 1 broken, 2 could not check, 3 unproven and nothing broken.
    """
    stdout, started = sys.stdout, time.monotonic()
    try:
        with terminal.own_output("Predicting revision") as progress:
            report = check(config, options, progress)
        if not options.quiet or report.status != "kept":
            _write(report, options, stdout)
        if options.verbose:
            _tell([f"{report.status}, after {time.monotonic() - started:.1f} s"])
    except CannotCheck as error:
        print(f"Data contracts could not be checked.\n{error}", file=sys.stderr)  # noqa: T201
        return CANNOT_CHECK
    return EXIT_CODES[report.status] if report.refuses else EXIT_CODES["kept"]


def _tell(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stderr.write(f"verbose: {line}\n")


def _read(terms: Terms) -> Iterator[str]:
    """Yield what settings and contracts were read."""
    settings = terms.settings
    yield f"settings: {shown(settings.source) if settings.source is not None else 'the defaults'}"
    for contract in terms.contracts:
        yield f"contract {contract.id}: {contract.location.file}, {len(contract.facts)} facts"
    for release in terms.releases:
        for each in release.databases:
            what = f"{len(each.names)} tables, by {'its models' if each.tables is not None else 'its revisions'}"
            yield f"release {release.ref}{f', {each.database}' if each.database else ''}: {what}"
    if terms.waivers:
        yield f"{len(terms.waivers)} waivers"
    unread = sorted({section for contract in terms.contracts for section in contract.unread})
    if unread:
        yield f"not read, as they are for other tools: {', '.join(unread)}"
    for contract in terms.contracts:
        for what, at in contract.unknown:
            yield f"not known, so not read: {texts.line(what)} ({at.file}:{at.line})"


def _start(run: Run) -> str:
    """Return where a run starts from."""
    count = f"{len(run.steps)} pending revision{'s' if len(run.steps) != 1 else ''}"
    if run.connection is not None:
        return f"database {run.connection.engine.url.database}: {count}"
    if run.snapshot is not None and run.snapshot.file is not None:
        return f"snapshot {shown(run.snapshot.file)}: {count}"
    return f"no database: {count} of {len(run.history) + len(run.steps)}"


def _write(report: Report, options: CheckOptions, stdout: TextIO) -> None:
    color = terminal.uses_color(stdout, options.color) and (options.output is None or options.color == "always")
    text = reporters.render(report, options.format, width=terminal.width(), color=color, rules=rules.load())
    if options.output is None:
        stdout.write(text)
        stdout.flush()
        return
    try:
        Path(options.output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CannotCheck(f"The report cannot be written to {options.output}: {error.strerror}") from error

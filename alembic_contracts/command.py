"""The commands themselves, without a command line: what ``alembic check-contracts`` and ``alembic-contracts`` run."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from alembic_contracts import bases, checking, environments, reporters, rules, terminal
from alembic_contracts.environments import Range
from alembic_contracts.errors import CannotCheck

if TYPE_CHECKING:
    from alembic.config import Config

    from alembic_contracts.runs import Progress, Run
    from alembic_contracts.violations import Report

__all__ = ["CheckOptions", "check", "run_check"]

EXIT_CODES: Mapping[str, int] = {"kept": 0, "broken": 1, "unproven": 3}
CANNOT_CHECK = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """What the options of ``check`` say; see ``alembic_contracts.options``."""

    range: Range
    base: str | None = None
    format: str = "text"
    output: str | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> CheckOptions:
        """Make them from a command line's values, by the options' names without dashes."""
        return cls(
            range=Range(
                offline=bool(values["offline"]),
                shadow=bool(values["shadow"]),
                start=values["from"],
                target=values["to"] or "heads",
            ),
            base=values["base"],
            format=values["format"],
            output=values["output"],
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
    if options.range.offline and options.range.shadow:
        raise CannotCheck("--offline predicts without a database, --shadow replays on one: use one of them.")
    base = bases.base_at(options.base, config) if options.base is not None else None
    terms = checking.terms_of(config) if base is None else checking.terms_of_branch(config, base)
    if terms is None:
        raise CannotCheck(
            "There are no data contracts to check: no setting `contracts` in [tool.alembic_contracts] of "
            "pyproject.toml or [alembic_contracts] of alembic.ini, and no folder `contracts`."
        )
    reports: list[Report] = []

    def judge(run: Run) -> None:
        reports.append(checking.examine(run, terms, phase="check", scope="target", progress=progress, base=base).report)

    environments.visit(config, replace(options.range, snapshot=terms.settings.snapshot), judge)
    lenient = terms.settings.unproven == "warn" and (base is None or base.settings.unproven == "warn")
    return _merged(reports, refused=not lenient)


def run_check(config: Config, options: CheckOptions) -> int:
    """Run ``check`` for a person or a program: report on standard output, all else on standard error.

    Returns:
        the exit code: 0 kept, 1 broken, 2 could not check, 3 unproven and nothing broken.
    """
    stdout = sys.stdout
    try:
        with contextlib.redirect_stdout(sys.stderr), terminal.progress_line("Predicting revision") as progress:
            report = check(config, options, progress)
        _write(report, options, stdout)
    except CannotCheck as error:
        print(f"Data contracts could not be checked.\n{error}", file=sys.stderr)  # noqa: T201
        return CANNOT_CHECK
    return EXIT_CODES[report.status] if report.refuses else EXIT_CODES["kept"]


def _merged(reports: list[Report], *, refused: bool) -> Report:
    """Return one report for an environment that migrates several databases."""
    from alembic_contracts.violations import Checked

    first = reports[0]
    merged = replace(
        first,
        violations=tuple(dict.fromkeys(v for report in reports for v in report.violations)),
        unproven=tuple(dict.fromkeys(u for report in reports for u in report.unproven)),
        notices=tuple(dict.fromkeys(n for report in reports for n in report.notices)),
        checked=Checked(
            contracts=first.checked.contracts,
            tables=first.checked.tables,
            facts=first.checked.facts,
            revisions=max(report.checked.revisions for report in reports),
        ),
    )
    return merged if merged.status != "unproven" else replace(merged, refused=refused)


def _write(report: Report, options: CheckOptions, stdout: TextIO) -> None:
    color = options.output is None and terminal.uses_color(stdout)
    text = reporters.render(report, options.format, width=terminal.width(), color=color, rules=rules.load())
    if options.output is None:
        stdout.write(text)
        stdout.flush()
        return
    try:
        Path(options.output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CannotCheck(f"The report cannot be written to {options.output}: {error.strerror}") from error

"""The commands themselves, without a command line: what ``alembic check-contracts`` and ``alembic-contracts`` run."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from alembic_contracts import checking, reporters, rules, terminal
from alembic_contracts.errors import CannotCheck
from alembic_contracts.revisions import upgrade_steps

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext, RevisionStep
    from alembic.script import ScriptDirectory

    from alembic_contracts.violations import Report

__all__ = ["CheckOptions", "check", "run_check"]

EXIT_CODES: Mapping[str, int] = {"kept": 0, "broken": 1, "unproven": 3}
CANNOT_CHECK = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """What the options of ``check`` say; see ``alembic_contracts.options``."""

    offline: bool = False
    shadow: bool = False
    start: str | None = None
    target: str = "heads"
    format: str = "text"
    output: str | None = None

    @property
    def without_database(self) -> bool:
        """Whether env.py is run as for ``--sql``, so that it connects to nothing."""
        return self.offline or self.shadow

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> CheckOptions:
        """Make them from a command line's values, by the options' names without dashes."""
        return cls(
            offline=bool(values["offline"]),
            shadow=bool(values["shadow"]),
            start=values["from"],
            target=values["to"] or "heads",
            format=values["format"],
            output=values["output"],
        )


def check(config: Config, options: CheckOptions, progress: checking.Progress | None = None) -> Report:
    """Judge every fact of every contract at the target revision, without changing anything.

    Runs the project's env.py, with a database as ``alembic current`` would, without one as ``--sql`` would.

    Args:
        config: Alembic's configuration of the project.
        options: what to check.
        progress: told of every revision that has been predicted.

    Raises:
        CannotCheck: settings, contracts, revisions, env.py or the connection do not allow a verdict.
    """
    if options.offline and options.shadow:
        raise CannotCheck("--offline predicts without a database, --shadow replays on one: use one of them.")
    terms = checking.terms_of(config)
    if terms is None:
        raise CannotCheck(
            "There are no data contracts to check: no setting `contracts` in [tool.alembic_contracts] of "
            "pyproject.toml or [alembic_contracts] of alembic.ini, and no folder `contracts`."
        )
    reports: list[Report] = []

    def judge(heads: tuple[str, ...], context: MigrationContext) -> list[RevisionStep]:
        run = _plan(context, heads, options, arguments)
        reports.append(checking.examine(run, terms, phase="check", scope="target", progress=progress).report)
        return []

    arguments: dict[str, Any] = {}
    _run_environment(config, judge, arguments, options)
    if not reports:
        raise CannotCheck("env.py ran no migrations: it must call context.run_migrations() for this check as well.")
    return _merged(reports, refused=terms.settings.unproven != "warn")


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


def _plan(
    context: MigrationContext, heads: tuple[str, ...], options: CheckOptions, arguments: Mapping[str, Any]
) -> checking.Run:
    script = checking.script_of(context)
    replayed = options.without_database or options.start is not None
    history: list[RevisionStep] = []
    if replayed:
        start = options.start if options.start not in (None, "base") else None
        history = upgrade_steps(script, start, ()) if start is not None else []
        heads = tuple(revision.revision for revision in script.get_revisions(start)) if start is not None else ()
    steps = upgrade_steps(script, options.target, heads)
    if not steps and options.target not in ("head", "heads"):
        _require_reached(script, options.target, heads)
    if context.environment_context is None:
        raise CannotCheck("This migration context has no environment.")
    return checking.Run(
        environment=context.environment_context,
        context=context,
        steps=steps,
        arguments=arguments,
        history=history,
        connection=None if replayed else context.connection,
        shadow=options.shadow,
    )


def _require_reached(script: ScriptDirectory, target: str, heads: tuple[str, ...]) -> None:
    """Refuse a target that lies behind the start: nothing is pending there, but that is not its schema either."""
    wanted = {revision.revision for revision in script.get_revisions(target)}
    if not wanted <= set(heads):
        raise CannotCheck(
            f"Revision {target} lies behind the starting point ({', '.join(heads) or 'base'}). "
            f"Check it with --offline --to {target}."
        )


def _run_environment(config: Config, judge: Any, arguments: dict[str, Any], options: CheckOptions) -> None:
    """Run env.py with a plan that judges and applies nothing."""
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError
    from sqlalchemy.exc import DBAPIError

    # In --sql mode Alembic writes the SQL of its version table; nobody wants it here.
    buffer, config.output_buffer = config.output_buffer, io.StringIO()
    # Standard output is for the report alone; `config.print_stdout` knows the stream from before.
    stdout, config.stdout = config.stdout, sys.stdout
    try:
        script = ScriptDirectory.from_config(config)
        environment = EnvironmentContext(
            config, script, fn=judge, as_sql=options.without_database, dont_mutate=True, destination_rev=options.target
        )
        run_migrations = environment.run_migrations

        def remember_arguments(**given: Any) -> None:
            arguments.clear()
            arguments.update(given)
            run_migrations(**given)

        vars(environment)["run_migrations"] = remember_arguments
        with environment:
            script.run_env()
    except CommandError as error:
        raise CannotCheck(str(error)) from error
    except DBAPIError as error:
        raise CannotCheck(f"The database said: {str(error.orig).strip()}") from error
    except (CannotCheck, KeyboardInterrupt):
        raise
    except (Exception, SystemExit) as error:  # whatever env.py does wrong is the project's to mend, not a fault here
        raise CannotCheck(f"env.py failed with {type(error).__name__}: {error}{_place(error, script.dir)}") from error
    finally:
        config.output_buffer, config.stdout = buffer, stdout


def _place(error: BaseException, folder: str) -> str:
    """Return the innermost line of the project's own scripts that an error passed through."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(Path(folder).resolve())]
    return f" ({own[-1].filename}:{own[-1].lineno})" if own else ""


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

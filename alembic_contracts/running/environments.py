"""A project's env.py in, what is pending in each database that it migrates out; nothing is applied."""

from __future__ import annotations

import functools
import io
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from alembic_contracts import dialects, texts
from alembic_contracts.errors import CannotCheck
from alembic_contracts.running.env_py import has_own_transaction
from alembic_contracts.running.flask_app import application, asks_flask
from alembic_contracts.running.hooks import database_of
from alembic_contracts.running.pending import Run, script_of
from alembic_contracts.running.postponed import split
from alembic_contracts.running.revisions import misfit, upgrade_steps
from alembic_contracts.running.script_texts import scripts_are_read
from alembic_contracts.running.terms import files_of, settings_of
from alembic_contracts.schemas import snapshots
from alembic_contracts.support.paths import shown

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext, RevisionStep

    from alembic_contracts.schemas.snapshots import Snapshot

__all__ = ["Range", "said_by", "script_directory", "visit", "without_scripts"]

_LOADERS = ("load_module_py", "_from_path")
"""Alembic's functions for a file, whose path is a variable of theirs."""
_LONGEST = 1000
"""Characters of what an error says."""


class Range(Struct, frozen=True, kw_only=True):
    """Which revisions a command is about, and where their schemas come from."""

    offline: bool = False
    """No database: the whole history is predicted from an empty one."""
    shadow: bool = False
    """No database either: the history is replayed on a scratch one."""
    no_exec: bool = False
    """Whether no version script may be run, so that what they do is known as far as it is plain to see."""
    start: str | None = None
    """The revision to start from; None: the database's own, or base without one."""
    target: str = "heads"
    dialect: str | None = None
    """The kind of database that the scripts are for, where env.py is not to be run; None: env.py says."""
    snapshot: Path | None = None
    """A file that predictions without a database can start from, if it is there."""
    single: bool = False
    """Whether it is about one database, so that env.py must not migrate several unless one of them is named."""
    database: str | None = None
    """The one of several databases that it is about, by the name that env.py or its URL has for it; None: all."""

    @property
    def without_database(self) -> bool:
        """Whether env.py is run as for ``--sql``, so that it connects to nothing."""
        return self.offline or self.shadow


def without_scripts(range_: Range) -> Range:
    """Return it as the setting ``exec = "never"`` has it.

    Raises:
        CannotCheck: it is about nothing else.
    """
    if range_.shadow:
        raise CannotCheck('--shadow replays version scripts, which the setting exec = "never" forbids.')
    return replace(range_, no_exec=True)


def visit(config: Config, range_: Range, look: Callable[[Run], None]) -> None:
    """Run a project's env.py, and hand over what is pending for each database that it migrates; nothing is applied.

    Args:
        config: Alembic's configuration of the project.
        range_: which revisions, and whether env.py connects to a database.
        look: called inside of env.py's ``run_migrations()``, once for each database.

    Raises:
        CannotCheck: env.py fails, or never comes to ``run_migrations()``; a revision or database is unknown; settings
            are no good.
    """
    if range_.dialect is not None and not range_.offline:
        raise CannotCheck("--dialect stands in for env.py where there is no database either: use it with --offline.")
    arguments: dict[str, Any] = {}
    configured: dict[str, Any] = {}
    settings = settings_of(config)
    if settings.exec == "never":
        range_ = without_scripts(range_)
    lock_timeout = settings.lock_timeout
    seen: list[tuple[str, ...]] = []

    def plan(heads: tuple[str, ...], context: MigrationContext) -> list[RevisionStep]:
        url = _url_of(context, configured)
        seen.append(_names(context, url, arguments))
        if range_.database is None or range_.database in seen[-1]:
            look(replace(_run(context, heads, range_, arguments), lock_timeout=lock_timeout, url=url))
        return []

    _run_environment(config, plan, arguments, configured, range_)
    if not seen:
        raise CannotCheck("env.py ran no migrations: it must call context.run_migrations() for this check as well.")
    _require_the_one(range_, seen)


def _url_of(context: MigrationContext, configured: Mapping[str, Any]) -> URL | None:
    """Return where a database is: what it is connected by, else what env.py has passed to ``configure``."""
    connection = None if context.as_sql else context.connection
    if connection is not None:
        return connection.engine.url
    try:
        return make_url(configured["url"])
    except (KeyError, ArgumentError):
        return None


def _names(context: MigrationContext, url: URL | None, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what env.py calls a database, and what its URL does."""
    found = (database_of(context), arguments.get("engine_name"), url and url.database)
    return tuple(filter(None, found))


def _require_the_one(range_: Range, seen: Sequence[tuple[str, ...]]) -> None:
    names = [each[0] for each in seen if each]
    if range_.database is None:
        if range_.single and len(seen) > 1:
            named = f": name it with --database ({', '.join(names)})" if names else ""
            raise CannotCheck(f"env.py migrates several databases; this command is about one{named}.")
    elif not any(range_.database in each for each in seen):
        known = f"; it migrates {', '.join(names)}" if names else ""
        raise CannotCheck(f"env.py migrates no database `{range_.database}`{known}.")


def _run(context: MigrationContext, heads: tuple[str, ...], range_: Range, arguments: Mapping[str, Any]) -> Run:
    script = script_of(context)
    replayed = range_.without_database or range_.start is not None
    history: list[RevisionStep] = []
    snapshot = None
    there = heads
    if replayed:
        start = range_.start if range_.start not in (None, "base") else None
        if range_.offline and range_.start != "base":
            snapshot = _usable_snapshot(script, range_, start or range_.target, context.dialect.name)
        there = known = snapshot.revisions if snapshot is not None else ()
        history = upgrade_steps(script, start, known) if start is not None else []
        heads = tuple(revision.revision for revision in script.get_revisions(start)) if start is not None else known
    steps = upgrade_steps(script, range_.target, heads)
    if not steps and range_.target not in ("head", "heads"):
        _require_reached(script, range_.target, heads)
    if context.environment_context is None:
        raise CannotCheck("This migration context has no environment.")
    today, postponed = split(steps)
    return Run(
        environment=context.environment_context,
        context=context,
        steps=today,
        postponed=postponed,
        arguments=arguments,
        database=database_of(context),
        heads=there,
        history=history,
        connection=None if replayed else context.connection,
        snapshot=snapshot,
        own_transaction=range_.without_database and _has_own_transaction(script),
        shadow=range_.shadow,
        no_exec=range_.no_exec,
    )


def _has_own_transaction(script: ScriptDirectory) -> bool:
    file = Path(script.env_py_location)
    return file.is_file() and has_own_transaction(file.read_text(encoding="utf-8", errors="replace"))


def _usable_snapshot(script: ScriptDirectory, range_: Range, start: str, kind: str) -> Snapshot | None:
    """Return the snapshot if it lies on the way to a revision, None where there is none or it lies elsewhere.

    Nor is one of use that is of another kind of database.

    Raises:
        CannotCheck: it cannot be read, or belongs to revisions that are not there.
    """
    snapshot = snapshots.read(range_.snapshot) if range_.snapshot is not None else None
    if snapshot is None or snapshot.file is None:
        return None
    if snapshot.dialect != kind:
        sys.stderr.write(
            f"note: the snapshot {shown(snapshot.file)} is of {dialects.load(snapshot.dialect).NAME}: on "
            f"{dialects.load(kind).NAME} the history is predicted without it.\n"
        )
        return None
    unknown = [revision for revision in snapshot.revisions if _revision(script, revision) is None]
    if unknown:
        raise CannotCheck(
            f"{shown(snapshot.file)} stands for revision {unknown[0]}, which is not among the version scripts. "
            "Make it again with `alembic-contracts snapshot`."
        )
    before = {step.revision.revision for step in upgrade_steps(script, snapshot.revisions, ())}
    wanted = {step.revision.revision for step in upgrade_steps(script, start, ())}
    if before <= wanted:
        return snapshot
    revisions = ", ".join(snapshot.revisions)
    sys.stderr.write(
        f"note: the snapshot {shown(snapshot.file)} is of {revisions}, which is not before {start}: "
        "the history is predicted without it.\n"
    )
    return None


def _revision(script: ScriptDirectory, revision: str) -> object:
    try:
        return script.get_revision(revision)
    except CommandError:
        return None


def _require_reached(script: ScriptDirectory, target: str, heads: tuple[str, ...]) -> None:
    """Refuse a target that lies behind the start: nothing is pending there, but that is not its schema either."""
    wanted = {revision.revision for revision in script.get_revisions(target)}
    if not wanted <= set(heads):
        raise CannotCheck(
            f"Revision {target} lies behind the starting point ({', '.join(heads) or 'base'}). "
            f"Check it with --offline --to {target}."
        )


def script_directory(config: Config) -> ScriptDirectory:
    """Return a project's scripts.

    Raises:
        CannotCheck: Alembic's own settings lead to none.
    """
    try:
        return ScriptDirectory.from_config(config)
    except CommandError as error:
        raise CannotCheck(str(error)) from error
    except Exception as error:  # Alembic lets through what the readers of its files raise
        files = [file for file in files_of(config) if file and file.is_file()]
        said = f"Alembic cannot read its settings in {' and '.join(map(shown, files))}"
        raise CannotCheck(f"{said}: {type(error).__name__}: {said_by(error)}") from error


def _run_environment(
    config: Config, plan: Any, arguments: dict[str, Any], configured: dict[str, Any], range_: Range
) -> None:
    """Run env.py with a function in the place of the one that yields what to apply; note what it passes to Alembic."""
    script = script_directory(config)
    # In --sql mode Alembic writes the SQL of its version table; nobody wants it here.
    buffer, config.output_buffer = config.output_buffer, io.StringIO()
    # Standard output is for the report alone; `config.print_stdout` knows the stream from before.
    stdout, config.stdout = config.stdout, sys.stdout
    try:
        environment = EnvironmentContext(
            config, script, fn=plan, as_sql=range_.without_database, dont_mutate=True, destination_rev=range_.target
        )
        _remember(environment, "run_migrations", arguments)
        _remember(environment, "configure", configured)
        with scripts_are_read(run_them=not range_.no_exec), environment:
            if range_.dialect is None:
                with application(Path(script.env_py_location)):
                    script.run_env()
            else:
                environment.configure(dialect_name=range_.dialect, literal_binds=True)
                environment.run_migrations()
    except CommandError as error:
        raise CannotCheck(_misfit(script, range_) or _refusal(error, script.dir)) from error
    except DBAPIError as error:
        raise CannotCheck(f"The database said: {str(error.orig).strip()}") from error
    except (CannotCheck, KeyboardInterrupt):
        raise
    except (Exception, SystemExit) as error:  # whatever env.py does wrong is the project's to mend, not a fault here
        raise CannotCheck(_misfit(script, range_) or _failure(error, script.dir, range_)) from error
    finally:
        config.output_buffer, config.stdout = buffer, stdout


def _remember(environment: EnvironmentContext, name: str, given: dict[str, Any]) -> None:
    """Keep the named arguments that a function of an environment was called with last."""
    function = getattr(environment, name)

    @functools.wraps(function)
    def called(*args: Any, **arguments: Any) -> None:
        given.clear()
        given.update(arguments)
        function(*args, **arguments)

    vars(environment)[name] = called


def _failure(error: BaseException, folder: str, range_: Range) -> str:
    """Return what failed and where: the innermost line of the project's own scripts that an error passed through."""
    places = list(_places(error, Path(folder).resolve()))
    file, line = places[-1] if places else (Path("env.py"), None)
    who = "env.py" if file.name == "env.py" else "a script of the project"
    place = f" ({file}:{line})" if line is not None else ""
    message = f"{who} failed with {type(error).__name__}: {' '.join(said_by(error).split())}{place}"
    if who != "env.py" or not (isinstance(error, ImportError) or "application context" in said_by(error)):
        return message
    without = f"leave env.py out with {'' if range_.offline else '--offline '}--dialect postgresql."
    if not asks_flask(Path(folder) / "env.py"):
        return f"{message}\nInstall what it needs, or {without}"
    return f"{message}\nIt needs an application: name it in FLASK_APP where it is Flask's, or {without}"


def _refusal(error: CommandError, folder: str) -> str:
    """Return what Alembic refuses, with the version script that it was about to read."""
    places = list(_places(error.__cause__ or error, Path(folder).resolve()))
    if places and places[-1][0].name != "env.py":
        return f"{error} ({shown(places[-1][0])}:{places[-1][1]})"
    named = re.search(r"\bin revision (\w+)", str(error))
    found = _lines_of(named[1], Path(folder)) if named is not None else ()
    return next((f"{error} ({shown(file)}:{line})" for file, line in found), str(error))


def _lines_of(revision: str, folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield the lines on which version scripts say that they are a revision."""
    says_so = re.compile(rf"revision\b[^=]*=\s*['\"]{revision}['\"]")
    for file in sorted(folder.rglob("*.py")):
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if says_so.match(line):
                yield file, number


def _misfit(script: ScriptDirectory, range_: Range) -> str | None:
    """Return which version script fits in no history, where that is what failed; to tell, they are loaded once more."""
    try:
        return None if range_.no_exec else misfit(script)
    except Exception:  # noqa: BLE001 - one that cannot even be loaded has failed already
        return None


def _places(error: BaseException, folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield the lines of a project's scripts that an error passed through; of one that is no Python, that alone."""
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(folder):
            yield file, line
        elif frame.f_code.co_name in _LOADERS and "path" in frame.f_locals:
            yield Path(frame.f_locals["path"]), 1
    lacking = getattr(error, "obj", None) if isinstance(error, AttributeError) else None
    if isinstance(lacking, ModuleType) and Path(lacking.__file__ or "").is_relative_to(folder):
        yield Path(lacking.__file__ or ""), 1  # a version script without upgrade() or downgrade()
    if isinstance(error, SyntaxError) and error.filename is not None and Path(error.filename).is_relative_to(folder):
        yield Path(error.filename), error.lineno or 1


def said_by(error: BaseException) -> str:
    """Return what an error says of itself, the beginning of it."""
    try:
        return texts.shortened(str(error), _LONGEST)
    except Exception:  # noqa: BLE001 - whatever its own code does
        return "(it cannot say what)"

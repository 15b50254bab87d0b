"""What commands share: Alembic's configuration, options that several have, the way errors are told."""

from __future__ import annotations

import functools
import os
import re
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from alembic_contracts.running.options import BASE, DATABASE, DIALECT, FROM, OFFLINE, OUTPUT, SHADOW, TO, Option

if TYPE_CHECKING:
    from pathlib import Path

    from alembic.config import Config

    from alembic_contracts.contracts.contract import Owner
    from alembic_contracts.running.environments import Range

__all__ = [
    "BASE",
    "CANNOT",
    "DATABASE",
    "DIALECT",
    "FROM",
    "OFFLINE",
    "OUTPUT",
    "SHADOW",
    "TO",
    "WRITTEN",
    "Project",
    "contracted",
    "examples",
    "owner_of",
    "range_of",
    "tables",
    "told",
    "with_options",
    "write_file",
    "written",
]

CANNOT = 2
"""Exit code where the question cannot be answered: usage, settings, contracts, connection."""


_OF_FORMATS = os.path.join(os.path.dirname(__file__), os.pardir, "contracts/formats")  # noqa: PTH118, PTH120 - as fast
WRITTEN = tuple(
    sorted(file[1 : -len("_writer.py")] for file in os.listdir(_OF_FORMATS) if file.endswith("_writer.py"))  # noqa: PTH208
)
"""The formats that can be written, found without importing any."""


class Project(Struct, frozen=True):
    """What the options before the command say: which configuration of Alembic to use."""

    files: tuple[str, ...]
    section: str
    extra: tuple[str, ...]

    def config(self) -> Config:
        """Return the configuration that ``alembic`` would use for the same options and environment.

        Raises:
            click.UsageError: the files cannot be used together, or are not there.
        """
        from alembic.config import Config

        given = self.files or tuple(filter(None, [os.environ.get("ALEMBIC_CONFIG")]))
        toml = [file for file in given if os.path.basename(file) == "pyproject.toml"]  # noqa: PTH119 - as Alembic does
        ini = [file for file in given if file not in toml]
        if len(toml) > 1 or len(ini) > 1:
            raise click.UsageError("-c can name one .ini file and one pyproject.toml")
        for file in given:
            if not os.path.isfile(file):  # noqa: PTH113 - a name, not yet a path
                raise click.UsageError(f"-c: there is no file {file}")
        config = Config(
            file_=ini[0] if ini else "alembic.ini",
            toml_file=toml[0] if toml else "pyproject.toml",
            ini_section=self.section,
            cmd_opts=Namespace(
                x=list(self.extra) or None,
                name=self.section,
                config=list(self.files) or None,
                quiet=False,
                raiseerr=False,
            ),
        )
        folder = os.path.dirname(os.path.abspath(ini[0])) if ini else None  # noqa: PTH100, PTH120
        if folder and not config.get_alembic_option("script_location"):
            # Flask-Migrate's alembic.ini lies beside env.py and does not say so.
            config.set_main_option("script_location", folder.replace("%", "%%"))
        return config


def _project(context: click.Context) -> Project:
    """Return the project of a command line that is not complete yet: its options need not have been read."""
    return context.find_object(Project) or Project((), "alembic", ())


def _databases(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Complete the name of a database by those that alembic.ini lists."""
    config = _project(context).config()
    listed = config.get_section(config.config_ini_section, {}).get("databases") or ""  # there may be no .ini
    return [name for name in map(str.strip, listed.split(",")) if name and name.startswith(begun)]


def _revisions(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Complete a revision by what version scripts say that they are; none is run."""
    from contextlib import suppress
    from pathlib import Path

    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.running.environments import script_directory

    found = {"head", "heads", "base"}
    with suppress(CannotCheck, click.UsageError, OSError):
        scripts = script_directory(_project(context).config())
        for folder in scripts.version_locations or [f"{scripts.dir}/versions"]:
            for file in Path(folder).glob("*.py"):
                text = file.read_text(encoding="utf-8", errors="replace")
                found.update(re.findall(r"^revision\b[^=\n]*=\s*['\"]([\w.-]+)['\"]", text, re.MULTILINE))
    return sorted(each for each in found if each.startswith(begun))


def tables(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Complete a table by a committed snapshot, and by what contracts name."""
    from contextlib import suppress

    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.running.terms import settings_of
    from alembic_contracts.schemas import snapshots

    found = {name for name in contracted(context, parameter, begun) if name.count(".") < 2}
    with suppress(CannotCheck, click.UsageError):
        snapshot = snapshots.read(settings_of(_project(context).config()).snapshot)
        known = snapshot.schema.tables if snapshot is not None else ()
        found.update(name for table in known for name in (table.name, str(table)))
    return sorted(name for name in found if name.startswith(begun))


def contracted(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Complete a table, or a column of one, by what contracts name."""
    from contextlib import suppress

    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.reviews.consumers import names, spellings
    from alembic_contracts.running.terms import read

    with suppress(CannotCheck, click.UsageError):
        terms = read(_project(context).config())
        known = names(terms.contracts) if terms is not None else ()
        return sorted({each for name in known for each in spellings(*name) if each.startswith(begun)})
    return []


_COMPLETED = {DATABASE: _databases, FROM: _revisions, TO: _revisions}
"""Options whose values are completed, and by what."""


def with_options(options: Sequence[Option]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add options to a click command; their values come by the options' names with an underscore at the end."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            kind: Any = click.Choice(option.choices) if option.choices else str
            flag = option.metavar is None
            settings: dict[str, Any] = (
                {"is_flag": True} if flag else {"type": kind, "metavar": option.metavar, "default": option.default}
            )
            if option.repeated:
                settings["multiple"] = True
            name = option.flag.removeprefix("--").replace("-", "_")
            if option in _COMPLETED:
                settings["shell_complete"] = _COMPLETED[option]
            function = click.option(option.flag, name + "_", help=option.help, **settings)(function)
        return function

    return decorate


def range_of(values: dict[str, Any]) -> Range:
    """Return what ``OFFLINE``, ``SHADOW``, ``FROM``, ``TO``, ``DIALECT`` and ``DATABASE`` say; any may lack."""
    from alembic_contracts.running.environments import Range

    return Range(
        offline=bool(values.get("offline_")),
        shadow=bool(values.get("shadow_")),
        start=values.get("from_"),
        target=values.get("to_") or "heads",
        dialect=values.get("dialect_"),
        database=values.get("database_"),
    )


def examples(command: str, lines: Sequence[tuple[str, str]]) -> str:
    """Return the end of a command's help.

    Args:
        command: its name.
        lines: arguments, and what they are for.
    """
    calls = [f"  alembic-contracts {command} {arguments}".rstrip() for arguments, _ in lines]
    width = max(map(len, calls)) + 2
    shown = (f"{call.ljust(width)}# {what}" for call, (_, what) in zip(calls, lines, strict=True))
    return "\b\nExamples:\n" + "\n".join(shown)


def written(lines: Iterable[str], format_: str, output: str | None = None) -> None:
    """Write a command's answer to a file, or to standard output.

    Args:
        lines: of the answer. For people each stays one line that does nothing to a terminal, whatever it quotes.
        format_: ``text``, or another one, whose lines are written as they are.
        output: the file's name.

    Raises:
        CannotCheck: the file cannot be written.
    """
    from pathlib import Path

    from alembic_contracts import texts
    from alembic_contracts.errors import CannotCheck

    text = "\n".join(texts.line(each) for each in lines) if format_ == "text" else "\n".join(lines)
    if output is None:
        click.echo(text)
        return
    try:
        Path(output).write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise CannotCheck(f"The answer cannot be written to {output}: {error.strerror}") from error


def owner_of(text: str) -> Owner:
    """Return who answers for a contract, as written: ``Name <email>``."""
    from alembic_contracts.contracts.contract import Owner

    match = re.fullmatch(r"\s*(.*?)\s*<([^<>\s]+@[^<>\s]+)>\s*", text)
    return Owner(match[1] or match[2], match[2]) if match else Owner(text.strip() or "Owner")


def write_file(file: Path, text: str) -> None:
    """Write a file, with the folders that it is in, and say so on standard error.

    Raises:
        CannotCheck: it cannot be written.
    """
    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.support.paths import shown

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CannotCheck(f"{shown(file)} cannot be written: {error.strerror}") from error
    click.echo(f"Wrote {shown(file)}.", err=True)


def told(function: Callable[..., int | None]) -> Callable[..., None]:
    """Let a command return its exit code (None: 0), and tell a ``CannotCheck`` in words on standard error, exit 2."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> None:
        from alembic_contracts.errors import CannotCheck

        try:
            code = function(*args, **kwargs)
        except CannotCheck as error:
            click.echo(f"{error}", err=True)
            code = CANNOT
        sys.exit(code or 0)

    return run

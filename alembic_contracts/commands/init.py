"""``alembic-contracts init``: the line in env.py, the setting, and a folder for contracts."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from alembic_contracts.commands._shared import Project, examples, told

if TYPE_CHECKING:
    from alembic.config import Config

    from alembic_contracts.config import Settings

__all__ = ["COMMAND"]

_SUMMARY = "Set a project up: the line in env.py, the setting, a folder for contracts."
_DESCRIPTION = """\
Shows what it would change, and asks. What is there already stays as it is, so that a second time changes nothing.
The setting goes where Alembic's own are: pyproject.toml with [tool.alembic], else the .ini file.

Exit codes: 0 done, or nothing to do; 1 not wanted after all; 2 could not be done.
"""
_EXAMPLES = (
    ("", "show the changes and ask"),
    ("--yes", "without asking"),
    ("--contracts ../contracts", "with another folder"),
)

README = """\
# Data contracts

What other teams rely on in this database, one file for each promise. Migrations that break one are refused.

Write the first one from a table as it is, and take out what nobody relies on:

    alembic-contracts generate public.orders --owner "Analytics <analytics@example.org>"

Then see whether it holds, and what a rule means:

    alembic-contracts lint
    alembic-contracts check
    alembic-contracts explain column-exists

As long as there is no contract here, upgrades say that nothing is held to contracts yet, and go on;
`alembic-contracts check` fails, since it has nothing to check.
"""


class _Change(Struct, frozen=True):
    """One file as it will be."""

    file: Path
    text: str

    @property
    def before(self) -> str:
        return _read(self.file) if self.file.exists() else ""


@click.command("init", help=f"{_SUMMARY}\n\n{_DESCRIPTION}", short_help=_SUMMARY, epilog=examples("init", _EXAMPLES))
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--contracts", "folder", default="contracts", metavar="PATH", help="The folder, relative to the setting's file."
)
@click.pass_obj
@told
def COMMAND(project: Project, yes: bool, folder: str) -> int:  # noqa: N802 - click's, and found by this name
    """Show the changes, ask, and write them."""
    from alembic_contracts.running.terms import settings_of

    config = project.config()
    stated = settings_of(config)
    changes = [change for change in (_env(config), *_settings(config, stated, folder)) if change is not None]
    if not changes:
        click.echo("Everything is set up already.")
        _say_what_holds(config)
        return 0
    for change in changes:
        click.echo("\n".join(_diff(change)))
    if not yes and not click.confirm("Write this?", err=True):
        return 1
    for change in changes:
        _write(change)
    click.echo("Done. Now write the first contract: `alembic-contracts generate TABLE --owner NAME`.")
    click.echo("As long as there is none, nothing is held. `alembic-contracts doctor` says what is missing.")
    _say_what_holds(config)
    return 0


def _say_what_holds(config: Config) -> None:
    """Say how contracts are held on the kinds of databases that env.py and the settings name in URLs."""
    from sqlalchemy.dialects import __all__ as kinds

    from alembic_contracts import dialects
    from alembic_contracts.running.environments import script_directory

    names = (f"{script_directory(config).dir}/env.py", config.config_file_name, config.toml_file_name)
    text = "\n".join(_read(Path(name)) for name in names if name and Path(name).is_file())
    lines = (line for line in text.splitlines() if not line.lstrip().startswith(("#", ";")))
    named = {match for line in lines for match in re.findall(r"\b(\w+?)(?:\+\w+)?://", line)}
    for name in sorted(named & {*kinds, "mariadb"}):
        dialect = dialects.load(name)
        if dialect.FORESIGHT == "none":
            said = "to the shape of tables, which is looked at before each commit: where scripts lead is not foreseen"
            click.echo(f"note: On {dialect.NAME} migrations are held {said}.")
        elif name != "postgresql":
            said = "contracts about it exactly, and those about PostgreSQL to the shape of tables"
            click.echo(f"note: On {dialect.NAME} migrations are held to {said}.")


def _read(file: Path) -> str:
    with file.open(encoding="utf-8", newline="") as stream:
        return stream.read()


def _write(change: _Change) -> None:
    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.support.paths import shown

    try:
        change.file.parent.mkdir(parents=True, exist_ok=True)
        with change.file.open("w", encoding="utf-8", newline="") as stream:
            stream.write(change.text)
    except OSError as error:
        raise CannotCheck(f"{shown(change.file)} cannot be written: {error.strerror}") from error


def _diff(change: _Change) -> list[str]:
    from alembic_contracts.support.paths import shown

    name = shown(change.file)
    before = change.before.splitlines()
    old = name if change.file.exists() else "/dev/null"
    return list(difflib.unified_diff(before, change.text.splitlines(), old, name, lineterm=""))


def _env(config: Config) -> _Change | None:
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.running import env_py
    from alembic_contracts.support.paths import shown

    try:
        file = Path(ScriptDirectory.from_config(config).dir) / "env.py"
    except CommandError as error:
        raise CannotCheck(f"There is no Alembic project here: {error}") from error
    try:
        edited = env_py.with_guard(_read(file))
    except OSError as error:
        raise CannotCheck(f"{shown(file)} cannot be read: {error.strerror}") from error
    except env_py.NotUnderstoodError as error:
        raise CannotCheck(
            f"{shown(file)} cannot be edited: {error}. Put this around the call that runs the migrations:\n\n"
            "    import alembic_contracts\n\n"
            "    with context.begin_transaction(), alembic_contracts.guard(context):\n"
            "        context.run_migrations()"
        ) from error
    return _Change(file, edited.text) if edited.added else None


def _settings(config: Config, stated: Settings, folder: str) -> list[_Change]:
    """Return the setting and the folder's README, those that are not there."""
    from alembic_contracts.errors import CannotCheck

    found = []
    if stated.source is None:
        toml = Path(config.toml_file_name) if config.toml_file_name else None
        ini = Path(config.config_file_name) if config.config_file_name else None
        if toml is not None and toml.is_file() and "[tool.alembic]" in _read(toml):
            lines, file = f'[tool.alembic_contracts]\ncontracts = "{folder}"\n', toml
        elif ini is not None and ini.is_file():
            lines, file = f"[alembic_contracts]\ncontracts = {folder}\n", ini
        else:
            raise CannotCheck("There is neither an alembic.ini nor a pyproject.toml with [tool.alembic].")
        before = _read(file)
        end = "\r\n" if "\r\n" in before else "\n"
        gap = "" if not before else end if before.endswith(("\n", "\r\n")) else end * 2
        found.append(_Change(file, before + gap + lines.replace("\n", end)))
        contracts = file.parent / folder
    else:
        contracts = stated.contracts[0]
    if not contracts.exists():
        found.append(_Change(contracts / "README.md", README))
    return found

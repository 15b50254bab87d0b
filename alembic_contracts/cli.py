"""The command line of its own: ``alembic-contracts``."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any

import click

from alembic_contracts.options import CHECK, DESCRIPTION, EXAMPLES, SUMMARY

if TYPE_CHECKING:
    from collections.abc import Callable

    from alembic.config import Config

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="alembic-contracts")
@click.option("-c", "--config", "config_files", multiple=True, metavar="FILE", help="alembic.ini or pyproject.toml.")
@click.option("-n", "--name", default="alembic", metavar="SECTION", help="Section of the .ini file (default: alembic).")
@click.option("-x", "extra", multiple=True, metavar="ARG", help="Additional arguments for env.py.")
@click.pass_context
def main(context: click.Context, config_files: tuple[str, ...], name: str, extra: tuple[str, ...]) -> None:
    """Hold database migrations to data contracts.

    The options before the command are Alembic's own.
    """
    context.obj = (config_files, name, extra)


def _with_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(CHECK):
        kind: Any = click.Choice(option.choices) if option.choices else str
        flag = option.metavar is None
        settings = {"is_flag": True} if flag else {"type": kind, "metavar": option.metavar, "default": option.default}
        name = option.flag.removeprefix("--")
        function = click.option(option.flag, name + "_", help=option.help, **settings)(function)
    return function


def _examples() -> str:
    lines = (f"  alembic-contracts check {line}".rstrip().ljust(66) + f"# {what}" for line, what in EXAMPLES)
    return "\b\nExamples:\n" + "\n".join(lines)


@main.command(help=f"{SUMMARY}\n\n{DESCRIPTION}", short_help=SUMMARY, epilog=_examples())
@_with_options
@click.pass_obj
def check(obj: tuple[tuple[str, ...], str, tuple[str, ...]], /, **values: Any) -> None:
    """Run the check; its texts are in ``alembic_contracts.options``."""
    from alembic_contracts.command import CheckOptions, run_check

    options = CheckOptions.of({name.removesuffix("_"): value for name, value in values.items()})
    sys.exit(run_check(_config(*obj), options))


def _config(files: tuple[str, ...], name: str, extra: tuple[str, ...]) -> Config:
    """Return the configuration that ``alembic`` would use for the same options and environment."""
    from alembic.config import Config

    given = files or tuple(filter(None, [os.environ.get("ALEMBIC_CONFIG")]))
    toml = [file for file in given if os.path.basename(file) == "pyproject.toml"]  # noqa: PTH119 - as Alembic does
    ini = [file for file in given if file not in toml]
    if len(toml) > 1 or len(ini) > 1:
        raise click.UsageError("-c can name one .ini file and one pyproject.toml")
    for file in given:
        if not os.path.isfile(file):  # noqa: PTH113 - a name, not yet a path
            raise click.UsageError(f"-c: there is no file {file}")
    return Config(
        file_=ini[0] if ini else "alembic.ini",
        toml_file=toml[0] if toml else "pyproject.toml",
        ini_section=name,
        cmd_opts=Namespace(x=list(extra) or None, name=name, config=list(files) or None, quiet=False, raiseerr=False),
    )

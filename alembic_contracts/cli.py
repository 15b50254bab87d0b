"""The command line of its own: ``alembic-contracts``."""

from __future__ import annotations

import click

from alembic_contracts.commands import Commands
from alembic_contracts.commands._shared import Project
from alembic_contracts.support import garbage

__all__ = ["main"]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="alembic-contracts")
@click.option("-c", "--config", "config_files", multiple=True, metavar="FILE", help="alembic.ini or pyproject.toml.")
@click.option("-n", "--name", default="alembic", metavar="SECTION", help="Section of the .ini file (default: alembic).")
@click.option("-x", "extra", multiple=True, metavar="ARG", help="Additional arguments for env.py.")
@click.pass_context
def main(context: click.Context, config_files: tuple[str, ...], name: str, extra: tuple[str, ...]) -> None:
    """Hold database migrations to data contracts.

    The options before the command are Alembic's own.
    """
    context.with_resource(garbage.command())
    context.obj = Project(config_files, name, extra)

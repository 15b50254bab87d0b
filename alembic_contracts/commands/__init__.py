"""One module a command of ``alembic-contracts``, found by itself and imported when it is called or listed.

A module of this package holds a ``COMMAND``, a click command; its file name is the command's name with underscores.
Modules whose names begin with an underscore are what commands share. At module level a command imports click and what
is as small: its work is imported when it is run.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import cast

import click

__all__ = ["Commands"]


class Commands(click.Group):
    """A group whose commands are the modules of this package."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the commands' names, sorted."""
        return [name.replace("_", "-") for name in _modules()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        module = cmd_name.replace("-", "_")
        if module not in _modules():
            return None
        return cast("click.Command", import_module(f"{__name__}.{module}").COMMAND)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called; of one that does not exist, say which was probably meant."""
        name = args[0]
        if not (ctx.resilient_parsing or name.startswith("-")) and self.get_command(ctx, name) is None:
            from alembic_contracts.support.suggestions import did_you_mean

            ctx.fail(f"No such command '{name}'{did_you_mean(name, self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)


def _modules() -> list[str]:
    return sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))

"""``alembic-contracts check``: the pending migrations and the schema they lead to, held to the contracts."""

from __future__ import annotations

from typing import Any

import click

from alembic_contracts.commands._shared import Project, examples, told, with_options
from alembic_contracts.running.options import CHECK, DESCRIPTION, EXAMPLES, SUMMARY

__all__ = ["COMMAND"]


@click.command("check", help=f"{SUMMARY}\n\n{DESCRIPTION}", short_help=SUMMARY, epilog=examples("check", EXAMPLES))
@with_options(CHECK)
@click.pass_obj
@told
def COMMAND(project: Project, /, **values: Any) -> int:  # noqa: N802 - found by this name
    """Run the check; its texts are in ``alembic_contracts.running.options``."""
    from alembic_contracts.running.check import CheckOptions, run_check

    return run_check(
        project.config(), CheckOptions.of({name.removesuffix("_"): value for name, value in values.items()})
    )

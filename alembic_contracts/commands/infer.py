"""``alembic-contracts infer``: what consumers are seen to use, written as a contract with its evidence.

Each source (``inference/sources``) is a command of its own below it, found by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from alembic_contracts.commands._consumers import configured
from alembic_contracts.commands._inferring import run, wanted
from alembic_contracts.commands._shared import (
    DATABASE,
    DIALECT,
    OFFLINE,
    TO,
    WRITTEN,
    Project,
    examples,
    told,
    with_options,
)
from alembic_contracts.running.options import Option

if TYPE_CHECKING:
    from alembic_contracts.inference.sources import Source

__all__ = ["COMMAND"]

_SUMMARY = "Write a contract of what a consumer is seen to use: its queries, its dbt project, its models ..."
_DESCRIPTION = """\
Each command below is a source. What it finds is looked up in the database that env.py connects to, with --offline in
the schema that the migrations predict, or, where there is no Alembic project, in a committed snapshot. The contract
states that the tables and columns exist with their types, and lists where each is used. People may edit it: what they
write stays when it is written again. No row is read.

With --all, what stands in pyproject.toml under [tool.alembic_contracts.infer.CONSUMER] is done for each consumer.

Exit codes: 0 written, or fresh; 1 stale (--check); 2 could not be done; 3 written, but something was not understood.
"""
_EXAMPLES = (
    ("sql queries/", "of the queries in a folder"),
    ("dbt target/manifest.json", "of a dbt project"),
    ("models shop.models", "of an application's SQLAlchemy models"),
    ("--all --check", "are all contracts of pyproject.toml still what would be written?"),
)
_CHECK = Option("--check", "Write nothing; exit 1 if a file is not what would be written, and say what differs.")
_UNREAD = Option("--allow-unread", "Exit 0 although something was not understood; it is named all the same.")
_OPTIONS = (
    Option("--consumer", "Who uses it: the contract's name (default: from the source).", "NAME"),
    Option("--owner", 'Who answers for it: "Name <email>" (default: from the source, if it says).', "OWNER"),
    OFFLINE,
    TO,
    DIALECT,
    DATABASE,
    Option("--sql-dialect", "The grammar of the queries, if not PostgreSQL's: snowflake, bigquery, duckdb ...", "D"),
    Option("--search-path", "Schemas in which names without one are looked up (default: the database's).", "NAME,..."),
    Option("--output", "Write to this file, or for --format native to this folder.", "FILE"),
    Option("--stdout", "Print instead of writing files."),
    _CHECK,
    Option("--strict", "State what the schema guarantees of it today as well: NOT NULL, keys, labels of enums."),
    Option("--format", "How to write it: odcs, one file of all tables (default), or native, a file a table.", "FORMAT",
           WRITTEN, "odcs"),
    _UNREAD,
)  # fmt: skip


class _Sources(click.Group):
    """A group whose commands are the sources."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the sources' names."""
        from alembic_contracts.inference import sources

        return sources.names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Make the command of a source."""
        from alembic_contracts.inference import sources

        if cmd_name not in self.list_commands(ctx):
            return None
        return _command(cmd_name, sources.load(cmd_name))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the source that is named; of one that does not exist, say which was probably meant."""
        name = args[0]
        if not (ctx.resilient_parsing or name.startswith("-")) and name not in self.list_commands(ctx):
            from alembic_contracts.support.suggestions import did_you_mean

            ctx.fail(f"No such source '{name}'{did_you_mean(name, self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)


@click.group(
    "infer",
    cls=_Sources,
    invoke_without_command=True,
    help=f"{_SUMMARY}\n\n{_DESCRIPTION}",
    short_help=_SUMMARY,
    epilog=examples("infer", _EXAMPLES),
    subcommand_metavar="[SOURCE [ARGS]...]",
)
@click.option("--all", "all_", is_flag=True, help="Every consumer of [tool.alembic_contracts.infer].")
@with_options((OFFLINE, TO, DIALECT, DATABASE, _CHECK, _UNREAD))
@click.pass_context
def COMMAND(context: click.Context, /, *, all_: bool, **values: Any) -> None:  # noqa: N802 - found by this name
    """Do all that pyproject.toml asks for, or leave it to a source."""
    if context.invoked_subcommand is not None:
        if all_ or any(values.values()):
            context.fail("These options go with --all; those of a source stand behind its name.")
        return
    if not all_:
        click.echo(context.get_help())
        context.exit(0)
    _all(context.obj, values)


@told
def _all(project: Project, values: dict[str, Any]) -> int:
    config = project.config()
    codes = [run(config, each, check=values["check_"]) for each in configured(config, values)]
    return next((code for code in (2, 1, 3) if code in codes), 0)


def _command(name: str, source: Source) -> click.Command:
    def infer(project: Project, inputs: tuple[str, ...] = (), **values: Any) -> int:
        request = wanted(name, source, inputs, values)
        return run(project.config(), request, check=values["check_"], stdout=values["stdout_"])

    made = told(infer)
    for option in reversed(source.OPTIONS):
        settings: dict[str, Any] = {"is_flag": True} if option.metavar is None else {"metavar": option.metavar}
        made = click.option(option.flag, option.variable, help=option.help, multiple=option.repeated, **settings)(made)
    made = click.option(
        "--map",
        "map_",
        multiple=True,
        metavar="SOURCE=SCHEMA[.TABLE]",
        help="How the consumer's names lead back here (repeatable): RAW.MUSEUM=public.",
    )(made)
    made = with_options(_OPTIONS)(made)
    if source.INPUTS:
        required = not source.INPUTS.startswith("[")
        nargs = -1 if source.INPUTS.rstrip("]").endswith("...") else 1
        made = click.argument("inputs", nargs=nargs, required=required, metavar=source.INPUTS)(made)
    return click.command(
        name, help=source.SUMMARY, short_help=source.SUMMARY, epilog=examples(f"infer {name}", source.EXAMPLES)
    )(click.pass_obj(made))

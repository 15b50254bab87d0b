"""``alembic-contracts generate``: a contract file for a table, with what is needed of all that holds of it."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from alembic_contracts.commands._predicted import schema_of, told_of
from alembic_contracts.commands._shared import (
    DATABASE,
    DIALECT,
    OFFLINE,
    TO,
    WRITTEN,
    Project,
    examples,
    owner_of,
    range_of,
    told,
    with_options,
    write_file,
)
from alembic_contracts.commands._shared import tables as known_tables
from alembic_contracts.contracts.contract import Compatibility

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alembic_contracts.commands._predicted import Seen
    from alembic_contracts.config import Settings
    from alembic_contracts.schemas.schema import Table

__all__ = ["COMMAND"]

_SUMMARY = "Write contract files for tables, with the facts that hold of them."
_DESCRIPTION = """\
TABLE is a table or view, with its schema where that is not the usual one (PostgreSQL: public). The facts are those of
the database, or with --offline of the schema that the migrations predict. The contract is about that kind of database,
and says so if it is not PostgreSQL. State what somebody relies on, and no more: --columns, --minimal and
--compatibility leave out what may change. Descriptions are the comments in the database, and so are examples that a
comment names: "ISO code (e.g. DE, FR)". No row is read.

Exit codes: 0 written; 2 could not be written; 3 with --offline: written, but the prediction has gaps.
"""
_EXAMPLES = (
    ("orders sales.customers", "contracts/orders.json and contracts/sales.customers.json"),
    ("--minimal --columns id,total orders", "existence, type, nullability and key of two columns"),
    ("--compatibility reader orders", "for readers: what does not hurt them may change"),
    ("--format odcs orders", "contracts/orders.odcs.yaml, in the Open Data Contract Standard"),
    ("--offline --stdout orders", "to look at, without a database"),
    ('--owner "Analytics <analytics@example.org>" orders', "who answers for it"),
)


_TABLE = ("properties", "schema", "properties", "table_name")
_COLUMN = ("properties", "schema", "properties", "properties", "propertyNames")
"""Where ``native.schema.json`` says which names there can be."""


@click.command(
    "generate",
    help=f"{_SUMMARY}\n\n{_DESCRIPTION}",
    short_help=_SUMMARY,
    epilog=examples("generate", _EXAMPLES),
)
@click.argument("tables", nargs=-1, required=True, metavar="TABLE...", shell_complete=known_tables)
@with_options((OFFLINE, TO, DIALECT, DATABASE))
@click.option("--format", "format_", type=click.Choice(WRITTEN), default="native", help="Default: native (JSON).")
@click.option("--columns", metavar="NAME,...", help="Of these columns alone; for one TABLE.")
@click.option(
    "--compatibility",
    type=click.Choice(get_args(Compatibility)),
    help="Which differences break it (default: exact, or for a minimal ODCS contract reader).",
)
@click.option(
    "--minimal/--full",
    default=None,
    help="State existence, type, nullability and key alone, or everything (default: minimal for odcs, else full).",
)
@click.option("--stdout", is_flag=True, help="Print instead of writing files.")
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@click.option("--owner", default="Owner", metavar="NAME", help='Who answers for it: "Name <email>".')
@click.option(
    "--namespace", metavar="NAME", help="Of the contracts; default: the schema's name, or the kind of database."
)
@click.pass_obj
@told
def COMMAND(project: Project, /, tables: tuple[str, ...], **values: Any) -> int:  # noqa: N802 - found by this name
    """Write one file a table."""
    from alembic_contracts.contracts import formats
    from alembic_contracts.contracts.contract import Choice
    from alembic_contracts.running.terms import settings_of

    config = project.config()
    settings = settings_of(config)
    seen = schema_of(config, range_of(values), settings.snapshot)
    usual = seen.dialect.DEFAULT_SCHEMA
    writer = formats.writer(values["format_"])
    found = [_to_be_stated(written, seen, tables, values) for written in tables]
    choice = Choice(minimal=values["minimal"], compatibility=values["compatibility"])

    def namespace(table: Table) -> str:
        return values["namespace"] or table.name.schema or seen.dialect.KIND

    texts = {
        table: writer.text(
            writer.document(
                [table],
                seen.schema,
                seen.dialect,
                namespace=namespace(table),
                name=table.name.name,
                owner=owner_of(values["owner"]),
                choice=choice,
                database=seen.database,
            )
        )
        for table in found
    }
    if values["stdout"]:
        sys.stdout.write("".join(texts.values()))
    else:
        folder = settings.contracts[0]
        files = {_file(folder, table, writer.SUFFIX, usual): table for table in texts}
        stated = {file: f"{namespace(table)}/{table.name.name}" for file, table in files.items()}
        _refuse_taken(settings, stated, force=values["force"])
        for file, table in files.items():
            write_file(file, texts[table])
    return told_of(seen.gaps)


def _find(written: str, seen: Seen) -> Table:
    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.schemas.schema import Name
    from alembic_contracts.support.suggestions import did_you_mean

    namespace, _, name = written.rpartition(".")
    usual, tables = seen.dialect.DEFAULT_SCHEMA, seen.schema.tables
    table = tables.get(Name(namespace or usual, name))
    if table is None and Name(usual, written) in tables:
        raise CannotCheck(f"The table `{written}` has a dot in its name, so that no contract can name it.")
    if table is None:
        known = sorted(each.name if each.schema == usual else str(each) for each in tables)
        hint = did_you_mean(written, known)
        if seen.gaps:
            raise CannotCheck(f"There is no table `{written}` in what could be predicted{hint}\n{seen.gaps}")
        here = "" if usual else " in the database that env.py connects to, and others are not looked at"
        raise CannotCheck(f"There is no table `{written}`{here}{hint}")
    return table


def _to_be_stated(written: str, seen: Seen, tables: Sequence[str], values: dict[str, Any]) -> Table:
    """Return a table as it is to be stated.

    Raises:
        CannotCheck: it is not there, or has names that contracts cannot have (``native.schema.json``).
    """
    table = _only(_find(written, seen), values["columns"], tables)
    _require_name(table, values["format_"])
    return table


def _require_name(table: Table, format_: str) -> None:
    from alembic_contracts.contracts.formats._native_facts import SCHEMA
    from alembic_contracts.documents.validation import is_valid
    from alembic_contracts.errors import CannotCheck

    if not is_valid(table.name.name, SCHEMA, _TABLE):
        raise CannotCheck(
            f"The table `{table.name.name}` has a quote, a control character or spaces around its name, so that no "
            "contract can name it."
        )
    of_columns = table.columns if format_ == "native" else ()
    column = next((each.name for each in of_columns if not is_valid(each.name, SCHEMA, _COLUMN)), None)
    if column is not None:
        raise CannotCheck(
            f"The column `{column}` of {table.name} has quotes, a control character or spaces around its name, so that "
            "no contract in the base format can name it: --format odcs can, and --columns leaves it out."
        )


def _only(table: Table, columns: str | None, tables: Sequence[str]) -> Table:
    """Return a table with some of its columns, and what is about these alone: of a key, all of it or nothing."""
    from msgspec.structs import replace

    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.support.suggestions import did_you_mean

    if columns is None:
        return table
    if len(tables) > 1:
        raise CannotCheck("--columns is about one table; name one.")
    wanted = [name.strip() for name in columns.split(",") if name.strip()]
    known = [column.name for column in table.columns]
    for name in wanted:
        if name not in known:
            raise CannotCheck(f"{table.name} has no column `{name}`{did_you_mean(name, known)}")
    kept = set(wanted)
    return replace(
        table,
        columns=tuple(column for column in table.columns if column.name in kept),
        constraints=tuple(each for each in table.constraints if each.columns and kept.issuperset(each.columns)),
        indexes=tuple(each for each in table.indexes if kept.issuperset(name or "" for name in each.columns)),
        publications=tuple(
            replace(each, columns=tuple(name for name in each.columns if name in kept) if each.columns else None)
            for each in table.publications
        ),
    )


def _file(contracts: Path, table: Table, suffix: str, usual: str) -> Path:
    folder = contracts if contracts.suffix not in {".json", ".yaml", ".yml"} else contracts.parent
    stem = table.name.name if table.name.schema == usual else str(table.name)
    return folder / (re.sub(r"[^\w.-]", "_", stem) + suffix)


def _refuse_taken(settings: Settings, stated: Mapping[Path, str], *, force: bool) -> None:
    """Refuse files that are there, and contracts that another file has: two of one name are none.

    Raises:
        CannotCheck: there is such a file or contract.
    """
    from alembic_contracts.contracts import formats
    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.support.paths import is_there, shown

    there = [file for file in stated if is_there(file)]
    if there and not force:
        raise CannotCheck(f"{shown(there[0])} is there already; --force overwrites it, --stdout prints instead.")
    try:
        contracts = formats.load([path for path in settings.contracts if is_there(path)], root=Path.cwd())
    except CannotCheck:  # `lint` says what is wrong with them
        return
    written = {shown(file) for file in stated}
    for contract in contracts:
        if contract.id in stated.values() and contract.location.file not in written:
            raise CannotCheck(
                f"There is a contract `{contract.id}` already, in {contract.location.file}; --namespace gives the new "
                "one another name, --stdout prints it instead."
            )

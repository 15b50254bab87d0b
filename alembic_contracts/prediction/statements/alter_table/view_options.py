"""ALTER VIEW SET and RESET applied to the catalog; what tables and indexes have of the kind is how rows are stored."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.view_options import CheckOption, check_option, is_true, stated
from alembic_contracts.prediction.statements.alter_table.subcommands import MISC, Alteration, Subcommand

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["SUBCOMMANDS"]


def _set(alteration: Alteration, command: Node) -> None:
    options = stated(parser.unwrap(getattr(command, "def")).items)
    _put(alteration, options, invoker=is_true(options.get("security_invoker", "")), check=check_option(options))


def _reset(alteration: Alteration, command: Node) -> None:
    _put(alteration, stated(parser.unwrap(getattr(command, "def")).items), invoker=False, check="")


def _put(alteration: Alteration, named: Collection[str], *, invoker: bool, check: CheckOption) -> None:
    table = alteration.table
    if table.kind != "view":
        return
    if "check_option" in named:
        table = replace(table, check_option=check)
    if "security_invoker" in named and invoker != table.security_invoker:
        table = replace(table, security_invoker=invoker, unusable=None)
    alteration.state.tables.put(alteration.name, table)


SUBCOMMANDS = {"AT_SetRelOptions": Subcommand(MISC, _set), "AT_ResetRelOptions": Subcommand(MISC, _reset)}

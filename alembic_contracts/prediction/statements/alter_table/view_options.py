"""ALTER VIEW SET and RESET applied to the catalog; what tables and indexes have of the kind is how rows are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.view_options import check_option, stated
from alembic_contracts.prediction.statements.alter_table.subcommands import MISC, Alteration, Subcommand

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["SUBCOMMANDS"]


def _set(alteration: Alteration, command: Node) -> None:
    options = stated(parser.unwrap(getattr(command, "def")).items)
    table = alteration.table
    if table.kind == "view" and "check_option" in options:
        alteration.state.tables.put(alteration.name, replace(table, check_option=check_option(options)))


def _reset(alteration: Alteration, command: Node) -> None:
    options = stated(parser.unwrap(getattr(command, "def")).items)
    table = alteration.table
    if table.kind == "view" and "check_option" in options:
        alteration.state.tables.put(alteration.name, replace(table, check_option=""))


SUBCOMMANDS = {"AT_SetRelOptions": Subcommand(MISC, _set), "AT_ResetRelOptions": Subcommand(MISC, _reset)}

"""ALTER TABLE ... COLUMN applied to the catalog: identity and generation expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.relations import change_column, is_inherited, require_column
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.statements.alter_table.subcommands import (
    ATTRIBUTES,
    DROP,
    MISC,
    SET_EXPRESSION,
    Alteration,
    Subcommand,
)
from alembic_contracts.prediction.tables.columns import add_sequence, may_be_identity

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["SUBCOMMANDS"]


def _refuse_partition(alteration: Alteration) -> None:
    """From PostgreSQL 17 on partitions take identity from the table that they are a part of, and only from it."""
    if alteration.table.partition and alteration.state.server_version >= 170000:
        raise sqlstate.invalid_table_definition("cannot change the identity of a column of a partition")


def _refuse_alone(alteration: Alteration) -> None:
    strict = alteration.table.kind == "partitioned table" and alteration.state.server_version >= 170000
    if strict and not alteration.recurse and alteration.state.children(alteration.name):
        raise sqlstate.invalid_table_definition("cannot change identity of a column of only the partitioned table")


def _state_error(message: str) -> sqlstate.PostgresError:
    return sqlstate.PostgresError("55000", message)


def _add_identity(alteration: Alteration, command: Node) -> None:
    _refuse_partition(alteration)
    _refuse_alone(alteration)
    column = require_column(alteration.table, command.name)
    if not may_be_identity(column.type):
        raise sqlstate.PostgresError("22023", "identity column type must be smallint, integer, or bigint")
    if not column.not_null:
        raise _state_error(f'column "{column.name}" must be declared NOT NULL before identity can be added')
    same = alteration.table.not_null_constraint(column.name)
    if same is not None and not same.valid:
        from alembic_contracts.prediction.tables.not_null import not_valid

        raise not_valid(same, alteration.name)
    if column.identity:
        raise _state_error(f'column "{column.name}" is already an identity column')
    if column.default is not None:
        raise _state_error(f'column "{column.name}" already has a default value')
    node = parser.unwrap(getattr(command, "def"))
    add_sequence(alteration.run, alteration.name, column.name, node, internal=True)
    kind = "always" if node.generated_when == "a" else "by default"
    partitions_too = alteration.table.kind == "partitioned table" and alteration.state.server_version >= 170000
    for target in alteration.targets() if partitions_too else [alteration.name]:
        change_column(alteration.state, target, column.name, lambda c: replace(c, identity=kind))


def _set_identity(alteration: Alteration, command: Node) -> None:
    _refuse_partition(alteration)
    column = require_column(alteration.table, command.name)
    if not column.identity:
        raise _state_error(f'column "{column.name}" is not an identity column')
    options = parser.children(parser.unwrap(getattr(command, "def")).items)
    said = [chr(parser.unwrap(option.arg).ival) for option in options if option.defname == "generated"]
    if said:
        changed = replace(column, identity="always" if said[-1] == "a" else "by default")
        change_column(alteration.state, alteration.name, column.name, lambda _: changed)


def _drop_identity(alteration: Alteration, command: Node) -> None:
    _refuse_partition(alteration)
    column = require_column(alteration.table, command.name)
    if not column.identity:
        if command.missing_ok:
            return
        raise _state_error(f'column "{column.name}" is not an identity column')
    state = alteration.state
    for sequence in list(state.sequences.values()):
        if sequence.owner == (alteration.name, column.name) and sequence.internal:
            state.sequences.remove(sequence.name)
    targets = alteration.targets() if alteration.table.kind == "partitioned table" else [alteration.name]
    for target in targets:
        change_column(state, target, column.name, lambda c: replace(c, identity=""))


def _set_expression(alteration: Alteration, command: Node) -> None:
    from alembic_contracts.prediction.printing.texts import of_value
    from alembic_contracts.prediction.queries.ddl_expressions import check_columns

    column = require_column(alteration.table, command.name)
    if alteration.state.server_version < 170000:
        raise sqlstate.PostgresError("42601", 'syntax error at or near "EXPRESSION"')
    if not column.generated:
        raise _state_error(f'column "{column.name}" is not a generated column')
    check_columns(alteration.run, getattr(command, "def"), alteration.table)
    node = getattr(command, "def")
    text = of_value(alteration.state, parser.deparse_expression(node), node, column.type, alteration.table.columns)
    for target in alteration.targets():
        change_column(alteration.state, target, command.name, lambda c: replace(c, expression=text))


def _drop_expression(alteration: Alteration, command: Node) -> None:
    column = require_column(alteration.table, command.name)
    if not column.generated:
        if command.missing_ok:
            return
        raise _state_error(f'column "{column.name}" is not a generated column')
    if column.generated == "virtual":
        raise sqlstate.feature_not_supported("DROP EXPRESSION is not supported for virtual generated columns")
    if is_inherited(alteration.state, alteration.table, column.name):
        raise sqlstate.invalid_table_definition("cannot drop generation expression from inherited column")
    if alteration.state.children(alteration.name) and not alteration.recurse:
        raise sqlstate.invalid_table_definition("ALTER TABLE / DROP EXPRESSION must be applied to child tables too")
    for target in alteration.targets():
        change_column(alteration.state, target, column.name, lambda c: replace(c, generated="", expression=None))


SUBCOMMANDS = {
    "AT_AddIdentity": Subcommand(ATTRIBUTES, _add_identity),
    "AT_SetIdentity": Subcommand(MISC, _set_identity),
    "AT_DropIdentity": Subcommand(DROP, _drop_identity),
    "AT_SetExpression": Subcommand(SET_EXPRESSION, _set_expression),
    "AT_DropExpression": Subcommand(DROP, _drop_expression),
}

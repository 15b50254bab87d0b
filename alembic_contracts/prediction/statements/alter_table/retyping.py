"""ALTER TABLE ... ALTER COLUMN ... TYPE applied to the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.relations import (
    change_column,
    descendants,
    is_inherited,
    partition_columns,
    refuse_other_parents,
    require_column,
)
from alembic_contracts.prediction.catalog.traits import SQL_BODY
from alembic_contracts.prediction.catalog.type_names import refuse_itself, resolve, shown
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.sql.mentions import columns_in
from alembic_contracts.prediction.statements.alter_table.subcommands import (
    ALTER_TYPE,
    Alteration,
    Subcommand,
    is_typed,
)
from alembic_contracts.prediction.tables.columns import may_be_identity

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Column, Name, Table, Type

__all__ = ["SUBCOMMANDS"]


def _refuse_retyping(alteration: Alteration, name: str) -> None:
    table, state = alteration.table, alteration.state
    if name in alteration.retyped:
        raise sqlstate.PostgresError("0A000", f'cannot alter type of column "{name}" twice')
    if is_typed(state, table):
        raise sqlstate.wrong_object_type("cannot alter column type of typed table")
    if is_inherited(state, table, name):
        raise sqlstate.invalid_table_definition(f'cannot alter inherited column "{name}"')
    refuse_other_parents(state, table.name, list(descendants(state, table.name)), name, "alter")
    if any(name in partition_columns(state.tables[target]) for target in alteration.targets()):
        raise sqlstate.invalid_table_definition(f'cannot alter column "{name}" because it is part of the partition key')
    if state.children(table.name) and not alteration.recurse:
        raise sqlstate.invalid_table_definition(
            f'type of inherited column "{name}" must be changed in child tables too'
        )


def _alter_type(alteration: Alteration, command: Node) -> None:
    from alembic_contracts.prediction.queries.ddl_expressions import check_columns
    from alembic_contracts.prediction.statements.alter_table.reprinting import reprint

    table, state, name = alteration.table, alteration.state, command.name
    definition = parser.unwrap(getattr(command, "def"))
    column = require_column(table, name)
    _refuse_retyping(alteration, name)
    type_ = resolve(alteration.run, definition.type_name)
    refuse_itself(state, table.name, type_)
    if type_ != column.type:
        alteration.retyped.add(name)
    if definition.HasField("raw_default"):
        check_columns(alteration.run, definition.raw_default, table)
    using = definition.raw_default if definition.HasField("raw_default") else None
    _refuse_impossible_cast(alteration, column, type_, using)
    if column.identity and not may_be_identity(type_):
        raise sqlstate.PostgresError("22023", "identity column type must be smallint, integer, or bigint")
    collation = (
        ".".join(parser.strings(definition.coll_clause.collname)) if definition.HasField("coll_clause") else None
    )
    for target in alteration.targets():
        if state.tables[target].column(name) is not None:
            _refuse_users(state, state.tables[target], name)
            change_column(state, target, name, lambda c: replace(c, type=type_, collation=collation))
            _recheck_expressions(alteration, state.tables[target], name)
            reprint(state, target, name)
    _recheck_foreign_keys(state, table.name, name)


def _refuse_impossible_cast(alteration: Alteration, column: Column, type_: Type | None, using: Node | None) -> None:
    """Refuse what cannot be stored in the new type: the column itself or the result of USING, and the default.

    Raises:
        PostgresError: 42804; 42846 and others for what is inside of USING.
    """
    from alembic_contracts.prediction.queries.analysis import Analysis
    from alembic_contracts.prediction.queries.coercion import require_coercion

    run = alteration.run
    failure = f"cannot be cast automatically to type {shown(type_, run.state)}"
    if using is None:
        require_coercion(run, column.type, type_, "a", f'column "{column.name}" {failure}')
    else:
        found = Analysis(run).of_rows(alteration.table, using, type_)
        require_coercion(run, found, type_, "a", f'result of USING clause for column "{column.name}" {failure}')
    if column.default is not None:
        found = _default_type(alteration, column)
        require_coercion(run, found, type_, "a", f'default for column "{column.name}" {failure}')
        if type_ != column.type:
            run.state.traits.put((f"converted default of {column.name}", str(alteration.name)), column.default)


def _default_type(alteration: Alteration, column: Column) -> Type | None:
    """Return the type of a default before it was converted to the column's; a literal has that of its first column."""
    from alembic_contracts.prediction.queries.analysis import Analysis

    node = parser.parse_expression(column.default or "")
    found = None if node is None else Analysis(alteration.run).of_rows(alteration.table, node, column.type)
    converted = alteration.state.traits.get((f"converted default of {column.name}", str(alteration.name)))
    is_literal = node is not None and node.HasField("a_const") and node.a_const.HasField("sval")
    return None if is_literal and converted == column.default else found


def _refuse_users(state: State, table: Table, column: str) -> None:
    """Refuse to change the type of a column that views, generated columns, policies or triggers use.

    Raises:
        PostgresError: 0A000.
    """
    if not state.holds_all(SQL_BODY):
        state.uncertain.note_refusal()  # which of its columns such a body uses is not followed
    for user in state.mentioned_by(table.name):
        if (table.name, column) in user.depends_on:
            raise sqlstate.feature_not_supported("cannot alter type of a column used by a view or rule")
    for other in table.columns:
        if other.expression is not None and other.name != column and column in columns_in(other.expression):
            raise sqlstate.feature_not_supported("cannot alter type of a column used by a generated column")
    for attachment in state.attachments.values():
        if attachment.kind in {"policy", "trigger", "rule"} and (table.name, column) in attachment.uses:
            raise sqlstate.feature_not_supported(
                f"cannot alter type of a column used in a {attachment.kind} definition"
            )


def _recheck_expressions(alteration: Alteration, table: Table, column: str) -> None:
    """Refuse a type for which a check or an index has no operator.

    Raises:
        PostgresError: 42883; 42704, an index on the column itself has no operator class.
    """
    from alembic_contracts.prediction.queries.analysis import Analysis
    from alembic_contracts.prediction.queries.operator_classes import require_operator_class

    for index in table.indexes:
        changed = table.column(column) if column in index.columns and index.method in {"btree", "hash"} else None
        if changed is not None:
            require_operator_class(alteration.run, changed.type, index.method)
    texts = [c.expression for c in table.constraints if c.kind == "check" and column in c.columns]
    texts.extend(text for index in table.indexes for text in (*index.expressions, index.predicate))
    for text in texts:
        node = parser.parse_expression(text) if text is not None and column in columns_in(text) else None
        if node is not None:
            Analysis(alteration.run).condition(table, node)


def _recheck_foreign_keys(state: State, name: Name, column: str) -> None:
    from alembic_contracts.prediction.tables import foreign_keys

    for user in {t.name: t for t in (*state.mentioned_by(name), state.tables[name])}.values():
        for constraint in user.constraints:
            if constraint.references is None or constraint.references not in state.tables:
                continue
            pairs = list(zip(constraint.columns, constraint.referenced_columns, strict=False))
            here = [p for p in pairs if (user.name == name and p[0] == column)]
            there = [p for p in pairs if (constraint.references == name and p[1] == column)]
            for own, other in (*here, *there):
                target = state.tables[constraint.references]
                foreign_keys.require_comparable(state, user.column(own), target.column(other))


SUBCOMMANDS = {"AT_AlterColumnType": Subcommand(ALTER_TYPE, _alter_type)}

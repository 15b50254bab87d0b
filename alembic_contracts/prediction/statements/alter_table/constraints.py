"""ALTER TABLE ... CONSTRAINT applied to the catalog: adding, dropping, validating, altering."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.doubts import Harmless
from alembic_contracts.prediction.catalog.relations import is_copy
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.statements.alter_table.columns import (
    change_everywhere,
    forget_not_null,
    has_not_null_parent,
    refuse_nullable,
    validate,
)
from alembic_contracts.prediction.statements.alter_table.subcommands import (
    ADD_CONSTRAINT,
    ADD_INDEX,
    ADD_OTHER,
    DROP,
    MISC,
    Alteration,
    Later,
    Subcommand,
)
from alembic_contracts.prediction.tables.columns import KeyDraft
from alembic_contracts.schemas.remarks import Method
from alembic_contracts.schemas.schema import Constraint, Index, Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["SUBCOMMANDS"]


def _add(alteration: Alteration, command: Node) -> None:
    """Put the constraint off to the pass of its kind."""
    from alembic_contracts.prediction.tables import constraints

    key = KeyDraft.of_table(parser.unwrap(getattr(command, "def")))
    order = {"CONSTR_CHECK": ADD_CONSTRAINT, "CONSTR_NOTNULL": ADD_CONSTRAINT, "CONSTR_FOREIGN": ADD_OTHER}

    def apply(later: Alteration, _: Node) -> None:
        if key.node.indexname:
            _use_index(later, key.node)
            return
        children = later.state.children(later.name)
        bound = key.kind in {"CONSTR_CHECK", "CONSTR_NOTNULL"} and not key.node.is_no_inherit
        if bound and children and not later.recurse:
            raise sqlstate.invalid_table_definition("constraint must be added to child tables too")
        constraints.add_constraint(later.run, later.name, key, recurse=later.recurse)

    alteration.later(order.get(key.kind, ADD_INDEX), Later(apply, command))


def _use_index(alteration: Alteration, node: Node) -> None:
    """Apply ``ADD CONSTRAINT ... PRIMARY KEY / UNIQUE USING INDEX``."""
    state, table = alteration.state, alteration.table
    index = _usable(alteration, node.indexname)
    primary = parser.enum_name(node, "contype") == "CONSTR_PRIMARY"
    if primary and table.primary_key:
        raise sqlstate.invalid_table_definition(f'multiple primary keys for table "{table.name.name}" are not allowed')
    name = node.conname or index.name
    if name != index.name and state.relation_kind(Name(table.name.schema, name)) is not None:
        raise sqlstate.duplicate_table(name)
    renamed = name if table.replica_index == index.name else table.replica_index
    constraint = Constraint(
        name=name,
        kind="primary key" if primary else "unique",
        columns=tuple(str(column) for column in index.columns),
        deferrable=node.deferrable or node.initdeferred,
        initially_deferred=node.initdeferred,
        nulls_not_distinct=index.nulls_not_distinct,
    )
    indexes = tuple(replace(i, name=name, constraint=name) if i is index else i for i in table.indexes)
    constraints = (*table.constraints, constraint)
    state.tables.put(table.name, replace(table, indexes=indexes, constraints=constraints, replica_index=renamed))
    for column in constraint.columns if primary else ():
        _forbid_null(alteration, column)


def _usable(alteration: Alteration, name: str) -> Index:
    """Return an index that can become a key.

    Raises:
        PostgresError: 0A000, 42704, 55000 it is one already, 42809 it is no plain unique index.
    """
    table = alteration.table
    if table.kind == "partitioned table":
        raise sqlstate.feature_not_supported("ADD CONSTRAINT USING INDEX is not supported on partitioned tables")
    index = next((index for index in table.indexes if index.name == name), None)
    if index is None:
        raise sqlstate.PostgresError("42704", f'index "{name}" does not exist')
    if index.constraint is not None:
        raise sqlstate.PostgresError("55000", f'index "{index.name}" is already associated with a constraint')
    if not index.unique or None in index.columns or index.predicate is not None:
        raise sqlstate.wrong_object_type(f'"{index.name}" is not a plain unique index')
    if not isinstance(index.method, Method):
        alteration.state.uncertain.note_refusal()  # it may have a collation of its own
    elif any(index.method.options):
        raise sqlstate.wrong_object_type(f'index "{index.name}" has a column without default sorting behavior')
    return index


def _forbid_null(alteration: Alteration, column: str) -> None:
    from alembic_contracts.prediction.tables import not_null

    state, name = alteration.state, alteration.name
    not_null.mark_not_null(state, name, not_null.NotNull(column))
    if alteration.recurse:
        not_null.spread_not_null(state, name, column)
    elif state.server_version >= 180000:
        below = [child.column(column) for child in state.children(name)]
        if any(each is not None and not each.not_null for each in below):
            raise sqlstate.invalid_table_definition("constraint must be added to child tables too")


def _find(alteration: Alteration, name: str) -> Constraint | None:
    return next((constraint for constraint in alteration.table.constraints if constraint.name == name), None)


def _missing(alteration: Alteration, name: str) -> sqlstate.PostgresError:
    message = f'constraint "{name}" of relation "{alteration.name.name}" does not exist'
    return sqlstate.PostgresError("42704", message)


def _drop(alteration: Alteration, command: Node) -> None:
    from alembic_contracts.prediction.catalog.dependencies import Object
    from alembic_contracts.prediction.catalog.removal import drop

    constraint = _find(alteration, command.name)
    if constraint is None:
        if command.missing_ok:
            return
        raise _missing(alteration, command.name)
    if constraint.inherited:
        raise sqlstate.invalid_table_definition(f'cannot drop inherited constraint "{constraint.name}"')
    cascade = parser.enum_name(command, "behavior") == "DROP_CASCADE"
    if constraint.kind == "not null":
        refuse_nullable(alteration.state, alteration.table, constraint.columns[0])
        _refuse_identity(alteration, constraint.columns[0])
        forget_not_null(alteration, constraint.columns[0])
        return
    children = alteration.state.children(alteration.name)
    if alteration.table.kind == "partitioned table" and children and not alteration.recurse:
        raise sqlstate.invalid_table_definition("cannot remove constraint from only the partitioned table")
    targets = [Object("constraint", alteration.name, constraint.name)]
    for child in alteration.targets()[1:]:
        targets.extend(Object("constraint", child, c.name) for c in _inherited(alteration, child, constraint))
    if not alteration.recurse:
        for child_table in children:
            _make_local(alteration, child_table.name, constraint)
    drop(alteration.run, targets, cascade=cascade)


def _refuse_identity(alteration: Alteration, name: str) -> None:
    column = alteration.table.column(name)
    if column is not None and column.identity:
        raise sqlstate.PostgresError("42601", f'column "{name}" is an identity column')


def _inherited(alteration: Alteration, child: Name, constraint: Constraint) -> list[Constraint]:
    """Return the constraint of a child that comes from this one."""
    return [c for c in alteration.state.tables[child].constraints if c.inherited and is_copy(c, constraint)]


def _make_local(alteration: Alteration, child: Name, constraint: Constraint) -> None:
    table = alteration.state.tables[child]
    kept = tuple(replace(c, inherited=False) if is_copy(c, constraint) else c for c in table.constraints)
    alteration.state.tables.put(child, replace(table, constraints=kept))


def _validate(alteration: Alteration, command: Node) -> None:
    constraint = _find(alteration, command.name)
    if constraint is None:
        raise _missing(alteration, command.name)
    if constraint.kind not in {"check", "foreign key", "not null"}:
        raise sqlstate.wrong_object_type(f'constraint "{command.name}" is not a foreign key or check constraint')
    validate(alteration, constraint)


def _alter(alteration: Alteration, command: Node) -> None:
    node = parser.unwrap(getattr(command, "def"))
    constraint = _find(alteration, node.conname)
    if constraint is None:
        raise _missing(alteration, node.conname)
    if constraint.kind != "foreign key" and node.alter_deferrability:
        raise sqlstate.wrong_object_type(f'constraint "{node.conname}" is not a foreign key constraint')
    if node.alter_inheritability:
        _alter_inheritance(alteration, constraint, no_inherit=node.noinherit)
    if node.alter_enforceability and constraint.kind != "foreign key":
        message = f'cannot alter enforceability of constraint "{constraint.name}" of relation "{alteration.name.name}"'
        raise sqlstate.wrong_object_type(message)
    if node.alter_enforceability:
        held = node.is_enforced  # what is enforced again is looked through
        change_everywhere(alteration, constraint, valid=held, enforced=held)
    if node.alter_deferrability:
        table = alteration.table
        changed = replace(constraint, deferrable=node.deferrable, initially_deferred=node.initdeferred)
        kept = tuple(changed if c is constraint else c for c in table.constraints)
        alteration.state.tables.put(table.name, replace(table, constraints=kept))


def _alter_inheritance(alteration: Alteration, constraint: Constraint, *, no_inherit: bool) -> None:
    """Apply ``ALTER CONSTRAINT ... [NO] INHERIT`` (``ATExecAlterConstrInheritability``)."""
    state, table = alteration.state, alteration.table
    if constraint.kind != "not null":
        raise sqlstate.wrong_object_type(f'constraint "{constraint.name}" is not a not-null constraint')
    if no_inherit and constraint.inherited:
        message = f'cannot alter inherited constraint "{constraint.name}" on relation "{table.name.name}"'
        raise sqlstate.PostgresError("55000", message)
    if no_inherit and table.kind == "partitioned table":
        message = f'not-null constraint "{constraint.name}" on partitioned table cannot be NO INHERIT'
        raise sqlstate.feature_not_supported(message)
    if no_inherit == constraint.no_inherit:
        return
    kept = tuple(replace(c, no_inherit=no_inherit) if c is constraint else c for c in table.constraints)
    state.tables.put(table.name, replace(table, constraints=kept))
    column = constraint.columns[0]
    if not no_inherit:
        from alembic_contracts.prediction.tables.not_null import spread_not_null

        spread_not_null(state, table.name, column, validates=True)
    for child in state.children(table.name) if no_inherit else ():
        if not has_not_null_parent(state, child, column):
            _make_local(alteration, child.name, constraint)


SUBCOMMANDS: dict[str, Subcommand | Harmless] = {
    "AT_AddConstraint": Subcommand(DROP, _add),
    "AT_DropConstraint": Subcommand(DROP, _drop),
    "AT_ValidateConstraint": Subcommand(MISC, _validate),
    "AT_AlterConstraint": Subcommand(MISC, _alter),
    "AT_AddIndex": Harmless("the parser never makes it: ADD PRIMARY KEY becomes it inside of the server"),
    "AT_ReAddIndex": Harmless("the parser never makes it: ALTER TYPE uses it inside of the server"),
    "AT_ReAddConstraint": Harmless("the parser never makes it: ALTER TYPE uses it inside of the server"),
    "AT_ReAddDomainConstraint": Harmless("the parser never makes it: ALTER TYPE uses it inside of the server"),
    "AT_AddIndexConstraint": Harmless("the parser never makes it: USING INDEX becomes it inside of the server"),
    "AT_ReAddComment": Harmless("the parser never makes it: ALTER TYPE uses it inside of the server"),
    "AT_ReAddStatistics": Harmless("the parser never makes it: ALTER TYPE uses it inside of the server"),
}

"""CREATE TABLE in all its forms applied to the catalog, partitions and foreign tables included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from alembic_contracts.prediction.catalog.access import of_new_table
from alembic_contracts.prediction.catalog.relations import NOT_TABLES, PERSISTENCE, check_free, find, new_name
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.tables import constraints, not_null
from alembic_contracts.prediction.tables.columns import Draft, KeyDraft, check_generated, draft
from alembic_contracts.prediction.tables.inheritance import (
    adopt,
    attach_keys_of_parent,
    merge_parents,
    refuse_other_persistence,
    refuse_parent,
    take_bound,
)
from alembic_contracts.prediction.tables.keys import add_keys
from alembic_contracts.schemas.schema import Column, Name, Table, TableKind

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.prediction.tables.like import Like

__all__ = ["HANDLERS"]


class Plan(Struct):
    """A table that is being put together."""

    name: Name
    columns: list[Draft] = field(default_factory=list)
    keys: list[KeyDraft] = field(default_factory=list)
    """All that are written, at columns as well, in their order."""
    likes: list[Like] = field(default_factory=list)
    overrides: list[tuple[int, Node]] = field(default_factory=list)
    """Column options of a partition or typed table, columns without a type; how many keys are written before each."""


def create_table(run: Execution, node: Node, kind: TableKind | None = None) -> None:
    """Apply CREATE TABLE.

    Raises:
        PostgresError: as the server would.
    """
    name = new_name(run, node.relation)
    if node.if_not_exists and run.state.relation_kind(name) is not None:
        return
    parents = [find(run, parser.unwrap(parent)) for parent in node.inh_relations]
    if any(parent is None for parent in parents):
        run.doubt(f"{name} inherits from a table that is not known here", [name])
    known = [parent for parent in parents if parent is not None]
    plan = _plan(run, name, node)
    _refuse_wrong_parents(known, node)
    _create(run, node, plan, known, kind)
    if len(known) < len(parents):
        run.state.tables.put(name, replace(run.state.tables[name], complete=False))


def _refuse_wrong_parents(parents: list[Table], node: Node) -> None:
    persistence, seen = PERSISTENCE[node.relation.relpersistence or "p"], set[Name]()
    for parent in parents:
        if parent.name in seen:
            message = f'relation "{parent.name.name}" would be inherited from more than once'
            raise sqlstate.PostgresError("42P07", message)
        seen.add(parent.name)
    for parent in parents:
        if node.HasField("partbound") and parent.kind not in NOT_TABLES:
            refuse_other_persistence(parent, persistence)
        else:
            refuse_parent(parent, persistence)


def _plan(run: Execution, name: Name, node: Node) -> Plan:
    plan = Plan(name)
    if node.HasField("of_typename"):
        _typed_columns(run, plan, node)
    for element in parser.children(node.table_elts):
        element_kind = element.DESCRIPTOR.name
        if element_kind == "ColumnDef":
            if element.HasField("type_name"):
                drafted = draft(run, name, element)
                plan.columns.append(drafted)
                plan.keys.extend(drafted.constraints)
            else:
                plan.overrides.append((len(plan.keys), element))
        elif element_kind == "Constraint":
            plan.keys.append(KeyDraft.of_table(element))
        elif element_kind == "TableLikeClause":
            from alembic_contracts.prediction.tables.like import copy_columns

            copied = copy_columns(run, name, element)
            if copied is not None:
                plan.likes.append(copied)
                plan.columns.extend(Draft(column) for column in copied.columns)
    plan.keys.extend(map(KeyDraft.of_table, parser.children(node.constraints)))
    return plan


def _typed_columns(run: Execution, plan: Plan, node: Node) -> None:
    """Take the columns of ``OF type``."""
    names = parser.strings(node.of_typename.names)
    definition = run.state.find_type(names[-1], names[-2] if len(names) > 1 else None)
    if definition is None:
        raise sqlstate.undefined_object("type", ".".join(names))
    if definition.kind != "composite":
        raise sqlstate.wrong_object_type(f'type "{definition.name.name}" is not a composite type')
    run.state.traits.put(("of", str(plan.name)), str(definition.name))
    plan.columns.extend(Draft(Column(name=column, type=type_)) for column, type_ in definition.fields)


def _create(run: Execution, node: Node, plan: Plan, parents: list[Table], kind: TableKind | None) -> None:
    state, name = run.state, plan.name
    is_partition = node.HasField("partbound")
    sqlstate.refuse_too_many_columns(len(plan.columns))
    _refuse_repeated(plan.columns)
    columns, local = merge_parents(run, [d.column for d in plan.columns], parents)
    columns, keys = _override(run, plan, columns)
    _refuse_unknown_keys(keys, columns)
    sqlstate.refuse_too_many_columns(len(columns))
    check_free(state, name)
    if is_partition and parents and parents[0].kind != "partitioned table":
        raise sqlstate.invalid_definition(f'"{parents[0].name.name}" is not partitioned')
    table = _table(run, node, name, columns, parents, kind=kind)
    state.tables.put(name, table)
    if parents and not is_partition:
        state.local_columns.put(name, frozenset(local))
    for drafted in plan.columns:
        if drafted.expression is not None:
            check_generated(run, table, drafted)
    own = _own_not_null(plan, keys)
    if parents:
        adopt(state, name, parents, own)
    constraints.add(run, name, [key for key in keys if key.kind == "CONSTR_CHECK"])
    _mark_not_null(run, name, columns, plan, own)
    add_keys(run, name, [key for key in keys if key.kind in _INDEXED])
    constraints.add(run, name, [key for key in keys if key.kind == "CONSTR_FOREIGN"])
    if plan.likes:
        from alembic_contracts.prediction.tables.like import copy_rest

        for like in plan.likes:
            copy_rest(run, name, like)
    if is_partition:
        take_bound(state, name, parents[0], node.partbound)
        attach_keys_of_parent(state, name, parents[0])
    _validate(run, name)


def _table(
    run: Execution, node: Node, name: Name, columns: list[Column], parents: list[Table], *, kind: TableKind | None
) -> Table:
    """Return the table as it is before any constraint, with what default privileges and publications give it."""
    partitioned = node.HasField("partspec")
    table = Table(
        name=name,
        kind=kind or ("partitioned table" if partitioned else "table"),
        persistence=PERSISTENCE[node.relation.relpersistence or "p"],
        columns=tuple(replace(each, not_null=False) if each.not_null else each for each in columns),
        parents=tuple(parent.name for parent in parents),
        partition=node.HasField("partbound"),
        partition_key=_partition_key(run, columns, name, node.partspec) if partitioned else None,
        owner=run.state.current_user,
    )
    return of_new_table(run.state, table)


_INDEXED = frozenset({"CONSTR_PRIMARY", "CONSTR_UNIQUE", "CONSTR_EXCLUSION"})


def _override(run: Execution, plan: Plan, columns: list[Column]) -> tuple[list[Column], list[KeyDraft]]:
    """Return the columns with the column options of a partition or typed table, and all keys with theirs."""
    if not plan.overrides:
        return columns, plan.keys
    changed, keys = {column.name: column for column in columns}, [*plan.keys]
    for before, node in plan.overrides:
        column = changed.get(node.colname)
        if column is None:
            raise sqlstate.undefined_column(node.colname)
        drafted = draft(run, plan.name, node, type_=column.type)
        changed[node.colname] = replace(
            column,
            not_null=column.not_null or drafted.column.not_null,
            default=drafted.column.default if drafted.column.default is not None else column.default,
            identity=drafted.column.identity or column.identity,
            generated=drafted.column.generated or column.generated,
            expression=drafted.column.expression or column.expression,
        )
        at = before + len(keys) - len(plan.keys)
        keys[at:at] = drafted.constraints if drafted.not_null is None else (*drafted.constraints, drafted.not_null)
    return list(changed.values()), keys


def _own_not_null(plan: Plan, keys: list[KeyDraft]) -> dict[str, Node | None]:
    """Return the columns that the statement itself says NOT NULL for, and where; None for those of primary keys.

    Raises:
        PostgresError: 42601, NOT NULL of a primary key is NO INHERIT.
    """
    own: dict[str, Node | None] = {d.column.name: None for d in plan.columns if d.column.not_null}
    own |= {d.column.name: d.not_null.node for d in plan.columns if d.not_null is not None}
    for key in keys:
        if key.kind == "CONSTR_NOTNULL":
            own.update(dict.fromkeys(parser.strings(key.node.keys) or [key.column or ""], key.node))
    for key in keys:
        for column in (parser.strings(key.node.keys) or [key.column or ""]) if key.kind == "CONSTR_PRIMARY" else ():
            said = own.setdefault(column, None)
            if said is not None and said.is_no_inherit:
                message = f'conflicting NO INHERIT declaration for not-null constraint on column "{column}"'
                raise sqlstate.PostgresError("42601", message)
    return own


def _refuse_unknown_keys(keys: list[KeyDraft], columns: list[Column]) -> None:
    known = {column.name for column in columns}
    for key in keys:
        if key.kind in {"CONSTR_PRIMARY", "CONSTR_UNIQUE"}:
            for column in (*parser.strings(key.node.keys), *parser.strings(key.node.including)):
                if column not in known:
                    raise sqlstate.PostgresError("42703", f'column "{column}" named in key does not exist')


def _refuse_repeated(drafts: list[Draft]) -> None:
    seen = set()
    for drafted in drafts:
        if drafted.column.name in seen:
            raise sqlstate.PostgresError("42701", f'column "{drafted.column.name}" specified more than once')
        seen.add(drafted.column.name)


def _mark_not_null(run: Execution, name: Name, columns: list[Column], plan: Plan, own: dict[str, Node | None]) -> None:
    """Make columns NOT NULL, those of the primary key included, in the order of the columns."""
    stated = {column: node for column, node in own.items() if node is not None}
    known = {column.name for column in columns}
    for written in stated:
        if written not in known:
            raise sqlstate.PostgresError("42703", f'column "{written}" does not exist')
    named = {column: (node.conname or None, node.is_no_inherit) for column, node in stated.items()}
    for like in plan.likes:
        for copied, constraint in like.not_null.items():
            named.setdefault(copied, (None, False) if constraint is None else (constraint.name, constraint.no_inherit))
    marked = [column.name for column in columns if column.not_null or column.name in named]
    said = [(column, *named.get(column, (None, False))) for column in marked]
    wanted = [not_null.NotNull(column, written, no_inherit=alone) for column, written, alone in said]
    not_null.mark_not_null(run.state, name, *wanted)


def _partition_key(run: Execution, columns: list[Column], name: Name, spec: Node) -> str:
    from alembic_contracts.prediction.queries.ddl_expressions import check_columns

    table = Table(name=name, columns=tuple(columns))
    parts = []
    for element in parser.children(spec.part_params):
        if element.name:
            if table.column(element.name) is None:
                message = f'column "{element.name}" named in partition key does not exist'
                raise sqlstate.PostgresError("42703", message)
            if any(column.name == element.name and column.generated for column in columns):
                raise sqlstate.invalid_definition("cannot use generated column in partition key")
            parts.append(element.name)
        else:
            check_columns(run, element.expr, table)
            parts.append(f"({parser.deparse_expression(element.expr)})")
    strategy = parser.enum_name(spec, "strategy").removeprefix("PARTITION_STRATEGY_")
    return f"{strategy} ({', '.join(parts)})"


def _validate(run: Execution, name: Name) -> None:
    """Constraints of a new table are valid where they are enforced, whatever was written: there is no row."""
    table = run.state.tables[name]
    if any(c.enforced and not c.valid for c in table.constraints):
        valid = tuple(replace(c, valid=c.enforced) for c in table.constraints)
        run.state.tables.put(name, replace(table, constraints=valid))


def create_foreign_table(run: Execution, node: Node) -> None:
    """Apply CREATE FOREIGN TABLE."""
    existed = run.state.relation_kind(new_name(run, node.base_stmt.relation)) is not None
    create_table(run, node.base_stmt, "foreign table")
    if not existed:
        run.state.traits.put(("server", str(new_name(run, node.base_stmt.relation))), node.servername)


HANDLERS = {"create_stmt": create_table, "create_foreign_table_stmt": create_foreign_table}

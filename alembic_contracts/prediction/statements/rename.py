"""ALTER ... RENAME applied to the catalog."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog import access
from alembic_contracts.prediction.catalog.doubts import Harmless
from alembic_contracts.prediction.catalog.new_names import move, move_many, rename_table_column
from alembic_contracts.prediction.catalog.publishing import rename_publication, with_schema_renamed
from alembic_contracts.prediction.catalog.relations import (
    check_free,
    descendants,
    find,
    refuse_other_kind,
    refuse_other_parents,
)
from alembic_contracts.prediction.catalog.traits import HANGING
from alembic_contracts.prediction.catalog.user_types import require_type
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.sql.system import SYSTEM_COLUMNS
from alembic_contracts.prediction.statements._routines import doubt_callers, move_function, named
from alembic_contracts.schemas.schema import Constraint, Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Table

__all__ = ["HANDLERS", "OBJECT_TYPES"]


def rename(run: Execution, node: Node) -> None:
    """Apply ALTER ... RENAME.

    Raises:
        PostgresError: the object does not exist, or the new name is taken.
    """
    kind = parser.enum_name(node, "rename_type")
    entry = OBJECT_TYPES.get(kind)
    if entry is None:
        run.doubt(f"RENAME of {kind} is not understood")
    elif not isinstance(entry, Harmless):
        entry(run, node)


# -- relations ---------------------------------------------------------------------------------------------------------


def _relation(run: Execution, node: Node) -> None:
    relation = node.relation
    found = run.state.find_relation(relation.relname, relation.schemaname or None)
    if found is None:
        find(run, relation, missing_ok=node.missing_ok)
        return
    name, kind = found
    refuse_other_kind(name, kind, parser.enum_name(node, "rename_type"))
    if kind == "composite type":
        raise sqlstate.wrong_object_type(f'"{name.name}" is a composite type')
    new = Name(name.schema, node.newname)
    check_free(run.state, new)
    if kind == "index":
        _rename_index(run.state, name, node.newname)
    elif kind == "sequence":
        move_many(run.state, {name: new})
    else:
        move(run.state, name, new)


def _rename_index(state: State, index: Name, new: str) -> None:
    """Rename an index, and with it the constraint that it serves."""
    table = state.index_table(index)
    if table is None:
        return
    served = next((i.constraint for i in table.indexes if i.name == index.name), None)
    if served is not None:
        _refuse_taken(table, new)
    _put_names(state, table, index.name, new, constraint=served)


def _put_names(state: State, table: Table, old: str, new: str, *, constraint: str | None) -> None:
    if table.replica_index == old:
        table = replace(table, replica_index=new)
    indexes = tuple(
        replace(i, name=new, constraint=new if i.constraint is not None else None) if i.name == old else i
        for i in table.indexes
    )
    constraints = tuple(replace(c, name=new) if c.name == constraint else c for c in table.constraints)
    state.tables.put(table.name, replace(table, indexes=indexes, constraints=constraints))


def _refuse_taken(table: Table, name: str) -> None:
    if any(constraint.name == name for constraint in table.constraints):
        message = f'constraint "{name}" for relation "{table.name.name}" already exists'
        raise sqlstate.PostgresError("42710", message)


# -- columns -----------------------------------------------------------------------------------------------------------


def _column(run: Execution, node: Node) -> None:
    found = run.state.find_relation(node.relation.relname, node.relation.schemaname or None)
    if found is not None and found[1] == "index":  # no table's shape shows how an index calls its columns
        return
    table = find(run, node.relation, missing_ok=node.missing_ok)
    if table is None:
        return
    state, old, new = run.state, node.subname, node.newname
    if table.column(old) is None:
        if not table.complete:
            run.doubt(f"the columns of {table.name} are not all known", [table.name])
            return
        raise sqlstate.undefined_column(old)
    _refuse_rename(state, table, old)
    children = list(descendants(state, table.name))
    if children and not node.relation.inh:
        raise sqlstate.invalid_table_definition(f'inherited column "{old}" must be renamed in child tables too')
    refuse_other_parents(state, table.name, children, old, "rename")
    for name in (table.name, *children):
        current = state.tables[name]
        if current.column(new) is not None:
            raise sqlstate.duplicate_column(new, name.name)
        if new in SYSTEM_COLUMNS:
            raise sqlstate.PostgresError("42701", f'column name "{new}" conflicts with a system column name')
        if current.column(old) is not None:
            rename_table_column(state, name, old, new)


def _refuse_rename(state: State, table: Table, column: str) -> None:
    if ("of", str(table.name)) in state.traits:
        raise sqlstate.wrong_object_type("cannot rename column of typed table")
    if any(p in state.tables and state.tables[p].column(column) is not None for p in table.parents):
        raise sqlstate.invalid_table_definition(f'cannot rename inherited column "{column}"')


def _attribute(run: Execution, node: Node) -> None:
    relation = node.relation
    written = [relation.schemaname, relation.relname] if relation.schemaname else [relation.relname]
    definition = require_type(run, written)
    if definition is None:
        return
    if definition.kind != "composite":
        raise sqlstate.wrong_object_type(f'"{relation.relname}" is not a composite type')
    names = [name for name, _ in definition.fields]
    if node.subname not in names:
        raise sqlstate.undefined_column(node.subname)
    if node.newname in names:
        raise sqlstate.duplicate_column(node.newname, definition.name.name)
    fields = tuple((node.newname if name == node.subname else name, type_) for name, type_ in definition.fields)
    run.state.types.put(definition.name, replace(definition, fields=fields))
    typed = {table for (kind, table), of in run.state.traits.items() if kind == "of" and of == str(definition.name)}
    for table in [name for name in run.state.tables if str(name) in typed]:
        if parser.enum_name(node, "behavior") != "DROP_CASCADE":
            raise sqlstate.PostgresError("2BP01", f'cannot alter type "{definition.name.name}" of a typed table')
        rename_table_column(run.state, table, node.subname, node.newname)


# -- constraints -------------------------------------------------------------------------------------------------------


def _constraint(run: Execution, node: Node) -> None:
    table = find(run, node.relation, missing_ok=node.missing_ok)
    if table is None:
        return
    constraint = next((c for c in table.constraints if c.name == node.subname), None)
    if constraint is None:
        message = f'constraint "{node.subname}" for table "{table.name.name}" does not exist'
        raise sqlstate.PostgresError("42704", message)
    if constraint.inherited and constraint.kind in {"check", "not null"}:
        raise sqlstate.invalid_table_definition(f'cannot rename inherited constraint "{node.subname}"')
    follows = constraint.kind in {"check", "not null"} and not constraint.no_inherit
    children = list(descendants(run.state, table.name)) if follows else []
    if children and not node.relation.inh:
        raise sqlstate.invalid_table_definition("inherited constraint must be renamed in child tables too")
    for name in (table.name, *children):
        _rename_constraint(run.state, run.state.tables[name], constraint, node.newname)


def _rename_constraint(state: State, table: Table, constraint: Constraint, new: str) -> None:
    own = next((c for c in table.constraints if c.name == constraint.name and c.kind == constraint.kind), None)
    if own is None:
        return
    if any(index.constraint == own.name for index in table.indexes):
        if state.relation_kind(Name(table.name.schema, new)) is not None:
            raise sqlstate.duplicate_table(new)
        _refuse_taken(table, new)
        _put_names(state, table, own.name, new, constraint=own.name)
        return
    _refuse_taken(table, new)
    constraints = tuple(replace(c, name=new) if c is own else c for c in table.constraints)
    state.tables.put(table.name, replace(table, constraints=constraints))


def _domain_constraint(run: Execution, node: Node) -> None:
    definition = require_type(run, parser.strings(parser.unwrap(node.object).items), "domain")
    if definition is None:
        return
    names = [check.name for check in definition.checks]
    if node.subname not in names:
        message = f'constraint "{node.subname}" for domain "{definition.name.name}" does not exist'
        raise sqlstate.PostgresError("42704", message)
    if node.newname in names:
        raise sqlstate.PostgresError("42710", f'constraint "{node.newname}" already exists')
    checks = tuple(replace(c, name=node.newname) if c.name == node.subname else c for c in definition.checks)
    run.state.types.put(definition.name, replace(definition, checks=checks))


# -- types, schemas, functions, attachments ----------------------------------------------------------------------------


def _type(run: Execution, node: Node) -> None:
    names = parser.strings(parser.unwrap(node.object).items)
    kinds = ("domain",) if parser.enum_name(node, "rename_type") == "OBJECT_DOMAIN" else ()
    table = run.state.find_table(names[-1], names[-2] if len(names) > 1 else None)
    if table is not None and run.state.find_type(names[-1], names[-2] if len(names) > 1 else None) is None:
        raise sqlstate.wrong_object_type(f"{names[-1]} is a table's row type")
    definition = require_type(run, names, *kinds)
    if definition is None:
        return
    new = Name(definition.name.schema, node.newname)
    if definition.kind == "composite" and run.state.relation_kind(new) is not None:
        raise sqlstate.duplicate_table(node.newname)
    if new in run.state.types or new in run.state.tables:
        raise sqlstate.duplicate_object("type", node.newname)
    move(run.state, definition.name, new)


def _schema(run: Execution, node: Node) -> None:
    state, old, new = run.state, node.subname, node.newname
    if old not in state.namespaces:
        if not state.complete_tables:
            run.doubt(f"schema {old} is not known here")
            return
        raise sqlstate.undefined_schema(old)
    if state.has_namespace(new):
        raise sqlstate.duplicate_schema(new)
    if new.startswith("pg_"):
        raise sqlstate.PostgresError("42939", f'unacceptable schema name "{new}"')
    owner = state.namespaces[old]
    state.namespaces.remove(old)
    state.namespaces.put(new, owner)
    state.set_access(with_schema_renamed(state.access, old, new))
    moved = [name for store in (state.tables, state.types, state.sequences) for name in store if name.schema == old]
    move_many(state, {name: Name(new, name.name) for name in moved})
    for name in [name for name in state.functions if name.schema == old]:
        functions = tuple(replace(function, name=Name(new, name.name)) for function in state.functions[name])
        state.functions.remove(name)
        state.functions.put(Name(new, name.name), functions)
    for extension, schema in list(state.extensions.items()):
        if schema == old:
            state.extensions.put(extension, new)


def _function(run: Execution, node: Node) -> None:
    target = parser.unwrap(node.object)
    doubt_callers(run, parser.strings(target.objname)[-1])
    function = named(run, target)
    if function is not None:
        move_function(run, function, Name(function.name.schema, node.newname))


def _attachment(run: Execution, node: Node) -> None:
    kind = parser.enum_name(node, "rename_type").removeprefix("OBJECT_").lower()
    table = find(run, node.relation, missing_ok=node.missing_ok)
    if table is None:
        return
    key = (kind, table.name, node.subname)
    if key not in run.state.attachments:
        message = f'{kind} "{node.subname}" for table "{table.name.name}" does not exist'
        run.absent(sqlstate.PostgresError("42704", message), known=run.state.holds_all(HANGING))
        return
    if (kind, table.name, node.newname) in run.state.attachments:
        raise sqlstate.duplicate_object(kind, node.newname)
    attachment = run.state.attachments[key]
    run.state.attachments.remove(key)
    run.state.attachments.put((kind, table.name, node.newname), replace(attachment, name=node.newname))


def _publication(run: Execution, node: Node) -> None:
    rename_publication(run.state, node.object.string.sval, node.newname)


def _role(run: Execution, node: Node) -> None:
    """Apply ALTER ROLE ... RENAME TO: every grant follows.

    Raises:
        PostgresError: 42704 no such role, 42710 the new name is taken.
    """
    state, old, new = run.state, node.subname, node.newname
    access.require_role(state, old)
    if state.access.complete and new in state.access.roles:
        raise sqlstate.duplicate_object("role", new)

    def renamed(role: str) -> str:
        return new if role == old else role

    def change(table: Table) -> Table:
        grants = frozenset(grant._replace(grantee=renamed(grant.grantee)) for grant in table.grants)
        owner = None if table.owner is None else renamed(table.owner)
        return replace(table, owner=owner, grants=grants)

    access.change_tables(state, state.tables, change)
    access.rename_in_access(state, renamed)


_ELSEWHERE = Harmless("no table's shape shows its name")

OBJECT_TYPES: dict[str, Callable[[Execution, Node], None] | Harmless] = {
    "OBJECT_TABLE": _relation,
    "OBJECT_VIEW": _relation,
    "OBJECT_MATVIEW": _relation,
    "OBJECT_FOREIGN_TABLE": _relation,
    "OBJECT_SEQUENCE": _relation,
    "OBJECT_INDEX": _relation,
    "OBJECT_COLUMN": _column,
    "OBJECT_ATTRIBUTE": _attribute,
    "OBJECT_TABCONSTRAINT": _constraint,
    "OBJECT_DOMCONSTRAINT": _domain_constraint,
    "OBJECT_TYPE": _type,
    "OBJECT_DOMAIN": _type,
    "OBJECT_SCHEMA": _schema,
    "OBJECT_FUNCTION": _function,
    "OBJECT_PROCEDURE": _function,
    "OBJECT_ROUTINE": _function,
    "OBJECT_AGGREGATE": _function,
    "OBJECT_TRIGGER": _attachment,
    "OBJECT_POLICY": _attachment,
    "OBJECT_RULE": _attachment,
    "OBJECT_PUBLICATION": _publication,
    "OBJECT_ROLE": _role,
    **dict.fromkeys(
        ("OBJECT_COLLATION", "OBJECT_CONVERSION", "OBJECT_DATABASE", "OBJECT_EVENT_TRIGGER", "OBJECT_FDW",
         "OBJECT_FOREIGN_SERVER", "OBJECT_LANGUAGE", "OBJECT_OPCLASS", "OBJECT_OPFAMILY",
         "OBJECT_STATISTIC_EXT", "OBJECT_SUBSCRIPTION", "OBJECT_TABLESPACE", "OBJECT_TSCONFIGURATION",
         "OBJECT_TSDICTIONARY", "OBJECT_TSPARSER", "OBJECT_TSTEMPLATE"), _ELSEWHERE),
}  # fmt: skip
"""What renames each kind of object."""

HANDLERS = {"rename_stmt": rename}

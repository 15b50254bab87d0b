"""GRANT, REVOKE and ALTER DEFAULT PRIVILEGES on tables and schemas applied to the catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog import access
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.schemas.schema import DefaultGrant, Grant, Name, Table

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["HANDLERS"]

_ALL = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
_ALL_OF_COLUMNS = ("SELECT", "INSERT", "UPDATE", "REFERENCES")
_USAGE = frozenset({"USAGE"})
_OF_KINDS = {
    "OBJECT_TABLE": frozenset({*_ALL, "MAINTAIN"}),
    "OBJECT_SEQUENCE": frozenset({"SELECT", "UPDATE", "USAGE"}),
    "OBJECT_SCHEMA": frozenset({"CREATE", "USAGE"}),
    "OBJECT_DATABASE": frozenset({"CREATE", "CONNECT", "TEMP", "TEMPORARY"}),
    "OBJECT_FUNCTION": frozenset({"EXECUTE"}),
    "OBJECT_PROCEDURE": frozenset({"EXECUTE"}),
    "OBJECT_ROUTINE": frozenset({"EXECUTE"}),
    "OBJECT_TYPE": _USAGE,
    "OBJECT_DOMAIN": _USAGE,
    "OBJECT_LANGUAGE": _USAGE,
    "OBJECT_FDW": _USAGE,
    "OBJECT_FOREIGN_SERVER": _USAGE,
    "OBJECT_LARGEOBJECT": frozenset({"SELECT", "UPDATE"}),
    "OBJECT_TABLESPACE": frozenset({"CREATE"}),
}
"""Privileges of each kind of object (``aclchk.c``)."""
_EVERY = frozenset({name for names in _OF_KINDS.values() for name in names} - {"MAINTAIN"} | {"SET", "ALTER SYSTEM"})


def _everything(state: State) -> tuple[str, ...]:
    """Return what ALL means for a table; MAINTAIN came with version 17."""
    return (*_ALL, "MAINTAIN") if state.server_version >= 170000 else _ALL


def grant(run: Execution, node: Node) -> None:
    """Apply GRANT and REVOKE: on tables and views, and USAGE on schemas.

    Raises:
        PostgresError: 42P01 no such table, 3F000 no such schema, 42704 no such role, 42703 no such column, 0LP01 and
            42601 no such privilege.
    """
    kind, target = parser.enum_name(node, "objtype"), parser.enum_name(node, "targtype")
    if kind != "OBJECT_TABLE" or target == "ACL_TARGET_ALL_IN_SCHEMA":  # ON TABLE takes sequences as well, otherwise
        _check_privileges(run.state, kind, parser.children(node.privileges))
    grantees = _grantees(run.state, parser.children(node.grantees))
    _close(run, node)
    if target == "ACL_TARGET_ALL_IN_SCHEMA":
        schemas = _schemas(run, parser.strings(node.objects))
        if kind == "OBJECT_TABLE":
            tables = [table for table in run.state.tables.values() if table.name.schema in schemas]
            _on_tables(run, node, tables, grantees)
    elif kind == "OBJECT_SCHEMA":
        _on_schemas(run, node, _schemas(run, parser.strings(node.objects)), grantees)
    elif kind in {"OBJECT_TABLE", "OBJECT_SEQUENCE"}:
        found = [_relation(run, relation, kind) for relation in parser.children(node.objects)]
        if kind == "OBJECT_TABLE":
            _on_tables(run, node, [table for table in found if table is not None], grantees)


def _close(run: Execution, node: Node) -> None:
    """Tell tables whose defaults use a sequence that it may be closed to who inserts rows."""
    kind, state = parser.enum_name(node, "objtype"), run.state
    if node.is_grant or kind not in {"OBJECT_TABLE", "OBJECT_SEQUENCE"}:
        return
    if parser.enum_name(node, "targtype") == "ACL_TARGET_ALL_IN_SCHEMA":
        schemas = parser.strings(node.objects)
        closed = [name for name in state.sequences if name.schema in schemas and kind == "OBJECT_SEQUENCE"]
    else:
        named = (state.find_relation(each.relname, each.schemaname or None) for each in parser.children(node.objects))
        closed = [each[0] for each in named if each is not None and each[1] == "sequence"]
    for name in closed:
        access.forget_users(state, name)


def _check_privileges(state: State, kind: str, written: Iterable[Node]) -> None:
    """Refuse privileges that objects of a kind do not have.

    Raises:
        PostgresError: 42601 there is no such privilege, 0LP01 not for these objects, or not for columns.
    """
    for each in written:
        name = each.priv_name.upper()
        if not name:
            continue
        if name not in _EVERY | {*_everything(state)}:
            raise sqlstate.PostgresError("42601", f'unrecognized privilege type "{name.lower()}"')
        wanted = _OF_KINDS.get(kind) if not len(each.cols) else frozenset(_ALL_OF_COLUMNS)
        if wanted is not None and name not in wanted:
            noun = "column" if len(each.cols) else kind.removeprefix("OBJECT_").lower()
            raise sqlstate.PostgresError("0LP01", f"invalid privilege type {name} for {noun}")


def _grantees(state: State, nodes: Iterable[Node]) -> list[str]:
    """Return the roles; from here on it is known what they may do, if it was not.

    Raises:
        PostgresError: 42704, there is no such role.
    """
    names = [access.role_of(state, node) for node in nodes]
    known = state.access
    for name in names:
        access.require_role(state, name)
    state.set_access(replace(known, roles=known.roles.union(names)))
    return names


def _schemas(run: Execution, names: list[str]) -> list[str]:
    for name in names:
        if not run.state.has_namespace(name) and run.state.complete_tables:
            raise sqlstate.undefined_schema(name)
    return names


def _relation(run: Execution, relation: Node, kind: str) -> Table | None:
    """Return the table that is named, None for sequences and what is of the system.

    Raises:
        PostgresError: 42P01 there is no relation of this name, 3F000 no such schema, 42809 it is of another kind.
    """
    state, schema, name = run.state, relation.schemaname, relation.relname
    found = state.find_relation(name, schema or None)
    if found is not None:
        if found[1] in {"index", "composite type"} or (kind == "OBJECT_SEQUENCE" and found[1] != "sequence"):
            raise sqlstate.wrong_object_type(f'"{name}" is a {found[1]}')
        return state.tables.get(found[0])
    if schema in {"pg_catalog", "information_schema"} or name.startswith("pg_"):
        return None
    if not state.complete_tables:
        unknown = Name(schema or state.current_schema() or "public", name)
        run.doubt(f"{unknown} is not known here", [unknown])
        return None
    if schema and not state.has_namespace(schema):
        raise sqlstate.undefined_schema(schema)
    raise sqlstate.undefined_table(name)


# -- tables ------------------------------------------------------------------------------------------------------------


def _on_tables(run: Execution, node: Node, tables: list[Table], grantees: list[str]) -> None:
    if tables:
        _check_privileges(run.state, "OBJECT_TABLE", parser.children(node.privileges))
    state, takes = run.state, not node.is_grant
    if takes and parser.enum_name(node, "behavior") == "DROP_CASCADE":
        access.forget(state)  # whom else the grantees gave it to is not kept
    if takes and node.grant_option:
        return
    if not node.is_grant and any(table.owner in grantees for table in tables):
        run.doubt("what an owner took from itself is not kept", [table.name for table in tables])
    for table in tables:
        change = _change(state, node, table, grantees)
        access.change_tables(state, [table.name], change)
        if takes:
            access.forget_users(state, table.name)


def _change(state: State, node: Node, table: Table, grantees: list[str]) -> Callable[[Table], Table]:
    stated = list(_stated(state, node, table))
    named = {
        Grant(grantee, privilege, column)
        for grantee in grantees
        if grantee != table.owner
        for privilege, column in stated
    }

    def apply(before: Table) -> Table:
        if node.is_grant:
            return replace(before, grants=before.grants | named)
        left = (g for g in before.grants if g not in named and Grant(g.grantee, g.privilege) not in named)
        return replace(before, grants=frozenset(left))

    return apply


def _stated(state: State, node: Node, table: Table) -> Iterable[tuple[str, str | None]]:
    """Yield privileges, with the columns where they are listed."""
    written = list(parser.children(node.privileges))
    if not written:
        yield from ((privilege, None) for privilege in _everything(state))
    for each in written:
        columns = parser.strings(each.cols)
        for column in columns:
            if table.complete and table.column(column) is None:
                raise sqlstate.undefined_column(column, table.name.name)
        name = each.priv_name.upper()
        whole = _ALL_OF_COLUMNS if columns else _everything(state)
        for privilege in (name,) if name else whole:
            yield from ((privilege, column) for column in columns or (None,))


# -- schemas, defaults -------------------------------------------------------------------------------------------------


def _on_schemas(run: Execution, node: Node, schemas: list[str], grantees: list[str]) -> None:
    privileges = {each.priv_name.upper() for each in parser.children(node.privileges)} or {"USAGE"}
    if "USAGE" not in privileges or (node.grant_option and not node.is_grant):
        return
    known = run.state.access
    named = {(schema, grantee) for schema in schemas for grantee in grantees}
    owned = {(schema, run.state.namespaces.get(schema, "")) for schema in schemas}
    usage = known.schema_usage | named if node.is_grant else known.schema_usage - (named - owned)
    run.state.set_access(replace(known, schema_usage=usage))


def default_privileges(run: Execution, node: Node) -> None:
    """Apply ALTER DEFAULT PRIVILEGES for tables.

    Raises:
        PostgresError: 3F000 no such schema, 42704 no such role.
    """
    state, action = run.state, node.action
    options = {option.defname: parser.unwrap(option.arg) for option in parser.children(node.options)}
    schemas: list[str] | tuple[None] = (None,)
    if "schemas" in options:
        schemas = _schemas(run, parser.strings(options["schemas"].items))
    _check_privileges(state, parser.enum_name(action, "objtype"), parser.children(action.privileges))
    grantees = _grantees(state, parser.children(action.grantees))
    if parser.enum_name(action, "objtype") != "OBJECT_TABLE" or (action.grant_option and not action.is_grant):
        return
    roles = [state.current_user]
    if "roles" in options:
        roles = [access.role_of(state, each) for each in parser.children(options["roles"].items)]
    privileges = [each.priv_name.upper() for each in parser.children(action.privileges)] or _everything(state)
    named = {
        DefaultGrant(role, schema, grantee, privilege)
        for role in roles
        for schema in schemas
        for grantee in grantees
        for privilege in privileges
        if grantee != role
    }
    known = state.access
    defaults = known.default_grants | named if action.is_grant else known.default_grants - named
    state.set_access(replace(known, default_grants=defaults))


HANDLERS = {"grant_stmt": grant, "alter_default_privileges_stmt": default_privileges}

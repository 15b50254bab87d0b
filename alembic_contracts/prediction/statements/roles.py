"""Roles and memberships applied to the catalog, and what becomes of what a role owns."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog import access
from alembic_contracts.prediction.sql import parser, sqlstate

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["HANDLERS"]


def _named(state: State, nodes: Iterable[Node]) -> list[str]:
    return [access.role_of(state, node) for node in nodes]


def _argument(option: Node) -> Node:
    return parser.unwrap(option.arg)


def create_role(run: Execution, node: Node) -> None:
    """Apply CREATE ROLE, CREATE USER and CREATE GROUP.

    Raises:
        PostgresError: 42710 it exists, 42704 no such role to be a member of.
    """
    state, name = run.state, node.role
    if state.access.complete and name in state.access.roles:
        raise sqlstate.duplicate_object("role", name)
    state.set_access(replace(state.access, roles=state.access.roles | {name}))
    _options(run, name, node)


def alter_role(run: Execution, node: Node) -> None:
    """Apply ALTER ROLE and ALTER GROUP ... ADD and DROP USER.

    Raises:
        PostgresError: 42704 no such role.
    """
    name = access.role_of(run.state, node.role)
    access.require_role(run.state, name)
    _options(run, name, node)


def _options(run: Execution, name: str, node: Node) -> None:
    state = run.state
    for option in parser.children(node.options):
        known, value = state.access, _argument(option)
        match option.defname:
            case "superuser":
                others = known.superusers - {name}
                state.set_access(replace(known, superusers=others | {name} if value.boolval else others))
            case "inherit":
                others = known.without_inheritance - {name}
                state.set_access(replace(known, without_inheritance=others if value.boolval else others | {name}))
            case "addroleto":
                _join(state, [name], _named(state, parser.children(value.items)))
            case "rolemembers" | "adminmembers":
                members = _named(state, parser.children(value.items))
                if getattr(node, "action", 1) < 0:
                    _leave(state, members, [name])
                else:
                    _join(state, members, [name])


def _join(state: State, members: list[str], roles: list[str], *, inherit: bool | None = None) -> None:
    """Make roles members of others.

    Raises:
        PostgresError: 42704, there is no such role.
    """
    for role in (*members, *roles):
        access.require_role(state, role)
    known = state.access
    gained = {
        (member, role)
        for member in members
        for role in roles
        if inherit or (inherit is None and member not in known.without_inheritance)
    }
    lost = {(member, role) for member in members for role in roles} if inherit is False else set()
    state.set_access(replace(known, memberships=(known.memberships | gained) - lost))


def _leave(state: State, members: list[str], roles: list[str]) -> None:
    gone = {(member, role) for member in members for role in roles}
    state.set_access(replace(state.access, memberships=state.access.memberships - gone))


def grant_role(run: Execution, node: Node) -> None:
    """Apply GRANT role TO role and REVOKE role FROM role.

    Raises:
        PostgresError: 42704 no such role.
    """
    state = run.state
    roles = [each.priv_name for each in parser.children(node.granted_roles)]
    members = _named(state, parser.children(node.grantee_roles))
    options = {each.defname: _argument(each).boolval for each in parser.children(node.opt)}
    if not node.is_grant and parser.enum_name(node, "behavior") == "DROP_CASCADE":
        access.forget(state)  # whom else the members gave it to is not kept
    if node.is_grant:
        _join(state, members, roles, inherit=options.get("inherit"))
    elif not options or "inherit" in options:  # REVOKE ADMIN OPTION FOR leaves the membership
        _leave(state, members, roles)


def drop_role(run: Execution, node: Node) -> None:
    """Apply DROP ROLE: PostgreSQL refuses it as long as there are grants to the role.

    Raises:
        PostgresError: 42704 no such role, 22023 it is not named.
    """
    state, roles = run.state, parser.children(node.roles)
    if any(parser.enum_name(role, "roletype") != "ROLESPEC_CSTRING" for role in roles):
        raise sqlstate.PostgresError("22023", "cannot use special role specifier in DROP ROLE")
    for name in _named(state, roles):
        if not node.missing_ok:
            access.require_role(state, name)
        access.rename_in_access(state, partial(_without, name))


def _without(gone: str, role: str) -> str | None:
    return None if role == gone else role


def reassign_owned(run: Execution, node: Node) -> None:
    """Apply REASSIGN OWNED: tables get another owner.

    Raises:
        PostgresError: 42704 no such role.
    """
    state = run.state
    old = [access.owner_of(state, role) for role in parser.children(node.roles)]
    new = access.owner_of(state, node.newrole)
    owned = [table.name for table in state.tables.values() if table.owner in old]
    access.change_tables(state, owned, lambda table: access.handed_over(table, new))
    for schema, owner in list(state.namespaces.items()):
        if owner in old:
            state.namespaces.put(schema, new)
            usage = state.access.schema_usage - {(schema, owner)} | {(schema, new)}
            state.set_access(replace(state.access, schema_usage=usage))


HANDLERS = {
    "create_role_stmt": create_role,
    "alter_role_stmt": alter_role,
    "grant_role_stmt": grant_role,
    "drop_role_stmt": drop_role,
    "reassign_owned_stmt": reassign_owned,
}

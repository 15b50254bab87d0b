"""A change of owners, roles or grants in, every table of the catalog with its grants as they are then out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.publishing import published_by_schema
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.schemas.schema import Access, DefaultGrant, Grant, Table

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node, Statement
    from alembic_contracts.schemas.schema import Name

__all__ = [
    "change_tables",
    "forget",
    "forget_if_changed",
    "forget_users",
    "handed_over",
    "may_take_away",
    "of_new_table",
    "owner_of",
    "rename_in_access",
    "require_role",
    "role_of",
    "without_column",
]


def role_of(state: State, node: Node) -> str:
    """Return the name of the role that a RoleSpec stands for; ``PUBLIC`` for everybody."""
    kind = parser.enum_name(node, "roletype")
    if kind == "ROLESPEC_PUBLIC":
        return "PUBLIC"
    if kind == "ROLESPEC_SESSION_USER":
        return state.setting("session_authorization") or state.user
    return node.rolename or state.current_user


def owner_of(state: State, node: Node) -> str:
    """Return the name of the role that a RoleSpec stands for where it owns something, or is to own it.

    Raises:
        PostgresError: 42704 there is no such role.
    """
    if parser.enum_name(node, "roletype") == "ROLESPEC_PUBLIC":
        raise sqlstate.undefined_object("role", "public")
    owner = role_of(state, node)
    require_role(state, owner)
    return owner


def of_new_table(state: State, table: Table) -> Table:
    """Return a table as it is right after its creation: with default grants, and in publications that take all."""
    grants = frozenset(
        Grant(default.grantee, default.privilege)
        for default in state.access_so_far.default_grants
        if default.role == table.owner and default.schema in {None, table.name.schema}
        if default.grantee != table.owner
    )
    # An empty frozenset is an object of its own each time.
    return replace(table, grants=grants or table.grants, publications=published_by_schema(state.access_so_far, table))


def handed_over(table: Table, owner: str) -> Table:
    """Return a table after ALTER ... OWNER TO: what the new owner had been granted is no grant any more."""
    kept = frozenset(grant for grant in table.grants if grant.grantee != owner)
    unusable = table.unusable if table.owner == owner or table.kind != "view" else None
    return replace(table, owner=owner, grants=kept, unusable=unusable)


def forget_users(state: State, name: Name) -> None:
    """Tell the views on a relation, and defaults that use it, that it may be closed to their users from here on."""
    for user in state.mentioned_by(name):
        uses = user.kind == "view" and name != user.name
        if (uses or name in state.sequences) and user.grants:
            state.tables.put(user.name, replace(user, unusable=None))


def without_column(table: Table, column: str) -> Table:
    """Return a table without the grants on a column that goes."""
    return replace(table, grants=frozenset(grant for grant in table.grants if grant.column != column))


def change_tables(state: State, names: Iterable[Name], change: Callable[[Table], Table]) -> None:
    """Change several tables, those that stay equal excepted."""
    for name in list(names):
        before = state.tables[name]
        after = change(before)
        if after != before:
            state.tables.put(name, after)


# -- what is not worked out --------------------------------------------------------------------------------------------


def forget(state: State) -> None:
    """From here on it is not known who may do what, nor what publications there are."""
    state.set_access(Access())


def forget_if_changed(state: State, mark: int) -> frozenset[Name]:
    """Forget who may do what where that changed since a mark, as it may have stayed what it was.

    Returns:
        the tables of which more than that changed.
    """
    now, reshaped, given = state.access_so_far, set(), False
    for name, old in state.journal.before(state.tables, mark).items():
        new = state.tables.get(name)
        if old is None or new is None or replace(old, grants=new.grants) != new:
            reshaped.add(name)
        given = given or (old is not None and new is not None and old.grants != new.grants)
    if given or replace(state.access_at(mark), roles=now.roles, publications=now.publications) != now:
        forget(state)
    return frozenset(reshaped)


def may_take_away(statement: Statement) -> bool:
    """Whether a statement can take a privilege from a role, or a table from a publication, without touching tables."""
    kind, node = statement.kind, statement.node
    if kind in {"grant_stmt", "grant_role_stmt"}:
        return not node.is_grant
    if kind == "alter_default_privileges_stmt":
        return not node.action.is_grant
    if kind == "drop_stmt":
        return parser.enum_name(node, "remove_type") == "OBJECT_PUBLICATION"
    return kind in {"alter_publication_stmt", "drop_role_stmt", "drop_owned_stmt", "reassign_owned_stmt"}


def require_role(state: State, role: str) -> None:
    """Refuse a role that does not exist (42704), where all are known; otherwise what names it may fail."""
    if role in state.access.roles or role in {"PUBLIC", state.user, state.current_user}:
        return
    if state.access.complete:
        raise sqlstate.undefined_object("role", role)
    state.uncertain.note_refusal()


def rename_in_access(state: State, renamed: Callable[[str], str | None]) -> None:
    """Give roles other names; None: they are gone, with all that they had."""

    def kept(roles: Iterable[str]) -> frozenset[str]:
        return frozenset(new for role in roles if (new := renamed(role)) is not None)

    known = state.access
    state.set_access(
        Access(
            complete=known.complete,
            roles=kept(known.roles),
            superusers=kept(known.superusers),
            without_inheritance=kept(known.without_inheritance),
            memberships=frozenset(
                (member, role)
                for one, other in known.memberships
                if (member := renamed(one)) is not None and (role := renamed(other)) is not None
            ),
            schema_usage=frozenset(
                (schema, role) for schema, old in known.schema_usage if (role := renamed(old)) is not None
            ),
            default_grants=frozenset(
                DefaultGrant(role, each.schema, grantee, each.privilege)
                for each in known.default_grants
                if (role := renamed(each.role)) is not None and (grantee := renamed(each.grantee)) is not None
            ),
            publications=known.publications,
            sending=known.sending,
        )
    )

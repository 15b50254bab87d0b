"""Who may do what with tables of the in-memory catalog, whichever statement changes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.publishing import published_by_schema
from alembic_contracts.prediction.sql import parser
from alembic_contracts.schemas.schema import Access, Grant, Table

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node, Statement
    from alembic_contracts.schemas.schema import Name

__all__ = [
    "change_tables",
    "forget",
    "handed_over",
    "may_take_away",
    "of_new_table",
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


def of_new_table(state: State, table: Table) -> Table:
    """Return a table as it is right after its creation: with default grants, and in publications that take all."""
    grants = frozenset(
        Grant(default.grantee, default.privilege)
        for default in state.access.default_grants
        if default.role == table.owner and default.schema in {None, table.name.schema}
        if default.grantee != table.owner
    )
    return replace(table, grants=grants, publications=published_by_schema(state.access, table))


def handed_over(table: Table, owner: str) -> Table:
    """Return a table after ALTER ... OWNER TO: what the new owner had been granted is no grant any more."""
    return replace(table, owner=owner, grants=frozenset(grant for grant in table.grants if grant.grantee != owner))


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

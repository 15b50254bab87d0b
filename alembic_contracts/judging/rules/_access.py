"""What a role may do with a table, as PostgreSQL decides it (``has_table_privilege``, ``has_column_privilege``)."""

from __future__ import annotations

from alembic_contracts.judging.rules import Instead, Situation
from alembic_contracts.schemas.schema import Access, Grant, Table

__all__ = ["SHUT", "is_shut", "lacks"]

_PREDEFINED = {
    "SELECT": "pg_read_all_data",
    "INSERT": "pg_write_all_data",
    "UPDATE": "pg_write_all_data",
    "DELETE": "pg_write_all_data",
    "MAINTAIN": "pg_maintain",
}
"""Predefined roles that have a privilege on every table and view."""


def lacks(access: Access, table: Table, role: str, privilege: str, column: str | None = None) -> str | None:
    """Return what a role lacks to do something with a table or column, None where it may.

    Without USAGE on its schema, no privilege on a table is of any use.
    """
    roles = access.inherited(role)
    if role in access.superusers:
        return None
    predefined = _PREDEFINED.get(privilege)
    has_all = predefined in roles
    owns = table.owner in roles
    reads_all = not roles.isdisjoint({"pg_read_all_data", "pg_write_all_data"})
    if not reads_all and not any((table.name.schema, each) in access.schema_usage for each in roles):
        return f"USAGE on schema {table.name.schema}"
    granted = any(
        grant.grantee in roles and grant.privilege == privilege and grant.column in {None, column}
        for grant in table.grants
    )
    return None if has_all or owns or granted else privilege


def is_shut(access: Access, table: Table, role: str, privilege: str, column: str | None = None) -> bool | None:
    """Return whether a privilege that a role has is of no use, as what a view or default uses is closed to it.

    None: that could not be worked out.
    """
    roles = access.inherited(role)
    if role in access.superusers or table.owner in roles or _PREDEFINED.get(privilege) in roles:
        return False
    by = [g for g in table.grants if g.grantee in roles and g.privilege == privilege and g.column in {None, column}]
    if not by or table.unusable == frozenset():
        return False
    return None if table.unusable is None else all(Grant(g.grantee, privilege) in table.unusable for g in by)


def _is_newly_shut(situation: Situation) -> bool:
    before, after = (each.unusable if each is not None else None for each in (situation.before, situation.after))
    return bool((after or frozenset()) - (before or frozenset()))


SHUT = Instead(
    when=_is_newly_shut,
    what="what a view reads, or the sequence of a default, is closed to who may use the table",
    remedy=(
        "Grant in the same revision what is needed below it: to the roles that may use {table}, or to a view's owner\n"
        "where it has no security_invoker, privileges on what the view reads; USAGE on the sequences of defaults.\n"
        "If they shall lose it, ask {owner} to change {contract_place} first."
    ),
    fix=(
        "Grant in a migration what is needed below it: to the roles that may use {table}, or to a view's owner where\n"
        "it has no security_invoker, privileges on what the view reads; USAGE on the sequences of defaults."
    ),
)

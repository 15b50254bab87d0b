"""What a role may do with a table, as PostgreSQL decides it (``has_table_privilege``, ``has_column_privilege``)."""

from __future__ import annotations

from alembic_contracts.schemas.schema import Access, Table

__all__ = ["lacks"]

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

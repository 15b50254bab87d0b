"""Privileges that a contract states, or that are lost, in, the statements that grant them out."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from alembic_contracts.contracts.contract import Fact, Privileges
from alembic_contracts.dialects import Dialect
from alembic_contracts.judging.rules._access import lacks
from alembic_contracts.schemas.schema import Access, Table

__all__ = ["BETWEEN", "granting"]

BETWEEN = "\0"
"""Stands between statements: no name has it."""


def granting(fact: Fact, before: Table | None, now: Table | None, access: Access, dialect: Dialect) -> Iterator[str]:
    """Yield GRANT statements, none for facts about anything else.

    Args:
        fact: what does not hold.
        before: its table as it was.
        now: the same as it is.
        access: who gets at tables, as it is.
        dialect: PostgreSQL's.
    """
    table = ".".join(map(dialect.quote, fact.table))
    if isinstance(fact.expected, Privileges):
        yield from _stated(fact, fact.expected, now, access, dialect)
    elif fact.rule == "lost-privileges" and before is not None and now is not None:
        lost: dict[str, list[str]] = {}
        for grant in sorted(before.grants - now.grants, key=lambda each: (each.grantee, each.column or "", each[1])):
            if grant.column is None or now.column(grant.column) is not None:
                columns = f" ({dialect.quote(grant.column)})" if grant.column is not None else ""
                lost.setdefault(grant.grantee, []).append(f"{grant.privilege}{columns}")
        for grantee, privileges in lost.items():
            yield f"GRANT {', '.join(privileges)} ON {table} TO {_role(grantee, dialect)}"


def _stated(fact: Fact, wanted: Privileges, now: Table | None, access: Access, dialect: Dialect) -> Iterator[str]:
    role, usage = _role(wanted.role, dialect), f"USAGE on schema {fact.table.schema}"
    missing = [] if now is None else [lacks(access, now, wanted.role, each, fact.column) for each in wanted.privileges]
    if usage in missing:
        yield f"GRANT USAGE ON SCHEMA {dialect.quote(fact.table.schema)} TO {role}"
        usable = access.schema_usage | {(fact.table.schema, wanted.role)}
        granted = replace(access, schema_usage=usable)
        missing = [lacks(granted, now, wanted.role, each, fact.column) for each in wanted.privileges if now is not None]
        if not any(missing):
            return
    columns = f" ({dialect.quote(fact.column)})" if fact.column else ""
    privileges = ", ".join(f"{each}{columns}" for each in wanted.privileges)
    yield f"GRANT {privileges} ON {'.'.join(map(dialect.quote, fact.table))} TO {role}"


def _role(role: str, dialect: Dialect) -> str:
    return role if role == "PUBLIC" else dialect.quote(role)

"""A connection in, everything out that runs code or has a say in it: functions, triggers, rules, policies, extensions.

A ``Schema`` shows tables, columns and types. Two databases that agree in those may still differ in what a statement
does, because of a function, a trigger or an operator; those that agree in this list as well do not.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from alembic_contracts.dialects.postgresql.traceless import passing

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["workings"]


def workings(connection: Connection) -> dict[tuple[str, str], str]:
    """Return the definitions of such objects by kind and name; for all that an extension brings stands its version.

    A transaction that is open stays open; where there is none, there is none afterwards.
    """
    with passing(connection):
        rows = connection.exec_driver_sql(_query()).all()
    return {(row.kind, row.name): row.definition for row in rows}


@cache
def _query() -> str:
    return Path(__file__).with_name("workings.sql").read_text(encoding="utf-8")

"""Code of an advice, pasted as a reader would paste it into a revision."""

from __future__ import annotations

import ast

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations


def pasted(remedy: str) -> str:
    """The code in a remedy: its indented lines."""
    return "\n".join(line[4:] for line in remedy.splitlines() if line.startswith("    "))


def paste(connection: sa.Connection, code: str) -> None:
    with Operations.context(MigrationContext.configure(connection)) as op:
        exec(code, {"op": op, "sa": sa})


def statements(code: str) -> list[str]:
    """The code in statements, each of which can be pasted alone."""
    return [ast.unparse(node) for node in ast.parse(code).body]

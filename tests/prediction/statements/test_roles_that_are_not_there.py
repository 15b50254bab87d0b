"""Statements that name a role, on the real PostgreSQL and in a catalog that knows all roles: the same errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.prediction.statements import execute

if TYPE_CHECKING:
    from tests.support.parity import Server

SETUP = (
    "CREATE TABLE t (a integer)",
    "CREATE INDEX ti ON t (a)",
    "CREATE VIEW v AS SELECT * FROM t",
    "CREATE TYPE e AS ENUM ('a')",
    "CREATE SEQUENCE sq",
)
STATEMENTS = """
ALTER TABLE t OWNER TO {role}
ALTER TABLE t ADD COLUMN b integer, OWNER TO {role}
ALTER TABLE nothing OWNER TO {role}
ALTER TABLE IF EXISTS nothing OWNER TO {role}
ALTER TABLE sq OWNER TO {role}
ALTER VIEW v OWNER TO {role}
ALTER VIEW t OWNER TO {role}
ALTER SEQUENCE sq OWNER TO {role}
ALTER INDEX ti OWNER TO {role}
ALTER SCHEMA public OWNER TO {role}
ALTER SCHEMA nothing OWNER TO {role}
ALTER TYPE e OWNER TO {role}
ALTER TYPE nothing OWNER TO {role}
CREATE SCHEMA s AUTHORIZATION {role}
CREATE SCHEMA AUTHORIZATION {role}
CREATE SCHEMA IF NOT EXISTS public AUTHORIZATION {role}
REASSIGN OWNED BY {role} TO parity_owner
REASSIGN OWNED BY parity_reader TO {role}
GRANT SELECT ON t TO {role}
DROP ROLE {role}
""".strip().splitlines()
ROLES = ("nobody_there", "PUBLIC", "CURRENT_USER", "parity_owner")


CASES = [
    (statement, role)
    for statement in STATEMENTS
    for role in ROLES
    if (statement.split()[0], role) not in {("DROP", "parity_owner"), ("REASSIGN", "CURRENT_USER")}  # they stay
]


@pytest.mark.parametrize(("statement", "role"), CASES)
def test_a_role_is_missed(statement: str, role: str, server: Server) -> None:
    server.reset()
    for each in SETUP:
        assert server.run(each) is None
    catalog = Catalog(server.observe(), server_version=server.version, user="postgres")
    sql, predicted = statement.format(role=role), None
    expected = server.run(sql)
    try:
        list(execute(catalog, sql))
    except PostgresError as error:
        predicted = error.sqlstate
    assert predicted == expected

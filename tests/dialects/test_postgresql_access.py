"""Grants, default grants, memberships and publications, as PostgreSQL's catalog has them."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from alembic_contracts.dialects.postgresql import observation, observe
from alembic_contracts.schemas.schema import DefaultGrant, Grant, Name, Published

if TYPE_CHECKING:
    import sqlalchemy as sa

ROLES = ("access_owner", "access_readers", "access_analyst", "access_stranger", "access_root")


@pytest.fixture
def roles(connection: sa.Connection) -> Iterator[sa.Connection]:
    """A connection in whose transaction the roles are made, so that nothing of them stays."""
    for role in ROLES:
        connection.exec_driver_sql(f"CREATE ROLE {role}{' SUPERUSER' if role == 'access_root' else ''}")
    connection.exec_driver_sql("GRANT access_readers TO access_analyst")
    connection.exec_driver_sql("CREATE TABLE stock (id int PRIMARY KEY, price int, secret text)")
    yield connection
    connection.rollback()


def _version(connection: sa.Connection) -> int:
    return connection.dialect.server_version_info[0]  # type: ignore[attr-defined]


def test_grants(roles: sa.Connection) -> None:
    roles.exec_driver_sql("ALTER TABLE stock OWNER TO access_owner")
    roles.exec_driver_sql("GRANT SELECT, INSERT ON stock TO access_readers")
    roles.exec_driver_sql("GRANT SELECT ON stock TO PUBLIC")
    roles.exec_driver_sql("GRANT UPDATE (price) ON stock TO access_analyst")
    table = observe(roles, [Name("public", "stock")]).tables[Name("public", "stock")]
    assert table.owner == "access_owner"
    assert table.grants == {
        Grant("access_readers", "SELECT"),
        Grant("access_readers", "INSERT"),
        Grant("PUBLIC", "SELECT"),
        Grant("access_analyst", "UPDATE", "price"),
    }


def test_who_has_what_beside_the_tables(roles: sa.Connection) -> None:
    roles.exec_driver_sql("CREATE SCHEMA shop AUTHORIZATION access_owner")
    roles.exec_driver_sql("GRANT USAGE ON SCHEMA shop TO access_readers")
    roles.exec_driver_sql("GRANT CREATE ON SCHEMA shop TO access_stranger")
    roles.exec_driver_sql("ALTER DEFAULT PRIVILEGES FOR ROLE access_owner GRANT SELECT ON TABLES TO access_readers")
    roles.exec_driver_sql(
        "ALTER DEFAULT PRIVILEGES FOR ROLE access_owner IN SCHEMA shop GRANT INSERT ON TABLES TO PUBLIC"
    )
    roles.exec_driver_sql("ALTER DEFAULT PRIVILEGES FOR ROLE access_owner GRANT USAGE ON SEQUENCES TO access_stranger")
    access = observe(roles, None).access
    assert access.complete
    assert set(ROLES) <= access.roles
    assert "access_root" in access.superusers
    assert "access_owner" not in access.superusers
    assert {role for schema, role in access.schema_usage if schema == "shop"} == {"access_owner", "access_readers"}
    assert ("public", "PUBLIC") in access.schema_usage
    assert access.default_grants == {
        DefaultGrant("access_owner", None, "access_readers", "SELECT"),
        DefaultGrant("access_owner", "shop", "PUBLIC", "INSERT"),
    }
    assert access.inherited("access_analyst") == {"PUBLIC", "access_analyst", "access_readers"}
    assert access.inherited("access_stranger") == {"PUBLIC", "access_stranger"}


def test_memberships_that_are_not_inherited_do_not_count(roles: sa.Connection) -> None:
    roles.exec_driver_sql("CREATE ROLE access_shy NOINHERIT")
    roles.exec_driver_sql("GRANT access_readers TO access_shy")
    assert observe(roles, []).access.inherited("access_shy") == {"PUBLIC", "access_shy"}


def test_publications(roles: sa.Connection) -> None:
    roles.exec_driver_sql("CREATE PUBLICATION everything FOR ALL TABLES")
    roles.exec_driver_sql("CREATE PUBLICATION nothing")
    expected = [Published(publication="everything")]
    publications: dict[str, frozenset[str] | None] = {"everything": None, "nothing": frozenset()}
    if _version(roles) >= 15:
        roles.exec_driver_sql("CREATE PUBLICATION narrow FOR TABLE stock (id, price) WHERE (price > 3)")
        roles.exec_driver_sql("CREATE PUBLICATION whole FOR TABLES IN SCHEMA public")
        expected += [
            Published(publication="narrow", columns=("id", "price"), row_filter="(price > 3)"),
            Published(publication="whole"),
        ]
        publications |= {"narrow": frozenset(), "whole": frozenset({"public"})}
    roles.exec_driver_sql("CREATE UNLOGGED TABLE fleeting (id int)")
    roles.exec_driver_sql("CREATE VIEW seen AS SELECT * FROM stock")
    schema = observe(roles, None)
    assert schema.tables[Name("public", "stock")].publications == tuple(expected)
    assert schema.tables[Name("public", "fleeting")].publications == ()
    assert schema.tables[Name("public", "seen")].publications == ()
    assert schema.access.publications == publications


def test_publications_of_version_14_have_neither_columns_nor_filters(
    roles: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observation, "server_version", lambda _connection: 14)
    roles.exec_driver_sql("CREATE PUBLICATION one FOR TABLE stock")
    schema = observe(roles, [Name("public", "stock")])
    assert schema.tables[Name("public", "stock")].publications == (Published(publication="one"),)
    assert schema.access.publications == MappingProxyType({"one": frozenset()})


def test_a_replica_identity_whose_index_is_gone_is_none(roles: sa.Connection) -> None:
    roles.exec_driver_sql("ALTER TABLE stock REPLICA IDENTITY USING INDEX stock_pkey")
    name = Name("public", "stock")
    assert observe(roles, [name]).tables[name].replica_identity == "index"
    assert observe(roles, [name]).tables[name].replica_index == "stock_pkey"
    roles.exec_driver_sql("ALTER TABLE stock DROP CONSTRAINT stock_pkey")
    assert observe(roles, [name]).tables[name].replica_identity == "nothing"
    assert observe(roles, [name]).tables[name].replica_index is None

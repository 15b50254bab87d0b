"""The session's settings, read from a real server."""

from __future__ import annotations

import pytest

from alembic_contracts.dialects import postgresql


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ('"$user", public', ("$user", "public")),
        ("app, Shared", ("app", "shared")),
        ('"My ""odd"", Schema" , b', ('My "odd", Schema', "b")),
        ("''", ()),
    ],
)
def test_search_path(connection, setting: str, expected: tuple[str, ...]) -> None:
    connection.exec_driver_sql(f"SET search_path TO {setting}")
    connection.commit()
    session = postgresql.session(connection)
    assert session.search_path == expected
    assert session.database == connection.engine.url.database
    assert session.server_version >= 140000
    assert not connection.in_transaction()

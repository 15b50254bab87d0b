"""Keys that are new and refuse nothing: they follow from what was there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.facts import Case, contract, run, verdict

if TYPE_CHECKING:
    import sqlalchemy as sa


IMPLIED = {
    "a key of more columns": ("c integer PRIMARY KEY, d integer", "ALTER TABLE t ADD UNIQUE (d, c)"),
    "NULL is none of the narrower key": (
        "c integer PRIMARY KEY, d integer",
        "ALTER TABLE t ADD UNIQUE NULLS NOT DISTINCT (c, d)",
    ),
    "a key instead of a constraint": (
        "c integer NOT NULL UNIQUE",
        "ALTER TABLE t DROP CONSTRAINT t_c_key; ALTER TABLE t ADD PRIMARY KEY (c)",
    ),
    "a later moment": (
        "c integer UNIQUE",
        "ALTER TABLE t DROP CONSTRAINT t_c_key; ALTER TABLE t ADD UNIQUE (c) DEFERRABLE",
    ),
    "NULLs are distinct now": (
        "c integer UNIQUE NULLS NOT DISTINCT",
        "ALTER TABLE t DROP CONSTRAINT t_c_key; ALTER TABLE t ADD UNIQUE (c)",
    ),
}


@pytest.mark.parametrize("how", IMPLIED)
def test_what_follows_from_a_key_that_was_there_is_nothing_new(
    how: str, connection: sa.Connection, tmp_path: Path
) -> None:
    columns, change = IMPLIED[how]
    if "NOT DISTINCT" in columns + change and connection.dialect.server_version_info[0] < 15:
        pytest.skip("the server is older than what the case is about")
    case = Case("", f"CREATE TABLE t ({columns})", change, compatibility="writer")
    before, observed, predicted = run(connection, case.create, change)
    contracts = contract(case, tmp_path)
    assert verdict(contracts, before, observed) == []
    assert verdict(contracts, before, predicted) == []

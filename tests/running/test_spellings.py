"""Contracts of several teams about one SQLite database, who do not write its names in the same case."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

CREATE = """
op.execute("CREATE TABLE Users (ID INTEGER PRIMARY KEY, Email TEXT UNIQUE)")
op.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, User_Id INTEGER REFERENCES USERS (id))")
"""


def contract(name: str, table: str, columns: str, **stated: Any) -> str:
    return json.dumps(
        {
            "spec-version": "1.0.0",
            "name": name,
            "namespace": "shop",
            "dataAssetResourceName": f"sqlite:///shop.{table}",
            "owner": {"name": "Sales"},
            "schema": {"table_name": table, "properties": {column: {} for column in columns.split()}, **stated},
        }
    )


def key(column: str, table: str, referenced: str) -> dict[str, Any]:
    return {"foreign_keys": [{"columns": [column], "references": {"table_name": table, "columns": [referenced]}}]}


SPELLINGS = {
    "columns": (contract("a", "Users", "Email"), contract("b", "Users", "email", unique=[["email"]])),
    "tables": (contract("a", "Users", "Email", unique=[["Email"]]), contract("b", "USERS", "EMAIL ID")),
    "what a key leads to": (
        contract("a", "Users", "Id"),
        contract("b", "orders", "user_id", **key("user_id", "users", "id")),
    ),
    "a key alone": (contract("b", "ORDERS", "USER_ID", **key("USER_ID", "users", "Id")),),
}


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    project = Project.create(tmp_path / "shop", f"sqlite:///{tmp_path}/shop.db")
    project.revision("create", CREATE)
    return project


@pytest.mark.parametrize("name", SPELLINGS)
def test_each_contract_is_held_in_its_own_spelling(name: str, shop: Project) -> None:
    for number, text in enumerate(SPELLINGS[name]):
        shop.contract(f"c{number}", text)
    assert shop.alembic("upgrade", "head").returncode == 0
    checked = shop.alembic("check-contracts")
    assert checked.returncode == 0, checked.stdout
    shop.revision(
        "rename", 'op.execute("ALTER TABLE orders RENAME COLUMN User_Id TO buyer")\nop.execute("DROP TABLE users")'
    )
    refused = shop.alembic("upgrade", "head")
    assert refused.returncode != 0
    broken = json.loads(shop.alembic("check-contracts", "--format", "json").stdout)
    assert {each["contract"] for each in broken["violations"]} == {
        f"shop/{json.loads(text)['name']}" for text in SPELLINGS[name]
    }


def test_a_table_is_counted_once(shop: Project) -> None:
    for number, text in enumerate(SPELLINGS["tables"]):
        shop.contract(f"c{number}", text)
    assert "2 contracts, 6 facts on 1 table;" in shop.alembic("check-contracts", "--offline").stdout

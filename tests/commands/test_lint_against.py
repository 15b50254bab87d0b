"""``lint --against``: names in contracts that no table, column or type has, with the nearest ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

CREATE = """
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE customers (id bigint PRIMARY KEY, name text);
CREATE TABLE orders (id integer PRIMARY KEY, total numeric, feeling mood, customer bigint REFERENCES customers);
"""


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    """A project without a database, and with an env.py that fails."""
    shop = Project.create(tmp_path / "shop", "")
    shop.write("migrations/env.py", "raise AssertionError\n")
    shop.revision("r1", f"op.execute({CREATE!r})")
    shop.revision("r2", "op.rename_table('orders', 'purchases')")
    return shop


def contract(table: str, properties: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {
        "spec-version": "1.0.0",
        "name": "orders",
        "namespace": "shop",
        "owner": {"name": "Reports"},
        "schema": {"table_name": table, "properties": properties, **keys},
    }


def column(data_type: str, **keys: Any) -> dict[str, Any]:
    return {"constraints": {"data_type": data_type}, **keys}


def linted(shop: Project, against: str, *arguments: str) -> list[tuple[str, str]]:
    done = shop.cli("lint", "--against", against, "--format", "json", *arguments)
    problems = json.loads(done.stdout)
    assert done.returncode == (2 if problems else 0), done.stderr
    assert all(problem["line"] for problem in problems)
    return [(problem["pointer"].rpartition("/")[2], problem["message"]) for problem in problems]


GOOD = {"id": column("integer"), "feeling": column("mood"), "total": column("numeric")}


def test_names_that_are_there(shop: Project) -> None:
    key = {"columns": ["customer"], "references": {"table_name": "customers", "columns": ["id"]}}
    shop.contract("orders", contract("orders", {**GOOD, "customer": column("bigint")}, foreign_keys=[key]))
    assert linted(shop, "r1") == []


def test_names_that_are_not(shop: Project) -> None:
    key = {"columns": ["customr"], "references": {"table_name": "customers", "columns": ["idd"]}}
    properties = {"Total": column("numeric"), "feeling": column("moot"), "id": column("integer")}
    shop.contract("orders", contract("orders", properties, foreign_keys=[key], unique=[["id", "totl"]]))
    assert {message for _, message in linted(shop, "r1")} == {
        "public.orders has no column `Total` at r1; did you mean `total`?",
        "there is no type `moot` at r1; did you mean `mood`?",
        "public.orders has no column `customr` at r1; did you mean `customer`?",
        "public.customers has no column `idd` at r1; did you mean `id`?",
        "public.orders has no column `totl` at r1; did you mean `total`?",
    }
    assert linted(shop, "head") == [
        ("table_name", "there is no table `public.orders` at head"),
    ]
    shop.contract("orders", contract("purchase", GOOD))
    assert linted(shop, "head") == [
        ("table_name", "there is no table `public.purchase` at head; did you mean `public.purchases`?"),
    ]


def test_what_is_over_need_not_be_there(shop: Project) -> None:
    shop.contract("orders", contract("orders", {**GOOD, "gone": column("text", sunset="2020-01-01")}))
    assert linted(shop, "r1") == []
    shop.contract("orders", {**contract("orders", GOOD), "status": "retired"})
    assert linted(shop, "head") == []


def test_a_snapshot_will_do(shop: Project) -> None:
    assert shop.cli("snapshot", "--offline", "--dialect", "postgresql", "--to", "r1").returncode == 0
    consumers = Project.create(shop.path.parent / "consumers", "")
    snapshot = consumers.write("snapshot.json", (shop.path / "schema_snapshot.json").read_text(encoding="utf-8"))
    consumers.contract("orders", contract("orders", {"totals": column("numeric")}))
    assert linted(consumers, snapshot.name) == [
        ("totals", "public.orders has no column `totals` in snapshot.json; did you mean `total`?"),
    ]


def test_what_there_is_nothing_to_compare_with(shop: Project) -> None:
    shop.contract("orders", contract("orders", GOOD))
    done = shop.cli("lint", "--against", "nowhere")
    assert done.returncode == 2
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr

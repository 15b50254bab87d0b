"""``alembic-contracts who``: who relies on what, since and until when, and what ends soon; by contract files alone."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

ORDERS = {
    "spec-version": "1.0.0",
    "name": "orders",
    "namespace": "shop",
    "owner": {"name": "Reports", "email": "reports@example.org"},
    "schema": {
        "table_name": "orders",
        "checks": ["total > 0 AND note <> 'x'"],
        "unique": [["number", "total"]],
        "publications": [{"name": "changes", "columns": ["id", "at"], "row_filter": "status = 'paid'"}],
        "foreign_keys": [
            {"columns": ["customer"], "references": {"table_name": "customers", "columns": ["id"]}},
        ],
        "properties": {
            "id": {"constraints": {"data_type": "integer", "primaryKey": True}},
            "number": {"constraints": {"data_type": "integer"}},
            "total": {"sunset": "2030-02-01", "constraints": {"data_type": "numeric(10,2)"}},
        },
    },
}
GUIDE = """\
kind: DataContract
apiVersion: v3.1.0
id: guide
name: guide
version: 1.0.0
status: {status}
team:
  members: [{{name: Guide, username: guide@example.org, role: owner}}]
schema:
  - name: orders
    properties:
      - {{name: id, physicalType: integer, required: true}}
"""
WAIVERS = """\
waivers:
  - contract: shop/orders
    fact: column-type total
    revision: 1a2b3c
    reason: rounded by all readers
    approver: Reports
    expiry: 2030-01-10
"""
TODAY = {"ALEMBIC_CONTRACTS_TODAY": "2030-01-05"}


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    """A project without a database, and with an env.py that fails."""
    shop = Project.create(tmp_path / "shop", "")
    shop.write("migrations/env.py", "raise AssertionError\n")
    shop.contract("orders", ORDERS)
    shop.contract("guide.yaml", GUIDE.format(status="active"))
    shop.contract("waivers.yaml", WAIVERS)
    return shop


def git(shop: Project, *arguments: str, day: str = "2029-01-01") -> None:
    identity = ("-c", "user.name=Shop", "-c", "user.email=shop@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(
        ["git", *identity, *arguments], cwd=shop.path, capture_output=True, check=True, timeout=60,
        env={**os.environ, "GIT_COMMITTER_DATE": f"{day}T12:00:00"},
    )  # fmt: skip


def asked(shop: Project, *arguments: str) -> dict[str, Any]:
    done = shop.cli("who", "--format", "json", *arguments, env=TODAY)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_table(shop: Project) -> None:
    found = asked(shop, "orders")["relying"]
    assert [(each["contract"], each["until"], each["held"]) for each in found] == [
        ("odcs/guide", None, True),
        ("shop/orders", None, True),
    ]
    assert [each["owner"]["email"] for each in found] == ["guide@example.org", "reports@example.org"]
    assert found[1]["columns"] == ["id", "number", "total"]
    assert [(end["column"], end["sunset"]) for end in found[1]["ends"]] == [("total", "2030-02-01")]
    [waiver] = found[1]["waivers"]
    assert (waiver["fact"], waiver["expiry"], waiver["counts"]) == (
        "column-type public.orders.total", "2030-01-10", True,
    )  # fmt: skip
    assert asked(shop, "public.orders")["relying"] == found
    text = shop.cli("who", "orders", env=TODAY).stdout
    for words in (
        "Reports <reports@example.org>",
        "until 2030-02-01: total  (contracts/orders.json:",
        "column-type public.orders.total: may be broken by 1a2b3c until 2030-01-10, approved by Reports: rounded by",
        "since when is not known; active; no end is set",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("what", "facts"),
    [
        ("orders.total", {"column-exists", "column-type", "check", "unique"}),
        ("public.orders.number", {"column-exists", "column-type", "unique"}),
        ("orders.customer", {"foreign-key"}),
        ("orders.note", {"check"}),
        ("orders.at", {"publication"}),
        ("orders.status", {"publication"}),
        ("customers", {"foreign-key"}),
        ("customers.id", {"foreign-key"}),
        ("orders.not", set()),
    ],
)
def test_a_column_is_relied_on_where_keys_and_checks_name_it(shop: Project, what: str, facts: set[str]) -> None:
    found = asked(shop, what)["relying"]
    assert {fact["fact"].partition(" ")[0] for each in found for fact in each["facts"]} == facts


def test_a_promise_that_has_ended_is_not_held(shop: Project) -> None:
    [before] = asked(shop, "orders.total")["relying"]
    assert (before["held"], before["until"]) == (True, None)  # the check and the key name it, and have no end
    shop.contract("orders", {**ORDERS, "sunset": "2030-01-05"})
    by_contract = {each["contract"]: each for each in asked(shop, "orders.id")["relying"]}
    assert (by_contract["shop/orders"]["held"], by_contract["shop/orders"]["until"]) == (False, "2030-01-05")
    assert "may be broken since 2030-01-05" in shop.cli("who", "orders.id", env=TODAY).stdout
    shop.contract("guide.yaml", GUIDE.format(status="retired"))
    by_contract = {each["contract"]: each for each in asked(shop, "orders.id")["relying"]}
    assert by_contract["odcs/guide"]["held"] is False


def test_what_no_contract_names(shop: Project) -> None:
    found = asked(shop, "orders.totl")
    assert (found["relying"], found["did_you_mean"]) == ([], "orders.total")
    done = shop.cli("who", "invoices")
    assert done.returncode == 0
    assert done.stdout == "No contract names `invoices`.\n"


def test_what_ends_soon(shop: Project) -> None:
    assert [(each["day"], bool(each["waiver"])) for each in asked(shop)["ends"]] == [
        ("2030-01-10", True),
        ("2030-02-01", False),
    ]
    assert [each["day"] for each in asked(shop, "--days", "5")["ends"]] == ["2030-01-10"]
    assert asked(shop, "--days", "4")["ends"] == []
    done = shop.cli("who", env=TODAY)
    assert "2030-02-01  may be broken from then on: public.orders.total" in done.stdout
    assert "2030-01-10  last day of the waiver of column-type public.orders.total" in done.stdout
    assert "ALEMBIC_CONTRACTS_TODAY" in done.stderr
    done = shop.cli("who", "--days", "1", env=TODAY)
    assert done.stdout == "Nothing ends or expires until 2030-01-06 (1 day).\n"


def test_since_when_by_git(shop: Project) -> None:
    git(shop, "init", "--quiet")
    (shop.path / "contracts/orders.json").rename(shop.path / "contracts/old name.json")
    git(shop, "add", "--all")
    git(shop, "commit", "-m", "contracts", day="2029-01-01")
    git(shop, "mv", "contracts/old name.json", "contracts/orders.json")
    git(shop, "commit", "-m", "renamed", day="2029-02-02")
    git(shop, "rm", "--quiet", "contracts/guide.yaml")
    git(shop, "commit", "-m", "away", day="2029-03-03")
    shop.contract("guide.yaml", GUIDE.format(status="active"))
    git(shop, "add", "--all")
    git(shop, "commit", "-m", "and back", day="2029-04-04")
    shop.contract("another.yaml", GUIDE.format(status="active").replace("guide", "another"))
    since = {each["contract"]: each["since"] for each in asked(shop, "orders")["relying"]}
    assert since == {"shop/orders": "2029-01-01", "odcs/guide": "2029-04-04", "odcs/another": None}


def test_contracts_that_cannot_be_read_are_no_nobody(shop: Project) -> None:
    shop.contract("orders", "{")
    done = shop.cli("who", "orders")
    assert done.returncode == 2
    assert "contracts/orders.json" in done.stderr
    assert done.stdout == ""

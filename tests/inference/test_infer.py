"""``infer`` as its users call it: a contract of what queries use, which a migration then answers for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.project import Project

if TYPE_CHECKING:
    from subprocess import CompletedProcess

SHOP = """
op.create_table(
    "orders",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("total", sa.Numeric(10, 2), nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("placed", sa.DateTime(timezone=True), server_default=sa.func.now()),
)
op.create_table("customers", sa.Column("id", sa.Integer, primary_key=True), sa.Column("email", sa.Text))
"""
TOTALS = """\
-- What was sold, a day
SELECT date_trunc('day', o.placed) AS day,
       sum(o.total)
FROM orders AS o
GROUP BY 1;
"""
COLUMNS = ["id", "total", "note", "placed"]


@pytest.fixture
def shop(project: Project) -> Project:
    project.revision("r1", SHOP)
    project.write("reports/totals.sql", TOTALS)
    (project.path / "contracts/.keep").touch()
    assert project.alembic("upgrade", "head").returncode == 0
    return project


def infer(project: Project, *arguments: str, code: int = 0) -> CompletedProcess[str]:
    done = project.cli("infer", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_a_contract_of_queries_is_written(shop: Project) -> None:
    done = infer(shop, "sql", "reports", "--owner", "Reports <reports@example.org>")
    assert done.stderr.splitlines()[-1] == "Wrote contracts/reports.odcs.yaml."
    contract = yaml.safe_load((shop.path / "contracts/reports.odcs.yaml").read_text())
    assert (contract["name"], contract["team"]["members"][0]["username"]) == ("reports", "reports@example.org")
    [orders] = contract["schema"]
    places = {each["name"]: each["customProperties"][0]["value"] for each in orders["properties"]}
    assert places == {
        "total": [{"file": "reports/totals.sql", "line": 3}],
        "placed": [{"file": "reports/totals.sql", "line": 2}],
    }
    assert shop.cli("lint").returncode == 0
    assert shop.cli("check").returncode == 0
    assert shop.cli("check", "--offline").returncode == 0


@pytest.mark.parametrize("source", ["a database", "--offline", "a snapshot alone"])
def test_names_are_looked_up_where_the_schema_is(shop: Project, source: str) -> None:
    if source == "a snapshot alone":
        assert shop.cli("snapshot").returncode == 0
        consumer = shop.path.parent / "consumer"
        consumer.mkdir()
        shutil.copytree(shop.path / "reports", consumer / "reports")
        shutil.copy(shop.path / "schema_snapshot.json", consumer)
        shop = Project(consumer, "postgresql://nobody@nowhere.invalid/none")
    infer(shop, "sql", "reports", *(["--offline"] if source == "--offline" else []))
    text = (shop.path / "contracts/reports.odcs.yaml").read_text()
    assert "numeric(10,2)" in text
    assert "line: 3" in text


def test_without_a_project_and_without_a_snapshot_it_is_said(tmp_path: Path) -> None:
    consumer = Project(tmp_path, "postgresql://nobody@nowhere.invalid/none")
    consumer.write("x.sql", "SELECT 1")
    done = infer(consumer, "sql", "x.sql", code=2)
    assert "no Alembic project here, and no snapshot schema_snapshot.json" in done.stderr
    assert "Traceback" not in done.stderr


CHANGES = {
    "drop": ("op.drop_column('orders', {0!r})", {"total", "placed"}),
    "rename": ("op.alter_column('orders', {0!r}, new_column_name='other')", {"total", "placed"}),
    "retype": ("op.execute('ALTER TABLE orders ALTER {0} TYPE text USING {0}::text')", {"total", "placed"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_used_is_held_and_what_is_not_is_free(shop: Project, change: str) -> None:
    infer(shop, "sql", "reports")
    script, used = CHANGES[change]
    changed = [column for column in COLUMNS if (change, column) not in {("drop", "id"), ("retype", "note")}]
    for column in changed:
        file = shop.revision("r2", script.format(column), down="r1")
        done = shop.cli("check", "--format", "json")
        report = json.loads(done.stdout)
        assert {each["column"] for each in report["violations"]} == {column} & used, column
        line = {"total": 3, "placed": 2}.get(column)
        for violation in report["violations"]:
            assert violation["used_by"] == [{"file": "reports/totals.sql", "line": line, "what": ""}]
            assert violation["location"]["file"] == f"migrations/versions/{file.name}"
        if column in used:
            refused = shop.alembic("upgrade", "head")
            assert refused.returncode != 0
            assert f"reports/totals.sql:{line}" in refused.stderr


def test_writers_are_protected_where_they_write(shop: Project) -> None:
    shop.write("reports/mail.sql", "SELECT email FROM customers;\n")
    shop.write("reports/note.sql", "UPDATE orders SET note = %(note)s WHERE id = %(id)s;\n")
    infer(shop, "sql", "reports")
    for table, code in (("customers", 0), ("orders", 1)):
        shop.revision("r2", f"op.execute('ALTER TABLE {table} ADD CHECK (id > 0)')", down="r1")
        done = shop.cli("check", "--format", "json")
        assert done.returncode == code, (table, done.stdout)


def test_check_tells_what_is_stale(shop: Project) -> None:
    done = infer(shop, "sql", "reports", "--check", code=1)
    assert "contracts/reports.odcs.yaml is not there:" in done.stderr
    assert not (shop.path / "contracts/reports.odcs.yaml").exists()
    infer(shop, "sql", "reports")
    assert infer(shop, "sql", "reports", "--check").stderr.splitlines()[-1] == "reports: fresh."
    before = (shop.path / "contracts/reports.odcs.yaml").read_bytes()
    shop.write("reports/totals.sql", TOTALS.replace("sum(o.total)", "count(o.note)"))
    shop.write("reports/mail.sql", "SELECT email FROM customers;\n")
    done = infer(shop, "sql", "reports", "--check", code=1)
    assert (
        done.stderr.splitlines()[-6:]
        == [
            "contracts/reports.odcs.yaml is not what would be written:",
            "  added: public.customers",
            "  added: public.customers.email",
            "  added: public.orders.note",
            "  no longer used: public.orders.total",
        ][-6:]
    )
    assert (shop.path / "contracts/reports.odcs.yaml").read_bytes() == before, "nothing is written"
    infer(shop, "sql", "reports")
    infer(shop, "sql", "reports", "--check")
    again = infer(shop, "sql", "reports")
    assert again.stderr.splitlines()[-1] == "contracts/reports.odcs.yaml is as it would be written."


def test_what_is_not_understood_is_named(shop: Project) -> None:
    shop.write("reports/broken.sql", "SELECT id FROM orders;\nSELECT totl FROM orders;\nSELEC 1;\n")
    done = infer(shop, "sql", "reports", code=3)
    assert "reports/broken.sql:2:8: " in done.stderr
    assert "total" in done.stderr, "the nearest name"
    assert "reports/broken.sql:3" in done.stderr
    assert (shop.path / "contracts/reports.odcs.yaml").exists(), "the rest is written"
    infer(shop, "sql", "reports", "--allow-unread")
    infer(shop, "sql", "reports", "--check", code=3)


def test_all_consumers_of_the_settings(shop: Project) -> None:
    settings = (shop.path / "pyproject.toml").read_text()
    shop.write("mail/mail.sql", "SELECT email FROM customers;\n")
    shop.write(
        "pyproject.toml",
        settings
        + '\n[tool.alembic_contracts.infer.sales]\nsql = "reports"\nowner = "Sales <s@example.org>"\nstrict = true\n'
        + '\n[tool.alembic_contracts.infer.mailing]\nsql = ["mail"]\nformat = "native"\n',
    )
    infer(shop, "--all", "--check", code=1)
    infer(shop, "--all")
    assert sorted(each.name for each in (shop.path / "contracts").rglob("*.*") if each.name != ".keep") == [
        "customers.json", "sales.odcs.yaml",
    ]  # fmt: skip
    assert (shop.path / "contracts/mailing/customers.json").exists()
    assert "required: true" in (shop.path / "contracts/sales.odcs.yaml").read_text()
    infer(shop, "--all", "--check", "--offline")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('sql = "reports"\nstrickt = true', "unknown key `strickt`; did you mean `strict`?"),
        ("strict = true", "name one source: "),
        ('sql = "reports"\nstrict = "yes"', "`strict` must be a bool, not 'yes'"),
        ('sql = "reports"\nformat = "xml"', "`format` must be one of native, odcs, not 'xml'"),
        ('sql = "nowhere"', "nowhere"),
    ],
)
def test_settings_that_are_none_are_said(shop: Project, table: str, said: str) -> None:
    settings = (shop.path / "pyproject.toml").read_text()
    shop.write("pyproject.toml", f"{settings}\n[tool.alembic_contracts.infer.sales]\n{table}\n")
    done = infer(shop, "--all", code=2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_to_look_at(shop: Project) -> None:
    done = infer(shop, "sql", "reports", "--stdout")
    assert yaml.safe_load(done.stdout)["name"] == "reports"
    assert not (shop.path / "contracts/reports.odcs.yaml").exists()
    other = infer(shop, "sql", "reports", "--consumer", "sales", "--output", "elsewhere/sales.odcs.yaml")
    assert "Wrote elsewhere/sales.odcs.yaml." in other.stderr
    assert yaml.safe_load((shop.path / "elsewhere/sales.odcs.yaml").read_text())["name"] == "sales"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sqll", "x"), "No such source 'sqll'; did you mean `sql`?"),
        (("sql",), "Missing argument 'PATH...'"),
        (("sql", "nowhere"), "nowhere"),
        (("sql", "reports", "--map", "raw"), "--map raw: it is written SOURCE=SCHEMA or SOURCE=SCHEMA.TABLE."),
        (("--all",), "There is nothing to do: no table [tool.alembic_contracts.infer.CONSUMER] in pyproject.toml"),
    ],
)
def test_what_cannot_be_done_is_said(shop: Project, arguments: tuple[str, ...], said: str) -> None:
    done = infer(shop, *arguments, code=2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr

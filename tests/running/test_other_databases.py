"""Databases without a package of their own, on a real MariaDB: what is seen there, refused there, and said of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.project import ENV, Project

if TYPE_CHECKING:
    from pathlib import Path

CREATE = """
op.create_table(
    "orders",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("code", sa.String(50), nullable=False, unique=True),
    sa.Column("paid", sa.Boolean, nullable=False),
    sa.Column("price", sa.Numeric(10, 2)),
    sa.Column("at", sa.DateTime(timezone=True)),
    sa.Column("data", sa.JSON().with_variant(postgresql.JSONB, "postgresql")),
    sa.Column("tags", sa.JSON().with_variant(postgresql.ARRAY(sa.Text), "postgresql")),
)
"""
NOTE = "note: Where version scripts lead on MariaDB is not known before they run there."
GOES_ON = (
    "The schema has already changed, for good: each statement that changes it commits by itself, with all before it."
)


def contract(resource: str, types: dict[str, str], **table: str) -> dict[str, Any]:
    properties = {
        name: {"constraints": {"data_type": type_, "is_nullable": name not in {"id", "code", "paid"}}}
        for name, type_ in types.items()
    }
    properties["id"]["constraints"]["primaryKey"] = True
    return {
        "spec-version": "1.0.0",
        "name": "orders",
        "namespace": "shop",
        "dataAssetResourceName": resource,
        "doc": "Orders.",
        "owner": {"name": "Sales", "email": "sales@shop.org"},
        "schema": {**table, "table_name": "orders", "properties": properties},
    }


OF_POSTGRESQL = contract(
    "postgresql://db:5432/shop.orders",
    {
        "id": "integer",
        "code": "character varying",
        "paid": "boolean",
        "price": "numeric",
        "at": "timestamp with time zone",
        "data": "jsonb",
        "tags": "text[]",
    },
    table_schema="public",
)
OF_MARIADB = contract(
    "mariadb://db:3306/shop.orders",
    {"id": "int", "code": "varchar(50)", "paid": "tinyint", "price": "decimal", "at": "datetime", "data": "longtext"},
)
OF_MYSQL = {**OF_MARIADB, "dataAssetResourceName": "mysql://db:3306/shop.orders"}
CONTRACTS = {"postgresql": OF_POSTGRESQL, "mariadb": OF_MARIADB, "mysql": OF_MYSQL}

every_kind = pytest.mark.parametrize("shop", CONTRACTS, indirect=True)
"""A contract about PostgreSQL, about MariaDB, or about MySQL; elsewhere about PostgreSQL."""


@pytest.fixture
def shop(request: pytest.FixtureRequest, tmp_path: Path, mariadb: str) -> Project:
    """A project on MariaDB with a contract about its table."""
    project = Project.create(tmp_path / "project", mariadb)
    project.contract("orders", CONTRACTS[getattr(request, "param", "postgresql")])
    project.revision("r1", CREATE, 'op.drop_table("orders")')
    project.environment["COLUMNS"] = "400"
    return project


@pytest.fixture
def upgraded(shop: Project) -> Project:
    """That project, with its first revision applied."""
    done = shop.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    return shop


def revisions(project: Project) -> list[str]:
    return [str(name) for (name,) in project.sql("SELECT version_num FROM alembic_version")]


def columns(project: Project) -> set[str]:
    return {str(row[0]) for row in project.sql("SHOW COLUMNS FROM orders")}


def one_line(text: str) -> str:
    return " ".join(text.split())


# -- what holds --------------------------------------------------------------------------------------------------------


@every_kind
def test_a_table_that_is_as_the_contract_says_is_let_in(shop: Project) -> None:
    done = shop.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == f"{NOTE} What results is looked at before each commit."
    assert revisions(shop) == ["r1"]


@every_kind
def test_an_additive_upgrade_passes(upgraded: Project) -> None:
    upgraded.revision("r2", 'op.add_column("orders", sa.Column("note", sa.Text))')
    upgraded.revision("r3", 'op.create_table("others", sa.Column("id", sa.Integer, primary_key=True))')
    done = upgraded.alembic("upgrade", "head")
    assert (done.returncode, "warning" in done.stderr) == (0, False), done.stderr
    assert revisions(upgraded) == ["r3"]


def test_what_is_no_other_in_the_end_is_no_break(upgraded: Project) -> None:
    upgraded.revision("r2", 'op.rename_table("orders", "aside")\nop.rename_table("aside", "orders")')
    upgraded.revision(
        "r3", 'op.alter_column("orders", "code", existing_type=sa.String(50), type_=sa.Text(), nullable=False)'
    )
    upgraded.revision("r4", 'op.drop_constraint("code", "orders", type_="unique")')
    done = upgraded.alembic("upgrade", "r2")
    assert done.returncode == 0, done.stderr


@every_kind
def test_nothing_pending_is_checked(upgraded: Project) -> None:
    assert upgraded.alembic("upgrade", "head").stderr == ""
    check = upgraded.alembic("check-contracts")
    assert check.returncode == 0, check.stdout + check.stderr
    assert "facts kept" in check.stdout or "are kept: 1 contract" in check.stdout
    report = json.loads(upgraded.alembic("check-contracts", "--format", "json").stdout)
    assert (report["status"], report["violations"], report["unproven"]) == ("kept", [], [])
    assert report["checked"]["facts"] >= 16


def test_a_column_that_is_gone_is_found_where_nothing_is_pending(upgraded: Project) -> None:
    upgraded.sql("ALTER TABLE orders DROP COLUMN code")
    check = upgraded.alembic("check-contracts")
    assert check.returncode == 1, check.stdout + check.stderr
    assert "orders.code does not exist" in check.stdout
    assert upgraded.alembic("upgrade", "head").returncode == 0


# -- what breaks -------------------------------------------------------------------------------------------------------

BREAKS = {
    "a column": ('op.drop_column("orders", "code")', "error[column-exists]", "orders.code no longer exists"),
    "its name": (
        'op.execute("ALTER TABLE orders CHANGE code label VARCHAR(50) NOT NULL")',
        "error[column-exists]",
        "orders.code no longer exists",
    ),
    "its type": (
        'op.alter_column("orders", "code", existing_type=sa.String(50), type_=sa.Integer, nullable=False)',
        "error[column-type]",
        "orders.code has the type INT(11) instead of",
    ),
    "NOT NULL": (
        'op.alter_column("orders", "code", existing_type=sa.String(50), nullable=True)',
        "error[column-nullable]",
        "orders.code is nullable instead of NOT NULL",
    ),
    "the key": (
        'op.execute("ALTER TABLE orders MODIFY id INT NOT NULL, DROP PRIMARY KEY")',
        "error[primary-key]",
        "orders",
    ),
    "the table": ('op.drop_table("orders")', "error[table-exists]", "orders no longer exists"),
}


@every_kind
@pytest.mark.parametrize("what", BREAKS)
def test_a_break_is_refused_and_what_stays_is_said(what: str, upgraded: Project) -> None:
    script, rule, words = BREAKS[what]
    upgraded.revision("r2", 'op.add_column("orders", sa.Column("note", sa.Text))')
    upgraded.revision("r3", f'op.create_table("before", sa.Column("id", sa.Integer))\n{script}')
    upgraded.revision("r4", 'op.create_table("after_all", sa.Column("id", sa.Integer))')
    done = upgraded.alembic("upgrade", "head")
    said = one_line(done.stderr)
    assert done.returncode == 255, done.stderr
    assert rule in said
    assert words in said
    assert "migrations/versions/r3.py" in said
    assert "(revision r3)" in said
    assert "Committed and staying: r2" in said
    assert GOES_ON in said
    assert "So what r3 did until the last of them stays as well, and is there when it runs again;" in said
    assert "What r3 lost has to come from a backup, or from a new revision." in said
    assert "the version table has r2." in said
    assert "To undo r2: `alembic downgrade r1`." in said
    assert revisions(upgraded) == ["r2"]
    tables = {str(name) for (name,) in upgraded.sql("SHOW TABLES")}
    assert ("before" in tables, "after_all" in tables) == (True, False)


def test_a_table_that_is_born_broken_is_refused(shop: Project) -> None:
    shop.revision("r1", CREATE.replace("sa.String(50), nullable=False", "sa.Integer"), down=None)
    done = shop.alembic("upgrade", "head")
    assert done.returncode == 255, done.stderr
    assert "error[column-type]" in done.stderr
    assert "error[column-nullable]" in done.stderr
    assert GOES_ON in one_line(done.stderr)
    assert revisions(shop) == []


def test_on_a_fresh_database_the_revision_that_breaks_is_named(shop: Project) -> None:
    shop.revision("r2", 'op.alter_column("orders", "code", existing_type=sa.String(50), type_=sa.Integer)')
    shop.revision("r3", 'op.add_column("orders", sa.Column("note", sa.Text))')
    done = shop.alembic("upgrade", "head")
    assert done.returncode == 255, done.stderr
    (error,) = one_line(done.stderr).split("error[column-type]")[1:]
    assert "migrations/versions/r2.py" in error
    assert "r3.py" not in error


def test_a_script_that_fails_after_a_break_says_both(upgraded: Project) -> None:
    upgraded.revision("r2", 'op.drop_column("orders", "code")\nop.drop_column("orders", "nonesuch")')
    done = upgraded.alembic("upgrade", "head")
    assert done.returncode != 0
    assert "orders.code no longer exists" in done.stderr
    assert "nonesuch" in done.stdout + done.stderr
    assert revisions(upgraded) == ["r1"]


def test_a_script_that_fails_by_itself_fails_as_without_the_guard(upgraded: Project) -> None:
    upgraded.revision("r2", 'op.add_column("orders", sa.Column("note", sa.Text))\nop.drop_column("orders", "nonesuch")')
    done = upgraded.alembic("upgrade", "head")
    assert done.returncode == 1
    assert "nonesuch" in done.stderr
    assert "Refused" not in done.stderr


def test_one_revision_a_transaction_is_the_same(upgraded: Project) -> None:
    upgraded.write(
        "migrations/env.py",
        ENV.replace(
            "target_metadata=target_metadata)", "target_metadata=target_metadata, transaction_per_migration=True)"
        ),
    )
    upgraded.revision("r2", 'op.drop_column("orders", "code")')
    upgraded.revision("r3", 'op.add_column("orders", sa.Column("note", sa.Text))')
    done = upgraded.alembic("upgrade", "head")
    assert (done.returncode, "(revision r2)" in done.stderr) == (255, True), done.stderr
    assert "note" not in columns(upgraded)


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("way", ["by Alembic", "by env.py", "in autocommit"])
def test_rows_that_are_written_after_the_last_ddl_are_said_to_be_rolled_back(
    way: str, fails: bool, upgraded: Project
) -> None:
    env = {
        "by Alembic": ENV,
        "by env.py": ENV.replace("engine.connect()", "engine.begin()"),
        "in autocommit": ENV.replace(
            "engine.connect()", "engine.execution_options(isolation_level='AUTOCOMMIT').connect()"
        ),
    }[way]
    upgraded.write("migrations/env.py", env)
    write = 'op.execute("INSERT INTO written VALUES ({})")\n'
    create = 'op.create_table("written", sa.Column("id", sa.Integer))\n'
    last = "raise ValueError" if fails else "pass"
    upgraded.revision("r2", f'{create}{write.format(1)}op.drop_column("orders", "code")\n{write.format(2)}{last}')
    said = one_line(upgraded.alembic("upgrade", "head").stderr)
    rows = upgraded.sql("SELECT id FROM written ORDER BY id")
    assert rows == ([(1,), (2,)] if way == "in autocommit" else [(1,)])
    assert ("what it wrote after that is rolled back where it can be." in said) == (way != "in autocommit"), said
    is_whole = way == "in autocommit" and not fails
    assert ("Committed and staying: r2." in said) == is_whole, said


def test_a_transaction_of_env_pys_own_is_no_help(upgraded: Project) -> None:
    """MariaDB commits what is open at each DDL statement, whoever began it."""
    upgraded.write("migrations/env.py", ENV.replace("engine.connect()", "engine.begin()"))
    insert = "op.execute(\"INSERT INTO orders (code, paid) VALUES ('a', true)\")"
    upgraded.revision("r2", f'{insert}\nop.drop_column("orders", "code")')
    done = upgraded.alembic("upgrade", "head")
    assert (done.returncode, GOES_ON in one_line(done.stderr)) == (255, True), done.stderr
    assert upgraded.sql("SELECT count(*) FROM orders") == [(1,)]
    assert "code" not in columns(upgraded)


def test_what_is_to_be_reported_alone_goes_on(upgraded: Project) -> None:
    upgraded.revision("r2", 'op.drop_column("orders", "code")')
    done = upgraded.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"})
    assert (done.returncode, "error[column-exists]" in done.stderr) == (0, True), done.stderr
    assert revisions(upgraded) == ["r2"]


@pytest.mark.parametrize("elsewhere", ["warn", "off"])
def test_elsewhere_is_said_to_be_less(elsewhere: str, tmp_path: Path, mariadb: str) -> None:
    project = Project.create(tmp_path / "project", mariadb)
    project.contract("orders", OF_POSTGRESQL)
    project.revision("r1", CREATE)
    project.revision("r2", 'op.drop_column("orders", "code")')
    project.environment["ALEMBIC_CONTRACTS_ELSEWHERE"] = elsewhere
    assert project.alembic("upgrade", "r1").returncode == 0
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert ("warning[column-exists]" in done.stderr) == (elsewhere == "warn")
    assert "error[" not in done.stderr


# -- what is not known -------------------------------------------------------------------------------------------------


@every_kind
def test_what_is_pending_is_not_said_to_be_kept(upgraded: Project) -> None:
    upgraded.revision("r2", 'op.drop_column("orders", "code")')
    check = upgraded.alembic("check-contracts")
    assert check.returncode == 0, check.stdout + check.stderr
    assert NOTE in check.stdout
    assert "Nothing was checked: 0 facts kept" in check.stdout
    assert json.loads(upgraded.alembic("check-contracts", "--format", "json").stdout)["checked"]["facts"] == 0


def test_offline_nothing_is_known_and_nothing_fails(shop: Project) -> None:
    check = shop.alembic("check-contracts", "--offline")
    assert check.returncode == 0, check.stderr
    assert "Nothing was checked: 0 facts kept" in check.stdout
    sql = shop.alembic("upgrade", "head", "--sql")
    assert (sql.returncode, "CREATE TABLE orders" in sql.stdout) == (0, True)
    assert "This run goes on unchecked." in sql.stderr


def test_a_plan_does_not_say_that_nothing_is_pending(upgraded: Project) -> None:
    upgraded.revision("r2", 'op.drop_column("orders", "code")')
    plan = upgraded.cli("plan")
    assert "Nothing is pending" not in plan.stdout
    assert "kept" not in plan.stdout


def test_autogenerate_and_alembics_own_check_go_on(upgraded: Project) -> None:
    metadata = """
import sqlalchemy as sa

target_metadata = sa.MetaData()
sa.Table("orders", target_metadata, sa.Column("id", sa.Integer, primary_key=True))
"""
    upgraded.write("migrations/env.py", ENV.replace("target_metadata = None", metadata))
    check = upgraded.alembic("check")
    assert "New upgrade operations detected" in check.stdout + check.stderr
    written = upgraded.alembic("revision", "--autogenerate", "-m", "drops", "--rev-id", "r2")
    assert written.returncode == 0, written.stderr
    assert NOTE in written.stderr
    assert "op.drop_column('orders', 'code')" in next(upgraded.path.glob("migrations/versions/r2_*.py")).read_text()


# -- downgrades and the rest -------------------------------------------------------------------------------------------


def test_a_downgrade_is_reported_on(upgraded: Project) -> None:
    done = upgraded.alembic("downgrade", "base")
    assert done.returncode == 0, done.stderr
    assert "Going on, because a downgrade is only reported on" in one_line(done.stderr)
    assert "orders no longer exists" in done.stderr
    assert revisions(upgraded) == []


def test_a_downgrade_can_be_refused(upgraded: Project) -> None:
    done = upgraded.alembic("downgrade", "base", env={"ALEMBIC_CONTRACTS_DOWNGRADE": "refuse"})
    assert (done.returncode, GOES_ON in one_line(done.stderr)) == (255, True), done.stderr
    assert revisions(upgraded) == ["r1"]


def test_a_downgrade_that_breaks_nothing_says_nothing(upgraded: Project) -> None:
    upgraded.revision("r2", 'op.add_column("orders", sa.Column("note", sa.Text))', 'op.drop_column("orders", "note")')
    assert upgraded.alembic("upgrade", "head").returncode == 0
    done = upgraded.alembic("downgrade", "-1")
    assert (done.returncode, "orders" in done.stderr) == (0, False), done.stderr


@pytest.mark.parametrize("command", ["current", "history", "heads", "stamp"])
def test_the_rest_of_alembic_is_as_without_the_guard(command: str, upgraded: Project) -> None:
    done = upgraded.alembic(command, *(["head"] if command == "stamp" else []))
    assert (done.returncode, done.stderr) == (0, "")


def test_doctor_knows_it(upgraded: Project) -> None:
    done = upgraded.cli("doctor")
    assert done.returncode == 0, done.stdout
    assert "could not be looked at" not in done.stdout
    assert "MariaDB" in done.stdout


def test_coverage_finds_the_tables_of_contracts(upgraded: Project) -> None:
    done = upgraded.cli("coverage")
    assert done.returncode == 0, done.stderr
    assert "which is not there" not in done.stdout
    assert "100.0 %" in done.stdout

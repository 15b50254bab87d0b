"""What teams have on a MariaDB beside plain tables: names by their case, views, sessions; held, refused and told."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from tests.support.maria import contract, run
from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.mariadb import MariaDB


def test_tables_whose_names_differ_by_case_are_two(shop: Project) -> None:
    shop.contract("one", contract("Orders", "id", "code"))
    shop.contract("other", contract("orders", "id", "x"))
    assert run(shop, "r1", "CREATE TABLE Orders (ID INT, Code INT)", "CREATE TABLE orders (id INT, X INT)") == ""
    assert shop.alembic("check-contracts").returncode == 0
    coverage = shop.cli("coverage").stdout
    assert "100.0 % of the columns" in coverage
    assert "which is not there" not in coverage
    assert "error[table-exists]: Orders no longer exists." in run(shop, "r2", "DROP TABLE Orders")


def test_one_of_them_is_not_there_for_the_other_one(shop: Project) -> None:
    shop.contract("one", contract("Orders", "id"))
    shop.contract("other", contract("orders", "id"))
    assert "warning[table-exists]: orders does not exist" in run(shop, "r1", "CREATE TABLE Orders (id INT)")


def test_where_case_does_not_count_they_are_one(mariadb_in_lower_case: str, tmp_path: Path) -> None:
    shop = Project.create(tmp_path / "project", mariadb_in_lower_case)
    shop.contract("one", contract("Orders", "id"))
    shop.contract("other", contract("ORDERS", "Id"))
    assert run(shop, "r1", "CREATE TABLE orders (ID INT)") == ""
    assert shop.alembic("check-contracts").returncode == 0
    assert "error[table-exists]" in run(shop, "r2", "DROP TABLE ORDERS")


@pytest.mark.parametrize("kind", ["sqlite", "mariadb"])
def test_foreign_keys_lead_to_tables_and_columns_in_any_spelling_that_they_have(
    kind: str, shop: Project, tmp_path: Path
) -> None:
    project = shop if kind == "mariadb" else Project.create(tmp_path / "other", f"sqlite:///{tmp_path / 'shop.db'}")
    there = "Orders" if kind == "mariadb" else "ORDERS"
    key = {"columns": ["o"], "references": {"table_name": there, "columns": ["ID"]}}
    project.contract("items", contract("items", "id", about=kind, foreign_keys=[key]))
    create = "CREATE TABLE items (id INT, O INT, CONSTRAINT f FOREIGN KEY (o) REFERENCES Orders (id))"
    assert run(project, "r1", "CREATE TABLE Orders (id INT PRIMARY KEY)", create) == ""


def test_a_view_that_nobody_can_read_any_more_is_broken(shop: Project) -> None:
    shop.contract("active", contract("active", "id", "email"))
    table = "CREATE TABLE customers (id INT PRIMARY KEY, email VARCHAR(9), active INT)"
    view = "CREATE VIEW active AS SELECT id, email FROM customers WHERE active"
    assert run(shop, "r1", table, view) == ""
    said = run(shop, "r2", "ALTER TABLE customers DROP COLUMN active")
    assert "error[column-exists]: active.email no longer exists." in said
    assert "unproven" not in said


@pytest.mark.parametrize("committed", [False, True])
def test_an_end_that_is_not_committed_is_warned_of(committed: bool, shop: Project) -> None:
    """What env.py executes before has Alembic leave the commit to it; MariaDB commits what changes the schema."""
    shop.contract("t", contract("t", "id"))
    before = "        context.configure("
    env = (shop.path / "migrations/env.py").read_text()
    assert before in env
    env = env.replace(before, "        connection.exec_driver_sql(\"SELECT GET_LOCK('x', 5)\")\n" + before)
    if committed:
        env = env.replace(
            "            context.run_migrations()", "            context.run_migrations()\n        connection.commit()"
        )
    shop.write("migrations/env.py", env)
    said = run(shop, "r1", "CREATE TABLE t (id INT)")
    assert ("warning: the end of this upgrade was not committed: " in said) is not committed
    assert ("and the version table may not say so" in said) is not committed
    heads = shop.sql("SELECT version_num FROM alembic_version")
    assert heads == ([("r1",)] if committed else [])


def test_tenants_that_use_leads_to_are_each_held_and_called_by_their_names(shop: Project, mariadbs: MariaDB) -> None:
    """Alembic's recipe: USE, and the dialect told of it."""
    shop.contract("t", contract("t", "id", "code"))
    with mariadbs.new() as one, mariadbs.new() as other:
        names = [str(sa.make_url(url).database) for url in (one, other)]
        env = (shop.path / "migrations/env.py").read_text()
        start, _, rest = env.partition("    with engine.connect() as connection:\n")
        body, _, end = rest.partition("\n\n\n")
        use = (
            f"    for tenant in {names}:\n"
            "        with engine.connect() as connection:\n"
            "            connection.exec_driver_sql(f'USE {tenant}')\n"
            "            connection.commit()\n"
            "            connection.dialect.default_schema_name = tenant\n"
        )
        shop.write("migrations/env.py", f"{start}{use}{textwrap.indent(body, '    ')}\n\n\n{end}")
        assert run(shop, "r1", "CREATE TABLE t (id INT, code INT)") == ""
        shop.revision(
            "r2",
            f"if op.get_bind().exec_driver_sql('SELECT DATABASE()').scalar() == {names[1]!r}:\n"
            "    op.drop_column('t', 'code')",
        )
        done = shop.alembic("upgrade", "head")
        said = " ".join(done.stderr.split())
        assert (done.returncode, "error[column-exists]: t.code no longer exists." in said) == (255, True), said
        assert f"Before this, database {names[0]} was brought from r1 to r2, which is committed and stays." in said


def test_what_a_script_sets_for_its_session_hides_nothing(shop: Project) -> None:
    shop.contract("t", contract("t", "id", "code", unique=[["code"]]))
    create = "CREATE TABLE t (id INT PRIMARY KEY, code INT UNIQUE)"
    assert run(shop, "r1", create, "SET sql_mode = 'ANSI'", "SET sql_select_limit = 1") == ""
    assert run(shop, "r2", "LOCK TABLES alembic_version WRITE") == ""
    assert run(shop, "r3", "CREATE TEMPORARY TABLE t (x INT)") == ""
    said = run(shop, "r4", "SET sql_mode = 'ANSI'", "CREATE TEMPORARY TABLE u LIKE t", "ALTER TABLE t DROP KEY code")
    assert "error[unique]: t has no UNIQUE (code)." in said


def test_what_is_done_and_shall_stay_is_stamped(shop: Project) -> None:
    shop.contract("orders", contract("orders", "id", "code"))
    assert run(shop, "r1", "CREATE TABLE orders (id INT, code INT)") == ""
    assert "permit it, and `alembic stamp r2`." in " ".join(run(shop, "r2", "ALTER TABLE orders DROP code").split())
    report = {"ALEMBIC_CONTRACTS_ENFORCE": "report"}
    assert shop.alembic("upgrade", "head", env=report).returncode == 1  # it meets what it has done itself
    assert shop.alembic("stamp", "r2", env=report).returncode == 0
    shop.revision("r3", 'op.add_column("orders", sa.Column("more", sa.Integer))')
    assert shop.alembic("upgrade", "head", env=report).returncode == 0


def test_where_a_downgrade_is_done_and_shall_stay_it_is_stamped_where_it_leads_to(shop: Project) -> None:
    shop.environment["ALEMBIC_CONTRACTS_DOWNGRADE"] = "refuse"
    shop.contract("orders", contract("orders", "id", "code"))
    assert run(shop, "r1", "CREATE TABLE orders (id INT, code INT)") == ""
    lost = "op.drop_column('orders', 'more')\nop.drop_column('orders', 'code')"
    shop.revision("r2", 'op.add_column("orders", sa.Column("more", sa.Integer))', downgrade=lost)
    assert shop.alembic("upgrade", "head").returncode == 0
    done = shop.alembic("downgrade", "r1")
    assert done.returncode == 255
    assert "permit it, and `alembic stamp r1`." in " ".join(done.stderr.split())
    assert shop.alembic("stamp", "r1").returncode == 0
    assert shop.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"}).returncode == 0


@pytest.mark.parametrize("where", ["shop", ""])
def test_what_one_contract_names_with_its_database_another_one_may_name_without(
    where: str, mariadbs: MariaDB, tmp_path: Path
) -> None:
    with mariadbs.new() as url:
        shop = Project.create(tmp_path / "project", url)
        own = sa.make_url(url).database
        named = {"table_schema": own} if where else {}
        key = {"columns": ["customer"], "references": {**named, "table_name": "customers", "columns": ["id"]}}
        shop.contract("one", contract("customers", "id", "code"))
        shop.contract("other", contract("orders", "id", "customer", table_schema=own, foreign_keys=[key]))
        shop.contract("third", {**contract("customers", "id", "name", table_schema=own), "name": "names"})
        customers = "CREATE TABLE customers (id INT PRIMARY KEY, code INT, name TEXT)"
        orders = (
            "CREATE TABLE orders (id INT, customer INT, CONSTRAINT fk FOREIGN KEY (customer) REFERENCES customers (id))"
        )
        assert run(shop, "r1", customers, orders) == ""
        assert shop.alembic("check-contracts").returncode == 0
        assert "100.0 % of the columns" in shop.cli("coverage").stdout
        assert "error[foreign-key]: " in run(shop, "r2", "ALTER TABLE orders DROP FOREIGN KEY fk")


DEFAULTED = "CREATE TABLE items (id INT PRIMARY KEY, s VARCHAR(20) NOT NULL DEFAULT 'x')"


def test_a_default_that_no_contract_can_state_is_not_lost_unsaid(shop: Project) -> None:
    shop.contract("items", {**contract("items", "id", "s"), "compatibility": "writer"})
    assert run(shop, "r1", DEFAULTED) == ""
    assert "items has the newly required column s" in run(shop, "r2", "ALTER TABLE items ALTER s DROP DEFAULT")


def test_a_default_that_was_there_only_on_the_way_is_not_missed(shop: Project) -> None:
    shop.contract("items", {**contract("items", "id", "s", "n"), "compatibility": "writer"})
    shop.revision("r1", f"op.execute({DEFAULTED!r})")
    shop.revision("r2", 'op.execute("ALTER TABLE items ALTER s DROP DEFAULT")')
    added = 'op.execute("ALTER TABLE items ADD n INT NOT NULL DEFAULT 1")'
    shop.revision("r3", f'{added}\nop.execute("ALTER TABLE items ALTER n DROP DEFAULT")')
    assert shop.alembic("upgrade", "head").returncode == 0
    assert shop.alembic("check-contracts").returncode == 0


@pytest.mark.parametrize("setting", ["NAMES binary", "NAMES latin1", "sql_select_limit = 0"])
def test_an_upgrade_goes_through_whatever_the_session_is_set_to(shop: Project, setting: str) -> None:
    made = "CREATE TABLE t (id INT PRIMARY KEY, `größe` ENUM('klein', 'größer') NOT NULL COMMENT 'Größe')"
    assert not run(shop, "r1", made)
    shop.contract("c", contract("t", "größe"))
    late = "" if setting.startswith("NAMES") else f"SET {setting}"
    statements = (f"SET {setting}", "ALTER TABLE t ADD zz INT") if not late else ("ALTER TABLE t ADD zz INT", late)
    assert not run(shop, "r2", *statements)
    assert shop.alembic("check-contracts").returncode == 0


def test_a_default_that_is_no_text_is_no_hindrance(shop: Project) -> None:
    made = "CREATE TABLE t (id INT PRIMARY KEY, a INT, z BINARY(2) NOT NULL DEFAULT x'ff00')"
    assert not run(shop, "r1", made)
    shop.contract("c", contract("t", "id", "a"))
    assert not run(shop, "r2", "CREATE TABLE other (id INT)", "ALTER TABLE t ADD y BINARY(1) DEFAULT x'fe'")
    assert shop.alembic("check-contracts").returncode == 0
    assert "error[column-exists]" in run(shop, "r3", "ALTER TABLE t DROP a")


def test_a_run_is_judged_by_the_database_that_it_began_in(shop: Project, mariadbs: MariaDB) -> None:
    with mariadbs.new() as url:
        there, here = str(sa.make_url(url).database), str(sa.make_url(shop.database).database)
        env = (shop.path / "migrations/env.py").read_text()
        versions = f"target_metadata=target_metadata, version_table_schema={here!r}"
        shop.write("migrations/env.py", env.replace("target_metadata=target_metadata", versions))
        tables = ("CREATE TABLE t (id INT PRIMARY KEY, a INT)", f"CREATE TABLE {there}.t (id INT PRIMARY KEY, a INT)")
        assert not run(shop, "r1", *tables)
        shop.contract("c", contract("t", "a"))
        assert not run(shop, "r2", f"USE {there}", "ALTER TABLE t DROP a")
        assert "error[column-exists]" in run(shop, "r3", "ALTER TABLE t DROP a", f"USE {there}")


def test_what_an_own_commit_leaves_is_put_down_to_its_script(shop: Project) -> None:
    assert not run(shop, "r1", "CREATE TABLE t (id INT PRIMARY KEY, a INT)")
    shop.contract("c", contract("t", "a"))
    shop.revision("r2", 'with op.get_context().autocommit_block():\n    op.execute("ALTER TABLE t DROP a")')
    said = shop.alembic("upgrade", "head").stderr
    assert "error[column-exists]" in said
    assert "caused outside" not in said
    assert 'revision: "r2"' in said
    assert "1 revision checked" in " ".join(said.split())


@pytest.mark.parametrize("commits", ["", "\n            connection.commit()"])
def test_what_env_py_does_after_the_run_is_judged(shop: Project, commits: str) -> None:
    assert not run(shop, "r1", "CREATE TABLE t (id INT PRIMARY KEY, a INT)")
    shop.contract("c", contract("t", "a"))
    env = (shop.path / "migrations/env.py").read_text()
    own = f'context.run_migrations()\n            connection.exec_driver_sql("ALTER TABLE t DROP a"){commits}'
    assert env.count("connection=connection") == 1
    shop.write("migrations/env.py", env[::-1].replace("context.run_migrations()"[::-1], own[::-1], 1)[::-1])
    said = run(shop, "r2", "ALTER TABLE t ADD b INT")
    assert "error[column-exists]" in said
    assert "caused outside the version scripts" in said


def test_a_break_in_a_transaction_of_env_pys_is_put_down_to_its_revision(shop: Project) -> None:
    assert not run(shop, "r1", "CREATE TABLE t (id INT PRIMARY KEY, a INT)")
    shop.contract("t", contract("t", "id", "a"))
    env = (shop.path / "migrations/env.py").read_text()
    shop.write("migrations/env.py", env.replace("engine.connect() as", "engine.begin() as"))
    shop.revision("r2", "op.execute('SELECT 1')")
    assert " --> migrations/versions/r3.py:" in run(shop, "r3", "ALTER TABLE t DROP a")


def test_views_that_are_stated_for_postgresql_have_marias_expressions(shop: Project) -> None:
    """PostgreSQL calls each column of a view nullable, and computes numbers in other types."""
    view = contract("report", about="postgresql", table_type="view")
    types = {"id": "integer", "total": "bigint", "half": "integer", "nothing": "text"}
    view["schema"]["properties"] = {
        name: {"constraints": {"data_type": type_, "is_nullable": True}} for name, type_ in types.items()
    }
    shop.contract("report", view)
    table = "CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, n INT)"
    query = "SELECT id, sum(n) AS total, n / 2 AS half, NULL AS nothing FROM orders GROUP BY id"
    assert run(shop, "r1", table, f"CREATE VIEW report AS {query}") == ""
    for revision, was, now in (("r2", "sum(n)", "sum(n) * 1e0"), ("r3", "NULL", "7")):
        said = run(shop, revision, f"CREATE OR REPLACE VIEW report AS {query.replace(was, now)}")
        assert f"error[column-type]: public.report.{'total' if now != '7' else 'nothing'} has the type" in said
        assert shop.alembic("stamp", "r1").returncode == 0
        (shop.path / f"migrations/versions/{revision}.py").unlink()
        shop.last_revision = "r1"
        shop.sql(f"CREATE OR REPLACE VIEW report AS {query}")


def test_what_may_be_computed_as_a_whole_number_is_not_told(shop: Project) -> None:
    """EXTRACT and floor() are numeric to PostgreSQL, round() of an integer is a double precision."""
    view = contract("report", about="postgresql", table_type="view")
    types = {"id": "integer", "year": "numeric", "rounded": "double precision", "total": "numeric"}
    view["schema"]["properties"] = {name: {"constraints": {"data_type": type_}} for name, type_ in types.items()}
    shop.contract("report", view)
    table = "CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, day DATE, n DECIMAL(10,2))"
    query = "SELECT id, extract(year from day) AS year, round(id) AS rounded, sum(n) AS total FROM orders GROUP BY id"
    assert run(shop, "r1", table, f"CREATE VIEW report AS {query}") == ""
    said = shop.alembic("check-contracts").stdout
    assert "7 facts kept, 3 not applicable on mariadb" in said
    assert "error[column-type]" in run(shop, "r2", f"CREATE OR REPLACE VIEW report AS {query.replace('sum(n)', 'day')}")

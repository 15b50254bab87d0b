"""What contracts state on a MariaDB: types, keys, views; held by what the server has, told with advice that works."""

from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from tests.support.maria import contract, own, run

if TYPE_CHECKING:
    from tests.support.mariadb import MariaDB
    from tests.support.project import Project

OWN_TYPES = {
    "INT": ["BIGINT", "SMALLINT", "INT UNSIGNED", "VARCHAR(9)", "POINT", "INET6"],
    "INET6": ["VARCHAR(45)", "INET4"],
    "POINT": ["VARCHAR(30)"],
    "VARCHAR(50)": ["VARCHAR(20)", "VARCHAR(99)"],
    "DECIMAL(10,2)": ["DECIMAL(8,0)", "FLOAT"],
    "ENUM('a','b')": ["ENUM('a')", "ENUM('a','b','c')", "SET('a','b')"],
    "DATETIME(6)": ["DATETIME"],
}
ROOMIER = {"BIGINT", "VARCHAR(99)", "ENUM('a','b','c')"}
"""What takes all values that the one before did is a warning to readers."""


@pytest.mark.parametrize(("stated", "there"), [(one, other) for one, others in OWN_TYPES.items() for other in others])
def test_a_contract_of_its_own_is_held_to_its_types(shop: Project, stated: str, there: str) -> None:
    assert not run(shop, "r1", f"CREATE TABLE t (id INT PRIMARY KEY, a {stated})")
    shop.contract("c", contract("t", "id") | {"schema": own("t", a={"data_type": stated})})
    assert shop.alembic("check-contracts").returncode == 0
    assert "error[column-type]: t.a has the type" in run(
        shop, "r2", "ALTER TABLE t DROP a", f"ALTER TABLE t ADD a {there}"
    )
    assert shop.alembic("stamp", "r2").returncode == 0
    assert shop.alembic("check-contracts").returncode == 1
    stated_to_readers = contract("t", "id") | {"schema": own("t", a={"data_type": stated})}
    shop.contract("c", stated_to_readers | {"compatibility": "reader"})
    assert shop.alembic("check-contracts").returncode == (0 if there in ROOMIER else 1)


@pytest.mark.parametrize("there", ["POINT", "INET6", "GEOMETRY"])
def test_what_no_other_database_has_is_no_integer_to_a_contract_about_postgresql(shop: Project, there: str) -> None:
    assert not run(shop, "r1", "CREATE TABLE t (id INT PRIMARY KEY, a INT)")
    stated = contract("t", "id", about="postgresql") | {"schema": own("t", a={"data_type": "integer"})}
    shop.contract("c", stated)
    assert "column-type" in run(shop, "r2", "ALTER TABLE t DROP a", f"ALTER TABLE t ADD a {there}")


def test_a_primary_key_of_a_columns_beginning_is_one(shop: Project) -> None:
    assert not run(shop, "r1", "CREATE TABLE t (k INT, a TEXT NOT NULL, PRIMARY KEY (k))")
    shop.contract("c", contract("t", "k") | {"schema": own("t", a={"primaryKey": False})})
    assert "primary key" in run(shop, "r2", "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (a(9))")


LED = {
    "to another column": (
        "ALTER TABLE t DROP FOREIGN KEY f",
        "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (o) REFERENCES p (k)",
    ),
    "no key of its own": ("ALTER TABLE p DROP PRIMARY KEY, ADD PRIMARY KEY (id, k)",),
}


@pytest.mark.parametrize("change", LED.values(), ids=list(LED))
def test_a_foreign_key_to_a_primary_key_leads_there(shop: Project, change: tuple[str, ...]) -> None:
    made = "CREATE TABLE t (id INT PRIMARY KEY, o INT, CONSTRAINT f FOREIGN KEY (o) REFERENCES p (id))"
    assert not run(shop, "r1", "CREATE TABLE p (id INT PRIMARY KEY, k INT UNIQUE)", made)
    shop.contract("c", contract("t", "o", foreign_keys=[{"columns": ["o"], "references": {"table_name": "p"}}]))
    assert shop.alembic("check-contracts").returncode == 0
    assert "[foreign-key]" in run(shop, "r2", *change)
    assert shop.alembic("stamp", "r2").returncode == 0
    assert shop.alembic("check-contracts").returncode == 1


def test_a_foreign_key_to_another_database_leads_there(shop: Project, mariadbs: MariaDB) -> None:
    with mariadbs.new() as url:
        there = str(sa.make_url(url).database)
        stated = {"columns": ["o"], "references": {"table_schema": there, "table_name": "p", "columns": ["id"]}}
        made = f"CREATE TABLE t (id INT PRIMARY KEY, o INT, CONSTRAINT f FOREIGN KEY (o) REFERENCES {there}.p (id))"
        tables = (f"CREATE TABLE {there}.p (id INT PRIMARY KEY)", "CREATE TABLE p (id INT PRIMARY KEY)")
        assert not run(shop, "r1", *tables, made)
        shop.contract("c", contract("t", "o", foreign_keys=[stated]))
        assert shop.alembic("check-contracts").returncode == 0
        turned = "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (o) REFERENCES p (id)"
        assert "[foreign-key]" in run(shop, "r2", "ALTER TABLE t DROP FOREIGN KEY f", turned)
        shop.sql("DROP TABLE t")


GRANTED = ("REVOKE SELECT ON {db}.* FROM {user}", "DROP USER {user}")


@pytest.mark.parametrize("change", GRANTED)
def test_a_view_whose_definer_may_not_read_is_broken(shop: Project, change: str) -> None:
    database = sa.make_url(shop.database).database
    user = f"lim_{database}@localhost"
    made = f"CREATE DEFINER={user} VIEW v AS SELECT id, a FROM t"
    granted = (f"CREATE USER {user}", f"GRANT SELECT ON {database}.* TO {user}")
    assert not run(shop, "r1", *granted, "CREATE TABLE t (id INT PRIMARY KEY, a INT)", made)
    shop.contract("c", contract("v", "id", "a"))
    assert shop.alembic("check-contracts").returncode == 0
    assert "error[" in run(shop, "r2", change.format(db=database, user=user))
    shop.sql(f"DROP USER IF EXISTS {user}")


ODCS = """
apiVersion: v3.0.2
kind: DataContract
id: shop-t
version: 1.0.0
status: active
team: [{username: sales}]
schema:
- name: t
  physicalName: t
  properties:
  - {name: n, logicalType: integer}
"""


def followed(shop: Project, revision: str, said: str) -> None:
    """Do what the report advises, to the letter, and see all kept afterwards."""
    lines = said.splitlines()
    [first] = (at for at, line in enumerate(lines) if line.strip().startswith("op.create_index"))
    [last] = (at for at, line in enumerate(lines) if line.strip().startswith("op.drop_index"))
    shop.revision(revision, textwrap.dedent("\n".join(lines[first : last + 1])))
    done = shop.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"})
    assert done.returncode == 0, done.stderr
    assert shop.alembic("check-contracts").returncode == 0


def test_a_key_that_is_numbered_is_put_back_at_once(shop: Project) -> None:
    assert not run(shop, "r1", "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, c INT)")
    shop.contract("c", contract("t", "c") | {"schema": own("t", id={"primaryKey": True}, c={})})
    said = run(shop, "r2", "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id, c)")
    assert "numbers no column that is in none" in " ".join(said.split())
    assert "SQLite" not in said
    assert shop.alembic("stamp", "r2").returncode == 0
    followed(shop, "r3", shop.alembic("check-contracts").stdout)
    [(_, shown)] = shop.sql("SHOW CREATE TABLE t")
    assert "AUTO_INCREMENT" in str(shown)
    assert "uq_" not in str(shown)


def test_a_number_that_is_lost_is_told_as_such(shop: Project) -> None:
    assert not run(shop, "r1", "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, a INT)")
    shop.contract("c", contract("t", "id", "a") | {"compatibility": "writer"})
    said = run(shop, "r2", "ALTER TABLE t MODIFY id INT")
    assert "Keep its AUTO_INCREMENT" in said
    assert "server_default" not in said


NO_INTEGERS = {"DOUBLE": True, "FLOAT": True, "DECIMAL(8,0)": False, "INET6": True, "TINYINT(1)": False}


@pytest.mark.parametrize(("there", "is_broken"), NO_INTEGERS.items())
def test_what_has_a_floating_point_is_no_integer(shop: Project, there: str, is_broken: bool) -> None:
    assert not run(shop, "r1", "CREATE TABLE t (id INT PRIMARY KEY, n INT)")
    shop.contract("c.odcs.yaml", ODCS)
    assert shop.alembic("check-contracts").returncode == 0
    assert ("[logical-type]" in run(shop, "r2", "ALTER TABLE t DROP n", f"ALTER TABLE t ADD n {there}")) == is_broken


def test_a_waiver_is_of_use_to_contracts_of_its_own_kind(shop: Project) -> None:
    assert not run(shop, "r1", "CREATE TABLE t (id INT PRIMARY KEY, a INT)")
    shop.contract("own", contract("t", "a"))
    shop.contract("other", contract("t", "a", about="postgresql") | {"name": "other"})
    waived = "- contract: shop/{}\n  fact: column-exists t.a\n  reason: moved\n  approver: x\n  expiry: 2099-01-01\n"
    shop.write("contracts/waivers.yaml", "waivers:\n" + waived.format("t") + waived.format("other"))
    said = run(shop, "r2", "ALTER TABLE t DROP a")
    assert said.count("waived by x") == 2
    assert "belongs to no contract" not in said
    shop.write("contracts/waivers.yaml", "waivers:\n" + waived.format("t") + waived.format("nobody"))
    assert "`column-exists t.a` in shop/nobody belongs to no contract" in shop.alembic("check-contracts").stdout


def test_the_copy_of_a_timestamp_can_be_made(shop: Project) -> None:
    stamped = "TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"
    assert not run(shop, "r1", f"CREATE TABLE t (id INT PRIMARY KEY, c {stamped})")
    shop.contract("c", contract("t", "c"))
    said = run(shop, "r2", "ALTER TABLE t RENAME COLUMN c TO d")
    assert shop.alembic("stamp", "r2").returncode == 0
    shop.sql("ALTER TABLE t RENAME COLUMN d TO c")
    [added] = (line.strip() for line in said.splitlines() if "batch.add_column" in line)
    shop.revision("r3", f'with op.batch_alter_table("t") as batch:\n    {added}')
    done = shop.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert shop.alembic("check-contracts").returncode == 0


def test_columns_that_are_missing_are_added_in_types_of_its_own(shop: Project) -> None:
    types = {
        "at": "DATETIME(6)",
        "size": "INT UNSIGNED",
        "state": "ENUM('a','10%')",
        "born": "YEAR",
        "text": "LONGTEXT",
    }
    assert not run(shop, "r1", "CREATE TABLE t (id INT PRIMARY KEY)")
    stated = {name: {"data_type": type_} for name, type_ in types.items()}
    shop.contract("c", contract("t", "id") | {"schema": own("t", id={}, **stated)})
    done = shop.cli("fix")
    assert done.returncode == 0, done.stderr
    done = shop.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert shop.alembic("check-contracts").returncode == 0
    found = {row[0]: row[1].upper() for row in shop.sql("SHOW COLUMNS FROM t")}
    assert found == {"id": "INT(11)"} | types | {
        "size": "INT(10) UNSIGNED",
        "state": "ENUM('A','10%')",
        "born": "YEAR(4)",
    }


def test_a_table_of_another_database_is_covered_by_its_contract(shop: Project, mariadbs: MariaDB) -> None:
    with mariadbs.new() as url:
        other = str(sa.make_url(url).database)
        assert not run(shop, "r1", f"CREATE TABLE {other}.p (id INT PRIMARY KEY, a INT)", "CREATE TABLE t (id INT)")
        shop.contract("p", contract("p", "id", table_schema=other))
        done = shop.cli("coverage")
        assert done.returncode == 0, done.stderr
        assert f"{other}.p  1 of 2 columns by shop/p, not: a" in done.stdout
        assert "which is not there" not in done.stdout


def test_a_default_of_a_sequence_that_is_gone_fills_nothing(shop: Project) -> None:
    made = "CREATE TABLE t (id BIGINT NOT NULL DEFAULT NEXTVAL(`s``x`) PRIMARY KEY, a INT)"
    assert not run(shop, "r1", "CREATE SEQUENCE `s``x`", "CREATE SEQUENCE other", made)
    shop.contract("t", contract("t", "id", "a") | {"compatibility": "writer"})
    assert shop.alembic("check-contracts").returncode == 0
    assert not run(shop, "r2", "DROP SEQUENCE other")
    assert "error[required-column]: t has the newly required column id" in run(shop, "r3", "DROP SEQUENCE `s``x`")


def test_what_a_foreign_key_leads_to_is_told_anew_where_a_schema_has_come_to_be(shop: Project) -> None:
    there = f"shop_{os.getpid()}"
    assert not run(
        shop,
        "r1",
        "CREATE TABLE b (id INT PRIMARY KEY)",
        "CREATE TABLE c (id INT PRIMARY KEY, b INT, FOREIGN KEY (b) REFERENCES b (id))",
    )
    key = {"columns": ["b"], "references": {"table_schema": there, "table_name": "b", "columns": ["id"]}}
    shop.contract("c", contract("c", "id", "b", about="postgresql", table_schema="public", foreign_keys=[key]))
    shop.revision("r2", 'op.execute("CREATE TABLE other (id INT)")')
    try:
        refused = run(shop, "r3", f"CREATE DATABASE {there}", f"CREATE TABLE {there}.b (id INT PRIMARY KEY)")
    finally:
        shop.sql(f"DROP DATABASE IF EXISTS {there}")
    assert "error[foreign-key]: public.c has no valid FOREIGN KEY (b)" in refused

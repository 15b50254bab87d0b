"""Tables made from contracts about MariaDB, on a real one: what is stated is there afterwards, and stays so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy.dialects.mysql.base import MySQLTypeCompiler

from tests.support.project import ENV, Project

if TYPE_CHECKING:
    from pathlib import Path

OWN = [
    "id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY",
    "other BIGINT UNSIGNED NOT NULL",
    "flag TINYINT(1) NOT NULL",
    "small TINYINT UNSIGNED",
    "state ENUM('new','it''s','a,b') NOT NULL",
    "marks SET('x','y')",
    "at DATETIME(6)",
    "changed TIMESTAMP(3) NULL",
    "length TIME(2)",
    "price DECIMAL(12,3) UNSIGNED",
    "ratio FLOAT(7,3)",
    "bits BIT(4)",
    "born YEAR",
    "data JSON",
    "text MEDIUMTEXT",
    "file TINYBLOB",
    "code CHAR(3)",
    "name VARCHAR(190) UNIQUE",
    "CONSTRAINT fk FOREIGN KEY (other) REFERENCES others (id) ON DELETE CASCADE",
]
FROM_CONTRACTS = "import alembic_contracts\n\ntarget_metadata = alembic_contracts.metadata()"


@pytest.fixture
def stated(tmp_path: Path, mariadb: str) -> Project:
    """A project with tables, and contracts that were generated of them."""
    project = Project.create(tmp_path / "project", mariadb)
    tables = ["CREATE TABLE others (id BIGINT UNSIGNED PRIMARY KEY)", f"CREATE TABLE own ({', '.join(OWN)})"]
    project.revision("r1", "\n".join(f"op.execute({table!r})" for table in tables), 'op.drop_table("own")')
    assert project.alembic("upgrade", "head").returncode == 0
    done = project.cli("generate", "own", "others")
    assert done.returncode == 0, done.stderr
    project.write("migrations/env.py", ENV.replace("target_metadata = None", FROM_CONTRACTS))
    return project


def test_what_is_stated_of_a_table_asks_for_nothing_more(stated: Project) -> None:
    done = stated.alembic("check")
    assert (done.returncode, "No new upgrade operations" in done.stdout) == (0, True), done.stdout + done.stderr


def test_a_table_that_is_made_from_its_contract_is_as_it_was(stated: Project) -> None:
    before = [(*row[:3], row[5]) for row in stated.sql("SHOW COLUMNS FROM own")]
    assert before[0][-1] == "auto_increment"
    stated.sql("DROP TABLE own")
    stated.sql("DROP TABLE others")
    written = stated.alembic("revision", "--autogenerate", "-m", "made", "--rev-id", "r2")
    assert written.returncode == 0, written.stderr
    done = stated.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert [(*row[:3], row[5]) for row in stated.sql("SHOW COLUMNS FROM own")] == before
    assert stated.alembic("check").returncode == 0


def test_types_that_sqlalchemy_does_not_reflect_are_made(stated: Project) -> None:
    stated.sql("CREATE TABLE hosts (id INT PRIMARY KEY, address INET6, older INET4)")
    done = stated.cli("generate", "hosts", env={"PYTHONWARNINGS": "default"})  # SQLAlchemy: Did not recognize type
    assert done.returncode == 0, done.stderr
    stated.sql("DROP TABLE hosts")
    assert stated.alembic("revision", "--autogenerate", "-m", "made", "--rev-id", "r2").returncode == 0
    if not hasattr(MySQLTypeCompiler, "visit_INET6"):  # SQLAlchemy 2.0 has them for URLs that say mariadb
        [script] = (stated.path / "migrations/versions").glob("r2*.py")
        assert script.read_text().count("sa.NullType()") >= 2
        return
    done = stated.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert [row[1] for row in stated.sql("SHOW COLUMNS FROM hosts")] == ["int(11)", "inet6", "inet4"]


def test_a_table_that_no_contract_can_name_is_said(stated: Project) -> None:
    stated.sql("CREATE TABLE `a.b` (id INT)")
    done = stated.cli("generate", "a.b")
    assert (done.returncode, done.stderr.strip()) == (
        2,
        "The table `a.b` has a dot in its name, so that no contract can name it.",
    )
    done = stated.cli("generate", "elsewhere.orders")
    assert done.returncode == 2
    assert "in the database that env.py connects to, and others are not looked at" in " ".join(done.stderr.split())

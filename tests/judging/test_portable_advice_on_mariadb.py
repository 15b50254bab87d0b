"""What refusals advise on databases other than PostgreSQL, followed to the letter on a real MariaDB."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from alembic_contracts import dialects
from alembic_contracts.schemas.schema import Schema
from alembic_contracts.schemas.steps import Operation
from tests.support.advised import Broken, contracts, led_to, violations
from tests.support.mariadb import MariaDB
from tests.support.pasting import pasted

BATCH = "with op.batch_alter_table('t') as batch:\n    "
VARCHAR = "CREATE TABLE t (id INT PRIMARY KEY, c VARCHAR(50) NOT NULL DEFAULT '7')"

CASES = [
    Broken(
        "column-type", [VARCHAR], f"{BATCH}batch.alter_column('c', type_=sa.Integer(), existing_type=sa.String(50))",
        {"c": {"data_type": "varchar(50)"}},
    ),
    Broken(
        "column-type", ["CREATE TABLE t (id INT PRIMARY KEY, c DATETIME(6))"],
        f"{BATCH}batch.alter_column('c', type_=sa.Text(), existing_type=sa.DateTime())",
        {"c": {"data_type": "timestamp"}}, here={"c": {"data_type": "DATETIME"}},
    ),
    Broken(
        "column-type", ["CREATE TABLE t (id INT PRIMARY KEY, c ENUM('10%%','50%%c'))"],
        f"{BATCH}batch.alter_column('c', type_=sa.Text(), existing_type=sa.String(50))\n{BATCH}batch.alter_column('c', "
        "type_=sa.Integer(), existing_type=sa.Text())",
        {"c": {"data_type": "text"}}, here={"c": {"data_type": "ENUM('10%','50%c')"}},
    ),
    Broken(
        "column-nullable", ["CREATE TABLE t (id INT PRIMARY KEY, c INT UNSIGNED NOT NULL DEFAULT 3)"],
        "op.execute('ALTER TABLE t MODIFY c INT UNSIGNED DEFAULT 3')", {"c": {"is_nullable": False}},
    ),
    Broken(
        "primary-key", ["CREATE TABLE t (id INT NOT NULL, c INT NOT NULL, PRIMARY KEY (id))"],
        "op.execute('ALTER TABLE t DROP PRIMARY KEY')", {"id": {"primaryKey": True}},
    ),
    Broken(
        "unique", ["CREATE TABLE t (a INT, b INT, CONSTRAINT u UNIQUE (a, b))"], "op.drop_index('u', 't')",
        {"a": {}, "b": {}}, {"unique": [["a", "b"]]},
    ),
    Broken(
        "foreign-key",
        [
            "CREATE TABLE o (id INT PRIMARY KEY)",
            "CREATE TABLE t (c INT, CONSTRAINT f FOREIGN KEY (c) REFERENCES o (id))",
        ],
        "op.drop_constraint('f', 't', type_='foreignkey')", {"c": {}},
        {"foreign_keys": [{"columns": ["c"], "references": {"table_name": "o"}}]},
    ),
    Broken(
        "column-exists", [VARCHAR],
        "op.alter_column('t', 'c', new_column_name='d', existing_type=sa.String(50), existing_nullable=False)",
        {"c": {}},
    ),
    Broken(
        "column-exists", ["CREATE TABLE t (id INT PRIMARY KEY, c BINARY(16) NOT NULL)"],
        "op.execute('ALTER TABLE t RENAME COLUMN c TO d')", {"c": {}},
    ),
    Broken(
        "column-exists", ["CREATE TABLE t (id INT PRIMARY KEY, c VARBINARY(10))"],
        "op.execute('ALTER TABLE t RENAME COLUMN c TO d')", {"c": {}},
    ),
    Broken(
        "column-exists", ["CREATE TABLE t (id INT PRIMARY KEY, c INET6)"],
        "op.execute('ALTER TABLE t RENAME COLUMN c TO d')", {"c": {}},
    ),
    Broken(
        "foreign-key",
        [
            "CREATE TABLE o (id INT PRIMARY KEY)",
            "CREATE TABLE t (c INT, CONSTRAINT f FOREIGN KEY (c) REFERENCES o (id))",
        ],
        "op.execute('CREATE TABLE n LIKE t')\nop.rename_table('t', 'w')\nop.rename_table('n', 't')", {"c": {}},
        {"foreign_keys": [{"columns": ["c"], "references": {"table_name": "o"}}]},
    ),
    Broken("table-exists", [VARCHAR], "op.rename_table('t', 'u')", {"c": {}}),
]  # fmt: skip


def run(server: MariaDB, case: Broken, *revisions: str) -> tuple[Schema, Sequence[Operation]]:
    """Return the schema before revisions, and what the statements of the last one led to."""
    with server.new() as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            for statement in case.before:
                connection.exec_driver_sql(statement)
            before = dialects.load("mariadb").observe(connection, None)
            done = [led_to(connection, code, "mariadb") for code in revisions]
            return before, done[-1]


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_advice(case: Broken, kind: str, mariadbs: MariaDB, tmp_path: Path) -> None:
    stated = contracts(case, tmp_path, kind)
    before, done = run(mariadbs, case, case.change)
    [violation] = [v for v in violations(stated, before, done, "mariadb") if v.rule == case.rule]
    now, _, later = violation.remedy.partition("In a later")
    instead = (case.change, pasted(now)) if "put it back" in now else (pasted(now),)
    assert violations(stated, before, run(mariadbs, case, *instead)[1], "mariadb") == []
    if later:
        run(mariadbs, case, *instead, pasted(later))
    [violation] = [v for v in violations(stated, done[-1].after, (), "mariadb") if v.rule == case.rule]
    if code := pasted(violation.remedy):
        assert violations(stated, before, run(mariadbs, case, case.change, code)[1], "mariadb") == []


def test_a_name_that_changes_in_a_later_revision_takes_along_what_the_column_is(
    mariadbs: MariaDB, tmp_path: Path
) -> None:
    """A MySQL's CHANGE takes it away: AUTO_INCREMENT, a comment."""
    created = "CREATE TABLE t (c BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'the \"one\"')"
    change = "op.execute('ALTER TABLE t RENAME COLUMN c TO d')"
    case = Broken("column-exists", [created], change, {"c": {}})
    stated = contracts(case, tmp_path, "mariadb")
    before, done = run(mariadbs, case, change)
    [violation] = violations(stated, before, done, "mariadb")
    now, _, later = violation.remedy.partition("In a later")
    _, advised = run(mariadbs, case, pasted(now), pasted(later))
    assert advised[-1].after.tables == done[-1].after.tables


@pytest.mark.parametrize("type_", ["BINARY(16)", "VARBINARY(10)", "INET6", "POINT", "BIT(4)", "VARCHAR(7)", "LONGBLOB"])
def test_a_name_that_changes_in_a_later_revision_leaves_the_type(type_: str, mariadbs: MariaDB, tmp_path: Path) -> None:
    change = "op.execute('ALTER TABLE t RENAME COLUMN c TO d')"
    case = Broken("column-exists", [f"CREATE TABLE t (id INT PRIMARY KEY, c {type_})"], change, {"c": {}})
    stated = contracts(case, tmp_path, "mariadb")
    before, done = run(mariadbs, case, change)
    [violation] = violations(stated, before, done, "mariadb")
    now, _, later = violation.remedy.partition("In a later")
    _, beside = run(mariadbs, case, pasted(now))
    [table] = beside[-1].after.tables.values()
    assert [column.type for column in table.columns if column.name == "d"] == [table.columns[1].type]
    _, advised = run(mariadbs, case, pasted(now), pasted(later))
    assert advised[-1].after.tables == done[-1].after.tables


def test_values_whose_beginnings_are_unique_are_so_themselves(mariadbs: MariaDB, tmp_path: Path) -> None:
    change = "op.create_index('u', 't', ['c'], unique=True, mysql_length=4)\nop.drop_index('w', 't')"
    made = "CREATE TABLE t (id INT PRIMARY KEY, c VARCHAR(50), UNIQUE KEY w (c))"
    case = Broken("unique", [made], change, {"c": {}}, {"unique": [["c"]]})
    before, done = run(mariadbs, case, change)
    assert violations(contracts(case, tmp_path, "mariadb"), before, done, "mariadb") == []


def test_what_is_not_said_of_a_column_stays(mariadbs: MariaDB, tmp_path: Path) -> None:
    """MySQL takes away what a MODIFY does not repeat: UNSIGNED, a default."""
    [case] = [case for case in CASES if case.rule == "column-nullable"]
    stated = contracts(case, tmp_path, "postgresql")
    _, done = run(mariadbs, case, case.change)
    [violation] = violations(stated, done[-1].after, (), "mariadb")
    before, done = run(mariadbs, case, case.change, pasted(violation.remedy))
    assert done[-1].after.tables == before.tables

"""What refusals advise on databases other than PostgreSQL, followed to the letter on real files of SQLite."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alembic_contracts.dialects import sqlite
from alembic_contracts.dialects.inspected import Inspected
from alembic_contracts.judging import rules
from alembic_contracts.schemas.schema import Name, Schema
from tests.support.advised import Broken, changed, contracts, copied, made, opened, rows, seen, violations
from tests.support.pasting import pasted

pytestmark = pytest.mark.filterwarnings("ignore:Table '_alembic_tmp_t' specifies columns:sqlalchemy.exc.SAWarning")
"""What SQLAlchemy says where batch mode gives a table another primary key."""

ITEMS = "CREATE TABLE t (id INTEGER PRIMARY KEY, c VARCHAR(50), n NUMERIC(10, 2))"
BATCH = "with op.batch_alter_table('t') as batch:\n    "


def with_check(check: str) -> str:
    """Return how batch mode begins that keeps a check without a name."""
    return f"with op.batch_alter_table('t', table_args=[sa.CheckConstraint('{check}')]) as batch:\n    "


COMPUTED = f"{BATCH}batch.drop_column('c')\n    batch.add_column(sa.Column('c', sa.Integer(), sa.Computed('a + 1')))"
REFERRING = "CREATE TABLE t (c INTEGER, CONSTRAINT f FOREIGN KEY (c) REFERENCES o (id))"
FOREIGN_KEY = {"foreign_keys": [{"columns": ["c"], "references": {"table_name": "o"}}]}

SHAPE = [
    Broken(
        "column-type",
        ["CREATE TABLE t (id INTEGER PRIMARY KEY, c VARCHAR(50))", "INSERT INTO t VALUES (1, '7')"],
        f"{BATCH}batch.alter_column('c', type_=sa.Integer())",
        {"c": {"data_type": "VARCHAR(50)"}},
    ),
    Broken(
        "column-type",
        ["CREATE TABLE t (c INT)"],
        f"{BATCH}batch.alter_column('c', type_=sa.Text())",
        {"c": {"data_type": "INT"}},
    ),
    Broken(
        "column-type",
        ["CREATE TABLE t (c DATETIME NOT NULL DEFAULT '2020-01-02', d INT DEFAULT 3 CHECK (d > 0))"],
        f"{with_check('d > 0')}batch.alter_column('c', type_=sa.Text())",
        {"c": {"data_type": "timestamp"}},
        here={"c": {"data_type": "DATETIME"}},
    ),
    Broken(
        "column-nullable",
        ["CREATE TABLE t (c INTEGER NOT NULL DEFAULT 3, d TEXT COLLATE NOCASE)"],
        f"{BATCH}batch.alter_column('c', nullable=True)",
        {"c": {"is_nullable": False}},
    ),
    Broken(
        "column-nullable",
        ["CREATE TABLE t (id INTEGER PRIMARY KEY, c INT)"],
        f"{BATCH}batch.alter_column('c', nullable=False)",
        {"c": {"is_nullable": True}},
    ),
    Broken(
        "primary-key",
        ["CREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT, CHECK (c <> 0))"],
        f"{with_check('c <> 0')}batch.create_primary_key('other', ['id', 'c'])",
        {"id": {"primaryKey": True}},
    ),
    Broken(
        "primary-key",
        ["CREATE TABLE t (id INT, c TEXT, PRIMARY KEY (id))"],
        f"{BATCH}batch.create_primary_key('other', ['id', 'c'])",
        {"id": {"primaryKey": True, "data_type": "INT"}},
        here={"id": {"primaryKey": True}},
    ),
    Broken(
        "primary-key",
        ["CREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT)"],
        f"{BATCH}batch.create_primary_key('other', ['id', 'c'])",
        {"c": {"primaryKey": False}},
    ),
    Broken(
        "unique",
        ["CREATE TABLE t (a INTEGER, b INTEGER, CONSTRAINT u UNIQUE (a, b))"],
        f"{BATCH}batch.drop_constraint('u', type_='unique')",
        {"a": {}, "b": {}},
        {"unique": [["a", "b"]]},
    ),
    Broken(
        "unique",
        [f"CREATE TABLE t (a INTEGER, {'x' * 60} INTEGER, CONSTRAINT u UNIQUE (a, {'x' * 60}))"],
        f"{BATCH}batch.drop_constraint('u', type_='unique')",
        {"a": {}},
        {"unique": [["a", "x" * 60]]},
    ),
    Broken(
        "foreign-key",
        ["CREATE TABLE o (id INTEGER PRIMARY KEY)", REFERRING],
        f"{BATCH}batch.drop_constraint('f', type_='foreignkey')",
        {"c": {}},
        FOREIGN_KEY,
    ),
    Broken(
        "logical-type",
        ["CREATE TABLE t (c DATE)"],
        f"{BATCH}batch.alter_column('c', type_=sa.Integer())",
        logical={"c": "date"},
    ),
    Broken(
        "column-exists",
        [ITEMS, "INSERT INTO t VALUES (1, 'one', 2)"],
        "op.alter_column('t', 'c', new_column_name='d')",
        {"c": {"data_type": "VARCHAR(50)"}},
    ),
    Broken("column-exists", [ITEMS], "op.drop_column('t', 'c')", {"c": {}}),
    Broken("table-exists", [ITEMS], "op.rename_table('t', 'u')", {"c": {}}),
    Broken("table-exists", [ITEMS], "op.drop_table('t')", {"c": {}}),
    Broken(
        "extra-column",
        [ITEMS],
        "op.add_column('t', sa.Column('e', sa.Text()))",
        {"id": {}, "c": {}, "n": {}},
        {"closed": True},
    ),
    Broken(
        "required-column",
        [ITEMS],
        "op.add_column('t', sa.Column('e', sa.Text(), nullable=False))",
        {"c": {}},
        compatibility="writer",
    ),
]
"""What every database has."""

OWN = [
    Broken(
        "column-type", ["CREATE TABLE t (c DECIMAL(8, 3))"], f"{BATCH}batch.alter_column('c', type_=sa.Float())",
        {"c": {"data_type": "DECIMAL(8, 3)"}},
    ),
    Broken(
        "column-default", ["CREATE TABLE t (c TEXT DEFAULT 'a:b', d DATETIME DEFAULT (datetime('now')))"],
        f"{BATCH}batch.alter_column('c', server_default=None)", {"c": {"column_default": "'a:b'"}},
    ),
    Broken(
        "column-default", ["CREATE TABLE t (c TEXT)"], f"{BATCH}batch.alter_column('c', server_default='x')",
        {"c": {"column_default": ""}},
    ),
    Broken(
        "check", ["CREATE TABLE t (c INTEGER, CONSTRAINT k CHECK (c > 0), CONSTRAINT m CHECK (c < 9), CHECK (c <> 5))"],
        f"{with_check('c <> 5')}batch.drop_constraint('k', type_='check')",
        {"c": {}}, {"checks": ["c > 0", "c < 9", "c <> 5"]},
    ),
    Broken(
        "collation", ["CREATE TABLE t (c TEXT COLLATE NOCASE)"],
        f"{BATCH}batch.alter_column('c', type_=sa.Text(collation='RTRIM'))", {"c": {"collation_name": "NOCASE"}},
    ),
    Broken(
        "character-length", ["CREATE TABLE t (c VARCHAR(50))"],
        f"{BATCH}batch.alter_column('c', type_=sa.String(20))", {"c": {"character_maximum_length": 50}},
    ),
    Broken(
        "numeric-precision", ["CREATE TABLE t (c NUMERIC(10, 2))"],
        f"{BATCH}batch.alter_column('c', type_=sa.Numeric(5, 2))", {"c": {"numeric_precision": 10}},
    ),
    Broken(
        "numeric-scale", ["CREATE TABLE t (c DECIMAL(10, 2))"],
        f"{BATCH}batch.alter_column('c', type_=sa.DECIMAL(10, 4))", {"c": {"numeric_scale": 2}},
    ),
    Broken(
        "column-generated", ["CREATE TABLE t (a INTEGER, c INTEGER)"], COMPUTED, {"c": {"is_generated": "NEVER"}},
    ),
    Broken(
        "column-generated", ["CREATE TABLE t (a INTEGER, c INTEGER GENERATED ALWAYS AS (a + 1) STORED)"],
        f"{BATCH}batch.drop_column('c')\n    batch.add_column(sa.Column('c', sa.Integer()))",
        {"c": {"is_generated": "ALWAYS"}},
    ),
    Broken("column-updatable", ["CREATE TABLE t (a INTEGER, c INTEGER)"], COMPUTED, {"c": {"is_updatable": True}}),
    Broken(
        "column-exists", ["CREATE TABLE t (a TEXT, c TEXT GENERATED ALWAYS AS (a || ':b') VIRTUAL)"],
        "op.alter_column('t', 'c', new_column_name='d')", {"c": {}},
    ),
    Broken(
        "new-constraint", [ITEMS], "op.create_index('u', 't', ['c'], unique=True)", {"c": {}}, compatibility="writer",
    ),
    Broken(
        "relation-kind", [ITEMS], "op.rename_table('t', 'u')\nop.execute('CREATE VIEW t AS SELECT * FROM u')",
        {"c": {}}, {"table_type": "BASE TABLE"},
    ),
    Broken(
        "column-order", ["CREATE TABLE t (a TEXT, b TEXT)"],
        "op.drop_column('t', 'a')\nop.add_column('t', sa.Column('a', sa.Text()))", {"a": {}, "b": {}},
        {"column_order": True},
    ),
]  # fmt: skip
"""What SQLite has as well, where a contract is about a SQLite."""

PROSE = {"column-order", "extra-column", "new-constraint", "relation-kind", "required-column"}
"""Rules of which there is nothing to paste: what is new is to be left out."""
FORBIDDEN = f"{BATCH}batch.alter_column('c', nullable=False)"
PROSE_OF = {"op.drop_column('t', 'c')", "op.drop_table('t')", FORBIDDEN}

ALL = [
    (f"{kind}, {case.rule}: {case.change}", case, kind)
    for kind, cases in {"sqlite": (*SHAPE, *OWN), "postgresql": SHAPE}.items()
    for case in cases
]
"""By the kind of database that the contract is about; the one that there is is SQLite."""
EACH = pytest.mark.parametrize(("case", "kind"), [each[1:] for each in ALL], ids=[each[0] for each in ALL])


@EACH
def test_in_the_place_of_a_break(case: Broken, kind: str, tmp_path: Path) -> None:
    stated = contracts(case, tmp_path, kind)
    start = made(tmp_path / "start.db", case.before)
    end = copied(start, "end.db")
    before, done = seen(start), changed(end, case.change)
    [violation] = [v for v in violations(stated, before, done) if v.rule == case.rule]
    assert "PostgreSQL" not in f"{violation.message} {violation.remedy}"
    code = pasted(violation.remedy.partition("In a later")[0])
    assert bool(code) == (case.rule not in PROSE and case.change not in PROSE_OF), violation.remedy
    assert violations(stated, before, changed(start, code)) == []


@EACH
def test_in_the_next_revision(case: Broken, kind: str, tmp_path: Path) -> None:
    file = made(tmp_path / "t.db", case.before)
    changed(file, case.change)
    before = seen(file)
    stated = contracts(case, tmp_path, kind)
    for violation in violations(stated, before, ()):
        assert "PostgreSQL" not in f"{violation.message} {violation.remedy}"
        if code := pasted(violation.remedy):
            left = violations(stated, before, changed(file, code))
            assert violation.rule not in [each.rule for each in left]
            assert others(seen(file), violation.column) == others(before, violation.column)
        else:
            assert violation.rule in PROSE | {"table-exists", "column-exists", "column-generated", "primary-key"}


def others(schema: Schema, column: str | None) -> tuple[object, ...]:
    """All of a table that advice about a column, or a key, has to leave alone."""
    table = schema.tables[Name("main", "t")]
    shapes = [(c.name, c.type, c.default, c.collation, c.generated) for c in table.columns if c.name != column]
    checks = {each.expression for each in table.constraints if each.kind == "check"}
    return shapes, checks - {"c > 0"}


# -- single advices ----------------------------------------------------------------------------------------------------


def remedy(case: Broken, folder: Path, kind: str = "sqlite") -> tuple[Path, str]:
    """Return a file as it was before a break, and what to do instead."""
    start = made(folder / "start.db", case.before)
    end = copied(start, "end.db")
    done = changed(end, case.change)
    [found] = violations(contracts(case, folder, kind), seen(start), done)
    return start, found.remedy


@pytest.mark.parametrize("rename", ["op.alter_column('t', ", f"{BATCH}batch.alter_column("], ids=["ALTER", "batch"])
def test_a_renamed_column_has_both_names_until_the_later_revision(rename: str, tmp_path: Path) -> None:
    case = Broken(
        "column-exists",
        [
            'CREATE TABLE t ("select" INTEGER PRIMARY KEY, "A b" VARCHAR(20) NOT NULL)',
            "INSERT INTO t VALUES (1, 'one')",
        ],
        f"{rename}'A b', new_column_name='new {{0}}')",
        {"A b": {}},
    )
    file, text = remedy(case, tmp_path)
    made(file, ["CREATE VIEW v AS SELECT * FROM t", "CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END"])
    now, later = text.split("In a later one")
    changed(file, pasted(now))
    made(file, ["INSERT INTO t (\"A b\") VALUES ('two')"])
    assert rows(file, 'SELECT "A b", "new {0}" FROM t') == [("one", "one"), ("two", "two")]
    changed(file, pasted(later))
    assert rows(file, "SELECT name FROM pragma_table_info('t')") == [("select",), ("new {0}",)]
    assert rows(file, 'SELECT "new {0}" FROM v') == [("one",), ("two",)]
    assert rows(file, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'") == [(1,)]


def test_a_foreign_key_comes_back_as_it_was(tmp_path: Path) -> None:
    own = "CONSTRAINT f FOREIGN KEY (c) REFERENCES o (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"
    case = Broken(
        "foreign-key",
        ["CREATE TABLE o (id INTEGER PRIMARY KEY)", f"CREATE TABLE t (id INTEGER PRIMARY KEY, c INTEGER, {own})"],
        f"{BATCH}batch.drop_constraint('f', type_='foreignkey')",
        {"c": {}},
        FOREIGN_KEY,
    )
    file, text = remedy(case, tmp_path)
    before = seen(file)
    changed(file, case.change)
    changed(file, pasted(text))
    table = Name("main", "t")
    assert set(seen(file).tables[table].constraints) == set(before.tables[table].constraints)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_renamed_table_has_both_names_until_the_later_revision(kind: str, tmp_path: Path) -> None:
    case = Broken(
        "table-exists", [ITEMS, "INSERT INTO t VALUES (1, 'one', 2)"], "op.rename_table('t', 'new t')", {"c": {}},
    )  # fmt: skip
    file, text = remedy(case, tmp_path, kind)
    now, later = text.split("In a later revision")
    changed(file, pasted(now))
    assert rows(file, 'SELECT c FROM "new t"') == rows(file, "SELECT c FROM t") == [("one",)]
    changed(file, pasted(later))
    assert rows(file, 'SELECT type FROM sqlite_schema WHERE name = "new t"') == [("table",)]
    assert rows(file, 'SELECT c FROM "new t"') == [("one",)]


@pytest.mark.parametrize(
    ("declared", "there", "value"),
    [
        ("DATETIME", "TEXT", "2020-01-02 03:04:05"),
        ("DATE", "TEXT", "2020-01-02"),
        ("JSON", "TEXT", '{"a": 1}'),
        ("TEXT", "DATETIME", "2020-01-02"),
        ("BOOLEAN", "INTEGER", 1),
        ("INTEGER", "VARCHAR(20)", "7"),
        ("INT", "TEXT", "7"),
        ("TINYINT(1)", "TEXT", "7"),
        ("TIMESTAMP", "TEXT", "2020-01-02"),
        ("NVARCHAR(20)", "INTEGER", 7),
        ("DOUBLE PRECISION", "TEXT", "7.5"),
    ],
)
def test_values_survive_another_type(declared: str, there: str, value: object, tmp_path: Path) -> None:
    """SQLite casts to a type that it does not know as to a number: of a date the year is left."""
    case = Broken("column-type", [f"CREATE TABLE t (c {there} NOT NULL)"], "", {"c": {"data_type": declared}})
    file = made(tmp_path / "t.db", case.before)
    with opened(file) as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (?)", (value,))
    stated, before = contracts(case, tmp_path, "sqlite"), seen(file)
    [violation] = violations(stated, before, ())
    assert violations(stated, before, changed(file, pasted(violation.remedy))) == []
    assert str(rows(file, "SELECT c FROM t")[0][0]) == str(value)


def test_a_column_beside_the_old_one_has_its_values(tmp_path: Path) -> None:
    case = Broken(
        "column-type", ["CREATE TABLE t (c TEXT)", "INSERT INTO t VALUES ('2020-01-02')"],
        f"{BATCH}batch.alter_column('c', type_=sa.DateTime())", {"c": {"data_type": "TEXT"}},
    )  # fmt: skip
    file, text = remedy(case, tmp_path)
    changed(file, pasted(text))
    assert rows(file, "SELECT c, c_new FROM t") == [("2020-01-02", "2020-01-02")]


# -- all rules ---------------------------------------------------------------------------------------------------------

_OF_POSTGRESQL = re.compile(r"Price:|PostgreSQL|ACCESS EXCLUSIVE|ALTER TABLE|plpgsql|CONCURRENTLY|CREATE OR REPLACE")


@pytest.mark.parametrize("rule", rules.load().values(), ids=lambda rule: rule.id)
def test_nothing_of_postgresql_is_advised(rule: rules.Rule) -> None:
    if rule.portable is None:
        assert rule.id in sqlite.NOT_EXPRESSED & Inspected("mysql").NOT_EXPRESSED
    else:
        for each in (rule, *rule.instead):
            if each.portable is not None:
                for text in (each.portable.remedy or each.remedy, each.portable.fix or each.fix):
                    assert _OF_POSTGRESQL.search(text) is None, text


def test_a_view_that_was_one_before_is_told_to_keep_its_trigger(tmp_path: Path) -> None:
    trigger = "CREATE TRIGGER w INSTEAD OF UPDATE ON t BEGIN UPDATE o SET c = new.c; END"
    case = Broken(
        "column-updatable",
        ["CREATE TABLE o (c INTEGER)", "CREATE VIEW t AS SELECT c FROM o", trigger],
        "op.execute('DROP TRIGGER w')",
        {"c": {"is_updatable": True}},
    )
    _, text = remedy(case, tmp_path)
    assert text.startswith("Keep what lets the view be written through, such as its INSTEAD OF trigger.")

"""What refusals advise for renamed columns and replaced views, followed to the letter on a real PostgreSQL."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from alembic_contracts import dialects
from alembic_contracts.contracts import formats
from alembic_contracts.dialects import postgresql
from alembic_contracts.judging import engine
from alembic_contracts.judging.violations import Violation
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.steps import Location, Operation, Prediction, Step
from tests.support.facts import Case, contract, judged, run, verdict
from tests.support.pasting import paste, pasted, statements
from tests.support.project import Project

# -- names -------------------------------------------------------------------------------------------------------------


def stated(table: str, columns: dict[str, Any]) -> dict[str, Any]:
    """Return a contract on a table and its columns, by their constraints."""
    properties = {name: {"constraints": constraints} for name, constraints in columns.items()}
    return {
        "spec-version": "1.0.0", "name": "t", "namespace": "test", "owner": {"name": "Team"},
        "schema": {"table_name": table, "properties": properties},
    }  # fmt: skip


def renamed(table: str, column: str, folder: Path, **constraints: Any) -> Any:
    """Return a contract on a table and its column, whatever they are called."""
    (folder / "t.json").write_text(json.dumps(stated(table, {column: constraints})), encoding="utf-8")
    return formats.load([Path("t.json")], root=folder)


def renamed_column(connection: sa.Connection, tmp_path: Path) -> tuple[Any, Any, list[str]]:
    contracts = renamed("T x", "C", tmp_path, data_type="varchar(20)")
    before, observed, _ = run(
        connection, 'CREATE TABLE "T x" (a integer, "C" varchar(20))', 'ALTER TABLE "T x" RENAME COLUMN "C" TO "New"'
    )
    [violation] = judged(contracts, before, observed).violations
    connection.execute(sa.text('ALTER TABLE "T x" RENAME COLUMN "New" TO "C"; INSERT INTO "T x" VALUES (1, \'one\')'))
    return contracts, before, statements(pasted(violation.remedy))


def test_a_renamed_column_is_called_by_its_new_name(connection: sa.Connection, tmp_path: Path) -> None:
    contracts, before, code = renamed_column(connection, tmp_path)
    paste(connection, code[0])
    assert verdict(contracts, before, postgresql.observe(connection, None)) == []
    assert connection.scalar(sa.text('SELECT "New" FROM "T x"')) == "one"
    paste(connection, "\n".join(code[1:3]))
    assert [c["name"] for c in sa.inspect(connection).get_columns("T x")] == ["a", "New"]


def test_a_trigger_keeps_both_names_of_a_column_the_same(connection: sa.Connection, tmp_path: Path) -> None:
    contracts, before, code = renamed_column(connection, tmp_path)
    paste(connection, "\n".join(code[3:6]))
    paste(connection, code[6])
    assert verdict(contracts, before, postgresql.observe(connection, None)) == []
    for change in (
        """INSERT INTO "T x" (a, "C") VALUES (2, 'two')""",
        """INSERT INTO "T x" (a, "New") VALUES (3, 'three')""",
        """UPDATE "T x" SET "C" = 'ONE' WHERE a = 1""",
        """UPDATE "T x" SET "New" = 'TWO' WHERE a = 2""",
        """UPDATE "T x" SET "New" = NULL WHERE a = 3""",
    ):
        connection.execute(sa.text(change))
    rows = connection.execute(sa.text('SELECT a, "C", "New" FROM "T x" ORDER BY a')).all()
    assert rows == [(1, "ONE", "ONE"), (2, "TWO", "TWO"), (3, None, None)]
    paste(connection, "\n".join(code[7:]))
    assert [c["name"] for c in sa.inspect(connection).get_columns("T x")] == ["a", "New"]
    assert connection.scalar(sa.text("SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace")) == 0


RENAMED_WITH_ALL = {
    "a serial key": "c serial PRIMARY KEY",
    "an identity": "c integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "NOT NULL, unique, a default": "c integer NOT NULL DEFAULT 1 UNIQUE",
    "a check": "c integer DEFAULT 1 CHECK (c > 0)",
    "of a domain that is NOT NULL": "c d DEFAULT 3",
    "a collation": "c text COLLATE \"C\" DEFAULT 'a'",
}


@pytest.mark.parametrize("way", ["generated", "trigger"])
@pytest.mark.parametrize("definition", RENAMED_WITH_ALL.values(), ids=RENAMED_WITH_ALL)
def test_a_renamed_column_keeps_all_that_it_has(
    definition: str, way: str, connection: sa.Connection, tmp_path: Path
) -> None:
    contracts = renamed("t", "c", tmp_path)
    create = (
        f"CREATE DOMAIN d AS integer NOT NULL DEFAULT 2; CREATE TABLE t ({definition}, b integer); CREATE INDEX i ON t "
        "(c); INSERT INTO t (b) VALUES (1); CREATE VIEW v AS SELECT c FROM t"
    )
    before, wished, _ = run(connection, create, "ALTER TABLE t RENAME COLUMN c TO n")
    [violation] = judged(contracts, before, wished).violations
    connection.rollback()
    connection.execute(sa.text(create))
    code = statements(pasted(violation.remedy))
    now, later = (code[:1], code[1:3]) if way == "generated" else (code[3:7], code[7:])
    paste(connection, "\n".join(now))
    connection.execute(sa.text("INSERT INTO t (b) VALUES (2) ON CONFLICT DO NOTHING"))
    assert verdict(contracts, before, postgresql.observe(connection, None)) == []
    assert connection.scalar(sa.text("SELECT count(*) FROM t WHERE n = c")) == connection.scalar(
        sa.text("SELECT count(*) FROM t")
    )
    rows = connection.execute(sa.text("SELECT c, b FROM t ORDER BY b")).all()
    paste(connection, "\n".join(later))
    assert postgresql.observe(connection, None).tables == wished.tables
    assert connection.execute(sa.text("SELECT n, b FROM t ORDER BY b")).all() == rows


def test_a_generated_column_is_computed_under_both_names(connection: sa.Connection, tmp_path: Path) -> None:
    contracts = renamed("t", "c", tmp_path)
    create = "CREATE TABLE t (a integer, c integer GENERATED ALWAYS AS (a + 1) STORED)"
    before, observed, _ = run(connection, create, "ALTER TABLE t RENAME COLUMN c TO d")
    [violation] = judged(contracts, before, observed).violations
    connection.rollback()
    connection.execute(sa.text(f"{create}; INSERT INTO t VALUES (1)"))
    first, *later = statements(pasted(violation.remedy))
    paste(connection, first)
    assert verdict(contracts, before, postgresql.observe(connection, None)) == []
    assert connection.execute(sa.text("SELECT c, d FROM t")).one() == (2, 2)
    paste(connection, "\n".join(later))
    assert postgresql.observe(connection, None).tables == observed.tables


def test_long_names_of_columns_that_begin_alike_get_triggers_of_their_own(
    connection: sa.Connection, tmp_path: Path
) -> None:
    names = [f"{'x' * 50}{each}" for each in "ab"]
    code = []
    connection.execute(sa.text(f"CREATE TABLE t ({', '.join(f'{name} integer' for name in names)})"))
    for name in names:
        contracts = renamed("t", name, tmp_path, data_type="integer")
        before = postgresql.observe(connection, None)
        connection.execute(sa.text(f"SAVEPOINT s; ALTER TABLE t ALTER {name} TYPE bigint"))
        [violation] = judged(contracts, before, postgresql.observe(connection, None)).violations
        connection.execute(sa.text("ROLLBACK TO s"))
        code.append(pasted(violation.remedy))
    for each in code:
        paste(connection, each)


MOVED = {
    "ALTER SCHEMA s RENAME TO n": "n",
    'ALTER SCHEMA s RENAME TO "N m"': "N m",
    "ALTER TABLE s.t SET SCHEMA o": "o",
}


@pytest.mark.parametrize(("change", "schema"), MOVED.items(), ids=MOVED)
def test_what_gets_into_another_schema_is_in_both(
    change: str, schema: str, connection: sa.Connection, tmp_path: Path
) -> None:
    contract = stated("t", {"c": {}})
    contract["schema"]["table_schema"] = "s"
    (tmp_path / "t.json").write_text(json.dumps(contract), encoding="utf-8")
    contracts = formats.load([Path("t.json")], root=tmp_path)
    connection.execute(sa.text("CREATE SCHEMA s; CREATE SCHEMA o; CREATE TABLE s.t (c serial PRIMARY KEY)"))
    before = postgresql.observe(connection, None)
    with connection.begin_nested() as changed:
        connection.exec_driver_sql(change)
        after = postgresql.observe(connection, None)
        changed.rollback()
    step = Step("r", (Operation(Location("r", "r.py", 1), change, after),))
    policy = engine.Policy(phase="before", scope="introduced", ends_at_head=True, severities={}, today=date(2030, 1, 1))
    report = engine.judge(
        contracts,
        [Prediction(before=before, steps=(step,))],
        dialect=dialects.load("postgresql"),
        policy=policy,
        waivers=(),
    )
    now, later = report.violations[0].remedy.split("In a later revision")
    paste(connection, pasted(now))
    assert verdict(contracts, before, postgresql.observe(connection, None)) == []
    connection.exec_driver_sql(f'INSERT INTO "{schema}".t DEFAULT VALUES')
    paste(connection, pasted(later))
    assert connection.exec_driver_sql(f'SELECT c FROM "{schema}".t').all() == [(1,)]
    assert postgresql.observe(connection, None).tables[Name(schema, "t")].kind == "table"


# -- views -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Replaced:
    """A table that a view takes the place of."""

    create: str
    query: str
    """Of the view, over a table ``u`` that is made in the same way."""
    column: dict[str, Any] | None = None
    table: dict[str, Any] | None = None
    kept: str = ""
    """The query after the advice; empty: a view cannot keep it."""


REPLACED = {
    "column-type": Replaced("c integer", "c::bigint AS c", {"data_type": "integer"}, kept="(c::bigint)::integer AS c"),
    "numeric-scale": Replaced(
        "c numeric(10, 2)", "c * 2 AS c", {"numeric_scale": 2}, kept="(c * 2)::numeric(10, 2) AS c"
    ),
    "character-length": Replaced(
        "c varchar(20)", "c || 'x' AS c", {"character_maximum_length": 20}, kept="(c || 'x')::varchar(20) AS c"
    ),
    "collation": Replaced(
        'c text COLLATE "C"', 'c COLLATE "default" AS c', {"collation_name": "C"}, kept='c COLLATE "C" AS c'
    ),
    "domain": Replaced("c d", "c::integer AS c", {"domain_name": "d"}, kept="c::integer::d AS c"),
    "array-element-type": Replaced(
        "c integer[]", "c::bigint[] AS c", {"data_type": "ARRAY", "@element": "integer"}, kept="c::integer[] AS c"
    ),
    "column-exists": Replaced("c integer", "1 AS other", {}, kept="1 AS c, 1 AS other"),
    "column-nullable": Replaced("c integer NOT NULL", "c", {"is_nullable": False}),
    "primary-key": Replaced("c integer PRIMARY KEY", "c", {"primaryKey": True}),
    "unique": Replaced("c integer UNIQUE", "c", table={"unique": [["c"]]}),
    "check": Replaced("c integer DEFAULT 1 CHECK (c > 0)", "c", table={"checks": ["c > 0"]}),
    "foreign-key": Replaced(
        "c integer REFERENCES o", "c", table={"foreign_keys": [{"columns": ["c"], "references": {"table_name": "o"}}]}
    ),
    "column-identity": Replaced("c integer GENERATED ALWAYS AS IDENTITY", "c", {"identity_generation": "ALWAYS"}),
    "column-generated": Replaced(
        "a integer, c integer GENERATED ALWAYS AS (a) STORED", "c", {"is_generated": "ALWAYS"}
    ),
    "column-updatable": Replaced("c integer", "c + 1 AS c", {"is_updatable": True}),
    "row-level-security": Replaced("c integer", "c", table={"row_security": True}),
    "replica-identity": Replaced("c integer", "c", table={"replica_identity": "full"}),
    "publication": Replaced("c integer", "c", table={"publications": [{"name": "facts"}]}),
}
AROUND = "CREATE DOMAIN d AS integer; CREATE TABLE o (id integer PRIMARY KEY); "
ALSO = {
    "row-level-security": "; ALTER TABLE t ENABLE ROW LEVEL SECURITY",
    "publication": "; CREATE PUBLICATION facts FOR TABLE t",
    "replica-identity": "; ALTER TABLE t REPLICA IDENTITY FULL",
}


@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
@pytest.mark.parametrize("rule", REPLACED)
def test_of_a_view_nothing_is_asked_that_only_a_table_can_do(
    rule: str, kind: str, connection: sa.Connection, tmp_path: Path
) -> None:
    given = REPLACED[rule]
    contracts = contract(Case(rule, "", "", given.column, given.table or {}), tmp_path)
    create = f"{AROUND}CREATE TABLE t ({given.create}){ALSO.get(rule, '')}"
    change = f"ALTER TABLE t RENAME TO u; CREATE {kind} t AS SELECT {given.query} FROM u"
    before, observed, _ = run(connection, create, change)
    for held in (before, observed):  # before as a table, and as if it had always been the view
        found = [each for each in judged(contracts, held, observed).violations if each.rule == rule]
        assert found
        for violation in found:
            assert follows(connection, violation, given)
    if given.kept:
        connection.execute(sa.text(f"DROP {kind} t; CREATE {kind} t AS SELECT {given.kept} FROM u"))
        assert verdict(contracts, before, postgresql.observe(connection, None)) == []


def follows(connection: sa.Connection, violation: Violation, given: Replaced) -> bool:
    """Whether the advice is one that a view can follow: about its query, or to leave the table one."""
    if code := pasted(violation.remedy):
        paste(connection, code)
        return True
    words = "query" if given.kept else "A (materialized )?view has no|under a name of its own|in a migration|ask Team"
    return re.search(words, violation.remedy) is not None


SWAP = """
for old, new in (("a", "spare"), ("b", "a"), ("spare", "b")):
    op.alter_column("t", old, new_column_name=new)
"""


def test_the_name_of_a_column_that_was_there_before_is_not_free(project: Project) -> None:
    """What has got another name, and whose own name another one has got, is still there in the script to come."""
    project.revision("r1", 'op.execute("CREATE TABLE t (a text, b integer, a_new integer)")')
    assert project.alembic("upgrade", "head").returncode == 0
    project.contract("t", json.dumps(stated("t", {"a": {"data_type": "text"}, "b": {"data_type": "integer"}})))
    project.revision("r2", SWAP)
    done = project.alembic("check-contracts", "--format", "json")
    code = [line for each in json.loads(done.stdout)["violations"] for line in statements(pasted(each["remedy"]))]
    assert code
    project.revision("r2", "\n".join(code), down="r1")
    upgraded = project.alembic("upgrade", "head")
    assert upgraded.returncode == 0, upgraded
    [columns] = zip(
        *project.sql("SELECT column_name FROM information_schema.columns WHERE table_name = 't'"), strict=True
    )
    assert sorted(columns) == ["a", "a_new", "a_new2", "b", "b_new"]

"""The benchmark on public histories, on SQLite: its own parts."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from itertools import product
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from alembic_contracts import dialects
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.steps import Prediction
from benchmarks.histories import catalogue, compare, mutants, sqlite_mutants
from benchmarks.histories.databases import DATABASES
from benchmarks.histories.verdict import judge
from tests.support.rehearsing import History

ROOT = Path(__file__).parents[3]
SQLITE = DATABASES["sqlite"]
MEASURING = """
import json, os, sys
from pathlib import Path
from benchmarks.histories import catalogue, fetch, rehearsal, server, verdict
from benchmarks.histories.databases import DATABASES
from benchmarks.histories.scripts import Scripts

database = DATABASES["sqlite"]
history = catalogue.History(name="museum", package="museum==1", sha256="0" * 64, versions=("versions",))
scripts = Scripts(history, fetch.Place(history, Path(sys.argv[1]), "sqlite"), database)
with database.scratch() as server_url, database.new(server_url, "a") as url, database.new(server_url, "b") as other:
    before, applied, seconds = server.apply(scripts, url)
    result = verdict.measure(scripts, other, before, applied, seconds)
    result["offline"] = rehearsal.offline(scripts, applied, verdict.watched_tables(before, applied))
    result["online"] = rehearsal.online(scripts, server_url, applied)
print(json.dumps(result))
"""
SCRIPTS = (
    "op.execute('CREATE TABLE object (id INTEGER PRIMARY KEY, title VARCHAR(80) NOT NULL DEFAULT \\'?\\')')",
    # It commits its first statement, and fails with its second one.
    "op.execute('ALTER TABLE object ADD COLUMN painted DATE'); op.execute('ALTER TABLE object DROP COLUMN nonesuch')",
    "with op.batch_alter_table('object') as batch: batch.create_unique_constraint('one_title', ['title'])",
    "if op.get_bind().exec_driver_sql('SELECT title FROM object').scalar() == 'Guernica': op.drop_table('object')",
)


@pytest.fixture
def measured(tmp_path):
    versions = tmp_path / f"museum-{'0' * 12}" / "package" / "versions"
    versions.mkdir(parents=True)
    for number, body in enumerate(SCRIPTS):
        down = f"r{number - 1}" if number else None
        head = f"from alembic import op\nrevision, down_revision = 'r{number}', {down!r}\ndef upgrade():\n"
        (versions / f"r{number}.py").write_text(f"{head}    {body}\n")
    command = [sys.executable, "-c", MEASURING, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_history_is_predicted_in_each_way_and_compared(measured):
    assert (measured["revisions"], measured["applied"], measured["columns"], measured["keys"]) == (4, 3, 2, 2)
    assert [each["foretold"] for each in measured["failed_on_server"]] == [
        'SQLite would refuse this migration: no such column: "nonesuch"'
    ]
    ways = (measured, measured["offline"], measured["online"])
    assert [way["wrong_and_silent"] + way["false_breaks"] for way in ways[:1]] == [0]
    assert [way["unproven_revisions"] for way in ways] == [0, 1, 1]
    # What the revision that fails has committed is taken back: it is left out of both sides.
    assert all(not each["wrong"] for way in ways[1:] for each in way["details"])


def test_what_fails_leaves_nothing_even_where_connections_are_open():
    with SQLITE.scratch() as server_url, SQLITE.new(server_url, "museum") as url:
        with SQLITE.engine(url, "").connect() as connection:
            saved = SQLITE.saved(url)
            connection.exec_driver_sql("CREATE TABLE object (id INTEGER)")
            connection.commit()
            SQLITE.restore(url, saved)
            assert sa.inspect(connection).get_table_names() == []
        folder = Path(sa.make_url(url).database or "").parent
        assert list(folder.glob("museum*"))
    assert not folder.exists()


def differences(one: str, other: str) -> list[str]:
    sides = []
    for sql in (one, other):
        with closing(sa.create_engine("sqlite://").connect()) as connection:
            connection.connection.executescript(sql)  # type: ignore[attr-defined] # of the driver's connection
            schema = dialects.load("sqlite").observe(connection, None)
        sides.append(dict(compare.facts(schema, frozenset(), SQLITE.dialect)))
    return sorted(d.fact for d in compare.differences(*sides))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a INT", "a INT", []),
        ("a INT", "a INTEGER", ["type"]),
        ("a INT DEFAULT 1", "a INT DEFAULT 2", ["default"]),
        ("a INT, b INT AS (a)", "a INT, b INT AS (a + 1)", ["rest"]),
        ("a INT UNIQUE", "a INT", ["unique (a)"]),
        ("a INT, b INT, UNIQUE (a), UNIQUE (b)", "a INT, b INT, UNIQUE (b), UNIQUE (a)", []),
        ("a INT CHECK (a > 1)", "a INT CHECK (a > 2)", ["constraint check (a > 1)", "constraint check (a > 2)"]),
        ("a INT, CONSTRAINT x CHECK (a > 1)", "a INT, CHECK (a > 1)", ["constraint check (a > 1)"]),
    ],
)
def test_each_fact_of_a_table_is_compared(one, other, expected):
    assert differences(f"CREATE TABLE t ({one})", f"CREATE TABLE t ({other})") == expected


def test_foreign_keys_are_compared():
    keys = [f"a INT REFERENCES o (id) {ways}" for ways in ("", "ON DELETE CASCADE")]
    tables = [f"CREATE TABLE o (id INTEGER PRIMARY KEY); CREATE TABLE t ({key})" for key in keys]
    found = differences(*tables)
    assert len(found) == 2
    assert all(fact.startswith("foreign key (a) references main.o (id)") for fact in found)


def test_some_histories_run_there_with_scripts_of_their_own():
    histories = {history.name: history for history in catalogue.select([], small=False, database="sqlite")}
    assert histories.keys() > {"optuna", "mlflow", "airflow"}
    assert histories["prefect"].versions == ("prefect/server/database/_migrations/versions/sqlite",)
    assert "fides" not in histories


MUSEUM = """
CREATE TABLE object (
    id INTEGER CONSTRAINT object_key PRIMARY KEY, title VARCHAR(80) NOT NULL, painted DATE DEFAULT '1937-04-26'
);
CREATE TABLE image (
    id INTEGER PRIMARY KEY, object_id INTEGER CONSTRAINT of_object REFERENCES object, url TEXT DEFAULT 'x', UNIQUE (url)
)
"""
ALTERED_IN_BATCH_ALONE = ("retype", "nullability", "drop key")


@pytest.mark.parametrize(("make", "style"), list(product(dict.fromkeys(sqlite_mutants.BREAKS), sqlite_mutants.STYLES)))
def test_every_planted_break_breaks_a_contract(make, style):
    with closing(sa.create_engine("sqlite://").connect()) as connection:
        connection.connection.executescript(MUSEUM)  # type: ignore[attr-defined] # of the driver's connection
        before = SQLITE.dialect.observe(connection, None)
        table = before.tables[Name("main", "object")]
        breaking = make(table, table.column("title"), Random(1))
        body, module = mutants.snippet(breaking, style)
        namespace: dict[str, object] = {}
        exec("\n".join(["def upgrade():", *(f"    {line}" for line in body), *module]), namespace)  # our own lines
        with Operations.context(MigrationContext.configure(connection)):
            if style in ("op", "inspector") and breaking.kind in ALTERED_IN_BATCH_ALONE:
                with pytest.raises((NotImplementedError, sa.exc.OperationalError)):
                    namespace["upgrade"]()
                return
            namespace["upgrade"]()
        after = SQLITE.dialect.observe(connection, None)
    broken = judge(before, [Prediction(before=after, steps=())], SQLITE.dialect).violations
    assert "main.object" in {str(violation.table) for violation in broken}


def test_what_is_made_anew_for_a_break_is_as_it_was_otherwise():
    with closing(sa.create_engine("sqlite://").connect()) as connection:
        connection.connection.executescript(MUSEUM)  # type: ignore[attr-defined] # of the driver's connection
        before = SQLITE.dialect.observe(connection, None)
        table = before.tables[Name("main", "image")]
        nullability = next(make for make in sqlite_mutants.BREAKS if make.__name__ == "_nullability")
        for statement in nullability(table, table.column("url"), Random(1)).sql.splitlines():
            connection.exec_driver_sql(statement)
        after = SQLITE.dialect.observe(connection, None)
    [broken] = judge(before, [Prediction(before=after, steps=())], SQLITE.dialect).violations
    assert (broken.rule, broken.column) == ("column-nullable", "url")


RETYPED = "with op.batch_alter_table('t') as batch:\n    batch.alter_column('a', type_=sa.BigInteger())"
LATER = {
    "a column": "with op.batch_alter_table('t') as batch:\n    batch.add_column(sa.Column('n', sa.Integer))",
    "another one is altered": "with op.batch_alter_table('t') as batch:\n    batch.alter_column('b', nullable=False)",
    "in a commit of its own": "op.rename_table('t', 'gone')",
}


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("is_there", [True, False])
def test_a_table_that_is_made_anew_later_is_not_what_broke_it(tmp_path, later, is_there):
    table = "op.create_table('t', sa.Column('a', sa.String(50)), sa.Column('b', sa.Integer))"
    history = History(tmp_path, [table, RETYPED, LATER[later]])
    if later == "in a commit of its own":
        history.add("op.rename_table('gone', 't')")
    history.upgrade("r0")
    schema, _ = history.observed()
    if not is_there:
        Path(sa.make_url(history.url).database or "").unlink()
    broken = judge(schema, history.predicted(), SQLITE.dialect).violations
    places = {(each.rule, each.location and each.location.revision) for each in broken}
    assert ("column-type", "r1") in places
    assert places <= {("column-type", "r1"), ("column-nullable", "r2")}

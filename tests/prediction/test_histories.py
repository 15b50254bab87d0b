"""The benchmark on public histories: its own parts here; the small set itself with ``pytest -m histories`` (PyPI)."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import product
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations

from alembic_contracts.dialects import postgresql
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.statements import execute
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.steps import Prediction
from benchmarks.histories import catalogue, compare, fetch, mutants, planting, report, stubs
from benchmarks.histories.verdict import judge
from tests.support.hidden_sql import hidden

if TYPE_CHECKING:
    import sqlalchemy as sa

ROOT = Path(__file__).parents[2]
MUSEUM = """
CREATE TABLE object (id integer, title varchar(80) NOT NULL, painted date, CONSTRAINT object_key PRIMARY KEY (id));
CREATE TABLE image (id integer PRIMARY KEY, object_id integer REFERENCES object, url text)
"""
OBJECT = Name("public", "object")


@pytest.mark.histories
@pytest.mark.timeout(1800)
def test_small_set_is_predicted_without_a_silent_mistake():
    command = [sys.executable, "-m", "benchmarks.histories", "run", "--small"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_histories_are_pinned():
    histories = catalogue.load()
    assert {history.name for history in histories if history.small} == {"optuna", "zuul", "arize-phoenix", "dstack"}
    for history in histories:
        assert all("==" in requirement for requirement in (history.package, *history.requires))
        assert len(history.sha256) == 64


def test_unknown_history_is_said():
    with pytest.raises(SystemExit, match="unknown: sculpture; there are optuna"):
        catalogue.select(["sculpture"], small=False)


def test_failing_download_is_said(tmp_path):
    history = catalogue.History(name="none", package="optuna==5.0.0", sha256="0" * 64, versions=("x",))
    with pytest.raises(fetch.CannotFetchError, match="pip download"):
        fetch.fetch(history, tmp_path)


def schema_of(sql: str):
    catalog = Catalog()
    execute(catalog, sql)
    return catalog.schema()


def differences(predicted: str, observed: str) -> list[tuple[str | None, str, str, str]]:
    sides = [dict(compare.facts(schema_of(sql), frozenset(), postgresql)) for sql in (predicted, observed)]
    return [(d.column, d.fact, d.predicted, d.observed) for d in compare.differences(*sides)]


@pytest.mark.parametrize(
    ("predicted", "observed", "expected"),
    [
        ("CREATE TABLE t (a int)", "CREATE TABLE t (a int)", []),
        ("CREATE TABLE t (a int)", "CREATE TABLE t (a bigint)", [("a", "type", "integer", "bigint")]),
        ("CREATE TABLE t (a int)", "CREATE TABLE t (a int NOT NULL)", [("a", "null", "null", "not null")]),
        (
            "CREATE TABLE t (a int)",
            "CREATE TABLE t (b int)",
            [("b", "exists", "absent", "yes"), ("a", "exists", "yes", "absent")],
        ),
        (
            "CREATE TABLE s (a int)",
            "CREATE TABLE t (a int)",
            [(None, "table", "absent", "table"), (None, "table", "table", "absent")],
        ),
    ],
)
def test_every_difference_is_found_once(predicted, observed, expected):
    assert differences(predicted, observed) == expected


def test_keys_are_compared():
    found = differences("CREATE TABLE t (a int NOT NULL)", "CREATE TABLE t (a int PRIMARY KEY)")
    assert (None, "key", "none", "a") in found


def museum(connection: sa.Connection):
    connection.exec_driver_sql(MUSEUM)
    return postgresql.observe(connection, None)


@pytest.mark.parametrize(("make", "style"), list(product(dict.fromkeys(mutants.BREAKS), mutants.STYLES)))
def test_every_planted_break_breaks_a_contract_on_a_server(connection, make, style):
    before = museum(connection)
    table = before.tables[OBJECT]
    breaking = make(table, table.column("title"), Random(1))
    if style not in ("sql", "bind", "do", "helper") and breaking.kind in ("drop key", "drop table"):
        connection.exec_driver_sql("DROP TABLE image")
    body, module = mutants.snippet(breaking, style)
    script = "\n".join(["def upgrade():", *(f"    {line}" for line in body), *module])
    with Operations.context(MigrationContext.configure(connection)):
        namespace: dict[str, object] = {}
        exec(script, namespace)  # our own lines
        namespace["upgrade"]()
    after = postgresql.observe(connection, None)
    broken = judge(before, [Prediction(before=after, steps=())], postgresql).violations
    assert {str(violation.table) for violation in broken} >= {"public.object"}


SCRIPT = '''"""Create tables."""

from alembic import op


def upgrade():
    """Upgrade."""
    op.execute("SELECT 1")
    op.execute(
        "SELECT 2"
    )


def downgrade():
    pass
'''


@pytest.mark.parametrize(("at_start", "above"), [(True, 'op.execute("SELECT 1")'), (False, "def downgrade():")])
def test_lines_are_planted_where_they_are_said_to_be(tmp_path, at_start, above):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    lines = planting.plant(script, ["a = 1", "b = 2"], ["", "c = 3"], at_start=at_start)
    text = script.read_text().splitlines()
    assert [text[line - 1].strip() for line in sorted(lines)] == ["a = 1", "b = 2", "", "c = 3"]
    assert (
        next(
            line.strip()
            for line in text[max(line for line in lines if text[line - 1].strip() == "b = 2") :]
            if line.strip()
        )
        == above
    )
    compile(script.read_text(), "script.py", "exec")


def test_script_without_a_body_of_its_own_lines_is_left_alone(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("def upgrade(): pass\n")
    assert planting.plant(script, ["a = 1"], [], at_start=False) is None
    assert script.read_text() == "def upgrade(): pass\n"


def test_only_the_downloaded_code_gets_stubs(tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "sculptor.py").write_text(
        "import unheard_of_chisel\nfrom unheard_of_clay.wet import Clay, shape\n@shape\ndef work(): return 1\n"
    )
    path, finders = list(sys.path), list(sys.meta_path)
    try:
        made = stubs.install(package, tmp_path / "libraries", hollow=(), stub=(), values={})
        import sculptor

        assert sculptor.work() == 1
        assert issubclass(type("Wet", (sculptor.Clay,), {}), sculptor.Clay)
        assert {"unheard_of_chisel", "unheard_of_clay", "unheard_of_clay.wet"} <= set(made)
        with pytest.raises(ModuleNotFoundError):
            import unheard_of_hammer  # noqa: F401
    finally:
        sys.path[:], sys.meta_path[:] = path, finders
        for name in ("sculptor", "unheard_of_chisel", "unheard_of_clay", "unheard_of_clay.wet"):
            sys.modules.pop(name, None)


SETTLING = """
import json, sys
from pathlib import Path
from benchmarks.histories import catalogue, fetch, server, settle
from benchmarks.histories.databases import DATABASES
from benchmarks.histories.scripts import Scripts

cache, url, other = Path(sys.argv[1]), *sys.argv[2:]
history = catalogue.History(name="museum", package="museum==1", sha256="0" * 64, versions=("versions",))
scripts = Scripts(history, fetch.Place(history, cache), DATABASES["postgresql"])
_, applied, _ = server.apply(scripts, url)
print(json.dumps(settle.settle(scripts, other, "two", applied, shadow_url=url)))
"""


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        (f"DO $$ BEGIN EXECUTE {hidden('ALTER TABLE object DROP COLUMN title')}; END $$", "Settled by"),
        ("DO $$ BEGIN IF current_setting('port') = '1' THEN DROP TABLE object; END IF; END $$", "Not settled by"),
        ("ALTER TABLE object DROP COLUMN title", "Proven from what the database has."),
    ],
)
def test_an_unproven_revision_is_settled_from_where_it_starts(tmp_path, databases, change, outcome):
    versions = tmp_path / f"museum-{'0' * 12}" / "package" / "versions"
    versions.mkdir(parents=True)
    for revision, before, sql in (("one", None, MUSEUM), ("two", "one", change)):
        script = f"from alembic import op\nrevision, down_revision = {revision!r}, {before!r}\n"
        (versions / f"{revision}.py").write_text(f"{script}def upgrade():\n    op.execute({sql!r})\n")
    with databases.new() as one, databases.new() as other:
        command = [sys.executable, "-c", SETTLING, str(tmp_path), one, other]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["outcome"].startswith(outcome)
    assert result["wrong"] == []


def test_the_table_says_what_settling_gave():
    settled = {"one": {"outcome": "Settled.", "wrong": ["x"]}}
    result = dict.fromkeys(("applied", "revisions", "predicted", "ran", "columns", "keys"), 1)
    others = ("unforeseen", "wrong_columns", "wrong_keys", "wrong_and_silent", "wrong_and_declared")
    result |= dict.fromkeys((*others, "unproven_revisions", "false_breaks", "seconds"), 0)
    result |= {"history": "museum", "sql": {"seconds": 0, "revisions": 1}, "settling": settled}
    assert report.table([result]).splitlines()[-1] == "museum one: Settled. WRONG: x"


def test_recall_counts_what_was_found():
    answer = {"kind": "retype", "style": "op", "missed": [], "invented": ["x"]}
    text = report.recall({"optuna": [{**answer, "found": "right place"}, {**answer, "found": "kept"}]})
    assert text.splitlines()[1].split() == ["optuna", "2", "1", "0", "0", "1", "0", "2"]

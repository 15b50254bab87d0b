"""Every command on a SQLite and on a MariaDB, with a contract about PostgreSQL: it works, or says what does not."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

CREATE = """
op.create_table(
    "orders",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("code", sa.String(20), nullable=False, unique=True),
    sa.Column("total", sa.Numeric(10, 2)),
    sa.Column("at", sa.DateTime(timezone=True)),
)
op.create_table("stock", sa.Column("id", sa.Integer, primary_key=True))
"""
RENAME = 'op.alter_column("orders", "total", new_column_name="amount", existing_type=sa.Numeric(10, 2))'
ANEW = """
with op.batch_alter_table("orders", recreate="always") as batch:
    batch.drop_column("total")
    batch.add_column(sa.Column("amount", sa.Integer))
"""
COLUMNS = {
    "id": {"data_type": "integer", "primaryKey": True},
    "code": {"data_type": "character varying(20)", "is_nullable": False},
    "total": {"data_type": "numeric(10,2)", "numeric_precision": 10},
    "at": {"data_type": "timestamp with time zone"},
}
CONTRACT: dict[str, Any] = {
    "spec-version": "1.0.0",
    "name": "orders",
    "namespace": "shop",
    "owner": {"name": "Sales", "email": "sales@shop.org"},
    "schema": {
        "table_schema": "public",
        "table_name": "orders",
        "properties": {name: {"constraints": stated} for name, stated in COLUMNS.items()},
    },
}
MODELS = """\
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(20), unique=True)
"""
UNKNOWN = "Where version scripts lead on MariaDB is not known before they run there."
UNKNOWN_OFFLINE = "Where version scripts lead on MySQL is not known before they run there."


def shop(path: Path, url: str) -> Project:
    project = Project.create(path, url)
    project.environment["COLUMNS"] = "300"
    project.contract("orders", CONTRACT)
    project.revision("r1", CREATE)
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    return project


@pytest.fixture
def sqlite(tmp_path: Path) -> Project:
    return shop(tmp_path, "sqlite:///shop.db")


@pytest.fixture
def maria(tmp_path: Path, mariadb: str) -> Project:
    return shop(tmp_path, mariadb)


def said(project: Project, *arguments: str, code: int) -> str:
    """Run a command that is to end with an exit code, in words; returns all that it wrote."""
    done = project.cli(*arguments)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout + done.stderr


def committed(project: Project, tag: str) -> None:
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"], ["tag", tag]):
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *who, *command], cwd=project.path, check=True, capture_output=True)


# -- SQLite ------------------------------------------------------------------------------------------------------------


def test_plan_speaks_in_the_contracts_names(sqlite: Project) -> None:
    sqlite.revision("r2", RENAME)
    text = said(sqlite, "plan", code=1)
    assert "~ column public.orders.total renamed to amount\n      touches shop/orders" in text
    assert "error[column-exists]: public.orders.total no longer exists." in text
    assert "main." not in text
    markdown = said(sqlite, "plan", "--offline", "--from", "r1", "--format", "markdown", code=1)
    assert "column public.orders.total renamed to amount" in markdown
    assert json.loads(said(sqlite, "plan", "--format", "json", code=1))["databases"][0]["revisions"][0]["changes"]


def test_a_table_that_batch_mode_makes_anew_is_the_same(sqlite: Project) -> None:
    sqlite.revision("r2", ANEW)
    text = said(sqlite, "plan", code=1)
    changes = [line.strip() for line in text.splitlines() if line.startswith(("  + ", "  - "))]
    assert changes == ["+ column public.orders.amount INTEGER added", "- column public.orders.total dropped"]


def test_coverage_and_docs_find_the_tables_of_contracts(sqlite: Project) -> None:
    text = said(sqlite, "coverage", code=0)
    assert "public.orders  4 of 4 columns by shop/orders" in text
    assert "main.stock     no contract (1 columns)" in text
    assert said(sqlite, "coverage", "--offline", code=0) == text
    said(sqlite, "docs", "--output", "site", code=0)
    page = next((sqlite.path / "site/contracts").glob("*.html")).read_text()
    assert "NUMERIC(10, 2)" in page  # what is there
    assert "numeric(10,2)" in page  # what is stated


def test_contracts_about_both_kinds_meet_in_one_name(sqlite: Project) -> None:
    assert sqlite.cli("generate", "orders", "stock", "--namespace", "own", "--force").returncode == 0
    sqlite.contract("of_postgresql", CONTRACT)
    sqlite.revision("r2", RENAME)
    text = said(sqlite, "plan", code=1)
    assert text.count("public.orders.total renamed to amount\n      touches shop/orders, Sales") == 1, text
    assert "      touches own/orders, Owner\n" in text
    covered = said(sqlite, "coverage", code=0)
    assert "public.orders  4 of 4 columns by shop/orders, own/orders" in covered


def test_a_snapshot_is_what_predictions_start_from(sqlite: Project) -> None:
    said(sqlite, "snapshot", code=0)
    assert said(sqlite, "snapshot", "--check", code=0) == ""
    said(sqlite, "lint", "--against", "schema_snapshot.json", code=0)
    sqlite.revision("r2", RENAME)
    # Only the snapshot can say what is there: the first revision is another one by now.
    sqlite.revision("r1", "pass", down=None)
    text = said(sqlite, "check", "--offline", code=1)
    assert "Predicted from the snapshot schema_snapshot.json at r1" in text
    assert "public.orders.total no longer exists" in text
    other = said(sqlite, "check", "--offline", "--dialect", "postgresql", code=3)
    assert "the snapshot schema_snapshot.json is of SQLite: on PostgreSQL the history is predicted without it" in other
    offline = said(sqlite, "snapshot", "--offline", code=2)
    assert offline.startswith("A snapshot of SQLite is taken of a database.")


def test_names_are_looked_up(sqlite: Project) -> None:
    said(sqlite, "lint", "--against", "head", code=0)
    assert sqlite.cli("generate", "stock").returncode == 0
    file = sqlite.path / "contracts/stock.json"
    file.write_text(file.read_text().replace('"id"', '"ident"'))
    text = said(sqlite, "lint", "--against", "head", code=2)
    assert "main.stock has no column `ident` at head" in text


def test_what_is_used_is_a_contract_about_sqlite(sqlite: Project) -> None:
    sqlite.write("queries.sql", "SELECT code, group_concat(`total`) FROM orders GROUP BY code;\n")
    sqlite.write("shop.py", MODELS)
    said(sqlite, "infer", "sql", "queries.sql", "--strict", code=0)
    said(sqlite, "infer", "models", "shop", "--strict", code=0)
    assert "value: sqlite" in (sqlite.path / "contracts/queries.odcs.yaml").read_text()
    assert "physicalType: VARCHAR(20)" in (sqlite.path / "contracts/shop.odcs.yaml").read_text()
    said(sqlite, "check", code=0)
    assert said(sqlite, "infer", "publication", "p", code=2).startswith("Publications are PostgreSQL's; this database")
    assert "this database is SQLite" in said(sqlite, "infer", "statements", code=2)


def test_a_contract_that_goes_over_to_another_kind_is_loosened(sqlite: Project) -> None:
    committed(sqlite, "v1")
    sqlite.contract("orders", CONTRACT | {"dataAssetResourceName": "sqlite:///shop.db"})
    text = said(sqlite, "diff", "v1", code=1)
    assert "- loosened: it is about SQLite instead of PostgreSQL" in text


def test_fix_creates_what_is_missing_with_types_of_any_database(sqlite: Project) -> None:
    more = json.loads(json.dumps(CONTRACT))
    more["schema"]["properties"] |= {"doc": {"constraints": {"data_type": "jsonb"}}}
    sqlite.contract("orders", more)
    text = said(sqlite, "fix", code=0)
    assert "Wrote migrations/versions/" in text
    assert sqlite.alembic("upgrade", "head").returncode == 0
    said(sqlite, "check", code=0)


def test_what_a_release_reads_is_kept(sqlite: Project) -> None:
    sqlite.write("shop.py", MODELS)
    env = sqlite.path / "migrations/env.py"
    text = env.read_text().replace("target_metadata = None", "from shop import Base\n\ntarget_metadata = Base.metadata")
    env.write_text(text)
    sqlite.environment["PYTHONPATH"] = str(sqlite.path)
    (sqlite.path / "contracts/orders.json").unlink()
    committed(sqlite, "v1")
    sqlite.revision("r2", 'op.add_column("stock", sa.Column("more", sa.Text))')
    for arguments in ((), ("--offline",)):
        kept = json.loads(said(sqlite, "check", "--release", "v1", "--format", "json", *arguments, code=0))
        assert (kept["checked"]["tables"], kept["checked"]["facts"] > 5) == (1, True)
    sqlite.revision("r3", RENAME.replace('"total"', '"code"').replace("amount", "name"))
    for arguments in ((), ("--offline",)):
        broken = said(sqlite, "check", "--release", "v1", *arguments, code=1)
        assert "error[column-exists]: release v1 still selects orders.code (shop.py:12): main.orders.code" in broken


def test_doctor_says_what_is_held_how(sqlite: Project) -> None:
    text = said(sqlite, "doctor", code=0)
    assert "ok      database: shop.db, SQLite 3." in text
    assert "ok      held: 1 contract about PostgreSQL is held by the shape of tables on SQLite: 11 facts, 1 are" in text
    assert sqlite.cli("generate", "stock").returncode == 0
    assert "ok      held: 1 contract about SQLite is held exactly" in said(sqlite, "doctor", code=0)


def test_what_nobody_looked_at_is_not_called_kept(sqlite: Project) -> None:
    said(sqlite, "docs", "--output", "site", code=0)
    index, page = sqlite.path / "site/index.html", next(sqlite.path.glob("site/contracts/*orders*.html"))
    note = "Looked at on sqlite, where 1 of all 12 facts that contracts state is not applicable: kept is what is left."
    for file in (index, page):
        assert note in " ".join(file.read_text().split()), sorted(sqlite.path.glob("site/**/*.html"))
    assert "Verdict: kept (1 of 12 facts not applicable on sqlite)." in said(sqlite, "plan", code=0)
    sqlite.environment["ALEMBIC_CONTRACTS_ELSEWHERE"] = "off"
    said(sqlite, "docs", "--output", "site", code=0)
    assert "<b>not checked</b><span>with all that is pending" in index.read_text()
    assert "Verdict: nothing was checked (12 of 12 facts" in said(sqlite, "plan", code=0)


# -- MariaDB -----------------------------------------------------------------------------------------------------------


def test_what_needs_a_prediction_says_so(maria: Project) -> None:
    said(maria, "lint", "--against", "head", code=0)  # the contract is about PostgreSQL
    maria.revision("r2", RENAME)
    plan = said(maria, "plan", code=3)
    assert f"r2  r2  (migrations/versions/r2.py)\n  unproven: {UNKNOWN}\n\nVerdict: unproven." in plan
    for line in ("plan", "coverage", "generate orders", "docs --output site", "infer sql x"):
        text = said(maria, *line.split(), "--offline", code=2)
        assert text.startswith(UNKNOWN_OFFLINE), text
    assert said(maria, "fix", "--dry-run", code=2).startswith(UNKNOWN)
    assert "on MariaDB nothing is predicted" in said(maria, "snapshot", code=2)
    assert maria.cli("generate", "stock").returncode == 0
    assert said(maria, "lint", "--against", "head", code=2).startswith(UNKNOWN)
    said(maria, "check", code=0)


def test_what_needs_none_works(maria: Project) -> None:
    assert "orders  4 of 4 columns by shop/orders" in said(maria, "coverage", code=0)
    said(maria, "docs", "--output", "site", code=0)
    maria.write("queries.sql", "SELECT code, group_concat(`total`) FROM orders GROUP BY code;\n")
    said(maria, "infer", "sql", "queries.sql", "--strict", code=0)
    assert "value: mariadb" in (maria.path / "contracts/queries.odcs.yaml").read_text()
    assert "this database is MariaDB" in said(maria, "infer", "publication", "p", code=2)
    said(maria, "check", code=0)
    text = said(maria, "doctor", code=0)
    assert ", MariaDB 1" in text
    assert f"note    prediction: {UNKNOWN} What results is looked at before each commit." in text


def test_a_release_is_unproven_and_not_kept(maria: Project) -> None:
    maria.write("shop.py", MODELS)
    env = maria.path / "migrations/env.py"
    text = env.read_text().replace("target_metadata = None", "from shop import Base\n\ntarget_metadata = Base.metadata")
    env.write_text(text)
    maria.environment["PYTHONPATH"] = str(maria.path)
    (maria.path / "contracts/orders.json").unlink()
    committed(maria, "v1")
    kept = json.loads(said(maria, "check", "--release", "v1", "--format", "json", code=0))
    assert kept["checked"]["facts"] > 5
    maria.revision("r2", RENAME)
    assert f"whether release v1 can go on running is not known: {UNKNOWN}" in said(
        maria, "check", "--release", "v1", code=3
    )


# -- contract first ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sqlite", "mariadb"])
def test_tables_of_contracts_are_made_for_the_database(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = "sqlite:///shop.db" if kind == "sqlite" else request.getfixturevalue("mariadb")
    project = Project.create(tmp_path, url)
    env = tmp_path / "migrations/env.py"
    env.write_text(env.read_text().replace("target_metadata = None", "target_metadata = alembic_contracts.metadata()"))
    stated = json.loads(json.dumps(CONTRACT))
    stated["schema"] |= {"checks": ["total > 0::numeric"], "unique": [["code"]]}
    stated["schema"]["properties"]["id"]["constraints"]["identity_generation"] = "ALWAYS"
    stated["schema"]["properties"]["at"]["constraints"]["column_default"] = "now()"
    stated["schema"]["properties"] |= {
        "tags": {"constraints": {"data_type": "ARRAY"}, "array_element": {"data_type": "text"}},
        "doc": {"constraints": {"data_type": "jsonb"}},
        "ref": {"constraints": {"data_type": "uuid"}},
        "paid": {"constraints": {"data_type": "boolean"}},
        "mood": {"constraints": {"data_type": "mood", "enum": ["good", "bad"]}},
        "scan": {"constraints": {"data_type": "bytea"}},
    }
    project.contract("orders", stated)
    for run in ("r1", "r2"):
        done = project.alembic("revision", "--autogenerate", "-m", run, "--rev-id", run)
        assert done.returncode == 0, done.stderr
        text = next((tmp_path / "migrations/versions").glob(f"{run}_*.py")).read_text()
        assert ("op.create_table('orders'" in text) == (run == "r1")
        assert ("op." in text.partition("def upgrade")[2]) == (run == "r1"), text
        upgraded = project.alembic("upgrade", "head")
        assert upgraded.returncode == 0, upgraded.stderr
    checked = json.loads(project.cli("check", "--format", "json").stdout)
    assert checked["status"] == "kept"
    assert checked["checked"]["not_applicable"] >= 3

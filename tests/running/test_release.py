"""``check --release``: the application at a git ref goes on reading and inserting, whatever the migrations do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.repository import commit, git
from tests.support.shop import CREATE, MODELS, REF, release, shop, tag

if TYPE_CHECKING:
    import subprocess

    from tests.support.project import Project


@pytest.fixture
def released(tmp_path: Path) -> Project:
    return release(tmp_path)


def check(project: Project, *arguments: str, ref: str = REF) -> subprocess.CompletedProcess[str]:
    return project.cli("check", "--offline", "--release", ref, "--format", "json", *arguments)


def report_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def line_of(text: str, models: str = MODELS) -> int:
    return next(number for number, line in enumerate(models.splitlines(), 1) if line.strip().startswith(text))


BREAKS = {
    "a column is dropped": ('op.drop_column("orders", "note")', "column-exists", "selects orders.note", "note:"),
    "a column is renamed": (
        'op.alter_column("orders", "note", new_column_name="remark")',
        "column-exists",
        "selects orders.note",
        "note:",
    ),
    "a column gets another type": (
        'op.alter_column("orders", "code", type_=sa.Integer(), postgresql_using="code::int")',
        "column-type",
        "selects orders.code",
        "code:",
    ),
    "a column gets narrower": (
        'op.alter_column("orders", "note", type_=sa.String(10))',
        "column-type",
        "selects orders.note",
        "note:",
    ),
    "what may be NULL must not": (
        'op.alter_column("orders", "note", nullable=False)',
        "column-nullable",
        "inserts NULL into orders.note",
        "note:",
    ),
    "what was never NULL may be": (
        'op.alter_column("orders", "code", nullable=True)',
        "column-nullable",
        "selects orders.code",
        "code:",
    ),
    "a new column must be given": (
        'op.add_column("orders", sa.Column("n", sa.Integer, nullable=False))',
        "required-column",
        "inserts into orders",
        "class Order",
    ),
    "what is not mapped must be given": (
        'op.alter_column("orders", "counted", server_default=None)',
        "required-column",
        "inserts into orders",
        "class Order",
    ),
    "a default that is relied on goes": (
        'op.alter_column("orders", "state", server_default=None)',
        "column-default",
        "leaves orders.state to the server",
        "state:",
    ),
    "a label is renamed": (
        "op.execute(\"ALTER TYPE order_status RENAME VALUE 'paid' TO 'settled'\")",
        "enum-labels",
        "selects orders.status",
        "status:",
    ),
    "a new constraint refuses its rows": (
        'op.create_check_constraint("short", "orders", "length(code) < 5")',
        "new-constraint",
        "inserts into orders",
        "class Order",
    ),
    "a key that it names is gone": (
        'op.drop_constraint("orders_code_key", "orders")',
        "unique",
        "relies on a key of orders",
        "class Order",
    ),
    "a table is dropped": ('op.drop_table("customers")', "table-exists", "selects customers", "class Customer"),
    "a table is renamed": (
        'op.rename_table("orders", "purchases")',
        "table-exists",
        "selects orders",
        "class Order",
    ),
    "a column is computed": (
        'op.execute("ALTER TABLE orders DROP note, ADD note varchar(50) GENERATED ALWAYS AS (code) STORED")',
        "column-generated",
        "inserts into orders.note",
        "note:",
    ),
}


@pytest.mark.parametrize("how", BREAKS)
def test_breaks(how: str, released: Project) -> None:
    script, rule, does, line = BREAKS[how]
    released.revision("r2", script)
    report = report_of(check(released))
    assert report["status"] == "broken", report
    found = {each["rule"]: each for each in report["violations"]}
    assert rule in found, report["violations"]
    violation = found[rule]
    place = f"shop/models.py:{line_of(line)}"
    assert violation["message"].startswith(f"release {REF} still {does} ({place}): ")
    stated = violation["contract_location"]
    assert f"{stated['file']}:{stated['line']}" == place
    assert (violation["at"], violation["contract"]) == (REF, f"release/{REF}")
    assert violation["location"]["file"] == "migrations/versions/r2.py"


PASSES = {
    "nothing": "pass",
    "a column that is not mapped is dropped": 'op.drop_column("orders", "unmapped")',
    "a column that is not mapped is renamed": 'op.alter_column("orders", "unmapped", new_column_name="other")',
    "a column that is not mapped gets another type": 'op.alter_column("orders", "unmapped", type_=sa.LargeBinary(), '
    'postgresql_using="unmapped::bytea")',
    "a column that is excluded is dropped": 'op.drop_column("orders", "legacy")',
    "a column that is deferred and has a default is dropped": 'op.drop_column("orders", "bulky")',
    "a column that is deferred is dropped": 'op.drop_column("orders", "big")',
    "a table that is not mapped is dropped": 'op.drop_table("unused")',
    "a column is added": 'op.add_column("orders", sa.Column("n", sa.Integer))',
    "a column with a default is added": 'op.add_column("orders", sa.Column("n", sa.Integer, nullable=False, '
    'server_default="0"))',
    "a column that refers to a table is added": 'op.add_column("orders", sa.Column("customer_id", sa.Integer, '
    'sa.ForeignKey("customers.id")))',
    "a unique column is added": 'op.add_column("orders", sa.Column("slug", sa.Text, unique=True))',
    "a type gets wider": 'op.alter_column("orders", "note", type_=sa.String(100))',
    "what the models never leave out becomes NOT NULL": 'op.alter_column("orders", "required_here", nullable=False)',
    "a label is added": "with op.get_context().autocommit_block():\n"
    "    op.execute(\"ALTER TYPE order_status ADD VALUE 'sent'\")",
    "an index is added": 'op.create_index("i", "orders", ["note"])',
    "a table is added": 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True))',
    "a column is gone for a while": 'op.drop_column("orders", "note")\nop.add_column("orders", sa.Column("note", '
    "sa.String(50)))",
}


@pytest.mark.parametrize("how", PASSES)
def test_passes(how: str, released: Project) -> None:
    released.revision("r2", PASSES[how])
    done = check(released)
    report = report_of(done)
    assert [each["message"] for each in report["violations"] if each["severity"] == "error"] == []
    assert (done.returncode, report["status"], report["unproven"]) == (0, "kept", []), done.stderr


def test_what_is_deferred_is_said_to_be_inserted_all_the_same(released: Project) -> None:
    released.revision("r2", 'op.drop_column("orders", "big")')
    [notice] = report_of(check(released))["notices"]
    assert notice["message"].startswith(
        f"release {REF} selects orders.big only on demand (shop/models.py:{line_of('big:')}), "
    )


def test_a_project_without_contracts_gets_words(released: Project) -> None:
    released.revision("r2", 'op.drop_column("orders", "note")')
    done = released.alembic("check-contracts", "--offline", "--release", REF)
    assert done.returncode == 1, done.stderr
    said = " ".join(done.stdout.split())
    assert f"release {REF} still selects orders.note (shop/models.py:{line_of('note:')})" in said
    assert done.stderr == ""


def test_the_repository_and_its_working_tree_stay_as_they_are(released: Project) -> None:
    released.revision("r2", 'op.drop_column("orders", "note")')
    released.write("shop/models.py", MODELS.replace("    note: Mapped", "    remark: Mapped"))
    released.write("untracked.txt", "x")
    before = git(released, "status", "--porcelain", "--ignored"), git(released, "worktree", "list")
    files = {file: file.read_bytes() for file in released.path.rglob("*") if file.is_file()}
    temporary = released.path.parent / "temporary"
    temporary.mkdir()
    released.environment["TMPDIR"] = str(temporary)
    assert check(released).returncode == 1
    assert (git(released, "status", "--porcelain", "--ignored"), git(released, "worktree", "list")) == before
    assert {file: file.read_bytes() for file in released.path.rglob("*") if file.is_file()} == files
    assert not list(temporary.iterdir())


def test_two_releases_and_the_contracts_are_told_apart(released: Project) -> None:
    released.write("shop/models.py", MODELS.replace("    note: Mapped", "    remark: Mapped"))
    released.revision("r2", 'op.alter_column("orders", "note", new_column_name="remark")')
    tag(released, "v2")
    released.revision("r3", 'op.drop_column("orders", "remark")\nop.drop_column("orders", "unmapped")')
    released.contract(
        "c",
        {
            "spec-version": "1.0.0",
            "name": "c",
            "namespace": "n",
            "owner": {"name": "Team"},
            "schema": {"table_name": "orders", "properties": {"unmapped": {}}},
        },
    )
    report = report_of(check(released, "--release", "v2"))
    assert {(each["contract"], each["column"]) for each in report["violations"]} == {
        ("n/c", "unmapped"),
        (f"release/{REF}", "note"),
        ("release/v2", "remark"),
    }
    assert report["checked"]["contracts"] == 3


def test_it_is_a_setting(released: Project) -> None:
    released.revision("r2", 'op.drop_column("orders", "note")')
    text = (released.path / "pyproject.toml").read_text(encoding="utf-8")
    released.write("pyproject.toml", f'{text}\n[tool.alembic_contracts]\nreleases = ["{REF}"]\n')
    done = released.cli("check", "--offline", "--format", "json")
    assert [each["column"] for each in report_of(done)["violations"]] == ["note"]


def test_a_ref_that_is_not_there(released: Project) -> None:
    done = check(released, ref="v9")
    assert (done.returncode, done.stdout) == (2, "")
    assert "The git ref `v9` is not known here." in done.stderr
    assert "Traceback" not in done.stderr


def test_what_the_models_believe_and_its_own_schema_does_not_have_is_no_promise(tmp_path: Path) -> None:
    models = (
        MODELS
        + '\n\nclass Dream(Base):\n    __tablename__ = "dreams"\n    id = sa.Column(sa.Integer, primary_key=True)\n'
    )
    models = models.replace("    code: Mapped[str]\n", "    code: Mapped[int]\n    not_yet: Mapped[str]\n")
    project = release(tmp_path, models)
    project.revision("r2", 'op.add_column("orders", sa.Column("not_yet", sa.Integer))')
    assert report_of(check(project))["violations"] == []


NUMBERED = """\
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(MODEL, primary_key=True)
"""
NUMBERS = {
    "always": ("sa.Identity(always=True)", "integer GENERATED ALWAYS AS IDENTITY", "DROP IDENTITY", "column-identity"),
    "by default": ("sa.Identity()", "integer GENERATED BY DEFAULT AS IDENTITY", "DROP IDENTITY", "column-identity"),
    "unsaid": ("sa.Integer", "integer GENERATED BY DEFAULT AS IDENTITY", "DROP IDENTITY", "column-identity"),
    "a serial": ("sa.Identity(always=True)", "serial", "DROP DEFAULT", "column-default"),
    "a constant": (
        "sa.Identity(always=True)",
        "integer GENERATED ALWAYS AS IDENTITY",
        "DROP IDENTITY, ALTER id SET DEFAULT 1",
        "column-identity",
    ),
    "a sequence": (
        "sa.Identity(always=True)",
        "integer GENERATED ALWAYS AS IDENTITY",
        "DROP IDENTITY, ALTER id SET DEFAULT nextval('numbers')",
        "",
    ),
    "less strict": ("sa.Identity(always=True)", "integer GENERATED ALWAYS AS IDENTITY", "SET GENERATED BY DEFAULT", ""),
}


@pytest.mark.parametrize("how", NUMBERS)
def test_a_key_goes_on_numbering_itself(how: str, tmp_path: Path) -> None:
    model, type_, change, rule = NUMBERS[how]
    create = f'op.execute("CREATE SEQUENCE numbers; CREATE TABLE orders (id {type_} PRIMARY KEY)")'
    project = release(tmp_path, NUMBERED.replace("MODEL", model), create)
    project.revision("r2", f'op.execute("ALTER TABLE orders ALTER id {change}")')
    done = check(project)
    errors = [each["rule"] for each in report_of(done)["violations"] if each["severity"] == "error"]
    assert (done.returncode, errors) == ((1, [rule]) if rule else (0, [])), done.stdout


def test_a_new_table_may_be_anything(released: Project) -> None:
    released.revision("r2", 'op.create_table("dreams", sa.Column("n", sa.Integer, nullable=False))')
    assert check(released).returncode == 0


def test_rewritten_revisions(released: Project) -> None:
    """What the release was made for is then predicted from its own scripts."""
    (released.path / "migrations/versions/r1.py").unlink()
    released.revision("s1", CREATE.replace('    sa.Column("note", sa.String(50)),\n', ""), down=None)
    commit(released)
    report = report_of(check(released))
    assert [(each["rule"], each["column"]) for each in report["violations"]] == [("column-exists", "note")]


def test_a_changed_env_py(released: Project) -> None:
    env = released.path / "migrations/env.py"
    env.write_text(env.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    released.revision("r2", 'op.drop_column("orders", "note")\nop.add_column("orders", sa.Column("n", sa.Integer))')
    report = report_of(check(released))
    assert [(each["rule"], each["column"]) for each in report["violations"]] == [("column-exists", "note")]


UNREADABLE = {
    "no target_metadata": (
        lambda project: project.write(
            "migrations/env.py",
            (project.path / "migrations/env.py").read_text(encoding="utf-8").replace("= Base.metadata", "= None"),
        ),
        "its env.py gives no target_metadata with tables",
    ),
    "an import that fails": (
        lambda project: project.write("shop/models.py", "import not_installed\n"),
        "its env.py failed with ModuleNotFoundError: No module named 'not_installed' (shop/models.py:1)",
    ),
    "what is not set": (
        lambda project: project.write("shop/models.py", "import os\nos.environ['SHOP_NOT_SET']\n"),
        "its env.py failed with KeyError: 'SHOP_NOT_SET' (shop/models.py:2)",
    ),
    "a database at import": (
        lambda project: project.write(
            "shop/models.py",
            f"import sqlalchemy as sa\nsa.create_engine('postgresql+psycopg://x@127.0.0.1:1/x').connect()\n{MODELS}",
        ),
        "it opens a database connection, which is refused while models are read",
    ),
    "the network at import": (
        lambda project: project.write(
            "shop/models.py", f"import urllib.request\nurllib.request.urlopen('http://127.0.0.1:1/')\n{MODELS}"
        ),
        "(shop/models.py:2)",
    ),
    "an end of the process": (
        lambda project: project.write("shop/models.py", f"import os\nos._exit(3)\n{MODELS}"),
        "it ended its process with exit code 3",
    ),
    "no end": (
        lambda project: project.write("shop/models.py", f"while True:\n    pass\n{MODELS}"),
        "it did not come to an end within 2 s",
    ),
}


@pytest.mark.parametrize("why", UNREADABLE)
def test_models_that_cannot_be_read(why: str, tmp_path: Path) -> None:
    change, reason = UNREADABLE[why]
    project = shop(tmp_path)
    change(project)
    tag(project)
    project.write("shop/models.py", MODELS)
    project.revision("r2", 'op.drop_column("orders", "unmapped")')
    project.environment["ALEMBIC_CONTRACTS_PREDICT_TIMEOUT"] = "2"
    report = report_of(check(project, "--dialect", "postgresql"))
    [notice] = report["notices"]
    assert notice["message"].startswith(f"The models at {REF} cannot be read: ")
    assert reason in notice["message"]
    [violation] = report["violations"]
    assert (violation["rule"], violation["column"]) == ("column-exists", "unmapped")
    assert violation["contract_location"]["file"] == "migrations/versions/r1.py"
    assert violation["message"].startswith(f"release {REF} may still use what its revisions made")
    assert report["checked"]["tables"] == 3, "customers, orders, unused: not Alembic's own"

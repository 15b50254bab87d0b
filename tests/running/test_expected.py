"""Scripts that do otherwise than an earlier run of them are found out before they do it, whatever they go by."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import pytest

from tests.support.project import ENV, Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CREATE = """
op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Text))
op.execute("INSERT INTO t VALUES (1, 'x')")
"""
GOES_BY_PLAN = """
with op.batch_alter_table("t") as batch:
    if tenancy.plan == "full":
        batch.drop_column("a")
    else:
        batch.add_column(sa.Column("b", sa.Text))
"""
TENANTS = """
import os, sys
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
import tenancy

for number, tenancy.plan in enumerate(sys.argv[1:]):
    os.environ["DATABASE_URL"] = url = os.environ[f"URL_{number}"]
    try:
        command.upgrade(Config(toml_file="pyproject.toml"), "head")
        print(tenancy.plan, "upgraded")
    except Exception as error:
        print(tenancy.plan, str(error).split(";")[0].split(" (")[0])
    with sa.create_engine(url).connect() as connection:
        inspector = sa.inspect(connection)
        names = [each["name"] for each in inspector.get_columns("t")] if inspector.has_table("t") else []
        print(*names, connection.scalar(sa.text("SELECT count(*) FROM t")) if names else "")
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[str]]:
    if request.param == "sqlite":
        yield [f"sqlite:///{tmp_path}/{number}.db" for number in range(3)]
        return
    databases = request.getfixturevalue("databases")
    with databases.new() as one, databases.new() as another, databases.new() as third:
        yield [one, another, third]


@pytest.fixture
def project(urls: list[str], tmp_path: Path) -> Project:
    project = Project.create(tmp_path / "project", urls[0])
    project.environment |= {f"URL_{number}": url for number, url in enumerate(urls)}
    project.environment |= {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPATH": "."}
    project.write("tenancy.py", "plan = None\n")
    project.revision("r1", CREATE)
    project.revision("r2", GOES_BY_PLAN, prelude="import tenancy")
    stated = {"table_name": "t", "properties": {"a": {}}}
    about = {"spec-version": "1.0.0", "name": "t", "namespace": "n", "owner": {"name": "Sales"}}
    project.contract("t", json.dumps({**about, "schema": stated}))
    return project


IN_THIS_PROCESS = "from alembic_contracts.prediction.containment import process\nprocess.is_possible = lambda: False\n"


@pytest.mark.parametrize("first", ["", IN_THIS_PROCESS], ids=["contained", "in this process"])
def test_what_breaks_now_is_refused_before_it_happens(first: str, urls: list[str], project: Project) -> None:
    done = project.run("-c", first + TENANTS, "basic", "full", "basic")
    first, its, second, left, third, kept = done.stdout.splitlines()
    assert [(first, its), (third, kept)] == [("basic upgraded", "id a b 1")] * 2, done
    assert "r2.py:" in done.stderr
    assert not [
        lie for lie in ("another session", "another connection", "So what r2 did", "What r2 lost") if lie in done.stderr
    ], done
    if urls[0].startswith("sqlite"):  # whose driver has committed the first revision
        assert (second, left) == ("full Data contracts are broken", "id a 1"), done
        assert "Committed and staying: r1." in done.stderr
    else:
        assert (second, left) == ("full Data contracts would be broken", ""), done
        assert "rolled back" in done.stderr


def test_what_broke_then_is_not_refused_now(urls: list[str], project: Project) -> None:
    done = project.run("-c", TENANTS, "full", "basic", "full")
    first, left, second, its, third, left_again = done.stdout.splitlines()
    assert (first, left) == ("full Data contracts would be broken", ""), done
    assert (second, its) == ("basic upgraded", "id a b 1"), done
    assert "Data contracts" in third, done
    assert left_again == ("id a 1" if urls[0].startswith("sqlite") else ""), done


SWALLOWS = """
try:
    if tenancy.plan == "full":
        op.drop_column("t", "a")
except {caught}:
    op.get_bind().exec_driver_sql("ALTER TABLE t DROP COLUMN a")
"""


@pytest.mark.parametrize("caught", ["Exception", "BaseException"])
def test_a_refusal_is_heeded(caught: str, project: Project) -> None:
    project.revision("r2", SWALLOWS.format(caught=caught), down="r1", prelude="import tenancy")
    done = project.run("-c", TENANTS, "basic", "full")
    *_, second, left = done.stdout.splitlines()
    assert second.startswith("full Data contracts "), done
    assert left in {"", "id a 1"}, done


@pytest.mark.parametrize(
    "line",
    [
        'op.execute("INSERT INTO t (id) VALUES (7); ALTER TABLE t DROP COLUMN a")',
        'op.execute("BEGIN; ALTER TABLE t DROP COLUMN a; COMMIT")',
    ],
)
def test_what_is_among_other_statements_is_seen(line: str, urls: list[str], project: Project) -> None:
    if urls[0].startswith("sqlite"):
        pytest.skip("its driver executes one statement at a time, and has one connection to a file")
    project.revision("r2", f"if tenancy.plan == 'full':\n    {line}", down="r1", prelude="import tenancy")
    done = project.run("-c", TENANTS, "basic", "full")
    *_, second, left = done.stdout.splitlines()
    assert (second, left) == ("full Data contracts would be broken", ""), done


LISTENER = textwrap.dedent(
    """
    import os
    from sqlalchemy import Engine, event

    @event.listens_for(Engine, "before_cursor_execute", retval=True)
    def rename(connection, cursor, statement, parameters, context, many):
        return statement.replace("COLUMN b", os.environ["WORDS"]), parameters
    """
)
"""What a script executes is not what it says."""


@pytest.mark.parametrize("again", [{"WORDS": "COLUMN a"}, {"WORDS": "COLUMN b", "PLAN": "1"}])
def test_another_process_is_no_other(again: dict[str, str], urls: list[str], project: Project) -> None:
    more = 'if os.environ.get("PLAN"):\n    os.environ["WORDS"] = "COLUMN a"\n'
    project.write("migrations/env.py", f"{LISTENER}{more}{ENV}")
    project.revision("r1", f'{CREATE}\nop.execute("ALTER TABLE t ADD b text")', down=None)
    project.revision("r2", 'op.execute("ALTER TABLE t DROP COLUMN b")', down="r1")
    assert project.alembic("upgrade", "head", env={"DATABASE_URL": urls[1], "WORDS": "COLUMN b"}).returncode == 0
    done = project.alembic("upgrade", "head", env={"DATABASE_URL": urls[0], **again})
    assert done.returncode == 255, done
    assert "a data contract" in done.stderr
    assert "another session" not in done.stderr


def test_the_order_of_a_set_is_another_one_in_another_process(urls: list[str], project: Project) -> None:
    names = [f"c{number}" for number in range(9)]
    project.revision("r2", f'for name in {set(names)}:\n    op.add_column("t", sa.Column(name, sa.Text))', down="r1")
    for url, seed in zip(urls, "123", strict=True):  # in another order it is found out anew, and kept
        done = project.alembic("upgrade", "head", env={"DATABASE_URL": url, "PYTHONHASHSEED": seed})
        assert done.returncode == 0, done

"""What scripts make on the contract's own kind of database alone, since another one has nothing like it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.running.test_unheld import SQLITE
from tests.support.object_images import CONTRACT

if TYPE_CHECKING:
    from tests.support.project import Project

SEARCH = """
op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
if op.get_bind().dialect.name == "postgresql":
    op.execute("ALTER TABLE t ADD COLUMN search tsvector")
    op.execute("CREATE MATERIALIZED VIEW names AS SELECT name FROM t")
"""


def stated(table: str, *types: str, **of_table: str) -> dict[str, Any]:
    contract = {**json.loads(CONTRACT), "name": table}
    columns = {name: {"constraints": {"data_type": type_}} for name, type_ in (each.split(":") for each in types)}
    contract["schema"] = {"table_name": table, "properties": columns, **of_table}
    return contract


def test_what_has_no_like_is_left_out_there(project: Project) -> None:
    project.contract("t", stated("t", "id:integer", "search:tsvector"))
    project.contract("names", stated("names", "name:text", table_type="materialized view"))
    project.revision("r1", SEARCH)
    for env in (SQLITE, {}):
        done = project.alembic("upgrade", "head", env=env)
        assert (done.returncode, "warning" in done.stderr) == (0, False), done.stderr
    check = project.alembic("check-contracts", env=SQLITE)
    assert (check.returncode, "3 facts kept, 6 not applicable on sqlite" in check.stdout) == (0, True), check.stdout
    project.revision("r2", 'op.alter_column("t", "id", new_column_name="number")')
    refused = project.alembic("upgrade", "head", env=SQLITE)
    assert "public.t.id no longer exists" in refused.stderr


def test_what_has_no_like_is_left_out_where_nobody_looks_at_types(project: Project) -> None:
    settings = project.path / "pyproject.toml"
    settings.write_text(f'{settings.read_text()}\n[tool.alembic_contracts.rules]\n"column-type" = "off"\n')
    project.contract("t", stated("t", "id:integer", "search:tsvector"))
    project.revision("r1", SEARCH)
    done = project.alembic("upgrade", "head", env=SQLITE)
    assert (done.returncode, "search" in done.stderr) == (0, False), done.stderr


def test_what_has_no_like_and_was_there_is_held(project: Project) -> None:
    project.contract("t", stated("t", "id:integer", "search:tsvector"))
    project.revision("r1", 'op.create_table("t", sa.Column("id", sa.Integer), sa.Column("search", sa.Text))')
    assert project.alembic("upgrade", "head", env=SQLITE).returncode == 0
    project.revision("r2", 'op.drop_column("t", "search")')
    refused = project.alembic("upgrade", "head", env=SQLITE)
    assert (refused.returncode, "public.t.search no longer exists" in refused.stderr) == (255, True), refused.stderr


def test_what_has_no_like_and_goes_unseen_is_held_at_the_commit(project: Project) -> None:
    project.contract("t", stated("t", "id:integer", "search:tsvector"))
    project.revision("r1", 'op.create_table("t", sa.Column("id", sa.Integer), sa.Column("search", sa.Text))')
    connect = "import sqlite3\nwith sqlite3.connect('test.db') as other:"
    unseen = f"{connect}\n    other.execute('ALTER TABLE t DROP COLUMN search')"
    project.revision("r2", unseen)
    done = project.alembic("upgrade", "head", env=SQLITE)
    assert (done.returncode, "public.t.search" in done.stderr) == (255, True), done.stderr


def test_what_a_retired_contract_states_is_no_matter_to_others(project: Project) -> None:
    project.contract("t", stated("t", "id:integer", "search:text"))
    retired = {**stated("t", "search:tsvector"), "name": "retired", "status": "retired"}
    project.contract("retired", retired)
    project.revision("r1", 'op.create_table("t", sa.Column("id", sa.Integer))')
    done = project.alembic("upgrade", "head", env=SQLITE)
    assert (done.returncode, "public.t.search does not exist" in done.stderr) == (255, True), done.stderr


def test_a_missing_table_is_missing_whatever_its_types_are(project: Project) -> None:
    project.contract("t", stated("t", "search:tsvector"))
    project.revision("r1", 'op.create_table("other", sa.Column("id", sa.Integer))')
    assert project.alembic("upgrade", "head", env=SQLITE).returncode == 0
    check = project.alembic("check-contracts", env=SQLITE)
    assert (check.returncode, "public.t does not exist" in check.stdout) == (1, True), check.stdout


def test_a_file_that_is_attached_by_the_schemas_name_is_the_schema(project: Project) -> None:
    env = project.path / "migrations/env.py"
    text = env.read_text()
    [line] = [each for each in text.splitlines() if each.strip().startswith("with ") and ".connect() as" in each]
    attach = "connection.exec_driver_sql(\"ATTACH 'other.db' AS public\"); connection.commit()"
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    env.write_text(text.replace(line, f"{line}\n{indent}{attach}", 1))
    project.contract("t", stated("t", "id:integer", "name:text"))
    columns = 'sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text)'
    project.revision("r1", f'op.create_table("t", {columns}, schema="public")')
    done = project.alembic("upgrade", "head", env=SQLITE)
    assert (done.returncode, "warning" in done.stderr) == (0, False), done.stderr
    columns = 'sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text)'
    project.revision("r2", f'op.create_table("t", {columns})\nop.drop_column("t", "name", schema="public")')
    refused = project.alembic("upgrade", "head", env=SQLITE)
    assert (refused.returncode, "public.t.name no longer exists" in refused.stderr) == (255, True), refused.stderr
    project.revision("r2", f'op.create_table("t", {columns})\nop.drop_table("t", schema="public")', down="r1")
    refused = project.alembic("upgrade", "head", env=SQLITE)
    assert (refused.returncode, "public.t no longer exists" in refused.stderr) == (255, True), refused.stderr

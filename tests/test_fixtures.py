"""The fixtures themselves: what other tests take for granted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from tests.support.database import Databases
    from tests.support.project import Project


def test_a_database_is_empty_and_gone_after_use(databases: Databases) -> None:
    with databases.new() as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            assert sa.inspect(connection).get_table_names() == []
            connection.exec_driver_sql("CREATE TABLE left_behind (id int)")
        name = sa.make_url(url).database
    engine = sa.create_engine(databases.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM pg_database WHERE datname = :n"), {"n": name}) == 0


def test_a_project_migrates_its_database(project: Project) -> None:
    (project.path / "contracts").rmdir()  # neither a folder nor a setting: the guard is off
    pyproject = (project.path / "pyproject.toml").read_text()
    project.write("pyproject.toml", pyproject.partition("[tool.alembic_contracts]")[0])
    project.revision("r1", "op.create_table('a', sa.Column('id', sa.Integer, primary_key=True))", "op.drop_table('a')")
    project.revision("r2", "op.add_column('a', sa.Column('b', sa.Text))", "op.drop_column('a', 'b')")
    run = project.alembic("upgrade", "head")
    assert (run.returncode, run.stdout) == (0, ""), run.stderr
    assert project.sql("SELECT version_num FROM alembic_version") == [("r2",)]
    columns = project.sql("SELECT attname FROM pg_attribute WHERE attrelid = 'a'::regclass AND attnum > 0")
    assert columns == [("id",), ("b",)]
    assert project.alembic("downgrade", "base").returncode == 0
    assert project.sql("SELECT to_regclass('a')") == [(None,)]

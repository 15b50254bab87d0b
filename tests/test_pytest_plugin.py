"""``pytest --alembic-contracts`` and the fixture, in real pytest processes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.object_images import CONTRACT, museum

if TYPE_CHECKING:
    import subprocess

    from tests.support.project import Project

ID = "alembic-contracts::met-museum-data/object-images-contract-spec"


@pytest.fixture
def tested(project: Project) -> Project:
    museum(project)
    project.write("test_own.py", "def test_own():\n    pass\n")
    return project


def run(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    return project.run("-m", "pytest", "-p", "no:cacheprovider", "-q", "-rA", *arguments)


def outcomes(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    return {
        name: word for word, name in re.findall(r"^(PASSED|FAILED|ERROR) (.*?)(?: - .*)?$", done.stdout, re.MULTILINE)
    }


def test_a_test_for_each_contract(tested: Project) -> None:
    tested.contract("other", CONTRACT.replace("object-images-contract-spec", "other"))
    done = run(tested, "--alembic-contracts")
    assert done.returncode == 0, done.stdout
    assert outcomes(done) == {
        "test_own.py::test_own": "PASSED",
        ID: "PASSED",
        "alembic-contracts::met-museum-data/other": "PASSED",
    }


def test_without_the_option_there_is_nothing(tested: Project) -> None:
    done = run(tested)
    assert outcomes(done) == {"test_own.py::test_own": "PASSED"}
    tested.write(
        "test_own.py",
        "import sys\n\ndef test_own():\n    assert not {'alembic', 'sqlalchemy', 'jsonschema'} & set(sys.modules)\n"
        "    assert 'alembic_contracts.testing' not in sys.modules\n",
    )
    assert run(tested).returncode == 0, "it costs nothing"


def test_a_broken_contract(tested: Project) -> None:
    tested.revision("r2", 'op.drop_column("object_images", "primary_image")')
    done = run(tested, "--alembic-contracts")
    assert done.returncode == 1
    assert outcomes(done)[ID] == "FAILED"
    assert "column-exists: public.object_images.primary_image no longer exists" in done.stdout
    assert "where:    migrations/versions/r2.py:14" in done.stdout
    assert re.search(r"stated:   contracts/object_images.json:\d+, Data Engineering Team", done.stdout)
    assert "Traceback" not in done.stdout
    assert "testing.py" not in done.stdout


@pytest.mark.parametrize(("change", "said"), [
    ({"contracts/object_images.json": "{"}, "contracts/object_images.json:1:2"),
    ({"migrations/env.py": "raise ValueError('no')"}, "env.py failed with ValueError: no"),
])  # fmt: skip
def test_what_cannot_be_checked_fails(tested: Project, change: dict[str, str], said: str) -> None:
    for file, text in change.items():
        tested.write(file, text)
    done = run(tested, "--alembic-contracts")
    assert done.returncode == 1
    assert said in done.stdout
    assert "Traceback" not in done.stdout


def test_unproven_is_not_passed(tested: Project) -> None:
    tested.revision("r2", "op.execute(\"DO $$ BEGIN EXECUTE current_setting('a.b'); END $$\")")
    done = run(tested, "--alembic-contracts")
    assert outcomes(done)[ID] == "FAILED"
    assert "could not be worked out" in done.stdout


def test_a_contract_of_which_nothing_is_held_is_skipped(project: Project) -> None:
    tested = project
    tested.contract("object_images", CONTRACT)
    tested.revision("r1", 'op.create_table("object_images", sa.Column("object_id", sa.Integer))')
    tested.environment |= {"DATABASE_URL": "sqlite:///test.db", "ALEMBIC_CONTRACTS_ELSEWHERE": "off"}
    assert tested.alembic("upgrade", "head").returncode == 0
    done = run(tested, "--alembic-contracts")
    assert (done.returncode, "1 skipped" in done.stdout) == (0, True), done.stdout
    assert "nothing of met-museum-data/object-images-contract-spec is applicable on this kind" in done.stdout


def test_in_parallel_chosen_and_with_arguments(tested: Project) -> None:
    done = run(tested, "--alembic-contracts", "-n", "2")
    assert outcomes(done) == {"test_own.py::test_own": "PASSED", ID: "PASSED"}
    done = run(tested, "--alembic-contracts", "-k", "contract")
    assert outcomes(done) == {ID: "PASSED"}
    done = run(tested, "--alembic-contracts", "--alembic-contracts-args=")
    assert outcomes(done)[ID] == "PASSED", "against the database"
    done = run(tested, "--alembic-contracts", "--alembic-contracts-args=--wrong")
    assert outcomes(done)[ID] == "FAILED"
    assert "No such option" in done.stdout


OWN = """
import os
import pytest
import sqlalchemy as sa


@pytest.fixture
def engine():
    engine = sa.create_engine(os.environ["DATABASE_URL"], poolclass=sa.NullPool)
    yield engine
    engine.dispose()


def test_contracts_are_kept(alembic_contracts, engine):
    alembic_contracts.assert_kept(engine)


def test_within_a_transaction_of_the_tests(alembic_contracts, engine):
    with engine.connect() as connection:
        connection.execute(sa.text("ALTER TABLE object_images DROP COLUMN primary_image"))
        report = alembic_contracts.check(connection)
        assert [v.rule for v in report.violations] == ["column-exists"]
        with pytest.raises(AssertionError, match="primary_image"):
            alembic_contracts.assert_kept(connection)


def test_of_an_async_engine(alembic_contracts):
    import asyncio
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(os.environ["DATABASE_URL"], poolclass=sa.NullPool)
    with pytest.raises(Exception, match="await connection.run_sync\\\\(alembic_contracts.assert_kept\\\\)"):
        alembic_contracts.assert_kept(engine)

    async def looked_at():
        async with engine.connect() as connection:
            await connection.run_sync(alembic_contracts.assert_kept)

    asyncio.run(looked_at())
"""


def test_the_fixture(tested: Project) -> None:
    """The demo's unit test: what a database has is held against the contracts."""
    tested.write("test_own.py", OWN)
    done = run(tested)
    assert done.returncode == 0, done.stdout
    tested.sql("ALTER TABLE object_images ALTER COLUMN created_at DROP NOT NULL")
    done = run(tested, "-k", "are_kept")
    assert done.returncode == 1
    assert "column-nullable" in done.stdout
    assert "testing.py" not in done.stdout

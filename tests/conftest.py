"""Fixtures that every test can use: a database of one's own, and a project with migrations and contracts.

All tests share one PostgreSQL server: a scratch one out of the wheel (also with pytest-xdist, where the controlling
process owns it), or the one of ``--postgres-url`` or the environment variable ``ALEMBIC_CONTRACTS_TEST_URL``, as whose
user the tests must be allowed to create databases and roles.

Tests of other databases have a MariaDB: the one of ``--mariadb-url``, or a scratch one for each process that needs it,
where its programs are installed. Where they are not, those tests are skipped, unless ``MARIADBD`` names the server.
"""

from __future__ import annotations

import compileall
import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

import alembic_contracts
from tests.support import mariadb as mariadb_server
from tests.support.database import Databases
from tests.support.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

_controller = ExitStack()
"""What the controlling process of a distributed run keeps open until its end."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres-url",
        default=os.environ.pop("ALEMBIC_CONTRACTS_TEST_URL", None),  # the programs under test know no such setting
        help="SQLAlchemy URL of the PostgreSQL server to test on, instead of a scratch one.",
    )
    parser.addoption(
        "--mariadb-url",
        help="SQLAlchemy URL of the MariaDB or MySQL server to test on, instead of a scratch one.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Compile the package once: thousands of its processes start in the tests, where Python may write no bytecode.

    What they keep for others is kept from who runs the tests.
    """
    if not hasattr(config, "workerinput"):
        os.environ["XDG_CACHE_HOME"] = _controller.enter_context(TemporaryDirectory())
        compileall.compile_dir(Path(alembic_contracts.__file__).parent, quiet=2)


def _given_or_scratch_url(config: pytest.Config, stack: ExitStack) -> str:
    given: str | None = config.getoption("--postgres-url")
    if given is not None:
        return given
    from alembic_contracts import embedded

    return stack.enter_context(embedded.scratch()).url()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """With pytest-xdist: give the worker the URL of the server that all workers share."""
    if not hasattr(node.config, "shared_postgres_url"):
        node.config.shared_postgres_url = _given_or_scratch_url(node.config, _controller)
    node.workerinput["postgres_url"] = node.config.shared_postgres_url


def pytest_unconfigure() -> None:
    _controller.close()


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a database on the server under test, as a user who may create databases and roles."""
    with ExitStack() as stack:
        shared = getattr(request.config, "workerinput", {}).get("postgres_url")
        yield shared or _given_or_scratch_url(request.config, stack)


@pytest.fixture(scope="session")
def databases(postgres_url: str) -> Iterator[Databases]:
    """Creates and drops databases and roles on the server under test."""
    with Databases(postgres_url) as databases:
        yield databases


@pytest.fixture
def database(databases: Databases) -> Iterator[str]:
    """URL of a new, empty database, which is dropped after the test."""
    with databases.new() as url:
        yield url


@pytest.fixture
def connection(database: str) -> Iterator[sa.Connection]:
    """A SQLAlchemy connection to the new, empty ``database``."""
    engine = sa.create_engine(database, poolclass=sa.NullPool)
    with engine.connect() as connection:
        yield connection


@pytest.fixture
def project(tmp_path: Path, database: str) -> Project:
    """A project directory with Alembic and the guard set up, on the new, empty ``database``."""
    return Project.create(tmp_path / "project", database)


@pytest.fixture(scope="session")
def mariadbs(request: pytest.FixtureRequest) -> Iterator[mariadb_server.MariaDB]:
    """Creates and drops databases on the MariaDB server under test."""
    given: str | None = request.config.getoption("--mariadb-url")
    with ExitStack() as stack:
        if given is None:
            given = stack.enter_context(_scratch_mariadb())
        yield mariadb_server.MariaDB(given)


@contextmanager
def _scratch_mariadb(*options: str) -> Iterator[str]:
    program = mariadb_server.program()
    if program is None:
        pytest.skip("NOT CHECKED: there is no MariaDB here (apt-get install mariadb-server)")
    with mariadb_server.scratch(program, *options) as url:
        yield url


@pytest.fixture
def mariadb_in_lower_case() -> Iterator[str]:
    """URL of an empty database on a MariaDB that keeps the names of tables in lower case, and takes them in any."""
    with _scratch_mariadb("--lower-case-table-names=1") as server, mariadb_server.MariaDB(server).new() as url:
        yield url


@pytest.fixture
def mariadb(mariadbs: mariadb_server.MariaDB) -> Iterator[str]:
    """URL of a new, empty database on MariaDB, which is dropped after the test."""
    with mariadbs.new() as url:
        yield url

"""The pytest plugin: ``pytest --alembic-contracts`` is one test per contract; the fixture is for tests of one's own.

Loaded in every pytest run of everybody who has installed the package: without the option it imports nothing more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from alembic_contracts.testing import Contracts

__all__: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("alembic-contracts", "data contracts")
    group.addoption(
        "--alembic-contracts",
        action="store_true",
        help="Add a test for each data contract: is it kept by what the migrations lead to?",
    )
    group.addoption(
        "--alembic-contracts-args",
        metavar="ARGS",
        default="--offline",
        help="Arguments for `alembic-contracts check` (default: --offline, which needs no database).",
    )
    group.addoption(
        "--alembic-contracts-config",
        metavar="FILE",
        help="alembic.ini or pyproject.toml (default: those in pytest's root directory).",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add one test per contract, before options such as ``-k`` choose among them."""
    if config.getoption("--alembic-contracts"):
        from alembic_contracts.testing import collected

        items.extend(collected(session))


@pytest.fixture(scope="session")
def alembic_contracts(request: pytest.FixtureRequest) -> Contracts:
    """The project's data contracts: ``alembic_contracts.assert_kept(engine)`` after one's own migrations."""
    from alembic_contracts.testing import Contracts

    return Contracts.of(request.config)


def pytest_report_header(config: pytest.Config) -> Any:
    """Say what the contracts are held against."""
    if config.getoption("--alembic-contracts"):
        return f"data contracts: alembic-contracts check {config.getoption('--alembic-contracts-args')}"
    return None

"""compose.yaml says what its header promises; Docker itself is not needed to see it."""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING

import yaml

from tests.support.museum import REPOSITORY

if TYPE_CHECKING:
    import pytest

TEXT = (REPOSITORY / "compose.yaml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(TEXT)


def test_postgres_is_reachable_from_this_machine_alone_and_tells_its_health() -> None:
    service = COMPOSE["services"]["postgres"]
    assert service["image"] == "postgres:17"
    assert service["ports"] == ["127.0.0.1:5432:5432"]
    assert service["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]
    assert service["volumes"] == ["postgres:/var/lib/postgresql/data"]
    assert "postgres" in COMPOSE["volumes"]
    assert "profiles" not in service


def test_the_tests_run_on_it_once_it_is_healthy(pytestconfig: pytest.Config) -> None:
    service = COMPOSE["services"]["test"]
    assert service["profiles"] == ["test"]
    assert service["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert service["volumes"] == [f".:{service['working_dir']}"]
    script = service["command"][-1]
    subprocess.run(["bash", "-n", "-c", script], check=True)
    program, option, url = shlex.split(script.splitlines()[-1])
    assert program == "pytest"
    pytestconfig.getoption(option)  # raises for an option that there is not
    password = COMPOSE["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"]
    assert url == f"postgresql+psycopg://postgres:{password}@postgres:5432/postgres"
    assert f"postgresql://postgres:{password}@127.0.0.1:5432/postgres" in TEXT.partition("services:")[0]

"""Fixtures of what goes through real ``alembic`` processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project


@pytest.fixture
def settling(project: Project, postgres_url: str) -> Project:
    """A project as users have it, on the server under test: that is faster than an embedded one for each check."""
    project.environment["ALEMBIC_CONTRACTS_SETTLE"] = ""
    project.environment["ALEMBIC_CONTRACTS_SHADOW_URL"] = postgres_url
    return project

"""A project as a git repository."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.project import Project


def git(project: Project, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments],
        cwd=project.path,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def commit(project: Project) -> None:
    git(project, "add", "-A")
    git(project, "commit", "-qm", "x", "--allow-empty")

"""The museum of this repository, driven through real ``alembic`` and ``python -m seed`` processes."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from unittest import mock

import pytest

from seed.__main__ import main

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass
class Museum:
    """The repository, or a copy of it, and the database that ``DATABASE_URL`` names for its programs."""

    path: Path
    database: str = ""
    """Empty: no ``DATABASE_URL``."""
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python with these arguments."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.path,
            env=self.variables(),
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    def alembic(self, *arguments: str) -> str:
        """Run ``alembic``, which must succeed, and return what it printed and logged."""
        done = self.run("-m", "alembic", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def seed(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``python -m seed``."""
        return self.run("-m", "seed", *arguments)

    def quick_seed(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``python -m seed`` inside this process, which saves half a second where a process is not the point."""
        output, errors = StringIO(), StringIO()
        with (
            mock.patch.dict(os.environ, self.variables(), clear=True),
            redirect_stdout(output),
            redirect_stderr(errors),
            pytest.raises(SystemExit) as ended,
        ):
            main(list(arguments), prog_name="python -m seed")
        code = ended.value.code
        assert isinstance(code, int)
        return subprocess.CompletedProcess(arguments, code, output.getvalue(), errors.getvalue())

    def variables(self) -> dict[str, str]:
        """Return the environment of its programs."""
        given = {**os.environ, "COLUMNS": "100", "PYTHONUTF8": "1", "DATABASE_URL": self.database, **self.environment}
        return {key: value for key, value in given.items() if value}

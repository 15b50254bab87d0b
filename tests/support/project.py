"""A temporary project as its users would have it, driven through real ``alembic`` processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

PYPROJECT = """\
[tool.alembic]
script_location = "%(here)s/migrations"
file_template = "%%(rev)s_%%(slug)s"

[tool.alembic_contracts]
contracts = "contracts"
"""

ENV = """\
import os

from alembic import context
from sqlalchemy import NullPool, create_engine

import alembic_contracts

url = os.environ["DATABASE_URL"]
target_metadata = None


def run_migrations_offline():
    context.configure(url=url, target_metadata=target_metadata, literal_binds=True)
    with context.begin_transaction(), alembic_contracts.guard(context):
        context.run_migrations()


def run_migrations_online():
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata)
        with context.begin_transaction(), alembic_contracts.guard(context):
            context.run_migrations()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
"""

TEMPLATE = '''\
"""${message}"""
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''

REVISION = '''\
"""{name}"""

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = {name!r}
down_revision = {down!r}
branch_labels = None
depends_on = None

{prelude}
def upgrade():
{upgrade}


def downgrade():
{downgrade}
'''

PREVIOUS: Any = object()
"""``down``: the revision that was written last."""


@dataclass
class Project:
    """A project directory. ``alembic`` and ``cli`` run the real programs in it and return their output."""

    path: Path
    database: str
    environment: dict[str, str] = field(default_factory=dict)
    """Added to (or, for an empty value, taken from) the environment of every program."""
    last_revision: str | None = None

    @classmethod
    def create(cls, path: Path, database: str) -> Project:
        project = cls(path, database)
        (path / "migrations" / "versions").mkdir(parents=True)
        (path / "contracts").mkdir()
        project.write("pyproject.toml", PYPROJECT)
        project.write("migrations/env.py", ENV)
        project.write("migrations/script.py.mako", TEMPLATE)
        return project

    def write(self, name: str, text: str) -> Path:
        """Write any file, by its path relative to the project."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def revision(
        self, name: str, upgrade: str, downgrade: str = "pass", *, down: Any = PREVIOUS, prelude: str = ""
    ) -> Path:
        """Write the version script ``migrations/versions/<name>.py``, whose revision id is its name.

        ``upgrade`` and ``downgrade`` are the functions' bodies, in which ``op``, ``sa``, ``context`` and ``postgresql``
        are there; ``down`` is the revision (or tuple of revisions, or None) before it; ``prelude`` goes above them.
        """
        script = REVISION.format(
            name=name,
            down=self.last_revision if down is PREVIOUS else down,
            upgrade=_body(upgrade),
            downgrade=_body(downgrade),
            prelude=textwrap.dedent(prelude).strip("\n") + "\n\n" if prelude else "",
        )
        self.last_revision = name
        return self.write(f"migrations/versions/{name}.py", script)

    def contract(self, name: str, content: dict[str, Any] | str) -> Path:
        """Write ``contracts/<name>.json`` (or under the name as it is, where it has a suffix)."""
        text = content if isinstance(content, str) else json.dumps(content, indent=2) + "\n"
        return self.write(f"contracts/{name}" if Path(name).suffix else f"contracts/{name}.json", text)

    def alembic(self, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run the stock ``alembic`` command in the project."""
        return self.run("-m", "alembic", *arguments, env=env)

    def cli(self, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run ``alembic-contracts`` in the project."""
        return self.run("-c", "from alembic_contracts.cli import main; main()", *arguments, env=env)

    def run(self, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run Python in the project."""
        changes = {"DATABASE_URL": self.database, **self.environment, **(env or {})}
        environment = {name: value for name, value in {**clean_environment(), **changes}.items() if value != ""}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements on the project's database, commit, and return the rows of the last one."""
        engine = sa.create_engine(self.database, poolclass=sa.NullPool)
        rows: list[tuple[Any, ...]] = []
        with engine.begin() as connection:
            for statement in statements:
                result = connection.exec_driver_sql(statement)
                rows = [tuple(row) for row in result] if result.returns_rows else []
        return rows

    def scratch_databases_that_stay(self) -> set[str]:
        """Return the scratch databases on its server that are there now and a minute later.

        Tests beside this one have some, too, for a while.
        """
        query = "SELECT datname FROM pg_database WHERE starts_with(datname, 'alembic_contracts_shadow')"
        found, started = {name for (name,) in self.sql(query)}, time.monotonic()
        while found and time.monotonic() - started < 60:
            time.sleep(0.2)
            found &= {name for (name,) in self.sql(query)}
        return found


def _body(text: str) -> str:
    return textwrap.indent(textwrap.dedent(text).strip("\n") or "pass", "    ")


def clean_environment() -> dict[str, str]:
    """This process's environment without what would change the programs' behaviour.

    Most tests are about what is predicted: they see it unproven where it is. An empty value settles it as for users.
    """
    mine = ("ALEMBIC_", "PYTEST_", "PG", "DATABASE_URL", "COV_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
    return {**kept, "ALEMBIC_CONTRACTS_SETTLE": "never", "PYTHONWARNINGS": "error", "PYTHONDONTWRITEBYTECODE": "1"}

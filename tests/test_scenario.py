"""The walk through the README's tutorial: the museum's team normalises ``object_images``, in ten steps.

Everything runs as a person would run it: git, ``alembic`` and ``alembic-contracts`` in a copy of this repository's
demo, against a real database.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.project import Project

REPOSITORY = Path(__file__).parents[1]
NORMALIZED = (REPOSITORY / "tests/fixtures/object_images_normalized.json").read_text(encoding="utf-8")

NORMALISE = '''\
"""normalise object_images"""

import sqlalchemy as sa
from alembic import op

revision = "b9d4e1c07a52"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("object_images", "primary_image", new_column_name="image")
    op.add_column("object_images", sa.Column("is_primary_image", sa.Boolean))
    op.drop_column("object_images", "additional_images")


def downgrade() -> None:
    op.add_column("object_images", sa.Column("additional_images", sa.ARRAY(sa.Text)))
    op.drop_column("object_images", "is_primary_image")
    op.alter_column("object_images", "image", new_column_name="primary_image")
'''

ADD_NORMALIZED = '''\
"""add object_images_normalized"""

import sqlalchemy as sa
from alembic import op

revision = "c31f0a86d7e4"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "object_images_normalized",
        sa.Column("object_id", sa.Integer, primary_key=True),
        sa.Column("image", sa.Text, comment="URL to the image of an object (JPEG)"),
        sa.Column("is_primary_image", sa.Boolean, comment="Whether it is the object's primary image"),
        sa.Column("created_at", sa.DateTime, nullable=False, server_default=sa.text("CURRENT_TIMESTAMP")),
    )


def downgrade() -> None:
    op.drop_table("object_images_normalized")
'''


class Museum(Project):
    """A clone of the demo under git, migrated to its head."""

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=Museum", "-c", "user.email=museum@example.org", "-c", "commit.gpgsign=false")
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.path, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "-m", message)

    def head(self) -> str:
        return self.alembic("heads").stdout.split()[0]

    def check(self, *arguments: str) -> tuple[int, dict[str, object]]:
        done = self.alembic("check-contracts", "--format", "json", *arguments)
        return done.returncode, json.loads(done.stdout)


@pytest.fixture
def museum(tmp_path: Path, database: str) -> Museum:
    museum = Museum(tmp_path / "museum", database)
    ignored = shutil.ignore_patterns("__pycache__")
    for folder in ("migrations", "contracts"):
        shutil.copytree(REPOSITORY / folder, museum.path / folder, ignore=ignored)
    shutil.copy(REPOSITORY / "pyproject.toml", museum.path)
    museum.git("init", "--quiet", "--initial-branch", "main")
    museum.commit("The museum")
    assert museum.alembic("upgrade", "head").returncode == 0
    return museum


def test_ten_steps(museum: Museum) -> None:
    # I and II: on a branch of its own, the request to normalise object_images becomes a revision.
    assert museum.check() == (0, museum.check()[1])
    museum.git("checkout", "--quiet", "-b", "update-objects-images-schema")
    head = museum.head()
    museum.write("migrations/versions/b9d4e1c07a52_normalise.py", NORMALISE.format(head=head))

    # III: Alembic refuses it before anything ran, and says where, for whom and what to do instead.
    revision = museum.alembic("current").stdout
    refused = museum.alembic("upgrade", "head")
    assert refused.returncode != 0
    assert "Running upgrade" not in refused.stderr
    assert museum.alembic("current").stdout == revision
    for word in (
        "migrations/versions/b9d4e1c07a52_normalise.py:13",
        "migrations/versions/b9d4e1c07a52_normalise.py:15",
        "contracts/object_images.json",
        "public.object_images.primary_image",
        "public.object_images.additional_images",
        "Data Engineering Team <data-eng@museum.org>",
        'op.execute("ALTER TABLE public.object_images ADD COLUMN image text "',
    ):
        assert word in refused.stderr

    # IV: the pull request's check says the same, without any database.
    museum.commit("adding updates that caused contract violation")
    for arguments in ((), ("--offline",)):
        code, report = museum.check(*arguments)
        assert code == 1
        assert [(v["rule"], v["column"]) for v in report["violations"]] == [  # type: ignore[attr-defined]
            ("column-exists", "primary_image"),
            ("column-exists", "additional_images"),
        ]

    # V: reverted, all is green again.
    museum.git("revert", "--no-edit", "HEAD")
    assert museum.check()[0] == museum.check("--offline")[0] == 0
    assert museum.alembic("upgrade", "head").returncode == 0

    # VI: who relies on it stands in the contract; the teams agree on a new table beside the old one.
    # VII and VIII: the new table's contract comes first. The check says what is missing; others can still deploy.
    museum.write("contracts/object_images_normalized.json", NORMALIZED)
    for arguments in ((), ("--offline",)):
        code, report = museum.check(*arguments)
        assert code == 1
        assert [(v["rule"], v["table"]) for v in report["violations"]] == [  # type: ignore[attr-defined]
            ("table-exists", "public.object_images_normalized")
        ]
    assert museum.alembic("upgrade", "head").returncode == 0
    museum.commit("added new contract, but need to update the db migration file still")

    # IX: the migration that the contract asks for, and only the right one, turns it green.
    script = ADD_NORMALIZED.format(head=head)
    wrong = script.replace('"is_primary_image", sa.Boolean', '"is_primary_image", sa.Text')
    file = museum.write("migrations/versions/c31f0a86d7e4_add_normalized.py", wrong)
    born_broken = museum.alembic("upgrade", "head")
    assert born_broken.returncode != 0
    assert "column-type" in born_broken.stderr
    file.write_text(script, encoding="utf-8")
    assert museum.alembic("upgrade", "head").returncode == 0
    assert museum.check()[0] == museum.check("--offline")[0] == 0

    # X: pushed and merged.
    museum.commit("adding contract and migration for object_images_normalized")
    museum.git("checkout", "--quiet", "main")
    museum.git("merge", "--quiet", "update-objects-images-schema")
    assert museum.check("--offline")[0] == 0


def test_a_forced_error_in_a_contract_is_caught(museum: Museum) -> None:
    contract = museum.path / "contracts" / "object_images.json"
    text = contract.read_text(encoding="utf-8")
    contract.write_text(text.replace('"data_type": "text",', '"data_type": "integer",', 1), encoding="utf-8")
    code, report = museum.check()
    assert code == 1
    [violation] = report["violations"]  # type: ignore[misc]
    assert (violation["rule"], violation["expected"], violation["actual"]) == ("column-type", "integer", "text")
    assert violation["introduced"] is False
    assert violation["location"] is None


def test_editing_the_old_revision_in_place_is_caught_as_well(museum: Museum) -> None:
    script = next((museum.path / "migrations/versions").glob("*create_object_images.py"))
    script.write_text(script.read_text(encoding="utf-8").replace('"primary_image"', '"image"'), encoding="utf-8")
    down = museum.alembic("downgrade", "base")
    assert down.returncode == 0
    assert "table-exists" in down.stderr
    up = museum.alembic("upgrade", "head")
    assert up.returncode != 0
    assert "column-exists" in up.stderr
    assert museum.alembic("current").stdout == ""

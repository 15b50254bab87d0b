"""Several heads, merges, labels, dependencies, version locations: predicted in the order that Alembic applies them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.object_images import CONTRACT, CREATE

if TYPE_CHECKING:
    from tests.support.project import Project

SCRIPT = '''\
"""{name}"""

import sqlalchemy as sa
from alembic import op

revision = {name!r}
down_revision = {down!r}
branch_labels = {labels!r}
depends_on = {depends_on!r}


def upgrade():
    {upgrade}


def downgrade():
    pass
'''


@pytest.fixture
def branches(project: Project) -> Project:
    """Two branches with labels in folders of their own; ``images3`` depends on the other branch's ``shop2``."""
    project.contract("object_images", CONTRACT)
    project.write(
        "pyproject.toml",
        (project.path / "pyproject.toml")
        .read_text(encoding="utf-8")
        .replace(
            'script_location = "%(here)s/migrations"',
            'script_location = "%(here)s/migrations"\n'
            'version_locations = ["%(here)s/migrations/images", "%(here)s/migrations/shop"]\n'
            "recursive_version_locations = true",
        ),
    )
    script(project, "images/a/images1", None, CREATE.strip().replace("\n", "\n    "), labels="images")
    script(project, "shop/shop1", None, 'op.create_table("shop", sa.Column("id", sa.Integer))', labels=("shop",))
    script(project, "shop/shop2", "shop1", 'op.rename_table("shop", "store")')
    script(project, "images/images2", "images1", 'op.drop_column("object_images", "primary_image")')
    script(
        project,
        "images/images3",
        "images2",
        'op.add_column("object_images", sa.Column("primary_image", sa.Text))\n    op.drop_table("store")',
        depends_on="shop2",
    )
    return project


def script(project: Project, path: str, down: Any, upgrade: str, *, labels: Any = None, depends_on: Any = None) -> None:
    name = path.rpartition("/")[2]
    text = SCRIPT.format(name=name, down=down, labels=labels, depends_on=depends_on, upgrade=upgrade)
    project.write(f"migrations/{path}.py", text)


def checked(project: Project, *arguments: str) -> tuple[int, Any]:
    done = project.alembic("check-contracts", "--format", "json", *arguments)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def upgrade(project: Project, target: str) -> None:
    done = project.alembic("upgrade", target)
    assert done.returncode == 0, done.stderr


def test_all_heads_in_alembics_order(branches: Project) -> None:
    code, report = checked(branches, "--offline")
    assert (code, report["status"], report["checked"]["revisions"]) == (0, "kept", 5), report
    sql = branches.alembic("upgrade", "heads", "--sql").stdout
    applied = re.findall(r"Running upgrade .*?-> (\w+)", sql)
    assert applied.index("shop2") < applied.index("images3")
    upgrade(branches, "heads")
    assert branches.sql("SELECT to_regclass('store')::text") == [(None,)]


def test_a_branch_by_its_label(branches: Project) -> None:
    code, report = checked(branches, "--offline", "--to", "images@head")
    assert (code, report["checked"]["revisions"]) == (0, 5), "the dependency's branch is applied with it"
    code, report = checked(branches, "--offline", "--to", "shop@head")
    assert (code, report["checked"]["revisions"]) == (1, 2)
    assert [violation["rule"] for violation in report["violations"]] == ["table-exists"]


def test_a_break_belongs_to_its_branch_and_line(branches: Project) -> None:
    code, report = checked(branches, "--offline", "--to", "images2")
    assert code == 1
    [violation] = report["violations"]
    assert violation["location"] == {"revision": "images2", "file": "migrations/images/images2.py", "line": 13}


def test_a_database_at_some_heads_only(branches: Project) -> None:
    upgrade(branches, "images1")
    upgrade(branches, "shop1")
    code, report = checked(branches)
    assert (code, report["checked"]["revisions"]) == (0, 3)
    refused = branches.alembic("upgrade", "images2")
    assert refused.returncode != 0
    assert "column-exists" in refused.stderr
    code, report = checked(branches, "--to", "shop@head")
    assert (code, report["checked"]["revisions"]) == (0, 1)
    upgrade(branches, "heads")


def test_a_merge_after_several_heads(branches: Project) -> None:
    script(branches, "shop/shop3", "shop2", 'op.create_table("late", sa.Column("id", sa.Integer))')
    script(branches, "images/merged", ("images3", "shop3"), 'op.drop_column("object_images", "additional_images")')
    code, report = checked(branches, "--offline", "--from", "images3")
    assert code == 1
    [violation] = report["violations"]
    assert (violation["column"], violation["location"]["revision"]) == ("additional_images", "merged")
    assert checked(branches, "--offline", "--to", "images3")[0] == 0
    snapshot = branches.cli("snapshot", "--offline", "--to", "images3")
    assert snapshot.returncode == 0, snapshot.stderr
    code, report = checked(branches, "--offline")
    assert (code, report["checked"]["revisions"]) == (1, 2), "shop3 and the merge are left"


def test_an_unknown_branch_is_an_error(branches: Project) -> None:
    done = branches.alembic("check-contracts", "--offline", "--to", "shops@head")
    assert done.returncode == 2
    assert "shops" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "heads",
    [
        "op.get_bind().scalars(sa.text('SELECT version_num FROM alembic_version')).all()",
        "op.get_context().get_current_heads()",
    ],
)
def test_scripts_see_the_heads_of_other_branches(branches: Project, heads: str) -> None:
    drop = f"if 'shop1' in {heads}:\n        op.drop_column('object_images', 'primary_image')"
    script(branches, "images/images2", "images1", drop)
    upgrade(branches, "images1")
    assert checked(branches, "--to", "images2")[0] == 0
    upgrade(branches, "shop1")
    code, report = checked(branches, "--to", "images2")
    assert (code, [each["rule"] for each in report["violations"]]) == (1, ["column-exists"])
    refused = branches.alembic("upgrade", "images2")
    assert refused.returncode != 0
    assert "Nothing was run" in refused.stderr

"""What the README shows is what the programs print, and its commands are the ones that exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_scenario import ADD_NORMALIZED, NORMALIZED, REPOSITORY, Museum

README = REPOSITORY / "README.md"
UPGRADE = """\
    op.alter_column("object_images", "primary_image", new_column_name="image")
    op.add_column("object_images", sa.Column("is_primary_image", sa.Boolean))
    op.drop_column("object_images", "additional_images")
"""


def shown(readme: str, command: str, occurrence: int = 0) -> list[str]:
    """Return what the README shows below a command, in parts: what it leaves out is marked ``[...]``."""
    blocks = "".join(re.findall(r"```console\n(.*?)```", readme, re.DOTALL))
    runs = [run for run in re.split(r"^\$ ", blocks, flags=re.MULTILINE) if run.startswith(f"{command}\n")]
    output = runs[occurrence].removeprefix(f"{command}\n")
    return [part.strip("\n") for part in output.split("[...]")]


def without_database_note(text: str) -> str:
    """Drop the note that the contract names another database: the test's has another name than the demo's."""
    return re.sub(r"\nnote: (?:.+\n)+\n?", "\n", text).replace("\n\n\n", "\n\n")


def assert_shown(parts: list[str], output: str) -> None:
    """Assert that the output has the parts in their order, from its first line to its last."""
    position = 0
    for part in parts:
        found = output.find(part, position)
        assert found >= 0, f"not in the output:\n{part}\n\nthe output:\n{output}"
        position = found + len(part)
    assert output.strip().startswith(parts[0].strip())
    assert output.strip().endswith(parts[-1].strip())


@pytest.fixture
def readme() -> str:
    return README.read_text(encoding="utf-8")


def test_the_tutorial_is_real(readme: str, tmp_path: Path, database: str) -> None:
    museum = Museum(tmp_path / "museum", database, {"COLUMNS": "96"})
    for folder in ("migrations", "contracts"):
        shutil.copytree(REPOSITORY / folder, museum.path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", museum.path)
    assert museum.alembic("upgrade", "head").returncode == 0
    head = museum.head()
    museum.alembic("revision", "-m", "normalise object_images", "--rev-id", "b9d4e1c07a52")
    [script] = (museum.path / "migrations/versions").glob("b9d4e1c07a52_*.py")
    script.write_text(script.read_text(encoding="utf-8").replace("    pass\n", UPGRADE, 1), encoding="utf-8")
    assert UPGRADE in readme

    refusal = museum.alembic("upgrade", "head").stderr
    refusal = without_database_note(refusal[refusal.index("Refused") :])
    assert_shown(shown(readme, "alembic upgrade head"), refusal)
    assert_shown(
        shown(readme, "alembic check-contracts --offline"), museum.alembic("check-contracts", "--offline").stdout
    )
    script.unlink()

    green = without_database_note("\n" + museum.alembic("check-contracts").stdout)
    assert_shown(shown(readme, "alembic check-contracts"), green)
    museum.write("contracts/object_images_normalized.json", NORMALIZED)
    missing = without_database_note(museum.alembic("check-contracts").stdout)
    assert_shown(shown(readme, "alembic check-contracts", 1), missing)
    museum.write("migrations/versions/c31f0a86d7e4_add.py", ADD_NORMALIZED.format(head=head))
    assert museum.alembic("upgrade", "head").returncode == 0
    done = without_database_note("\n" + museum.alembic("check-contracts").stdout)
    assert_shown(shown(readme, "alembic upgrade head && alembic check-contracts"), done)


def test_the_help_is_real(readme: str, project: Museum) -> None:
    environment = {**os.environ, "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "check-contracts", "--help"],
        capture_output=True, text=True, check=True, env=environment, cwd=project.path,
    )  # fmt: skip
    # How argparse lays out the usage differs from one Python to the next; what we say does not.
    for text in (done.stdout.split("options:")[0].split("\n\n", 1)[1], done.stdout.split("examples:")[1]):
        assert text.strip() in readme
    for option in re.findall(r"^  (--[\w-]+)", done.stdout, re.MULTILINE):
        assert f"\n  {option} " in readme


def test_the_two_commands_stand_at_the_top(readme: str) -> None:
    assert 'pip install -e ".[demo]" && alembic upgrade head && alembic check-contracts' in readme
    assert 'pip install -e ".[test]" && pytest' in readme
    assert readme.index("```console\n$ alembic upgrade head\n") < readme.index('".[demo]"') < readme.index('".[test]"')


def test_links_lead_somewhere(readme: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", readme):
        if not target.startswith("http"):
            assert (REPOSITORY / target).exists(), target

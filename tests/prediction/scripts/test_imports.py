"""Scripts are loaded before the first one runs, and what that does is none of the matter of those before them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alembic_contracts.prediction.containment.limits import Limits
from alembic_contracts.prediction.scripts.reasons import EXECUTES_AS_LOADED
from alembic_contracts.running.script_texts import scripts_are_read
from tests.support.scripts import TABLE, Scripts, columns, operations, reasons

READS = """
rows = op.get_bind().execute(sa.text("SELECT id, name FROM t")).fetchall()
"""
Written = Callable[[str], None]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    """Writes the module ``helper_of_scripts``."""
    folder = tmp_path / "importable"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)

    def write(text: str) -> None:
        (folder / "helper_of_scripts.py").write_text(text, encoding="utf-8")

    with scripts_are_read(run_them=True):  # as in a check: an upgrade has loaded them before
        yield write
    assert "helper_of_scripts" not in sys.modules


def importing(scripts: Scripts, name: str, body: str, statement: str = "import helper_of_scripts") -> None:
    """Add a revision whose module has a statement behind its other imports."""
    path = scripts.revision(name, body)
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("import sqlalchemy as sa", f"import sqlalchemy as sa\n{statement}", 1), encoding="utf-8"
    )


def test_it_is_loaded_once_for_all_worlds(scripts: Scripts, written: Written) -> None:
    written("import os\nHERE = os.getpid()")
    scripts.revision("one", READS)
    importing(scripts, "two", "op.execute(f'CREATE TABLE by_{helper_of_scripts.HERE} (id integer)')")
    found = scripts.predict("public.t", setup=TABLE, limits=Limits())
    assert len(found) == 2
    assert len({each.label for prediction in found for each in operations(prediction)}) == 1


@pytest.mark.parametrize("statement", ["import helper_of_scripts", "from helper_of_scripts import open as name"])
def test_what_it_does_to_others_is_said_at_the_line(statement: str, scripts: Scripts, written: Written) -> None:
    written("open('left-behind', 'w')")
    scripts.revision("one", "op.add_column('t', sa.Column('a', sa.Text))")
    importing(scripts, "two", "op.add_column('t', sa.Column('b', sa.Text))", statement)
    (prediction,) = scripts.predict("public.t", setup=TABLE, limits=Limits())
    assert not Path("left-behind").exists()
    assert columns(prediction, "public.t") == ["id", "name", "a"]
    assert {(each.location.revision, each.location.source) for each in prediction.unproven if each.location} == {
        ("two", statement)
    }


ENDS = {
    "raises": ("raise LookupError('here')", "raised LookupError under prediction: here"),
    "exits": ("raise SystemExit(3)", "SystemExit"),
    "ends the process": ("import os; os._exit(3)", "ended its process with exit code 3"),
    "does not come to an end": ("while True: pass", "did not come to an end within 0.5 s"),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_comes_before_is_predicted_all_the_same(end: str, scripts: Scripts, written: Written) -> None:
    text, reason = ENDS[end]
    written(text)
    scripts.revision("one", "op.add_column('t', sa.Column('a', sa.Text))")
    importing(scripts, "two", "pass")
    (prediction,) = scripts.predict("public.t", setup=TABLE, limits=Limits(seconds=0.5))
    assert columns(prediction, "public.t") == ["id", "name", "a"]
    assert [reason in each for each in reasons(prediction)] == [True], reasons(prediction)
    (found,) = prediction.unproven
    assert found.location is not None
    assert (found.location.revision, found.location.source) == ("two", "import helper_of_scripts")


STATEMENTS_BEFORE = {
    "a variable": (
        "import os\nNAME = os.environ['NAME_OF_COLUMN']",
        "import os\nos.environ['NAME_OF_COLUMN'] = 'mine'",
    ),
    "a place": ("NAME = 'others'", "import sys\nsys.path.insert(0, {folder!r})"),
    "a module": (
        "NAME = sys.modules['theirs'].NAME",
        "import sys, types\nsys.modules['theirs'] = types.SimpleNamespace(NAME='mine')",
    ),
}


@pytest.mark.parametrize("what", STATEMENTS_BEFORE)
def test_what_scripts_do_before_they_import(what: str, scripts: Scripts, written: Written, tmp_path: Path) -> None:
    """The first script's module may do so as well, for those of the others."""
    text, before = STATEMENTS_BEFORE[what]
    written(f"import sys\n{text}")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "helper_of_scripts.py").write_text("NAME = 'mine'")
    before = before.format(folder=str(tmp_path / "own"))
    importing(scripts, "one", "pass", before)
    importing(scripts, "two", "op.add_column('t', sa.Column(helper_of_scripts.NAME, sa.Text))")
    (prediction,) = scripts.predict("public.t", setup=TABLE, limits=Limits())
    assert reasons(prediction) == []
    assert columns(prediction, "public.t") == ["id", "name", "mine"]


def test_what_an_earlier_script_has_done_is_not_seen(scripts: Scripts, written: Written) -> None:
    """Nor what it imports sees it, be it loaded for the first time."""
    written("import os\nDROPS = 'DONE_BY_ONE' not in os.environ")
    scripts.revision("one", "import os\nos.environ['DONE_BY_ONE'] = 'yes'")
    importing(
        scripts,
        "two",
        "if DROPS:\n    op.drop_column('t', 'name')",
        "import os\nDROPS = 'DONE_BY_ONE' not in os.environ",
    )
    importing(scripts, "three", "if helper_of_scripts.DROPS:\n    op.add_column('t', sa.Column('a', sa.Text))")
    (prediction,) = scripts.predict("public.t", setup=TABLE, limits=Limits())
    assert reasons(prediction) == []
    assert columns(prediction, "public.t") == ["id", "a"]


def test_doubts_are_none_of_those_before(scripts: Scripts, written: Written) -> None:
    written("open('left-behind', 'w')")
    scripts.revision("one", "op.drop_column('t', 'nothing')")
    importing(scripts, "two", "pass")
    (prediction,) = scripts.predict("public.t", setup=TABLE, limits=Limits())
    refused, *_ = reasons(prediction)
    assert refused.startswith("PostgreSQL would refuse this migration")


@pytest.mark.parametrize(
    "statement",
    [
        "try:\n    import sqlalchemy\nexcept:\n    import helper_of_scripts",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import helper_of_scripts",
        "try:\n    import sqlalchemy\nexcept ImportError:\n    import helper_of_scripts",
        "if sa:\n    pass\nelse:\n    import helper_of_scripts",
        "for each in ():\n    import helper_of_scripts",
    ],
)
def test_what_it_would_not_import_is_not(statement: str, scripts: Scripts, written: Written) -> None:
    written("open('left-behind', 'w')")
    importing(scripts, "one", "op.add_column('t', sa.Column('a', sa.Text))", statement)
    (prediction,) = scripts.predict("public.t", setup=TABLE, limits=Limits())
    assert reasons(prediction) == []


def test_what_executes_sql_is_unproven(scripts: Scripts, written: Written) -> None:
    written("from alembic import op\nop.execute('ALTER TABLE t DROP COLUMN name')")
    scripts.revision("one", "op.add_column('t', sa.Column('a', sa.Text))")
    importing(scripts, "two", "pass")
    (prediction,) = scripts.predict("public.t", setup=TABLE, limits=Limits())
    (found,) = prediction.unproven
    assert found.reason == EXECUTES_AS_LOADED
    assert found.location is not None
    assert found.location.revision == "two"


def test_modules_of_the_scripts_own_folder(scripts: Scripts, written: Written) -> None:
    """What they keep does not leak from one prediction into the next."""
    written("STATE = []")
    scripts.revision("one", READS)
    importing(
        scripts,
        "two",
        "STATE.append('a')\nop.add_column('t', sa.Column('a' * len(STATE), sa.Text))",
        "from helper_of_scripts import STATE",
    )
    for _ in range(2):
        for prediction in scripts.predict("public.t", setup=TABLE, limits=Limits()):
            assert columns(prediction, "public.t") == ["id", "name", "a"]


@pytest.mark.parametrize("files", [("z_one", "a_two"), ("inside/a_one", "z_two"), ("b/one", "a/two"), ("one", "two")])
def test_they_are_loaded_in_the_order_of_their_files(
    files: tuple[str, str], scripts: Scripts, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = scripts.project.path / "pyproject.toml"
    toml.write_text(toml.read_text().replace("[tool.alembic]", "[tool.alembic]\nrecursive_version_locations = true"))
    monkeypatch.setenv("LOADED_LAST", "")
    versions = scripts.project.path / "migrations/versions"
    for name, file in zip(("one", "two"), files, strict=True):
        path = scripts.revision(
            name,
            f"op.add_column('t', sa.Column(os.environ['LOADED_LAST'] + '_{name}', sa.Text))",
            prelude=f"import os\nos.environ['LOADED_LAST'] = {name!r}",
        )
        (versions / file).parent.mkdir(exist_ok=True)
        path.rename(versions / f"{file}.py")
    done = scripts.project.run("-c", LOADS)
    assert done.returncode == 0, done.stderr
    last = done.stdout.strip()
    (prediction,) = scripts.predict("public.t", setup=TABLE, limits=Limits())
    assert columns(prediction, "public.t") == ["id", "name", f"{last}_one", f"{last}_two"]


LOADS = """
import os
from alembic import config, script
script.ScriptDirectory.from_config(config.Config(toml_file="pyproject.toml")).get_heads()
print(os.environ["LOADED_LAST"])
"""

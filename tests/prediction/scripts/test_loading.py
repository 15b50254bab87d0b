"""A script that is run once more finds itself as Alembic would have loaded it."""

from __future__ import annotations

import py_compile
from pathlib import Path
from types import ModuleType

import pytest
from alembic.util.pyfiles import load_python_file

from alembic_contracts.prediction.scripts.loading import defined_at, fresh_module
from alembic_contracts.prediction.scripts.outline import outline

SCRIPT = """\
import logging
revision = "r"
down_revision = None
ITSELF = (__name__, __file__, __package__, __loader__, __spec__, logging.getLogger(__name__).name)

def helper():
    pass

def upgrade():
    pass
"""


def seen(module: ModuleType) -> tuple[object, ...]:
    *names, loader, spec, logger = module.ITSELF
    found = (spec.name, spec.origin, spec.has_location, spec.parent, spec.cached)
    return *names, type(loader), loader.get_source(spec.name) if hasattr(loader, "path") else None, *found, logger


@pytest.mark.parametrize("name", ["r.py", "0a-b c.py"])
def test_a_script_sees_of_itself_what_alembic_shows_it(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(SCRIPT)
    assert seen(fresh_module(str(path))) == seen(load_python_file(tmp_path, name))


def test_a_script_without_source_is_loaded(tmp_path: Path) -> None:
    source = tmp_path / "r.py"
    source.write_text(SCRIPT)
    py_compile.compile(str(source), cfile=str(tmp_path / "r.pyc"), doraise=True)
    source.unlink()
    assert seen(fresh_module(str(tmp_path / "r.pyc"))) == seen(load_python_file(tmp_path, "r.pyc"))


def test_where_a_function_is_defined_is_known_before_the_script_runs(tmp_path: Path) -> None:
    path = tmp_path / "r.py"
    path.write_text(SCRIPT)
    known = outline(path, compiles=True)
    for module in (known, fresh_module(str(path))):
        assert defined_at("upgrade", module) == 9
        assert defined_at("downgrade", module) == 1
    assert defined_at("upgrade", outline(path)) == 1
    assert defined_at("upgrade", None) == 1

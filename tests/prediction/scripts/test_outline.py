"""What scripts state is read off without running them, and is what they say when they run."""

from __future__ import annotations

import importlib.util
import linecache
from pathlib import Path

import pytest

from alembic_contracts.prediction.scripts import outline as outlines
from alembic_contracts.prediction.scripts.outline import outline

NAMES = ("revision", "down_revision", "branch_labels", "depends_on", "__doc__")
FUNCTIONS = "\ndef upgrade():\n    pass\n\ndef downgrade():\n    pass\n"
PLAIN = {
    "plain": 'revision = "b"\ndown_revision = "a"\n',
    "docstring": '"""Add a column.\n\nMore."""\nrevision = "b"\ndown_revision = None\n',
    "annotated": 'from typing import Union\nrevision: str = "b"\ndown_revision: Union[str, None] = "a"\n',
    "tuples": 'revision = "b"\ndown_revision = ("a1", "a2")\ndepends_on = ("c",)\nbranch_labels = None\n',
    "imports": 'import os.path\nfrom os import sep as separator\nrevision = "b"\ndown_revision = "a"\n',
    "worked out beside": 'revision = "b"\ndown_revision = "a"\nTABLES = dict(a=len("b"))\n',
    "joined": 'revision = "b" "c"\ndown_revision = "a"\n',
    "twice": 'revision = "a"\nrevision = "b"\ndown_revision = "a"\n',
    "many constants": "N = ["
    + ", ".join(f"'{n}'.upper()" for n in range(600))
    + ']\nrevision = "b"\ndown_revision = "a"\n',
}
OTHERWISE = {
    "a list": 'revision = "b"\ndown_revision = "a"\ndepends_on = ["c", "d"]\n',
    "a branch": 'revision = "b"\nif len(revision) == 1:\n    down_revision = "a"\nelse:\n    down_revision = "z"\n',
    "a loop": 'revision = "b"\nfor down_revision in ("x", "a"):\n    pass\n',
    "a handler": 'try:\n    revision = "b"\nexcept ImportError:\n    revision = "z"\ndown_revision = "a"\n',
    "removed": 'revision = "z"\ndel revision\nrevision = "b"\ndown_revision = "a"\n',
    "unpacked": 'revision, down_revision = "b", "a"\n',
    "chained": 'revision = label = "b"\ndown_revision = "a"\n',
    "worked out": 'revision = "B".lower()\ndown_revision = "a"\n',
    "from a function": 'down_revision = "a"\ndef name():\n    global revision\n    revision = "b"\nname()\n',
    "in an expression": 'down_revision = "a"\nprint((revision := "b"), end="")\n',
    "with": 'import contextlib\nwith contextlib.suppress(KeyError):\n    revision = "b"\ndown_revision = "a"\n',
    "star": 'from string import *\nrevision = "b"\ndown_revision = "a"\n',
}


def run(path: Path) -> dict[str, object]:
    spec = importlib.util.spec_from_file_location("script", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: value for name, value in vars(module).items() if name in NAMES and value is not None}


def script(folder: Path, text: str) -> Path:
    path = folder / "b_script.py"
    path.write_text(text + FUNCTIONS)
    return path


@pytest.mark.parametrize("compiles", [True, False])
@pytest.mark.parametrize("text", [*PLAIN.values(), *OTHERWISE.values()], ids=[*PLAIN, *OTHERWISE])
def test_it_is_what_the_script_says_or_is_left_to_running_it(tmp_path: Path, text: str, *, compiles: bool) -> None:
    path = script(tmp_path, text)
    found = outline(path, compiles=compiles)
    if found is None:
        assert text in OTHERWISE.values()
        return
    stated = {name: value for name, value in vars(found).items() if name in NAMES and value is not None}
    assert stated == run(path)
    assert {"upgrade", "downgrade"} <= vars(found).keys()


@pytest.mark.parametrize("compiles", [True, False])
def test_functions_behind_what_raises_in_any_case(tmp_path: Path, *, compiles: bool) -> None:
    path = script(tmp_path, 'revision = "b"\ndown_revision = "a"\nraise RuntimeError("never again")\n')
    assert {"upgrade", "downgrade"} <= vars(outline(path, compiles=compiles)).keys(), "Python compiles none of them"


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN)
def test_a_plain_script_is_not_parsed(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: bytes, file: str) -> None:
        raise AssertionError((source, file))

    monkeypatch.setattr(outlines, "_parsed", refuse)
    found = outline(script(tmp_path, text), compiles=True)
    assert found is not None
    assert found.revision == run(script(tmp_path, text))["revision"]


def test_scripts_that_do_the_same_state_what_each_says(tmp_path: Path) -> None:
    for revision, down in (("b", "a"), ("c", "b"), ("d", "('b', 'c')")):
        path = tmp_path / f"{revision}_.py"
        path.write_text(f'revision = "{revision}"\ndown_revision = {down if "(" in down else repr(down)}\n{FUNCTIONS}')
        found = outline(path, compiles=True)
        assert found is not None
        assert {name: getattr(found, name) for name in ("revision", "down_revision")} == {
            name: value for name, value in run(path).items() if name != "__doc__"
        }


@pytest.mark.parametrize(
    "source",
    [
        b"revision, down_revision = 'a', None\nx = 1\n",
        b"revision = 'a'\r\ndown_revision = None\r\nx = 1",
        b"# coding: latin-1\nrevision = 'a'\ndown_revision = None\nx = '\xe4\x0c'\n",
        b"\xef\xbb\xbfrevision = 'a'\ndown_revision = None",
    ],
)
def test_the_lines_that_are_quoted_are_those_of_the_file(source: bytes, tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    script.write_bytes(source)
    outline(script)
    path = str(script)
    ours = linecache.cache.pop(path)
    assert linecache.getlines(path)
    assert linecache.cache[path][1:] == ours[1:]  # the same lines, and good until the file is written again
    script.write_bytes(b"revision = 'b'\ndown_revision = None\n")
    outline(script)
    assert linecache.getline(path, 1) == "revision = 'b'\n"

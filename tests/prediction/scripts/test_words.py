"""What a script imports, by its code: as Python's own ``dis`` has it."""

from __future__ import annotations

import dis
import importlib.util
import os
import py_compile
from pathlib import Path

import pytest

from alembic_contracts.prediction.scripts.words import words_of


def _imported(text: str, path: Path) -> frozenset[str]:
    return frozenset(
        step.argval.split(".")[0]
        for line in [compile(text, path, "exec")]
        for step in dis.get_instructions(line)
        if step.opname == "IMPORT_NAME"
    )


def test_imports_are_what_dis_says(tmp_path: Path) -> None:
    """Also of names so far on that their number takes more than a byte, and more than two."""
    for count in (1, 254, 255, 256, 257, 300, 70_000):
        text = (
            "".join(f"name_{number}\n" for number in range(count)) + "import first.second\nfrom third import fourth\n"
        )
        script = tmp_path / f"script_{count}.py"
        script.write_text(text)
        words = words_of(str(script))
        assert words is not None
        assert words.modules == _imported(text, script) == {"first", "third"}


def test_of_pythons_own_modules(tmp_path: Path) -> None:
    checked = 0
    for file in sorted(Path(dis.__file__).parent.glob("*.py")):
        script = tmp_path / file.name
        script.write_bytes(file.read_bytes())
        text = file.read_text(encoding="utf-8", errors="replace")
        words = words_of(str(script))
        assert words is not None
        assert words.modules >= _imported(text, script), file
        checked += len(words.modules)
    assert checked > 500


BEFORE = "import first\n\ndef upgrade():\n    return 'one'\n"
AFTER = BEFORE.replace("first", "other").replace("one", "two")


def _loaded(script: Path) -> object:
    """What Python runs of a script, as Alembic loads it."""
    spec = importlib.util.spec_from_file_location("script", script)
    assert spec is not None
    assert spec.loader is not None
    return spec.loader.get_code("script")  # type: ignore[attr-defined] # that of a file has it


@pytest.mark.parametrize("kept", ["nothing", "date and size", "another date", "another size", "a hash", "a false hash"])
@pytest.mark.parametrize("moved", [False, True])
def test_code_is_what_python_runs(kept: str, moved: bool, tmp_path: Path) -> None:
    """Be it from what Python has written down of it, in whatever way that is told to be of the source, or anew."""
    script = tmp_path / "script.py"
    script.write_text(BEFORE)
    modes = py_compile.PycInvalidationMode
    mode = {"a hash": modes.CHECKED_HASH, "a false hash": modes.UNCHECKED_HASH}.get(kept, modes.TIMESTAMP)
    if kept != "nothing":
        py_compile.compile(str(script), invalidation_mode=mode)
    state = script.stat()
    script.write_text(AFTER + ("\n" if kept == "another size" else ""))
    later = state.st_mtime_ns + (2 * 10**9 if kept == "another date" else 0)
    os.utime(script, ns=(later, later))  # where Python cannot tell, it runs what was there before
    if moved:
        script = (tmp_path / "elsewhere").absolute() / script.name
        tmp_path.joinpath("__pycache__").mkdir(exist_ok=True)
        script.parent.mkdir()
        tmp_path.joinpath("__pycache__").rename(script.parent / "__pycache__")
        tmp_path.joinpath("script.py").rename(script)
    words = words_of(str(script))
    expected = _loaded(script)
    assert words is not None
    assert words.code == expected
    assert words.code.co_filename == str(script) == words.code.co_consts[2].co_filename
    assert words.modules == {"first" if kept in {"date and size", "a false hash"} else "other"}
    assert words.may_name([b"first", b"other"])
    assert not words.may_name([b"third"])

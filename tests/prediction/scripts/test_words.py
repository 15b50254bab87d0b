"""What a script imports, by its code: as Python's own ``dis`` has it."""

from __future__ import annotations

import dis
from pathlib import Path

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

"""The line that running code is at is Python's own answer, in functions of any length."""

from __future__ import annotations

import sys
from types import FrameType

import pytest

from alembic_contracts.support.greenlets import line_of


@pytest.mark.parametrize("statements", [3, 3_000])
def test_each_line_is_pythons_own(statements: int) -> None:
    lines: list[tuple[int, int]] = []

    def seen() -> None:
        frame: FrameType = sys._getframe(1)
        lines.append((line_of(frame), frame.f_lineno))

    called = ["    seen()\n", "    seen(\n    )\n", "    for _ in range(2): seen()\n", "\n    [seen() for _ in 'ab']\n"]
    text = "".join(called[number % len(called)] for number in range(statements))
    names = {"seen": seen}
    exec(f"def run():\n{text}", names)
    names["run"]()
    assert len(lines) >= statements
    assert all(ours == theirs for ours, theirs in lines)


def test_two_long_functions_in_turn() -> None:
    lines: list[tuple[int, int]] = []

    def seen() -> None:
        frame: FrameType = sys._getframe(1)
        lines.append((line_of(frame), frame.f_lineno))

    names = {"seen": seen}
    for name, blank in (("one", ""), ("other", "\n")):
        text = f"    seen(); yield\n{blank}" * 1_500
        exec(f"def {name}():\n{text}", names)
    for _ in zip(names["one"](), names["other"](), strict=True):  # type: ignore[call-arg] # generators, by now
        pass
    assert len(lines) == 3_000
    assert all(ours == theirs for ours, theirs in lines)

"""The code of a script's module in, the modules loaded that it imports first of all; nothing else of it is run."""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from types import CodeType

from alembic_contracts.prediction.scripts.words import imported

__all__ = ["are_missing", "load"]


def are_missing(code: CodeType) -> bool:
    """Whether a module imports what is not loaded."""
    return any(name not in sys.modules for name in imported(code))


def load(code: CodeType) -> None:
    """Import what a module does whatever the case may be, at the lines where it does so.

    Raises:
        BaseException: of any kind, as what is imported does.
    """
    for line, statement in _statements(code):
        exec(compile("\n" * (line - 1) + statement, code.co_filename, "exec"), {})  # noqa: S102 - what it says itself


def _statements(code: CodeType) -> Iterator[tuple[int, str]]:
    """Yield the lines and texts of imports, up to where the code may go on in one way or another."""
    values: list[object] = [None, None]
    for step in dis.get_instructions(code):
        if step.opcode in _JUMPS:
            return
        if step.opname == "IMPORT_NAME":
            level, names = values[-2:]
            line = None if step.positions is None else step.positions.lineno
            if level == 0 and line is not None:
                yield (
                    line,
                    f"from {step.argval} import {', '.join(names)}"
                    if isinstance(names, tuple)
                    else f"import {step.argval}",
                )
        values.append(step.argval)


_JUMPS = frozenset({*dis.hasjrel, *dis.hasjabs})

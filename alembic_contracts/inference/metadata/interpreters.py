"""A module of ours and a question in, its answer out: it runs in an interpreter of its own, which has loaded nothing.

The module has a ``Question`` and a function ``answer`` for it. What that prints reaches nobody.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from alembic_contracts.errors import CannotCheck

__all__ = ["answer", "ask"]

Answer = TypeVar("Answer")

_OURS = str(Path(__file__).resolve().parents[3])
"""Where this package is, should nobody have installed it."""
_MORE = 60.0
"""Seconds that it may take beside the work that the limit is for."""


class _Said(Struct):
    """What comes back: an answer, or why there is none."""

    value: msgspec.Raw = msgspec.Raw(b"null")
    error: str | None = None


def ask(module: str, question: Struct, expected: type[Answer], *, folder: Path, seconds: float) -> Answer:
    """Return what a module answers.

    Args:
        module: its full name.
        question: one of its own.
        expected: what it returns.
        folder: the working directory.
        seconds: that it may take for the work.

    Raises:
        CannotCheck: it has no answer; the message says why.
    """
    code = f"import sys; sys.path.append({_OURS!r}); from {__name__} import answer; answer({module!r})"
    try:
        done = subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-P", "-c", code],
            input=msgspec.json.encode(question),
            capture_output=True,
            cwd=folder,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            timeout=seconds + _MORE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CannotCheck(f"it did not come to an end within {seconds:g} s") from None
    try:
        said = msgspec.json.decode(done.stdout, type=_Said)
    except msgspec.DecodeError:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise CannotCheck(f"its process ended with exit code {done.returncode}: {last or 'nothing was said'}") from None
    if said.error is not None:
        raise CannotCheck(str(said.error))
    return msgspec.json.decode(said.value, type=expected)


def answer(module: str) -> None:
    """Answer the question on standard input on standard output, in the process that was started for it."""
    output = os.dup(1)
    os.dup2(2, 1)
    asked = import_module(module)
    question = msgspec.json.decode(sys.stdin.buffer.read(), type=asked.Question)
    try:
        said = _Said(value=msgspec.Raw(msgspec.json.encode(asked.answer(question))))
    except CannotCheck as error:
        said = _Said(error=str(error))
    with os.fdopen(output, "wb") as stream:
        stream.write(msgspec.json.encode(said))

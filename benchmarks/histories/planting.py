"""Puts lines into a copy of a version script."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Copy", "plant"]


@dataclass(frozen=True, slots=True)
class Copy:
    """A history's version folders copied next to the originals, so that paths relative to the scripts stay right."""

    folders: tuple[Path, ...]
    originals: tuple[Path, ...]

    @classmethod
    def make(cls, originals: Sequence[str], mark: str) -> Copy:
        """Copy the folders, over what an earlier run left there."""
        sources = tuple(Path(folder) for folder in originals)
        copies = tuple(source.with_name(f"{source.name}_{mark}") for source in sources)
        for source, copy in zip(sources, copies, strict=True):
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        return cls(copies, sources)

    def path(self, original: str) -> Path:
        """Return where the copy of a script is."""
        pairs = zip(self.originals, self.folders, strict=True)
        return next(
            copy / Path(original).relative_to(source) for source, copy in pairs if source in Path(original).parents
        )

    def remove(self) -> None:
        """Remove the copies."""
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)


def plant(script: Path, body: Sequence[str], module: Sequence[str], *, at_start: bool) -> frozenset[int] | None:
    """Put lines into ``upgrade``, at its start or end, and others at the end of the module.

    Returns:
        the numbers of the lines that are new; None where the script has no place for them.
    """
    text = script.read_text(encoding="utf-8")
    lines = text.splitlines()
    function = next((n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef) and n.name == "upgrade"), None)
    if function is None or function.body[0].lineno == function.lineno:
        return None
    after, indent = _position(function, at_start=at_start), " " * function.body[0].col_offset
    new = [f"{indent}{line}" for line in body]
    before_module = [*lines[:after], *new, *lines[after:]]
    script.write_text("\n".join([*before_module, *module]) + "\n", encoding="utf-8")
    first_of_module = len(before_module) + 1
    return frozenset([*range(after + 1, after + 1 + len(new)), *range(first_of_module, first_of_module + len(module))])


def _position(function: ast.FunctionDef, *, at_start: bool) -> int:
    """Return the number of the line after which to put something."""
    body = list(function.body)
    documented = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    if at_start and not documented:
        return body[0].lineno - 1
    if at_start:
        return body[0].end_lineno or body[0].lineno
    last = body[-1]
    return last.lineno - 1 if isinstance(last, ast.Return) and len(body) > 1 else last.end_lineno or last.lineno

"""The lines that a script is at in, whether it is in a loop that may go on for as long as there are rows out."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import get_args

from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.scripts.syntax import tree_of

__all__ = ["may_wait_for_rows"]

_WHOLE_FILE = ((0, sys.maxsize),)
_Loop = ast.While | ast.For | ast.AsyncFor | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_LOOPS = get_args(_Loop)
_ENDLESS = frozenset({"iter", "count", "cycle", "repeat"})
"""Iterators that may never end: ``iter(function, sentinel)``, and those of itertools."""
_MAY_BE_ENDLESS = pattern(rf"\b(?:while|yield|(?:{'|'.join(sorted(_ENDLESS))})\s*\()")
"""What stands in each script with such a loop; most have none, and are not read as Python."""


def may_wait_for_rows(lines: Sequence[tuple[str, int]], path: str) -> bool:
    """Return whether a loop around may end only when a query finds no rows any more.

    Args:
        lines: the functions of the script that are running, outermost first, and the line in each.
        path: the script's.
    """
    functions = [name for name, _ in lines]
    if len(set(functions)) < len(functions):
        return True  # it calls itself
    try:
        loops = _loops(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        loops = _WHOLE_FILE
    return any(first <= line <= last for first, last in loops for _, line in lines)


@lru_cache(maxsize=16)
def _loops(text: str) -> tuple[tuple[int, int], ...]:
    """Return the first and the last line of each such loop of a script."""
    if not _MAY_BE_ENDLESS.search(text):
        return ()
    try:
        nodes = list(ast.walk(tree_of(text)))
    except (SyntaxError, ValueError):
        return _WHOLE_FILE
    functions = (each for each in nodes if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)))
    own = {each.name for each in functions if any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in ast.walk(each))}
    loops = (node for node in nodes if isinstance(node, _LOOPS) and _is_endless(node, own | _ENDLESS))
    return tuple((node.lineno, node.end_lineno or sys.maxsize) for node in loops)


def _is_endless(loop: _Loop, names: set[str]) -> bool:
    if isinstance(loop, ast.While):
        return True
    if isinstance(loop, (ast.For, ast.AsyncFor)):
        return _calls(loop.iter, names)
    return any(_calls(each.iter, names) for each in loop.generators)


def _calls(iterated: ast.expr, names: set[str]) -> bool:
    """Whether what a loop goes through comes from one of these functions, which may be generators without end."""
    called = [node.func for node in ast.walk(iterated) if isinstance(node, ast.Call)]
    return any(
        (isinstance(each, ast.Name) and each.id in names)
        or (isinstance(each, ast.Attribute) and each.attr in names and ast.unparse(each.value) in {"itertools", "self"})
        for each in called
    )

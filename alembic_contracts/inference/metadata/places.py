"""A class or a table in, the file and line that one of its columns is written on out, from the text alone."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from alembic_contracts.support.paths import shown

__all__ = ["file_name", "line_of_argument", "line_of_attribute", "line_of_class"]

At = tuple[str, int]


def line_of_class(class_: type) -> At | None:
    """Return where a class is written."""
    found = _definition(class_)
    return None if found is None else (found[0], found[1].lineno)


def line_of_attribute(class_: type, attribute: str) -> At | None:
    """Return where a class, or the nearest one that it inherits from, is given an attribute."""
    for each in class_.__mro__:
        found = _definition(each)
        if found is None:
            continue
        for statement in found[1].body:
            if attribute in _names(statement):
                return found[0], statement.lineno
    return None


def line_of_argument(file: str, line: int, name: str) -> At | None:
    """Return where ``Column("name", ...)`` is written in the statement that begins on a line or goes across it."""
    calls = [
        node
        for node in ast.walk(_parsed(file))
        if isinstance(node, ast.Call | ast.ClassDef) and node.lineno <= line <= (node.end_lineno or line)
    ]
    for call in sorted(calls, key=lambda node: (node.end_lineno or 0) - node.lineno):
        for node in ast.walk(call):
            if isinstance(node, ast.Call) and node.args and node is not call and _is_text(node.args[0], name):
                return file, node.lineno
    return None


def file_name(file: str) -> str:
    """Return how people know a file: by its path from here, or outside of it from where Python found it."""
    path = os.path.realpath(file)
    here = os.path.realpath(Path.cwd())
    if not path.startswith(here + os.sep):
        roots = [root for root in map(os.path.realpath, filter(None, sys.path)) if path.startswith(root + os.sep)]
        inside = [root for root in roots if "site-packages" in root or not os.path.exists(os.path.join(root, ".git"))]  # noqa: PTH110, PTH118
        if inside and not here.startswith(max(inside, key=len)):
            return Path(os.path.relpath(path, max(inside, key=len))).as_posix()
    return shown(path)


def _is_text(node: ast.expr, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


def _names(statement: ast.stmt) -> Iterator[str]:
    """Yield the attributes that a statement of a class sets."""
    if isinstance(statement, ast.FunctionDef):
        yield statement.name
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    for target in targets:
        if isinstance(target, ast.Name):
            yield target.id


def _definition(class_: type) -> tuple[str, ast.ClassDef] | None:
    module = sys.modules.get(class_.__module__)
    file = getattr(module, "__file__", None)
    if not isinstance(file, str):
        return None
    found = _classes(file).get(class_.__qualname__.replace("<locals>.", ""))
    return None if found is None else (file, found)


@cache
def _classes(file: str) -> dict[str, ast.ClassDef]:
    """Return the classes of a file by their qualified names."""
    found: dict[str, ast.ClassDef] = {}

    def look(node: ast.AST, above: str) -> None:
        for child in ast.iter_child_nodes(node):
            within = above
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                within = f"{above}{child.name}."
            if isinstance(child, ast.ClassDef):
                found[above + child.name] = child
            look(child, within)

    look(_parsed(file), "")
    return found


@cache
def _parsed(file: str) -> ast.Module:
    try:
        return ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ast.Module([], [])

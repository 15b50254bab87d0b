"""The text of a version script in, what Alembic wants to know of it out; nothing of it runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from alembic_contracts.support.garbage import uncollected

__all__ = ["bound", "outline", "parsed"]

_VALUES = frozenset({"revision", "down_revision", "branch_labels", "depends_on"})
_FUNCTIONS = frozenset({"upgrade", "downgrade"})


@uncollected()
def outline(path: Path) -> ModuleType | None:
    """Return a module with a script's docstring, revisions and functions that do nothing.

    Returns:
        None where these are not written down as they are, so that only running the script would tell.

    Raises:
        SyntaxError: it is no Python.
    """
    file = str(path)
    with open(file, "rb") as opened:  # noqa: PTH123 - for each revision
        source = opened.read()
    tree, may_declare = _parsed(source, file), b"global" in source
    module = ModuleType(path.stem, ast.get_docstring(tree, clean=False))
    module.__file__ = file
    for statement in tree.body:
        for name, value in bound(statement, may_declare=may_declare):
            if name == "*" or (name in _VALUES and value is None):
                return None
            if name in _FUNCTIONS:
                setattr(module, name, _nothing)
            elif name in _VALUES and value is not None:
                try:
                    setattr(module, name, ast.literal_eval(value))
                except ValueError:
                    return None
    return module if hasattr(module, "revision") and hasattr(module, "down_revision") else None


def parsed(path: Path) -> ast.Module:
    """Return a script's syntax tree.

    Raises:
        SyntaxError: it is no Python.
    """
    return _parsed(path.read_bytes(), str(path))


def _parsed(source: bytes, file: str) -> ast.Module:
    try:
        return ast.parse(source, file)
    except ValueError as error:  # a null byte
        raise SyntaxError(str(error)) from None


def _nothing(**_: Any) -> None:
    """Stand in for a function that is not to be called."""


def bound(statement: ast.stmt, *, may_declare: bool = True) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield names that a statement of a module binds, with the value where that is written beside it.

    Args:
        statement: one at the outermost level.
        may_declare: whether it is possible that ``global`` stands in it; to look takes long.
    """
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=value):
            if value is not None:
                yield name, value
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name, None
            if may_declare:
                yield from _declared_global(statement)
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from ((alias.asname or alias.name.split(".")[0], None) for alias in names)
        case _:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                    yield node.id, None
                elif isinstance(node, ast.stmt) and node is not statement:
                    yield from bound(node, may_declare=may_declare)


def _declared_global(statement: ast.stmt) -> Iterator[tuple[str, None]]:
    return ((name, None) for node in ast.walk(statement) if isinstance(node, ast.Global) for name in node.names)

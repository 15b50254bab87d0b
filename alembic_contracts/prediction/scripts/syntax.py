"""A piece of a version script's syntax in, what it stands for out: a text, an import, the name at its root."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

__all__ = ["imports_of", "is_func", "is_of_connection", "is_within", "lets_pass", "root_of", "tells", "text_of"]

_FIELD = re.compile(r"%[sdr]|\{[^{}]*\}")


def text_of(node: ast.expr) -> str | None:
    """Return a text with a name in the place of each value that is filled in, None where it is none."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(str(each.value) if isinstance(each, ast.Constant) else "x" for each in values)
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mod()):
            return _FIELD.sub("x", text)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format")):
            return _FIELD.sub("x", text)
    return None


def is_func(node: ast.expr) -> bool:
    """Whether calls of its attributes are SQL functions: ``func``, ``sa.func``."""
    return (isinstance(node, ast.Name) and node.id == "func") or (
        isinstance(node, ast.Attribute) and node.attr == "func"
    )


def is_of_connection(node: ast.expr) -> bool:
    """Return whether an expression is ``op.get_bind()``, or what its methods return."""
    return any(isinstance(each, ast.Attribute) and each.attr == "get_bind" for each in ast.walk(node))


def imports_of(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield names that stand for something imported, and for what."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.split(".")[0], alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, f"{'.' * node.level}{node.module or ''}.{alias.name}"


def root_of(node: ast.expr) -> tuple[str] | None:
    """Return the name at the beginning of ``name.field(...)[...].field``."""
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            return None
    return (node.id,)


def is_within(line: int, body: Sequence[ast.stmt]) -> bool:
    """Return whether a line is one of some statements'."""
    return body[0].lineno <= line <= (body[-1].end_lineno or 0)


def lets_pass(node: ast.Try | ast.With) -> bool:
    """Return whether the script goes on after an error in it."""
    if isinstance(node, ast.Try):
        return any(not isinstance(handler.body[-1], ast.Raise) for handler in node.handlers)
    calls = (item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call))
    return any("suppress" in ast.unparse(call.func) for call in calls)


def tells(function: ast.AST, node: ast.Try | ast.With) -> bool:
    """Whether what follows in a function can go by how far a part of it came: by what is set there, or by a jump."""
    names = {each.id: each for each in ast.walk(function) if isinstance(each, ast.Name)}
    own = {name for name in names if any(_is_set(each, name) for each in ast.walk(function))}
    touched = set[str]()
    for each in ast.walk(node):
        if isinstance(each, ast.Break | ast.Continue):
            return True
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            touched.add(each.id)
        elif isinstance(each, ast.Attribute | ast.Subscript) and isinstance(each.value, ast.Name):
            touched |= {each.value.id} & own
    return any(
        isinstance(each, ast.Name)
        and each.id in touched
        and isinstance(each.ctx, ast.Load)
        and not node.lineno <= each.lineno <= (node.end_lineno or node.lineno)
        and _decides(function, each)
        for each in ast.walk(function)
    )


def _is_set(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)


def _decides(function: ast.AST, name: ast.Name) -> bool:
    """Whether a name stands in a condition."""
    tests = (
        each.test if isinstance(each, ast.If | ast.While | ast.IfExp | ast.Assert) else each.iter
        for each in ast.walk(function)
        if isinstance(each, ast.If | ast.While | ast.IfExp | ast.Assert | ast.For)
    )
    return any(name is part for test in tests for part in ast.walk(test))

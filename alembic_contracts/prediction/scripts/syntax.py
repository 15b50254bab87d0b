"""A piece of a version script's syntax in, what it stands for out: a text, an import, the name at its root."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache

from alembic_contracts.patterns import pattern

__all__ = [
    "OTHER_ERRORS",
    "catching",
    "dotted",
    "functions_of",
    "has_return",
    "imports_of",
    "is_func",
    "is_of_connection",
    "is_single",
    "paths_of",
    "root_of",
    "running",
    "tells",
    "text_of",
    "tree_of",
]

_FIELD = pattern(r"%[sdr]|\{[^{}]*\}")


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
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = text_of(left), text_of(right)
            return None if first is None else first + ("x" if second is None else second)
    return None


def is_func(node: ast.expr) -> bool:
    """Whether calls of its attributes are SQL functions: ``func``, ``sa.func``."""
    return (isinstance(node, ast.Name) and node.id == "func") or (
        isinstance(node, ast.Attribute) and node.attr == "func"
    )


def is_of_connection(node: ast.expr) -> bool:
    """Return whether an expression is ``op.get_bind()``, or what its methods return."""
    return any(isinstance(each, ast.Attribute) and each.attr == "get_bind" for each in ast.walk(node))


def imports_of(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, str]]:
    """Yield names that stand for something imported by one of these, and for what."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.split(".")[0], alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, f"{'.' * node.level}{node.module or ''}.{alias.name}"


def paths_of(nodes: Iterable[ast.AST]) -> dict[str, set[str]]:
    """Return what names that are imported stand for, by dotted names: several, where a script has a choice."""
    found: dict[str, set[str]] = {}
    for node in nodes:
        for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
            if isinstance(node, ast.ImportFrom):
                path = f"{'.' * node.level}{node.module or ''}.{alias.name}"
            else:
                path = alias.name if alias.asname else alias.name.split(".")[0]
            name = alias.asname or alias.name.split(".")[0]
            found.setdefault(name, set()).add(path)
    return found


@lru_cache(maxsize=4)  # of the script that runs, which is asked about again and again
def tree_of(text: str) -> ast.Module:
    """Return the syntax tree of a script, which is shared: it must not be changed.

    Raises:
        SyntaxError: it is no Python.
        ValueError: as well.
        RecursionError: it is nested too deep.
    """
    return ast.parse(text)


def functions_of(tree: ast.AST, around: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield functions that are no methods, each with the name of the function that it is defined in ("": none)."""
    for each in ast.iter_child_nodes(tree):
        if isinstance(each, ast.expr):
            continue  # no function of a name is in one
        if isinstance(each, ast.FunctionDef):
            yield around, each
            yield from functions_of(each, each.name)
        elif not isinstance(each, ast.ClassDef):
            yield from functions_of(each, around)


def running(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs where a piece of syntax does; the bodies of functions run where these are called."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        yield each
        if isinstance(each, ast.FunctionDef):
            waiting += [*each.decorator_list, *each.args.defaults, *filter(None, each.args.kw_defaults)]
        else:
            waiting += ast.iter_child_nodes(each)


def has_return(node: ast.AST) -> bool:
    """Return whether a function may end with a statement."""
    return any(isinstance(each, ast.Return) for each in running(node))


def dotted(node: ast.expr) -> list[str] | None:
    """Return the names of ``a.b.c``, None for anything else."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else None


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


OTHER_ERRORS = frozenset({
    "AssertionError", "AttributeError", "FileNotFoundError", "ImportError", "IndexError", "KeyError", "LookupError",
    "ModuleNotFoundError", "NameError", "NotImplementedError", "TypeError", "UnboundLocalError", "ValueError",
})  # fmt: skip
"""Of Python's own, those that no driver raises where a statement fails, nor is any of its errors one of them."""


Catching = ast.Try | ast.TryStar | ast.With
"""What can let an error pass."""


def lets_pass(node: Catching, others: Collection[str]) -> bool:
    """Return whether the script goes on after an error of the database in it.

    ``others``: the names of errors that are none.
    """
    if isinstance(node, ast.Try | ast.TryStar):
        if any(isinstance(each, _LEAVES) for part in node.finalbody for each in ast.walk(part)):
            return True  # whatever was raised is forgotten then
        handlers = (handler for handler in node.handlers if not _is_of(handler.type, others))
        return any(not isinstance(handler.body[-1], ast.Raise) for handler in handlers)
    calls = (item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call))
    return any("suppress" in ast.unparse(call.func) for call in calls)


_LEAVES = (ast.Return, ast.Break, ast.Continue)
"""What leaves a ``finally`` before its end."""


def _is_of(caught: ast.expr | None, names: Collection[str]) -> bool:
    """Whether a handler is for errors of these names alone."""
    each = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return all(isinstance(one, ast.Name) and one.id in names for one in each)


def catching(function: ast.AST, line: int, others: Collection[str]) -> list[Catching]:
    """Return what lets an error of the database at a line of a function pass; ``others``: as above."""
    found = (each for each in ast.walk(function) if isinstance(each, Catching))
    return [each for each in found if is_within(line, each.body) and lets_pass(each, others)]


def is_single(body: Sequence[ast.stmt]) -> bool:
    """Whether a body is one call, savepoints around it not counted."""
    while len(body) == 1 and isinstance(body[0], ast.With):
        body = body[0].body
    return len(body) == 1 and isinstance(body[0], ast.Expr)


_CHANGES = frozenset({"add", "append", "clear", "discard", "extend", "insert", "pop", "remove", "setdefault", "update"})
"""Methods of Python's collections."""


def tells(function: ast.AST, node: Catching) -> bool:
    """Whether the rest of a function can go by how far a part of it came: by what is set there, or by a jump."""
    inside = list(ast.walk(node))
    changed = {name for each in inside for name in _changed(each)}
    if any(isinstance(each, ast.Break | ast.Continue) for each in inside):
        return True
    within = set(map(id, inside))
    loaded = (each for each in ast.walk(function) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load))
    return any(each.id in changed and id(each) not in within for each in loaded)


def _changed(node: ast.AST) -> Iterator[str]:
    """Yield the name that is set by a piece of syntax, or whose collection is changed."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
            yield name
        case ast.Attribute(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
            yield name
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in _CHANGES:
            yield name

"""The text of a version script in, what Alembic wants to know of it out; nothing of it runs."""

from __future__ import annotations

import ast
import dis
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.machinery import SourceFileLoader
from itertools import pairwise
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from alembic_contracts.support.garbage import uncollected

__all__ = ["Outline", "bound", "outline", "parsed"]

_VALUES = frozenset({"revision", "down_revision", "branch_labels", "depends_on"})
_FUNCTIONS = frozenset({"upgrade", "downgrade"})


class Outline(ModuleType):
    """A module with a script's docstring, revisions and functions that do nothing."""

    code: CodeType | None = None
    """What the script would run, where it was compiled."""


@uncollected()
def outline(path: Path, *, compiles: bool = False) -> Outline | None:
    """Return what is written down in a script.

    Args:
        path: the script.
        compiles: whether to compile it as well, or to take it from Python's own cache.

    Returns:
        None where that is not written down as it is, so that only running the script would tell.

    Raises:
        SyntaxError: it is no Python.
    """
    file = str(path)
    with open(file, "rb") as opened:  # noqa: PTH123 - for each revision
        source = opened.read()
    code = _compiled(file) if compiles else None
    stated = _stated(source, file) if code is None else _stated_in(code, source)
    if stated is None or not {"revision", "down_revision"} <= stated.keys():
        return None
    module = Outline(path.stem)
    module.__file__, module.code = file, code
    vars(module).update(stated)
    return module


def _stated(source: bytes, file: str) -> dict[str, Any] | None:
    """Return what a script's text says, name by name; None where it takes more than reading."""
    tree, may_declare = _parsed(source, file), b"global" in source
    described = ast.get_docstring(tree, clean=False)
    found: dict[str, Any] = {} if described is None else {"__doc__": described}
    for statement in tree.body:
        for name, value in bound(statement, may_declare=may_declare):
            if name == "*" or (name in _VALUES and value is None):
                return None
            if name in _FUNCTIONS:
                found[name] = _nothing
            elif name in _VALUES and value is not None:
                try:
                    found[name] = ast.literal_eval(value)
                except ValueError:
                    return None
    return found


def _compiled(file: str) -> CodeType | None:
    try:
        return SourceFileLoader(file, file).get_code(file)
    except ValueError as error:  # a null byte
        raise SyntaxError(str(error)) from None


_places: dict[tuple[bytes, tuple[str, ...]], Mapping[str, int | None]] = {}
"""Where the code of modules has what they state among its constants, None: for a function; by their instructions.

The scripts of a project are alike: they do the same to other constants, and one of them need be parsed.
"""


def _stated_in(code: CodeType, source: bytes) -> dict[str, Any] | None:
    """Return the same as ``_stated()``, of a script that was compiled."""
    if b"global" in source or b":=" in source:  # what is inside of functions can bind the names as well
        return _stated(source, code.co_filename)
    alike = code.co_code, code.co_names
    places = _places.get(alike)
    if places is not None:
        return {name: _nothing if at is None else code.co_consts[at] for name, at in places.items()}
    stated = _stated(source, code.co_filename)
    places = None if stated is None else _found(stated, code)
    if places is not None:
        _places[alike] = places
    return stated


def _found(stated: Mapping[str, Any], code: CodeType) -> Mapping[str, int | None] | None:
    """Return where code has among its constants what it states; None where it works any of it out."""
    instructions = [step for step in dis.get_instructions(code) if step.opname != "EXTENDED_ARG"]
    stored = Counter(step.argval for step in instructions if step.opname == "STORE_NAME")
    constants = {
        then.argval: step.arg
        for step, then in pairwise(instructions)
        if step.opname == "LOAD_CONST" and then.opname == "STORE_NAME" and stored[then.argval] == 1
    }
    places: dict[str, int | None] = {}
    for name, value in stated.items():
        place = constants.get(name)
        if value is not _nothing and (place is None or code.co_consts[place] != value):
            return None
        places[name] = None if value is _nothing else place
    return places


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

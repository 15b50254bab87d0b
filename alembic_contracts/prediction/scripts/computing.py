"""An imported function in, whether it does nothing but compute something from its arguments out.

Scripts import helpers of their application and of libraries. Of one that is written in Python and is loaded already the
source is read, and of those that it calls. All that is not listed here may do anything: it is not followed.
"""

from __future__ import annotations

import ast
import builtins
import datetime as dt
import decimal
import re
import sys
import uuid
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType

from alembic_contracts.prediction.scripts.data_calls import (
    BUILTINS,
    CALLERS,
    MUTATORS,
    SAFE_MODULES,
    VALUE_METHODS,
    is_library_path,
)
from alembic_contracts.prediction.scripts.syntax import dotted

__all__ = ["may_act", "only_computes"]

_MOST = 40
"""Functions that are read for one that a script calls."""
_COMPUTING = SAFE_MODULES - {"logging", "sqlalchemy", "traceback", "typing"}
_CALLED = BUILTINS - CALLERS - {"iter", "next", "print", "type"}
_CONSTANTS = (
    str, bytes, int, float, complex, bool, type(None), decimal.Decimal, uuid.UUID, re.Pattern, dt.date, dt.time,
    dt.timedelta, dt.timezone,
)  # fmt: skip
_STATEMENTS = (
    ast.AnnAssign, ast.Assert, ast.Assign, ast.AugAssign, ast.Break, ast.Continue, ast.Expr, ast.For, ast.If, ast.Pass,
    ast.Raise, ast.Return, ast.Try, ast.While,
)  # fmt: skip
_EXPRESSIONS = (
    ast.Attribute, ast.BinOp, ast.BoolOp, ast.Call, ast.Compare, ast.Constant, ast.Dict, ast.DictComp,
    ast.FormattedValue, ast.GeneratorExp, ast.IfExp, ast.JoinedStr, ast.Lambda, ast.List, ast.ListComp, ast.Name,
    ast.Set, ast.SetComp, ast.Slice, ast.Starred, ast.Subscript, ast.Tuple, ast.UnaryOp,
)  # fmt: skip
_OTHERS = (
    ast.ExceptHandler, ast.arg, ast.arguments, ast.boolop, ast.cmpop, ast.comprehension, ast.expr_context, ast.keyword,
    ast.operator, ast.unaryop,
)  # fmt: skip


def only_computes(path: str) -> bool:
    """Return whether a dotted name stands for a function that does nothing but compute."""
    found = _found(path)
    return isinstance(found, FunctionType) and _Reading().follows(found)


def may_act(path: str) -> bool:
    """Return whether a dotted name stands for a function that may do something else than compute."""
    found = _found(path)
    return callable(found) and not isinstance(found, type) and not only_computes(path)


def _found(path: str) -> object:
    """Return what a dotted name stands for, by modules alone: nothing is imported or asked."""
    parts = path.split(".")
    for count in range(len(parts) - 1, 0, -1):
        found: object = sys.modules.get(".".join(parts[:count]))
        if found is None:
            continue
        for name in parts[count:]:
            found = vars(found).get(name) if isinstance(found, ModuleType) else None
        return found
    return None


@lru_cache(maxsize=64)
def _parsed(path: str, _changed: int) -> tuple[ast.Module, tuple[CodeType, ...]] | None:
    try:
        text = Path(path).read_text(encoding="utf-8")
        tree = ast.parse(text)
        code = compile(text, path, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None
    return tree, tuple(each for each in code.co_consts if isinstance(each, CodeType))


def _source(function: FunctionType) -> tuple[ast.FunctionDef, ast.Module] | None:
    """Return what defines a function, where its file is what is loaded of it."""
    code = function.__code__
    try:
        read = _parsed(code.co_filename, Path(code.co_filename).stat().st_mtime_ns)
    except (OSError, ValueError):
        return None
    if read is None or not any(_is_same(each, code) for each in read[1]):
        return None
    tree = read[0]
    found = [each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == code.co_name]
    return (found[0], tree) if len(found) == 1 and found[0].lineno == code.co_firstlineno else None


def _is_same(one: CodeType, other: CodeType) -> bool:
    return (one.co_name, one.co_code, one.co_names, one.co_varnames) == (
        other.co_name,
        other.co_code,
        other.co_names,
        other.co_varnames,
    )


class _Reading:
    """Reads functions, and those that they call."""

    def __init__(self) -> None:
        self._seen: set[CodeType] = set()

    def follows(self, function: FunctionType) -> bool:
        """Return whether a function only computes."""
        if function.__code__ in self._seen:  # it calls itself
            return True
        self._seen.add(function.__code__)
        source = _source(function)
        if source is None or len(self._seen) > _MOST or not _is_plain(function):
            return False
        definition, tree = source
        return not definition.decorator_list and _Body(definition, tree, function, self).only_computes()


def _is_plain(function: FunctionType) -> bool:
    """Whether a function keeps nothing from one call to the next."""
    defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
    return function.__closure__ is None and not vars(function) and all(map(_is_constant, defaults))


def _is_constant(value: object) -> bool:
    if isinstance(value, tuple | frozenset):
        return all(map(_is_constant, value))
    return type(value) in _CONSTANTS


class _Body:
    """What a function does."""

    def __init__(
        self, definition: ast.FunctionDef, tree: ast.Module, function: FunctionType, reading: _Reading
    ) -> None:
        self._definition, self._tree, self._reading = definition, tree, reading
        self._globals = function.__globals__
        self._stores: dict[str, list[ast.expr | None]] = {}
        """By name of the function's own, what is assigned to it: None where that is no plain value."""
        self._owners = {id(each.value) for each in self._nodes() if isinstance(each, ast.Attribute)}
        for node in self._nodes():
            for name, value in _stored(node):
                self._stores.setdefault(name, []).append(value)
        for each in ast.walk(definition.args):
            if isinstance(each, ast.arg):
                self._stores.setdefault(each.arg, []).append(None)

    def _nodes(self) -> Iterator[ast.AST]:
        """Yield all that runs; annotations do not."""
        waiting: list[ast.AST] = list(self._definition.body)
        while waiting:
            node = waiting.pop()
            yield node
            parts = ast.iter_child_nodes(node)
            left_out = {id(getattr(node, "annotation", None))}
            waiting.extend(each for each in parts if id(each) not in left_out)

    def only_computes(self) -> bool:
        return all(map(self._is_known, self._nodes()))

    def _is_known(self, node: ast.AST) -> bool:
        match node:
            case ast.Call():
                return self._is_known_call(node)
            case ast.Attribute(attr=name, ctx=context):
                return isinstance(context, ast.Load) and not name.startswith("__") and self._is_known_part(node)
            case ast.Subscript(value=value, ctx=context):
                return isinstance(context, ast.Load) or self._is_fresh(value)
            case ast.AugAssign(target=target):
                return self._is_fresh(target)
            case ast.Name(id=name, ctx=ast.Load()):
                if isinstance(self._globals.get(name), ModuleType) and name not in self._stores:
                    return id(node) in self._owners
                return name in self._stores or self._is_known_value(name)
        return isinstance(node, _STATEMENTS + _EXPRESSIONS + _OTHERS)

    # -- names -------------------------------------------------------------------------------------------------------

    def _is_fresh(self, node: ast.expr) -> bool:
        """Whether what is changed is the function's own, and nobody else's."""
        stored = self._stores.get(node.id, []) if isinstance(node, ast.Name) else []
        return bool(stored) and all(map(_makes_anew, stored))

    def _is_known_value(self, name: str) -> bool:
        """Whether a name that is not the function's own stands for what is always the same, and does nothing."""
        if name not in self._globals:
            found = vars(builtins).get(name)
            return name in _CALLED or (isinstance(found, type) and issubclass(found, BaseException))
        found = self._globals[name]
        if isinstance(found, FunctionType):
            return _is_of_library(found) or self._reading.follows(found)
        return _is_of_library(found) or (_is_constant(found) and self._is_set_once(name))

    def _is_set_once(self, name: str) -> bool:
        nodes = list(ast.walk(self._tree))
        stores = [n for n in nodes if isinstance(n, ast.Name) and n.id == name and not isinstance(n.ctx, ast.Load)]
        shared = any(isinstance(each, ast.Global) and name in each.names for each in nodes)
        return not shared and (len(stores) == 1 or (not stores and self._is_imported(name)))

    def _is_imported(self, name: str) -> bool:
        imports = (each for each in self._tree.body if isinstance(each, ast.ImportFrom))
        return any((alias.asname or alias.name) == name for each in imports for alias in each.names)

    def _is_known_part(self, node: ast.Attribute) -> bool:
        """Whether a part of a module or of a class is a library's that computes; of values any part is."""
        path = dotted(node)
        if path is None or path[0] in self._stores:
            return True
        found = self._globals.get(path[0])
        for name in path[1:]:
            if isinstance(found, ModuleType):
                owner, found = found, vars(found).get(name)
                if not (isinstance(found, ModuleType) or self._does_nothing(owner, name, found)):
                    return False
        return True

    def _does_nothing(self, owner: ModuleType, name: str, found: object) -> bool:
        if _computes(owner.__name__, name) and sys.modules.get(owner.__name__) is owner:
            return True
        return _is_of_library(found) or (isinstance(found, FunctionType) and self._reading.follows(found))

    # -- calls -------------------------------------------------------------------------------------------------------

    def _is_known_call(self, call: ast.Call) -> bool:
        match call.func:
            case ast.Name(id=name):  # what the name stands for is looked at by itself
                return name not in self._stores and not isinstance(self._globals.get(name), ModuleType)
            case ast.Attribute(value=value, attr=method):
                path = dotted(call.func)
                if path is None or path[0] in self._stores:
                    return method in VALUE_METHODS or (method in MUTATORS and self._is_fresh(value))
                owner = self._globals.get(path[0])
                # Parts of libraries are looked at by themselves, as other values are.
                return isinstance(owner, ModuleType) or _is_of_library(owner) or method in VALUE_METHODS
        return False


def _is_of_library(found: object) -> bool:
    """Whether a function or class is what a module that computes has by its name."""
    if not isinstance(found, type | FunctionType | BuiltinFunctionType | MethodType):
        return False
    module, name = found.__module__, found.__name__
    if not isinstance(module, str):
        return False
    # Some are defined in a module in C: `_bisect`.
    modules = [each for each in (module, module.removeprefix("_")) if each in sys.modules]
    return any(_computes(each, name) and vars(sys.modules[each]).get(name) is found for each in modules)


def _computes(module: str, name: str) -> bool:
    return module.split(".", maxsplit=1)[0] in _COMPUTING or is_library_path(f"{module}.{name}")


def _stored(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield the names that a piece of syntax sets, and what to."""
    match node:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.AnnAssign(target=ast.Name(id=name), value=value)
        ):
            yield name, value
        case ast.AugAssign():
            return
        case ast.ExceptHandler(name=str(name)):
            yield name, None
        case ast.Assign() | ast.For() | ast.comprehension():
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                yield from ((each.id, None) for each in ast.walk(target) if isinstance(each, ast.Name))
        case ast.Lambda(args=arguments):
            yield from ((each.arg, None) for each in ast.walk(arguments) if isinstance(each, ast.arg))


def _makes_anew(value: ast.expr | None) -> bool:
    """Whether an expression makes a value that nobody else has."""
    match value:
        case ast.Constant() | ast.JoinedStr() | ast.List() | ast.Dict() | ast.Set():
            return True
        case ast.ListComp() | ast.SetComp() | ast.DictComp():
            return True
        case ast.Call(func=ast.Name(id="list" | "dict" | "set" | "sorted" | "str" | "int" | "float")):
            return True
    return False

"""A version script's syntax in, what its names stand for out, and whether rows may decide it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from alembic_contracts.prediction.scripts.data_calls import BUILTINS, CALLERS, MUTATORS, SAFE_MODULES, is_safe
from alembic_contracts.prediction.scripts.syntax import functions_of, imports_of, paths_of, root_of

__all__ = ["Function", "Names"]

Function = ast.FunctionDef


class Names:
    """The names of a version script."""

    def __init__(self, tree: ast.Module) -> None:
        """Take note of all that is assigned.

        Args:
            tree: the script.
        """
        told = [each for each in ast.walk(tree) if isinstance(each, _TOLD)]  # once: most of a tree says nothing here
        self.functions = {each.name: each for each in told if isinstance(each, Function)}
        self.functions |= {each.name: each for each in tree.body if isinstance(each, Function)}
        self._tree = tree
        apart = list(functions_of(tree))
        names = [each.name for _, each in apart]
        self._ambiguous = {each.name for around, each in apart if around and names.count(each.name) > 1}
        """Names that several functions have, not all of them functions of the module."""
        self._around = {each.name: around for around, each in apart if around}
        """By function that is defined in another one, that one."""
        self._methods: dict[str, list[Function]] = {}
        """By name, the methods that classes of the script have."""
        self._inner_classes: dict[str, list[ast.ClassDef]] = {}
        """By name, classes, those that are defined in functions included."""
        for owner in (each for each in told if isinstance(each, ast.ClassDef)):
            self._inner_classes.setdefault(owner.name, []).append(owner)
            for method in (each for each in owner.body if isinstance(each, Function)):
                self._methods.setdefault(method.name, []).append(method)
        self._classes = {each.name: each for each in tree.body if isinstance(each, ast.ClassDef)}
        self._origins = dict(imports_of(told))
        self._paths = {name: _chosen(paths) for name, paths in paths_of(told).items()}
        """By name that is imported, its dotted name; None where it may stand for several things."""
        self._stores: dict[tuple[str, str], list[ast.expr | None]] = {}
        """By function ("": none) and name, whatever is assigned to it there: None where that is no plain value."""
        self._scope = ""
        """The function that is looked at."""
        self._changed: set[str] = set()
        """Names whose values are changed in place, which rows may decide."""
        self._conditional: set[str] = set()
        """Names that are set where rows may decide whether they are."""
        self._shared: set[str] = set()
        """Names whose values have other names as well, by which they may be changed in place."""
        self._checking: frozenset[str] = frozenset()
        for statement in tree.body:
            if not isinstance(statement, Function):
                self._note_stores("", statement)
        for function in self.functions.values():
            self._note_stores(function.name, function)
            self._note_conditional(function.body)

    def _note_stores(self, scope: str, statement: ast.stmt) -> None:
        for node in ast.walk(statement):
            if type(node) not in _NOTED:
                continue
            for name, value in _stores(node):
                self._stores.setdefault((scope, name), []).append(value)
            if isinstance(node, _STORES):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for part in (each for each in targets if isinstance(each, ast.Attribute | ast.Subscript)):
                    self._changed.update(root_of(part) or ())
            elif isinstance(node, ast.Attribute) and self._changes_in_place(node):  # called, or handed on to be
                self._changed.update(root_of(node) or ())
            self._shared.update(_handed_on(node))

    def _changes_in_place(self, called: ast.Attribute) -> bool:
        """Whether a method may change what it is called on; ``sqlalchemy.update`` is a function of a module."""
        if called.attr not in MUTATORS:
            return False
        origin = self._origins.get(called.value.id, "") if isinstance(called.value, ast.Name) else ""
        return origin.partition(".")[0] not in SAFE_MODULES

    def _note_conditional(self, body: Iterable[ast.stmt]) -> None:
        """Take note of names that are set where rows may decide whether they are."""
        for statement in body:
            if isinstance(statement, ast.With):
                self._note_conditional(statement.body)
            elif isinstance(statement, ast.For | ast.While | ast.If | ast.Try | ast.TryStar | ast.Match):
                stored = (n for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
                self._conditional.update(name.id for name in stored)

    def _stored(self, name: str) -> list[ast.expr | None]:
        """Return what is assigned to a name that the function can see; nothing: it is not known."""
        return self._stored_inside(name) or self._stores.get(("", name)) or []

    def _stored_inside(self, name: str) -> list[ast.expr | None]:
        """Return what is assigned to a name in the function, or in one around it."""
        scope = self._scope
        while scope and not self._stores.get((scope, name)):
            scope = "" if scope in self._ambiguous else self._around.get(scope, "")
        return self._stores.get((scope, name), []) if scope else []

    def function_at(self, name: str, line: int) -> Function | None:
        """Return the function of a name that a line is in; several may have it."""
        found = (each for each in ast.walk(self._tree) if isinstance(each, Function) and each.name == name)
        return next((each for each in found if each.lineno <= line <= (each.end_lineno or 0)), None)

    def _path(self, node: ast.expr) -> str | None:
        """Return what ``name.part`` at the beginning of an expression is of what is imported: by its dotted name."""
        names: list[str] = []
        while not isinstance(node, ast.Name):
            if isinstance(node, ast.Attribute):
                names.append(node.attr)
                node = node.value
            elif isinstance(node, ast.Subscript | ast.Call):
                names.clear()
                node = node.value if isinstance(node, ast.Subscript) else node.func
            else:
                return None
        path = self._paths.get(node.id)
        return None if path is None else ".".join((path, *reversed(names)))

    def _is_plain(self, function: Function) -> bool:
        """Return whether a function is what its name stands for, and nothing runs where it is defined."""
        defaults = [*function.args.defaults, *(each for each in function.args.kw_defaults if each is not None)]
        is_one = function.name not in self._ambiguous and function.name not in self._paths
        return is_one and not function.decorator_list and all(isinstance(each, ast.Constant) for each in defaults)

    def _is_decided_by_rows(self, name: str) -> bool:
        """Return whether rows may decide what a name stands for, beside by what is assigned to it."""
        if name in self._changed or name in self._conditional:
            return True
        return name in self._shared and any(map(self._is_mutable, self._stored(name)))

    def _is_mutable(self, value: ast.expr | None) -> bool:
        """Return whether a value can be changed in place, to be another one to the script."""
        match value:
            case ast.List() | ast.Dict() | ast.Set() | ast.ListComp() | ast.SetComp() | ast.DictComp():
                return True
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                return name in _MUTABLE or name in self._classes
        return False

    @contextmanager
    def _within(self, scope: str, key: str = "") -> Iterator[None]:
        """Look at a function; ``key``: what it is noted by that it is looked at, where that is not its name."""
        outer, self._scope = self._scope, scope
        checking, self._checking = self._checking, self._checking | {key or scope}
        try:
            yield
        finally:
            self._scope, self._checking = outer, checking

    @contextmanager
    def _looking_at(self, name: str) -> Iterator[list[ast.expr | None]]:
        """Hand out what is assigned to a name; while that is looked at, the name itself is not known."""
        known = [] if name in self._checking else self._stored(name)
        checking, self._checking = self._checking, self._checking | {name}
        try:
            yield known
        finally:
            self._checking = checking

    @contextmanager
    def _bound_by(self, statement: ast.With) -> Iterator[None]:
        """Know within a ``with`` that it sets its names, although rows may decide whether it runs at all."""
        names = {item.optional_vars.id for item in statement.items if isinstance(item.optional_vars, ast.Name)}
        inside = (each for part in statement.body for each in ast.walk(part) if isinstance(each, ast.Name))
        names -= {name.id for name in inside if isinstance(name.ctx, ast.Store)}
        outer, self._conditional = self._conditional, self._conditional - names
        try:
            yield
        finally:
            self._conditional = outer


def _chosen(paths: set[str]) -> str | None:
    """Return which of the things that a script imports by one name is there; None: it may be any of several."""
    there = [path for path in paths if path in sys.modules or path.rpartition(".")[0] in sys.modules]
    if len(paths) == 1 or all(map(is_safe, there or paths)):
        return min(there or paths)
    return there[0] if len(there) == 1 else None


def _stores(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield the names that a piece of syntax sets, and what to: None where that is no plain value."""
    targets: Iterable[ast.expr] = ()
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield name, value
        case ast.withitem(optional_vars=ast.Name(id=name), context_expr=value):
            yield name, value
        case ast.Assign(targets=several):
            targets = several
        case ast.withitem(optional_vars=ast.expr() as target):
            targets = (target,)
        case ast.arg(arg=name):
            yield name, None
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name, None
        case ast.AugAssign() | ast.AnnAssign() | ast.For() | ast.comprehension() | ast.NamedExpr():
            targets = (node.target,)
    for name_ in (each for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)):
        yield name_.id, None


def _handed_on(node: ast.AST) -> Iterator[str]:
    """Yield the names whose values get another name, or are handed to what may keep or change them."""
    given: Iterable[ast.expr | None] = ()
    match node:
        case (
            ast.Assign(value=value) | ast.AnnAssign(value=value) | ast.NamedExpr(value=value) | ast.Return(value=value)
        ):
            given = (value,)
        case ast.arguments(defaults=values, kw_defaults=more):
            given = (*values, *more)
        case ast.For(iter=ast.List() | ast.Tuple() | ast.Set() as value):
            given = (value,)
        case ast.Call(func=ast.Name(id=name)) if name not in BUILTINS - CALLERS:
            given = (*node.args, *(each.value for each in node.keywords))
        case ast.Call(func=ast.Attribute(attr=name)) if name in MUTATORS:
            given = node.args
    for each in given:
        yield from _parts(each)


def _parts(value: ast.expr | None) -> Iterator[str]:
    """Yield the names that a value is, or has in it."""
    match value:
        case ast.Name(id=name):
            yield name
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts) | ast.BoolOp(values=parts):
            for part in parts:
                yield from _parts(part)
        case ast.Dict(values=parts):
            for part in parts:
                yield from _parts(part)
        case ast.IfExp(body=one, orelse=other):
            yield from _parts(one)
            yield from _parts(other)
        case ast.Starred(value=inner) | ast.NamedExpr(value=inner):
            yield from _parts(inner)


_TOLD = (Function, ast.ClassDef, ast.Import, ast.ImportFrom)
"""Syntax that names are defined by, wherever it stands."""
_STORES = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For, ast.comprehension, ast.NamedExpr)
_NOTED = frozenset(
    {
        *_STORES,
        ast.Attribute,
        ast.Call,
        ast.ExceptHandler,
        ast.MatchAs,
        ast.MatchStar,
        ast.Return,
        ast.arg,
        ast.arguments,
        ast.withitem,
    }
)
"""Syntax that sets names, changes values in place or hands them on."""
_MUTABLE = frozenset({"Counter", "OrderedDict", "bytearray", "defaultdict", "deque", "dict", "list", "set"})

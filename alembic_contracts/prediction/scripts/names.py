"""A version script's syntax in, what its names stand for out, and whether rows may decide it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from alembic_contracts.prediction.scripts.data_calls import BUILTINS, MUTATORS, SAFE_MODULES
from alembic_contracts.prediction.scripts.syntax import imports_of, root_of

__all__ = ["Function", "Names"]

Function = ast.FunctionDef


class Names:
    """The names of a version script."""

    def __init__(self, tree: ast.Module) -> None:
        """Take note of all that is assigned.

        Args:
            tree: the script.
        """
        self.functions = {each.name: each for each in ast.walk(tree) if isinstance(each, Function)}
        self.functions |= {each.name: each for each in tree.body if isinstance(each, Function)}
        self._classes = {each.name: each for each in tree.body if isinstance(each, ast.ClassDef)}
        self._origins = dict(imports_of(tree))
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
        self._checking: set[str] = set()
        for statement in tree.body:
            if not isinstance(statement, Function):
                self._note_stores("", statement)
        for function in self.functions.values():
            self._note_stores(function.name, function)
            self._note_conditional(function.body)

    def _note_stores(self, scope: str, statement: ast.stmt) -> None:
        def note(name: str, value: ast.expr | None) -> None:
            self._stores.setdefault((scope, name), []).append(value)

        for node in ast.walk(statement):
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                note(node.targets[0].id, node.value)
            elif isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
                note(node.optional_vars.id, node.context_expr)
            elif isinstance(node, _STORES):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for name in (each for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)):
                    note(name.id, None)
            elif isinstance(node, ast.arg):
                note(node.arg, None)
            elif isinstance(node, ast.Call) and self._changes_in_place(node.func):
                self._changed.update(root_of(node.func) or ())
            self._shared.update(_handed_on(node))

    def _changes_in_place(self, called: ast.expr) -> bool:
        """Whether a method may change what it is called on; ``sqlalchemy.update`` is a function of a module."""
        if not isinstance(called, ast.Attribute) or called.attr not in MUTATORS:
            return False
        origin = self._origins.get(called.value.id, "") if isinstance(called.value, ast.Name) else ""
        return origin.partition(".")[0] not in SAFE_MODULES

    def _note_conditional(self, body: Iterable[ast.stmt]) -> None:
        """Take note of names that are set where rows may decide whether they are."""
        for statement in body:
            if isinstance(statement, ast.With):
                self._note_conditional(statement.body)
            elif isinstance(statement, ast.For | ast.While | ast.If | ast.Try | ast.Match):
                stored = (n for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
                self._conditional.update(name.id for name in stored)

    def _stored(self, name: str) -> list[ast.expr | None]:
        """Return what is assigned to a name that the function can see; nothing: it is not known."""
        return self._stores.get((self._scope, name)) or self._stores.get(("", name)) or []

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
    def _within(self, scope: str) -> Iterator[None]:
        outer, self._scope = self._scope, scope
        self._checking.add(scope)
        try:
            yield
        finally:
            self._scope = outer
            self._checking.discard(scope)

    @contextmanager
    def _looking_at(self, name: str) -> Iterator[list[ast.expr | None]]:
        """Hand out what is assigned to a name; while that is looked at, the name itself is not known."""
        known = [] if name in self._checking else self._stored(name)
        self._checking.add(name)
        try:
            yield known
        finally:
            self._checking.discard(name)

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
        case ast.Call(func=ast.Name(id=name)) if name not in BUILTINS:
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


_STORES = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For, ast.comprehension, ast.NamedExpr)
_MUTABLE = frozenset({"Counter", "OrderedDict", "bytearray", "defaultdict", "deque", "dict", "list", "set"})

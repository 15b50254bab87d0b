"""A piece of a version script in, whether it is of the few kinds that are known to change rows alone, out."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable
from typing import Protocol

from alembic_contracts.prediction.scripts.computing import may_act, only_computes
from alembic_contracts.prediction.scripts.data_calls import (
    BUILDERS,
    BUILTINS,
    CHANGES_TABLES,
    EXECUTE,
    METHODS,
    OF_OP,
    OPERATIONS,
    is_safe,
)
from alembic_contracts.prediction.scripts.names import Function, Names
from alembic_contracts.prediction.scripts.syntax import dotted, is_func, is_of_connection, root_of, running, text_of

__all__ = ["RowsAlone", "Statements"]


class Statements(Protocol):
    """What is known of SQL texts, by the database that they are meant for."""

    def __hash__(self) -> int:
        """What is worked out by them is kept."""

    def triggers_change_tables(self) -> bool:
        """Return whether a change of rows may run something that changes a table."""

    def function_changes_tables(self, name: str) -> bool:
        """Return whether a function of this name may change a table."""

    def are_about_rows(self, sql: str) -> bool:
        """Return whether a text, values of which may be missing, consists of statements about rows alone."""


class RowsAlone(Names):
    """A version script's syntax, as far as it is about rows."""

    def __init__(self, tree: ast.Module, statements: Statements) -> None:
        """Read a script.

        Args:
            tree: the script.
            statements: what is known of texts.
        """
        super().__init__(tree)
        self._statements = statements

    def _changes_rows_only(self, node: ast.AST, *, inside: bool = False) -> bool:
        """Return whether code changes rows alone, however often it runs. ``inside``: it is a function's whole body."""
        nodes = list(running(node))
        called = {id(each.func) for each in nodes if isinstance(each, ast.Call)}
        return all(self._is_about_rows(each, inside=inside, is_called=id(each) in called) for each in nodes)

    def _is_about_rows(self, node: ast.AST, *, inside: bool, is_called: bool) -> bool:
        """Return whether a piece of syntax may stand in code that changes rows alone; its parts are others."""
        match node:
            case ast.Return():
                return inside
            case ast.Import() | ast.ImportFrom():
                return _imports_library(node)
            case ast.Call():
                return self._call_changes_rows_only(node)
            case ast.FunctionDef():
                return self._is_plain(node) and self._named_call_changes_rows_only(node.name)
            case ast.Attribute() | ast.Subscript() if self._is_stored_elsewhere(node):
                return False
            case ast.Attribute(attr=name) if self._is_alembics(node) and name not in OF_OP:
                return False
            case ast.Name(ctx=ast.Load()) | ast.Attribute(ctx=ast.Load()) if not is_called:
                return self._may_be_called(node)
        return not isinstance(node, _ALIEN)

    def _may_be_called(self, node: ast.expr | None) -> bool:
        """Return whether a value that is handed on changes rows alone where it is a function that others call."""
        match node:
            case ast.Name(id=name) if name in self.functions and not self._stored_inside(name):
                return self._named_call_changes_rows_only(name)
            case ast.Name(id=name) if name in self._inner_classes and not self._stored_inside(name):
                return self._makes_rows_only(name)
            case ast.Lambda():
                return self._changes_rows_only(node)
            case ast.Name(id=name) if name not in self._paths:
                is_known = bool(self._stored(name)) or hasattr(builtins, name)
                with self._looking_at(name) as stored:
                    return is_known and all(map(self._may_be_called, stored))
            case ast.Attribute(attr=name) if name in EXECUTE or name in OPERATIONS or not self._has_good_methods(name):
                return False
            case ast.Name() | ast.Attribute():
                path = self._path(node)
                return not self._is_one_of_several(node) if path is None else is_safe(path) or not may_act(path)
        return True

    def _makes_rows_only(self, name: str) -> bool:
        """Return whether the methods of a class of the script change rows alone."""
        nodes = (each for owner in self._inner_classes[name] for each in ast.walk(owner))
        return self._methods_change_rows_only(f"class {name}", [each for each in nodes if isinstance(each, Function)])

    def _is_one_of_several(self, node: ast.expr) -> bool:
        """Return whether an expression begins with a name by which a script imports several things."""
        root = root_of(node)
        return root is not None and root[0] in self._paths and self._paths[root[0]] is None

    def _has_good_methods(self, name: str) -> bool:
        """Return whether the methods of the script's own classes that have this name change rows alone."""
        return self._methods_change_rows_only(f".{name}", self._methods.get(name, ()))

    def _methods_change_rows_only(self, key: str, methods: Iterable[Function]) -> bool:
        """Return whether methods change rows alone; ``key``: what they are looked at for, which leads to itself."""
        if key in self._checking:
            return True
        for method in methods:
            with self._within(method.name, key):
                if not all(self._changes_rows_only(each, inside=True) for each in method.body):
                    return False
        return True

    def _is_stored_elsewhere(self, target: ast.Attribute | ast.Subscript) -> bool:
        """Whether a value is left where other scripts find it: in a module, the environment, the configuration."""
        root = None if isinstance(target.ctx, ast.Load) else root_of(target)
        return root is not None and root[0] in self._origins

    def _call_changes_rows_only(self, call: ast.Call) -> bool:
        if isinstance(call.func, ast.Name):
            return self._named_call_changes_rows_only(call.func.id)
        if not isinstance(call.func, ast.Attribute):
            return False
        name = call.func.attr
        if name in CHANGES_TABLES or (is_func(call.func.value) and self._statements.function_changes_tables(name)):
            return False
        if name in EXECUTE and (call.args or call.keywords):
            return bool(call.args) and self._is_data(call.args[0])
        if name in _ENDS:
            return name == "commit" and not call.args and self._is_session_of_alembics(call.func.value)
        if self._is_one_of_several(call.func) or not self._has_good_methods(name):
            return False
        path = None if is_of_connection(call.func.value) else self._path(call.func)
        is_method = name in METHODS or name in BUILDERS
        if path is None:
            return is_method or name in EXECUTE
        if path.startswith("alembic"):
            return name in OF_OP
        return is_safe(path) or (only_computes(path) and (is_method or dotted(call.func) is not None))

    def _named_call_changes_rows_only(self, name: str) -> bool:
        if name in self._paths:
            path = self._paths[name]
            if path is None or self._stored(name) or path.rpartition(".")[2] in CHANGES_TABLES:
                return False
            return is_safe(path) or only_computes(path)
        if name in self._classes:
            return self._makes_rows_only(name)
        if name in self.functions:
            if name in self._checking:  # it calls itself
                return True
            if name in self._ambiguous or self._stored(name):
                return False
            with self._within(name):
                return all(self._changes_rows_only(each, inside=True) for each in self.functions[name].body)
        stored = self._stored(name)
        if stored:  # of a lambda the walk sees the body
            if name in self._checking:
                return False
            with self._looking_at(name):
                return all(isinstance(value, ast.Lambda) and self._changes_rows_only(value) for value in stored)
        return name in BUILTINS or name.endswith(("Error", "Exception"))

    def _is_session_of_alembics(self, node: ast.expr) -> bool:
        """Return whether something is a session in Alembic's own transaction, the commit of which is left to Alembic.

        It joins the one that it finds there (``join_transaction_mode``, "conditional_savepoint").
        """
        stored = self._stored(node.id) if isinstance(node, ast.Name) else []
        return bool(stored) and all(isinstance(each, ast.Call) and self._makes_session(each) for each in stored)

    def _makes_session(self, call: ast.Call) -> bool:
        given = [*call.args, *(each.value for each in call.keywords if each.arg == "bind")]
        is_plain = len(given) == 1 and len(call.args) + len(call.keywords) == 1
        is_one = dotted(call.func) is not None and self._path(call.func) in _SESSIONS
        return is_plain and is_one and self._is_bind(given[0])

    def _is_bind(self, node: ast.expr | None) -> bool:
        match node:
            case ast.Name(id=name):
                stored = self._stored(name)
                return bool(stored) and all(isinstance(each, ast.Call) and self._is_bind(each) for each in stored)
            case ast.Call(func=ast.Attribute(attr="get_bind") as function, args=[], keywords=[]):
                return self._path(function) == "alembic.op.get_bind"
        return False

    def _is_alembics(self, node: ast.Attribute) -> bool:
        return isinstance(node.value, ast.Name) and self._origins.get(node.value.id, "").startswith("alembic")

    def _is_data(self, node: ast.expr) -> bool:
        """Return whether an expression is a statement about rows: its text, or what SQLAlchemy builds it from."""
        text = text_of(node)
        if text is not None:
            return self._statements.are_about_rows(text)
        match node:
            case ast.Name(id=name):
                with self._looking_at(name) as stored:
                    return bool(stored) and all(value is not None and self._is_data(value) for value in stored)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, *_]) if name == "text":
                return self._is_data(first)
            case ast.Call(func=ast.Name(id=name)):
                return name in _STATEMENTS and self._origins.get(name, "").startswith("sqlalchemy")
            case ast.Call(func=ast.Attribute(value=value, attr=name)):
                return name in _STATEMENTS or (name in BUILDERS and self._is_data(value))
        return False


_ENDS = frozenset({"begin", "commit", "invalidate", "rollback"})
"""What begins and ends transactions."""
_SESSIONS = frozenset({"sqlalchemy.orm.Session", "sqlalchemy.orm.session.Session"})
_STATEMENTS = frozenset({"delete", "insert", "select", "update"})
"""Methods of tables and functions of SQLAlchemy that begin a statement about rows."""


def _imports_library(statement: ast.Import | ast.ImportFrom) -> bool:
    """Whether what is imported has functions that change no table, or is there already, so that nothing is run."""
    if isinstance(statement, ast.Import):
        return all(is_safe(alias.name) or alias.name in sys.modules for alias in statement.names)
    if statement.level or statement.module is None:
        return False
    there = vars(sys.modules[statement.module]) if statement.module in sys.modules else {}
    return all(is_safe(f"{statement.module}.{alias.name}") or alias.name in there for alias in statement.names)


_ALIEN = (
    ast.AsyncFor,
    ast.AsyncWith,
    ast.Await,
    ast.ClassDef,
    ast.AsyncFunctionDef,
    ast.Global,
    ast.Nonlocal,
    ast.Yield,
    ast.YieldFrom,
)
"""What is not followed."""

"""A script that raised on a made-up row in, whether what no run of it came to may change more than rows out.

As if tables were empty, the script ran to its end. With a row it came to the place where it raised. Seen in neither is
what a loop over rows does after that place, and whatever else follows there only for rows. That may be anything, so it
has to be of a few kinds that are known to change rows alone; all that is not listed here may change tables.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol

from alembic_contracts.prediction.scripts.data_calls import (
    BUILDERS,
    BUILTINS,
    CHANGES_TABLES,
    EXECUTE,
    METHODS,
    OF_OP,
    READS,
    SAFE_MODULES,
)
from alembic_contracts.prediction.scripts.names import Function, Names
from alembic_contracts.prediction.scripts.syntax import (
    catching,
    is_func,
    is_of_connection,
    is_single,
    root_of,
    tells,
    text_of,
)

__all__ = ["Statements", "lets_failure_pass", "only_changes_rows", "rest_is_seen"]

_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class Statements(Protocol):
    """What is known of SQL texts, by the database that they are meant for."""

    def triggers_change_tables(self) -> bool:
        """Return whether a change of rows may run something that changes a table."""

    def function_changes_tables(self, name: str) -> bool:
        """Return whether a function of this name may change a table."""

    def are_about_rows(self, sql: str) -> bool:
        """Return whether a text, values of which may be missing, consists of statements about rows alone."""


def only_changes_rows(error: BaseException, path: str, statements: Statements) -> bool:
    """Return whether the code that a script did not come to, and would have only for rows, changes no table.

    Args:
        error: what it raised.
        path: the script's, as in its code objects.
        statements: what is known of texts there, of triggers and functions.
    """
    return rest_is_seen(list(_lines(error.__traceback__, path)), path, statements)


def rest_is_seen(lines: Sequence[tuple[str, int]], path: str, statements: Statements) -> bool:
    """Return whether all that a script does from some place on is done whatever rows there are, or changes rows alone.

    Args:
        lines: the functions of the script that are running, outermost first, and the line in each.
        path: the script's, as in its code objects.
        statements: what is known of texts there, of triggers and functions.
    """
    module = None if statements.triggers_change_tables() else _module(path, statements)
    if module is None:
        return False
    function = module.functions.get(lines[0][0]) if lines else None
    return function is not None and module.rest_is_seen(function, [line for _, line in lines])


def lets_failure_pass(
    lines: Sequence[tuple[str, int]], path: str, statements: Statements
) -> Literal["no", "of one statement", "yes"]:
    """Return whether a script catches an error of what it is doing, around code that changes more than rows.

    Args:
        lines: the functions of the script that are running, outermost first, and the line in each.
        path: the script's, as in its code objects.
        statements: what is known of texts there.

    Returns:
        "of one statement" where nothing but the statement at hand is otherwise then.
    """
    module = _module(path, statements)
    if module is not None and not any(module.catches(name, line) for name, line in lines):
        return "no"
    is_alone = module is not None and all(module.fails_alone(name, line) for name, line in lines)
    return "of one statement" if is_alone else "yes"


def _module(path: str, statements: Statements) -> _Module | None:
    try:
        return _Module(ast.parse(Path(path).read_text(encoding="utf-8")), statements)
    except (OSError, SyntaxError, ValueError):
        return None


def _lines(trace: TracebackType | None, path: str) -> Iterator[tuple[str, int]]:
    """Yield the functions of the script that an exception went through, outermost first, and the line in each."""
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            yield trace.tb_frame.f_code.co_name, trace.tb_lineno
        trace = trace.tb_next


class _Module(Names):
    """A version script's syntax."""

    def __init__(self, tree: ast.Module, statements: Statements) -> None:
        super().__init__(tree)
        self._statements = statements

    # -- the statements of a function --------------------------------------------------------------------------------

    def rest_is_seen(self, function: Function, lines: Sequence[int] = ()) -> bool:
        """Return whether a function's statements from the lines on, one of each frame, were seen or change no table.

        Without lines: all its statements.
        """
        if function.name in self._checking or function.decorator_list:
            return False
        with self._within(function.name):
            return self._all_seen(function.body, lines)

    def _all_seen(self, body: Iterable[ast.stmt], lines: Sequence[int]) -> bool:
        start = lines[0] if lines else 0
        after = (each for each in body if (each.end_lineno or each.lineno) >= start)
        return all(self._is_seen(each, lines if each.lineno <= start else ()) for each in after)

    def _is_seen(self, statement: ast.stmt, lines: Sequence[int]) -> bool:
        """Return whether a statement that always runs does the same whatever the rows are, or changes rows alone."""
        if self._changes_rows_only(statement):
            return True
        if isinstance(statement, ast.With):
            if not all(self._is_fixed(item.context_expr) for item in statement.items):
                return False
            with self._bound_by(statement):
                return self._all_seen(statement.body, lines)
        if isinstance(statement, ast.Try):
            parts = (statement.body, statement.orelse, statement.finalbody)
            return all(map(self._gives_up, statement.handlers)) and all(self._all_seen(part, lines) for part in parts)
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            call = statement.value
            function = self.functions.get(call.func.id) if isinstance(call.func, ast.Name) else None
            if function is not None:
                return not call.args and not call.keywords and self.rest_is_seen(function, lines[1:])
            if _ends_with(statement, _ENDS):
                return True  # whatever it commits, it was seen to
            executes = isinstance(call.func, ast.Attribute) and call.func.attr in EXECUTE
            return not lines and (all(map(self._is_fixed, call.args)) if executes else self._is_fixed(call))
        if isinstance(statement, ast.If) and self._is_fixed(statement.test):
            bodies = (statement.body, statement.orelse)
            inside = [body for body in bodies if lines and body and lines[0] <= (body[-1].end_lineno or 0)][:1]
            return all(self._all_seen(body, lines) for body in inside or bodies)
        return isinstance(statement, ast.Assign) and not lines and self._is_fixed(statement.value)

    def _gives_up(self, handler: ast.ExceptHandler) -> bool:
        """Return whether an error that is caught goes on, so that the migration fails, and nothing else is done."""
        *before, last = handler.body
        undone = (each for each in before if not _ends_with(each, _GIVES_UP))
        return isinstance(last, ast.Raise) and all(map(self._changes_rows_only, (*undone, last)))

    def _is_fixed(self, node: ast.AST, bound: frozenset[str] = frozenset()) -> bool:
        """Return whether an expression has the same value whatever the rows are.

        ``bound``: names of comprehensions around it, over what is fixed.
        """
        match node:
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                return self._is_fixed_for_each(node, bound)
            case ast.Lambda() | ast.Await() | ast.NamedExpr():
                return False
            case ast.Name(id=name, ctx=ast.Load()) if name not in bound and not self._has_one_value(name):
                return False
            case ast.Call(func=function) if not self._is_library(function):
                return False
            case ast.Attribute(attr=name) if name in READS and not self._is_alembics(node):
                return False
        return all(self._is_fixed(each, bound) for each in ast.iter_child_nodes(node))

    def _is_fixed_for_each(self, node: _Comprehension, bound: frozenset[str]) -> bool:
        for each in node.generators:
            if each.is_async or not self._is_fixed(each.iter, bound):
                return False
            bound |= {name.id for name in ast.walk(each.target) if isinstance(name, ast.Name)}
            if not all(self._is_fixed(test, bound) for test in each.ifs):
                return False
        parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        return all(self._is_fixed(part, bound) for part in parts)

    def _is_library(self, function: ast.expr) -> bool:
        """Whether a call is not of the project's own modules, which may look at rows."""
        origin = self._origins.get((root_of(function) or ("",))[0], "alembic").split(".")[0]
        return origin == "alembic" or origin in SAFE_MODULES

    def _has_one_value(self, name: str) -> bool:
        if self._is_decided_by_rows(name):
            return False
        if name in self._origins or name in self._classes or hasattr(builtins, name):
            return not self._stored(name)
        with self._looking_at(name) as stored:
            return bool(stored) and all(value is not None and self._is_fixed(value) for value in stored)

    def catches(self, name: str, line: int) -> bool:
        """Return whether a function lets an error at a line pass, around code that changes more than rows."""
        function = self.functions.get(name)
        if function is None:
            return False
        with self._within(name):
            return any(tells(function, each) or not self._changes_rows_only(each) for each in catching(function, line))

    def fails_alone(self, name: str, line: int) -> bool:
        """Return whether all that is caught with an error at a line of a function is one statement."""
        function = self.functions.get(name)
        if function is None:
            return False
        with self._within(name):
            return all(
                not tells(function, each) and is_single(each.body) and self._is_quiet(each)
                for each in catching(function, line)
            )

    def _is_quiet(self, node: ast.Try | ast.With) -> bool:
        """Whether an error is let pass without anything else being done to the database."""
        if isinstance(node, ast.With):
            return True
        handlers = all(self._changes_rows_only(each) for handler in node.handlers for each in handler.body)
        return handlers and not node.orelse and not node.finalbody

    # -- what runs for rows alone ------------------------------------------------------------------------------------

    def _changes_rows_only(self, node: ast.AST, *, inside: bool = False) -> bool:
        """Return whether code changes rows alone, however often it runs. ``inside``: it is a function's whole body."""
        for each in ast.walk(node):
            if isinstance(each, _ALIEN) or (isinstance(each, ast.Return) and not inside):
                return False
            if isinstance(each, ast.Import | ast.ImportFrom) and not _imports_library(each):
                return False
            if isinstance(each, ast.Call) and not self._call_changes_rows_only(each):
                return False
            if isinstance(each, ast.Attribute) and self._is_alembics(each) and each.attr not in OF_OP:
                return False
            if isinstance(each, ast.Attribute | ast.Subscript) and self._is_stored_elsewhere(each):
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
        name, root = call.func.attr, root_of(call.func)
        if name in CHANGES_TABLES or (is_func(call.func.value) and self._statements.function_changes_tables(name)):
            return False
        if name in EXECUTE and (call.args or call.keywords):
            return bool(call.args) and self._is_data(call.args[0])
        origin = self._origins.get(root[0]) if root and not is_of_connection(call.func.value) else None
        if origin is None:
            return name in METHODS or name in BUILDERS or name in EXECUTE
        return name in OF_OP if origin.startswith("alembic") else origin.split(".")[0] in SAFE_MODULES

    def _named_call_changes_rows_only(self, name: str) -> bool:
        if name in self._origins:
            safe = self._origins[name].split(".")[0] in SAFE_MODULES
            return safe and self._origins[name].rpartition(".")[2] not in CHANGES_TABLES
        if name in self._classes:
            methods = (each for each in ast.walk(self._classes[name]) if isinstance(each, Function))
            return all(self._changes_rows_only(each, inside=True) for method in methods for each in method.body)
        if name in self.functions:
            if name in self._checking:  # it calls itself
                return True
            with self._within(name):
                return all(self._changes_rows_only(each, inside=True) for each in self.functions[name].body)
        stored = self._stored(name)
        if stored:  # of a lambda the walk sees the body
            return all(isinstance(value, ast.Lambda) and self._changes_rows_only(value) for value in stored)
        return name in BUILTINS or name.endswith(("Error", "Exception"))

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


_STATEMENTS = frozenset({"delete", "insert", "select", "update"})
"""Methods of tables and functions of SQLAlchemy that begin a statement about rows."""

_ENDS = frozenset({"close", "commit"})
_GIVES_UP = frozenset({"close", "rollback"})


def _imports_library(statement: ast.Import | ast.ImportFrom) -> bool:
    """Whether what is imported has functions that change no table."""
    if isinstance(statement, ast.Import):
        return all(alias.name.split(".")[0] in SAFE_MODULES for alias in statement.names)
    return not statement.level and (statement.module or "").split(".")[0] in SAFE_MODULES


_ALIEN = (
    ast.AsyncFor,
    ast.AsyncWith,
    ast.Await,
    ast.ClassDef,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.Global,
    ast.Nonlocal,
    ast.Yield,
    ast.YieldFrom,
)
"""What is not followed."""


def _ends_with(statement: ast.stmt, names: frozenset[str]) -> bool:
    """Whether a statement is a call without arguments of a method of one of these names."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    return (
        isinstance(call, ast.Call)
        and not call.args
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in names
    )

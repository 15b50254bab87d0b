"""A script that raised on a made-up row in, whether what no run of it came to may change more than rows out.

As if tables were empty, the script ran to its end. With a row it came to the place where it raised. Seen in neither is
what a loop over rows does after that place, and whatever else follows there only for rows. That may be anything, so it
has to be of a few kinds that are known to change rows alone; all that is not listed here may change tables.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Literal

from alembic_contracts.prediction.scripts.computing import only_computes
from alembic_contracts.prediction.scripts.data_calls import EXECUTE, READS, is_safe
from alembic_contracts.prediction.scripts.names import Function
from alembic_contracts.prediction.scripts.rows_alone import RowsAlone, Statements
from alembic_contracts.prediction.scripts.syntax import (
    OTHER_ERRORS,
    Catching,
    catching,
    has_return,
    is_single,
    root_of,
    tells,
    tree_of,
)

__all__ = ["Statements", "lets_failure_pass", "only_changes_rows", "rest_is_seen"]

_CATCHES = ("try", "with")
"""Words of statements that can let an error pass."""
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


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
    module = None if statements.triggers_change_tables() else _module(_text(path), statements)
    if module is None:
        return False
    function = module.function_at(*lines[0]) if lines else None
    try:
        return function is not None and module.rest_is_seen(function, [line for _, line in lines])
    except RecursionError:  # as deep as Python itself reads, but not as a visitor of it does
        return False


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
    if not path:  # operations that autogenerate found are in no file yet: nothing around them catches anything
        return "no"
    text = _text(path)
    if text is not None and not any(word in text for word in _CATCHES):  # reading it as Python takes a while
        return "no"
    module = _module(text, statements)
    try:
        if module is not None and not any(module.catches(name, line) for name, line in lines):
            return "no"
        is_alone = module is not None and all(module.fails_alone(name, line) for name, line in lines)
    except RecursionError:
        return "yes"
    return "of one statement" if is_alone else "yes"


def _text(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def _module(text: str | None, statements: Statements) -> _Module | None:
    try:
        return None if text is None else _read(text, statements)
    except (SyntaxError, ValueError, RecursionError):
        return None


@lru_cache(maxsize=1)  # a script is asked about at every statement
def _read(text: str, statements: Statements) -> _Module:
    return _Module(tree_of(text), statements)


def _lines(trace: TracebackType | None, path: str) -> Iterator[tuple[str, int]]:
    """Yield the functions of the script that an exception went through, outermost first, and the line in each."""
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            yield trace.tb_frame.f_code.co_name, trace.tb_lineno
        trace = trace.tb_next


class _Module(RowsAlone):
    """A version script's syntax."""

    # -- the statements of a function --------------------------------------------------------------------------------

    def rest_is_seen(self, function: Function, lines: Sequence[int] = ()) -> bool:
        """Return whether a function's statements from the lines on, one of each frame, were seen or change no table.

        Without lines: all its statements.
        """
        if function.name in self._checking or function.decorator_list:
            return False
        with self._within(function.name):
            if self._all_seen(function.body, lines):
                return True
            after = _from(function.body, lines)
            ends = next((number for number, each in enumerate(after) if has_return(each)), len(after))
            # What a return leaves out, or does not, is rows alone.
            rest = (self._changes_rows_only(each, inside=True) for each in after[ends:])
            return ends < len(after) and all(rest) and self._all_seen(after[:ends], lines)

    def _all_seen(self, body: Sequence[ast.stmt], lines: Sequence[int]) -> bool:
        start = lines[0] if lines else 0
        return all(self._is_seen(each, lines if each.lineno <= start else ()) for each in _from(body, lines))

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
        return self._is_fixed_statement(statement) and not lines

    def _is_fixed_statement(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.FunctionDef():
                return self._is_plain(statement)
            case ast.Assign(value=value):
                return self._is_fixed(value)
            case ast.Return(value=value):
                return value is None or self._is_fixed(value)
        return False

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
            case ast.Call(func=ast.Name(id=name)) if name in self.functions:
                given = (*node.args, *(each.value for each in node.keywords))
                return self._returns_what_is_fixed(name) and all(self._is_fixed(each, bound) for each in given)
            case ast.Call(func=ast.Attribute(value=owner, attr="get"), args=[ast.Constant(value=str()), *more]):
                # Of a dictionary: `Session.get` wants a class.
                return all(self._is_fixed(each, bound) for each in (owner, *more)) and not node.keywords
            case ast.Call() if not self._is_library(node):
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

    def _is_library(self, call: ast.Call) -> bool:
        """Whether a call is not of the project's own modules, which may look at rows."""
        if (root_of(call.func) or ("",))[0] not in self._paths:
            return True
        path, given = self._path(call.func), (*call.args, *(each.value for each in call.keywords))
        if path is None or path.startswith("alembic.") or is_safe(path):
            return path is not None
        return all(isinstance(each, ast.Constant) for each in given) and only_computes(path)

    def _returns_what_is_fixed(self, name: str) -> bool:
        """Return whether a function of the script, given what is fixed, has the same value whatever the rows are."""
        function = self.functions[name]
        if name in self._checking or not self._is_plain(function) or self._stored(name):
            return False
        given = frozenset(each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg))
        with self._within(name):
            return all(self._has_fixed_end(each, given) for each in function.body)

    def _has_fixed_end(self, statement: ast.stmt, given: frozenset[str]) -> bool:
        match statement:
            case ast.Expr(value=ast.Constant()) | ast.Pass() | ast.Return(value=None):
                return True
            case ast.Return(value=ast.expr() as value) | ast.Assign(targets=[ast.Name()], value=value):
                return self._is_fixed(value, given)
            case ast.If(test=test, body=body, orelse=orelse):
                return self._is_fixed(test, given) and all(
                    self._has_fixed_end(each, given) for each in (*body, *orelse)
                )
        return False

    def _has_one_value(self, name: str) -> bool:
        if self._is_decided_by_rows(name):
            return False
        if name in self._origins or name in self._classes or hasattr(builtins, name):
            return not self._stored(name)
        with self._looking_at(name) as stored:
            return bool(stored) and all(value is not None and self._is_fixed(value) for value in stored)

    def catches(self, name: str, line: int) -> bool:
        """Return whether a function lets an error at a line pass, around code that changes more than rows."""
        function = self.function_at(name, line)
        if function is None:
            return False
        with self._within(name):
            found = catching(function, line, self._other_errors())
            return any(tells(function, each) or not self._changes_rows_only(each) for each in found)

    def fails_alone(self, name: str, line: int) -> bool:
        """Return whether all that is caught with an error at a line of a function is one statement."""
        function = self.function_at(name, line)
        if function is None:
            return False
        with self._within(name):
            return all(
                not tells(function, each) and is_single(each.body) and self._is_quiet(each)
                for each in catching(function, line, self._other_errors())
            )

    def _other_errors(self) -> frozenset[str]:
        """Return the names of Python's errors that are none of a database, and mean that here."""
        taken = self._origins.keys() | self._inner_classes.keys()
        return frozenset(name for name in OTHER_ERRORS if name not in taken and not self._stored(name))

    def _is_quiet(self, node: Catching) -> bool:
        """Whether an error is let pass without anything else being done to the database."""
        if isinstance(node, ast.With):
            return True
        handlers = all(self._changes_rows_only(each) for handler in node.handlers for each in handler.body)
        return handlers and not node.orelse and not node.finalbody


def _from(body: Sequence[ast.stmt], lines: Sequence[int]) -> list[ast.stmt]:
    """Return the statements from the line on that a script is at; no line: all of them."""
    start = lines[0] if lines else 0
    return [each for each in body if (each.end_lineno or each.lineno) >= start]


_ENDS = frozenset({"close", "commit"})
_GIVES_UP = frozenset({"close", "rollback"})


def _ends_with(statement: ast.stmt, names: frozenset[str]) -> bool:
    """Whether a statement is a call without arguments of a method of one of these names."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    return (
        isinstance(call, ast.Call)
        and not call.args
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in names
    )

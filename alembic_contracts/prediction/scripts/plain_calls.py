"""The text of a version script in, a module with those of its statements out that need nothing of it to be run.

That is: calls of Alembic's operations whose arguments are written out, in SQLAlchemy's words. Only the libraries run.
Everything else is told, and left out.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import alembic.op
import sqlalchemy as sa
from alembic.operations import BatchOperations, Operations
from sqlalchemy.dialects import postgresql

from alembic_contracts.prediction.scripts.harmless import is_part
from alembic_contracts.prediction.scripts.outline import bound, parsed

__all__ = ["plain_module"]

_LIBRARIES: dict[str, Any] = {
    "alembic": alembic,
    "sqlalchemy": sa,
    "sqlalchemy.dialects": sa.dialects,
    "sqlalchemy.dialects.postgresql": postgresql,
}
_WORDS = (sa.text, sa.literal_column, sa.null, sa.true, sa.false, sa.column, sa.table)
_NOT_OPERATIONS = frozenset(
    {"get_bind", "get_context", "implementation_for", "invoke", "register_operation", "run_async"}
)


def plain_module(path: str, tell: Callable[[str, int], None]) -> ModuleType:
    """Return a module whose functions make the calls of a script that are plain.

    Args:
        path: the script.
        tell: told what is left out, and at which line.

    Raises:
        SyntaxError: it is no Python.
    """
    tree = parsed(Path(path))
    module, known = ModuleType(Path(path).stem), _known(tree)
    for statement in tree.body:
        match statement:
            case ast.FunctionDef(name="upgrade" | "downgrade" as name) if not _runs_code(statement):
                setattr(module, name, _made(statement, path, known, tell))
            case _ if not _is_harmless(statement):
                tell("is not run (--no-exec): this is more than a definition", statement.lineno)
    for name in ("upgrade", "downgrade"):
        if not hasattr(module, name):
            setattr(module, name, lambda: tell("is not run (--no-exec): its function is not written out", 1))
    return module


def _known(tree: ast.Module) -> dict[str, Any]:
    """Return what names of a script stand for that are bound once, to a part of a library or to a value."""
    known: dict[str, Any] = {}
    times: Counter[str] = Counter()
    for statement in tree.body:
        known.update(_imported(statement))
        for name, value in bound(statement):
            times[name] += 1
            if value is not None and _is_literal(value):
                known[name] = ast.literal_eval(value)
    return {name: value for name, value in known.items() if times[name] == 1 and "*" not in times}


def _imported(statement: ast.stmt) -> dict[str, Any]:
    """Return what a statement imports of the libraries, by its name in the script."""
    match statement:
        case ast.Import(names=names):
            return {a.asname: _LIBRARIES[a.name] for a in names if a.asname and a.name in _LIBRARIES} | {
                a.name: _LIBRARIES[a.name] for a in names if not a.asname and a.name in ("alembic", "sqlalchemy")
            }
        case ast.ImportFrom(module=str(module), names=names, level=0) if module in _LIBRARIES:
            found = ((alias, getattr(_LIBRARIES[module], alias.name, None)) for alias in names)
            return {alias.asname or alias.name: value for alias, value in found if value is not None}
    return {}


def _is_harmless(statement: ast.stmt) -> bool:
    """Whether a statement of a module does nothing but to define something."""
    match statement:
        case ast.Expr(value=ast.Constant()) | ast.Pass():
            return True
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            return _is_literal(value)
        case ast.AnnAssign():
            return True
        case ast.Import(names=names):
            return all(_is_known(alias.name) for alias in names)
        case ast.ImportFrom(module=str(module), level=0):
            return _is_known(module)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return name not in ("upgrade", "downgrade") and not _runs_code(statement)
    return False


def _is_known(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] in {"alembic", "sqlalchemy", *sys.stdlib_module_names}


def _is_literal(value: ast.expr) -> bool:
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError):
        return False
    return True


def _runs_code(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether code runs where a function is defined."""
    defaults = [*function.args.defaults, *(each for each in function.args.kw_defaults if each is not None)]
    return bool(function.decorator_list) or not all(map(_is_literal, defaults))


def _made(
    function: ast.FunctionDef, path: str, known: dict[str, Any], tell: Callable[[str, int], None]
) -> Callable[..., None]:
    """Return a function of those statements of another one that are plain; it tells of the others as it gets there."""
    inside = [node for node in ast.walk(function) if isinstance(node, ast.arg | ast.stmt) and node is not function]
    own = {n.arg for n in inside if isinstance(n, ast.arg)} | {
        name for node in inside if isinstance(node, ast.stmt) for name, _ in bound(node)
    }
    known = {name: value for name, value in known.items() if name not in own}
    plain = _Plain(known)
    body: list[ast.stmt] = []
    for statement in function.body:
        if isinstance(statement, ast.Return) and statement.value is None:
            break
        if plain.takes(statement):
            body.append(statement)
        else:
            call = ast.Call(ast.Name("_told", ast.Load()), [ast.Constant(statement.lineno)], [])
            body.append(ast.copy_location(ast.Expr(call), statement))
    made = ast.FunctionDef(function.name, function.args, body or [ast.Pass()], [])
    ast.copy_location(made, function)
    code = compile(ast.fix_missing_locations(ast.Module([made], [])), path, "exec")

    def told(line: int) -> None:
        tell("is not run (--no-exec): this is more than an operation with its arguments", line)

    namespace = {**known, "_told": told}
    exec(code, namespace)  # noqa: S102 - calls of the libraries alone, see _Plain
    made_function: Callable[..., None] = namespace[function.name]
    return made_function


class _Plain:
    """Tells the statements that call nothing but the libraries, with arguments that are written out."""

    def __init__(self, known: dict[str, Any]) -> None:
        self._known, self._values, self._batches = known, set[str](), set[str]()

    def takes(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                return True
            case ast.Expr(value=ast.Call() as call):
                return self._is_operation(call)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call) if self._is_operation(call):
                self._values.add(name)
                return True
            case ast.With(items=[ast.withitem(context_expr=ast.Call() as call, optional_vars=ast.Name(id=name))]):
                batch = isinstance(call.func, ast.Attribute) and call.func.attr == "batch_alter_table"
                self._batches.add(name)
                return batch and self._is_operation(call) and all(map(self.takes, statement.body))
        return False

    def _is_operation(self, call: ast.Call) -> bool:
        match call.func:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in self._batches:
                operations: type[Any] = BatchOperations
            case ast.Attribute(value=value, attr=attribute) if self._resolved(value) is alembic.op:
                operations = Operations
            case _:
                return False
        is_one = not attribute.startswith("_") and attribute not in _NOT_OPERATIONS and hasattr(operations, attribute)
        return is_one and all(map(self._is_plain, _arguments(call)))

    def _is_plain(self, node: ast.expr) -> bool:
        """Whether an expression is a value that is written out."""
        match node:
            case ast.Constant():
                return True
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                return all(map(self._is_plain, parts))
            case ast.Dict(keys=keys, values=values):
                return all(key is not None and self._is_plain(key) for key in keys) and all(map(self._is_plain, values))
            case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
                return self._is_plain(operand)
            case ast.Name(id=name) if name in self._values:
                return True
            case ast.Call(func=function):
                return self._is_word(function) and all(map(self._is_plain, _arguments(node)))
            case ast.Name() | ast.Attribute():
                found = self._resolved(node)
                return is_part(found) or isinstance(found, str | int | float | tuple | list | dict | bool)
        return False

    def _is_word(self, function: ast.expr) -> bool:
        """Whether a call makes a part of a schema or of SQL: a type, a column, a text, a function of the server."""
        match function:
            case ast.Attribute(value=value) if self._resolved(value) is sa.func:
                return True
            case ast.Attribute(value=value, attr="f") if self._resolved(value) is alembic.op:
                return True
        found = self._resolved(function)
        return is_part(found) or any(found is word for word in _WORDS)

    def _resolved(self, node: ast.expr) -> Any:
        """Return what a name of the libraries stands for, None where it is none of theirs."""
        match node:
            case ast.Name(id=name):
                return self._known.get(name) if name not in self._values | self._batches else None
            case ast.Attribute(value=value, attr=attribute) if not attribute.startswith("_"):
                owner = self._resolved(value)
                return getattr(owner, attribute, None) if isinstance(owner, ModuleType) else None
        return None


def _arguments(call: ast.Call) -> Iterator[ast.expr]:
    yield from call.args
    for keyword in call.keywords:
        # `**options` is a dict that may have any of them, and is none that is written out.
        yield keyword.value if keyword.arg is not None else ast.Starred(keyword.value)

"""The text of an env.py in, the same with the guard's line out, or whether it opens the transaction itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from msgspec import Struct

__all__ = ["Edited", "NotUnderstoodError", "has_own_transaction", "with_guard"]

_GUARD = "alembic_contracts.guard(context)"
_IMPORT = "import alembic_contracts"


class NotUnderstoodError(Exception):
    """The file runs no migrations in a way that could be found."""


class Edited(Struct, frozen=True):
    """An env.py with the guard."""

    text: str
    added: int
    """In how many places it was missing."""


class _Insertion(Struct, frozen=True):
    line: int
    """From 1."""
    column: int
    text: str
    indent: tuple[int, int] | None = None
    """Lines (first, last) that move four columns to the right."""


def with_guard(source: str) -> Edited:
    """Return an env.py in which every ``context.run_migrations()`` runs under the guard.

    Args:
        source: the file's text.

    Raises:
        NotUnderstoodError: it has no such call, or does not parse.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise NotUnderstoodError(f"it does not parse (line {error.lineno}: {error.msg})") from error
    insertions = list(_insertions(tree))
    if not insertions and not any(_is_call(node, "run_migrations") for node in ast.walk(tree)):
        raise NotUnderstoodError("there is no context.run_migrations() in it")
    if not insertions:
        return Edited(source, 0)
    lines = source.splitlines(keepends=True)
    for insertion in sorted(insertions, key=lambda each: (each.line, each.column), reverse=True):
        _apply(lines, insertion)
    if not _imports_us(tree):
        end = "\r\n" if lines[0].endswith("\r\n") else "\n"
        lines.insert(_line_of_import(tree), _IMPORT + end)
    text = "".join(lines)
    try:
        ast.parse(text)
    except SyntaxError:
        raise NotUnderstoodError("context.run_migrations() shares its line with something else") from None
    return Edited(text, len(insertions))


def has_own_transaction(source: str) -> bool:
    """Return whether an env.py uses its connection before ``configure()``, and commits it.

    Then Alembic leaves the transaction to it, and scripts can commit without ending Alembic's own.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return False
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    connections = [
        (node, keyword.value.id)
        for node in calls
        for keyword in node.keywords
        if _is_call(node, "configure") and keyword.arg == "connection" and isinstance(keyword.value, ast.Name)
    ]
    commits = any(_is_call(node, "commit") and _name_before(node) is not None for node in calls)
    scopes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return commits and bool(connections) and all(_is_used_before(*each, [*scopes, tree]) for each in connections)


def _is_used_before(configure: ast.Call, connection: str, scopes: list[ast.AST]) -> bool:
    """Whether the function around a call of ``configure()`` executes something on its connection before it."""
    inside = next(nodes for scope in scopes if configure in (nodes := list(ast.walk(scope))))
    used = (node for node in inside if _name_before(node) == connection and isinstance(node, ast.Call))
    return any(
        node.lineno < configure.lineno
        and any(_is_call(node, name) for name in ("execute", "exec_driver_sql", "scalar"))
        for node in used
    )


def _name_before(node: ast.AST) -> str | None:
    """Return the name that a method is called on."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        return node.func.value.id
    return None


def _insertions(tree: ast.Module) -> Iterator[_Insertion]:
    """Yield what is missing where migrations run outside of a guard."""
    guarded: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.With | ast.AsyncWith) and any(_is_call(n, "run_migrations") for n in ast.walk(node)):
            inside = {id(each) for each in ast.walk(node)}
            opens = [item for item in node.items if _is_call(item.context_expr, "begin_transaction")]
            if any(_is_call(item.context_expr, "guard") for item in node.items):
                guarded |= inside
            elif opens and not guarded & inside:
                expression = opens[-1].context_expr
                guarded |= inside
                yield _Insertion(expression.end_lineno or 0, expression.end_col_offset or 0, f", {_GUARD}")
    for statement in ast.walk(tree):
        alone = isinstance(statement, ast.Expr) and _is_call(statement.value, "run_migrations")
        if alone and id(statement) not in guarded and isinstance(statement, ast.Expr):
            lines = (statement.lineno, statement.end_lineno or statement.lineno)
            yield _Insertion(statement.lineno, statement.col_offset, f"with {_GUARD}:", lines)


def _is_call(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name


def _apply(lines: list[str], insertion: _Insertion) -> None:
    index = insertion.line - 1
    line = lines[index]
    if insertion.indent is None:
        encoded = line.encode()  # columns of the syntax tree count bytes
        lines[index] = (encoded[: insertion.column] + insertion.text.encode() + encoded[insertion.column :]).decode()
        return
    first, last = insertion.indent
    for position in range(first - 1, last):
        lines[position] = f"    {lines[position]}"
    end = "\r\n" if line.endswith("\r\n") else "\n"
    lines.insert(index, f"{' ' * insertion.column}{insertion.text}{end}")


def _imports_us(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.Import) and any(alias.name == "alembic_contracts" for alias in node.names)
        for node in tree.body
    )


def _line_of_import(tree: ast.Module) -> int:
    """Return the line (from 1) after which our import goes: that of Alembic, else the last one."""
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    alembics = [node for node in imports if isinstance(node, ast.ImportFrom) and node.module == "alembic"]
    best = (alembics or imports)[-1:] if imports else []
    if best:
        return best[0].end_lineno or 0
    first = tree.body[0] if tree.body else None
    docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return (first.end_lineno or 0) if docstring and first is not None else 0

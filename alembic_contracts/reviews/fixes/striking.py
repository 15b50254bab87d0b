"""Lines of a version script in, the script without the statements at them out: they stay as comments."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from msgspec import Struct

__all__ = ["Struck", "struck"]


class Struck(Struct, frozen=True):
    """A script from which statements were taken out."""

    text: str
    lines: tuple[tuple[int, int], ...]
    """The first and the last line of each."""
    missed: tuple[int, ...]
    """Lines at which there is no statement of ``upgrade()`` that can go alone."""


def struck(text: str, lines: Collection[int], why: str) -> Struck:
    """Comment out the statements of ``upgrade()`` at some lines, and those of ``downgrade()`` that plainly undo them.

    Args:
        text: the script.
        lines: counted from 1.
        why: what the comment says; one line.
    """
    found: dict[tuple[int, int], None] = {}
    missed: list[int] = []
    for line in sorted(set(lines)):
        place = _statement_at(text, line)
        if place is None:
            missed.append(line)
        else:
            found[place] = None
    found.update(dict.fromkeys(_undoing(text, tuple(found))))
    written = text.splitlines(keepends=True)
    emptied = _emptied(text, found)
    for first, last in sorted(found, reverse=True):
        block = written[first - 1 : last]
        indent = block[0][: len(block[0]) - len(block[0].lstrip())]
        end = "\r\n" if block[0].endswith("\r\n") else "\n"
        commented = [
            f"{indent}# {line[len(indent) :].rstrip() if line.startswith(indent) else line.strip()}".rstrip()
            for line in block
        ]
        left = [f"{indent}# {why}", *commented, *([f"{indent}pass"] if (first, last) in emptied else [])]
        written[first - 1 : last] = [f"{line}{end}" for line in left]
    return Struck("".join(written), tuple(sorted(found)), tuple(missed))


def _function(text: str, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name == name]
    return found[0] if len(found) == 1 else None


def _undoing(text: str, found: Collection[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the places of calls in ``downgrade()`` that name the same things as some in ``upgrade()`` and no others."""
    upgrade, downgrade = _function(text, "upgrade"), _function(text, "downgrade")
    if upgrade is None or downgrade is None:
        return
    going = [_words(statement) for statement in upgrade.body if _place(statement) in found]
    staying = [_words(statement) for statement in upgrade.body if _place(statement) not in found]
    for statement in downgrade.body:
        words = _words(statement)
        is_call = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
        if is_call and words and words in going and words not in staying:
            yield _place(statement)


def _words(statement: ast.stmt) -> frozenset[str]:
    """Return the texts in a statement."""
    nodes = (node.value for node in ast.walk(statement) if isinstance(node, ast.Constant))
    return frozenset(value for value in nodes if isinstance(value, str))


def _place(statement: ast.stmt) -> tuple[int, int]:
    return statement.lineno, statement.end_lineno or statement.lineno


def _bodies(function: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(function):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                yield body


def _statement_at(text: str, line: int) -> tuple[int, int] | None:
    """Return the lines of the call that stands alone at a line, None where there is none that can go."""
    function = _function(text, "upgrade")
    if function is None:
        return None
    for body in _bodies(function):
        for statement in body:
            last = statement.end_lineno or statement.lineno
            if (
                statement.lineno <= line <= last
                and isinstance(statement, ast.Expr)
                and isinstance(statement.value, ast.Call)
            ):
                shares = any(
                    other is not statement and other.lineno <= last and (other.end_lineno or 0) >= statement.lineno
                    for other in body
                )
                return None if shares else (statement.lineno, last)
    return None


def _emptied(text: str, found: Collection[tuple[int, int]]) -> frozenset[tuple[int, int]]:
    """Return the last statement of each body of which nothing but its docstring would stay."""
    emptied = set()
    for function in (_function(text, "upgrade"), _function(text, "downgrade")):
        for body in _bodies(function) if function is not None else ():
            places = [_place(statement) for statement in body]
            if places and all(place in found for place in places):
                emptied.add(places[-1])
    return frozenset(emptied)

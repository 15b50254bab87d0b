"""What a PL/pgSQL body comes to: blocks, branches and loops around texts of SQL, as immutable values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec import Struct

__all__ = [
    "Assert",
    "Assign",
    "Block",
    "Case",
    "Close",
    "Declaration",
    "ExceptionHandler",
    "Execute",
    "Exit",
    "Fetch",
    "ForEach",
    "ForNumbers",
    "ForRows",
    "If",
    "Loop",
    "Open",
    "Raise",
    "Return",
    "Sql",
    "Statement",
    "Transaction",
    "texts",
    "walk",
]


class Declaration(Struct, frozen=True):
    """A variable, an alias of one, or a cursor with its query."""

    name: str
    type_name: str
    default: str | None = None
    query: str | None = None


class Sql(Struct, frozen=True):
    """A statement of SQL, PERFORM and CALL included; ``into`` are the variables that take its first row."""

    text: str
    into: tuple[str, ...] = ()
    strict: bool = False
    discards: bool = False
    """Whether it is PERFORM, which drops its rows; other queries without variables fail."""


class Execute(Struct, frozen=True):
    """EXECUTE of an expression that yields the statement."""

    text: str
    into: tuple[str, ...] = ()
    using: tuple[str, ...] = ()


class Assign(Struct, frozen=True):
    """An assignment to a variable, or (``part``) to a field or element of one."""

    name: str
    part: bool
    value: str


class If(Struct, frozen=True):
    """Conditions with what to do, and what to do otherwise."""

    branches: tuple[tuple[str, tuple[Statement, ...]], ...]
    otherwise: tuple[Statement, ...]


class Case(Struct, frozen=True):
    """CASE as a statement; ``otherwise`` is None where there is no ELSE."""

    subject: str | None
    branches: tuple[tuple[str, tuple[Statement, ...]], ...]
    otherwise: tuple[Statement, ...] | None


class Loop(Struct, frozen=True):
    """LOOP and WHILE."""

    label: str | None
    condition: str | None
    body: tuple[Statement, ...]


class ForNumbers(Struct, frozen=True):
    """FOR over integers."""

    label: str | None
    name: str
    reverse: bool
    lower: str
    upper: str
    step: str | None
    body: tuple[Statement, ...]


class ForRows(Struct, frozen=True):
    """FOR over the rows of a query (or cursor), or of an EXECUTE."""

    label: str | None
    names: tuple[str, ...]
    query: str
    dynamic: bool
    body: tuple[Statement, ...]


class ForEach(Struct, frozen=True):
    """FOREACH over an array."""

    label: str | None
    names: tuple[str, ...]
    array: str
    body: tuple[Statement, ...]


class Exit(Struct, frozen=True):
    """EXIT and CONTINUE."""

    again: bool
    label: str | None
    condition: str | None


class Return(Struct, frozen=True):
    """RETURN in all its forms; ``final`` where the function ends with it."""

    text: str | None
    final: bool
    dynamic: bool = False
    query: bool = False


class Raise(Struct, frozen=True):
    """RAISE; ``condition`` is a condition's name or SQLSTATE."""

    level: str
    message: str | None = None
    condition: str | None = None
    values: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()


class Assert(Struct, frozen=True):
    """ASSERT."""

    condition: str


class Open(Struct, frozen=True):
    """OPEN of a cursor: the query or the expression of EXECUTE, neither where it was declared with one."""

    query: str | None
    dynamic: str | None


class Fetch(Struct, frozen=True):
    """FETCH, MOVE and GET DIAGNOSTICS: variables that take values which are not worked out."""

    into: tuple[str, ...]


class Close(Struct, frozen=True):
    """CLOSE of a cursor, NULL: nothing to do."""


class Transaction(Struct, frozen=True):
    """COMMIT and ROLLBACK."""

    commit: bool


class ExceptionHandler(Struct, frozen=True):
    """One WHEN of EXCEPTION."""

    conditions: tuple[str, ...]
    """Names of conditions in lower case, or SQLSTATEs."""
    body: tuple[Statement, ...]


class Block(Struct, frozen=True):
    """BEGIN ... END with its declarations and exception handlers."""

    label: str | None
    declarations: tuple[Declaration, ...]
    body: tuple[Statement, ...]
    handlers: tuple[ExceptionHandler, ...]


Statement = (
    Block | Sql | Execute | Assign | If | Case | Loop | ForNumbers | ForRows | ForEach | Exit | Return | Raise | Assert
    | Open | Fetch | Close | Transaction
)  # fmt: skip


def walk(block: Block) -> Iterator[Statement]:
    """Yield a block and all statements in it."""
    stack: list[Statement] = [block]
    while stack:
        current = stack.pop()
        yield current
        for body in _bodies(current):
            stack.extend(body)


def _bodies(statement: Statement) -> Iterator[tuple[Statement, ...]]:
    if isinstance(statement, Block):
        yield statement.body
        yield from (handler.body for handler in statement.handlers)
    elif isinstance(statement, (If, Case)):
        yield from (body for _, body in statement.branches)
        yield statement.otherwise or ()
    elif isinstance(statement, (Loop, ForNumbers, ForRows, ForEach)):
        yield statement.body


def texts(statement: Statement) -> Iterator[str]:
    """Yield the expressions and queries of a statement itself, without those of the statements in it."""
    find = _TEXTS.get(type(statement))
    if find is not None:
        yield from (text for text in find(statement) if text)


_TEXTS: dict[type, Callable[[Any], Iterable[str | None]]] = {
    Assert: lambda each: (each.condition,),
    Assign: lambda each: (each.value,),
    Block: lambda each: (text for known in each.declarations for text in (known.default, known.query)),
    Case: lambda each: (each.subject, *(condition for condition, _ in each.branches)),
    Execute: lambda each: (each.text, *each.using),
    Exit: lambda each: (each.condition,),
    ForEach: lambda each: (each.array,),
    ForNumbers: lambda each: (each.lower, each.upper, each.step),
    ForRows: lambda each: (each.query,),
    If: lambda each: (condition for condition, _ in each.branches),
    Loop: lambda each: (each.condition,),
    Open: lambda each: (each.query,),
    Raise: lambda each: each.values,
    Return: lambda each: (each.text,),
}

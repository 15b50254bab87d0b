"""Typed trees of stored expressions: what PostgreSQL's parse analysis makes of an expression (``primnodes.h``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from msgspec import Struct

from alembic_contracts.schemas.schema import Name, Type

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node

__all__ = [
    "UNKNOWN",
    "AnyOf",
    "Array",
    "Call",
    "Case",
    "Cast",
    "Constant",
    "Keyword",
    "Operation",
    "Reader",
    "Reference",
    "SessionValue",
    "Syntax",
    "Test",
    "Tree",
    "UnprintableError",
    "builtin",
]


Syntax = Literal["", "at time zone", "extract", "position", "substring", "trim"]
"""SQL's own ways to write a call."""


class UnprintableError(Exception):
    """What PostgreSQL would print was not shown to be known."""


def builtin(name: str, dimensions: int = 0) -> Type:
    """Return one of PostgreSQL's own types."""
    return Type(Name("pg_catalog", name), (), dimensions)


UNKNOWN = builtin("unknown")


class Constant(Struct, frozen=True):
    """``Const``; ``text`` is what the type's output function gives, None for NULL."""

    type: Type
    text: str | None


class Reference(Struct, frozen=True):
    """``Var``: a column."""

    type: Type
    name: str


class Cast(Struct, frozen=True):
    """``FuncExpr`` of a cast, ``RelabelType``, ``CoerceViaIO``, ``ArrayCoerceExpr`` or ``CoerceToDomain``."""

    type: Type
    argument: Tree
    implicit: bool
    function: bool
    """Whether it is a ``FuncExpr``."""


class Call(Struct, frozen=True):
    """``FuncExpr`` of a call; ``syntax`` names one of SQL's own ways to write it."""

    type: Type
    name: str
    arguments: tuple[Tree, ...]
    syntax: Syntax = ""
    function: Name | None = None
    """The function, where it is not PostgreSQL's own."""


class Operation(Struct, frozen=True):
    """``OpExpr`` or ``DistinctExpr`` (``IS DISTINCT FROM``); without ``left`` a prefix operator."""

    type: Type
    name: str
    left: Tree | None
    right: Tree


class AnyOf(Struct, frozen=True):
    """``ScalarArrayOpExpr``."""

    type: Type
    name: str
    quantifier: Literal["ANY", "ALL"]
    left: Tree
    right: Tree


class Test(Struct, frozen=True):
    """``NullTest``, ``BooleanTest`` (``suffix``), and ``BoolExpr`` (``word`` AND, OR, NOT)."""

    type: Type
    arguments: tuple[Tree, ...]
    word: str = ""
    suffix: str = ""


class Keyword(Struct, frozen=True):
    """``CoalesceExpr``, ``MinMaxExpr``, ``NullIfExpr``: written as a function whose name is a keyword."""

    type: Type
    name: str
    arguments: tuple[Tree, ...]


class Array(Struct, frozen=True):
    """``ArrayExpr``."""

    type: Type
    elements: tuple[Tree, ...]


class Case(Struct, frozen=True):
    """``CaseExpr`` without a value to compare with: conditions, each with its result, and the result of ELSE."""

    type: Type
    branches: tuple[tuple[Tree, Tree], ...]
    otherwise: Tree


class SessionValue(Struct, frozen=True):
    """``SQLValueFunction``: ``CURRENT_TIMESTAMP`` and its kin."""

    type: Type
    text: str


Tree = Constant | Reference | Cast | Call | Operation | AnyOf | Test | Keyword | Array | SessionValue | Case


class Reader(Protocol):
    """What reads the parts of an expression for those who know one kind of it."""

    @property
    def state(self) -> State:
        """The catalog."""

    def tree(self, node: Node) -> Tree:
        """Return the typed tree of a node."""

    def trees(self, nodes: Node) -> list[Tree]:
        """Return the typed trees of several nodes."""

    def boolean(self, tree: Tree) -> Tree:
        """Return a condition."""

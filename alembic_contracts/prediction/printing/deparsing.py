"""A typed tree in, its text out as PostgreSQL's ``ruleutils.c`` writes it, names of users qualified.

The functions follow those of ruleutils.c (``get_rule_expr``, ``get_coercion_expr``, ``get_const_expr``,
``isSimpleNode``), whose flag ``PRETTYFLAG_PAREN`` is ``pretty`` here. ``casts`` is their ``showimplicit``: whether
casts that nobody wrote are shown.
"""

from __future__ import annotations

import re

from alembic_contracts.dialects.postgresql import format_type
from alembic_contracts.dialects.postgresql.names import quote, quote_name
from alembic_contracts.prediction.printing.primitives import (
    AnyOf,
    Array,
    Call,
    Case,
    Cast,
    Constant,
    Keyword,
    Operation,
    Reference,
    SessionValue,
    Test,
    Tree,
    UnprintableError,
)
from alembic_contracts.schemas.schema import Type

__all__ = ["deparse"]

_INDENT = 4
_NEW_LINE = "\0"
"""Stands for the end of a line, which takes the spaces before it along."""


def deparse(tree: Tree, *, pretty: bool = False) -> str:
    """Return the text of an expression.

    Raises:
        UnprintableError: it cannot be written, which no tree that the analysis makes should be.
    """
    text = _Deparser(pretty=pretty).text(tree, casts=False)
    return re.sub(f" *{_NEW_LINE}", "\n", text)


def spelled_type(type_: Type) -> str:
    """Return ``format_type_with_typemod``, the type of a user qualified."""
    if type_.name.schema == "pg_catalog" and type_.name.name in {"bpchar", "bit"} and not type_.modifiers:
        # Without a length they must not be taken for those of length 1.
        return (type_.name.name if type_.name.name == "bpchar" else '"bit"') + ("[]" if type_.dimensions else "")
    return format_type(type_)


class _Deparser:
    def __init__(self, *, pretty: bool) -> None:
        self.pretty = pretty
        self.indent = 0

    def text(self, tree: Tree, *, casts: bool) -> str:
        """``get_rule_expr``."""
        match tree:
            case Reference():
                return quote(tree.name)
            case SessionValue():
                return tree.text
            case Cast() if tree.implicit and not casts:
                return self._in_parentheses(tree.argument, tree, casts=False)
            case Operation() | AnyOf() | Test():
                return self._around(self._operation(tree))
        return self._closed(tree)

    def _closed(self, tree: Tree) -> str:
        """Return the text of what never has parentheses around."""
        match tree:
            case Constant():
                return self._constant(tree)
            case Cast():
                return self._cast(tree)
            case Call():
                return self._call(tree)
            case Case():
                return self._case(tree)
            case Keyword():
                return f"{tree.name}({self._list(tree.arguments)})"
            case Array():
                empty = f"::{spelled_type(tree.type)}" if not tree.elements else ""
                return f"ARRAY[{self._list(tree.elements)}]{empty}"
        raise UnprintableError(type(tree).__name__)

    def _around(self, text: str) -> str:
        return text if self.pretty else f"({text})"

    def _list(self, arguments: tuple[Tree, ...]) -> str:
        return ", ".join(self.text(argument, casts=True) for argument in arguments)

    def _in_parentheses(self, tree: Tree, parent: Tree, *, casts: bool) -> str:
        """``get_rule_expr_paren``."""
        text = self.text(tree, casts=casts)
        return f"({text})" if self.pretty and not _is_simple(tree, parent) else text

    def _constant(self, tree: Constant, *, label: bool = True) -> str:
        name = tree.type.name.name if tree.type.name.schema == "pg_catalog" and not tree.type.dimensions else ""
        shown = f"::{spelled_type(tree.type)}" if label else ""
        if tree.text is None:
            return f"NULL{shown}"
        if name == "bool":
            return tree.text
        if name == "int4" and not tree.text.startswith("-"):
            return tree.text
        if name == "numeric" and tree.text[0].isdigit() and "." in tree.text:
            return tree.text
        return "'" + tree.text.replace("'", "''") + "'" + ("" if name == "unknown" else shown)

    def _cast(self, tree: Cast) -> str:
        """``get_coercion_expr``."""
        argument = tree.argument
        if isinstance(argument, Constant) and argument.type == Type(tree.type.name, (), tree.type.dimensions):
            text = self._constant(argument, label=False)
        else:
            text = self._around(self._in_parentheses(argument, tree, casts=False))
        return f"{text}::{spelled_type(tree.type)}"

    def _case(self, tree: Case) -> str:
        """Lines that are indented, as even a text that is not pretty has them."""
        parts = [self._line("CASE")]
        self.indent += _INDENT
        for condition, result in tree.branches:
            parts.append(f"{self._line('WHEN')} {self.text(condition, casts=False)}")
            parts.append(f" THEN {self.text(result, casts=True)}")
        parts.append(f"{self._line('ELSE')} {self.text(tree.otherwise, casts=True)}")
        self.indent -= _INDENT
        return "".join(parts) + self._line("END")

    def _line(self, word: str) -> str:
        return f"{_NEW_LINE}{' ' * self.indent}{word}"

    def _call(self, tree: Call) -> str:
        if tree.syntax == "at time zone":
            zone, time = (self._in_parentheses(argument, tree, casts=False) for argument in tree.arguments)
            return f"({time} AT TIME ZONE {zone})"
        if tree.syntax == "extract":
            field, moment = tree.arguments
            assert isinstance(field, Constant), "the analysis saw to it"  # noqa: S101
            return f"EXTRACT({field.text} FROM {self.text(moment, casts=False)})"
        if tree.syntax == "trim":
            source, *characters = self._plainly(tree)
            side = {"btrim": "BOTH", "ltrim": "LEADING", "rtrim": "TRAILING"}[tree.name]
            return f"TRIM({' '.join([side, *characters])} FROM {source})"
        if tree.syntax == "position":
            source, searched = self._plainly(tree)
            return f"POSITION(({searched}) IN ({source}))"
        if tree.syntax == "substring":
            source, *bounds = self._plainly(tree)
            return f"SUBSTRING({source} FROM {' FOR '.join(bounds)})"
        name = quote(tree.name)
        if tree.function is not None:
            name = quote_name(tree.function)
        return f"{name}({self._list(tree.arguments)})"

    def _plainly(self, tree: Call) -> list[str]:
        return [self.text(argument, casts=False) for argument in tree.arguments]

    def _operation(self, tree: Operation | AnyOf | Test) -> str:
        if isinstance(tree, Test):
            return self._test(tree)
        right = self._in_parentheses(tree.right, tree, casts=True)
        if isinstance(tree, AnyOf):
            left = self._in_parentheses(tree.left, tree, casts=True)
            return f"{left} {tree.name} {tree.quantifier} ({right})"
        if tree.left is None:
            return f"{tree.name} {right}"
        return f"{self._in_parentheses(tree.left, tree, casts=True)} {tree.name} {right}"

    def _test(self, tree: Test) -> str:
        if tree.suffix:
            casts = tree.suffix in {"IS NULL", "IS NOT NULL"}
            return f"{self._in_parentheses(tree.arguments[0], tree, casts=casts)} {tree.suffix}"
        parts = [self._in_parentheses(argument, tree, casts=False) for argument in tree.arguments]
        return f"NOT {parts[0]}" if tree.word == "NOT" else f" {tree.word} ".join(parts)


_DISTINCT = "IS DISTINCT FROM"


def _is_simple(tree: Tree, parent: Tree) -> bool:
    """``isSimpleNode``: whether an expression needs no parentheses inside of another one."""
    match tree:
        case Constant() | Reference() | Array() | Keyword() | SessionValue() | Call() | Case():
            return True
        case Cast():
            return tree.function or _is_simple(tree.argument, tree)
        case Operation() if tree.name != _DISTINCT and isinstance(parent, Operation) and parent.name != _DISTINCT:
            return _binds_tighter(tree, parent)
        case Operation():
            return _has_own_marks(parent) or _is_junction(parent)
        case Test() if tree.suffix:
            return _has_own_marks(parent) or _is_junction(parent)
        case Test() if _is_junction(parent):
            assert isinstance(parent, Test)  # noqa: S101 - it is a junction
            return parent.word in ({"OR"} if tree.word == "OR" else {"AND", "OR"})
        case Test():
            return _has_own_marks(parent)
        case _:
            return False


def _binds_tighter(tree: Operation, parent: Operation) -> bool:
    low, high = frozenset("+-"), frozenset("*/%")
    if tree.left is None or parent.left is None or len(tree.name) > 1 or len(parent.name) > 1:
        return False
    if not {tree.name, parent.name} <= low | high:
        return False
    if tree.name in high and parent.name in low:
        return True
    return (tree.name in low) == (parent.name in low) and tree is parent.left


def _has_own_marks(parent: Tree) -> bool:
    """Whether the parent puts commas or parentheses around: calls, but no casts."""
    return isinstance(parent, (Array, Keyword, Case)) or (isinstance(parent, Call) and not parent.syntax)


def _is_junction(parent: Tree) -> bool:
    return isinstance(parent, Test) and bool(parent.word)

"""A typed tree and a type in, the tree cast to it out, as ``parse_coerce.c`` does it (``coerce_to_target_type``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from alembic_contracts.prediction.printing.literals import output
from alembic_contracts.prediction.printing.primitives import (
    UNKNOWN,
    Array,
    Case,
    Cast,
    Constant,
    Keyword,
    Tree,
    UnprintableError,
)
from alembic_contracts.prediction.sql import system
from alembic_contracts.schemas.schema import Type

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State

__all__ = ["Context", "bare", "base", "can_cast", "cast", "category", "element"]

Context = Literal["implicit", "assignment", "explicit"]

_RELABELLED = frozenset(
    {
        ("varchar", "text"), ("text", "varchar"), ("varchar", "bpchar"), ("text", "bpchar"),
        ("int4", "oid"), ("oid", "int4"), ("cidr", "inet"),
    }
)  # fmt: skip
"""Casts without a function (``pg_cast.castmethod`` b), of those types that are understood here."""
_LENGTH_FUNCTIONS = frozenset(
    {"varchar", "bpchar", "numeric", "timestamp", "timestamptz", "time", "timetz", "interval", "bit", "varbit"}
)
_OF_ARMS = (Array, Case, Keyword)
"""What has the length that all of its parts have (``exprTypmod`` of nodes/nodeFuncs.c), which is not worked out."""
_KEEPS_CASTS = 150_000
"""The release from which on ``coerce_type_typmod`` is known to keep a cast to a type of no length."""
_CONTEXTS = {"implicit": {"i"}, "assignment": {"i", "a"}, "explicit": {"i", "a", "e"}}


def bare(type_: Type) -> Type:
    """Return a type without its modifiers."""
    return Type(type_.name, (), type_.dimensions)


def element(type_: Type) -> Type:
    """Return the type of an array's elements."""
    return Type(type_.name, type_.modifiers)


def base(state: State, type_: Type) -> Type:
    """Return what a domain is based on in the end, any other type as it is (``getBaseTypeAndTypmod``)."""
    definition = state.types.get(type_.name)
    if type_.dimensions or definition is None or definition.kind != "domain":
        return type_
    if definition.base is None:
        raise UnprintableError("a domain over what is not known")
    return base(state, definition.base)


def category(state: State, type_: Type) -> str:
    """Return ``pg_type.typcategory``."""
    if type_.dimensions:
        return "A"
    if type_.name.schema == "pg_catalog":
        return system.categories().get(type_.name.name, "U")
    definition = state.types.get(type_.name)
    if definition is not None and definition.kind == "enum":
        return "E"
    raise UnprintableError(f"the type {type_}")


def cast(state: State, tree: Tree, target: Type, context: Context) -> Tree:
    """Return a tree of the target's type; casts that nobody wrote are implicit.

    Raises:
        UnprintableError: how PostgreSQL casts it, or whether, is not known here.
    """
    implicit = context != "explicit"
    inner = _to_type(state, tree, bare(target), context)
    hidden = inner is not tree and not isinstance(inner, Constant)
    if inner is tree and isinstance(tree, _OF_ARMS) and context == "explicit" and target.name.name in _LENGTH_FUNCTIONS:
        raise UnprintableError("whether all arms of an expression have one length")
    if not target.modifiers and inner is tree and tree.type.modifiers and context == "explicit":
        if state.server_version < _KEEPS_CASTS:
            raise UnprintableError("a cast that does nothing but to forget a length")
        return Cast(target, tree, implicit=False, function=False)
    if not target.modifiers or target == tree.type:
        return inner
    if hidden and isinstance(inner, Cast):
        inner = Cast(inner.type, inner.argument, implicit=True, function=inner.function)
    if isinstance(inner, Constant) and target.name.name == "interval":
        raise UnprintableError("a literal of an interval's length")  # whose input function has the length already
    if target.name.name not in _LENGTH_FUNCTIONS or (target.dimensions and not implicit):
        raise UnprintableError(f"a length for {target}")
    return Cast(target, inner, implicit=implicit, function=not target.dimensions)


def _to_type(state: State, tree: Tree, target: Type, context: Context) -> Tree:
    """``coerce_type``."""
    source, implicit = bare(tree.type), context != "explicit"
    if source == target:
        return tree
    below = base(state, target)
    if source == UNKNOWN:
        if not isinstance(tree, Constant):
            raise UnprintableError("an expression of no type")
        constant = Constant(bare(below), None if tree.text is None else output(state, below, tree.text))
        if below == target:
            return constant
        return Cast(target, _with_length(constant, below), implicit=implicit, function=False)
    if below != target:
        if context == "explicit" or below.modifiers or bare(base(state, source)) != below:
            raise UnprintableError("a cast to a domain")
        return Cast(target, tree, implicit=implicit, function=False)
    return _by_pathway(state, tree, target, context)


def _with_length(constant: Constant, type_: Type) -> Tree:
    return Cast(type_, constant, implicit=True, function=True) if type_.modifiers else constant


def _by_pathway(state: State, tree: Tree, target: Type, context: Context) -> Tree:
    """``find_coercion_pathway``."""
    source, implicit = bare(base(state, tree.type)), context != "explicit"
    if source == target:
        return Cast(target, tree, implicit=implicit, function=False)
    if source.dimensions and target.dimensions:
        if not can_cast(state, element(source), element(target), context):
            raise UnprintableError(f"a cast from {source} to {target}")
        return Cast(target, tree, implicit=implicit, function=False)
    if not can_cast(state, source, target, context):
        raise UnprintableError(f"a cast from {source} to {target}")
    pair = (source.name.name, target.name.name)
    function = pair in system.casts(state.server_version) and pair not in _RELABELLED and _both_system(source, target)
    return Cast(target, tree, implicit=implicit, function=function)


def can_cast(state: State, source: Type, target: Type, context: Context) -> bool:
    """Whether there is a cast between two types that are no domains, in this context.

    Raises:
        UnprintableError: users made one.
    """
    if (source, target) in state.casts:
        raise UnprintableError(f"a user's cast from {source} to {target}")
    if source in {target, UNKNOWN}:
        return True
    if source.dimensions or target.dimensions:
        if not (source.dimensions and target.dimensions):
            return False
        return can_cast(state, element(source), element(target), context)
    if _both_system(source, target):
        written = system.casts(state.server_version).get((source.name.name, target.name.name))
        if written is not None:
            return written in _CONTEXTS[context]
    # Everything has a text form: storing that is an assignment, reading it has to be asked for.
    if category(state, target) == "S":
        return context != "implicit" and target.name.name in {"text", "varchar", "bpchar"}
    return category(state, source) == "S" and context == "explicit"


def _both_system(source: Type, target: Type) -> bool:
    return source.name.schema == "pg_catalog" == target.name.schema

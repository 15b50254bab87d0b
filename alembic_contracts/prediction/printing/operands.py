"""An operator expression of the parse tree in (``A_Expr``), its typed tree out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from alembic_contracts.prediction.printing.conversion import bare, base, cast, element
from alembic_contracts.prediction.printing.overloads import choose_operator, common_type
from alembic_contracts.prediction.printing.primitives import (
    UNKNOWN,
    AnyOf,
    Array,
    Constant,
    Keyword,
    Operation,
    Test,
    UnprintableError,
    builtin,
)
from alembic_contracts.prediction.sql import parser
from alembic_contracts.schemas.schema import Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alembic_contracts.prediction.printing.primitives import Reader, Tree
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["operation"]

_BOOL = builtin("bool")
_PLAIN = frozenset({"AEXPR_OP", "AEXPR_LIKE", "AEXPR_ILIKE", "AEXPR_SIMILAR"})


def operation(reader: Reader, node: Node) -> Tree:
    """Return the typed tree of an operator expression.

    Raises:
        UnprintableError: it is not known what PostgreSQL would make of it.
    """
    kind = parser.enum_name(node, "kind")
    names = parser.strings(node.name)
    if len(names) != 1 or reader.state.has_operator(names[0]):
        raise UnprintableError("an operator that users may have made")
    if kind in _PLAIN:
        right = reader.tree(node.rexpr)
        return operate(reader, names[0], reader.tree(node.lexpr) if node.HasField("lexpr") else None, right)
    if kind == "AEXPR_IN":
        return _in(reader, names[0], node)
    if kind in {"AEXPR_BETWEEN", "AEXPR_NOT_BETWEEN"}:
        return _between(reader, node, negated=kind == "AEXPR_NOT_BETWEEN")
    left, right = reader.tree(node.lexpr), reader.tree(node.rexpr)
    if kind in {"AEXPR_OP_ANY", "AEXPR_OP_ALL"}:
        return _any(reader, names[0], left, right, all_of=kind == "AEXPR_OP_ALL")
    if kind in {"AEXPR_DISTINCT", "AEXPR_NOT_DISTINCT"}:
        return _distinct(reader, left, right, negated=kind == "AEXPR_NOT_DISTINCT")
    if kind == "AEXPR_NULLIF":
        compared = operate(reader, "=", left, right)
        if compared.left is None:
            raise UnprintableError("NULLIF")
        return Keyword(compared.left.type, "NULLIF", (compared.left, compared.right))
    raise UnprintableError(kind)


def operate(reader: Reader, name: str, left: Tree | None, right: Tree) -> Operation:
    """``make_op``."""
    operands = [right] if left is None else [left, right]
    name = "<>" if name == "!=" else name
    chosen = choose_operator(reader.state, name, [operand.type for operand in operands])
    converted = _converted(reader, operands, chosen.arguments)
    return Operation(chosen.result, name, None if left is None else converted[0], converted[-1])


def _converted(reader: Reader, trees: Sequence[Tree], types: Sequence[Type]) -> list[Tree]:
    """``make_fn_arguments``: domains go as what they are based on where an operator is not made for them."""
    return [cast(reader.state, tree, type_, "implicit") for tree, type_ in zip(trees, types, strict=True)]


def _between(reader: Reader, node: Node, *, negated: bool) -> Tree:
    low, high = parser.unwrap(node.rexpr).items
    operators, word = (("<", ">"), "OR") if negated else ((">=", "<="), "AND")
    parts = tuple(
        operate(reader, name, reader.tree(node.lexpr), reader.tree(bound))
        for name, bound in zip(operators, (low, high), strict=True)
    )
    return Test(_BOOL, parts, word)


def _in(reader: Reader, name: str, node: Node) -> Tree:
    """``transformAExprIn``, where no column is among the values."""
    left, items = reader.tree(node.lexpr), reader.trees(parser.unwrap(node.rexpr).items)
    if any(message.DESCRIPTOR.name == "ColumnRef" for message in parser.walk(node.rexpr)):
        raise UnprintableError("columns in a list of IN")
    if len(items) == 1:
        return operate(reader, name, left, items[0])
    type_ = common_type(reader.state, [left.type, *(item.type for item in items)])
    if type_.dimensions:
        raise UnprintableError("arrays in a list of IN")
    elements = tuple(cast(reader.state, item, type_, "implicit") for item in items)
    array = Array(Type(type_.name, (), 1), elements)
    return _any(reader, name, left, array, all_of=name == "<>")


def _any(reader: Reader, name: str, left: Tree, right: Tree, *, all_of: bool) -> Tree:
    """``make_scalar_array_op``."""
    state = reader.state
    name = "<>" if name == "!=" else name
    if isinstance(right, Constant) and right.type == UNKNOWN:
        element_type = UNKNOWN
    else:
        if not right.type.dimensions:
            raise UnprintableError("ANY of what is no array")
        element_type = bare(element(base(state, right.type)))
    chosen = choose_operator(state, name, [left.type, element_type])
    compared = chosen.arguments[1]
    converted = cast(state, right, Type(compared.name, (), 1), "implicit")
    quantifier: Literal["ANY", "ALL"] = "ALL" if all_of else "ANY"
    return AnyOf(_BOOL, name, quantifier, cast(state, left, chosen.arguments[0], "implicit"), converted)


def _distinct(reader: Reader, left: Tree, right: Tree, *, negated: bool) -> Tree:
    if any(isinstance(side, Constant) and side.text is None for side in (left, right)):
        raise UnprintableError("IS DISTINCT FROM NULL")  # which is IS NOT NULL
    compared = operate(reader, "=", left, right)
    tree = Operation(_BOOL, "IS DISTINCT FROM", compared.left, compared.right)
    return Test(_BOOL, (tree,), "NOT") if negated else tree

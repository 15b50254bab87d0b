"""Two SQL expressions in, whether PostgreSQL parses them to the same out: a contract's beside the catalog's.

The parser is imported when two texts differ: most are equal, and it takes a tenth of a second to load.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from msgspec import Struct

from alembic_contracts.dialects.postgresql.literal_outputs import BOOLEANS, output
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.remarks import Printed, printed_as
from alembic_contracts.schemas.schema import Column

__all__ = ["Called", "Constant", "is_looser", "same_expression", "tree_of"]

_ALIASES = {
    "now": "current_timestamp",
    "transaction_timestamp": "current_timestamp",
    "SVFOP_CURRENT_TIMESTAMP": "current_timestamp",
}
"""Functions that are the same by definition (PostgreSQL's manual, 9.9.5)."""


_NUMBER = pattern(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")
_NUMBERS = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8"})
_LITERALS = ("a_const", "type_cast")
_BETWEEN = {
    "AEXPR_BETWEEN": ("AND_EXPR", ">=", "<="),
    "AEXPR_NOT_BETWEEN": ("OR_EXPR", "<", ">"),
}
"""What PostgreSQL makes of it (``transformAExprBetween``)."""
_OF_ARRAYS = {"AEXPR_OP_ANY": "any", "AEXPR_OP_ALL": "all"}
_PLAIN_OPERATORS = frozenset({"AEXPR_OP", "AEXPR_LIKE", "AEXPR_ILIKE"})
"""``LIKE`` is the operator ``~~``."""


def same_expression(one: str, other: str) -> bool | None:
    """Tell whether two SQL expressions are the same but for brackets, spaces, case and casts of literals.

    ``IN``, ``BETWEEN`` and ``LIKE`` are what PostgreSQL makes of them, and ``'-1'::integer`` is the number. Of a text
    of which it is known how PostgreSQL prints it, either will do; where that is not known of one, None is returned
    unless they read other columns or call other functions.

    Without the parser's library only texts that are equal but for spaces and one pair of outer brackets are the same.
    """
    firsts, seconds = {str(one), printed_as(one)}, {str(other), printed_as(other)}
    if any(_same(first, second) for first in firsts for second in seconds):
        return True
    is_known = all(each.printed is not None for each in (one, other) if isinstance(each, Printed))
    return False if is_known or _surely_differ(one, other) else None


def is_looser(before: str, after: str, columns: Sequence[Column] = ()) -> bool:
    """Tell whether one condition is certainly not false where another is not; False where that is not plain.

    It is for lists that got longer (``IN``), for bounds that are numbers, and for parts of AND and OR.
    """
    del columns  # a number is compared with numbers alone
    trees = [tree_of(each) for text in (before, after) for each in (str(text), printed_as(text))]
    return any(
        first is not None and second is not None and _lets_pass(first, second)
        for first in trees[:2]
        for second in trees[2:]
    )


_WIDER = {">": (">", ">="), ">=": (">=",), "<": ("<", "<="), "<=": ("<=",)}
"""Comparisons, and those that let the same and more pass."""


def _lets_pass(before: Any, after: Any) -> bool:
    if _alike(before, after):
        return True
    match before, after:
        case _, ("AND_EXPR", tuple(parts)):
            return all(_lets_pass(before, part) for part in parts)
        case ("OR_EXPR", tuple(parts)), _:
            return all(_lets_pass(part, after) for part in parts)
        case ("AND_EXPR", tuple(parts)), _:
            return any(_lets_pass(part, after) for part in parts)
        case _, ("OR_EXPR", tuple(parts)):
            return any(_lets_pass(before, part) for part in parts)
        case (_, old, left, first), (_, new, right, second) if _alike(left, right):
            if old == new == "=":
                return _listed(before) is not None and _contains(_listed(after), _listed(before))
            return before[0] == after[0] == "operator" and _is_wider(str(old), first, str(new), second)
    return False


def _listed(tree: Any) -> tuple[Any, ...] | None:
    """Return the values of which a column may be any; None: it is not about some."""
    match tree:
        case ("any", "=", _, tuple(values)):
            return values
        case ("operator", "=", _, Constant() as value):
            return (value,)
    return None


def _contains(values: tuple[Any, ...] | None, others: tuple[Any, ...] | None) -> bool:
    return all(any(_alike(value, other) for value in values or ()) for other in others or ())


def _is_wider(old: str, first: Any, new: str, second: Any) -> bool:
    """Whether a comparison with a number lets all numbers pass that another one does."""
    numbers = [each.text for each in (first, second) if isinstance(each, Constant) and each.type_name == "number"]
    if len(numbers) < 2 or new not in _WIDER.get(old, ()):
        return False
    bound, other = map(Decimal, numbers)
    return other <= bound if old in {">", ">="} else other >= bound


def _surely_differ(one: str, other: str) -> bool:
    """Whether two texts cannot be printed alike: what they read and call stays, however that is done."""
    if bool(one.strip()) != bool(other.strip()):
        return True
    first, second = tree_of(str(one)), tree_of(str(other))
    if first is None or second is None:
        return False
    if isinstance(first, Constant) and isinstance(second, Constant):
        return first.type_name == second.type_name == "number"
    return isinstance(first, Constant) or isinstance(second, Constant) or _used(first) != _used(second)


def _used(tree: Any) -> frozenset[str]:
    """Return the columns that a tree reads and the functions that it calls."""
    if isinstance(tree, Called):
        return frozenset({f"{tree.name}()"})
    if not isinstance(tree, tuple):
        return frozenset()
    if len(tree) == 2 and tree[0] == "column":
        return frozenset({tree[1]})
    return frozenset().union(*map(_used, tree))


def _same(one: str, other: str) -> bool:
    if _bare(one) == _bare(other):
        return True
    if not one.strip() or not other.strip():
        return False
    first, second = tree_of(one), tree_of(other)
    return first is not None and second is not None and _alike(first, second)


def _bare(text: str) -> str:
    text = " ".join(text.split())
    return text[1:-1].strip() if text.startswith("(") and text.endswith(")") and text.count("(") == 1 else text


@lru_cache(maxsize=1024)
def tree_of(text: str) -> Any:
    """Return the parse tree as plain values that can be compared, None where it cannot be parsed."""
    try:
        from alembic_contracts.dialects.postgresql import library
    except ModuleNotFoundError:
        return None
    try:
        statements = library.parse(f"SELECT ({text})").stmts
    except library.PgQueryError:
        return None
    if len(statements) != 1 or len(statements[0].stmt.select_stmt.target_list) != 1:
        return None
    return _plain(statements[0].stmt.select_stmt.target_list[0].res_target.val)


def _plain(message: Any) -> Any:
    """Return a node without its position; literals without the casts that PostgreSQL prints behind them."""
    kind = message.WhichOneof("node") if message.DESCRIPTOR.name == "Node" else None
    if kind is not None:
        node = getattr(message, kind)
        found = _NODES[kind](node) if kind in _NODES else None
        return (kind, _plain(node)) if found is None else found
    parts = []
    for field, value in message.ListFields():
        if field.name == "location":
            continue
        if field.type != field.TYPE_MESSAGE:
            parts.append((field.name, tuple(value) if field.is_repeated else value))
        elif field.is_repeated:
            parts.append((field.name, tuple(_plain(item) for item in value)))
        else:
            parts.append((field.name, _plain(value)))
    return tuple(parts)


class Constant(Struct, frozen=True):
    """A literal's text, and the type that it is written or cast to (``number`` for any); empty: any will do."""

    text: str
    type_name: str


class Called(Struct, frozen=True):
    """A function's name; one without a schema (empty) is that of any, as it depends on a search path which is meant."""

    schema: str
    name: str


def _alike(one: Any, other: Any) -> bool:
    """Whether two trees are the same, as far as a literal's type and a function's schema are written."""
    match one, other:
        case Constant(), Constant():
            return _same_literal(one, other)
        case Called(), Called():
            return one.name == other.name and (one.schema == other.schema or not (one.schema and other.schema))
        case tuple(), tuple():
            return len(one) == len(other) and all(map(_alike, one, other))
    return bool(one == other)


def _same_literal(one: Constant, other: Constant) -> bool:
    if one.type_name == other.type_name == "number":
        return Decimal(one.text) == Decimal(other.text)
    if "number" in {one.type_name, other.type_name}:  # '1' is 1, while '1'::text is not
        return one.text == other.text and not (one.type_name and other.type_name)
    if one.text == other.text:
        return True
    known = {one.type_name, other.type_name} - {""}
    shown = [output(name, text) for name in known for text in (one.text, other.text)]
    return len(shown) == 2 and shown[0] == shown[1] is not None


def _cast(cast: Any) -> Any:
    kind = cast.arg.WhichOneof("node")
    if kind == "a_const" and cast.arg.a_const.WhichOneof("val") == "sval":
        text, name = cast.arg.a_const.sval.sval, _names(cast.type_name.names)[-1]
        if name in _NUMBERS and _NUMBER.fullmatch(text):
            return Constant(text, "number")
        return Constant(BOOLEANS.get(text.strip().lower(), text) if name == "bool" else text, name)
    return _plain(cast.arg) if kind in _LITERALS or _is_text_of_column(cast) else None


def _constant(constant: Any) -> Any:
    match constant.WhichOneof("val"):
        case "ival":
            return Constant(str(constant.ival.ival), "number")
        case "fval":
            return Constant(constant.fval.fval, "number") if _NUMBER.fullmatch(constant.fval.fval) else None
        case "boolval":
            return Constant("true" if constant.boolval.boolval else "false", "bool")
        case "sval":
            return Constant(constant.sval.sval, "")
        case "bsval" if constant.bsval.bsval.startswith("b"):
            return Constant(constant.bsval.bsval[1:], "bit")
    return None


def _operation(expression: Any) -> Any:
    """Return an operation; where PostgreSQL makes another one of it, that."""
    kind = _enum_name(expression, "kind")
    operator, left, right = ".".join(_names(expression.name)), expression.lexpr, expression.rexpr
    if kind in _BETWEEN:
        logic, low, high = _BETWEEN[kind]
        first, last = right.list.items
        return (logic, (("operator", low, _plain(left), _plain(first)), ("operator", high, _plain(left), _plain(last))))
    if kind == "AEXPR_IN" and _are_literals(right.list.items):
        values = tuple(map(_plain, right.list.items))
        if len(values) == 1:
            return ("operator", operator, _plain(left), values[0])
        return ("any" if operator == "=" else "all", operator, _plain(left), values)
    if kind in _OF_ARRAYS:
        array = right.type_cast.arg if right.WhichOneof("node") == "type_cast" else right
        if array.WhichOneof("node") == "a_array_expr" and _are_literals(array.a_array_expr.elements):
            return (_OF_ARRAYS[kind], operator, _plain(left), tuple(map(_plain, array.a_array_expr.elements)))
    if kind in _PLAIN_OPERATORS:
        return ("operator", operator, _plain(left), _plain(right))
    return None


def _are_literals(nodes: Sequence[Any]) -> bool:
    return all(node.WhichOneof("node") in _LITERALS for node in nodes)


def _logic(expression: Any) -> Any:
    """Return AND, OR or NOT; what is bracketed alike is one."""
    name, parts = _enum_name(expression, "boolop"), list[Any]()
    for part in map(_plain, expression.args):
        if name != "NOT_EXPR" and isinstance(part, tuple) and part[0] == name:
            parts += part[1]
        else:
            parts.append(part)
    return (name, tuple(parts))


def _value(function: Any) -> Any:
    name = _enum_name(function, "op")
    return ("call", Called("", _ALIASES.get(name, name)), ())


def _call(call: Any) -> Any:
    """Return a function call; what PostgreSQL prints with its schema is the same without."""
    *schema, name = _names(call.funcname)
    called = Called(".".join(schema), name) if schema else Called("", _ALIASES.get(name, name))
    return ("call", called, tuple(_plain(argument) for argument in call.args))


def _column(reference: Any) -> Any:
    """Return a column, which PostgreSQL prints without its table where there is only one."""
    last = reference.fields[-1]
    return ("column", last.string.sval if last.WhichOneof("node") == "string" else "*")


_NODES = {
    "a_const": _constant,
    "a_expr": _operation,
    "bool_expr": _logic,
    "column_ref": _column,
    "func_call": _call,
    "sqlvalue_function": _value,
    "type_cast": _cast,
}


def _names(nodes: Sequence[Any]) -> list[str]:
    """Return the parts of a name, without PostgreSQL's own schema."""
    names = [node.string.sval for node in nodes]
    return names[1:] if names[0] == "pg_catalog" and len(names) > 1 else names


def _enum_name(message: Any, field: str) -> Any:
    return message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number[getattr(message, field)].name


def _is_text_of_column(cast: Any) -> bool:
    """Whether it is the cast that PostgreSQL adds where a varchar column meets a function or operator of text."""
    return cast.arg.WhichOneof("node") == "column_ref" and _names(cast.type_name.names) == ["text"]

"""A parsed expression or query in, whether it may fail when it is evaluated out, for values that nobody knows here.

What is not known to have a result for all values of its operands may fail. The names below are held against a real
server by ``tests/prediction/sql/test_failing.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import TYPE_CHECKING

from alembic_contracts.prediction.sql import parser, system

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.parser import Node

__all__ = [
    "MOST_ARGUMENTS",
    "READ_LITERALS",
    "SETTINGS",
    "TOTAL_FUNCTIONS",
    "TOTAL_OPERATORS",
    "Failure",
    "failure_of",
    "is_boolean",
    "parts_that_may_fail",
    "type_word",
]


class Failure(IntEnum):
    """With which errors something may fail."""

    NEVER = 0
    BY_VALUES = 1
    """Those that values cause: data exceptions, constraints, cardinality, RAISE."""
    UNCHECKED = 2
    """Also with those that are not looked for here, but for names that are there, or are not."""
    ANYHOW = 3


COMPARISONS = frozenset({"=", "<>", "!=", "<", ">", "<=", ">="})
TOTAL_OPERATORS = COMPARISONS | {"->", "->>", "#>", "#>>", "?", "?|", "?&", "@>", "<@", "&&"}
"""Operators that have a result for all operands of their types."""

_PATTERNS = frozenset({"~~", "!~~", "~~*", "!~~*", "~", "!~", "~*", "!~*"})
"""Operators that have one where their right operand is a pattern without a mistake."""

TOTAL_FUNCTIONS = frozenset(
    {
        "array_length", "array_position", "array_to_string", "bool_and", "bool_or", "btrim", "cardinality", "ceil",
        "char_length", "clock_timestamp", "col_description", "concat", "concat_ws", "count", "current_database",
        "current_schema", "current_schemas", "every", "floor", "format_type", "gen_random_uuid",
        "inet_server_addr", "inet_server_port", "json_agg", "left", "length", "lower", "ltrim",
        "max", "md5", "min", "now", "obj_description", "octet_length", "pg_backend_pid", "pg_get_constraintdef",
        "pg_get_expr", "pg_get_indexdef", "pg_get_userbyid", "pg_is_in_recovery",
        "pg_my_temp_schema", "pg_table_is_visible", "pg_type_is_visible", "quote_ident", "quote_literal",
        "quote_nullable", "random", "replace", "reverse", "right", "row_to_json", "rtrim", "shobj_description",
        "starts_with", "statement_timestamp", "string_agg", "string_to_array", "strpos", "substr",
        "to_json", "to_jsonb", "transaction_timestamp", "translate", "txid_current", "upper", "version",
    }
)  # fmt: skip
"""Functions of PostgreSQL's that have a result for all arguments, whichever of their signatures is meant."""

MOST_ARGUMENTS = {"array_position": 2, "length": 1, "random": 0, "substr": 2}
"""Of those, some have only for so many."""

_OF_LITERALS = frozenset({"current_setting", "format", "to_regclass", "to_regtype", "to_regproc", "to_regnamespace"})
"""Functions that have one where their first argument is right, which it is or is not once for all as a literal."""

_OF_CATALOG = frozenset({"array_agg", "unnest", "generate_subscripts", "array"})
"""Functions that have one for what system relations hold."""

_PLAIN = frozenset(
    {
        "A_ArrayExpr", "A_Const", "A_Indices", "A_Indirection", "A_Star", "Alias", "BitString", "Boolean",
        "BooleanTest", "BoolExpr", "CaseExpr", "CaseWhen", "CoalesceExpr", "CollateClause", "ColumnRef",
        "CommonTableExpr", "Float", "FuncCall", "Integer", "JoinExpr", "List", "MinMaxExpr", "NamedArgExpr", "Node",
        "NullTest", "ParamRef", "RangeFunction", "RangeSubselect", "RangeVar", "ResTarget", "RowExpr",
        "SQLValueFunction", "SelectStmt", "SortBy", "String", "SubLink", "TypeCast", "TypeName", "WindowDef",
        "WithClause", "A_Expr",
    }
)  # fmt: skip
"""Parts of a query that do not fail by themselves, or are looked at one by one."""

_TEXTS = frozenset({"text", "varchar", "name", "unknown"})
READ_LITERALS = frozenset(
    {
        "bool", "float8", "int2", "int4", "int8", "json", "jsonb", "name", "numeric", "regclass", "text", "uuid",
        "varchar",
    }
)  # fmt: skip
"""Types whose literals are read when a statement is predicted (``queries.literal_forms``)."""
SETTINGS = frozenset(
    {
        "client_min_messages", "is_superuser", "lock_timeout", "search_path", "server_version", "server_version_num",
        "statement_timeout", "timezone", "work_mem",
    }
)  # fmt: skip
"""Settings that every server has."""
_OBJECTS = frozenset({"regclass", "regtype", "regproc", "regprocedure", "regnamespace", "regrole"})
_AGGREGATES = frozenset(
    {"count", "max", "min", "bool_or", "bool_and", "every", "string_agg", "sum", "avg", "array_agg"}
)


Own = Callable[[tuple[str, ...]], Failure | None]
"""Takes the name of a function; returns with which errors users' functions of that name may fail, None for none."""


def failure_of(node: Node, own: Own) -> Failure:
    """Return with which errors the evaluation of an expression or query may end."""
    return max((failure for _, failure in parts_that_may_fail(node, own)), default=Failure.NEVER)


def parts_that_may_fail(node: Node, own: Own) -> Iterator[tuple[Node, Failure]]:
    """Yield the parts of an expression or query whose evaluation may fail, unwrapped, and with which errors."""
    messages = list(parser.walk(node))
    relations = [each for each in messages if each.DESCRIPTOR.name == "RangeVar"]
    of_catalog = all(system.is_system_relation(r.relname, r.schemaname or None) is not None for r in relations)
    for message in messages:
        failure = _failure(message, own, of_catalog=of_catalog)
        if failure is not Failure.NEVER:
            yield message, failure


def _failure(message: Node, own: Own, *, of_catalog: bool) -> Failure:
    kind = message.DESCRIPTOR.name
    if kind not in _PLAIN:
        return Failure.BY_VALUES
    if kind == "FuncCall":
        return _of_call(message, own, of_catalog=of_catalog)
    if kind == "TypeCast":
        return _of_cast(message)
    by_values = (
        (kind == "A_Expr" and not _is_total(message))
        or (kind == "SubLink" and not _has_one_row(message))
        or (kind == "SelectStmt" and not (_is_count(message.limit_count) and _is_count(message.limit_offset)))
    )
    return Failure.BY_VALUES if by_values else Failure.NEVER


def _of_call(message: Node, own: Own, *, of_catalog: bool) -> Failure:
    names = tuple(parser.strings(message.funcname))
    of_users = own(names)
    if of_users is not None:
        return of_users
    if len(names) > 1 and names[-2] != "pg_catalog":
        return Failure.ANYHOW
    name = names[-1]
    is_total = name in TOTAL_FUNCTIONS and len(message.args) <= MOST_ARGUMENTS.get(name, len(message.args))
    if is_total or (of_catalog and name in _OF_CATALOG):
        return Failure.NEVER
    if name in _OF_LITERALS and message.args and _is_literal(message.args[0]):
        is_setting = name == "current_setting" and len(message.args) == 1
        return Failure.ANYHOW if is_setting and _text(message.args[0]).lower() not in SETTINGS else Failure.NEVER
    return Failure.ANYHOW  # also with what a name in a text leads to: nextval('missing')


def _of_cast(message: Node) -> Failure:
    word = type_word(message.type_name)
    if word in _TEXTS or (word in READ_LITERALS and parser.kind_of(message.arg) == "a_const"):
        return Failure.NEVER
    if word in _OBJECTS:
        return Failure.NEVER if _is_oid(message.arg) else Failure.ANYHOW
    return Failure.BY_VALUES


def type_word(type_name: Node) -> str:
    """Return the last part of a type's name, an empty text where it has a length or dimensions."""
    return "" if type_name.typmods or type_name.array_bounds else parser.strings(type_name.names)[-1]


def _is_oid(node: Node) -> bool:
    value = parser.unwrap(node)
    if value.DESCRIPTOR.name != "ColumnRef":
        return False
    fields = parser.children(value.fields)
    name = fields[-1].sval if fields and fields[-1].DESCRIPTOR.name == "String" else ""
    return name == "oid" or name.endswith(("relid", "typid"))


def _is_total(message: Node) -> bool:
    name = parser.strings(message.name)[-1]
    kinds = {parser.unwrap(each).DESCRIPTOR.name for each in (message.lexpr, message.rexpr) if each.WhichOneof("node")}
    of_array = parser.enum_name(message, "kind") in {"AEXPR_OP_ANY", "AEXPR_OP_ALL"}
    if "RowExpr" in kinds or (of_array and _is_literal(message.rexpr)):
        return False
    if name in TOTAL_OPERATORS:
        return True
    if name in _PATTERNS:
        return _is_literal(message.rexpr) and not _text(message.rexpr).endswith("\\")
    if name == "||":
        return any(map(_is_text, (message.lexpr, message.rexpr)))
    is_sign = name in {"-", "+"} and not message.HasField("lexpr")
    return is_sign and _is_literal(message.rexpr)


def _is_text(node: Node) -> bool:
    """Whether an operand of ``||`` is a text for certain, so that no array or document is put together."""
    value = parser.unwrap(node)
    kind = value.DESCRIPTOR.name
    if kind == "A_Const":
        return bool(value.HasField("sval"))
    if kind == "TypeCast":
        return type_word(value.type_name) in _TEXTS
    if kind == "FuncCall":
        return parser.strings(value.funcname)[-1] in {"quote_ident", "quote_literal", "format", "concat", "lower"}
    return (
        kind == "A_Expr" and parser.strings(value.name)[-1] == "||" and any(map(_is_text, (value.lexpr, value.rexpr)))
    )


def _is_count(node: Node) -> bool:
    """Whether a node is a number of rows, or nothing."""
    value = parser.unwrap(node)
    if value is None or value.DESCRIPTOR.name == "Node":
        return True
    return value.DESCRIPTOR.name == "A_Const" and bool(
        value.isnull or (value.HasField("ival") and value.ival.ival >= 0)
    )


def _is_literal(node: Node) -> bool:
    """Whether a node is a literal, or nothing."""
    value = parser.unwrap(node)
    return value is None or value.DESCRIPTOR.name in {"A_Const", "Node"}


def _text(node: Node) -> str:
    value = parser.unwrap(node)
    return str(value.sval.sval) if value.DESCRIPTOR.name == "A_Const" and value.HasField("sval") else ""


def _has_one_row(message: Node) -> bool:
    """Whether a subquery yields at most one row where one is needed."""
    if parser.enum_name(message, "sub_link_type") not in {"EXPR_SUBLINK", "ROWCOMPARE_SUBLINK"}:
        return True
    query = parser.unwrap(message.subselect)
    if query.DESCRIPTOR.name != "SelectStmt":
        return False
    limit = parser.unwrap(query.limit_count) if query.HasField("limit_count") else None
    if limit is not None and limit.DESCRIPTOR.name == "A_Const" and limit.HasField("ival"):
        return bool(limit.ival.ival <= 1)
    if not query.from_clause:
        return not query.values_lists and not _sets(query)
    return not query.group_clause and any(map(_is_aggregate, query.target_list))


def _sets(query: Node) -> bool:
    return parser.enum_name(query, "op") != "SETOP_NONE"


def _is_aggregate(target: Node) -> bool:
    value = parser.unwrap(parser.unwrap(target).val)
    if value.DESCRIPTOR.name == "CoalesceExpr":
        value = parser.unwrap(value.args[0])
    return (
        value.DESCRIPTOR.name == "FuncCall"
        and parser.strings(value.funcname)[-1] in _AGGREGATES
        and not value.over.ListFields()
    )


def is_boolean(node: Node) -> bool:
    """Return whether the result of an expression is a truth value, by its outermost operation."""
    value = parser.unwrap(node)
    kind = value.DESCRIPTOR.name
    if kind == "A_Expr":
        return parser.strings(value.name)[-1] in COMPARISONS | _PATTERNS
    if kind == "SubLink":
        return parser.enum_name(value, "sub_link_type") in {"EXISTS_SUBLINK", "ANY_SUBLINK", "ALL_SUBLINK"}
    return kind in {"BoolExpr", "NullTest", "BooleanTest"}

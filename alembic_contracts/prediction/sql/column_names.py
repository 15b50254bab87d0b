"""An expression without an alias in, the name out that PostgreSQL gives to its column (``FigureColname``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.sql import parser

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["figure"]

_FIXED = {
    "GroupingFunc": "grouping",
    "MergeSupportFunc": "merge_action",
    "A_ArrayExpr": "array",
    "RowExpr": "row",
    "CoalesceExpr": "coalesce",
    "JsonParseExpr": "json",
    "JsonScalarExpr": "json_scalar",
    "JsonSerializeExpr": "json_serialize",
    "JsonObjectConstructor": "json_object",
    "JsonArrayConstructor": "json_array",
    "JsonArrayQueryConstructor": "json_array",
    "JsonObjectAgg": "json_objectagg",
    "JsonArrayAgg": "json_arrayagg",
    "XmlSerialize": "xmlserialize",
}
_VALUES = {
    "SVFOP_CURRENT_DATE": "current_date",
    "SVFOP_CURRENT_TIME": "current_time",
    "SVFOP_CURRENT_TIME_N": "current_time",
    "SVFOP_CURRENT_TIMESTAMP": "current_timestamp",
    "SVFOP_CURRENT_TIMESTAMP_N": "current_timestamp",
    "SVFOP_LOCALTIME": "localtime",
    "SVFOP_LOCALTIME_N": "localtime",
    "SVFOP_LOCALTIMESTAMP": "localtimestamp",
    "SVFOP_LOCALTIMESTAMP_N": "localtimestamp",
    "SVFOP_CURRENT_ROLE": "current_role",
    "SVFOP_CURRENT_USER": "current_user",
    "SVFOP_USER": "user",
    "SVFOP_SESSION_USER": "session_user",
    "SVFOP_CURRENT_CATALOG": "current_catalog",
    "SVFOP_CURRENT_SCHEMA": "current_schema",
}
_XML = {
    "IS_XMLCONCAT": "xmlconcat",
    "IS_XMLELEMENT": "xmlelement",
    "IS_XMLFOREST": "xmlforest",
    "IS_XMLPARSE": "xmlparse",
    "IS_XMLPI": "xmlpi",
    "IS_XMLROOT": "xmlroot",
    "IS_XMLSERIALIZE": "xmlserialize",
}
_JSON = {
    "JSON_EXISTS_OP": "json_exists",
    "JSON_QUERY_OP": "json_query",
    "JSON_VALUE_OP": "json_value",
    "JSON_TABLE_OP": "json_table",
}


def figure(node: Node) -> str | None:
    """Return the name for a (wrapped) expression, None where PostgreSQL has none (``?column?``, ``expr``)."""
    return _figure(parser.unwrap(node))[0]


def _figure(node: Node) -> tuple[str | None, int]:
    """Return a name and how good it is: 0 none, 1 a poor one, 2 a good one."""
    kind = node.DESCRIPTOR.name
    if kind in _FIXED:
        return _FIXED[kind], 2
    if kind in {"ColumnRef", "A_Indirection"}:
        return _from_reference(node, kind)
    if kind == "FuncCall":
        return parser.strings(node.funcname)[-1], 2
    if kind == "A_Expr":
        return ("nullif", 2) if parser.enum_name(node, "kind") == "AEXPR_NULLIF" else (None, 0)
    if kind == "TypeCast":
        name, strength = _figure(parser.unwrap(node.arg))
        return (name, strength) if strength > 1 else (parser.strings(node.type_name.names)[-1], 1)
    if kind == "CollateClause":
        return _figure(parser.unwrap(node.arg))
    if kind == "CaseExpr":
        name, strength = _figure(parser.unwrap(node.defresult)) if node.HasField("defresult") else (None, 0)
        return (name, strength) if strength > 1 else ("case", 1)
    if kind == "SubLink":
        return _from_subquery(node)
    return _from_operation(node, kind)


def _from_operation(node: Node, kind: str) -> tuple[str | None, int]:
    if kind == "MinMaxExpr":
        return ("greatest" if parser.enum_name(node, "op") == "IS_GREATEST" else "least"), 2
    if kind == "SQLValueFunction":
        return _VALUES[parser.enum_name(node, "op")], 2
    if kind == "XmlExpr":
        name = _XML.get(parser.enum_name(node, "op"))
        return name, 2 if name else 0
    if kind == "JsonFuncExpr":
        return _JSON[parser.enum_name(node, "op")], 2
    return None, 0


def _from_reference(node: Node, kind: str) -> tuple[str | None, int]:
    fields = node.fields if kind == "ColumnRef" else node.indirection
    name = None
    for field in fields:
        if field.HasField("string"):
            name = field.string.sval
        elif field.HasField("a_star") and kind == "ColumnRef":
            name = None
    if name is not None:
        return name, 2
    return _figure(parser.unwrap(node.arg)) if kind == "A_Indirection" else (None, 0)


def _from_subquery(node: Node) -> tuple[str | None, int]:
    kind = parser.enum_name(node, "sub_link_type")
    if kind == "EXISTS_SUBLINK":
        return "exists", 2
    if kind == "ARRAY_SUBLINK":
        return "array", 2
    if kind == "EXPR_SUBLINK":
        select = parser.unwrap(node.subselect)
        if select.DESCRIPTOR.name == "SelectStmt" and len(select.target_list):
            target = select.target_list[0].res_target
            return (target.name, 2) if target.name else _figure(parser.unwrap(target.val))
    return None, 0

"""A statement in, whether PostgreSQL checks more of it than is checked here, out: it may refuse what works here then.

Types of operands, options and the like are not all looked at. What is listed here as plain is held against a real
server by the tests; all else of these kinds may be refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.sql import parser, system
from alembic_contracts.prediction.sql.failing import READ_LITERALS, SETTINGS, type_word

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.parser import Node, Statement

__all__ = ["is_checked"]

_NEVER = frozenset(
    {
        "alter_function_stmt", "alter_policy_stmt", "cluster_stmt", "create_event_trig_stmt",
        "create_foreign_table_stmt", "create_function_stmt", "create_policy_stmt", "create_role_stmt",
        "create_stats_stmt", "define_stmt", "drop_owned_stmt", "reassign_owned_stmt",
    }
)  # fmt: skip
"""Kinds of statements of which never all is."""
_WITH_OPTIONS = frozenset(
    {
        "alter_publication_stmt", "alter_seq_stmt", "create_publication_stmt", "create_seq_stmt", "index_stmt",
        "view_stmt",
    }
)  # fmt: skip
"""Kinds whose options are not looked at."""
_COMMANDS = frozenset(
    {
        "AT_AddColumn", "AT_AddConstraint", "AT_AddIdentity", "AT_AddIndexConstraint", "AT_AddInherit",
        "AT_AlterColumnType", "AT_AttachPartition", "AT_ClusterOn", "AT_ColumnDefault", "AT_DetachPartition",
        "AT_DisableRowSecurity", "AT_DropColumn", "AT_DropConstraint", "AT_DropExpression", "AT_DropIdentity",
        "AT_DropInherit", "AT_DropNotNull", "AT_EnableRowSecurity", "AT_ForceRowSecurity", "AT_NoForceRowSecurity",
        "AT_ReplicaIdentity", "AT_SetLogged", "AT_SetNotNull", "AT_SetUnLogged", "AT_ValidateConstraint",
    }
)  # fmt: skip
"""Commands of ALTER TABLE of which all is."""
_PLAIN = frozenset(
    {
        "A_ArrayExpr", "A_Const", "A_Star", "Alias", "BoolExpr", "Boolean", "BooleanTest", "ColumnRef", "Float",
        "Integer", "JoinExpr", "Node", "NullTest", "RangeSubselect", "RangeVar", "ResTarget", "SQLValueFunction",
        "SelectStmt", "String",
    }
)  # fmt: skip
_TIMEOUTS = frozenset({"lock_timeout", "statement_timeout"})
_TIME = pattern(r"\d{1,6}\s*(?:ms|s|min)?")
_OPERATORS = frozenset({"=", "<>", "->", "->>"})
_CONDITIONS = frozenset({"A_Expr", "BoolExpr", "BooleanTest", "NullTest"})
_CLAUSES = ("group_clause", "sort_clause", "distinct_clause", "window_clause", "values_lists", "locking_clause")
_PARTS = ("having_clause", "limit_count", "limit_offset", "larg", "with_clause")
_SIZED = {"numeric": 1000, "varchar": 10_485_760, "bpchar": 10_485_760, "bit": 83_886_080, "varbit": 83_886_080}
"""Types with a length or precision, and the largest that there is."""


def is_checked(statement: Statement) -> bool:
    """Return whether nothing of a statement can be wrong that the prediction does not refuse."""
    kind, node = statement.kind, statement.node
    if kind in _NEVER or (kind in _WITH_OPTIONS and len(node.options)):
        return False
    if kind == "variable_show_stmt":
        return node.name.lower() in SETTINGS
    if kind == "variable_set_stmt":
        return node.name.lower() == "search_path" or (node.name.lower() in _TIMEOUTS and _are_times(node.args))
    if kind == "view_stmt":
        return _is_plain(node.query)
    if kind == "index_stmt":
        return node.access_method in {"", "btree"} or len(node.index_params) == 1
    if kind == "alter_domain_stmt":
        return bool(node.subtype != "T")
    if kind == "create_domain_stmt":
        return all(parser.enum_name(each, "contype") != "CONSTR_DEFAULT" for each in parser.children(node.constraints))
    if kind == "create_stmt":
        is_elsewhere = node.tablespacename or node.access_method or node.HasField("partspec")
        return not len(node.options) and not is_elsewhere and _are_plain_columns(parser.children(node.table_elts))
    return kind != "alter_table_stmt" or _is_plain_change(parser.children(node.cmds))


def _are_times(values: Iterable[Node]) -> bool:
    return all(parser.kind_of(each) == "a_const" and _TIME.fullmatch(_written(each.a_const)) for each in values)


def _written(constant: Node) -> str:
    return str(constant.ival.ival if constant.HasField("ival") else constant.sval.sval)


def _is_plain_change(commands: Sequence[Node]) -> bool:
    given = [each for each in commands if each.HasField("def")]
    defaults = [getattr(each, "def") for each in given if parser.enum_name(each, "subtype") == "AT_ColumnDefault"]
    return (
        all(parser.enum_name(each, "subtype") in _COMMANDS for each in commands)
        and _are_plain_columns([parser.unwrap(getattr(each, "def")) for each in given])
        and all(map(_is_plain, defaults))
    )


def _are_plain_columns(parts: Sequence[Node]) -> bool:
    columns = [each for each in parts if each.DESCRIPTOR.name == "ColumnDef"]
    checks = [each for each in parts if each.DESCRIPTOR.name == "Constraint"]
    return all(map(_is_plain_column, columns)) and all(map(_is_plain_constraint, checks))


def _is_plain_column(column: Node) -> bool:
    constraints = parser.children(column.constraints)
    if column.HasField("coll_clause") or not all(map(_is_plain_constraint, constraints)):
        return False
    type_name = column.type_name if column.HasField("type_name") else None
    defaults = [each.raw_expr for each in constraints if parser.enum_name(each, "contype") == "CONSTR_DEFAULT"]
    is_read = type_name is None or type_word(type_name) in READ_LITERALS or type_name.typmods
    if not is_read and any(parser.kind_of(each) == "a_const" and each.a_const.HasField("sval") for each in defaults):
        return False
    return type_name is None or _has_size(type_name)


def _is_plain_constraint(constraint: Node) -> bool:
    """Whether the expression of a default, check or generated column is checked, and no options are given."""
    if constraint.HasField("raw_expr") and not _is_plain(constraint.raw_expr):
        return False
    is_check = parser.enum_name(constraint, "contype") == "CONSTR_CHECK"
    return not len(constraint.options) and not (
        is_check and parser.unwrap(constraint.raw_expr).DESCRIPTOR.name not in _CONDITIONS
    )


def _has_size(type_name: Node) -> bool:
    largest = _SIZED.get(parser.strings(type_name.names)[-1] if len(type_name.names) else "")
    sizes = [each.ival.ival for each in parser.children(type_name.typmods) if each.DESCRIPTOR.name == "A_Const"]
    return not sizes or (largest is not None and 1 <= sizes[0] <= largest)


def _is_plain(node: Node) -> bool:
    """Whether an expression or query has parts alone of which all is checked."""
    return all(map(_is_plain_part, parser.walk(node)))


def _is_plain_part(part: Node) -> bool:
    kind = part.DESCRIPTOR.name
    if kind == "FuncCall":
        overloads = system.functions().get(parser.strings(part.funcname)[-1], ())
        is_known = bool(overloads) and all(each.kind == "f" and not each.is_set for each in overloads)
        return not len(part.args) and not part.HasField("over") and (is_known or part.agg_star)
    if kind == "A_Expr":
        return parser.enum_name(part, "kind") == "AEXPR_OP" and parser.strings(part.name)[-1] in _OPERATORS
    if kind == "TypeCast":
        return parser.kind_of(part.arg) != "a_const" or type_word(part.type_name) in READ_LITERALS
    if kind == "SelectStmt":
        condition = parser.unwrap(part.where_clause) if part.HasField("where_clause") else None
        is_simple = not any(len(getattr(part, name)) for name in _CLAUSES) and not any(map(part.HasField, _PARTS))
        has_calls = condition is not None and any(each.DESCRIPTOR.name == "FuncCall" for each in parser.walk(condition))
        return is_simple and not has_calls and (condition is None or condition.DESCRIPTOR.name in _CONDITIONS)
    return kind in _PLAIN or kind == "TypeName"

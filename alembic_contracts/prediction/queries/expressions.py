"""An expression inside of a query in, its type out: every column is looked up, every subquery entered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.type_names import array_of, builtin, resolve
from alembic_contracts.prediction.queries import inference
from alembic_contracts.prediction.queries.inference import UNKNOWN
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.sql.scopes import Field, Output, Scope
from alembic_contracts.schemas.schema import Type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alembic_contracts.prediction.queries.analysis import Analysis
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["Expressions"]

_BOOLEAN = frozenset({"BoolExpr", "NullTest", "BooleanTest", "JsonIsPredicate"})
_VALUE_TYPES = {
    "CURRENT_DATE": "date", "CURRENT_TIME": "timetz", "CURRENT_TIMESTAMP": "timestamptz", "LOCALTIME": "time",
    "LOCALTIMESTAMP": "timestamp",
}  # fmt: skip


class Expressions:
    """Looks at expressions in one scope."""

    def __init__(self, analysis: Analysis, scope: Scope, ctes: dict[str, Output]) -> None:
        self.analysis = analysis
        self.scope = scope
        self.ctes = ctes
        self.state = analysis.run.state

    # -- columns -----------------------------------------------------------------------------------------------------

    def field(self, node: Node, name: str) -> Field:
        """Return a column of the result."""
        value = parser.unwrap(node)
        row = self._row_and_column(value)
        if value.DESCRIPTOR.name == "ColumnRef" or row is not None:
            found = self._column(value) if row is None else self._qualified(row)
            self.analysis.uses.update(found.origins if found is not None else ())
            if found is not None:
                return Field(name, found.type, found.origins, found.plain, found.collation)
            return Field(name, None)
        return Field(name, self.infer_message(value))

    def _row_and_column(self, node: Node) -> list[str] | None:
        """Return ``["t", "a"]`` for ``(t).a`` where t is a source, which is the same as ``t.a``."""
        if node.DESCRIPTOR.name != "A_Indirection" or len(node.indirection) != 1:
            return None
        argument, step = parser.unwrap(node.arg), node.indirection[0]
        if argument.DESCRIPTOR.name != "ColumnRef" or len(argument.fields) != 1 or not step.HasField("string"):
            return None
        names = parser.strings(argument.fields)
        if not names or all(entry.alias != names[0] for entry in self.scope.entries):
            return None
        return [names[0], step.string.sval]

    def star(self, node: Node) -> tuple[list[Field], bool]:
        """Return the columns of ``*`` or ``alias.*``, and whether these are all."""
        names = parser.strings(node.fields)
        if not names:
            entries = [entry for entry in self.scope.entries if entry.visible]
            if not entries and not self.scope.unknown:
                raise sqlstate.PostgresError("42601", "SELECT * with no tables specified is not valid")
            fields = [f for entry in entries for f in entry.fields if f.name not in entry.merged]
            complete = all(entry.complete for entry in entries)
        else:
            entry = self.scope.entry(names[-1], names[-2] if len(names) > 1 else None)
            if entry is None:
                return [], False
            fields, complete = list(entry.fields), entry.complete
        for known in fields:
            self.analysis.uses.update(known.origins)
        return fields, complete and not self.scope.unknown

    def _column(self, node: Node) -> Field | None:
        """Return what a column reference stands for, None where that is not known."""
        names = parser.strings(node.fields)
        if len(names) < len(node.fields):
            self.star(node)  # a whole row as a value
            return None
        found = self.scope.column(names[0]) if len(names) == 1 else self._qualified(names)
        if found is not None:
            self.analysis.uses.update(found.origins)
        return found

    def _qualified(self, names: list[str]) -> Field | None:
        entry = self.scope.entry(names[-2], names[-3] if len(names) > 2 else None)
        if entry is None:
            return None
        found = entry.find(names[-1])
        if found is None and entry.complete and not self.scope.unknown and not self._is_function(names[-1]):
            raise sqlstate.PostgresError("42703", f"column {names[-2]}.{names[-1]} does not exist")
        return found

    def _is_function(self, name: str) -> bool:
        """``row.function`` is another way to write ``function(row)``."""
        return bool(self.state.find_functions(name)) or not self.state.complete or name in {"name", "text"}

    def check_all(self, nodes: Iterable[Node], outputs: set[str]) -> None:
        """Look at the expressions of GROUP BY, ORDER BY ..., which may also name columns of the result."""
        for node in nodes:
            message = parser.unwrap(node)
            inner = message.node if message.DESCRIPTOR.name == "SortBy" else node
            value = parser.unwrap(inner)
            named = parser.strings(value.fields) if value.DESCRIPTOR.name == "ColumnRef" else []
            if len(named) == 1 and named[0] in outputs:
                continue
            if value.DESCRIPTOR.name != "Node":
                self.infer(inner)

    # -- types -------------------------------------------------------------------------------------------------------

    def infer(self, node: Node) -> Type | None:
        """Return the type of a wrapped expression; looks up everything in it on the way."""
        return self.infer_message(parser.unwrap(node))

    def infer_message(self, node: Node) -> Type | None:
        """Return the type of an expression; looks up everything in it on the way."""
        kind = node.DESCRIPTOR.name
        if kind in _BOOLEAN:
            self._below(node)
            return builtin("bool")
        handler = _KINDS.get(kind)
        if handler is not None:
            found: Type | None = getattr(self, handler)(node)
            return found
        self._below(node)
        return None

    def _below(self, node: Node) -> None:
        """Look at all that is inside of an expression without asking what it makes of it."""
        for field, value in node.ListFields():
            if field.message_type is None:
                continue
            for part in [value] if hasattr(value, "DESCRIPTOR") else value:
                if part.DESCRIPTOR.name == "Node":
                    if part.WhichOneof("node"):
                        self.infer(part)
                else:
                    self.infer_message(part)

    def _constant(self, node: Node) -> Type | None:
        which = node.WhichOneof("val")
        if node.isnull or which in {None, "sval"}:
            return UNKNOWN
        if which == "fval":
            return inference.literal_is(node.fval.fval)
        return builtin({"ival": "int4", "boolval": "bool", "bsval": "bit"}[which])

    def _reference(self, node: Node) -> Type | None:
        found = self._column(node)
        return None if found is None else found.type

    def _cast(self, node: Node) -> Type | None:
        self.infer(node.arg)
        return resolve(self.analysis.run, node.type_name)

    def _call(self, node: Node) -> Type | None:
        arguments = [self.infer(argument) for argument in node.args]
        for other in (*node.agg_order, *([node.agg_filter] if node.HasField("agg_filter") else ())):
            self.infer(other)
        if node.HasField("over"):
            self._below(node.over)
        names = parser.strings(node.funcname)
        if len(names) == 1 or names[0] != "pg_catalog":
            own = self.state.find_functions(names[-1], names[-2] if len(names) > 1 else None)
            if own:
                return self._own_function(own[0].returns if len(own) == 1 else None)
        if len(names) > 1 and names[0] != "pg_catalog":
            return None
        return inference.call(self.state, names[-1], arguments)

    def _own_function(self, returns: str | None) -> Type | None:
        node = parser.parse_expression(f"NULL::{returns}") if returns else None
        cast = None if node is None else parser.unwrap(node)
        if cast is None or cast.DESCRIPTOR.name != "TypeCast":
            return None
        try:
            return resolve(self.analysis.run, cast.type_name)
        except sqlstate.PostgresError:
            return None

    def _operation(self, node: Node) -> Type | None:
        kind = parser.enum_name(node, "kind")
        left = self.infer(node.lexpr) if node.HasField("lexpr") else None
        right = self.infer(node.rexpr) if node.HasField("rexpr") else None
        if kind == "AEXPR_NULLIF":
            return inference.common(self.state, [left]) if left != UNKNOWN else right
        if kind != "AEXPR_OP":
            return builtin("bool")
        name = parser.strings(node.name)[-1]
        own = (
            not self.state.complete
            or self.state.extensions.keys() - {"plpgsql"}
            or ("operator", name) in self.state.traits
        )
        if not own and node.HasField("lexpr") and inference.no_operator(self.state, name, left, right):
            raise sqlstate.PostgresError("42883", f"operator does not exist: {left} {name} {right}")
        return inference.operate(self.state, name, left, right, prefix=not node.HasField("lexpr"))

    def _list(self, node: Node) -> Type | None:
        for item in node.items:
            self.infer(item)
        return None

    def _subquery(self, node: Node) -> Type | None:
        if node.HasField("testexpr"):
            self.infer(node.testexpr)
        output = self.analysis.query(parser.unwrap(node.subselect), self.scope, self.ctes)
        kind = parser.enum_name(node, "sub_link_type")
        if kind in {"EXISTS_SUBLINK", "ANY_SUBLINK", "ALL_SUBLINK"}:
            return builtin("bool")
        first = output.fields[0].type if len(output.fields) == 1 else None
        first = builtin("text") if first == UNKNOWN else first
        return array_of(first) if kind == "ARRAY_SUBLINK" else first

    def _case(self, node: Node) -> Type | None:
        if node.HasField("arg"):
            self.infer(node.arg)
        types = []
        for when in parser.children(node.args):
            self.infer(when.expr)
            types.append(self.infer(when.result))
        types.append(self.infer(node.defresult) if node.HasField("defresult") else UNKNOWN)
        return inference.common(self.state, types)

    def _several(self, node: Node) -> Type | None:
        return inference.common(self.state, [self.infer(argument) for argument in node.args])

    def _array(self, node: Node) -> Type | None:
        found = inference.common(self.state, [self.infer(element) for element in node.elements])
        return array_of(found)

    def _value(self, node: Node) -> Type | None:
        name = parser.enum_name(node, "op").removeprefix("SVFOP_")
        precise = name.endswith("_N")
        type_ = _VALUE_TYPES.get(name.removesuffix("_N"), "name")
        return builtin(type_, str(node.typmod)) if precise else builtin(type_)

    def _indirection(self, node: Node) -> Type | None:
        current = self.infer(node.arg)
        for step in parser.children(node.indirection):
            if step.DESCRIPTOR.name == "A_Indices":
                self._below(step)
                current = None if step.is_slice or current is None else self._element(current)
            elif step.DESCRIPTOR.name == "String":
                current = self._member(current, step.sval)
            else:
                current = None
        return current

    def _element(self, type_: Type) -> Type | None:
        if type_.dimensions:
            return Type(type_.name, type_.modifiers)
        return type_ if type_.name.name == "jsonb" else None

    def _member(self, type_: Type | None, name: str) -> Type | None:
        if type_ is None or type_.dimensions:
            return None
        table = self.state.tables.get(type_.name)
        if table is not None:
            column = table.column(name)
            return column.type if column is not None else None
        definition = self.state.types.get(type_.name)
        return dict(definition.fields).get(name) if definition is not None else None

    def _collate(self, node: Node) -> Type | None:
        return self.infer(node.arg)

    def _grouping(self, node: Node) -> Type | None:
        self._below(node)
        return builtin("int4")

    def _select(self, node: Node) -> Type | None:
        self.analysis.query(node, self.scope, self.ctes)
        return None

    def _named(self, node: Node) -> Type | None:
        return self.infer(node.arg)

    def _type_name(self, node: Node) -> Type | None:
        del node
        return None


_KINDS = {
    "A_Const": "_constant",
    "ColumnRef": "_reference",
    "TypeCast": "_cast",
    "FuncCall": "_call",
    "A_Expr": "_operation",
    "List": "_list",
    "SubLink": "_subquery",
    "CaseExpr": "_case",
    "CoalesceExpr": "_several",
    "MinMaxExpr": "_several",
    "A_ArrayExpr": "_array",
    "SQLValueFunction": "_value",
    "A_Indirection": "_indirection",
    "CollateClause": "_collate",
    "GroupingFunc": "_grouping",
    "SelectStmt": "_select",
    "NamedArgExpr": "_named",
    "TypeName": "_type_name",
}

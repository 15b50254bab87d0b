"""An expression inside of a query in, its type out: every column is looked up, every subquery entered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.type_names import array_of, builtin, resolve, shown
from alembic_contracts.prediction.queries import collations, inference
from alembic_contracts.prediction.queries.coercion import knows_operators, require_coercion
from alembic_contracts.prediction.queries.columns import Columns
from alembic_contracts.prediction.queries.inference import UNKNOWN
from alembic_contracts.prediction.queries.literal_forms import check_literal
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.sql.scopes import Field
from alembic_contracts.schemas.schema import Type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["Expressions"]

_BOOLEAN = frozenset({"BoolExpr", "NullTest", "BooleanTest", "JsonIsPredicate"})
_OF_TWO = frozenset({"AEXPR_OP", "AEXPR_NULLIF", "AEXPR_DISTINCT", "AEXPR_NOT_DISTINCT"})
_VALUE_TYPES = {
    "CURRENT_DATE": "date", "CURRENT_TIME": "timetz", "CURRENT_TIMESTAMP": "timestamptz", "LOCALTIME": "time",
    "LOCALTIMESTAMP": "timestamp",
}  # fmt: skip


class Expressions(Columns):
    """Looks at expressions in one scope."""

    # -- columns -----------------------------------------------------------------------------------------------------

    def field(self, node: Node, name: str) -> Field:
        """Return a column of the result."""
        value = parser.unwrap(node)
        row = self.row_and_column(value) if len(getattr(value, "indirection", ())) == 1 else None
        if value.DESCRIPTOR.name == "ColumnRef" or row is not None:
            found = self.column(value) if row is None else self.qualified(row)
            self.analysis.uses.update(found.origins if found is not None else ())
            if found is not None:
                return Field(name, found.type, found.origins, found.plain, found.collation)
            return Field(name, None)
        type_ = self.infer_message(value)
        return Field(name, type_, collation=collations.of_expression(value, type_, self.scope))

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

    def infer_as(self, node: Node, wanted: Type | None) -> Type | None:
        """Return the type of an expression; a literal without one is read in the type that it is to become.

        Raises:
            PostgresError: 22P02 or 22007, the literal is no value of that type.
        """
        found = self.infer(node)
        if found != UNKNOWN:
            return found
        check_literal(self.state, wanted, parser.unwrap(node))
        return wanted

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
        found = self.column(node)
        return None if found is None else found.type

    def _cast(self, node: Node) -> Type | None:
        found, target = self.infer(node.arg), resolve(self.analysis.run, node.type_name)
        argument = parser.unwrap(node.arg)
        if argument.DESCRIPTOR.name == "A_ArrayExpr" and target is not None and target.dimensions:
            self._cast_elements(argument, target)
        elif found == UNKNOWN:
            check_literal(self.state, target, argument)
        else:
            self._require_cast(found, target)
        return target

    def _cast_elements(self, array: Node, target: Type) -> None:
        """Each element of ``ARRAY[...]::type[]`` is cast by itself."""
        element = Type(target.name, target.modifiers)
        for item in parser.children(array.elements):
            if item.DESCRIPTOR.name == "A_ArrayExpr":
                self._cast_elements(item, target)
            elif item.DESCRIPTOR.name == "A_Const" and item.HasField("sval"):
                check_literal(self.state, element, item)
            else:
                self._require_cast(self.infer_message(item), element)

    def _require_cast(self, source: Type | None, target: Type | None) -> None:
        message = f"cannot cast type {shown(source, self.state)} to {shown(target, self.state)}"
        require_coercion(self.analysis.run, source, target, "e", message)

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
        found = inference.call(self.state, names[-1], arguments)
        if found is None and all(argument is not None for argument in arguments):
            self.state.uncertain.note_refusal()  # there may be no such function of these types
        return found

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
        name = parser.strings(node.name)[-1]
        if kind in _OF_TWO and node.HasField("lexpr"):
            self._compare(name, (left, node.lexpr), (right, node.rexpr))
        elif kind in {"AEXPR_LIKE", "AEXPR_ILIKE"}:
            self._require_operator(name, left, right)
        elif kind == "AEXPR_IN":
            self._read_list(left, node)
        elif kind == "AEXPR_OP_ANY" and right is not None and right.dimensions:
            self._require_operator(name, left, Type(right.name, right.modifiers))
        if kind == "AEXPR_NULLIF":
            return inference.common(self.state, [left]) if left != UNKNOWN else right
        if kind != "AEXPR_OP":
            return builtin("bool")
        return inference.operate(self.state, name, left, right, prefix=not node.HasField("lexpr"))

    def _compare(self, name: str, left: tuple[Type | None, Node], right: tuple[Type | None, Node]) -> None:
        """Refuse two operands: there is no operator for them, or a literal is not of the other one's type.

        Raises:
            PostgresError: 42883; 22P02 or 22007.
        """
        self._require_operator(name, left[0], right[0])
        for (known, _), (unknown, literal) in ((left, right), (right, left)):
            if unknown == UNKNOWN and known is not None and inference.reads_as_same(self.state, name, known):
                check_literal(self.state, known, parser.unwrap(literal))

    def _read_list(self, left: Type | None, node: Node) -> None:
        """Read the literals of ``IN ('a', 'b')`` in the type of what is looked for in them."""
        items = parser.children(parser.unwrap(node.rexpr).items)
        if left is None or not all(item.DESCRIPTOR.name == "A_Const" for item in items):
            return
        if inference.reads_as_same(self.state, "=", left) and all(
            item.HasField("sval") or item.isnull for item in items
        ):
            for item in items:
                check_literal(self.state, left, item)

    def _require_operator(self, name: str, left: Type | None, right: Type | None) -> None:
        """Refuse operands for which the server has no operator, unless there may be one of somebody's own."""
        if not inference.no_operator(self.state, name, left, right):
            return
        if self.state.has_operator(name) or self.state.extensions.keys() - {"plpgsql"}:
            return
        written = f"{shown(left, self.state)} {name} {shown(right, self.state)}"
        if not knows_operators(self.state):
            self.analysis.run.doubt(f"whether there is an operator {written} is not known here")
            return
        raise sqlstate.PostgresError("42883", f"operator does not exist: {written}")

    def _list(self, node: Node) -> Type | None:
        for item in node.items:
            self.infer(item)
        return None

    def _subquery(self, node: Node) -> Type | None:
        tested = self.infer(node.testexpr) if node.HasField("testexpr") else None
        output = self.analysis.query(parser.unwrap(node.subselect), self.scope, self.ctes)
        kind = parser.enum_name(node, "sub_link_type")
        if kind in {"ANY_SUBLINK", "ALL_SUBLINK"} and output.complete and len(output.fields) == 1:
            found = output.fields[0].type
            self._require_operator("".join(parser.strings(node.oper_name)[-1:]) or "=", tested, found)
        if kind in {"EXISTS_SUBLINK", "ANY_SUBLINK", "ALL_SUBLINK"}:
            return builtin("bool")
        first = output.fields[0].type if len(output.fields) == 1 else None
        first = builtin("text") if first == UNKNOWN else first
        return array_of(first) if kind == "ARRAY_SUBLINK" else first

    def _case(self, node: Node) -> Type | None:
        arg = self.infer(node.arg) if node.HasField("arg") else None
        for when in parser.children(node.args):
            condition = self.infer(when.expr)
            if arg is not None:
                self._compare("=", (arg, node.arg), (condition, when.expr))
        results = [when.result for when in parser.children(node.args)]
        if node.HasField("defresult"):
            return self._common([*results, node.defresult])
        return inference.common(self.state, [self._common(results), UNKNOWN])

    def _several(self, node: Node) -> Type | None:
        return self._common(node.args)

    def _common(self, nodes: Iterable[Node]) -> Type | None:
        """Return the type that several expressions become, in which literals among them are read."""
        found = [(self.infer(node), node) for node in nodes]
        common = inference.common(self.state, [type_ for type_, _ in found])
        for type_, node in found:
            if type_ == UNKNOWN:
                check_literal(self.state, common, parser.unwrap(node))
        return common

    def _array(self, node: Node) -> Type | None:
        found = inference.common(self.state, [self.infer(element) for element in node.elements])
        return array_of(found)

    def _value(self, node: Node) -> Type | None:
        name = parser.enum_name(node, "op").removeprefix("SVFOP_")
        precise = name.endswith("_N")
        type_ = _VALUE_TYPES.get(name.removesuffix("_N"), "name")
        return builtin(type_, str(node.typmod)) if precise else builtin(type_)

    def _row(self, node: Node) -> Type | None:
        """Look at ``ROW(...)``, in which ``t.*`` stands for the table's columns."""
        for part in parser.children(node.args):
            if part.DESCRIPTOR.name == "ColumnRef" and part.fields[-1].HasField("a_star"):
                self.star(part)
            else:
                self.infer_message(part)
        return None

    def _indirection(self, node: Node) -> Type | None:
        row = self.row_and_column(node)
        if row is None:
            current, steps = self.infer(node.arg), node.indirection
        else:
            found = self.qualified(row)
            self.analysis.uses.update(found.origins if found is not None else ())
            current, steps = (found.type if found is not None else None), node.indirection[1:]
        for step in parser.children(steps):
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
    "RowExpr": "_row",
    "CollateClause": "_collate",
    "GroupingFunc": "_grouping",
    "SelectStmt": "_select",
    "NamedArgExpr": "_named",
    "TypeName": "_type_name",
}

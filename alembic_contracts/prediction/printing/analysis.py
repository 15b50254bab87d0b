"""A parse tree and where it stands in, the typed tree out that PostgreSQL stores (``parse_expr.c``).

A whitelist: whatever is not here, or could be something else (a function that users overload), is ``UnprintableError``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from alembic_contracts.dialects.postgresql.literal_outputs import number
from alembic_contracts.prediction.catalog import type_names
from alembic_contracts.prediction.printing import calls, operands
from alembic_contracts.prediction.printing.conversion import bare, cast, element
from alembic_contracts.prediction.printing.overloads import common_type
from alembic_contracts.prediction.printing.primitives import (
    UNKNOWN,
    Array,
    Case,
    Constant,
    Keyword,
    Reference,
    SessionValue,
    Test,
    Tree,
    UnprintableError,
    builtin,
)
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.schemas.schema import Type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["Analyser"]

_BOOL = builtin("bool")
_SESSION = {
    "CURRENT_DATE": "date", "CURRENT_TIME": "timetz", "CURRENT_TIMESTAMP": "timestamptz", "LOCALTIME": "time",
    "LOCALTIMESTAMP": "timestamp", "CURRENT_USER": "name", "SESSION_USER": "name", "USER": "name",
    "CURRENT_ROLE": "name", "CURRENT_CATALOG": "name", "CURRENT_SCHEMA": "name",
}  # fmt: skip
_TESTS = {
    "IS_NULL": "IS NULL", "IS_NOT_NULL": "IS NOT NULL", "IS_TRUE": "IS TRUE", "IS_NOT_TRUE": "IS NOT TRUE",
    "IS_FALSE": "IS FALSE", "IS_NOT_FALSE": "IS NOT FALSE", "IS_UNKNOWN": "IS UNKNOWN",
    "IS_NOT_UNKNOWN": "IS NOT UNKNOWN",
}  # fmt: skip


class Analyser(Struct, frozen=True):
    """Looks at the expressions of one table."""

    state: State
    columns: Mapping[str, Type | None] = field(default_factory=dict)
    value: Type | None = None
    """The type that VALUE has in the check of a domain."""
    reading: bool = False
    """Whether the text is what PostgreSQL printed, where every cast that is written is one that is there."""

    def tree(self, node: Node) -> Tree:
        """Return the typed tree of a wrapped or bare node.

        Raises:
            UnprintableError: it is not known what PostgreSQL would make of it.
        """
        message = parser.unwrap(node) if node.DESCRIPTOR.name == "Node" else node
        handler = _KINDS.get(message.DESCRIPTOR.name)
        if handler is None:
            raise UnprintableError(message.DESCRIPTOR.name)
        found: Tree = getattr(self, handler)(message)
        return found

    def trees(self, nodes: Node) -> list[Tree]:
        """Return the typed trees of several nodes."""
        return [self.tree(node) for node in nodes]

    def boolean(self, tree: Tree) -> Tree:
        """``coerce_to_boolean``."""
        return cast(self.state, tree, _BOOL, "assignment")

    # -- values ------------------------------------------------------------------------------------------------------

    def _constant(self, node: Node) -> Tree:
        which = node.WhichOneof("val")
        if node.isnull:
            return Constant(UNKNOWN, None)
        if which == "ival":
            return Constant(builtin("int4"), str(node.ival.ival))
        if which == "boolval":
            return Constant(_BOOL, "true" if node.boolval.boolval else "false")
        if which == "sval":
            return Constant(UNKNOWN, node.sval.sval)
        if which != "fval":
            raise UnprintableError(str(which))
        text = node.fval.fval
        shown = number(text)
        if shown is None:
            raise UnprintableError("a number with an exponent")
        whole = text.lstrip("-").isdigit() and -(2**63) <= int(text) < 2**63
        return Constant(builtin("int8" if whole else "numeric"), shown)

    def _reference(self, node: Node) -> Tree:
        names = parser.strings(node.fields)
        if self.value is not None and names == ["value"]:
            return SessionValue(self.value, "VALUE")
        type_ = self.columns.get(names[-1]) if len(names) == len(node.fields) == 1 else None
        if type_ is None:
            raise UnprintableError("a column whose type is not known")
        return Reference(type_, names[0])

    def _session(self, node: Node) -> Tree:
        name = parser.enum_name(node, "op").removeprefix("SVFOP_")
        plain = name.removesuffix("_N")
        if plain not in _SESSION:
            raise UnprintableError(plain)
        type_ = builtin(_SESSION[plain])
        if plain == name:
            return SessionValue(type_, plain)
        return SessionValue(Type(type_.name, (str(min(node.typmod, 6)),)), f"{plain}({min(node.typmod, 6)})")

    def type(self, node: Node) -> Type:
        """Return the type that a TypeName stands for."""
        names = parser.strings(node.names)
        if node.pct_type or node.setof:
            raise UnprintableError("a type by its column")
        schema, name = type_names.qualified(names)
        found = type_names.find_named(self.state, name, schema)
        if found is None:
            raise UnprintableError(f"the type {name}")
        if found.name.schema == "pg_temp" or (found.name.schema != "pg_catalog" and found.name not in self.state.types):
            raise UnprintableError(f"the type {found}")
        try:
            modifiers = type_names.modifiers(found.name, node)
        except (PostgresError, ValueError, IndexError):
            raise UnprintableError(f"the type {found}") from None
        if found.name.name == "interval" and modifiers:
            raise UnprintableError("an interval's fields")
        return Type(found.name, modifiers, max(found.dimensions, 0) + len(node.array_bounds))

    def _cast(self, node: Node) -> Tree:
        target = self.type(node.type_name)
        argument = parser.unwrap(node.arg)
        if self.reading and argument.DESCRIPTOR.name == "A_Const" and argument.HasField("sval"):
            printed = self._printed_constant(argument.sval.sval, target)
            if printed is not None:
                return printed
        if target == builtin("regclass") and not (argument.DESCRIPTOR.name == "A_Const" and argument.HasField("sval")):
            raise UnprintableError("a regclass that is computed")
        if argument.DESCRIPTOR.name == "A_ArrayExpr" and target.dimensions and not self._is_shown_cast(argument):
            if target.modifiers:
                raise UnprintableError("an array of values with a length")
            elements = [cast(self.state, self.tree(e), element(target), "explicit") for e in argument.elements]
            return Array(bare(target), tuple(elements))
        return cast(self.state, self.tree(argument), target, "explicit")

    def _printed_constant(self, text: str, type_: Type) -> Tree | None:
        """A constant that was printed is what its type's output function gave, whatever its form."""
        definition = self.state.types.get(type_.name)
        if definition is not None and definition.kind == "domain":
            return None
        if type_.name.name.startswith("reg"):
            return None
        return cast(self.state, Constant(bare(type_), text), type_, "explicit")

    def _is_shown_cast(self, array: Node) -> bool:
        """``ARRAY[...]::t[]`` is printed of a cast over an array alone, unless the array is empty."""
        return self.reading and bool(array.elements)

    def _array(self, node: Node) -> Tree:
        elements = self.trees(node.elements)
        if not elements or any(isinstance(each, Array) for each in elements):
            raise UnprintableError("an array of no type, or of arrays")
        type_ = common_type(self.state, [each.type for each in elements])
        if type_.dimensions:
            raise UnprintableError("an array of arrays")
        converted = tuple(cast(self.state, each, type_, "implicit") for each in elements)
        return Array(Type(type_.name, (), 1), converted)

    # -- conditions --------------------------------------------------------------------------------------------------

    def _junction(self, node: Node) -> Tree:
        word = parser.enum_name(node, "boolop").removesuffix("_EXPR")
        return Test(_BOOL, tuple(self.boolean(self.tree(each)) for each in node.args), word)

    def _null_test(self, node: Node) -> Tree:
        tree = self.tree(node.arg)
        if tree.type == UNKNOWN:
            raise UnprintableError("whether a literal is NULL")
        return Test(_BOOL, (tree,), suffix=_TESTS[parser.enum_name(node, "nulltesttype")])

    def _boolean_test(self, node: Node) -> Tree:
        return Test(_BOOL, (self.boolean(self.tree(node.arg)),), suffix=_TESTS[parser.enum_name(node, "booltesttype")])

    def _keyword(self, node: Node) -> Tree:
        name = "COALESCE"
        if node.DESCRIPTOR.name == "MinMaxExpr":
            name = parser.enum_name(node, "op").removeprefix("IS_")
        arguments = self.trees(node.args)
        type_ = common_type(self.state, [each.type for each in arguments])
        return Keyword(type_, name, tuple(cast(self.state, each, type_, "implicit") for each in arguments))

    def _case(self, node: Node) -> Tree:
        if node.HasField("arg"):
            raise UnprintableError("CASE with a value")
        whens = [parser.unwrap(when) for when in node.args]
        conditions = [self.boolean(self.tree(when.expr)) for when in whens]
        otherwise = self.tree(node.defresult) if node.HasField("defresult") else Constant(UNKNOWN, None)
        results = [otherwise, *(self.tree(when.result) for when in whens)]
        type_ = common_type(self.state, [result.type for result in results])
        otherwise, *converted = [cast(self.state, result, type_, "implicit") for result in results]
        return Case(type_, tuple(zip(conditions, converted, strict=True)), otherwise)

    def _operation(self, node: Node) -> Tree:
        return operands.operation(self, node)

    def _call(self, node: Node) -> Tree:
        return calls.call(self, node)


_KINDS = {
    "A_Const": "_constant",
    "ColumnRef": "_reference",
    "SQLValueFunction": "_session",
    "TypeCast": "_cast",
    "A_ArrayExpr": "_array",
    "BoolExpr": "_junction",
    "NullTest": "_null_test",
    "BooleanTest": "_boolean_test",
    "CoalesceExpr": "_keyword",
    "MinMaxExpr": "_keyword",
    "CaseExpr": "_case",
    "A_Expr": "_operation",
    "FuncCall": "_call",
}

"""An expression in, the columns that its value comes from out, each noted as used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from alembic_contracts.inference.usage.columns import Columns, names_of
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.mentions import split_name
from alembic_contracts.prediction.sql.scopes import Entry, Output, Scope
from alembic_contracts.schemas.schema import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alembic_contracts.inference.usage.notes import Notes
    from alembic_contracts.inference.usage.relations import Here, Missing, Own, Relations
    from alembic_contracts.inference.uses import Kind
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Name

    Origins = Iterable[tuple[Name, str]]

__all__ = ["Expressions", "Level"]

_LEAVES = frozenset({"a_const", "param_ref", "string", "set_to_default", "current_of_expr", "integer", "a_star"})
_NAMES = frozenset({"name", "funcname", "type_name", "collname", "use_op", "indirection_names"})
"""Fields in which no column can be."""
_PLACEHOLDERS_OF = frozenset({"sqlc", "pggen"})
"""Schemas that code generators write before what stands for a parameter."""


class Level(Struct, frozen=True):
    """One level of a query: its sources, and the common table expressions that it sees."""

    scope: Scope = field(default_factory=Scope)
    ctes: dict[str, Output] = field(default_factory=dict)


class Expressions(Columns):
    """Looks at expressions."""

    def __init__(self, notes: Notes, relations: Relations, here: Here) -> None:
        super().__init__(notes)
        self.relations, self.here = relations, here

    def query(self, node: Node, level: Level, *, whole: bool) -> Output:
        """Return what a query yields; ``whole``: whether all of its columns matter, those behind a star as well."""
        raise NotImplementedError

    def expression(self, node: Node, level: Level, kind: Kind) -> Origins:
        """Look at an expression, wrapped or not; return the columns that are in it."""
        found: dict[tuple[Name, str], None] = {}
        stack = [node]
        while stack:
            part = stack.pop()
            if type(part) is parser.WRAPPER:
                name = part.WhichOneof("node")
                if name is None or name in _LEAVES:
                    continue
                part = getattr(part, name)
                if name == "column_ref":
                    column = self.named(names_of(part), part.location, level.scope, kind)
                    for origin in column.origins if column is not None else ():
                        found[origin] = None
                    continue
                if name == "a_expr":  # the most frequent of all
                    if part.HasField("lexpr"):
                        stack.append(part.lexpr)
                    if part.HasField("rexpr"):
                        stack.append(part.rexpr)
                    continue
                special = _SPECIAL.get(name)
                if special is not None:
                    more, below = getattr(self, special)(part, level, kind)
                    found.update(dict.fromkeys(more))
                    stack.extend(below)
                    continue
            stack.extend(parser.below(part, _NAMES))
        return found

    def _sublink(self, node: Node, level: Level, _: Kind) -> tuple[Origins, list[Node]]:
        exists = parser.enum_name(node, "sub_link_type") == "EXISTS_SUBLINK"
        output = self.query(parser.unwrap(node.subselect), level, whole=not exists)
        origins = [] if exists else [origin for known in output.fields for origin in known.origins]
        return origins, [node.testexpr] if node.HasField("testexpr") else []

    def _select(self, node: Node, level: Level, _: Kind) -> tuple[Origins, list[Node]]:
        output = self.query(node, level, whole=True)
        return [origin for known in output.fields for origin in known.origins], []

    def _indirection(self, node: Node, level: Level, kind: Kind) -> tuple[Origins, list[Node]]:
        """``(t).a`` and ``(t.*).a`` are ``t.a``; a field of a composite column uses the column."""
        argument, step = parser.unwrap(node.arg), node.indirection[0]
        if argument.DESCRIPTOR.name == "ColumnRef" and step.HasField("string"):
            names = parser.strings(argument.fields)
            is_row = len(names) == 1 and self.whole_row(names[0], level.scope) is not None
            if is_row and len(argument.fields) <= 2:
                found = self.qualified([names[0], step.string.sval], level.scope, kind, argument.location)
                return (() if found is None else found.origins), list(node.indirection)[1:]
        return (), [node.arg, *node.indirection]

    def _call(self, node: Node, level: Level, kind: Kind) -> tuple[Origins, list[Node]]:
        names = parser.strings(node.funcname)
        below = parser.below(node, _NAMES)
        if len(names) == 2 and names[0] in _PLACEHOLDERS_OF:
            return (), below if names[1] == "embed" else []
        if len(node.args) != 1 or not node.args[0].HasField("column_ref"):
            return (), below
        argument = node.args[0].column_ref
        named = parser.strings(argument.fields)
        row = self.whole_row(named[0], level.scope) if len(named) == 1 and len(argument.fields) <= 2 else None
        if row is None:
            return (), below
        below = below[1:]
        if names[-1] == "count":  # of rows, whatever is in them
            return (), below
        if len(names) == 1 and row.find(names[0]) is not None:  # ``title(object)`` is ``object.title``
            found = self.qualified([named[0], names[0]], level.scope, kind, argument.location)
            return (() if found is None else found.origins), below
        return (), [node.args[0], *below]

    def _cast(self, node: Node, level: Level, kind: Kind) -> tuple[Origins, list[Node]]:
        """A literal cast to ``regclass`` names a relation, and a table's name is the type of its rows."""
        del level, kind
        names = parser.strings(node.type_name.names)
        if names[:1] == ["pg_catalog"]:
            return (), [node.arg]
        if names[-1:] == ["regclass"] and node.arg.HasField("a_const") and node.arg.a_const.HasField("sval"):
            schema, name = split_name(node.arg.a_const.sval.sval)
            self._named(name, schema, node.arg.a_const.location)
        elif names:
            table = self._table_named(names[-1], names[-2] if len(names) > 1 else None)
            if table is not None:
                self.notes.table(table.name, "read", node.location)
                self.notes.star(self.relations.entry(table).fields, node.location)
        return (), [node.arg]

    def _named(self, name: str, schema: str | None, location: int) -> None:
        table = self._table_named(name, schema)
        if table is not None:
            self.notes.table(table.name, "read", location)

    def _table_named(self, name: str, schema: str | None) -> Table | None:
        found = self.look_up(name, schema)
        return found if isinstance(found, Table) else None

    def look_up(self, name: str, schema: str | None, catalog: str | None = None) -> Table | Own | Entry | Missing:
        """Return the relation of a name."""
        return self.relations.find(name, schema, catalog, self.here)


_SPECIAL = {
    "sub_link": "_sublink", "select_stmt": "_select", "a_indirection": "_indirection", "func_call": "_call",
    "type_cast": "_cast",
}  # fmt: skip

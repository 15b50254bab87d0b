"""INSERT, UPDATE, DELETE, MERGE, COPY or TRUNCATE in, what RETURNING yields out, all that it uses noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.inference.usage.expressions import Level
from alembic_contracts.inference.usage.result_columns import Selects
from alembic_contracts.inference.uses import Guarantee
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.scopes import Entry, Field, Output, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alembic_contracts.inference.uses import Kind
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["Changes"]


class Changes(Selects):
    """Looks at statements that change rows."""

    def change(self, node: Node, level: Level, *, whole: bool) -> Output:
        """Return what a statement that changes rows yields."""
        kind = node.DESCRIPTOR.name
        target = self._target_of(node.relation, _KINDS[kind])
        inner = Level(Scope([target], level.scope), level.ctes)
        if kind == "InsertStmt":
            self._insert(node, target, level)
        elif kind == "UpdateStmt":
            self._sources(node.from_clause, inner)
            self._assign(node.target_list, target, inner)
        elif kind == "DeleteStmt":
            self._sources(node.using_clause, inner)
        else:
            self._merge_into(node, target, inner)
        if kind != "MergeStmt" and node.DESCRIPTOR.fields_by_name.get("where_clause") and node.HasField("where_clause"):
            self.expression(node.where_clause, inner, "filtered")
        return self._returning(node, target, inner, whole=whole)

    def _target_of(self, node: Node, kind: Kind) -> Entry:
        entry = self.relation(node, {}, kind)
        return replace(entry, alias=node.alias.aliasname) if node.HasField("alias") else entry

    def _sources(self, nodes: Iterable[Node], inner: Level) -> None:
        for item in nodes:
            self.add(inner.scope, self.source(item, inner))

    def _returning(self, node: Node, target: Entry, inner: Level, *, whole: bool) -> Output:
        if not node.HasField("returning_clause"):
            return Output(())
        clause = node.returning_clause
        aliases = {"old", "new", *(option.value for option in parser.children(clause.options))}
        around = Scope([replace(target, alias=alias, visible=False) for alias in sorted(aliases)], inner.scope.outer)
        scope = Scope(inner.scope.entries, around, inner.scope.unknown)
        return self.targets(clause.exprs, Level(scope, inner.ctes), whole=whole)

    def _set(self, target: Entry, name: str, kind: Kind, location: int) -> Field | None:
        """Note that a column of the target gets a value."""
        found = target.find(name)
        if found is not None:
            self.notes.field(found, kind, location)
        elif target.complete:
            self.missing(target, name, kind, location)
        return found

    def _assign(self, targets: Iterable[Node], target: Entry, inner: Level) -> None:
        for each in parser.children(targets):
            self._set(target, each.name, "updated", each.location)
            for part in (*each.indirection, each.val):
                self.expression(part, inner, "read")

    # -- INSERT ------------------------------------------------------------------------------------------------------

    def _insert(self, node: Node, target: Entry, level: Level) -> None:
        for column in parser.children(node.cols):
            self._set(target, column.name, "inserted", column.location)
        if node.HasField("select_stmt"):
            query = parser.unwrap(node.select_stmt)
            output = self.query(query, level, whole=True)
            if not node.cols:
                width = len(output.fields) if output.complete and not self._is_placeholder(query) else None
                self._by_position(target, width, node.relation.location)
        if node.HasField("on_conflict_clause"):
            self._on_conflict(node.on_conflict_clause, target, Level(Scope(outer=level.scope), level.ctes))

    def _by_position(self, target: Entry, width: int | None, location: int) -> None:
        """Without a list of columns, the first ones get values; None: all of them."""
        for field in target.fields[:width]:
            self.notes.field(field, "inserted", location)

    def _is_placeholder(self, query: Node) -> bool:
        """Whether rows come from a driver's placeholder (``VALUES %s``), with as many values as there may be."""
        rows = query.values_lists
        if len(rows) != 1 or len(rows[0].list.items) != 1 or not rows[0].list.items[0].HasField("a_const"):
            return False
        return self.notes.is_placeholder(rows[0].list.items[0].a_const.location)

    def _on_conflict(self, clause: Node, target: Entry, level: Level) -> None:
        excluded = replace(target, alias="excluded", visible=False)
        inner = Level(Scope([target, excluded], level.scope.outer), level.ctes)
        if clause.HasField("infer"):
            names = []
            for element in parser.children(clause.infer.index_elems):
                if element.name:
                    self._set(target, element.name, "filtered", clause.infer.location)
                    names.append(element.name)
                else:
                    self.expression(element.expr, inner, "filtered")
            if clause.infer.HasField("where_clause"):
                self.expression(clause.infer.where_clause, inner, "filtered")
            elif names and len(names) == len(clause.infer.index_elems):
                self._relies_on_key(target, names, clause.infer.location)
        self._assign(clause.target_list, target, inner)
        if clause.HasField("where_clause"):
            self.expression(clause.where_clause, inner, "filtered")

    def _relies_on_key(self, target: Entry, names: Sequence[str], location: int) -> None:
        """``ON CONFLICT (a)`` fails without a unique key of exactly these columns."""
        table = None if target.table is None else self.relations.schema.tables.get(target.table)
        if table is None:
            return
        place = self.notes.place(self.notes.line(location))
        keys = [table.primary_key, *(each.columns for each in table.constraints if each.kind == "unique")]
        key = next((list(each) for each in keys if each and set(each) == set(names)), None)
        if key is not None:
            self.notes.guarantee(Guarantee(table.name, None, "unique", key, place))

    # -- MERGE, COPY, TRUNCATE ---------------------------------------------------------------------------------------

    def _merge_into(self, node: Node, target: Entry, inner: Level) -> None:
        self._sources([node.source_relation], inner)
        self.expression(node.join_condition, inner, "filtered")
        for clause in parser.children(node.merge_when_clauses):
            if clause.HasField("condition"):
                self.expression(clause.condition, inner, "filtered")
            command = parser.enum_name(clause, "command_type")
            if command == "CMD_DELETE" and target.table is not None:
                self.notes.table(target.table, "deleted", node.relation.location)
            elif command == "CMD_INSERT":
                for column in parser.children(clause.target_list):
                    self._set(target, column.name, "inserted", column.location)
                if not clause.target_list:
                    self._by_position(target, len(clause.values), node.relation.location)
                for value in clause.values:
                    self.expression(value, inner, "read")
            else:
                self._assign(clause.target_list, target, inner)

    def copy(self, node: Node, level: Level) -> None:
        """COPY of a table or of a query's rows."""
        if node.HasField("query"):
            self.query(parser.unwrap(node.query), level, whole=True)
            return
        kind: Kind = "inserted" if node.is_from else "read"
        target = self._target_of(node.relation, kind)
        names = parser.strings(node.attlist)
        for name in names:
            self._set(target, name, kind, self.notes.next(name, node.relation.location + 1))
        if not names:
            for field in target.fields:
                self.notes.field(field, kind, node.relation.location)
        if node.HasField("where_clause"):
            self.expression(node.where_clause, Level(Scope([target], level.scope), level.ctes), "filtered")

    def truncate(self, node: Node, level: Level) -> None:
        """TRUNCATE deletes every row."""
        del level
        for relation in parser.children(node.relations):
            self.relation(relation, {}, "deleted")


_KINDS: dict[str, Kind] = {
    "InsertStmt": "inserted", "UpdateStmt": "updated", "DeleteStmt": "deleted", "MergeStmt": "read",
}  # fmt: skip

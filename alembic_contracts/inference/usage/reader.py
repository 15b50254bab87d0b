"""A statement of any kind in, what it yields out, all that it uses noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.inference.usage.changes import Changes
from alembic_contracts.inference.usage.expressions import Level
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.scopes import Field, Output

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["Reader", "defined"]

_QUERIES = frozenset({"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
_HOLDING = frozenset({"ExplainStmt", "PrepareStmt", "DeclareCursorStmt", "ViewStmt", "CreateTableAsStmt"})


def defined(node: Node) -> Node | None:
    """Return the name (a RangeVar) of the relation that a statement makes, None where it makes none."""
    kind = node.DESCRIPTOR.name
    if kind == "ViewStmt":
        return node.view
    if kind == "CreateStmt":
        return node.relation
    if kind == "CreateForeignTableStmt":
        return node.base_stmt.relation
    if kind == "CreateTableAsStmt":
        return node.into.rel
    return node.into_clause.rel if kind == "SelectStmt" and node.HasField("into_clause") else None


class Reader(Changes):
    """Looks at statements."""

    def statement(self, node: Node) -> Output:
        """Return what a statement yields, or what a relation that it defines does."""
        kind = node.DESCRIPTOR.name
        level = Level()
        if kind in _QUERIES:
            return self.query(node, level, whole=True)
        if kind in _HOLDING:
            return self._holding(node, kind)
        if kind == "CopyStmt":
            self.copy(node, level)
        elif kind == "TruncateStmt":
            self.truncate(node)
        elif kind == "CreateStmt":
            return self._table(node)
        return Output((), complete=False)

    def _holding(self, node: Node, kind: str) -> Output:
        """Something around a query."""
        output = self.statement(parser.unwrap(node.query))
        names: list[str] = []
        if kind == "ViewStmt":
            names = parser.strings(node.aliases)
        elif kind == "CreateTableAsStmt":
            names = parser.strings(node.into.col_names)
        return self._renamed(output, names, 0)

    def _table(self, node: Node) -> Output:
        """A table of the consumer's own, which has its columns' names and nothing of ours in it."""
        fields: list[Field] = []
        complete = not node.HasField("ofTypename") if "ofTypename" in node.DESCRIPTOR.fields_by_name else True
        for element in parser.children(node.table_elts):
            if element.DESCRIPTOR.name == "ColumnDef":
                fields.append(Field(element.colname, None))
            elif element.DESCRIPTOR.name == "TableLikeClause":
                fields.extend(self._like(element.relation))
        for parent in parser.children(node.inh_relations):
            fields.extend(self._like(parent))
        return Output(tuple(fields), complete)

    def _like(self, relation: Node) -> list[Field]:
        entry = self.relation(relation, {}, "read")
        self.notes.star(entry.fields, relation.location)
        return [Field(field.name, None) for field in entry.fields]

"""A statement of any kind in, what it yields out, all that it uses noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.inference.usage.bodies import embedded
from alembic_contracts.inference.usage.changes import Changes
from alembic_contracts.inference.usage.expressions import Level
from alembic_contracts.inference.usage.notes import Notes
from alembic_contracts.inference.usage.texts import Prepared
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.scopes import Entry, Field, Output, Scope
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.schemas.schema import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["Reader"]

_QUERIES = frozenset({"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
_HOLDING = frozenset({"ExplainStmt", "PrepareStmt", "DeclareCursorStmt", "ViewStmt", "CreateTableAsStmt"})
_OF_TABLES = frozenset({"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE", "OBJECT_COLUMN"})
_LISTED = {"CreateTrigStmt": "columns", "VacuumRelation": "va_cols"}
"""Where statements about a relation list columns of it."""
_NAMING = {
    "LockStmt": ("relations",), "ClusterStmt": ("relation",), "RefreshMatViewStmt": ("relation",),
    "CreateTrigStmt": ("relation",), "CreatePolicyStmt": ("table",), "AlterPolicyStmt": ("table",),
    "IndexStmt": ("relation",), "CreateStatsStmt": ("relations",), "VacuumRelation": ("relation",),
    "AlterTableStmt": ("relation",), "RenameStmt": ("relation",), "AlterObjectSchemaStmt": ("relation",),
}  # fmt: skip
"""Statements that need a relation, and the fields that name it."""
_TYPE_OF_OBJECT = {
    "AlterTableStmt": "objtype", "RenameStmt": "rename_type", "AlterObjectSchemaStmt": "object_type"
}  # fmt: skip


class Reader(Changes):
    """Looks at statements."""

    def statement(self, node: Node, level: Level | None = None) -> Output:
        """Return what a statement yields, or what a relation that it defines does."""
        kind = node.DESCRIPTOR.name
        level = Level() if level is None else level
        if kind in _QUERIES:
            return self.query(node, level, whole=True)
        if kind in _HOLDING:
            return self._holding(node, kind, level)
        if kind in {"CreateStmt", "CreateForeignTableStmt"}:
            return self._table(node.base_stmt if kind == "CreateForeignTableStmt" else node)
        if kind in _NAMING:
            self._naming(node, kind)
        elif kind in _OTHERS:
            getattr(self, _OTHERS[kind])(node, level)
        return Output((), complete=False)

    def _holding(self, node: Node, kind: str, level: Level) -> Output:
        """Something around a query."""
        output = self.statement(parser.unwrap(node.query), level)
        names: list[str] = []
        if kind == "ViewStmt":
            names = parser.strings(node.aliases)
        elif kind == "CreateTableAsStmt":
            names = parser.strings(node.into.col_names)
        return self._renamed(output, names, 0)

    def _each(self, nodes: Iterable[Node], level: Level) -> None:
        for node in nodes:
            self.statement(parser.unwrap(node), level)

    # -- tables ------------------------------------------------------------------------------------------------------

    def _table(self, node: Node) -> Output:
        """A table of the consumer's own, which has its columns' names and nothing of ours in it."""
        found = self.look_up(node.relation.relname, node.relation.schemaname or None)
        if isinstance(found, Table) and found.name in self.relations.copied:
            return Output((), complete=False)
        fields: list[Field] = []
        for element in parser.children(node.table_elts):
            if element.DESCRIPTOR.name == "ColumnDef":
                fields.append(Field(element.colname, None))
                self._foreign_keys(element.constraints)
            elif element.DESCRIPTOR.name == "TableLikeClause":
                fields.extend(self._like(element.relation))
        self._foreign_keys((*node.table_elts, *node.constraints))
        for parent in parser.children(node.inh_relations):
            fields.extend(self._like(parent))
        return Output(tuple(fields), not node.HasField("of_typename"))

    def _like(self, relation: Node) -> list[Field]:
        entry = self.relation(relation, {}, "read")
        self.notes.star(entry.fields, relation.location)
        return [Field(field.name, None) for field in entry.fields]

    def _foreign_keys(self, constraints: Iterable[Node]) -> None:
        for each in parser.children(constraints):
            if each.DESCRIPTOR.name != "Constraint" or not each.HasField("pktable"):
                continue
            entry = self.relation(each.pktable, {}, "filtered")
            table = None if entry.table is None else self.relations.schema.tables.get(entry.table)
            for name in parser.strings(each.pk_attrs) or (table.primary_key if table is not None else ()):
                self._set(entry, name, "filtered", each.pktable.location)

    def _naming(self, node: Node, kind: str) -> None:
        """A statement about a relation, and the columns of it that it names."""
        if kind in _TYPE_OF_OBJECT and parser.enum_name(node, _TYPE_OF_OBJECT[kind]) not in _OF_TABLES:
            return
        for name in _NAMING[kind]:
            value = getattr(node, name)
            relations = [value] if hasattr(value, "DESCRIPTOR") else parser.children(value)
            for relation in relations:
                found = self.look_up(relation.relname, relation.schemaname or None)
                is_copy = isinstance(found, Table) and found.name in self.relations.copied
                if not is_copy and (isinstance(found, Table) or not getattr(node, "missing_ok", False)):
                    self._within(node, kind, self.relation(relation, {}, "read"))

    def _within(self, node: Node, kind: str, entry: Entry) -> None:
        """Look at the columns and conditions of a statement about a relation."""
        level = Level(Scope([entry], unknown=kind not in {"IndexStmt", "CreateStatsStmt"}))
        names: list[str] = []
        if kind == "IndexStmt":
            elements = parser.children((*node.index_params, *node.index_including_params))
            names = [element.name for element in elements if element.name]
            for element in elements:
                if not element.name:
                    self.expression(element.expr, level, "filtered")
        elif kind in _LISTED:
            names = parser.strings(getattr(node, _LISTED[kind]))
        elif kind == "AlterTableStmt":
            for command in parser.children(node.cmds):
                self._added(getattr(command, "def"), entry, level)
        for name in names:
            self._set(entry, name, "filtered", node.relation.location)
        for name in ("where_clause", "qual", "with_check"):
            if name in node.DESCRIPTOR.fields_by_name and node.HasField(name):
                self.expression(getattr(node, name), level, "filtered")

    def _added(self, node: Node, entry: Entry, level: Level) -> None:
        """Look at what ALTER TABLE adds: constraints, and those of columns."""
        added = parser.unwrap(node)
        if added.DESCRIPTOR.name == "Constraint":
            for name in (*parser.strings(added.keys), *parser.strings(added.fk_attrs)):
                self._set(entry, name, "filtered", added.location)
            if added.HasField("raw_expr"):
                self.expression(added.raw_expr, level, "filtered")
        self._foreign_keys(added.constraints if added.DESCRIPTOR.name == "ColumnDef" else [node])

    # -- what holds statements ---------------------------------------------------------------------------------------

    def _execute(self, node: Node, level: Level) -> None:
        for parameter in node.params:
            self.expression(parameter, level, "read")

    def _procedure(self, node: Node, level: Level) -> None:
        self.expression(node.funccall, level, "read")

    def _vacuum(self, node: Node, level: Level) -> None:
        self._each(node.rels, level)

    def _schema(self, node: Node, level: Level) -> None:
        self._each(node.schema_elts, level)

    def _rule(self, node: Node, level: Level) -> None:
        entry = self.relation(node.relation, {}, "read")
        rows = Scope([replace(entry, alias=alias, visible=False) for alias in ("old", "new")])
        inner = Level(rows, level.ctes)
        if node.HasField("where_clause"):
            self.expression(node.where_clause, inner, "filtered")
        self._each(node.actions, inner)

    def _block(self, node: Node, level: Level) -> None:
        del level
        options = {each.defname: each for each in parser.children(node.args)}
        language = parser.unwrap(options["language"].arg).sval if "language" in options else "plpgsql"
        body = parser.unwrap(options["as"].arg).sval
        self._body(body, language, options["as"].location, "a DO block", [])

    def _routine(self, node: Node, level: Level) -> None:
        name = parser.strings(node.funcname)[-1]
        names = [each.name for each in parser.children(node.parameters) if each.name]
        inner = Level(Scope([self._parameters(name, names)], unknown=True), level.ctes)
        if node.HasField("sql_body"):
            for part in parser.walk(node.sql_body, into=lambda m: m.DESCRIPTOR.name == "List"):
                if part.DESCRIPTOR.name == "ReturnStmt":
                    self.expression(part.returnval, inner, "read")
                elif part.DESCRIPTOR.name != "List":
                    self.statement(part, inner)
            return
        options = {each.defname: each for each in parser.children(node.options)}
        if "as" not in options or "language" not in options:
            return
        texts = parser.strings(parser.unwrap(options["as"].arg).items)
        language = parser.unwrap(options["language"].arg).sval
        self._body(texts[0], language, options["as"].location, f"the function {name}", names)

    def _parameters(self, name: str, names: list[str]) -> Entry:
        return Entry(name, tuple(Field(each, None) for each in names), complete=False)

    def _body(self, body: str, language: str, location: int, what: str, parameters: list[str]) -> None:
        """Look at the body of a function or block: SQL, or PL/pgSQL with queries in it."""
        if language.lower() in {"c", "internal"}:
            return
        begin = self.notes.next(body, location) if body.strip() else location
        notes = Notes(Prepared(sql=body, first_line=self.notes.line(begin)), self.notes.file, self.notes.what)
        level = Level(Scope([self._parameters("", parameters)], unknown=True))
        try:
            if language.lower() == "sql":
                for each in parser.parse_once(body):
                    Reader(notes, self.relations, self.here).statement(each.node, level)
            elif language.lower() == "plpgsql":
                for part in embedded(body):
                    notes.base = part.offset
                    if part.node is None:
                        notes.problem(f"{what} {part.problem}", 0)
                    else:
                        Reader(notes, self.relations, self.here).statement(part.node, level)
            else:
                self.notes.problem(f"{what} is in {language}, which is not read", location)
        except PostgresError as error:
            self.notes.problem(f"{what} is not understood: {error.message}", location)
        notes.base = 0
        self.notes.absorb(notes)


_OTHERS = {
    "CopyStmt": "copy", "TruncateStmt": "truncate", "ExecuteStmt": "_execute", "CallStmt": "_procedure",
    "VacuumStmt": "_vacuum", "CreateSchemaStmt": "_schema", "RuleStmt": "_rule", "DoStmt": "_block",
    "CreateFunctionStmt": "_routine",
}  # fmt: skip

"""INSERT, UPDATE, DELETE or MERGE in, what the names in it mean out, and what RETURNING yields."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.type_names import shown
from alembic_contracts.prediction.queries.coercion import require_coercion
from alembic_contracts.prediction.queries.expressions import Expressions
from alembic_contracts.prediction.queries.inference import UNKNOWN
from alembic_contracts.prediction.queries.literal_forms import check_literal
from alembic_contracts.prediction.sql import parser, sqlstate, system
from alembic_contracts.prediction.sql.scopes import Entry, Output, Scope

if TYPE_CHECKING:
    from alembic_contracts.prediction.queries.analysis import Analysis
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Column, Table, Type

__all__ = ["LOOKED_AT", "Change", "target"]

LOOKED_AT = 50
"""Rows of VALUES; more of them are data, and of the same kind."""


def target(analysis: Analysis, node: Node) -> Table | None:
    """Return the table whose rows are to change; None where it may exist without being known.

    Raises:
        PostgresError: 42P01, 42809 it is a sequence, an index or a materialized view.
    """
    state = analysis.run.state
    found = state.find_relation(node.relname, node.schemaname or None)
    if found is not None and found[1] in {"sequence", "index", "composite type", "materialized view"}:
        raise sqlstate.wrong_object_type(f'cannot change {found[1]} "{node.relname}"')
    if found is None and _is_catalog(node):
        analysis.run.doubt(f"rows of the system catalog {node.relname} change, and with them any table")
    return state.find_table(node.relname, node.schemaname or None)


_BESIDE_TABLES = frozenset({"pg_description", "pg_shdescription", "pg_largeobject", "pg_largeobject_metadata"})


def _is_catalog(node: Node) -> bool:
    """Whether a target is one of the server's own tables of which the shape of users' tables is made."""
    name = system.is_system_relation(node.relname, node.schemaname or None)
    return name is not None and name.name not in _BESIDE_TABLES


@dataclass
class Change:
    """One statement that changes rows, being looked at."""

    analysis: Analysis
    node: Node
    ctes: dict[str, Output]
    outer: Scope | None

    def look_up(self) -> Output:
        """Look up all names; return what RETURNING yields.

        Raises:
            PostgresError: as PostgreSQL would.
        """
        self.table = target(self.analysis, self.node.relation)
        self.entry = self._entry()
        self.scope = Scope(outer=self.outer)
        kind = self.node.DESCRIPTOR.name
        if kind == "InsertStmt":
            self._insert()
        elif kind == "UpdateStmt":
            self._update()
        elif kind == "DeleteStmt":
            self._delete()
        else:
            self._merge()
        return self._returning()

    def _entry(self) -> Entry:
        """Return the target as a source; only rows that a statement has to find count as read."""
        reads = set(self.analysis.reads)
        entry = self.analysis.relation(self.node.relation, {})
        if self.node.DESCRIPTOR.name == "InsertStmt":
            self.analysis.reads = reads
        alias = self.node.relation.alias.aliasname if self.node.relation.HasField("alias") else entry.alias
        return replace(entry, alias=alias)

    def _expressions(self, scope: Scope | None = None) -> Expressions:
        return Expressions(self.analysis, scope or self.scope, self.ctes)

    def _returning(self) -> Output:
        if not self.node.HasField("returning_clause"):
            return Output(())
        options = parser.children(self.node.returning_clause.options)
        aliases = {"old", "new", *(option.value for option in options)}
        outer = Scope(outer=self.scope.outer)
        if self.analysis.run.state.server_version >= 180000:
            outer.entries = [replace(self.entry, alias=alias, table=None) for alias in sorted(aliases)]
        # Old and new rows are a qualifier away: unqualified names find the target's own columns first.
        inner = Scope(self.scope.entries, outer, self.scope.unknown)
        fields, complete = self.analysis.targets(self.node.returning_clause.exprs, self._expressions(inner))
        return Output(fields, complete)

    def _require(self, columns: Iterable[str]) -> None:
        for column in columns:
            if self.table is not None and self.table.complete and self.table.column(column) is None:
                raise sqlstate.undefined_column(column, self.table.name.name)

    # -- INSERT ------------------------------------------------------------------------------------------------------

    def _insert(self) -> None:
        columns = parser.children(self.node.cols)
        written = [column.name for column in columns]
        self._require(written)
        if len(set(written)) < len(written) and not any(column.indirection for column in columns):
            raise sqlstate.PostgresError("42701", "column specified more than once")
        if self.node.HasField("select_stmt"):
            query = parser.unwrap(self.node.select_stmt)
            output = self.analysis.query(query, self.outer, self.ctes)
            if output.complete:
                self._check_width(written, len(output.fields))
                if not any(column.indirection for column in columns):
                    self._check_values(written, query, output)
            self._check_generated(written, query)
        self.scope.entries.append(self.entry)
        if self.node.HasField("on_conflict_clause"):
            self._on_conflict(self.node.on_conflict_clause)

    def _check_values(self, written: list[str], query: Node, output: Output) -> None:
        """Refuse values that cannot be stored in the columns that they are for.

        Raises:
            PostgresError: 42804, 22P02, 22007, 55P04.
        """
        table = self.table
        if table is None or not table.complete:
            return
        targets = [table.column(name) for name in written] if written else list(table.columns)
        if query.values_lists:
            expressions = self._expressions(Scope(outer=self.outer))
            for row in query.values_lists[:LOOKED_AT] if not query.HasField("with_clause") else ():
                for column, item in zip(targets, row.list.items, strict=False):
                    self._store(column, item, expressions)
            return
        literals = _literals(query) if len(query.target_list) == len(output.fields) else []
        for column, found, literal in zip_longest(targets, output.fields, literals):
            if column is not None and found is not None and found.type != UNKNOWN:
                self._require_storable(column, found.type)
            elif column is not None and literal is not None:
                check_literal(self.analysis.run.state, column.type, literal)

    def _check_width(self, written: list[str], width: int) -> None:
        available = len(written)
        if not written:
            if self.table is None or not self.table.complete:
                return
            available = len(self.table.columns)
        if width > available:
            raise sqlstate.PostgresError("42601", "INSERT has more expressions than target columns")
        if written and width < available:
            raise sqlstate.PostgresError("42601", "INSERT has more target columns than expressions")

    def _check_generated(self, written: list[str], query: Node) -> None:
        """Refuse values for generated columns, and for identity columns that are always generated."""
        if self.table is None or not self.table.complete:
            return
        overriding = parser.enum_name(self.node, "override") != "OVERRIDING_NOT_SET"
        names = written or [column.name for column in self.table.columns]
        for position, name in enumerate(names):
            column = self.table.column(name)
            fixed = column is not None and (column.generated or (column.identity == "always" and not overriding))
            if fixed and _gives_value(query, position):
                raise sqlstate.PostgresError("428C9", f'cannot insert a non-DEFAULT value into column "{name}"')

    def _on_conflict(self, clause: Node) -> None:
        if clause.HasField("infer"):
            self._check_arbiter(clause.infer)
        excluded = replace(self.entry, alias="excluded", table=None)
        inner = Scope([self.entry, excluded], self.outer)
        self._assign(clause.target_list, inner)
        if clause.HasField("where_clause"):
            self._expressions(inner).infer(clause.where_clause)

    def _check_arbiter(self, infer: Node) -> None:
        table = self.table
        if infer.conname:
            if table is not None and table.complete and all(c.name != infer.conname for c in table.constraints):
                raise sqlstate.undefined_object("constraint", infer.conname)
            return
        elements = parser.children(infer.index_elems)
        self._require(element.name for element in elements if element.name)
        columns = {element.name for element in elements}
        if table is None or not table.complete or table.kind not in {"table", "partitioned table"} or "" in columns:
            return
        partial = infer.HasField("where_clause")
        if not any(i.unique and set(i.columns) == columns and (i.predicate is None or partial) for i in table.indexes):
            message = "there is no unique or exclusion constraint matching the ON CONFLICT specification"
            raise sqlstate.PostgresError("42P10", message)

    # -- UPDATE, DELETE, MERGE ---------------------------------------------------------------------------------------

    def _assign(self, targets: Iterable[Node], scope: Scope) -> None:
        for assignment in parser.children(targets):
            self._require([assignment.name])
            column = None if self.table is None else self.table.column(assignment.name)
            fixed = column is not None and (column.generated or column.identity == "always")
            if fixed and not assignment.val.HasField("set_to_default"):
                message = f'column "{assignment.name}" can only be updated to DEFAULT'
                raise sqlstate.PostgresError("428C9", message)
            single = assignment.val.WhichOneof("node") != "multi_assign_ref" and not assignment.indirection
            self._store(column if single else None, assignment.val, self._expressions(scope))

    def _store(self, column: Column | None, value: Node, expressions: Expressions) -> None:
        """Look at a value that goes into a column (None: not known which, or a part of it alone).

        Raises:
            PostgresError: 42804 it is of another type, 22P02 or 22007 it is a literal that is no value of that type.
        """
        found = expressions.infer_as(value, None if column is None else column.type)
        self._require_storable(column, found)

    def _require_storable(self, column: Column | None, found: Type | None) -> None:
        if column is None:
            return
        run = self.analysis.run
        one, two = shown(column.type, run.state), shown(found, run.state)
        message = f'column "{column.name}" is of type {one} but expression is of type {two}'
        require_coercion(run, found, column.type, "a", message)

    def _update(self) -> None:
        self.scope.entries.append(self.entry)
        for item in self.node.from_clause:
            self.scope.add(self.analysis.source(item, self.scope, self.ctes))
        self._assign(self.node.target_list, self.scope)
        if self.node.HasField("where_clause"):
            self._expressions().infer(self.node.where_clause)

    def _delete(self) -> None:
        self.scope.entries.append(self.entry)
        for item in self.node.using_clause:
            self.scope.add(self.analysis.source(item, self.scope, self.ctes))
        if self.node.HasField("where_clause"):
            self._expressions().infer(self.node.where_clause)

    def _merge(self) -> None:
        self.scope.entries.append(self.entry)
        self.scope.add(self.analysis.source(self.node.source_relation, self.scope, self.ctes))
        expressions = self._expressions()
        expressions.infer(self.node.join_condition)
        for clause in parser.children(self.node.merge_when_clauses):
            if clause.HasField("condition"):
                expressions.infer(clause.condition)
            for value in clause.values:
                expressions.infer(value)
            if parser.enum_name(clause, "command_type") == "CMD_INSERT":
                self._require(column.name for column in parser.children(clause.target_list))
            else:
                self._assign(clause.target_list, self.scope)


def _literals(query: Node) -> list[Node]:
    """Return what a SELECT yields, as far as a literal in it is still read in the type of the column it goes into."""
    if len(query.distinct_clause) or len(query.group_clause) or len(query.sort_clause):
        return []  # these make a literal text
    return [parser.unwrap(target.res_target.val) for target in query.target_list]


def _gives_value(query: Node, position: int) -> bool:
    """Whether a query gives a value, not DEFAULT, at a position."""
    if not query.values_lists:
        return position < len(query.target_list)
    rows = (row.list.items for row in query.values_lists)
    return any(position < len(row) and not row[position].HasField("set_to_default") for row in rows)

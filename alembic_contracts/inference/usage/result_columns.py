"""A query in, what it yields and where each column of that comes from out, all that it uses noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.inference.usage.columns import names_of
from alembic_contracts.inference.usage.expressions import Expressions, Level
from alembic_contracts.inference.usage.relations import Missing, Own, Waiting
from alembic_contracts.prediction.queries.function_columns import function_columns
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.column_names import figure
from alembic_contracts.prediction.sql.scopes import Entry, Field, Output, Scope
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.schemas.schema import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alembic_contracts.inference.uses import Kind
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["Selects"]


_COLUMNS = frozenset({"columns"})


class Selects(Expressions):
    """Looks at queries."""

    def query(self, node: Node, level: Level, *, whole: bool) -> Output:
        """Return what a query yields; ``whole``: whether all of its columns matter, those behind a star as well.

        The level is the one around the query.
        """
        if node.HasField("with_clause"):
            level = Level(level.scope, self._with(node.with_clause, level))
        if node.DESCRIPTOR.name != "SelectStmt":
            return self.change(node, level, whole=whole)
        inner = Level(Scope(outer=level.scope), level.ctes)
        if node.values_lists:
            return self._values(node, inner)
        if node.HasField("larg"):
            return self._set_operation(node, level)
        return self._select_one(node, inner, whole=whole)

    def change(self, node: Node, level: Level, *, whole: bool) -> Output:
        """Return what a statement that changes rows yields."""
        raise NotImplementedError

    def _with(self, clause: Node, level: Level) -> dict[str, Output]:
        ctes = dict(level.ctes)
        waiting = parser.children(clause.ctes)
        for cte in _in_order(waiting) if clause.recursive and len(waiting) > 1 else waiting:
            query, names = parser.unwrap(cte.ctequery), parser.strings(cte.aliascolnames)
            visible = dict(ctes)
            if clause.recursive and query.DESCRIPTOR.name == "SelectStmt" and query.HasField("larg"):
                start = self.query(query.larg, Level(level.scope, visible), whole=True)
                visible[cte.ctename] = self._renamed(start, names, cte.location)
            output = self.query(query, Level(level.scope, visible), whole=False)
            output = self._renamed(output, names, cte.location)
            added = []
            if cte.HasField("search_clause"):
                added.append(Field(cte.search_clause.search_seq_column, None))
            if cte.HasField("cycle_clause"):
                added.append(Field(cte.cycle_clause.cycle_mark_column, None))
                added.append(Field(cte.cycle_clause.cycle_path_column, None))
            ctes[cte.ctename] = Output((*output.fields, *added), output.complete)
        return ctes

    def _renamed(self, output: Output, names: list[str], location: int) -> Output:
        """Name columns by their position: those that a star yields matter then."""
        if not names:
            return output
        self.notes.star(output.fields[: len(names)], location)
        fields = [replace(f, name=n) for f, n in zip(output.fields, names, strict=False)]
        extra = [Field(name, None) for name in names[len(output.fields) :]]
        return Output((*fields, *extra, *output.fields[len(names) :]), output.complete)

    def _values(self, node: Node, inner: Level) -> Output:
        for row in node.values_lists:
            for item in row.list.items:
                if item.WhichOneof("node") not in {"a_const", "param_ref", "set_to_default"}:
                    self.expression(item, inner, "read")
        width = len(node.values_lists[0].list.items)
        return Output(tuple(Field(f"column{position + 1}", None) for position in range(width)))

    def _set_operation(self, node: Node, level: Level) -> Output:
        """UNION and its like go by position: every column of every part matters."""
        parts, current = [], node
        while current.HasField("larg") and not (current is not node and current.HasField("with_clause")):
            parts.append(current.rarg)
            current = current.larg
        outputs = [self.query(part, level, whole=True) for part in (current, *reversed(parts))]
        fields = outputs[0].fields
        if all(output.complete for output in outputs):
            fields = tuple(
                Field(each[0].name, None, tuple(origin for field in each for origin in field.origins))
                for each in zip(*(output.fields for output in outputs), strict=False)
            )
        known = {field.name: field for field in fields}
        inner = Level(Scope(unknown=True, outer=level.scope), level.ctes)
        self._ordered(node.sort_clause, inner, known, results_first=True)
        return Output(fields, all(output.complete for output in outputs))

    def _select_one(self, node: Node, inner: Level, *, whole: bool) -> Output:
        scope = inner.scope
        for item in node.from_clause:
            self.add(scope, self.source(item, inner))
        output = self.targets(node.target_list, inner, whole=whole or bool(node.distinct_clause))
        known = {field.name: field for field in output.fields}
        for name in ("where_clause", "having_clause", "limit_offset", "limit_count"):
            if node.HasField(name):
                self.expression(getattr(node, name), inner, "filtered")
        self._ordered(node.group_clause, inner, known, results_first=False)
        self._ordered(node.distinct_clause, inner, known, results_first=True)
        self._ordered(node.sort_clause, inner, known, results_first=True)
        for window in parser.children(node.window_clause):
            self.expression(window, inner, "filtered")
        return output

    def add(self, scope: Scope, entries: Iterable[Entry]) -> None:
        """Make sources visible, two of one name as well: that is said."""
        for entry in entries:
            try:
                scope.add([entry])
            except PostgresError as error:
                self.notes.problem(error.message, None)
                scope.entries.append(entry)

    def targets(self, nodes: Iterable[Node], level: Level, *, whole: bool) -> Output:
        """Return the columns of a target or RETURNING list."""
        fields: list[Field] = []
        complete = True
        for wrapped in nodes:
            target = wrapped.res_target
            value = target.val
            which = value.WhichOneof("node")
            if which == "column_ref":
                complete = self._reference(target.name, value.column_ref, level, fields, whole=whole) and complete
            elif which == "a_indirection" and value.a_indirection.indirection[-1].HasField("a_star"):
                self.expression(value, level, "read")
                complete = False
            else:
                name = target.name or figure(value) or "?column?"
                fields.append(Field(name, None, tuple(self.expression(value, level, "read"))))
        return Output(tuple(fields), complete)

    def _reference(self, alias: str, value: Node, level: Level, fields: list[Field], *, whole: bool) -> bool:
        """Add a column, or those of a star, to a result; return whether these are all."""
        names = names_of(value)
        if not names[-1]:
            found, complete = self.star(names, value.location, level.scope)
            if whole:
                self.notes.star(found, value.location)
            fields.extend(found)
            return complete
        column = self.named(names, value.location, level.scope, "read")
        name = alias or names[-1]
        fields.append(Field(name, None) if column is None else Field(name, None, column.origins, column.plain))
        return True

    def _ordered(self, nodes: Iterable[Node], level: Level, results: dict[str, Field], *, results_first: bool) -> None:
        """Look at GROUP BY, DISTINCT ON or ORDER BY, whose names may also be those of the result's columns."""
        for node in nodes:
            part = node.sort_by.node if node.HasField("sort_by") else node
            if part.HasField("grouping_set"):
                self._ordered(part.grouping_set.content, level, results, results_first=results_first)
                continue
            names = names_of(part.column_ref) if part.HasField("column_ref") else []
            if len(names) == 1 and names[0] in results:
                here = any(entry.visible and entry.find(names[0]) for entry in level.scope.entries)
                if results_first or not here:
                    self.notes.field(results[names[0]], "filtered", part.column_ref.location)
                    continue
            self.expression(part, level, "filtered")

    # -- sources -----------------------------------------------------------------------------------------------------

    def source(self, node: Node, level: Level) -> list[Entry]:
        """Return the entries of one item of a FROM clause."""
        item = parser.unwrap(node)
        kind = item.DESCRIPTOR.name
        if kind == "RangeVar":
            return [self._aliased(self.relation(item, level.ctes, "read"), item, item)]
        if kind == "RangeSubselect":
            return [self._subselect(item, level)]
        if kind == "JoinExpr":
            return self._join(item, level)
        if kind == "RangeTableSample":
            for argument in (*item.args, *([item.repeatable] if item.HasField("repeatable") else ())):
                self.expression(argument, level, "filtered")
            return self.source(item.relation, level)
        if kind == "RangeFunction":
            return [self._function(item, level)]
        return [self._table_function(item, level)]

    def _subselect(self, item: Node, level: Level) -> Entry:
        scope = level.scope if item.lateral else Scope(outer=level.scope.outer, unknown=level.scope.unknown)
        output = self.query(parser.unwrap(item.subquery), Level(scope, level.ctes), whole=False)
        return self._aliased(Entry("", output.fields, output.complete), item, item.subquery)

    def relation(self, node: Node, ctes: dict[str, Output], kind: Kind) -> Entry:
        """Return a table, view, common table expression or something of the consumer's own as a source."""
        if not node.schemaname and node.relname in ctes:
            output = ctes[node.relname]
            return Entry(node.relname, output.fields, output.complete)
        found = self.look_up(node.relname, node.schemaname or None, node.catalogname or None)
        if isinstance(found, Table):
            self.notes.table(found.name, kind, node.location)
            entry = self.relations.entry(found)
            return entry if entry.alias == node.relname else replace(entry, alias=node.relname)
        if isinstance(found, Own):
            if found.output is None:
                raise Waiting(found)
            output = found.output
            return Entry(node.relname, output.fields, output.complete)
        if isinstance(found, Missing):
            self.notes.missing(found, node.location)
            return Entry(node.relname, (), complete=False)
        return found

    def _join(self, item: Node, level: Level) -> list[Entry]:
        scope = level.scope
        left = self.source(item.larg, level)
        within = Scope([*scope.entries, *left], scope.outer, scope.unknown)
        right = self.source(item.rarg, Level(within, level.ctes))
        using = parser.strings(item.using_clause)
        if item.is_natural:
            names = {f.name for e in left for f in e.fields}
            using = [f.name for e in right for f in e.fields if f.name in names]
        entries = [*left, *right]
        if using:
            location = self._last(item.rarg)
            location = location if item.is_natural else self.notes.next("using", location)
            merged = [self._merge(name, left, right, location) for name in using]
            entries = [replace(e, merged=e.merged | frozenset(using)) for e in entries]
            entries.insert(0, Entry("", tuple(merged)))
        if item.HasField("quals"):
            joined = Scope(entries, scope.outer, scope.unknown)
            self.expression(item.quals, Level(joined, level.ctes), "filtered")
        if not item.HasField("alias"):
            return entries
        fields = tuple(f for e in entries for f in e.fields if f.name not in e.merged)
        complete = all(e.complete for e in entries)
        return [self._aliased(Entry("", fields, complete), item, item.rarg)]

    def _merge(self, name: str, left: list[Entry], right: list[Entry], location: int) -> Field:
        """Return the column that USING makes of two."""
        both = []
        for side in (left, right):
            found = next((f for e in side for f in e.fields if f.name == name and name not in e.merged), None)
            if found is not None:
                self.notes.field(found, "filtered", location)
                both.append(found)
            elif all(e.complete for e in side):
                self.notes.problem(f"joins by {name}, which is no column of one side", location)
        origins = tuple(origin for found in both for origin in found.origins)
        return Field(name, None, origins, both[0].plain if both else None)

    def _last(self, node: Node) -> int:
        """Return the last location below a node: where a clause without one comes after."""
        item = parser.unwrap(node) if type(node) is parser.WRAPPER else node
        if item.DESCRIPTOR.name == "RangeVar":
            return int(item.location)
        return max(getattr(part, "location", 0) for part in parser.walk(node))

    def _function(self, item: Node, level: Level) -> Entry:
        """Return a function in FROM as a source."""
        calls = [function.list.items[0] for function in item.functions]
        fields: list[Field] = []
        complete = True
        for called in calls:
            origins = tuple(self.expression(called, level, "read"))
            name = figure(called) or "?column?"
            found = function_columns(parser.unwrap(called), name)
            fields.extend(Field(each, None, origins) for each in found or ())
            complete = complete and found is not None
        alias = item.alias.aliasname if item.HasField("alias") else ""
        first = (figure(calls[0]) if calls else "") or ""
        if len(item.coldeflist):
            fields, complete = [Field(c.colname, None) for c in parser.children(item.coldeflist)], True
        elif len(calls) == 1 and len(fields) == 1 and alias and fields[0].name == first:
            fields = [replace(fields[0], name=alias)]
        if item.ordinality:
            fields.append(Field("ordinality", None))
        return self._aliased(Entry(alias or first, tuple(fields), complete), item)

    def _table_function(self, item: Node, level: Level) -> Entry:
        """Return XMLTABLE or JSON_TABLE as a source."""
        columns = parser.children(item.columns)
        for part in parser.below(item, _COLUMNS):
            self.expression(part, level, "read")
        names = [c.colname if hasattr(c, "colname") else c.name for c in columns]
        nested = item.DESCRIPTOR.name == "JsonTable"
        return self._aliased(Entry("", tuple(Field(name, None) for name in names), complete=not nested), item)

    def _aliased(self, entry: Entry, item: Node, before: Node | None = None) -> Entry:
        """Apply ``AS alias (columns)``."""
        if not item.HasField("alias"):
            return entry
        names = parser.strings(item.alias.colnames)
        if not names:
            return Entry(item.alias.aliasname, entry.fields, entry.complete, entry.table)
        location = 0 if before is None else self._last(before)
        output = self._renamed(Output(entry.fields, entry.complete), names, location)
        return replace(entry, alias=item.alias.aliasname, fields=output.fields)


def _in_order(ctes: list[Node]) -> list[Node]:
    """With RECURSIVE, one may name another that comes later."""
    names = {cte.ctename for cte in ctes}
    needs = {
        cte.ctename: {m.relname for m in parser.walk(cte.ctequery) if m.DESCRIPTOR.name == "RangeVar"} & names
        for cte in ctes
    }
    ordered: list[Node] = []
    done: set[str] = set()
    while len(ordered) < len(ctes):
        ready = [c for c in ctes if c.ctename not in done and needs[c.ctename] <= done | {c.ctename}]
        ready = ready or [c for c in ctes if c.ctename not in done]
        ordered.append(ready[0])
        done.add(ready[0].ctename)
    return ordered

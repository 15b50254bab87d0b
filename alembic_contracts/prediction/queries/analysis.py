"""A query in, the columns that it yields, their types and what it reads out (``transformSelectStmt``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from alembic_contracts.prediction.catalog.functional_dependencies import may_be_ungrouped
from alembic_contracts.prediction.catalog.type_names import builtin
from alembic_contracts.prediction.queries.calls import calls_in, check_calls
from alembic_contracts.prediction.queries.dml import LOOKED_AT, Change
from alembic_contracts.prediction.queries.function_columns import function_columns
from alembic_contracts.prediction.queries.inference import UNKNOWN, common
from alembic_contracts.prediction.sql import parser, sqlstate, system
from alembic_contracts.prediction.sql.column_names import figure
from alembic_contracts.prediction.sql.scopes import Entry, Field, Output, Scope, of_table
from alembic_contracts.schemas.schema import Name, Type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Table

__all__ = ["Analysis", "analyse"]


class Analysis(Struct):
    """One query being looked at, its parts included."""

    run: Execution
    uses: set[tuple[Name, str]] = field(default_factory=set)
    """Columns of tables that it refers to; column ``""`` for the table as such."""
    reads: set[Name] = field(default_factory=set)
    """Tables that it reads, the system's own included."""
    temporary: bool = False
    """Whether any of them is temporary."""

    def depends_on(self) -> tuple[tuple[Name, str], ...]:
        """Return what a view of this query depends on: a table as such only where none of its columns is used."""
        with_columns = {name for name, column in self.uses if column}
        return tuple(sorted(use for use in self.uses if use[1] or use[0] not in with_columns))

    def condition(self, table: Table, node: Node) -> None:
        """Look at a condition on a table's rows: a policy's, for example."""
        self.of_rows(table, node, builtin("bool"))

    def of_rows(self, table: Table, node: Node, wanted: Type | None) -> Type | None:
        """Return the type of an expression over a table's rows, which becomes another type."""
        return Expressions(self, Scope([of_table(table, table.name.name)]), {}).infer_as(node, wanted)

    def require(self, found: Type | None, wanted: str) -> None:
        """Take note that PostgreSQL may refuse an expression that is not of the type that it has to have."""
        fine = {None, UNKNOWN, builtin(wanted), *([builtin("int4")] if wanted == "int8" else ())}
        self.run.state.uncertain.note_refusal(possible=found not in fine)

    # -- queries -----------------------------------------------------------------------------------------------------

    def query(self, node: Node, scope: Scope | None = None, ctes: dict[str, Output] | None = None) -> Output:
        """Return what a query yields: SELECT, VALUES, or a statement with RETURNING.

        Raises:
            PostgresError: 42P01, 42703, 42702 ... as the server would.
        """
        ctes = dict(ctes or {})
        if node.HasField("with_clause"):
            self._with(node.with_clause, scope, ctes)
        if node.DESCRIPTOR.name != "SelectStmt":
            return self._modification(node, scope, ctes)
        if len(node.values_lists):
            return self._values(node, scope, ctes)
        if parser.enum_name(node, "op") != "SETOP_NONE":
            return self._set_operation(node, scope, ctes)
        return self._select(node, scope, ctes)

    def _with(self, clause: Node, scope: Scope | None, ctes: dict[str, Output]) -> None:
        for cte in parser.children(clause.ctes):
            query = parser.unwrap(cte.ctequery)
            visible = dict(ctes)
            if clause.recursive and query.DESCRIPTOR.name == "SelectStmt" and query.HasField("larg"):
                start = self.query(query.larg, scope, _with_inner(self, query, scope, ctes))
                visible[cte.ctename] = self._decided(_renamed(start, parser.strings(cte.aliascolnames)))
            output = self._decided(_renamed(self.query(query, scope, visible), parser.strings(cte.aliascolnames)))
            added = []
            if cte.HasField("search_clause"):
                added.append(Field(cte.search_clause.search_seq_column, None))
            if cte.HasField("cycle_clause"):
                added.append(Field(cte.cycle_clause.cycle_mark_column, None))
                added.append(Field(cte.cycle_clause.cycle_path_column, None))
            ctes[cte.ctename] = replace(output, fields=(*output.fields, *added))

    def _decided(self, output: Output) -> Output:
        """Literals of no type of their own are text once a query is done."""
        fields = tuple(replace(f, type=builtin("text")) if f.type == UNKNOWN else f for f in output.fields)
        return replace(output, fields=fields)

    def _values(self, node: Node, scope: Scope | None, ctes: dict[str, Output]) -> Output:
        width = len(node.values_lists[0].list.items)
        if any(len(row.list.items) != width for row in node.values_lists):
            raise sqlstate.PostgresError("42601", "VALUES lists must all be the same length")
        rows = [parser.unwrap(row).items for row in node.values_lists[:LOOKED_AT]]
        if any(len(row) != len(rows[0]) for row in rows):
            raise sqlstate.PostgresError("42601", "VALUES lists must all be the same length")
        inner = self._inner(scope, ctes)
        columns = []
        for position in range(len(rows[0])):
            types = [inner.infer(row[position]) for row in rows]
            columns.append(Field(f"column{position + 1}", common(self.run.state, types)))
        if len(node.values_lists) > len(rows):
            columns = [replace(column, type=None) for column in columns]
        return Output(tuple(columns))

    def _set_operation(self, node: Node, scope: Scope | None, ctes: dict[str, Output]) -> Output:
        left, right = self.query(node.larg, scope, ctes), self.query(node.rarg, scope, ctes)
        if not left.complete or not right.complete:
            return Output(left.fields, complete=False)
        if len(left.fields) != len(right.fields):
            raise sqlstate.PostgresError("42601", "each UNION query must have the same number of columns")
        fields = tuple(
            Field(one.name, common(self.run.state, [one.type, two.type]))
            for one, two in zip(left.fields, right.fields, strict=True)
        )
        return Output(fields)

    def _inner(self, scope: Scope | None, ctes: dict[str, Output]) -> Expressions:
        return Expressions(self, Scope(outer=scope), ctes)

    def _select(self, node: Node, scope: Scope | None, ctes: dict[str, Output]) -> Output:
        inner = self._inner(scope, ctes)
        for item in node.from_clause:
            inner.scope.add(self.source(item, inner.scope, ctes))
        fields, complete = self.targets(node.target_list, inner)
        names = {known.name for known in fields}
        for name in ("where_clause", "having_clause", "limit_offset", "limit_count"):
            if node.HasField(name):
                self.require(inner.infer(getattr(node, name)), "int8" if name.startswith("limit") else "bool")
        for clause in (node.group_clause, node.distinct_clause, node.sort_clause):
            inner.check_all(clause, names)
        inner.check_all(node.window_clause, set())
        self.run.state.uncertain.note_refusal(possible=may_be_ungrouped(node))
        return Output(fields, complete, simple=_is_simple(node, inner.scope))

    def targets(self, nodes: Iterable[Node], inner: Expressions) -> tuple[tuple[Field, ...], bool]:
        """Return the columns of a target or RETURNING list, and whether these are all."""
        fields: list[Field] = []
        complete = True
        for target in parser.children(nodes):
            value = parser.unwrap(target.val)
            if value.DESCRIPTOR.name == "ColumnRef" and value.fields[-1].HasField("a_star"):
                found, known = inner.star(value)
                fields.extend(found)
                complete = complete and known
                continue
            if value.DESCRIPTOR.name == "A_Indirection" and value.indirection[-1].HasField("a_star"):
                inner.infer(value.arg)
                complete = False
                continue
            name = target.name or figure(target.val) or "?column?"
            fields.append(inner.field(target.val, name))
        return tuple(fields), complete

    # -- sources -----------------------------------------------------------------------------------------------------

    def source(self, node: Node, scope: Scope, ctes: dict[str, Output]) -> list[Entry]:
        """Return the entries of one item of a FROM clause."""
        item = parser.unwrap(node)
        kind = item.DESCRIPTOR.name
        if kind == "RangeVar":
            return [_aliased(self.relation(item, ctes), item)]
        if kind == "RangeSubselect":
            output = self._decided(self.query(parser.unwrap(item.subquery), self._lateral(item, scope), ctes))
            return [_aliased(Entry("", output.fields, output.complete), item)]
        if kind == "JoinExpr":
            return self._join(item, scope, ctes)
        if kind == "RangeTableSample":
            return self.source(item.relation, scope, ctes)
        if kind == "RangeFunction":
            return [self._function(item, scope, ctes)]
        return [_aliased(self._table_function(item, scope, ctes), item)]

    def _lateral(self, item: Node, scope: Scope) -> Scope:
        return scope if item.lateral else Scope(outer=scope.outer, unknown=scope.unknown)

    def relation(self, node: Node, ctes: dict[str, Output]) -> Entry:
        """Return a table, view or common table expression as a source."""
        if not node.schemaname and node.relname in ctes:
            output = ctes[node.relname]
            return Entry(node.relname, tuple(replace(f, plain=None) for f in output.fields), output.complete)
        table = self.run.state.find_table(node.relname, node.schemaname or None)
        if table is not None:
            self.reads.add(table.name)
            self.uses.add((table.name, ""))
            self.temporary = self.temporary or table.persistence == "temporary"
            return of_table(table, node.relname)
        found = self.run.state.find_relation(node.relname, node.schemaname or None)
        if found is not None and found[1] == "sequence":
            types = (("last_value", "int8"), ("log_cnt", "int8"), ("is_called", "bool"))
            fields = tuple(Field(name, builtin(type_)) for name, type_ in types)
            return Entry(node.relname, fields, complete=True, table=found[0])
        if found is not None:
            raise sqlstate.wrong_object_type(f'"{node.relname}" is an index')
        return self._unknown(node)

    def _unknown(self, node: Node) -> Entry:
        name = system.is_system_relation(node.relname, node.schemaname or None)
        if name is not None or self._of_extension(node.relname):
            self.reads.add(name or Name(node.schemaname or "public", node.relname))
            return Entry(node.relname, (), complete=False, table=name)
        written = f"{node.schemaname}.{node.relname}" if node.schemaname else node.relname
        if self.run.state.complete_tables:
            raise sqlstate.undefined_table(written)
        unknown = Name(node.schemaname or self.run.state.current_schema() or "public", node.relname)
        self.reads.add(unknown)
        self.run.doubt(f"{unknown} is not known here", [unknown])
        return Entry(node.relname, (), complete=False)

    def _of_extension(self, name: str) -> bool:
        """Whether a relation may have come with an extension (``pg_stat_statements``, ``geometry_columns``)."""
        extensions = self.run.state.extensions
        return any(e not in system.EXTENSIONS or e in {name, "postgis"} for e in extensions)

    def _join(self, item: Node, scope: Scope, ctes: dict[str, Output]) -> list[Entry]:
        left = self.source(item.larg, scope, ctes)
        within = Scope([*scope.entries, *left], scope.outer, scope.unknown)
        right = self.source(item.rarg, within, ctes)
        using = parser.strings(item.using_clause)
        if item.is_natural:
            names = [f.name for e in left for f in e.fields]
            using = [f.name for e in right for f in e.fields if f.name in names]
        merged = [self._merge(name, left, right) for name in using]
        hidden = frozenset(using)
        entries = [replace(e, merged=e.merged | hidden) for e in (*left, *right)]
        if using:
            entries.insert(0, Entry("", tuple(f for f in merged if f is not None)))
        if item.HasField("quals"):
            self.require(Expressions(self, Scope(entries, scope.outer, scope.unknown), ctes).infer(item.quals), "bool")
        if not item.HasField("alias"):
            return entries
        fields = [f for e in entries for f in e.fields if f.name not in e.merged]
        complete = all(e.complete for e in entries)
        return [_aliased(Entry("", tuple(replace(f, plain=None) for f in fields), complete), item)]

    def _merge(self, name: str, left: list[Entry], right: list[Entry]) -> Field | None:
        """Return the column that USING makes of two."""
        one = next((f for e in left for f in e.fields if f.name == name and name not in e.merged), None)
        two = next((f for e in right for f in e.fields if f.name == name and name not in e.merged), None)
        if one is None or two is None:
            if all(e.complete for e in (*left, *right)):
                raise sqlstate.PostgresError("42703", f'column "{name}" specified in USING clause does not exist')
            return Field(name, None)
        self.uses.update((*one.origins, *two.origins))
        return Field(name, common(self.run.state, [one.type, two.type]), (*one.origins, *two.origins))

    def _function(self, item: Node, scope: Scope, ctes: dict[str, Output]) -> Entry:
        """Return a function in FROM as a source."""
        expressions = Expressions(self, scope, ctes)
        calls = [parser.unwrap(parser.unwrap(function).items[0]) for function in item.functions]
        fields: list[Field] = []
        complete = True
        for called in calls:
            type_ = expressions.infer_message(called)
            name = figure(parser.wrap(called)) or "?column?"
            found = self._function_fields(called, type_, name)
            fields.extend(found or ())
            complete = complete and found is not None
        alias = item.alias.aliasname if item.HasField("alias") else ""
        if len(item.coldeflist):
            fields, complete = [Field(c.colname, None) for c in parser.children(item.coldeflist)], True
        elif len(calls) == 1 and len(fields) == 1 and alias and fields[0].name == figure(parser.wrap(calls[0])):
            fields = [replace(fields[0], name=alias)]
        if item.ordinality:
            fields.append(Field("ordinality", builtin("int8")))
        first = figure(parser.wrap(calls[0])) if calls else ""
        return _aliased(Entry(alias or first or "", tuple(fields), complete), item)

    def _function_fields(self, called: Node, type_: Type | None, name: str) -> list[Field] | None:
        """Return the columns of a function's result, None where they are not known."""
        names = function_columns(called, name)
        if names is None or len(names) < 2:
            return None if names is None else [Field(names[0], type_)]
        value = "text" if name.endswith("text") else name.removesuffix("_each")
        return [Field("key", builtin("text")), Field("value", builtin(value))]

    def _table_function(self, item: Node, scope: Scope, ctes: dict[str, Output]) -> Entry:
        """Return XMLTABLE or JSON_TABLE as a source: columns are named, their types taken to be unknown."""
        expressions = Expressions(self, scope, ctes)
        for name in ("docexpr", "rowexpr"):
            if item.DESCRIPTOR.name == "RangeTableFunc" and item.HasField(name):
                expressions.infer(getattr(item, name))
        columns = [c.colname if hasattr(c, "colname") else c.name for c in parser.children(item.columns)]
        nested = item.DESCRIPTOR.name == "JsonTable"
        return Entry("", tuple(Field(name, None) for name in columns), complete=not nested)

    def _modification(self, node: Node, scope: Scope | None, ctes: dict[str, Output]) -> Output:
        """Return what INSERT, UPDATE, DELETE or MERGE ... RETURNING yields."""
        return Change(self, node, ctes, scope).look_up()


def analyse(run: Execution, node: Node) -> tuple[Output, Analysis]:
    """Look at a whole query; fills in what the statement reads.

    Raises:
        PostgresError: as the server would.
    """
    analysis = Analysis(run)
    output = analysis.query(node)
    check_calls(run, calls_in(node))
    run.reads.update(analysis.reads)
    fields = tuple(replace(f, type=builtin("text")) if f.type == UNKNOWN else f for f in output.fields)
    return replace(output, fields=fields), analysis


def _with_inner(analysis: Analysis, query: Node, scope: Scope | None, ctes: dict[str, Output]) -> dict[str, Output]:
    """Return the common table expressions that a recursive one defines for itself."""
    del analysis, query, scope
    return dict(ctes)


def _renamed(output: Output, names: list[str]) -> Output:
    fields = [replace(f, name=n) for f, n in zip(output.fields, names, strict=False)]
    return replace(output, fields=(*fields, *output.fields[len(names) :]))


def _aliased(entry: Entry, item: Node) -> Entry:
    """Apply ``AS alias (columns)``."""
    if not item.HasField("alias"):
        return entry
    names = parser.strings(item.alias.colnames)
    if entry.complete and len(names) > len(entry.fields):
        raise sqlstate.PostgresError("42P10", f'table "{item.alias.aliasname}" has fewer columns than its alias names')
    fields = [replace(f, name=n) for f, n in zip(entry.fields, names, strict=False)]
    extra = [Field(name, None) for name in names[len(entry.fields) :]]
    return replace(entry, alias=item.alias.aliasname, fields=(*fields, *extra, *entry.fields[len(names) :]))


def _is_simple(node: Node, scope: Scope) -> bool:
    """Whether a view of this query can be updated (``view_query_is_auto_updatable``)."""
    clauses = (node.distinct_clause, node.group_clause, node.window_clause)
    fields = ("having_clause", "limit_offset", "limit_count", "with_clause")
    if any(len(clause) for clause in clauses) or any(node.HasField(name) for name in fields):
        return False
    if len(node.from_clause) != 1 or kind_is_not_table(node.from_clause[0]) or len(scope.entries) != 1:
        return False
    if scope.entries[0].table is None:
        return False
    return not any(_aggregates(target) for target in node.target_list)


def kind_is_not_table(node: Node) -> bool:
    """Whether an item of FROM is anything but a relation's name."""
    return parser.kind_of(node) != "range_var"


def _aggregates(target: Node) -> bool:
    for message in parser.walk(target, into=lambda m: m.DESCRIPTOR.name != "SubLink"):
        if message.DESCRIPTOR.name == "FuncCall":
            if message.HasField("over") or message.agg_star:
                return True
            signatures = system.functions().get(parser.strings(message.funcname)[-1], ())
            if any(s.kind != "f" or s.is_set for s in signatures):
                return True
    return False


from alembic_contracts.prediction.queries.expressions import Expressions  # noqa: E402  # the two need each other

"""What the names in a query mean: tables, columns and functions are looked up as PostgreSQL's analysis does.

Only names are looked up; types and values are not. Where a source of rows has columns that are not known (functions,
tables that are known in part) every column may come from it, so that nothing is refused by mistake.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alembic_contracts.prediction import parser, sqlstate, system
from alembic_contracts.prediction.column_names import figure
from alembic_contracts.prediction.expressions import split_name
from alembic_contracts.prediction.scalars import SYSTEM_COLUMNS, is_known_function

if TYPE_CHECKING:
    from alembic_contracts.prediction.application import Run
    from alembic_contracts.prediction.parser import Node
    from alembic_contracts.schema import Table

__all__ = ["Names", "Outputs", "Scope", "Source", "source_of"]

Outputs = tuple[str, ...] | None
"""The columns of a query in order, None where they are not known."""

_ROWS_FROM_FUNCTIONS = frozenset({"range_function", "range_table_func", "json_table"})
_TAKES_SEQUENCE = frozenset({"nextval", "currval", "setval"})


@dataclass(frozen=True, slots=True)
class Source:
    """One item of FROM."""

    alias: str
    columns: Outputs
    schema: str | None = None


@dataclass(slots=True)
class Scope:
    """What a name can mean in one query, then in the query around it."""

    outer: Scope | None = None
    sources: list[Source] = field(default_factory=list)
    merged: set[str] = field(default_factory=set)
    """Columns that JOIN ... USING makes one of two."""
    queries: dict[str, Outputs] = field(default_factory=dict)
    """Those of WITH."""
    outputs: frozenset[str] = frozenset()
    """The query's own output names, which ORDER BY and GROUP BY may use."""

    def query(self, name: str) -> tuple[Outputs] | None:
        """Return the columns of a WITH query (in a tuple), None where there is none of this name."""
        if name in self.queries:
            return (self.queries[name],)
        return None if self.outer is None else self.outer.query(name)

    def source(self, alias: str) -> Source | None:
        """Return the source of an alias."""
        found = next((source for source in self.sources if source.alias == alias), None)
        return found if found is not None or self.outer is None else self.outer.source(alias)


def source_of(table: Table, alias: str, *, schema: str | None = None) -> Source:
    """Return a table as a source of rows."""
    columns = tuple(column.name for column in table.columns) if table.complete else None
    return Source(alias, columns, schema)


@dataclass(slots=True)
class Names:
    """Looks up names for one statement, and remembers what was found."""

    run: Run
    variables: frozenset[str] = frozenset()
    """Names of variables of the block or function around."""
    called: dict[tuple[str, ...], None] = field(default_factory=dict)
    """Functions that are called, by name as written."""

    # -- relations ---------------------------------------------------------------------------------------------------

    def relation(self, node: Node, scope: Scope) -> Source:
        """Return the source that a RangeVar stands for.

        Raises:
            PostgresError: 42P01, 3F000, 42809 it is an index.
        """
        alias = node.alias.aliasname if node.HasField("alias") else node.relname
        renamed = parser.strings(node.alias.colnames) if node.HasField("alias") else []
        common = scope.query(node.relname) if not node.schemaname else None
        if common is not None:
            return Source(alias, _renamed(common[0], renamed))
        table = self.table(node)
        if table is None:
            return Source(alias, None)
        self.run.reads.add(table.name)
        found = source_of(table, alias, schema=table.name.schema)
        return Source(alias, _renamed(found.columns, renamed), found.schema)

    def table(self, node: Node) -> Table | None:
        """Return the user's table that a RangeVar names; None for the system's own and what may exist unknown to us.

        Raises:
            PostgresError: 42P01, 3F000, 42809 it is an index.
        """
        state, schema, name = self.run.state, node.schemaname or None, node.relname
        table = state.find_table(name, schema)
        if table is not None:
            return table
        found = state.find_relation(name, schema)
        if found is not None and found[1] in {"index", "composite type"}:
            raise sqlstate.wrong_object_type(f'cannot open relation "{name}"')
        of_system = system.is_system_relation(name, schema)
        if of_system is not None:
            self.run.reads.add(of_system)
        if found is not None or of_system is not None or not state.complete_tables or self._brought_along(schema):
            return None
        if schema is not None and not state.has_namespace(schema):
            raise sqlstate.undefined_table(f"{schema}.{name}")
        raise sqlstate.undefined_table(f"{schema}.{name}" if schema else name)

    def _brought_along(self, schema: str | None) -> bool:
        """Whether an extension may have created relations that are not known here."""
        known = {"btree_gin", "btree_gist", "citext", "hstore", "ltree", "pg_trgm", "pgcrypto", "plpgsql", "unaccent"}
        return schema in {"information_schema", "pg_catalog"} or bool(
            {*self.run.state.extensions} - known - {"uuid-ossp", "vector", "fuzzystrmatch", "tablefunc", "intarray"}
        )

    # -- queries -----------------------------------------------------------------------------------------------------

    def query(self, node: Node, outer: Scope | None) -> Outputs:
        """Look up the names in a query, or in a statement with RETURNING; return its columns.

        Raises:
            PostgresError: as PostgreSQL would.
        """
        kind = node.DESCRIPTOR.name
        if kind == "SelectStmt":
            return self.select(node, outer)
        from alembic_contracts.prediction.row_changes import look_up  # it looks up queries in turn

        return look_up(self, node, outer)

    def select(self, node: Node, outer: Scope | None) -> Outputs:
        """Look up the names in a SELECT or VALUES; return its columns.

        Raises:
            PostgresError: as PostgreSQL would.
        """
        scope = Scope(outer)
        self.common(node, scope)
        if parser.enum_name(node, "op") != "SETOP_NONE":
            return self._set_operation(node, scope)
        if node.values_lists:
            return self._values(node, scope)
        for item in node.from_clause:
            self.from_item(item, scope)
        outputs = self.targets(node.target_list, scope)
        self._clauses(node, scope, outputs)
        return outputs

    def common(self, node: Node, scope: Scope) -> None:
        """Look up the queries of WITH and make them known to a scope."""
        if not node.HasField("with_clause"):
            return
        queries = parser.children(node.with_clause.ctes)
        if node.with_clause.recursive:
            scope.queries.update(
                {query.ctename: tuple(parser.strings(query.aliascolnames)) or None for query in queries}
            )
        for query in queries:
            columns = self.query(parser.unwrap(query.ctequery), scope)
            extra = query.HasField("search_clause") or query.HasField("cycle_clause")
            scope.queries[query.ctename] = None if extra else _renamed(columns, parser.strings(query.aliascolnames))

    def _set_operation(self, node: Node, scope: Scope) -> Outputs:
        left, right = self.select(node.larg, scope), self.select(node.rarg, scope)
        if left is not None and right is not None and len(left) != len(right):
            raise sqlstate.PostgresError("42601", "each UNION query must have the same number of columns")
        return left

    def _values(self, node: Node, scope: Scope) -> Outputs:
        width = len(node.values_lists[0].list.items)
        for row in node.values_lists:
            items = row.list.items
            if len(items) != width:
                raise sqlstate.PostgresError("42601", "VALUES lists must all be the same length")
            for item in items:
                if item.WhichOneof("node") != "a_const":
                    self.expression(item, scope)
        return tuple(f"column{position + 1}" for position in range(width))

    def _clauses(self, node: Node, scope: Scope, outputs: Outputs) -> None:
        if node.HasField("where_clause"):
            self.expression(node.where_clause, scope)
        if node.HasField("having_clause"):
            self.expression(node.having_clause, scope)
        ordered = Scope(scope.outer, scope.sources, scope.merged, scope.queries, frozenset(outputs or ()))
        for part in (*node.distinct_clause, *node.group_clause, *node.sort_clause):
            self.expression(part, ordered)
        for part in (*node.window_clause, node.limit_count, node.limit_offset):
            self.expression(part, scope)

    def targets(self, nodes: Iterable[Node], scope: Scope) -> Outputs:
        """Look up the names in a list of targets (SELECT, RETURNING); return their names."""
        names: list[str] | None = []
        for target in parser.children(nodes):
            self.expression(target.val, scope)
            found = self._target_names(target, scope)
            names = None if found is None or names is None else names + found
        return None if names is None else tuple(names)

    def _target_names(self, target: Node, scope: Scope) -> list[str] | None:
        if target.name:
            return [target.name]
        value = parser.unwrap(target.val)
        if value.DESCRIPTOR.name == "ColumnRef" and value.fields[-1].HasField("a_star"):
            return self._star(parser.strings(value.fields), scope)
        if value.DESCRIPTOR.name == "A_Indirection" and value.indirection[-1].HasField("a_star"):
            return None
        return [figure(target.val) or "?column?"]

    def _star(self, alias: list[str], scope: Scope) -> list[str] | None:
        sources = [scope.source(alias[-1])] if alias else scope.sources
        names: list[str] = []
        for source in sources:
            if source is None or source.columns is None:
                return None
            names += [name for name in source.columns if alias or name not in scope.merged or name not in names]
        return names

    # -- FROM --------------------------------------------------------------------------------------------------------

    def from_item(self, item: Node, scope: Scope) -> list[Source]:
        """Add an item of FROM to a scope; return the sources that it consists of."""
        kind, node = parser.kind_of(item), parser.unwrap(item)
        if kind == "join_expr":
            return self._join(node, scope)
        if kind == "range_table_sample":
            return self.from_item(node.relation, scope)
        if kind == "range_var":
            source = self.relation(node, scope)
        elif kind == "range_subselect":
            columns = self.select(parser.unwrap(node.subquery), scope if node.lateral else _without_sources(scope))
            source = Source(node.alias.aliasname, _renamed(columns, parser.strings(node.alias.colnames)))
        else:
            source = self._function(node, scope) if kind in _ROWS_FROM_FUNCTIONS else Source("", None)
        scope.sources.append(source)
        return [source]

    def _function(self, node: Node, scope: Scope) -> Source:
        alias = node.alias.aliasname if node.HasField("alias") else ""
        name = None
        if node.DESCRIPTOR.name == "RangeFunction":
            for function in node.functions:
                self.expression(function.list.items[0], scope)
                name = name or figure(function.list.items[0])
            if node.coldeflist:
                return Source(alias, tuple(column.colname for column in parser.children(node.coldeflist)))
        return Source(alias or name or "", None)

    def _join(self, node: Node, scope: Scope) -> list[Source]:
        left, right = self.from_item(node.larg, scope), self.from_item(node.rarg, scope)
        using = parser.strings(node.using_clause)
        if node.is_natural:
            using = [
                name for source in left for name in source.columns or () for r in right if name in (r.columns or ())
            ]
        for name in using:
            for side in (left, right):
                if all(source.columns is not None and name not in source.columns for source in side):
                    raise sqlstate.PostgresError("42703", f'column "{name}" specified in USING clause does not exist')
        scope.merged.update(using)
        if node.HasField("quals"):
            self.expression(node.quals, scope)
        if not node.HasField("alias"):
            return left + right
        for source in left + right:
            scope.sources.remove(source)
        joined = Source(node.alias.aliasname, None)
        scope.sources.append(joined)
        return [joined]

    # -- expressions -------------------------------------------------------------------------------------------------

    def expression(self, node: Node, scope: Scope) -> None:
        """Look up columns, functions and subqueries in an expression.

        Raises:
            PostgresError: 42703, 42P01, 42883, 42702; as subqueries would.
        """
        for message in parser.walk(node, into=lambda found: found.DESCRIPTOR.name != "SubLink"):
            kind = message.DESCRIPTOR.name
            if kind == "ColumnRef":
                self.column(message, scope)
            elif kind == "FuncCall":
                self._call(message, scope)
            elif kind == "TypeCast":
                self._cast(message)
            elif kind == "SubLink":
                if message.HasField("testexpr"):
                    self.expression(message.testexpr, scope)
                self.select(parser.unwrap(message.subselect), scope)

    def column(self, node: Node, scope: Scope) -> None:
        """Look up a column reference.

        Raises:
            PostgresError: 42703 no such column, 42702 more than one, 42P01 no such table in FROM.
        """
        names = parser.strings(node.fields)
        if not names or names[0] in self.variables:
            return
        star = not node.fields[-1].HasField("string")
        if len(names) == 1 and not star:
            self._plain_column(names[0], scope)
            return
        alias, column = (names[-1], None) if star else (names[-2], names[-1])
        source = scope.source(alias)
        if source is None:
            if len(names) > 2 and scope.source(names[-3]) is not None:
                return  # a field of a composite column
            if scope.source("") is None:
                raise sqlstate.PostgresError("42P01", f'missing FROM-clause entry for table "{alias}"')
        elif column is not None and source.columns is not None and not self._has(source.columns, column):
            raise sqlstate.PostgresError("42703", f"column {alias}.{column} does not exist")

    def _has(self, columns: tuple[str, ...], name: str) -> bool:
        """Whether a source has a column, or a function can be called as one (``t.f`` is ``f(t)``)."""
        return name in columns or name in SYSTEM_COLUMNS or bool(self.run.state.find_functions(name))

    def _plain_column(self, name: str, scope: Scope) -> None:
        level: Scope | None = scope
        while level is not None:
            unknown = any(source.columns is None for source in level.sources)
            owners = [source for source in level.sources if source.columns is not None and name in source.columns]
            if len(owners) > 1 and not unknown and name not in level.merged | level.outputs:
                raise sqlstate.ambiguous_column(name)
            if owners or unknown or name in level.outputs:
                return
            if any(source.alias == name for source in level.sources) or (level.sources and name in SYSTEM_COLUMNS):
                return
            level = level.outer
        raise sqlstate.PostgresError("42703", f'column "{name}" does not exist')

    def _call(self, node: Node, scope: Scope) -> None:
        names = parser.strings(node.funcname)
        self.called[tuple(names)] = None
        if names[-1] in _TAKES_SEQUENCE and node.args:
            self._sequence(node.args[0])
        if is_known_function(self.run, names) or self._is_column_of_row(node, names, scope):
            return
        raise sqlstate.PostgresError("42883", f"function {'.'.join(names)}() does not exist")

    def _is_column_of_row(self, node: Node, names: list[str], scope: Scope) -> bool:
        """Whether a call is a column in disguise (``name(t)`` is ``t.name``)."""
        if len(names) > 1 or len(node.args) != 1 or not node.args[0].HasField("column_ref"):
            return False
        source = scope.source(parser.strings(node.args[0].column_ref.fields)[-1])
        return source is not None and (source.columns is None or names[0] in source.columns)

    def _sequence(self, argument: Node) -> None:
        """Refuse a sequence that does not exist where its name is a literal, which is looked up at once."""
        if argument.HasField("a_const") and argument.a_const.HasField("sval"):
            self._regclass(argument.a_const.sval.sval)

    def _cast(self, node: Node) -> None:
        target = parser.strings(node.type_name.names)[-1:]
        if target == ["regclass"] and not node.type_name.array_bounds:
            self._sequence(node.arg)

    def _regclass(self, text: str) -> None:
        state = self.run.state
        schema, name = split_name(text)
        if name.isdigit() or name == "-" or not state.complete_tables:
            return
        known = state.find_relation(name, schema) is not None or system.is_system_relation(name, schema) is not None
        if not known and not self._brought_along(schema) and not name.startswith("pg_"):
            raise sqlstate.undefined_table(text)


def _without_sources(scope: Scope) -> Scope:
    """What a subquery in FROM sees: the queries of WITH and what is around, not its neighbours."""
    return Scope(scope.outer, queries=scope.queries)


def _renamed(columns: Outputs, names: list[str]) -> Outputs:
    """Return columns with the first ones renamed."""
    if columns is None:
        return None
    return (*names, *columns[len(names) :])

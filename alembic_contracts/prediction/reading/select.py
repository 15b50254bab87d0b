"""Evaluates SELECT: FROM, WHERE, GROUP BY, set operations, ORDER BY, LIMIT."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from alembic_contracts.prediction.parser import child, children, enum_name, kind_of, strings, unwrap
from alembic_contracts.prediction.reading import aggregates
from alembic_contracts.prediction.reading.expressions import evaluate, is_true
from alembic_contracts.prediction.reading.values import Guess, UnanswerableError, guess, is_guess, known

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog import Catalog
    from alembic_contracts.prediction.parser import Node

__all__ = ["Relation", "Row", "Scope", "Source", "World", "returned", "select", "target_names"]

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Relation:
    """Columns in order, and rows by column."""

    columns: tuple[str, ...]
    rows: Sequence[Row]


class World(Protocol):
    """What queries are evaluated against."""

    catalog: Catalog

    def relation(self, schema: str | None, name: str) -> Relation:
        """Return a table, view or system relation.

        Raises:
            UnanswerableError: its rows cannot be told.
        """

    def next_value(self, sequence: str) -> int:
        """Return the next number of a sequence."""


@dataclass(slots=True)
class Source:
    """One item of FROM under its alias."""

    alias: str
    relation: Relation


@dataclass(slots=True)
class Scope:
    """What names in an expression mean: one row of each item of FROM, then the query around."""

    world: World
    rows: dict[str, Row] = field(default_factory=dict)
    outer: Scope | None = None
    tables: dict[str, Relation] = field(default_factory=dict)
    """Results of WITH."""
    group: list[Scope] | None = None
    """The rows that aggregates run over."""
    outputs: Row = field(default_factory=dict)
    """Values of the target list by name, for GROUP BY and ORDER BY."""

    def column(self, names: Sequence[str]) -> Any:
        """Return a column's value.

        Raises:
            UnanswerableError: it is not here.
        """
        if len(names) > 1:
            row = self.rows.get(names[-2])
            if row is not None and names[-1] in row:
                return row[names[-1]]
        else:
            for row in self.rows.values():
                if names[0] in row:
                    return row[names[0]]
            if names[0] in self.outputs:
                return self.outputs[names[0]]
        if self.outer is not None:
            return self.outer.column(names)
        raise UnanswerableError(f"column {'.'.join(names)} is not known")

    def with_table(self, name: str) -> Relation | None:
        """Return the result of a WITH of this name."""
        if name in self.tables:
            return self.tables[name]
        return None if self.outer is None else self.outer.with_table(name)

    def inner(self, rows: dict[str, Row], group: list[Scope] | None = None) -> Scope:
        """Return the scope of one row of FROM."""
        return Scope(self.world, rows, self.outer, self.tables, group)


def select(node: Node, scope: Scope) -> Relation:
    """Return the result of a SELECT, VALUES or set operation.

    Args:
        node: the parser's ``SelectStmt``.
        scope: that of the query around, which must have no rows of its own query.

    Raises:
        UnanswerableError: it cannot be worked out.
        PostgresError: PostgreSQL would refuse it.
    """
    scope = Scope(scope.world, outer=scope)
    _with(node, scope)
    operation = enum_name(node, "op")
    if operation != "SETOP_NONE":
        return _limited(node, scope, _set_operation(node, operation, scope))
    if node.values_lists:
        return _limited(node, scope, _values(node, scope))
    return _plain(node, scope)


def _with(node: Node, scope: Scope) -> None:
    if not node.HasField("with_clause"):
        return
    if node.with_clause.recursive:
        raise UnanswerableError("WITH RECURSIVE")
    for common in children(node.with_clause.ctes):
        query = unwrap(common.ctequery)
        if query.DESCRIPTOR.name != "SelectStmt":
            raise UnanswerableError("data changed in WITH")
        result = select(query, scope)
        names = strings(common.aliascolnames)
        scope.tables[common.ctename] = _renamed(result, names)


def _renamed(relation: Relation, names: Sequence[str]) -> Relation:
    """Return a relation with its first columns renamed."""
    if not names:
        return relation
    columns = (*names, *relation.columns[len(names) :])
    rows = [dict(zip(columns, (row[c] for c in relation.columns), strict=True)) for row in relation.rows]
    return Relation(columns, rows)


def _values(node: Node, scope: Scope) -> Relation:
    lists = [[evaluate(item, scope) for item in values.list.items] for values in node.values_lists]
    columns = tuple(f"column{position + 1}" for position in range(len(lists[0])))
    return Relation(columns, [dict(zip(columns, values, strict=True)) for values in lists])


def _set_operation(node: Node, operation: str, scope: Scope) -> Relation:
    left, right = select(node.larg, scope), select(node.rarg, scope)
    right = _renamed(right, left.columns) if len(left.columns) == len(right.columns) else right
    if operation == "SETOP_UNION":
        rows = [*left.rows, *right.rows]
        return Relation(left.columns, rows if node.all else _distinct(rows))
    here = {_key(row.values()) for row in right.rows}
    wanted = operation == "SETOP_INTERSECT"
    kept = [row for row in left.rows if (_key(row.values()) in here) is wanted]
    return Relation(left.columns, kept if node.all else _distinct(kept))


# -- FROM and WHERE ----------------------------------------------------------------------------------------------------


def _plain(node: Node, scope: Scope) -> Relation:
    sources: dict[str, tuple[str, ...]] = {}
    rows: Iterable[dict[str, Row]] = [{}]
    conditions = list(_conjuncts(node.where_clause)) if node.HasField("where_clause") else []
    for item in node.from_clause:
        rows = _joined(rows, item, scope, sources)
    matching = [scope.inner(row) for row in _filtered(rows, conditions, scope)]
    return _projected(node, scope, matching, sources)


def _filtered(rows: Iterable[dict[str, Row]], conditions: list[Node], scope: Scope) -> Iterator[dict[str, Row]]:
    for row in rows:
        bound = _bound(row, conditions, scope)
        if all(is_true(evaluate(condition, scope.inner(bound))) for condition in conditions):
            yield bound


def _bound(row: dict[str, Row], conditions: list[Node], scope: Scope) -> dict[str, Row]:
    """Return the row with its guessed values made what the conditions ask for: it stands for a row that matches."""
    if not any(is_guess(value) for values in row.values() for value in values.values()):
        return row
    bound = {alias: dict(values) for alias, values in row.items()}
    for condition in conditions:
        wanted = _equality(condition, scope)
        if wanted is None:
            continue
        names, value = wanted
        for alias, values in bound.items():
            if is_guess(values.get(names[-1])) and (len(names) == 1 or names[-2] == alias):
                values[names[-1]] = Guess(known(value))
    return bound


def _equality(condition: Node, scope: Scope) -> tuple[list[str], Any] | None:
    """Return column and value of a condition ``column = value`` or ``column IN (value, ...)``."""
    if kind_of(condition) != "a_expr" or enum_name(condition.a_expr, "kind") not in {"AEXPR_OP", "AEXPR_IN"}:
        return None
    expression = condition.a_expr
    if strings(expression.name) != ["="] or kind_of(expression.lexpr) != "column_ref":
        return None
    value = expression.rexpr
    if kind_of(value) == "list":
        value = value.list.items[0]
    if kind_of(value) not in {"a_const", "type_cast"}:
        return None
    return strings(expression.lexpr.column_ref.fields), evaluate(value, Scope(scope.world))


def _conjuncts(node: Node) -> Iterator[Node]:
    if kind_of(node) == "bool_expr" and enum_name(node.bool_expr, "boolop") == "AND_EXPR":
        for argument in node.bool_expr.args:
            yield from _conjuncts(argument)
    else:
        yield node


def _joined(
    rows: Iterable[dict[str, Row]], item: Node, scope: Scope, sources: dict[str, tuple[str, ...]]
) -> Iterable[dict[str, Row]]:
    """Return every row combined with every row of an item of FROM."""
    if kind_of(item) == "join_expr":
        return _explicit_join(rows, item.join_expr, scope, sources)
    rows = list(rows)
    if _is_lateral(item):
        return [{**row, **more} for row in rows for more in _one(item, scope.inner(row), sources, lateral=True)]
    right = _one(item, scope, sources)
    return ({**row, **more} for row in rows for more in right)


def _one(
    item: Node, scope: Scope, sources: dict[str, tuple[str, ...]], *, lateral: bool = False
) -> list[dict[str, Row]]:
    source = _source(item, scope if not lateral else Scope(scope.world, outer=scope))
    sources[source.alias] = source.relation.columns
    return [{source.alias: row} for row in source.relation.rows]


def _is_lateral(item: Node) -> bool:
    kind = kind_of(item)
    return kind == "range_function" or (kind == "range_subselect" and item.range_subselect.lateral)


def _explicit_join(
    rows: Iterable[dict[str, Row]], join: Node, scope: Scope, sources: dict[str, tuple[str, ...]]
) -> list[dict[str, Row]]:
    kind = enum_name(join, "jointype")
    if kind not in {"JOIN_INNER", "JOIN_LEFT", "JOIN_RIGHT"} or join.is_natural:
        raise UnanswerableError("this kind of join")
    before = set(sources)
    left = list(_joined([{}], join.larg, scope, sources))
    left_names = set(sources) - before
    right = list(_joined([{}], join.rarg, scope, sources)) if not _is_lateral(join.rarg) else None
    right_names = set(sources) - before - left_names
    if kind == "JOIN_RIGHT":
        left, right = right or [], left
        left_names, right_names = right_names, left_names
    conditions = list(_conjuncts(join.quals)) if join.HasField("quals") else []
    using = strings(join.using_clause)
    lookup = None if right is None else _Lookup(right, right_names, left_names, conditions, sources)
    joined = []
    for row in left:
        if lookup is None:
            candidates = [{**row, **more} for more in _one(join.rarg, scope.inner(row), sources, lateral=True)]
            right_names = {next(reversed(sources))}
        else:
            candidates = [{**row, **more} for more in lookup.candidates(row)]
        matches = [c for c in _filtered(candidates, conditions, scope) if _agree(c, using, left_names, right_names)]
        if not matches and kind != "JOIN_INNER":
            matches = [{**row, **{name: dict.fromkeys(sources[name]) for name in right_names}}]
        joined.extend(matches)
    return [{**row, **more} for row in rows for more in joined]


class _Lookup:
    """Finds the rows of a join's right side by its first condition ``left.column = right.column``."""

    def __init__(
        self,
        rows: list[dict[str, Row]],
        names: set[str],
        left_names: set[str],
        conditions: list[Node],
        sources: dict[str, tuple[str, ...]],
    ) -> None:
        self._rows = rows
        self._left: list[str] | None = None
        self._index: dict[Any, list[dict[str, Row]]] = {}
        for condition in conditions:
            sides = _column_sides(condition)
            if sides is None:
                continue
            for left, right in (sides, sides[::-1]):
                if self._owner(right, sources) in names and self._owner(left, sources) in left_names:
                    self._build(left, right)
                    return

    @staticmethod
    def _owner(names: list[str], sources: dict[str, tuple[str, ...]]) -> str | None:
        if len(names) > 1:
            return names[-2]
        owners = [alias for alias, columns in sources.items() if names[0] in columns]
        return owners[0] if len(owners) == 1 else None

    def _build(self, left: list[str], right: list[str]) -> None:
        self._left = left
        for row in self._rows:
            value = _column_of(row, right)
            self._index.setdefault(_hashable(value), []).append(row)

    def candidates(self, row: dict[str, Row]) -> list[dict[str, Row]]:
        if self._left is None:
            return self._rows
        value = _column_of(row, self._left)
        if is_guess(value):
            return self._rows
        return [*self._index.get(_hashable(value), ()), *self._index.get(_GUESSED, ())]


def _column_of(row: dict[str, Row], names: list[str]) -> Any:
    if len(names) > 1:
        return row[names[-2]][names[-1]]
    return next(values[names[0]] for values in row.values() if names[0] in values)


_GUESSED = object()


def _hashable(value: Any) -> Any:
    if is_guess(value):
        return _GUESSED
    if isinstance(value, list):
        return tuple(map(_hashable, value))
    return repr(value) if isinstance(value, dict) else value


def _column_sides(condition: Node) -> tuple[list[str], list[str]] | None:
    if kind_of(condition) != "a_expr" or strings(condition.a_expr.name) != ["="]:
        return None
    sides = (condition.a_expr.lexpr, condition.a_expr.rexpr)
    if any(kind_of(side) != "column_ref" for side in sides):
        return None
    return strings(sides[0].column_ref.fields), strings(sides[1].column_ref.fields)


def _agree(row: dict[str, Row], using: list[str], left: set[str], right: set[str]) -> bool:
    for column in using:
        one = next((row[name][column] for name in left if column in row[name]), None)
        other = next((row[name][column] for name in right if column in row[name]), None)
        if not (is_guess(one) or is_guess(other)) and (one is None or one != other):
            return False
    return True


def _source(item: Node, scope: Scope) -> Source:
    kind, node = kind_of(item), unwrap(item)
    alias = child(node, "alias") if "alias" in node.DESCRIPTOR.fields_by_name else None
    names = strings(alias.colnames) if alias is not None else []
    if kind == "range_var":
        relation = scope.with_table(node.relname) if not node.schemaname else None
        if relation is None:
            relation = scope.world.relation(node.schemaname or None, node.relname)
        return Source(alias.aliasname if alias is not None else node.relname, _renamed(relation, names))
    if kind == "range_subselect":
        relation = select(unwrap(node.subquery), scope)
        return Source(alias.aliasname if alias is not None else f"subquery {id(item)}", _renamed(relation, names))
    if kind == "range_function":
        return _function_source(node, alias, names, scope)
    raise UnanswerableError(f"{kind} in FROM")


def _function_source(node: Node, alias: Node | None, names: list[str], scope: Scope) -> Source:
    if len(node.functions) != 1:
        raise UnanswerableError("ROWS FROM")
    call = node.functions[0].list.items[0]
    values = set_values(call, scope)
    if values is None:
        values = [evaluate(call, scope)]
    name = strings(call.func_call.funcname)[-1] if kind_of(call) == "func_call" else "value"
    shown = alias.aliasname if alias is not None else name
    column = names[0] if names else shown
    columns = (column, names[1] if len(names) > 1 else "ordinality") if node.ordinality else (column,)
    rows = [dict(zip(columns, (value, position), strict=False)) for position, value in enumerate(values, 1)]
    return Source(shown, Relation(columns, rows))


def set_values(node: Node, scope: Scope) -> list[Any] | None:
    """Return the values of a set-returning function, None where it is none."""
    if kind_of(node) != "func_call":
        return None
    call = node.func_call
    name = strings(call.funcname)[-1]
    if name == "unnest" and len(call.args) == 1:
        array = evaluate(call.args[0], scope)
        return [guess(item, array) for item in known(array) or []]
    if name in {"generate_series", "generate_subscripts"}:
        arguments = [known(evaluate(argument, scope)) for argument in call.args]
        if name == "generate_subscripts":
            arguments = [1, len(arguments[0] or [])]
        if not all(isinstance(argument, int) for argument in arguments):
            raise UnanswerableError("generate_series over what is no integer")
        first, last, *step = arguments
        return list(range(first, min(last, first + 100_000) + 1, *step))
    if name in {"json_array_elements", "jsonb_array_elements", "json_array_elements_text", "jsonb_array_elements_text"}:
        array = evaluate(call.args[0], scope)
        items = known(array)
        return [guess(item, array) for item in items] if isinstance(items, list) else []
    return None


# -- the target list ---------------------------------------------------------------------------------------------------


def _projected(node: Node, scope: Scope, rows: list[Scope], sources: dict[str, tuple[str, ...]]) -> Relation:
    targets = _targets(node.target_list, sources)
    columns = _unique(name for name, _ in targets)
    grouped = bool(node.group_clause) or any(
        aggregates.contains(expression) for _, expression in targets if not isinstance(expression, tuple)
    )
    grouped = grouped or node.HasField("having_clause")
    if grouped:
        rows = _groups(node, scope, rows, targets)
    results = [row for one in rows for row in _row(columns, targets, one)]
    if node.HasField("having_clause"):
        results = [(row, one) for row, one in results if is_true(evaluate(node.having_clause, one))]
    if node.distinct_clause:
        results = _distinct_on(node, results)
    results = _sorted(node, results, columns)
    return _cut(node, scope, Relation(columns, [row for row, _ in results]))


def _targets(nodes: Iterable[Node], sources: dict[str, tuple[str, ...]]) -> list[tuple[str, Any]]:
    """Return names and expressions of a target list; a column of a star is (alias, column)."""
    targets: list[tuple[str, Any]] = []
    for node in children(nodes):
        fields = node.val.column_ref.fields if kind_of(node.val) == "column_ref" else ()
        if fields and kind_of(fields[-1]) == "a_star":
            wanted = strings(fields)[-1:] or list(sources)
            if not wanted:
                raise UnanswerableError("*")
            for alias in wanted:
                if alias not in sources:
                    raise UnanswerableError(f"{alias}.*")
                targets.extend((column, (alias, column)) for column in sources[alias])
        else:
            targets.append((node.name or _name_of(node.val), node.val))
    return targets


def _name_of(node: Node) -> str:
    """Return the name that PostgreSQL gives an output column (``FigureColname``)."""
    kind, inner = kind_of(node), unwrap(node)
    if kind == "column_ref":
        return strings(inner.fields)[-1]
    if kind == "func_call":
        return strings(inner.funcname)[-1]
    if kind == "type_cast":
        name = _name_of(inner.arg)
        return name if name != "?column?" else strings(inner.type_name.names)[-1]
    if kind == "sub_link":
        link = enum_name(inner, "sub_link_type")
        if link == "EXPR_SUBLINK":
            return _name_of(unwrap(inner.subselect).target_list[0].res_target.val)
        return {"EXISTS_SUBLINK": "exists", "ARRAY_SUBLINK": "array"}.get(link, "?column?")
    if kind == "sqlvalue_function":
        return enum_name(inner, "op").removeprefix("SVFOP_").lower()
    if kind in {"collate_clause", "a_indirection"}:
        return _name_of(inner.arg)
    if kind == "min_max_expr":
        return "greatest" if enum_name(inner, "op") == "IS_GREATEST" else "least"
    return {"coalesce_expr": "coalesce", "case_expr": "case", "a_array_expr": "array", "row_expr": "row"}.get(
        kind, "?column?"
    )


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names with later ones of the same name marked, as rows are kept by name."""
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name}\0{seen[name]}")
    return tuple(unique)


def _row(columns: tuple[str, ...], targets: list[tuple[str, Any]], scope: Scope) -> list[tuple[Row, Scope]]:
    values: list[Any] = []
    many: dict[int, list[Any]] = {}
    for position, (_, expression) in enumerate(targets):
        if isinstance(expression, tuple):
            values.append(scope.rows[expression[0]][expression[1]])
            continue
        several = set_values(expression, scope)
        if several is not None:
            many[position] = several
        values.append(None if several is not None else evaluate(expression, scope))
    if not many:
        return [_finished(columns, values, scope)]
    rows = []
    for number in range(max(map(len, many.values()))):
        for position, several in many.items():
            values[position] = several[number] if number < len(several) else None
        rows.append(_finished(columns, values, scope))
    return rows


def _finished(columns: tuple[str, ...], values: list[Any], scope: Scope) -> tuple[Row, Scope]:
    row = dict(zip(columns, values, strict=True))
    return row, Scope(scope.world, scope.rows, scope.outer, scope.tables, scope.group, row)


def _groups(node: Node, scope: Scope, rows: list[Scope], targets: list[tuple[str, Any]]) -> list[Scope]:
    if not node.group_clause:
        representative = rows[0].rows if rows else {}
        return [scope.inner(representative, rows)]
    groups: dict[Any, list[Scope]] = {}
    for row in rows:
        key = _key(evaluate(_by_position(part, targets), row) for part in node.group_clause)
        groups.setdefault(key, []).append(row)
    return [scope.inner(members[0].rows, members) for members in groups.values()]


def _by_position(node: Node, targets: list[tuple[str, Any]]) -> Node:
    """Return the expression that GROUP BY or ORDER BY means by a number or an output name."""
    if kind_of(node) == "a_const" and node.a_const.HasField("ival"):
        expression = targets[node.a_const.ival.ival - 1][1]
        if isinstance(expression, tuple):
            raise UnanswerableError("a column of * by its number")
        return expression
    if kind_of(node) == "column_ref" and len(node.column_ref.fields) == 1:
        named = [expression for name, expression in targets if name == strings(node.column_ref.fields)[-1]]
        if len(named) == 1 and not isinstance(named[0], tuple) and kind_of(named[0]) != "column_ref":
            return named[0]
    return node


# -- DISTINCT, ORDER BY, LIMIT -----------------------------------------------------------------------------------------


def _key(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(_hashable(known(value)) for value in values)


def _distinct(rows: Sequence[Row]) -> list[Row]:
    return list({_key(row.values()): row for row in reversed(rows)}.values())[::-1]


def _distinct_on(node: Node, results: list[tuple[Row, Scope]]) -> list[tuple[Row, Scope]]:
    on = [part for part in node.distinct_clause if kind_of(part)]
    kept: dict[Any, tuple[Row, Scope]] = {}
    for row, scope in results:
        key = _key(evaluate(part, scope) for part in on) if on else _key(row.values())
        kept.setdefault(key, (row, scope))
    return list(kept.values())


def _sorted(node: Node, results: list[tuple[Row, Scope]], columns: tuple[str, ...]) -> list[tuple[Row, Scope]]:
    if len(results) < 2:
        return results
    for part in reversed(children(node.sort_clause)):
        descending = enum_name(part, "sortby_dir") == "SORTBY_DESC"
        key = _sort_key(part.node, columns)
        try:
            results = sorted(results, key=key, reverse=descending)
        except TypeError:
            raise UnanswerableError("ORDER BY over values of different kinds") from None
    return results


def _sort_key(node: Node, columns: tuple[str, ...]) -> Callable[[tuple[Row, Scope]], tuple[bool, Any]]:
    def key(result: tuple[Row, Scope]) -> tuple[bool, Any]:
        row, scope = result
        if kind_of(node) == "a_const" and node.a_const.HasField("ival"):
            value = row[columns[node.a_const.ival.ival - 1]]
        else:
            value = evaluate(node, scope)
        value = known(value)
        return (value is None, 0 if value is None else value)

    return key


def _limited(node: Node, scope: Scope, relation: Relation) -> Relation:
    results = [(row, Scope(scope.world, outer=scope, outputs=row)) for row in relation.rows]
    ordered = _sorted(node, results, relation.columns)
    return _cut(node, scope, Relation(relation.columns, [row for row, _ in ordered]))


def _cut(node: Node, scope: Scope, relation: Relation) -> Relation:
    rows = relation.rows
    if node.HasField("limit_offset"):
        offset = known(evaluate(node.limit_offset, scope))
        rows = rows[int(offset or 0) :]
    if node.HasField("limit_count"):
        count = known(evaluate(node.limit_count, scope))
        rows = rows if count is None else rows[: int(count)]
    return Relation(relation.columns, rows)


def returned(targets: Iterable[Node], alias: str, relation: Relation, scope: Scope) -> Relation:
    """Return the result of RETURNING over the rows that a statement inserted, changed or deleted."""
    named = _targets(targets, {alias: relation.columns})
    columns = _unique(name for name, _ in named)
    rows = [row for one in relation.rows for row, _ in _row(columns, named, scope.inner({alias: one}))]
    return Relation(columns, rows)


def target_names(node: Node) -> tuple[str, ...]:
    """Return the names of a query's columns as far as they can be told without its tables.

    Raises:
        UnanswerableError: there is a star among them.
    """
    while enum_name(node, "op") != "SETOP_NONE":
        node = node.larg
    if node.values_lists:
        return tuple(f"column{n + 1}" for n in range(len(node.values_lists[0].list.items)))
    return _unique(name for name, _ in _targets(node.target_list, {}))

"""A SELECT in, its columns and rows out: WITH, set operations, target list, GROUP BY, ORDER BY, LIMIT."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.answers import aggregates
from alembic_contracts.prediction.answers.bindings import Relation, Row, Scope, renamed
from alembic_contracts.prediction.answers.evaluation import evaluate, is_true
from alembic_contracts.prediction.answers.hashable import key
from alembic_contracts.prediction.answers.ordering import sorted_by
from alembic_contracts.prediction.answers.sources import certain, conjuncts, filtered, joined, set_values
from alembic_contracts.prediction.answers.values import UnanswerableError, Unknown, known
from alembic_contracts.prediction.sql.parser import children, enum_name, kind_of, strings, unwrap

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["returned", "select", "target_names"]


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
        scope.tables[common.ctename] = renamed(result, names)


def _values(node: Node, scope: Scope) -> Relation:
    lists = [[evaluate(item, scope) for item in values.list.items] for values in node.values_lists]
    columns = tuple(f"column{position + 1}" for position in range(len(lists[0])))
    return Relation(columns, [dict(zip(columns, values, strict=True)) for values in lists])


def _set_operation(node: Node, operation: str, scope: Scope) -> Relation:
    left, right = select(node.larg, scope), select(node.rarg, scope)
    right = renamed(right, left.columns) if len(left.columns) == len(right.columns) else right
    if operation == "SETOP_UNION":
        rows = [*left.rows, *right.rows]
        return Relation(left.columns, rows if node.all else _distinct(rows))
    here = {key(row.values()) for row in right.rows}
    wanted = operation == "SETOP_INTERSECT"
    kept = [row for row in left.rows if (key(row.values()) in here) is wanted]
    return Relation(left.columns, kept if node.all else _distinct(kept))


def _plain(node: Node, scope: Scope) -> Relation:
    sources: dict[str, tuple[str, ...]] = {}
    rows: Iterable[dict[str, Row]] = [{}]
    conditions = list(conjuncts(node.where_clause)) if node.HasField("where_clause") else []
    for item in node.from_clause:
        rows = joined(rows, item, scope, sources, conditions, alone=len(node.from_clause) == 1)
    matching = [scope.inner(row) for row in certain(filtered(rows, conditions, scope))]
    return _projected(node, scope, matching, sources)


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
            values.append(scope.column(expression))
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
        part_key = key(evaluate(_by_position(part, targets), row) for part in node.group_clause)
        groups.setdefault(part_key, []).append(row)
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


def _distinct(rows: Sequence[Row]) -> list[Row]:
    return list({key(row.values()): row for row in reversed(rows)}.values())[::-1]


def _distinct_on(node: Node, results: list[tuple[Row, Scope]]) -> list[tuple[Row, Scope]]:
    on = [part for part in node.distinct_clause if kind_of(part)]
    kept: dict[Any, tuple[Row, Scope]] = {}
    for row, scope in results:
        part_key = key(evaluate(part, scope) for part in on) if on else key(row.values())
        kept.setdefault(part_key, (row, scope))
    return list(kept.values())


def _sorted(node: Node, results: list[tuple[Row, Scope]], columns: tuple[str, ...]) -> list[tuple[Row, Scope]]:
    if len(results) < 2:
        return results
    for part in reversed(children(node.sort_clause)):
        nulls = enum_name(part, "sortby_nulls")
        results = sorted_by(
            results,
            _sort_key(part.node, columns),
            descending=enum_name(part, "sortby_dir") == "SORTBY_DESC",
            nulls_first=None if nulls == "SORTBY_NULLS_DEFAULT" else nulls == "SORTBY_NULLS_FIRST",
        )
    return results


def _sort_key(node: Node, columns: tuple[str, ...]) -> Callable[[tuple[Row, Scope]], Any]:
    def value_of(result: tuple[Row, Scope]) -> Any:
        row, scope = result
        if kind_of(node) == "a_const" and node.a_const.HasField("ival"):
            return row[columns[node.a_const.ival.ival - 1]]
        return evaluate(node, scope)

    return value_of


def _limited(node: Node, scope: Scope, relation: Relation) -> Relation:
    results = [(row, Scope(scope.world, outer=scope, outputs=row)) for row in relation.rows]
    ordered = _sorted(node, results, relation.columns)
    return _cut(node, scope, Relation(relation.columns, [row for row, _ in ordered]))


def _cut(node: Node, scope: Scope, relation: Relation) -> Relation:
    rows = relation.rows
    if node.HasField("limit_offset"):
        rows = rows[_count(node.limit_offset, scope) or 0 :]
    if node.HasField("limit_count"):
        rows = rows[: _count(node.limit_count, scope)]
    return Relation(relation.columns, rows)


def _count(node: Node, scope: Scope) -> int | None:
    value = known(evaluate(node, scope))
    if isinstance(value, Unknown) or not (value is None or isinstance(value, int)):
        raise UnanswerableError("a LIMIT or OFFSET")
    return value


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

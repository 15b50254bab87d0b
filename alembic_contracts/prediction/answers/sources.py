"""FROM, JOIN and WHERE in, the rows out that the target list is worked out for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.answers.bindings import MANY, Relation, Row, Scope, Source, renamed
from alembic_contracts.prediction.answers.equalities import (
    Equality,
    columns_in,
    compared,
    equalities,
    names_asked_for,
    that_may_fit,
)
from alembic_contracts.prediction.answers.evaluation import evaluate, is_true
from alembic_contracts.prediction.answers.hashable import GUESSED, hashable
from alembic_contracts.prediction.answers.operators import operate
from alembic_contracts.prediction.answers.values import (
    Array,
    Guess,
    Number,
    UnanswerableError,
    Unknown,
    guess,
    is_guess,
    known,
)
from alembic_contracts.prediction.sql.parser import child, enum_name, kind_of, strings, unwrap

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["certain", "conjuncts", "filtered", "joined", "set_values"]


def filtered(rows: Iterable[dict[str, Row]], conditions: list[Node], scope: Scope) -> Iterator[dict[str, Row]]:
    """Yield the rows that all conditions let through; made-up values are made what the conditions ask for.

    A row of which that is not known is yielded with a mark: ``certain`` says whether there is one in the end.
    """
    for row in rows:
        bound, left = row, conditions
        if any(is_guess(value) for values in row.values() for value in values.values()):
            bound = {alias: dict(values) for alias, values in row.items()}
            left = [condition for condition in conditions if not _bind(condition, bound, scope)]
        unknown: Unknown | None = None
        for condition in left:
            value = evaluate(condition, scope.inner(bound))
            if isinstance(value, Unknown):
                unknown = value
            elif not is_true(value):
                break
        else:
            yield bound if unknown is None else _marked(bound, unknown)


_MARK = "\0"
"""Stands among the sources of a row that may be there or not."""


def _marked(row: dict[str, Row], why: Unknown) -> dict[str, Row]:
    return {**row, _MARK: {_MARK: why}}


def certain(rows: Iterable[dict[str, Row]]) -> Iterator[dict[str, Row]]:
    """Yield rows of which it is known that they are there.

    Raises:
        UnanswerableError: of one of them it is not.
    """
    for row in rows:
        if _MARK in row:
            raise UnanswerableError(row[_MARK][_MARK].reason)
        yield row


def _bind(condition: Node, row: dict[str, Row], scope: Scope) -> bool:
    """Make a made-up row one that a condition lets through; return whether that is settled by it.

    An equality or IS NULL says the value; of what any other condition asks, nobody knows which value has it.
    """
    wanted = _equality(condition, scope)
    if wanted is not None:
        return _put(row, wanted[0], lambda: Guess(known(wanted[1])))
    if kind_of(condition) == "null_test" and kind_of(condition.null_test.arg) == "column_ref":
        names = strings(condition.null_test.arg.column_ref.fields)
        if enum_name(condition.null_test, "nulltesttype") == "IS_NULL":
            return _put(row, names, lambda: Guess(None))
        return any(is_guess(values.get(names[-1])) for values in row.values())
    if _column_sides(condition) is not None:
        return False
    nullable = kind_of(condition) != "a_expr"
    value = Unknown("a made-up value that has to satisfy a condition", nullable=nullable)
    found = [_put(row, names, lambda: value) for names in columns_in(condition)]
    return any(found)


def _put(row: dict[str, Row], names: list[str], value: Callable[[], Any]) -> bool:
    """Give made-up columns of a name a value; return whether there is one."""
    found = False
    for alias, values in row.items():
        if is_guess(values.get(names[-1])) and (len(names) == 1 or names[-2] == alias):
            values[names[-1]] = value()
            found = True
    return found


def _equality(condition: Node, scope: Scope) -> tuple[list[str], Any] | None:
    """Return the column that a condition is about and the value that it asks for: of several, the first."""
    names, value = compared(condition) or ([], None)
    if value is not None and kind_of(value) == "list":
        value = value.list.items[0]
    if value is None or kind_of(value) not in {"a_const", "type_cast"}:
        return None
    return names, evaluate(value, Scope(scope.world))


def conjuncts(node: Node) -> Iterator[Node]:
    """Yield the conditions that are joined by AND."""
    if kind_of(node) == "bool_expr" and enum_name(node.bool_expr, "boolop") == "AND_EXPR":
        for argument in node.bool_expr.args:
            yield from conjuncts(argument)
    else:
        yield node


def joined(
    rows: Iterable[dict[str, Row]],
    item: Node,
    scope: Scope,
    sources: dict[str, tuple[str, ...]],
    conditions: list[Node],
    *,
    where: list[Node] | None = None,
    alone: bool = False,
) -> Iterable[dict[str, Row]]:
    """Return every row combined with the rows of an item of FROM that may fit it by a condition, or all of them.

    Args:
        rows: those of the items before.
        item: of FROM.
        scope: what names in it mean.
        sources: collects the columns of each item by its alias.
        conditions: on the rows that come out.
        where: on those of the query (None: the same), by which rows can be left out that are none of the result's.
        alone: whether the query is about nothing but this item.
    """
    where = conditions if where is None else where
    if kind_of(item) == "join_expr":
        return _explicit_join(rows, item.join_expr, scope, sources, where)
    if _is_lateral(item):
        return [{**row, **more} for row in rows for more in _one(item, scope.inner(row), sources, lateral=True)]
    before = set(sources)
    right = _one(item, scope, sources, where, alone=alone)
    lookup = _Lookup(right, set(sources) - before, before, conditions, sources)
    return ({**row, **more} for row in rows for more in lookup.candidates(row))


def _one(
    item: Node,
    scope: Scope,
    sources: dict[str, tuple[str, ...]],
    where: Iterable[Node] = (),
    *,
    lateral: bool = False,
    alone: bool = False,
) -> list[dict[str, Row]]:
    wanted = list(equalities(where, _alias(item), scope, alone=alone))
    source = _source(item, scope if not lateral else Scope(scope.world, outer=scope), wanted)
    sources[source.alias] = source.relation.columns
    rows = that_may_fit(source.relation.rows, wanted)
    return [_marked({source.alias: row}, row[MANY]) if MANY in row else {source.alias: row} for row in rows]


def _is_lateral(item: Node) -> bool:
    kind = kind_of(item)
    return kind == "range_function" or (kind == "range_subselect" and item.range_subselect.lateral)


def _explicit_join(
    rows: Iterable[dict[str, Row]], join: Node, scope: Scope, sources: dict[str, tuple[str, ...]], where: list[Node]
) -> list[dict[str, Row]]:
    kind = enum_name(join, "jointype")
    if kind not in {"JOIN_INNER", "JOIN_LEFT", "JOIN_RIGHT"} or join.is_natural:
        raise UnanswerableError("this kind of join")
    before = set(sources)
    left = list(joined([{}], join.larg, scope, sources, [], where=where))
    left_names = set(sources) - before
    right = list(joined([{}], join.rarg, scope, sources, [], where=where)) if not _is_lateral(join.rarg) else None
    right_names = set(sources) - before - left_names
    if kind == "JOIN_RIGHT":
        left, right = right or [], left
        left_names, right_names = right_names, left_names
    conditions = list(conjuncts(join.quals)) if join.HasField("quals") else []
    using = strings(join.using_clause)
    lookup = None if right is None else _Lookup(right, right_names, left_names, conditions, sources)
    combined = []
    for row in left:
        if lookup is None:
            candidates = [{**row, **more} for more in _one(join.rarg, scope.inner(row), sources, lateral=True)]
            right_names = {next(reversed(sources))}
        else:
            candidates = [{**row, **more} for more in lookup.candidates(row)]
        matches = list(_agreeing(filtered(candidates, conditions, scope), using, left_names, right_names))
        if not matches and kind != "JOIN_INNER":
            matches = [{**row, **{name: dict.fromkeys(sources[name]) for name in right_names}}]
        combined.extend(matches)
    return [{**row, **more} for row in rows for more in combined]


class _Lookup:
    """Finds the rows of a join's right side by a condition ``left.column = right.column``.

    It is the first one but those about numbers of columns, which two tables can have alike without that being known.
    """

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
        found = [
            (left, right)
            for sides in filter(None, map(_column_sides, conditions))
            for left, right in (sides, sides[::-1])
            if self._owner(right, sources) in names and self._owner(left, sources) in left_names
        ]
        if found:
            self._build(*next((sides for sides in found if not self._has_numbers(sides[1])), found[0]))

    def _has_numbers(self, column: list[str]) -> bool:
        return any(isinstance(known(_column_of(row, column)), Number) for row in self._rows)

    @staticmethod
    def _owner(names: list[str], sources: dict[str, tuple[str, ...]]) -> str | None:
        if len(names) > 1:
            return names[-2]
        owners = [alias for alias, columns in sources.items() if names[0] in columns]
        return owners[0] if len(owners) == 1 else None

    def _build(self, left: list[str], right: list[str]) -> None:
        self._left = left
        for row in self._rows:
            value = known(_column_of(row, right))
            self._index.setdefault(GUESSED if _may_be_any(_column_of(row, right)) else hashable(value), []).append(row)

    def candidates(self, row: dict[str, Row]) -> list[dict[str, Row]]:
        if self._left is None:
            return self._rows
        value = _column_of(row, self._left)
        if _may_be_any(value):
            return self._rows
        return [*self._index.get(hashable(value), ()), *self._index.get(GUESSED, ())]


def _may_be_any(value: Any) -> bool:
    return is_guess(value) or isinstance(value, (Unknown, Number))


def _column_of(row: dict[str, Row], names: list[str]) -> Any:
    if len(names) > 1:
        return row[names[-2]][names[-1]]
    return next(values[names[0]] for values in row.values() if names[0] in values)


def _column_sides(condition: Node) -> tuple[list[str], list[str]] | None:
    if kind_of(condition) != "a_expr" or strings(condition.a_expr.name) != ["="]:
        return None
    sides = (condition.a_expr.lexpr, condition.a_expr.rexpr)
    if any(kind_of(side) != "column_ref" for side in sides):
        return None
    return strings(sides[0].column_ref.fields), strings(sides[1].column_ref.fields)


def _agreeing(
    rows: Iterable[dict[str, Row]], using: list[str], left: set[str], right: set[str]
) -> Iterator[dict[str, Row]]:
    """Yield the rows whose sides have the same in the columns of USING; with a mark where that is not known."""
    for row in rows:
        unknown: Unknown | None = None
        for column in using:
            one = next((row[name][column] for name in left if column in row[name]), None)
            other = next((row[name][column] for name in right if column in row[name]), None)
            same = True if is_guess(one) or is_guess(other) else operate("=", one, other)
            if isinstance(same, Unknown):
                unknown = same
            elif not is_true(same):
                break
        else:
            yield row if unknown is None else _marked(row, unknown)


def _alias(item: Node) -> str:
    """Return the name of an item of FROM in conditions."""
    node = unwrap(item)
    alias = child(node, "alias") if "alias" in node.DESCRIPTOR.fields_by_name else None
    return alias.aliasname if alias is not None else getattr(node, "relname", "")


def _source(item: Node, scope: Scope, wanted: Sequence[Equality]) -> Source:
    kind, node = kind_of(item), unwrap(item)
    alias = child(node, "alias") if "alias" in node.DESCRIPTOR.fields_by_name else None
    names = strings(alias.colnames) if alias is not None else []
    if kind == "range_var":
        relation = scope.with_table(node.relname) if not node.schemaname else None
        if relation is None:
            asked = {} if names else names_asked_for(wanted)
            relation = scope.world.relation(node.schemaname or None, node.relname, asked)
        return Source(alias.aliasname if alias is not None else node.relname, renamed(relation, names))
    if kind == "range_subselect":
        relation = scope.world.query(unwrap(node.subquery), scope)
        return Source(alias.aliasname if alias is not None else f"subquery {id(item)}", renamed(relation, names))
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
    if name not in _SETS or scope.world.catalog.functions(name):
        return None
    arguments = [evaluate(argument, scope) for argument in call.args]
    plain = [known(argument) for argument in arguments]
    if any(isinstance(argument, Unknown) for argument in plain):
        raise UnanswerableError(f"{name}() of what is not known")
    if name == "unnest" and len(plain) == 1 and (plain[0] is None or isinstance(plain[0], Array)):
        return [guess(item, arguments[0]) for item in plain[0] or []]
    if name == "generate_subscripts" and len(plain) == 2 and type(plain[0]) is Array and plain[1] == 1:
        return list(range(1, len(plain[0]) + 1))
    if name == "generate_series" and len(plain) in {2, 3} and all(type(n) is int for n in plain):
        first, last, step = (*plain, 1)[:3]
        if step and abs(last - first) <= _LONGEST:
            return list(range(first, last + (1 if step > 0 else -1), step))
    raise UnanswerableError(f"{name}()")


_LONGEST = 100_000
"""Numbers of a generate_series() that are worked out."""
_SETS = frozenset({"unnest", "generate_series", "generate_subscripts"} | {
    f"{kind}_{what}" for kind in ("json", "jsonb")
    for what in ("array_elements", "array_elements_text", "each", "each_text", "object_keys")
})  # fmt: skip
"""Functions that return sets."""

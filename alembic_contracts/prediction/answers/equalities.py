"""The conditions of a query in, the rows of one item of FROM out that those which are equalities can be true of.

A look at all columns of all tables for one of them is what most scripts ask the catalog for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from alembic_contracts.prediction.answers.bindings import Row, Scope
from alembic_contracts.prediction.answers.deferred import resolved
from alembic_contracts.prediction.answers.evaluation import evaluate, is_true
from alembic_contracts.prediction.answers.operators import operate
from alembic_contracts.prediction.answers.values import Literal, NameText, UnanswerableError, Unknown, Varchar, is_guess
from alembic_contracts.prediction.sql.parser import enum_name, kind_of, strings, walk
from alembic_contracts.prediction.sql.sqlstate import PostgresError

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["Equality", "columns_in", "compared", "equalities", "names_asked_for", "that_may_fit"]

_LONGEST_NAME = 63
"""Bytes; a longer literal is cut where it is compared with a name."""
_STABLE = frozenset({"current_database", "current_schema", "to_regclass", "to_regtype"})
"""Functions that catalogs are asked with, which tell the same for each row."""


class Equality(Struct, frozen=True):
    """What a row's column has to be."""

    column: str
    wanted: Any


def equalities(conditions: Iterable[Node], alias: str, scope: Scope, *, alone: bool) -> Iterator[Equality]:
    """Yield what conditions say of the columns of an item of FROM: ``alias.column = value``, either way round.

    Args:
        conditions: joined by AND.
        alias: the item's.
        scope: of the query.
        alone: whether there is no other item, so that columns need not be written with its name.
    """
    if scope.world.catalog.has_operator("="):
        return
    for condition in conditions:
        names, value = compared(condition) or ([], None)
        is_here = (len(names) == 2 and names[0] == alias) or (len(names) == 1 and alone)
        if not is_here or not _is_fixed(value):
            continue
        try:
            yield Equality(names[-1], evaluate(value, Scope(scope.world)))
        except (PostgresError, UnanswerableError):
            continue  # where it matters, it is raised by the rows that are left


def compared(condition: Node) -> tuple[list[str], Node] | None:
    """Return the column and the other side of ``column = value``, ``value = column`` or ``column IN (value, ...)``."""
    if kind_of(condition) != "a_expr" or enum_name(condition.a_expr, "kind") not in {"AEXPR_OP", "AEXPR_IN"}:
        return None
    column, value = condition.a_expr.lexpr, condition.a_expr.rexpr
    if kind_of(value) == "column_ref":  # as SQLAlchemy's lazy loads have it
        column, value = value, column
    if strings(condition.a_expr.name) != ["="] or kind_of(column) != "column_ref":
        return None
    return strings(column.column_ref.fields), value


def _is_fixed(value: Node) -> bool:
    """Whether a value is the same for all rows, and to work it out once more changes nothing."""
    kind = kind_of(value)
    is_call = kind == "func_call" and strings(value.func_call.funcname)[-1] in _STABLE
    return (is_call or kind in {"a_const", "type_cast"}) and not any(columns_in(value))


def columns_in(condition: Node) -> Iterator[list[str]]:
    """Yield the columns that a condition names."""
    for message in walk(condition):
        if message.DESCRIPTOR.name == "ColumnRef" and len(strings(message.fields)) == len(message.fields):
            yield strings(message.fields)


def names_asked_for(found: Iterable[Equality]) -> Mapping[str, str]:
    """Return, by column, the only name that it can have, where texts are compared as they are."""
    return {
        each.column: str(each.wanted)
        for each in found
        if type(each.wanted) in {str, Literal, NameText, Varchar} and len(each.wanted.encode()) <= _LONGEST_NAME
    }


def that_may_fit(rows: Sequence[Row], found: Iterable[Equality]) -> Sequence[Row]:
    """Return rows but those that an equality rejects for sure, whatever they are joined with."""
    for each in found:
        try:
            rows = _left(rows, each)
        except (PostgresError, UnanswerableError):
            continue  # as above
    return rows


def _left(rows: Sequence[Row], equality: Equality) -> Sequence[Row]:
    column, known = equality.column, dict[str, bool]()

    def may_be(row: Row) -> bool:
        if column not in row:
            return True
        value = row[column]
        if type(value) is not NameText:
            return _is_possible(value, equality.wanted)
        if value not in known:  # a table's name is that of many rows
            known[value] = _is_possible(value, equality.wanted)
        return known[value]

    # Made-up rows become what conditions ask for.
    return [row for row in rows if may_be(row) or any(map(is_guess, row.values()))]


def _is_possible(value: Any, wanted: Any) -> bool:
    same = operate("=", resolved(value), wanted)
    return isinstance(same, Unknown) or is_true(same)

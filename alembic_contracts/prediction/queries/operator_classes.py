"""An index's access method and its key in, the refusal out where the server has no way to order or to find it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.type_names import base_type, category, shown
from alembic_contracts.prediction.queries.coercion import is_plain, knows_operators
from alembic_contracts.prediction.sql import sqlstate, system
from alembic_contracts.schemas.schema import Name, Type

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Table

__all__ = ["check_element", "check_predicate", "require_operator_class"]

_OF_CATEGORY = {"E": "anyenum", "R": "anyrange", "C": "record"}
_WITHOUT_CLASSES = frozenset({"plpgsql", "pgcrypto", "uuid-ossp", "unaccent", "fuzzystrmatch", "tablefunc"})
"""Extensions that bring no default operator class for types of the server's own."""


def check_element(run: Execution, table: Table, element: Node, method: str) -> None:
    """Refuse an element of an index, a column or an expression, that cannot be a key of it.

    Raises:
        PostgresError: 42704 there is no default operator class for its type, 42P17 the expression is not immutable; as
            for any expression.
    """
    from alembic_contracts.prediction.queries.analysis import Analysis
    from alembic_contracts.prediction.queries.mutability import require_immutable

    if element.name:
        column = table.column(element.name)
        found = None if column is None else column.type
    else:
        found = Analysis(run).of_rows(table, element.expr, Type(_TEXT))
        require_immutable(run, table, element.expr, "functions in index expression must be marked IMMUTABLE")
    if not len(element.opclass):
        require_operator_class(run, found, method)


def check_predicate(run: Execution, table: Table, node: Node) -> None:
    """Refuse a condition of a partial index.

    Raises:
        PostgresError: 42P17 it is not immutable; as for any expression.
    """
    from alembic_contracts.prediction.queries.analysis import Analysis
    from alembic_contracts.prediction.queries.mutability import require_immutable

    Analysis(run).condition(table, node)
    require_immutable(run, table, node, "functions in index predicate must be marked IMMUTABLE")


def require_operator_class(run: Execution, type_: Type | None, method: str) -> None:
    """Refuse a type for which an access method has no default operator class (``GetDefaultOpClass``).

    Raises:
        PostgresError: 42704.
    """
    if type_ is None or _has_class(run.state, base_type(type_, run.state), method):
        return
    name = shown(type_, run.state)
    if not knows_operators(run.state):
        run.doubt(f"whether there is an operator class of {method} for type {name} is not known here")
        return
    message = f'data type {name} has no default operator class for access method "{method}"'
    raise sqlstate.PostgresError("42704", message)


def _has_class(state: State, type_: Type, method: str) -> bool:
    if not is_plain(state, type_) or method not in _METHODS or not _WITHOUT_CLASSES.issuperset(state.extensions):
        return True
    if (method, Type(type_.name, (), type_.dimensions)) in state.operator_classes:
        return True
    classes = system.operator_classes().get(method, frozenset())
    if type_.dimensions:
        return "anyarray" in classes
    if type_.name.schema != "pg_catalog":
        return _OF_CATEGORY.get(category(type_, state), "") in classes
    if type_.name.name in classes or _of_range(type_) in classes:
        return True
    targets = system.implicit_casts(state.server_version).get(type_.name.name, frozenset())
    return not classes.isdisjoint(targets)


def _of_range(type_: Type) -> str:
    if type_.name.name.endswith("multirange"):
        return "anymultirange"
    return "anyrange" if type_.name.name.endswith("range") else ""


_TEXT = Name("pg_catalog", "text")
_METHODS = frozenset({"btree", "hash", "gist", "gin", "spgist", "brin"})

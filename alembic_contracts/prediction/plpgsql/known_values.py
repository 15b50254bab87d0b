"""An expression in a block in, its value out where that follows from the catalog, ``UNKNOWN`` where it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from alembic_contracts.dialects.postgresql import parse_type
from alembic_contracts.prediction.answers.bindings import Scope
from alembic_contracts.prediction.answers.casts import stored
from alembic_contracts.prediction.answers.rows import Data
from alembic_contracts.prediction.answers.select import select
from alembic_contracts.prediction.answers.values import TypedNull, UnanswerableError, is_guess
from alembic_contracts.prediction.answers.values import Unknown as NotKnown
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.sql import parser, system
from alembic_contracts.prediction.sql.mentions import split_name
from alembic_contracts.prediction.sql.sqlstate import PostgresError

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Type

__all__ = ["UNKNOWN", "Row", "Unknown", "assigned", "is_truth", "rows_of", "value_of", "value_of_text"]

Row = dict[str, Any]


class Unknown(Struct, frozen=True):
    """Stands for a value that is not worked out."""


UNKNOWN: Final = Unknown()

_OF_SERVER = frozenset(
    {
        "pg_settings", "pg_available_extensions", "pg_available_extension_versions", "pg_roles", "pg_authid", "pg_user",
        "pg_auth_members", "pg_group", "pg_database", "pg_stat_activity", "pg_locks", "pg_tablespace", "pg_shadow",
        "pg_description", "pg_stats", "pg_subscription", "pg_replication_slots",
    }
)  # fmt: skip
"""System relations that describe what the catalog does not carry."""

_OF_OTHER_KINDS = frozenset(
    {
        "pg_proc", "pg_trigger", "pg_policy", "pg_policies", "pg_extension", "pg_event_trigger", "pg_publication",
        "pg_publication_tables", "pg_publication_rel", "pg_rules", "pg_rewrite", "pg_operator", "pg_cast",
        "pg_language", "pg_aggregate", "pg_statistic_ext", "routines", "triggers", "parameters", "role_table_grants",
        "table_privileges", "pg_foreign_server", "pg_user_mappings", "pg_foreign_data_wrapper", "pg_collation",
    }
)  # fmt: skip
"""System relations that describe kinds of objects of which only some may be known (``State.complete``)."""


def value_of(run: Execution, node: Node) -> Any:
    """Return the value of a (wrapped) scalar expression in the statement that is being applied."""
    return value_of_text(run, parser.deparse_expression(node), run.values)


def value_of_text(run: Execution, text: str, variables: Mapping[str, Any]) -> Any:
    """Return the value of an expression as PL/pgSQL evaluates it: that of ``SELECT`` and the text."""
    rows = rows_of(run, f"SELECT {text}", variables)
    if rows is None:
        return UNKNOWN
    return next(iter(rows[0].values())) if rows and rows[0] else None


def rows_of(run: Execution, query: str, variables: Mapping[str, Any]) -> list[Row] | None:
    """Return the rows of a query, None where they do not follow from the catalog alone.

    Each column has a name of its own: later ones of the same name have a mark after it, a NUL and a number.
    """
    try:
        statements = parser.parse(query)
    except PostgresError:
        return None
    if len(statements) != 1 or statements[0].kind != "select_stmt" or _depends_on_server(run, statements[0].node):
        return None
    if run.state.uncertain.answers(statements[0].node):
        return None
    data = Data(Catalog.over(run.state, run.transactions), "row")
    scope = Scope(data, rows=_as_rows(variables))
    try:
        relation = select(statements[0].node, scope)
    except (UnanswerableError, PostgresError):
        return None
    if data.asked_unknown or any(is_guess(value) for row in relation.rows for value in row.values()):
        return None
    for value in (value for row in relation.rows for value in row.values()):
        if isinstance(value, NotKnown) and value.instead is not None:
            run.doubt(f"the script goes by {value.reason}, which only the server knows")
    return [{column: _plain(row[column]) for column in relation.columns} for row in relation.rows]


def _plain(value: Any) -> Any:
    if isinstance(value, NotKnown):
        return UNKNOWN if value.instead is None else value.instead
    return None if isinstance(value, TypedNull) else value


def _as_rows(variables: Mapping[str, Any]) -> dict[str, Row]:
    """Put variables as a reader of queries finds them: records by their name, all else as one row."""
    rows = {name: value for name, value in variables.items() if isinstance(value, dict)}
    not_known = NotKnown("a variable whose value is not known")
    plain = {name: not_known if v is UNKNOWN else v for name, v in variables.items() if not isinstance(v, dict)}
    return {**rows, "": plain}


def _depends_on_server(run: Execution, node: Node) -> bool:
    """Whether a query asks for what differs between two runs, or for objects that may exist unknown to the catalog."""
    for message in parser.walk(node):
        if (
            message.DESCRIPTOR.name != "RangeVar"
            or run.state.find_table(message.relname, message.schemaname or None) is not None
        ):
            continue
        if system.is_system_relation(message.relname, message.schemaname or None) is None:
            continue
        if message.relname in _OF_SERVER or not run.state.complete_tables:
            return True
        if message.relname in _OF_OTHER_KINDS and not run.state.complete:
            return True
    return False


def assigned(run: Execution, value: Any, type_name: str) -> Any:
    """Return a value as a variable of a declared type keeps it, ``UNKNOWN`` where that is not shown."""
    if value is UNKNOWN or value is None or isinstance(value, dict):
        return value
    catalog = Catalog.over(run.state, run.transactions)
    type_ = _declared(run, type_name.strip())
    if type_ is None:
        return UNKNOWN
    try:
        return _plain(stored(value, type_, catalog))
    except (PostgresError, UnanswerableError):
        return UNKNOWN


def _declared(run: Execution, type_name: str) -> Type | None:
    """Return the type that a declaration means: ``integer``, or ``table.column%TYPE``."""
    if type_name.lower().endswith("%type"):
        table_name, _, column_name = type_name[: -len("%type")].rpartition(".")
        schema, name = split_name(table_name)
        table = run.state.find_table(name, schema)
        column = None if table is None else table.column(column_name.strip('" '))
        return None if column is None else column.type
    try:
        return parse_type(type_name)
    except ValueError:
        return None


def is_truth(value: Any) -> bool | None:
    """Return whether a condition holds, None where that is not known."""
    if value is UNKNOWN:
        return None
    return bool(value is True or (isinstance(value, str) and value.lower() in {"t", "true"}))

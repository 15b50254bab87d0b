"""COMMENT ON every kind of object applied to the catalog."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.relations import change_column
from alembic_contracts.prediction.catalog.traits import HANGING, HIDDEN
from alembic_contracts.prediction.catalog.type_names import qualified
from alembic_contracts.prediction.queries.calls import has_unknown_extension
from alembic_contracts.prediction.sql import parser, sqlstate, system
from alembic_contracts.prediction.statements._routines import named
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Table

__all__ = ["HANDLERS", "OBJECT_TYPES"]

_KINDS = {
    "OBJECT_TABLE": ("table", frozenset({"table", "partitioned table"})),
    "OBJECT_VIEW": ("view", frozenset({"view"})),
    "OBJECT_MATVIEW": ("materialized view", frozenset({"materialized view"})),
    "OBJECT_FOREIGN_TABLE": ("foreign table", frozenset({"foreign table"})),
    "OBJECT_SEQUENCE": ("sequence", frozenset({"sequence"})),
    "OBJECT_INDEX": ("index", frozenset({"index"})),
}


def comment_on(run: Execution, node: Node) -> None:
    """Apply COMMENT ON; an empty text takes the comment away.

    Raises:
        PostgresError: the object does not exist, or is of another kind (42809).
    """
    kind = parser.enum_name(node, "objtype")
    OBJECT_TYPES[kind](run, kind, node.object, node.comment or None)


def _require(run: Execution, names: list[str]) -> tuple[Name, str] | None:
    """Return a relation of any kind and its kind, None where it may exist without being known."""
    schema, name = qualified(names)
    found = run.state.find_relation(name, schema)
    if found is not None:
        return found
    if not run.state.complete_tables or system.is_system_relation(name, schema) is not None:
        return None
    if schema is not None and not run.state.has_namespace(schema):
        raise sqlstate.undefined_schema(schema)
    raise sqlstate.undefined_table(".".join(names))


def _relation(run: Execution, kind: str, target: Node, text: str | None) -> None:
    found = _require(run, parser.strings(target.list.items))
    if found is None:
        return
    name, actual = found
    noun, kinds = _KINDS[kind]
    if actual not in kinds:
        raise sqlstate.wrong_object_type(f'"{name.name}" is not a {noun}')
    table = run.state.tables.get(name)
    if table is not None:
        run.state.tables.put(name, replace(table, comment=text))
        return
    table = run.state.index_table(name) if actual == "index" else None
    if table is not None:
        indexes = tuple(replace(i, comment=text) if i.name == name.name else i for i in table.indexes)
        run.state.tables.put(table.name, replace(table, indexes=indexes))


def _column(run: Execution, kind: str, target: Node, text: str | None) -> None:
    del kind
    *names, column = parser.strings(target.list.items)
    found = _require(run, names)
    if found is None:
        return
    table = run.state.tables.get(found[0])
    if table is not None:
        if table.column(column) is not None:
            change_column(run.state, table.name, column, lambda known: replace(known, comment=text))
        elif table.complete:
            raise sqlstate.undefined_column(column, table.name.name)
        return
    definition = run.state.types.get(found[0])
    if definition is None:
        raise sqlstate.wrong_object_type(f'"{found[0].name}" has no columns to comment on')
    if all(field != column for field, _ in definition.fields):
        raise sqlstate.undefined_column(column, found[0].name)


def _table_of(run: Execution, names: list[str]) -> Table | None:
    found = _require(run, names)
    return None if found is None else run.state.tables.get(found[0])


def _constraint(run: Execution, kind: str, target: Node, text: str | None) -> None:
    del kind
    *names, constraint = parser.strings(target.list.items)
    table = _table_of(run, names)
    if table is None:
        return
    if all(known.name != constraint for known in table.constraints):
        if table.complete:
            raise sqlstate.undefined_object("constraint", constraint)
        return
    constraints = tuple(replace(c, comment=text) if c.name == constraint else c for c in table.constraints)
    run.state.tables.put(table.name, replace(table, constraints=constraints))


def _attached(run: Execution, kind: str, target: Node, text: str | None) -> None:
    """Triggers, policies, rules: named together with their table."""
    del text
    noun = kind.removeprefix("OBJECT_").lower()
    *names, name = parser.strings(target.list.items)
    found = _require(run, names)
    if found is not None and (noun, found[0], name) not in run.state.attachments:
        run.absent(sqlstate.undefined_object(noun, name), known=run.state.holds_all(HANGING))


def _type(run: Execution, kind: str, target: Node, text: str | None) -> None:
    del text
    _require_type(run, kind, parser.strings(target.type_name.names))


def _require_type(run: Execution, kind: str, names: list[str]) -> None:
    schema, name = qualified(names)
    definition = run.state.find_type(name, schema)
    if definition is not None:
        if kind != "OBJECT_TYPE" and definition.kind != "domain":
            raise sqlstate.wrong_object_type(f'"{name}" is not a domain')
        return
    known = run.state.find_table(name, schema) is not None or name in system.categories()
    if not known and run.state.complete_tables and not has_unknown_extension(run.state):
        if schema is not None and not run.state.has_namespace(schema):
            raise sqlstate.undefined_schema(schema)
        raise sqlstate.undefined_object("type", ".".join(names))


def _domain_constraint(run: Execution, kind: str, target: Node, text: str | None) -> None:
    del text
    domain, constraint = target.list.items
    names = parser.strings(domain.type_name.names)
    _require_type(run, kind, names)
    schema, name = qualified(names)
    definition = run.state.find_type(name, schema)
    if definition is not None and all(check.name != constraint.string.sval for check in definition.checks):
        raise sqlstate.undefined_object("constraint", constraint.string.sval)


def _function(run: Execution, kind: str, target: Node, text: str | None) -> None:
    del kind, text
    named(run, target.object_with_args)


def _schema(run: Execution, kind: str, target: Node, text: str | None) -> None:
    del kind, text
    if run.state.complete_tables and not run.state.has_namespace(target.string.sval):
        raise sqlstate.undefined_schema(target.string.sval)


def _extension(run: Execution, kind: str, target: Node, text: str | None) -> None:
    del kind, text
    name = target.string.sval
    if name not in run.state.extensions and name != "plpgsql":
        run.absent(sqlstate.undefined_object("extension", name), known=run.state.holds_all(HIDDEN))


def _elsewhere(run: Execution, kind: str, target: Node, text: str | None) -> None:
    """Objects that the catalog does not keep, so that it cannot say whether they exist."""
    del kind, target, text
    run.state.uncertain.note_refusal()


OBJECT_TYPES: dict[str, Callable[[Execution, str, Node, str | None], None]] = {
    **dict.fromkeys(_KINDS, _relation),
    "OBJECT_COLUMN": _column,
    "OBJECT_TABCONSTRAINT": _constraint,
    "OBJECT_DOMCONSTRAINT": _domain_constraint,
    "OBJECT_TYPE": _type,
    "OBJECT_DOMAIN": _type,
    "OBJECT_TRIGGER": _attached,
    "OBJECT_POLICY": _attached,
    "OBJECT_RULE": _attached,
    "OBJECT_FUNCTION": _function,
    "OBJECT_PROCEDURE": _function,
    "OBJECT_ROUTINE": _function,
    "OBJECT_AGGREGATE": _function,
    "OBJECT_SCHEMA": _schema,
    "OBJECT_EXTENSION": _extension,
    **dict.fromkeys(
        (
            "OBJECT_ACCESS_METHOD", "OBJECT_CAST", "OBJECT_COLLATION", "OBJECT_CONVERSION", "OBJECT_DATABASE",
            "OBJECT_EVENT_TRIGGER", "OBJECT_FDW", "OBJECT_FOREIGN_SERVER", "OBJECT_LANGUAGE", "OBJECT_LARGEOBJECT",
            "OBJECT_OPCLASS", "OBJECT_OPERATOR", "OBJECT_OPFAMILY", "OBJECT_PUBLICATION", "OBJECT_ROLE",
            "OBJECT_STATISTIC_EXT", "OBJECT_SUBSCRIPTION", "OBJECT_TABLESPACE", "OBJECT_TRANSFORM",
            "OBJECT_TSCONFIGURATION", "OBJECT_TSDICTIONARY", "OBJECT_TSPARSER", "OBJECT_TSTEMPLATE",
        ),
        _elsewhere,
    ),
}  # fmt: skip
"""What looks up the objects of each kind that COMMENT ON can name."""

HANDLERS = {"comment_stmt": comment_on}

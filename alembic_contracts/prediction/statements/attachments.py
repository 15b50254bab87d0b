"""Triggers, policies, rules and extended statistics applied to the catalog: what hangs on tables beside their shape."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.relations import find, require_column
from alembic_contracts.prediction.catalog.state import Attachment
from alembic_contracts.prediction.catalog.traits import HANGING, HIDDEN, ROW_WRITERS
from alembic_contracts.prediction.catalog.type_names import qualified
from alembic_contracts.prediction.plpgsql import reach
from alembic_contracts.prediction.queries.analysis import Analysis
from alembic_contracts.prediction.queries.expressions import Expressions
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.sql.mentions import columns_of
from alembic_contracts.prediction.sql.scopes import Scope, of_table
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import Function
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Table

__all__ = ["HANDLERS"]

_TRUNCATE, _INSTEAD = 32, 64
_EVENTS = {"INSERT": 4, "DELETE": 8, "UPDATE": 16}
"""``TRIGGER_TYPE_TRUNCATE``, ``TRIGGER_TYPE_INSTEAD`` and others of catalog/pg_trigger.h."""
_ROWS = {"CMD_INSERT": ("new",), "CMD_UPDATE": ("old", "new"), "CMD_DELETE": ("old",)}
"""Rows that a rule can speak of, by its event."""


def _put(run: Execution, attachment: Attachment, *, or_replace: bool = False) -> None:
    key = (attachment.kind, attachment.table, attachment.name)
    if key in run.state.attachments and not or_replace:
        on = f" for table {attachment.table.name}" if attachment.table is not None else ""
        raise sqlstate.PostgresError("42710", f'{attachment.kind} "{attachment.name}"{on} already exists')
    if key not in run.state.attachments and not or_replace and not run.state.holds_all(HANGING):
        run.state.uncertain.note_refusal()  # the database may have one of this name
    run.state.attachments.put(key, attachment)


def _mentioned(table: Table, nodes: Iterable[Node]) -> set[tuple[Name, str]]:
    """Return the columns of the table that expressions mention, subqueries not looked into."""
    names = {column.name for column in table.columns}
    return {(table.name, column) for node in nodes for column in columns_of(node) if column in names}


# -- triggers ----------------------------------------------------------------------------------------------------------


def create_trigger(run: Execution, node: Node) -> None:
    """Apply CREATE TRIGGER.

    Raises:
        PostgresError: 42P01 no such table, 42883 no such function, 42703 no such column, 42710 it exists,
            42809 it is not for a relation of this kind, 42P17 the function is none for triggers.
    """
    table = find(run, node.relation)
    if table is None:
        return
    instead = bool(node.timing & _INSTEAD)
    if table.kind == "materialized view" or ((table.kind == "view") is not instead and (instead or node.row)):
        raise sqlstate.wrong_object_type(f'relation "{table.name.name}" cannot have such triggers')
    if table.kind == "view" and node.events & _TRUNCATE:
        raise sqlstate.wrong_object_type(f'relation "{table.name.name}" cannot have such triggers')
    if node.row and len(node.transition_rels) and (table.parents or table.kind == "partitioned table"):
        raise sqlstate.feature_not_supported("row triggers with transition tables are not for partitions and children")
    function = _function(run, parser.strings(node.funcname))
    if function is not None and function.returns != "trigger":
        raise sqlstate.PostgresError("42P17", f"function {function.name.name} must return type trigger")
    columns = parser.strings(node.columns)
    for column in columns:
        require_column(table, column)
    uses = {(table.name, column) for column in columns}
    if node.HasField("when_clause"):
        rows = Scope([of_table(table, "old"), of_table(table, "new")])
        Expressions(Analysis(run), rows, {}).infer(node.when_clause)
        uses |= _mentioned(table, [node.when_clause])
    called = function.name if function is not None else _observed(run, parser.strings(node.funcname))
    attachment = Attachment("trigger", node.trigname, table.name, frozenset(uses), called)
    _put(run, attachment, or_replace=node.replace)
    if instead and table.taken is not None:
        taken = frozenset(event for event, bit in _EVENTS.items() if node.events & bit)
        run.state.tables.put(table.name, replace(table, taken=None if node.replace else table.taken | taken))
    if called is not None and not run.state.holds_all(ROW_WRITERS) and called.name in reach.alterers(run.state):
        # A function of the database may change rows of the table, and it is not looked into again.
        tables = reach.of_trigger(run.state, called)
        run.doubt(f"function {called}(), which may change tables, may run by a trigger from here on", tables)


def _function(run: Execution, names: list[str]) -> Function | None:
    schema, name = qualified(names)
    found = run.state.find_functions(name, schema)
    if not found and name not in _OF_THE_SYSTEM:
        known = run.state.holds_all(HIDDEN) and not run.state.extensions.keys() - {"plpgsql"}
        run.absent(sqlstate.PostgresError("42883", f"function {name}() does not exist"), known=known)
    return found[0] if found else None


def _observed(run: Execution, names: list[str]) -> Name | None:
    """Return the name of a function that is not held: the observed database may have it."""
    schema, name = qualified(names)
    return Name(schema or "", name) if name in run.state.observed_reach else None


_OF_THE_SYSTEM = frozenset(
    {"tsvector_update_trigger", "tsvector_update_trigger_column", "suppress_redundant_updates_trigger"}
)


def create_event_trigger(run: Execution, node: Node) -> None:
    """Apply CREATE EVENT TRIGGER: its function runs with every DDL statement from then on."""
    function = _function(run, parser.strings(node.funcname))
    if function is None or reach.of_function(run.state, function) != reach.NOTHING:
        run.doubt(f"what the event trigger {node.trigname} does with every DDL statement is not known")


# -- policies, rules ---------------------------------------------------------------------------------------------------


def create_policy(run: Execution, node: Node) -> None:
    """Apply CREATE POLICY.

    Raises:
        PostgresError: 42P01 no such table, 42703 no such column, 42710 it exists.
    """
    table = find(run, node.table)
    if table is None:
        return
    if table.kind not in {"table", "partitioned table"}:
        raise sqlstate.wrong_object_type(f'"{table.name.name}" is not a table')
    _put(run, Attachment("policy", node.policy_name, table.name, _policy_uses(run, table, node)))


def _policy_uses(run: Execution, table: Table, node: Node) -> frozenset[tuple[Name, str]]:
    analysis = Analysis(run)
    for name in ("qual", "with_check"):
        if node.HasField(name):
            analysis.condition(table, getattr(node, name))
    return frozenset(analysis.uses - {(table.name, "")})


def alter_policy(run: Execution, node: Node) -> None:
    """Apply ALTER POLICY.

    Raises:
        PostgresError: 42P01 no such table, 42704 no such policy.
    """
    table = find(run, node.table)
    if table is None:
        return
    key = ("policy", table.name, node.policy_name)
    if key not in run.state.attachments:
        message = f'policy "{node.policy_name}" for table "{table.name.name}" does not exist'
        run.absent(sqlstate.PostgresError("42704", message), known=run.state.holds_all(HANGING))
        return
    uses = run.state.attachments[key].uses | _policy_uses(run, table, node)
    _put(run, Attachment("policy", node.policy_name, table.name, uses), or_replace=True)


def create_rule(run: Execution, node: Node) -> None:
    """Apply CREATE RULE: other statements may run instead of a table's INSERT, UPDATE or DELETE, no DDL among them.

    Raises:
        PostgresError: 42P01 no such table, 42710 it exists, 0A000 it is for a materialized view.
    """
    table = find(run, node.relation)
    if table is None:
        return
    if parser.enum_name(node, "event") == "CMD_SELECT":
        _rule_of_view(run, node, table)
        return
    if table.kind == "materialized view":
        raise sqlstate.feature_not_supported("rules on materialized views are not supported")
    uses = frozenset(_rule_uses(run, node, table) - {(table.name, "")})
    _put(run, Attachment("rule", node.rulename, table.name, uses), or_replace=node.replace)
    if table.kind == "view" and node.instead:
        run.state.tables.put(table.name, replace(table, taken=None))
        run.doubt(f"the rule {node.rulename} may make columns of {table.name} updatable", [table.name])


def _rule_uses(run: Execution, node: Node, table: Table) -> set[tuple[Name, str]]:
    """Return the columns that a rule's condition and actions use, those of the rows OLD and NEW included."""
    analysis = Analysis(run)
    rows = [of_table(table, row) for row in _ROWS.get(parser.enum_name(node, "event"), ())]
    if node.HasField("where_clause"):
        Expressions(analysis, Scope(rows), {}).infer(node.where_clause)
    by_qualifier = Scope([replace(row, visible=False) for row in rows])
    for action in parser.children(node.actions):
        if action.DESCRIPTOR.name in {"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt"}:
            analysis.query(action, by_qualifier)
    return analysis.uses


def _rule_of_view(run: Execution, node: Node, table: Table) -> None:
    """Apply a rule ON SELECT, which is what makes a view; version 15 and older turn an empty table into one."""
    if table.kind != "view":
        if run.state.server_version >= 160000 or table.kind != "table":
            raise sqlstate.wrong_object_type(f'relation "{table.name.name}" cannot have ON SELECT rules')
    elif not node.replace:
        raise sqlstate.PostgresError("55000", f'"{table.name.name}" is already a view')
    run.doubt(f"a rule makes {table.name} another view", [table.name])


# -- statistics --------------------------------------------------------------------------------------------------------


def _refuse_repeated(node: Node) -> None:
    columns = [element.name for element in parser.children(node.exprs) if element.name]
    if len(columns) > len(set(columns)):
        raise sqlstate.PostgresError("42701", "duplicate column name in statistics definition")


def create_statistics(run: Execution, node: Node) -> None:
    """Apply CREATE STATISTICS.

    Raises:
        PostgresError: 42P01 no such table, 42703 no such column, 42710 it exists.
    """
    for relation in parser.children(node.relations):
        table = find(run, relation)
        if table is None:
            return
        _refuse_repeated(node)
        if table.kind == "view":
            raise sqlstate.wrong_object_type(f'cannot define statistics for relation "{table.name.name}"')
        elements = parser.children(node.exprs)
        for element in elements:
            if element.name:
                require_column(table, element.name)
        uses = {(table.name, element.name) for element in elements if element.name}
        uses |= _mentioned(table, [element.expr for element in elements if not element.name])
        names = parser.strings(node.defnames)
        name = names[-1] if names else f"{table.name.name}_{'_'.join(e.name or 'expr' for e in elements)}_stat"
        existing = any(key[0] == "statistics" and key[2] == name for key in run.state.attachments)
        if existing and node.if_not_exists:
            return
        if existing and names:
            raise sqlstate.duplicate_object("statistics object", name)
        if names and not run.state.complete:
            run.state.uncertain.note_refusal()  # the database may have some of this name
        run.state.attachments.put(
            ("statistics", table.name, name), Attachment("statistics", name, table.name, frozenset(uses))
        )


HANDLERS = {
    "create_trig_stmt": create_trigger,
    "create_event_trig_stmt": create_event_trigger,
    "create_policy_stmt": create_policy,
    "alter_policy_stmt": alter_policy,
    "rule_stmt": create_rule,
    "create_stats_stmt": create_statistics,
}

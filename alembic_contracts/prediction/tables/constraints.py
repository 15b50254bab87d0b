"""A constraint as a statement writes it in, the table with it out: checks here, keys in modules of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog import generated_names
from alembic_contracts.prediction.catalog.relations import descendants, put_constraint, refuse_taken, require_column
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.tables.columns import KeyDraft
from alembic_contracts.prediction.tables.keys import KEYS, add_keys
from alembic_contracts.prediction.tables.not_null import NotNull, mark_not_null, spread_not_null
from alembic_contracts.schemas.schema import Constraint, Name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State

__all__ = ["add", "add_constraint"]


def add(run: Execution, table: Name, drafts: Iterable[KeyDraft]) -> None:
    """Add the constraints of one statement in the order in which the server makes them.

    Raises:
        PostgresError: as the server would.
    """
    drafts = list(drafts)
    for kind in ("CONSTR_CHECK", "CONSTR_NOTNULL"):
        for draft in drafts:
            if draft.kind == kind:
                add_constraint(run, table, draft)
    keys = [draft for draft in drafts if draft.kind in KEYS]
    if keys:
        add_keys(run, table, keys)
    for draft in drafts:
        if draft.kind == "CONSTR_FOREIGN":
            add_constraint(run, table, draft)


def add_constraint(run: Execution, table: Name, draft: KeyDraft, *, recurse: bool = True) -> None:
    """Add one constraint; ``recurse`` is False for ``ALTER TABLE ONLY``."""
    from alembic_contracts.prediction.tables.foreign_keys import add_foreign_key

    if draft.kind in KEYS:
        add_keys(run, table, [draft], recurse=recurse)
    elif draft.kind == "CONSTR_FOREIGN" and not recurse and run.state.tables[table].kind == "partitioned table":
        raise sqlstate.wrong_object_type(f'cannot use ONLY for foreign key on partitioned table "{table.name}"')
    elif draft.kind == "CONSTR_CHECK":
        _add_check(run, table, draft)
    elif draft.kind == "CONSTR_FOREIGN":
        add_foreign_key(run, table, draft)
    elif draft.kind == "CONSTR_NOTNULL":
        _add_not_null(run, table, draft)
    else:
        run.doubt(f"{draft.kind} of {table} is not understood", [table])


def _add_check(run: Execution, name: Name, draft: KeyDraft) -> None:
    from alembic_contracts.prediction.printing.texts import of_condition
    from alembic_contracts.prediction.queries.analysis import Analysis
    from alembic_contracts.prediction.queries.ddl_expressions import check_columns

    state, node, table = run.state, draft.node, run.state.tables[name]
    columns = check_columns(run, node.raw_expr, table)
    Analysis(run).condition(table, node.raw_expr)
    if node.is_no_inherit and table.kind == "partitioned table":
        raise sqlstate.invalid_table_definition("cannot add NO INHERIT constraint to partitioned table")
    if node.conname:
        refuse_taken(table, node.conname)
        chosen = node.conname
    else:
        single = columns if len(columns) == 1 else ()
        chosen = generated_names.constraint_name(state, name.schema, name.name, single, "check")
    constraint = Constraint(
        name=chosen,
        kind="check",
        columns=columns,
        expression=of_condition(state, parser.deparse_expression(node.raw_expr), node.raw_expr, table.columns),
        valid=draft.is_valid,
        enforced=draft.is_enforced,
        no_inherit=node.is_no_inherit,
    )
    put_constraint(state, name, constraint)
    if not node.is_no_inherit:
        for child in descendants(state, name):
            _inherit_check(state, child, constraint)


def _inherit_check(state: State, child: Name, constraint: Constraint) -> None:
    table = state.tables[child]
    same = next((c for c in table.constraints if c.name == constraint.name), None)
    if same is None:
        put_constraint(state, child, replace(constraint, inherited=True))
    elif same.kind != "check" or same.no_inherit:
        message = f'constraint "{same.name}" for relation "{child.name}" already exists'
        raise sqlstate.PostgresError("42710", message)


def _add_not_null(run: Execution, table: Name, draft: KeyDraft) -> None:
    written = parser.strings(draft.node.keys)
    if written and run.state.server_version < 180000:
        raise sqlstate.PostgresError("42601", 'syntax error at or near "NOT"')
    for column in written or ([draft.column] if draft.column else []):
        require_column(run.state.tables[table], column)
        valid, no_inherit = not draft.node.skip_validation, draft.node.is_no_inherit
        wanted = NotNull(column, draft.node.conname or None, valid=valid, no_inherit=no_inherit)
        mark_not_null(run.state, table, wanted)
        if not draft.node.is_no_inherit:
            spread_not_null(run.state, table, column, valid=not draft.node.skip_validation)

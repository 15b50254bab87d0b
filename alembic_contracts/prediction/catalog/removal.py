"""Objects in, the catalog without them and all that depends on them out."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.access import change_tables, without_column
from alembic_contracts.prediction.catalog.dependencies import Object, closure
from alembic_contracts.prediction.catalog.operators import drop_with
from alembic_contracts.prediction.catalog.partition_bounds import unbind
from alembic_contracts.prediction.catalog.publishing import drop_publication, unpublished
from alembic_contracts.prediction.catalog.traits import HANGING
from alembic_contracts.prediction.catalog.unseen_users import beware

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.schemas.schema import Name

__all__ = ["DROPPED", "drop", "remove"]

_TAKING = frozenset({"trigger", "rule"})
"""Kinds of what takes rows in the place of a view."""
DROPPED = "dropped column"
"""The trait of a table that lost a column, so that the others' numbers are not those of their positions."""


def drop(run: Execution, targets: Collection[Object], *, cascade: bool) -> None:
    """Drop objects and all that depends on them; what may depend on them and is not known leaves a doubt.

    Raises:
        PostgresError: 2BP01, something depends on them and ``cascade`` was not said.
    """
    beware(run, targets, cascade=cascade)
    for current in closure(run.state, targets, cascade=cascade):
        if cascade:
            drop_with(run.state, current)
        remove(run.state, current)


def remove(state: State, current: Object) -> None:
    """Take out one object; nothing happens where it went with its container."""
    _REMOVERS[current.kind](state, current)


def _table(state: State, current: Object) -> None:
    if current.name in state.tables:
        unbind(state, state.tables[current.name])
        state.tables.remove(current.name)
    if current.name in state.local_columns:
        state.local_columns.remove(current.name)
    for trait in [key for key in state.traits if key[1] == str(current.name)]:
        state.traits.remove(trait)


def _column(state: State, current: Object) -> None:
    table = state.tables.get(current.name)
    if table is None or table.column(current.part) is None:
        return
    state.traits.put((DROPPED, str(current.name)), "")
    columns = tuple(column for column in table.columns if column.name != current.part)
    state.tables.put(current.name, without_column(replace(table, columns=columns), current.part))


def _default(state: State, current: Object) -> None:
    table = state.tables.get(current.name)
    if table is not None:
        columns = tuple(replace(c, default=None) if c.name == current.part else c for c in table.columns)
        state.tables.put(current.name, replace(table, columns=columns))


def _constraint(state: State, current: Object) -> None:
    table = state.tables.get(current.name)
    if table is not None:
        kept = tuple(c for c in table.constraints if c.name != current.part)
        if len(kept) != len(table.constraints):
            state.tables.put(current.name, replace(table, constraints=kept))
        return
    definition = state.types.get(current.name)
    if definition is not None:
        checks = tuple(c for c in definition.checks if c.name != current.part)
        state.types.put(current.name, replace(definition, checks=checks))


def _index(state: State, current: Object) -> None:
    table = state.tables.get(current.name)
    if table is not None:
        kept = tuple(i for i in table.indexes if i.name != current.part)
        if len(kept) != len(table.indexes):
            table = replace(table, indexes=kept)
            if table.replica_index == current.part:
                table = replace(table, replica_identity="nothing", replica_index=None)
            state.tables.put(current.name, table)


def _sequence(state: State, current: Object) -> None:
    if current.name in state.sequences:
        state.sequences.remove(current.name)


def _type(state: State, current: Object) -> None:
    if current.name in state.types:
        state.types.remove(current.name)


def _field(state: State, current: Object) -> None:
    definition = state.types.get(current.name)
    if definition is not None:
        fields = tuple(field for field in definition.fields if field[0] != current.part)
        state.types.put(current.name, replace(definition, fields=fields))


def _function(state: State, current: Object) -> None:
    overloads = state.functions.get(current.name)
    if overloads is None:
        return
    kept = tuple(f for f in overloads if ", ".join(f.arguments) != current.part)
    if kept:
        state.functions.put(current.name, kept)
    else:
        state.functions.remove(current.name)


def _attachment(state: State, current: Object) -> None:
    kind, _, name = current.part.partition(" ")
    table = current.name if current.name.name else None
    if (kind, table, name) in state.attachments:
        state.attachments.remove((kind, table, name))
    if kind == "publication":
        drop_publication(state, name)
    view = None if table is None else state.tables.get(table)
    if view is not None and view.kind == "view" and kind in _TAKING:
        state.tables.put(view.name, replace(view, taken=_taken_by_others(state, view.name)))


def _taken_by_others(state: State, view: Name) -> frozenset[str] | None:
    """Return what is taken in the place of a view, which is known where nothing is there that could."""
    is_free = state.holds_all(HANGING) and not any(k in _TAKING and table == view for k, table, _ in state.attachments)
    return frozenset() if is_free else None


def _published(state: State, current: Object) -> None:
    key = ("publication", None, current.part)
    attachment = state.attachments.get(key)
    if attachment is not None:
        uses = frozenset(use for use in attachment.uses if use[0] != current.name)
        state.attachments.put(key, replace(attachment, uses=uses))
    if current.name in state.tables:
        change_tables(state, [current.name], lambda table: unpublished(table, current.part))


def _namespace(state: State, current: Object) -> None:
    if current.name.schema in state.namespaces:
        state.namespaces.remove(current.name.schema)


def _extension(state: State, current: Object) -> None:
    if current.name.name in state.extensions:
        state.extensions.remove(current.name.name)


_REMOVERS: dict[str, Callable[[State, Object], None]] = {
    "table": _table,
    "column": _column,
    "default": _default,
    "constraint": _constraint,
    "index": _index,
    "sequence": _sequence,
    "type": _type,
    "field": _field,
    "function": _function,
    "attachment": _attachment,
    "published": _published,
    "namespace": _namespace,
    "extension": _extension,
}

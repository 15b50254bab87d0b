"""An object and its new name in, everything that mentions it under that name out (PostgreSQL knows it by number)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.dialects.postgresql.names import quote, quote_name
from alembic_contracts.prediction.catalog.publishing import moved
from alembic_contracts.prediction.catalog.stored_texts import follow
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.mentions import rename_column, sequences_in, split_name
from alembic_contracts.prediction.sql.spelling import printed_of
from alembic_contracts.schemas.remarks import Printed
from alembic_contracts.schemas.schema import Column, Constraint, Index, Name, Published, Table, Type, TypeDefinition

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["move", "move_many", "rename_table_column"]

Change = Callable[[Name], Name]


def move(state: State, old: Name, new: Name) -> None:
    """Give a table, sequence or type another qualified name."""
    move_many(state, {old: new})


def move_many(state: State, names: dict[Name, Name]) -> None:
    """Give several objects other qualified names at once, and follow with all that mentions them."""

    def change(name: Name) -> Name:
        return names.get(name, name)

    affected = {user.name for name in names for user in state.mentioned_by(name)}
    affected.update(user.name for name in names for user in state.mentioned_by(Name("", name.name)))
    affected.update(name for name in names if name in state.tables)
    changed = [(name, _table(state.tables[name], change)) for name in affected]
    for name, _ in changed:
        state.tables.remove(name)
    for old, table in changed:
        state.tables.put(
            table.name, table if table.name.schema == old.schema else moved(state.access_so_far, old.schema, table)
        )
    for name in [name for name in state.types if _type_is_affected(state.types[name], names)]:
        definition = _definition(state.types[name], change)
        state.types.remove(name)
        state.types.put(definition.name, definition)
    _move_sequences(state, change)
    _move_attachments(state, change)
    _move_rest(state, names)
    follow(state, change, {name.name for name in names})


def _type_is_affected(definition: TypeDefinition, names: dict[Name, Name]) -> bool:
    base = definition.base is not None and definition.base.name in names
    return definition.name in names or base or any(type_.name in names for _, type_ in definition.fields)


def _type(type_: Type | None, change: Change) -> Type | None:
    if type_ is None or change(type_.name) == type_.name:
        return type_
    return Type(change(type_.name), type_.modifiers, type_.dimensions)


def _table(table: Table, change: Change) -> Table:
    constraints = tuple(
        c if c.references is None else replace(c, references=change(c.references)) for c in table.constraints
    )
    return replace(
        table,
        name=change(table.name),
        columns=tuple(_column(column, change) for column in table.columns),
        constraints=constraints,
        parents=tuple(change(parent) for parent in table.parents),
        depends_on=tuple(sorted((change(name), column) for name, column in table.depends_on)),
    )


def _column(column: Column, change: Change) -> Column:
    type_ = _type(column.type, change)
    default = column.default
    if default is not None and "nextval" in default and any(change(n) != n for n in _qualified(default)):
        default = Printed(parser.rewrite_expression(default, lambda n: _rename_literal(n, change)), printed_of(default))
    if type_ is column.type and default is column.default:
        return column
    return replace(column, type=type_, default=default)


def _qualified(default: str) -> list[Name]:
    return [Name(n.schema or "public", n.name) for n in sequences_in(default)]


def _rename_literal(node: Node, change: Change) -> None:
    if node.DESCRIPTOR.name != "A_Const" or not node.HasField("sval"):
        return
    schema, name = split_name(node.sval.sval)
    moved = change(Name(schema or "public", name))
    if moved != Name(schema or "public", name):
        node.sval.sval = quote_name(moved)


def _definition(definition: TypeDefinition, change: Change) -> TypeDefinition:
    fields = tuple((name, _type(type_, change) or type_) for name, type_ in definition.fields)
    return replace(definition, name=change(definition.name), base=_type(definition.base, change), fields=fields)


def _move_sequences(state: State, change: Change) -> None:
    for name, sequence in list(state.sequences.items()):
        owner = sequence.owner
        moved_owner = (change(owner[0]), owner[1]) if owner is not None else None
        if change(name) != name or moved_owner != owner:
            state.sequences.remove(name)
            state.sequences.put(change(name), replace(sequence, name=change(name), owner=moved_owner))


def _move_attachments(state: State, change: Change) -> None:
    for key, attachment in list(state.attachments.items()):
        table = change(attachment.table) if attachment.table is not None else None
        uses = frozenset((change(name), column) for name, column in attachment.uses)
        if table != attachment.table or uses != attachment.uses:
            state.attachments.remove(key)
            state.attachments.put((key[0], table, key[2]), replace(attachment, table=table, uses=uses))


def _move_rest(state: State, names: dict[Name, Name]) -> None:
    texts = {str(old): str(new) for old, new in names.items()}
    for old, new in names.items():
        if old in state.local_columns:
            local = state.local_columns[old]
            state.local_columns.remove(old)
            state.local_columns.put(new, local)
        if old in state.pending:
            is_certain = state.pending[old]
            state.pending.remove(old)
            state.pending.put(new, is_certain)
    for store in (state.fresh_labels, state.fresh_types):
        for key in list(store):
            name, _, label = key.partition(" ")
            if name in texts:
                store.remove(key)
                store.put(f"{texts[name]} {label}".rstrip(), value=True)
    for (kind, name), value in list(state.traits.items()):
        if name in texts or value in texts:
            state.traits.remove((kind, name))
            state.traits.put((kind, texts.get(name, name)), texts.get(value, value))


# -- columns -----------------------------------------------------------------------------------------------------------


def rename_table_column(state: State, name: Name, old: str, new: str) -> None:
    """Give a column another name in its table and in all that refers to it there or elsewhere."""

    def swap(column: str) -> str:
        return new if column == old else column

    table = state.tables[name]
    state.tables.put(
        name,
        replace(
            table,
            columns=tuple(_renamed_column(column, old, new) for column in table.columns),
            constraints=tuple(_renamed_constraint(c, name, old, new) for c in table.constraints),
            indexes=tuple(_renamed_index(index, old, new) for index in table.indexes),
            partition_key=_renamed_key(table.partition_key, old, new),
            grants=frozenset(g._replace(column=swap(g.column)) if g.column else g for g in table.grants),
            publications=tuple(_renamed_in(published, old, new) for published in table.publications),
        ),
    )
    for user in state.mentioned_by(name):
        depends_on = tuple(sorted((t, swap(c) if t == name else c) for t, c in user.depends_on))
        constraints = tuple(
            replace(c, referenced_columns=tuple(swap(r) for r in c.referenced_columns)) if c.references == name else c
            for c in user.constraints
        )
        text = user.definition
        if text is not None and depends_on != user.depends_on:
            text = Printed(text, None)  # its columns keep their names, so that it needs aliases
        state.tables.put(user.name, replace(user, depends_on=depends_on, constraints=constraints, definition=text))
    for sequence in list(state.sequences.values()):
        if sequence.owner == (name, old):
            state.sequences.put(sequence.name, replace(sequence, owner=(name, new)))
    for key, attachment in list(state.attachments.items()):
        if (name, old) in attachment.uses:
            uses = frozenset((t, swap(c) if t == name else c) for t, c in attachment.uses)
            state.attachments.put(key, replace(attachment, uses=uses))
    local = state.local_columns.get(name)
    if local is not None and old in local:
        state.local_columns.put(name, frozenset(swap(column) for column in local))


def _renamed_in(published: Published, old: str, new: str) -> Published:
    columns = None if published.columns is None else tuple(new if c == old else c for c in published.columns)
    row_filter = None if published.row_filter is None else rename_column(published.row_filter, old, new)
    return replace(published, columns=columns, row_filter=row_filter)


def _renamed_column(column: Column, old: str, new: str) -> Column:
    if column.name == old:
        return replace(column, name=new)
    if column.expression is not None:
        return replace(column, expression=rename_column(column.expression, old, new))
    return column


def _renamed_constraint(constraint: Constraint, table: Name, old: str, new: str) -> Constraint:
    own_reference = constraint.references == table and old in constraint.referenced_columns
    exclusion = constraint.kind == "exclude" and constraint.expression is not None
    if old not in constraint.columns and not own_reference and not exclusion:
        return constraint
    columns = tuple(new if column == old else column for column in constraint.columns)
    referenced = constraint.referenced_columns
    if own_reference:
        referenced = tuple(new if column == old else column for column in referenced)
    expression = constraint.expression
    if expression is not None and constraint.kind == "check":
        expression = rename_column(expression, old, new)
    action = _renamed_action(constraint.on_delete, old, new)
    return replace(constraint, columns=columns, referenced_columns=referenced, expression=expression, on_delete=action)


def _renamed_action(action: str, old: str, new: str) -> str:
    """Return ``SET NULL (column)`` with a column called otherwise in what is printed."""
    printed = printed_of(action)
    if printed is None:
        return action
    verb, _, rest = printed.partition(" (")
    columns = [quote(new) if column == quote(old) else column for column in rest.removesuffix(")").split(", ")]
    return Printed(action, f"{verb} ({', '.join(columns)})")


def _renamed_index(index: Index, old: str, new: str) -> Index:
    return replace(
        index,
        columns=tuple(new if column == old else column for column in index.columns),
        include=tuple(new if column == old else column for column in index.include),
        expressions=tuple(rename_column(text, old, new) for text in index.expressions),
        predicate=None if index.predicate is None else rename_column(index.predicate, old, new),
    )


def _renamed_key(key: str | None, old: str, new: str) -> str | None:
    if key is None or old not in key:
        return key
    strategy, _, rest = key.partition("(")
    inner = rename_column(f"ROW({rest.rpartition(')')[0]})", old, new)
    return f"{strategy}({inner.partition('(')[2].rpartition(')')[0]})"

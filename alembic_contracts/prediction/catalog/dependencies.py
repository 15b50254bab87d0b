"""An object in, what depends on it out, and what RESTRICT refuses (``pg_depend``, ``performDeletion``).

Two kinds of dependency matter: an *automatic* one lets the dependent object go silently (a table's indexes, an owned
sequence, a partition), a *normal* one forbids the drop unless CASCADE is said.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from alembic_contracts.prediction.catalog.functional_dependencies import groups_by_key
from alembic_contracts.prediction.catalog.object_names import described
from alembic_contracts.prediction.catalog.relations import partition_columns
from alembic_contracts.prediction.sql import sqlstate
from alembic_contracts.prediction.sql.mentions import (
    columns_in,
    mentions_function,
    mentions_type,
    sequences_in,
    texts_of,
)
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.schemas.schema import Constraint, Index, Table

__all__ = ["Object", "closure", "dependents", "index_columns"]


class Object(NamedTuple):
    """One thing that can be dropped.

    ``kind`` is table, column, default, constraint, index, sequence, type, field, function, attachment, published (a
    table's membership in a publication), namespace or extension; ``part`` the name inside of a table or type.
    """

    kind: str
    name: Name
    part: str = ""


Found = tuple[Object, bool]
"""A dependent object, and whether it goes silently."""


def closure(state: State, targets: Iterable[Object], *, cascade: bool) -> list[Object]:
    """Return all objects that have to go with the targets, these first.

    Raises:
        PostgresError: 2BP01, something depends on them and CASCADE was not said.
    """
    silent: dict[Object, None] = dict.fromkeys(targets)
    refused: list[Object] = []
    queue = list(silent)
    while queue:
        current = queue.pop(0)
        for found, automatic in dependents(state, current):
            if found in silent:
                continue
            if automatic or cascade:
                silent[found] = None
                queue.append(found)
            else:
                refused.append(found)
    left = [found for found in dict.fromkeys(refused) if found not in silent and not _gone_with(found, silent)]
    if left:
        raise sqlstate.dependent_objects(described(state, next(iter(silent))), [described(state, f) for f in left])
    return list(silent)


def _gone_with(found: Object, silent: dict[Object, None]) -> bool:
    """Whether the container of an object goes anyway."""
    if found.kind == "default" and Object("column", found.name, found.part) in silent:
        return True
    return bool(found.part) and Object("table", found.name) in silent


def dependents(state: State, current: Object) -> Iterator[Found]:
    """Yield what depends on an object directly."""
    finder = _FINDERS.get(current.kind)
    if finder is not None:
        yield from finder(state, current)


# -- tables and columns ------------------------------------------------------------------------------------------------


def _of_table(state: State, current: Object) -> Iterator[Found]:
    name = current.name
    for user in state.mentioned_by(name):
        if name in user.parents:
            yield Object("table", user.name), user.partition
        if any(table == name for table, _ in user.depends_on):
            yield Object("table", user.name), False
        for constraint in user.constraints:
            if constraint.references == name and user.name != name and not constraint.inherited:
                yield Object("constraint", user.name, constraint.name), False
    yield from _columns_of_type(state, name)
    yield from _owned_sequences(state, name)
    yield from _of_row_type(state, name)
    yield from _attachments_of_table(state, name)


def _columns_of_type(state: State, name: Name) -> Iterator[Found]:
    for user in state.mentioned_by(name):
        for column in user.columns:
            if column.type is not None and column.type.name == name:
                yield _column_or_view(user, column.name), False


def _owned_sequences(state: State, name: Name, column: str | None = None) -> Iterator[Found]:
    for sequence in state.sequences.values():
        if sequence.owner is not None and sequence.owner[0] == name and column in {None, sequence.owner[1]}:
            yield Object("sequence", sequence.name), True


def _attachments_of_table(state: State, name: Name) -> Iterator[Found]:
    for key, attachment in state.attachments.items():
        if attachment.table == name:
            yield Object("attachment", name, f"{key[0]} {attachment.name}"), True
        elif any(table == name for table, _ in attachment.uses):
            if attachment.kind == "publication":
                yield Object("published", name, attachment.name), True
            else:
                yield _attachment(attachment.table, attachment.kind, attachment.name), False


def _is_visible(state: State, name: Name, among: Container[Name]) -> bool:
    """Whether the name of an object, written alone, means it rather than another one of its kind."""
    return next((each for each in state.candidates(name.name, None) if each in among), name) == name


def _of_row_type(state: State, name: Name) -> Iterator[Found]:
    is_visible = _is_visible(state, name, state.types) and _is_visible(state, name, state.tables)
    for functions in state.functions.values():
        for function in functions:
            if _names_type([*function.arguments, function.returns or ""], name, is_visible=is_visible):
                yield Object("function", function.name, ", ".join(function.arguments)), False
    yield from _types_over(state, name)


def _attachment(table: Name | None, kind: str, name: str) -> Object:
    return Object("attachment", table or Name("", ""), f"{kind} {name}")


def _column_or_view(table: Table, column: str) -> Object:
    """What goes when a column of a table would: of a view the whole view, and with a partition key the table."""
    if table.kind in {"view", "materialized view"} or column in partition_columns(table):
        return Object("table", table.name)
    return Object("column", table.name, column)


def index_columns(index: Index) -> set[str]:
    """Return all columns that an index has to do with."""
    found = {column for column in index.columns if column is not None} | set(index.include)
    for text in (*index.expressions, *([index.predicate] if index.predicate else ())):
        found.update(columns_in(text))
    return found


def _of_column(state: State, current: Object) -> Iterator[Found]:
    name, column = current.name, current.part
    table = state.tables.get(name)
    if table is None:
        return
    yield from _own_users(table, column)
    for user in state.mentioned_by(name):
        if (name, column) in user.depends_on:
            yield Object("table", user.name), False
    for user in (table, *(user for user in state.mentioned_by(name) if user.name != name)):
        for constraint in user.constraints:
            if constraint.references == name and column in constraint.referenced_columns:
                yield Object("constraint", user.name, constraint.name), False
    yield from _owned_sequences(state, name, column)
    for attachment in state.attachments.values():
        if (name, column) not in attachment.uses:
            continue
        if attachment.kind == "publication":
            yield Object("published", name, attachment.name), False
        else:
            found = _attachment(attachment.table, attachment.kind, attachment.name)
            yield found, attachment.kind == "statistics"


def _own_users(table: Table, column: str) -> Iterator[Found]:
    """Yield what depends on a column in its own table."""
    for constraint in table.constraints:
        if column in constraint.columns or (constraint.kind == "exclude" and _excludes(table, constraint, column)):
            yield Object("constraint", table.name, constraint.name), True
    for index in table.indexes:
        if column in index_columns(index):
            yield Object("index", table.name, index.name), True
    for other in table.columns:
        if other.expression is not None and other.name != column and column in columns_in(other.expression):
            yield Object("column", table.name, other.name), False


def _excludes(table: Table, constraint: Constraint, column: str) -> bool:
    index = next((index for index in table.indexes if index.constraint == constraint.name), None)
    return index is not None and column in index_columns(index)


# -- constraints and indexes -------------------------------------------------------------------------------------------


def _of_constraint(state: State, current: Object) -> Iterator[Found]:
    table = state.tables.get(current.name)
    constraint = next((c for c in table.constraints if c.name == current.part), None) if table is not None else None
    if table is None or constraint is None:
        return
    if constraint.kind in {"primary key", "unique", "exclude"}:
        yield Object("index", current.name, current.part), True
        yield from _foreign_keys_on(state, table, constraint.columns)
    if constraint.kind == "primary key":
        for user in state.mentioned_by(table.name):
            if user.definition is not None and groups_by_key(user.definition, table, constraint.columns):
                yield Object("table", user.name), False


def _of_index(state: State, current: Object) -> Iterator[Found]:
    table = state.tables.get(current.name)
    index = next((i for i in table.indexes if i.name == current.part), None) if table is not None else None
    if table is None or index is None:
        return
    if index.constraint is not None:
        yield Object("constraint", current.name, index.constraint), True
    elif index.unique and None not in index.columns:
        yield from _foreign_keys_on(state, table, tuple(str(column) for column in index.columns))


def _foreign_keys_on(state: State, table: Table, columns: tuple[str, ...]) -> Iterator[Found]:
    """Yield the foreign keys that need a unique key, unless another one is as good."""
    serving = [i for i in table.indexes if i.unique and sorted(map(str, i.columns)) == sorted(columns)]
    if len(serving) > 1:
        return
    for user in (*state.mentioned_by(table.name), table):
        for constraint in user.constraints:
            if constraint.references == table.name and sorted(constraint.referenced_columns) == sorted(columns):
                yield Object("constraint", user.name, constraint.name), False


# -- sequences, types, functions ---------------------------------------------------------------------------------------


def _of_sequence(state: State, current: Object) -> Iterator[Found]:
    name = current.name
    users = {user.name: user for user in (*state.mentioned_by(name), *state.mentioned_by(Name("", name.name)))}
    for user in users.values():
        for column in user.columns:
            if column.default is None or "nextval" not in column.default:
                continue
            if {name, Name("", name.name)} & sequences_in(column.default):
                yield Object("default", user.name, column.name), False


def _of_type(state: State, current: Object) -> Iterator[Found]:
    name = current.name
    yield from _columns_of_type(state, name)
    for (kind, table), type_name in state.traits.items():
        if kind == "of" and type_name == str(name):
            yield from ((Object("table", t.name), False) for t in state.tables.values() if str(t.name) == table)
    yield from _of_row_type(state, name)
    is_visible = _is_visible(state, name, state.types)
    for user in state.tables.values():
        for kind, part, text in texts_of(user):
            if mentions_type(text, name, is_visible=is_visible):
                yield Object(kind, user.name, part), False


def _types_over(state: State, name: Name) -> Iterator[Found]:
    for definition in state.types.values():
        if definition.base is not None and definition.base.name == name and definition.name != name:
            yield Object("type", definition.name), False
        for label, type_ in definition.fields:
            if type_.name == name:
                yield Object("field", definition.name, label), False


def _names_type(written: Iterable[str], name: Name, *, is_visible: bool) -> bool:
    spellings = {str(name), f"{name}[]", *({name.name, f"{name.name}[]"} if is_visible else ())}
    return any(text.removeprefix("setof ") in spellings for text in written)


def _of_function(state: State, current: Object) -> Iterator[Found]:
    name = current.name
    if len(state.functions.get(name, ())) > 1:
        return  # which of the overloads is called where is not worked out; the drop of one is taken to be allowed
    is_visible = _is_visible(state, name, state.functions)
    for user in state.tables.values():
        for kind, part, text in texts_of(user):
            if mentions_function(text, name, is_visible=is_visible):
                yield Object(kind, user.name, part), False
    for attachment in state.attachments.values():
        if attachment.function == name:
            yield _attachment(attachment.table, attachment.kind, attachment.name), False
    for definition in state.types.values():
        for check in definition.checks:
            if check.expression is not None and mentions_function(check.expression, name, is_visible=is_visible):
                yield Object("constraint", definition.name, check.name), False


# -- containers --------------------------------------------------------------------------------------------------------


def _of_namespace(state: State, current: Object) -> Iterator[Found]:
    schema = current.name.schema
    owned = {sequence.name for sequence in state.sequences.values() if sequence.owner is not None}
    for kind, names in (("table", state.tables), ("sequence", state.sequences), ("type", state.types)):
        yield from ((Object(kind, n), False) for n in names if n.schema == schema and n not in owned)
    for name, functions in state.functions.items():
        if name.schema == schema:
            yield from ((Object("function", name, ", ".join(f.arguments)), False) for f in functions)
    for extension, where in state.extensions.items():
        if where == schema:
            yield Object("extension", Name("", extension)), False


def _of_extension(state: State, current: Object) -> Iterator[Found]:
    for (kind, text), extension in state.traits.items():
        if kind == "extension type" and extension == current.name.name:
            yield from ((Object("type", name), True) for name in state.types if str(name) == text)


_FINDERS: dict[str, Callable[[State, Object], Iterator[Found]]] = {
    "table": _of_table,
    "column": _of_column,
    "constraint": _of_constraint,
    "index": _of_index,
    "sequence": _of_sequence,
    "type": _of_type,
    "function": _of_function,
    "namespace": _of_namespace,
    "extension": _of_extension,
}

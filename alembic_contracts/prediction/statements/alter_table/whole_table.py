"""ALTER TABLE for the table as a whole applied to the catalog: owner, inheritance, partitions, options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.doubts import Harmless
from alembic_contracts.prediction.catalog.partition_bounds import unbind
from alembic_contracts.prediction.catalog.publishing import spread
from alembic_contracts.prediction.catalog.relations import NOT_TABLES, descendants, find, is_copy, is_inherited
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.statements.alter_table.subcommands import MISC, Alteration, Subcommand, is_typed
from alembic_contracts.schemas.schema import Constraint, Name, Table

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["SUBCOMMANDS"]


def _owner(alteration: Alteration, command: Node) -> None:
    from alembic_contracts.prediction.catalog.access import handed_over, owner_of

    owner = owner_of(alteration.state, command.newowner)
    alteration.state.tables.put(alteration.name, handed_over(alteration.table, owner))


def _persistence(value: Literal["permanent", "unlogged"]) -> Subcommand:
    from alembic_contracts.prediction.catalog.publishing import published_by_schema

    def apply(alteration: Alteration, command: Node) -> None:
        del command
        if alteration.table.kind == "partitioned table" and alteration.state.server_version >= 180000:
            raise sqlstate.wrong_object_type(f'"{alteration.name.name}" is a partitioned table')
        if alteration.table.persistence == "temporary":
            raise sqlstate.invalid_table_definition("cannot change logged status of a temporary table")
        if alteration.table.persistence == value:
            return
        _refuse_persistence(alteration, value)
        if alteration.table.kind == "partitioned table":  # before version 18: it has no storage, and stays what it is
            return
        changed = replace(alteration.table, persistence=value)
        published = published_by_schema(alteration.state.access_so_far, changed)
        alteration.state.tables.put(alteration.name, replace(changed, publications=published))

    return Subcommand(MISC, apply)


def _refuse_persistence(alteration: Alteration, value: Literal["permanent", "unlogged"]) -> None:
    """Refuse what would leave a permanent table with a foreign key to another one (``ATPrepChangePersistence``).

    Raises:
        PostgresError: 55000 it is published, 42P16 it is referenced by a permanent table or references another one.
    """
    table, state = alteration.table, alteration.state
    start = f'cannot change table "{table.name.name}" to {"logged" if value == "permanent" else "unlogged"} because it'
    if value == "unlogged" and table.publications:
        raise sqlstate.PostgresError("55000", f"{start} is part of a publication")
    keys = [each.references for each in table.constraints if each.references is not None]
    targets = [state.tables.get(name) for name in keys if name != table.name]
    if value == "permanent" and any(each is not None and each.persistence == "unlogged" for each in targets):
        raise sqlstate.invalid_table_definition(f"{start} references unlogged table")
    users = [user for user in state.mentioned_by(table.name) if user.name != table.name]
    permanent = [each for user in users if user.persistence == "permanent" for each in user.constraints]
    if value == "unlogged" and any(each.references == table.name for each in permanent):
        raise sqlstate.invalid_table_definition(f"{start} is referenced by logged table")


def _cluster_on(alteration: Alteration, command: Node) -> None:
    """Only the order of rows changes; the index has to be there.

    Raises:
        PostgresError: 42704 it is not, 42809 it is another table's, 0A000 it leaves rows out.
    """
    name, table = command.name, alteration.table
    index = next((each for each in table.indexes if each.name == name), None)
    if index is None and alteration.state.relation_kind(Name(table.name.schema, name)) is not None:
        raise sqlstate.wrong_object_type(f'"{name}" is not an index for table "{table.name.name}"')
    if index is None and table.complete:
        message = f'index "{name}" for table "{table.name.name}" does not exist'
        raise sqlstate.PostgresError("42704", message)
    if index is not None and index.predicate is not None:
        raise sqlstate.feature_not_supported(f'cannot cluster on partial index "{name}"')


def _row_security(value: Literal["", "enabled", "forced"]) -> Subcommand:
    """Return what ENABLE, DISABLE, FORCE and NO FORCE do; the last two show only where it is enabled."""

    def apply(alteration: Alteration, command: Node) -> None:
        on_off = parser.enum_name(command, "subtype") in {"AT_EnableRowSecurity", "AT_DisableRowSecurity"}
        if on_off or alteration.table.row_security:
            alteration.state.tables.put(alteration.name, replace(alteration.table, row_security=value))

    return Subcommand(MISC, apply)


_IDENTITIES: dict[str, Literal["default", "full", "nothing", "index"]] = {
    "d": "default",
    "f": "full",
    "n": "nothing",
    "i": "index",
}


def _replica_identity(alteration: Alteration, command: Node) -> None:
    stated = parser.unwrap(getattr(command, "def"))
    identity = _IDENTITIES[stated.identity_type]
    if identity == "index":
        index = next((each for each in alteration.table.indexes if each.name == stated.name), None)
        if index is None:
            raise sqlstate.PostgresError("42704", f'index "{stated.name}" for table does not exist')
        if not index.unique or index.predicate is not None or index.expressions:
            raise sqlstate.wrong_object_type(f'cannot use index "{stated.name}" as replica identity')
        columns = (alteration.table.column(name) for name in index.columns if name is not None)
        nullable = next((column.name for column in columns if column is not None and not column.not_null), None)
        if nullable is not None:
            why = f'column "{nullable}" is nullable'
            raise sqlstate.wrong_object_type(f'index "{stated.name}" cannot be used as replica identity because {why}')
    index_name = stated.name if identity == "index" else None
    changed = replace(alteration.table, replica_identity=identity, replica_index=index_name)
    alteration.state.tables.put(alteration.name, changed)


# -- inheritance -------------------------------------------------------------------------------------------------------


def _add_inherit(alteration: Alteration, command: Node) -> None:
    from alembic_contracts.prediction.tables.inheritance import refuse_parent, require_same_types

    table, state = alteration.table, alteration.state
    _refuse_as_child(state, table)
    parent = find(alteration.run, parser.unwrap(getattr(command, "def")))
    if parent is None:
        return
    refuse_parent(parent, table.persistence)
    if parent.name == table.name or parent.name in descendants(state, table.name):
        raise sqlstate.duplicate_table(table.name.name)
    if parent.name in table.parents:
        message = f'relation "{parent.name.name}" would be inherited from more than once'
        raise sqlstate.PostgresError("42P07", message)
    require_same_types(table, parent)
    inherit_constraints(alteration, table, parent)
    table = alteration.table
    state.tables.put(table.name, replace(table, parents=(*table.parents, parent.name)))
    own = {column.name for column in table.columns if not is_inherited(state, table, column.name)}
    state.local_columns.put(table.name, state.local_columns.get(table.name, frozenset()) | own)


def _refuse_as_child(state: State, table: Table) -> None:
    """Refuse a table whose parents are not to be chosen (``ATPrepAddInherit``)."""
    of_its_own = "typed table" if is_typed(state, table) else "partition" if table.partition else None
    noun = "partitioned table" if table.kind == "partitioned table" else of_its_own
    if noun is not None:
        raise sqlstate.wrong_object_type(f"cannot change inheritance of a {noun}")


def inherit_constraints(alteration: Alteration, table: Table, parent: Table) -> None:
    """Mark the child's constraints that its parent has as well (``MergeConstraintsIntoExisting``).

    Raises:
        PostgresError: 42804, the child lacks a check of its parent; 42P17, it has the constraint for itself alone, or
            not for all rows where the parent has.
    """
    marked = set()
    for constraint in parent.constraints:
        if constraint.kind not in {"check", "not null"} or constraint.no_inherit:
            continue
        same = next((c for c in table.constraints if is_copy(c, constraint)), None)
        if same is None and constraint.kind == "check":
            raise sqlstate.PostgresError("42804", f'child table is missing constraint "{constraint.name}"')
        if same is not None:
            _refuse_conflict(table, same, constraint)
            marked.add(same.name)
    kept = tuple(replace(c, inherited=True) if c.name in marked else c for c in table.constraints)
    alteration.state.tables.put(table.name, replace(table, constraints=kept))


def _refuse_conflict(child: Table, own: Constraint, inherited: Constraint) -> None:
    conflict = "non-inherited" if own.no_inherit else "NOT VALID" if inherited.valid and not own.valid else None
    if conflict is not None:
        message = f'constraint "{own.name}" conflicts with {conflict} constraint on child table "{child.name.name}"'
        raise sqlstate.invalid_definition(message)


def _drop_inherit(alteration: Alteration, command: Node) -> None:
    table = alteration.table
    parent = find(alteration.run, parser.unwrap(getattr(command, "def")))
    if parent is None:
        return
    if table.partition:
        raise sqlstate.wrong_object_type("cannot change inheritance of a partition")
    if parent.name not in table.parents:
        message = f'relation "{parent.name.name}" is not a parent of relation "{table.name.name}"'
        raise sqlstate.PostgresError("42P01", message)
    _leave(alteration, table, parent.name)


def _leave(alteration: Alteration, table: Table, parent: Name) -> None:
    """Make a table stand alone again; it keeps all that it has."""
    parents = tuple(name for name in table.parents if name != parent)
    kept = table.constraints if parents else tuple(replace(c, inherited=False) for c in table.constraints)
    columns = table.columns
    if table.partition and alteration.state.server_version >= 170000:
        columns = tuple(replace(column, identity="") for column in columns)
    if ("bound", str(table.name)) in alteration.state.traits:
        alteration.state.traits.remove(("bound", str(table.name)))
    left = replace(unbind(alteration.state, table), parents=parents, partition=False, constraints=kept, columns=columns)
    alteration.state.tables.put(table.name, left)
    spread(alteration.state, [table.name, *descendants(alteration.state, table.name)])


# -- partitions --------------------------------------------------------------------------------------------------------


def _attach(alteration: Alteration, command: Node) -> None:
    from alembic_contracts.prediction.tables.inheritance import attach_keys_of_parent, require_same_types, take_bound

    table, node = alteration.table, parser.unwrap(getattr(command, "def"))
    if table.kind != "partitioned table":
        raise sqlstate.wrong_object_type(f'table "{table.name.name}" is not partitioned')
    child = find(alteration.run, node.name)
    if child is None:
        return
    _refuse_as_partition(alteration.state, child, table)
    require_same_types(child, table)
    for column in child.columns:
        if table.column(column.name) is None and table.complete:
            message = f'table "{child.name.name}" contains column "{column.name}" not found in parent'
            raise sqlstate.PostgresError("42804", message)
    inherit_constraints(alteration, child, table)
    columns = tuple(
        replace(column, identity=parent.identity)
        if (parent := table.column(column.name)) is not None and alteration.state.server_version >= 170000
        else column
        for column in child.columns
    )
    child = alteration.state.tables[child.name]
    attached = replace(child, parents=(table.name,), partition=True, columns=columns)
    alteration.state.tables.put(child.name, attached)
    take_bound(alteration.state, child.name, table, node.bound)
    attach_keys_of_parent(alteration.state, child.name, table)


def _refuse_as_partition(state: State, child: Table, table: Table) -> None:
    """Refuse a relation that cannot become a partition of a table (``ATExecAttachPartition``).

    Raises:
        PostgresError: 42809, 42P07 the table is a partition of it.
    """
    from alembic_contracts.prediction.tables.inheritance import refuse_other_persistence

    if child.kind in NOT_TABLES:
        raise sqlstate.wrong_object_type(f'"{child.name.name}" is not a table')
    if child.partition:
        raise sqlstate.wrong_object_type(f'"{child.name.name}" is already a partition')
    if is_typed(state, child):
        raise sqlstate.wrong_object_type("cannot attach a typed table as partition")
    if child.name == table.name or table.name in descendants(state, child.name):
        raise sqlstate.PostgresError("42P07", "circular inheritance not allowed")
    if child.parents or (state.children(child.name) and child.kind == "table"):
        raise sqlstate.wrong_object_type("cannot attach an inheritance child or parent as partition")
    refuse_other_persistence(table, child.persistence)


def _detach(alteration: Alteration, command: Node) -> None:
    node = parser.unwrap(getattr(command, "def"))
    if node.concurrent:
        alteration.run.forbid_transaction("ALTER TABLE ... DETACH CONCURRENTLY")
    if alteration.table.kind != "partitioned table":
        raise sqlstate.wrong_object_type(f'table "{alteration.name.name}" is not partitioned')
    child = find(alteration.run, node.name)
    if child is None:
        return
    if alteration.name not in child.parents:
        message = f'relation "{child.name.name}" is not a partition of relation "{alteration.name.name}"'
        raise sqlstate.PostgresError("42P01", message)
    _leave(alteration, child, alteration.name)


def _of(alteration: Alteration, command: Node) -> None:
    names = parser.strings(parser.unwrap(getattr(command, "def")).names)
    definition = alteration.state.find_type(names[-1], names[-2] if len(names) > 1 else None)
    if definition is None:
        raise sqlstate.undefined_object("type", ".".join(names))
    if alteration.table.parents:
        raise sqlstate.wrong_object_type("typed tables cannot inherit")
    expected = [(name, type_) for name, type_ in definition.fields]
    if [(column.name, column.type) for column in alteration.table.columns] != expected:
        raise sqlstate.PostgresError("42804", "table is missing column or has a different type for it")
    alteration.state.traits.put(("of", str(alteration.name)), str(definition.name))


def _not_of(alteration: Alteration, command: Node) -> None:
    del command
    key = ("of", str(alteration.name))
    if key not in alteration.state.traits:
        raise sqlstate.wrong_object_type(f'"{alteration.name.name}" is not a typed table')
    alteration.state.traits.remove(key)


_TRIGGERS = Harmless("switches triggers on or off")
_RULES = Harmless("switches rules on or off")
_STORAGE = Harmless("where and how rows are stored")
_ROW_SECURITY = Harmless("which rows are visible, not which columns there are")

SUBCOMMANDS: dict[str, Subcommand | Harmless] = {
    "AT_ChangeOwner": Subcommand(MISC, _owner),
    "AT_SetLogged": _persistence("permanent"),
    "AT_SetUnLogged": _persistence("unlogged"),
    "AT_AddInherit": Subcommand(MISC, _add_inherit),
    "AT_DropInherit": Subcommand(MISC, _drop_inherit),
    "AT_AttachPartition": Subcommand(MISC, _attach),
    "AT_DetachPartition": Subcommand(MISC, _detach),
    "AT_DetachPartitionFinalize": Harmless("finishes a DETACH CONCURRENTLY, which was applied when it began"),
    "AT_AddOf": Subcommand(MISC, _of),
    "AT_DropOf": Subcommand(MISC, _not_of),
    **dict.fromkeys(
        ("AT_EnableTrig", "AT_EnableAlwaysTrig", "AT_EnableReplicaTrig", "AT_DisableTrig", "AT_EnableTrigAll",
         "AT_DisableTrigAll", "AT_EnableTrigUser", "AT_DisableTrigUser"), _TRIGGERS),
    **dict.fromkeys(("AT_EnableRule", "AT_EnableAlwaysRule", "AT_EnableReplicaRule", "AT_DisableRule"), _RULES),
    **dict.fromkeys(
        ("AT_DropCluster", "AT_DropOids", "AT_SetAccessMethod", "AT_SetTableSpace", "AT_GenericOptions"), _STORAGE),
    "AT_ReplaceRelOptions": Harmless("the parser never makes it: CREATE OR REPLACE VIEW uses it inside of the server"),
    "AT_ClusterOn": Subcommand(MISC, _cluster_on),
    "AT_EnableRowSecurity": _row_security("enabled"),
    "AT_DisableRowSecurity": _row_security(""),
    "AT_ForceRowSecurity": _row_security("forced"),
    "AT_NoForceRowSecurity": _row_security("enabled"),
    "AT_ReplicaIdentity": Subcommand(MISC, _replica_identity),
}  # fmt: skip

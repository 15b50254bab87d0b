"""DROP of everything applied to the catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.prediction.catalog import pending_events
from alembic_contracts.prediction.catalog.dependencies import Object, dependents
from alembic_contracts.prediction.catalog.object_names import described
from alembic_contracts.prediction.catalog.operators import drop_operator
from alembic_contracts.prediction.catalog.relations import descendants
from alembic_contracts.prediction.catalog.removal import drop
from alembic_contracts.prediction.catalog.traits import HANGING, HIDDEN
from alembic_contracts.prediction.catalog.unseen_users import beware
from alembic_contracts.prediction.sql import parser, sqlstate, system
from alembic_contracts.prediction.statements._routines import overloads
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Table

__all__ = ["HANDLERS", "OBJECT_TYPES"]


class _Relation(Struct, frozen=True):
    """A kind of relation as DROP knows it."""

    noun: str
    kinds: frozenset[str]
    sqlstate: str = "42P01"


_RELATIONS = {
    "OBJECT_TABLE": _Relation("table", frozenset({"table", "partitioned table"})),
    "OBJECT_VIEW": _Relation("view", frozenset({"view"})),
    "OBJECT_MATVIEW": _Relation("materialized view", frozenset({"materialized view"})),
    "OBJECT_FOREIGN_TABLE": _Relation("foreign table", frozenset({"foreign table"})),
    "OBJECT_SEQUENCE": _Relation("sequence", frozenset({"sequence"})),
    "OBJECT_INDEX": _Relation("index", frozenset({"index"}), "42704"),
}


def drop_objects(run: Execution, node: Node) -> None:
    """Apply DROP.

    Raises:
        PostgresError: the object does not exist, is of another kind, or others depend on it (2BP01).
    """
    kind = parser.enum_name(node, "remove_type")
    if node.concurrent:
        run.forbid_transaction("DROP INDEX CONCURRENTLY")
    find = OBJECT_TYPES.get(kind)
    if find is None:
        run.doubt(f"DROP of {kind} is not understood")
        return
    targets = []
    for target in node.objects:
        found = find(run, node, target)
        targets.extend(found)
    if targets:
        cascade = parser.enum_name(node, "behavior") == "DROP_CASCADE"
        for target in targets:
            _refuse_referenced_partition(run, target, cascade=cascade)
            if kind == "OBJECT_TABLE":
                pending_events.refuse(run, run.state.tables[target.name], "DROP TABLE")
        drop(run, targets, cascade=cascade)


def _refuse_referenced_partition(run: Execution, target: Object, *, cascade: bool) -> None:
    """A foreign key on a partitioned table holds each partition as well."""
    table = run.state.tables.get(target.name) if target.kind == "table" else None
    if table is None or not table.partition:
        return
    for whole in _partitioned(run, table):
        for user in run.state.mentioned_by(whole):
            keys = [each.name for each in user.constraints if each.references == whole and user.name != whole]
            if keys and not cascade:
                raise sqlstate.dependent_objects(
                    described(run.state, target), [described(run.state, Object("constraint", user.name, keys[0]))]
                )
            if keys:
                run.doubt(f"what becomes of {keys[0]} without the partition is not known", [user.name])


def _partitioned(run: Execution, partition: Table) -> Iterator[Name]:
    """Yield the tables that a table is a part of."""
    for parent in partition.parents:
        yield parent
        yield from _partitioned(run, run.state.tables[parent])


def _split(names: list[str]) -> tuple[str | None, str]:
    return (names[-2] if len(names) > 1 else None), names[-1]


def _check_schema(run: Execution, schema: str | None, *, missing_ok: bool) -> None:
    if schema is not None and not run.state.has_namespace(schema) and not missing_ok:
        raise sqlstate.undefined_schema(schema)


def _relation(run: Execution, node: Node, target: Node) -> list[Object]:
    wanted = _RELATIONS[parser.enum_name(node, "remove_type")]
    schema, name = _split(parser.strings(target.list.items))
    found = run.state.find_relation(name, schema)
    if found is None:
        if not run.state.complete_tables:
            unknown = Name(schema or run.state.current_schema() or "public", name)
            run.doubt(f"{unknown} is not known here", None if wanted.noun == "index" else [unknown])
        elif system.is_system_relation(name, schema) is not None:
            raise sqlstate.PostgresError("42501", f'permission denied: "{name}" is a system catalog')
        elif not node.missing_ok:
            _check_schema(run, schema, missing_ok=False)
            raise sqlstate.PostgresError(wanted.sqlstate, f'{wanted.noun} "{name}" does not exist')
        return []
    full, kind = found
    if kind not in wanted.kinds:
        raise sqlstate.wrong_object_type(f'"{name}" is not a {wanted.noun}')
    if kind == "index":
        return _index(run, full)
    if kind == "sequence":
        _refuse_identity(run, full)
        return [Object("sequence", full)]
    return [Object("table", full)]


def _refuse_identity(run: Execution, name: Name) -> None:
    sequence = run.state.sequences[name]
    if sequence.internal and sequence.owner is not None:
        table, column = sequence.owner
        message = f"cannot drop sequence {name.name} because column {column} of table {table.name} requires it"
        raise sqlstate.PostgresError("2BP01", message)


def _index(run: Execution, full: Name) -> list[Object]:
    table = run.state.index_table(full)
    if table is None:
        return []
    index = next(index for index in table.indexes if index.name == full.name)
    if index.constraint is not None:
        message = f"cannot drop index {full.name} because a constraint on table {table.name.name} requires it"
        raise sqlstate.PostgresError("2BP01", message)
    if _is_part_of_partitioned(run, table.parents, table.partition, index.columns, index.unique):
        raise sqlstate.PostgresError("2BP01", f"cannot drop index {full.name} because a partitioned index requires it")
    found = [Object("index", table.name, full.name)]
    if table.kind == "partitioned table":
        for child in descendants(run.state, table.name):
            same = [
                i for i in run.state.tables[child].indexes if i.columns == index.columns and i.unique == index.unique
            ]
            found.extend(Object("index", child, i.name) for i in same[:1] if i.constraint is None)
    return found


def _is_part_of_partitioned(
    run: Execution, parents: tuple[Name, ...], partition: bool, columns: tuple[str | None, ...], unique: bool
) -> bool:
    if not partition:
        return False
    return any(
        index.columns == columns and index.unique == unique and index.constraint is None
        for parent in parents
        for index in run.state.tables[parent].indexes
    )


def _type(run: Execution, node: Node, target: Node) -> list[Object]:
    names = parser.strings(target.type_name.names)
    schema, name = _split(names)
    definition = run.state.find_type(name, schema)
    noun = "domain" if parser.enum_name(node, "remove_type") == "OBJECT_DOMAIN" else "type"
    if definition is not None:
        if noun == "domain" and definition.kind != "domain":
            raise sqlstate.wrong_object_type(f'"{name}" is not a domain')
        return [Object("type", definition.name)]
    table = run.state.find_table(name, schema)
    if table is not None:
        message = f"cannot drop type {name} because table {name} requires it"
        raise sqlstate.PostgresError("2BP01", message)
    if not run.state.complete_tables:
        run.doubt(f"type {name} is not known here")
    elif not node.missing_ok:
        _check_schema(run, schema, missing_ok=False)
        if name in system.categories() and schema in {None, "pg_catalog"}:
            raise sqlstate.PostgresError("2BP01", f"cannot drop type {name} because it is required by the system")
        raise sqlstate.undefined_object(noun, ".".join(names))
    return []


def _namespace(run: Execution, node: Node, target: Node) -> list[Object]:
    name = target.string.sval
    if name in run.state.namespaces:
        return [Object("namespace", Name(name, ""))]
    if not node.missing_ok and run.state.complete_tables:
        raise sqlstate.undefined_schema(name)
    if not run.state.complete_tables:
        run.doubt(f"schema {name} is not known here")
    return []


def _function(run: Execution, node: Node, target: Node) -> list[Object]:
    schema, name = _split(parser.strings(target.object_with_args.objname))
    found = overloads(run.state, target.object_with_args)
    if len(found) > 1:
        raise sqlstate.PostgresError("42725", f'function name "{name}" is not unique')
    if found:
        return [Object("function", found[0].name, ", ".join(found[0].arguments))]
    if not run.state.holds_all(HIDDEN):
        cascade = parser.enum_name(node, "behavior") == "DROP_CASCADE"
        unknown = Object("function", Name(schema or run.state.current_schema() or "public", name))
        beware(run, [unknown], cascade=cascade)
        users = [found.name for found, _ in dependents(run.state, unknown)] if cascade else []
        if users:
            run.doubt(f"which of the functions called {name} is used where is not known", users)
        return [unknown] if users else []
    if not node.missing_ok:
        _check_schema(run, schema, missing_ok=False)
        raise sqlstate.PostgresError("42883", f"function {name}() does not exist")
    return []


def _attached(run: Execution, node: Node, target: Node) -> list[Object]:
    """Triggers, policies, rules: named together with their table."""
    kind = parser.enum_name(node, "remove_type").removeprefix("OBJECT_").lower()
    *table_names, name = parser.strings(target.list.items)
    schema, table_name = _split(table_names)
    table = run.state.find_table(table_name, schema)
    if table is None:
        if run.state.complete_tables and not node.missing_ok:
            raise sqlstate.undefined_table(table_name)
        return []
    if (kind, table.name, name) in run.state.attachments:
        return [Object("attachment", table.name, f"{kind} {name}")]
    if table.kind == "view" and kind in ("trigger", "rule") and not run.state.holds_all(HANGING):
        run.state.tables.put(table.name, replace(table, taken=None))  # the database may have it
    if not node.missing_ok:
        missing = sqlstate.PostgresError("42704", f'{kind} "{name}" for table "{table_name}" does not exist')
        run.absent(missing, known=run.state.holds_all(HANGING))
    return []


def _free_standing(run: Execution, node: Node, target: Node) -> list[Object]:
    """Statistics and publications."""
    kind = "statistics" if parser.enum_name(node, "remove_type") == "OBJECT_STATISTIC_EXT" else "publication"
    names = parser.strings(target.list.items) if target.HasField("list") else [target.string.sval]
    for key in run.state.attachments:
        if key[0] == kind and key[2] == names[-1]:
            return [Object("attachment", key[1] or Name("", ""), f"{kind} {names[-1]}")]
    if not node.missing_ok:
        known = run.state.complete or (kind == "publication" and run.state.access.complete)
        run.absent(sqlstate.undefined_object(kind, names[-1]), known=known)
    return []


def _extension(run: Execution, node: Node, target: Node) -> list[Object]:
    name = target.string.sval
    cascade = parser.enum_name(node, "behavior") == "DROP_CASCADE"
    if name in run.state.extensions:
        if name not in system.EXTENSIONS and cascade:
            run.doubt(f"what extension {name} brought along is not known")
        return [Object("extension", Name("", name))]
    known = run.state.holds_all(HIDDEN)
    if not node.missing_ok:
        run.absent(sqlstate.undefined_object("extension", name), known=known)
    if cascade and not known:
        run.doubt(f"what extension {name} brought along is not known")
    return []


def _nothing(run: Execution, node: Node, target: Node) -> list[Object]:
    """Objects on which the shape of no table depends; whether they exist is not known."""
    del node, target
    run.state.uncertain.note_refusal()
    return []


def _cast_or_operator(run: Execution, node: Node, target: Node) -> list[Object]:
    """Objects that views can use; RESTRICT would refuse then, and CASCADE would drop the view."""
    if parser.enum_name(node, "remove_type") == "OBJECT_OPERATOR":
        drop_operator(run.state, target.object_with_args)
    run.state.uncertain.note_refusal()
    if parser.enum_name(node, "behavior") == "DROP_CASCADE":
        run.doubt(f"DROP of {parser.enum_name(node, 'remove_type')} with CASCADE may drop views and columns")
    return []


def _server(run: Execution, node: Node, target: Node) -> list[Object]:
    """A foreign server, or (which of them is not kept) the wrapper behind servers."""
    run.state.uncertain.note_refusal()  # whether it is there is not known
    wrapper = parser.enum_name(node, "remove_type") == "OBJECT_FDW"
    on_it = {name for (kind, name), server in run.state.traits.items()
             if kind == "server" and (wrapper or server == target.string.sval)}  # fmt: skip
    tables = [table for table in run.state.tables.values() if table.kind == "foreign table"]
    found = [Object("table", table.name) for table in tables if str(table.name) in on_it]
    unknown = [table.name for table in tables if ("server", str(table.name)) not in run.state.traits]
    cascade = parser.enum_name(node, "behavior") == "DROP_CASCADE"
    if cascade and (unknown or (wrapper and found)):
        run.doubt(f"which foreign tables are on {target.string.sval} is not known", [t.name for t in tables])
        return []
    if found and not cascade:
        raise sqlstate.dependent_objects(f"server {target.string.sval}", [described(run.state, each) for each in found])
    return found


OBJECT_TYPES: dict[str, Callable[[Execution, Node, Node], list[Object]]] = {
    **dict.fromkeys(_RELATIONS, _relation),
    "OBJECT_TYPE": _type,
    "OBJECT_DOMAIN": _type,
    "OBJECT_SCHEMA": _namespace,
    "OBJECT_FUNCTION": _function,
    "OBJECT_PROCEDURE": _function,
    "OBJECT_ROUTINE": _function,
    "OBJECT_AGGREGATE": _function,
    "OBJECT_TRIGGER": _attached,
    "OBJECT_POLICY": _attached,
    "OBJECT_RULE": _attached,
    "OBJECT_STATISTIC_EXT": _free_standing,
    "OBJECT_PUBLICATION": _free_standing,
    "OBJECT_EXTENSION": _extension,
    "OBJECT_COLLATION": _cast_or_operator,
    "OBJECT_OPERATOR": _cast_or_operator,
    "OBJECT_OPCLASS": _cast_or_operator,
    "OBJECT_OPFAMILY": _cast_or_operator,
    "OBJECT_CAST": _cast_or_operator,
    "OBJECT_ACCESS_METHOD": _cast_or_operator,
    "OBJECT_FDW": _server,
    "OBJECT_FOREIGN_SERVER": _server,
    "OBJECT_LANGUAGE": _cast_or_operator,
    "OBJECT_CONVERSION": _nothing,
    "OBJECT_EVENT_TRIGGER": _nothing,
    "OBJECT_TRANSFORM": _nothing,
    "OBJECT_TSCONFIGURATION": _cast_or_operator,
    "OBJECT_TSDICTIONARY": _cast_or_operator,
    "OBJECT_TSPARSER": _cast_or_operator,
    "OBJECT_TSTEMPLATE": _cast_or_operator,
}
"""What finds the objects of each kind that DROP can name."""

HANDLERS = {"drop_stmt": drop_objects}

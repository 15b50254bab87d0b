"""A statement, block or function in, the tables that it could change at most out, without running it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.access import forget, may_take_away
from alembic_contracts.prediction.plpgsql import altering, tree
from alembic_contracts.prediction.plpgsql.grammar import parse_body
from alembic_contracts.prediction.plpgsql.known_values import UNKNOWN
from alembic_contracts.prediction.plpgsql.templates import PLACEHOLDER, fill
from alembic_contracts.prediction.sql import named_objects, parser, system
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.prediction.sql.statement_kinds import CHANGES_ROWS, HARMLESS, OF_ACCESS, OF_TYPES, SHAPELESS
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import Function, State
    from alembic_contracts.prediction.sql.parser import Node, Statement

__all__ = [
    "HARMLESS_BEGINNINGS",
    "NOTHING",
    "OF_NAMED_TABLES",
    "Tables",
    "alterers",
    "called",
    "changes_session",
    "made_by",
    "of_block",
    "of_call",
    "of_calls",
    "of_dependent",
    "of_function",
    "of_sql",
    "of_statement",
    "of_steps",
    "of_trigger",
    "together",
]

Tables = frozenset[Name] | None
"""Tables whose shape may change; None: it could be any."""

NOTHING: Tables = frozenset()

_WRITTEN_QUERIES = frozenset({"query_to_xml", "query_to_xmlschema", "query_to_xml_and_xmlschema", "cursor_to_xml"})
"""Built-in functions that run a query which they are given as text."""

OF_NAMED_TABLES = frozenset(
    {
        "addgeometrycolumn", "dropgeometrycolumn", "dropgeometrytable", "updategeometrysrid",
        "populate_geometry_columns", "addrastercolumn", "addrasterconstraints", "create_hypertable", "add_dimension",
        "create_distributed_table", "create_reference_table", "undistribute_table",
    }
)  # fmt: skip
"""Functions of PostGIS, TimescaleDB and Citus that run DDL on the tables that they are given; no others of them do."""


def together(found: Iterable[Tables]) -> Tables:
    """Return all tables of several statements."""
    tables: set[Name] = set()
    for each in found:
        if each is None:
            return None
        tables |= each
    return frozenset(tables)


def alterers(state: State) -> frozenset[str]:
    """Return the names, without schemas, of users' functions and procedures that may change tables."""
    return altering.named(
        state,
        lambda function: of_function(state, function) == NOTHING,
        lambda name: of_call(state, (name,)) == NOTHING,
    )


# -- functions ---------------------------------------------------------------------------------------------------------


def of_call(state: State, names: tuple[str, ...], seen: frozenset[Name] = frozenset()) -> Tables:
    """Return what calling a function of this name can change; a function that is not known can change anything."""
    schema, name = (names[-2] if len(names) > 1 else None), names[-1]
    functions = state.find_functions(name, schema)
    observed = state.observed_reach.get(name, NOTHING)
    built_in = schema in {None, "pg_catalog"} and (name in system.functions() or name in system.categories())
    if functions:
        known = (of_function(state, function, seen) for function in functions if function.name not in seen)
        return together([observed, *known])
    if built_in:  # or a user's, where the search path has its schema before
        return None if name in _WRITTEN_QUERIES else observed
    if name in state.observed_reach:
        return observed
    if _is_of_extension(name):
        return NOTHING
    if name in OF_NAMED_TABLES or state.find_type(name, schema) is None:
        return None
    return NOTHING  # the name of a type is a cast


def _is_of_extension(name: str) -> bool:
    """Whether a name is that of a well-known extension's function, none of which runs DDL but those of PostGIS.

    A function of a user's own could have such a name without being known here; that it would also run DDL is not
    worth a doubt at every ``uuid_generate_v4()``.
    """
    if name in OF_NAMED_TABLES:
        return False
    return name.startswith(("st_", "_st_")) or any(name in known.functions for known in system.EXTENSIONS.values())


def of_function(state: State, function: Function, seen: frozenset[Name] = frozenset()) -> Tables:
    """Return what a function's body can change, and what it calls."""
    if function.kind == "aggregate":
        return NOTHING
    if function.body is None:
        return None
    seen |= {function.name}
    if function.language == "sql":
        return of_sql(state, function.body, seen)
    if function.language == "plpgsql":
        try:
            return of_block(state, parse_body(function.body), seen)
        except PostgresError:
            return None
    return NOTHING if function.language in {"internal", "c"} else None


# -- SQL ---------------------------------------------------------------------------------------------------------------


def of_sql(state: State, text: str, seen: frozenset[Name] = frozenset()) -> Tables:
    """Return what the statements of a text can change; None where it does not parse."""
    try:
        statements = parser.parse(text)
    except PostgresError:
        return None
    return together(of_statement(state, statement, seen) for statement in statements)


def of_statement(state: State, statement: Statement, seen: frozenset[Name] = frozenset()) -> Tables:
    """Return what a statement can change at most."""
    kind, node = statement.kind, statement.node
    if may_take_away(statement) or kind == "grant_stmt":
        forget(state)
    if kind == "comment_stmt":
        return _of_comment(state, node)
    if kind in SHAPELESS:
        return together([_set_off(state, statement, seen), of_calls(state, node, seen)])
    if kind in HARMLESS or kind in OF_ACCESS:
        return NOTHING
    if kind == "do_stmt":
        return _of_do(state, node, seen)
    if kind == "call_stmt":
        return of_call(state, tuple(parser.strings(node.funccall.funcname)), seen)
    if kind == "drop_stmt":
        return _of_drop(state, node)
    if kind in OF_TYPES:
        return _of_type(state, parser.strings(node.type_name))
    return _of_relations(state, node)


def of_calls(state: State, node: Node, seen: frozenset[Name] = frozenset()) -> Tables:
    """Return what the functions can change that a statement or expression calls."""
    return together(of_call(state, names, seen) for names in called(node))


def _set_off(state: State, statement: Statement, seen: frozenset[Name]) -> Tables:
    """Return what triggers may change that a change of rows fires."""
    names = alterers(state) if statement.kind in CHANGES_ROWS else ()
    functions = [trigger.function for trigger in altering.fired(state, statement.node, names)] if names else []
    return together(of_trigger(state, function, seen) for function in functions if function is not None)


def of_trigger(state: State, function: Name, seen: frozenset[Name] = frozenset()) -> Tables:
    """Return what the function of a trigger can change."""
    return of_call(state, tuple(filter(None, (function.schema, function.name))), seen)


def called(node: Node) -> Iterator[tuple[str, ...]]:
    """Yield the names of the functions that a statement calls."""
    for message in parser.walk(node):
        if message.DESCRIPTOR.name == "FuncCall":
            yield tuple(parser.strings(message.funcname))


def _of_do(state: State, node: Node, seen: frozenset[Name]) -> Tables:
    options = {option.defname: option.arg.string.sval for option in parser.children(node.args)}
    if options.get("language", "plpgsql") != "plpgsql":
        return None
    try:
        return of_block(state, parse_body(options.get("as", "")), seen)
    except PostgresError:
        return None


def of_dependent(state: State, statement: Statement, changed: Iterable[Name]) -> Tables:
    """Return what a statement may have done otherwise than here, where it depends on what is not known.

    Args:
        state: the state after it.
        statement: the statement.
        changed: the tables that it changed here.
    """
    if statement.kind in HARMLESS or statement.kind in OF_ACCESS or statement.kind in SHAPELESS:
        return frozenset(changed)
    if "cascade" in statement.sql.lower():
        return together([frozenset(changed), of_statement(state, statement)])
    names = named_objects.used(statement.node)
    schemas = {table.schema for table in changed} | {state.current_schema() or "public"}
    named = {table for table in state.tables.loaded() if table.name in names}
    return frozenset({*changed, *named, *(Name(schema, name) for schema in schemas for name in names)})


def made_by(steps: Iterable[tree.Statement]) -> frozenset[str]:
    """Return the names that statements of a block give or take away, as far as they are written out."""
    found: set[str] = set()
    for step in tree.walk(tree.Block(None, (), tuple(steps), ())):
        text = step.text if isinstance(step, tree.Sql) else None
        if isinstance(step, tree.Execute):
            node = parser.parse_expression(step.text)
            text = None if node is None else fill(node, _constant)
        try:
            statements = () if text is None else parser.parse(text)
        except PostgresError:
            continue
        found.update(*(named_objects.made(statement.node) for statement in statements))
    return frozenset(found - {PLACEHOLDER})


_OF_SESSION = frozenset({"search_path", "role", "session_authorization"})


def changes_session(steps: Iterable[tree.Statement]) -> bool:
    """Return whether statements of a block can change in which schemas names are looked for, and as whom."""
    for step in tree.walk(tree.Block(None, (), tuple(steps), ())):
        for text in (*tree.texts(step), *([step.text] if isinstance(step, tree.Sql) else ())):
            folded = text.lower()
            if "set_config" in folded or "discard" in folded or "reset" in folded:
                return True
            if "set" in folded and any(name in folded for name in _OF_SESSION):
                return True
    return False


def _of_relations(state: State, node: Node) -> Tables:
    """Return all tables that a statement names: in any schema, as it may run with another search path."""
    found: set[Name] = set()
    for message in parser.walk(node):
        if message.DESCRIPTOR.name == "RangeVar":
            found |= _named(state, message.schemaname, message.relname)
    if node.DESCRIPTOR.name == "RenameStmt" and parser.enum_name(node, "rename_type") in _RELATIONS:
        found |= {Name(name.schema, node.newname) for name in found}
    if node.DESCRIPTOR.name == "AlterObjectSchemaStmt":
        found |= {Name(node.newschema, name.name) for name in found}
    return frozenset(found) if found else None


def _named(state: State, schema: str, name: str) -> set[Name]:
    if schema:
        known = {Name(schema, name)}
    else:
        known = {other for other in state.tables if other.name == name}
        known |= {Name(state.current_schema() or "public", name)}
    known |= {table.name for full in known if (table := state.index_table(full)) is not None}
    queue = [full for full in known if full in state.tables]
    while queue:  # views on views, tables with foreign keys, partitions: CASCADE and inheritance reach them
        for user in state.mentioned_by(queue.pop()):
            if user.name not in known:
                known.add(user.name)
                queue.append(user.name)
    return known


def _of_type(state: State, names: list[str]) -> Tables:
    definition = state.find_type(names[-1], names[-2] if len(names) > 1 else None)
    return None if definition is None else frozenset(table.name for table in state.mentioned_by(definition.name))


def _of_comment(state: State, node: Node) -> Tables:
    """Return the table whose own comment, or a column's, is another one."""
    is_column = parser.enum_name(node, "objtype") == "OBJECT_COLUMN"
    if not is_column and parser.enum_name(node, "objtype") not in _RELATIONS:
        return NOTHING
    names = parser.strings(node.object.list.items)
    names = names[:-1] if is_column else names
    return frozenset(_named(state, names[-2] if len(names) > 1 else "", names[-1]))


_LOOSE = frozenset(
    {
        "OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE", "OBJECT_TRIGGER", "OBJECT_POLICY",
        "OBJECT_RULE", "OBJECT_SEQUENCE", "OBJECT_STATISTIC_EXT", "OBJECT_PUBLICATION", "OBJECT_EVENT_TRIGGER",
        "OBJECT_INDEX", "OBJECT_TYPE", "OBJECT_DOMAIN", "OBJECT_EXTENSION", "OBJECT_SCHEMA",
    }
)  # fmt: skip
_RELATIONS = frozenset({"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE"})


def _of_drop(state: State, node: Node) -> Tables:
    kind = parser.enum_name(node, "remove_type")
    if kind in _RELATIONS:
        found: set[Name] = set()
        for target in node.objects:
            names = parser.strings(target.list.items)
            found |= _named(state, names[-2] if len(names) > 1 else "", names[-1])
        return frozenset(found)
    cascade = parser.enum_name(node, "behavior") == "DROP_CASCADE"
    if kind == "OBJECT_INDEX" and not cascade:
        return together(_of_index(state, parser.strings(target.list.items)[-1]) for target in node.objects)
    return NOTHING if kind in _LOOSE and not cascade else None


def _of_index(state: State, name: str) -> Tables:
    """Return the tables that have an index of this name; None where not all of it is known."""
    tables = state.tables.loaded().values()
    return None if PLACEHOLDER in name else frozenset(t.name for t in tables if any(i.name == name for i in t.indexes))


# -- PL/pgSQL ----------------------------------------------------------------------------------------------------------


def of_block(state: State, block: tree.Block, seen: frozenset[Name] = frozenset()) -> Tables:
    """Return what the statements of a block can change, whichever of them run."""
    return together(_of_step(state, step, seen) for step in tree.walk(block))


def of_steps(state: State, steps: Iterable[tree.Statement]) -> Tables:
    """Return what some statements of a block can change."""
    return of_block(state, tree.Block(None, (), tuple(steps), ()))


def _of_step(state: State, step: tree.Statement, seen: frozenset[Name]) -> Tables:
    if isinstance(step, tree.Sql):
        return of_sql(state, step.text, seen)
    if isinstance(step, tree.Execute):
        given = (_of_expression(state, text, seen) for text in step.using)
        return together([_of_dynamic(state, step.text, seen), *given])
    if isinstance(step, tree.ForRows) and step.dynamic:
        return _of_dynamic(state, step.query, seen)
    if isinstance(step, tree.Return) and step.dynamic:
        return _of_dynamic(state, step.text or "", seen)
    if isinstance(step, tree.Open) and step.dynamic is not None:
        return _of_dynamic(state, step.dynamic, seen)
    return together(_of_expression(state, text, seen) for text in tree.texts(step))


def _of_expression(state: State, text: str, seen: frozenset[Name]) -> Tables:
    node = parser.parse_expression(text)
    if node is None:
        return of_sql(state, text, seen)
    return of_calls(state, node, seen)


HARMLESS_BEGINNINGS = ("grant ", "revoke ", "comment on ", "analyze ", "vacuum ", "refresh materialized view ", "set ")


def _of_dynamic(state: State, expression: str, seen: frozenset[Name]) -> Tables:
    """Return what an EXECUTE can change: its statement is an expression, of which the beginning may be known."""
    node = parser.parse_expression(expression)
    if node is None:
        return None
    text = fill(node, _constant)
    tables = None if text is None else of_sql(state, text, seen)
    if tables is not None and not any(PLACEHOLDER in str(name) for name in tables):
        return tables
    beginning = _beginning(parser.unwrap(node)).lstrip().lower()
    if beginning.startswith("revoke "):
        forget(state)
    return NOTHING if beginning.startswith(HARMLESS_BEGINNINGS) else None


def _constant(node: Node) -> object:
    """Return the text of a literal."""
    value = parser.unwrap(node)
    is_text = value.DESCRIPTOR.name == "A_Const" and value.HasField("sval")
    return value.sval.sval if is_text else UNKNOWN


def _beginning(value: Node) -> str:
    """Return the text that the result of an expression begins with, as far as it is a literal."""
    kind = value.DESCRIPTOR.name
    if kind == "A_Const" and value.HasField("sval"):
        return str(value.sval.sval)
    if kind == "A_Expr" and parser.strings(value.name) == ["||"] and value.HasField("lexpr"):
        return _beginning(parser.unwrap(value.lexpr))
    if kind == "FuncCall" and parser.strings(value.funcname)[-1] in {"format", "concat"} and value.args:
        return _beginning(parser.unwrap(value.args[0])).partition("%")[0]
    if kind == "TypeCast":
        return _beginning(parser.unwrap(value.arg))
    return ""

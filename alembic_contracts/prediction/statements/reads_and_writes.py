"""SELECT, INSERT, UPDATE, DELETE, MERGE, COPY, TRUNCATE, EXPLAIN in, what they read and call out.

They leave the shape of tables alone, unless a function that they call does not, or a trigger that they fire.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog import pending_events
from alembic_contracts.prediction.catalog.doubts import Doubtful, Harmless
from alembic_contracts.prediction.catalog.execution import Handler
from alembic_contracts.prediction.catalog.relations import descendants, find
from alembic_contracts.prediction.catalog.state import Analysed
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.sql.mentions import split_name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.plpgsql.reach import Tables
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Name, Table

__all__ = ["HANDLERS"]


def select(run: Execution, node: Node) -> None:
    """Apply SELECT, VALUES and TABLE; SELECT INTO creates a table."""
    from alembic_contracts.prediction.queries.calls import calls_in
    from alembic_contracts.prediction.queries.lookup import check_query

    leftmost = node
    while leftmost.HasField("larg"):
        leftmost = leftmost.larg
    if leftmost.HasField("into_clause"):
        _select_into(run, node)
        calls = list(calls_in(node))
    else:
        calls = check_query(run, node)
        run.query = node
    _call_functions(run, node, calls)


def _select_into(run: Execution, node: Node) -> None:
    """Apply SELECT ... INTO table; the INTO stands in the statement or, for UNION, in its leftmost part.

    Raises:
        PostgresError: as the server would.
    """
    from alembic_contracts.prediction.tables.from_query import create_from_query

    leftmost = node
    while leftmost.HasField("larg"):
        leftmost = leftmost.larg
    create_from_query(run, leftmost.into_clause, node, "table")


def change_rows(run: Execution, node: Node) -> None:
    """Apply INSERT, UPDATE, DELETE and MERGE."""
    from alembic_contracts.prediction.queries.lookup import check_query

    calls = check_query(run, node)
    if node.HasField("returning_clause"):
        run.query = node
    _call_functions(run, node, calls)
    table = run.state.find_table(node.relation.relname, node.relation.schemaname or None)
    if table is not None:
        _note_events(run, node, table)
        if node.DESCRIPTOR.name != "InsertStmt" and _lacks_identity(table):
            run.state.uncertain.note_refusal()


def _lacks_identity(table: Table) -> bool:
    """Whether changes of rows may not be published, and are refused then (``CheckCmdReplicaIdentity``)."""
    if not table.publications or table.replica_identity in {"full", "index"}:
        return False
    has_key = any(constraint.kind == "primary key" for constraint in table.constraints)
    is_whole = all(each.columns is None and each.row_filter is None for each in table.publications)
    return not (has_key and is_whole and table.replica_identity == "default")


def _call_functions(run: Execution, node: Node, calls: list[Node]) -> None:
    """Follow what the functions do that a query calls."""
    from alembic_contracts.prediction.plpgsql.function_calls import run_function
    from alembic_contracts.prediction.plpgsql.reach import OF_NAMED_TABLES, of_call
    from alembic_contracts.prediction.queries.calls import names_of_calls

    alone = _called_once(node)
    for call in alone:
        if parser.strings(call.funcname)[-1] == "set_config":
            _set_config(run, call)
    for names in names_of_calls(calls):
        if names[-1] == "set_config" and not alone:
            run.doubt("set_config() in a query over rows may change the search path")
        tables = of_call(run.state, names)
        if tables is not None and not tables:
            continue
        call = next((call for call in alone if tuple(parser.strings(call.funcname)) == names), None)
        if call is None or not run_function(run, call):
            if names[-1] in OF_NAMED_TABLES:
                tables = _named_in(run, [c for c in calls if c.DESCRIPTOR.name == "FuncCall"], names)
            run.doubt(f"function {'.'.join(names)}() may change tables", tables)


def _named_in(run: Execution, calls: list[Node], names: tuple[str, ...]) -> Tables:
    """Return the tables that literals among the arguments of calls name, None where there are none."""
    found: set[Name] = set()
    for call in calls:
        if tuple(parser.strings(call.funcname)) != names:
            continue
        texts = [a.a_const.sval.sval for a in call.args if a.HasField("a_const") and a.a_const.HasField("sval")]
        for text in texts:
            schema, name = split_name(text)
            found |= {other for other in run.state.tables if other.name == name and schema in {None, other.schema}}
    return frozenset(found) or None


def _called_once(node: Node) -> list[Node]:
    """Return the calls that a ``SELECT f(), g()`` without FROM or WHERE consists of."""
    if node.DESCRIPTOR.name != "SelectStmt" or node.values_lists or parser.enum_name(node, "op") != "SETOP_NONE":
        return []
    if node.HasField("where_clause") or node.HasField("with_clause"):
        return []
    if not node.from_clause:
        return [t.res_target.val.func_call for t in node.target_list if t.res_target.val.HasField("func_call")]
    return _called_in_from(node)


def _called_in_from(node: Node) -> list[Node]:
    """Return the call of a ``SELECT * FROM f()``."""
    if len(node.from_clause) != 1 or not node.from_clause[0].HasField("range_function"):
        return []
    functions = node.from_clause[0].range_function.functions
    item = functions[0].list.items[0]
    return [item.func_call] if len(functions) == 1 and item.HasField("func_call") else []


def _set_config(run: Execution, call: Node) -> None:
    from alembic_contracts.prediction.plpgsql.known_values import UNKNOWN, value_of

    values = [value_of(run, argument) for argument in call.args]
    if len(values) != 3:
        return
    name, value, local = values
    if isinstance(name, str) and (value is None or isinstance(value, str)) and isinstance(local, bool):
        run.state.set_setting(name.lower(), value or "", local=local)
    elif name is UNKNOWN or str(name).lower() in {"search_path", "role", "session_authorization"}:
        run.doubt("set_config() sets what is not known: tables may be looked for elsewhere from here on")


def _note_events(run: Execution, node: Node, table: Table) -> None:
    from alembic_contracts.prediction.plpgsql.row_changes import following

    pending_events.note(run, node, table, following(run.state, [table]))


def copy(run: Execution, node: Node) -> None:
    """Apply COPY.

    Raises:
        PostgresError: 42P01, 42703, 42809.
    """
    from alembic_contracts.prediction.queries.analysis import Analysis
    from alembic_contracts.prediction.queries.dml import target

    if node.HasField("query"):
        run.apply(parser.Statement(run.statement.sql, parser.kind_of(node.query), parser.unwrap(node.query)))
        run.query = None
        return
    analysis = Analysis(run)
    if node.is_from:
        table = target(analysis, node.relation)
    entry = analysis.relation(node.relation, {})
    table = None if entry.table is None else run.state.tables.get(entry.table)
    if table is None:
        return
    if table.kind in {"view", "materialized view"} and not node.is_from:
        raise sqlstate.wrong_object_type(f'cannot copy from {table.kind} "{table.name.name}"')
    for column in parser.strings(node.attlist):
        if table.complete and table.column(column) is None:
            raise sqlstate.undefined_column(column, table.name.name)
    if node.is_from:
        _note_events(run, node, table)
    else:
        run.reads.add(table.name)


def truncate(run: Execution, node: Node) -> None:
    """Apply TRUNCATE.

    Raises:
        PostgresError: 42P01, 42809 it is a view, 0A000 another table has a foreign key to it.
    """
    named = [find(run, relation) for relation in parser.children(node.relations)]
    tables = [table for table in named if table is not None]
    for table in tables:
        if table.kind in {"view", "materialized view"}:
            raise sqlstate.wrong_object_type(f'"{table.name.name}" is not a table')
    for table in tables:
        pending_events.refuse(run, table, "TRUNCATE")
    all_names = {table.name for table in tables}
    for table in tables:
        all_names.update(descendants(run.state, table.name))
    if parser.enum_name(node, "behavior") == "DROP_CASCADE":
        return
    for name in all_names:
        for user in run.state.mentioned_by(name):
            if user.name not in all_names and any(c.references == name for c in user.constraints):
                message = f'cannot truncate a table referenced in a foreign key constraint: "{user.name}"'
                raise sqlstate.feature_not_supported(message)


def explain(run: Execution, node: Node) -> None:
    """Apply EXPLAIN, which runs its statement with ANALYZE alone."""
    from alembic_contracts.prediction.queries.lookup import check_query

    options = {option.defname: option for option in parser.children(node.options)}
    statement = parser.Statement(run.statement.sql, parser.kind_of(node.query), parser.unwrap(node.query))
    analyze = options.get("analyze")
    if (analyze is not None and _is_on(analyze)) or statement.kind == "execute_stmt":
        run.apply(statement)
    elif statement.kind in {"select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt"}:
        check_query(run, statement.node)
    run.query = node


def _is_on(option: Node) -> bool:
    value = parser.child(option, "arg")
    if value is None:
        return True
    text = getattr(value, "sval", None)
    if text is None:
        text = str(getattr(value, "ival", getattr(value, "boolval", True)))
    return str(text).lower() not in {"false", "off", "0", "no"}


_REMEMBERED = 500
"""Texts; loops over batches repeat a few of them thousands of times."""
_LONGEST = 20_000
"""Characters; longer statements are data, which is not seen twice."""


def _once(handler: Handler) -> Handler:
    """Return a handler that does not look at the same text again as long as the catalog stays as it is."""

    def look_up_or_apply(run: Execution, node: Node) -> None:
        sql, version = run.statement.sql, run.state.journal.version
        if run.depth or run.scope is not None or run.statement.node is not node or len(sql) > _LONGEST:
            handler(run, node)
            return
        known = run.state.analysed.get(sql)
        if known is not None and known.version == version:
            run.reads.update(known.reads)
            run.doubts.extend(known.doubts)
            run.query = known.query
            return
        handler(run, node)
        if run.state.journal.version == version:
            if len(run.state.analysed) >= _REMEMBERED:
                run.state.analysed.clear()
            run.state.analysed[sql] = Analysed(version, frozenset(run.reads), tuple(run.doubts), run.query)

    return look_up_or_apply


HANDLERS: dict[str, Handler | Harmless | Doubtful] = {
    "select_stmt": _once(select),
    "insert_stmt": _once(change_rows),
    "update_stmt": _once(change_rows),
    "delete_stmt": _once(change_rows),
    "merge_stmt": _once(change_rows),
    "copy_stmt": copy,
    "truncate_stmt": truncate,
    "explain_stmt": explain,
}

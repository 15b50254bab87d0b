"""Statements with their parse trees in, what they read that another server may have otherwise out.

A replay runs on empty tables, under another role, at another moment, with other settings. So it is told apart, function
by function and relation by relation, what follows from the schema alone. That is what is immutable by PostgreSQL's own
word, and what is listed here; all else counts as something that may be otherwise, and so does what cannot be looked up.

Changes of rows do not count by themselves: what they put into tables is not looked at. Nor do definitions (CREATE,
ALTER, DROP), whose effect is in the schema that is observed afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from alembic_contracts.dialects.postgresql.replays.parse_trees import UNSHOWN, Tree, tree_of
from alembic_contracts.dialects.replay_protocols import Reliance
from alembic_contracts.patterns import pattern

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Statements", "statements"]

_BY_THE_SCHEMA = frozenset(
    """
    anytextcat textanycat array_to_string array_to_json col_description concat concat_ws convert convert_from
    convert_to current_schema
    current_schemas enum_first enum_last enum_range format format_type json_agg json_build_array
    json_build_object json_object_agg jsonb_agg jsonb_build_array jsonb_build_object jsonb_object_agg
    obj_description pg_basetype pg_collation_is_visible pg_function_is_visible pg_get_constraintdef
    pg_get_expr pg_get_function_arguments pg_get_function_identity_arguments pg_get_function_result
    pg_get_functiondef pg_get_indexdef pg_get_partkeydef pg_get_partition_constraintdef pg_get_ruledef
    pg_get_serial_sequence pg_get_triggerdef pg_get_viewdef pg_identify_object pg_opclass_is_visible
    pg_operator_is_visible pg_table_is_visible pg_type_is_visible pg_typeof quote_literal quote_nullable
    regclass regproc regprocedure regtype row_to_json to_json to_jsonb to_regclass to_regnamespace to_regoper
    to_regproc to_regprocedure to_regtype unnest generate_series string_agg array_agg
    """.split()  # noqa: SIM905 - a list to be read
)
"""Functions that are not immutable because they read the catalog, or because some type's text depends on settings.

``generate_series`` and the like have an immutable form and one for times, which still needs a time to start from.
"""
_CATALOGS = frozenset(
    """
    pg_aggregate pg_am pg_amop pg_amproc pg_attrdef pg_attribute pg_cast pg_class pg_collation pg_constraint
    pg_depend pg_description pg_enum pg_extension pg_index pg_indexes pg_inherits pg_language pg_matviews
    pg_namespace pg_opclass pg_operator pg_opfamily pg_partitioned_table pg_policies pg_policy pg_proc
    pg_range pg_rewrite pg_rules pg_sequence pg_statistic_ext pg_tables pg_trigger pg_type pg_views
    check_constraints columns constraint_column_usage constraint_table_usage domains key_column_usage
    parameters referential_constraints routines schemata table_constraints tables triggers views
    """.split()  # noqa: SIM905 - a list to be read
)
"""Catalogs and views that show the schema."""
_NOT_OF_THE_SCHEMA = pattern(
    r"\w*(owner|acl|roles?|grantor|grantee)|\w+_catalog|rel(pages|tuples|allvisible|allfrozen|filenode|tablespace|\w*xid)"
    r"|tablespace|reltoastrelid|extversion|stx\w*target|xmin|xmax|ctid"
)
"""Columns of them that show something else."""
_TEXTS = pattern(
    r"column_default|generation_expression|\w*check_clause|indexdef|\w*definition|qual|with_check|action_condition"
    r"|conbin|adbin|indexprs|indpred|ev_qual|ev_action|tgqual|polqual|polwithcheck|partexprs|relpartbound|prqual"
    r"|action_statement|typdefaultbin|proargdefaults|prosqlbody|stxexprs|domain_default|parameter_default"
)
"""Columns of them in which expressions are, printed or not."""
_PRINTS = pattern(r"pg_get_(expr|\w+def|\w*constraintdef|function_arg_default|functiondef|function_arguments)")
"""Functions that print expressions."""
_LANGUAGES = frozenset({"plpgsql", "sql"})
"""Languages whose statements are printed while they run."""

_HANDLER = pattern(r"\bexception\s+when\s+(.*?)\bthen\b", re.IGNORECASE | re.DOTALL)
_CONDITION = pattern(r"\b(?:when|or)\s+(\w+)", re.IGNORECASE)
_SCHEMA_CONDITION = pattern(r"duplicate_(?!json)\w+|undefined_\w+|invalid_schema_name|wrong_object_type", re.IGNORECASE)
_COUNTS = pattern(r"\b(found|row_count)\b", re.IGNORECASE)
_NOW = pattern(r"'\s*(now|today|tomorrow|yesterday)\b", re.IGNORECASE)
_OTHER_LANGUAGE = pattern(r"\bdo\s+language\s+(?!plpgsql\b)\w+|\$\s*language\s+(?!plpgsql\b|sql\b)\w+", re.IGNORECASE)
_PRINTING = frozenset({"client_min_messages", "debug_print_parse"})
_ROWS_ALONE = frozenset({"CREATETABLEASSTMT", "COPYSTMT", "REFRESHMATVIEWSTMT", "PREPARESTMT"})
_VALUES_OUT = frozenset({"CALLSTMT", "EXPLAINSTMT", "DECLARECURSORSTMT"})
_CHANGES = frozenset({"insert", "update", "delete", "merge"})
_CODE = frozenset({"DOSTMT", "CALLSTMT", "EXECUTESTMT"})
_UNSHOWN_CODE = pattern(r"\s*(do|call|execute)\b", re.IGNORECASE)
_UNSHOWN_READS = pattern(
    r"\b(table|view)\b[^;]*\bas\b|\bselect\b[^;]*\binto\b|\b(copy|prepare|call|explain|cursor)\b", re.IGNORECASE
)
_UNSHOWN_VALUES = pattern(r"\b(call|explain|prepare|cursor)\b", re.IGNORECASE)
"""In the text of statements of which a server before 16 prints nothing: what reads rows, and what hands them out."""

_FIRST_OF_USERS = 16384
"""OIDs from here on belong to objects that came after the database itself."""

_RELATIONS = """
    SELECT c.oid, n.nspname AS schema, c.relname AS name, CAST(c.relkind AS text) AS kind, c.relnatts AS width,
        (
            SELECT pg_catalog.json_object_agg(a.attnum, a.attname)
            FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid
        ) AS columns
    FROM pg_catalog.pg_class AS c INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
    WHERE c.oid IN ({})
"""
_FUNCTIONS = """
    SELECT p.oid, n.nspname AS schema, p.proname AS name, CAST(p.provolatile AS text) AS volatility, p.prosrc AS body,
        l.lanname AS language, p.proretset AS many, pg_catalog.array_to_string(p.proconfig, ' ') AS settings
    FROM pg_catalog.pg_proc AS p
    INNER JOIN pg_catalog.pg_namespace AS n ON p.pronamespace = n.oid
    INNER JOIN pg_catalog.pg_language AS l ON p.prolang = l.oid
    WHERE p.oid IN ({})
"""
_HOOKS = """
    SELECT pg_catalog.string_agg(p.prosrc, ' ') FROM pg_catalog.pg_proc AS p
    WHERE p.oid >= 16384 AND p.prorettype IN ({})
"""
_USER_RELATIONS = f"SELECT oid FROM pg_catalog.pg_class WHERE oid >= {_FIRST_OF_USERS}"  # noqa: S608 - likewise


def statements(connection: Connection, *, same_texts: bool) -> Statements:
    """Begin with a revision, on a server that shows the schema before it, its expressions in the same texts or not."""
    return Statements(frozenset(connection.exec_driver_sql(_USER_RELATIONS).scalars()), same_texts)


class Statements(Struct):
    """The statements of one revision, looked at one after the other."""

    old: frozenset[int]
    """Relations from before the revision, whose rows only the real database has."""
    same_texts: bool = True
    """Whether expressions are printed as on the real server."""
    _elsewhere: dict[str, None] = field(default_factory=dict)
    _rows: dict[str, None] = field(default_factory=dict)
    _reads_old: bool = False

    def add(self, connection: Connection, sql: str, printed: Sequence[str]) -> None:
        """Look at one more statement; what it is about must still be there."""
        trees = [tree for tree in map(tree_of, printed) if not tree.is_key_check]
        relations = _looked_up(connection, _RELATIONS, {oid for tree in trees for oid in tree.relations})
        functions = _looked_up(connection, _FUNCTIONS, {oid for tree in trees for oid in tree.functions})
        own = [functions[oid] for oid in functions if oid >= _FIRST_OF_USERS]
        is_code = len(trees) > 1 or bool(own) or any(tree.utility in _CODE for tree in trees)
        unshown = any(tree.utility == UNSHOWN for tree in trees)
        is_code |= unshown and _UNSHOWN_CODE.match(sql) is not None
        texts = "\n".join([sql, *(tree.text for tree in trees), *(function.body or "" for function in own)])
        if is_code:
            texts += "\n" + _hooks(connection, on_rows=any(tree.command in _CHANGES for tree in trees))
            self._elsewhere.update(dict.fromkeys(_of_text(texts)))
            self._rows.update(dict.fromkeys(_handlers(texts)))
        if unshown:
            self._add_unshown(texts)
        counts = _COUNTS.search(texts) is not None
        for tree in trees:
            self._add_tree(tree, relations, functions, texts, counts=counts)
            if tree.setting in _PRINTING and len(trees) > 1:
                self._elsewhere[f"the setting {tree.setting}, which it changes"] = None

    def _add_unshown(self, texts: str) -> None:
        """Take it that what is not shown is all that its text can mean."""
        for setting in _PRINTING:
            if setting in texts.casefold():
                self._elsewhere[f"the setting {setting}, which it changes"] = None
        self._reads_old |= _UNSHOWN_READS.search(texts) is not None
        if _UNSHOWN_VALUES.search(texts):
            self._rows["rows that are read by a statement of which this server prints nothing"] = None

    def reliances(self) -> tuple[Reliance, ...]:
        """Return what the revision's statements read that may be otherwise elsewhere."""
        # Tables that the revision made itself and filled with nothing from old ones have the same rows everywhere.
        rows = self._rows if self._reads_old else {what: None for what in self._rows if what == _FAILURES}
        return (
            *(Reliance(what, rows=False) for what in self._elsewhere),
            *(Reliance(what, rows=True) for what in rows),
        )

    def _add_tree(
        self, tree: Tree, relations: dict[int, Any], functions: dict[int, Any], texts: str, *, counts: bool
    ) -> None:
        values = tree.command == "select" or tree.returning or tree.utility in _VALUES_OUT
        if tree.command == "utility" and not values and tree.utility not in _ROWS_ALONE:
            return
        for oid in tree.relations:
            relation = relations.get(oid)
            if relation is None or oid >= _FIRST_OF_USERS:
                # A view shows other tables' rows, and what is gone by now could be anything.
                self._reads_old |= relation is None or oid in self.old or relation.kind not in "rp"
                if values or (counts and tree.command in _CHANGES - {"insert"}):
                    name = f"{relation.schema}.{relation.name}" if relation is not None else "a table that it drops"
                    self._rows[f"the rows of {name}"] = None
            elif values:
                read = list(_of_catalog(relation, tree.columns.get(oid), texts))
                self._elsewhere.update(
                    dict.fromkeys(what for what, is_text in read if not (is_text and self.same_texts))
                )
        if values and not (tree.command == "insert" and not tree.relations):
            self._elsewhere.update(dict.fromkeys(tree.asks))
            for oid in sorted(tree.functions):
                function = functions.get(oid)
                self._elsewhere.update(dict.fromkeys(_of_function(function)))
                if not self.same_texts and function is not None and _PRINTS.fullmatch(function.name):
                    self._elsewhere[f"{function.name}()"] = None


_FAILURES = "an error that rows can cause, which it catches"


def _hooks(connection: Connection, *, on_rows: bool) -> str:
    """Return the bodies of all functions that a statement can run without naming them."""
    types = "2279, 3838" if on_rows else "3838"  # trigger, event_trigger
    return connection.exec_driver_sql(_HOOKS.format(types)).scalar() or ""


def _looked_up(connection: Connection, query: str, oids: set[int]) -> dict[int, Any]:
    if not oids:
        return {}
    rows = connection.exec_driver_sql(query.format(", ".join(map(str, sorted(oids)))))
    return {row.oid: row for row in rows}


def _of_function(function: Any) -> Iterator[str]:
    """Yield what calling it makes a statement depend on; what it executes itself is looked at for itself."""
    if function is None:
        yield "a function that it drops"
        return
    name = f"{function.schema}.{function.name}()" if function.schema != "pg_catalog" else f"{function.name}()"
    if any(setting in (function.settings or "") for setting in _PRINTING):
        yield name
    elif function.volatility == "i" or (function.schema == "pg_catalog" and function.name in _BY_THE_SCHEMA):
        return
    elif function.language not in _LANGUAGES or function.schema in ("pg_catalog", "information_schema"):
        yield name
    elif (
        function.language == "sql"
        and not function.many
        and re.match(r"\s*(select\b|$)", function.body or "", re.IGNORECASE)
    ):
        yield name  # may be put into the statement that calls it, where nothing of it is printed


def _of_catalog(relation: Any, numbers: Iterable[int] | None, texts: str) -> Iterator[tuple[str, bool]]:
    """Yield what of a catalog may be otherwise elsewhere, and whether it is only for how expressions are printed."""
    if relation.name not in _CATALOGS or relation.schema not in ("pg_catalog", "information_schema"):
        yield relation.name, False
        return
    names = {name for number, name in relation.columns.items() if numbers is not None and int(number) in numbers}
    if numbers is None or 0 in numbers or len(names) >= relation.width:
        # All of them, as in `SELECT *`: those that are used are named by whoever uses them.
        names = {name for name in relation.columns.values() if re.search(rf"\b{name}\b", texts)}
    for name in sorted(names):
        if _NOT_OF_THE_SCHEMA.fullmatch(name) or _TEXTS.fullmatch(name):
            yield f"{relation.name}.{name}", not _NOT_OF_THE_SCHEMA.fullmatch(name)


def _of_text(texts: str) -> Iterator[str]:
    """Yield what shows in the text of code alone."""
    yield from (f"'{word.lower()}'" for word in _NOW.findall(texts))
    if _OTHER_LANGUAGE.search(texts):
        yield "a block in a language that cannot be followed"


def _handlers(texts: str) -> Iterator[str]:
    """Yield a reliance where code goes on after errors that rows can cause: on empty tables they do not come."""
    for caught in _HANDLER.findall(texts):
        conditions = _CONDITION.findall(f"when {caught}")
        if not conditions or not all(_SCHEMA_CONDITION.fullmatch(condition) for condition in conditions):
            yield _FAILURES
            return

"""Tables of MySQL's or MariaDB's in, what SQLAlchemy's Inspector would tell of them out, as the server itself has it.

SQLAlchemy takes ``SHOW CREATE TABLE`` apart, whose text depends on what scripts set for the session (``sql_mode``),
shows a temporary table in the place of the one that it hides, asks for a lock on it, and has words that SQLAlchemy does
not know (``IGNORED``, ``WITHOUT OVERLAPS``). ``information_schema`` has none of that, and is shown to every role that
may read a table. SQLAlchemy is imported by what connects alone.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from alembic_contracts.dialects.inspected.mysql_sessions import ALL, read_as_text, uninterpreted
from alembic_contracts.patterns import pattern

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.exc import DBAPIError

__all__ = ["Listed", "listed", "told"]

_LISTED = """
    SELECT table_name AS name, table_type AS kind, table_collation AS collation FROM information_schema.tables
    WHERE table_schema = :schema AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW')
    ORDER BY table_name
"""
# CONCAT, as MariaDB takes names that differ by case for one where it looks for the name of a table itself.
_COLUMNS = """
    SELECT table_name AS of_table, column_name AS name, column_type AS type, is_nullable AS nullable,
        CASE WHEN LEFT(column_default, 8) = 'nextval(' AND column_default NOT IN (
            SELECT CONCAT('nextval(`', REPLACE(table_schema, '`', '``'), '`.`', REPLACE(table_name, '`', '``'), '`)')
            FROM information_schema.tables WHERE table_type = 'SEQUENCE'
        ) THEN NULL ELSE column_default END AS default_, -- MariaDB drops a sequence that a default takes numbers of
        extra AS extra, generation_expression AS expression, collation_name AS collation,
        column_comment AS comment
    FROM information_schema.columns WHERE table_schema = :schema AND CONCAT(table_name) IN :names
    ORDER BY ordinal_position
"""
_INDEXES = """
    SELECT table_name AS of_table, index_name AS name, non_unique AS several, column_name AS column_,
        sub_part AS part
    FROM information_schema.statistics WHERE table_schema = :schema AND CONCAT(table_name) IN :names
    ORDER BY index_name, seq_in_index
"""
_FOREIGN_KEYS = """
    SELECT table_name AS of_table, constraint_name AS name, column_name AS column_,
        referenced_table_schema AS their_schema, referenced_table_name AS their_table,
        referenced_column_name AS their_column
    FROM information_schema.key_column_usage
    WHERE table_schema = :schema AND CONCAT(table_name) IN :names AND referenced_table_name IS NOT NULL
    ORDER BY constraint_name, ordinal_position
"""
_REFERRED = """
    SELECT table_schema AS of_schema, table_name AS of_table, index_name AS name, column_name AS column_
    FROM information_schema.statistics
    WHERE CONCAT(table_schema) IN :schemas AND CONCAT(table_name) IN :names
    ORDER BY table_schema, table_name, index_name, seq_in_index
"""
_RULES = """
    SELECT table_name AS of_table, constraint_name AS name, update_rule AS onupdate, delete_rule AS ondelete
    FROM information_schema.referential_constraints WHERE constraint_schema = :schema AND CONCAT(table_name) IN :names
"""
_CHECKS = """
    SELECT table_name AS of_table, constraint_name AS name, check_clause AS sqltext
    FROM information_schema.check_constraints
    WHERE constraint_schema = :schema AND CONCAT(table_name) IN :names AND level = 'Table'
    ORDER BY constraint_name
"""
_OF_THEIR_MAKERS = """
    SELECT table_name FROM information_schema.views
    WHERE table_schema = :schema AND CONCAT(table_name) IN :names AND security_type = 'DEFINER'
"""
"""Views of which everybody sees the same; others show what each may read of their tables."""
_UNREADABLE = frozenset({1356, 1449})
"""The errors of views that refer to what is not there, and of those of users who are not there."""
_PREPARED = "alembic_contracts"
"""A statement that is prepared to find that out, and the variable that has its text."""
_DENIED = frozenset({1142, 1143})
"""The errors of tables of which a role may see some columns, or none."""
_NOTHING = "NULL"
"""What MariaDB has for the default of a column that has none."""
_HISTORY = "ROW END"
"""What generates the column by which rows that are current are told from those that were: MariaDB adds it to keys."""
_FIRST_LABEL = pattern(r"enum\(('(?:[^']|'')*')", re.IGNORECASE)
"""What an enum that is NOT NULL fills itself with."""
_EVENTS = ("onupdate", "ondelete")
_NO_ACTION = frozenset({"RESTRICT", "NO ACTION"})
"""What happens where nothing is stated."""

_NO_TABLE = 1146
"""The error of a table that is not there."""

Row = Mapping[str, Any]
_Key = tuple[str, str]
"""A database and a table, or a table and the name of one of its foreign keys."""


class Listed(NamedTuple):
    """What a list of tables and views says of one."""

    kind: str
    """``table``, ``view`` or ``materialized view``."""
    collation: str | None = None
    """Of columns for which none is stated, where it has one."""


def listed(connection: Connection, schema: str) -> dict[str, Listed]:
    """Return which tables and views there are, by their names.

    Raises:
        sqlalchemy.exc.DBAPIError: the server does not answer.
    """
    from sqlalchemy import text

    found = {}
    for row in connection.execute(text(_LISTED + ALL), {"schema": schema}):
        name, kind, collation = map(read_as_text, row)
        found[name] = Listed("view" if kind == "VIEW" else "table", collation)
    return found


def told(connection: Connection, schema: str, tables: Mapping[str, Listed]) -> dict[str, dict[str, Any]]:
    """Return what there is of tables and views, by the names of the Inspector's methods.

    A view that nobody can read has no columns; where this role alone cannot, or sees none of a table, they are missing.

    Args:
        connection: to the database.
        schema: the database in which they are.
        tables: of which, by their exact names, and how they are listed.

    Raises:
        sqlalchemy.exc.DBAPIError: the server does not answer, or shows only some columns of a table to this role.
    """
    from sqlalchemy import bindparam, text
    from sqlalchemy.exc import DBAPIError

    names = list(tables)

    def rows(question: str) -> Mapping[str, list[Row]]:
        statement = text(question + ALL).bindparams(bindparam("names", expanding=True))
        found = defaultdict[str, list[Row]](list)
        for row in connection.execute(statement, {"schema": schema, "names": names}).mappings():
            read = {key: read_as_text(value) for key, value in row.items()}
            found[read["of_table"]].append(read)  # those whose names differ by case alone come as well
        return found

    columns, indexes, foreign_keys, rules = map(rows, (_COLUMNS, _INDEXES, _FOREIGN_KEYS, _RULES))
    try:
        checks = rows(_CHECKS)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        checks = {}  # MySQL has them by other names, and no rule looks at them
    views = [name for name, each in tables.items() if each.kind == "view"]
    _require_all(connection, schema, [name for name, each in tables.items() if each.kind == "table"])
    broken = _broken(connection, schema, views)
    keys = [each for name in names for _, each in _grouped(foreign_keys[name])]
    targets = _targets(connection, keys, {(schema, name): indexes[name] for name in names})
    mariadb: bool = getattr(connection.dialect, "is_mariadb", False)
    return {
        name: {
            **({"columns": []} if name in broken else _columns(columns[name], each.collation, mariadb=mariadb)),
            **_keys(indexes[name], columns[name]),
            "foreign_keys": list(_foreign_keys(foreign_keys[name], rules[name], targets)),
            "check_constraints": checks.get(name, ()),
        }
        for name, each in tables.items()
    }


def _broken(connection: Connection, schema: str, names: Sequence[str]) -> set[str]:
    """Return which views nobody can read: they refer to what is gone, or are those of a user who may not read it."""
    from sqlalchemy import bindparam, text

    if not names:
        return set()
    question = text(_OF_THEIR_MAKERS + ALL).bindparams(bindparam("names", expanding=True))
    views = map(read_as_text, connection.execute(question, {"schema": schema, "names": names}).scalars())
    return {name for name in views if _number(_unprepared(connection, schema, name)) in _UNREADABLE}


def _require_all(connection: Connection, schema: str, tables: Sequence[str]) -> None:
    """Refuse to answer for tables of which the role may see some columns alone, as if there were no others.

    Raises:
        sqlalchemy.exc.DBAPIError: as that is said by the server.
    """
    if not tables:
        return
    with uninterpreted(connection):  # such as a default of BINARY, which is no text in any letters
        for table in tables:
            error = _unshown(connection, schema, table)
            if error is not None and _number(error) in _DENIED:
                raise error


def _unshown(connection: Connection, schema: str, name: str) -> DBAPIError | None:
    """Return with what a table cannot be shown; None: it can."""
    return _failure(connection, "SHOW CREATE TABLE " + _quoted(connection, schema, name))


def _unprepared(connection: Connection, schema: str, name: str) -> DBAPIError | None:
    """Return with what a query of a view fails; None: it does not. It is not run, and leaves no lock.

    What its columns are is known to the server also where its definer may not read them any more.
    """
    from sqlalchemy import text

    query = f"SELECT 1 FROM {_quoted(connection, schema, name)}"  # noqa: S608 - as identifiers
    connection.execute(text(f"SET @{_PREPARED} = :query"), {"query": query})
    error = _failure(connection, f"PREPARE {_PREPARED} FROM @{_PREPARED}")
    if error is None:
        connection.execute(text(f"DEALLOCATE PREPARE {_PREPARED}"))
    return error


def _quoted(connection: Connection, schema: str, name: str) -> str:
    return ".".join(map(connection.dialect.identifier_preparer.quote_identifier, (schema, name)))


def _failure(connection: Connection, statement: str) -> DBAPIError | None:
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    try:
        connection.execute(text(statement.replace(":", r"\:")))
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return error
    return None


def _number(error: DBAPIError | None) -> int:
    """Return the server's number for an error; 0: there is none."""
    number = (*getattr(getattr(error, "orig", None), "args", ()), 0)[0]
    return number if isinstance(number, int) else 0


def _columns(rows: Sequence[Row], usual: str | None, *, mariadb: bool) -> dict[str, Any]:
    return {"columns": [_column(row, usual, mariadb=mariadb) for row in rows]} if rows else {}


def _column(row: Row, usual: str | None, *, mariadb: bool) -> dict[str, Any]:
    extra = str(row["extra"] or "").upper()
    is_computed = "VIRTUAL GENERATED" in extra or "STORED GENERATED" in extra
    return {
        "name": row["name"],
        "type": row["type"],
        "nullable": row["nullable"] == "YES",
        "default": None if is_computed else _default(row, extra, mariadb=mariadb),
        "computed": {"sqltext": row["expression"], "persisted": "STORED" in extra} if is_computed else None,
        "autoincrement": "AUTO_INCREMENT" in extra,
        "collation": None if usual in (None, row["collation"]) else row["collation"],
        "comment": row["comment"] or None,
    }


def _default(row: Row, extra: str, *, mariadb: bool) -> str | None:
    default = row["default_"]
    if default is None or (mariadb and default == _NOTHING):
        # Of an enum that is NOT NULL the first label is, also where the mode is strict.
        first = _FIRST_LABEL.match(str(row["type"])) if row["nullable"] == "NO" else None
        return None if first is None else first[1]
    if not mariadb and "DEFAULT_GENERATED" not in extra and not default.upper().startswith("CURRENT_TIMESTAMP"):
        default = "'" + default.replace("'", "''") + "'"  # MySQL has the value
    _, changed, at = str(row["extra"] or "").partition("on update ")
    return f"{default} ON UPDATE {at}" if changed else default


def _keys(indexes: Sequence[Row], columns: Sequence[Row]) -> dict[str, Any]:
    """Return the primary key, unique constraints and indexes, which all of them are here.

    Where the beginnings of values are unique, so are the values: a unique key of these is one of the columns.
    """
    known = {row["name"] for row in columns if row["expression"] != _HISTORY}
    found: dict[str, Any] = {"pk_constraint": {}, "unique_constraints": [], "indexes": []}
    for name, rows in _grouped(indexes):
        whole = [row["column_"] for row in rows]
        named = [row["column_"] if row["part"] is None else None for row in rows]
        shown = [column for column in whole if column in known or not columns]
        if name == "PRIMARY":
            found["pk_constraint"] = {"name": name, "constrained_columns": shown}
            continue
        is_unique = not int(rows[0]["several"])
        if is_unique and None not in whole:  # and none of an expression
            found["unique_constraints"].append({"name": name, "column_names": shown})
        written = [row["column_"] if row["part"] is None else f"{row['column_']}({row['part']})" for row in rows]
        found["indexes"].append({"name": name, "column_names": named, "expressions": written, "unique": is_unique})
    return found


class _Target(NamedTuple):
    """What a foreign key leads to."""

    is_key: bool
    """Whether an index begins with the columns, which InnoDB needs; scripts can have it do without for a time
    (foreign_key_checks)."""
    is_primary: bool
    """Whether they are the primary key."""


def _targets(
    connection: Connection, foreign_keys: Sequence[Sequence[Row]], known: dict[_Key, list[Row]]
) -> dict[_Key, _Target]:
    """Return what foreign keys lead to, by their tables and names; without those to tables that this role may not see.

    Args:
        connection: to the database.
        foreign_keys: their columns, in order.
        known: the columns of indexes, by database and table.
    """
    there = {_target(rows) for rows in foreign_keys}
    indexes = defaultdict[_Key, list[Row]](list)
    for table, rows in (known | _indexes(connection, there - known.keys())).items():
        indexes[_folded(table)] += rows  # of those that differ by case alone either may be meant
    unseen = (table for table in there if not indexes.get(_folded(table)))
    hidden = {table for table in unseen if _number(_unshown(connection, *table)) not in (0, _NO_TABLE)}
    found = {}
    for key in foreign_keys:
        table, columns = _target(key), {row["their_column"].casefold() for row in key}
        if table in hidden:
            continue
        of_table = _grouped(indexes.get(_folded(table), ()))
        keys = [(name, [row["column_"].casefold() for row in rows if row["column_"]]) for name, rows in of_table]
        found[key[0]["of_table"], key[0]["name"]] = _Target(
            is_key=any(set(index[: len(columns)]) == columns for _, index in keys),
            is_primary=any(name == "PRIMARY" and set(index) == columns for name, index in keys),
        )
    return found


def _target(rows: Sequence[Row]) -> _Key:
    return rows[0]["their_schema"], rows[0]["their_table"]


def _folded(table: _Key) -> _Key:
    return table[0].casefold(), table[1].casefold()


def _indexes(connection: Connection, tables: Collection[_Key]) -> dict[_Key, list[Row]]:
    from sqlalchemy import bindparam, text

    found = defaultdict[_Key, list[Row]](list)
    if tables:
        given = {"schemas": sorted({schema for schema, _ in tables}), "names": sorted({name for _, name in tables})}
        statement = text(_REFERRED + ALL).bindparams(*(bindparam(each, expanding=True) for each in given))
        for row in connection.execute(statement, given).mappings():
            read = {key: read_as_text(value) for key, value in row.items()}
            found[read["of_schema"], read["of_table"]].append(read)
    return found


def _foreign_keys(
    rows: Sequence[Row], rules: Sequence[Row], targets: Mapping[_Key, _Target]
) -> Iterator[dict[str, Any]]:
    stated = {row["name"]: {event: row[event] for event in _EVENTS if row[event] not in _NO_ACTION} for row in rules}
    for name, pairs in _grouped(rows):
        target = targets.get((pairs[0]["of_table"], name))
        yield {
            "name": name,
            "constrained_columns": [pair["column_"] for pair in pairs],
            "referred_schema": pairs[0]["their_schema"],
            "referred_table": pairs[0]["their_table"],
            "referred_columns": [pair["their_column"] for pair in pairs],
            "options": stated.get(name, {}),
            "finds_no_key": target is not None and not target.is_key,
            "to_primary_key": None if target is None else target.is_primary,
        }


def _grouped(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["name"], []).append(row)
    yield from found.items()

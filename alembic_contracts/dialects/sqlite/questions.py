"""Tables of a database in, the questions out that tell all of them: as many for five hundred tables as for one.

Table-valued pragmas (https://sqlite.org/pragma.html#pragfunc) take a table's name and its schema's from the row beside
them, so that one statement asks them about all tables of all schemas.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import count

from alembic_contracts.dialects.sqlite.names import literal, quote, quote_name
from alembic_contracts.schemas.schema import Name

__all__ = ["DATABASES", "SHADOWS", "Wanted", "columns", "foreign_keys", "indexes", "objects"]

Wanted = Mapping[str, Collection[str] | None]
"""Names of tables by schema; None: all."""

DATABASES = "SELECT name, sqlite_version() FROM pragma_database_list ORDER BY seq"

SHADOWS = "SELECT schema, name FROM pragma_table_list WHERE type = 'shadow'"
"""Tables in which virtual tables keep what is theirs; SQLite tells since 3.37."""

_MOST_TERMS = 500
"""``SQLITE_MAX_COMPOUND_SELECT``."""

_asked = count()
_NOT_OWN = "substr({name}, 1, 7) COLLATE NOCASE <> 'sqlite_'"


def objects(wanted: Wanted) -> str:
    """Ask for all names, and the texts of what is wanted or virtual: (schema, type, name, table, sql, virtual)."""
    return _union(
        f"""
        SELECT
            {literal(schema)}, m.type, m.name, m.tbl_name,
            CASE WHEN m.type = 'table' AND m.rootpage = 0 OR {_is_in("m.tbl_name", names)} THEN m.sql END,
            m.type = 'table' AND m.rootpage = 0
        FROM {quote(schema)}.sqlite_master AS m
        WHERE {_NOT_OWN.format(name="m.name")}
        """  # noqa: S608 - names are literals there
        for schema, names in wanted.items()
    )


def columns(wanted: Wanted, *, plain: bool) -> str:
    """Ask for columns: (schema, table), and what a ``ColumnRow`` has.

    Args:
        wanted: whose.
        plain: of tables; otherwise of what SQLite has to look into other things for, which can fail: views, virtual
            tables.
    """
    there = "m.type = 'table' AND m.rootpage <> 0"
    kind = there if plain else f"m.type IN ('table', 'view') AND NOT ({there})"
    return _union(
        f"""
        SELECT {literal(schema)}, m.name, x.cid, x.name, x.type, x."notnull", x.dflt_value, x.pk, x.hidden
        FROM {quote(schema)}.sqlite_master AS m, pragma_table_xinfo(m.name, {literal(schema)}) AS x
        WHERE {kind} AND {_NOT_OWN.format(name="m.name")} AND {_is_in("m.name", names)}
        """  # noqa: S608 - names are literals there
        for schema, names in wanted.items()
    )


def readings(names: Sequence[Name]) -> Iterator[str]:
    """Have SQLite work out how it would read views, and read nothing.

    It tells the columns of broken ones as well, where a view, or one below it, has a list of names for them. No two
    texts are the same: drivers keep statements prepared, and an EXPLAIN that is kept minds no change since.
    """
    for at in range(0, len(names), _MOST_TERMS):
        parts = (f"SELECT 1 FROM {quote_name(name)}" for name in names[at : at + _MOST_TERMS])  # noqa: S608
        yield f"EXPLAIN {' UNION ALL '.join(parts)} -- {next(_asked)}"


def indexes(wanted: Wanted) -> str:
    """Ask for keys of indexes: (schema, table), and what an ``IndexRow`` has."""
    return _union(
        f"""
        SELECT
            {literal(schema)}, m.name, l.name, l."unique", l.origin, l.partial, l.seq,
            x.seqno, x.cid, x.name, x.coll
        FROM
            {quote(schema)}.sqlite_master AS m,
            pragma_index_list(m.name, {literal(schema)}) AS l,
            pragma_index_xinfo(l.name, {literal(schema)}) AS x
        WHERE
            m.type = 'table' AND m.rootpage <> 0 AND {_NOT_OWN.format(name="m.name")} AND {_is_in("m.name", names)}
            AND x.key = 1
        """  # noqa: S608 - names are literals there
        for schema, names in wanted.items()
    )


def foreign_keys(wanted: Wanted) -> str:
    """Ask for foreign keys: (schema, table), and what a ``ForeignKeyRow`` has."""
    return _union(
        f"""
        SELECT {literal(schema)}, m.name, f.id, f.seq, f."table", f."from", f."to", f.on_update, f.on_delete
        FROM {quote(schema)}.sqlite_master AS m, pragma_foreign_key_list(m.name, {literal(schema)}) AS f
        WHERE
            m.type = 'table' AND m.rootpage <> 0 AND {_NOT_OWN.format(name="m.name")} AND {_is_in("m.name", names)}
        """  # noqa: S608 - names are literals there
        for schema, names in wanted.items()
    )


def _union(questions: Iterable[str]) -> str:
    return " UNION ALL ".join(questions)


def _is_in(column: str, names: Collection[str] | None) -> str:
    if names is None:
        return "1"
    # SQLite's text ends at a NUL, and so no table has one in its name.
    listed = ", ".join(literal(name) for name in sorted(names) if "\0" not in name)
    return f"{column} COLLATE NOCASE IN ({listed})"

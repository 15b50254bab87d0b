"""Random sequences of statements, for the in-memory catalog and a real PostgreSQL to agree on.

Names come from a small stock, so that statements meet: most name something that an earlier one made, renamed or
dropped, and many fail, which must be predicted as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from hypothesis import strategies as st

from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.prediction.statements import execute
from tests.support.parity import differences, facts

if TYPE_CHECKING:
    from tests.support.parity import Server

TABLES = ("t", "u", "v", "public.t", "s.t", '"T w"')
COLUMNS = ("a", "b", "c", "id")
TYPES = (
    "integer",
    "bigint",
    "text",
    "varchar(20)",
    "varchar(50)",
    "numeric(10, 2)",
    "numeric",
    "timestamptz",
    "timestamp(3)",
    "date",
    "boolean",
    "text[]",
    "mood",
    "positive",
    "serial",
    "jsonb",
    "uuid",
)
DEFAULTED = ("integer", "bigint", "text", "varchar(20)", "numeric", "boolean", "timestamptz")

table = st.sampled_from(TABLES)
column = st.sampled_from(COLUMNS)
type_ = st.sampled_from(TYPES)
cascade = st.sampled_from(("", "", " CASCADE", " RESTRICT"))
name = st.sampled_from(("one", "two", "t_pkey", "t_a_key", "t_a_idx", "t_check"))
unqualified = st.sampled_from(("t", "u", "v", "w"))
if_exists = st.sampled_from(("", "", "IF EXISTS "))
if_not_exists = st.sampled_from(("", "", "IF NOT EXISTS "))


def text(template: str, **parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(template.format, **parts)


definition = st.one_of(
    text("{c} {t}{n}", c=column, t=type_, n=st.sampled_from(("", "", " NOT NULL", " NULL"))),
    text("{c} {t} DEFAULT {d}", c=column, t=st.sampled_from(DEFAULTED), d=st.sampled_from(("0", "NULL"))),
    text("{c} integer PRIMARY KEY", c=column),
    text("{c} {t} UNIQUE", c=column, t=type_),
    text("{c} bigint GENERATED {k} AS IDENTITY", c=column, k=st.sampled_from(("ALWAYS", "BY DEFAULT"))),
    text("{c} integer CHECK ({c} > 0)", c=column),
    text("{c} integer REFERENCES {t}", c=column, t=table),
    text("{c} integer GENERATED ALWAYS AS (1 + 1) STORED", c=column),
    text('{c} text COLLATE "C"', c=column),
)
constraint = st.one_of(
    text("PRIMARY KEY ({a})", a=column),
    text("UNIQUE ({a}, {b})", a=column, b=column),
    text("CONSTRAINT {n} UNIQUE ({a})", n=name, a=column),
    text("CONSTRAINT {n} CHECK ({a} IS NOT NULL)", n=name, a=column),
    text("CHECK ({a} IS NOT NULL OR {b} IS NOT NULL)", a=column, b=column),
    text("FOREIGN KEY ({a}) REFERENCES {t} ({b})", a=column, t=table, b=column),
)
parts = st.lists(definition, min_size=1, max_size=4)
action = st.one_of(
    text("ADD COLUMN {i}{d}", i=if_not_exists, d=definition),
    text("DROP COLUMN {i}{c}{x}", i=if_exists, c=column, x=cascade),
    text("ALTER COLUMN {c} TYPE {t} USING NULL", c=column, t=type_),
    text("ALTER COLUMN {c} TYPE {t}", c=column, t=st.sampled_from(("text", "varchar(50)", "bigint", "numeric"))),
    text("ALTER COLUMN {c} {s} NOT NULL", c=column, s=st.sampled_from(("SET", "DROP"))),
    text("ALTER COLUMN {c} SET DEFAULT {d}", c=column, d=st.sampled_from(("NULL", "0"))),
    text("ALTER COLUMN {c} DROP DEFAULT", c=column),
    text("ALTER COLUMN {c} ADD GENERATED ALWAYS AS IDENTITY", c=column),
    text("ALTER COLUMN {c} DROP IDENTITY {i}", c=column, i=if_exists),
    text("ALTER COLUMN {c} DROP EXPRESSION", c=column),
    text("ADD {k}", k=constraint),
    text("DROP CONSTRAINT {i}{n}{x}", i=if_exists, n=name, x=cascade),
)
rename = st.one_of(
    text("ALTER TABLE {i}{t} RENAME TO {u}", i=if_exists, t=table, u=unqualified),
    text("ALTER TABLE {t} RENAME COLUMN {a} TO {b}", t=table, a=column, b=column),
    text("ALTER TABLE {t} RENAME CONSTRAINT {n} TO {m}", t=table, n=name, m=name),
    text("ALTER INDEX {n} RENAME TO {m}", n=name, m=name),
    text("ALTER TABLE {t} SET SCHEMA {s}", t=table, s=st.sampled_from(("s", "public"))),
    text("ALTER TYPE mood RENAME VALUE '{a}' TO '{b}'", a=st.sampled_from("xyz"), b=st.sampled_from("xyz")),
)
create = st.one_of(
    text("CREATE TABLE {i}{t} ({p})", i=if_not_exists, t=table, p=parts.map(", ".join)),
    text("CREATE TABLE {t} ({p}, {k})", t=table, p=parts.map(", ".join), k=constraint),
    text("CREATE TABLE {t} (LIKE {u} INCLUDING ALL)", t=table, u=table),
    text("CREATE TABLE {t} AS SELECT {a} FROM {u}", t=table, a=column, u=table),
    text("CREATE TABLE {t} () INHERITS ({u})", t=table, u=table),
    text("CREATE VIEW {t} AS SELECT {a}, {b} FROM {u}", t=unqualified, a=column, b=column, u=table),
    text("CREATE MATERIALIZED VIEW {t} AS SELECT {a} FROM {u}", t=unqualified, a=column, u=table),
    text("CREATE {q}INDEX {i}ON {t} ({a})", q=st.sampled_from(("", "UNIQUE ")), i=st.just(""), t=table, a=column),
    text("CREATE INDEX {n} ON {t} ({a}) WHERE {b} IS NOT NULL", n=name, t=table, a=column, b=column),
    text("ALTER TYPE mood ADD VALUE {i}'{a}'", i=if_not_exists, a=st.sampled_from("xyz")),
    st.just("CREATE SCHEMA IF NOT EXISTS s"),
    text("COMMENT ON COLUMN {t}.{a} IS 'said'", t=table, a=column),
)
drop = st.one_of(
    text("DROP TABLE {i}{t}{x}", i=if_exists, t=table, x=cascade),
    text("DROP VIEW {i}{t}{x}", i=if_exists, t=table, x=cascade),
    text("DROP INDEX {i}{n}{x}", i=if_exists, n=name, x=cascade),
    text("DROP TYPE {t}{x}", t=st.sampled_from(("mood", "positive")), x=cascade),
    text("DROP SCHEMA s{x}", x=cascade),
)
transaction = st.sampled_from(
    (
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT x",
        "ROLLBACK TO SAVEPOINT x",
        "RELEASE x",
        "SET search_path = s, public",
    )
)
statement = st.one_of(
    create,
    create,
    st.builds("ALTER TABLE {} {}".format, table, action),
    st.builds("ALTER TABLE {} {}".format, table, action),
    st.builds("ALTER TABLE {} {}, {}".format, table, action, action),
    rename,
    drop,
    transaction,
)
sequence = st.lists(statement, min_size=1, max_size=14)

SETUP = (
    "CREATE TYPE mood AS ENUM ('x', 'y')",
    "CREATE DOMAIN positive AS integer CHECK (VALUE > 0)",
    "CREATE SCHEMA s",
    "CREATE TABLE t (id integer PRIMARY KEY, a text, b varchar(20) UNIQUE)",
    "CREATE TABLE u (id integer REFERENCES t, a mood, c timestamptz)",
)


def _agree(sql: str, predicted: str | None, actual: str | None) -> bool:
    """Whether both succeed, or both fail with errors that scripts catch alike (the DBAPI's class of exception).

    Where a statement is wrong in two ways, which of the two the server finds first is not predicted: statements of
    several actions need only fail in both, and a DataError is found while something else is checked.
    """
    if predicted is None or actual is None:
        return predicted == actual
    several = sql.startswith("ALTER TABLE") and ", " in sql
    one, other = (_dbapi_class(sqlstate) for sqlstate in (predicted, actual))
    return several or one is other or psycopg.DataError in (one, other)


def _dbapi_class(sqlstate: str) -> type:
    return next(kind for kind in psycopg.errors.lookup(sqlstate).__mro__ if kind.__module__ == "psycopg")


def disagreement(statements: list[str], server: Server) -> str | None:
    """Return where the catalog and the server part, None where they agree to the end.

    A catalog that declares a doubt is right whatever comes of it.
    """
    server.reset()
    catalog = Catalog(database=server.connection.engine.url.database, server_version=server.version)
    for sql in (*SETUP, *statements):
        expected = server.run(sql)
        predicted = None
        try:
            if any(effect.doubts for effect in execute(catalog, sql)):
                return None
        except PostgresError as error:
            predicted = error.sqlstate
        if not _agree(sql, predicted, expected):
            return f"{sql}: predicted {predicted or 'success'}, is {expected or 'success'}"
    server.run("COMMIT")
    if catalog.in_transaction:
        catalog.commit()
    return "\n".join(differences("", facts(catalog.schema()), facts(server.observe()))) or None

"""Random sequences of statements, for the in-memory catalog and a real PostgreSQL to agree on.

Names come from a small stock, so that statements meet: most name something that an earlier one made, renamed or
dropped, and many fail, which must be predicted as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from hypothesis import strategies as st

from alembic_contracts.dialects import postgresql
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.catalog.traits import SQL_BODY
from alembic_contracts.prediction.plpgsql.row_dependence import depends_on_rows
from alembic_contracts.prediction.scripts import baseline
from alembic_contracts.prediction.sql import parser
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
trigger = "FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
tie = st.one_of(
    text("CREATE TABLE {t} ({d}) PARTITION BY LIST ({a})", t=table, d=parts.map(", ".join), a=column),
    text("CREATE TABLE {t} PARTITION OF {u} DEFAULT", t=table, u=table),
    text("CREATE TABLE {t} PARTITION OF {u} FOR VALUES IN ('1')", t=table, u=table),
    text("ALTER TABLE {t} ATTACH PARTITION {u} DEFAULT", t=table, u=table),
    text("ALTER TABLE {t} DETACH PARTITION {u}", t=table, u=table),
    text("ALTER TABLE {t} {n}INHERIT {u}", t=table, n=st.sampled_from(("", "NO ")), u=table),
    text("ALTER TABLE ONLY {t} {d}", t=table, d=action),
    text("CREATE TRIGGER one BEFORE UPDATE OF {a} ON {t} " + trigger, a=column, t=table),
    text(
        "CREATE TRIGGER two BEFORE UPDATE ON {t} FOR EACH ROW WHEN (OLD.{a} IS NULL) EXECUTE FUNCTION "
        "suppress_redundant_updates_trigger()",
        t=table,
        a=column,
    ),
    text("DROP TRIGGER {n} ON {t}", n=st.sampled_from(("one", "two")), t=table),
    text("CREATE POLICY one ON {t} USING ({a} IS NULL)", t=table, a=column),
    text("CREATE RULE one AS ON DELETE TO {t} DO INSTEAD NOTHING", t=table),
    text("CREATE RULE two AS ON INSERT TO {t} DO ALSO DELETE FROM {u} WHERE {a} IS NULL", t=table, u=table, a=column),
    text("CREATE STATISTICS st ON {a}, {b} FROM {t}", a=column, b=column, t=table),
    text("CREATE PUBLICATION pub FOR TABLE {t}", t=table),
    text("CREATE PUBLICATION pub FOR TABLE {t} ({a})", t=table, a=column),
    text("CREATE PUBLICATION pub FOR TABLE {t} WHERE ({a} IS NULL)", t=table, a=column),
    text("ALTER PUBLICATION pub {w} TABLE {t}", w=st.sampled_from(("ADD", "DROP", "SET")), t=table),
    text("ALTER TABLE {t} REPLICA IDENTITY {w}", t=table, w=st.sampled_from(("FULL", "DEFAULT", "USING INDEX one"))),
    text("ALTER TABLE {t} SET {w}", t=table, w=st.sampled_from(("LOGGED", "UNLOGGED"))),
    text("ALTER TABLE {t} CLUSTER ON {n}", t=table, n=name),
    text("GRANT {p} ON {t} TO parity_reader", p=st.sampled_from(("SELECT", "ALL", "INSERT (a)", "USAGE")), t=table),
    text("ALTER TABLE {t} OWNER TO parity_owner", t=table),
)
deferred = st.one_of(
    text(
        "ALTER TABLE {t} ADD FOREIGN KEY ({a}) REFERENCES {u} DEFERRABLE INITIALLY DEFERRED", t=table, a=column, u=table
    ),
    text("ALTER TABLE {t} ADD CONSTRAINT {n} UNIQUE ({a}) DEFERRABLE", t=table, n=name, a=column),
    text("ALTER TABLE {t} ALTER CONSTRAINT {n} DEFERRABLE", t=table, n=name),
    text("INSERT INTO {t} DEFAULT VALUES", t=table),
    text("INSERT INTO {t} ({a}) VALUES (NULL)", t=table, a=column),
    text("UPDATE {t} SET {a} = NULL", t=table, a=column),
    text("DELETE FROM {t}", t=table),
    text("TRUNCATE {t}{x}", t=table, x=cascade),
    st.just("SET CONSTRAINTS ALL IMMEDIATE"),
    st.just("SET CONSTRAINTS ALL DEFERRED"),
)
routine = st.one_of(
    st.just("CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'"),
    text("CREATE FUNCTION f(x {t}) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1'", t=st.sampled_from(TYPES[:5])),
    text("CREATE FUNCTION g(x {t}) RETURNS integer LANGUAGE sql AS 'SELECT 1'", t=unqualified),
    text("CREATE FUNCTION h() RETURNS bigint BEGIN ATOMIC SELECT count({a}) FROM {t}; END", a=column, t=table),
    text("ALTER TABLE {t} ALTER COLUMN {a} SET DEFAULT f()", t=table, a=column),
    text("CREATE VIEW {t} AS SELECT f() AS a, {b} FROM {u}", t=unqualified, b=column, u=table),
    text("CREATE VIEW {t} AS SELECT h() AS a", t=unqualified),
    text("DROP FUNCTION {f}{x}", f=st.sampled_from(("f", "f()", "g", "h")), x=cascade),
    text("ALTER FUNCTION f {w}", w=st.sampled_from(("RENAME TO g", "SET SCHEMA s"))),
    text("CREATE SEQUENCE {n}", n=st.sampled_from(("sq", "s.sq"))),
    text("ALTER SEQUENCE sq OWNED BY {t}.{a}", t=table, a=column),
    text("ALTER TABLE {t} ALTER COLUMN {a} SET DEFAULT nextval('sq')", t=table, a=column),
    text("DROP SEQUENCE sq{x}", x=cascade),
    text("CREATE DOMAIN inner_one AS positive{n}", n=st.sampled_from(("", " NOT NULL", " DEFAULT 1"))),
    text("ALTER TABLE {t} ADD COLUMN {a} inner_one", t=table, a=column),
    text(
        "ALTER DOMAIN {d} {w}",
        d=st.sampled_from(("positive", "inner_one")),
        w=st.sampled_from(
            (
                "SET NOT NULL",
                "DROP NOT NULL",
                "SET DEFAULT 3",
                "DROP CONSTRAINT positive_check",
                "ADD CONSTRAINT one CHECK (VALUE < 9)",
                "RENAME TO other",
                "SET SCHEMA s",
            )
        ),
    ),
    text("CREATE TYPE pair AS (a integer, {b} text)", b=st.sampled_from(("b", "c"))),
    text("CREATE TABLE {t} OF pair", t=table),
    text(
        "ALTER TYPE pair {w}{x}",
        w=st.sampled_from(
            ("ADD ATTRIBUTE c text", "DROP ATTRIBUTE b", "RENAME ATTRIBUTE b TO c", "ALTER ATTRIBUTE a TYPE bigint")
        ),
        x=st.sampled_from(("", " CASCADE")),
    ),
    text("ALTER TABLE {t} ADD COLUMN {a} pair", t=table, a=column),
    text("ALTER TABLE {t} ADD COLUMN {a} {u}", t=table, a=column, u=unqualified),
    text("DROP DOMAIN {d}{x}", d=st.sampled_from(("positive", "inner_one")), x=cascade),
    text("DROP TYPE pair{x}", x=cascade),
)
view = st.one_of(
    text("CREATE OR REPLACE VIEW {t} AS SELECT {a}, {b} FROM {u}", t=unqualified, a=column, b=column, u=table),
    text("CREATE VIEW {t} AS SELECT * FROM {u}", t=unqualified, u=table),
    text("CREATE VIEW {t} AS SELECT count(x.*) AS a, max((x).{b}) AS b FROM {u} x", t=unqualified, b=column, u=table),
    text(
        "CREATE VIEW {t} AS SELECT {a}, {b} FROM {u} GROUP BY {c}", t=unqualified, a=column, b=column, u=table, c=column
    ),
    text("CREATE VIEW {t} AS SELECT {a} FROM {u} WITH CHECK OPTION", t=unqualified, a=column, u=table),
    text(
        "CREATE VIEW {t} AS SELECT x.{a}, y.{b} AS b2 FROM {u} x JOIN {w} y USING (id)",
        t=unqualified,
        a=column,
        b=column,
        u=table,
        w=table,
    ),
    text("CREATE VIEW {t} AS WITH q AS (SELECT {a} AS c FROM {u}) SELECT c FROM q", t=unqualified, a=column, u=table),
    text("ALTER VIEW {t} ALTER COLUMN {a} SET DEFAULT 1", t=table, a=column),
    text("ALTER VIEW {t} {w}", t=table, w=st.sampled_from(("RENAME TO w", "SET SCHEMA s", "SET (security_barrier)"))),
    text("CREATE TABLE {t} AS TABLE {u}", t=table, u=table),
    text("REFRESH MATERIALIZED VIEW {t}", t=table),
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
    tie,
    deferred,
    routine,
    view,
)
sequence = st.lists(statement, min_size=1, max_size=14)

SETUP = (
    "CREATE TYPE mood AS ENUM ('x', 'y')",
    "CREATE DOMAIN positive AS integer CHECK (VALUE > 0)",
    "CREATE SCHEMA s",
    "CREATE TABLE t (id integer PRIMARY KEY, a text, b varchar(20) UNIQUE)",
    "CREATE TABLE u (id integer REFERENCES t, a mood, c timestamptz)",
)


def _agree(sql: str, predicted: str | None, actual: str | None, *, with_bodies: bool) -> bool:
    """Whether both succeed, or both fail with errors that scripts catch alike (the DBAPI's class of exception).

    Where a statement is wrong in two ways, which of the two the server finds first is not predicted: statements of
    several actions, and changes of a type where a body of SQL (``with_bodies``) may use the column, need only fail in
    both, and a DataError is found while something else is checked.
    """
    if predicted is None or actual is None:
        return predicted == actual
    several = sql.startswith("ALTER TABLE") and (", " in sql or (with_bodies and " TYPE " in sql))
    one, other = (_dbapi_class(sqlstate) for sqlstate in (predicted, actual))
    return several or one is other or psycopg.DataError in (one, other)


def _dbapi_class(sqlstate: str) -> type:
    return next(kind for kind in psycopg.errors.lookup(sqlstate).__mro__ if kind.__module__ == "psycopg")


def disagreement(statements: list[str], server: Server, *, known: int | None = None) -> str | None:
    """Return where the catalog and the server part, None where they agree to the end.

    A catalog that declares a doubt is right whatever comes of it, and so is one that says that the server may refuse
    what works here.

    Args:
        statements: to run after those of the setup.
        server: where they are run; it is emptied before.
        known: how many of them come before the catalog starts, from what it observes. None: it starts from nothing.
    """
    server.reset()
    catalog = Catalog(database=server.connection.engine.url.database, server_version=server.version)
    before, after = (SETUP, statements) if known is None else ((*SETUP, *statements[:known]), statements[known:])
    for sql in before:
        server.run(sql)
        if known is None:
            execute(catalog, sql)
    if known is not None:
        server.run("COMMIT")
        catalog = observed(server)
    for sql in after:
        settled, found = _compare(sql, catalog, server)
        if settled:
            return found
    server.run("COMMIT")
    if catalog.in_transaction:
        catalog.commit()
    return "\n".join(differences("", facts(catalog.schema()), facts(server.observe()))) or None


def _compare(sql: str, catalog: Catalog, server: Server) -> tuple[bool, str | None]:
    """Return whether nothing more is to be compared after a statement, and where catalog and server part."""
    expected, met, predicted = server.run(sql), catalog.state.uncertain.met, None
    try:
        if any(effect.doubts for effect in execute(catalog, sql)):
            return True, None
    except PostgresError as error:
        if not error.is_certain:
            return True, None
        predicted = error.sqlstate
    by_rows = (expected or "").startswith(("22", "23")) and depends_on_rows(catalog.state, parser.parse(sql)[0])
    if predicted is None and expected is not None and (by_rows or catalog.state.uncertain.met > met):
        return True, None
    if _agree(sql, predicted, expected, with_bodies=not catalog.state.holds_all(SQL_BODY)):
        return False, None
    return True, f"{sql}: predicted {predicted or 'success'}, is {expected or 'success'}"


def observed(server: Server) -> Catalog:
    """Return what a prediction beside a database starts from."""
    with server.engine.connect() as connection:
        return baseline.observed(postgresql.observe(connection, None), postgresql.surroundings(connection))

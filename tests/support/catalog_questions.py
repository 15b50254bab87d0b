"""Random schemas and questions about them, for prediction's catalog and a real PostgreSQL to answer alike.

Everything comes out of a ``random.Random``: the same seed asks the same.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from alembic_contracts.prediction.answers.reader import Reader
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.driver.recording_dialect import recording_engine
from alembic_contracts.prediction.driver.unknown_text import UnknownText
from alembic_contracts.prediction.scripts.recording import Recording
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.prediction.statements import execute
from tests.support.stored_expressions import CHECKS, COLUMNS, DEFAULTS, KEYS

TABLES = ("t", "u", "o.v", '"T w"')
PARTS = [part.strip() for part in COLUMNS.split(", ")]
NAMES = ("a", "b", "c", "d", "g", "h", "k", "m", "x", "y", '"Up"', '"order"')
TYPES = (*DEFAULTS, "serial", "bigserial", "ddvar", "dvar[]")

BEFORE = (
    "DROP SCHEMA IF EXISTS o CASCADE",
    "DROP SCHEMA IF EXISTS oo CASCADE",
    "DROP SCHEMA public CASCADE",
    "CREATE SCHEMA public",
    "SET search_path = public",
    "CREATE SCHEMA o",
    "CREATE TYPE mood AS ENUM ('sad', 'ok', 'o.k')",
    "CREATE TYPE o.size AS ENUM ('s', 'm')",
    "CREATE TYPE \"Odd Type\" AS ENUM ('A')",
    "CREATE SEQUENCE s",
    'CREATE SEQUENCE "Odd"',
    "CREATE SEQUENCE o.os",
    "CREATE DOMAIN dom AS text DEFAULT 'x' CHECK (VALUE <> '')",
    "CREATE DOMAIN dint AS integer NOT NULL CHECK (VALUE > 0)",
    "CREATE DOMAIN dvar AS varchar(10)",
    "CREATE DOMAIN ddvar AS dvar NOT NULL",
)

COLUMNS_ASKED = (
    "column_default", "is_nullable", "data_type", "udt_schema", "udt_name", "character_maximum_length",
    "numeric_precision", "numeric_scale", "datetime_precision", "is_identity", "identity_generation", "is_generated",
    "generation_expression", "is_updatable", "ordinal_position", "collation_name", "domain_name",
)  # fmt: skip
OWN = "n.nspname IN ('public', 'o', 'oo')"
_QUESTIONS = """
SELECT table_schema, table_name, table_type, is_insertable_into FROM information_schema.tables WHERE
table_schema IN ('public', 'o', 'oo') ORDER BY 1, 2;
SELECT table_name, view_definition FROM information_schema.views WHERE table_schema = 'public' ORDER BY 1;
SELECT table_name, constraint_name, constraint_type, is_deferrable, initially_deferred FROM
information_schema.table_constraints WHERE table_schema = 'public' ORDER BY 1, 2;
SELECT constraint_name, table_name, column_name, ordinal_position, position_in_unique_constraint FROM
information_schema.key_column_usage WHERE table_schema = 'public' ORDER BY 1, 2, 4;
SELECT constraint_name, table_name, column_name FROM information_schema.constraint_column_usage WHERE
table_schema = 'public' ORDER BY 1, 2, 3;
SELECT constraint_name, unique_constraint_name, match_option, update_rule, delete_rule FROM
information_schema.referential_constraints WHERE constraint_schema = 'public' ORDER BY 1;
SELECT constraint_name, check_clause FROM information_schema.check_constraints WHERE constraint_schema =
'public' ORDER BY 1;
SELECT sequence_schema, sequence_name FROM information_schema.sequences ORDER BY 1, 2;
SELECT domain_name, data_type, domain_default FROM information_schema.domains WHERE domain_schema = 'public'
ORDER BY 1;
SELECT table_schema, column_name, data_type FROM information_schema.columns WHERE table_name = 't' AND table_schema IN
('public', 'o') ORDER BY 1, 2;
SELECT count(*) FROM information_schema.columns c WHERE c.table_name = 'u'::varchar AND c.table_schema =
current_schema();
SELECT c.relname, c.relkind, n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname =
'v' AND n.nspname IN ('public', 'o') ORDER BY 3;
SELECT relname, relkind FROM pg_class WHERE relname = 't_pkey' AND relnamespace = 'public'::regnamespace;
SELECT conname, contype FROM pg_constraint WHERE conname = 't_pkey' ORDER BY 2;
SELECT t.relname, c.conname FROM pg_class t LEFT JOIN pg_constraint c ON c.conrelid = t.oid AND c.conname = 't_pkey'
WHERE t.relname IN ('t', 'u') AND t.relkind = 'r' ORDER BY 1, 2;
SELECT count(*) FROM pg_depend WHERE refobjid = 't'::regclass;
SELECT count(*) FROM pg_depend WHERE classid = 'pg_rewrite'::regclass AND refobjid = 't'::regclass;
SELECT count(*) FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = 's'::regclass AND refclassid =
'pg_class'::regclass;
SELECT count(*) FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = 's'::regclass;
SELECT c.relname, a.attname, d.deptype FROM pg_depend d JOIN pg_class c ON c.oid = d.objid JOIN pg_class t ON t.oid =
d.refobjid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid WHERE d.classid =
'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND c.relkind = 'S' ORDER BY 1, 2;
SELECT DISTINCT t.relname FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class t ON t.oid = d.refobjid
WHERE d.classid = 'pg_rewrite'::regclass AND t.relkind = 'r' ORDER BY 1;
SELECT n.nspname, relname, relkind, relpersistence, relhasindex, relnatts, relispartition FROM pg_class c JOIN
pg_namespace n ON n.oid = c.relnamespace WHERE OWN ORDER BY 1, 2;
SELECT relname, attname, attnum FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n
ON n.oid = c.relnamespace WHERE attnum > 0 AND relkind = 'r' AND NOT attisdropped AND OWN ORDER BY 1, 3;
SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull, atthasdef, attidentity,
attgenerated, attisdropped, attislocal, attinhcount FROM pg_attribute a JOIN pg_class c ON c.oid =
a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE attnum > 0 AND relkind IN ('r', 'v') AND NOT
attisdropped AND OWN ORDER BY 1, a.attnum;
SELECT relname, attname, pg_get_expr(adbin, adrelid) FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid JOIN
pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE OWN ORDER BY 1, 2;
SELECT conname, conkey, confkey FROM pg_constraint x JOIN pg_namespace n ON n.oid = x.connamespace
JOIN pg_class c ON c.oid = x.conrelid WHERE OWN AND conrelid <> 0 ORDER BY 1, relname;
SELECT conname, contype, condeferrable, condeferred, convalidated, connoinherit, pg_get_constraintdef(x.oid),
pg_get_constraintdef(x.oid, true) FROM pg_constraint x JOIN pg_class c ON c.oid = x.conrelid JOIN
pg_namespace n ON n.oid = x.connamespace WHERE OWN AND conrelid <> 0 ORDER BY 1, relname;
SELECT conname, pg_get_constraintdef(x.oid) FROM pg_constraint x JOIN pg_namespace n ON n.oid = x.connamespace
WHERE OWN AND conrelid <> 0 ORDER BY 1, 2;
SELECT c.relname, indisunique, indisprimary, indisvalid, pg_get_indexdef(indexrelid), pg_get_expr(indpred,
indrelid), pg_get_indexdef(indexrelid, 1, true) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN
pg_namespace n ON n.oid = c.relnamespace WHERE OWN ORDER BY 1;
SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2;
SELECT viewname, definition FROM pg_views WHERE schemaname = 'public' ORDER BY 1;
SELECT tablename, hasindexes FROM pg_tables WHERE schemaname = 'public' ORDER BY 1;
SELECT typname, typtype, typcategory, typnotnull, typdefault FROM pg_type t JOIN pg_namespace n ON n.oid =
t.typnamespace WHERE OWN ORDER BY 1;
SELECT t.typname, e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid ORDER BY 1, enumsortorder;
SELECT schemaname, sequencename FROM pg_sequences ORDER BY 1, 2;
SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg_t%%' ORDER BY 1;
SELECT current_schema(), to_regclass('t')::text, to_regclass('o.v')::text, to_regclass('v')::text;
SELECT count(*) FROM information_schema.columns WHERE table_name = 't';
SELECT c.relname, obj_description(c.oid, 'pg_class') FROM pg_class c JOIN pg_namespace n ON n.oid =
c.relnamespace WHERE relkind = 'r' AND OWN ORDER BY 1
"""
QUESTIONS = [" ".join(text.split()).replace("OWN", OWN) for text in _QUESTIONS.split(";")]
METHODS = (
    "get_columns", "get_pk_constraint", "get_foreign_keys", "get_indexes", "get_unique_constraints",
    "get_check_constraints", "get_table_comment", "get_view_names", "get_table_names", "get_enums", "get_domains",
    "get_sequence_names",
)  # fmt: skip
OF_SCHEMAS = frozenset({"get_view_names", "get_table_names", "get_enums", "get_domains", "get_sequence_names"})


def statements(chance: random.Random) -> list[str]:
    """Return the statements that make a random schema and change it."""
    made = [_table(chance, name) for name in TABLES]
    return [*made, *(chance.choice(_CHANGES)(chance) for _ in range(chance.randint(5, 25)))]


def _default(chance: random.Random) -> str:
    type_ = chance.choice(TYPES)
    default = chance.choice(["", f" DEFAULT {chance.choice(DEFAULTS[type_])}"]) if type_ in DEFAULTS else ""
    return f"{type_}{default}{chance.choice(['', '', ' NOT NULL'])}"


def _table(chance: random.Random, name: str) -> str:
    parts = [f"{part}{chance.choice(['', '', ' NOT NULL'])}" for part in PARTS]
    parts += [f"n{number} {_default(chance)}" for number in range(3)]
    checks = [f"CHECK ({chance.choice(CHECKS)})" for _ in range(chance.randint(0, 3))]
    key = chance.choice([["PRIMARY KEY (a)"], ["id serial PRIMARY KEY"], ["UNIQUE (a, b)"], []])
    generated = chance.choice(
        [[], ["gen int GENERATED ALWAYS AS (a + 1) STORED"], ["ident int GENERATED ALWAYS AS IDENTITY"]]
    )
    return f"CREATE TABLE {name} ({', '.join([*parts, *key, *checks, *generated])})"


def _one(chance: random.Random) -> str:
    return f"ALTER TABLE {chance.choice(TABLES)}"


def _column(chance: random.Random) -> str:
    return chance.choice(NAMES)


_CHANGES: tuple[Callable[[random.Random], str], ...] = (
    lambda chance: f"{_one(chance)} ADD COLUMN {_column(chance)} {_default(chance)}",
    lambda chance: f"{_one(chance)} ADD COLUMN y {_default(chance)}",
    lambda chance: f"{_one(chance)} DROP COLUMN {_column(chance)}",
    lambda chance: f"{_one(chance)} RENAME {_column(chance)} TO {_column(chance)}",
    lambda chance: f"{_one(chance)} ALTER {_column(chance)} TYPE {chance.choice(('text', 'bigint', 'varchar(30)'))}",
    lambda chance: f"{_one(chance)} ALTER {_column(chance)} SET NOT NULL",
    lambda chance: f"{_one(chance)} ALTER {_column(chance)} DROP NOT NULL",
    lambda chance: f"{_one(chance)} ALTER a SET DEFAULT {chance.choice(DEFAULTS['integer'])}",
    lambda chance: f"{_one(chance)} ALTER d SET DEFAULT {chance.choice(DEFAULTS['text'])}",
    lambda chance: f"{_one(chance)} ALTER c DROP DEFAULT",
    lambda chance: (
        f"{_one(chance)} ADD CHECK ({chance.choice(CHECKS)}){chance.choice(('', ' NOT VALID', ' NO INHERIT'))}"
    ),
    lambda chance: f"{_one(chance)} ADD CONSTRAINT k CHECK ({chance.choice(CHECKS)})",
    lambda chance: f"{_one(chance)} DROP CONSTRAINT k",
    lambda chance: f"{_one(chance)} ADD UNIQUE ({_column(chance)})",
    lambda chance: (
        f"{_one(chance)} ADD FOREIGN KEY (a) REFERENCES t (a)"
        f" ON DELETE {chance.choice(('CASCADE', 'SET NULL (a)', 'RESTRICT'))}"
    ),
    lambda chance: (
        f"{_one(chance)} ADD FOREIGN KEY (a) REFERENCES o.v (a) {chance.choice(('MATCH FULL', 'DEFERRABLE', ''))}"
    ),
    lambda chance: (
        f"CREATE INDEX ON {chance.choice(TABLES)} ({_column(chance)}{chance.choice(('', ' DESC', ' NULLS FIRST'))}, b)"
    ),
    lambda chance: f"CREATE INDEX ON {chance.choice(TABLES)} ({chance.choice(KEYS)})",
    lambda chance: f"CREATE UNIQUE INDEX i ON {chance.choice(TABLES)} (a) WHERE {chance.choice(CHECKS)}",
    lambda chance: (
        f"CREATE INDEX ON {chance.choice(TABLES)} USING gin (k){chance.choice(('', ' WITH (fastupdate = off)'))}"
    ),
    lambda _: "DROP INDEX i",
    lambda _: "ALTER INDEX i RENAME TO ii",
    lambda chance: f"CREATE OR REPLACE VIEW w AS SELECT {_column(chance)} FROM t",
    lambda _: "DROP VIEW w",
    lambda chance: f"CREATE TABLE l (LIKE {chance.choice(TABLES)} INCLUDING ALL)",
    lambda chance: f"CREATE TABLE heir (e int) INHERITS ({chance.choice(TABLES)})",
    lambda _: "DROP TABLE l",
    lambda _: "ALTER TYPE mood RENAME TO moods",
    lambda _: "ALTER TYPE o.size SET SCHEMA public",
    lambda _: "ALTER SEQUENCE s RENAME TO ss",
    lambda _: "ALTER DOMAIN dom RENAME TO doms",
    lambda _: "ALTER SCHEMA o RENAME TO oo",
    lambda chance: f"ALTER TABLE {chance.choice(TABLES)} RENAME TO renamed",
    lambda chance: f"COMMENT ON TABLE {chance.choice(TABLES)} IS 'what'",
    lambda chance: f"SET search_path = {chance.choice(('o, public', 'public', 'public, o', 'o'))}",
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a query, or a method of SQLAlchemy's inspector with its arguments."""

    text: str
    arguments: tuple[Any, ...] | None = None

    def __str__(self) -> str:
        return self.text if self.arguments is None else f"sa.inspect(bind).{self.text}{self.arguments}"


def question(chance: random.Random) -> Question:
    """Return a random question."""
    kind = chance.random()
    if kind < 0.3:
        method = chance.choice(METHODS)
        schema = chance.choice((None, "public", "o"))
        table = chance.choice(("t", "u", "v", "T w", "l", "heir", "w", "renamed"))
        return Question(method, (schema,) if method in OF_SCHEMAS else (table, schema))
    if kind < 0.5:
        return Question(
            f"SELECT table_schema, table_name, column_name, {chance.choice(COLUMNS_ASKED)}"
            " FROM information_schema.columns WHERE table_schema IN ('public', 'o', 'oo') ORDER BY 1, 2, 3"
        )
    return Question(chance.choice(QUESTIONS))


class Subject:
    """A server and a prediction with the same schema."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.version = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
        self.doubts: list[str] = []
        self.statements: list[str] = []

    def build(self, made: Sequence[str]) -> None:
        """Give both a schema; statements that either refuses are left out."""
        catalog = Catalog(server_version=self.version)
        self.statements = []
        for statement in (*BEFORE, *made):
            before = catalog.copy()
            try:
                self.connection.exec_driver_sql(statement.replace("%", "%%"))
            except sa.exc.DBAPIError:
                continue
            try:
                execute(catalog, statement)
            except PostgresError as error:
                raise AssertionError(f"the server runs {statement}, prediction says {error}") from error
            del before
            self.statements.append(statement)
        reader = Reader(catalog, "empty")
        recording = Recording(catalog, (), reader)
        engine = recording_engine(recording, catalog)
        reader.doubt = engine.dialect.doubt = lambda reason, _tables: self.doubts.append(reason)  # type: ignore[attr-defined]
        self.recorded = engine.connect()
        recording.connected(self.recorded.connection.dbapi_connection)  # type: ignore[arg-type]

    def ask(self, asked: Question) -> tuple[Any, Any, int, int]:
        """Return the server's answer and the prediction's, how many cells they have, and how many are unknown."""
        self.doubts.clear()
        theirs = _answer(self.connection, asked)
        ours = _answer(self.recorded, asked)
        if self.doubts:
            return theirs, theirs, _cells(theirs), _cells(theirs)
        ours, unknown = _without_unknown(ours, theirs)
        return theirs, ours, _cells(theirs), unknown


def _answer(connection: sa.Connection, asked: Question) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if asked.arguments is None:
                return sorted((tuple(row) for row in connection.exec_driver_sql(asked.text)), key=repr)
            found = getattr(sa.inspect(connection), asked.text)(*asked.arguments)
    except sa.exc.NoSuchTableError:
        return "no such table"
    except sa.exc.DBAPIError as error:
        connection.rollback()
        return f"refused: {getattr(error.orig, 'sqlstate', None)}"
    return sorted(found) if found and isinstance(found, list) and isinstance(found[0], str) else _plain(found)


def _plain(value: Any) -> Any:
    if isinstance(value, sa.types.TypeEngine):
        return value.compile(dialect=sa.dialects.postgresql.dialect())
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _without_unknown(ours: Any, theirs: Any) -> tuple[Any, int]:
    """Put the server's texts where the prediction says that it does not know them, and count these."""
    if isinstance(ours, UnknownText):
        return theirs, 1
    if isinstance(ours, dict) and isinstance(theirs, dict):
        pairs = {key: _without_unknown(value, theirs.get(key)) for key, value in ours.items()}
        return {key: value for key, (value, _) in pairs.items()}, sum(count for _, count in pairs.values())
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        each = [_without_unknown(one, other) for one, other in zip(ours, theirs, strict=True)]
        return [value for value, _ in each], sum(count for _, count in each)
    return ours, 0


def _cells(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_cells, value.values()))
    return sum(map(_cells, value)) if isinstance(value, (list, tuple)) else 1


def shrunk(subject: Subject, asked: Question, made: Sequence[str]) -> list[str]:
    """Return as few of the statements as still make the answers differ."""
    kept = list(made)
    for statement in reversed(made):
        fewer = [other for other in kept if other is not statement]
        try:
            subject.build(fewer)
            theirs, ours, _, _ = subject.ask(asked)
        except AssertionError:
            continue
        if theirs != ours:
            kept = fewer
    subject.build(kept)
    return kept


def difference(subject: Subject, asked: Question, made: Sequence[str]) -> str:
    """Return a wrong answer as a case to read."""
    kept = shrunk(subject, asked, made)
    theirs, ours, _, _ = subject.ask(asked)
    if isinstance(theirs, list) and isinstance(ours, list):
        theirs, ours = [row for row in theirs if row not in ours], [row for row in ours if row not in theirs]
    return "\n".join(
        [*(f"{statement};" for statement in kept), str(asked), f"  server     {theirs}", f"  prediction {ours}"]
    )

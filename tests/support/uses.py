"""What queries use, by PostgreSQL's own answer: each column is dropped in turn, and the query looked at again."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from alembic_contracts.dialects import postgresql
from alembic_contracts.inference.asked import Asked
from alembic_contracts.inference.queries import Looked, Query, look
from alembic_contracts.schemas.schema import Name, Schema

if TYPE_CHECKING:
    import sqlalchemy as sa

Used = set[tuple[str, str]]
"""Of tables and columns by their last names."""


def looked(schema: Schema, *texts: str, **asked: object) -> Looked:
    """What texts use, in files ``0.sql``, ``1.sql`` ..."""
    queries = [Query(text=text, file=f"{number}.sql") for number, text in enumerate(texts)]
    return look(queries, Asked(inputs=(), schema=schema, server_version=180000, **asked))  # type: ignore[arg-type]


def columns(found: Looked) -> Used:
    return {(use.table.name, use.column) for use in found.uses if use.column is not None}


def _quoted(name: Name) -> str:
    return f'"{name.schema}"."{name.name}"'


@dataclass
class Truth:
    """A server with a schema on it."""

    connection: sa.Connection
    raw: psycopg.Connection
    schema: Schema

    @classmethod
    def of(cls, connection: sa.Connection, ddl: str) -> Truth:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.autocommit = True
        raw.execute(ddl.encode())
        return cls(connection, raw, postgresql.observe(connection, None))

    def fails(self, query: str) -> str | None:
        """The server's refusal of a query, None where it takes it. Parameters (``$1``) have any type that fits."""
        return self._shape(query)[1]

    def _shape(self, query: str) -> tuple[object, str | None]:
        """The names of what a query yields, or the refusal. It is planned, never run."""
        try:
            with self.raw.transaction(force_rollback=True):
                self.raw.execute(b"PREPARE looked AS " + query.encode())
                try:
                    found = self.raw.execute("SELECT result_types FROM pg_prepared_statements WHERE name = 'looked'")
                    described = self.raw.pgconn.describe_prepared(b"looked")
                    names = [described.fname(each) for each in range(described.nfields)]
                    return (names, found.fetchall()), None
                finally:
                    self.raw.execute("DEALLOCATE looked")
        except psycopg.Error as error:
            return None, str(error)

    def used(self, query: str, tables: Iterable[Name] | None = None) -> Used:
        """Columns without which the query fails, or yields other columns."""
        before, refused = self._shape(query)
        assert refused is None, f"{query}\n{refused}"
        found: Used = set()
        for table in self.schema.tables.values():
            if (tables is not None and table.name not in tables) or table.kind not in {"table", "partitioned table"}:
                continue
            for column in table.columns:
                with self.raw.transaction(force_rollback=True):
                    try:
                        self.raw.execute(
                            f'ALTER TABLE {_quoted(table.name)} DROP COLUMN "{column.name}" CASCADE'.encode()
                        )
                    except psycopg.errors.InvalidTableDefinition:  # inherited: it goes with the parent's
                        continue
                    if self._shape(query) != (before, None):
                        found.add((table.name.name, column.name))
        return found

    def of_view(self, query: str) -> Used:
        """Columns that a view of the query depends on (``pg_depend`` of its rule)."""
        with self.raw.transaction(force_rollback=True):
            self.raw.execute(b"CREATE VIEW looked AS " + query.encode())
            rows = self.raw.execute(
                "SELECT c.relname, a.attname FROM pg_rewrite r JOIN pg_depend d"
                " ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass"
                " JOIN pg_class c ON c.oid = d.refobjid"
                " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid"
                " WHERE r.ev_class = 'looked'::regclass AND d.refobjsubid > 0 AND c.relname <> 'looked'"
            )
            return set(rows.fetchall())


GENERATED = """
CREATE TABLE a (id int PRIMARY KEY, b_id int, x int, y int, t text);
CREATE TABLE b (id int PRIMARY KEY, c_id int, x int, z int);
CREATE TABLE c (id int PRIMARY KEY, z int, w int, n int);
CREATE VIEW ab AS SELECT a.id, b.z, a.y AS why FROM a JOIN b ON b.id = a.b_id;
"""
COLUMNS: dict[str, Sequence[str]] = {
    "a": ("id", "b_id", "x", "y"), "b": ("id", "c_id", "x", "z"), "c": ("id", "z", "w", "n"),
}  # fmt: skip


@dataclass
class Source:
    alias: str
    columns: tuple[str, ...]


class Queries:
    """Random queries over ``GENERATED``, in which every value is an integer: the same seed writes the same."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.number = 0
        self.ctes: list[Source] = []

    def statement(self) -> str:
        kind = self.random.choice(("select",) * 6 + ("with", "with", "insert", "update", "delete", "merge"))
        self.ctes = []
        if kind == "with":
            return self._with()
        return getattr(self, f"_{kind}")() if kind != "select" else self.select(2)

    def select(self, depth: int, width: int | None = None, outer: Sequence[Source] = ()) -> str:
        """A SELECT with as many columns, named c1, c2 ..., or with a star where any number will do."""
        if depth and self.random.random() < 0.15:
            wide = width or self.random.randint(1, 3)
            word = self.random.choice(("UNION", "UNION ALL", "EXCEPT", "INTERSECT"))
            return f"{self.select(depth - 1, wide, outer)} {word} {self.select(depth - 1, wide, outer)}"
        sources, text = self.sources(depth, outer)
        visible = [*sources, *outer]
        grouped = self.random.random() < 0.2
        if width is None and not grouped and self.random.random() < 0.25:
            targets = self.random.choice(("*", f"{sources[0].alias}.*"))
            if targets == "*" and len(sources) > 1:
                targets = f"{sources[-1].alias}.*"
        elif grouped:
            keys = [self.column(sources) for _ in range(width or self.random.randint(1, 2))]
            having = f" HAVING count({self.column(sources)}) > 1" if self.random.random() < 0.5 else ""
            shown = ", ".join(f"{key} AS c{place}" for place, key in enumerate(keys, 1))
            return f"SELECT {shown} FROM {text}{self.where(visible, depth)} GROUP BY {', '.join(keys)}{having}"
        else:
            count = width or self.random.randint(1, 3)
            targets = ", ".join(f"{self.value(visible, depth)} AS c{place}" for place in range(1, count + 1))
        order = self.random.choice(("", "", f" ORDER BY {self.column(sources)}", " LIMIT 3"))
        return f"(SELECT {targets} FROM {text}{self.where(visible, depth)}{order})"

    def sources(self, depth: int, outer: Sequence[Source]) -> tuple[list[Source], str]:
        first, text = self.source(depth, outer)
        found = [first]
        while self.random.random() < 0.45 and len(found) < 3:
            lateral = self.random.random() < 0.3
            other, written = self.source(depth, [*found, *outer] if lateral else outer, lateral=lateral)
            if lateral and written.startswith("("):
                text += f" CROSS JOIN LATERAL {written}"
                found.append(other)
                continue
            shared = [name for name in other.columns if sum(name in each.columns for each in found) == 1]
            if shared and self.random.random() < 0.3:
                text += f" JOIN {written} USING ({shared[0]})"
            else:
                word = self.random.choice(("JOIN", "LEFT JOIN", "FULL JOIN"))
                on = f"{self.column([other])} = {self.column(found)}"
                text += f" {word} {written} ON {on}"
            found.append(other)
        return found, text

    def source(self, depth: int, outer: Sequence[Source], *, lateral: bool = False) -> tuple[Source, str]:
        self.number += 1
        alias = f"s{self.number}"
        pick = self.random.random()
        if depth and (pick < 0.3 or lateral):
            if self.random.random() < 0.4:
                table = self.random.choice(sorted(COLUMNS))
                return Source(alias, tuple(COLUMNS[table])), f"(SELECT * FROM {table}) AS {alias}"
            width = self.random.randint(1, 3)
            inner = self.select(depth - 1, width, outer if lateral else ())
            return Source(alias, tuple(f"c{place}" for place in range(1, width + 1))), f"({inner}) AS {alias}"
        if self.ctes and pick < 0.6:
            cte = self.random.choice(self.ctes)
            return Source(alias, cte.columns), f"{cte.alias} AS {alias}"
        table = self.random.choice(sorted(COLUMNS))
        return Source(alias, tuple(COLUMNS[table])), f"{table} AS {alias}"

    def column(self, sources: Sequence[Source]) -> str:
        source = self.random.choice(sources)
        return f"{source.alias}.{self.random.choice(source.columns)}"

    def value(self, visible: Sequence[Source], depth: int) -> str:
        pick = self.random.random()
        if pick < 0.6:
            return self.column(visible)
        if pick < 0.7:
            return f"{self.column(visible)} + {self.column(visible)}"
        if pick < 0.8:
            return f"CASE WHEN {self.column(visible)} > 1 THEN {self.column(visible)} ELSE 0 END"
        if pick < 0.9:
            return f"sum({self.column(visible[:1])}) OVER (PARTITION BY {self.column(visible[:1])})"
        if depth:
            return f"(SELECT max({self.column(visible)} + q.{self.random.choice(COLUMNS['b'])}) FROM b AS q)"
        return f"coalesce({self.column(visible)}, 0)"

    def where(self, visible: Sequence[Source], depth: int) -> str:
        pick = self.random.random()
        if pick < 0.4:
            return ""
        if pick < 0.7 or not depth:
            return f" WHERE {self.column(visible)} > {self.column(visible)}"
        if pick < 0.85:
            inner = self.random.choice(COLUMNS["c"])
            return f" WHERE EXISTS (SELECT * FROM c AS e WHERE e.{inner} = {self.column(visible)})"
        return f" WHERE {self.column(visible)} IN ({self.select(depth - 1, 1, visible)})"

    def _with(self) -> str:
        parts = []
        for number in range(self.random.randint(1, 3)):
            if self.random.random() < 0.4:
                table = self.random.choice(sorted(COLUMNS))
                made, text = Source(f"w{number}", tuple(COLUMNS[table])), f"SELECT * FROM {table}"
            else:
                width = self.random.randint(1, 3)
                text = self.select(1, width)
                made = Source(f"w{number}", tuple(f"c{place}" for place in range(1, width + 1)))
            parts.append(f"w{number} AS ({text})")
            self.ctes.append(made)
        return f"WITH {', '.join(parts)} {self.select(1)}"

    def _table(self) -> tuple[str, list[str]]:
        table = self.random.choice(sorted(COLUMNS))
        names = list(COLUMNS[table])
        self.random.shuffle(names)
        return table, names[: self.random.randint(1, 3)]

    def _insert(self) -> str:
        table, names = self._table()
        conflict = self.random.choice(("", f" ON CONFLICT (id) DO UPDATE SET {names[0]} = excluded.{names[-1]}"))
        returning = self.random.choice(("", f" RETURNING {names[0]}", " RETURNING *"))
        return f"INSERT INTO {table} ({', '.join(names)}) {self.select(1, len(names))}{conflict}{returning}"

    def _update(self) -> str:
        table, names = self._table()
        sources, text = self.sources(1, ())
        target = Source("target", tuple(COLUMNS[table]))
        sets = ", ".join(
            f"{name} = {self.value([*sources, target], 0).replace('sum(', '(').split(' OVER')[0]}" for name in names
        )
        return f"UPDATE {table} AS target SET {sets} FROM {text} WHERE {self.column([target])} = {self.column(sources)}"

    def _delete(self) -> str:
        table, _ = self._table()
        sources, text = self.sources(1, ())
        target = Source("target", tuple(COLUMNS[table]))
        return f"DELETE FROM {table} AS target USING {text} WHERE {self.column([target])} = {self.column(sources)}"

    def _merge(self) -> str:
        table, names = self._table()
        source, text = self.source(1, ())
        target = Source("target", tuple(COLUMNS[table]))
        inserted = ", ".join(self.column([source]) for _ in names)
        return (
            f"MERGE INTO {table} AS target USING {text} ON {self.column([target])} = {self.column([source])}"
            f" WHEN MATCHED AND {self.column([target])} > 1 THEN UPDATE SET {names[0]} = {self.column([source])}"
            f" WHEN NOT MATCHED THEN INSERT ({', '.join(names)}) VALUES ({inserted})"
        )

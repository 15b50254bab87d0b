"""Looks that ask for a part: what they return, and that a database may be as large as it likes around it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from alembic_contracts.dialects import Asked
from alembic_contracts.dialects.postgresql import observe, sight, surroundings
from alembic_contracts.schemas.schema import Access, Name, Schema, Type
from tests.support.database import Databases

SCHEMA = (Path(__file__).parents[1] / "fixtures/rich_schema.sql").read_text()
NOTHING = Asked(frozenset(), frozenset())
EVERY_PART = frozenset({"grants", "publications", "indexes", "rest"})
JIT_ABOVE_COST = 100_000
"""A server's own setting: above it a query is compiled first, which takes longer than any of ours."""


@pytest.fixture(scope="module")
def rich(databases) -> Iterator[sa.Connection]:
    with databases.new() as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(SCHEMA)
            connection.exec_driver_sql("CREATE TYPE stock.pair AS (one stock.net, two stock.span, three mood[])")
            connection.exec_driver_sql("CREATE TABLE stock.nested (a stock.prices, b stock.pair[])")
            connection.commit()
            yield connection


def _reachable(schema: Schema, table: Name) -> set[Name]:
    """The types of users that a table's columns have, and those in these."""
    found: set[Name] = set()
    waiting: list[Type] = [column.type for column in schema.tables[table].columns]
    while waiting:
        name = waiting.pop().name
        if name in schema.types and name not in found:
            found.add(name)
            definition = schema.types[name]
            waiting += [*filter(None, [definition.base]), *(type_ for _, type_ in definition.fields)]
    return found


def test_types_that_columns_have_and_types_in_these(rich: sa.Connection) -> None:
    everything = observe(rich, None)
    reached = 0
    for name, table in everything.tables.items():
        seen = observe(rich, [name], asked=Asked(EVERY_PART, frozenset()))
        assert dict(seen.tables) == {name: table}
        assert dict(seen.types) == {each: everything.types[each] for each in _reachable(everything, name)}
        assert (seen.access, seen.namespaces) == (everything.access, everything.namespaces)
        reached += len(seen.types)
    assert reached > 6


def test_types_that_contracts_name(rich: sa.Connection) -> None:
    everything = observe(rich, None)
    name = Name("stock", "empty")
    for named in everything.types:
        seen = observe(rich, [name], asked=Asked(frozenset(), frozenset({named.name, "absent", "int4"})))
        found = {each: everything.types[each] for each in seen.types}
        assert dict(seen.types) == found
        assert (named in found) == (everything.types[named].kind != "base"), "of those, columns have to have one"


def test_what_is_not_asked_for_is_not_there(rich: sa.Connection) -> None:
    everything = observe(rich, None)
    for name, table in everything.tables.items():
        seen = observe(rich, [name], asked=NOTHING)
        bare = replace(
            table,
            columns=tuple(replace(column, comment=None) for column in table.columns),
            constraints=tuple(replace(constraint, comment=None) for constraint in table.constraints),
            **dict.fromkeys(("indexes", "parents", "depends_on", "publications"), ()),
            **dict.fromkeys(("definition", "comment"), None),
            grants=frozenset(),
        )
        assert dict(seen.tables) == {name: bare}
        assert seen.access == Access(), "nothing is known of who may do what"


def test_tables_of_which_something_is_printed_have_fingerprints(rich: sa.Connection) -> None:
    names = list(observe(rich, None).tables)
    seen = sight(rich, names, names)
    around = surroundings(rich)
    assert around.printed == seen.fingerprints.keys() < set(names)
    assert sight(rich, names, around.printed) == seen


def test_what_there_is_nothing_of(databases: Databases) -> None:
    made = {
        "publications": "CREATE PUBLICATION everything FOR ALL TABLES",
        "partitions": "CREATE TABLE parted (a integer) PARTITION BY LIST (a); "
        "CREATE TABLE part PARTITION OF parted FOR VALUES IN (1); CREATE TABLE rest PARTITION OF parted DEFAULT",
        "views": "CREATE VIEW seen AS SELECT * FROM t",
        "foreign tables": "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; "
        "CREATE FOREIGN TABLE far (a integer) SERVER s",
    }
    left = set(made)
    with databases.new() as url, sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id integer PRIMARY KEY, name text UNIQUE)")
        for part in (None, *made):
            if part is not None:
                connection.exec_driver_sql(made[part])
                left.remove(part)
            assert surroundings(connection).without == left
            seen = sight(connection, None, (), left_out=frozenset(left))
            assert seen.schema == observe(connection, None), "what is left out is empty"


def test_what_is_left_out_is_as_if_there_were_nothing_of_it(rich: sa.Connection) -> None:
    everything = observe(rich, None)
    seen = sight(rich, None, (), left_out=frozenset({"grants", "publications"})).schema
    assert {
        name: replace(table, grants=frozenset(), publications=(), unusable=frozenset(), published_above=frozenset())
        for name, table in everything.tables.items()
    } == seen.tables
    assert seen.types == everything.types
    access = seen.access
    assert not access.complete, "what roles there are is not known"
    assert (access.roles, access.memberships, access.publications) == (frozenset(), frozenset(), {})


def test_sequences_of_other_tables_are_not_returned(rich: sa.Connection) -> None:
    assert observe(rich, [Name("stock", "empty")]).sequences == frozenset()
    assert surroundings(rich).outline.sequences == observe(rich, None).sequences


LOOKS: dict[str, Callable[[sa.Connection], object]] = {
    "a commit": lambda c: observe(c, [Name("public", "t1")], asked=NOTHING),
    "a commit that asks for all": lambda c: observe(
        c, [Name("public", "t1")], asked=Asked(EVERY_PART - {"rest"}, frozenset({"mood"}))
    ),
    "before scripts": lambda c: sight(c, [Name("public", "t1"), Name("public", "t2")], [Name("public", "t1")]),
}


@pytest.fixture(scope="module")
def sizes(databases) -> Iterator[tuple[sa.Connection, sa.Connection]]:
    """A database with ten tables, and one with two thousand."""
    with databases.new() as small, databases.new() as large:
        found = []
        for url, size in ((small, 10), (large, 2000)):
            engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
            connection = engine.connect()
            connection.exec_driver_sql("CREATE TYPE mood AS ENUM ('sad', 'ok')")
            for first in range(1, size, 400):
                connection.exec_driver_sql(
                    f"DO $$ BEGIN FOR n IN {first}..{min(first + 399, size)} LOOP EXECUTE 'CREATE TABLE t' || n || "
                    "' (id serial PRIMARY KEY, name text UNIQUE, feeling mood DEFAULT ''ok'')'; END LOOP; END $$"
                )
            connection.exec_driver_sql("VACUUM ANALYZE")
            found.append(connection)
        yield found[0], found[1]
        for connection in found:
            connection.close()


def _planned(connection: sa.Connection, look: Callable[[sa.Connection], object]) -> tuple[float, int]:
    """The estimated cost of the one query of a look, and how many pages of the catalog it reads."""
    sent: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        sent.append((statement, parameters))

    look(connection)
    sa.event.listen(connection, "before_cursor_execute", note)
    look(connection)
    sa.event.remove(connection, "before_cursor_execute", note)
    [(statement, parameters)] = sent
    rows = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters).scalar_one()
    plan = (rows if isinstance(rows, list) else json.loads(rows))[0]["Plan"]
    return plan["Total Cost"], plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


@pytest.mark.parametrize("what", [name for name in LOOKS if name.startswith("a commit")])
def test_a_commit_reads_no_more_of_a_larger_catalog(what: str, sizes: tuple[sa.Connection, sa.Connection]) -> None:
    (_, few), (_, many) = (_planned(connection, LOOKS[what]) for connection in sizes)
    assert many <= 1.25 * few + 20, (few, many)


@pytest.mark.parametrize("what", LOOKS)
def test_no_look_at_single_tables_is_worth_compiling(what: str, sizes: tuple[sa.Connection, sa.Connection]) -> None:
    for connection in sizes:
        assert _planned(connection, LOOKS[what])[0] < JIT_ABOVE_COST


def test_the_same_is_seen_in_a_larger_database(sizes: tuple[sa.Connection, sa.Connection]) -> None:
    for look in LOOKS.values():
        small, large = (look(connection) for connection in sizes)
        schemas = [getattr(each, "schema", each) for each in (small, large)]
        assert replace(schemas[0], catalog=None) == replace(schemas[1], catalog=None)


def test_texts_are_put_together_in_one_way() -> None:
    from alembic_contracts.dialects.postgresql.queries import read

    for parts in (frozenset[str](), EVERY_PART, frozenset({"all types", "all tables", "fingerprints"})):
        assert not re.search(r"/\* (if|else|end|\w+\.sql)", read("whole", 18, parts))

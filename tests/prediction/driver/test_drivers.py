"""Each driver on the real PostgreSQL, and what stands in for it beside it: transactions, placeholders, values."""

from __future__ import annotations

import asyncio
import enum
import random
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from alembic_contracts.prediction.answers.reader import Reader
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.driver.literals import literal
from alembic_contracts.prediction.driver.manners import manners_of
from alembic_contracts.prediction.driver.recording_dialect import recording_engine
from alembic_contracts.prediction.scripts.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DRIVERS = ("psycopg2", "psycopg", "asyncpg", "pg8000")


def url_for(database: str, driver: str) -> sa.URL:
    url = sa.make_url(database).set(drivername=f"postgresql+{driver}")
    if driver == "pg8000" and "host" in url.query:  # its name for a socket
        port = url.query.get("port", "5432")
        url = url.set(query={"unix_sock": f"{url.query['host']}/.s.PGSQL.{port}"})
    return url


def with_driver(database: str, driver: str, use: Callable[[sa.Connection], Any]) -> Any:
    """Return what a function makes of a real connection."""
    url = url_for(database, driver)
    if driver != "asyncpg":
        with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
            return use(connection)

    async def use_async() -> Any:
        engine = create_async_engine(url, poolclass=sa.NullPool)
        async with engine.connect() as connection:
            found = await connection.run_sync(use)
        await engine.dispose()
        return found

    return asyncio.run(use_async())


@pytest.fixture
def stand_in() -> Iterator[Callable[[str], tuple[Catalog, sa.Connection]]]:
    """What a driver's stand-in is connected to, and the connection."""
    opened = []

    def connect(driver: str) -> tuple[Catalog, sa.Connection]:
        catalog = Catalog()
        recording = Recording(catalog, None, Reader(catalog, "empty"), driver)
        like = sa.make_url(f"postgresql+{driver}://").get_dialect()()
        like.is_async = False  # the connection itself is looked at here, without SQLAlchemy's bridge
        connection = recording_engine(recording, catalog, like).connect()
        recording.connected(connection.connection.dbapi_connection)
        opened.append(connection)
        return catalog, connection

    yield connect
    for connection in opened:
        connection.close()


def sqlstate(error: Exception) -> str:
    """The server's code, or that the driver itself refused."""
    original = getattr(error, "orig", error)
    code = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
    if code is None and original.args and isinstance(original.args[0], dict):
        code = original.args[0].get("C")  # pg8000's
    return code or "the driver"


def carry_out(connection: sa.Connection, steps: list[str]) -> list[str]:
    """Execute each step (``!commit`` and ``!rollback`` are SQLAlchemy's) and return what came of it."""
    results = []
    for step in steps:
        try:
            if step.startswith("!"):
                getattr(connection, step[1:])()
            else:
                connection.exec_driver_sql(step)
        except Exception as error:  # noqa: BLE001 - each driver has classes of its own
            results.append(sqlstate(error))
        else:
            results.append("done")
    return results


TRANSACTIONS = {
    "COMMIT, then what must stand alone": [
        "CREATE TABLE a (x int)", "COMMIT", "CREATE INDEX CONCURRENTLY i ON a (x)", "CREATE TABLE b (x int)",
        "!rollback",
    ],
    "a COMMIT and a rollback": [
        "CREATE TABLE a (x int)", "COMMIT", "CREATE TABLE b (x int)", "!rollback",
        "CREATE TABLE c (x int)", "!rollback",
    ],
    "COMMIT and BEGIN": [
        "CREATE TABLE a (x int)", "COMMIT", "BEGIN", "CREATE TABLE b (x int)", "!rollback",
        "CREATE TABLE c (x int)", "!commit",
    ],
    "ROLLBACK": ["CREATE TABLE a (x int)", "ROLLBACK", "CREATE TABLE b (x int)", "!rollback"],
    "BEGIN in a transaction": ["BEGIN", "CREATE TABLE b (x int)", "!rollback"],
    "an error": [
        "CREATE TABLE a (x int)", "DROP TABLE nope", "CREATE TABLE b (x int)", "!rollback",
        "CREATE TABLE c (x int)", "!commit",
    ],
    "an error and a commit": ["CREATE TABLE a (x int)", "DROP TABLE nope", "!commit"],
    "an error and ROLLBACK": [
        "CREATE TABLE a (x int)", "DROP TABLE nope", "ROLLBACK",
        "CREATE TABLE b (x int)", "!rollback",
    ],
    "an error after COMMIT": [
        "CREATE TABLE a (x int)", "COMMIT", "DROP TABLE nope",
        "CREATE TABLE b (x int)", "!rollback",
    ],
    "several statements": ["CREATE TABLE a (x int); CREATE TABLE b (x int)", "!commit"],
    "one statement with a semicolon": ["CREATE TABLE a (x int);", "!commit"],
    "COMMIT among several": ["CREATE TABLE a (x int); COMMIT; CREATE TABLE b (x int)", "!rollback"],
    "COMMIT before others": ["COMMIT; CREATE TABLE b (x int)", "CREATE TABLE c (x int)", "!rollback"],
    "ABORT and END": ["CREATE TABLE a (x int)", "ABORT", "END", "VACUUM", "!rollback"],
    "a savepoint after COMMIT": [
        "CREATE TABLE a (x int)", "COMMIT", "SAVEPOINT s",
        "CREATE TABLE b (x int)", "!rollback",
    ],
    "COMMIT AND CHAIN": ["CREATE TABLE a (x int)", "COMMIT AND CHAIN", "CREATE TABLE b (x int)", "!rollback"],
    "a transaction of one's own": [
        "COMMIT", "START TRANSACTION", "CREATE TABLE a (x int)", "COMMIT", "CREATE TABLE b (x int)", "!rollback",
    ],
    "a block that commits": ["COMMIT", "DO $$ BEGIN CREATE TABLE a (x int); END $$", "!rollback"],
    "AND CHAIN where there is no transaction": ["COMMIT", "COMMIT AND CHAIN", "!rollback"],
    "the end of a failed transaction": ["DROP TABLE nope", "END", "CREATE TABLE a (x int)", "!commit"],
    "COMMIT of a failed transaction": ["DROP TABLE nope", "COMMIT", "CREATE TABLE a (x int)", "!commit"],
    "a percent sign": [
        "CREATE TABLE a (x text DEFAULT '50%')", "!rollback",
        "CREATE TABLE b (x text DEFAULT '50%%')", "!commit",
    ],
}  # fmt: skip


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("steps", TRANSACTIONS.values(), ids=TRANSACTIONS)
def test_transactions(driver, steps, database, stand_in):
    expected = with_driver(database, driver, lambda connection: carry_out(connection, steps))
    catalog, connection = stand_in(driver)
    assert carry_out(connection, steps) == expected
    connection.close()  # what is still open is rolled back
    with sa.create_engine(database, poolclass=sa.NullPool).connect() as observer:
        there = set(sa.inspect(observer).get_table_names())
    assert {name.name for name in catalog.tables} == there


STEPS = [
    *["CREATE TABLE {} (x int)"] * 6, *["COMMIT", "!commit", "!rollback"] * 2, "DROP TABLE IF EXISTS {}", "ROLLBACK",
    "BEGIN", "START TRANSACTION", "END", "ABORT", "COMMIT AND CHAIN", "ROLLBACK AND CHAIN", "SAVEPOINT s",
    "ROLLBACK TO SAVEPOINT s", "RELEASE SAVEPOINT s", "DROP TABLE nope", "LOCK TABLE {}", "VACUUM", "!begin",
    "!begin_nested", "CREATE INDEX CONCURRENTLY ON {} (x)", "CREATE TABLE {} (x int); COMMIT; CREATE TABLE d (x int)",
    "BEGIN; CREATE TABLE {} (x int)", "ROLLBACK; CREATE TABLE {} (x int)", "CREATE TABLE {} (x int); DROP TABLE nope",
    "DO $$ BEGIN COMMIT; END $$", "DO $$ BEGIN CREATE TABLE {} (x int); END $$", "SET CONSTRAINTS ALL DEFERRED",
]  # fmt: skip


@pytest.mark.parametrize("driver", DRIVERS)
def test_random_transactions(driver, database, stand_in):
    """Where the stand-in follows (it has no doubt), each step ends as with the driver, and the tables are the same."""
    chance, followed = random.Random(driver), 0
    for number in range(20):
        steps = [chance.choice(STEPS).format(chance.choice("abc")) for _ in range(chance.randint(2, 7))]
        options = {"isolation_level": "AUTOCOMMIT"} if number % 5 == 0 else {}
        with sa.create_engine(database, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool).connect() as other:
            other.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        expected = with_driver(database, driver, lambda c, s=steps, o=options: carry_out(c.execution_options(**o), s))
        catalog, connection = stand_in(driver)
        found = carry_out(connection.execution_options(**options), steps)
        connection.close()
        if catalog.is_uncertain:
            continue
        followed += 1
        assert found == expected, steps
        with sa.create_engine(database, poolclass=sa.NullPool).connect() as observer:
            there = set(sa.inspect(observer).get_table_names())
        assert {name.name for name in catalog.tables} == there, steps
    assert followed > 10


def under_autocommit(connection: sa.Connection) -> list[str]:
    connection = connection.execution_options(isolation_level="AUTOCOMMIT")
    return carry_out(
        connection,
        [
            "CREATE TABLE a (x int)", "!rollback", "CREATE INDEX CONCURRENTLY i ON a (x)", "BEGIN",
            "CREATE TABLE b (x int)", "ROLLBACK", "CREATE TABLE c (x int)", "!commit",
        ],
    )  # fmt: skip


@pytest.mark.parametrize("driver", DRIVERS)
def test_autocommit(driver, database, stand_in):
    expected = with_driver(database, driver, under_autocommit)
    catalog, connection = stand_in(driver)
    assert under_autocommit(connection) == expected
    assert {name.name for name in catalog.tables} == {"a", "c"}


def switched_in_a_transaction(connection: sa.Connection) -> str:
    connection.exec_driver_sql("CREATE TABLE a (x int)")
    try:
        connection.connection.dbapi_connection.autocommit = True
    except Exception:  # noqa: BLE001 - as above
        return "refused"
    return "done"


@pytest.mark.parametrize("driver", DRIVERS)
def test_autocommit_switched_on_in_a_transaction(driver, database, stand_in):
    expected = with_driver(database, driver, switched_in_a_transaction)
    assert switched_in_a_transaction(stand_in(driver)[1]) == expected


class Pure(enum.Enum):
    A = "va"


class Mixed(enum.StrEnum):
    A = "va"


class Number(enum.IntEnum):
    A = 3


VALUES = {
    "NULL": ("text", None),
    "boolean": ("bool", True),
    "integer": ("int", 5),
    "negative": ("int", -5),
    "bigint": ("bigint", 2**40),
    "huge": ("numeric", 2**70),
    "float": ("float8", 1.5),
    "NaN": ("float8", float("nan")),
    "Decimal": ("numeric", Decimal("1.50")),
    "text": ("text", "it's 50 % of \\n"),
    "bytes": ("bytea", b"\x00a"),
    "date": ("date", date(2020, 1, 2)),
    "timestamp": ("timestamp", datetime(2020, 1, 2, 3, 4, 5)),  # noqa: DTZ001 - without a time zone
    "timestamptz": ("timestamptz", datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)),
    "time": ("time", time(3, 4)),
    "interval": ("interval", timedelta(days=1, seconds=2)),
    "uuid": ("uuid", UUID(int=5)),
    "list": ("int[]", [1, 2]),
    "list of text": ("text[]", ["a", None]),
    "empty list": ("int[]", []),
    "dict": ("jsonb", {"a": 1}),
    "tuple": ("text", (1, 2)),
    "Enum": ("text", Pure.A),
    "StrEnum": ("text", Mixed.A),
    "IntEnum": ("int", Number.A),
}


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(("type_", "value"), VALUES.values(), ids=VALUES)
def test_values(driver, type_, value, database, stand_in):
    placeholder = "$1" if driver == "asyncpg" else "%s"

    def insert(connection: sa.Connection) -> str | None:
        connection.exec_driver_sql(f"CREATE TABLE t (a {type_})")
        try:
            connection.exec_driver_sql(f"INSERT INTO t VALUES ({placeholder})", (value,))
        except Exception:  # noqa: BLE001 - as above
            return "refused"
        return connection.exec_driver_sql("SELECT CAST(a AS text) FROM t").scalar_one()

    if driver == "asyncpg" and isinstance(value, tuple):
        pytest.skip("it depends on the type that the server expects")
    expected = with_driver(database, driver, insert)
    _, connection = stand_in(driver)
    connection.exec_driver_sql(f"CREATE TABLE t (a {type_})")
    try:
        connection.exec_driver_sql(f"INSERT INTO t VALUES ({placeholder})", (value,))
    except Exception:  # noqa: BLE001 - as above
        assert expected == "refused"
        return
    with sa.create_engine(database, poolclass=sa.NullPool).connect() as other:
        written = literal(value, manners_of(driver))
        cursor = other.connection.cursor()
        cursor.execute(f"CREATE TABLE u (a {type_}); INSERT INTO u VALUES ({written})")
        cursor.execute("SELECT CAST(a AS text) FROM u")
        assert cursor.fetchone()[0] == expected


PLACEHOLDERS = [
    ("SELECT 1 WHERE 1 IN {}", ((1, 2),)),
    ("SELECT 1 WHERE 1 = ANY({})", ([1, 2],)),
    ("SELECT 'a%', {}", ("x",)),
    ("SELECT 'a%%', {}", ("x",)),
    ("SELECT 5 %% 3, {}", ("x",)),
    ("SELECT 1; SELECT {}", ("x",)),
    ("SELECT {}", ("x", "y")),
    ("SELECT %(a)s", {"a": "x"}),
    ("SELECT :a", {"a": "x"}),
]


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(("sql", "parameters"), PLACEHOLDERS, ids=[sql for sql, _ in PLACEHOLDERS])
def test_placeholders(driver, sql, parameters, database, stand_in):
    written = sql.format("$1" if driver == "asyncpg" else "%s")

    def succeeds(connection: sa.Connection) -> bool:
        try:
            connection.exec_driver_sql(written, parameters)
        except Exception:  # noqa: BLE001 - as above
            return False
        return True

    expected = with_driver(database, driver, succeeds)
    assert succeeds(stand_in(driver)[1]) == expected


def insert_text_into_enum(connection: sa.Connection) -> str:
    connection.exec_driver_sql("CREATE TYPE e AS ENUM ('a')")
    connection.exec_driver_sql("CREATE TABLE t (e e, n int, r text)")
    table = sa.table("t", sa.column("e", sa.String), sa.column("n", sa.Integer), sa.column("r", sa.String))
    results = []
    for values in ({"n": 1, "r": "50%"}, {"e": "a"}):
        try:
            connection.execute(table.insert().values(values))
        except sa.exc.DBAPIError as error:
            results.append(sqlstate(error))
        else:
            results.append("done")
    return results


@pytest.mark.parametrize("driver", DRIVERS)
def test_casts_of_bound_values(driver, database, stand_in):
    """psycopg 3 and asyncpg bind a String as ``::VARCHAR``, which does not go into an enum's column."""
    expected = with_driver(database, driver, insert_text_into_enum)
    assert insert_text_into_enum(stand_in(driver)[1]) == expected


COUNTED = sa.Table(
    "counted",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("n", sa.Text),
)


def counts(connection: sa.Connection) -> list[int]:
    COUNTED.create(connection)
    by_key = COUNTED.update().where(COUNTED.c.id == sa.bindparam("k")).values(n="b")
    return [
        int(connection.execute(statement, values).rowcount)
        for statement, values in (
            (COUNTED.insert(), {"id": 1, "n": "a"}),
            (COUNTED.insert(), [{"id": 2, "n": "a"}, {"id": 3, "n": "a"}]),
            (COUNTED.insert().values([{"id": 4}, {"id": 5}]), None),
            (sa.text("INSERT INTO counted VALUES (:id, 'a')"), {"id": 6}),
            (sa.text("INSERT INTO counted VALUES (:id, 'a')"), [{"id": 7}, {"id": 8}]),
            (by_key, {"k": 1}),
            (by_key, [{"k": 1}, {"k": 2}]),
            (COUNTED.delete().where(COUNTED.c.id == 8), None),
            (COUNTED.insert().returning(COUNTED.c.id), {"id": 9}),
            (sa.select(COUNTED.c.id), None),
        )
    ]


@pytest.mark.parametrize("driver", DRIVERS)
def test_counts_of_rows(driver, database, stand_in):
    assert counts(stand_in(driver)[1]) == with_driver(database, driver, counts)

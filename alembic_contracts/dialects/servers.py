"""A kind of database in, what is known of it without looking out; a connection in, which kind answers it out.

SQLAlchemy is imported by what connects alone: contracts are read and linted without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["MYSQL", "Server", "asked", "is_like_mysql", "is_like_postgresql", "kind_of", "server"]

MYSQL, POSTGRESQL = "mysql", "postgresql"


class Server(Struct, frozen=True, kw_only=True):
    """A kind of database."""

    name: str
    """For people."""
    default_schema: str = ""
    """What schemas are called in which tables without a schema are, where each connection has another one: databases of
    MySQL and users of Oracle are schemas."""
    has_schemas: bool = False
    """Whether a database has schemas of its own, so that all of them are its tables'."""
    like: str = ""
    """The kind whose protocol, types and statements it took over, by SQLAlchemy's name."""
    is_readable: bool = False
    """Whether SQLAlchemy's Inspector is known to read it, and a savepoint to keep a transaction in which that fails."""
    rolls_back: bool | None = None
    """Whether DDL can be rolled back; None: that is not known."""
    unenforced: bool = False
    """Whether keys, unique constraints and foreign keys are only declared."""
    folds_columns: bool = False
    """Whether columns' names that differ in the case of letters are the same."""
    differs: str = ""
    """What users of the kind that it is like do not expect."""


_SERVERS = {
    "cockroachdb": Server(
        is_readable=True,
        name="CockroachDB",
        default_schema="public",
        has_schemas=True,
        like=POSTGRESQL,
        differs="schema changes in a transaction can fail as late as at its commit",
    ),
    "greenplum": Server(
        is_readable=True,
        name="Greenplum",
        default_schema="public",
        has_schemas=True,
        like=POSTGRESQL,
        rolls_back=True,
        differs="unique constraints have to include the columns by which a table is distributed",
    ),
    "mariadb": Server(name="MariaDB", is_readable=True, like=MYSQL, rolls_back=False, folds_columns=True),
    "mssql": Server(
        name="SQL Server", is_readable=True, default_schema="dbo", has_schemas=True, rolls_back=True, folds_columns=True
    ),
    MYSQL: Server(name="MySQL", is_readable=True, rolls_back=False, folds_columns=True),
    "oracle": Server(name="Oracle", is_readable=True, rolls_back=False),
    POSTGRESQL: Server(name="PostgreSQL", is_readable=True, default_schema="public", has_schemas=True, rolls_back=True),
    "redshift": Server(
        name="Amazon Redshift",
        default_schema="public",
        has_schemas=True,
        like=POSTGRESQL,
        unenforced=True,
        differs="keys, unique constraints and foreign keys are declared and not enforced",
    ),
    "snowflake": Server(name="Snowflake", unenforced=True, rolls_back=False),
    "sqlite": Server(name="SQLite", is_readable=True, default_schema="main", has_schemas=True),
    "yugabytedb": Server(
        is_readable=True,
        name="YugabyteDB",
        default_schema="public",
        has_schemas=True,
        like=POSTGRESQL,
        differs="each DDL statement can be a transaction of its own, which is not rolled back with the others",
    ),
}

_TOLD = {"crdb_version": "cockroachdb", "padb_version": "redshift"}
"""What only these servers say of themselves at a connection's start."""
_SINCE_14 = "in_hot_standby"
"""What PostgreSQL says of itself there since version 14, and no other server that is known here."""
_VERSIONS = {
    "CockroachDB": "cockroachdb",
    "-YB-": "yugabytedb",
    "Redshift": "redshift",
    "Greenplum": "greenplum",
    "RisingWave": "risingwave",
    "Materialize": "materialize",
    "QuestDB": "questdb",
    "CrateDB": "crate",
    "Vertica": "vertica",
    "DuckDB": "duckdb",
}
"""What is in the text of their ``version()``, which all of them begin as PostgreSQL does."""


def server(kind: str) -> Server:
    """Return what is known of a kind of database, by SQLAlchemy's name or that of ``kind_of``."""
    return _SERVERS.get(kind) or Server(name=kind)


def is_like_mysql(kind: str) -> bool:
    """Return whether a kind of database has MySQL's types and statements."""
    return MYSQL in (kind, server(kind).like)


def is_like_postgresql(kind: str) -> bool:
    """Return whether a kind of database has PostgreSQL's types and statements."""
    return POSTGRESQL in (kind, server(kind).like)


def kind_of(connection: Connection) -> str:
    """Return which kind of database answers a connection: SQLAlchemy's name for it, but for one behind another's.

    MariaDB is found by what SQLAlchemy knows of it; what speaks PostgreSQL's protocol by what the server said when the
    connection began, and where that leaves it open, by one query. No transaction is open afterwards that was not.

    Raises:
        sqlalchemy.exc.DBAPIError: the server does not answer.
    """
    name: str = connection.dialect.name
    if getattr(connection.dialect, "is_mariadb", False):
        return "mariadb"
    return name if name != POSTGRESQL else _told(connection) or asked(connection)


def asked(connection: Connection) -> str:
    """Return which of the databases that speak PostgreSQL's protocol says that it is the connection's.

    Raises:
        sqlalchemy.exc.DBAPIError: the server does not answer.
    """
    was_open = connection.in_transaction()
    try:
        version = str(connection.exec_driver_sql("SELECT version()").scalar_one())
    finally:
        if not was_open:
            connection.rollback()
    return _by_version(version) or POSTGRESQL


def _told(connection: Connection) -> str | None:
    """Return the kind by what the driver keeps of the connection's start; None where that says nothing."""
    driver: Any = connection.connection.driver_connection
    for name, kind in _TOLD.items():
        if _status(driver, name) is not None:
            return kind
    version = _status(driver, "server_version") or ""
    return _by_version(version) or (None if _status(driver, _SINCE_14) is None else POSTGRESQL)


def _by_version(version: str) -> str | None:
    return next((kind for part, kind in _VERSIONS.items() if part in version), None)


def _status(driver: Any, name: str) -> str | None:
    """Return a parameter that the server reported, whichever driver keeps it."""
    info: Any = getattr(driver, "info", None)
    if hasattr(info, "parameter_status"):  # psycopg, psycopg2
        told: str | None = info.parameter_status(name)
        return told
    if hasattr(driver, "get_settings"):  # asyncpg
        return getattr(driver.get_settings(), name, None)
    statuses: Any = getattr(driver, "parameter_statuses", None)  # pg8000
    return statuses.get(name) if isinstance(statuses, dict) else None

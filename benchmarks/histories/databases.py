"""The databases that histories are applied to: how to get an empty one, connect to it, and go back to what it was."""

from __future__ import annotations

import sqlite3
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import sqlalchemy as sa

from alembic_contracts import dialects, embedded

if TYPE_CHECKING:
    from alembic_contracts.dialects import Dialect

__all__ = ["DATABASES", "Database", "new_database"]


class Database(Protocol):
    """A kind of database."""

    name: str
    """As SQLAlchemy and the product have it."""

    @property
    def dialect(self) -> Dialect:
        """What the product knows of it."""

    def scratch(self) -> AbstractContextManager[str]:
        """Start a server, or what there is instead of one; yields its URL."""

    def new(self, server_url: str, name: str) -> AbstractContextManager[str]:
        """Create an empty database, yield its URL, and drop it."""

    def engine(self, url: str, driver: str) -> sa.Engine:
        """Return an engine; ``driver``: what the application uses where there are several."""

    def saved(self, url: str) -> bytes:
        """Return what a database is, to go back to; nothing where a revision that fails leaves nothing behind."""

    def restore(self, url: str, saved: bytes) -> None:
        """Make a database again what it was."""

    def is_open(self, connection: sa.Connection | None) -> bool:
        """Return whether a connection has changes between two revisions that ``saved`` does not see."""


class PostgreSQL:
    """An embedded server."""

    name = "postgresql"

    @property
    def dialect(self) -> Dialect:
        """What the product knows of it."""
        return dialects.load(self.name)

    @contextmanager
    def scratch(self) -> Iterator[str]:
        """Start a server; yields its URL."""
        with embedded.scratch() as scratch:
            yield scratch.url()

    def new(self, server_url: str, name: str) -> AbstractContextManager[str]:
        """Create an empty database, yield its URL, and drop it."""
        return new_database(server_url, name)

    def engine(self, url: str, driver: str) -> sa.Engine:
        """Return an engine with the application's driver."""
        return sa.create_engine(sa.make_url(url).set(drivername=f"postgresql+{driver}"), poolclass=sa.NullPool)

    def saved(self, url: str) -> bytes:
        """Return nothing: what fails is rolled back."""
        del url
        return b""

    def restore(self, url: str, saved: bytes) -> None:
        """Do nothing: what fails is rolled back."""

    def is_open(self, connection: sa.Connection | None) -> bool:
        """Return False: nobody goes by what is saved."""
        del connection
        return False


@contextmanager
def new_database(server_url: str, name: str) -> Iterator[str]:
    """Create an empty database on a PostgreSQL server, yield its URL, and drop it."""
    engine = sa.create_engine(server_url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE template0 STRATEGY file_copy')
        try:
            yield engine.url.set(database=name).render_as_string(hide_password=False)
        finally:
            connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')


class SQLite:
    """Files in a temporary folder, with Python's own driver as it is: most DDL is committed at once."""

    name = "sqlite"

    @property
    def dialect(self) -> Dialect:
        """What the product knows of it."""
        return dialects.load(self.name)

    @contextmanager
    def scratch(self) -> Iterator[str]:
        """Make a folder; yields the URL of it."""
        with tempfile.TemporaryDirectory(prefix="histories-") as folder:
            yield f"sqlite:///{folder}"

    @contextmanager
    def new(self, server_url: str, name: str) -> Iterator[str]:
        """Yield the URL of a file that is not there, and remove it."""
        file = Path(sa.make_url(server_url).database or "", f"{name}.db")
        file.unlink(missing_ok=True)
        try:
            yield f"sqlite:///{file}"
        finally:
            for left in file.parent.glob(f"{file.name}*"):  # its journals as well
                left.unlink()

    def engine(self, url: str, driver: str) -> sa.Engine:
        """Return an engine."""
        del driver
        return sa.create_engine(url, poolclass=sa.NullPool)

    def saved(self, url: str) -> bytes:
        """Return the file; empty where nothing has been written to it."""
        with closing(_opened(url)) as connection:
            is_empty = connection.execute("PRAGMA page_count").fetchone()[0] == 0
            return b"" if is_empty else zlib.compress(connection.serialize(), 1)

    def restore(self, url: str, saved: bytes) -> None:
        """Write the file, in a way in which open connections notice."""
        with closing(sqlite3.connect(":memory:")) as memory, closing(_opened(url)) as connection:
            if saved:
                memory.deserialize(zlib.decompress(saved))
            memory.backup(connection)

    def is_open(self, connection: sa.Connection | None) -> bool:
        """Return whether the driver has begun a transaction that nobody has ended."""
        return connection is not None and bool(getattr(connection.connection.dbapi_connection, "in_transaction", False))


def _opened(url: str) -> sqlite3.Connection:
    return sqlite3.connect(sa.make_url(url).database or "")


DATABASES: dict[str, Database] = {database.name: database for database in (PostgreSQL(), SQLite())}

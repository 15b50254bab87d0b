"""Create and drop databases and roles on the server under test."""

from __future__ import annotations

import itertools
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Iterator


class Databases:
    """A connection with which databases and roles come and go."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self._numbers = itertools.count(1)
        self._engine = sa.create_engine(self.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        self._connection = self._engine.connect()
        version = self._connection.dialect.server_version_info
        assert version is not None
        # Copying files is ten times as fast as the write-ahead log's way where the server writes for a test only.
        self._strategy = " STRATEGY file_copy" if version >= (15,) else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._engine.dispose()

    def unique(self, prefix: str) -> str:
        """A name that no other test uses, in this process or another one."""
        return f"{prefix}_{os.getpid()}_{next(self._numbers)}"

    def run(self, statement: str) -> None:
        self._connection.exec_driver_sql(statement)

    @contextmanager
    def new(self, options: str = "") -> Iterator[str]:
        """A new, empty database's URL; ``options`` are further ones of CREATE DATABASE."""
        name = self.unique("test")
        self.run(f"CREATE DATABASE {name} TEMPLATE template0{self._strategy} {options}")
        try:
            yield self.url.set(database=name).render_as_string(hide_password=False)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def role(self, options: str = "LOGIN PASSWORD 'secret'") -> Iterator[str]:
        """The name of a new role without any privilege; whatever it owns has to be gone before."""
        name = self.unique("role")
        self.run(f"CREATE ROLE {name} {options}")
        try:
            yield name
        finally:
            self.run(f"DROP ROLE {name}")

"""The databases on which the suite runs, and what each claims: a database is its package in ``dialects/`` and a row.

``docs/databases.md`` says the same for people, and ``test_claims.py`` holds the two together.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from tests.support.posing import posing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    import pytest

__all__ = ["DATABASES", "Database"]

Undoes = Literal["always", "never", "by recipe"]


class Database(Struct, frozen=True, kw_only=True):
    """A database, how to get a fresh one, and what is claimed of it."""

    name: str
    """As the first column of the table in the docs begins."""
    kind: str
    """As the product calls it."""
    fresh: Callable[[pytest.FixtureRequest, Path], AbstractContextManager[str]]
    """Yields the URL of an empty database."""
    asynchronous: str = ""
    """SQLAlchemy's name for a driver of async engines; empty: the suite has none."""
    foreseen: bool
    """Whether a break is known before anything runs."""
    written: bool
    """Whether what ``--sql`` writes is judged before anything is written."""
    exact: bool
    """Whether contracts about it are held in all that they state; else by their shape."""
    rolls_back: Undoes
    """Whether a break that only a commit shows is taken back; by recipe: where SQLAlchemy begins transactions."""
    left_out: frozenset[str]
    """Rules of which nothing is judged on contracts about it."""
    words: Mapping[str, str]
    """What its contracts call what the scenarios have: types, and a collation."""
    resource: str = ""
    """The scheme by which contracts say that they are about it, where that is not its kind."""


_ACCESS_AND_TYPES = frozenset(
    {
        "array-element-type",
        "column-identity",
        "datetime-precision",
        "domain",
        "enum-labels",
        "lost-privileges",
        "lost-publication",
        "privileges",
        "publication",
        "published-key",
        "replica-identity",
        "row-level-security",
        "row-security-enabled",
    }
)
_BESIDE_THE_SHAPE = _ACCESS_AND_TYPES | {
    "character-length",
    "check",
    "collation",
    "column-default",
    "column-generated",
    "column-order",
    "column-updatable",
    "new-constraint",
    "numeric-precision",
    "numeric-scale",
    "relation-kind",
}
_OF_POSTGRESQL = {"whole": "integer", "text": "character varying", "collation": "C"}


@contextmanager
def _postgresql(request: pytest.FixtureRequest, _folder: Path) -> Iterator[str]:
    with request.getfixturevalue("databases").new() as url:
        yield url


@contextmanager
def _sqlite(_request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder / 'database.db'}"


@contextmanager
def _mariadb(request: pytest.FixtureRequest, _folder: Path) -> Iterator[str]:
    with request.getfixturevalue("mariadbs").new() as url:
        yield url


@contextmanager
def _other(request: pytest.FixtureRequest, _folder: Path) -> Iterator[str]:
    """A PostgreSQL that greets as CockroachDB, and so is one more database that the Inspector alone shows."""
    told = {"in_hot_standby": None, "crdb_version": "CockroachDB CCL v24.1.0"}
    with (
        tempfile.TemporaryDirectory() as short,
        request.getfixturevalue("databases").new() as url,
        posing(url, Path(short), told) as posed,
    ):
        yield posed


DATABASES = (
    Database(
        name="PostgreSQL",
        kind="postgresql",
        fresh=_postgresql,
        asynchronous="postgresql+psycopg",
        foreseen=True,
        written=True,
        exact=True,
        rolls_back="always",
        left_out=frozenset(),
        words=_OF_POSTGRESQL,
    ),
    Database(
        name="SQLite",
        kind="sqlite",
        fresh=_sqlite,
        asynchronous="sqlite+aiosqlite",
        foreseen=True,
        written=True,
        exact=True,
        rolls_back="by recipe",
        left_out=_ACCESS_AND_TYPES,
        words={"whole": "INTEGER", "text": "VARCHAR", "collation": "NOCASE"},
    ),
    Database(
        name="MariaDB",
        kind="mariadb",
        fresh=_mariadb,
        foreseen=False,
        written=False,
        exact=False,
        rolls_back="never",
        left_out=_BESIDE_THE_SHAPE,
        words={"whole": "int", "text": "varchar", "collation": "utf8mb4_bin"},
    ),
    Database(
        name="any other",
        kind="cockroachdb",
        fresh=_other,
        foreseen=False,
        written=True,
        exact=False,
        rolls_back="always",
        left_out=_BESIDE_THE_SHAPE,
        words=_OF_POSTGRESQL,
    ),
)

"""A connection in, what is the same for databases with the same schema out, and how often the schema has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from alembic_contracts.dialects.sqlite.asking import rows
from alembic_contracts.dialects.sqlite.names import literal, quote, stored_in
from alembic_contracts.patterns import pattern

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["changes", "changes_by", "fingerprint", "fingerprint_of", "schemas", "stored_rows", "version_of"]

Ask = Callable[[str], list[tuple[Any, ...]]]
"""A question in, the rows that answer it out."""


def changes(connection: Connection) -> Callable[[], int]:
    """Return what tells how often schemas that there are have been changed since, by whomever; ``temp`` is nobody's.

    SQLite counts that (``PRAGMA schema_version``), which takes a fifth of the time that a fingerprint takes.

    Raises:
        Locked, Refused: the database does not answer; what is returned raises them as well.
    """
    return changes_by(partial(rows, connection))


def changes_by(ask: Ask) -> Callable[[], int]:
    """Return it, as SQLite answers."""
    questions = [version_of(schema) for schema in schemas(ask) if schema != "temp"]

    def count() -> int:
        return sum([ask(question)[0][0] for question in questions])

    begun_at = count()
    return lambda: count() - begun_at


@lru_cache(maxsize=16)
def version_of(schema: str) -> str:
    """Return the question how often a schema has been changed."""
    return f"PRAGMA {quote(schema)}.schema_version"


def fingerprint(connection: Connection) -> str:
    """Return what is the same for databases whose schemas are the same.

    Raises:
        Locked, Refused: the database does not answer.
    """
    return fingerprint_of(tuple(stored_rows(partial(rows, connection))))


@lru_cache(maxsize=256)  # the databases of a test suite go through the same ones
def fingerprint_of(stored: tuple[tuple[str, str, str, str, str | None], ...]) -> str:
    """Return it for what SQLite's own tables of the schemas have: schema, kind, name, table and SQL of each object."""
    own = sorted(
        [
            "\0".join((schema, kind, name, table, _in_order(sql)))
            for schema, kind, name, table, sql in stored
            if sql is not None and not name.startswith("sqlite_")
        ]
    )
    text = "\0\n".join(own).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(text, digest_size=16).hexdigest()


_CLAUSE = pattern(r"CONSTRAINT|UNIQUE|CHECK|FOREIGN KEY|PRIMARY KEY")
_BETWEEN = ", \n\t"
"""What SQLAlchemy has between columns and constraints."""


@lru_cache(maxsize=4096)  # from one revision to the next, most tables are as they were
def _in_order(sql: str) -> str:
    """Return a text with a table's constraints in an order of their own: Alembic's batch mode has them in any."""
    inside, end, rest = sql.rpartition("\n)")
    parts = inside.split(_BETWEEN)
    clauses = [part for part in parts if _CLAUSE.match(part)]
    if len(clauses) < 2:
        return sql
    columns = (part for part in parts if not _CLAUSE.match(part))
    return _BETWEEN.join((*columns, *sorted(part.strip() for part in clauses))) + end + rest


def stored_rows(ask: Ask) -> list[tuple[str, str, str, str, str | None]]:
    """Return schema, kind, name, table and SQL of everything that there is."""
    return ask(_of_schemas(schemas(ask)))


def schemas(ask: Ask) -> tuple[str, ...]:
    """Return the schemas that there are; ``temp`` once something is in it, and asking for it would make it."""
    return tuple([row[1] for row in ask("PRAGMA database_list")])


@lru_cache(maxsize=16)
def _of_schemas(schemas: tuple[str, ...]) -> str:
    return " UNION ALL ".join(
        f"SELECT {literal(schema)}, type, name, tbl_name, sql FROM {stored_in(schema)}"  # noqa: S608 - its own names
        for schema in schemas
    )

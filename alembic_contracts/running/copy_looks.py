"""The connection of a copy in, what is there of the watched tables out: read anew where something of it changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.dialects.sqlite.fingerprints import fingerprint_of, stored_rows
from alembic_contracts.dialects.sqlite.names import fold, mentioning
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from alembic_contracts.dialects import Dialect
    from alembic_contracts.dialects.sqlite.telling import WatchedConnection
    from alembic_contracts.schemas.schema import Schema

__all__ = ["Key", "Looks", "key_of"]

Key = tuple[str, str]
"""A schema and a table, in lower case."""


def key_of(schema: str, name: str) -> Key:
    """Return by what a table is known here."""
    return fold(schema), fold(name)


class Looks:
    """Reads the watched tables anew where something changed that they are made of."""

    def __init__(
        self, connection: Connection, raw: WatchedConnection, dialect: Dialect, watched: Collection[Name] | None
    ) -> None:
        self._connection, self._raw, self._dialect = connection, raw, dialect
        self._watched = None if watched is None else {(fold(name.schema), fold(name.name)): name for name in watched}
        self.rows: tuple[tuple[str, str, str, str, str | None], ...] = ()
        """Schema, kind, name, table and SQL of everything that there is."""
        self._texts: dict[Key, str] = {}
        self.seen = self._first()

    def _first(self) -> Schema:
        self.rows = self._stored()
        self._texts = self._by_table()
        with self._raw.aside():
            return self._dialect.observe(self._connection, None if self._watched is None else [*self._watched.values()])

    def takes_any_row(self, sql: str) -> bool:
        """Return whether no row can hinder a statement of batch mode, on this connection."""
        from alembic_contracts.running.batch_copies import takes_any_row

        [(holds,)] = self._raw.asked("PRAGMA foreign_keys")
        return self._raw.is_copy and not holds and takes_any_row(sql, self._seen_beside)

    def _seen_beside(self, names: list[Name]) -> Schema:
        with self._raw.aside():
            return self._dialect.observe(self._connection, names)

    def _stored(self) -> tuple[tuple[str, str, str, str, str | None], ...]:
        return tuple(stored_rows(self._raw.asked))

    def _by_table(self) -> dict[Key, str]:
        found: dict[Key, str] = {}
        for schema, kind, name, table, sql in self.rows:
            key = key_of(schema, table)
            found[key] = f"{found.get(key, '')}{kind}\0{name}\0{sql}\0"
        return found

    @property
    def tables(self) -> dict[Key, Key]:
        """Tables that rows can be inserted into: by lower case, as they are written."""
        return {
            key_of(schema, name): (schema, name)
            for schema, kind, name, _, sql in self.rows
            if kind == "table" and not name.startswith("sqlite_") and not (sql or "").startswith("CREATE VIRTUAL")
        }

    def fingerprint(self) -> str:
        """Return it of the whole schema as it is now."""
        return fingerprint_of(tuple(self.rows))

    def again(self, *, whole: bool = False) -> Schema:
        """Return what is there now; the same object as before where nothing of it changed.

        ``whole``: texts do not tell what changed.
        """
        before = self._texts
        self.rows = self._stored()
        self._texts = self._by_table()
        changed = {key for key in before.keys() | self._texts.keys() if before.get(key) != self._texts.get(key)}
        # Which tables belong to virtual ones is not in their texts either.
        if whole or (self._watched is None and any((row[4] or "").startswith("CREATE VIRTUAL") for row in self.rows)):
            now = self._first()
            self.seen = self.seen if now == self.seen else now
            return self.seen
        wanted = dict(self._affected(changed))
        if not wanted:
            return self.seen
        with self._raw.aside():
            found = self._dialect.observe(self._connection, [*wanted.values()])
        kept = {name: table for name, table in self.seen.tables.items() if key_of(*name) not in wanted}
        tables = {**kept, **found.tables}
        now = replace(found, tables=MappingProxyType(dict(sorted(tables.items()))))
        self.seen = self.seen if now == self.seen else now
        return self.seen

    def _affected(self, changed: set[Key]) -> Iterator[tuple[Key, Name]]:
        """Yield the watched tables that look otherwise now: they changed, name what did, or are views."""
        known = {key_of(*name): name for name in self.seen.tables}
        if not changed:
            return
        if self._watched is None:
            here = {key_of(schema, name): Name(schema, name) for schema, _, name, *_ in self.rows}
            candidates = {**known, **{key: name for key, name in here.items() if key in self._texts}}
        else:
            candidates = dict(self._watched)
        finds = mentioning({name for _, name in changed})
        for key, name in candidates.items():
            text = self._texts.get(key, "")
            if key in changed or text.startswith("view\0") or finds.search(fold(text)):
                yield key, name

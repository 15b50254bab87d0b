"""Alembic's version table: what it says to scripts in a prediction, and what becomes of a run in which it is lost."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from alembic_contracts.prediction.catalog.traits import has_functions
from alembic_contracts.prediction.scripts.reasons import VersionTableLostError, reason_of
from alembic_contracts.prediction.statements import execute

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy.engine import Connection

    from alembic_contracts.prediction.scripts.recording import Recording
    from alembic_contracts.prediction.scripts.source_lines import Script

__all__ = ["VersionTable"]


class VersionTable:
    """The table in which Alembic keeps the revisions that a database has."""

    def __init__(self, recording: Recording, *, as_sql: bool) -> None:
        """Begin without one.

        Args:
            recording: of the run.
            as_sql: whether the real run writes SQL (``--sql``) instead of executing it.
        """
        self._recording, self._as_sql = recording, as_sql
        self._catalog = recording.catalog

    def make(self, migration: MigrationContext, connection: Connection, *, is_first: bool) -> bool:
        """Do what Alembic does before the first script; where that is refused, none of them runs.

        Args:
            migration: of this prediction.
            connection: its own.
            is_first: whether no script has run yet. Later on it is a script that lost the table, and the run stops.

        Returns:
            whether it is there.
        """
        try:
            migration._version.create(connection, checkfirst=True)  # noqa: SLF001 - as run_migrations() does
        except DBAPIError as error:
            connection.rollback()
            if is_first:
                path = ", ".join(self._catalog.search_path)
                where = f' (search_path is "{path}")' if migration.version_table_schema is None else ""
                self._recording.doubt(f"{reason_of(error)}, where Alembic makes its version table{where}")
            return False
        return True

    def show(self, migration: MigrationContext, heads: Collection[str]) -> None:
        """Let queries of it see the revisions so far."""
        name = self._catalog.resolve(migration.version_table, migration.version_table_schema)
        if name is not None:
            self._recording.reader.set_rows(name, [{"version_num": head} for head in sorted(heads)])

    def is_found(self, migration: MigrationContext) -> bool:
        """Return whether Alembic's own statement would find it."""
        if self._as_sql or not self._catalog.complete_tables:
            return True
        return self._catalog.resolve(migration.version_table, migration.version_table_schema) is not None

    def require(self, migration: MigrationContext) -> None:
        """Refuse a script after which Alembic's own statement, which marks the revision, does not find it.

        Raises:
            VersionTableLostError: it is not found.
        """
        name, schema = migration.version_table, migration.version_table_schema
        if not self.is_found(migration):
            written = name if schema is None else f"{schema}.{name}"
            path = ", ".join(self._catalog.search_path) if schema is None else None
            raise VersionTableLostError(written, path, is_certain=not self._catalog.is_uncertain)

    def mark(self, migration: MigrationContext, script: Script) -> None:
        """Let happen what a trigger may do when Alembic marks the revision."""
        if not has_functions(self._catalog.state):
            return
        from alembic_contracts.dialects.postgresql.names import quote
        from alembic_contracts.prediction.plpgsql.reach import alterers

        name = self._catalog.resolve(migration.version_table, migration.version_table_schema)
        if name is not None and alterers(self._catalog.state):
            change = f"UPDATE {quote(name.schema)}.{quote(name.name)} SET version_num = version_num"  # noqa: S608 - quoted
            for effect in execute(self._catalog, change):
                for doubt in effect.doubts:
                    reason, place = f"when Alembic marks the revision, {doubt.reason}", script.at(script.first_line)
                    self._recording.doubt(reason, doubt.tables, place)

"""A kind of database that nobody knows: SQLite's files, and the manners of others that have no savepoints.

What fails in a transaction leaves it lost until a rollback, as on DuckDB, and ``SAVEPOINT`` is not understood. What its
Inspector cannot do is said in the URL: ``aborting:///file?fails=columns&how=untold``.
"""

from __future__ import annotations

from typing import Any

from alembic.ddl.sqlite import SQLiteImpl
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

__all__ = ["PREAMBLE", "Aborting", "Impl"]

PREAMBLE = "from tests.support import aborting\n"
"""What an env.py begins with."""


class Aborting(SQLiteDialect_pysqlite):
    """The dialect; ``fails`` names what the Inspector is asked in vain, ``seen`` a table without which it is not."""

    name = "aborting"
    supports_statement_cache = True

    def __init__(self, **more: Any) -> None:
        """Begin without anything that has failed."""
        super().__init__(**more)
        self._lost: set[int] = set()
        self._fails = self._how = self._seen = ""

    def create_connect_args(self, url: Any) -> Any:
        """Take note of what is to fail."""
        asked = dict(url.query)
        self._fails, self._how, self._seen = (str(asked.pop(each, "")) for each in ("fails", "how", "seen"))
        return super().create_connect_args(url.set(query=asked))

    def on_connect(self) -> Any:
        """Have nothing begin by itself."""

        def begins_nothing(connection: Any) -> None:
            connection.isolation_level = None

        return begins_nothing

    def do_begin(self, dbapi_connection: Any) -> None:
        """Begin for DDL as well."""
        dbapi_connection.execute("BEGIN")

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Be usable again."""
        self._lost.discard(id(getattr(dbapi_connection, "driver_connection", dbapi_connection)))
        super().do_rollback(dbapi_connection)

    def do_commit(self, dbapi_connection: Any) -> None:
        """Commit nothing that is lost."""
        self._refuse(dbapi_connection)
        super().do_commit(dbapi_connection)

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Lose the transaction by what fails."""
        self._refuse(cursor.connection)
        try:
            super().do_execute(cursor, statement.replace("SAVEPOINT", "SAFEPOINT"), parameters, context)
        except Exception:
            self._lost.add(id(cursor.connection))
            raise

    do_execute_no_params = do_execute  # type: ignore[assignment] # which has the same arguments but one

    def _refuse(self, connection: Any) -> None:
        if id(getattr(connection, "driver_connection", connection)) in self._lost:
            raise self.loaded_dbapi.OperationalError("the transaction is lost")

    def _answer(self, what: str, connection: Any, table: str, more: dict[str, Any]) -> Any:
        if self._fails == what and self._seen in ("", table):
            if self._how == "untold":
                raise NotImplementedError
            if self._how == "mistaken":
                raise AttributeError("'NoneType' object has no attribute 'oid'")
            connection.exec_driver_sql("SELECT oid FROM pg_collation")
        return getattr(super(), f"get_{what}")(connection, table, **more)

    def get_columns(self, connection: Any, table_name: str, schema: Any = None, **more: Any) -> Any:
        """Answer, or fail."""
        return self._answer("columns", connection, table_name, {"schema": schema, **more})

    def get_foreign_keys(self, connection: Any, table_name: str, schema: Any = None, **more: Any) -> Any:
        """Answer, or fail."""
        return self._answer("foreign_keys", connection, table_name, {"schema": schema, **more})

    def get_table_names(self, connection: Any, schema: Any = None, **more: Any) -> Any:
        """Answer, or fail."""
        if self._fails == "table_names":
            raise NotImplementedError
        return super().get_table_names(connection, schema, **more)


class Impl(SQLiteImpl):
    """What Alembic makes of it."""

    __dialect__ = "aborting"
    transactional_ddl = True


registry.register("aborting", __name__, "Aborting")

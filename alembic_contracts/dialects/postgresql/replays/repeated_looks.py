"""Tables to look at after every statement of a replay in, their ``Schema`` out, by a query that is planned once.

To plan it takes twice as long as to answer it, and a driver that prepares statements forgets them at each DROP.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import closing
from typing import TYPE_CHECKING, Any

from alembic_contracts.dialects.postgresql.observation import Look, looked
from alembic_contracts.dialects.postgresql.queries import server_version
from alembic_contracts.dialects.postgresql.traceless import sqlstate, told_as_sqlalchemy_would
from alembic_contracts.errors import CannotCheck
from alembic_contracts.patterns import pattern

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from alembic_contracts.schemas.schema import Name, Schema

__all__ = ["Looks"]

_NAME = "alembic_contracts_look"
_NO_SUCH_STATEMENT = "26000"
_PARAMETER = pattern(r"(?<![:\w\\]):(\w+)(?!:)")
"""As SQLAlchemy's ``text()`` finds them."""
_LOCK_TIMEOUT = 10
"""Seconds to wait for other connections of a script."""


class Looks:
    """Returns the tables' schema whenever it is called, as ``observe`` does.

    Fit for a server of one's own: the connection keeps a prepared statement, and that needs a session which lasts.
    """

    def __init__(self, connection: Connection, tables: Collection[Name] | None) -> None:
        self._connection, self._look = connection, Look.at(tables, None)
        self._is_prepared = False

    def __call__(self) -> Schema:
        """Look.

        Raises:
            Locked, CannotCheck: as ``observe`` does.
        """
        try:
            return self._looked()
        except CannotCheck as error:
            if sqlstate(error.__cause__ or error) != _NO_SUCH_STATEMENT:
                raise
        self._is_prepared = False  # a script discarded it: DISCARD ALL, DEALLOCATE ALL
        return self._looked()

    def _looked(self) -> Schema:
        return looked(self._connection, self._look, _LOCK_TIMEOUT, None, self._ask).schema

    def _ask(self, connection: Connection, look: Look) -> str:
        driver: Any = connection.connection
        with told_as_sqlalchemy_would(connection, _NAME), closing(driver.cursor()) as cursor:
            if not self._is_prepared:
                if hasattr(driver.driver_connection, "prepare_threshold"):
                    driver.driver_connection.prepare_threshold = None  # psycopg: else it discards at every DROP
                cursor.execute(f"PREPARE {_NAME} AS {_with_literals(look, server_version(connection))}")
                self._is_prepared = True
            cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            cursor.execute(f"EXECUTE {_NAME}")
            answered: Any = cursor.fetchone()
        return str(answered[0])


def _with_literals(look: Look, version: int) -> str:
    """Return the look's query as PostgreSQL takes it: a prepared statement is executed with what it was made for."""

    def literal(parameter: re.Match[str]) -> str:
        return "$$" + look.parameters[parameter[1]].replace("$", r"\u0024") + "$$"  # they are JSON

    return _PARAMETER.sub(literal, look.query(version))

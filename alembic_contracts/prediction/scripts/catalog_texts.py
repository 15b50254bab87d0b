"""The schema of a catalog in, what is known of SQL texts there out: whether they are about rows alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.plpgsql import reach
from alembic_contracts.prediction.plpgsql.altering import TRIGGERS
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.sqlstate import PostgresError

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State

__all__ = ["CatalogTexts"]

_DATA = frozenset({"delete_stmt", "insert_stmt", "select_stmt", "update_stmt"})
_BIND = pattern(r"(?<![:\w]):\w+|%\(\w+\)s|%s")


class CatalogTexts:
    """What a schema, which knows triggers and functions, says of texts."""

    def __init__(self, state: State) -> None:
        """Take the schema as it is now."""
        self._state = state

    def triggers_change_tables(self) -> bool:
        """Return whether a change of rows may run a function that changes a table."""
        state = self._state
        names = {each.function for each in state.attachments.values() if each.kind in TRIGGERS}
        return any(reach.of_trigger(state, name) != reach.NOTHING for name in names if name is not None)

    def function_changes_tables(self, name: str) -> bool:
        """Return whether a function of this name may change a table."""
        return reach.of_call(self._state, (name,)) != reach.NOTHING

    def are_about_rows(self, sql: str) -> bool:
        """Return whether a text, values of which may be missing, consists of statements about rows alone."""
        try:
            statements = parser.parse(_BIND.sub("NULL", sql))
        except PostgresError:
            return False
        return all(
            each.kind in _DATA
            and not any(message.DESCRIPTOR.name == "IntoClause" for message in parser.walk(each.node))
            and reach.of_statement(self._state, each) == reach.NOTHING
            for each in statements
        )

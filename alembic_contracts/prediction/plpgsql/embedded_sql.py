"""Takes the SQL in a PL/pgSQL block, written out or put together for EXECUTE; applies it to the in-memory catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.access import forget
from alembic_contracts.prediction.plpgsql import reach, tree
from alembic_contracts.prediction.plpgsql.frame import Frame
from alembic_contracts.prediction.plpgsql.known_values import UNKNOWN, value_of, value_of_text
from alembic_contracts.prediction.plpgsql.templates import PLACEHOLDER, fill
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.sqlstate import PostgresError

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["EmbeddedSql"]


class EmbeddedSql(Frame):
    """Statements of SQL among a block's variables."""

    uses_found: bool = False
    """Whether the block asks ``FOUND`` anywhere."""

    def sql(self, step: tree.Sql) -> None:
        """Apply a statement of SQL and put its rows where INTO says.

        Raises:
            PostgresError: as the server would.
        """
        for statement in parser.parse(step.text):
            self.run.apply_nested(statement)
            if statement.kind == "call_stmt":
                self._forget_outputs(statement.node)
        self.variables["found"] = UNKNOWN
        if step.into or self.uses_found or self.catching:
            rows = self.rows(step.text, step.text)
            if step.into:
                self.into(step.into, rows, step.text)
            if rows is not None:
                self.set("found", bool(rows))

    def _forget_outputs(self, node: Node) -> None:
        """A procedure may set the variables that it is called with (OUT, INOUT)."""
        for argument in parser.children(node.funccall.args):
            if argument.DESCRIPTOR.name == "NamedArgExpr":
                argument = parser.unwrap(argument.arg)  # noqa: PLW2901 - what is named
            if argument.DESCRIPTOR.name == "ColumnRef":
                name = parser.strings(argument.fields)[0]
                if name in self.variables:
                    self.set(name, UNKNOWN)

    def execute(self, step: tree.Execute) -> None:
        """Apply EXECUTE: the statement where its text follows from the catalog, a doubt where it does not.

        Raises:
            PostgresError: as the server would.
        """
        for text in (step.text, *step.using):
            self.look_up(f"SELECT {text}")
        value = value_of_text(self.run, step.text, self.variables)
        self.note(step.text, known=value is not UNKNOWN)
        if value is None:
            raise PostgresError("22004", "query string argument of EXECUTE is null")
        if value is UNKNOWN:
            self.execute_unknown(step.text)
        else:
            for statement in parser.parse(str(value)):
                self.run.apply_nested(statement)
        for name in step.into:
            self.set(name, UNKNOWN)
        self.variables["found"] = UNKNOWN

    def execute_unknown(self, expression: str) -> None:
        """Say which tables a statement may be about of which only parts are known."""
        node = parser.parse_expression(expression)
        text = None if node is None else fill(node, lambda part: value_of(self.run, part))
        tables: reach.Tables = None
        if text is not None:
            tables = reach.of_sql(self.run.state, text)
            if tables is not None and any(PLACEHOLDER in str(name) for name in tables):
                tables = None
        if tables is None and text is not None and text.lstrip().lower().startswith(reach.HARMLESS_BEGINNINGS):
            if text.lstrip().lower().startswith("revoke "):
                forget(self.run.state)
            return
        if tables is None or tables:
            self.run.doubt(f"EXECUTE of what is not known: {expression[:80]}", tables)

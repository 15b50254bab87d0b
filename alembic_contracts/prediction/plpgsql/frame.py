"""The variables of a PL/pgSQL block: an expression over them in, its value out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from alembic_contracts.prediction.plpgsql import reach, tree
from alembic_contracts.prediction.plpgsql.indirect_calls import doubt_functions
from alembic_contracts.prediction.plpgsql.known_values import UNKNOWN, assigned, rows_of, value_of_text
from alembic_contracts.prediction.plpgsql.row_dependence import has_a_value
from alembic_contracts.prediction.queries.lookup import check_query
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.mentions import split_name
from alembic_contracts.prediction.sql.scopes import Entry, Field, Scope

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution

__all__ = ["Frame"]

_OF_LANGUAGE = {"found": "boolean", "sqlstate": "text", "sqlerrm": "text"}
"""Variables that every block has, or every exception handler."""


class Frame(Struct):
    """What is known while a block runs."""

    run: Execution
    variables: dict[str, Any] = field(default_factory=dict)
    """Values; a record is a dictionary."""
    types: dict[str, str] = field(default_factory=lambda: dict(_OF_LANGUAGE))
    cursors: dict[str, str] = field(default_factory=dict)
    catching: int = 0
    """Blocks with exception handlers that are open, in which no COMMIT is allowed."""
    evaluated: dict[str, bool] = field(default_factory=dict)
    """Expressions and queries in those, and whether each time it is known what the server makes of them."""

    def note(self, text: str, *, known: bool) -> None:
        """Take note of an expression or query that was evaluated."""
        if self.catching:
            self.evaluated[text] = known and self.evaluated.get(text, True) and has_a_value(self.run, text)

    def rows(self, query: str, text: str) -> list[dict[str, Any]] | None:
        """Return the rows of a query, None where they do not follow from the catalog; ``text`` is how it is written."""
        rows = rows_of(self.run, query, self.variables)
        self.note(text, known=rows is not None and not any(v is UNKNOWN for row in rows for v in row.values()))
        return rows

    def value(self, text: str) -> Any:
        """Return the value of an expression, ``UNKNOWN`` where it does not follow from the catalog."""
        self.look_up(f"SELECT {text}")
        value = value_of_text(self.run, text, self.variables)
        self.note(text, known=value is not UNKNOWN)
        return value

    def look_up(self, query: str) -> None:
        """Refuse names that do not exist; functions that are called may change tables, and so may triggers."""
        for statement in parser.parse(query):
            if statement.kind != "select_stmt":
                self.run.apply_nested(statement)
                continue
            check_query(self.run, statement.node)
            self.doubt_query(statement)

    def doubt_query(self, statement: parser.Statement) -> None:
        """Say which tables functions may change that a query runs."""
        doubt_functions(self.run, statement)
        tables = reach.of_calls(self.run.state, statement.node)
        if tables is None or tables:
            self.run.doubt(f"a function that is called may change tables: {statement.sql[:80]}", tables)

    def set(self, name: str, value: Any, *, of: str | None = None) -> None:
        """Give a variable a value, as its type keeps it; ``of`` is the expression or query that has the value."""
        declared = self.types.get(name)
        if declared is not None and not self.is_record(name):
            value = assigned(self.run, value, declared)
        if of is not None and value is UNKNOWN:
            self.note(of, known=False)
        self.variables[name] = value
        self.show_variables()

    def show_variables(self) -> None:
        """Let queries find the variables; those that may be records have fields of any name."""
        fields = tuple(Field(name, None) for name in self.variables)
        records = [name for name in self.variables if self.is_record(name)]
        entries = [Entry(name, (), complete=False, visible=False) for name in records]
        self.run.scope, self.run.values = Scope([Entry("", fields), *entries]), self.variables

    def is_record(self, name: str) -> bool:
        """Whether a variable has fields: it is declared as a record or a row, or is the record of a loop."""
        type_name = self.types.get(name, "record").strip().lower()
        if type_name in {"record", "trigger"} or type_name.endswith("%rowtype"):
            return True
        schema, plain = split_name(self.types.get(name, ""))
        if self.run.state.find_table(plain, schema) is not None:
            return True
        definition = self.run.state.find_type(plain, schema)
        return definition is not None and definition.kind == "composite"

    def forget(self, step: tree.Statement) -> None:
        """Variables that a statement sets are not known any more."""
        names: tuple[str, ...] = ()
        if isinstance(step, tree.Assign):
            names = (step.name,)
        elif isinstance(step, (tree.Sql, tree.Execute, tree.Fetch)):
            names = step.into
        elif isinstance(step, (tree.ForRows, tree.ForEach)):
            names = step.names
        elif isinstance(step, tree.ForNumbers):
            names = (step.name,)
        for name in names:
            self.variables[name] = UNKNOWN

    def into(self, names: Sequence[str], rows: list[dict[str, Any]] | None, query: str) -> None:
        """Put the first row of a query's result into variables; None stands for rows that are not known."""
        if rows is None:
            for name in names:
                self.set(name, UNKNOWN)
            return
        self.take(names, rows[0] if rows else None, of=query)

    def take(self, names: Sequence[str], row: dict[str, Any] | None, *, of: str) -> None:
        """Put a row of a query into variables: one record, or one variable for each column."""
        if len(names) == 1 and self.is_record(names[0]):
            # A field of a record is the first column of its name.
            fields = None if row is None else {name: value for name, value in row.items() if "\0" not in name}
            self.set(names[0], fields if fields is not None else UNKNOWN, of=of)
            return
        values = list(row.values()) if row is not None else []
        for position, name in enumerate(names):
            missing = None if row is None else UNKNOWN  # of a function whose columns are not known here
            self.set(name, values[position] if position < len(values) else missing, of=of)

"""A table's name in, its rows out, as far as version scripts themselves put them there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

from alembic_contracts.prediction.answers.values import (
    Guess,
    Int8,
    UnanswerableError,
    Unknown,
    is_known,
    known,
    plausible,
)
from alembic_contracts.prediction.sql import parser, system
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.bindings import Relation, Row, Scope
    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.prediction.catalog.execution import Effect
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Column, Table

__all__ = ["Contents", "Data"]

_MOVES = frozenset({"rename_stmt", "alter_object_schema_stmt"})
_FILLED = frozenset({"create_table_as_stmt", "select_stmt"})
"""Statements that create a table with rows in it."""


class Contents(Struct):
    """What is known of a table's rows."""

    rows: list[Row] = field(default_factory=list)
    unknown: bool = False
    """Whether there may be rows besides."""
    aged: bool = False
    """Whether others may have changed the rows since they were known."""
    looked_at: int = 0
    """How often others could have written rows until this was right."""


class Data:
    """What queries are evaluated against in one world (``bindings.World``)."""

    def __init__(self, catalog: Catalog, world: Literal["empty", "row"]) -> None:
        """Start with tables of unknown contents.

        Args:
            catalog: the schema.
            world: ``empty``: rows that are not known do not exist; ``row``: each such table has one.
        """
        self.catalog = catalog
        self._row_world = world == "row"
        self.parts: Callable[[], None] | None = None
        """Called before anything depends on the world, which it may set anew."""
        self.guesses = 0
        """How many rows were made up so far."""
        self._contents: dict[Name, Contents] = {name: Contents(unknown=True) for name in catalog.loaded_tables}
        self._others_wrote = 0
        self._given: set[Name] = set()
        self._told: set[Name] = set()
        self.made: set[Name] = set()
        """Tables that scripts have made, under the names that they have."""
        self._tables: dict[Name, Table | None] = {}
        """As they were when the rows were put down."""
        self._numbers: dict[str, int] = {}
        self.asked_unknown = False
        """Whether a table with unknown rows was read since this was last set to False."""
        self.asked_aged = False
        """Likewise, one with rows that others may have changed."""
        self.show_guesses = True
        """Whether the plausible rows of the world ``row`` are there."""
        self._tables.update(catalog.loaded_tables)

    @property
    def row_world(self) -> bool:
        """Whether tables of unknown contents hold a row."""
        if self.parts is not None:
            self.parts()
        return self._row_world

    @row_world.setter
    def row_world(self, is_it: bool) -> None:
        self._row_world = is_it

    # -- reading -----------------------------------------------------------------------------------------------------

    def relation(self, schema: str | None, name: str, asked: Mapping[str, str] = MappingProxyType({})) -> Relation:
        """Return the rows of a table, view or system relation.

        ``asked``: by column, the only name that rows which matter can have in it; others may be left out.

        Raises:
            UnanswerableError: they cannot be told.
        """
        from alembic_contracts.prediction.answers.system_relations import system_relation

        found = self.catalog.resolve(name, schema)
        table = None if found is None else self.catalog.table(found)
        if table is not None:
            return self._of_table(table)
        system_name = system.is_system_relation(name, schema)
        if system_name is None:
            raise UnanswerableError(f"{schema}.{name}" if schema else name)
        return system_relation(system_name.schema, system_name.name, self, asked)

    def query(self, node: Node, scope: Scope) -> Relation:
        """Return the result of a query inside of another one.

        Raises:
            UnanswerableError: it cannot be worked out.
            PostgresError: PostgreSQL would refuse it.
        """
        from alembic_contracts.prediction.answers.select import select

        return select(node, scope)

    def _of_table(self, table: Table) -> Relation:
        from alembic_contracts.prediction.answers.bindings import Relation

        if table.kind == "view":
            return self._of_view(table)
        if not table.complete:
            raise UnanswerableError(f"{table.name}, not all of whose columns are known")
        columns = tuple(column.name for column in table.columns)
        rows: list[Row] = []
        for name in (table.name, *self._below(table.name)):
            contents = self.contents(name)
            rows += [{column: row.get(column) for column in columns} for row in contents.rows]
            if contents.unknown:
                self.asked_unknown = True
                if self.row_world and self.show_guesses:
                    rows.append(self.guessed_row(table))
                    break
        return Relation(columns, rows)

    def _of_view(self, view: Table) -> Relation:
        from alembic_contracts.prediction.answers.bindings import Relation, Scope
        from alembic_contracts.prediction.answers.select import select

        statements = parser.parse(view.definition or "")
        if len(statements) != 1 or statements[0].kind != "select_stmt":
            raise UnanswerableError(f"the view {view.name}")
        relation = select(statements[0].node, Scope(self))
        columns = tuple(column.name for column in view.columns)
        if len(columns) != len(relation.columns):
            raise UnanswerableError(f"the view {view.name}")
        rows = [dict(zip(columns, row.values(), strict=True)) for row in relation.rows]
        return Relation(columns, rows)

    def _below(self, name: Name) -> list[Name]:
        return [table.name for table in self.catalog.state.children(name)]

    def guessed_row(self, table: Table) -> Row:
        """Return a row that the table could well hold."""
        types = self.catalog.types
        self.guesses += 1
        row: Row = {column.name: Guess(plausible(column.type, types)) for column in table.columns}
        taken = [known(each.get(key)) for key in table.primary_key[:1] for each in self.contents(table.name).rows]
        if len(table.primary_key) == 1 and known(row[table.primary_key[0]]) in taken:
            numbers = [value for value in taken if isinstance(value, int)]
            if len(numbers) == len(taken):  # it is another row than those that are known
                row[table.primary_key[0]] = Guess(type(max(numbers))(max(numbers) + 1))
        return row

    def contents(self, name: Name) -> Contents:
        """Return what is known of a table's rows."""
        found = self._contents.get(name)
        if found is None:
            found = self._contents[name] = Contents(looked_at=self._others_wrote)
        elif found.looked_at != self._others_wrote:
            found.looked_at = self._others_wrote
            if name not in self._given:
                found.unknown, found.aged = found.unknown or not found.rows, found.aged or bool(found.rows)
        self.asked_aged = self.asked_aged or found.aged
        return found

    def is_empty(self, name: Name) -> bool:
        """Whether a table is known to hold no rows."""
        contents = self.contents(name)
        return not contents.unknown and not contents.rows

    def next_value(self, sequence: str) -> int:
        """Return the next number of a sequence, by any name for it."""
        self._numbers[sequence] = self._numbers.get(sequence, 0) + 1
        return Int8(self._numbers[sequence])

    # -- changing ----------------------------------------------------------------------------------------------------

    def put(self, name: Name, rows: Sequence[Mapping[str, Any]]) -> None:
        """Make these the rows of a table, and all of them."""
        self._contents[name] = Contents([dict(row) for row in rows], looked_at=self._others_wrote)
        self._given.add(name)

    def forget(self, names: Iterable[Name] | None = None) -> None:
        """Take note that tables (None: all) may hold any rows, but for those that are told by ``tell``."""
        for name in self._tables if names is None else names:
            if name not in self._told:
                self._contents[name] = Contents(unknown=True)

    def tell(self, name: Name, rows: Sequence[Mapping[str, Any]]) -> None:
        """Make these the rows of a table for good."""
        self.put(name, rows)
        self._told.add(name)

    def let_others_write(self) -> None:
        """Take note that applications may have changed rows; of which tables, is seen once one is read."""
        self._others_wrote += 1

    def follow(self, effect: Effect) -> None:
        """Take note of tables that came, went or changed their columns."""
        gone = [name for name in effect.touched if name in self._tables and self.catalog.table(name) is None]
        new = [name for name in effect.touched if name not in self._tables and self.catalog.table(name) is not None]
        if effect.kind in _MOVES and len(gone) == len(new) == 1:
            self._contents[new[0]] = self.contents(gone[0])
            self._tables[new[0]] = self._tables.pop(gone[0])
            self.made |= {new[0]} if gone[0] in self.made else set()
        for name in gone:
            self._contents.pop(name, None)
            self._tables.pop(name, None)
        self.made.difference_update(gone)
        for name in new:
            if name not in self._tables:
                self._contents[name] = Contents(unknown=effect.kind in _FILLED, looked_at=self._others_wrote)
                self.made.add(name)
            self._tables[name] = self.catalog.table(name)
        for name in effect.touched:
            before, table = self._tables.get(name), self.catalog.table(name)
            if before is not None and table is not None:
                self._tables[name] = table
                self._follow_columns(before, table)

    def _follow_columns(self, old: Table, table: Table) -> None:
        rows = self.contents(table.name).rows
        if not rows:
            return
        before, after = ([column.name for column in each.columns] for each in (old, table))
        renamed = dict(zip(before, after, strict=True)) if len(before) == len(after) else {}
        added = set(after) - set(before) - set(renamed.values())
        for row in rows:
            values = {renamed.get(column, column): value for column, value in row.items()}
            row.clear()
            row.update({column: values.get(column) for column in after})
            for column in added:
                known = table.column(column)
                row[column] = None if known is None else self.default(table.name, known)

    def default(self, table: Name, column: Column) -> Any:
        """Return the value that a column gets where none is given."""
        from alembic_contracts.prediction.answers.bindings import Scope
        from alembic_contracts.prediction.answers.casts import stored
        from alembic_contracts.prediction.answers.evaluation import evaluate

        if column.identity or (column.default or "").startswith("nextval("):
            if self.contents(table).unknown:
                return Unknown("the next number of a sequence", nullable=False)
            return stored(self.next_value(f"{table}.{column.name}"), column.type, self.catalog)
        expression = parser.parse_expression(column.default) if column.default else None
        if expression is None:
            return None
        try:
            return self.kept(evaluate(expression, Scope(self)), column)
        except (UnanswerableError, PostgresError):
            return Unknown("a default")

    def kept(self, value: Any, column: Column) -> Any:
        """Return a value as a column keeps it: of the column's type, unknown where that is not shown.

        Raises:
            PostgresError: PostgreSQL would refuse it.
        """
        from alembic_contracts.prediction.answers.casts import stored

        if not is_known(value):
            return value
        return stored(value, column.type, self.catalog)

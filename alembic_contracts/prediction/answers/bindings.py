"""A name in a query in, the value that it stands for out: the rows of FROM, the results of WITH, the query around."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, field

from alembic_contracts.prediction.answers.deferred import resolved
from alembic_contracts.prediction.answers.values import UnanswerableError

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["MANY", "Relation", "Row", "Scope", "Source", "World", "renamed"]

Row = dict[str, Any]


class Relation(Struct, frozen=True):
    """Columns in order, and rows by column."""

    columns: tuple[str, ...]
    rows: Sequence[Row]


class World(Protocol):
    """What queries are evaluated against."""

    catalog: Catalog

    def relation(self, schema: str | None, name: str, asked: Mapping[str, str] = ...) -> Relation:
        """Return a table, view or system relation.

        ``asked``: by column, the only name that rows which matter can have in it; others may be left out.

        Raises:
            UnanswerableError: its rows cannot be told.
        """

    def query(self, node: Node, scope: Scope) -> Relation:
        """Return the result of a query inside of another one (``select.select``, which is above expressions).

        Raises:
            UnanswerableError: it cannot be worked out.
            PostgresError: PostgreSQL would refuse it.
        """

    def next_value(self, sequence: str) -> int:
        """Return the next number of a sequence."""


class Source(Struct):
    """One item of FROM under its alias."""

    alias: str
    relation: Relation


class Scope(Struct):
    """What names in an expression mean: one row of each item of FROM, then the query around."""

    world: World
    rows: dict[str, Row] = field(default_factory=dict)
    outer: Scope | None = None
    tables: dict[str, Relation] = field(default_factory=dict)
    """Results of WITH."""
    group: list[Scope] | None = None
    """The rows that aggregates run over."""
    outputs: Row = field(default_factory=dict)
    """Values of the target list by name, for GROUP BY and ORDER BY."""

    def column(self, names: Sequence[str]) -> Any:
        """Return a column's value.

        Raises:
            UnanswerableError: it is not here, or it is not known.
        """
        return resolved(self._column(names))

    def _column(self, names: Sequence[str]) -> Any:
        if len(names) > 1:
            row = self.rows.get(names[-2])
            if row is not None and names[-1] in row:
                return row[names[-1]]
        else:
            for row in self.rows.values():
                if names[0] in row:
                    return row[names[0]]
            if names[0] in self.outputs:
                return self.outputs[names[0]]
        if self.outer is not None:
            return self.outer.column(names)
        raise UnanswerableError(f"column {'.'.join(names)} is not known")

    def with_table(self, name: str) -> Relation | None:
        """Return the result of a WITH of this name."""
        if name in self.tables:
            return self.tables[name]
        return None if self.outer is None else self.outer.with_table(name)

    def inner(self, rows: dict[str, Row], group: list[Scope] | None = None) -> Scope:
        """Return the scope of one row of FROM."""
        return Scope(self.world, rows, self.outer, self.tables, group)


MANY = "\0many"
"""A column that a row has which stands for any number of rows; its value says which ones."""


def renamed(relation: Relation, names: Sequence[str]) -> Relation:
    """Return a relation with its first columns renamed."""
    if not names:
        return relation
    columns = (*names, *relation.columns[len(names) :])
    rows = [
        dict(zip(columns, (row[c] for c in relation.columns), strict=True)) | ({MANY: row[MANY]} if MANY in row else {})
        for row in relation.rows
    ]
    return Relation(columns, rows)

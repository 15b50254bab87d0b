"""A table before and after in, the parts that it lost and got out, so that a change costs what it changes.

``Ties`` is what follows from all tables (indexes by name, who mentions whom), kept up to date as they change.
"""

from __future__ import annotations

from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from alembic_contracts.prediction.sql.mentions import relations_in, relations_of
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from alembic_contracts.schemas.schema import Column, Table

__all__ = ["Changed", "ColumnNames", "Ties", "changed", "relations_after"]


class Changed(NamedTuple):
    """What a table lost and got, of one kind of its parts; what stays may be among both."""

    gone: tuple[Any, ...]
    come: tuple[Any, ...]


def changed(old: Table | None, new: Table | None, parts: str) -> Changed:
    """Return how a table's parts changed. What is added at their end, as mostly, is all that there is to look at.

    Args:
        old: the table before; None: there was none.
        new: the table after; None: there is none.
        parts: the attribute that holds them.
    """
    before: tuple[Any, ...] = () if old is None else getattr(old, parts)
    after: tuple[Any, ...] = () if new is None else getattr(new, parts)
    if before is after:
        return Changed((), ())
    return Changed((), after[len(before) :]) if after[: len(before)] == before else Changed(before, after)


def relations_after(old: Table | None, new: Table | None, before: set[Name]) -> set[Name]:
    """Return the tables, sequences and types that a table's definition points at after a change; ``before``: then."""
    if new is None:
        return set()
    columns, constraints = changed(old, new, "columns"), changed(old, new, "constraints")
    if old is None or columns.gone or constraints.gone or _others(old) != _others(new):
        return relations_of(new)
    return before | relations_in(columns.come, constraints.come)


def _others(table: Table) -> tuple[object, ...]:
    """Return what else in a table points at relations."""
    return table.depends_on, table.parents


_TIED = attrgetter("indexes", "constraints", "parents")
"""What other objects are found by."""


class ColumnNames:
    """The names of tables' columns. Each costs what was added since it was asked for last."""

    def __init__(self) -> None:
        self._known: dict[Name, tuple[tuple[Column, ...], set[str]]] = {}

    def of(self, table: Table) -> AbstractSet[str]:
        """Return the names of a table's columns, good until the next change."""
        columns = table.columns
        known, names = self._known.get(table.name, ((), set()))
        if columns[: len(known)] != known:
            known, names = (), set()
        names.update(column.name for column in columns[len(known) :])
        self._known[table.name] = columns, names
        return names


class Ties:
    """What follows from tables."""

    def __init__(self) -> None:
        self.index_owners: dict[Name, Name] = {}
        """By index, the table that it is on."""
        self.constraint_names: Counter[tuple[str, str]] = Counter()
        """By schema and name."""
        self.parents: Counter[Name] = Counter()
        """How many tables inherit from a table."""
        self._mentioned: dict[Name, set[Name]] = {}
        self._mentioned_by: dict[Name, set[Name]] = {}
        self._unlooked: dict[Name, Table | None] = {}
        """Tables that have changed since it was worked out what they mention, as they were then."""

    def table_changed(self, name: Name, old: Table | None, new: Table | None) -> None:
        """Take note of a change."""
        self._unlooked.setdefault(name, old)
        if old is not None and new is not None and _TIED(old) == _TIED(new):
            return
        indexes, constraints = changed(old, new, "indexes"), changed(old, new, "constraints")
        for index in indexes.gone:
            self.index_owners.pop(Name(name.schema, index.name), None)
        for index in indexes.come:
            self.index_owners[Name(name.schema, index.name)] = name
        for constraint in constraints.gone:
            self.constraint_names[name.schema, constraint.name] -= 1
        for constraint in constraints.come:
            self.constraint_names[name.schema, constraint.name] += 1
        parents = changed(old, new, "parents")
        for parent in parents.gone:
            self.parents[parent] -= 1
        for parent in parents.come:
            self.parents[parent] += 1

    def users_of(self, name: Name, tables: Mapping[Name, Table]) -> list[Name]:
        """Return the tables that mention a relation or type, in a stable order; ``tables``: all, as they are now."""
        # Worked out when somebody asks, as one statement changes a table several times.
        for changed_one, old in self._unlooked.items():
            before = self._mentioned.pop(changed_one, set())
            after = relations_after(old, tables.get(changed_one), before)
            if after:
                self._mentioned[changed_one] = after
            for gone in before - after:
                self._mentioned_by[gone].discard(changed_one)
            for added in after - before:
                self._mentioned_by.setdefault(added, set()).add(changed_one)
        self._unlooked.clear()
        return sorted(self._mentioned_by.get(name, ()))

"""A kind of database and another one in, how types of contracts about the latter are compared on the former out.

By what they are for: there is one table of that (``dialects.families``), which SQLAlchemy's own types give.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from alembic_contracts import dialects
from alembic_contracts.dialects.servers import is_like_mysql
from alembic_contracts.schemas.schema import Name, Type, TypeDefinition
from alembic_contracts.schemas.uses import EVERYBODY, Breaks

if TYPE_CHECKING:
    from alembic_contracts.contracts.contract import Fact
    from alembic_contracts.dialects import Dialect

__all__ = ["Shape", "is_same", "view"]

_SAME: frozenset[frozenset[str]] = frozenset({frozenset({"mysql", "mariadb"})})
"""Kinds that are one: SQLAlchemy calls a MariaDB by either name."""
_OF_ONE_KIND = frozenset({None, "array"})
"""Families of which no type is compared: what is there is not told, or not in full."""
_OF_OTHERS_TOO = _OF_ONE_KIND | {"geometry", "network address", "vector"}
"""The same between kinds of databases, some of which have none of them."""
_FRACTIONS = frozenset({"decimal", "float"})
_KINDS_OF_ONE = ("materialized view", "foreign table")
"""Of relations, that not every database has."""


@cache
def view(dialect: Dialect, kind: str) -> Dialect:
    """Return how types of contracts about one kind are compared with those of a database: by what they are for."""
    return cast("Dialect", Shape(dialect, dialects.load(kind)))


def is_same(one: str, other: str) -> bool:
    """Return whether two kinds of databases are one."""
    return one == other or frozenset({one, other}) in _SAME


class Shape:
    """A dialect by which types of two kinds of databases are compared; in all else it is the database's own."""

    def __init__(self, here: Dialect, there: Dialect) -> None:
        """Take the database's, and that of the kind that contracts are about; ``is_own``: they are one."""
        self._here, self._there, self.is_own = here, there, is_same(here.KIND, there.KIND)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._here, name)

    def has(self, type_: Type) -> bool:
        """Whether a type of the contracts' is for something that the database has types for."""
        left_out = _OF_ONE_KIND if self.is_own else _OF_OTHERS_TOO
        return self._there.family(type_, {}) not in left_out

    def is_beyond(self, fact: Fact) -> bool:
        """Whether a fact is of a column or a table for which the database has nothing that is for the same."""
        if self.is_own:
            return False
        if fact.rule == "relation-kind":
            return fact.expected in _KINDS_OF_ONE
        return fact.rule == "column-type" and not (isinstance(fact.expected, Type) and self.has(fact.expected))

    def is_untold(self, actual: Type | None, types: Mapping[Name, TypeDefinition]) -> bool:
        """Whether a type that is there is not compared, since SQLAlchemy does not know it."""
        return not self.is_own and actual is not None and self._here.family(actual, types) is None

    def same_type(self, expected: Type, actual: Type, types: Mapping[Name, TypeDefinition]) -> bool:
        """Return whether both are for the same, or one stands in for the other, as far as that can be told."""
        from alembic_contracts.dialects.families import fits, stands_for

        if self.is_own:
            return self._here.same_type(expected, actual, types)
        wanted, found = self._there.family(expected, {}), self._here.family(actual, types)
        return wanted is not None and (found is None or fits(wanted, found) or found == stands_for(expected))

    def computes(self, expected: Type, actual: Type, types: Mapping[Name, TypeDefinition]) -> bool:
        """Return whether what has a type there can have the other one here, computed by the same expression.

        A sum of integers is a ``bigint`` to PostgreSQL and a ``DECIMAL`` to MySQL, to which NULL is a ``BINARY(0)``.
        """
        if self.is_own or not is_like_mysql(self._here.KIND):
            return False
        wanted, found = self._there.family(expected, {}), self._here.family(actual, types)
        is_result = wanted == "whole number" and found == "decimal"
        is_null = found == "binary" and actual.modifiers == ("0",)
        return is_result or is_null or self.may_compute(expected, actual, types)

    def may_compute(self, expected: Type, actual: Type, types: Mapping[Name, TypeDefinition]) -> bool:
        """Return whether that can be the same expression, and as well be another column: nobody can tell by the type.

        ``floor()`` and ``EXTRACT`` are integers to MySQL.
        """
        if self.is_own or not is_like_mysql(self._here.KIND):
            return False
        return self._there.family(expected, {}) in _FRACTIONS and self._here.family(actual, types) == "whole number"

    def breaks(self, expected: Type, actual: Type, types: Mapping[Name, TypeDefinition]) -> Breaks:
        """Return whose uses break: everybody's, where what a column is for is another thing."""
        return self._here.breaks(expected, actual, types) if self.is_own else EVERYBODY

    def is_narrower(
        self,
        before: Type,
        after: Type,
        types_before: Mapping[Name, TypeDefinition],
        types: Mapping[Name, TypeDefinition],
    ) -> bool:
        """Return whether a type has a limit that it had not; between kinds of databases no size is held."""
        return self.is_own and self._here.is_narrower(before, after, types_before, types)

    def logical(self, type_: Type, types: Mapping[Name, TypeDefinition]) -> Iterable[str]:
        """Return which logical types of ODCS a column's type is, or stands in for."""
        from alembic_contracts.dialects.families import logical

        if is_like_mysql(self._here.KIND):
            return self._here.logical(type_, types)
        return logical(self._here.family(type_, types))

    def misspelt_type(self, _type: Type) -> None:
        """Return nothing: the type is another database's."""

    def format_type(self, type_: Type) -> str:
        """Return how the database writes a type, or the contracts' kind does: the name of either says whose it is."""
        own = self._here if self._is_here(type_) else self._there
        return own.format_type(type_)

    def _is_here(self, type_: Type) -> bool:
        if type_.name.schema in (self._here.KIND, self._there.KIND):
            return type_.name.schema == self._here.KIND
        return self._here.KIND == "postgresql"

"""A baseline of which only a part was read: whoever asks for more is noted, so that all of it can be read after all."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, ValuesView
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from alembic_contracts.prediction.catalog.journal import Journal, Store
from alembic_contracts.schemas.schema import Name, Table

if TYPE_CHECKING:
    from alembic_contracts.schemas.surroundings import Extract

__all__ = ["PartialTables", "Unread"]


class Unread(Struct):
    """What was not read, and whether anything was asked of it: then every answer since is worth nothing."""

    extract: Extract | None
    """The part of the tables that was read; None: all of them."""
    without_access: bool = False
    """Whether nothing was read of roles and of what they may do."""
    asked: bool = False
    original: frozenset[Name] = field(default_factory=frozenset)
    """Tables, types and sequences that were there at the start."""

    def about(self, name: Name) -> None:
        """Take note of a question about a relation of this name."""
        if self.extract is not None and name in self.extract.unread:
            self.asked = True

    def about_users(self, name: Name) -> None:
        """Take note of a question about everything that uses a relation or type."""
        if self.extract is not None and name in self.original and name not in self.extract.known:
            self.asked = True

    def about_constraint(self, schema: str, name: str) -> None:
        """Take note of a question about a constraint's name."""
        if self.extract is not None and (schema, name) in self.extract.constraints:
            self.asked = True

    def about_all(self) -> None:
        """Take note of a question about all tables."""
        if self.extract is not None:
            self.asked = True

    def about_access(self) -> None:
        """Take note of a question about roles, and about what they may do."""
        if self.without_access:
            self.asked = True


class PartialTables(Store[Name, Table]):
    """Tables of which only some were read."""

    def __init__(
        self, journal: Journal, on_change: Callable[[Name, Table | None, Table | None], None], unread: Unread
    ) -> None:
        """Have every question about what was not read noted in ``unread``."""
        super().__init__(journal, on_change)
        self._unread = unread

    def __getitem__(self, key: Name) -> Table:
        self._unread.about(key)
        return super().__getitem__(key)

    def get(self, key: Name, default: Any = None, /) -> Any:
        """Return a table, ``default`` where there is none."""
        self._unread.about(key)
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        if isinstance(key, Name):
            self._unread.about(key)
        return super().__contains__(key)

    def __iter__(self) -> Iterator[Name]:
        self._unread.about_all()
        return super().__iter__()

    def __len__(self) -> int:
        self._unread.about_all()
        return super().__len__()

    def values(self) -> ValuesView[Table]:
        """Return all tables."""
        self._unread.about_all()
        return super().values()

    def items(self) -> ItemsView[Name, Table]:
        """Return all tables with their names."""
        self._unread.about_all()
        return super().items()

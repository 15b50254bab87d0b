"""The uses of one statement, as they are met in; each once, with its line, out."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from alembic_contracts.inference.uses import Guarantee, Kind, Unread, Use
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.uses import Place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alembic_contracts.inference.usage.relations import Missing
    from alembic_contracts.inference.usage.texts import Prepared
    from alembic_contracts.prediction.sql.scopes import Field

__all__ = ["Notes"]


class Notes:
    """What is seen in one statement. Locations are the parser's: bytes from the beginning of what it was given."""

    def __init__(self, text: Prepared, file: str, what: str = "", base: int = 0) -> None:
        self.text, self.file, self.what = text, file, what
        self.base = base
        """What locations count from."""
        self._first_line, self._lines = text.first_line, text.lines
        self.uses: list[Use] = []
        self.guarantees: list[Guarantee] = []
        self.unread: dict[Unread, None] = {}
        self.elsewhere: dict[str, None] = {}
        """Relations of other databases."""
        self._columns: dict[tuple[Name, str, Kind, int], None] = {}
        self._by_star: dict[tuple[Name, str, int], None] = {}
        self._tables: dict[tuple[Name, Kind, int], None] = {}

    def line(self, location: int) -> int:
        """Return the file's line of a location."""
        return self.text.line(self.base + max(location, 0))

    def next(self, text: str, location: int) -> int:
        """Return where a text comes next; the location itself where it does not. Case does not count."""
        found = self.text.lowered.find(text.encode().lower(), self.base + location)
        return location if found < 0 else found - self.base

    def is_placeholder(self, location: int) -> bool:
        """Whether a literal was put in for a driver's placeholder."""
        return self.text.is_edited(self.base + location)

    def table(self, table: Name, kind: Kind, location: int) -> None:
        """A table is named; that is a use of its own where none of its columns is used."""
        self._tables.setdefault((table, kind, self.line(location)))

    def column(self, origin: tuple[Name, str], kind: Kind, location: int) -> None:
        """A column is named."""
        line = self._first_line + bisect_right(self._lines, self.base + location)
        self._columns[*origin, kind, line] = None

    def field(self, field: Field, kind: Kind, location: int) -> None:
        """A column of a source is named: the column of a table that it is, if it is one."""
        if field.plain is not None:
            line = self._first_line + bisect_right(self._lines, self.base + location)
            self._columns[*field.plain, kind, line] = None

    def star(self, fields: Iterable[Field], location: int) -> None:
        """All columns are read at once: of those that are read by name elsewhere, that is the better place."""
        line = self.line(location)
        for field in fields:
            if field.plain is not None:
                self._by_star.setdefault((*field.plain, line))

    def guarantee(self, found: Guarantee) -> None:
        """Something more is relied on."""
        self.guarantees.append(found)

    def problem(self, reason: str, location: int | None) -> None:
        """Something was not understood."""
        line, column = (None, None) if location is None else self.text.line_and_column(self.base + max(location, 0))
        self.unread.setdefault(Unread(self.file, line, column, reason))

    def missing(self, relation: Missing, location: int) -> None:
        """A relation is named that is not there."""
        if relation.elsewhere:
            self.elsewhere.setdefault(relation.written)
        else:
            near = f"; {relation.nearest}?" if relation.nearest else ""
            self.problem(f"there is no relation {relation.written}{near}", location)

    def place(self, line: int) -> Place:
        """Return a place in the file."""
        return Place(self.file, line, self.what)

    def absorb(self, others: Notes) -> None:
        """Take over what was noted of a text inside of this one."""
        others.end()
        self.uses.extend(others.uses)
        self.guarantees.extend(others.guarantees)
        self.unread.update(others.unread)
        self.elsewhere.update(others.elsewhere)

    def end(self) -> None:
        """A statement is over: what it uses becomes uses."""
        read = {each[:2] for each in self._columns if each[2] == "read"} if self._by_star else ()
        for table, column, line in self._by_star:
            if (table, column) not in read:
                self._columns.setdefault((table, column, "read", line))
        with_columns = {table for table, *_ in self._columns}
        places: dict[int, Place] = {}
        for table, kind, line in self._tables:
            if kind == "deleted" or table not in with_columns:
                self.uses.append(Use(table, None, kind, self.place(line)))
        for table, column, kind, line in self._columns:
            place = places.get(line)
            if place is None:
                place = places[line] = self.place(line)
            self.uses.append(Use(table, column, kind, place))

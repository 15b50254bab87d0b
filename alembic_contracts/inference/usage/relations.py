"""The name of a relation in, what it is out: a table of this database, one of the consumer's own, or the server's."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.prediction.sql.scopes import Entry, Field, Output, of_table
from alembic_contracts.prediction.sql.system import SYSTEM_SCHEMAS, is_system_relation
from alembic_contracts.schemas.schema import Name, Schema, Table
from alembic_contracts.support.suggestions import nearest

__all__ = ["Here", "Missing", "Own", "Relations", "Waiting"]


class Here(Struct, frozen=True):
    """Where a statement stands: what its names can see."""

    file: str
    order: tuple[int, int]
    """Which text of the run, and which statement of it."""
    search_path: tuple[str, ...]


class Own(Struct, kw_only=True):
    """A relation that the consumer defines itself."""

    name: Name
    """Temporary ones are in the schema ``pg_temp``."""
    here: Here
    output: Output | None = None
    """What it yields; None: its definition was not looked at yet."""
    hides: bool = False
    """Whether it stands before a table of the database of the same name: temporary ones do, and models."""


class Waiting(Exception):  # noqa: N818 - it is no error
    """A definition has to be looked at before what reads it."""

    def __init__(self, own: Own) -> None:
        super().__init__()
        self.own = own


class Missing(Struct, frozen=True):
    """There is no relation of this name."""

    written: str
    nearest: str | None
    elsewhere: bool = False
    """Whether no --map leads from it to this database, while others do: it is another one's."""


class Relations:
    """All that names of relations can stand for."""

    def __init__(
        self,
        schema: Schema,
        search_path: tuple[str, ...],
        mapping: tuple[tuple[str, str], ...] = (),
        *,
        folds_case: bool = False,
    ) -> None:
        self.schema = schema
        self.folds_case = folds_case
        self._folded = {_folded(name): table for name, table in schema.tables.items()} if folds_case else {}
        self.search_path = search_path
        self.own: dict[str, list[Own]] = {}
        """By the last part of the name."""
        self.copied: set[Name] = set()
        """Tables of the database that files create once more: these are copies of its schema, and no use of it."""
        self.mapping = {tuple(part.casefold() for part in _parts(source)): _parts(target) for source, target in mapping}
        self._entries: dict[Name, Entry] = {}

    def add(self, own: Own) -> None:
        """A relation of the consumer's own is defined somewhere."""
        self.own.setdefault(own.name.name.casefold() if self.folds_case else own.name.name, []).append(own)

    def find(self, name: str, schema: str | None, catalog: str | None, here: Here) -> Table | Own | Entry | Missing:
        """Return what a name stands for at a place; an entry is one of which nothing is a use."""
        schemas = here.search_path if schema is None else (schema,)
        mine = self._mine(name, schema, here)
        if mine is not None and mine.hides and (mine.name.schema != "pg_temp" or mine.here.file == here.file):
            return mine
        if self.mapping:
            mapped = self._mapped(name, schema, catalog)
            table = None if mapped is None else self.table(mapped)
            if table is not None:
                return table
            further = schema is not None and schema not in self.schema.namespaces
            if mapped is None and mine is None and (further or self._is_other_catalog(catalog)):
                return Missing(_written(name, schema, catalog), None, elsewhere=True)
        for each in schemas:
            table = self.table(Name(each, name))
            if table is not None:
                return table
        if mine is not None:
            return mine
        if schema in SYSTEM_SCHEMAS or is_system_relation(name, schema) is not None:
            return Entry(name, (), complete=False)
        if any(Name(each, name) in self.schema.sequences for each in schemas):
            return Entry(name, tuple(Field(each, None) for each in ("last_value", "log_cnt", "is_called")))
        return self._missing(name, schema, catalog)

    def table(self, name: Name) -> Table | None:
        """Return a table of the database."""
        found = self.schema.tables.get(name)
        return self._folded.get(_folded(name)) if found is None and self.folds_case else found

    def entry(self, table: Table) -> Entry:
        """Return a table as a source."""
        found = self._entries.get(table.name)
        if found is None:
            found = of_table(table, table.name.name)
            if self.folds_case:
                fields = tuple(replace(field, name=field.name.casefold()) for field in found.fields)
                found = replace(found, alias=found.alias.casefold(), fields=fields)
            self._entries[table.name] = found
        return found

    def _mine(self, name: str, schema: str | None, here: Here) -> Own | None:
        """Return one of the consumer's own: the same file's last one before the place, or else any."""
        if name not in self.own:
            return None
        visible = ("pg_temp", *here.search_path) if schema is None else (schema,)
        if self.folds_case:
            visible = tuple(each.casefold() for each in visible)
        found = [own for own in self.own[name] if own.here.order != here.order and self._schema(own) in visible]
        in_file = [own for own in found if own.here.file == here.file]
        before = [own for own in in_file if own.here.order < here.order]
        return next(iter((*reversed(before), *in_file, *found)), None)

    def _schema(self, own: Own) -> str:
        return own.name.schema.casefold() if self.folds_case else own.name.schema

    def _is_other_catalog(self, catalog: str | None) -> bool:
        """Whether a warehouse's name is in a database of it that no ``--map`` names, while one names another."""
        if catalog is None or not self.folds_case:
            return False
        named = {source[0] for source, target in self.mapping.items() if len(source) > len(target)}
        return bool(named) and catalog.casefold() not in named

    def _mapped(self, name: str, schema: str | None, catalog: str | None) -> Name | None:
        """Return where ``--map`` leads: the longest part of the name that one of them names."""
        parts = tuple(part.casefold() for part in (catalog, schema, name) if part)
        for begin in range(len(parts)):
            exact = self.mapping.get(parts[begin:])
            if exact is not None and len(exact) > 1:
                return Name(exact[-2], exact[-1])
            within = self.mapping.get(parts[begin:-1]) if begin < len(parts) - 1 else None
            if within is not None:
                return Name(within[-1], name)
        return None

    def _missing(self, name: str, schema: str | None, catalog: str | None) -> Missing:
        written = _written(name, schema, catalog)
        shown = {_shown(each, self.search_path): each for each in (*self.schema.tables, *self._own_names())}
        found = nearest(written, shown)
        if found is None:
            last = {each.name: _shown(each, self.search_path) for each in shown.values()}
            same = nearest(name, last)
            found = None if same is None else last[same]
        return Missing(written, found)

    def _own_names(self) -> list[Name]:
        return [own.name for each in self.own.values() for own in each if own.name.schema != "pg_temp"]


def _shown(name: Name, search_path: tuple[str, ...]) -> str:
    return name.name if name.schema in search_path else str(name)


def _written(name: str, schema: str | None, catalog: str | None) -> str:
    return ".".join(part for part in (catalog, schema, name) if part)


def _folded(name: Name) -> Name:
    return Name(name.schema.casefold(), name.name.casefold())


def _parts(written: str) -> tuple[str, ...]:
    return tuple(part.strip('"') for part in written.split("."))

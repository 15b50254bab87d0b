"""A schema and the names that contracts have for what is in it in, the same schema in those names out.

SQLite, and others for columns, tell names apart without regard to the case of ASCII letters: ``Orders`` in a contract
is the table ``orders``. All else that compares names does so letter by letter, so it is given schemas in the spelling
that it knows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache, lru_cache
from types import MappingProxyType

from msgspec.structs import replace

from alembic_contracts.schemas.schema import Name, Schema, Table

__all__ = ["fold", "fold_name", "spelled"]

Spell = Callable[[str], str]
_LOWER = {letter: letter + 32 for letter in range(ord("A"), ord("Z") + 1)}


@lru_cache(maxsize=8192)  # the same ones after each statement
def fold(identifier: str) -> str:
    """Return what is the same for all spellings of an identifier: ASCII letters in lower case, others as they are."""
    return identifier.translate(_LOWER)


def fold_name(name: Name) -> tuple[str, str]:
    """Return what is the same for all spellings of a qualified name."""
    return fold(name.schema), fold(name.name)


def spelled(schema: Schema, names: Mapping[Name, Collection[str]], *, tables: bool = True) -> Schema:
    """Return a schema in which tables and columns have the names that are asked for, if the case alone is another.

    A table that is asked for by two spellings is there by both. A column has the first of its spellings.

    Args:
        schema: as it was observed or predicted.
        names: columns by their table; the names of columns in any case.
        tables: whether the names of tables are in any case, too.
    """
    of = fold_name if tables else _as_it_is
    asked: dict[tuple[str, str], list[Name]] = {}
    known: dict[tuple[str, str], list[str]] = {}
    for name, columns in names.items():
        asked.setdefault(of(name), []).append(name)
        known.setdefault(of(name), []).extend(columns)

    def called(name: Name) -> Name:
        return asked.get(of(name), [name])[0]

    @cache
    def speller(name: Name) -> Spell:
        return _speller([*names.get(name, ()), *known.get(of(name), ())])

    found = {
        name: _table(table, name, called, speller)
        for own, table in schema.tables.items()
        for name in asked.get(of(own), [own])
    }
    if found == dict(schema.tables):
        return schema
    return replace(schema, tables=MappingProxyType(found))


def _as_it_is(name: Name) -> tuple[str, str]:
    return name.schema, name.name


def _speller(names: Collection[str]) -> Spell:
    known = {fold(name): name for name in reversed(list(names))}
    return lambda name: known.get(fold(name), name)


def _table(table: Table, name: Name, called: Callable[[Name], Name], speller: Callable[[Name], Spell]) -> Table:
    spell = speller(name)
    return replace(
        table,
        name=name,
        columns=tuple(replace(column, name=spell(column.name)) for column in table.columns),
        constraints=tuple(
            replace(
                each,
                columns=tuple(map(spell, each.columns)),
                references=each.references and called(each.references),
                referenced_columns=tuple(map(speller(called(each.references)), each.referenced_columns))
                if each.references is not None
                else (),
            )
            for each in table.constraints
        ),
        indexes=tuple(
            replace(each, columns=tuple(column and spell(column) for column in each.columns)) for each in table.indexes
        ),
    )

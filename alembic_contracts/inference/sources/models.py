"""SQLAlchemy's MetaData, a declarative base or SQLModel: a module's name in, what its models read and write out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec.structs import replace

from alembic_contracts.errors import CannotCheck
from alembic_contracts.inference.metadata import interpreters
from alembic_contracts.inference.metadata.asked_module import Question
from alembic_contracts.inference.metadata.tables import MappedTable, guarantees_of, uses_of
from alembic_contracts.inference.sources import Asked, Option
from alembic_contracts.inference.uses import Found, Unread
from alembic_contracts.schemas.schema import Name, Schema
from alembic_contracts.schemas.uses import Place
from alembic_contracts.support.suggestions import NEARLY, nearest

__all__ = ["EXAMPLES", "INPUTS", "OPTIONS", "SUMMARY", "uses"]

SUMMARY = "SQLAlchemy models: what an application selects, inserts and updates."
INPUTS = "MODULE[:NAME]"
OPTIONS = (Option("--timeout", "Seconds that importing the module may take (default: 60).", "SECONDS"),)
EXAMPLES = (
    ("shop.models", "every MetaData of the module, or that of its declarative base"),
    ("shop.models:Base --offline", "the tables of one base, held against what the migrations predict"),
)

_VIEWS = ("view", "materialized view")


def uses(asked: Asked) -> Found:
    """Return what the models of a module use.

    Raises:
        CannotCheck: none is named, it cannot be imported, or holds no models.
    """
    if len(asked.inputs) != 1:
        raise CannotCheck("Name one module: `alembic-contracts infer models shop.models`, or `shop.models:Base`.")
    module, _, name = asked.inputs[0].partition(":")
    seconds = _seconds(asked)
    tables = interpreters.ask(
        "alembic_contracts.inference.metadata.asked_module",
        Question(module=module, name=name, schema=_current_schema(asked), seconds=seconds),
        tuple[MappedTable, ...],
        folder=Path.cwd(),
        seconds=seconds,
    )
    there = tuple(_there(tables, asked.schema))
    views = frozenset(each.name for each in there if asked.schema.tables[each.name].kind in _VIEWS)
    return Found(
        consumer=module.partition(".")[0],
        uses=tuple(uses_of(there, views)),
        guarantees=tuple(guarantees_of(there)),
        compatibility="read-write",
        unread=tuple(_missing(tables, asked.schema)),
        notes=tuple(_notes(there)),
    )


def _current_schema(asked: Asked) -> str:
    """Return where tables without a schema are: the first of the search path that is there (``current_schema()``)."""
    there = (schema for schema in asked.search_path if schema in asked.schema.namespaces)
    return next(there, asked.search_path[0])


def _seconds(asked: Asked) -> float:
    stated = asked.options.get("--timeout", ("60",))[-1]
    try:
        seconds = float(stated)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= 86_400:
        raise CannotCheck(f"--timeout must be a number of seconds, not {stated!r}.")
    return seconds


def _there(tables: Iterable[MappedTable], schema: Schema) -> Iterator[MappedTable]:
    """Yield what of the models the database has."""
    for table in tables:
        found = schema.tables.get(table.name)
        if found is not None:
            yield replace(
                table,
                columns=tuple(each for each in table.columns if not found.complete or found.column(each.name)),
            )


def _missing(tables: Iterable[MappedTable], schema: Schema) -> Iterator[Unread]:
    """Yield what the models name and the database does not have."""
    for table in tables:
        found = schema.tables.get(table.name)
        if found is None:
            near = _near(str(table.name), [str(each) for each in schema.tables])
            yield _unread(table.place, f"{table.place.what} is of {table.name}, which does not exist{near}")
            continue
        for column in table.columns:
            if column.used and found.complete and found.column(column.name) is None:
                near = _near(column.name, [each.name for each in found.columns])
                yield _unread(column.place, f"there is no column {_told(table.name)}.{column.name}{near}")


def _near(name: str, known: list[str]) -> str:
    found = nearest(name, known, NEARLY)
    return f"; {found}?" if found is not None else ""


def _told(name: Name) -> str:
    return name.name if name.schema == "public" else str(name)


def _unread(place: Place, reason: str) -> Unread:
    return Unread(place.file or place.what, place.line, None, reason)


def _notes(tables: Iterable[MappedTable]) -> Iterator[str]:
    """Yield what is not taken to be used although an INSERT names it."""
    for table in tables:
        for column in table.columns:
            if column.deferred and column.inserted:
                yield (
                    f"{column.place}: {_told(table.name)}.{column.name} is deferred, so it does not count as used; "
                    f"SQLAlchemy's INSERTs name it all the same."
                )

"""Uses and a schema in, what a contract of them states out: tables, columns, keys and places, in no format yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.contracts import formats
from alembic_contracts.contracts.contract import Choice, Compatibility, Owner
from alembic_contracts.inference.uses import Found, Guarantee, Use
from alembic_contracts.schemas.schema import Name, Schema, Table
from alembic_contracts.schemas.uses import Place

if TYPE_CHECKING:
    from alembic_contracts.dialects import Dialect

__all__ = ["Draft", "draft"]

_GUARANTEED = ("primaryKey", "enum", "domain_name")
"""What holds of a column and a query can rely on, whatever its value; a NOT NULL as well, where there is one."""


class Draft(Struct, frozen=True, kw_only=True):
    """What is to be written for one consumer."""

    consumer: str
    owner: Owner
    tables: tuple[Table, ...]
    """Those that are used, by name, with the columns that are used alone."""
    choice: Choice
    """What is stated of them, and where they are used."""


def draft(
    found: Found,
    schema: Schema,
    dialect: Dialect,
    *,
    consumer: str | None = None,
    owner: Owner | None = None,
    strict: bool = False,
) -> Draft:
    """Return what a contract of the uses states.

    Args:
        found: what a source found.
        schema: the tables as they are.
        dialect: knows what follows from a type.
        consumer: what to call it instead.
        owner: who answers for it instead.
        strict: whether to state what the schema guarantees today, too: NOT NULL, keys, labels of enums.
    """
    name = consumer or found.consumer
    places = _places(found)
    columns: dict[Name, set[str]] = defaultdict(set)
    for table_name, column in places:
        columns[table_name].update(() if column is None else (column,))
    tables: list[Table] = []
    stated: dict[tuple[Name, str | None], Mapping[str, Any]] = {}
    for table_name in sorted(columns):
        table = schema.tables.get(table_name)
        if table is None:
            continue
        guarantees = [each for each in found.guarantees if each.table == table_name]
        tables.append(_used(table, columns[table_name]))
        stated.update(_stated(table, columns[table_name], guarantees, formats.holding(table, schema, dialect), strict))
    compatibility, of_tables = (found.compatibility, {}) if found.compatibility else _protected(found.uses)
    choice = Choice(compatibility=compatibility, of_tables=of_tables, stated=stated, used_by=places)
    return Draft(consumer=name, owner=owner or found.owner or Owner(name), tables=tuple(tables), choice=choice)


def _places(found: Found) -> Mapping[tuple[Name, str | None], tuple[Place, ...]]:
    """Return where each table and column is used; of a table those places alone that use none of its columns."""
    seen: dict[tuple[Name, str | None], set[Place]] = defaultdict(set)
    for use in found.uses:
        seen[use.table, use.column].add(use.place)
    for each in found.guarantees:
        if each.place is not None:
            seen[each.table, each.column].add(each.place)
        else:
            seen.setdefault((each.table, each.column), set())
    return {key: tuple(sorted(places, key=_order)) for key, places in seen.items()}


def _order(place: Place) -> tuple[bool, str, int, str]:
    """Files come before what is in none."""
    return place.line is None, place.file, place.line or 0, place.what


def _used(table: Table, columns: Iterable[str]) -> Table:
    """Return a table with the columns that are used; of a view it is said what it stands on."""
    wanted = set(columns)
    comment = table.comment
    if table.depends_on:
        base: dict[Name, list[str]] = {}
        for name, column in table.depends_on:
            base.setdefault(name, []).extend((column,) if column else ())
        stands_on = ", ".join(f"{name} ({', '.join(sorted(of))})" if of else str(name) for name, of in base.items())
        comment = f"{comment.rstrip('. ')}. " if comment else ""
        comment += f"A {table.kind} on {stands_on}."
    return replace(table, columns=tuple(each for each in table.columns if each.name in wanted), comment=comment)


def _stated(
    table: Table,
    columns: set[str],
    guarantees: Iterable[Guarantee],
    holding: Mapping[str | None, Mapping[str, Any]],
    strict: bool,
) -> Iterator[tuple[tuple[Name, str | None], Mapping[str, Any]]]:
    """Yield what is stated of the table and of each column beside existence and type: nothing that does not hold."""
    picked: dict[str | None, dict[str, Any]] = {column: {} for column in (None, *columns)}
    for each in guarantees:
        held = holding.get(each.column, {}).get(each.key)
        if each.key == "unique" and table.primary_key:
            held = [*(held or ()), list(table.primary_key)]
        if held is None:
            continue
        if isinstance(held, list) and each.value is not None:
            if each.value in held or (each.key == "publications" and _is_included(each.value, held)):
                picked[each.column].setdefault(each.key, []).append(each.value)
        elif each.value in (None, held):
            picked[each.column][each.key] = held
    for key, held in _guaranteed(table, columns, holding) if strict else ():
        picked[key] |= held
    for column, values in picked.items():
        yield (table.name, column), values


def _is_included(stated: Any, held: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a table is in a publication with at least the stated columns, and with the stated rows."""
    found = next((each for each in held if each["name"] == stated["name"]), None)
    if found is None or found["row_filter"] != stated["row_filter"]:
        return False
    return "columns" not in found or set(stated.get("columns", ())) <= set(found["columns"])


def _guaranteed(
    table: Table, columns: set[str], holding: Mapping[str | None, Mapping[str, Any]]
) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    """Yield what the schema guarantees of what is used: of a key all of it or nothing."""
    has_key = bool(table.primary_key) and columns.issuperset(table.primary_key)
    for column in columns:
        held = holding.get(column, {})
        found = {key: held[key] for key in _GUARANTEED if held.get(key) and (has_key or key != "primaryKey")}
        yield column, found if held.get("is_nullable", True) else found | {"is_nullable": False}
    unique = [each for each in holding[None].get("unique", ()) if columns.issuperset(each)]
    keys = [each for each in holding[None].get("foreign_keys", ()) if columns.issuperset(each["columns"])]
    yield None, {key: value for key, value in (("unique", unique), ("foreign_keys", keys)) if value}


def _protected(uses: Iterable[Use]) -> tuple[Compatibility, Mapping[Name, Compatibility]]:
    """Return whom a contract of these uses has to protect, and of which tables that is another one than a reader."""
    kinds: dict[Name, set[str]] = defaultdict(set)
    for use in uses:
        kinds[use.table].add(use.kind)
    of_tables = {table: _side(found) for table, found in kinds.items()}
    if len(set(of_tables.values())) == 1:
        return next(iter(of_tables.values())), {}
    return "reader", {table: side for table, side in of_tables.items() if side != "reader"}


def _side(kinds: set[str]) -> Compatibility:
    if kinds <= {"read", "filtered"}:
        return "reader"
    return "read-write" if "read" in kinds else "writer"

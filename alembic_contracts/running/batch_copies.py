"""A statement of batch mode in, whether it does its work whatever rows there are out.

``op.batch_alter_table`` copies rows to a new table on SQLite, which it then puts in the place of the old one. Scripts
often have a ``try`` around that. Where the new table asks for no more of a row than the old one does, no row of it can
be refused: https://sqlite.org/lang_conflict.html names what can refuse one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from alembic_contracts.dialects.sqlite.names import fold, mentioning
from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.scripts.batches import COPY
from alembic_contracts.schemas.schema import Column, Constraint, Name, Schema, Table

__all__ = ["takes_any_row"]

_NAME = r"""(?:"(?:[^"]|"")+"|\w+)"""
_PLACE = rf"(?:(?P<schema{{0}}>{_NAME})\.)?(?P<name{{0}}>{_NAME})"
_COLUMN = rf"(?:{_NAME}\.){{0,2}}{_NAME}"
_VALUE = rf"(?:{_COLUMN}|CAST\({_COLUMN} AS [\w ]+(?:\([\d, ]+\))?\))(?: AS {_NAME})?"
_INSERTS = pattern(
    rf"\s*INSERT INTO {_PLACE.format(1)} \((?P<into>{_NAME}(?:, {_NAME})*)\)\s+"
    rf"SELECT (?P<values>{_VALUE}(?:, {_VALUE})*)\s+FROM {_PLACE.format(2)}\s*",
    re.IGNORECASE,
)
_DROPS = pattern(rf"\s*DROP TABLE {_PLACE.format(1)}\s*", re.IGNORECASE)
_INTO = pattern(rf"({_NAME})(?:, |$)")
_FROM = pattern(
    rf"(?:CAST\()?(?:{_NAME}\.){{0,2}}({_NAME})(?: AS [\w ]+(?:\([\d, ]+\))?\))?(?: AS {_NAME})?(?:, |$)", re.IGNORECASE
)
_FINEST = None
"""The collation by which no two values are the same: BINARY, which is meant where none is stated."""
_KEYS = frozenset({"primary key", "unique"})


def takes_any_row(sql: str, look: Callable[[list[Name]], Schema]) -> bool:
    """Return whether a statement certainly succeeds, whatever rows there are, while no foreign keys are held to.

    It is so of dropping a table, and of copying its rows in batch mode to one that asks for no more of them.

    Args:
        sql: the statement, as SQLAlchemy writes it.
        look: returns what there is of some tables.
    """
    if _DROPS.fullmatch(sql) is not None:
        return True
    inserts = _INSERTS.fullmatch(sql)
    if inserts is None or not _plain(inserts["name1"]).startswith(COPY):
        return False
    new_name, old_name = (
        Name(_plain(inserts[f"schema{each}"] or "main"), _plain(inserts[f"name{each}"])) for each in (1, 2)
    )
    tables = look([new_name, old_name]).tables
    new, old = tables.get(new_name), tables.get(old_name)
    if new is None or old is None or new.strict:
        return False
    into, values = (
        [_plain(found[1]) for found in each.finditer(inserts[group])]
        for each, group in ((_INTO, "into"), (_FROM, "values"))
    )
    return len(into) == len(values) and _asks_no_more(new, old, dict(zip(into, values, strict=True)))


def _plain(written: str) -> str:
    return written[1:-1].replace('""', '"') if written.startswith('"') else written


def _asks_no_more(new: Table, old: Table, given: Mapping[str, str]) -> bool:
    """Whether the new table takes each row of the old one; ``given``: which column of that is put into which."""
    for column in new.columns:
        before = old.column(given.get(column.name, ""))
        if column.generated or (column.not_null and (before is None or not before.not_null)):
            return False
    each = [(new.column(name), old.column(value)) for name, value in given.items()]
    told = {fold(one.name) for one, before in each if one and before and _has_its_values(one, before)}
    compared = {fold(one.name) for one, before in each if one and before and one.collation == before.collation}
    return all(_is_met(constraint, old, told, told & compared) for constraint in new.constraints)


def _has_its_values(column: Column, before: Column) -> bool:
    """Whether a column of the same name has the values that it had, and those that were told apart still are."""
    if (fold(column.name), column.type) != (fold(before.name), before.type):
        return False
    return column.collation in (before.collation, _FINEST)


def _is_met(constraint: Constraint, old: Table, told: set[str], same: set[str]) -> bool:
    """Whether each row of a table meets a constraint.

    Args:
        constraint: of the table that takes its place.
        old: the table.
        told: the columns whose values are told apart as they were, in lower case.
        same: those of them that are compared as they were.
    """
    if constraint.kind in ("not null", "foreign key"):
        return True  # it is looked at with its column; nobody holds to it
    if constraint.kind in _KEYS:
        columns = {*map(fold, constraint.columns)}
        keys = (each.columns for each in old.constraints if each.kind in _KEYS)
        return columns <= told and any(columns.issuperset(map(fold, key)) for key in keys)
    changed = {fold(column.name) for column in old.columns} - same
    if changed and mentioning(changed).search(fold(constraint.expression or "")):
        return False
    return any(each.kind == constraint.kind and each.expression == constraint.expression for each in old.constraints)

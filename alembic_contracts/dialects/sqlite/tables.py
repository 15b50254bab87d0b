"""What SQLite answers about one table and what its text says in, a ``Table`` out."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Literal, NamedTuple

from alembic_contracts.dialects.sqlite.definitions import Definition
from alembic_contracts.dialects.sqlite.names import fold, upper
from alembic_contracts.dialects.sqlite.objects import index_text, instead, view_query
from alembic_contracts.dialects.sqlite.types import declared
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.schema import Column, Constraint, Index, Name, Persistence, Table

__all__ = [
    "Answers",
    "ColumnRow",
    "ForeignKeyRow",
    "IndexRow",
    "Parent",
    "Parents",
    "parent_of",
    "table",
    "view",
    "virtual_table",
]

_BUILT_IN = frozenset({"BINARY", "NOCASE", "RTRIM"})
_HIDDEN, _VIRTUAL, _STORED = 1, 2, 3
"""``pragma_table_xinfo.hidden``."""
_NO_COLUMN = -2
"""``pragma_index_xinfo.cid`` of an expression."""


class ColumnRow(NamedTuple):
    """Of ``pragma_table_xinfo``."""

    position: int
    name: str
    type: str
    not_null: int
    default: str | None
    key: int
    """Its place in the primary key, from 1."""
    hidden: int


class IndexRow(NamedTuple):
    """A key of an index: of ``pragma_index_list`` and ``pragma_index_xinfo``."""

    named: str
    unique: int
    origin: str
    """c: CREATE INDEX; u: UNIQUE; pk: PRIMARY KEY."""
    partial: int
    place: int
    key: int
    column: int
    name: str | None
    collation: str


class ForeignKeyRow(NamedTuple):
    """A column of a foreign key: of ``pragma_foreign_key_list``."""

    number: int
    place: int
    referenced: str
    column: str
    to: str | None
    """None where the primary key is meant."""
    on_update: str
    on_delete: str


class Answers(NamedTuple):
    """What is known of one table."""

    name: Name
    columns: Sequence[ColumnRow]
    indexes: Sequence[IndexRow] = ()
    foreign_keys: Sequence[ForeignKeyRow] = ()
    texts: Mapping[str, str] = {}
    """Of its own indexes, by name."""


class Parent(NamedTuple):
    """A table that a foreign key may refer to."""

    name: Name
    key: tuple[str, ...]
    """Its primary key."""
    unique: Collection[frozenset[str]]
    """Folded names of the columns that a foreign key may name."""


Parents = Callable[[str], Parent | None]
"""A table's name as a foreign key has it in, the table out; None: it is not there."""


def _persistence(name: Name) -> Persistence:
    return "temporary" if fold(name.schema) == "temp" else "permanent"


def _key_of(columns: Sequence[ColumnRow]) -> tuple[str, ...]:
    """Return the columns of the primary key, in its order."""
    return tuple(row.name for row in sorted((row for row in columns if row.key), key=lambda row: row.key))


def table(answers: Answers, text: Definition | None, parents: Parents) -> Table:
    """Return a table.

    Args:
        answers: SQLite's.
        text: of its CREATE TABLE, None where that is not understood: then it is not complete, as there may be checks
            that nothing tells of, and its constraints have no names.
        parents: tells of tables that it may refer to.
    """
    known = text
    if known is not None and tuple(map(fold, known.columns)) != tuple(fold(row.name) for row in answers.columns):
        known = None
    collations = known.collations if known is not None else {}
    names = _Names(known.constraints if known is not None else ())
    indexes = [
        _index(list(rows), answers.texts, collations, names)
        for _, rows in groupby(sorted(answers.indexes, key=lambda row: (-row.place, row.key)), lambda row: row.place)
    ]
    return Table(
        name=answers.name,
        persistence=_persistence(answers.name),
        columns=tuple(_columns(answers, known)),
        complete=known is not None,
        constraints=(
            *_keys(answers, collations, names),
            *(each for each in (known.constraints if known is not None else ()) if each.kind == "check"),
            *_foreign_keys(answers, known, parents),
        ),
        indexes=tuple(indexes),
        strict=known is not None and known.strict,
    )


# -- columns -----------------------------------------------------------------------------------------------------------


def _columns(answers: Answers, text: Definition | None) -> Iterator[Column]:
    key = _key_of(answers.columns)
    without_rowid = text is not None and text.without_rowid
    for row in answers.columns:
        numbered = key == (row.name,) and _is_row_number(row, answers, without_rowid=without_rowid)
        expression = text.expressions.get(fold(row.name)) if text is not None and row.hidden else None
        yield Column(
            name=row.name,
            type=declared(_NOT_ITS_TYPE.sub("", row.type) if row.hidden else row.type),
            not_null=bool(row.not_null) or numbered or (without_rowid and row.name in key),
            default=_default(row.default),
            identity="by default" if numbered else "",
            generated=_GENERATED.get(row.hidden, ""),
            expression=expression,
            collation=_collation(text.collations.get(fold(row.name))) if text is not None else None,
            on_null=text.on_null.get(fold(row.name), "") if text is not None else "",
        )


_NOT_ITS_TYPE = pattern(r"\s*generated\s+always\Z", re.IGNORECASE)
"""What SQLite before 3.37 takes for a part of the type."""
_GENERATED: Any = {_VIRTUAL: "virtual", _STORED: "stored"}


def _is_row_number(row: ColumnRow, answers: Answers, *, without_rowid: bool) -> bool:
    """Whether a primary key of one column is another name of the rowid: never NULL, and numbered by itself.

    Any other key has an index; that of ``INTEGER PRIMARY KEY DESC`` as well, which SQLite does not take for the rowid.
    """
    has_index = any(index.origin == "pk" for index in answers.indexes)
    return upper(row.type) == "INTEGER" and not has_index and not without_rowid


def _default(text: str | None) -> str | None:
    """Return a default; NULL is the same as none."""
    return None if text is None or fold(text) == "null" else text


def _collation(name: str | None) -> str | None:
    if name is None or upper(name) == "BINARY":
        return None
    return upper(name) if upper(name) in _BUILT_IN else name


# -- constraints and indexes -------------------------------------------------------------------------------------------


class _Names:
    """What texts say of constraints: their names, and what they do in place of refusing, by what they are about."""

    def __init__(self, constraints: Collection[Constraint]) -> None:
        self._written: dict[tuple[str, tuple[str, ...]], Constraint] = {}
        for each in reversed(list(constraints)):
            self._written[each.kind, tuple(map(fold, each.columns))] = each

    def of(self, kind: str, columns: Sequence[str | None]) -> str:
        found = self._as_written(kind, columns)
        return "" if found is None else found.name

    def key(self, kind: Literal["primary key", "unique"], columns: tuple[str, ...]) -> Constraint:
        """Return a key with what its text says of it."""
        found = self._as_written(kind, columns)
        if found is None:
            return Constraint(name="", kind=kind, columns=columns)
        return Constraint(name=found.name, kind=kind, columns=columns, on_conflict=found.on_conflict)

    def _as_written(self, kind: str, columns: Sequence[str | None]) -> Constraint | None:
        return self._written.get((kind, tuple(fold(column or "") for column in columns)))


def _keys(answers: Answers, collations: Mapping[str, str], names: _Names) -> Iterator[Constraint]:
    key = _key_of(answers.columns)
    if key:
        yield names.key("primary key", key)
    rows = sorted((row for row in answers.indexes if row.origin == "u"), key=lambda row: (-row.place, row.key))
    for _, group in groupby(rows, lambda row: row.place):
        keys = list(group)
        columns = tuple(row.name for row in keys if row.name is not None and not _is_expression(row, collations))
        if len(columns) == len(keys):
            yield names.key("unique", columns)


def _index(rows: list[IndexRow], texts: Mapping[str, str], collations: Mapping[str, str], names: _Names) -> Index:
    first = rows[0]
    columns = tuple(None if _is_expression(row, collations) else row.name for row in rows)
    text = index_text(texts.get(first.named)) if first.partial or None in columns else None
    expressions = tuple(
        text.keys[at] if text is not None and at < len(text.keys) else f"{row.name or '?'} COLLATE {row.collation}"
        for at, (row, column) in enumerate(zip(rows, columns, strict=True))
        if column is None
    )
    kind = {"u": "unique", "pk": "primary key"}.get(first.origin)
    return Index(
        name=first.named,
        columns=columns,
        unique=bool(first.unique),
        predicate=((text and text.predicate) or "?") if first.partial else None,
        expressions=expressions,
        coarser=tuple(
            (column, row.collation)
            for row, column in zip(rows, columns, strict=True)
            if column is not None and upper(row.collation) != upper(collations.get(fold(column), "BINARY"))
        ),
        constraint=None if kind is None or None in columns else names.of(kind, columns),
    )


def _is_expression(row: IndexRow, collations: Mapping[str, str]) -> bool:
    """Whether an index has something else for a key than the values of a column.

    One that compares them otherwise than the column does is about other values; with a coarser collation than bytes
    they are unique all the same.
    """
    if row.name is None:
        return True
    own = upper(collations.get(fold(row.name), "BINARY"))
    return own not in ("BINARY", upper(row.collation))


def parent_of(answers: Answers, text: Definition | None) -> Parent:
    """Return what foreign keys may refer to of a table (https://sqlite.org/foreignkeys.html, section 3).

    That is the primary key, and columns of a unique index that covers all rows and compares as the columns do.
    """
    key = _key_of(answers.columns)
    collations = text.collations if text is not None else None
    unique = set()
    for _, group in groupby(sorted(answers.indexes, key=lambda row: (row.place, row.key)), lambda row: row.place):
        rows = list(group)
        if rows[0].unique and not rows[0].partial and all(_compares_alike(row, collations) for row in rows):
            unique.add(frozenset(fold(row.name or "") for row in rows))
    if len(key) == 1 and not any(row.origin == "pk" for row in answers.indexes):  # another name of the rowid
        unique.add(frozenset(map(fold, key)))
    return Parent(answers.name, key, unique)


def _compares_alike(row: IndexRow, collations: Mapping[str, str] | None) -> bool:
    """Whether an index's key compares as its column does; where the column's way is not understood, it may."""
    if row.name is None:
        return False
    return collations is None or upper(collations.get(fold(row.name), "BINARY")) == upper(row.collation)


def _can_refer(parent: Parent | None, columns: Sequence[str], named: Sequence[str]) -> bool:
    """Whether a foreign key finds the key that it refers to; where it does not, rows that refer to it are refused."""
    if parent is None:
        return False
    if not named:
        return len(parent.key) == len(columns)
    return len(named) == len(columns) and frozenset(map(fold, named)) in parent.unique


def _foreign_keys(answers: Answers, text: Definition | None, parents: Parents) -> Iterator[Constraint]:
    rows = sorted(answers.foreign_keys, key=lambda row: (-row.number, row.place))
    found = [list(group) for _, group in groupby(rows, lambda row: row.number)]
    written = [each for each in text.constraints if each.kind == "foreign key"] if text is not None else []
    for at, group in enumerate(found):
        columns = tuple(row.column for row in group)
        parent = parents(group[0].referenced)
        named = tuple(row.to for row in group if row.to is not None)
        referenced = named or (parent.key if parent is not None else ())
        said = written[at] if len(written) == len(found) else None
        if said is not None and tuple(map(fold, said.columns)) != tuple(map(fold, columns)):
            said = None
        yield Constraint(
            name=said.name if said is not None else "",
            kind="foreign key",
            columns=columns,
            references=parent.name if parent is not None else Name(answers.name.schema, group[0].referenced),
            referenced_columns=referenced,
            to_primary_key=_are_same(referenced, parent.key) if parent is not None and parent.key else None,
            on_update=_action(group[0].on_update),
            on_delete=_action(group[0].on_delete),
            deferrable=said is not None and said.deferrable,
            initially_deferred=said is not None and said.initially_deferred,
            valid=_can_refer(parent, columns, named),
        )


def _are_same(one: Sequence[str], other: Sequence[str]) -> bool:
    return set(map(fold, one)) == set(map(fold, other))


def _action(text: str) -> str:
    return "" if text == "NO ACTION" else text


# -- views and virtual tables ------------------------------------------------------------------------------------------


def view(answers: Answers, sql: str | None, triggers: Collection[str], *, complete: bool) -> Table:
    """Return a view.

    Args:
        answers: SQLite's.
        sql: its CREATE VIEW.
        triggers: the texts of its triggers: it takes what one stands in for.
        complete: whether its columns are known.
    """
    taken = [instead(each) for each in triggers]
    updated = [each.columns for each in taken if each.event == "UPDATE"]
    columns = (
        Column(
            name=row.name,
            type=declared(row.type),
            updatable=any(each is None or fold(row.name) in each for each in updated),
        )
        for row in answers.columns
    )
    return Table(
        name=answers.name,
        kind="view",
        persistence=_persistence(answers.name),
        columns=tuple(columns),
        complete=complete,
        definition=view_query(sql),
        taken=frozenset(each.event for each in taken if each.event),
    )


def virtual_table(answers: Answers, *, complete: bool) -> Table:
    """Return a virtual table. Whether it takes updates is known to the module that it is made by."""
    columns = (
        Column(name=row.name, type=declared(row.type), not_null=bool(row.not_null), updatable=None)
        for row in answers.columns
        if row.hidden != _HIDDEN
    )
    return Table(name=answers.name, persistence=_persistence(answers.name), columns=tuple(columns), complete=complete)

"""A constraint in, whether it refuses rows of writers that do not know its columns out."""

from __future__ import annotations

import re
from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import Subject
from alembic_contracts.judging.rules._rows import KEYS, is_dangling, is_filled
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.schema import Column, Constraint, Table

__all__ = ["spares_unknowing"]

_TELLS_NULL = pattern(r"\b(is|isnull|notnull|null|case|coalesce|not|distinct)\b|\w\(", re.IGNORECASE)
"""What an expression can have that is not NULL where its column is: a test for NULL, a function."""
_QUOTED = pattern(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`""")
_WORD = pattern(r"[^\W\d]\w*")
_UNIQUE_BY_ITSELF = pattern(r"(\w+\.)?(gen_random_uuid|uuidv[47]|uuid_generate_v[14]|nextval)\(.*\)", re.IGNORECASE)
"""Defaults of which no two are the same."""


def spares_unknowing(constraint: Constraint, fact: Fact, subject: Subject) -> bool:
    """Whether it refuses no row of writers that do not know its columns: they are new, and NULL in such rows.

    NULL refers to nothing, is unlike any other NULL, excludes nothing, and makes no simple comparison false. So is a
    value unlike any other that a new column gives itself, as an identity does.
    """
    if is_dangling(constraint):
        return False
    if constraint.kind == "not null":
        return all(_is_never_null(name, fact, subject) for name in constraint.columns)
    is_key = constraint.kind in KEYS and constraint.expression is None
    if is_key and any(_is_left_unique(name, fact, subject) for name in constraint.columns):
        return constraint.kind == "unique" or all(_is_filled(name, fact, subject) for name in constraint.columns)
    if constraint.kind == "check" and _meets_by_default(constraint, fact, subject):
        return True
    unknown = [_is_left_null(name, fact, subject) for name in constraint.columns]
    if constraint.kind in ("unique", "exclude"):  # a primary key's are never NULL
        return any(unknown) and not constraint.nulls_not_distinct
    if constraint.kind == "check" and any(unknown) and _is_of_operators(constraint):
        return True
    tells = constraint.kind != "foreign key" and _TELLS_NULL.search(constraint.expression or "")
    simple = constraint.kind != "primary key" and not tells
    return bool(unknown) and all(unknown) and simple  # some of a foreign key's are not enough where it is MATCH FULL


def _new_column(name: str, fact: Fact, subject: Subject) -> Column | None:
    """Return a column if it is new and the contract does not name it."""
    before = subject.reference
    if before is None or before.column(name) or name in subject.contract.columns(fact.table):
        return None
    return cast("Table", subject.table).column(name)


def _is_left_null(name: str, fact: Fact, subject: Subject) -> bool:
    """Whether a column is new, and NULL in the rows of those who do not know it."""
    column = _new_column(name, fact, subject)
    return column is not None and column.type is not None and not is_filled(column, subject.types)


def _is_of_operators(constraint: Constraint) -> bool:
    """Whether a check has nothing but operators between its columns and literals: NULL in one makes it NULL."""
    text = _QUOTED.sub("", constraint.expression or "")
    words = {word.lower() for word in _WORD.findall(text)}
    return "," not in text and words <= {name.lower() for name in constraint.columns}  # rows are compared part by part


def _meets_by_default(constraint: Constraint, fact: Fact, subject: Subject) -> bool:
    """Whether a check is about new columns alone, and met by what is in them where nobody knows them."""
    found = [_new_column(name, fact, subject) for name in constraint.columns]
    columns = [column for column in found if column is not None]
    if not columns or len(columns) < len(found) or constraint.expression is None:
        return False
    return subject.dialect.meets(constraint.expression, columns)


def _is_left_unique(name: str, fact: Fact, subject: Subject) -> bool:
    """Whether a column is new, and has another value in each row of those who do not know it."""
    column = _new_column(name, fact, subject)
    if column is None:
        return False
    return bool(column.identity) or _UNIQUE_BY_ITSELF.fullmatch(column.default or "") is not None


def _is_never_null(name: str, fact: Fact, subject: Subject) -> bool:
    """Whether a column is not NULL in the rows of those who do not know new ones."""
    column, new = cast("Table", subject.table).column(name), _new_column(name, fact, subject)
    return (column is not None and column.not_null) or (new is not None and is_filled(new, subject.types))


def _is_filled(name: str, fact: Fact, subject: Subject) -> bool:
    """Whether no row of those who do not know new columns has NULL in this one."""
    column = cast("Table", subject.table).column(name)
    before = None if subject.reference is None else subject.reference.column(name)
    new = _new_column(name, fact, subject)
    if new is not None:
        return is_filled(new, subject.types)
    return column is not None and before is not None and before.not_null

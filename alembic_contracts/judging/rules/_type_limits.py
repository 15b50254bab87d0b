"""Columns that a contract names in, those out that take fewer values than they did, by a limit of their type or NULL.

A limit that the contract states, or a type that it does not mean, is what rules about the type itself are for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import Subject
from alembic_contracts.schemas.schema import Column, Table, Type

__all__ = ["computes_more", "tightened"]

_OF_VALUES = frozenset({"column-generated", "column-identity", "column-updatable"})
_SIZES = frozenset({"character-length", "numeric-precision", "numeric-scale"})


def tightened(fact: Fact, subject: Subject) -> frozenset[str]:
    """Return the columns whose type refuses values that it took before, in a few words each.

    Args:
        fact: about the table.
        subject: the table.
    """
    before = subject.reference
    if before is None:
        return frozenset()
    less = (_words(was, now, subject) for was, now in _both(fact, subject, before) if _is_less(was, now, subject))
    return frozenset((*less, *_no_more_replaced(fact, subject, before), *_computed(fact, subject, before)))


def computes_more(before: Table, after: Table) -> bool:
    """Whether a column took values that the database alone gives by now."""
    return any(_is_computed(before.column(each.name), each) for each in after.columns)


def _is_computed(was: Column | None, now: Column) -> bool:
    return was is not None and not _has_its_own(was) and _has_its_own(now)


def _has_its_own(column: Column) -> bool:
    """Whether an INSERT that gives a value is refused."""
    return bool(column.generated) or column.identity == "always"


def _computed(fact: Fact, subject: Subject, before: Table) -> Iterator[str]:
    """Yield columns that are computed by now, and of which the contract states nothing about that."""
    stated = {each.column for each in subject.contract.facts if each.table == fact.table and each.rule in _OF_VALUES}
    named = set(subject.contract.columns(fact.table)) - stated
    for each in _columns(subject):
        if each.name in named and _is_computed(before.column(each.name), each):
            yield f"a value of {each.name} that the database computes"


def _no_more_replaced(fact: Fact, subject: Subject, before: Table) -> Iterator[str]:
    """Yield columns whose NULL is refused by now, where SQLite took a default, or no row at all, in its place."""
    named = {each.name for each in before.columns if each.on_null}.intersection(subject.contract.columns(fact.table))
    for each in _columns(subject):
        if each.name in named and each.not_null and not each.on_null:
            yield f"a NOT NULL of {each.name} without ON CONFLICT"


def _columns(subject: Subject) -> tuple[Column, ...]:
    return cast("Table", subject.table).columns


def _both(fact: Fact, subject: Subject, before: Table) -> Iterator[tuple[Column, Column]]:
    """Yield the columns that the contract names without a limit, as they were and are, where their type has changed."""
    then = {column.name: column for column in before.columns}
    named = subject.contract.columns(fact.table)
    for now in _columns(subject):
        was = then.get(now.name)
        if was is None or now.name not in named or was.type is None or now.type is None:
            continue
        same = was.type == now.type and subject.types.get(now.type.name) == subject.reference_types.get(now.type.name)
        facts = (each for each in subject.contract.facts if (each.table, each.column) == (fact.table, now.name))
        if not same and not any(_is_judged(each, was.type, now.type, subject) for each in facts):
            yield was, now


def _is_judged(stated: Fact, was: Type, now: Type, subject: Subject) -> bool:
    """Whether a fact is about a limit of the column, or about its type where that is or was another one."""
    if not isinstance(stated.expected, Type):
        return stated.rule in _SIZES
    kinds = ((was, subject.reference_types), (now, subject.types))
    same = all(subject.dialect.same_type(stated.expected, each, types) for each, types in kinds)
    return not same or bool(stated.expected.modifiers)


def _is_less(was: Column, now: Column, subject: Subject) -> bool:
    types = subject.reference_types, subject.types
    # There, columns take anything but for the number of a row, and in STRICT tables.
    if subject.dialect.KIND == "sqlite":
        from alembic_contracts.judging.rules._on_sqlite import is_stricter

        strict = [each is not None and each.strict for each in (subject.reference, subject.table)]
        return bool(now.identity and not was.identity) or (all(strict) and is_stricter(was, now))
    return subject.dialect.is_narrower(cast("Type", was.type), cast("Type", now.type), *types)


def _words(was: Column, now: Column, subject: Subject) -> str:
    shown = (subject.dialect.format_type(cast("Type", each.type)) for each in (now, was))
    return f"a new limit of {now.name}, {' in place of '.join(shown)}"

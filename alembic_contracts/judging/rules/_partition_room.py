"""Rows that a table took and, partitioned, takes no more: those that none of its partitions is for (SQLSTATE 23514).

Bounds are compared as they are written: PostgreSQL prints those of the catalog in one way (``pg_get_expr`` of
``pg_class.relpartbound``), scripts have theirs. Where the same value may have been written in two ways, or it is not
plain which of two is less, nobody knows what is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import chain
from math import lcm

from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.remarks import Printed
from alembic_contracts.schemas.schema import Column, Table

__all__ = ["has_fewer_partitions", "no_room"]

_LIST = pattern(r"FOR VALUES IN \((.*)\)", re.DOTALL)
_RANGE = pattern(r"FOR VALUES FROM \((.*)\) TO \((.*)\)", re.DOTALL)
_HASH = pattern(r"FOR VALUES WITH \(modulus (\d+), remainder (\d+)\)")
_VALUE = pattern(r"\s*('(?:[^']|'')*'|[^,'\s][^,']*)(::[\w. \"]+)?\s*(?:,|$)")
_KEYWORDS = frozenset({"NULL", "MINVALUE", "MAXVALUE"})
_NUMBER = pattern(r"-?\d+(\.\d+)?")
_DAY = pattern(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?")
_WORD = pattern(r"(?!(?:t|f|y|n|true|false|yes|no|on|off)\Z)[^\W\d]\w*", re.IGNORECASE)
_NUMBERS = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8"})
_MIDNIGHT = " 00:00:00"
_COLUMNS = pattern(r"\w+ \((\w+(?:, \w+)*)\)")
_MOST_PARTS = 100_000
"""Of a hash: what is more is not counted out."""

_Values = tuple[str, ...]
_Span = tuple[_Values, _Values]


class _Doubtful(Exception):  # noqa: N818  not an error: what bounds say cannot be told
    """It is not plain what bounds are for, or which of two values is less."""


def has_fewer_partitions(before: Table, after: Table) -> bool:
    """Return whether a table is partitioned and has lost partitions, or had none and needed none."""
    if after.kind != "partitioned table" or after.has_default_partition:
        return False
    return before.kind != "partitioned table" or bool(before.partition_bounds - after.partition_bounds)


def no_room(before: Table, after: Table) -> frozenset[str] | None:
    """Return the bounds of rows that nothing takes any more, or ``""`` for others than those of all bounds there are.

    Args:
        before: the table when its rows were taken.
        after: what it has become.

    Returns:
        None where that is not known.
    """
    if not has_fewer_partitions(before, after) or before.has_default_partition:
        return frozenset()  # the loss of the default one is told by itself
    try:
        if before.kind != "partitioned table":
            return frozenset() if _takes_all(after) else frozenset({""})
        if _has_another_key(before, after):
            return None
        return _lost(before.partition_bounds, after.partition_bounds, _are_numbers(before))
    except _Doubtful:
        return None


def _has_another_key(before: Table, after: Table) -> bool:
    """Whether rows are told apart by something else, and not by the same under another name."""
    if None in (before.partition_key, after.partition_key) or before.partition_key == after.partition_key:
        return False
    kinds = {(before.partition_key or "").partition(" ")[0], (after.partition_key or "").partition(" ")[0]}
    words = set(re.findall(r"\w+", before.partition_key or "")) - set(re.findall(r"\w+", after.partition_key or ""))
    return len(kinds) > 1 or any(after.column(word) is not None for word in words)


def _key(table: Table) -> tuple[Column | None, ...]:
    """Return the columns of a key, in order; none where there is more in it than their names."""
    found = _COLUMNS.fullmatch(table.partition_key or "")
    return tuple(map(table.column, found[1].split(", "))) if found is not None else ()


def _are_numbers(table: Table) -> tuple[bool, ...]:
    """Return of each part of a key whether it is plainly a number: digits have another order where they are text."""
    return tuple(each is not None and each.type is not None and each.type.name.name in _NUMBERS for each in _key(table))


def _takes_all(table: Table) -> bool:
    bounds = table.partition_bounds
    if any(_HASH.fullmatch(each) for each in bounds):
        return _residues(bounds, parts := _parts(bounds)) == set(range(parts))
    if not all(_RANGE.fullmatch(each) for each in bounds):
        return False  # no list has all values
    if not any(set(low) == {"MINVALUE"} and set(high) == {"MAXVALUE"} for low, high in _spans(bounds)):
        return False
    key = _key(table)
    if not key:
        raise _Doubtful
    return all(column is not None and column.not_null for column in key)  # NULL has no place in a range


def _lost(before: frozenset[str], after: frozenset[str], numbers: tuple[bool, ...]) -> frozenset[str]:
    """Return what is not in any bound any more.

    Raises:
        _Doubtful: that is not plain.
    """
    if all(_LIST.fullmatch(each) for each in before):
        return _lost_values(before, after)
    if all(_HASH.fullmatch(each) for each in before):
        parts = _parts(before | after)
        lost = _residues(before, parts) - _residues(after, parts)
        return frozenset(each for each in before - after if _residues({each}, parts) & lost)
    found = set[str]()
    spans = list(_spans(after))
    for span in _spans(before):
        inside = [_is_within(span, each, numbers) for each in spans]
        if True not in inside:
            if None in inside:
                raise _Doubtful
            found.add(f"FOR VALUES FROM ({', '.join(span[0])}) TO ({', '.join(span[1])})")
    return frozenset(found)


def _lost_values(before: frozenset[str], after: frozenset[str]) -> frozenset[str]:
    there = {value for bound in after for value in _listed(bound)}
    lost = {value for bound in before for value in _listed(bound)} - there
    written = any(isinstance(each, Printed) for each in before ^ after)
    if lost and written and not all(map(_is_written_one_way, lost | there)):
        raise _Doubtful
    return frozenset({f"FOR VALUES IN ({', '.join(sorted(lost))})"} if lost else ())


def _is_written_one_way(value: str) -> bool:
    text = value.strip("'")
    return value in _KEYWORDS or any(each.fullmatch(text) for each in (_NUMBER, _DAY, _WORD))


# -- bounds ------------------------------------------------------------------------------------------------------------


def _listed(bound: str) -> _Values:
    found = _LIST.fullmatch(bound)
    if found is None:
        raise _Doubtful
    return _split(found[1])


def _split(text: str) -> _Values:
    """Return values, in quotes or not as PostgreSQL prints those of their type, numbers among words without."""
    found, at = list[str](), 0
    while at < len(text):
        value = _VALUE.match(text, at)
        if value is None:
            raise _Doubtful
        found.append(_plain(value[1].strip()))
        at = value.end()
    return tuple(found)


def _plain(value: str) -> str:
    """Return a value as others write it: ``'5'`` is what a bigint is printed as, a day is its midnight."""
    bare = value[1:-1] if value.startswith("'") else value
    if _NUMBER.fullmatch(bare):
        return bare
    return value.removesuffix(f"{_MIDNIGHT}'") + "'" if value.endswith(f"{_MIDNIGHT}'") else value


def _spans(bounds: Iterable[str]) -> Iterator[_Span]:
    """Yield ranges, those that follow upon each other as one."""
    found = dict[_Values, _Values]()
    for bound in bounds:
        span = _RANGE.fullmatch(bound)
        if span is None:
            raise _Doubtful
        found[_split(span[1])] = _split(span[2])
    for low in found.keys() - set(found.values()):
        high = found[low]
        while high in found:
            high = found[high]
        yield low, high


def _is_within(inner: _Span, outer: _Span, numbers: tuple[bool, ...]) -> bool | None:
    low = _order(outer[0], inner[0], numbers)
    high = _order(inner[1], outer[1], numbers)
    if (low is not None and low > 0) or (high is not None and high > 0):
        return False
    return None if None in (low, high) else True


def _order(one: _Values, other: _Values, numbers: tuple[bool, ...]) -> int | None:
    """Return how two ends of ranges compare, None where that depends on what is not known."""
    for mine, its, is_number in zip(one, other, numbers or (False,) * len(one), strict=True):
        if mine != its:
            return _order_of(mine, its, are_numbers=is_number)
        if mine in _KEYWORDS:
            return 0
    return 0


def _order_of(one: str, other: str, *, are_numbers: bool) -> int | None:
    if one in _KEYWORDS or other in _KEYWORDS:
        return -1 if one == "MINVALUE" or other == "MAXVALUE" else 1
    if are_numbers and _NUMBER.fullmatch(one) and _NUMBER.fullmatch(other):
        return -1 if Decimal(one) < Decimal(other) else 1
    mine, its = one.strip("'"), other.strip("'")
    if _DAY.fullmatch(mine) and _DAY.fullmatch(its):
        return -1 if mine < its else 1
    return None


def _parts(bounds: Iterable[str]) -> int:
    found = [_HASH.fullmatch(each) for each in bounds]
    if None in found:
        raise _Doubtful
    parts = lcm(*(int(each[1]) for each in found if each is not None))
    if parts > _MOST_PARTS:
        raise _Doubtful
    return parts


def _residues(bounds: Iterable[str], parts: int) -> set[int]:
    found = (_HASH.fullmatch(each) for each in bounds)
    return set(chain.from_iterable(range(int(each[2]), parts, int(each[1])) for each in found if each is not None))

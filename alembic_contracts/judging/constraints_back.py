"""A constraint that a contract states in, the SQL that gives it back out: by its name and in all as it was before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from alembic_contracts.contracts.contract import Fact, ForeignKey
from alembic_contracts.dialects import Dialect
from alembic_contracts.schemas.schema import Constraint, Index, Name, Table

__all__ = ["found_before", "restoring"]

_KINDS = {"primary-key": ("primary key",), "unique": ("unique", "primary key"), "check": ("check",)}


def restoring(
    fact: Fact, earlier: Sequence[Table], now: Table | None, dialect: Dialect, *, was_away: bool = False
) -> str:
    """Return the statement that gives a table what a fact states, empty for facts about anything else.

    Args:
        fact: what does not hold.
        earlier: the table as it was, the latest first.
        now: the table as it is.
        dialect: PostgreSQL's.
        was_away: whether there was no such table in between. Names of indexes are those of a whole schema, and what the
            table was may have them still; PostgreSQL then finds one by itself.
    """
    if fact.rule not in {"foreign-key", *_KINDS} or not fact.expected:
        return ""
    table = _qualified(fact.table, dialect)
    was = found_before(fact, earlier, dialect)
    if was is None:
        index = _index_before(fact, earlier)
        if index is not None and index.name not in _taken(now):
            named = "" if was_away else f"{dialect.quote(index.name)} "
            return f"CREATE UNIQUE INDEX {named}ON {table} {_indexed(index, dialect)}"
        return f"ALTER TABLE {table} ADD {_stated(fact, dialect)}"
    has_index = was.kind in {"primary key", "unique"}
    is_free = was.name and was.name not in _taken(now) and not (has_index and was_away)
    is_same = was.kind == "foreign key" or was.kind == _KINDS[fact.rule][0]
    named = f"CONSTRAINT {dialect.quote(was.name)} " if is_free and is_same else ""
    return f"ALTER TABLE {table} ADD {named}{_as_it_was(fact, was, earlier, dialect)}"


def found_before(fact: Fact, earlier: Iterable[Table], dialect: Dialect) -> Constraint | None:
    """Return the constraint that a table had when the fact held; None where it had none, or nothing but an index."""
    return next((each for table in earlier for each in table.constraints if _is_it(each, fact, dialect)), None)


def _is_it(constraint: Constraint, fact: Fact, dialect: Dialect) -> bool:
    match fact.expected:
        case ForeignKey() as key:
            is_key = constraint.kind == "foreign key" and constraint.references == key.table
            return is_key and set(constraint.columns) == set(key.columns)
        case str(expression) if fact.rule == "check":
            return constraint.kind == "check" and bool(dialect.same_expression(expression, constraint.expression or ""))
        case tuple(columns):
            return constraint.kind in _KINDS[fact.rule] and set(constraint.columns) == set(columns)
    return False


def _index_before(fact: Fact, earlier: Iterable[Table]) -> Index | None:
    """Return the index that stood for a unique constraint."""
    if fact.rule != "unique" or not isinstance(fact.expected, tuple):
        return None
    wanted = set(fact.expected)
    found = (
        index
        for table in earlier
        for index in table.indexes
        if index.unique and index.valid and index.predicate is None and not index.expressions
        if set(index.columns) == wanted
    )
    return next(found, None)


def _taken(now: Table | None) -> set[str]:
    """Return the names that something else has by now."""
    if now is None:
        return set()
    return {each.name for each in now.constraints} | {each.name for each in now.indexes}


def _stated(fact: Fact, dialect: Dialect) -> str:
    match fact.expected:
        case ForeignKey() as key:
            there = _in_parentheses(key.referenced_columns, dialect) if key.referenced_columns else ""
            return (
                f"FOREIGN KEY {_in_parentheses(key.columns, dialect)} REFERENCES {_qualified(key.table, dialect)}"
                f"{there and f' {there}'}"
            )
        case tuple(columns):
            return f"{_KINDS[fact.rule][0].upper()} {_in_parentheses(columns, dialect)}"
        case condition:
            return f"CHECK ({condition})"


def _as_it_was(fact: Fact, was: Constraint, earlier: Iterable[Table], dialect: Dialect) -> str:
    if was.kind == "check":
        return f"CHECK ({fact.expected}){' NO INHERIT' if was.no_inherit else ''}"
    when = f"{' DEFERRABLE' if was.deferrable else ''}{' INITIALLY DEFERRED' if was.initially_deferred else ''}"
    columns = _keyed(was.columns, was, dialect)
    if was.references is not None:
        there = f"{_qualified(was.references, dialect)} {_keyed(was.referenced_columns, was, dialect)}"
        match = " MATCH FULL" if was.match_full else ""
        return f"FOREIGN KEY {columns} REFERENCES {there}{match}{''.join(_actions(was))}{when}"
    kind = _KINDS[fact.rule][0].upper()  # a key that was primary gives way to one that is just unique
    index = next((each for table in earlier for each in table.indexes if each.constraint == was.name), None)
    include = f" INCLUDE {_in_parentheses(index.include, dialect)}" if index is not None and index.include else ""
    distinct = " NULLS NOT DISTINCT" if was.nulls_not_distinct else ""
    return f"{kind}{distinct} {columns}{include}{when}"


def _actions(was: Constraint) -> Iterator[str]:
    if was.on_update:
        yield f" ON UPDATE {was.on_update}"
    if was.on_delete:
        yield f" ON DELETE {was.on_delete}"


def _indexed(index: Index, dialect: Dialect) -> str:
    include = f" INCLUDE {_in_parentheses(index.include, dialect)}" if index.include else ""
    distinct = " NULLS NOT DISTINCT" if index.nulls_not_distinct else ""
    return f"{_in_parentheses([each for each in index.columns if each is not None], dialect)}{include}{distinct}"


def _keyed(columns: Sequence[str], of: Constraint, dialect: Dialect) -> str:
    """Return a key's columns; the last one is a range where it is one of periods."""
    if not of.period:
        return _in_parentheses(columns, dialect)
    *first, last = map(dialect.quote, columns)
    period = f"PERIOD {last}" if of.references is not None else f"{last} WITHOUT OVERLAPS"
    return f"({', '.join((*first, period))})"


def _in_parentheses(columns: Iterable[str], dialect: Dialect) -> str:
    return f"({', '.join(map(dialect.quote, columns))})"


def _qualified(name: Name, dialect: Dialect) -> str:
    return ".".join(map(dialect.quote, name))

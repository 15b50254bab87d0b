"""Rows meet no constraint that the table did not have and the contract does not state."""

import re
from collections.abc import Iterator
from typing import cast

from alembic_contracts.contracts.contract import Fact, ForeignKey
from alembic_contracts.dialects import Dialect
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Portable, Rule, Subject, Unknown, breaking
from alembic_contracts.schemas.schema import Constraint, Table

_TELLS_NULL = re.compile(r"\b(is|null|case|coalesce|not|distinct)\b|\w\(", re.IGNORECASE)
"""What an expression can have that is not NULL where its column is: a test for NULL, a function."""
_KEYS = frozenset({"primary key", "unique"})
_KINDS = frozenset({"check", "foreign key", "exclude"}) | _KEYS


def _limits(table: Table) -> Iterator[Constraint]:
    """Yield what can refuse a row: constraints, and unique indexes that serve none."""
    yield from (constraint for constraint in table.constraints if constraint.kind in _KINDS)
    for index in table.indexes:
        if index.unique and index.constraint is None:
            columns = tuple(column for column in index.columns if column is not None)
            parts = (*index.expressions, index.predicate or "")
            yield Constraint(
                name=index.name,
                kind="unique",
                columns=columns,
                expression=" ".join(parts).strip() or None,
                nulls_not_distinct=index.nulls_not_distinct,
            )


def _content(constraint: Constraint) -> tuple[object, ...]:
    """Return what it demands, an expression apart: its name does not count."""
    return constraint.kind, frozenset(constraint.columns), constraint.references, constraint.referenced_columns


def _is_same(one: Constraint, other: Constraint, dialect: Dialect) -> bool:
    if one.expression is None or other.expression is None:
        return one.expression is other.expression and _content(one) == _content(other)
    return _content(one) == _content(other) and bool(dialect.same_expression(one.expression, other.expression))


def _is_implied(constraint: Constraint, before: Table, dialect: Dialect) -> bool:
    """Whether a table refused before all that a constraint refuses: by the same one, or a key of some of its columns.

    The latter not where an index alone has either, whose collation or operators may be others.
    """
    filled = {column.name for column in before.columns if column.not_null}
    keys = [each for each in before.constraints if each.kind in _KEYS] if _is_key(constraint) else []
    same = [each for each in _limits(before) if _is_same(each, constraint, dialect)]
    narrower = [key for key in keys if set(key.columns) <= set(constraint.columns)]
    return any(
        (each.nulls_not_distinct or not constraint.nulls_not_distinct or filled.issuperset(each.columns))
        and _moment(each) <= _moment(constraint)
        for each in (*same, *narrower)
    )


def _is_key(constraint: Constraint) -> bool:
    return constraint.kind in _KEYS and constraint.expression is None


def _moment(constraint: Constraint) -> tuple[bool, bool]:
    """Return when it is checked, later ones being greater: they let more pass."""
    return constraint.deferrable, constraint.initially_deferred


def _spares_unknowing(constraint: Constraint, fact: Fact, subject: Subject) -> bool:
    """Whether it refuses no row of writers that do not know its columns: they are new, and NULL in such rows.

    NULL refers to nothing, is unlike any other NULL, excludes nothing, and makes no simple comparison false.
    """
    unknown = [_is_left_null(name, fact, subject) for name in constraint.columns]
    if constraint.kind in ("unique", "exclude"):  # a primary key's are never NULL
        return any(unknown) and not constraint.nulls_not_distinct
    tells = constraint.kind != "foreign key" and _TELLS_NULL.search(constraint.expression or "")
    simple = constraint.kind != "primary key" and not tells
    return bool(unknown) and all(unknown) and simple  # some of a foreign key's are not enough where it is MATCH FULL


def _is_left_null(name: str, fact: Fact, subject: Subject) -> bool:
    """Whether a column is new, and NULL in the rows of those who do not know it."""
    column, before = cast("Table", subject.table).column(name), subject.reference
    if column is None or before is None or before.column(name) or name in subject.contract.columns(fact.table):
        return False
    filled = column.default is not None or column.identity or column.generated
    return not filled and column.type is not None and column.type.name not in subject.types  # a domain has defaults


def _is_stated(constraint: Constraint, fact: Fact, subject: Subject) -> bool:
    for stated in subject.contract.facts:
        if stated.table != fact.table:
            continue
        match stated.rule, stated.expected:
            case (("unique" | "primary-key"), tuple(columns)):
                same = constraint.kind in _KEYS and set(columns) == set(constraint.columns)
                if same and constraint.expression is None:
                    return True
            case "check", str(expression):
                if constraint.kind == "check" and subject.dialect.same_expression(
                    expression, constraint.expression or ""
                ):
                    return True
            case "foreign-key", ForeignKey() as key:
                if set(key.columns) == set(constraint.columns) and key.table == constraint.references:
                    return True
    return False


def _may_be_known(constraint: Constraint, fact: Fact, subject: Subject) -> bool:
    """Whether it is not known if an expression is one that was there before, or is stated."""
    if constraint.expression is None:
        return False
    there = [] if subject.reference is None else list(_limits(subject.reference))
    texts = [each.expression for each in there if each.expression and _content(each) == _content(constraint)]
    if constraint.kind == "check":
        checks = (each for each in subject.contract.facts if each.table == fact.table and each.rule == "check")
        texts += [cast("str", each.expected) for each in checks]
    return any(subject.dialect.same_expression(text, constraint.expression) is None for text in texts)


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    before = subject.reference
    new = [
        limit
        for limit in _limits(cast("Table", subject.table))
        if (before is None or not _is_implied(limit, before, subject.dialect))
        and not _is_stated(limit, fact, subject)
        and not _spares_unknowing(limit, fact, subject)
    ]
    unclear = [limit for limit in new if _may_be_known(limit, fact, subject)]
    if unclear and len(unclear) == len(new):
        return Unknown(
            f"whether the {unclear[0].kind} {unclear[0].name} of {fact.table} is new could not be worked out"
        )
    names = frozenset(f"{limit.kind} {limit.name}" for limit in new if limit not in unclear)
    return Differs(f"a new {', '.join(sorted(names))}", items=names) if new else HOLDS


RULE = Rule(
    id="new-constraint",
    summary="Rows meet no new key, unique, check, foreign key or exclusion constraint.",
    description=(
        "A new constraint refuses rows that writers could store before (SQLSTATE 23505, 23514, 23503, 23P01). "
        "Contracts of writers rely on there being none; what the contract states, and what was there, does not count, "
        "nor what follows from a key that was there, as UNIQUE (id, code) does from PRIMARY KEY (id), "
        "nor what is about new columns that are NULL in the rows of all who do not know them. "
        "Source: pg_constraint contype p, u, c, f, x, and pg_index.indisunique."
    ),
    cause="{table} has {actual}.",
    consequence="Rows of writers that do not know it are refused.",
    remedy=(
        "Let {owner} state it in {contract_place} once every writer keeps to it.\n"
        "Until then, look for rows that it would refuse, without refusing any."
    ),
    fix="If the writers keep to it, ask {owner} to state it in {contract_place}; else drop it in a migration.",
    portable=Portable(),
    expected=lambda _fact, _dialect: "no new constraint",
    evaluate=_evaluate,
    reads=frozenset(("indexes",)),
    breaks=breaking("writer"),
    implied_by=frozenset(("writer",)),
)

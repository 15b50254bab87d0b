"""A row can be inserted with the columns that the contract names and the table had."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.dialects import Dialect
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Portable, Rule, Subject, Types, breaking
from alembic_contracts.judging.rules._rows import is_filled
from alembic_contracts.schemas.schema import Column, Table


def _required(table: Table, types: Types, dialect: Dialect) -> frozenset[str]:
    return frozenset(
        column.name
        for column in table.columns
        if _forbids_null(column, types, dialect) and not is_filled(column, types)
    )


def _forbids_null(column: Column, types: Types, dialect: Dialect) -> bool:
    return column.not_null or (column.type is not None and dialect.forbids_null(column.type, types))


def _filled_by_domain(subject: Subject) -> frozenset[str]:
    """Return columns that were filled by their domain alone: no fact of theirs says so."""
    columns = () if subject.reference is None else subject.reference.columns
    types = subject.reference_types
    return frozenset(
        each.name
        for each in columns
        if each.default is None and is_filled(each, types) and not (each.identity or each.generated)
    )


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    known, dialect = set(subject.contract.columns(fact.table)), subject.dialect
    before = frozenset[str]()
    if subject.reference is not None:
        before = _required(subject.reference, subject.reference_types, dialect)
    new = _required(cast("Table", subject.table), subject.types, dialect) - before
    new -= known - _filled_by_domain(subject)
    columns = "newly required column" if len(new) == 1 else "newly required columns"
    return Differs(f"{columns} {', '.join(sorted(new))}", items=new) if new else HOLDS


RULE = Rule(
    id="required-column",
    summary="No new column has to be given a value.",
    description=(
        "An INSERT that does not know a new column is refused if that is NOT NULL without a default (SQLSTATE 23502), "
        "by itself or by its domain. "
        "Contracts of writers rely on it; columns that the contract names, and those that had to be given one before, "
        "do not count, but for those that their domain filled. "
        "Source: pg_attribute.attnotnull, atthasdef, attidentity, pg_type.typnotnull, typdefault."
    ),
    cause="{table} has the {actual}.",
    consequence="INSERTs of writers that do not know it are refused.",
    remedy=(
        "Add it with a server_default, or let it be NULL until every writer sets it.\n"
        "Agree on it with {owner}; once {contract_place} names the column, it may be required."
    ),
    fix=("Give it a default in a migration, or ask {owner} to name it in {contract_place} if the writers know it."),
    portable=Portable(),
    expected=lambda _fact, _dialect: "no new required column",
    evaluate=_evaluate,
    breaks=breaking("writer"),
    implied_by=frozenset(("writer",)),
)

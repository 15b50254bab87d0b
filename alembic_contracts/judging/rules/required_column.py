"""A row can be inserted with the columns that the contract names and the table had."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Portable, Rule, Subject, breaking
from alembic_contracts.schemas.schema import Table


def _required(table: Table) -> frozenset[str]:
    return frozenset(
        column.name
        for column in table.columns
        if column.not_null and column.default is None and not column.identity and not column.generated
    )


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    known = set(subject.contract.columns(fact.table))
    before = _required(subject.reference) if subject.reference is not None else frozenset()
    new = _required(cast("Table", subject.table)) - before - known
    return Differs(f"a value for {', '.join(sorted(new))} required", items=new) if new else HOLDS


RULE = Rule(
    id="required-column",
    summary="No new column has to be given a value.",
    description=(
        "An INSERT that does not know a new column is refused if that is NOT NULL without a default (SQLSTATE 23502). "
        "Contracts of writers rely on it; columns that the contract names, and those that were there, do not count. "
        "Source: pg_attribute.attnotnull, atthasdef, attidentity."
    ),
    cause="{table} has {actual}.",
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

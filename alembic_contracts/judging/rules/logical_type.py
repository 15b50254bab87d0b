"""The column's type is of the kind that the contract states, whatever its exact type."""

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.dialects import LOGICAL
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Portable, Rule, Subject, Unknown, known_type
from alembic_contracts.judging.rules._ways import (
    NOT_BY_ITSELF,
    RETYPED,
    RETYPED_ANYWHERE,
    beside,
    computed_beside,
    in_a_view,
)


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    type_ = known_type(subject)
    if isinstance(type_, Unknown):
        return type_
    holds = fact.expected not in LOGICAL or fact.expected in subject.dialect.logical(type_, subject.types)
    return HOLDS if holds else Differs(subject.dialect.format_type(type_))


RULE = Rule(
    id="logical-type",
    summary="The column's type is of the stated kind.",
    description=(
        "For contracts that state no exact type: string, date, timestamp, time, number, integer, boolean, array, "
        "object. It is weaker than column-type: any type of the kind will do, and one that users created nearly always "
        "does. Source: information_schema.columns.data_type; `logicalType` of ODCS."
    ),
    cause="{place} has the type {actual}, which is no {expected}.",
    consequence="Consumers that read or write it as {expected} get errors or other values.",
    remedy=beside(
        "Keep the type, and have the new one beside it until consumers have moved. Where PostgreSQL has no such cast,\n"
        "write your own expression in place of it.",
        "If every consumer can take {actual}, ask {owner} to change {contract_place} first.",
    ),
    fix=(
        "Give it a type of the stated kind in a migration, by ALTER COLUMN ... TYPE.\n"
        f"{RETYPED}"
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    instead=(in_a_view("a value of a type of the kind {expected}"), *NOT_BY_ITSELF),
    portable=Portable(
        remedy=computed_beside(
            "Keep the type, and have the new one beside it until consumers have moved.",
            "If every consumer can take {actual}, ask {owner} to change {contract_place} first.",
        ),
        fix=(
            "Give it a type of the stated kind in a migration:\n"
            f"{RETYPED_ANYWHERE}"
            "If the contract is wrong, ask {owner} to correct {contract_place}."
        ),
    ),
    expected=lambda fact, _dialect: str(fact.expected),
    evaluate=_evaluate,
    column_alone=True,
    about_types=True,
)

"""The elements of an array column have the type that the contract states."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.dialects import Dialect
from alembic_contracts.judging.rules import (
    HOLDS,
    Differs,
    Outcome,
    Rule,
    Subject,
    Unknown,
    known_type,
    meant_type,
)
from alembic_contracts.judging.rules._ways import MISSPELT_TYPE, NOT_BY_ITSELF, RETYPED, beside, in_a_view, of_a_kind
from alembic_contracts.schemas.schema import Type


def _expected(fact: Fact, dialect: Dialect) -> str:
    return fact.expected if isinstance(fact.expected, str) else dialect.format_type(cast("Type", fact.expected))


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    type_ = known_type(subject)
    if isinstance(type_, Unknown):
        return type_
    element = subject.dialect.element(type_, subject.types)
    if element is None:
        return Differs(f"no array ({subject.dialect.format_type(type_)})")
    # No definitions are given: elements of a domain's type are not taken for what it is based on. Clients are told of a
    # domain's base where a column has it, but an array of a domain is a type of its own, which they do not take apart.
    if isinstance(fact.expected, str):
        # USER-DEFINED: the word by which information_schema names all types that users created.
        same, breaks = subject.dialect.data_type(element, {}) == fact.expected, None
    else:
        expected = cast("Type", fact.expected)
        same = subject.dialect.same_type(expected, element, {})
        # Drivers make arrays of one type number of another one for good: of elements only the length may grow.
        breaks = subject.dialect.breaks(expected, element, {}) if expected.name.name == element.name.name else None
    return HOLDS if same else Differs(subject.dialect.format_type(element), breaks)


RULE = Rule(
    id="array-element-type",
    summary="The elements of the array have the stated type.",
    description=(
        "Drivers convert arrays element by element. A modifier counts only where the contract states one. "
        "Source: pg_type.typelem; the same as information_schema.element_types."
    ),
    cause="The elements of {place} have the type {actual} instead of {expected}.",
    meant=meant_type,
    slip=(
        "{database} has no type {expected} of its own; did you mean {meant}? "
        "The elements of {place} have the type {actual}."
    ),
    consequence="Consumers that read or write elements as {expected} get errors or other values.",
    remedy=beside(
        "Keep the type, and have an array of the new one beside it until consumers have moved.",
        "If every consumer can take {actual}, ask {owner} to change {contract_place} first.",
    ),
    fix=(
        "Give its elements the stated type in a migration:\n"
        '    op.execute("ALTER TABLE {sql_table} ALTER COLUMN {sql_column} TYPE {expected}[] "\n'
        '               "USING {sql_column}::{expected}[]")\n'
        f"{RETYPED}"
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    instead=(
        MISSPELT_TYPE,
        in_a_view("a value of the type {expected}[]"),
        of_a_kind("an array of such a type"),
        *NOT_BY_ITSELF,
    ),
    expected=_expected,
    evaluate=_evaluate,
    column_alone=True,
    about_types=True,
)

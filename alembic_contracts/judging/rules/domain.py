"""The column's type is the domain that the contract states."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Rule, Subject, Unknown, breaking, known_type
from alembic_contracts.judging.rules._ways import NOT_BY_ITSELF, RETYPED, beside, in_a_view


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    type_ = known_type(subject)
    if isinstance(type_, Unknown):
        return type_
    schema, _, name = cast("str", fact.expected).rpartition(".")
    definition = subject.types.get(type_.name)
    is_domain = definition is not None and definition.kind == "domain" and not type_.dimensions
    if is_domain and type_.name.name == name and schema in ("", type_.name.schema):
        return HOLDS
    return Differs(subject.dialect.format_type(type_))


RULE = Rule(
    id="domain",
    summary="The column's type is the stated domain.",
    description=(
        "A domain's checks are guarantees to readers and limits to writers. Source: pg_attribute.atttypid and "
        "pg_type.typtype 'd'."
    ),
    cause="{place} has the type {actual} instead of the domain {expected}.",
    consequence="What the domain's checks guaranteed to readers no longer holds, or writers meet other checks.",
    remedy=beside(
        "Keep the domain, and have the new type beside it until consumers have moved.",
        "If no consumer relies on it, ask {owner} to change {contract_place} first.",
    ),
    fix=(
        "Give it the domain in a migration:\n"
        '    op.execute("ALTER TABLE {sql_table} ALTER COLUMN {sql_column} TYPE {sql_domain} "\n'
        '               "USING {sql_column}::{sql_domain}")\n'
        f"{RETYPED}"
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    instead=(in_a_view("a value of the domain {expected}"), *NOT_BY_ITSELF),
    expected=lambda fact, _dialect: str(fact.expected),
    evaluate=_evaluate,
    column_alone=True,
    breaks=breaking("writer", warning=("reader",)),
    about_types=True,
)

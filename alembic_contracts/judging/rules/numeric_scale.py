"""The column keeps as many digits behind the point as the contract states."""

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Rule, Subject, Unknown, breaking, known_type


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    type_ = known_type(subject)
    if isinstance(type_, Unknown):
        return type_
    actual = subject.dialect.numeric_scale(type_, subject.types)
    if actual == fact.expected:
        return HOLDS
    return Differs(f"{'any scale' if actual is None else actual} ({subject.dialect.format_type(type_)})")


RULE = Rule(
    id="numeric-scale",
    summary="The column keeps as many digits behind the point as stated.",
    description=(
        "Readers round to it, and decimal types of other systems are fixed to it. Source: pg_attribute.atttypmod of "
        "numeric; 0 for integers, as information_schema.columns.numeric_scale has it."
    ),
    cause="{place} has the scale {actual} instead of {expected}.",
    consequence="Readers get other digits than their types hold, and what writers store is rounded.",
    remedy=(
        "Keep the scale, and add a column of the new one beside it while consumers move:\n"
        '    op.execute("ALTER TABLE {sql_table} ADD COLUMN {new} {became}")\n'
        '    op.execute("UPDATE {sql_table} SET {new} = {sql_column}::{became}")\n'
        "If every consumer can take {actual}, ask {owner} to change {contract_place} first."
    ),
    fix=(
        "Give it a type with the stated scale in a migration, by ALTER COLUMN ... TYPE.\n"
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    expected=lambda fact, _dialect: str(fact.expected),
    evaluate=_evaluate,
    about_types=True,
    breaks=breaking("reader", "cdc", warning=("writer",)),
)

"""The column takes as many characters as the contract states."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Rule, Subject, Unknown, bounded, known_type


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    type_ = known_type(subject)
    if isinstance(type_, Unknown):
        return type_
    actual = subject.dialect.character_length(type_, subject.types)
    if actual == fact.expected:
        return HOLDS
    shown = f"{'no limit' if actual is None else actual} ({subject.dialect.format_type(type_)})"
    return Differs(shown, bounded(cast("int", fact.expected), actual))


RULE = Rule(
    id="character-length",
    summary="The column takes as many characters as stated.",
    description=(
        "Readers size buffers and columns of their own by it, writers cut to it. Source: pg_attribute.atttypmod of "
        "varchar, char, bit and varbit; the same as information_schema.columns.character_maximum_length."
    ),
    cause="{place} has the length {actual} instead of {expected}.",
    consequence="Longer values overflow what readers sized by it, or values of that length no longer fit here.",
    remedy=(
        "Keep the length, and add a column of the new one beside it while consumers move:\n"
        '    op.execute("ALTER TABLE {sql_table} ADD COLUMN {new} {became}")\n'
        '    op.execute("UPDATE {sql_table} SET {new} = {sql_column}::{became}")\n'
        "If every consumer can take {actual}, ask {owner} to change {contract_place} first."
    ),
    fix=(
        "Give it the stated length in a migration:\n"
        '    op.alter_column("{table_name}", "{column}", type_=sa.String({expected}){schema})\n'
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    expected=lambda fact, _dialect: str(fact.expected),
    evaluate=_evaluate,
    about_types=True,
)

"""The column that a contract names is there under its name."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Rule, Subject, Unknown
from alembic_contracts.schemas.schema import Table


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    if subject.column is not None:
        return HOLDS
    if not cast("Table", subject.table).complete:
        return Unknown(f"the columns of {fact.table} could not be worked out")
    return Differs("absent")


RULE = Rule(
    id="column-exists",
    summary="The contracted column exists under its name.",
    description=(
        "A consumer that selects or writes a column by name fails when it is dropped or renamed (SQLSTATE 42703). "
        "Source: pg_attribute without dropped columns."
    ),
    cause="{place} {is_absent}.",
    consequence="Queries and writes that name it fail with 'column does not exist'.",
    remedy=(
        "Expand first, contract later: keep {column}, and drop it in a later revision, once its consumers have moved\n"
        "and {contract_place} no longer names it. Agree on the date with {owner}."
    ),
    remedy_of_rename=(
        "Expand first, contract later. In this revision, have both names, the new one filled by itself:\n"
        '    op.execute("ALTER TABLE {sql_table} ADD COLUMN {new} {held_type} "\n'
        '               "GENERATED ALWAYS AS ({sql_column}) STORED")\n'
        "In a later one, once the consumers of {column} have moved and {contract_place} no longer names it:\n"
        '    op.execute("ALTER TABLE {sql_table} ALTER COLUMN {new} DROP EXPRESSION")\n'
        '    op.execute("ALTER TABLE {sql_table} DROP COLUMN {sql_column}")\n'
        "Agree on the date with {owner}."
    ),
    fix=(
        'Add it in a migration, with op.add_column("{table_name}", ...) and the type that the contract states.\n'
        "If the contract names the wrong column, ask {owner} to correct {contract_place}."
    ),
    expected=lambda _fact, _dialect: "present",
    evaluate=_evaluate,
    judges_absence=True,
)

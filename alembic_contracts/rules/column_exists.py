"""The column that a contract names is there under its name."""

from typing import cast

from alembic_contracts.contract import Fact
from alembic_contracts.rules import HOLDS, Differs, Outcome, Rule, Subject, Unknown
from alembic_contracts.schema import Table


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
        "Expand first, contract later. Add what is new beside it and keep both filled:\n"
        '    op.add_column("{table_name}", sa.Column("new_name", ...){schema})\n'
        '    op.execute("UPDATE {table} SET new_name = {column}")\n'
        "Drop {column} in a later revision, once its consumers have moved and {contract_place} no longer names it.\n"
        "Agree on the date with {owner}."
    ),
    fix=(
        "Add it in a migration:\n"
        '    op.add_column("{table_name}", sa.Column("{column}", ...){schema})\n'
        "If the contract names the wrong column, ask {owner} to correct {contract_place}."
    ),
    expected=lambda _fact, _dialect: "present",
    evaluate=_evaluate,
    judges_absence=True,
)

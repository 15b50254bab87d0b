"""An UPDATE can set the column, or cannot, as the contract states."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Holds, Outcome, Rule, Subject, Unknown, breaking
from alembic_contracts.schemas.schema import Column


def _words(updatable: bool) -> str:
    return "updatable" if updatable else "not updatable"


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    column = cast("Column", subject.column)
    if column.generated or column.identity == "always":
        # PostgreSQL says YES to them, although every UPDATE to a value fails (SQLSTATE 428C9). Contracts that copied
        # the YES are kept; a column that becomes one of these breaks whoever updated it.
        kind = "generated" if column.generated else "identity"
        return Holds(but=f"not updatable (always {kind})") if fact.expected else HOLDS
    if column.updatable is None:
        return Unknown(f"whether {fact.table}.{column.name} can be updated could not be worked out")
    if column.updatable == fact.expected:
        return HOLDS
    return Differs(_words(column.updatable), breaking() if column.updatable else breaking("writer"))


RULE = Rule(
    id="column-updatable",
    summary="An UPDATE can set the column, or cannot, as stated.",
    description=(
        "A writer's UPDATE fails once the column is computed or its table has become a view that cannot be written. "
        "Source: pg_column_is_updatable(oid, attnum, false), as in information_schema.columns.is_updatable, and "
        "pg_attribute.attgenerated and attidentity. Generated and GENERATED ALWAYS AS IDENTITY columns count as "
        "updatable there although they refuse every value: either statement about them holds, but a plain column that "
        "becomes one is a break."
    ),
    cause="{place} is {actual}.",
    consequence="Consumers that update it are refused by the database.",
    remedy=(
        "Keep {place} an ordinary column of an ordinary table. Put a computed value into a column of its own:\n"
        '    op.execute("ALTER TABLE {sql_table} ADD COLUMN {new} {became}")\n'
        "If nobody writes it any more, ask {owner} to change {contract_place} first."
    ),
    fix=("Make {place} {expected} in a migration.\nIf the contract is wrong, ask {owner} to correct {contract_place}."),
    expected=lambda fact, _dialect: _words(bool(fact.expected)),
    evaluate=_evaluate,
    breaks=breaking("writer"),
)

"""The column's numeric precision is the one that the contract states."""

from alembic_contracts.judging.rules import Rule, compare_precision

RULE = Rule(
    id="numeric-precision",
    summary="The column's numeric precision is the stated one.",
    description=(
        "Bits for integers and floating point (smallint 16, integer 32, bigint 64, real 24, double precision 53), "
        "declared digits for numeric. A consumer sizes its own type by it. Source: pg_attribute.atttypid and "
        "atttypmod; the same figures as information_schema.columns.numeric_precision."
    ),
    cause="{place} has the numeric precision {actual} instead of {expected}.",
    consequence="Values overflow or are rounded in consumers that sized their own type by it, or no longer fit here.",
    remedy=(
        "Keep the type, and add a column of the new precision beside it while consumers move:\n"
        '    op.execute("ALTER TABLE {sql_table} ADD COLUMN {new} {became}")\n'
        '    op.execute("UPDATE {sql_table} SET {new} = {sql_column}::{became}")\n'
        "If every consumer can take {actual}, ask {owner} to change {contract_place} first."
    ),
    fix=(
        "Give it a type with the stated precision in a migration, by ALTER COLUMN ... TYPE.\n"
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    expected=lambda fact, _dialect: str(fact.expected),
    evaluate=lambda fact, subject: compare_precision(fact, subject, subject.dialect.numeric_precision),
    about_types=True,
)

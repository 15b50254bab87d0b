"""The column's fractional seconds have the precision that the contract states."""

from alembic_contracts.judging.rules import Rule, compare_precision

RULE = Rule(
    id="datetime-precision",
    summary="The column's fractional seconds have the stated precision.",
    description=(
        "Digits after the second of time, timestamp and interval types: 6 unless declared. Fewer digits round stored "
        "values, so that consumers who order or join by time see ties and misses. Source: pg_attribute.atttypmod; the "
        "same figures as information_schema.columns.datetime_precision (0 for date)."
    ),
    cause="{place} has the datetime precision {actual} instead of {expected}.",
    consequence="Times are rounded, so that ordering, deduplication and joins by time change.",
    remedy=(
        "Keep the precision, and add a column of the new one beside it while consumers move:\n"
        '    op.execute("ALTER TABLE {sql_table} ADD COLUMN {new} {became}")\n'
        '    op.execute("UPDATE {sql_table} SET {new} = {sql_column}::{became}")\n'
        "If every consumer can take {actual}, ask {owner} to change {contract_place} first."
    ),
    fix=(
        "Give it a type with the stated precision in a migration, by ALTER COLUMN ... TYPE.\n"
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    expected=lambda fact, _dialect: str(fact.expected),
    evaluate=lambda fact, subject: compare_precision(fact, subject, subject.dialect.datetime_precision),
    about_types=True,
)

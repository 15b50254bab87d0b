"""The column's fractional seconds have the precision that the contract states."""

from alembic_contracts.rules import Rule, compare_precision

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
        "Keep the precision, and round in a column or view of its own:\n"
        '    op.add_column("{table_name}", sa.Column("{column}_rounded", ...){schema})\n'
        "If every consumer can take the new precision, ask {owner} to change {contract_place} first."
    ),
    fix=(
        "Give it the stated precision in a migration:\n"
        '    op.alter_column("{table_name}", "{column}", type_=...{schema})\n'
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    expected=lambda fact, _dialect: str(fact.expected),
    evaluate=lambda fact, subject: compare_precision(fact, subject, subject.dialect.datetime_precision),
    about_types=True,
)

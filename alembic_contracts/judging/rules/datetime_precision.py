"""The column's fractional seconds have the precision that the contract states."""

from alembic_contracts.judging.rules._sizes import bounded, size_rule

RULE = size_rule(
    id="datetime-precision",
    summary="The column's fractional seconds have the stated precision.",
    description=(
        "Digits after the second of time, timestamp and interval types: 6 unless declared. Fewer digits round stored "
        "values, so that consumers who order or join by time see ties and misses. Source: pg_attribute.atttypmod; the "
        "same figures as information_schema.columns.datetime_precision (0 for date)."
    ),
    cause="datetime precision",
    consequence="Times are rounded, so that ordering, deduplication and joins by time change.",
    keep="Keep the precision, and have a column of the new one beside it",
    fix="Give it a type with the stated precision in a migration, by ALTER COLUMN ... TYPE.",
    size=lambda dialect: dialect.datetime_precision,
    unlimited="no precision",
    breaks_by_size=bounded,
)

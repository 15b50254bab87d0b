"""The column's numeric precision is the one that the contract states."""

from alembic_contracts.judging.rules._sizes import bounded, size_rule

RULE = size_rule(
    id="numeric-precision",
    summary="The column's numeric precision is the stated one.",
    description=(
        "Bits for integers and floating point (smallint 16, integer 32, bigint 64, real 24, double precision 53), "
        "declared digits for numeric. A consumer sizes its own type by it. Source: pg_attribute.atttypid and "
        "atttypmod; the same figures as information_schema.columns.numeric_precision."
    ),
    cause="numeric precision",
    consequence="Values overflow or are rounded in consumers that sized their own type by it, or no longer fit here.",
    keep="Keep the type, and have a column of the new precision beside it",
    fix="Give it a type with the stated precision in a migration, by ALTER COLUMN ... TYPE.",
    size=lambda dialect: dialect.numeric_precision,
    unlimited="no precision",
    breaks_by_size=bounded,
)

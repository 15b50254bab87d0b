"""The column keeps as many digits behind the point as the contract states."""

from alembic_contracts.judging.rules import breaking
from alembic_contracts.judging.rules._sizes import size_rule

RULE = size_rule(
    id="numeric-scale",
    summary="The column keeps as many digits behind the point as stated.",
    description=(
        "Readers round to it, and decimal types of other systems are fixed to it. Source: pg_attribute.atttypmod of "
        "numeric; 0 for integers, as information_schema.columns.numeric_scale has it."
    ),
    cause="scale",
    consequence="Readers get other digits than their types hold, and what writers store is rounded.",
    keep="Keep the scale, and have a column of the new one beside it",
    fix="Give it a type with the stated scale in a migration, by ALTER COLUMN ... TYPE.",
    size=lambda dialect: dialect.numeric_scale,
    unlimited="any scale",
    breaks=breaking("reader", "cdc", warning=("writer",)),
)

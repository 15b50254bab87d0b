"""The column takes as many characters as the contract states."""

from alembic_contracts.judging.rules._sizes import bounded, size_rule

RULE = size_rule(
    id="character-length",
    summary="The column takes as many characters as stated.",
    description=(
        "Readers size buffers and columns of their own by it, writers cut to it. Source: pg_attribute.atttypmod of "
        "varchar, char, bit and varbit; the same as information_schema.columns.character_maximum_length."
    ),
    cause="length",
    consequence="Longer values overflow what readers sized by it, or values of that length no longer fit here.",
    keep="Keep the length, and have a column of the new one beside it",
    fix=(
        "Give it the stated length in a migration:\n"
        '    op.execute("ALTER TABLE {sql_table} ALTER COLUMN {sql_column} TYPE {sized}({expected})")'
    ),
    size=lambda dialect: dialect.character_length,
    unlimited="no limit",
    breaks_by_size=bounded,
)

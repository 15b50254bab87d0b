"""The column is an identity column, or is none, as the contract states."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Instead, Outcome, Rule, Subject, breaking
from alembic_contracts.judging.rules._ways import EXCLUSIVE, NUMBERED_AS_BEFORE, in_tables_only
from alembic_contracts.schemas.schema import Column


def _words(kind: str) -> str:
    return f"GENERATED {kind.upper()} AS IDENTITY" if kind else "no identity column"


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    column = cast("Column", subject.column)
    if column.identity == fact.expected:
        return HOLDS
    from_a_sequence = not column.identity and "nextval(" in (column.default or "")
    takes_all = column.identity == "by default" or from_a_sequence  # who sets it and who leaves it out goes on doing so
    return Differs(_words(column.identity), breaking(warning=("writer",)) if takes_all else None)


RULE = Rule(
    id="column-identity",
    summary="The column is an identity column, or is none, as stated.",
    description=(
        "Writers that set a GENERATED ALWAYS column are refused (SQLSTATE 428C9), those that leave out a column which "
        "no longer numbers itself as well (23502). BY DEFAULT, or a sequence's next value, refuses neither, whatever "
        "else is stated: a warning. "
        "Source: pg_attribute.attidentity, as information_schema.columns.identity_generation."
    ),
    cause="{place} is {actual} instead of {expected}.",
    consequence="Writers that set it, or that leave it out, may be refused.",
    remedy=(
        "Keep it as it is, or set it back in the same revision:\n"
        '    op.execute("ALTER TABLE {sql_table} ALTER COLUMN {sql_column} SET {identity}")\n'
        f"Price: {EXCLUSIVE}; nothing is rewritten.\n"
        "If every writer can live with {actual}, ask {owner} to change {contract_place} first."
    ),
    fix=(
        "Change it in a migration:\n"
        '    op.execute("ALTER TABLE {sql_table} ALTER COLUMN {sql_column} SET {identity}")\n'
        f"Price: {EXCLUSIVE}; nothing is rewritten.\n"
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    instead=(
        in_tables_only("identity column"),
        NUMBERED_AS_BEFORE,
        Instead(
            when=lambda situation: not situation.fact.expected,
            what="no identity column is stated",
            remedy=(
                "Keep it a column that writers set, or make it one again in the same revision:\n"
                '    op.execute("ALTER TABLE {sql_table} ALTER COLUMN {sql_column} DROP IDENTITY")\n'
                f"Price: {EXCLUSIVE}; nothing is rewritten.\n"
                "If every writer can live with {actual}, ask {owner} to change {contract_place} first."
            ),
            fix=(
                "Make it a column that writers set, in a migration:\n"
                '    op.execute("ALTER TABLE {sql_table} ALTER COLUMN {sql_column} DROP IDENTITY")\n'
                f"Price: {EXCLUSIVE}; nothing is rewritten.\n"
                "If the contract is wrong, ask {owner} to correct {contract_place}."
            ),
        ),
        Instead(
            when=lambda situation: situation.column is not None and not situation.column.identity,
            what="it does not number itself",
            remedy=(
                "Keep it as it is: once it is dropped, its sequence is gone, and a new one has to be set behind the\n"  # noqa: S608
                "rows that are there. A default that it has got is dropped before:\n"
                '    op.execute("ALTER TABLE {sql_table} ALTER COLUMN {sql_column} ADD {identity} AS IDENTITY")\n'
                "    op.execute(\"SELECT setval(pg_get_serial_sequence('{literal_table}', '{literal_column}'), \"\n"
                '               "(SELECT max({sql_column}) FROM {sql_table}))")\n'
                f"Price: {EXCLUSIVE}; nothing is rewritten.\n"
                "If every writer can live with {actual}, ask {owner} to change {contract_place} first."
            ),
            fix=(
                "Make it one in a migration, as a column that is NOT NULL and has no default:\n"  # noqa: S608
                '    op.execute("ALTER TABLE {sql_table} ALTER COLUMN {sql_column} ADD {identity} AS IDENTITY")\n'
                "    op.execute(\"SELECT setval(pg_get_serial_sequence('{literal_table}', '{literal_column}'), \"\n"
                '               "(SELECT max({sql_column}) FROM {sql_table}))")\n'
                f"Price: {EXCLUSIVE}; nothing is rewritten.\n"
                "If the contract is wrong, ask {owner} to correct {contract_place}."
            ),
        ),
    ),
    expected=lambda fact, _dialect: _words(str(fact.expected)),
    evaluate=_evaluate,
    column_alone=True,
    breaks=breaking("writer"),
)

"""The column is generated, or is not, as the contract states."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Instead, Outcome, Portable, Rule, Subject, breaking
from alembic_contracts.judging.rules._ways import ANEW, EXCLUSIVE, IN_BATCH, IN_BATCH_ANEW, in_tables_only
from alembic_contracts.schemas.schema import Column


def _words(kind: str) -> str:
    return {"": "not generated", "always": "generated"}.get(kind, f"generated ({kind})")


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    actual = cast("Column", subject.column).generated
    holds = bool(actual) if fact.expected == "always" else actual == fact.expected
    return HOLDS if holds else Differs(_words(actual))


RULE = Rule(
    id="column-generated",
    summary="The column is generated, or is not, as stated.",
    description=(
        "INSERT and UPDATE of a generated column fail (SQLSTATE 428C9), and logical replication leaves it out. Source: "
        "pg_attribute.attgenerated; ALWAYS and NEVER in information_schema.columns.is_generated."
    ),
    cause="{place} is {actual} instead of {expected}.",
    consequence="Writers that set it are refused, and subscribers of a publication no longer receive it.",
    remedy=(
        "Keep {column} as it is, and have the computed value in a column of its own:\n"
        '    op.execute("ALTER TABLE {sql_table} ADD COLUMN {new} {became} {computed}")\n'
        f"Price: {EXCLUSIVE}, and a stored column rewrites the whole table. The application writes {{column}} alone:\n"
        "PostgreSQL refuses every value for {new}.\n"
        "If nobody writes or replicates it, ask {owner} to change {contract_place} first."
    ),
    fix="Make {place} {expected} in a migration.\nIf the contract is wrong, ask {owner} to correct {contract_place}.",
    instead=(
        in_tables_only("generated column"),
        Instead(
            when=lambda situation: situation.column is not None and not situation.column.generated,
            what="it is to be generated, and no longer is",
            remedy=(
                "Keep it generated. What is no longer cannot be made so again but by another column in its place:\n"
                '    op.execute("ALTER TABLE {sql_table} DROP COLUMN {sql_column}")\n'
                '    op.execute("ALTER TABLE {sql_table} ADD COLUMN {sql_column} {became} {computed}")\n'
                f"Price: {EXCLUSIVE}, and a stored column rewrites the whole table.\n"
                "If writers shall set it, ask {owner} to change {contract_place} first."
            ),
            portable=Portable(
                remedy=(
                    "Keep it generated. What is no longer cannot be made so again but by another column in its place:\n"
                    f"{IN_BATCH_ANEW}"
                    '        batch.drop_column("{column}")\n'
                    '        batch.add_column(sa.Column("{column}", {sa_became}, {sa_computed}))\n'
                    f"{ANEW}"
                    "If writers shall set it, ask {owner} to change {contract_place} first."
                )
            ),
        ),
    ),
    portable=Portable(
        consequence="Writers that set it are refused, or what was computed for them no longer is.",
        remedy=(
            "Keep {column} as it is, and have the computed value in a column of its own:\n"
            f"{IN_BATCH}"
            '        batch.add_column(sa.Column("{new_name}", {sa_became}, {sa_computed}))\n'
            "The application writes {column} alone: no database takes a value for a computed column.\n"
            "If nobody writes it, ask {owner} to change {contract_place} first."
        ),
    ),
    expected=lambda fact, _dialect: _words(str(fact.expected)),
    evaluate=_evaluate,
    column_alone=True,
    breaks=breaking("writer", "cdc"),
)

"""The column allows NULL, or forbids it, as the contract states."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import (
    HOLDS,
    Differs,
    Instead,
    Outcome,
    Portable,
    Rule,
    Situation,
    Subject,
    breaking,
)
from alembic_contracts.judging.rules._ways import ANEW, EXCLUSIVE, IN_BATCH, IN_BATCH_ANEW, in_tables_only
from alembic_contracts.schemas.schema import Column

_NOT_VALID = "NOT NULL in new rows alone (NOT VALID)"


def _words(nullable: bool) -> str:
    return "nullable" if nullable else "NOT NULL"


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    column = cast("Column", subject.column)
    if column.name in subject.unvalidated:
        # New rows are held to it, old ones are not: neither what readers nor what writers rely on.
        return Differs(_NOT_VALID, breaking("writer") if fact.expected else breaking("reader", warning=("cdc",)))
    forbidden = column.type is not None and subject.dialect.forbids_null(column.type, subject.types)
    nullable = not (column.not_null or forbidden)
    if nullable == fact.expected or _is_said_of_any_view(fact, subject):
        return HOLDS
    # Readers meet NULLs that they do not expect, or writers may no longer leave the column out: never both.
    return Differs(_words(nullable), breaking("reader", warning=("cdc",)) if nullable else breaking("writer"))


def _is_said_of_any_view(fact: Fact, subject: Subject) -> bool:
    """Whether a column of a view is stated to be nullable for another kind of database: on PostgreSQL each one is."""
    is_view = subject.table is not None and subject.table.kind == "view"
    return bool(fact.expected) and is_view and subject.shape is not None


def _is_unvalidated(situation: Situation) -> bool:
    after = situation.after
    return not situation.fact.expected and after is not None and situation.fact.column in after.unvalidated


_OF_THEIR_OWN = "Keep it NOT NULL. Where rows have to do without a value, there has to be another column for it:\n"
_IF_NOT_NEEDED = "If every consumer can live with {actual}, ask {owner} to change {contract_place} first."


RULE = Rule(
    id="column-nullable",
    summary="The column allows NULL, or forbids it, as stated.",
    description=(
        "A reader that never met a NULL fails at the first one; a writer that leaves the column out fails once it is "
        "NOT NULL (SQLSTATE 23502). Source: pg_attribute.attnotnull, from PostgreSQL 18 on pg_constraint "
        "contype 'n' with convalidated, and pg_type.typnotnull of a domain."
    ),
    cause="{place} is {actual} instead of {expected}.",
    consequence="Readers meet NULLs they do not expect, or writers that leave the column out are refused.",
    remedy=(
        "Keep it nullable: who leaves it out, or stores NULL, is not to be refused. Rows that the application writes\n"
        "itself can have a value all the same.\n"
        "If every consumer can live with {actual}, ask {owner} to change {contract_place} first."
    ),
    fix=(
        "Make it {expected} in a migration:\n"
        '    op.alter_column("{table_name}", "{column}", nullable={nullable}{schema})\n'
        f"Price: {EXCLUSIVE}; nothing is rewritten, but to make it NOT NULL every row is read.\n"
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    instead=(
        in_tables_only("NOT NULL"),
        Instead(
            when=_is_unvalidated,
            what="it is NOT NULL in new rows alone",
            remedy=(
                "Have it hold for the rows that are there, too, in the same revision:\n"
                '    op.alter_column("{table_name}", "{column}", nullable=False{schema})\n'
                f"Price: {EXCLUSIVE}, while every row is read; nothing is rewritten.\n"
                f"{_IF_NOT_NEEDED}"
            ),
        ),
        Instead(
            when=lambda situation: not situation.fact.expected and situation.inherits,
            what="it is to be NOT NULL, and comes from another table",
            remedy=(
                "Keep it NOT NULL. Where rows have to do without a value, {parents} has to have another column for\n"
                "it.\n"
                f"{_IF_NOT_NEEDED}"
            ),
        ),
        Instead(
            when=lambda situation: not situation.fact.expected,
            what="it is to be NOT NULL",
            remedy=(
                f"{_OF_THEIR_OWN}"  # noqa: S608 - text for people
                '    op.execute("ALTER TABLE {sql_table} ADD COLUMN {new} {beside_type}")\n'
                "Fill the rows that are there, on a large table in batches and in a revision of its own:\n"
                '    op.execute("UPDATE {sql_table} SET {new} = {sql_column}")\n'
                f"Price: {EXCLUSIVE}; nothing is rewritten. The UPDATE writes every row, and\n"
                "writers of a row wait until its commit. The application writes both: nothing else fills {new}, and\n"
                "{column} still gets a value, even where {new} has none.\n"
                f"{_IF_NOT_NEEDED}"
            ),
            portable=Portable(
                remedy=(
                    f"{_OF_THEIR_OWN}"
                    f"{IN_BATCH}"
                    '        batch.add_column(sa.Column("{new_name}", {sa_became}))\n'
                    "The application writes both: nothing else fills {new_name}, and {column} still gets a value.\n"
                    f"{_IF_NOT_NEEDED}"
                ),
            ),
        ),
    ),
    portable=Portable(
        fix=(
            "Make it {expected} in a migration; NULLs that are in the way get a value before:\n"
            f"{IN_BATCH_ANEW}"
            '        batch.alter_column("{column}", nullable={nullable}, {existing})\n'
            f"{ANEW}"
            "If the contract is wrong, ask {owner} to correct {contract_place}."
        ),
    ),
    expected=lambda fact, _dialect: _words(bool(fact.expected)),
    evaluate=_evaluate,
    column_alone=True,
)

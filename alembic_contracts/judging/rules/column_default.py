"""The column has the default that the contract states."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import (
    HOLDS,
    Differs,
    Instead,
    Outcome,
    Portable,
    Rule,
    Subject,
    breaking,
    not_printed,
)
from alembic_contracts.judging.rules._ways import (
    ANEW,
    EXCLUSIVE,
    IN_BATCH_ANEW,
    NUMBERED_AS_BEFORE,
    in_tables_elsewhere,
    in_tables_only,
)
from alembic_contracts.schemas.remarks import printed_as
from alembic_contracts.schemas.schema import Column, Table


def _words(default: str | None) -> str:
    return f"the default {printed_as(default)}" if default else "no default"


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    column = cast("Column", subject.column)
    expected = cast("str", fact.expected)
    same = subject.dialect.same_expression(expected, column.default or "")
    if same:
        return HOLDS
    if same is None:
        return not_printed(f"the default {column.default} of {cast('Table', subject.table).name}.{column.name}")
    refused = column.not_null and not column.default and not column.identity
    breaks = breaking("writer", warning=("reader",)) if refused else breaking(warning=("reader", "writer"))
    return Differs(_words(column.default), breaks)


_SET = (
    f"{IN_BATCH_ANEW}"
    '        batch.alter_column("{column}", server_default=sa.text("{condition}"), {existing})\n'
    "Rows that are there keep their values.\n"
    f"{ANEW}"
)
_DROPPED = f'{IN_BATCH_ANEW}        batch.alter_column("{{column}}", server_default=None, {{existing}})\n{ANEW}'


RULE = Rule(
    id="column-default",
    summary="The column has the stated default.",
    description=(
        "Writers that leave the column out get it; without one they store NULL, or are refused where the column is NOT "
        "NULL (SQLSTATE 23502). Source: pg_get_expr(pg_attrdef.adbin, adrelid); casts that a database adds to "
        "literals, and brackets, do not count. Where it is not known how PostgreSQL prints what a script states, "
        "that is unproven."
    ),
    cause="{place} has {actual} instead of {expected}.",
    consequence="Writers that leave it out are refused, or store something else than readers expect.",
    remedy=(
        "Keep the default until every writer sets the column itself:\n"
        '    op.execute("ALTER TABLE {sql_table} ALTER COLUMN {sql_column} SET DEFAULT {condition}")\n'
        f"Price: {EXCLUSIVE}; nothing is rewritten, and rows that are there keep their values.\n"
        "If every writer sets it, ask {owner} to change {contract_place} first."
    ),
    fix=(
        "Give it the stated default in a migration:\n"
        '    op.execute("ALTER TABLE {sql_table} ALTER COLUMN {sql_column} SET DEFAULT {condition}")\n'
        f"Price: {EXCLUSIVE}; nothing is rewritten, and rows that are there keep their values.\n"
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    instead=(
        in_tables_only("default of its columns", ("materialized view",)),
        NUMBERED_AS_BEFORE,
        in_tables_elsewhere("default of its columns"),
        Instead(
            when=lambda situation: situation.fact.expected == "",
            what="no default is stated",
            remedy=(
                "Keep it without a default, and have writers set the value:\n"
                '    op.execute("ALTER TABLE {sql_table} ALTER COLUMN {sql_column} DROP DEFAULT")\n'
                f"Price: {EXCLUSIVE}; nothing is rewritten.\n"
                "If it shall have one, ask {owner} to change {contract_place} first."
            ),
            fix=(
                "Drop its default in a migration:\n"
                '    op.execute("ALTER TABLE {sql_table} ALTER COLUMN {sql_column} DROP DEFAULT")\n'
                f"Price: {EXCLUSIVE}; nothing is rewritten.\n"
                "If the contract is wrong, ask {owner} to correct {contract_place}."
            ),
            portable=Portable(
                remedy=(
                    "Keep it without a default, and have writers set the value:\n"
                    f"{_DROPPED}"
                    "If it shall have one, ask {owner} to change {contract_place} first."
                ),
                fix=(
                    "Drop its default in a migration:\n"
                    f"{_DROPPED}"
                    "If the contract is wrong, ask {owner} to correct {contract_place}."
                ),
            ),
        ),
    ),
    portable=Portable(
        remedy=(
            "Keep the default until every writer sets the column itself:\n"
            f"{_SET}"
            "If every writer sets it, ask {owner} to change {contract_place} first."
        ),
        fix=(
            "Give it the stated default in a migration:\n"
            f"{_SET}"
            "If the contract is wrong, ask {owner} to correct {contract_place}."
        ),
    ),
    expected=lambda fact, _dialect: _words(cast("str", fact.expected)),
    evaluate=_evaluate,
    column_alone=True,
)

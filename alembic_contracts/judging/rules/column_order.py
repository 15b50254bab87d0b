"""The columns come in the order that the contract states."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Portable, Rule, Subject, Unknown, breaking
from alembic_contracts.schemas.schema import Table


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    table, expected = cast("Table", subject.table), cast("tuple[str, ...]", fact.expected)
    if not table.complete:
        return Unknown(f"the columns of {table.name} could not be worked out")
    actual = tuple(column.name for column in table.columns)
    return HOLDS if actual[: len(expected)] == expected else Differs(", ".join(actual))


RULE = Rule(
    id="column-order",
    summary="The first columns are the stated ones, in the stated order.",
    description=(
        "SELECT * read by position, COPY and INSERT without a list of columns take columns in this order. A table that "
        "is created anew can have another one. Source: pg_attribute.attnum."
    ),
    cause="The columns of {table} come in the order {actual} instead of {expected}.",
    consequence="Whoever reads or writes by position takes one column for another.",
    remedy=(
        "Add columns at the end, and keep the order when a table is created anew.\n"
        "If everybody names the columns, ask {owner} to change {contract_place} first."
    ),
    fix=(
        "Create the table anew in the stated order, or put a view in front of it.\n"
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    portable=Portable(),
    expected=lambda fact, _dialect: ", ".join(cast("tuple[str, ...]", fact.expected)),
    evaluate=_evaluate,
    breaks=breaking("reader", "writer"),
)

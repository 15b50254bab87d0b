"""The column sorts and compares by the collation that the contract states."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Portable, Rule, Subject, breaking
from alembic_contracts.judging.rules._ways import (
    EXCLUSIVE,
    NOT_BY_ITSELF,
    RETYPED_ANYWHERE,
    beside,
    computed_beside,
    in_a_view,
)
from alembic_contracts.schemas.schema import Column

_DEFAULT = "default"


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    usual = subject.dialect.DEFAULT_COLLATION
    actual = cast("Column", subject.column).collation or usual
    return HOLDS if actual == (usual if fact.expected == _DEFAULT else fact.expected) else Differs(actual)


_KEEP = "Keep the collation, and have a column with the new one beside it until consumers have moved."
_IF_NOT_NEEDED = "If every consumer can take {actual}, ask {owner} to change {contract_place} first."


RULE = Rule(
    id="collation",
    summary="The column has the stated collation.",
    description=(
        "It decides the order of rows and, where it is nondeterministic, which values are equal. Source: "
        "pg_attribute.attcollation and pg_collation.collname; `default` is the type's own."
    ),
    cause="{place} has the collation {actual} instead of {expected}.",
    consequence="Sorted results come in another order, and merges and range queries that rely on it miss rows.",
    remedy=beside(_KEEP, _IF_NOT_NEEDED, collated=" COLLATE {collation}"),
    fix=(
        "Give it the stated collation in a migration:\n"
        '    op.execute("ALTER TABLE {sql_table} ALTER COLUMN {sql_column} TYPE {became} COLLATE {sql_expected}")\n'
        f"Price: {EXCLUSIVE}; indexes of the column are built anew.\n"
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    instead=(in_a_view("a value with COLLATE and the collation {expected}", by_cast=False), *NOT_BY_ITSELF),
    portable=Portable(
        remedy=computed_beside(_KEEP, _IF_NOT_NEEDED),
        fix=(
            "Give it the stated collation in a migration:\n"
            f"{RETYPED_ANYWHERE}"
            "If the contract is wrong, ask {owner} to correct {contract_place}."
        ),
    ),
    expected=lambda fact, _dialect: str(fact.expected),
    evaluate=_evaluate,
    column_alone=True,
    breaks=breaking("reader", warning=("writer",)),
)

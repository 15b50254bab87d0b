"""What has the table's name is of the kind that the contract states: a table, a view ..."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Portable, Rule, Subject, breaking
from alembic_contracts.schemas.schema import Table

_WITH_ROWS = frozenset({"table", "partitioned table"})


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    actual = cast("Table", subject.table).kind
    if actual == fact.expected:
        return HOLDS
    if actual in _WITH_ROWS and fact.expected in _WITH_ROWS:
        return Differs(actual, breaking(warning=("cdc",)))
    writable = any(column.updatable for column in cast("Table", subject.table).columns)  # simple views are
    return Differs(actual, breaking("cdc", warning=("writer",)) if writable else breaking("cdc", "writer"))


RULE = Rule(
    id="relation-kind",
    summary="The relation is a table, view, materialized view ... as stated.",
    description=(
        "Views cannot be replicated, keep no keys, and take writes only when they are simple. Source: pg_class.relkind."
    ),
    cause="{table} is a {actual} instead of a {expected}.",
    consequence="Writers may be refused, and change data capture no longer sees its rows.",
    remedy="Keep {table} as it is, and create the {actual} under another name.\nAgree on the change with {owner}.",
    fix="Make it a {expected} in a migration.\nIf the contract is wrong, ask {owner} to correct {contract_place}.",
    portable=Portable(),
    expected=lambda fact, _dialect: str(fact.expected),
    evaluate=_evaluate,
)

"""The table has no column that the contract does not name."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Rule, Subject
from alembic_contracts.schemas.schema import Table


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    known = set(subject.contract.columns(fact.table))
    if (
        not fact.expected and subject.reference is not None
    ):  # not stated by `closed`, but implied: what was there may be
        known |= {column.name for column in subject.reference.columns}
    extra = frozenset(column.name for column in cast("Table", subject.table).columns if column.name not in known)
    return Differs(", ".join(sorted(extra)), items=extra) if extra else HOLDS


RULE = Rule(
    id="extra-column",
    summary="The table has no column that the contract does not name.",
    description=(
        "Native logical replication stops at a column that the subscriber does not have ('missing replicated column'); "
        "closed contracts name all columns there are. A contract for change data capture relies on it for new columns "
        "only. Source: pg_attribute."
    ),
    cause="{table} has columns that the contract does not name: {actual}.",
    consequence="Replication to a table without them stops, and readers of all columns get more than they expect.",
    remedy=(
        "Add the column on the subscribers' side first, or keep it out of the publication's list of columns.\n"
        "Ask {owner} to name it in {contract_place}."
    ),
    fix="Drop it in a migration, or ask {owner} to name it in {contract_place}.",
    expected=lambda _fact, _dialect: "no other column",
    evaluate=_evaluate,
    implied_by=frozenset(("cdc",)),
)

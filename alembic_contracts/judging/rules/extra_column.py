"""The table has no column that the contract does not name."""

from typing import cast

from alembic_contracts.contracts.contract import Fact, Publication
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Portable, Rule, Subject
from alembic_contracts.schemas.schema import Column, Table


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    known = set(subject.contract.columns(fact.table))
    columns = cast("Table", subject.table).columns
    if not fact.expected:  # not stated by `closed`, but implied: what was there may be, and what nobody gets
        known |= {column.name for column in subject.reference.columns} if subject.reference is not None else set()
        columns = tuple(column for column in columns if _is_replicated(column, fact, subject))
    extra = frozenset(column.name for column in columns if column.name not in known)
    return Differs(", ".join(sorted(extra)), items=extra) if extra else HOLDS


def _is_replicated(column: Column, fact: Fact, subject: Subject) -> bool:
    """Whether a column may reach those who subscribe to the publications that the contract states; without any, all do.

    Whether stored generated columns do is a parameter of the publication that is not known here.
    """
    facts = subject.contract.facts
    stated = [f.expected.name for f in facts if isinstance(f.expected, Publication) and f.table == fact.table]
    lists = {each.publication: each.columns for each in cast("Table", subject.table).publications}
    if not stated:
        return True
    is_in_one = any((listed := lists.get(name)) is None or column.name in listed for name in stated)
    return is_in_one and column.generated != "virtual"


RULE = Rule(
    id="extra-column",
    summary="The table has no column that the contract does not name.",
    description=(
        "Native logical replication stops at a column that the subscriber does not have ('missing replicated column'); "
        "closed contracts name all columns there are. A contract for change data capture relies on it for new columns "
        "only, and for those that reach it: not for what the column list of a publication that it states leaves out. "
        "Source: pg_attribute, pg_publication_rel."
    ),
    cause="{table} has columns that the contract does not name: {actual}.",
    consequence="Replication to a table without them stops, and readers of all columns get more than they expect.",
    remedy=(
        "Add the column on the subscribers' side first, or keep it out of the publication's list of columns.\n"
        "Ask {owner} to name it in {contract_place}."
    ),
    fix="Drop it in a migration, or ask {owner} to name it in {contract_place}.",
    portable=Portable(
        consequence="Copies of the table do not have them, and readers of all columns get more than they expect.",
        remedy="Leave it out until {owner} names it in {contract_place}.",
    ),
    expected=lambda _fact, _dialect: "no other column",
    evaluate=_evaluate,
    weighs=frozenset(("publications",)),
    implied_by=frozenset(("cdc",)),
)

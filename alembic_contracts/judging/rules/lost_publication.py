"""A table that is replicated stays in the publications that include it."""

from typing import cast

from alembic_contracts.contracts.contract import Fact, Publication
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Rule, Subject, Unknown, breaking, not_printed
from alembic_contracts.schemas.schema import Published, Table


def _loss(before: Published, after: Published | None, subject: Subject) -> str | Unknown | None:
    """Return what consumers of a publication no longer get, or why that is not known."""
    table = cast("Table", subject.table)
    if after is None:
        return f"no longer in publication {before.publication}"
    names = {column.name for column in table.columns}
    left = names if before.columns is None else names & set(before.columns)
    gone = sorted(left - set(after.columns)) if after.columns is not None else []
    if gone and before.columns is not None:
        return f"in publication {before.publication} without {', '.join(gone)}"
    if gone and subject.reference is not None:
        known = [name for name in gone if subject.reference.column(name) is not None]
        if known:
            return f"in publication {before.publication} without {', '.join(known)}"
    if after.row_filter is None:
        return None
    same = before.row_filter is not None and subject.dialect.same_expression(before.row_filter, after.row_filter)
    if same is None:
        return not_printed(f"the row filter {after.row_filter} of {table.name}")
    return None if same else f"in publication {before.publication} with the new row filter {after.row_filter}"


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    stated = {
        each.expected.name
        for each in subject.contract.facts
        if isinstance(each.expected, Publication) and each.table == fact.table
    }
    before = subject.reference.publications if subject.reference is not None else ()
    now = {each.publication: each for each in cast("Table", subject.table).publications}
    losses = [_loss(each, now.get(each.publication), subject) for each in before if each.publication not in stated]
    found = [loss for loss in losses if isinstance(loss, str)]
    unknown = next((loss for loss in losses if isinstance(loss, Unknown)), HOLDS)
    return Differs(", ".join(found), items=frozenset(found)) if found else unknown


RULE = Rule(
    id="lost-publication",
    summary="The table stays in its publications, with all columns and rows.",
    description=(
        "Consumers of changes get nothing more of a table that leaves their publication, and no error. Publications "
        "follow the table itself, not its name: a table that takes another one's place is in none. Contracts of change "
        "data capture rely on it; state `publications` to say which. Source: pg_publication_rel."
    ),
    cause="{table} is {actual}.",
    consequence="Its changes silently no longer reach those who replicate it, or only in part.",
    remedy=(
        "Put it back in the same revision, with ALTER PUBLICATION and ADD TABLE {table}.\n"
        "What changed in between is lost to consumers: let {owner} take a new snapshot.\n"
        "If another publication takes its place, ask {owner} to state it as `publications` in {contract_place}."
    ),
    fix="Put it into the publication again, or ask {owner} to state the right one in {contract_place}.",
    expected=lambda _fact, _dialect: "in the same publications as before",
    evaluate=_evaluate,
    reads=frozenset(("publications",)),
    breaks=breaking("cdc"),
    implied_by=frozenset(("cdc",)),
)

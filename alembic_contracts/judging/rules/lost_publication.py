"""A table that is replicated stays in the publications that include it."""

from collections.abc import Iterator
from typing import cast

from alembic_contracts.contracts.contract import Fact, Publication
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Rule, Subject, Unknown, breaking, not_printed
from alembic_contracts.schemas.schema import Access, Published, Sending, Table

Loss = str | Unknown | None


def _loss(before: Published, after: Published | None, stated: Publication | None, subject: Subject) -> Loss:
    """Return what consumers of a publication no longer get beside what is stated, or why that is not known."""
    if after is None:
        return None if stated is not None else f"no longer in publication {before.publication}"
    gone = [] if stated is not None and stated.columns is not None else _gone(before, after, subject)
    if gone:
        return f"in publication {before.publication} without {', '.join(gone)}"
    if after.row_filter is None or (stated is not None and stated.row_filter is not None):
        return None
    same = before.row_filter is not None and subject.dialect.same_expression(before.row_filter, after.row_filter)
    if same is None:
        return not_printed(f"the row filter {after.row_filter} of {cast('Table', subject.table).name}")
    return None if same else f"in publication {before.publication} with the new row filter {after.row_filter}"


def _gone(before: Published, after: Published, subject: Subject) -> list[str]:
    """Return the columns that the table has and had, which a publication no longer sends."""
    if after.columns is None:
        return []
    names = {column.name for column in cast("Table", subject.table).columns} - set(after.columns)
    if before.columns is not None:
        return sorted(names & set(before.columns))
    return sorted(name for name in names if subject.reference is not None and subject.reference.column(name))


def _unsent(publication: str, subject: Subject) -> Iterator[str]:
    """Yield what a publication that still includes a table no longer sends of it."""
    table, reference = cast("Table", subject.table), cast("Table", subject.reference)
    before, now = (each.sending.get(publication) for each in (subject.reference_access, subject.access))
    if before is None or now is None:
        return
    if lost := sorted(before.operations - now.operations):
        yield f"in publication {publication} without {' and '.join(lost)}"
    if before.via_root and not now.via_root and table.kind == "partitioned table":
        yield f"in publication {publication} by its partitions alone, not under its own name"
    published = next((each for each in table.publications if each.publication == publication), None)
    if before.generated and not now.generated and (published is None or published.columns is None):
        known = (each.name for each in table.columns if each.generated == "stored" and reference.column(each.name))
        if names := ", ".join(known):
            yield f"in publication {publication} without {names}"


def _lost_above(subject: Subject) -> Iterator[str]:
    """Yield the publications that a partition was in by what it was a partition of."""
    table, reference = cast("Table", subject.table), cast("Table", subject.reference)
    here = {each.publication for each in table.publications} | table.published_above
    for publication in sorted(reference.published_above):
        own = any(each.publication == publication for each in reference.publications)
        if publication not in here and not own:
            yield f"no longer in publication {publication}"
        newly = _by_root(subject.access, publication) and not _by_root(subject.reference_access, publication)
        if newly and publication in table.published_above:
            yield f"in publication {publication} under the name of the table that it is a partition of"


def _by_root(access: Access, publication: str) -> bool:
    return access.sending.get(publication, Sending()).via_root


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    stated = {
        each.expected.name: each.expected
        for each in subject.contract.facts
        if isinstance(each.expected, Publication) and each.table == fact.table
    }
    if subject.reference is None:
        return HOLDS
    before = subject.reference.publications
    now = {each.publication: each for each in cast("Table", subject.table).publications}
    losses = [_loss(each, now.get(each.publication), stated.get(each.publication), subject) for each in before]
    found = [loss for loss in losses if isinstance(loss, str)]
    found += _lost_above(subject)
    for name in sorted({*(each.publication for each in before), *subject.reference.published_above}):
        if name in now or name in cast("Table", subject.table).published_above:
            found += _unsent(name, subject)
    sent = [name for name in now if name in subject.reference_access.sending and name not in subject.access.sending]
    losses += [Unknown(f"what the publication {name} sends could not be worked out") for name in sent]
    unknown = next((loss for loss in losses if isinstance(loss, Unknown)), HOLDS)
    return Differs(", ".join(found), items=frozenset(found)) if found else unknown


RULE = Rule(
    id="lost-publication",
    summary="The table stays in its publications, with all columns, rows and kinds of changes.",
    description=(
        "Consumers of changes get nothing more of a table that leaves their publication, and no error. Publications "
        "follow the table itself, not its name: a table that takes another one's place is in none, and a partition "
        "that is detached leaves those of its partitioned table. Contracts of change data capture rely on it; state "
        "`publications` to say which. What is sent counts for those as well: the operations of publish, the name of "
        "publish_via_partition_root, publish_generated_columns. Source: pg_publication_rel, pg_publication."
    ),
    cause="{table} is {actual}.",
    consequence="Its changes silently no longer reach those who replicate it, or only in part.",
    remedy=(
        "Put it back in the same revision, with ALTER PUBLICATION: ADD TABLE {table}, or SET for what it sends.\n"
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

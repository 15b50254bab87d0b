"""A course and the releases that have to go on running through it in, what of theirs breaks out, added to a report.

A release was made for the schema that its own revisions lead to. Whatever held there has to hold at the end of the run,
no matter which revision takes it away, one of the run or one that the database has already.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.contracts.contract import Contract, Fact, Owner
from alembic_contracts.documents.document import ContractLocation
from alembic_contracts.errors import CannotCheck
from alembic_contracts.judging import elsewhere, engine
from alembic_contracts.judging.violations import Notice, Report, Violation
from alembic_contracts.running import bases
from alembic_contracts.running.pending import Run, script_of
from alembic_contracts.running.release_contracts import contract_of, mapped
from alembic_contracts.running.revisions import upgrade_steps
from alembic_contracts.schemas.schema import Name, Schema
from alembic_contracts.schemas.steps import Operation, Prediction, Step, Unproven

if TYPE_CHECKING:
    from alembic_contracts.dialects import Dialect
    from alembic_contracts.inference.metadata.tables import MappedTable
    from alembic_contracts.running.courses import Course
    from alembic_contracts.running.terms import Release, Released, Terms

__all__ = ["added"]


def added(report: Report, course: Course, terms: Terms, policy: engine.Policy) -> Report:
    """Return a report with what the releases of some terms say.

    Args:
        report: on the contracts.
        course: the schemas that the run goes through.
        terms: has the releases.
        policy: how the contracts are judged.
    """
    for release in terms.releases:
        for released in release.databases:
            report = _together(report, _judged(release, released, course, policy))
        if not release.databases:
            name = " or ".join(sorted(terms.names))
            notice = Notice(f"release {release.ref} has no models for the database {name}, as its env.py calls them.")
            report = replace(report, notices=(*report.notices, notice))
    return report


def _together(one: Report, other: Report) -> Report:
    return replace(
        one,
        violations=(*one.violations, *other.violations),
        unproven=tuple(dict.fromkeys((*one.unproven, *other.unproven))),
        in_doubt=tuple(dict.fromkeys((*one.in_doubt, *other.in_doubt))),
        notices=(*one.notices, *other.notices),
        contracts=tuple(dict.fromkeys((*one.contracts, *other.contracts))),
        checked=replace(
            one.checked,
            contracts=one.checked.contracts + other.checked.contracts,
            facts=one.checked.facts + other.checked.facts,
            tables=max(one.checked.tables, other.checked.tables),
        ),
    )


def _judged(release: Release, released: Released, course: Course, policy: engine.Policy) -> Report:
    dialect = course.dialect
    released = _foreseen(release, released, dialect)
    predictions, doubts = _since(release, released, course)
    predictions = _spelled(predictions, mapped(released, predictions[0].before), dialect)
    schema = predictions[0].before
    policy = replace(policy, scope="target")
    contract = dataclasses.replace(contract_of(release, released, schema, dialect), kind=dialect.KIND)
    contract = _without_standing(contract, schema, dialect, policy)
    report = _report(contract, predictions, dialect, policy)
    return replace(
        report,
        violations=tuple(_told(violation, release, released, dialect) for violation in report.violations),
        unproven=(*report.unproven, *doubts),
        notices=(*_notices(release, released, schema, predictions[0].after, doubted=bool(doubts)), *report.notices),
    )


def _report(contract: Contract, predictions: Sequence[Prediction], dialect: Dialect, policy: engine.Policy) -> Report:
    """Judge what a release uses, as contracts about this kind of database are held on it."""
    [group] = elsewhere.held((contract,), dialect, policy.severities, "shape")
    policy = replace(policy, severities=group.severities)
    return engine.judge(group.contracts, group.seen(predictions), dialect=group.dialect, policy=policy)


def _foreseen(release: Release, released: Released, dialect: Dialect) -> Released:
    """Return a release as this kind of database has it; one whose models cannot be read by its revisions there."""
    if released.tables is not None or released.kind == dialect.KIND:
        return released.on(dialect)
    schema, doubts, file = release.again(released.database, dialect.KIND)
    return replace(released, schema=schema, doubts=doubts, file=file, kind=dialect.KIND)


def _spelled(
    predictions: Sequence[Prediction], tables: Iterable[MappedTable], dialect: Dialect
) -> tuple[Prediction, ...]:
    """Return the predictions in the models' names, where a database ignores the case of names."""
    named = Contract(
        namespace="release",
        name="",
        owner=Owner(""),
        location=ContractLocation("", (1, 1)),
        kind=dialect.KIND,
        facts=tuple(
            Fact("column-exists", table.name, column.name, None, ContractLocation("", (1, 1)))
            for table in tables
            for column in table.columns
        ),
    )
    alike = elsewhere.aligned((named,), dialect, ())
    return tuple(map(alike.prediction, predictions))


def _without_standing(contract: Contract, schema: Schema, dialect: Dialect, policy: engine.Policy) -> Contract:
    """Return the contract without what does not hold in the schema that the release was made for either."""
    now = _report(contract, [Prediction(before=schema, steps=())], dialect, policy)
    standing = {(each.rule, each.table, each.column) for found in now.violations for each in found.parts}

    def holds(fact: Fact) -> bool:
        return (fact.rule, fact.table, fact.column) not in standing

    return dataclasses.replace(contract, facts=tuple(filter(holds, contract.facts)))


# -- from where --------------------------------------------------------------------------------------------------------


def _since(release: Release, released: Released, course: Course) -> tuple[tuple[Prediction, ...], tuple[Unproven, ...]]:
    """Return the ways in which the run goes from what the release was made for, and what is not known of that."""
    count = _aligned(release, course.run)
    if count is not None:
        return tuple(each.since(count) for each in course.predictions), ()
    schema, doubts = released.schema, released.doubts
    if schema is None:
        try:
            schema, doubts, _ = release.again(released.database, course.dialect.KIND)
        except CannotCheck as error:
            if course.dialect.FORESIGHT != "none":
                raise
            schema, doubts = Schema(), (str(error),)
    there = _shown(schema, released.names)
    unproven = tuple(
        Unproven(f"what the revisions of {release.ref} lead to is not wholly known: {doubt}", None) for doubt in doubts
    )
    return tuple(
        replace(each, before=there, steps=(Step("", (Operation(None, "", each.before),)), *each.steps))
        for each in course.predictions
    ), unproven


def _shown(schema: Schema, names: frozenset[Name]) -> Schema:
    return replace(schema, tables={name: table for name, table in schema.tables.items() if name in names})


def _aligned(release: Release, run: Run) -> int | None:
    """Return after how many steps of a run all revisions of a release are applied and no other, None if never.

    Their scripts are the same as there, and so is all that is beside them.
    """
    if not release.revisions:
        return None
    script = script_of(run.context)
    heads = run.snapshot.revisions if run.snapshot is not None else ()
    if run.connection is not None:
        heads = run.context.get_current_heads()
    before = {step.revision.revision for step in upgrade_steps(script, heads, ())} if heads else set()
    before |= {step.revision.revision for step in run.history}
    known = bases.known_steps(release.tree, script, run.steps)
    for count in range(known + 1):
        if before | {step.revision.revision for step in run.steps[:count]} == release.revisions:
            return count
    return None


# -- what to say -------------------------------------------------------------------------------------------------------


_STILL = {
    "column-identity": "inserts into",
    "column-generated": "inserts into",
    "new-constraint": "inserts into",
    "required-column": "inserts into",
    "published-key": "updates",
    "primary-key": "relies on the key of",
    "unique": "relies on a key of",
}


def _told(violation: Violation, release: Release, released: Released, dialect: Dialect) -> Violation:
    """Return a violation that says which line of the release it is that breaks."""
    at = violation.contract_location
    place = f"{at.file}:{at.line}"
    is_usual = violation.table.schema == dialect.DEFAULT_SCHEMA
    table = violation.table.name if is_usual else str(violation.table)
    what = table if violation.column is None else f"{table}.{violation.column}"
    if violation.rule == "column-nullable" and violation.actual == "NOT NULL":
        does = f"inserts NULL into {what}"
    elif violation.rule == "column-default":
        does = f"leaves {what} to the server"
    else:
        does = f"{_STILL.get(violation.rule, 'selects')} {what}"
    may = "still" if released.tables is not None else "may still use what its revisions made, and then"
    message = f"release {release.ref} {may} {does} ({place}): {violation.message}"
    stated, instead = f"{place} at {release.ref}", "the release in service"
    return replace(
        violation,
        introduced=violation.location is not None,  # else the database, not a revision of the run, has it so already
        message=message.replace(stated, instead),
        remedy=violation.remedy.replace(stated, instead),
        folded=tuple(_told(each, release, released, dialect) for each in violation.folded),
    )


def _notices(release: Release, released: Released, before: Schema, after: Schema, *, doubted: bool) -> Iterator[Notice]:
    if released.tables is None:
        yield Notice(
            f"The models at {release.ref} cannot be read: {released.reason}. The schema that its own revisions lead to "
            "stands in for them, with all of its columns."
        )
    tables = mapped(released, before)
    if tables and before.tables.keys().isdisjoint(table.name for table in tables) and not doubted:
        yield Notice(
            f"The revisions of {release.ref} make none of the {len(tables)} tables of its models, so none is looked at."
        )
    for table in tables:
        was, now = before.tables.get(table.name), after.tables.get(table.name)
        if was is None or now is None or not now.complete:
            continue
        for column in table.columns:
            is_gone = was.column(column.name) is not None and now.column(column.name) is None
            if column.deferred and column.inserted and is_gone:
                yield Notice(
                    f"release {release.ref} selects {table.name.name}.{column.name} only on demand ({column.place}), "
                    "so it does not count as used; but its INSERTs name it, and fail."
                )

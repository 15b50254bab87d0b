"""A course and the terms it is held to in, the verdict out, as a ``Report``: what the guard and the commands share."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts import dialects
from alembic_contracts.contracts import waivers
from alembic_contracts.judging import engine
from alembic_contracts.judging.violations import Notice, Phase, Report, Violation
from alembic_contracts.running.courses import follow
from alembic_contracts.running.pending import script_of
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.steps import Prediction, Step
from alembic_contracts.support.paths import shown

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from alembic_contracts.contracts.contract import Contract, Waiver
    from alembic_contracts.dialects import Asked, Dialect
    from alembic_contracts.judging.elsewhere import Held
    from alembic_contracts.running.courses import Course
    from alembic_contracts.running.pending import Run
    from alembic_contracts.running.terms import Terms
    from alembic_contracts.schemas.schema import Schema
    from alembic_contracts.support.terminal import Progress

__all__ = ["examine", "foresee", "groups_of", "judge", "judge_now", "judge_state", "policy_of"]


def policy_of(run: Run, terms: Terms, *, phase: Phase, scope: engine.Scope) -> engine.Policy:
    """Return how a run is judged.

    Args:
        run: what is pending; says where it commits, and whether it ends at a head.
        terms: the severities of rules, and the day that sunsets are compared with.
        phase: which question is asked; goes into the report.
        scope: which breaks the run answers for.
    """
    return engine.Policy(
        phase=phase,
        scope=scope,
        ends_at_head=run.ends_at_head,
        commits_each_revision=run.commits_each_revision,
        severities=terms.settings.rules,
        today=terms.today,
    )


def judge(course: Course, terms: Terms, policy: engine.Policy, *, foreseen: Sequence[Prediction] = ()) -> Report:
    """Return the verdict on a course by the contracts of the working tree alone, but for tables that are unread.

    ``foreseen``: where the run was to lead, where the course is what is known by now.
    """
    unread = course.sight.unread if course.sight is not None else frozenset[Name]()
    return _placed(_judged(terms, course.predictions, course.dialect, policy, unread, foreseen=foreseen), terms)


def _placed(report: Report, terms: Terms) -> Report:
    """Return a report that says where waivers can be written, as the files are now."""
    return replace(report, waivers=waivers.places(terms.settings.contracts)) if report.violations else report


def examine(course: Course, terms: Terms, *, phase: Phase, scope: engine.Scope) -> Report:
    """Return the verdict on a course by all contracts, those of the base included, and what is to be said beside it.

    Args:
        course: the schemas that a run goes through.
        terms: settings and contracts.
        phase: which question is asked; goes into the report.
        scope: which breaks the run answers for.
    """
    policy = policy_of(course.run, terms, phase=phase, scope=scope)
    is_known = course.dialect.FORESIGHT == "copy" and course.anew is not None
    report = _remembered(course, terms, policy) if is_known else judge(course, terms, policy)
    report = replace(report, notices=(*_notices(course, terms), *report.notices))
    if terms.base is not None:
        report = _with_base(report, course, terms, policy)
    if not terms.releases:
        return report
    from alembic_contracts.running import release_verdicts

    return release_verdicts.added(report, course, terms, policy)


def foresee(
    run: Run, terms: Terms, *, asked: Asked | None, scope: engine.Scope, progress: Progress | None
) -> tuple[Course, Report]:
    """Return where pending revisions lead, and the verdict on it before the first of them runs.

    Args:
        run: the revisions, and where they start from.
        terms: settings and contracts.
        asked: what has to be known of tables to judge them by these; None: everything.
        scope: which breaks the run answers for.
        progress: told of every revision that has been predicted.

    Raises:
        CannotCheck: where they lead cannot be found out.
    """
    url = terms.settings.shadow_url
    course = follow(run, terms.places(run.dialect), asked=asked, shadow_url=url, progress=progress)
    if course.dialect.FORESIGHT == "none":
        from alembic_contracts.running import unheld

        return course, unheld.foreseen(run)
    report = examine(course, terms, phase="before", scope=scope)
    if course.anew is not None and report.violations:  # nothing is said to be broken by what scripts did once
        course = course.anew(progress)
        report = examine(course, terms, phase="before", scope=scope)
    return course, report


def _remembered(course: Course, terms: Terms, policy: engine.Policy) -> Report:
    """Return the verdict on a course, which may be known of the same one in another database of a test suite."""
    from alembic_contracts.running.remembered import Judged, verdict

    judged = Judged(course.predictions, terms.contracts, terms.waivers, terms.settings, policy)
    return _placed(verdict(judged, lambda: judge(course, terms, policy)), terms)


def judge_state(
    course: Course,
    terms: Terms,
    *,
    scope: engine.Scope,
    since: Sequence[Step],
    ends: bool,
    tables: frozenset[Name] | None = None,
    standing: bool = True,
    groups: tuple[Held, ...] = (),
) -> Report:
    """Return the verdict on a schema that was observed while a run went on, or after it.

    Args:
        course: what was examined before the run; its start is what held before.
        terms: settings and contracts.
        scope: which breaks the run answers for.
        since: what has been done since; the operations say where, and what was observed after them, last of all now.
        ends: whether the run is through.
        tables: whose facts need a verdict; None: all.
        standing: whether facts that did not hold before either are told.
        groups: the contracts as they are held there, where that is known (``groups_of``).
    """
    policy = policy_of(course.run, terms, phase="commit", scope=scope)
    ends = policy.ends_at_head and ends
    policy = replace(policy, ends_at_head=ends, commits_each_revision=False, tables=tables, standing=standing)
    observed, before, unread = since[-1].operations[-1].after, course.before, frozenset[Name]()
    if course.sight is not None and course.sight.unread and course.run.connection is not None:
        unread = course.sight.unread
        before = course.dialect.completed(course.run.connection, course.sight, observed)
    done, foreseen = (Prediction(before=before, steps=tuple(since)),), course.predictions
    report = _judged(terms, done, course.dialect, policy, frozenset(), foreseen=foreseen, groups=groups)
    # Where another session has had a lock all along, what it hides is at least the same as before.
    shown = tuple(v for v in report.violations if v.introduced or v.table not in unread)
    return _placed(replace(report, violations=shown), terms)


def judge_now(connection: Connection, terms: Terms) -> Report:
    """Return the verdict on the schema that a connection sees now, with nothing pending.

    Raises:
        CannotCheck: the database is one that cannot be checked.
    """
    dialect = dialects.of(connection.dialect.name, connection)
    policy = engine.Policy(
        phase="check", scope="target", ends_at_head=True, severities=terms.settings.rules, today=terms.today
    )
    observed = dialect.observe(connection, terms.places(dialect), lock_timeout=terms.settings.lock_timeout)
    return _judged(terms, [Prediction(before=observed, steps=())], dialect, policy, frozenset())


def _judged(
    terms: Terms,
    predictions: Sequence[Prediction],
    dialect: Dialect,
    policy: engine.Policy,
    unread: frozenset[Name],
    *,
    foreseen: Sequence[Prediction] = (),
    groups: tuple[Held, ...] = (),
) -> Report:
    """Return the verdict by the contracts of the working tree, each as it is held on this kind of database."""
    contracts, reports = _without(terms.contracts, unread), []
    if _is_held_as_it_is(contracts, dialect):
        return engine.judge(contracts, predictions, dialect=dialect, policy=policy, waivers=terms.waivers)
    from alembic_contracts.dialects.casing import fold_name
    from alembic_contracts.judging.merging import merged
    from alembic_contracts.judging.shape import is_same

    groups = groups or _groups(contracts, dialect, terms)
    for each in groups:
        seen = each.seen(predictions)
        group = each.shown(seen, foreseen)
        report = engine.judge(
            group.contracts,
            seen,
            dialect=group.dialect,
            policy=replace(policy, severities=group.severities),
            waivers=tuple(_of_group(terms.waivers, group.contracts, contracts)),
        )
        untold = group.untold(seen[-1].after)
        if group.not_applicable or untold:
            facts, left = report.checked.facts - untold, group.not_applicable + untold
            checked = replace(report.checked, facts=facts, not_applicable=left, unheld_on=dialect.KIND)
            report = replace(report, checked=checked, unheld=group.unheld)
        if not all(is_same(contract.kind, dialect.KIND) for contract in group.contracts):
            marked = tuple(replace(violation, is_elsewhere=True) for violation in report.violations)
            report = replace(report, violations=marked)
        reports.append(report)
    if len(reports) == 1:
        return reports[0]
    # The groups can have tables in common, by other spellings too.
    tables = {fold_name(table) for group in groups for contract in group.contracts for table in contract.tables}
    whole = merged(reports)
    return replace(whole, checked=replace(whole.checked, tables=len(tables)))


def groups_of(terms: Terms, dialect: Dialect) -> tuple[Held, ...]:
    """Return the contracts as they are held on a kind of database; none where each is held as it is there.

    They know what was seen of a database by the names that contracts have, so that it is told once in a run.
    """
    return () if _is_held_as_it_is(terms.contracts, dialect) else _groups(terms.contracts, dialect, terms)


def _is_held_as_it_is(contracts: Sequence[Contract], dialect: Dialect) -> bool:
    return dialect.FORESIGHT == "catalog" and all(contract.kind == dialect.KIND for contract in contracts)


def _groups(contracts: Sequence[Contract], dialect: Dialect, terms: Terms) -> tuple[Held, ...]:
    from alembic_contracts.judging import elsewhere

    return elsewhere.held(contracts, dialect, terms.settings.rules, terms.settings.elsewhere)


def _of_group(waivers: Iterable[Waiver], group: Iterable[Contract], contracts: Iterable[Contract]) -> Iterator[Waiver]:
    """Yield what is waived of some contracts, and of none at all: nothing is said of what is not applicable here."""
    stated, held = ({each.id: {fact.id for fact in each.facts} for each in some} for some in (contracts, group))
    for waiver in waivers:
        facts = stated.get(waiver.contract)
        if facts is None or (waiver.contract in held and waiver.fact not in facts - held[waiver.contract]):
            yield waiver


def _without(contracts: Sequence[Contract], tables: frozenset[Name]) -> tuple[Contract, ...]:
    """Return contracts without what they say of some tables."""
    if not tables:
        return tuple(contracts)
    return tuple(
        dataclasses.replace(contract, facts=tuple(fact for fact in contract.facts if fact.table not in tables))
        for contract in contracts
    )


# -- contracts of a git ref --------------------------------------------------------------------------------------------


def _with_base(report: Report, course: Course, terms: Terms, policy: engine.Policy) -> Report:
    """Return one report; what both sets of contracts say is said once, by the branch's."""
    from alembic_contracts.running import bases

    assert terms.base is not None  # noqa: S101 - looked at before
    rewritten = bases.is_rewritten(terms.base.tree, script_of(course.run.context))
    of_base = _of_base(course, terms, policy, rewritten=rewritten)
    said = {_what(part) for v in report.violations if v.severity == "error" for part in v.parts}
    more = [v for v in of_base.violations if (v.introduced or v.waiver or rewritten) and _what(v) not in said]
    added = {_what(violation) for violation in more}
    return replace(
        report,
        violations=(*(v for v in report.violations if _what(v) not in added), *more),
        unproven=tuple(dict.fromkeys((*report.unproven, *of_base.unproven))),
        in_doubt=tuple(dict.fromkeys((*report.in_doubt, *of_base.in_doubt))),
        contracts=tuple(dict.fromkeys((*report.contracts, *of_base.contracts))),
        checked=replace(
            report.checked,
            contracts=len({*report.contracts, *of_base.contracts}),
            facts=max(report.checked.facts, of_base.checked.facts),
            tables=max(report.checked.tables, of_base.checked.tables),
        ),
    )


def _of_base(course: Course, terms: Terms, policy: engine.Policy, *, rewritten: bool) -> Report:
    """Judge the base's contracts by what the branch's own revisions do: whatever held before these has to hold.

    Where the branch has taken revisions of the base away, what held there is not known, so all of it has to.
    """
    from alembic_contracts.running import bases

    assert terms.base is not None  # noqa: S101 - looked at before
    there = terms.base.terms
    known = bases.known_steps(terms.base.tree, script_of(course.run.context), course.run.steps)
    ours = tuple(each.since(known) for each in course.predictions)
    return judge(
        replace(course, predictions=ours),
        replace(there, waivers=(*there.waivers, *terms.waivers)),
        replace(policy, scope="target" if rewritten else "introduced", severities=there.settings.rules),
    )


def _what(violation: Violation) -> tuple[object, ...]:
    return violation.contract, violation.rule, violation.table, violation.column


# -- what is said beside the verdict -----------------------------------------------------------------------------------


def _notices(course: Course, terms: Terms) -> Iterator[Notice]:
    yield from course.notices
    if course.run.postponed is not None:
        yield Notice(str(course.run.postponed))
    if course.observed is not None:
        yield from _of_another_database(terms, course.observed)
    snapshot = course.run.snapshot
    if snapshot is not None and snapshot.file is not None:
        at = ", ".join(snapshot.revisions)
        yield Notice(f"Predicted from the snapshot {shown(snapshot.file)} at {at}; --from base starts without it.")
    if terms.settings.today is not None:
        yield Notice(f"Judged as of {terms.today:%Y-%m-%d}, which ALEMBIC_CONTRACTS_TODAY sets.")


def _of_another_database(terms: Terms, observed: Schema) -> Iterator[Notice]:
    """Say once that contracts name another database than this one."""
    if observed.catalog is None:
        return
    names = {None, observed.catalog, *terms.names}
    strangers = [contract for contract in terms.contracts if contract.catalog not in names]
    if strangers:
        named = ", ".join(sorted({repr(contract.catalog) for contract in strangers}))
        subject = f"The contract {strangers[0].id} names" if len(strangers) == 1 else f"{len(strangers)} contracts name"
        message = f"{subject} the database {named} as table_catalog; checked against {observed.catalog!r} all the same."
        yield Notice(message, strangers[0].location)

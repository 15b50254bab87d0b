"""Contracts and the schemas that a run goes through in, the verdict out as a ``Report``.

What counts as broken, born broken, standing or unproven is decided for each fact in ``verdicts``; here the verdicts
become a report: each once, without what another one says already, and with what waivers and sunsets permit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from alembic_contracts.contracts.contract import Contract, Fact, Waiver
from alembic_contracts.dialects import Dialect
from alembic_contracts.judging import permits, rules
from alembic_contracts.judging.moments import histories, points
from alembic_contracts.judging.verdicts import SIDES, Case, Course, Policy, Scope
from alembic_contracts.judging.violations import Checked, Notice, Reliance, Report, Violation
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.steps import Location, Prediction, Unproven

__all__ = ["Policy", "Scope", "facts_of", "judge"]


def judge(
    contracts: Sequence[Contract],
    predictions: Sequence[Prediction],
    *,
    dialect: Dialect,
    policy: Policy,
    waivers: Sequence[Waiver] = (),
    notices: tuple[Notice, ...] = (),
) -> Report:
    """Compare every fact of every contract with the schemas that the run goes through.

    Args:
        contracts: what must be kept.
        predictions: the ways in which the run can go; a break in any of them counts.
        dialect: knows the type names of the database.
        policy: which breaks count, and how much.
        waivers: permissions to break single facts.
        notices: added to the report as they are.

    Returns:
        the report: violations and what is unproven, each once, in the order of the contracts.
    """
    facts = {contract: tuple(facts_of(contract, policy.severities)) for contract in contracts}
    violations, unproven, doubted = _found(facts, predictions, dialect, policy)
    permitted = permits.apply(tuple(_folded(violations)), contracts, waivers, policy.today)
    told = {(v.table, v.column) for v in permitted.violations if v.transient}
    retyped = () if policy.phase == "commit" else _retyped(facts, predictions, dialect, told)
    return Report(
        phase=policy.phase,
        violations=_by_cause(permitted.violations),
        unproven=unproven,
        notices=(*notices, *permitted.notices, *retyped),
        contracts=tuple(dict.fromkeys(contract.id for contract in contracts)),
        checked=_checked(facts, predictions),
        in_doubt=tuple(_in_doubt(facts, doubted)),
    )


def _found(
    facts: dict[Contract, tuple[Fact, ...]], predictions: Sequence[Prediction], dialect: Dialect, policy: Policy
) -> tuple[tuple[Violation, ...], tuple[Unproven, ...], set[Name] | None]:
    """Return each broken fact once, at its worst in any of the ways; each of what is unproven once; and its tables.

    Of what is unproven no table is kept, so that it is said once; None: it may concern any.
    """
    violations: dict[tuple[Contract, Fact], Violation] = {}
    unproven: dict[Unproven, None] = {}
    doubted: set[Name] | None = set()
    for prediction in predictions:
        for each in _about(prediction.unproven, facts):
            unproven[replace(each, tables=None)] = None
            doubted = None if doubted is None or each.tables is None else doubted | each.tables
        elsewhere = _elsewhere(prediction, predictions)
        for key, finding in _findings(facts, prediction, dialect, policy):
            if prediction.cut is not None and (isinstance(finding, Unproven) or finding.location in elsewhere):
                continue
            if isinstance(finding, Unproven):
                unproven[finding] = None
                doubted = None if doubted is None else doubted | {key[1].table}
            elif key not in violations or (finding.introduced and not violations[key].introduced):
                violations[key] = finding
    return tuple(violations.values()), tuple(unproven), doubted


def _in_doubt(facts: dict[Contract, tuple[Fact, ...]], tables: set[Name] | None) -> Iterator[Reliance]:
    """Yield which contract relies on which of the tables (None: any), each once."""
    for contract, stated in facts.items():
        for table in dict.fromkeys(fact.table for fact in stated):
            if tables is None or table in tables:
                yield Reliance(table, contract.id, contract.owner)


def _elsewhere(prediction: Prediction, predictions: Sequence[Prediction]) -> set[Location | None]:
    """Return the places of a prediction that is cut where the same happens in one that goes on.

    There the one that goes on has the verdict: it knows what comes after.
    """
    if prediction.cut is None:
        return set()
    whole = [each for each in predictions if each.cut is None]
    common = {(o.location, o.label) for each in whole for step in each.steps for o in step.operations}
    here = [(o.location, o.label) for step in prediction.steps for o in step.operations]
    return {None} | {location for location, _ in here} - {each[0] for each in here if each not in common}


def _checked(facts: dict[Contract, tuple[Fact, ...]], predictions: Sequence[Prediction]) -> Checked:
    return Checked(
        contracts=len({contract.id for contract in facts}),
        tables=len({fact.table for each in facts.values() for fact in each}),
        facts=sum(map(len, facts.values())),
        revisions=max((len(prediction.steps) for prediction in predictions), default=0),
    )


def _about(unproven: Iterable[Unproven], facts: dict[Contract, tuple[Fact, ...]]) -> Iterator[Unproven]:
    """Yield what may concern a contracted table."""
    tables = {fact.table for each in facts.values() for fact in each}
    for each in unproven:
        if each.tables is None or not tables.isdisjoint(each.tables):
            yield each


def _retyped(
    facts: dict[Contract, tuple[Fact, ...]],
    predictions: Sequence[Prediction],
    dialect: Dialect,
    told: set[tuple[Name, str | None]],
) -> Iterator[Notice]:
    """Yield a notice for each contracted column whose type changes without breaking anybody for good."""
    columns = {(f.table, f.column): f for each in facts.values() for f in each if f.rule == "column-exists"}
    for (table, name), fact in columns.items():
        if name is None or (table, name) in told:
            continue
        for prediction in predictions:
            before, after = prediction.before.tables.get(table), prediction.after.tables.get(table)
            one = before.column(name) if before is not None else None
            other = after.column(name) if after is not None else None
            if one is None or other is None or one.type is None or other.type is None or one.type == other.type:
                continue
            types = f"{dialect.format_type(one.type)} to {dialect.format_type(other.type)}"
            message = f"{fact.place} changes its type from {types}: open prepared statements that use it fail once."
            yield Notice(message, fact.location)
            break


def facts_of(contract: Contract, severities: Mapping[str, str]) -> Iterator[Fact]:
    """Yield what a contract relies on, stated or not, without what is switched off (by rule) or ended."""
    if contract.stage == "retired":
        return
    for fact in (*contract.facts, *rules.implied(contract)):
        if severities.get(fact.rule) != "off":
            yield fact


def _findings(
    facts: dict[Contract, tuple[Fact, ...]], prediction: Prediction, dialect: Dialect, policy: Policy
) -> Iterator[tuple[tuple[Contract, Fact], Violation | Unproven]]:
    tables = {fact.table for stated in facts.values() for fact in stated}
    told = histories(points(prediction, commits_each_revision=policy.commits_each_revision), tables)
    known = rules.load()
    for contract, stated in facts.items():
        courses: dict[Name, Course] = {}
        for fact in stated:
            if fact.table not in courses:
                courses[fact.table] = Course(contract, told[fact.table], policy=policy, dialect=dialect)
            finding = Case(courses[fact.table], fact, known[fact.rule]).finding()
            if finding is not None:
                yield (contract, fact), finding


def _folded(violations: Iterable[Violation]) -> Iterator[Violation]:
    """Yield the violations without those that only say again that the table or the column is absent."""
    found = list(violations)
    gone_tables = {(v.contract, v.table): v for v in found if v.rule == "table-exists"}
    gone_columns = {(v.contract, v.table, v.column): v for v in found if v.rule == "column-exists"}
    for violation in found:
        table = gone_tables.get((violation.contract, violation.table))
        column = gone_columns.get((violation.contract, violation.table, violation.column))
        covers = [other for other in (table, column) if other is not None and other is not violation]
        if violation.actual == "absent" and any(_covers(other, violation) for other in covers):
            continue
        yield violation


def _by_cause(violations: Sequence[Violation]) -> tuple[Violation, ...]:
    """Return the violations, of those that one change of a column's type has caused the worst with the others in it."""
    causes: dict[object, list[Violation]] = {}
    for violation in violations:
        causes.setdefault(_cause(violation), []).append(violation)
    return tuple(map(_one, causes.values()))


def _cause(violation: Violation) -> object:
    """Return what is the same for all that one change of a type has caused, and for nothing else."""
    if not rules.load()[violation.rule].about_types or violation.actual == "absent":
        return id(violation)
    where = (violation.contract, violation.at, violation.table, violation.column)
    return (*where, violation.introduced, violation.location, violation.sunset, violation.waiver)


def _one(same: Sequence[Violation]) -> Violation:
    first, *others = sorted(same, key=lambda v: (v.severity != "error", v.rule != "column-type"))
    breaks = tuple(side for side in SIDES if any(side in each.breaks for each in same))
    return replace(first, breaks=breaks, folded=tuple(others)) if others else first


def _covers(cover: Violation, violation: Violation) -> bool:
    """Whether the absence says it all; one that is standing does not hide what the run itself broke."""
    return cover.actual == "absent" and (cover.introduced or not violation.introduced)

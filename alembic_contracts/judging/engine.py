"""Contracts and the schemas that a run goes through in, the verdict out as a ``Report``.

What counts as broken, born broken, standing or unproven is decided for each fact in ``verdicts``; here the verdicts
become a report: each once, without what another one says already, and with what waivers and sunsets permit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.contracts.contract import Contract, Fact, Waiver
from alembic_contracts.dialects import Asked, Dialect, Part
from alembic_contracts.judging import permits, rules
from alembic_contracts.judging.moments import Course, History, histories, points
from alembic_contracts.judging.verdicts import SIDES, finding
from alembic_contracts.judging.violations import Checked, Notice, Policy, Reliance, Report, Scope, Violation
from alembic_contracts.schemas.schema import Name, Type
from alembic_contracts.schemas.steps import Location, Prediction, Unproven
from alembic_contracts.support.garbage import uncollected

__all__ = ["Policy", "Scope", "asked_of", "facts_of", "judge"]


@uncollected()
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
    held = [_held(contract, policy.severities) for contract in contracts]
    tables = frozenset(table for each in held for table in each.tables)
    violations, unproven, doubted = _found(held, tables, predictions, dialect, policy)
    folded = tuple(_folded(violations))
    permitted = permits.apply(folded, contracts, waivers, policy.today, is_proven=not unproven)
    told = {(v.table, v.column) for v in permitted.violations if v.transient}
    retyped = () if policy.phase == "commit" or not dialect.PLANS_FAIL else _retyped(held, predictions, dialect, told)
    return Report(
        phase=policy.phase,
        violations=_by_cause(permitted.violations),
        unproven=unproven,
        notices=(*notices, *permitted.notices, *retyped),
        contracts=tuple(dict.fromkeys(contract.id for contract in contracts)),
        checked=Checked(
            contracts=len({contract.id for contract in contracts}),
            tables=len(tables),
            facts=sum(len(each.facts) for each in held),
            revisions=max((len({step.revision for step in each.steps}) for each in predictions), default=0),
        ),
        in_doubt=tuple(_in_doubt(held, doubted)),
        database=dialect.NAME,
    )


class _Held(Struct, frozen=True):
    """A contract with all that it relies on."""

    contract: Contract
    facts: tuple[Fact, ...]
    tables: tuple[Name, ...]
    """That the facts are about, each once."""


def _held(contract: Contract, severities: Mapping[str, str]) -> _Held:
    facts = tuple(facts_of(contract, severities))
    return _Held(contract, facts, tuple(dict.fromkeys(fact.table for fact in facts)))


def _found(
    held: Sequence[_Held],
    tables: frozenset[Name],
    predictions: Sequence[Prediction],
    dialect: Dialect,
    policy: Policy,
) -> tuple[tuple[Violation, ...], tuple[Unproven, ...], set[Name] | None]:
    """Return each broken fact once, at its worst in any of the ways; each of what is unproven once; and its tables.

    Of what is unproven no table is kept, so that it is said once; None: it may concern any.
    """
    violations: dict[tuple[int, Fact], Violation] = {}  # by the contract's place
    unproven: dict[Unproven, None] = {}
    doubted, any_table = set[Name](), False
    for prediction in predictions:
        for each in _about(prediction.unproven, tables) if tables else ():  # of nothing there is no doubt
            unproven[replace(each, tables=None)] = None
            doubted |= each.tables or set()
            any_table |= each.tables is None
        elsewhere = _elsewhere(prediction, predictions)
        for key, found in _findings(held, tables, prediction, dialect, policy):
            if prediction.cut is not None and (isinstance(found, Unproven) or found.location in elsewhere):
                continue
            if isinstance(found, Unproven):
                unproven[found] = None
                doubted.add(key[1].table)
            elif key not in violations or (found.introduced and not violations[key].introduced):
                violations[key] = found
    return tuple(violations.values()), tuple(unproven), None if any_table else doubted


def _in_doubt(held: Iterable[_Held], tables: set[Name] | None) -> Iterator[Reliance]:
    """Yield which contract relies on which of the tables (None: any), each once."""
    for each in held:
        for table in each.tables:
            if tables is None or table in tables:
                yield Reliance(table, each.contract.id, each.contract.owner)


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


def _about(unproven: Iterable[Unproven], tables: frozenset[Name]) -> Iterator[Unproven]:
    """Yield what may concern a contracted table."""
    for each in unproven:
        if each.tables is None or not tables.isdisjoint(each.tables):
            yield each


def _retyped(
    held: Iterable[_Held],
    predictions: Sequence[Prediction],
    dialect: Dialect,
    told: set[tuple[Name, str | None]],
) -> Iterator[Notice]:
    """Yield a notice for each contracted column whose type changes without breaking anybody for good."""
    retyped: dict[tuple[Name, str], tuple[Type, Type]] = {}
    for prediction in reversed(predictions):  # of several ways the first one counts
        retyped |= _types_that_change(prediction)
    if not retyped:
        return
    columns = {(f.table, f.column): f for each in held for f in each.facts if f.rule == "column-exists"}
    for (table, name), fact in columns.items():
        if name is None or (table, name) in told or (table, name) not in retyped:
            continue
        types = " to ".join(map(dialect.format_type, retyped[table, name]))
        message = f"{fact.place} changes its type from {types}: open prepared statements that use it fail once."
        yield Notice(message, fact.location)


def _types_that_change(prediction: Prediction) -> dict[tuple[Name, str], tuple[Type, Type]]:
    """Return the types of columns before and after a run that gives them others, as far as both are known."""
    tables, found = prediction.after.tables, {}
    for name, before in prediction.before.tables.items():
        after = tables.get(name)
        if after is None or after is before:
            continue
        types = {column.name: column.type for column in before.columns}
        for column in after.columns:
            old = types.get(column.name)
            if old is not None and column.type is not None and old != column.type:
                found[name, column.name] = old, column.type
    return found


def facts_of(contract: Contract, severities: Mapping[str, str]) -> Iterator[Fact]:
    """Yield what a contract relies on, stated or not, without what is switched off (by rule) or ended."""
    if contract.stage == "retired":
        return
    for fact in (*contract.facts, *rules.implied(contract)):
        if severities.get(fact.rule) != "off":
            yield fact


def asked_of(contracts: Iterable[Contract], severities: Mapping[str, str]) -> Asked:
    """Return what has to be known of tables to judge them by contracts, and which types these name.

    Args:
        contracts: what must be kept.
        severities: of rules, which can be off.
    """
    known, parts, types = rules.load(), set[Part](), set[str]()
    for contract in contracts:
        for fact in facts_of(contract, severities):
            rule = known[fact.rule]
            parts |= rule.reads if contract.compatibility_of(fact.table) == "exact" else rule.reads | rule.weighs
            if isinstance(fact.expected, Type):
                types.add(fact.expected.name.name)
    return Asked(frozenset(parts), frozenset(types))


def _findings(
    held: Iterable[_Held], tables: frozenset[Name], prediction: Prediction, dialect: Dialect, policy: Policy
) -> Iterator[tuple[tuple[int, Fact], Violation | Unproven]]:
    judged = tables if policy.tables is None else tables & policy.tables
    moments = histories(points(prediction, commits_each_revision=policy.commits_each_revision), judged)
    told = {table: History(moments[table]) for table in moments}
    known = rules.load()
    for place, each in enumerate(held):
        about = judged.intersection(each.tables)
        if not about:
            continue
        courses = {table: Course(each.contract, told[table], policy=policy, dialect=dialect) for table in about}
        for fact in each.facts:
            found = finding(courses[fact.table], fact, known[fact.rule]) if fact.table in about else None
            if found is not None:
                yield (place, fact), found


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

"""Contracts and the schemas that a run goes through, compared: the verdict as a ``Report``.

What counts as broken, born broken, standing or unproven is the heart of the product; it is decided here and nowhere
else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from alembic_contracts import rules
from alembic_contracts.contract import Contract, Fact
from alembic_contracts.dialects import Dialect
from alembic_contracts.prediction.steps import Operation, Prediction
from alembic_contracts.rules import HOLDS, Differs, Holds, Outcome, Rule, Subject, Unknown
from alembic_contracts.schema import Name, Schema, Table
from alembic_contracts.violations import Checked, Location, Notice, Phase, Report, Severity, Unproven, Violation

__all__ = ["Policy", "Scope", "judge"]

Scope = Literal["introduced", "strict", "target"]
"""Which breaks a run answers for: its own, standing ones as well, or all at the end whatever held before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a run is judged."""

    phase: Phase
    scope: Scope
    ends_at_head: bool
    """Whether the run ends at a head: only then can a table be born broken."""
    commits_each_revision: bool = False
    """Whether the end of every revision is committed (transaction_per_migration, no transactional DDL)."""
    severities: Mapping[str, Literal["error", "warning", "off"]]
    """What the settings say of single rules."""


@dataclass(frozen=True, slots=True)
class _Moment:
    """A table at one point of the run, from ``operation`` (None: the start) until the next moment."""

    operation: Operation | None
    table: Table | None
    schema: Schema
    judged: bool


def judge(
    contracts: Sequence[Contract],
    predictions: Sequence[Prediction],
    *,
    dialect: Dialect,
    policy: Policy,
    notices: tuple[Notice, ...] = (),
) -> Report:
    """Compare every fact of every contract with the schemas that the run goes through.

    Args:
        contracts: what must be kept.
        predictions: the ways in which the run can go; a break in any of them counts.
        dialect: knows the type names of the database.
        policy: which breaks count, and how much.
        notices: added to the report as they are.

    Returns:
        the report: violations and what is unproven, each once, in the order of the contracts.
    """
    violations: dict[tuple[object, ...], Violation] = {}
    unproven: dict[Unproven, None] = {}
    for prediction in predictions:
        unproven.update(dict.fromkeys(prediction.unproven))
        for finding in _findings(contracts, prediction, dialect, policy):
            if isinstance(finding, Unproven):
                unproven[finding] = None
            else:
                key = (finding.contract, finding.rule, finding.table, finding.column)
                if key not in violations or (finding.introduced and not violations[key].introduced):
                    violations[key] = finding
    facts = [fact for contract in contracts for fact in contract.facts if _counts(fact, policy)]
    return Report(
        phase=policy.phase,
        violations=tuple(_folded(violations.values())),
        unproven=tuple(unproven),
        notices=notices,
        contracts=tuple(contract.id for contract in contracts),
        checked=Checked(
            contracts=len(contracts),
            tables=len({fact.table for fact in facts}),
            facts=len(facts),
            revisions=max((len(prediction.steps) for prediction in predictions), default=0),
        ),
    )


def _counts(fact: Fact, policy: Policy) -> bool:
    return policy.severities.get(fact.rule) != "off"


def _findings(
    contracts: Sequence[Contract], prediction: Prediction, dialect: Dialect, policy: Policy
) -> Iterator[Violation | Unproven]:
    points = list(_points(prediction, policy))
    histories: dict[Name, list[_Moment]] = {}
    for contract in contracts:
        for fact in contract.facts:
            if not _counts(fact, policy):
                continue
            if fact.table not in histories:
                histories[fact.table] = list(_moments(points, fact.table))
            history = histories[fact.table]
            rule = rules.load()[fact.rule]
            outcomes = [_evaluate(rule, fact, moment, dialect) for moment in history]
            finding = _Case(contract, fact, rule, history, outcomes, policy).finding(dialect)
            if finding is not None:
                yield finding


def _points(prediction: Prediction, policy: Policy) -> Iterator[tuple[Operation | None, Schema, bool]]:
    """Yield every point at which the schema changes or the run commits: operation, schema after it, judged."""
    schema = prediction.before
    yield None, schema, False
    for step in prediction.steps:
        for operation in step.operations:
            if operation.after is not schema or operation.commits:
                schema = operation.after
                yield operation, schema, operation.commits
        if policy.commits_each_revision:
            yield None, schema, True
    yield None, schema, True


def _moments(points: Iterable[tuple[Operation | None, Schema, bool]], name: Name) -> Iterator[_Moment]:
    """Yield the moments of one table: one for each change of it, judged if the run commits before the next."""
    current: _Moment | None = None
    for operation, schema, judged in points:
        table = schema.tables.get(name)
        if current is None or table is not current.table or schema.types is not current.schema.types:
            if current is not None:
                yield current
            current = _Moment(operation, table, schema, judged)
        elif judged and not current.judged:
            current = _Moment(current.operation, table, current.schema, judged=True)
    if current is not None:
        yield current


def _evaluate(rule: Rule, fact: Fact, moment: _Moment, dialect: Dialect) -> Outcome:
    table = moment.table
    if table is None and not (rule.judges_absence and fact.column is None):
        return Differs("absent")
    column = table.column(fact.column) if table is not None and fact.column is not None else None
    if table is not None and fact.column is not None and column is None and not rule.judges_absence:
        return Differs("absent") if table.complete else Unknown(f"the columns of {table.name} could not be worked out")
    return rule.evaluate(fact, Subject(table, column, moment.schema.types, dialect))


@dataclass(frozen=True, slots=True)
class _Case:
    """One fact, all the moments of its table, and whether it held at each."""

    contract: Contract
    fact: Fact
    rule: Rule
    history: Sequence[_Moment]
    outcomes: Sequence[Outcome]
    policy: Policy

    def finding(self, dialect: Dialect) -> Violation | Unproven | None:
        """Return the verdict: None where the fact is kept."""
        end = len(self.history) - 1
        judged = [end] if self.policy.scope == "target" else [i for i, m in enumerate(self.history) if m.judged]
        broken = next((index for index in reversed(judged) if self._introduced(index)), None)
        if broken is not None:
            return self._violation(broken, dialect, introduced=True)
        if isinstance(self.outcomes[end], Differs):
            # An upgrade answers for what it broke: where it is unknown whether the fact held before, so is the blame.
            if isinstance(self.outcomes[0], Unknown) and self.policy.scope == "introduced":
                return Unproven(self.outcomes[0].reason, self._cause(end))
            return self._violation(end, dialect, introduced=False)
        for index in reversed(judged):
            outcome = self.outcomes[index]
            if isinstance(outcome, Unknown):
                return Unproven(outcome.reason, self._cause(index))
        return None

    def _introduced(self, index: int) -> bool:
        """Whether the run answers for the fact not holding at this judged moment."""
        start, now = self.outcomes[0], self.outcomes[index]
        if isinstance(now, Holds):
            return bool(now.but) and start == HOLDS
        if isinstance(now, Unknown):
            return False
        if isinstance(start, Holds):
            return True
        born = self.history[0].table is None and self.history[index].table is not None
        return born and self.policy.ends_at_head and index == len(self.history) - 1

    def _cause(self, index: int) -> Location | None:
        """Return where the fact last stopped holding, at or before a moment; the table's appearance counts as that."""
        for position in range(index, 0, -1):
            appeared = self.history[position - 1].table is None and self.history[position].table is not None
            if appeared or _kind(self.outcomes[position - 1]) != _kind(self.outcomes[position]):
                operation = self.history[position].operation
                return operation.location if operation is not None else None
        return None

    def _violation(self, index: int, dialect: Dialect, *, introduced: bool) -> Violation:
        outcome = self.outcomes[index]
        actual = outcome.actual if isinstance(outcome, Differs) else outcome.but if isinstance(outcome, Holds) else ""
        error = introduced or self.policy.scope != "introduced"
        severity: Severity = "error" if error and self.policy.severities.get(self.rule.id) != "warning" else "warning"
        held = any(isinstance(earlier, Holds) for earlier in self.outcomes[:index])
        fields = self._fields(dialect, actual, held=held)
        return Violation(
            rule=self.rule.id,
            severity=severity,
            contract=self.contract.id,
            table=self.fact.table,
            column=self.fact.column,
            expected=fields["expected"],
            actual=actual,
            introduced=introduced,
            message=f"{self.rule.cause.format(**fields)} {self.rule.consequence.format(**fields)}",
            remedy=(self.rule.remedy if held else self.rule.fix).format(**fields),
            owner=self.contract.owner,
            location=self._cause(index),
            contract_location=self.fact.location,
        )

    def _fields(self, dialect: Dialect, actual: str, *, held: bool) -> dict[str, str]:
        """Return what a rule's templates may name."""
        fact = self.fact
        return {
            "table": str(fact.table),
            "table_name": fact.table.name,
            "column": fact.column or "",
            "place": f"{fact.table}.{fact.column}" if fact.column else str(fact.table),
            "expected": self.rule.expected(fact, dialect),
            "actual": actual,
            "is_absent": "no longer exists" if held else "does not exist",
            "owner": str(self.contract.owner),
            "contract": self.contract.id,
            "contract_place": f"{fact.location.file}:{fact.location.line}",
            "schema": "" if fact.table.schema == "public" else f', schema="{fact.table.schema}"',
        }


def _kind(outcome: Outcome) -> tuple[type, bool]:
    return type(outcome), outcome == HOLDS


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


def _covers(cover: Violation, violation: Violation) -> bool:
    """Whether the absence says it all; one that is standing does not hide what the run itself broke."""
    return cover.actual == "absent" and (cover.introduced or not violation.introduced)

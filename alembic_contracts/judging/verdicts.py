"""One fact in the course of a run in, its verdict out: broken, born broken, standing, unproven or kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts import dialects, texts
from alembic_contracts.contracts.contract import NOT_STATED, Contract, Ending, Fact
from alembic_contracts.judging.moments import Course
from alembic_contracts.judging.rules import (
    HOLDS,
    Differs,
    Holds,
    Outcome,
    Rule,
    Subject,
    Unknown,
    advice,
    consequence,
)
from alembic_contracts.judging.violations import Violation
from alembic_contracts.schemas.schema import Table
from alembic_contracts.schemas.steps import Location, Unproven
from alembic_contracts.schemas.uses import Breaks, Severity, Side

__all__ = ["SIDES", "finding"]

SIDES: tuple[Side, ...] = ("reader", "writer", "cdc")


class _State(Struct, frozen=True):
    """Whether the fact holds at one moment, and how bad it is if not."""

    outcome: Outcome
    severity: Severity | None = None
    """None where it holds, is unknown, or nobody whom the contract protects minds."""
    doubt: Unproven | None = None
    """What it is unknown for, where that is something that may have made it hold."""

    @property
    def holds(self) -> bool:
        return not self.unknown and self.severity is None

    @property
    def unknown(self) -> bool:
        return isinstance(self.outcome, Unknown)

    @property
    def actual(self) -> str:
        match self.outcome:
            case Differs(actual=actual):
                return actual
            case Holds(but=but):
                return but
        return ""


_KEPT = _State(HOLDS)


def finding(course: Course, fact: Fact, rule: Rule) -> Violation | Unproven | None:
    """Return the verdict on a fact: None where it is kept."""
    is_of_what_is_there = not rule.judges_absence or fact.column is not None
    decisive = course.since_birth if is_of_what_is_there else course.decisive
    if len(decisive) > 1:
        since = course.since(fact, rule)
        decisive = {since[index] for index in decisive}
    if not all(_evaluated(fact, rule, course.subject(index, fact.column)) is HOLDS for index in decisive):
        return _Case(course, fact, rule).finding()
    if course.doubt_before is None or not is_of_what_is_there or _graded(course.contract, fact, rule.breaks) is None:
        return None
    return replace(course.doubt_before, tables=None)


def _evaluated(fact: Fact, rule: Rule, subject: Subject) -> Outcome:
    """Return whether a fact holds at one moment."""
    table, of_column = subject.table, fact.column is not None
    if table is None and not (rule.judges_absence and not of_column):
        return Differs("absent")
    if table is not None and of_column and subject.column is None and not rule.judges_absence:
        if table.complete:
            return Differs("absent")
        return Unknown(f"the columns of {table.name} could not be worked out")
    return rule.evaluate(fact, subject)


def _graded(contract: Contract, fact: Fact, breaks: Breaks) -> Severity | None:
    """Return how bad a difference is for those whom the contract protects."""
    if contract.compatibility_of(fact.table) == "exact":
        return "error"
    found = {breaks[side] for side in contract.sides(fact.table) if side in breaks}
    return "error" if "error" in found else "warning" if found else None


class _Case:
    """One fact, all the moments of its table, and whether it held at each."""

    def __init__(self, course: Course, fact: Fact, rule: Rule) -> None:
        """Evaluate the fact at every moment of its table's history."""
        self._course, self._fact, self._rule = course, fact, rule
        self._contract, self._history, self._policy = course.contract, course.history, course.policy
        states: list[_State] = []
        for index, earliest in enumerate(course.since(fact, rule)):
            states.append(self._state(self._outcome(index)) if earliest == index else states[earliest])
        self._states = self._in_doubt(states) if course.is_doubted else states

    # -- the fact at one moment --------------------------------------------------------------------------------------

    def _outcome(self, index: int) -> Outcome:
        return _evaluated(self._fact, self._rule, self._course.subject(index, self._fact.column))

    def _state(self, outcome: Outcome) -> _State:
        if outcome is HOLDS:
            return _KEPT
        if not isinstance(outcome, Differs):
            return _State(outcome)
        return _State(outcome, _graded(self._contract, self._fact, self._breaks(outcome)))

    def _breaks(self, outcome: Outcome) -> Breaks:
        """Return whose uses break by an outcome, and how badly."""
        own = outcome.breaks if isinstance(outcome, Differs) else None
        return self._rule.breaks if own is None else own

    def _in_doubt(self, states: Sequence[_State]) -> list[_State]:
        """Return the states, unknown where something unproven may have made a fact hold that is not seen to.

        That is so until something else happens to it. A fact that held, and ended before something that is unproven
        or after it, was ended by an operation that is known; unless that is one of a script of which the rest was not
        seen, which may make it hold again before anything is committed.
        """
        found: list[_State] = []
        held = held_before = False  # so far, and when the revision began
        doubted: tuple[Outcome, Unproven] | None = None
        for moment, state in zip(self._history, states, strict=True):
            may_be_mended = not held or (moment.may_go_on and held_before)
            if moment.doubt is not None and may_be_mended and state.severity is not None:
                doubted = state.outcome, moment.doubt
            elif doubted is not None and state.outcome != doubted[0]:
                doubted = None
            held = held or state.holds
            held_before = state.holds if moment.settled or not found else held_before
            found.append(state if doubted is None else _State(Unknown(doubted[1].reason), doubt=doubted[1]))
        return found

    # -- the fact in the course of the run ---------------------------------------------------------------------------

    def finding(self) -> Violation | Unproven | None:
        """Return the verdict: None where the fact is kept."""
        end, judged = len(self._history) - 1, self._course.judged
        broken = next((index for index in judged if self._introduced(index)), None)
        if broken is not None:
            return self._violation(broken, introduced=True)
        if self._states[end].severity is not None:
            # An upgrade answers for what it broke: where it is unknown whether the fact held before, so is the blame.
            start = self._states[0].outcome
            if isinstance(start, Unknown) and self._policy.scope == "introduced":
                return Unproven(start.reason, self._cause(end))
            return self._violation(end, introduced=False) if self._policy.standing else None
        for index in judged:
            state = self._states[index]
            if state.doubt is not None:
                return replace(state.doubt, tables=None)
            if isinstance(state.outcome, Unknown):
                return Unproven(state.outcome.reason, self._cause(index))
        return None

    def _introduced(self, index: int) -> bool:
        """Whether the run answers for the fact not holding at this judged moment."""
        start, now = self._states[0], self._states[index]
        if isinstance(now.outcome, Holds):
            was_whole = bool(now.outcome.but) and start.outcome == HOLDS
            return was_whole and _graded(self._contract, self._fact, self._rule.breaks) is not None
        if now.severity is None:
            return False
        if start.holds or _worse(start, now):
            return True
        born = self._history[0].table is None and self._history[index].table is not None
        return born and self._policy.ends_at_head and index == len(self._history) - 1

    def _cause(self, index: int) -> Location | None:
        """Return where the fact last stopped holding, at or before a moment.

        For a table that appeared without it ever holding: where what is there instead came to be.
        """
        changed: int | None = None
        position = index
        while position > 0:
            before, after = self._states[position - 1], self._states[position]
            if changed is None and before.outcome != after.outcome:
                changed = position
            if self._history[position - 1].table is None and self._history[position].table is not None:
                earlier = self._before_gap(position)
                if earlier is None or changed != position:
                    return self._place(changed if changed is not None else position)
                position, changed = earlier, None
            elif _kind(before) != _kind(after) or _worse(before, after):
                return self._place(position)
            else:
                position -= 1
        return None

    def _before_gap(self, position: int) -> int | None:
        """Return when a table that appeared was there before, where the fact was then what it is now.

        Batch mode on SQLite drops tables and makes them anew, whatever it is that it changes.
        """
        there = (i for i in range(position - 1, -1, -1) if self._history[i].table is not None)
        earlier = next(there, None)
        same = earlier is not None and self._states[earlier].outcome == self._states[position].outcome
        return earlier if same else None

    def _place(self, position: int) -> Location | None:
        operation = self._history[position].operation
        return operation.location if operation is not None else None

    # -- what to say -------------------------------------------------------------------------------------------------

    def _violation(self, index: int, *, introduced: bool) -> Violation:
        from alembic_contracts.judging import remedies, situations

        state, fact, rule = self._states[index], self._fact, self._rule
        deprecation = self._contract.deprecation(fact)
        held_at = [i for i, earlier in enumerate(self._states[:index]) if isinstance(earlier.outcome, Holds)]
        held = bool(held_at)
        never_held = isinstance(state.outcome, Differs) and not held
        meant = rule.meant(fact, self._course.subject(index, fact.column)) if never_held else ""
        fields = self._fields(state.actual, held=held) | {"meant": meant}
        course = situations.Course(history=self._history, index=index, held=held_at[-1] if held_at else None)
        situation = situations.situation(fact, course, meant=meant)
        names = remedies.names(fact, course, self._course.dialect, self._default_schema)
        breaks = self._breaks(state.outcome) or rule.breaks
        return Violation(
            rule=rule.id,
            severity=self._severity(state, introduced=introduced),
            contract=self._contract.id,
            table=fact.table,
            column=fact.column,
            expected=fields["expected"],
            actual=state.actual,
            introduced=introduced,
            message=" ".join(self._sentences(fields)),
            remedy=remedies.rendered(advice(rule, situation, self._course.dialect), fields | names),
            owner=self._contract.owner,
            location=self._cause(index),
            contract_location=fact.location,
            breaks=tuple(side for side in SIDES if side in breaks),
            transient=self._course.dialect.PLANS_FAIL and rule.about_types and self._type_changed(index),
            sunset=deprecation.sunset if deprecation is not None else None,
            ending=self._ending(),
            used_by=self._contract.seen(fact.table, fact.column),
            at=self._contract.at,
        )

    def _ending(self) -> Ending | None:
        """Return what lets the fact end on a day, or where a day stands already."""
        deprecation = self._contract.deprecation(self._fact)
        if deprecation is not None and deprecation.sunset is not None:
            at = deprecation.location
            return Ending(at.file, at.line, None, "", deprecation.sunset)
        return self._contract.ending(self._fact) if self._contract.ending is not None else None

    def _severity(self, state: _State, *, introduced: bool) -> Severity:
        if not introduced and self._policy.scope == "introduced":
            return "warning"
        if self._contract.stage == "draft":
            return "warning"
        stated = self._policy.severities.get(self._rule.id)
        if stated in ("error", "warning"):
            return stated
        return state.severity or "error"

    def _sentences(self, fields: Mapping[str, str]) -> Iterator[str]:
        yield (self._rule.slip if fields["meant"] else self._rule.cause).format(**fields)
        yield consequence(self._rule, self._course.dialect).format(**fields)
        deprecation = self._contract.deprecation(self._fact)
        if deprecation is not None and deprecation.sunset is not None:
            yield f"It is deprecated, and stays until its sunset on {deprecation.sunset:%Y-%m-%d}."
        elif deprecation is not None:
            yield "It is deprecated, but without a sunset it has to stay."
        if self._contract.stage == "draft":
            yield "The contract is a draft, which is reported and never blocks."

    def _type_changed(self, index: int) -> bool:
        first = next((m.table for m in self._history if m.table is not None), None)
        before, after = (_type(table, self._fact.column) for table in (first, self._history[index].table))
        return before is not None and after is not None and before != after

    def _fields(self, actual: str, *, held: bool) -> dict[str, str]:
        """Return what a rule's templates may name."""
        fact, contract = self._fact, self._contract
        return {
            "table": str(fact.table),
            "table_name": fact.table.name,
            "column": fact.column or "",
            "place": fact.place,
            "expected": self._rule.expected(fact, self._course.dialect),
            "actual": actual,
            "is_absent": "no longer exists" if held else "does not exist",
            "owner": "its owner (not stated)" if contract.owner.name == NOT_STATED else str(contract.owner),
            "contract": self._contract.id,
            "contract_place": f"{fact.location.file}:{fact.location.line}{f' at {contract.at}' if contract.at else ''}",
            "database": self._course.dialect.NAME,
            "schema": (
                "" if fact.table.schema == self._default_schema else f", schema={texts.quoted(fact.table.schema)}"
            ),
        }

    @property
    def _default_schema(self) -> str:
        """The one that is meant where none is named, as the contract calls it."""
        return dialects.load(self._contract.kind).DEFAULT_SCHEMA


def _worse(before: _State, after: _State) -> bool:
    """Whether something that did not hold before does so even less."""
    if before.severity is None or after.severity is None:
        return False
    if before.severity == "warning" and after.severity == "error":
        return True
    if isinstance(before.outcome, Differs) and isinstance(after.outcome, Differs):
        return bool(before.outcome.items and after.outcome.items - before.outcome.items)
    return False


def _kind(state: _State) -> tuple[bool, bool, bool]:
    return state.unknown, state.severity is not None, state.outcome == HOLDS or not isinstance(state.outcome, Holds)


def _type(table: Table | None, name: str | None) -> object:
    column = table.column(name) if table is not None and name is not None else None
    return None if column is None else column.type

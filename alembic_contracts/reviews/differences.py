"""Contracts as they were and as they are in, which promises were loosened and which tightened out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Literal

from msgspec import Struct

from alembic_contracts import dialects, texts
from alembic_contracts.config import Settings
from alembic_contracts.contracts.contract import Compatibility, Contract, Deprecation, Fact, Waiver
from alembic_contracts.documents.document import ContractLocation
from alembic_contracts.judging.rules import load
from alembic_contracts.running.terms import Terms

__all__ = ["Difference", "Grade", "differences"]

Grade = Literal["loosened", "tightened", "neutral"]
"""Loosened: consumers can rely on less. Tightened: the database has to hold more."""

_NEVER = date.max
_STAGES = ("retired", "draft", "deprecated", "active")
_STRENGTH = {"reader": 1, "writer": 1, "cdc": 1, "read-write": 2, "full": 3, "exact": 4}
_ENFORCE = ("report", "introduced", "strict")
_SEVERITIES = ("off", "warning", "error")


class Difference(Struct, frozen=True):
    """One change of a promise."""

    grade: Grade
    contract: str
    """Id of the contract; ``""`` for a setting."""
    message: str
    location: ContractLocation | None
    """Where it is stated now, or was."""
    fact: str = ""
    """Id of the fact that is stated now, for what was tightened."""


def differences(before: Terms, after: Terms) -> Iterator[Difference]:
    """Yield what has changed, contract by contract; where files lie and how they are written does not count.

    Args:
        before: as it was.
        after: as it is.
    """
    old = {contract.id: contract for contract in before.contracts}
    new = {contract.id: contract for contract in after.contracts}
    for name in dict.fromkeys((*old, *new)):
        if name not in new:
            yield Difference("loosened", name, "the contract is gone", old[name].location)
        elif name not in old:
            facts = f"{len(new[name].facts)} facts"
            yield Difference("tightened", name, f"a new contract with {facts}", new[name].location)
        else:
            yield from _contract(old[name], new[name])
    yield from _waivers(before.waivers, after.waivers)
    yield from _settings(before.settings, after.settings)


def _compatibility(
    place: str, old: Compatibility, new: Compatibility, location: ContractLocation
) -> Iterator[Difference]:
    if old != new:
        words = f"compatibility {new} instead of {old}"
        yield Difference("tightened" if _STRENGTH[new] > _STRENGTH[old] else "loosened", place, words, location)


def _contract(old: Contract, new: Contract) -> Iterator[Difference]:
    if old.kind != new.kind:  # there its shape alone is held from now on
        kinds = dialects.load(new.kind).NAME, dialects.load(old.kind).NAME
        yield Difference("loosened", new.id, f"it is about {kinds[0]} instead of {kinds[1]}", new.location)
    yield from _facts(old, new)
    yield from _compatibility(new.id, old.compatibility, new.compatibility, new.location)
    for table in sorted(old.of_tables.keys() | new.of_tables.keys()):
        place = f"{new.id} {table}"
        yield from _compatibility(place, old.compatibility_of(table), new.compatibility_of(table), new.location)
    if old.stage != new.stage:
        grade: Grade = "tightened" if _STAGES.index(new.stage) > _STAGES.index(old.stage) else "loosened"
        yield Difference(grade, new.id, f"status {new.stage} instead of {old.stage}", new.location)
    yield from _sunsets(old, new)
    for word in ("owner", "description", "version"):
        was, now = getattr(old, word), getattr(new, word)
        if was != now:
            shown = (texts.shortened(str(each), _LONGEST) if each else "none" for each in (now, was))
            yield Difference("neutral", new.id, f"{word} {' instead of '.join(shown)}", new.location)


_LONGEST = 60
"""Characters of a description that are shown."""

Key = tuple[object, ...]


def _facts(old: Contract, new: Contract) -> Iterator[Difference]:
    then, now = dialects.load(old.kind), dialects.load(new.kind)
    before, after = _by_subject(old.facts), _by_subject(new.facts)
    gone = {fact.column for key, fact in before.items() if fact.rule == "column-exists" and key not in after}
    for key, fact in before.items():
        if key not in after:
            if fact.column not in gone or fact.rule == "column-exists":  # a column takes its facts along
                yield Difference("loosened", new.id, f"{fact.id} is no longer stated", fact.location)
        elif (after[key].expected, after[key].mode) != (fact.expected, fact.mode):
            rule = load()[fact.rule]
            words = f"{rule.expected(after[key], now)} instead of {rule.expected(fact, then)}"
            yield Difference("loosened", new.id, f"{fact.id}: {words}", after[key].location)
            yield Difference("tightened", new.id, f"{fact.id}: {words}", after[key].location, fact.id)
    for key, fact in after.items():
        if key not in before:
            yield Difference("tightened", new.id, f"{fact.id} is stated", fact.location, fact.id)


def _by_subject(facts: Sequence[Fact]) -> Mapping[Key, Fact]:
    """Return the facts by what they are about; of some there are several for one table."""
    several = ("unique", "check", "foreign-key")
    return {
        (fact.rule, fact.table, fact.column, fact.expected if fact.rule in several else None): fact for fact in facts
    }


def _sunsets(old: Contract, new: Contract) -> Iterator[Difference]:
    """Yield what may be broken earlier or later than before."""
    before, after = _days(old), _days(new)
    for subject in dict.fromkeys((*before, *after)):
        was, now = before.get(subject, (_NEVER, None)), after.get(subject, (_NEVER, None))
        if was[0] == now[0]:
            continue
        what = ".".join(filter(None, map(str, subject))) if any(subject) else "the contract"
        words = f"{what} stays until {now[0]}" if now[0] != _NEVER else f"{what} has no sunset any more"
        location = now[1] or was[1]
        yield Difference("loosened" if now[0] < was[0] else "tightened", new.id, words, location)


def _days(contract: Contract) -> dict[tuple[str, str], tuple[date, ContractLocation | None]]:
    def subject(deprecation: Deprecation) -> tuple[str, str]:
        return (str(deprecation.table) if deprecation.table else "", deprecation.column or "")

    return {subject(each): (each.sunset or _NEVER, each.location) for each in contract.deprecations}


def _waivers(before: Sequence[Waiver], after: Sequence[Waiver]) -> Iterator[Difference]:
    old, new = ({(w.contract, w.fact, w.revision, w.expiry): w for w in each} for each in (before, after))
    for key, waiver in new.items():
        if key not in old:
            words = f"{waiver.fact} is waived until {waiver.expiry} by {waiver.approver}: {waiver.reason}"
            yield Difference("loosened", waiver.contract, words, waiver.location)
    for key, waiver in old.items():
        if key not in new:
            yield Difference("tightened", waiver.contract, f"the waiver of {waiver.fact} is gone", waiver.location)


def _settings(before: Settings, after: Settings) -> Iterator[Difference]:
    scales = (
        ("enforce", before.enforce, after.enforce, _ENFORCE),
        ("downgrade", before.downgrade, after.downgrade, ("report", "refuse")),
        ("unproven", before.unproven or "refuse", after.unproven or "refuse", ("warn", "refuse")),
        *(
            (f"rules.{rule}", before.rules.get(rule, "error"), after.rules.get(rule, "error"), _SEVERITIES)
            for rule in sorted({*before.rules, *after.rules})
        ),
    )
    for name, was, now, scale in scales:
        if was != now:
            grade: Grade = "tightened" if scale.index(now) > scale.index(was) else "loosened"
            yield Difference(grade, "", f"the setting {name} is {now} instead of {was}", None)

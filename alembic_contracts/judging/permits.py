"""Violations in, the same out with what is past its sunset, or waived by an owner, made a warning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.contracts.contract import Contract, Waiver
from alembic_contracts.judging.violations import Notice, Violation

__all__ = ["Permitted", "apply"]


class Permitted(Struct, frozen=True):
    """Violations after all permits, and what there is to say about these."""

    violations: tuple[Violation, ...]
    notices: tuple[Notice, ...]


def apply(
    violations: Sequence[Violation],
    contracts: Sequence[Contract],
    waivers: Sequence[Waiver],
    today: date,
    *,
    is_proven: bool = True,
) -> Permitted:
    """Take out what is past its sunset, and let what is waived be a warning.

    Args:
        violations: what was found.
        contracts: all that were judged, for waivers that belong to none of them.
        waivers: all that were read, expired ones included.
        today: what sunsets and expiries are compared with.
        is_proven: whether nothing else can be broken than what was found.
    """
    notices: list[Notice] = []
    kept: list[Violation] = []
    used: set[Waiver] = set()
    by_fact: dict[tuple[str, str], list[Waiver]] = {}
    for each in waivers:
        if each.expiry >= today:
            by_fact.setdefault((each.contract, each.fact), []).append(each)
    for violation in violations:
        if violation.sunset is not None and violation.sunset <= today:
            notices.append(_past(violation))
            continue
        about = by_fact.get((violation.contract, _fact_id(violation)), ()) if by_fact else ()
        waiver = next((each for each in about if _is_by(each, violation)), None)
        if waiver is not None:
            used.add(waiver)
            violation = replace(violation, severity="warning", waiver=waiver)  # noqa: PLW2901
        kept.append(violation)
    needless = "is not needed: nothing breaks it" if is_proven else "is not used: nothing that is known breaks it"
    notices.extend(_idle(waivers, used, violations, contracts, today, needless=needless))
    return Permitted(tuple(kept), tuple(notices))


def _is_by(waiver: Waiver, violation: Violation) -> bool:
    """Whether a waiver allows the revision to break what the violation is about."""
    # What was broken by a revision that has been applied already is no longer known to be that revision's doing.
    if violation.location is None or waiver.revision is None:
        return True
    return violation.location.revision.startswith(waiver.revision)  # as Alembic itself shortens revisions


def _fact_id(violation: Violation) -> str:
    place = str(violation.table) if violation.column is None else f"{violation.table}.{violation.column}"
    return f"{violation.rule} {place}"


def _past(violation: Violation) -> Notice:
    place = str(violation.table) if violation.column is None else f"{violation.table}.{violation.column}"
    message = f"{place} no longer has to keep {violation.rule}: its sunset was {violation.sunset:%Y-%m-%d}."
    return Notice(message, violation.contract_location)


def _idle(
    waivers: Sequence[Waiver],
    used: set[Waiver],
    violations: Sequence[Violation],
    contracts: Sequence[Contract],
    today: date,
    *,
    needless: str,
) -> Iterator[Notice]:
    """Yield a notice for each waiver that is of no use: unknown, expired, or without anything to waive.

    ``needless``: what is said of the last ones.
    """
    broken = {_fact_id(violation) for violation in violations} if waivers else set()
    named = {waiver.contract for waiver in waivers}
    facts = {each.id: {fact.id for fact in each.facts} for each in contracts if each.id in named}
    for waiver in waivers:
        if waiver in used:
            continue
        what = f"the waiver of `{waiver.fact}` in {waiver.contract}"
        if waiver.contract not in facts:
            yield Notice(f"{what} belongs to no contract that is checked here.", waiver.location)
        elif waiver.fact not in facts[waiver.contract]:
            yield Notice(f"{what} names a fact that the contract does not state.", waiver.location)
        elif waiver.expiry < today:
            yield Notice(f"{what} expired on {waiver.expiry:%Y-%m-%d} and does not count.", waiver.location)
        elif waiver.fact in broken:
            yield Notice(f"{what} is for revision {waiver.revision}, not for what breaks it here.", waiver.location)
        else:
            yield Notice(f"{what} {needless}.", waiver.location)

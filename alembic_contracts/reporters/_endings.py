"""A report in, what it means for the run out, and what its owners can do: the sentences around the findings."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.contracts import waivers
from alembic_contracts.contracts.contract import Ending, WaiverFile
from alembic_contracts.judging.violations import Report, Violation
from alembic_contracts.reporters import _wording as wording
from alembic_contracts.schemas.steps import refusal

__all__ = ["Way", "cause_of_models", "concerned", "headline", "way_out", "ways_out"]


def headline(report: Report) -> str:
    """Return what this means for the run and the database; empty where there is nothing to say."""
    if report.phase == "check" or report.status == "kept":
        return ""
    from alembic_contracts.judging import aftermath

    before = report.phase == "before"
    found = {
        "broken": f"a data contract {'would be' if before else 'is'} broken",
        "unproven": "it is not proven that every data contract is kept",
    }[report.status]
    if report.refuses and report.of_models:
        return f"No revision was written: {_of_models(report)}"
    if report.refuses:
        return f"Refused: {found}. {wording.one_line(aftermath.outcome(report.aftermath))}"
    why = f", because {report.because}" if report.because else ""
    return f"Going on{why}: {_doubt(report) if report.status == 'unproven' else found}."


def _of_models(report: Report) -> str:
    """Return what models would do to contracts, the first in full."""
    broken = [violation for violation in report.violations if violation.severity == "error"]
    if not broken:
        return "what your models change could not be worked out."
    first, others = broken[0], len(broken) - 1
    does = f"no longer have {wording.place(first)}" if first.actual == "absent" else f"change {wording.place(first)}"
    place = wording.contract_place(first.contract_location)
    relies = f"on which the contract {first.contract} relies ({place}, owner {first.owner})"
    return wording.one_line(f"your models {does}, {relies}{f', and {others} more' if others else ''}.")


def _doubt(report: Report) -> str:
    """Return which effects are not known, and whom they may concern."""
    places = list(dict.fromkeys(wording.script_place(e.location) for e in report.unproven if e.location is not None))
    tables = list(dict.fromkeys(str(each.table) for each in report.in_doubt))
    if all(refusal(entry.reason) is not None for entry in report.unproven):
        return f"the migration will fail{f' at {places[0]}' if places else ''}, and nothing can be judged until then"
    what = f"the effect of {_some(places)}" if places else "an effect"
    relied = f" on {_some(tables)} ({concerned(report)})" if tables else ""
    return f"{what}{relied} could not be worked out"


def concerned(report: Report) -> str:
    """Return who relies on what is in doubt; maybe nothing."""
    contracts = {each.contract: each.owner for each in report.in_doubt}
    return f"relied on by {_some([f'{name}, owner {owner}' for name, owner in contracts.items()])}" if contracts else ""


def _some(texts_: Sequence[str]) -> str:
    shown = " and ".join(map(wording.one_line, texts_[:_SHOWN]))
    return f"{shown} and {len(texts_) - _SHOWN} more" if len(texts_) > _SHOWN else shown


_SHOWN = 2


def way_out(report: Report) -> str:
    """Return how to run a refused migration all the same; empty where nothing was refused."""
    if report.phase == "check" or not report.refuses:
        return ""
    agreed = "its owner agrees" if len({v.contract for v in report.violations}) == 1 else "their owners agree"
    if report.of_models:
        return (
            'To have the revision written all the same, set autogenerate = "warn" (ALEMBIC_CONTRACTS_AUTOGENERATE=warn)'
            "; its upgrade is judged like any other."
        )
    broken = [violation for violation in report.violations if violation.severity == "error"]
    of_others = (
        f" Or, where {report.database} need not have the shape that a contract about another kind of database states, "
        'as in tests: elsewhere = "warn" (ALEMBIC_CONTRACTS_ELSEWHERE=warn), which refuses nothing for those.'
    )
    return (
        f"If it must run now, and {agreed}: set ALEMBIC_CONTRACTS_ENFORCE=report, which reports and refuses nothing."
        f"{of_others if broken and all(violation.is_elsewhere for violation in broken) else ''}"
    )


class Way(Struct, frozen=True):
    """What the owners of a broken promise can do."""

    sentence: str
    text: str = ""
    """What is to be pasted, if anything is."""
    blanks_count: bool = False
    """Whether the text goes into the middle of a file, so that the blanks before it are part of it."""


def ways_out(report: Report) -> list[Way]:
    """Return what the owners of broken promises can do."""
    broken = [v for v in report.violations if v.severity == "error" and v.introduced and not (v.at or v.by_others)]
    if not broken:
        return []
    permitting = _permitting(report, broken)
    owners = _some(list(dict.fromkeys(str(violation.owner) for violation in broken)))
    ends, ended = _endings(broken)
    if not ends:
        sentence = f"A way out, for {owners} to take: {permitting.sentence}"
        return [replace(permitting, sentence=sentence), *ended]
    first, *rest = ends
    return [
        replace(permitting, sentence=f"Two ways out, both for {owners} to take: (1) {permitting.sentence}"),
        replace(first, sentence=f"(2) {first.sentence}"),
        *(replace(way, sentence=f"And {way.sentence}") for way in rest),
        *ended,
    ]


def _endings(broken: Sequence[Violation]) -> tuple[list[Way], list[Way]]:
    """Return how promises can end on a day, with what to write into the contract's file; and which have one already."""
    found: dict[Ending, Violation] = {}
    for violation in broken:
        if violation.ending is not None:
            found.setdefault(violation.ending, violation)
    # From the end of a file on: what is pasted moves what comes after it.
    first = list(found)[:_PERMITS]
    backwards = sorted(first, key=lambda ending: (ending.file, -ending.line, -(ending.column or 0)))
    last = next((ending for ending in reversed(backwards) if ending.day is None), None)
    left = len(found) - len(first)
    ways = {
        each: Way(_ending(each, found[each], left if each is last else 0), each.text, blanks_count=True)
        for each in backwards
    }
    ends = [way for ending, way in ways.items() if ending.day is None]
    return ends, [way for ending, way in ways.items() if ending.day is not None]


def _ending(ending: Ending, violation: Violation, others: int) -> str:
    """Return what is to be done about one promise, and how many others it is to be done about as well."""
    place = wording.place(violation) if violation.column else f"all of {wording.place(violation)}"
    if ending.day is not None:
        said = f"{place} may be broken from {ending.day:%Y-%m-%d} on, as {ending.file}:{ending.line} says."
        return wording.one_line(said)
    where = f"below line {ending.line}"
    if ending.column is not None:
        where = f"behind the bracket in line {ending.line}, column {ending.column}"
    what = "the promise" if violation.column else "what is promised"
    more = f", and the like for {others} more" if others > 0 else ""
    return wording.one_line(f"let {what} of {place} end on a day: add to {ending.file}, {where}{more}:")


def _permitting(report: Report, broken: Sequence[Violation]) -> Way:
    """Return how to permit the breaks, by waivers beside the first one's contract."""
    wanted = list(dict.fromkeys(_waiver(part) for violation in broken for part in violation.parts))
    others = len(wanted) - _PERMITS
    more = f", and the like for {others} more" if others > 0 else ""
    contract = broken[0].contract_location.file
    beside = (place for place in report.waivers if contract.startswith(place.file.rpartition("/")[0]))
    place = next(beside, WaiverFile(file="waivers.yaml beside the contracts"))
    where = wording.one_line(place.file)
    if place.is_empty:
        where += f", in the place of what line {place.line} begins"
    elif place.column is not None:
        where += f", behind the bracket in line {place.line}, column {place.column}"
    elif place.line is not None:
        where += f", below line {place.line}"
    is_inside = place.line is not None and not place.is_empty
    text = waivers.added(place, wanted[:_PERMITS])
    return Way(f"permit it until a day: add to {where}{more}:", text, blanks_count=is_inside)


def _waiver(violation: Violation) -> tuple[str, str, str | None]:
    """Return the contract, the fact and the revision that permit one break."""
    name = f"{violation.table}.{violation.column}" if violation.column else str(violation.table)
    revision = violation.location.revision if violation.location is not None else None
    return violation.contract, f"{violation.rule} {name}", revision


_PERMITS = 3
"""Breaks that are spelled out; with more, nobody means to permit them one by one."""


def cause_of_models(violation: Violation) -> str:
    """Return what models would do that no script does yet."""
    return f"your models would {'drop' if violation.actual == 'absent' else 'change'} {wording.place(violation)}"

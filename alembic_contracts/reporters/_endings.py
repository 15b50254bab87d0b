"""A report in, what it means for the run out, and what its owners can do: the sentences around the findings."""

from __future__ import annotations

from collections.abc import Sequence

from alembic_contracts import texts
from alembic_contracts.contracts.contract import Ending
from alembic_contracts.judging import aftermath
from alembic_contracts.judging.violations import Report, Violation
from alembic_contracts.reporters import _wording as wording
from alembic_contracts.schemas.steps import REFUSED

__all__ = ["cause_of_models", "concerned", "headline", "waiver_stanza", "way_out", "ways_out"]


def headline(report: Report) -> str:
    """Return what this means for the run and the database; empty where there is nothing to say."""
    if report.phase == "check" or report.status == "kept":
        return ""
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
    tables = ", ".join(dict.fromkeys(str(each.table) for each in report.in_doubt))
    if all(entry.reason.startswith(REFUSED) for entry in report.unproven):
        return f"the migration will fail{f' at {places[0]}' if places else ''}, and nothing can be judged until then"
    what = f"the effect of {_some(places)}" if places else "an effect"
    relied = f" on {_some(tables.split(', '))} ({concerned(report)})" if tables else ""
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
    return f"If it must run now, and {agreed}: set ALEMBIC_CONTRACTS_ENFORCE=report, which reports and refuses nothing."


def ways_out(report: Report) -> list[tuple[str, str]]:
    """Return what the owners of broken promises can do: sentences, each with what is to be pasted, if anything is."""
    broken = [v for v in report.violations if v.severity == "error" and v.introduced and not (v.at or v.by_others)]
    if not broken:
        return []
    stanzas = list(dict.fromkeys(waiver_stanza(part) for violation in broken for part in violation.parts))
    others = len(stanzas) - _PERMITS
    more = f", and the like for {others} more" if others > 0 else ""
    permitted = f"permit it until a day: add to {_waivers_file(report, broken[0])}{more}:"
    stanza = "waivers:\n" + "\n".join(stanzas[:_PERMITS])
    owners = _some(list(dict.fromkeys(str(violation.owner) for violation in broken)))
    ends, ended = _endings(broken)
    if not ends:
        return [(f"A way out, for {owners} to take: {permitted}", stanza), *ended]
    (first, text), *rest = ends
    return [
        (f"Two ways out, both for {owners} to take: (1) {permitted}", stanza),
        (f"(2) {first}", text),
        *((f"And {sentence}", text) for sentence, text in rest),
        *ended,
    ]


def _endings(broken: Sequence[Violation]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return how promises can end on a day, with what to write into the contract's file; and which have one already."""
    found: dict[Ending, Violation] = {}
    for violation in broken:
        if violation.ending is not None:
            found.setdefault(violation.ending, violation)
    shown = list(found.items())[:_PERMITS]
    ends = [(_ending(ending, violation), ending.text) for ending, violation in shown if ending.day is None]
    return ends, [(_ending(ending, violation), "") for ending, violation in shown if ending.day is not None]


def _ending(ending: Ending, violation: Violation) -> str:
    place = f"{violation.table}.{violation.column}" if violation.column else f"all of {violation.table}"
    if ending.day is not None:
        said = f"{place} may be broken from {ending.day:%Y-%m-%d} on, as {ending.file}:{ending.line} says."
        return wording.one_line(said)
    where = f"below line {ending.line}"
    if ending.column is not None:
        where = f"behind the bracket in line {ending.line}, column {ending.column}"
    what = "the promise" if violation.column else "what is promised"
    return wording.one_line(f"let {what} of {place} end on a day: add to {ending.file}, {where}:")


def _waivers_file(report: Report, violation: Violation) -> str:
    """Return the file beside a contract in which its waivers are looked for."""
    file = violation.contract_location.file
    beside = (each for each in report.waivers if file.startswith(each.rpartition("/")[0]))
    return wording.one_line(next(beside, "waivers.yaml beside the contracts"))


def waiver_stanza(violation: Violation) -> str:
    """Return what permits one break, as an item of the list ``waivers``."""
    revision = f"\n  revision: {texts.quoted(violation.location.revision)}" if violation.location is not None else ""
    name = f"{violation.table}.{violation.column}" if violation.column else str(violation.table)
    return (
        f"- contract: {texts.yaml_scalar(violation.contract)}\n"
        f"  fact: {texts.yaml_scalar(f'{violation.rule} {name}')}{revision}\n"
        "  reason: why\n  approver: who answers for the contract\n  expiry: YYYY-MM-DD"
    )


_PERMITS = 3
"""Breaks that are spelled out; with more, nobody means to permit them one by one."""


def cause_of_models(violation: Violation) -> str:
    """Return what models would do that no script does yet."""
    return f"your models would {'drop' if violation.actual == 'absent' else 'change'} {wording.place(violation)}"

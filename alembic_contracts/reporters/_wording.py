"""Parts of a report in, the words and groupings out that the formats for people share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from msgspec import Struct

from alembic_contracts import texts
from alembic_contracts.documents.document import ContractLocation
from alembic_contracts.judging.violations import Checked, Report, Violation
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.steps import Location, Unproven, refusal
from alembic_contracts.schemas.uses import used_by

__all__ = [
    "Block",
    "Remedy",
    "blocks",
    "cause",
    "consequence",
    "contract_place",
    "count",
    "effects",
    "one_line",
    "paragraphs",
    "permit",
    "place",
    "reasons_by_place",
    "remedies",
    "scope",
    "script_place",
    "settles",
    "stated_in",
    "tally",
    "unproven_advice",
    "used_by_whom",
    "verdict",
    "with_it",
]

_LONGEST = 2000
_END_OF_SENTENCE = pattern(r"(?<=[.!?])\s+")


class Block(Struct, frozen=True):
    """Violations of one contract that a reader sees as one event: same severity, and same column, place or remedy."""

    violations: tuple[Violation, ...]

    @property
    def first(self) -> Violation:
        """The violation that stands for the others."""
        return self.violations[0]

    @property
    def locations(self) -> tuple[Location | None, ...]:
        """Where in the scripts, each place once."""
        return tuple(dict.fromkeys(violation.location for violation in self.violations))

    @property
    def contract_places(self) -> str:
        """Where in the contract, as ``file:line``; further lines of one file as their number alone."""
        files: dict[str, set[int]] = {}
        for violation in (part for each in self.violations for part in each.parts):
            files.setdefault(violation.contract_location.file, set()).add(violation.contract_location.line)
        at = f" at {self.first.at}" if self.first.at else ""
        return ", ".join(one_line(f"{file}:{', '.join(map(str, sorted(lines)))}{at}") for file, lines in files.items())

    @property
    def consequences(self) -> tuple[str, ...]:
        """What follows from it; of many consequences the first two, which is what a reader takes in."""
        return tuple(dict.fromkeys(text for text in map(consequence, self.violations) if text))[:2]


class Remedy(Struct, frozen=True):
    """What to do instead, and what else it serves with another name filled in."""

    text: str
    likewise: tuple[str, ...]


def one_line(text: str) -> str:
    """Return a text on one line, runs of white space as one blank; of a very long one the beginning."""
    return texts.shortened(texts.line(" ".join(text.split())), _LONGEST)


def count(number: int, noun: str) -> str:
    """Return ``1 contract`` or ``2 contracts``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def place(violation: Violation) -> str:
    """Return what a violation is about, as ``schema.table.column`` or ``schema.table``."""
    return one_line(f"{violation.table}.{violation.column}" if violation.column else str(violation.table))


def contract_place(location: ContractLocation) -> str:
    """Return ``file:line``, which terminals and editors make clickable."""
    return one_line(f"{location.file}:{location.line}")


def stated_in(violation: Violation) -> str:
    """Return where a contract states what is broken: ``file:line``, with the git ref where that is another tree's."""
    place = contract_place(violation.contract_location)
    return one_line(f"{place} at {violation.at}") if violation.at else place


def script_place(location: Location) -> str:
    """Return ``file:line`` of a version script."""
    return one_line(f"{location.file}:{location.line}")


def cause(violation: Violation) -> str:
    """Return the first sentence of the message, which always names the table or column."""
    first = one_line(_END_OF_SENTENCE.split(violation.message.strip(), maxsplit=1)[0])
    named = one_line(violation.column or violation.table.name)
    return first if named in first else f"{place(violation)}: {first}".rstrip(": ")


def consequence(violation: Violation) -> str:
    """Return what the message says after its first sentence, maybe nothing."""
    parts = _END_OF_SENTENCE.split(violation.message.strip(), maxsplit=1)
    return one_line(parts[1]) if len(parts) > 1 else ""


def blocks(violations: Iterable[Violation]) -> list[Block]:
    """Merge the violations of one contract that belong together, in the order of their first, what is gone first."""
    merged: list[list[Violation]] = []
    for violation in violations:
        for block in merged:
            if any(_together(violation, other) for other in block):
                block.append(violation)
                break
        else:
            merged.append([violation])
    return [Block(tuple(sorted(block, key=lambda violation: violation.actual != "absent"))) for block in merged]


def _together(one: Violation, other: Violation) -> bool:
    if (one.contract, one.severity, one.table) != (other.contract, other.severity, other.table):
        return False
    same_column = one.column is not None and one.column == other.column
    same_place = one.location is not None and one.location == other.location
    return same_column or same_place or (one.location == other.location and _pattern(one) == _pattern(other))


def _pattern(violation: Violation) -> str:
    """Return the remedy without the words that tell it from that of a sister column."""
    own = {contract_place(violation.contract_location), violation.column or "", violation.expected, violation.actual}
    words = "|".join(re.escape(word) for word in sorted(own, key=lambda word: (-len(word), word)) if word)
    return re.sub(words, "\0", violation.remedy)


def remedies(violations: Sequence[Violation]) -> list[Remedy]:
    """Return what to do instead: one remedy a column, and those that differ in names alone once.

    A column that differs in several ways needs one way out, that of its first violation; the formats for programs have
    them all.
    """
    columns = {violation.column: violation for violation in reversed(violations) if violation.remedy.strip()}
    found = [violation for violation in violations if columns.get(violation.column) is violation]
    patterns = dict.fromkeys(_pattern(violation) for violation in found)
    same = ([violation for violation in found if _pattern(violation) == pattern] for pattern in patterns)
    return [
        Remedy(group[0].remedy, tuple(dict.fromkeys(name for v in group if (name := place(v)) != place(group[0]))))
        for group in same
    ]


def paragraphs(text: str) -> Iterator[tuple[bool, str]]:
    """Split a remedy into prose and code: yields (whether it is code, text).

    Indented lines are code and keep their layout, without the common indentation of four. Prose lines are joined until
    one ends a sentence.
    """
    lines = [texts.line(line.rstrip()) for line in text.expandtabs(4).split("\n") if line.strip()]
    for is_code, group in groupby(lines, key=lambda line: line.startswith("    ")):
        if is_code:
            yield True, "\n".join(line[4:] for line in group)
        else:
            yield from ((False, " ".join(sentence)) for sentence in _joined(group))


def _joined(lines: Iterable[str]) -> Iterator[list[str]]:
    pending: list[str] = []
    for line in lines:
        pending.append(line.strip())
        if pending[-1].endswith((".", ":", "!", "?", ";")):
            yield pending
            pending = []
    if pending:
        yield pending


def tally(violations: Sequence[Violation]) -> str:
    """Return how many there are and in how many contracts: ``2 violations and 1 warning in 1 contract``."""
    errors = sum(violation.severity == "error" for violation in violations)
    warnings = len(violations) - errors
    parts = [count(errors, "violation")] * bool(errors) + [count(warnings, "warning")] * bool(warnings)
    return f"{' and '.join(parts)} in {count(len({v.contract for v in violations}), 'contract')}"


def _revisions(checked: Checked) -> str:
    return f"{count(checked.revisions, 'revision')} checked" if checked.revisions else "no pending revision"


def scope(checked: Checked) -> str:
    """Return how much was looked at."""
    facts = f"{count(checked.facts, 'fact')} of {count(checked.contracts, 'contract')}"
    return f"{facts} on {count(checked.tables, 'table')}, {_revisions(checked)}{_unheld(checked)}"


def _unheld(checked: Checked) -> str:
    """Return how much was not looked at."""
    if not checked.not_applicable:
        return ""
    return f"; {count(checked.not_applicable, 'fact')} not applicable on {checked.unheld_on}"


def verdict(report: Report) -> str:
    """Return the verdict and what it rests on, in one line that is true without the rest of the report."""
    looked_at = f"({scope(report.checked)})."
    open_questions = f"{count(len(report.unproven), 'operation')} could not be worked out"
    if report.status == "broken":
        more = f"; {open_questions}" if report.unproven else ""
        return f"Broken: {tally(report.violations)}{more} {looked_at}"
    if report.status == "unproven":
        more = f"; {tally(report.violations)}" if report.violations else ""
        return f"Unproven: {open_questions}, so nobody can say that the contracts are kept{more} {looked_at}"
    if report.violations:
        return f"Kept, with {tally(report.violations)} {looked_at}"
    checked = report.checked
    if checked.not_applicable:
        kept = f"{count(checked.facts, 'fact')} kept, {checked.not_applicable} not applicable on {checked.unheld_on}"
        nothing = "" if checked.facts else "Nothing was checked: "
        return f"{nothing}{kept} ({_rest(checked)})."
    what = f"{count(checked.contracts, 'contract')}, {count(checked.facts, 'fact')} on {count(checked.tables, 'table')}"
    return f"All data contracts are kept: {what}; {_revisions(checked)}."


def _rest(checked: Checked) -> str:
    return f"{count(checked.contracts, 'contract')}, {_revisions(checked)}"


def reasons_by_place(entries: Iterable[Unproven]) -> list[tuple[Location | None, list[str]]]:
    """Return for every place, in order of appearance, the different reasons why something is unproven there."""
    places: dict[Location | None, dict[str, None]] = {}
    for entry in entries:
        places.setdefault(entry.location, {})[one_line(_told(entry.reason))] = None
    return [(location, list(reasons)) for location, reasons in places.items()]


def _told(reason: str) -> str:
    """Return a reason as it is told to people: what the database will not do is no question any more."""
    message = refusal(reason)
    return reason if message is None else f"This migration will fail: {message}"


def unproven_advice(entries: Sequence[Unproven], database: str) -> str:
    """Return what to do about operations whose effect is not known, and about those that the database would refuse.

    Args:
        entries: the operations.
        database: what the kind of database is called.
    """
    refused = {entry: text for entry in entries if (text := _refusal_advice(entry)) is not None}
    parts = list(dict.fromkeys(refused.values()))[:_REFUSALS]
    others = len(entries) - len(refused)
    if others:
        parts.append(_advice_on_unknown(others, database))
    return " ".join(f"{part[0].upper()}{part[1:]}" for part in parts)


def settles(entries: Sequence[Unproven]) -> str:
    """Return what the advice is for."""
    return "What to do" if all(refusal(entry.reason) is not None for entry in entries) else "To settle it"


_REFUSALS = 3
"""Of them are spelled out; what fails first is mended first."""


def _refusal_advice(entry: Unproven) -> str | None:
    from alembic_contracts.judging import refusal_advice

    return refusal_advice.advice(entry.reason, entry.location.revision if entry.location is not None else None)


def _advice_on_unknown(count: int, database: str) -> str:
    what = "it" if count == 1 else "them"
    if database != "PostgreSQL":
        return (
            f"Write {what} as op.* calls or static SQL that go by nothing but the schema, so that the effect can be "
            "worked out. Whatever is unproven before an upgrade, the schema that results is looked at before its "
            'commit; where that can be rolled back (docs/databases.md), `unproven = "warn"` loses nothing.'
        )
    return (
        "`alembic check-contracts --shadow` shows what the history does on a scratch PostgreSQL, which has none of "
        f"your rows. Or write {what} as op.* calls or static SQL, whose effect can be worked out. Whatever is unproven "
        "before an upgrade, the schema that results is checked again before its commit."
    )


_SIDES = {"reader": "readers", "writer": "writers", "cdc": "change data capture"}


def effects(violation: Violation) -> str:
    """Return who in particular is affected, and how; nothing where it is everybody."""
    parts = []
    if 0 < len(violation.breaks) < len(_SIDES):
        parts.append(f"breaks {' and '.join(_SIDES[side] for side in violation.breaks)}")
    if violation.transient:
        parts.append("open prepared statements fail once, since the column's type changes")
    return "; ".join(parts)


def with_it(violation: Violation) -> str:
    """Return what else is different for the same cause; maybe nothing."""
    return "; ".join(one_line(f"{v.rule} {v.actual} instead of {v.expected}") for v in violation.folded)


def used_by_whom(violations: Iterable[Violation]) -> str:
    """Return where consumers are seen to use what violations are about, each place once; maybe nothing."""
    parts = (part for violation in violations for part in violation.parts)
    return used_by((place for part in parts for place in part.used_by), line=one_line, what=one_line)


def permit(violation: Violation) -> str:
    """Return who waived it, until when and why; nothing where nobody did."""
    waiver = violation.waiver
    if waiver is None:
        return ""
    place = contract_place(waiver.location)
    return one_line(f"waived by {waiver.approver} until {waiver.expiry:%Y-%m-%d}: {waiver.reason} ({place})")

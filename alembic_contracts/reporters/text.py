"""For people at a terminal: what broke, for whom, where, and what to do instead."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from msgspec import Struct

from alembic_contracts.reporters import _endings as endings
from alembic_contracts.reporters import _wording as wording

if TYPE_CHECKING:
    from alembic_contracts.judging.violations import Notice, Report, Violation
    from alembic_contracts.reporters import Options
    from alembic_contracts.schemas.steps import Location

__all__ = ["render"]

_LABEL_WIDTH = len("stated in: ")
_STYLES = {"error": "1;31", "warning": "1;33", "unproven": "1;35", "note": "1;36", "kept": "1;32"}
_GUTTER, _STRONG, _INSTEAD = "1;34", "1", "1;32"
_VERDICT_STYLES = {"broken": _STYLES["error"], "unproven": _STYLES["unproven"], "kept": _STYLES["kept"]}


class _Page(Struct, frozen=True):
    """Turns words into lines of the right width and colour."""

    width: int
    color: bool

    def paint(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self.color and text and style else text

    def wrap(self, text: str, first: str = "", rest: str | None = None) -> list[str]:
        """Break prose at blanks; words that are longer than a line, such as paths, stay whole."""
        return textwrap.wrap(
            text,
            self.width,
            initial_indent=first,
            subsequent_indent=first if rest is None else rest,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [first.rstrip()]

    def title(self, kind: str, tag: str, text: str) -> list[str]:
        """Return ``error[rule]: text``, continued under the text."""
        label = f"{kind}[{tag}]:" if tag else f"{kind}:"
        first, *rest = self.wrap(f"{label} {text}", rest="    ")
        return [self.paint(label, _STYLES[kind]) + self.paint(first[len(label) :], _STRONG), *rest]

    def field(self, indent: int, label: str, text: str, style: str = "") -> list[str]:
        """Return ``= label: text`` with the text in a column of its own."""
        head = f"{'':{indent}} = {label + ':':{_LABEL_WIDTH}}"
        first, *rest = self.wrap(text, first=head, rest=" " * len(head))
        mark = f"{'':{indent}} = "
        return [self.paint(mark, _GUTTER) + self.paint(label + ":", style) + first[len(mark) + len(label) + 1 :], *rest]


def render(report: Report, options: Options) -> str:
    """Return the report as lines for a terminal, with ANSI colours only where ``options.color`` says so."""
    page = _Page(options.width, options.color)
    sections: list[list[str]] = []
    headline = endings.headline(report)
    if headline:
        style = _VERDICT_STYLES[report.status] if report.refuses else _STYLES["warning"]
        sections.append([page.paint(line, style) for line in page.wrap(headline)])
    said: set[str] = set()
    for _, group in groupby(_by_contract(report.violations), key=lambda violation: violation.contract):
        sections.extend(_contract(page, report, list(group), said))
    sections.extend(_unproven(page, report))
    sections.extend([_notice(page, notice) for notice in report.notices])
    for way in endings.ways_out(report):
        indent = "" if way.blanks_count else "    "
        lines = ["", *(f"{indent}{line}" for line in way.text.split("\n"))] if way.text else []
        sections.append([*page.wrap(way.sentence), *lines])
    way_out = endings.way_out(report)
    if way_out:
        sections.append(page.wrap(way_out))
    sections.append(_verdict(page, report))
    return "\n\n".join("\n".join(line.rstrip() for line in section) for section in sections)


def _by_contract(violations: Sequence[Violation]) -> list[Violation]:
    """Return the violations contract by contract, errors before warnings, else in their order."""
    order = {contract: index for index, contract in enumerate(dict.fromkeys(v.contract for v in violations))}
    broken = {violation.contract for violation in violations if violation.severity == "error"}
    return sorted(violations, key=lambda v: (v.contract not in broken, order[v.contract], v.severity))


def _contract(page: _Page, report: Report, violations: list[Violation], said: set[str]) -> Iterator[list[str]]:
    first = violations[0]
    owner = wording.one_line(str(first.owner))
    yield [
        f"Contract {page.paint(wording.one_line(first.contract), _STRONG)}",
        f"Owner    {page.paint(owner, _STRONG)}",
    ]
    for block in wording.blocks(violations):
        yield _error(page, report, block, said) if block.first.severity == "error" else _warning(page, block)


def _error(page: _Page, report: Report, block: wording.Block, said: set[str]) -> list[str]:
    lines = [line for v in block.violations for line in page.title("error", v.rule, wording.cause(v))]
    indent = max((len(str(location.line)) for location in block.locations if location), default=1)
    if block.first.by_others:
        lines += page.field(indent, "changed", block.first.by_others)
    elif report.of_models:
        lines.append(f"{page.paint('  -->', _GUTTER)} {endings.cause_of_models(block.first)}")
    else:
        for location in block.locations:
            lines += _script(page, location, indent, introduced=block.first.introduced)
    for label, value in _differences(block):
        lines += page.field(indent, label, value)
    for others in filter(None, map(wording.with_it, block.violations)):
        lines += page.field(indent, "with it", others)
    if block.consequences:
        lines += page.field(indent, "effect", " ".join(block.consequences))
    for effects in dict.fromkeys(filter(None, map(wording.effects, block.violations))):
        lines += page.field(indent, "affects", effects)
    lines += page.field(indent, "stated in", block.contract_places)
    if seen := wording.used_by_whom(block.violations):
        lines += page.field(indent, "evidence", seen)
    for remedy in wording.remedies(block.violations):
        lines += _instead(page, remedy, indent, said)
    return lines


def _script(page: _Page, location: Location | None, indent: int, *, introduced: bool) -> list[str]:
    """Return the place in the version script with its line of source, as compilers show it."""
    arrow = page.paint(f"{'':{indent}}-->", _GUTTER)
    if location is None:
        known = "caused outside the version scripts" if introduced else "already so: no checked revision caused it"
        return [f"{arrow} {known}"]
    lines = [f"{arrow} {wording.script_place(location)} (revision {wording.one_line(location.revision)})"]
    if location.source:
        bar = page.paint(f"{'':{indent}} |", _GUTTER)
        source = _shortened(wording.one_line(location.source), page.width - indent - 3)
        lines += [bar, f"{page.paint(f'{location.line:>{indent}} |', _GUTTER)} {source}", bar]
    return lines


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 4]} ..."


def _differences(block: wording.Block) -> list[tuple[str, str]]:
    """Return what was expected and what is there; among several violations only what their titles do not say."""
    pairs = {(wording.one_line(v.expected), wording.one_line(v.actual)) for v in block.violations}
    if len(pairs) == 1:
        expected, actual = next(iter(pairs))
        return [("expected", expected), ("actual", actual)]
    untold = [v for v in block.violations if v.actual != "absent" and _untold(v)]
    return [
        ("expected", f"{wording.one_line(v.expected)}, actual {wording.one_line(v.actual)} ({v.rule})") for v in untold
    ]


def _untold(violation: Violation) -> list[str]:
    """Return what the first sentence of the message does not say of expected and actual."""
    text = wording.cause(violation)
    values = {"expected": wording.one_line(violation.expected), "actual": wording.one_line(violation.actual)}
    return [f"{word} {value}" for word, value in values.items() if value not in text]


def _instead(page: _Page, remedy: wording.Remedy, indent: int, said: set[str]) -> list[str]:
    if remedy.text in said:
        return page.field(indent, "instead", "as said above", _INSTEAD)
    said.add(remedy.text)
    margin = " " * (indent + 3)
    lines = page.field(indent, "instead", "", _INSTEAD)
    for is_code, text in wording.paragraphs(remedy.text):
        if is_code:
            lines += ["", *(f"{margin}    {line}" for line in text.split("\n")), ""]
        else:
            lines += page.wrap(text, first=margin)
    if remedy.likewise:
        lines += page.wrap(f"Likewise for {', '.join(remedy.likewise)}.", first=margin)
    while not lines[-1]:
        lines.pop()
    return lines


def _warning(page: _Page, block: wording.Block) -> list[str]:
    """Return one title a violation and one line of places: a standing fact is known, and stops nobody."""
    lines = [line for v in block.violations for line in page.title("warning", v.rule, _short_cause(v))]
    places = [wording.script_place(location) for location in block.locations if location]
    came = f"caused by {', '.join(places)}" if places else "no checked revision caused it"
    lines += page.wrap(f"stated in {block.contract_places}; {came}", first="    ")
    if seen := wording.used_by_whom(block.violations):
        lines += page.wrap(seen, first="    ")
    for note in dict.fromkeys(
        n for v in block.violations for n in (_also(v), wording.effects(v), wording.permit(v)) if n
    ):
        lines += page.wrap(note, first="    ")
    return lines


def _also(violation: Violation) -> str:
    others = wording.with_it(violation)
    return f"with it {others}" if others else ""


def _short_cause(violation: Violation) -> str:
    untold = ", ".join(_untold(violation)) if violation.actual != "absent" else ""
    return f"{wording.cause(violation)} ({untold})" if untold else wording.cause(violation)


def _unproven(page: _Page, report: Report) -> Iterator[list[str]]:
    entries = report.unproven
    for location, reasons in wording.reasons_by_place(entries):
        lines = [line for reason in reasons for line in page.title("unproven", "", reason)]
        if location is not None:
            lines += _script(page, location, len(str(location.line)), introduced=True)
        yield lines
    if entries and (report.phase == "check" or report.refuses) and (relied := endings.concerned(report)):
        tables = ", ".join(dict.fromkeys(wording.one_line(str(each.table)) for each in report.in_doubt))
        yield page.wrap(f"This can concern {tables} ({relied}).", rest="  ")
    if entries:
        yield page.wrap(
            wording.unproven_advice(entries, report.database), first=f"{wording.settles(entries)}: ", rest="  "
        )


def _notice(page: _Page, notice: Notice) -> list[str]:
    where = f" ({wording.contract_place(notice.location)})" if notice.location else ""
    return page.title("note", "", wording.one_line(notice.message) + where)


def _verdict(page: _Page, report: Report) -> list[str]:
    doubtful = report.status == "kept" and (report.violations or report.unheld)
    style = _STYLES["warning"] if doubtful else _VERDICT_STYLES[report.status]
    return [page.paint(line, style) for line in page.wrap(wording.verdict(report))]

"""GitHub's Markdown: a comment on a pull request, or a job's summary.

Text of users goes into code spans or is escaped, so that nothing in a contract or script can ping people, refer to
issues, smuggle in HTML or break the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from alembic_contracts.reporters import _endings as endings
from alembic_contracts.reporters import _wording as wording
from alembic_contracts.schemas.uses import used_by
from alembic_contracts.texts import markdown as prose
from alembic_contracts.texts import markdown_code as code
from alembic_contracts.texts import markdown_html as in_html

if TYPE_CHECKING:
    from alembic_contracts.judging.violations import Report, Violation
    from alembic_contracts.reporters import Options
    from alembic_contracts.schemas.steps import Location, Unproven

__all__ = ["MARKER", "render"]

MARKER = "<!-- alembic-contracts -->"
"""First line of every comment, by which the next run finds the comment to update."""

_LIMIT = 60_000
"""GitHub refuses comments of more than 65,536 characters; what does not fit is counted."""
_TITLES = {"kept": "Data contracts kept", "broken": "Data contract broken", "unproven": "Data contracts not proven"}


def render(report: Report, options: Options) -> str:  # noqa: ARG001  every format has this signature
    """Return the report as Markdown whose first line is ``MARKER``."""
    checked = report.checked
    nothing = report.status == "kept" and checked.not_applicable and not checked.facts
    title = "Data contracts not checked" if nothing else _TITLES[report.status]
    parts = [MARKER, f"### {title}", prose(wording.verdict(report))]
    headline = endings.headline(report)
    if headline:
        parts.append(f"**{prose(headline)}**")
    errors = [violation for violation in report.violations if violation.severity == "error"]
    warnings = [violation for violation in report.violations if violation.severity != "error"]
    sections = [*_section(errors), *_remedies(errors), *_unproven(report.unproven, report.database)]
    ways = [part for way in endings.ways_out(report) for part in (prose(way.sentence), _fenced(way.text, "yaml"))]
    if ways:
        sections.append(_details("What permits it", "\n\n".join(filter(None, ways))))
    if warnings:
        summary = f"{wording.count(len(warnings), 'warning')}: known, and stopping nobody"
        sections.append(_details(summary, "\n\n".join(_section(warnings))))
    sections.extend(f"> {prose(wording.one_line(notice.message))}" for notice in report.notices)
    return "\n\n".join(_fitting([*parts, *sections]))


def _fitting(sections: Sequence[str]) -> Iterator[str]:
    """Yield whole sections as long as they fit, then say how many are left out."""
    size = 0
    for index, section in enumerate(sections):
        size += len(section) + 2
        if size > _LIMIT:
            left = wording.count(len(sections) - index, "section")
            yield f"_{left} left out: a comment holds no more. The job's log has the whole report._"
            return
        yield section


def _section(violations: Sequence[Violation]) -> Iterator[str]:
    """Yield one table of violations, in pieces that can be cut."""
    if violations:
        rows = ["| What | Relied on by | Script | Contract |", "| --- | --- | --- | --- |", *map(_row, violations)]
        shown = rows[:2]
        size = sum(map(len, shown))
        for row in rows[2:]:
            size += len(row) + 1
            if size > _LIMIT // 2:
                break
            shown.append(row)
        yield "\n".join(shown)
        if len(shown) < len(rows):
            yield f"_and {len(rows) - len(shown)} more_"


def _row(violation: Violation) -> str:
    what = f"{code(violation.rule)}: {code(wording.place(violation))}"
    expected, actual = (
        code(wording.one_line(violation.expected)),
        code(wording.one_line(violation.actual)),
    )
    others = f"<br>with it {prose(wording.with_it(violation))}" if violation.folded else ""
    script = _script(violation.location)
    if violation.location and violation.location.source:
        script += f"<br>{code(wording.one_line(violation.location.source))}"
    seen = used_by(
        violation.used_by,
        line=lambda text: code(wording.one_line(text)),
        what=lambda text: prose(wording.one_line(text)),
    )
    cells = [
        f"{what}<br>expected {expected}, actual {actual}{others}",
        "<br>".join(
            [
                code(wording.one_line(violation.contract)),
                prose(wording.one_line(str(violation.owner))),
                *([seen] if seen else []),
            ]
        ),
        script,
        code(wording.stated_in(violation)),
    ]
    return f"| {' | '.join(cells)} |"


def _script(location: Location | None) -> str:
    if location is None:
        return "no checked revision"
    return f"{code(wording.script_place(location))}<br>revision {code(wording.one_line(location.revision))}"


def _remedies(violations: Sequence[Violation]) -> Iterator[str]:
    for _, group in groupby(violations, key=lambda violation: violation.contract):
        for block in wording.blocks(group):
            body = [prose(wording.cause(v)) for v in block.violations]
            body += [prose(text) for text in block.consequences]
            body = [" ".join(body)]
            for remedy in wording.remedies(block.violations):
                body += [_fenced(text) if is_code else prose(text) for is_code, text in wording.paragraphs(remedy.text)]
                if remedy.likewise:
                    body.append(f"Likewise for {', '.join(map(code, remedy.likewise))}.")
            places = dict.fromkeys(map(wording.place, block.violations))
            summary = ", ".join(f"<code>{in_html(place)}</code>" for place in places)
            yield _details(f"What to do instead: {summary}", "\n\n".join(body))


def _unproven(entries: Sequence[Unproven], database: str) -> Iterator[str]:
    if entries:
        lines = [
            f"- {prose(' '.join(reasons))}" + (f" ({_script(location)})".replace("<br>", ", ") if location else "")
            for location, reasons in wording.reasons_by_place(entries)
        ]
        yield "**Not proven**\n\n" + "\n".join(lines)
        yield wording.unproven_advice(entries, database)


def _details(summary: str, body: str) -> str:
    """Return a section that opens on a click; ``summary`` is HTML, blank lines make ``body`` Markdown again."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def _fenced(text: str, language: str = "python") -> str:
    """Return a block of code; nothing for an empty text."""
    if not text:
        return ""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"

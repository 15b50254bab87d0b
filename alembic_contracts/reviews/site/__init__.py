"""The catalogue: contracts, schema and what is pending in, a page out that needs neither server nor network.

Jinja is imported when a page is written: it comes with the extra ``docs``.
"""

from __future__ import annotations

import html
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic_contracts import texts
from alembic_contracts.contracts.contract import Contract, Fact, Waiver
from alembic_contracts.errors import CannotCheck
from alembic_contracts.judging import rules
from alembic_contracts.reviews.coverage import Coverage, coverage_of

if TYPE_CHECKING:
    from alembic_contracts.dialects import Dialect
    from alembic_contracts.reviews.plans import Plan
    from alembic_contracts.running.terms import Terms
    from alembic_contracts.schemas.schema import Name, Schema, Table

__all__ = ["write"]

_ASSETS = ("catalogue.css", "catalogue.js", "viz-global.js", "viz-LICENSE.txt")
_MANY_COLUMNS = 12
"""Columns of a table that the picture shows; those under contract are always among them."""


@dataclass(frozen=True, slots=True)
class _Statement:
    """One fact, for people."""

    rule: str
    place: str
    expected: str
    where: str
    summary: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """One contract, for people."""

    contract: Contract
    anchor: str
    statements: tuple[_Statement, ...]
    violations: tuple[Any, ...]
    waivers: tuple[Waiver, ...]
    source: str

    @property
    def status(self) -> str:
        """Whether it is kept once all that is pending has run."""
        return "broken" if any(violation.severity == "error" for violation in self.violations) else "kept"


def write(folder: Path, plan: Plan, terms: Terms, dialect: Dialect, *, schema: Schema) -> tuple[Path, ...]:
    """Write the page and what it needs; returns the files.

    Args:
        folder: made where it is not there; files of the same names are replaced.
        plan: what is pending.
        terms: settings and contracts.
        dialect: knows how types are spelled.
        schema: what the picture and the coverage show.

    Raises:
        CannotCheck: Jinja is not installed, or the folder cannot be written.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ModuleNotFoundError as error:
        raise CannotCheck("The catalogue needs Jinja: pip install 'alembic-contracts[docs]'") from error
    pages = Environment(
        loader=PackageLoader("alembic_contracts.reviews.site"),
        autoescape=True,
        finalize=lambda value: type(value)(texts.lines(value)) if isinstance(value, str) else texts.lines(str(value)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    coverage = coverage_of(terms.contracts, schema)
    text = pages.get_template("index.html").render(
        entries=tuple(_entries(terms, plan, dialect)),
        coverage=coverage,
        plan=plan,
        picture=_dot(schema, coverage),
        columns=lambda name: _columns(schema.tables[name], dialect),
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index.html").write_text(text, encoding="utf-8")
        for name in _ASSETS:
            shutil.copyfile(Path(__file__).with_name("assets") / name, folder / name)
    except OSError as error:
        raise CannotCheck(f"The catalogue cannot be written to {folder}: {error.strerror}") from error
    return (folder / "index.html", *(folder / name for name in _ASSETS))


def _entries(terms: Terms, plan: Plan, dialect: Dialect) -> Iterator[_Entry]:
    known = rules.load()
    for number, contract in enumerate(terms.contracts, 1):
        yield _Entry(
            contract,
            f"contract-{number}",
            tuple(_statement(fact, known[fact.rule], dialect) for fact in contract.facts),
            tuple(v for v in plan.report.violations if v.contract == contract.id),
            tuple(waiver for waiver in terms.waivers if waiver.contract == contract.id),
            _source(contract.location.file),
        )


def _statement(fact: Fact, rule: Any, dialect: Dialect) -> _Statement:
    where = f"{fact.location.file}:{fact.location.line}"
    return _Statement(fact.rule, fact.place, rule.expected(fact, dialect), where, rule.summary)


def _source(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _columns(table: Table, dialect: Dialect) -> tuple[tuple[str, str, bool, bool], ...]:
    """Return name, type, whether it can be NULL, and whether it is in the key."""
    return tuple(
        (
            c.name,
            dialect.format_type(c.type) if c.type is not None else "?",
            not c.not_null,
            c.name in table.primary_key,
        )
        for c in table.columns
    )


# -- the picture -------------------------------------------------------------------------------------------------------

# Colours that the page replaces by those of its theme.
_TEXT, _LINE, _PAPER, _HEAD, _COVERED = "#010101", "#020202", "#030303", "#040404", "#050505"


def _dot(schema: Schema, coverage: Coverage) -> str:
    """Return the tables, with what is under contract marked, in Graphviz' language."""
    rows = {row.table: row for row in coverage.rows}
    lines = [
        "digraph schema {",
        'graph [rankdir=LR, bgcolor="transparent", nodesep=0.35, ranksep=0.9, pack=24, packmode="array_3"];',
        f'node [shape=plain, fontname="Helvetica", fontsize=11, fontcolor="{_TEXT}", color="{_LINE}"];',
        f'edge [color="{_LINE}", arrowsize=0.7];',
    ]
    for name, row in rows.items():
        lines.append(
            f"{_identifier(name)} [label=<{_box(schema.tables[name], set(row.covered), bool(row.contracts))}>];"
        )
    lines.extend(_edges(schema, rows))
    return "\n".join((*lines, "}"))


def _edges(schema: Schema, rows: Mapping[Name, object]) -> Iterator[str]:
    for name in rows:
        for target in sorted({c.references for c in schema.tables[name].constraints if c.references in rows}, key=str):
            if target is not None:
                yield f"{_identifier(name)} -> {_identifier(target)};"
        for source in sorted({source for source, _ in schema.tables[name].depends_on if source in rows}):
            yield f"{_identifier(name)} -> {_identifier(source)} [style=dashed];"


def _identifier(name: Name) -> str:
    return json.dumps(str(name), ensure_ascii=False)


def _box(table: Table, covered: set[str], contracted: bool) -> str:
    shown = [column.name for column in table.columns]
    if len(shown) > _MANY_COLUMNS:
        shown = [name for name in shown if name in covered][:_MANY_COLUMNS] or shown[:_MANY_COLUMNS]
    left = len(table.columns) - len(shown)
    head = _HEAD if contracted else _PAPER
    border = 2 if contracted else 1
    rows = [
        f'<TABLE BORDER="{border}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4" COLOR="{_LINE}" BGCOLOR="{_PAPER}">',
        f'<TR><TD BGCOLOR="{head}" ALIGN="LEFT"><B>{_escaped(str(table.name))}</B></TD></TR>',
    ]
    for name in shown:
        mark, color = ("● ", _COVERED) if name in covered else ("", _PAPER)
        rows.append(f'<TR><TD ALIGN="LEFT" BGCOLOR="{color}">{mark}{_escaped(name)}</TD></TR>')
    if left:
        rows.append(f'<TR><TD ALIGN="LEFT"><I>{left} more</I></TD></TR>')
    return "".join((*rows, "</TABLE>"))


def _escaped(text: str) -> str:
    """Return text for a label; Graphviz refuses control characters."""
    return html.escape(texts.line(text)) or " "

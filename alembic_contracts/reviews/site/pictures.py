"""Tables in, a picture of them in Graphviz' language out: what is under contract is marked, arrows say what refers."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from alembic_contracts import texts
from alembic_contracts.schemas.schema import Name, Schema, Table

__all__ = ["MOST_TABLES", "Picture", "neighbours", "picture_of"]

MOST_TABLES = 40
"""Tables of a picture; with more it takes long to draw and nobody finds anything in it."""
_MANY_COLUMNS = 12
"""Columns of a table that the picture shows; those under contract are always among them."""
# Colours that the page replaces by those of its theme.
_TEXT, _LINE, _PAPER, _HEAD, _COVERED = "#010101", "#020202", "#030303", "#040404", "#050505"


class Picture(Struct, frozen=True):
    """A picture, and how many of the tables that belong to it are not in it."""

    dot: str
    tables: int
    left_out: int = 0


def neighbours(schema: Schema) -> Mapping[Name, tuple[Name, ...]]:
    """Return for each table those that it refers to or reads, and those that refer to it or read it, sorted."""
    found: dict[Name, set[Name]] = {name: set() for name in schema.tables}
    for name, target, _ in _references(schema, schema.tables):
        if name != target:
            found[name].add(target)
            found[target].add(name)
    return {name: tuple(sorted(others)) for name, others in found.items()}


def picture_of(schema: Schema, tables: Sequence[Name], covered: Mapping[Name, frozenset[str]]) -> Picture:
    """Return a picture of some tables.

    Args:
        schema: where they are; names that are not in it are passed over.
        tables: those to show, the more important ones first.
        covered: columns under contract, for each table under contract.
    """
    there = [name for name in dict.fromkeys(tables) if name in schema.tables]
    shown = dict.fromkeys(there[:MOST_TABLES])
    # Letters of one width are as wide in every browser as Graphviz takes them to be.
    lines = [
        "digraph schema {",
        'graph [rankdir=LR, bgcolor="transparent", nodesep=0.35, ranksep=0.9, pack=24, packmode="array_3"];',
        f'node [shape=plain, fontname="Courier", fontsize=11, fontcolor="{_TEXT}", color="{_LINE}"];',
        f'edge [color="{_LINE}", arrowsize=0.7];',
        *(f"{_identifier(name)} [label=<{_box(schema.tables[name], covered.get(name))}>];" for name in shown),
        *(
            f"{_identifier(name)} -> {_identifier(target)}{' [style=dashed]' if reads else ''};"
            for name, target, reads in _references(schema, shown)
        ),
        "}",
    ]
    return Picture("\n".join(lines), len(shown), len(there) - len(shown))


def _references(schema: Schema, names: Iterable[Name]) -> Iterator[tuple[Name, Name, bool]]:
    """Yield which of the named tables refers to which other one of them, and whether it is a view that reads it."""
    among = set(names)
    for name in names:
        table = schema.tables[name]
        for target in sorted({c.references for c in table.constraints if c.references is not None} & among):
            yield name, target, False
        for source in sorted({source for source, _ in table.depends_on} & among):
            yield name, source, True


def _identifier(name: Name) -> str:
    return json.dumps(str(name), ensure_ascii=False)


def _box(table: Table, covered: frozenset[str] | None) -> str:
    columns = [column.name for column in table.columns]
    contracted = covered or frozenset()
    shown = columns
    if len(columns) > _MANY_COLUMNS:
        shown = [name for name in columns if name in contracted][:_MANY_COLUMNS] or columns[:_MANY_COLUMNS]
    border, head = (1, _PAPER) if covered is None else (2, _HEAD)
    rows = [
        f'<TABLE BORDER="{border}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4" COLOR="{_LINE}" BGCOLOR="{_PAPER}">',
        f'<TR><TD BGCOLOR="{head}" ALIGN="LEFT"><B>{_escaped(str(table.name))}</B></TD></TR>',
    ]
    for name in shown:
        mark, color = ("● ", _COVERED) if name in contracted else ("", _PAPER)
        rows.append(f'<TR><TD ALIGN="LEFT" BGCOLOR="{color}">{mark}{_escaped(name)}</TD></TR>')
    if len(columns) > len(shown):
        rows.append(f'<TR><TD ALIGN="LEFT"><I>{len(columns) - len(shown)} more</I></TD></TR>')
    return "".join((*rows, "</TABLE>"))


def _escaped(text: str) -> str:
    """Return text for a label; Graphviz refuses control characters."""
    return html.escape(texts.line(text)) or " "

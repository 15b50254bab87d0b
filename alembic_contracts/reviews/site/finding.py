"""Contracts and tables in, the script that the search of every page looks through out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from alembic_contracts import texts
from alembic_contracts.reviews.site.addresses import anchor_of

if TYPE_CHECKING:
    from alembic_contracts.contracts.contract import Owner
    from alembic_contracts.reviews.coverage import Coverage
    from alembic_contracts.reviews.site.contract_pages import ContractPage

__all__ = ["script_of"]


def script_of(contracts: Sequence[ContractPage], owners: Iterable[Owner], coverage: Coverage) -> str:
    """Return a script with all that can be found: contracts, their owners, tables, and columns.

    A column under contract leads to its row on the page of the first contract that names it, all else of the schema to
    the page with all tables.

    Args:
        contracts: their pages.
        owners: in the order of the first page.
        coverage: all tables.
    """
    places: dict[tuple[str, str], str] = {}
    for page in contracts:
        for section in page.sections:
            places.setdefault((str(section.name), ""), f"contracts/{page.file}#{section.anchor}")
            for row in (row for row in section.rows if row.own):
                places.setdefault((str(section.name), row.name), f"contracts/{page.file}#{row.anchor}")
    tables = {str(row.table): [*row.covered, *row.others] for row in coverage.rows}
    anchors = {str(row.table): f"tables.html#{anchor_of(row.table)}" for row in coverage.rows}
    for table, column in places:
        named = tables.setdefault(table, [])
        if column and column not in named:
            named.append(column)
    content = {
        "contracts": [
            [_shown(page.contract.id), _shown(str(page.contract.owner)), f"contracts/{page.file}"] for page in contracts
        ],
        "owners": [[_shown(str(owner)), f"index.html#owner-{number}"] for number, owner in enumerate(owners, 1)],
        "tables": [
            [
                _shown(table),
                places.get((table, ""), anchors.get(table, "")),
                [[_shown(column), places.get((table, column), anchors.get(table, ""))] for column in columns],
            ]
            for table, columns in tables.items()
        ],
    }
    return f"window.CATALOGUE = {json.dumps(content, separators=(',', ':'))};\n"


def _shown(text: str) -> str:
    return texts.line(text)

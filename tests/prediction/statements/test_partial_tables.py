"""Whoever looks at all tables of a baseline of which a part was read has asked for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.surroundings import Extract

if TYPE_CHECKING:
    from collections.abc import Callable

    from alembic_contracts.prediction.catalog.journal import Store

LOOKS: dict[str, Callable[[Store], object]] = {
    "names": list,
    "number": len,
    "values": lambda tables: list(tables.values()),
    "items": lambda tables: list(tables.items()),
    "one of the rest": lambda tables: tables.get(Name("public", "unread")),
}


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_at_all_tables_asks_for_what_was_not_read(look: str) -> None:
    nothing: frozenset[Name] = frozenset()
    part = Extract(nothing, nothing, frozenset((Name("public", "unread"),)), frozenset(), nothing)
    catalog = Catalog(extract=part, complete=False)
    assert not catalog.asked_for_unread
    LOOKS[look](catalog.state.tables)
    assert catalog.asked_for_unread

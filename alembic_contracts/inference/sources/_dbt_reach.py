"""Where values of this database go inside of a dbt project: the uses that reach an exposure, and what reaches none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from alembic_contracts.inference.sources._dbt_code import called
from alembic_contracts.inference.uses import Use
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.uses import Place

if TYPE_CHECKING:
    from alembic_contracts.inference.sources._dbt_manifest import Exposure, Manifest, Node

__all__ = ["Reach"]

_SHOWN = 3
"""Names in a note."""
Origins = Mapping[str, frozenset[tuple[Name, str]]]
"""Of each column of a relation, the columns of this database that its value comes from."""


class Reach:
    """How far values go."""

    def __init__(self, manifest: Manifest, own: Mapping[str, Origins], filtering: Mapping[str, Iterable[Use]]) -> None:
        """Take the lineage of each node's columns, and what each node itself filters by, both by the nodes' ids."""
        self._manifest = manifest
        self._own = own
        self._filtering = filtering

    def uses(self, tables: Mapping[str, Name]) -> Iterator[Use]:
        """Yield each use of an exposure: the values that get there, and what decides which rows do.

        Args:
            tables: sources and the tables here that they are, by the sources' ids.
        """
        for exposure in self._manifest.exposures:
            place = Place("", None, exposure.what)
            ends = self._ends(exposure)
            for end in ends:
                if end in tables:
                    yield Use(tables[end], None, "read", place)
                for table, column in sorted(_origins(self._own.get(end, {}))):
                    yield Use(table, column, "read", place)
            for node in self._above(ends):
                for use in self._filtering.get(node, ()):
                    yield Use(use.table, use.column, use.kind, place)

    def notes(self, used: set[tuple[Name, str]], reached: set[tuple[Name, str]]) -> Iterator[str]:
        """Yield what people should know of how far uses reach: one line in all."""
        short = used - reached
        if not short:
            return
        columns = f"{len(short)} of {len(used)} columns {'that is' if len(used) == 1 else 'that are'} used"
        if not self._manifest.exposures:
            yield "the project names no exposure, so nothing says who sees what its models read"
        elif last := self._last(short):
            more = f" and {len(last) - _SHOWN} more" if len(last) > _SHOWN else ""
            shown = ", ".join(called(node) for node in last[:_SHOWN])
            yield f"{columns} reach no exposure; nothing in the project reads {shown}{more}, where they end"
        else:
            yield f"{columns} reach no exposure"

    def _last(self, columns: set[tuple[Name, str]]) -> list[Node]:
        """Return the nodes that get these columns and that nothing reads."""
        nodes = self._manifest.nodes.values()
        read = {each for node in nodes if node.kind != "test" for each in node.depends_on}
        read.update(each for exposure in self._manifest.exposures for each in exposure.depends_on)
        read.update(each for between in self._manifest.between.values() for each in between)
        return [
            node
            for node in sorted(nodes, key=lambda each: each.id)
            if node.kind in ("model", "snapshot")
            and node.id not in read
            and not columns.isdisjoint(_origins(self._own.get(node.id, {})))
        ]

    def _ends(self, exposure: Exposure) -> list[str]:
        """Return what an exposure shows, through metrics and what they are made of."""
        found: dict[str, None] = {}
        waiting = list(exposure.depends_on)
        while waiting:
            each = waiting.pop()
            if each not in found:
                found[each] = None
                waiting += self._manifest.between.get(each, ())
        return list(found)

    def _above(self, ends: Iterable[str]) -> Iterator[str]:
        """Yield nodes, and all that they are made from."""
        seen: set[str] = set()
        waiting = list(ends)
        while waiting:
            each = waiting.pop()
            if each in self._manifest.nodes and each not in seen:
                seen.add(each)
                yield each
                waiting += self._manifest.nodes[each].depends_on


def _origins(columns: Origins) -> frozenset[tuple[Name, str]]:
    return frozenset().union(*columns.values()) if columns else frozenset()

"""The YAML files of a dbt project in, the lines at which they name sources and their columns out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from alembic_contracts.documents import yaml_text
from alembic_contracts.documents.document import child
from alembic_contracts.errors import InvalidContracts

if TYPE_CHECKING:
    from alembic_contracts.documents.document import Document
    from alembic_contracts.inference.sources._dbt_code import Codes

__all__ = ["Properties"]

_Key = tuple[str, str, str | None]
"""Source, table and column, by what the project calls them."""


class Properties:
    """Where things stand in YAML files, as far as the files are there: the manifest does not say."""

    def __init__(self, codes: Codes) -> None:
        """Take what reads files of the project."""
        self._codes = codes
        self._lines: dict[str, dict[_Key, int]] = {}

    def line(self, file: str, source: str, table: str, column: str | None) -> int | None:
        """Return where a file names a column of a source, or the source itself; None: it is not there to look at."""
        if file not in self._lines:
            self._lines[file] = dict(self._read(file))
        lines = self._lines[file]
        return lines.get((source, table, column), lines.get((source, table, None)))

    def _read(self, file: str) -> Iterator[tuple[_Key, int]]:
        text = self._codes.read(file)
        if text is None or not file.endswith((".yml", ".yaml")):
            return
        try:
            document = yaml_text.parse(text.removeprefix("\ufeff"), file)
        except InvalidContracts:
            return  # dbt read it; its line is a nicety
        root = document.value if isinstance(document.value, dict) else {}
        for of_source, source in _named(root, "sources", ""):
            for of_table, table in _named(source, "tables", of_source):
                yield (source["name"], table["name"], None), _line(document, of_table)
                for of_column, column in _named(table, "columns", of_table):
                    yield (source["name"], table["name"], column["name"]), _line(document, of_column)


def _named(value: dict[str, Any], key: str, pointer: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects of a list that have a name, with the pointers to them."""
    items = value.get(key)
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict) and isinstance(item.get("name"), str):
            yield child(child(pointer, key), index), item


def _line(document: Document, pointer: str) -> int:
    return document.place(child(pointer, "name"))[0]

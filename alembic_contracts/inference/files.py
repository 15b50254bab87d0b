"""A draft and the files that are there in, the files as they are to be out, with what changes in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from alembic_contracts.contracts import formats
from alembic_contracts.inference import regeneration
from alembic_contracts.inference.regeneration import Difference

if TYPE_CHECKING:
    from alembic_contracts.contracts.formats import Writer
    from alembic_contracts.dialects import Dialect
    from alembic_contracts.inference.drafts import Draft
    from alembic_contracts.schemas.schema import Name, Schema, Table

__all__ = ["DOMAIN", "File", "default_path", "files"]

DOMAIN = "consumers"
"""The namespace of contracts that were inferred, where one file holds all of a consumer's tables."""


class File(Struct, frozen=True, kw_only=True):
    """A contract's file."""

    path: Path
    text: str | None
    """What it is to hold; None: nothing in it is used any more, and it goes."""
    differences: tuple[Difference, ...]
    """From what is there; none: it stays as it is, to the byte."""


def default_path(contracts: Path, consumer: str, format_: str) -> Path:
    """Return where the contract of a consumer is written: a file, or a folder with a file a table.

    Args:
        contracts: the project's contracts: a folder, or a file in it.
        consumer: its name.
        format_: the contract's format.
    """
    folder = contracts.parent if contracts.suffix in (".json", ".yaml", ".yml") else contracts
    writer, stem = formats.writer(format_), _stem(consumer)
    return folder / (stem + writer.SUFFIX) if writer.SEVERAL else folder / stem


def files(
    draft: Draft, schema: Schema, dialect: Dialect, *, format_: str, path: Path, database: str | None = None
) -> Iterator[File]:
    """Yield the files of a consumer's contract.

    Args:
        draft: what they state.
        schema: where the tables are; its types are needed.
        dialect: knows what follows from a type.
        format_: which format they are in.
        path: a file where the format has several tables in one, else a folder.
        database: what the database is called.

    Raises:
        InvalidContracts: a file that is there cannot be read.
    """
    writer = formats.writer(format_)

    def document(tables: Sequence[Table], namespace: str, name: str) -> dict[str, Any]:
        return writer.document(
            tables,
            schema,
            dialect,
            namespace=namespace,
            name=name,
            owner=draft.owner,
            choice=draft.choice,
            database=database,
        )

    if writer.SEVERAL:
        yield _file(path, document(draft.tables, DOMAIN, draft.consumer), writer)
        return
    names = {table.name: _shown(table.name, dialect.DEFAULT_SCHEMA) for table in draft.tables}
    written = {path / (_stem(names[table.name]) + writer.SUFFIX): table for table in draft.tables}
    for file, table in written.items():
        yield _file(file, document([table], draft.consumer, names[table.name]), writer)
    for file in sorted(path.glob(f"*{writer.SUFFIX}")) if path.is_dir() else ():
        if file not in written:
            yield from _left(file, writer)


def _file(path: Path, new: Mapping[str, Any], writer: Writer) -> File:
    there = _there(path) if path.exists() else {}
    written = regeneration.kept(there, new)
    differences = tuple(regeneration.differences(there, written))
    return File(path=path, text=_with_head(path, writer.text(written)), differences=differences)


def _there(path: Path) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", formats.document(path).value)


def _left(file: Path, writer: Writer) -> Iterator[File]:
    """Yield a file of a table that is no longer used: without what ``infer`` wrote, or gone."""
    there = _there(file)
    rest = regeneration.without_uses(there)
    if rest is None or rest != there:
        differences = tuple(regeneration.differences(there, rest or {}))
        yield File(path=file, text=None if rest is None else writer.text(rest), differences=differences)


def _with_head(path: Path, text: str) -> str:
    """Keep the comment at the top of the file; those further down are nobody's place."""
    if not path.exists():
        return text
    head = re.match(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*", path.read_text(encoding="utf-8"))
    return (head[0] if head and "#" in head[0] else "") + text


def _shown(name: Name, usual: str) -> str:
    return name.name if name.schema == usual else str(name)


def _stem(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name)

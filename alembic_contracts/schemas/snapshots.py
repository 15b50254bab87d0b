"""A committed file in, the schema at some revision out, and back: what predictions without a database start from.

For histories that begin with a past ``create_all``, and so that long histories need not be predicted from their first
revision each time. The file is JSON, one thing a line, in a fixed order, so that pull requests show what changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.documents import json_text
from alembic_contracts.documents.document import child
from alembic_contracts.documents.files import read_beside
from alembic_contracts.errors import CannotCheck, InvalidContracts
from alembic_contracts.schemas.schema import Access, Schema
from alembic_contracts.support.paths import shown

__all__ = ["Snapshot", "read", "write"]

MAXIMUM_BYTES = 32 * 1024 * 1024
MAXIMUM_VALUES = 500_000
"""Eight thousand tables of fifteen columns."""
_FORMAT = 1
_DIALECT = "postgresql"
"""What files are of that do not say it."""
_KEYS = frozenset({"format", "revisions", "server_version", "search_path", "schema"})


class Snapshot(Struct, frozen=True, kw_only=True):
    """A schema and what it belongs to."""

    revisions: tuple[str, ...]
    """The heads that the database was at, sorted."""
    server_version: int
    """As ``server_version_num`` has it."""
    search_path: tuple[str, ...] = ("public",)
    schema: Schema
    dialect: str = "postgresql"
    """The kind of database that it is of."""
    statements: Mapping[str, tuple[str, ...]] = {}
    """What makes it, by schema, where predictions run on an empty copy that is made so."""
    file: Path | None = None
    """Where it was read from."""


def write(snapshot: Snapshot) -> str:
    """Return the text of a snapshot's file."""
    from alembic_contracts.schemas import schema_json

    # Without what differs from one database to the next, although it runs the same scripts.
    tables = {
        name: replace(
            table, owner=None, grants=frozenset(), unusable=frozenset(), publications=(), published_above=frozenset()
        )
        for name, table in snapshot.schema.tables.items()
    }
    schema = replace(snapshot.schema, tables=tables, catalog=None, access=Access())
    document = {
        "format": _FORMAT,
        "revisions": list(snapshot.revisions),
        "server_version": snapshot.server_version,
        "search_path": list(snapshot.search_path),
        "schema": schema_json.encode(schema),
    }
    if snapshot.dialect != _DIALECT:
        document |= {"dialect": snapshot.dialect, "statements": snapshot.statements}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def read(file: Path) -> Snapshot | None:
    """Return the snapshot in a file, None where there is no such file.

    Raises:
        CannotCheck: it cannot be read, or is no snapshot; the message has file, line and column.
    """
    try:
        text = read_beside(file, MAXIMUM_BYTES, "a snapshot")
        if text is None:
            return None
        document = json_text.parse(text, shown(file), maximum_values=MAXIMUM_VALUES)
    except InvalidContracts as invalid:
        raise CannotCheck(
            f"The snapshot cannot be read. Make it again with `alembic-contracts snapshot`.\n{invalid}"
        ) from None
    from alembic_contracts.schemas import schema_json

    try:
        return _snapshot(document.value, file)
    except schema_json.MalformedError as malformed:
        problem = document.problem(malformed.pointer, str(malformed))
        raise CannotCheck(f"Not a snapshot. Make it again with `alembic-contracts snapshot`.\n{problem}") from None


def _snapshot(value: object, file: Path) -> Snapshot:
    from alembic_contracts.schemas import schema_json

    if not isinstance(value, dict) or not value.keys() >= _KEYS:
        raise schema_json.MalformedError("", f"a snapshot has the keys {', '.join(sorted(_KEYS))}")
    if value["format"] != _FORMAT:
        raise schema_json.MalformedError("/format", f"format {value['format']!r} is not known here; {_FORMAT} is")
    if not isinstance(value["server_version"], int):
        raise schema_json.MalformedError("/server_version", "must be a number such as 170002")
    dialect = value.get("dialect", _DIALECT)
    if not isinstance(dialect, str):
        raise schema_json.MalformedError("/dialect", "must be a text such as sqlite")
    return Snapshot(
        dialect=dialect,
        statements=_statements(value),
        revisions=_texts(value, "revisions"),
        server_version=value["server_version"],
        search_path=_texts(value, "search_path"),
        schema=schema_json.decode(value["schema"], "/schema"),
        file=file,
    )


def _statements(value: dict[str, Any]) -> Mapping[str, tuple[str, ...]]:
    from alembic_contracts.schemas import schema_json

    stated = value.get("statements", {})
    if not isinstance(stated, dict):
        raise schema_json.MalformedError("/statements", "must be an object with a list of texts for each schema")
    for name, listed in stated.items():
        if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
            raise schema_json.MalformedError(child("/statements", name), "must be a list of texts")
    return {name: tuple(listed) for name, listed in stated.items()}


def _texts(value: dict[str, Any], key: str) -> tuple[str, ...]:
    from alembic_contracts.schemas import schema_json

    texts = value[key]
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise schema_json.MalformedError(f"/{key}", "must be a list of texts")
    return tuple(cast("list[str]", texts))

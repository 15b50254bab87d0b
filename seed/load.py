"""Loads museum objects into the eight tables."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import psycopg
from psycopg import sql
from psycopg.types.json import Json

from seed.database import connect
from seed.progress import progress_bar
from seed.sample import DEFAULT_COUNT, make_objects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["load", "read_objects"]

BATCH = 500
"""Objects that are sent to the server at a time."""

MuseumObject = dict[str, Any]
"""One object as the museum's API describes it."""


@dataclass(frozen=True, slots=True)
class Table:
    """One of the museum's tables, and how its columns are found in an object of the API."""

    name: str
    columns: dict[str, Callable[[MuseumObject], object]]

    @property
    def upsert(self) -> sql.Composed:
        """The statement that stores one row, new or known already; ``created_at`` stays as it was."""
        names = ["object_id", *self.columns]
        return sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT (object_id) DO UPDATE SET {}").format(
            sql.Identifier(self.name),
            sql.SQL(", ").join(map(sql.Identifier, names)),
            sql.SQL(", ").join([sql.Placeholder()] * len(names)),
            sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in self.columns),
        )

    def row(self, item: MuseumObject) -> list[object]:
        """Return the values for ``upsert``."""
        return [item["objectID"], *(read(item) for read in self.columns.values())]


def _text(key: str) -> Callable[[MuseumObject], str | None]:
    """Read a text; the API sends an empty one for what it does not know."""
    return lambda item: item.get(key) or None


def _additional_images(item: MuseumObject) -> list[str]:
    return item.get("additionalImages") or []


def _tags(item: MuseumObject) -> list[Json] | None:
    tags = item.get("tags")
    return [Json(tag) for tag in tags] if tags else None


def _metadata_date(item: MuseumObject) -> datetime | None:
    """Read the moment of the last update: UTC, as the column has no time zone."""
    text = item.get("metadataDate")
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


TABLES = (
    Table("object", {"title": _text("title"), "artist_display_name": _text("artistDisplayName")}),
    Table(
        "object_history",
        {"period": _text("period"), "culture": _text("culture"), "object_date": _text("objectDate")},
    ),
    Table(
        "object_physical_properties",
        {"medium": _text("medium"), "dimensions": _text("dimensions"), "classification": _text("classification")},
    ),
    Table(
        "object_gallery_info",
        {
            "gallery_number": _text("GalleryNumber"),
            "department": _text("department"),
            "accession_number": _text("accessionNumber"),
        },
    ),
    Table("object_tags", {"tags": _tags}),
    Table("object_images", {"primary_image": _text("primaryImage"), "additional_images": _additional_images}),
    Table(
        "object_copyright",
        {"primary_image": _text("primaryImage"), "is_public_domain": lambda item: item.get("isPublicDomain")},
    ),
    Table("object_api_metadata", {"metadata_date": _metadata_date}),
)


@click.command(
    epilog="""\b
Examples:
  python -m seed load
  python -m seed load --count 100
  python -m seed load --objects seed/data/objects.jsonl
"""
)
@click.option(
    "--objects",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Load this file (a JSON array, or one JSON object a line, as `fetch` writes it) in place of the sample.",
)
@click.option(
    "--count",
    type=click.IntRange(min=1),
    help=f"How many objects to load.  [default: {DEFAULT_COUNT:,} of the sample, all of a file]",
)
def load(file: Path | None, count: int | None) -> None:
    """Fill the eight tables of the museum.

    Objects that are there already are updated, so loading twice changes nothing. All of it happens in one transaction.
    """
    objects = read_objects(file) if file else list(make_objects(count or DEFAULT_COUNT))
    objects = objects[:count]
    started = time.monotonic()
    with connect() as connection, progress_bar("Loading", total=len(objects)) as advance:
        for start in range(0, len(objects), BATCH):
            batch = objects[start : start + BATCH]
            _store(connection, batch)
            advance(len(batch))
    seconds = time.monotonic() - started
    click.echo(f"Loaded {len(objects):,} objects into {len(TABLES)} tables in {seconds:.1f} s.")


def read_objects(file: Path) -> list[MuseumObject]:
    """Return the objects in a file.

    Raises:
        click.ClickException: it cannot be read, or something in it is no museum object; names the place.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"Cannot read {file}: {error}") from error
    objects: list[MuseumObject] = []
    for place, value in _documents(file, text):
        object_id = value.get("objectID") if isinstance(value, dict) else None
        if not isinstance(object_id, int) or isinstance(object_id, bool):
            raise click.ClickException(f"{file}, {place}: not an object of the museum's API, it has no `objectID`.")
        objects.append(value)
    if not objects:
        raise click.ClickException(f"{file} holds no objects.")
    return objects


def _documents(file: Path, text: str) -> Iterator[tuple[str, Any]]:
    """Yield each value with its place in words."""
    is_array = text.lstrip().startswith("[")
    lines = (
        [(1, text)] if is_array else [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    )
    for number, line in lines:
        try:
            value = json.loads(line)
        except ValueError as error:
            raise click.ClickException(f"{file}, line {number}: not valid JSON: {error}") from error
        if is_array:
            yield from ((f"element {index}", element) for index, element in enumerate(value, 1))
        else:
            yield f"line {number}", value


def _store(connection: psycopg.Connection, objects: Sequence[MuseumObject]) -> None:
    """Write a batch into every table.

    Raises:
        click.ClickException: the tables are not as expected, or a value does not fit.
    """
    try:
        with connection.cursor() as cursor:
            for table in TABLES:
                cursor.executemany(table.upsert, [table.row(item) for item in objects])
    except psycopg.ProgrammingError as error:
        raise click.ClickException(
            f"The database does not have the museum's tables as this loader knows them: {error.diag.message_primary}.\n"
            "Run `alembic upgrade head` first."
        ) from error
    except (psycopg.Error, ValueError) as error:
        first, last = objects[0]["objectID"], objects[-1]["objectID"]
        raise click.ClickException(f"Nothing was loaded; objects {first} to {last} were refused: {error}") from error

"""What is asked of ``infer`` in, files written or compared, and an exit code, out."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from alembic_contracts import texts
from alembic_contracts.commands._predicted import PARTLY, partly
from alembic_contracts.commands._shared import owner_of, range_of, write_file

if TYPE_CHECKING:
    from alembic.config import Config

    from alembic_contracts.inference.files import File
    from alembic_contracts.inference.sources import Source
    from alembic_contracts.running.evidence import Evidence, Request

__all__ = ["Wanted", "run", "wanted"]

STALE = 1
_SHOWN = 20
"""Differences of a file that are named one by one."""


class Wanted(Struct, frozen=True, kw_only=True):
    """One contract that is to be worked out."""

    request: Request
    consumer: str | None = None
    owner: str | None = None
    format: str = "odcs"
    output: str | None = None
    strict: bool = False
    allow_unread: bool = False


def wanted(name: str, source: Source, inputs: Sequence[str] | str | None, values: Mapping[str, Any]) -> Wanted:
    """Return what a command line asks for.

    Args:
        name: of the source.
        source: its module.
        inputs: what it is given.
        values: of the options, by their names with an underscore at the end.

    Raises:
        CannotCheck: a --map is none.
    """
    from alembic_contracts.running.evidence import Request

    options = {option.flag: _given(values.get(option.variable)) for option in source.OPTIONS}
    path = values.get("search_path_")
    return Wanted(
        request=Request(
            source=name,
            inputs=(inputs,) if isinstance(inputs, str) else tuple(inputs or ()),
            range=range_of(dict(values)),
            search_path=tuple(filter(None, map(str.strip, path.split(",")))) if path else None,
            sql_dialect=values.get("sql_dialect_"),
            mapping=tuple(_mapped(each) for each in values.get("map_") or ()),
            options={flag: given for flag, given in options.items() if given},
        ),
        consumer=values.get("consumer_"),
        owner=values.get("owner_"),
        format=values.get("format_") or "odcs",
        output=values.get("output_"),
        strict=bool(values.get("strict_")),
        allow_unread=bool(values.get("allow_unread_")),
    )


def _given(value: Any) -> tuple[str, ...]:
    if value is True:
        return ("",)
    return (value,) if isinstance(value, str) else tuple(map(str, value or ()))


def _mapped(written: str) -> tuple[str, str]:
    from alembic_contracts.errors import CannotCheck

    there, equals, here = written.partition("=")
    if not (there.strip() and equals and here.strip()):
        raise CannotCheck(f"--map {written}: it is written SOURCE=SCHEMA or SOURCE=SCHEMA.TABLE.")
    return there.strip(), here.strip()


def run(config: Config, asked: Wanted, *, check: bool = False, stdout: bool = False) -> int:
    """Work out one contract, and write, print or compare it.

    Args:
        config: Alembic's configuration of the project.
        asked: what is wanted.
        check: whether to compare alone.
        stdout: whether to print alone.

    Returns:
        the exit code.

    Raises:
        CannotCheck: it cannot be done.
    """
    from alembic_contracts.inference.drafts import draft
    from alembic_contracts.inference.files import default_path, files
    from alembic_contracts.running.evidence import gather
    from alembic_contracts.running.terms import settings_of
    from alembic_contracts.support import terminal

    with terminal.own_output("Predicting revision") as progress:
        evidence = gather(config, asked.request, progress)
    owner = owner_of(asked.owner) if asked.owner else None
    made = draft(
        evidence.found, evidence.schema, evidence.dialect, consumer=asked.consumer, owner=owner, strict=asked.strict
    )
    contracts = settings_of(config).contracts[0]
    path = Path(asked.output) if asked.output else default_path(contracts, made.consumer, asked.format)
    schema, dialect, database = evidence.schema, evidence.dialect, evidence.database
    found = list(files(made, schema, dialect, format_=asked.format, path=path, database=database))
    code = _told(evidence, allowed=asked.allow_unread)
    if not made.tables:
        click.echo(f"{made.consumer}: no table of this database is used.", err=True)
    if stdout:
        sys.stdout.write("".join(each.text or "" for each in found))
        return code
    if check:
        return STALE if _compared(found, made.consumer) else code
    for each in found if made.tables else ():
        _write(each)
    return code


def _told(evidence: Evidence, *, allowed: bool) -> int:
    """Say on standard error what was not understood and what else there is to know; returns the exit code for it."""
    for unread in evidence.found.unread:
        click.echo(texts.line(f"not read: {unread}"), err=True)
    for note in evidence.found.notes:
        click.echo(texts.line(f"note: {note}"), err=True)
    gaps = partly(evidence.gaps)
    if gaps:
        click.echo(texts.line(gaps), err=True)
    return PARTLY if gaps or (evidence.found.unread and not allowed) else 0


def _compared(found: Sequence[File], consumer: str) -> bool:
    """Say how files differ from what would be written; returns whether any does."""
    from alembic_contracts.support.paths import shown

    stale = [each for each in found if each.differences]
    for each in stale:
        state = "is not what would be written" if each.path.exists() else "is not there"
        click.echo(texts.line(f"{shown(each.path)} {state}:"), err=True)
        for difference in each.differences[:_SHOWN]:
            click.echo(texts.line(f"  {difference.what}: {difference.place}"), err=True)
        if len(each.differences) > _SHOWN:
            click.echo(f"  and {len(each.differences) - _SHOWN} more", err=True)
    if not stale:
        click.echo(texts.line(f"{consumer}: fresh."), err=True)
    return bool(stale)


def _write(file: File) -> None:
    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.support.paths import shown

    if not file.differences:
        click.echo(f"{shown(file.path)} is as it would be written.", err=True)
    elif file.text is not None:
        write_file(file.path, file.text)
    else:
        try:
            file.path.unlink()
        except OSError as error:
            raise CannotCheck(f"{shown(file.path)} cannot be removed: {error.strerror}") from error
        click.echo(f"Removed {shown(file.path)}: nothing in it is used any more.", err=True)

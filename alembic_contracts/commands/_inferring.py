"""A command line of ``infer``, or a table of settings, in; files written or compared, and an exit code, out."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from alembic_contracts import texts
from alembic_contracts.commands._predicted import PARTLY, partly
from alembic_contracts.commands._shared import owner_of, range_of, write_file

if TYPE_CHECKING:
    from alembic.config import Config

    from alembic_contracts.config import Settings
    from alembic_contracts.inference.files import File
    from alembic_contracts.inference.sources import Source
    from alembic_contracts.running.evidence import Evidence, Request

__all__ = ["FORMATS", "Wanted", "configured", "run", "wanted"]

FORMATS = ("odcs", "native")
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


_KEYS = {
    "owner": str,
    "format": str,
    "output": str,
    "sql-dialect": str,
    "search-path": str,
    "map": list,
    "strict": bool,
    "allow-unread": bool,
}
"""Keys of a consumer's table in pyproject.toml, beside the source's own: they are named as the options are."""
_FILES = ("output", "file")
"""Keys whose values are paths, relative to pyproject.toml."""


def configured(config: Config, values: Mapping[str, Any]) -> Iterator[Wanted]:
    """Yield what pyproject.toml asks for, in its order.

    Args:
        config: Alembic's configuration of the project.
        values: of the options that all of them share.

    Raises:
        CannotCheck: settings are none, or ask for nothing.
    """
    from alembic_contracts.errors import InvalidSettings
    from alembic_contracts.running.terms import settings_of

    settings = settings_of(config)
    if not settings.infer:
        raise InvalidSettings(
            "There is nothing to do: no table [tool.alembic_contracts.infer.CONSUMER] in pyproject.toml, such as\n"
            '[tool.alembic_contracts.infer.museum-guide]\ndbt = "museum_guide/target/manifest.json"'
        )
    found = [_of_table(settings, consumer, table, values) for consumer, table in settings.infer.items()]
    yield from found


def _of_table(settings: Settings, consumer: str, table: Mapping[str, Any], values: Mapping[str, Any]) -> Wanted:
    from alembic_contracts.errors import InvalidSettings
    from alembic_contracts.inference import sources
    from alembic_contracts.support.paths import shown
    from alembic_contracts.support.suggestions import did_you_mean

    file = settings.source or Path("pyproject.toml")
    place = f"{shown(file)}, [tool.alembic_contracts.infer.{consumer}]"
    stated = {key.replace("_", "-"): value for key, value in table.items()}
    named = [key for key in stated if key in sources.names()]
    if len(named) != 1:
        raise InvalidSettings(f"{place}: name one source: {', '.join(f'`{each}`' for each in sources.names())}.")
    source, folder = sources.load(named[0]), file.parent
    own = {option.flag.removeprefix("--"): option for option in source.OPTIONS}
    for key in stated:
        if key not in {*named, *own, *_KEYS}:
            known = sorted({*named, *own, *_KEYS})
            raise InvalidSettings(texts.line(f"{place}: unknown key `{key}`{did_you_mean(key, known)}"))
    given: dict[str, Any] = dict(values)
    for key, value in stated.items():
        if key in own:
            given[own[key].variable] = _listed(value, folder if key in _FILES else None)
        elif key in _KEYS:
            if not isinstance(value, _KEYS[key]):
                raise InvalidSettings(f"{place}: `{key}` must be a {_KEYS[key].__name__}, not {value!r}.")
            given[f"{key.replace('-', '_')}_"] = str(folder / str(value)) if key in _FILES else value
    if given.get("format_") not in (None, *FORMATS):
        raise InvalidSettings(f"{place}: `format` must be one of {', '.join(FORMATS)}, not {given['format_']!r}.")
    given_to = stated[named[0]] if source.INPUTS else []  # of a source that is given nothing, it is `true`
    inputs = _listed(given_to, folder if source.INPUTS.startswith(("PATH", "MANIFEST")) else None)
    return wanted(named[0], source, inputs, {**given, "consumer_": consumer})


def _listed(value: Any, folder: Path | None) -> Any:
    if isinstance(value, bool):
        return value
    listed = value if isinstance(value, list) else [value]
    return tuple(_relative(folder / str(each)) if folder is not None else str(each) for each in listed)


def _relative(path: Path) -> str:
    from alembic_contracts.support.paths import shown

    return shown(path)


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
    found = list(files(made, evidence.schema, evidence.dialect, format_=asked.format, path=path))
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

"""Files of SQL and folders of them in, what their statements use out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from alembic_contracts.errors import CannotCheck
from alembic_contracts.inference.queries import Query, look
from alembic_contracts.inference.uses import Found, Unread
from alembic_contracts.support.paths import is_folder, is_there, shown

if TYPE_CHECKING:
    from alembic_contracts.inference.asked import Asked

__all__ = ["EXAMPLES", "INPUTS", "OPTIONS", "SUMMARY", "uses"]

SUMMARY = "Queries in .sql files, and in folders of them."
INPUTS = "PATH..."
OPTIONS = ()
EXAMPLES = (
    ("queries/", "all *.sql below a folder, at any depth"),
    ("queries/ --offline", "against what the migrations lead to: no database"),
    ("queries/ --search-path museum,public", "where names without a schema are looked up"),
    ("warehouse/ --sql-dialect snowflake --map RAW.MUSEUM=public", "queries of a warehouse that has a copy"),
)

_LEFT_OUT = frozenset({"node_modules", "target"})
"""Folders of others' code and of what was built; hidden ones are left out as well."""
_TEMPLATES = (".sql.j2", ".sql.jinja", ".sql.jinja2", ".sql.tmpl", ".sql.tpl", ".sql.erb", ".sql.mako")
"""How files end that become SQL elsewhere: they are named, not left out in silence."""


def uses(asked: Asked) -> Found:
    """Return what the statements of files use.

    Raises:
        CannotCheck: a path does not exist, or no file of SQL is there.
    """
    queries: list[Query] = []
    unread: list[Unread] = []
    given = {str(Path(each)) for each in asked.inputs}
    for file, name in _files(asked.inputs):
        text = _text(file, name, given=str(file) in given)
        if isinstance(text, Unread):
            unread.append(text)
        else:
            queries.append(Query(text=text, file=name))
    looked = look(queries, asked)
    first = Path(asked.inputs[0]).resolve()
    return Found(
        consumer=(first.name if is_folder(first) else first.stem) or "queries",
        uses=looked.uses,
        guarantees=looked.guarantees,
        unread=(*unread, *looked.unread),
        notes=looked.notes,
    )


def _files(inputs: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    """Yield the files, each once, and what they are called in reports: below the working directory by their path."""
    seen: set[str] = set()
    for given in inputs:
        path = Path(given)
        if not is_there(path):
            raise CannotCheck(f"{shown(path)}: there is no such file or folder.")
        found = list(_below(path)) if is_folder(path) else [path]
        if not found:
            raise CannotCheck(f"{shown(path)}: there is no *.sql file in this folder.")
        for file in found:
            real = os.path.realpath(file)
            if real not in seen:
                seen.add(real)
                yield file, _name(file, path)


def _below(folder: Path) -> Iterator[Path]:
    """Yield the files of SQL in a folder, in order; folders are entered once, however links lead to them."""
    entered = {os.path.realpath(folder)}
    for place, folders, files in os.walk(folder, followlinks=True):
        kept = []
        for name in sorted(folders):
            real = os.path.realpath(Path(place, name))
            if not name.startswith(".") and name not in _LEFT_OUT and real not in entered:
                entered.add(real)
                kept.append(name)
        folders[:] = kept
        yield from (Path(place, name) for name in sorted(files) if name.lower().endswith((".sql", *_TEMPLATES)))


def _name(file: Path, given: Path) -> str:
    name = shown(file)
    if not name.startswith("../") and not os.path.isabs(name):  # noqa: PTH117 - it is no path of this system's
        return name
    root = Path(os.path.abspath(given))  # noqa: PTH100 - a link keeps the name its user gave it
    return (Path(root.name) / Path(os.path.abspath(file)).relative_to(root)).as_posix()  # noqa: PTH100


def _text(file: Path, name: str, *, given: bool) -> str | Unread:
    if name.lower().endswith(_TEMPLATES):
        return Unread(name, None, None, "a template, which is not read as SQL")
    try:
        if not given and file.exists() and not file.is_file():  # a pipe, which would be waited for
            return Unread(name, None, None, "is no regular file")
        content = file.read_bytes()
    except OSError as error:
        return Unread(name, None, None, f"cannot be opened: {error.strerror}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Unread(name, line, None, f"is not UTF-8: the byte 0x{content[error.start]:02X}")

"""Git refs in, what the applications at them read and write out; each is looked at in a copy that goes away again.

The copy is of the whole tree, outside of the repository. What looks at it (``asked_release``) runs in an interpreter of
its own, whose import path leads into the copy wherever this one's leads into the working tree.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from alembic_contracts.errors import CannotCheck
from alembic_contracts.inference.metadata import interpreters
from alembic_contracts.inference.metadata.tables import MappedTable
from alembic_contracts.running.terms import Release, Released, files_of, folder_of, settings_of
from alembic_contracts.schemas import schema_json
from alembic_contracts.support.git import Tree, export, tree_at

if TYPE_CHECKING:
    from alembic.config import Config

    from alembic_contracts.schemas.schema import Schema

__all__ = ["Models", "ModelsOf", "Predicted", "Question", "releases_at"]

Answer = TypeVar("Answer")
_ASKED = "alembic_contracts.running.asked_release"


class Question(Struct, frozen=True, kw_only=True):
    """What to look at in a copy."""

    about: str
    """``models``, or ``schema``: what its revisions lead to."""
    root: str
    """The working tree, whose files the import path must not lead to."""
    copy: str
    ini: str | None
    """Alembic's files, from the root of the tree; None: it has none."""
    toml: str | None
    section: str
    x: tuple[str, ...]
    """What ``-x`` says."""
    database: str = ""
    """The one whose schema is meant, as env.py calls it; empty: it migrates one."""
    kind: str = ""
    """The kind of database that it is, on which the revisions are predicted."""
    no_exec: bool = False
    seconds: float = 60.0
    megabytes: int = 2048


class ModelsOf(Struct, frozen=True, kw_only=True):
    """The models of one database."""

    database: str
    tables: tuple[MappedTable, ...]


class Models(Struct, frozen=True, kw_only=True):
    """What was found of models."""

    revisions: tuple[str, ...] = ()
    databases: tuple[ModelsOf, ...] = ()
    reason: str = ""
    """Why there are none."""


class Predicted(Struct, frozen=True, kw_only=True):
    """What the revisions lead to."""

    schema: str
    """As JSON."""
    doubts: tuple[str, ...]
    file: str
    """The script of the last one."""


def releases_at(refs: Sequence[str], config: Config, *, no_exec: bool) -> tuple[Release, ...]:
    """Return what the applications at some git refs use.

    Args:
        refs: branches, tags or commits.
        config: Alembic's configuration of the project, as it is now.
        no_exec: whether version scripts may not be run.

    Raises:
        CannotCheck: git or a ref is not there, or neither models nor revisions can be read at it.
    """
    here = folder_of(config)
    return tuple(_release(tree_at(ref, here), config, no_exec=no_exec) for ref in dict.fromkeys(refs))


def _release(tree: Tree, config: Config, *, no_exec: bool) -> Release:
    ask = partial(_asked, tree, config, no_exec=no_exec)
    again = partial(_predicted, ask)
    try:
        models = ask(Models, about="models")
    except CannotCheck as error:
        models = Models(reason=str(error))
    databases = tuple(Released(database=each.database, tables=each.tables) for each in models.databases)
    if not databases:
        try:
            schema, doubts, file = again("", "postgresql")
        except CannotCheck as error:
            raise CannotCheck(
                f"Neither the models at {tree.ref} can be read ({models.reason}), nor is it known what its revisions "
                f"lead to: {error}"
            ) from None
        databases = (Released(reason=models.reason, schema=schema, doubts=doubts, file=file),)
    return Release(tree=tree, revisions=frozenset(models.revisions), databases=databases, again=again)


def _predicted(ask: Any, database: str, kind: str) -> tuple[Schema, tuple[str, ...], str]:
    found = ask(Predicted, about="schema", database=database, kind=kind)
    return schema_json.decode(json.loads(found.schema)), found.doubts, found.file


def _asked(
    tree: Tree,
    config: Config,
    expected: type[Answer],
    *,
    about: str,
    database: str = "",
    kind: str = "",
    no_exec: bool,
) -> Any:
    settings = settings_of(config)
    with _exported(tree) as folder:
        here = tree.path(folder_of(config)) or ""
        if not (folder / here).is_dir():
            raise CannotCheck(f"there is no folder {here} at {tree.ref}")
        options, (ini_file, toml_file) = config.cmd_opts, files_of(config)
        question = Question(
            about=about,
            root=str(tree.root),
            copy=str(folder),
            ini=_inside(tree, ini_file),
            toml=_inside(tree, toml_file),
            section=config.config_ini_section,
            x=tuple(getattr(options, "x", None) or ()),
            database=database,
            kind=kind,
            no_exec=no_exec or settings.exec == "never",
            seconds=settings.predict_timeout,
            megabytes=settings.predict_memory,
        )
        return interpreters.ask(_ASKED, question, expected, folder=folder / here, seconds=settings.predict_timeout)


def _inside(tree: Tree, file: str | os.PathLike[str] | None) -> str | None:
    path = tree.path(Path(file)) if file is not None else None
    return path if path in tree.entries else None


@contextmanager
def _exported(tree: Tree) -> Iterator[Path]:
    """Yield a folder with the files of a tree; it goes away afterwards."""
    with TemporaryDirectory(prefix="alembic-contracts-release-", ignore_cleanup_errors=True) as name:
        folder = Path(os.path.realpath(name))
        export(tree, folder)
        yield folder

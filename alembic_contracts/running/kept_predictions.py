"""A run's key in, the predictions out that another process made of the same run: they lie beside compiled scripts.

Whoever starts a test suite, or migrates a development database once more, pays for the prediction once and not in each
process. The files are as those of Python beside them (``__pycache__``, PEP 3147): found by what they follow from,
thrown away at will, trusted as far as the code there, and not written where Python is told to write none.

What is in scripts decides whether this may be done (``remembered``); here that is held to what is the same in another
process: scripts import nothing but Alembic, SQLAlchemy and a few modules of Python's, and operations are Alembic's own.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
from collections.abc import Hashable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from importlib.util import cache_from_source
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

import alembic
import msgspec
import sqlalchemy
from alembic.operations import Operations

from alembic_contracts.patterns import pattern
from alembic_contracts.running.remembered import Models

if TYPE_CHECKING:
    from alembic_contracts.running.pending import Run
    from alembic_contracts.schemas.steps import Prediction

__all__ = ["find", "keep", "place_of"]

_MOST = 32
"""Files of a project's: of the starts that its tests have, and branches that are switched between."""
_LARGEST = 5_000_000
"""Bytes; what takes longer to read than to make anew is not kept."""
_PREFIX = "alembic_contracts."
_IMPORTS = pattern(r"(?m)(?:^|[;:])[ \t]*(?:from[ \t]+(\S+)[ \t]+import|import[ \t]+([^;#\n]+))")
_GOES_FURTHER = pattern(
    r"(?is)\bimport\b|\bopts\b|target_metadata|\bselect\b.*(?:\bnow\b|current_|julianday|unixepoch)"
)
"""Imports in other words; models, of which no more than the naming convention is looked at; the database's clock."""
_KNOWN = frozenset(
    {
        "__future__", "alembic", "collections", "contextlib", "dataclasses", "datetime", "decimal", "enum", "functools",
        "itertools", "json", "logging", "math", "operator", "re", "sqlalchemy", "string", "textwrap", "typing",
    }
)  # fmt: skip


class _UnknownError(Exception):
    """Something is not known to be the same in another process."""


def place_of(run: Run, key: Hashable | None) -> Path | None:
    """Return the file that the predictions of a run are kept in; None: they are not.

    Args:
        run: what is pending.
        key: all that they follow from in one process.
    """
    if not isinstance(key, tuple) or sys.dont_write_bytecode:
        return None
    scripts, *rest = key
    if not _has_own_operations() or not all(_is_alone(text) for *_, text in scripts):
        return None
    environment = Path(run.environment.script.env_py_location)
    versions = (sys.version, sqlite3.sqlite_version, alembic.__version__, sqlalchemy.__version__, _own_state())
    digest = hashlib.sha256()
    try:
        for part in _parts((versions, environment.read_bytes(), scripts, *rest)):
            digest.update(part)
        compiled = Path(cache_from_source(str(environment)))
    except (OSError, NotImplementedError, _UnknownError):
        return None
    return compiled.with_name(f"{_PREFIX}{digest.hexdigest()}.foreseen")


@lru_cache(maxsize=1)
def _own_state() -> str:
    """Return what tells one state of our own code from another one."""
    folder = Path(__file__).parents[1]
    return f"{folder} {_newest(str(folder))}"


def _newest(folder: str) -> int:
    """Return when the file was written that was written last in a folder and those in it, in nanoseconds."""
    with os.scandir(folder) as entries:
        found = [each for each in entries if each.name.endswith(".py") or "." not in each.name]
    inside = (_newest(each.path) for each in found if each.is_dir() and each.name != "__pycache__")
    return max((0, *inside, *(each.stat().st_mtime_ns for each in found if each.is_file())))


def _has_own_operations() -> bool:
    """Whether ``op`` has no operations but Alembic's."""
    registry = getattr(getattr(Operations, "_to_impl", None), "_registry", None)
    if not isinstance(registry, Mapping):
        return False
    return all(getattr(function, "__module__", "").startswith("alembic.") for function in registry.values())


def _is_alone(text: str) -> bool:
    """Whether a script imports nothing that may be other code by now; to parse it would take longer than the rest."""
    for source, names in _IMPORTS.findall(text):
        for name in (source or names).split(","):
            if name.split()[:1] == [] or name.split()[0].partition(".")[0] not in _KNOWN:
                return False
    return _GOES_FURTHER.search(_IMPORTS.sub("", text)) is None


def _parts(value: object) -> Iterator[bytes]:
    """Yield what a value consists of, in a way that no other one does.

    Raises:
        _UnknownError: it is not known what it consists of.
    """
    match value:
        case None | str() | bytes() | int() | float() | Path():
            text = repr(value).encode()
            yield b"%s %d " % (type(value).__name__.encode(), len(text))
            yield text
        case tuple():
            yield b"( %d " % len(value)
            for each in value:
                yield from _parts(each)
        case frozenset():
            yield from _parts(tuple(sorted(b"".join(_parts(each)) for each in value)))
        case msgspec.Struct():
            yield from _parts((type(value), *msgspec.structs.astuple(value)))
        case type():
            yield from _parts((value.__module__, value.__qualname__))
        case Models():
            return  # scripts do not come to them, but for what stands beside it in the key
        case CodeType():
            yield from _parts((value.co_filename, value.co_firstlineno, Path(value.co_filename).read_bytes()))
        case _:
            raise _UnknownError


def find(place: Path | None) -> tuple[Prediction, ...] | None:
    """Return what was kept in a file."""
    if place is None:
        return None
    from alembic_contracts.prediction.containment.messages import read
    from alembic_contracts.schemas.steps import Prediction

    try:
        found: Any = read(place.read_bytes())
    except Exception:  # noqa: BLE001 - there is none, or it is no such file
        return None
    if not (isinstance(found, tuple) and found and all(isinstance(each, Prediction) for each in found)):
        return None
    with suppress(OSError):
        place.touch()
    return found


def keep(place: Path | None, predictions: tuple[Prediction, ...]) -> None:
    """Keep predictions that leave nothing open, where the folder is there and can be written to."""
    if place is None or any(each.unproven or each.cut for each in predictions):
        return
    from alembic_contracts.prediction.containment.messages import written

    content = written(predictions)
    if len(content) > _LARGEST:
        return
    from alembic_contracts.support import whole_files

    with suppress(OSError):
        whole_files.write(str(place), content)
        others = sorted(place.parent.glob(f"{_PREFIX}*"), key=lambda file: file.stat().st_mtime_ns)
        for file in others[:-_MOST]:
            file.unlink()

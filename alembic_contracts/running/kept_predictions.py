"""A run and what it starts from in, its predictions out, which may be known of the same run before.

Whoever starts a test suite, or migrates a development database once more, pays for the prediction once and not in each
process. The files are as those of Python beside them (``__pycache__``, PEP 3147), found by what they follow from,
thrown away at will, and trusted as far as the code there. Where Python is told to write none they are where programs
keep such things for a user (XDG Base Directory Specification).

What is in scripts decides whether this may be done (``remembered``); here that is held to what is the same in another
process: scripts import nothing but Alembic, SQLAlchemy, a few modules of Python's and packages that bring types, and
operations are Alembic's own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from importlib.util import cache_from_source, find_spec
from marshal import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import alembic
import sqlalchemy
from alembic.operations import Operations

from alembic_contracts.patterns import pattern
from alembic_contracts.running import remembered
from alembic_contracts.running.keys import NO_REFERENCES, UnknownError, digest_of

if TYPE_CHECKING:
    from alembic_contracts.prediction.scripts.words import Words
    from alembic_contracts.running.pending import Run
    from alembic_contracts.schemas.schema import Name
    from alembic_contracts.schemas.steps import Prediction

__all__ = ["known_or_made"]

_MOST = 32
"""Files in a folder: of the starts that tests have, and branches that are switched between."""
_LARGEST = 5_000_000
"""Bytes; what takes longer to read than to make anew is not kept."""
_PREFIX = "alembic_contracts."
_PURE = frozenset(
    {
        "__future__", "alembic", "base64", "collections", "contextlib", "copy", "dataclasses", "datetime", "decimal",
        "enum", "functools", "hashlib", "itertools", "json", "logging", "math", "operator", "random", "re", "secrets",
        "sqlalchemy", "string", "textwrap", "typing", "uuid",
    }
)  # fmt: skip
"""Modules that bring nothing along which may be other by now, but for time and chance."""
_OF_TYPES = frozenset({"citext", "pgvector", "sqlalchemy_utils", "sqlmodel"})
"""Packages that scripts have types of, which are the same as long as these are."""
_FURTHER = frozenset(
    {"__import__", "create_all", "drop_all", "eval", "exec", "globals", "metadata", "open", "opts", "target_metadata"}
)
"""What leads further than to the database: to files, to code, and to models."""
_CLOCKS = frozenset({"now", "today", "utcnow"})
_READS_CLOCK = pattern(r"(?is)\bselect\b.*(?:\bnow\b|current_|julianday|unixepoch|_timestamp|timeofday)")


def known_or_made(
    run: Run,
    start: Hashable | None,
    tables: Collection[Name] | None,
    make: Callable[[], tuple[Prediction, ...]],
) -> tuple[Prediction, ...]:
    """Return the predictions of a run, made only where nobody has made them before.

    Args:
        run: what is pending.
        start: what tells what it starts from, with the versions of what tells what becomes of it; None: more does.
        tables: what the schemas show (None: all tables).
        make: makes them.
    """
    # What is known before is held against what scripts do then, and so for what runs under the guard alone.
    key = remembered.key_of(run, start, tables) if start is not None and run.committed_under_guard else None
    known = None if run.afresh else remembered.find(key)
    if known is not None:
        return known
    place = _place_of(run, key) if run.may_be_kept else None
    found = None if place is None or run.afresh else _read(place)
    if found is not None:
        return remembered.keep(key, found)
    found = make()
    if place is not None:
        _keep(place, found)
    remembered.keep(key, found)
    return found


def _place_of(run: Run, key: Hashable | None) -> Path | None:
    """Return the file that the predictions of a run are kept in; None: they are not.

    Args:
        run: what is pending.
        key: all that they follow from in one process.
    """
    if not isinstance(key, tuple):
        return None
    scripts, *rest = key
    if not _has_own_operations() or not all(is_alone(script.words) for script in scripts):
        return None
    environment = Path(run.environment.script.env_py_location)
    used = {each for script in scripts for each in script.words.modules & _OF_TYPES}
    states = [_state_of(package) for package in ("alembic_contracts", "postgast", *sorted(used))]
    versions = (sys.version, alembic.__version__, sqlalchemy.__version__, *states)
    # What Python runs is older than the text where that was changed within a second.
    codes = tuple(dumps(script.words.code, NO_REFERENCES) for script in scripts)
    texts = tuple((script.is_upgrade, script.revision, script.path, script.text) for script in scripts)
    try:
        digest = digest_of(versions, environment.read_bytes(), texts, codes, *rest)
        return _folder(environment) / f"{_PREFIX}{digest}.foreseen"
    except (OSError, NotImplementedError, UnknownError):
        return None


def _folder(environment: Path) -> Path:
    """Return the folder that what env.py leads to is kept in.

    Raises:
        OSError, NotImplementedError: there is none.
    """
    if not sys.dont_write_bytecode:
        return Path(cache_from_source(str(environment))).parent
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    home = os.path.expanduser("~/.cache")  # noqa: PTH111 - which raises nothing where nobody is at home
    folder = Path(chosen if os.path.isabs(chosen) else home)  # noqa: PTH117 - others count for nothing, says XDG
    if not folder.is_absolute():
        raise FileNotFoundError(folder)
    return folder / "alembic-contracts"


@lru_cache
def _state_of(package: str) -> tuple[str, int, int]:
    """Return what tells one state of a package's code from another one: where all files are of one day, sizes do."""
    found = find_spec(package)
    folder = "" if found is None or found.origin is None else os.path.dirname(found.origin)  # noqa: PTH120
    files = list(_files_in(folder)) if folder else []
    return folder, max((each.st_mtime_ns for each in files), default=0), sum(each.st_size for each in files)


def _files_in(folder: str) -> Iterator[os.stat_result]:
    """Yield what is to be told of each source file in a folder and those in it."""
    with os.scandir(folder) as entries:
        for each in entries:
            if each.name.endswith(".py"):
                yield each.stat()
            elif "." not in each.name and each.name != "__pycache__" and each.is_dir():
                yield from _files_in(each.path)


def _has_own_operations() -> bool:
    """Whether ``op`` has no operations but Alembic's."""
    registry = getattr(getattr(Operations, "_to_impl", None), "_registry", None)
    if not isinstance(registry, Mapping):
        return False
    return all(getattr(function, "__module__", "").startswith("alembic.") for function in registry.values())


def is_alone(words: Words) -> bool:
    """Whether a script goes by nothing that may be other in another process: code, models, or what time it is."""
    if not words.modules <= _PURE | _OF_TYPES or words.names & _FURTHER:
        return False
    if words.names & _CLOCKS and ("datetime" in words.modules or "select" in words.names):
        return False
    return not any(map(_READS_CLOCK.search, words.texts))


def _read(place: Path) -> tuple[Prediction, ...] | None:
    """Return what was kept in a file, of which there may be none."""
    from alembic_contracts.prediction.containment.messages import read
    from alembic_contracts.schemas.steps import Prediction

    try:
        if hasattr(os, "geteuid") and place.stat().st_uid != os.geteuid():  # somebody else's are not to be trusted
            return None
        found: Any = read(place.read_bytes())
    except Exception:  # noqa: BLE001 - there is none, or it is no such file
        return None
    if not (isinstance(found, tuple) and found and all(isinstance(each, Prediction) for each in found)):
        return None
    with suppress(OSError):
        place.touch()
    return found


def _keep(place: Path, predictions: tuple[Prediction, ...]) -> None:
    """Keep predictions that leave nothing open, where files can be written."""
    if not all(map(remembered.can_be_held, predictions)):
        return
    from alembic_contracts.prediction.containment.messages import written

    content = written(predictions)
    if len(content) > _LARGEST:
        return
    from alembic_contracts.support import whole_files

    with suppress(OSError):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        whole_files.write(str(place), content)
        others = sorted(place.parent.glob(f"{_PREFIX}*"), key=lambda file: file.stat().st_mtime_ns)
        for file in others[:-_MOST]:
            file.unlink()

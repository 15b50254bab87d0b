"""A run and what it starts from in, its predictions out, which may be known of the same run before.

Whoever starts a test suite, or migrates a development database once more, pays for the prediction once and not in each
process. The files are as those of Python beside them (``__pycache__``, PEP 3147), found by what they follow from,
thrown away at will, and trusted as far as the code there. Where Python is told to write none they are where programs
keep such things for a user (XDG Base Directory Specification).

They are kept once scripts have done what they show: one that goes by the time, or by chance, does otherwise. And where
it is found that scripts do otherwise now (``expected``) they are thrown away. So nothing has to be known of all that
scripts may go by; but what they import is looked at, since who changes it should be told before the first script.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from contextlib import suppress
from functools import cached_property, lru_cache
from importlib.util import cache_from_source, find_spec
from marshal import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import alembic
import sqlalchemy

from alembic_contracts.prediction.scripts.words import NO_REFERENCES, words_of
from alembic_contracts.running import loaded_code, remembered
from alembic_contracts.running.keys import UnknownError, digest_of

if TYPE_CHECKING:
    from alembic.runtime.migration import RevisionStep

    from alembic_contracts.running.pending import Run
    from alembic_contracts.schemas.schema import Name
    from alembic_contracts.schemas.steps import Prediction

__all__ = ["Kept", "are_there", "get_ready", "known_or_made"]

_MOST = 32
"""Files in a folder: of the starts that tests have, and branches that are switched between."""
_LARGEST = 5_000_000
"""Bytes; what takes longer to read than to make anew is not kept."""
_PREFIX = "alembic_contracts."
_TELLING = ("alembic_contracts", "postgast")
"""Packages that tell what becomes of a schema."""


class Kept:
    """Where predictions of a run are to be found by the next one of the same."""

    def __init__(self, run: Run, key: tuple[Any, ...]) -> None:
        """Take a run, and all that its predictions follow from in one process."""
        self._key, self._may_be_kept = key, run.may_be_kept
        self._environment = Path(run.environment.script.env_py_location)
        self.predictions: tuple[Prediction, ...] = ()

    @cached_property
    def _place(self) -> Path | None:
        """The file that other processes find them in; None: they do not."""
        return _place_of(self._environment, self._key) if self._may_be_kept else None

    def find(self) -> tuple[Prediction, ...] | None:
        """Return what was found out before."""
        found = remembered.find(self._key)
        if found is None and self._place is not None:
            read = _read(self._place)
            found = read and remembered.keep(self._key, read)
        return found

    def keep(self) -> None:
        """Have them found."""
        remembered.keep(self._key, self.predictions)
        if self._place is not None:
            packages = (script.words.modules for script in self._key[0])
            files = loaded_code.files_of(_imported_by(self._environment).union(*packages))
            _keep(self._place, (files, self.predictions))

    def forget(self) -> None:
        """Have them found no more."""
        remembered.forget(self._key)
        if self._place is not None:
            with suppress(OSError):
                self._place.unlink()


def known_or_made(
    run: Run,
    start: Hashable | None,
    tables: Collection[Name] | None,
    make: Callable[[], tuple[Prediction, ...]],
) -> tuple[tuple[Prediction, ...], Kept | None]:
    """Return the predictions of a run, made only where nobody has made them before, and where the next one finds them.

    It finds none where scripts cannot be held against them.

    Args:
        run: what is pending.
        start: what tells what it starts from, with the versions of what tells what becomes of it; None: more does.
        tables: what the schemas show (None: all tables).
        make: makes them.
    """
    # What is known before is held against what scripts do then, and so for what runs under the guard alone.
    key = remembered.key_of(run, start, tables) if start is not None and run.committed_under_guard else None
    if not isinstance(key, tuple):
        return make(), None
    kept = Kept(run, key)
    found = kept.predictions = (None if run.afresh else kept.find()) or make()
    return found, kept if all(map(remembered.can_be_held, found)) else None


def get_ready(steps: Iterable[RevisionStep]) -> None:
    """Find out what tells scripts, and the code that predicts them, from others: it takes no database."""
    for package in _TELLING:
        _state_of(package)
    for step in steps:
        if not hasattr(step, "generated"):
            words_of(step.revision.path)


def are_there(environment: str) -> bool:
    """Whether predictions are kept of scripts that an env.py leads to, be it of other ones or as they were once."""
    with suppress(OSError, NotImplementedError):
        return any(name.startswith(_PREFIX) for name in os.listdir(_folder(Path(environment))))  # noqa: PTH208 - names
    return False


def _imported_by(environment: Path) -> frozenset[str]:
    """Return the packages that an env.py imports."""
    words = words_of(str(environment))
    return frozenset() if words is None else words.modules


def _place_of(environment: Path, key: tuple[Any, ...]) -> Path | None:
    """Return the file that the predictions of a run are kept in; None: they are not.

    Args:
        environment: the path of env.py.
        key: all that they follow from in one process.
    """
    scripts, *rest = key
    versions = (sys.version, alembic.__version__, sqlalchemy.__version__, *map(_state_of, _TELLING))
    # What runs, and what is quoted: that may be of another text, where nothing but a comment is another one.
    ran = ((each.is_upgrade, each.revision, each.path, each.words.serialized, each.words.written) for each in scripts)
    try:
        digest = digest_of(versions, environment.read_bytes(), dumps(tuple(ran), NO_REFERENCES), *rest)
        return _folder(environment) / f"{_PREFIX}{digest}.foreseen"
    except (OSError, NotImplementedError, UnknownError, ValueError):  # the last one of a text that is no plain one
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


def _read(place: Path) -> tuple[Prediction, ...] | None:
    """Return what was kept in a file, of which there may be none."""
    from alembic_contracts.prediction.containment.messages import read
    from alembic_contracts.schemas.steps import Prediction

    try:
        state = place.stat()
        is_own = not hasattr(os, "geteuid") or state.st_uid == os.geteuid()  # somebody else's are not to be trusted
        if not (is_own and stat.S_ISREG(state.st_mode)):  # whoever reads a pipe waits for who writes into it
            return None
        files, predictions = read(place.read_bytes())
        are_such = isinstance(predictions, tuple) and all(isinstance(each, Prediction) for each in predictions)
        if not (are_such and predictions and loaded_code.are_same(files)):
            return None
    except Exception:  # noqa: BLE001 - there is none, or it is no such file
        return None
    with suppress(OSError):
        place.touch()
    found: tuple[Prediction, ...] = predictions
    return found


def _keep(place: Path, value: tuple[loaded_code.Files, tuple[Prediction, ...]]) -> None:
    """Write what ``_read`` reads, where files can be written."""
    from alembic_contracts.prediction.containment.messages import written

    content = written(value)
    if len(content) > _LARGEST:
        return
    from alembic_contracts.support import whole_files

    with suppress(OSError):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        whole_files.write(str(place), content)
        others = sorted(place.parent.glob(f"{_PREFIX}*"), key=lambda file: file.stat().st_mtime_ns)
        for file in others[:-_MOST]:
            file.unlink()

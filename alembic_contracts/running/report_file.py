"""What guard() judged in, the file that ``ALEMBIC_CONTRACTS_REPORT`` names out: it tells a refusal from other failures.

It is there for every command that runs env.py, so reporters and what they need are imported when something is written.
No run fails because of it: a file that cannot be written is a warning.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from alembic.runtime.environment import EnvironmentContext

    from alembic_contracts.judging.violations import Report

__all__ = ["Entry", "begin"]

VARIABLE = "ALEMBIC_CONTRACTS_REPORT"


class Entry:
    """What one run adds to the file; env.py may make several, of which each has a database of its own."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries
        self._report: Report | None = None
        self._message = ""
        """Why nothing could be judged."""
        self._goes_on = False

    def write(self, report: Report) -> None:
        """Have the file say what was found, in place of what this run found before."""
        self._report, self._message = report, ""
        _write(self._entries)

    def failed(self, message: str, *, goes_on: bool = False) -> None:
        """Have the file say why nothing could be judged, and whether the run goes on all the same."""
        self._message, self._goes_on = message, goes_on
        _write(self._entries)

    @property
    def is_asked_for(self) -> bool:
        """Whether anybody reads what the file says."""
        return bool(os.environ.get(VARIABLE))

    @property
    def report(self) -> Report | None:
        """What was found."""
        return self._report

    @property
    def failure(self) -> str:
        """Why nothing could be judged."""
        return self._message

    @property
    def refuses(self) -> bool:
        """Whether the run is stopped."""
        if self._message:
            return not self._goes_on
        return self._report is not None and self._report.refuses


_ENTRIES: WeakKeyDictionary[EnvironmentContext, list[Entry]] = WeakKeyDictionary()


def begin(environment: EnvironmentContext | None) -> Entry:
    """Return where a run that may be judged can say what was found; what an earlier env.py has written goes away.

    Args:
        environment: of the run.
    """
    entries = _ENTRIES.get(environment) if environment is not None else None
    if entries is None:
        entries = []
        if environment is not None:
            _ENTRIES[environment] = entries
        _remove()
    entry = Entry(entries)
    entries.append(entry)
    return entry


def _remove() -> None:
    name = os.environ.get(VARIABLE)
    if name and _is_plain(name):
        with suppress(OSError):
            os.unlink(name)  # noqa: PTH108 - pathlib is not needed for every command of Alembic's


def _is_plain(name: str) -> bool:
    """Whether a name is that of a file, and of no link, pipe or terminal."""
    try:
        return stat.S_ISREG(os.lstat(name).st_mode)
    except (OSError, ValueError):
        return False


def _write(entries: list[Entry]) -> None:
    name = os.environ.get(VARIABLE)
    if not name:
        return
    try:
        _replace(name, _text(entries) + "\n")
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the migration is none the worse
        sys.stderr.write(f"warning: {VARIABLE}: {_shown(name)} cannot be written: {_shown(str(error))}\n")


def _shown(text: str) -> str:
    from alembic_contracts import texts

    return texts.line(texts.shortened(text, 1000))


def _replace(name: str, text: str) -> None:
    """Write a file in one step, so that nobody reads the half of it; what is no plain file is written to."""
    if os.path.lexists(name) and not _is_plain(name):
        with open(name, "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(text)
        return
    from alembic_contracts.support import whole_files

    whole_files.write(name, text.encode())


def _text(entries: list[Entry]) -> str:
    """Return one JSON report on all databases; where something could not be judged, its status is ``failed``."""
    import json

    from alembic_contracts import reporters, texts
    from alembic_contracts.judging.merging import merged
    from alembic_contracts.judging.violations import Checked, Report

    reports = [entry.report for entry in entries if entry.report is not None]
    report = merged(reports) if reports else Report(phase="before", checked=Checked(0, 0, 0, 0))
    found = json.loads(reporters.render(report, "json"))
    failures = "\n".join(entry.failure for entry in entries if entry.failure)
    own = {"status": "failed", "message": texts.json_text(failures)} if failures else {}
    return json.dumps({**found, **own, "refused": any(entry.refuses for entry in entries)}, indent=2)

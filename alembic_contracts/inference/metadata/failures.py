"""What code of others raised in, one line that says so out, with the innermost line of theirs."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

from alembic_contracts import texts
from alembic_contracts.inference.metadata.places import file_name
from alembic_contracts.support.paths import is_installed

__all__ = ["said_of"]

_LONGEST = 300


def said_of(error: BaseException) -> str:
    """Return ``ImportError: No module named 'x' (shop/models.py:3)``."""
    try:
        said = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - whatever its own code does
        said = "(it cannot say what)"
    here = os.path.realpath(Path.cwd()) + os.sep
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    places = [(os.path.realpath(file), line) for file, line in frames if not file.startswith("<")]  # <frozen os>
    own = [place for place in places if place[0].startswith(here) and not is_installed(place[0])]
    where = f" ({file_name(own[-1][0])}:{own[-1][1]})" if own else ""
    return texts.shortened(f"{type(error).__name__}: {said}" if said else type(error).__name__, _LONGEST) + where

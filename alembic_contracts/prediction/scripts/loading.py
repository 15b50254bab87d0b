"""The file of a version script in, its module out; and its functions called as Alembic would."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy.util.concurrency import greenlet_spawn, in_greenlet

from alembic_contracts.prediction.scripts.outline import Outline

if TYPE_CHECKING:
    from types import CodeType, ModuleType

__all__ = ["called", "fresh_module"]


def fresh_module(path: str, known: object = None) -> ModuleType:
    """Execute a version script's file once more, as Alembic does, so that nothing it keeps leaks into the real run.

    Args:
        path: of the file.
        known: its outline, if there is one; what that has compiled is not compiled again.
    """
    spec = importlib.util.spec_from_file_location(re.sub(r"\W", "_", os.path.basename(path)), path)  # noqa: PTH119 - for each revision
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    code = known.code if isinstance(known, Outline) else _code_of(path)
    if code is not None and code.co_filename == path:
        exec(code, vars(module))  # noqa: S102 - what the loader would do
    else:
        spec.loader.exec_module(module)
    return module


def _code_of(path: str) -> CodeType | None:
    """Return what Python runs of a script, where that is known."""
    from alembic_contracts.prediction.scripts.words import known_code

    return known_code(path)


def called(function: Callable[..., Any], arguments: Mapping[str, Any], *, is_async: bool) -> None:
    """Call a script's function. ``is_async``: whether the real run's driver is, on whose loop scripts may wait."""
    if is_async and not in_greenlet() and not _loop_is_running():
        # `op.run_async` waits on the loop that the real run is in; a check without one brings its own.
        asyncio.run(greenlet_spawn(function, **arguments))
    else:
        function(**arguments)


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True

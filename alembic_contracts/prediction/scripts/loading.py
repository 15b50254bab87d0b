"""The file of a version script in, its module out; and its functions called as Alembic would."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sqlalchemy.util.concurrency import greenlet_spawn, in_greenlet

from alembic_contracts.prediction.scripts.outline import Outline

if TYPE_CHECKING:
    from types import CodeType

    from alembic.runtime.migration import RevisionStep
    from alembic.script import ScriptDirectory

__all__ = ["begin_of", "called", "code_of", "defined_at", "fresh_module", "function_of", "in_order_of_loading"]


def in_order_of_loading(script: ScriptDirectory, steps: Iterable[RevisionStep]) -> list[RevisionStep]:
    """Return steps in the order in which Alembic loads their files (``ScriptDirectory._load_revisions``).

    It takes one folder after the other, and in each one the files first, then the folders in it, both by their names.
    """
    folders = [os.path.realpath(each) + os.sep for each in script._version_locations]  # noqa: SLF001 - nothing public has them

    def place(step: RevisionStep) -> tuple[int, list[tuple[bool, str]]]:
        path = step.revision.path
        at = next((at for at, folder in enumerate(folders) if path.startswith(folder)), len(folders))
        *inside, name = Path(path[len(folders[at]) :] if at < len(folders) else path).parts
        return at, [*((True, each) for each in inside), (False, name)]

    return sorted(steps, key=place)


def fresh_module(path: str, known: object = None) -> ModuleType:
    """Execute a version script's file once more, as Alembic does, so that nothing it keeps leaks into the real run.

    Args:
        path: of the file.
        known: its outline, if there is one; what that has compiled is not compiled again.
    """
    name = re.sub(r"\W", "_", os.path.basename(path))  # noqa: PTH119 - for each revision
    if not path.endswith(".py"):
        return _without_source(name, path)
    module = ModuleType(name)
    # As ``module_from_spec`` has it, which takes three times as long: what is left out is where the bytecode would be.
    loader = SourceFileLoader(name, path)
    module.__spec__, module.__loader__, module.__file__ = ModuleSpec(name, loader, origin=path), loader, path
    module.__spec__.has_location, module.__package__ = True, ""
    code = code_of(path, known)
    if code is not None and code.co_filename == path:
        exec(code, vars(module))  # noqa: S102 - what the loader would do
    else:
        loader.exec_module(module)
    return module


def _without_source(name: str, path: str) -> ModuleType:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def code_of(path: str, known: object = None) -> CodeType | None:
    """Return what Python runs of a script, None where it cannot be told.

    Args:
        path: of the file.
        known: its module, or its outline.
    """
    if isinstance(known, Outline):
        return known.code
    from alembic_contracts.prediction.scripts.words import known_words

    words = known_words(path)
    if words is not None:
        return words.code
    try:
        return _read_code(path, os.stat(path).st_mtime_ns)  # noqa: PTH116 - for each revision
    except (SyntaxError, ValueError, OSError, EOFError, RecursionError, MemoryError):
        return None


@lru_cache(maxsize=4096)  # as a script is looked at first, and run then
def _read_code(path: str, _written: int) -> CodeType | None:
    return SourceFileLoader(path, path).get_code(path)


def function_of(step: RevisionStep) -> str:
    """Return the name of the function that a step calls."""
    return "upgrade" if step.is_upgrade else "downgrade"


def begin_of(function: object) -> int:
    """Return the line at which a function is defined, 1 where that cannot be told."""
    line: int = getattr(getattr(function, "__code__", None), "co_firstlineno", 1)
    return line


def defined_at(name: str, known: object) -> int:
    """Return the line at which a script defines a function, 1 where only running it would tell.

    Args:
        name: of the function.
        known: the script's module, or its outline.
    """
    if not isinstance(known, Outline):
        return begin_of(getattr(known, name, None))
    constants = () if known.code is None else known.code.co_consts
    return next((each.co_firstlineno for each in constants if getattr(each, "co_name", None) == name), 1)


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

"""Version scripts in, Alembic's map of them out, without any of them being run in this process.

Alembic runs each script to find its revision, also those that are not pending. A check reads what is written there;
where that takes running the script, it does so as under prediction, which is imported for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from alembic import util
from alembic.script import Script

from alembic_contracts.errors import CannotCheck
from alembic_contracts.prediction.scripts.outline import outline
from alembic_contracts.support.paths import shown

if TYPE_CHECKING:
    from alembic_contracts.prediction.containment.messages import Channel

__all__ = ["scripts_are_read"]


@contextmanager
def scripts_are_read(*, run_them: bool) -> Iterator[None]:
    """Let Alembic read version scripts instead of running them.

    Args:
        run_them: whether one that says only when it runs what its revision is may be run; in a process of its own.

    Raises:
        CannotCheck: it may not, or fails.
    """
    original, load = vars(Script)["_from_path"], util.load_python_file

    def read(folder: str | os.PathLike[str], filename: str | os.PathLike[str]) -> ModuleType:
        return _read(os.path.join(folder, filename), run_them=run_them)  # noqa: PTH118 - for each revision

    def from_path(cls: type[Script], *arguments: Any) -> Script | None:
        util.load_python_file = read  # type: ignore[assignment] # as a rule; env.py is loaded by the same function
        try:
            script: Script | None = original.__func__(cls, *arguments)
            return script
        finally:
            util.load_python_file = load

    Script._from_path = classmethod(from_path)  # type: ignore[assignment, method-assign] # noqa: SLF001 - there is no public way
    try:
        yield
    finally:
        Script._from_path = original  # type: ignore[method-assign] # noqa: SLF001 - as it was


def _read(file: str, *, run_them: bool) -> ModuleType:
    try:
        found = outline(file, compiles=run_them) if file.endswith(".py") else None
    except FileNotFoundError:
        found = None
    except SyntaxError as error:
        raise CannotCheck(f"{shown(Path(file))}:{error.lineno or 1}: this is no Python: {error.msg}") from None
    if found is not None:
        return found
    path = Path(file)
    if not run_them:
        raise CannotCheck(
            f"{shown(path)}: which revision it is can only be told by running it, which --no-exec, or the setting "
            "exec, forbids."
        )
    return _loaded(path)


def _loaded(path: Path) -> ModuleType:
    """Return what a script says when it runs."""
    from alembic_contracts.prediction.containment import process
    from alembic_contracts.prediction.containment.limits import Limits
    from alembic_contracts.prediction.scripts import outside
    from alembic_contracts.prediction.scripts.isolation import isolated, silent

    if not process.is_possible():
        return util.load_python_file(path.parent, path.name)
    outside.prepare()
    said: list[dict[str, Any] | str] = []

    def body(channel: Channel) -> None:
        channel.lap(str(path))
        with isolated(lambda _reason: None, str(path.parent), alone=True), silent():
            try:
                module = util.pyfiles.load_python_file(path.parent, path.name)
            except BaseException as error:  # noqa: BLE001 - whatever scripts raise
                channel.send(f"{type(error).__name__}: {error}")
                return
        names = ("__doc__", "revision", "down_revision", "branch_labels", "depends_on")
        values = {name: getattr(module, name) for name in names if hasattr(module, name)}
        channel.send(values | {name: None for name in ("upgrade", "downgrade") if hasattr(module, name)})

    listener = process.Listener(heard=said.append, refused=lambda *_: None, lasts=lambda: None)
    death = process.run(body, Limits(), listener)
    found = said[0] if said else f"it {death.reason}" if death is not None else "it says nothing"
    if isinstance(found, str):
        line = f":{death.line}" if death is not None and death.line is not None else ""
        raise CannotCheck(f"a script of the project failed when it was loaded: {found} ({shown(path)}{line})")
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    for name, value in found.items():
        setattr(module, name, value if name not in ("upgrade", "downgrade") else lambda **_: None)
    return module

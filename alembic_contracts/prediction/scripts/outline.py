"""The text of a version script in, what Alembic wants to know of it out; nothing of it runs."""

from __future__ import annotations

import ast
import dis
import linecache
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.machinery import SourceFileLoader
from importlib.util import decode_source
from io import StringIO
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, ClassVar

from alembic_contracts.support.garbage import uncollected
from alembic_contracts.support.modules import own

__all__ = ["Outline", "bound", "outline", "parsed", "running"]

_VALUES = frozenset({"revision", "down_revision", "branch_labels", "depends_on"})
_FUNCTIONS = frozenset({"upgrade", "downgrade"})


class Outline(ModuleType):
    """A module with a script's docstring and revisions; for anything else the script is run where that is allowed."""

    code: CodeType | None = None
    """What the script would run, where it was compiled."""
    whole: ClassVar[Callable[[str, Outline], ModuleType] | None] = None
    """Returns the module of a script, by its file: scripts may call each other's functions (``running``)."""

    def _itself(self) -> ModuleType | None:
        return None if Outline.whole is None else Outline.whole(str(self.__file__), self)

    def __getattr__(self, name: str) -> Any:
        itself = None if name in _VALUES or name.startswith("__") else self._itself()
        if itself is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(itself, name)

    def __setattr__(self, name: str, value: Any) -> None:
        itself = None if name.startswith("__") else self._itself()
        super().__setattr__(name, value)
        if itself is not None:
            setattr(itself, name, value)

    def __dir__(self) -> Iterable[str]:
        return dir(self._itself()) if Outline.whole is not None else super().__dir__()

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override] # what ``vars()`` shows
        return own(self._itself() or self)

    def _call(self, name: str, *arguments: Any, **options: Any) -> Any:
        """Call one of its functions; where the script is not to be run, that does nothing."""
        itself = self._itself()
        return None if itself is None else getattr(itself, name)(*arguments, **options)


@contextmanager
def running(whole: Callable[[str, Outline], ModuleType]) -> Iterator[None]:
    """Have scripts of which there is an outline run when anybody asks for more than what is in it.

    Args:
        whole: returns the module of a script, by its file and its outline.
    """
    before, Outline.whole = Outline.whole, whole
    try:
        yield
    finally:
        Outline.whole = before


@uncollected()
def outline(path: str | Path, *, compiles: bool = False) -> Outline | None:
    """Return what is written down in a script.

    Args:
        path: the script.
        compiles: whether to compile it as well, or to take it from Python's own cache.

    Returns:
        None where that is not written down as it is, so that only running the script would tell.

    Raises:
        SyntaxError: it is no Python.
    """
    file = os.fspath(path)
    with open(file, "rb") as opened:  # noqa: PTH123 - for each revision
        source, written = opened.read(), os.fstat(opened.fileno())
    _remember(file, source, written)
    code = _compiled(file) if compiles else None
    stated = None if code is None else _stated_in(code, source)
    if stated is None or "upgrade" not in stated:  # which is not compiled behind what raises in any case
        stated = _stated(source, file)
    if stated is None or not {"revision", "down_revision"} <= stated.keys():
        return None
    module = Outline(os.path.basename(file).removesuffix(".py"))  # noqa: PTH119 - as above
    functions = {name: partial(module._call, name) for name in _FUNCTIONS & stated.keys()}  # noqa: SLF001 - its own
    own(module).update({"__file__": file, "code": code, **stated, **functions})
    return module


def _remember(file: str, source: bytes, written: os.stat_result) -> None:
    """Let ``linecache`` have the lines of a file that was read: who quotes them need not read it once more."""
    try:
        text = decode_source(source)
    except (SyntaxError, UnicodeDecodeError):
        return  # compiling says it better
    lines = StringIO(text if not text or text.endswith("\n") else f"{text}\n").readlines()
    linecache.cache[file] = written.st_size, written.st_mtime, lines, file


def _stated(source: bytes, file: str) -> dict[str, Any] | None:
    """Return what a script's text says, name by name; None where it takes more than reading."""
    tree, may_declare = _parsed(source, file), b"global" in source
    described = ast.get_docstring(tree, clean=False)
    found: dict[str, Any] = {} if described is None else {"__doc__": described}
    for statement in tree.body:
        for name, value in bound(statement, may_declare=may_declare):
            if name == "*" or (name in _VALUES and value is None):
                return None
            if name in _FUNCTIONS:
                found[name] = None
            elif name in _VALUES and value is not None:
                try:
                    found[name] = ast.literal_eval(value)
                except ValueError:
                    return None
    return found


def _compiled(file: str) -> CodeType | None:
    try:
        return SourceFileLoader(file, file).get_code(file)
    except ValueError as error:  # a null byte
        raise SyntaxError(str(error)) from None


_places: dict[tuple[bytes, tuple[str, ...]], Mapping[str, int | None] | None] = {}
"""Where the code of modules has what they state among its constants, None: for a function; by their instructions.

The scripts of a project are alike: they do the same to other constants, and one of them need be looked at.
"""


def _stated_in(code: CodeType, source: bytes) -> dict[str, Any] | None:
    """Return the same as ``_stated()``, of a script that was compiled."""
    if b"global" in source or b":=" in source:  # what is inside of functions can bind the names as well
        return _stated(source, code.co_filename)
    alike = code.co_code, code.co_names
    if alike not in _places:
        _places[alike] = _places_in(code)
    places = _places[alike]
    if places is None:
        return _stated(source, code.co_filename)
    return {name: None if at is None else code.co_consts[at] for name, at in places.items()}


def _places_in(code: CodeType) -> Mapping[str, int | None] | None:
    """Return where a module's code has among its constants what it states.

    None where it does not do one thing after the other, or works any of that out.
    """
    if code.co_exceptiontable or ("*",) in code.co_consts:
        return None
    places: dict[str, int | None] = {}
    before = None
    for step in dis.get_instructions(code):
        if step.opcode in _JUMPS or step.opname == "DELETE_NAME":
            return None
        name = step.argval if step.opname == "STORE_NAME" else None
        if name in _FUNCTIONS:
            places[name] = None
        elif name == "__doc__" or name in _VALUES:
            if before is None or before.opname != "LOAD_CONST":
                return None
            places[name] = before.arg
        before = step
    return places


_JUMPS = frozenset({*dis.hasjrel, *dis.hasjabs})


def parsed(path: Path) -> ast.Module:
    """Return a script's syntax tree.

    Raises:
        SyntaxError: it is no Python.
    """
    return _parsed(path.read_bytes(), str(path))


def _parsed(source: bytes, file: str) -> ast.Module:
    try:
        return ast.parse(source, file)
    except ValueError as error:  # a null byte
        raise SyntaxError(str(error)) from None


def bound(statement: ast.stmt, *, may_declare: bool = True) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield names that a statement of a module binds, with the value where that is written beside it.

    Args:
        statement: one at the outermost level.
        may_declare: whether it is possible that ``global`` stands in it; to look takes long.
    """
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=value):
            if value is not None:
                yield name, value
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name, None
            if may_declare:
                yield from _declared_global(statement)
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from ((alias.asname or alias.name.split(".")[0], None) for alias in names)
        case _:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                    yield node.id, None
                elif isinstance(node, ast.stmt) and node is not statement:
                    yield from bound(node, may_declare=may_declare)


def _declared_global(statement: ast.stmt) -> Iterator[tuple[str, None]]:
    return ((name, None) for node in ast.walk(statement) if isinstance(node, ast.Global) for name in node.names)

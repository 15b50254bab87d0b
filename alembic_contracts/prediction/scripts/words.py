"""A version script in, what its code names out: what it goes by, beside the statements that it is made of.

By its code, not its text: a column may be called ``config``, and the default of another one be ``now()``.
"""

from __future__ import annotations

import dis
import linecache
import os
import sys
from collections.abc import Collection, Iterator
from functools import cached_property
from importlib.machinery import SourceFileLoader
from importlib.util import MAGIC_NUMBER, cache_from_source
from marshal import dumps, loads
from struct import Struct
from types import CodeType

from alembic_contracts.patterns import pattern

__all__ = ["NO_REFERENCES", "Words", "known_words", "values_in", "words_of"]

NO_REFERENCES = 2
"""The format of ``marshal`` in which the same code is written the same in each process."""
_HEAD = Struct("<3I")
"""Of a file of code, behind its first four bytes: how it is told to be of a source (0: by these), date, size."""
_MOST = 4096
"""Scripts of which it is remembered, as a test suite runs them time and again."""
_IMPORT, _EXTENDED = dis.opmap["IMPORT_NAME"], dis.opmap["EXTENDED_ARG"]
_RELATIVE = pattern(r"\bfrom[\s\\]*\.")


class Words:
    """What the code of a script names, with that of all functions and classes in it; each found when it is asked for.

    They are equal where they are the same object: of one script, which was not written since.
    """

    def __init__(self, path: str, written: tuple[int, int, int], compiled: bytes) -> None:
        """Take what Python runs of a script, and where it is written.

        Args:
            path: of the script.
            written: when, in nanoseconds; when it was changed in any way, its dates among them; how many bytes.
            compiled: the module's code, by ``marshal``.
        """
        self.written = written
        self._path, self._compiled = path, compiled

    @property
    def serialized(self) -> bytes:
        """The code as other processes find it as well, without the script's path."""
        return self._compiled.replace(self._path.encode(errors="surrogatepass"), b"")

    def may_name(self, parts: Collection[bytes]) -> bool:
        """Whether one of these may be a part of a name in it; no is certain, and told without loading the code."""
        return any(part in self._compiled for part in parts)

    @cached_property
    def code(self) -> CodeType:
        """The code of the module."""
        code: CodeType = loads(self._compiled)  # noqa: S302 - from where Python itself takes what it runs
        return code if code.co_filename == self._path else _moved(code, self._path)

    @cached_property
    def names(self) -> frozenset[str]:
        """Attributes, globals, and what is imported."""
        names = set[str]().union(*(each.co_names for each in _with_those_in(self.code)))
        return frozenset(names.union(*(name.split(".") for name in names if "." in name)))  # no other name has a dot

    @cached_property
    def texts(self) -> frozenset[str]:
        """Constants."""
        constants = (value for each in _with_those_in(self.code) for value in values_in(each.co_consts))
        return frozenset(value for value in constants if isinstance(value, str))

    @cached_property
    def modules(self) -> frozenset[str]:
        """The packages that are imported, by the first part of their names; "" stands for one that is named by dots."""
        imported = (name.partition(".")[0] for each in _with_those_in(self.code) for name in _imported(each))
        is_relative = _RELATIVE.search("".join(linecache.getlines(self._path)))
        return frozenset(imported).union({""} if is_relative else ())


_known: dict[str, Words] = {}
"""By path."""


def words_of(path: str) -> Words | None:
    """Return what is named in the script at a path, None where it is no Python."""
    known = _known.get(path)
    try:
        written = _written(path)
        if known is not None and known.written == written:
            return known
        compiled = _compiled(path, written) or _compiled_anew(path)
    except (SyntaxError, ValueError, OSError, EOFError, RecursionError, MemoryError):
        return None
    if compiled is None:
        return None
    if len(_known) >= _MOST:
        _known.clear()
    _known[path] = found = Words(path, written, compiled)
    linecache.checkcache(path)  # what is read of it from now on is what reports quote
    return found


def known_words(path: str) -> Words | None:
    """Return what is named in a script, where ``words_of`` has found it out and nobody has written there since."""
    known = _known.get(path)
    try:
        return known if known is not None and _written(path) == known.written else None
    except OSError:
        return None


def _written(path: str) -> tuple[int, int, int]:
    state = os.stat(path)  # noqa: PTH116 - for each revision
    return state.st_mtime_ns, state.st_ctime_ns, state.st_size


def _compiled(path: str, written: tuple[int, int, int]) -> bytes | None:
    """Return what Python has written down of a script's code (PEP 3147), None where it would not go by that.

    As ``importlib`` does it: what belongs to a source is told by its date, in seconds, and size.
    """
    try:
        with open(cache_from_source(path), "rb", buffering=0) as file:  # noqa: PTH123 - for each revision
            found = file.readall()
    except (OSError, NotImplementedError):
        return None
    (seconds, rest), size = divmod(written[0], 10**9), written[2]
    head = MAGIC_NUMBER + _HEAD.pack(0, int(seconds + 1e-9 * rest) & 0xFFFFFFFF, size & 0xFFFFFFFF)
    return found[len(head) :] if found.startswith(head) else None


def _compiled_anew(path: str) -> bytes | None:
    code = SourceFileLoader(path, path).get_code(path)
    return None if code is None else dumps(code, NO_REFERENCES)


def _moved(code: CodeType, path: str) -> CodeType:
    """Return code with the path at which its file is by now."""
    constants = (_moved(each, path) if isinstance(each, CodeType) else each for each in code.co_consts)
    return code.replace(co_filename=path, co_consts=tuple(constants))


def _with_those_in(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _with_those_in(constant)


def _imported(code: CodeType) -> Iterator[str]:
    if _IMPORT not in code.co_code[::2]:  # most functions have none
        return
    if sys.version_info >= (3, 15):  # where an import's argument says as well whether it is a lazy one
        yield from (step.argval for step in dis.get_instructions(code) if step.opcode == _IMPORT)
        return
    operations, arguments = code.co_code[::2], code.co_code[1::2]  # as dis reads them, which takes long
    index = operations.find(_IMPORT)
    while index >= 0:
        place, name = index - 1, arguments[index]
        while place >= 0 and operations[place] == _EXTENDED:
            name |= arguments[place] << 8 * (index - place)
            place -= 1
        yield code.co_names[name]
        index = operations.find(_IMPORT, index + 1)


def values_in(constants: Collection[object]) -> Iterator[object]:
    """Yield the values that constants of code are made of."""
    for each in constants:
        if isinstance(each, tuple | frozenset):
            yield from values_in(each)
        else:
            yield each

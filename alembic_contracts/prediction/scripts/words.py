"""A version script in, what its code names out: what it goes by, beside the statements that it is made of.

By its code, not its text: a column may be called ``config``, and the default of another one be ``now()``.
"""

from __future__ import annotations

import dis
import linecache
import os
import sys
from collections.abc import Collection, Iterator
from importlib.machinery import SourceFileLoader
from types import CodeType

from msgspec import Struct

from alembic_contracts.patterns import pattern

__all__ = ["Words", "known_words", "values_in", "words_of"]

_MOST = 4096
"""Scripts of which it is remembered, as a test suite runs them time and again."""
_IMPORT, _EXTENDED = dis.opmap["IMPORT_NAME"], dis.opmap["EXTENDED_ARG"]
_RELATIVE = pattern(r"\bfrom[\s\\]*\.")


class Words(Struct, frozen=True, eq=False):
    """What the code of a script names, with that of all functions and classes in it.

    They are equal where they are the same object: of one script, which was not written since.
    """

    code: CodeType
    """What Python runs of it."""
    names: frozenset[str]
    """Attributes, globals, and what is imported."""
    texts: frozenset[str]
    """Constants."""
    modules: frozenset[str]
    """The packages that are imported, by the first part of their names; "" stands for one that is named by dots."""


_known: dict[str, tuple[str, float, Words]] = {}
"""By path: the text, and when it was written."""


def words_of(path: str, text: str) -> Words | None:
    """Return what is named in a script.

    Args:
        path: of the script.
        text: what is written there, as ``linecache`` has it.

    Returns:
        None where it is no Python.
    """
    entry = linecache.cache.get(path)
    written = entry[1] if entry is not None and len(entry) == 4 and entry[1] is not None else -1.0
    known = _known.get(path)
    if known is not None and known[:2] == (text, written):
        return known[2]
    try:
        code = SourceFileLoader(path, path).get_code(path)
    except (SyntaxError, ValueError, OSError, EOFError, RecursionError, MemoryError):
        return None
    if code is None:
        return None
    found = _words_in(code, text)
    if len(_known) >= _MOST:
        _known.clear()
    _known[path] = text, written, found
    return found


def known_words(path: str) -> Words | None:
    """Return what is named in a script, where ``words_of`` has found it out and nobody has written there since."""
    known = _known.get(path)
    if known is None:
        return None
    _, written, words = known
    try:
        return words if os.stat(path).st_mtime == written else None  # noqa: PTH116 - for each revision
    except OSError:
        return None


def _words_in(code: CodeType, text: str) -> Words:
    codes = list(_with_those_in(code))
    names: set[str] = set()
    modules = {""} if _RELATIVE.search(text) else set()
    for each in codes:
        names.update(each.co_names)
        for dotted in _imported(each):
            parts = dotted.split(".")
            names.update(parts)
            modules.add(parts[0])
    return Words(
        code=code,
        names=frozenset(names),
        texts=frozenset(value for each in codes for value in values_in(each.co_consts) if isinstance(value, str)),
        modules=frozenset(modules),
    )


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

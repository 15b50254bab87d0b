"""A regular expression in, one that is compiled when it is first used out: most of them are not in most runs."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast

__all__ = ["pattern"]


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what behaves as ``re.compile(text, flags)`` does, to be kept by a module.

    A mistake in it is raised by its first use; tests/test_patterns.py uses each.
    """
    return cast("re.Pattern[AnyStr]", _Pattern(text, flags))


class _Pattern:
    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text, self._flags = text, flags

    def __getattr__(self, name: str) -> Any:
        """Return a method of the compiled pattern, and keep it: the next look does not come here."""
        found = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, found)
        return found

"""Contract files in, who owns each by the repository's CODEOWNERS out.

The library is imported when there are files to look up: it comes with the extra ``github``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

__all__ = ["code_owners"]

_PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks, in this order; the first file counts."""


def code_owners(files: Iterable[str], root: Path) -> Mapping[str, tuple[str, ...]]:
    """Return the owners of files, those that have any.

    Args:
        files: paths relative to the repository, with forward slashes.
        root: the repository.
    """
    place = next((root / place for place in _PLACES if (root / place).is_file()), None)
    if place is None:
        return {}
    try:
        from codeowners import CodeOwners
    except ModuleNotFoundError:
        return {}
    rules = CodeOwners(place.read_text(encoding="utf-8", errors="replace"))
    found = {file: tuple(owner for _, owner in rules.of(file)) for file in files}
    return {file: owners for file, owners in found.items() if owners}

"""Contract files in, who owns each by the repository's CODEOWNERS out.

The library is imported when there are files to look up: it comes with the extra ``github``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

__all__ = ["OF_GITHUB", "OF_GITLAB", "code_owners"]

OF_GITHUB = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
OF_GITLAB = ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""Where they look, in this order."""


def code_owners(files: Iterable[str], root: Path, places: Sequence[str] = OF_GITHUB) -> Mapping[str, tuple[str, ...]]:
    """Return the owners of files, those that have any.

    Args:
        files: paths relative to the repository, with forward slashes.
        root: the repository.
        places: where to look; the first file counts.
    """
    place = next((root / place for place in places if (root / place).is_file()), None)
    if place is None:
        return {}
    try:
        from codeowners import CodeOwners
    except ModuleNotFoundError:
        return {}
    # A section's header, which GitLab knows, is no pattern.
    lines = place.read_text(encoding="utf-8", errors="replace").splitlines()
    rules = CodeOwners("\n".join(line for line in lines if not line.lstrip().startswith(("[", "^["))))
    found = {file: tuple(owner for _, owner in rules.of(file)) for file in files}
    return {file: owners for file, owners in found.items() if owners}

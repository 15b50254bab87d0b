"""A git ref in, the files as they are there out, by git's plumbing; no setting of the working tree plays a part."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryFile

from msgspec import Struct

from alembic_contracts.errors import CannotCheck

__all__ = ["Entry", "Tree", "days_of_arrival", "export", "merge_base_with_main", "tree_at"]

_MAIN = ("origin/HEAD", "origin/main", "origin/master", "main", "master")

_LINK, _SUBMODULE = "120000", "160000"
"""Modes of what is no file."""


class Entry(Struct, frozen=True):
    """A file in a tree."""

    mode: str
    blob: str


class Tree(Struct, frozen=True):
    """All files of a commit."""

    root: Path
    """The repository's working tree."""
    ref: str
    """As the user gave it."""
    entries: Mapping[str, Entry]
    """By their path from the root."""

    def path(self, file: Path) -> str | None:
        """Return a file's path from the root, None where it is outside of the repository."""
        absolute = Path(os.path.abspath(file))  # noqa: PTH100 - a link is a file of its own
        return absolute.relative_to(self.root).as_posix() if absolute.is_relative_to(self.root) else None

    def under(self, paths: Iterable[str]) -> dict[str, Entry]:
        """Return the files at some paths, and below them."""
        wanted = tuple(paths)
        return {
            name: entry
            for name, entry in self.entries.items()
            if any(name == path or path in ("", ".") or name.startswith(f"{path}/") for path in wanted)
        }

    def read(self, entry: Entry) -> bytes:
        """Return a file's content."""
        return _git(self.root, "cat-file", "blob", entry.blob)

    def changed(self, files: Iterable[Path]) -> frozenset[Path]:
        """Return those of some existing files that are not the same in this tree."""
        listed = list(files)
        if not listed:
            return frozenset()
        text = "\n".join(map(str, listed)).encode() + b"\n"
        blobs = _git(self.root, "hash-object", "--stdin-paths", stdin=text).decode().split()
        return frozenset(file for file, blob in zip(listed, blobs, strict=True) if self._blob(file) != blob)

    def _blob(self, file: Path) -> str | None:
        path = self.path(file)
        entry = self.entries.get(path) if path is not None else None
        return None if entry is None else entry.blob


def tree_at(ref: str, folder: Path) -> Tree:
    """Return the files of a commit.

    Args:
        ref: a branch, tag or commit.
        folder: any folder of the repository's working tree.

    Raises:
        CannotCheck: git is missing, this is no repository, or the commit is not known here.
    """
    root = Path(_git(folder, "rev-parse", "--show-toplevel").decode().strip())
    try:
        found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    except CannotCheck:
        raise CannotCheck(f"The git ref `{ref}` is not known here.{_hint(root, ref)}") from None
    listing = _git(root, "ls-tree", "-r", "-z", "--full-tree", found.decode().strip())
    entries = {}
    for line in listing.split(b"\0"):
        if line:
            head, _, name = line.partition(b"\t")
            mode, _, blob = head.decode().split()
            entries[name.decode("utf-8", "surrogateescape")] = Entry(mode, blob)
    return Tree(root, ref, entries)


def export(tree: Tree, folder: Path) -> None:
    """Write all files of a tree into an empty folder, but for submodules and for links that lead out of it.

    Args:
        tree: of a commit.
        folder: by its real path.

    Raises:
        CannotCheck: git does not have a file.
    """
    names = [name for name, entry in tree.entries.items() if entry.mode != _SUBMODULE]
    blobs = b"".join(tree.entries[name].blob.encode() + b"\n" for name in names)
    with TemporaryFile() as asked, TemporaryFile() as found:
        asked.write(blobs)
        asked.seek(0)
        command = ["git", "-C", str(tree.root), "cat-file", "--batch"]
        done = subprocess.run(command, stdin=asked, stdout=found, stderr=subprocess.DEVNULL, check=False)  # noqa: S603
        found.seek(0)
        for name in names:
            head = found.readline().split()
            if done.returncode or len(head) != 3:
                raise CannotCheck(f"git does not have {name} of {tree.ref} here.")
            _place(folder / name, found.read(int(head[2])), tree.entries[name].mode, folder)
            found.read(1)


def _place(file: Path, content: bytes, mode: str, folder: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    if mode != _LINK:
        file.write_bytes(content)
        return
    target = os.fsdecode(content)
    if Path(os.path.normpath(file.parent / target)).is_relative_to(folder):
        file.symlink_to(target)


def days_of_arrival(folder: Path) -> dict[Path, date]:
    """Return on which day each file in a folder was first committed, by its path; renames inside of it are followed.

    Args:
        folder: in a working tree. Its real path is what those of the files begin with.

    Raises:
        CannotCheck: git is missing, this is no repository, it has no commit, or not all of its history is here.
    """
    root = Path(_git(folder, "rev-parse", "--show-toplevel").decode().strip())
    if _git(root, "rev-parse", "--is-shallow-repository").strip() == b"true":
        raise CannotCheck("This is a shallow clone: when files were first committed is not known here.")
    log = ("log", "--no-show-signature", "--reverse", "--topo-order", "--format=%x00%x00%cs")
    names = ("--name-status", "-z", "-M", "--diff-filter=ARD", "--", str(folder))
    fields = iter(_git(root, *log, *names).decode("utf-8", "surrogateescape").split("\0"))
    days: dict[Path, date] = {}
    day = date.min
    for field in fields:
        kind = field.strip()
        if re.fullmatch(r"\d{4}-\d\d-\d\d", kind):
            day = date.fromisoformat(kind)
        elif kind == "A":
            days[root / next(fields)] = day
        elif kind == "D":
            days.pop(root / next(fields), None)
        elif kind.startswith("R"):
            before, after = root / next(fields), root / next(fields)
            days[after] = days.pop(before, day)
    return days


def merge_base_with_main(folder: Path) -> str:
    """Return the commit where the checked-out branch left the main branch.

    Raises:
        CannotCheck: there is none to be found.
    """
    for branch in _MAIN:
        try:
            return _git(folder, "merge-base", "HEAD", branch).decode().strip()
        except CannotCheck as error:
            if "git is not" in str(error) or "no git repository" in str(error):
                raise
    hint = _hint(folder, "origin/main")
    raise CannotCheck(f"No main branch is known here to compare with ({', '.join(_MAIN)}).{hint}")


def _hint(folder: Path, ref: str) -> str:
    """Return how to fetch a ref so that its name is known afterwards."""
    is_shallow = _git(folder, "rev-parse", "--is-shallow-repository").strip() == b"true"
    depth = "--depth=1 " if is_shallow else ""
    name = ref.removeprefix("origin/")
    fetch = f"git fetch {depth}origin"
    branch = f"`{fetch} {name}:refs/remotes/origin/{name}`"
    if re.fullmatch(r"[0-9a-f]{40}", ref):
        how = f"fetch it with `{fetch} {ref}`"
    elif ref != name:
        how = f"fetch it with {branch}"
    else:
        how = f"fetch a tag with `{fetch} tag {name}`, a branch with {branch}, as `origin/{name}`"
    if is_shallow:
        return f" This is a shallow clone: {how}, or check out with `fetch-depth: 0`."
    return f" {how[0].upper()}{how[1:]}."


def _git(folder: Path, *arguments: str, stdin: bytes | None = None) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - arguments are a list, and refs come behind --end-of-options
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the user's own git
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise CannotCheck("git is not installed, or not on the PATH.") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        if "not a git repository" in said:
            raise CannotCheck(f"{folder} is in no git repository.")
        raise CannotCheck(f"git {arguments[0]} failed: {said}")
    return done.stdout

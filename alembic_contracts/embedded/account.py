"""Who runs this process in, which user runs the server out, and which folders that user can enter.

PostgreSQL refuses to run as root, so root hands it to ``nobody``.
"""

from __future__ import annotations

import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from alembic_contracts.errors import CannotCheck

__all__ = ["Account", "for_cluster", "short_temporary_folder"]

LONGEST_SOCKET_FOLDER = 60
"""A socket's path may have 103 bytes (macOS) or 107 (Linux); our own part of it takes up to 40."""


@dataclass(frozen=True, slots=True)
class Account:
    """Another user that the server runs as."""

    uid: int
    gid: int

    def can_enter(self, folder: Path) -> bool:
        """Tell whether permission bits let this user reach a folder (of one that is not there, the part that is)."""
        there = next(path for path in (folder, *folder.parents) if path.exists())
        return all(self._may(path, stat.S_IXOTH) for path in (there, *there.parents))

    def can_read(self, folder: Path) -> bool:
        """Tell whether this user can reach a folder and list what is in it."""
        return self.can_enter(folder) and self._may(folder, stat.S_IROTH | stat.S_IXOTH)

    def _may(self, path: Path, others: int) -> bool:
        status = path.stat()
        if status.st_uid == self.uid:
            return (status.st_mode >> 6) & others == others
        if status.st_gid == self.gid:
            return (status.st_mode >> 3) & others == others
        return status.st_mode & others == others


def for_cluster(cluster: Path | None) -> Account | None:
    """Return who runs the server on this data directory: None for the current user.

    Args:
        cluster: The data directory, if it is known; where it exists, its owner runs the server.

    Raises:
        CannotCheck: we are root and there is no user ``nobody``.
    """
    if os.geteuid() != 0:
        return None
    if cluster is not None and cluster.exists() and (owner := cluster.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise CannotCheck(
            "PostgreSQL does not run as root, and there is no user 'nobody' to run it as; run as another user."
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def short_temporary_folder(account: Account | None) -> Path:
    """Return a folder for temporary data that the server's user can enter and whose path is short enough for a socket.

    Raises:
        CannotCheck: there is none.
    """
    for folder in (Path(tempfile.gettempdir()).resolve(), Path("/tmp"), Path("/var/tmp")):  # noqa: S108 - only mkdtemp in it
        short = len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER
        if short and folder.is_dir() and os.access(folder, os.W_OK) and (account is None or account.can_enter(folder)):
            return folder
    raise CannotCheck("The embedded PostgreSQL needs a temporary folder (TMPDIR, /tmp or /var/tmp) that it can write.")

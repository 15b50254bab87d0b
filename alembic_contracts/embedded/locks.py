"""A file in, an advisory lock on it out (``flock``), which ends with the process, however that ends."""

from __future__ import annotations

import fcntl
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["acquire", "is_free"]

PAUSE_SECONDS = 0.004


def acquire(path: Path, *, shared: bool = False, timeout: float = 0.0) -> int | None:
    """Lock a file, creating it where needed, and return the descriptor that holds the lock until it is closed.

    Args:
        path: The lock file; its folder exists.
        shared: Whether others may hold it at the same time.
        timeout: Seconds to wait for those who hold it; None is returned when they are over.

    Raises:
        OSError: the file cannot be opened.
    """
    operation = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
    deadline = time.monotonic() + timeout
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    while True:
        try:
            fcntl.flock(descriptor, operation)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                return None
            time.sleep(PAUSE_SECONDS)
            continue
        if _is_still(path, descriptor):
            return descriptor
        # The file was removed while we waited for it (a wipe): the lock that counts is on the one that is there now.
        os.close(descriptor)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def is_free(path: Path) -> bool:
    """Tell whether nobody holds a lock on the file (or there is no such file)."""
    if not path.exists():
        return True
    descriptor = acquire(path)
    if descriptor is None:
        return False
    os.close(descriptor)
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False

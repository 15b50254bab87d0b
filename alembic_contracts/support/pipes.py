"""A file descriptor in, whether it can be read from by some time out."""

from __future__ import annotations

import selectors

__all__ = ["is_readable"]


def is_readable(descriptor: int, seconds: float) -> bool:
    """Wait until there is something to read, or its end; returns whether there is.

    ``select.select()`` fails on descriptors from 1024 on, which a process with many files and connections has.
    """
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        return bool(selector.select(seconds))

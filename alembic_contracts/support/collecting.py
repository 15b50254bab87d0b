"""A process that is all ours, told to look for garbage seldom: nearly all it makes is needed until it ends."""

from __future__ import annotations

import gc

__all__ = ["seldom"]

_NEW_OBJECTS = 100_000
"""After which Python looks for garbage; its own number is 700 (2,000 from 3.13 on)."""


def seldom() -> None:
    """Have this process look for garbage seldom: for commands and copies of a process, never in a user's own."""
    gc.set_threshold(_NEW_OBJECTS)

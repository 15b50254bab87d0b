"""Nothing in, a stretch of work out during which Python does not look for cycles of garbage.

Many thousand values that stay, in none of which there is a cycle, have Python's collector look through all of them
again and again: it takes longer than to make them.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["uncollected"]


@contextmanager
def uncollected() -> Iterator[None]:
    """Have cycles of garbage looked for afterwards; usable as a decorator."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()

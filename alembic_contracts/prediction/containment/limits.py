"""How much time and memory a stretch of work may take, as values that are applied to the process that is in it."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from msgspec import Struct

resource: Any = import_module("resource") if find_spec("resource") else None
"""Python's module; None on Windows, where nothing is contained."""

__all__ = ["Limits"]


class Limits(Struct, frozen=True, kw_only=True):
    """What one revision may take."""

    seconds: float = 60.0
    megabytes: int = 2048
    """On top of what the process has already; held on Linux alone, as no other kernel does."""
    setting: str = "predict_timeout"
    """Where the seconds come from, for people."""
    long: float = 5.0
    """Seconds after which somebody may want to know what is going on."""

    def apply(self) -> None:
        """Hold this process to the memory from here on, and let it leave no core file."""
        if resource is None:
            return
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":
            with open("/proc/self/statm", "rb", buffering=0) as file:  # noqa: PTH123 - for each revision
                size, *_, data, _ = (int(pages) * _PAGE for pages in file.read().split())
            more = self.megabytes << 20
            for kind, limit in ((resource.RLIMIT_DATA, data + more), (resource.RLIMIT_AS, size + more + _RESERVED)):
                _soft, hard = resource.getrlimit(kind)
                resource.setrlimit(kind, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
_RESERVED = 1 << 30
"""Bytes of addresses that threads reserve without using them."""

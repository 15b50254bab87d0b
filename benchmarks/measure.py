"""A command in, what it used out; two commands in, how the one compares with the other, run in turn."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Usage", "exponent", "in_turn", "run"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What a command used."""

    cpu: float
    """Seconds of processors, those of its own processes included."""
    wall: float
    """Seconds."""
    peak: float
    """Megabytes of its largest process."""


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Usage:
    """Run a command to its end.

    Args:
        command: the program and its arguments.
        folder: where it runs.
        environment: besides this process's own.

    Raises:
        SystemExit: it failed; with what it printed.
    """
    started = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        said = process.stderr.read() if process.stderr is not None else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{said.decode(errors='replace')}")
    return Usage(usage.ru_utime + usage.ru_stime, time.perf_counter() - started, usage.ru_maxrss / 1024)


def in_turn(one: Callable[[], Usage], other: Callable[[], Usage], times: int) -> tuple[Usage, Usage]:
    """Return the medians of two commands that run in turn, so that a busy machine slows both down."""
    pairs = [(one(), other()) for _ in range(times)]
    first, second = ([pair[side] for pair in pairs] for side in (0, 1))
    return _median(first), _median(second)


def _median(found: Sequence[Usage]) -> Usage:
    return Usage(*(statistics.median(getattr(each, name) for each in found) for name in ("cpu", "wall", "peak")))


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Return by which power of its size a cost grows: the slope of a line through their logarithms.

    What the smallest size costs is taken for what any size does, and left out.
    """
    grown = [(size - sizes[0], cost - costs[0]) for size, cost in zip(sizes[1:], costs[1:], strict=True)]
    points = [(size, cost) for size, cost in grown if cost > 0]
    if len(points) < 2:
        return float("nan")
    from math import log

    slope, _ = statistics.linear_regression([log(size) for size, _ in points], [log(cost) for _, cost in points])
    return slope

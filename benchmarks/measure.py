"""A command in, what it used out; two commands in, how the one compares with the other, run in turn."""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LAUNCHER = """
import os, sys, time
writer = int(os.environ.pop("USAGE"))
os.set_inheritable(writer, False)
started = time.perf_counter()
_, status, used = os.wait4(os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ), 0)
wall, cpu = time.perf_counter() - started, used.ru_utime + used.ru_stime
os.write(writer, f"{os.waitstatus_to_exitcode(status)} {cpu} {wall} {used.ru_maxrss}".encode())
"""
"""Starts the command from a small process: what starts it counts among its peak of memory."""

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


def run(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    exits: Collection[int] = (0,),
    output: int = subprocess.DEVNULL,
) -> Usage:
    """Run a command to its end.

    Args:
        command: the program and its arguments.
        folder: where it runs.
        environment: besides this process's own.
        exits: the exit codes with which it has done its work.
        output: a file descriptor for what it prints.

    Raises:
        SystemExit: it failed; with what it said on standard error.
    """
    launched = [sys.executable, "-IS", "-c", _LAUNCHER, *command]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.PIPE}
    reader, writer = os.pipe()
    with os.fdopen(reader) as used:
        environ = {**os.environ, **environment, "USAGE": str(writer)}
        with subprocess.Popen(launched, cwd=folder, env=environ, pass_fds=[writer], **pipes) as process:
            os.close(writer)
            _, said = process.communicate()
        code, cpu, wall, peak = used.read().split() or ("-1", "0", "0", "0")
    if int(code) not in exits:
        raise SystemExit(f"{' '.join(command)} failed:\n{said.decode(errors='replace')}")
    return Usage(float(cpu), float(wall), float(peak) / 1024)


def in_turn(one: Callable[[], Usage], other: Callable[[], Usage], times: int) -> tuple[Usage, Usage]:
    """Return the medians of two commands that run in turn, so that a busy machine slows both down."""
    pairs = [(one(), other()) for _ in range(times)]
    first, second = ([pair[side] for pair in pairs] for side in (0, 1))
    return _median(first), _median(second)


def _median(found: Sequence[Usage]) -> Usage:
    return Usage(*(statistics.median(getattr(each, name) for each in found) for name in ("cpu", "wall", "peak")))


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Return by which power of its size a cost grows: the slope of a line through their logarithms.

    What the smallest size costs is taken for what any size does, and left out. By how much runs of one size differ is
    about the same at each of them, so that the logarithm of a small cost is known less well: each counts by its square.
    """
    grown = [(size - sizes[0], cost - costs[0]) for size, cost in zip(sizes[1:], costs[1:], strict=True)]
    points = [(math.log(size), math.log(cost), cost**2) for size, cost in grown if cost > 0]
    if len(points) < 2:
        return float("nan")
    whole = sum(weight for *_, weight in points)
    middle = sum(size * weight for size, _, weight in points) / whole
    level = sum(cost * weight for _, cost, weight in points) / whole
    spread = sum(weight * (size - middle) ** 2 for size, _, weight in points)
    return sum(weight * (size - middle) * (cost - level) for size, cost, weight in points) / spread

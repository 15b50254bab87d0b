"""``python -m benchmarks.fuzz``: thousands of hostile files, each with a command that reads it.

Contracts, waivers, sidecars, settings, snapshots, version scripts and env.py are changed at random, and replaced by
what is known to be hard on readers. Each command has to end in good time and memory, with an exit code of its own and,
where it cannot check, a place; never with a traceback. Faults are printed in their smallest form, the figures last.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count, islice
from pathlib import Path

from benchmarks.fuzz import inputs, trials
from benchmarks.fuzz.inputs import Input


@dataclass
class Figures:
    """What was tried, and what came of it."""

    codes: Counter[tuple[str, int]] = field(default_factory=Counter)
    faults: int = 0
    slowest: tuple[float, str] = (0.0, "")
    largest: tuple[float, str] = (0.0, "")

    def add(self, given: Input, outcome: trials.Outcome) -> str | None:
        """Count an outcome; returns what is wrong with it."""
        name = f"{given.kind}, {given.name}, {' '.join(given.command)}"
        self.codes[given.kind, outcome.code] += 1
        self.slowest = max(self.slowest, (outcome.seconds, name))
        self.largest = max(self.largest, (outcome.megabytes, name))
        wrong = trials.fault(given, outcome)
        self.faults += wrong is not None
        return wrong

    def lines(self) -> Iterator[str]:
        """Yield them for people."""
        codes = sorted({code for _, code in self.codes})
        yield f"{'input':16}" + "".join(f"{f'exit {code}':>9}" for code in codes) + f"{'all':>9}"
        for kind in sorted({kind for kind, _ in self.codes}):
            numbers = [self.codes[kind, code] for code in codes]
            yield f"{kind:16}" + "".join(f"{number:9,}" for number in numbers) + f"{sum(numbers):9,}"
        yield f"slowest: {self.slowest[0]:.2f} s ({self.slowest[1]})"
        yield f"largest: {self.largest[0]:.0f} MB ({self.largest[1]})"
        yield f"{sum(self.codes.values()):,} inputs, {self.faults} bad"


def main(arguments: list[str] | None = None) -> int:
    """Run; the exit code is 1 where a command did not take an input as it should."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000, help="inputs to make at random (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="other seeds are other inputs (default: %(default)s)")
    parser.add_argument("--first", type=int, metavar="N", help="go on at this number, without those written by hand")
    parser.add_argument("--only", choices=list(inputs.KINDS), help="one kind of input")
    parser.add_argument("--command-every", type=int, default=100, metavar="N", help="run each Nth as its users do")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="write the files of faults to this folder")
    parser.add_argument("--quick", action="store_true", help="inputs written by hand with one of their commands each")
    options = parser.parse_args(arguments)
    started, figures = time.monotonic(), Figures()
    trials.warm_up()
    seen: set[tuple[str, str]] = set()
    for number, given in enumerate(_chosen(options)):
        wrong = figures.add(given, trials.run(given))
        if wrong is None and number % options.command_every == 0:
            wrong = figures.add(given, trials.run_command(given))
        if wrong is not None:
            _tell(given, wrong, options.keep, first=(given.kind, wrong) not in seen)
            seen.add((given.kind, wrong))
    print("\n".join(figures.lines()))
    print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)
    return int(bool(figures.faults))


def _chosen(options: argparse.Namespace) -> Iterator[Input]:
    wanted = [name for name in inputs.KINDS if options.only in (None, name)]
    for name in wanted if options.first is None else ():
        yield from inputs.hostile(name, quick=options.quick)
    found = (inputs.mutated(number, options.seed) for number in count(options.first or 0))
    yield from islice((given for given in found if given.kind in wanted), options.count)


def _tell(given: Input, wrong: str, keep: Path | None, *, first: bool) -> None:
    print(f"{given.kind}, {given.name}, {' '.join(given.command)}: {wrong}", flush=True)
    if first and given.content is not None and given.name.startswith("number"):
        given = smallest(given, wrong)
        print(f"    {given.content!r}"[:2000], flush=True)
    if keep is not None and given.content is not None:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / f"{given.kind} {given.name}".replace("/", "_")).write_bytes(given.content)


def smallest(given: Input, wrong: str, attempts: int = 300) -> Input:
    """Return the smallest input found that goes wrong in the same way: spans are taken out while it does."""
    content = given.content or b""
    size = max(1, len(content) // 2)
    while size and attempts > 0:
        start, smaller = 0, content
        while start < len(smaller) and attempts > 0:
            attempts -= 1
            candidate = replace(given, content=smaller[:start] + smaller[start + size :])
            if trials.fault(candidate, trials.run(candidate)) == wrong:
                smaller = candidate.content or b""
            else:
                start += size
        size = size // 2 if len(smaller) == len(content) or size > len(smaller) else min(size, len(smaller))
        content = smaller
    return replace(given, content=content)


if __name__ == "__main__":
    sys.exit(main())

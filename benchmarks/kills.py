"""``python -m benchmarks.kills``: upgrades that are ended at any moment, and what the database shows afterwards.

Kills the upgrading process, the server and the upgrade's session, lets time limits strike and fills the disk, at points
that are spread over all moments of an upgrade in all transaction modes; see ``tests/support/kills.py``. The tests do a
few dozen. Prints how many there were, and each one after which something was wrong.
"""

from __future__ import annotations

import argparse
import itertools
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.support import kills, strikes
from tests.support.cluster import Cluster

FAULTS = {
    "client": strikes.kill_client,
    "server": strikes.kill_server,
    "session": strikes.lose_session,
    "statement_timeout": strikes.statement_timeout,
    "lock_timeout": strikes.lock_timeout,
}


def main() -> int:
    """Run; the exit code is 1 where something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=__doc__)
    parser.add_argument("--points", type=int, default=1000, help="of each fault, over all modes (default: %(default)s)")
    parser.add_argument("--faults", nargs="+", choices=[*FAULTS, "disk"], default=[*FAULTS, "disk"])
    parser.add_argument("--seed", type=int, default=0, help="other seeds are other points (default: %(default)s)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # or a server would be left behind
    bad = 0
    for fault in options.faults:
        with tempfile.TemporaryDirectory() as folder, strikes.disk(fault == "disk") as disk:
            if fault == "disk" and disk is None:
                print("disk: skipped, this machine lets nobody mount a small file system")
                continue
            with Cluster() as cluster:
                bad += _strike(cluster, fault, Path(folder), options, disk)
    return 1 if bad else 0


def _strike(cluster: Cluster, fault: str, folder: Path, options: argparse.Namespace, disk: Path | None) -> int:
    chance, bad = random.Random(options.seed), 0
    strike = strikes.fill(disk) if disk is not None else FAULTS[fault]
    for mode, share in zip(kills.MODES, itertools.repeat(options.points // len(kills.MODES))):
        outcome, began = kills.Outcome(), time.monotonic()
        bench = kills.Bench(cluster, mode, folder / mode.replace(" ", "-"), disk)
        for number in range(share):
            # Evenly over the first half, which counts moments, and the second, which counts time.
            strike(bench, outcome, 2 * (number + chance.random()) / share)
        print(f"{fault:18} {mode:18} {outcome}, {bench.moments} moments, {time.monotonic() - began:.0f} s", flush=True)
        print(*outcome.bad, sep="\n\n", end="\n" if outcome.bad else "", flush=True)
        bad += len(outcome.bad)
    return bad


if __name__ == "__main__":
    sys.exit(main())

"""What ends an upgrade at a point of its moments or its time: kills, time limits, a full disk."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from tests.support.kills import Bench, Outcome


def kill_client(bench: Bench, outcome: Outcome, point: float) -> None:
    """Kill the upgrade at a part of its moments (0 to 1), or (1 to 2) of its time."""
    outcome.tried += 1
    with bench.database() as name:
        if point < 1:
            code = bench.upgrade(name, STRIKE="client", STRIKE_AT=str(1 + int(point * bench.moments)))
        else:
            pid = bench.start(name)
            time.sleep((point - 1) * bench.seconds)
            os.kill(pid, signal.SIGKILL)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        outcome.ended += code != 0
        bench.judge(name, outcome, f"client killed at {point:.4f}")


def kill_server(bench: Bench, outcome: Outcome, point: float) -> None:
    """Kill the server at a part of the upgrade's moments (0 to 1), or (1 to 2) of its time; it is started again."""
    outcome.tried += 1
    with bench.database() as name:
        if point < 1:
            at = str(1 + int(point * bench.moments))
            code = bench.upgrade(name, STRIKE="server", STRIKE_AT=at, SERVER=str(bench.cluster.pid))
        else:
            pid = bench.start(name)
            time.sleep((point - 1) * bench.seconds)
            os.kill(bench.cluster.pid, signal.SIGKILL)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        outcome.ended += code != 0
        bench.cluster.await_end()
        bench.cluster.start()
        bench.judge(name, outcome, f"server killed at {point:.4f}")


def lose_session(bench: Bench, outcome: Outcome, point: float) -> None:
    """Terminate the upgrade's session at a part of its moments."""
    outcome.tried += 1
    with bench.database() as name:
        code = bench.upgrade(name, STRIKE="session", STRIKE_AT=str(1 + int(point % 1 * bench.moments)))
        outcome.ended += code != 0
        bench.judge(name, outcome, f"session lost at {point % 1:.4f}")


def statement_timeout(bench: Bench, outcome: Outcome, point: float) -> None:
    """Let no statement of the upgrade's session run for longer than some milliseconds."""
    outcome.tried += 1
    with bench.database() as name:
        outcome.ended += bench.upgrade(name, PGOPTIONS=f"-c statement_timeout={1 + int((point % 1) ** 2 * 100)}ms") != 0
        bench.judge(name, outcome, f"statement_timeout at {point % 1:.4f}")


def lock_timeout(bench: Bench, outcome: Outcome, point: float) -> None:
    """Let others hold a lock for a part of the upgrade's time, for which its session waits for a few milliseconds."""
    outcome.tried += 1
    with bench.database() as name:
        pid = bench.start(name, PGOPTIONS="-c lock_timeout=5ms")
        time.sleep(point % 1 * bench.seconds)
        engine = sa.create_engine(bench.cluster.url(name), poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql("SET lock_timeout = '50ms'")
            try:
                connection.exec_driver_sql(
                    f"LOCK TABLE t IN {('ACCESS SHARE', 'ACCESS EXCLUSIVE')[int(point * 1e4) % 2]} MODE"
                )
                time.sleep(0.3)
            except sa.exc.OperationalError:
                pass  # the upgrade has it
        outcome.ended += os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0
        bench.judge(name, outcome, f"lock_timeout at {point % 1:.4f}")


@contextmanager
def disk(wanted: bool) -> Iterator[Path | None]:
    """A file system of 40 MB; None where none can be mounted."""
    if not wanted:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="disk-"))
    command = ["mount", "-t", "tmpfs", "-o", "size=40M", "none", str(folder)]
    mounted = subprocess.run(command, check=False, capture_output=True)
    try:
        yield folder if mounted.returncode == 0 else None
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


def fill(folder: Path) -> Callable[[Bench, Outcome, float], None]:
    """Return what lets an upgrade run on a disk on which little is left."""

    def full_disk(bench: Bench, outcome: Outcome, point: float) -> None:
        outcome.tried += 1
        with bench.database() as name:
            bench.run(name, "CHECKPOINT")
            ballast = folder / "ballast"
            ballast.write_bytes(bytes(max(0, shutil.disk_usage(folder).free - int(point / 2 * 400_000))))
            outcome.ended += bench.upgrade(name) != 0
            ballast.unlink()
            bench.judge(name, outcome, f"disk full at {point / 2:.4f}")

    return full_disk

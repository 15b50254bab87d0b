"""The parent process of an embedded PostgreSQL server: starts it, waits for its last user to end, stops it.

Run as a script of its own (``python -I -S keeper.py``), so it imports the standard library alone. It is detached from
whoever started it. Every process that uses the server holds a shared lock on ``users.lock``, which the operating system
takes away when the process ends, however it ends; the exclusive lock that the keeper waits for is therefore granted
when nobody is left. It keeps that lock while it stops the server, so newcomers wait and then start another one.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

START_SECONDS = 90.0
STOP_SECONDS = 30.0
PAUSE_SECONDS = 0.004
LINUX_PR_SET_PDEATHSIG = 1
SOCKETS_PREFIX = "alembic-contracts-"


class StartError(Exception):
    """The server cannot be started; ``str()`` of it is for the user."""


class Keeper:
    """One run of one server. ``job`` is what ``alembic_contracts.embedded.start_keeper`` passes on."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.folder = Path(job["folder"])
        self.cluster = Path(job["cluster"])
        self.binaries = Path(job["binaries"])
        self.throw_away: list[str] = job["throw_away"]
        self.sockets_under: str = job["sockets_under"]
        self.account: tuple[int, int] | None = tuple(job["account"]) if job["account"] else None
        self.log = (self.folder / "log").open("wb", buffering=0)
        os.dup2(self.log.fileno(), sys.stderr.fileno())
        self.state = self.folder / "server.json"
        self.sockets: str | None = None
        self.server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Bring the server to the point where it accepts connections.

        Raises:
            StartError: it does not get there.
        """
        self._stop_leftover()
        self._remove_leftover()
        if not (self.cluster / "PG_VERSION").exists():
            self._create_cluster()
        self._refuse_other_version()
        self.sockets = tempfile.mkdtemp(prefix=SOCKETS_PREFIX, dir=self.sockets_under)
        self._give(self.sockets)
        self.server = self._popen("postgres", "-D", str(self.cluster), *_settings(self.sockets))
        self._await_ready()
        record = json.dumps({"keeper": os.getpid(), "server": self.server.pid, "sockets": self.sockets})
        draft = self.folder / "server.json.new"
        draft.write_text(record, encoding="utf-8")
        draft.rename(self.state)

    def wait_for_last_user(self, users: int) -> None:
        """Return once no process holds the users' lock, or the server is gone."""

        def server_ended(*_: object) -> None:
            if self.server is not None and self.server.poll() is not None:
                raise SystemExit

        with contextlib.suppress(SystemExit):
            signal.signal(signal.SIGCHLD, server_ended)
            server_ended()  # what happened before the handler was there
            fcntl.flock(users, fcntl.LOCK_EX)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def stop(self) -> None:
        """Stop the server and remove what belongs to this run only."""
        self._forget_state()
        if self.server is not None and self.server.poll() is None:
            # Fast: disconnects clients and writes a checkpoint. Immediate: no checkpoint, for data that is thrown away.
            self.server.send_signal(signal.SIGQUIT if self.throw_away else signal.SIGINT)
            try:
                self.server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.server.send_signal(signal.SIGQUIT)
                self.server.wait()
        for path in (self.sockets, *self.throw_away):
            if path is not None:
                shutil.rmtree(path, ignore_errors=True)

    def _forget_state(self) -> None:
        with contextlib.suppress(OSError, ValueError, KeyError):
            # Somebody may have removed the folder and begun a new one in the same place: leave theirs alone.
            if json.loads(self.state.read_text(encoding="utf-8"))["keeper"] == os.getpid():
                self.state.unlink()

    def _create_cluster(self) -> None:
        draft = self.cluster.with_name(self.cluster.name + ".new")  # renamed when complete: never half a cluster
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self._give(str(draft))
        options = ("--no-sync", "--no-instructions", "--username=postgres", "--auth=trust", "--encoding=UTF8")
        locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        if self._popen("initdb", "-D", str(draft), *options, *locale).wait() != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise StartError("PostgreSQL's initdb failed")
        shutil.rmtree(self.cluster, ignore_errors=True)
        draft.rename(self.cluster)

    def _refuse_other_version(self) -> None:
        theirs = (self.cluster / "PG_VERSION").read_text(encoding="ascii").strip()
        command = [str(self.binaries / "postgres"), "--version"]
        answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=self.log, env=_environment(), check=False)  # noqa: S603 - our own binary
        ours = answer.stdout.decode("ascii", "replace").split()
        if not ours:
            raise StartError("PostgreSQL's server binary cannot be run")
        if ours[-1].split(".")[0] != theirs:
            raise StartError(
                f"the data in {self.folder} was made by PostgreSQL {theirs} and the installed one is {ours[-1]}; "
                f"`python -m alembic_contracts.embedded wipe --data {self.folder}` removes it"
            )

    def _stop_leftover(self) -> None:
        """Stop a server whose keeper was killed and which runs still (or is just shutting down)."""
        lines = self._pid_file()
        if not lines:
            return
        try:
            pid = int(lines[0])
        except ValueError:
            return
        if not _is_server_of(pid, self.cluster):
            # After a crash of the machine the number may be another process's, and PostgreSQL would not start.
            (self.cluster / "postmaster.pid").unlink(missing_ok=True)
            return
        deadline = time.monotonic() + STOP_SECONDS
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        while _is_server_of(pid, self.cluster):
            if time.monotonic() > deadline:
                raise StartError(f"an earlier server (process {pid}) of {self.cluster} does not stop")
            time.sleep(PAUSE_SECONDS)

    def _remove_leftover(self) -> None:
        """Remove the socket folder of a server whose keeper was killed, and the note of it."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            sockets = Path(json.loads(self.state.read_text(encoding="utf-8"))["sockets"])
            if sockets.name.startswith(SOCKETS_PREFIX):
                shutil.rmtree(sockets, ignore_errors=True)
        self.state.unlink(missing_ok=True)

    def _await_ready(self) -> None:
        server = self.server
        deadline = time.monotonic() + START_SECONDS
        while server is not None and time.monotonic() < deadline:
            if server.poll() is not None:
                raise StartError("PostgreSQL ended while starting")
            lines = self._pid_file()
            # Line 8 of postmaster.pid is the status; it is what pg_ctl --wait reads.
            if len(lines) >= 8 and lines[0] == str(server.pid) and lines[7].strip() == "ready":
                return
            time.sleep(PAUSE_SECONDS)
        raise StartError(f"PostgreSQL did not accept connections within {START_SECONDS:.0f} seconds")

    def _pid_file(self) -> list[str]:
        try:
            return (self.cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except OSError:
            return []

    def _give(self, path: str) -> None:
        if self.account is not None:
            os.chown(path, *self.account)

    def _popen(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        user, group = self.account or (None, None)
        try:
            return subprocess.Popen(  # noqa: S603 - our own binaries
                [str(self.binaries / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=self.log,
                stderr=self.log,
                cwd="/",
                env=_environment(),
                user=user,
                group=group,
                extra_groups=[] if self.account else None,
                preexec_fn=_end_with_parent(os.getpid()),  # noqa: PLW1509 - this process has one thread
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise StartError(f"{program} cannot be run: {error}") from error


def _settings(sockets: str) -> list[str]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": sockets,
        "unix_socket_permissions": "0700",
        "port": "5432",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "max_connections": "200",
        "shared_buffers": "64MB",
        "jit": "off",
        # The data can be made again at any time, so a power cut may cost it.
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
    }
    return [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]


def _environment() -> dict[str, str]:
    """Nothing of the user's (PGDATA, PGOPTIONS, LANG ...) may reach the server."""
    kept = ("PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {"LC_ALL": "C", **{name: os.environ[name] for name in kept if name in os.environ}}


def _end_with_parent(parent: int) -> Any:
    """Return what makes a child end when this process is killed: SIGINT, a fast shutdown (Linux only)."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask() -> None:
        prctl(LINUX_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask


def _is_server_of(pid: int, cluster: Path) -> bool:
    """Tell whether a live process is PostgreSQL on this data directory, not just one that got the number."""
    command = ["ps", "-ww", "-o", "stat=", "-o", "args=", "-p", str(pid)]
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace")
    except OSError:
        if Path("/proc/self").exists():
            return False
        answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)  # noqa: S603
        arguments = answer.stdout.decode("utf-8", "replace")
    return "postgres" in arguments and str(cluster) in arguments


def _detach() -> None:
    if os.fork():
        os._exit(0)
    os.setsid()


def main(job: dict[str, Any]) -> int:
    """Run one server from start to end; says ``ready`` or what is wrong on the descriptor ``job["answer"]``."""
    _detach()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    keeper_lock = os.open(job["keeper_lock"], os.O_RDWR | os.O_CREAT, 0o600)
    users = os.open(job["users_lock"], os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(keeper_lock, fcntl.LOCK_EX)
    keeper = Keeper(job)
    try:
        try:
            keeper.start()
            answer = "ready"
        except (StartError, OSError) as error:
            answer = str(error)
        with contextlib.suppress(OSError):  # whoever asked may be gone
            os.write(job["answer"], answer.encode())
        os.close(job["answer"])
        if answer != "ready":
            return 1
        keeper.wait_for_last_user(users)
    finally:
        keeper.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))

"""A folder in, the URL of a running server out: servers are started, shared, looked at and wiped here."""

from __future__ import annotations

import hashlib
import json
import os
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from alembic_contracts.embedded import account, binaries, locks
from alembic_contracts.errors import CannotCheck

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Server", "Status", "programs", "scratch", "server", "status", "wipe"]

START_SECONDS = 120.0
STOP_SECONDS = 35.0
IN_USE_SECONDS = 1.5
PROBE_SECONDS = 5.0
PAUSE_SECONDS = 0.004
LOG_LINES = 12
ELSEWHERE_PARENT = Path("/var/tmp")  # noqa: S108 - survives reboots; only mkdtemp in it
STARTUP_MESSAGE = b"\0\0\0\x29" + b"\0\3\0\0" + b"user\0postgres\0database\0postgres\0\0"
"""PostgreSQL's protocol 3.0: length, version, parameters."""
KEEPER = Path(__file__).with_name("keeper.py")


@dataclass(slots=True)
class Server:
    """A running server, which this process keeps running until :meth:`close` or its own end."""

    sockets: str
    """The folder with its Unix socket; it changes from one start to the next."""
    _folder: Path = field(repr=False)
    _lock: int | None = field(repr=False)
    _throw_away: bool = field(default=False, repr=False)

    def url(self, database: str = "postgres", *, driver: str = "psycopg") -> str:
        """Return SQLAlchemy's URL of a database on this server (user ``postgres``, no password)."""
        return f"postgresql+{driver}://postgres@/{quote(database, safe='')}?host={quote(self.sockets, safe='/')}"

    def close(self) -> None:
        """Stop using the server; it ends if nobody else uses it. A scratch server is gone when this returns."""
        if self._lock is None:
            return
        os.close(self._lock)
        self._lock = None
        if self._throw_away:
            deadline = time.monotonic() + STOP_SECONDS
            while self._folder.exists() and time.monotonic() < deadline:
                time.sleep(PAUSE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of a data folder without starting anything."""

    running: Server | None
    """The running server, not held: it may end at any time."""
    cluster: Path
    """PostgreSQL's data directory."""
    version: str | None
    """Major version of PostgreSQL that made the data; None where there are none yet."""


def server(data: Path) -> Server:
    """Use the server whose data live in a folder; start it, and create the folder, where needed.

    Any number of processes of one user may do so at the same time and get the same server.

    Args:
        data: The folder, to be kept out of version control.

    Raises:
        CannotCheck: the server is not installed or does not start; the message says why.
    """
    folder = data.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _use(folder, throw_away=False)
    except OSError as error:
        raise CannotCheck(f"The embedded PostgreSQL in {data} cannot be used: {error}") from error


def scratch() -> Server:
    """Start a server with no data that is removed when this process ends or closes it.

    Raises:
        CannotCheck: the server is not installed or does not start.
    """
    user = account.for_cluster(None)
    try:
        folder = Path(tempfile.mkdtemp(prefix="alembic-contracts-", dir=account.short_temporary_folder(user)))
        if user is not None:
            folder.chmod(0o711)  # the server's user passes through to its own data and can list nothing
        try:
            return _use(folder, throw_away=True)
        except (CannotCheck, OSError):
            shutil.rmtree(folder, ignore_errors=True)
            raise
    except OSError as error:
        raise CannotCheck(f"No scratch PostgreSQL can be started: {error}") from error


def programs() -> Path:
    """Return the folder with the server's programs, ``pg_dump`` and ``psql`` among them.

    Raises:
        CannotCheck: they are not installed.
    """
    return binaries.find(account.for_cluster(None))


def status(data: Path) -> Status:
    """Tell what is in a data folder and whether its server runs."""
    folder = data.resolve()
    cluster = _cluster(folder)
    version = cluster / "PG_VERSION"
    sockets = _reachable(folder)
    return Status(
        running=Server(sockets, folder, None) if sockets is not None else None,
        cluster=cluster,
        version=version.read_text(encoding="ascii").strip() if version.exists() else None,
    )


def wipe(data: Path) -> bool:
    """Remove a data folder with the database in it; returns whether there was one.

    Raises:
        CannotCheck: a process uses its server, or the folder is not one of ours.
    """
    folder = data.resolve()
    if not folder.exists():
        return False
    if any(folder.iterdir()) and not (folder / "users.lock").exists():
        raise CannotCheck(f"{data} is not the data folder of an embedded PostgreSQL; nothing was removed.")
    try:
        with ExitStack() as held:
            if not _hold_alone(folder, held):
                raise CannotCheck(
                    f"The PostgreSQL in {data} is being used; end the processes that use it, then wipe it."
                )
            cluster = _cluster(folder)
            if cluster.parent != folder:
                shutil.rmtree(cluster.parent, ignore_errors=True)
            shutil.rmtree(folder)
    except OSError as error:
        raise CannotCheck(f"{data} cannot be removed: {error}") from error
    return True


def _hold_alone(folder: Path, held: ExitStack) -> bool:
    """Keep everybody from starting or using the server until ``held`` is closed; False while somebody uses it."""
    starting = locks.acquire(folder / "start.lock", timeout=IN_USE_SECONDS)
    if starting is None:
        return False
    held.callback(os.close, starting)
    users = locks.acquire(folder / "users.lock", timeout=STOP_SECONDS if _stops(folder) else 0)
    if users is None:
        return False
    held.callback(os.close, users)
    return True


def _stops(folder: Path) -> bool:
    """Wait a little for a server whose last user has just ended; tell whether it stops or has stopped."""
    deadline = time.monotonic() + IN_USE_SECONDS
    while not locks.is_free(folder / "keeper.lock"):
        if time.monotonic() > deadline:
            return not (folder / "server.json").exists()
        time.sleep(PAUSE_SECONDS)
    return True


def _use(folder: Path, *, throw_away: bool) -> Server:
    users = locks.acquire(folder / "users.lock", shared=True, timeout=STOP_SECONDS)
    if users is None:
        raise CannotCheck(f"The PostgreSQL in {folder} does not come to an end; see {folder / 'log'}.")
    try:
        sockets = _find_or_start(folder, throw_away=throw_away)
    except BaseException:
        os.close(users)
        raise
    return Server(sockets, folder, users, throw_away)


def _find_or_start(folder: Path, *, throw_away: bool) -> str:
    starting = locks.acquire(folder / "start.lock", timeout=START_SECONDS)
    if starting is None:
        raise CannotCheck(f"Another process has been starting the PostgreSQL in {folder} for too long.")
    try:
        return _await_running(folder) or _start(folder, throw_away=throw_away)
    finally:
        os.close(starting)


def _await_running(folder: Path) -> str | None:
    """Return the socket folder of the server that runs, or None when it has to be started.

    Called with the start lock, so a keeper that is there either runs its server, or was left alone while starting it
    (whoever asked for it was killed), or is on its way out because its server died.
    """
    deadline = time.monotonic() + START_SECONDS
    while True:
        if locks.is_free(folder / "keeper.lock"):
            return None  # a server without its keeper is not long for this world; the next keeper sees to it
        if (sockets := _reachable(folder)) is not None:
            return sockets
        if time.monotonic() > deadline:
            raise CannotCheck(
                f"The PostgreSQL in {folder} is held by a process that cannot be reached from here "
                "(another container?); end that process."
            )
        time.sleep(PAUSE_SECONDS)


def _reachable(folder: Path) -> str | None:
    """Return the socket folder of a server that lets users in; a socket alone may belong to one that is dying."""
    try:
        sockets = str(json.loads((folder / "server.json").read_text(encoding="utf-8"))["sockets"])
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(PROBE_SECONDS)
            probe.connect(f"{sockets}/.s.PGSQL.5432")
            probe.sendall(STARTUP_MESSAGE)
            welcome = probe.recv(1)
    except (OSError, ValueError, KeyError):
        return None
    return sockets if welcome == b"R" else None  # R: how to authenticate; E: why not, for example while shutting down


def _start(folder: Path, *, throw_away: bool) -> str:
    """Start a keeper with its server and return the socket folder."""
    cluster = _cluster(folder)
    user = account.for_cluster(cluster)
    if user is not None and not user.can_enter(cluster.parent):
        cluster = _elsewhere(folder)
        user = account.for_cluster(cluster)
    job: dict[str, object] = {
        "folder": str(folder),
        "cluster": str(cluster),
        "binaries": str(binaries.find(user)),
        "account": [user.uid, user.gid] if user is not None else None,
        "sockets_under": str(account.short_temporary_folder(user)),
        "throw_away": [str(folder)] if throw_away else [],
        "users_lock": str(folder / "users.lock"),
        "keeper_lock": str(folder / "keeper.lock"),
    }
    answer = _ask_keeper(job)
    if answer != "ready" or (sockets := _reachable(folder)) is None:
        raise CannotCheck(_failure(folder, answer, throw_away=throw_away))
    return sockets


def _ask_keeper(job: dict[str, object]) -> str:
    """Start a keeper, which detaches itself; return what it says: ``ready``, what is wrong, or nothing if killed."""
    read_end, write_end = os.pipe()
    command = [sys.executable, "-I", "-S", str(KEEPER), json.dumps({**job, "answer": write_end})]
    nothing = subprocess.DEVNULL
    try:
        try:
            subprocess.run(  # noqa: S603 - our own script
                command, pass_fds=(write_end,), cwd="/", stdin=nothing, stdout=nothing, stderr=nothing, check=False
            )
        finally:
            os.close(write_end)
        with selectors.DefaultSelector() as selector:  # select.select() fails on descriptors from 1024 on
            selector.register(read_end, selectors.EVENT_READ)
            readable = selector.select(START_SECONDS)
        return os.read(read_end, 65536).decode("utf-8", "replace") if readable else "it takes too long"
    finally:
        os.close(read_end)


def _failure(folder: Path, answer: str, *, throw_away: bool) -> str:
    message = f"The embedded PostgreSQL does not start: {answer or 'its keeper ended at once'}."
    if not throw_away and "wipe" not in message:
        message += f" `python -m alembic_contracts.embedded wipe --data {folder}` begins anew."
    try:
        lines = (folder / "log").read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
    except OSError:
        lines = []
    return "\n".join([message, *(f"  {line}" for line in lines)])


def _note(folder: Path) -> Path:
    return folder / "data-is-elsewhere"


def _cluster(folder: Path) -> Path:
    """Return PostgreSQL's data directory, which may be elsewhere than in the folder."""
    note = _note(folder)
    if note.exists():
        elsewhere = Path(note.read_text(encoding="utf-8").splitlines()[0])
        if elsewhere.exists():
            return elsewhere / "cluster"
    return folder / "cluster"


def _elsewhere(folder: Path) -> Path:
    """Choose a place for the data that ``nobody`` can reach, and write it down in the folder."""
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]
    place = Path(tempfile.mkdtemp(prefix=f"alembic-contracts-{name}-", dir=ELSEWHERE_PARENT))
    place.chmod(0o711)
    _note(folder).write_text(
        f"{place}\n\nPostgreSQL does not run as root, and the user that runs it cannot enter this folder's parents, "
        "so its data are there.\n`python -m alembic_contracts.embedded wipe` removes both.\n",
        encoding="utf-8",
    )
    return place / "cluster"

"""A MariaDB server of one's own, out of the programs that are installed: on a socket in a folder, gone at the end.

``MARIADBD`` in the environment names its server program, which then has to be there; without it, the usual places are
looked through.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import sqlalchemy as sa

from alembic_contracts.embedded import account

if TYPE_CHECKING:
    from collections.abc import Iterator

MARIADBD = os.environ.get("MARIADBD")
_PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/usr/libexec"))
_QUICK = (
    "--no-defaults",
    "--skip-log-bin",
    "--innodb-flush-method=nosync",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--innodb-buffer-pool-size=8M",
    "--innodb-log-file-size=4M",
    "--innodb-data-file-path=ibdata1:4M:autoextend",
    "--aria-log-file-size=8M",
    "--debug-no-sync",
)
"""Nothing has to survive: no fsync, small files."""
_START_SECONDS = 60
_PR_SET_PDEATHSIG = 1


def program() -> str | None:
    """The server program; None where there is none.

    Raises:
        FileNotFoundError: the one that ``MARIADBD`` names is not there.
    """
    if MARIADBD is not None and shutil.which(MARIADBD) is None:
        raise FileNotFoundError(f"MARIADBD={MARIADBD} names no program")
    return MARIADBD or shutil.which("mariadbd", path=_PLACES)


@contextmanager
def scratch(server: str, *options: str) -> Iterator[str]:
    """Run a server and yield SQLAlchemy's URL of it (user ``root``, no password), without a database."""
    user = account.for_cluster(None)
    folder = Path(tempfile.mkdtemp(prefix="alembic-contracts-", dir=account.short_temporary_folder(user)))
    if user is not None:
        os.chown(folder, user.uid, user.gid)
    try:
        yield from _run(server, folder, user, options)
    finally:
        shutil.rmtree(folder)


def _run(server: str, folder: Path, user: account.Account | None, further: tuple[str, ...]) -> Iterator[str]:
    identity = {} if user is None else {"user": user.uid, "group": user.gid, "extra_groups": []}
    data, socket, log = folder / "data", folder / "socket", folder / "log"
    installer = shutil.which("mariadb-install-db", path=_PLACES)
    assert installer is not None, "mariadb-install-db comes with the server, and is not there"
    options = [*_QUICK, *further, f"--datadir={data}", f"--tmpdir={folder}"]
    made = subprocess.run(
        [installer, *options, "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        **identity,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    command = [server, *options, f"--socket={socket}", "--skip-networking", f"--pid-file={folder / 'pid'}"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - the test's process has no thread that it could lock out
            **identity,
        )
    try:
        started = time.monotonic()
        while not socket.exists():
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() - started < _START_SECONDS, log.read_text(errors="replace")
            time.sleep(0.01)
        yield f"mysql+pymysql://root@/?unix_socket={quote(str(socket), safe='/')}"
    finally:
        process.kill()  # nothing of it is wanted any more
        process.wait()


def _end_with_parent() -> None:
    """Have the server killed with this process, however that ends (Linux only)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class MariaDB:
    """Creates and drops databases on one server."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self._engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        self._numbers = itertools.count(1)

    @contextmanager
    def new(self) -> Iterator[str]:
        """A new, empty database's URL."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name}")
        try:
            yield self.url.set(database=name).render_as_string(hide_password=False)
        finally:
            self.run(f"DROP DATABASE {name}")

    def run(self, statement: str) -> None:
        with self._engine.begin() as connection:
            connection.exec_driver_sql(statement)

"""A PostgreSQL server that may be killed and started again, which the embedded one does not let anybody do."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from alembic_contracts.embedded import account, binaries

LOGS_ALL = {
    "log_statement": "all",
    "log_line_prefix": "<%u %i>",
    "log_min_messages": "error",
    "log_min_duration_statement": "-1",
}
SETTINGS = {
    "listen_addresses": "",
    "jit": "off",
    "max_connections": "60",
    "shared_buffers": "16MB",
    # The machine itself does not crash; that a commit is in the log when it is acknowledged is what matters here.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "on",
    "autovacuum": "off",
    "restart_after_crash": "off",
}


class Cluster:
    """One data directory with its server, run by this process as a user that PostgreSQL accepts."""

    def __init__(self, **settings: str) -> None:
        self._user = account.for_cluster(None)
        self._programs = binaries.find(self._user)
        self.folder = Path(tempfile.mkdtemp(prefix="cluster-", dir=account.short_temporary_folder(self._user)))
        self.give(self.folder)
        self._settings = {**SETTINGS, "unix_socket_directories": str(self.folder), **settings}
        self.log = self.folder / "log"
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        options = (
            "--no-sync",
            "--no-instructions",
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
        )
        assert self._popen("initdb", "-D", str(self.folder / "data"), *options).wait() == 0, self.log.read_text()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The server's first process."""
        assert self._server is not None
        return self._server.pid

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def logged(self, since: int = 0, user: str = "postgres") -> list[str]:
        """The statements that a user has sent, in order, where it logs all, each with its user in front."""
        entries = re.findall(
            r"^<(\S*) [^>]*>LOG:  (?:statement|execute [^:]*): (.*(?:\n(?!<).*)*)",
            self.log.read_text()[since:],
            flags=re.MULTILINE,
        )
        return [statement for name, statement in entries if name == user]

    def give(self, path: Path) -> None:
        """Let the server's user have a file or folder."""
        if self._user is not None:
            os.chown(path, self._user.uid, self._user.gid)

    def start(self) -> None:
        """Start it, after a crash as well, and wait until it lets users in."""
        options = [f"--{name.replace('_', '-')}={value}" for name, value in self._settings.items()]
        self._server = self._popen("postgres", "-D", str(self.folder / "data"), *options)
        engine = sa.create_engine(self.url(), poolclass=sa.NullPool)
        for _ in range(600):
            assert self._server.poll() is None, self.log.read_text()[-2000:]
            try:
                engine.connect().close()
            except sa.exc.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("it does not start")

    def await_end(self) -> None:
        """Wait until it is gone after somebody has killed it, with all processes that could still write."""
        assert self._server is not None
        self._server.wait(60)
        for _ in range(600):
            if not self._processes():
                return
            time.sleep(0.05)
        raise AssertionError("its processes do not end")

    def _processes(self) -> list[int]:
        """Processes with a file of the data directory open; those of others cannot be looked at, and have none."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if (process / "cwd").readlink().is_relative_to(self.folder):
                    found.append(int(process.name))
            except OSError:
                continue
        return found

    def _popen(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        user = self._user
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [str(self._programs / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
                user=user.uid if user else None,
                group=user.gid if user else None,
                extra_groups=[] if user else None,
            )

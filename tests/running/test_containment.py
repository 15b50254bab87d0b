"""Ways out of a prediction, each in a real ``alembic check-contracts``: the verdict, and what really happened.

Nothing happens on the server or in the file system, the whole report is on standard output, and the exit code is its.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.object_images import museum, state
from tests.support.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.database import Databases

PRELUDE = """
import os, sys
URL = sa.make_url(os.environ["DATABASE_URL"])
DSN = URL.set(drivername="postgresql").render_as_string(hide_password=False)
HOST = URL.query.get("host") or URL.host
DROP = "ALTER TABLE object_images DROP COLUMN primary_image"
PARTS = {"user": URL.username, "password": URL.password, "database": URL.database}
SOCKET = f"{HOST}/.s.PGSQL.{URL.query.get('port') or URL.port or 5432}"
exec(compile('''
def swallowed(function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except BaseException:
        return None
''', "elsewhere", "exec"))
"""

CONNECTIONS = {
    "psycopg": "import psycopg\npsycopg.connect(DSN, autocommit=True).execute(DROP)  # here",
    "psycopg, the error swallowed": """
        import psycopg
        connection = swallowed(psycopg.connect, DSN, autocommit=True)  # here
        connection and connection.execute(DROP)
    """,
    "psycopg by another name": """
        import importlib
        driver = importlib.import_module("psy" + "copg")
        swallowed(lambda: driver.Connection.connect(DSN, autocommit=True).execute(DROP))  # here
    """,
    "psycopg, asynchronous": """
        import asyncio, psycopg
        async def drop():
            connection = await psycopg.AsyncConnection.connect(DSN, autocommit=True)  # here
            await connection.execute(DROP)
        swallowed(lambda: asyncio.run(drop()))
    """,
    "psycopg's libpq": """
        import psycopg
        connection = swallowed(psycopg.pq.PGconn.connect, DSN.encode())  # here
        swallowed(lambda: connection.exec_(DROP.encode()))
    """,
    "psycopg's libpq, not blocking": """
        from psycopg import pq
        connection = swallowed(pq.PGconn.connect_start, DSN.encode())  # here
        for _ in range(1000):
            swallowed(lambda: connection.connect_poll())
        swallowed(lambda: connection.exec_(DROP.encode()))
    """,
    "the binary beneath psycopg": """
        import psycopg
        from psycopg_binary.pq import PGconn
        connection = swallowed(PGconn.connect, DSN.encode())  # here
        swallowed(lambda: connection.exec_(DROP.encode()))
    """,
    "psycopg2": """
        import psycopg2
        connection = swallowed(psycopg2.connect, DSN)  # here
        if connection:
            connection.cursor().execute(DROP)
            connection.commit()
    """,
    "the binary beneath psycopg2": """
        from psycopg2 import _psycopg
        connection = swallowed(_psycopg.connection, DSN)  # here
        if connection:
            connection.cursor().execute(DROP)
            connection.commit()
    """,
    "asyncpg": """
        import asyncio, asyncpg
        async def drop():
            connection = await asyncpg.connect(DSN)  # here
            await connection.execute(DROP)
        swallowed(asyncio.run, drop())
    """,
    "pg8000": """
        from pg8000 import native
        connection = swallowed(native.Connection, unix_sock=SOCKET, **PARTS)  # here
        connection and connection.run(DROP)
    """,
    "libpq itself": """
        import ctypes, glob, psycopg
        place = os.path.dirname(os.path.dirname(psycopg.__file__))
        libpq = ctypes.CDLL(glob.glob(f"{place}/psycopg_binary.libs/libpq-*.so*")[0])
        libpq.PQconnectdb.restype = ctypes.c_void_p
        connection = libpq.PQconnectdb(DSN.encode())  # here
        libpq.PQexec(ctypes.c_void_p(connection), DROP.encode())
    """,
    "an engine": """
        def drop():
            with sa.create_engine(URL).begin() as connection:  # here
                connection.exec_driver_sql(DROP)
        swallowed(drop)
    """,
    "a socket": """
        import socket
        swallowed(socket.socket(socket.AF_UNIX).connect, SOCKET)  # here
    """,
    "a socket of the C library": """
        import ctypes
        libc = ctypes.CDLL(None)
        address = b"\\1\\0" + SOCKET.encode() + b"\\0"
        libc.connect(libc.socket(1, 1, 0), address, len(address))  # here
    """,
    "the internet": """
        import ctypes
        ctypes.CDLL(None).socket(2, 1, 0)  # here
    """,
    "a thread": """
        import psycopg, threading
        def drop():
            psycopg.connect(DSN, autocommit=True).execute(DROP)  # here
        thread = threading.Thread(target=swallowed, args=(drop,))
        thread.start()
        thread.join()
    """,
    "another process": """
        import subprocess
        swallowed(subprocess.run, [sys.executable, "-c", f"import psycopg; psycopg.connect({DSN!r})"])  # here
    """,
    "multiprocessing": """
        import multiprocessing
        swallowed(multiprocessing.get_context("fork").Process(target=os._exit, args=(0,)).start)  # here
    """,
    "a shell": "swallowed(os.system, 'touch trace')  # here",
    "a shell of the C library": """
        import ctypes
        ctypes.CDLL(None).system(b"touch trace")  # here
    """,
    "a spawned process": """
        swallowed(os.posix_spawn, sys.executable, [sys.executable, "-c", "open('trace', 'w')"], {})  # here
    """,
    "a fork": """
        if not swallowed(os.fork):  # here
            pass
    """,
    "a fork of the C library": """
        import ctypes
        if ctypes.CDLL(None).fork() == 0:  # here
            os._exit(0)
    """,
    "another program in its place": "swallowed(os.execv, sys.executable, [sys.executable, '-c', ''])  # here",
}
"""Each would drop the column, or could. All but those in C are seen by Python as well."""

FILES = {
    "open": "swallowed(open, 'trace', 'w')  # here",
    "open of the C library": """
        import ctypes
        ctypes.CDLL(None).open(b"trace", os.O_CREAT | os.O_WRONLY, 0o644)  # here
    """,
    "a pipe with a name": "swallowed(os.mkfifo, 'trace')  # here",
    "a node": "swallowed(os.mknod, 'trace')  # here",
    "a folder": "swallowed(os.mkdir, 'trace')  # here",
    "a folder of the C library": """
        import ctypes
        ctypes.CDLL(None).mkdir(b"trace", 0o755)  # here
    """,
    "a link": "swallowed(os.symlink, 'there', 'trace')  # here",
    "a removal": """
        import shutil
        shutil.rmtree("contracts", ignore_errors=True)  # here
    """,
    "a removal of the C library": """
        import ctypes
        ctypes.CDLL(None).unlink(b"contracts/object_images.json")  # here
    """,
    "a renaming of the C library": """
        import ctypes
        ctypes.CDLL(None).rename(b"contracts", b"trace")  # here
    """,
    "permissions": "swallowed(os.chmod, 'contracts', 0o700)  # here",
    "permissions of an open file": "swallowed(os.fchmod, os.open('pyproject.toml', os.O_RDONLY), 0o600)  # here",
    "a shorter file": "swallowed(os.truncate, 'pyproject.toml', 0)  # here",
    "a log": """
        import logging
        swallowed(logging.FileHandler, "trace")  # here
    """,
    "SQLite": """
        import sqlite3
        swallowed(sqlite3.connect, "trace")  # here
    """,
    "the memory of who checks": "swallowed(open, f'/proc/{os.getppid()}/mem', 'r+b')  # here",
    "an end to who checks": "swallowed(os.kill, os.getppid(), 9)  # here",
    "an end to who checks, in C": """
        import ctypes
        ctypes.CDLL(None).kill(os.getppid(), 9)  # here
    """,
    "an end to all": """
        import ctypes
        ctypes.CDLL(None).kill(-1, 0)  # here
    """,
}

ENDS = {
    "exit": ("os._exit(0)  # here", "ended its process with exit code 0"),
    "exit with another code": ("os._exit(1)  # here", "ended its process with exit code 1"),
    "exit by the C library": ("import ctypes\nctypes.CDLL(None)._exit(0)  # here", "ended its process"),
    "exit in a thread": (
        "import threading\nthreading.Thread(target=lambda: os._exit(0)).start()  # here\nos.read(os.pipe()[0], 1)",
        "ended its process with exit code 0",
    ),
    "sys.exit": ("sys.exit(0)  # here", "raised SystemExit"),
    "Ctrl-C": ("raise KeyboardInterrupt  # here", "raised KeyboardInterrupt"),
    "cancelled": ("import asyncio\nraise asyncio.CancelledError  # here", "raised CancelledError"),
    "a generator's end": ("raise GeneratorExit  # here", "raised GeneratorExit"),
    "an own kind of error": (
        "class Own(BaseException):\n    pass\nop.create_table('t')\nraise Own  # here",
        "raised Own",
    ),
    "killed by itself": ("import signal\nsignal.raise_signal(signal.SIGKILL)  # here", "by signal SIGKILL"),
    "terminated by itself": ("import signal\nsignal.raise_signal(signal.SIGTERM)  # here", "by signal SIGTERM"),
    "aborted": ("os.abort()  # here", "by signal SIGABRT"),
    "crashed": ("import ctypes\nctypes.string_at(0)  # here", "by signal SIGSEGV"),
    "crashed with a handler": (
        "import faulthandler, ctypes\nfaulthandler.disable()\nctypes.string_at(0)",
        "by signal SIGSEGV",
    ),
    "recursion": ("def again():\n    again()  # here\nagain()", "raised RecursionError"),
    "recursion without end": (
        "sys.setrecursionlimit(10**9)\nclass A:\n    def __repr__(self):\n        return repr(self)\nrepr(A())",
        "",
    ),
    "more memory than there is": ("x = bytearray(1 << 31)  # here", "raised MemoryError"),
    "ever more memory": ("x = []\nwhile True:\n    x.append(bytearray(1 << 24))  # here", "raised MemoryError"),
    "files closed": ("os.closerange(0, 1000)", "writes to files that are not its own, or closes them"),
    "files written to": (
        "for file in range(3, 50):\n    swallowed(os.write, file, b'nonsense')",
        "writes to files that are not its own, or closes them",
    ),
    "a signal that is never handled": (
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))\nwhile True:\n    pass",
        "did not come to an end within 2 s",
    ),
}

ENDLESS = {
    "a loop": "while True: pass  # here",
    "a loop that catches everything": """
        while True:
            try:
                while True: pass  # here
            except BaseException:
                pass
    """,
    "a loop in C": "sum(iter(int, 1))  # here",
    "a regular expression": "import re\nre.match(r'(a+)+$', 'a' * 40 + 'b')  # here",
    "an event": "import threading\nthreading.Event().wait()  # here",
    "a lock": "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()  # here",
    "select": "import select\nselect.select([], [], [])  # here",
    "asyncio": "import asyncio\nasyncio.run(asyncio.Event().wait())  # here",
    "a queue": "import queue\nqueue.Queue().get()  # here",
    "a pipe": "os.read(os.pipe()[0], 1)  # here",
    "a thread": """
        import threading
        def run():
            while True: pass  # here
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    """,
    "statements": """
        number = 0
        while True:
            number += 1
            op.execute(f"SELECT {number}")  # here
    """,
}

LATER = {
    "at the end of the process": ("import atexit\natexit.register(os._exit, 0)  # here", "(atexit)"),
    "in a thread": (
        "import threading\nthreading.Thread(target=os.read, args=(os.pipe()[0], 1)).start()  # here",
        "leaves a thread running",
    ),
    "in a thread that is none": (
        "import _thread\n_thread.start_new_thread(os.read, (os.pipe()[0], 1))  # here",
        "(_thread)",
    ),
    "in a pool": (
        "from concurrent import futures\nfutures.ThreadPoolExecutor().submit(os.read, os.pipe()[0], 1)  # here",
        "leaves a thread running",
    ),
}

HARMLESS = {
    "text on standard output": "print('{')\nsys.__stdout__.write('{')\nos.write(1, b'{')\nos.write(2, b'{')",
    "another standard output": "os.dup2(os.open(os.devnull, os.O_WRONLY), 1)\nos.close(1)\nsys.stdout = None",
    "a working directory": "os.chdir('/')",
    "a mask": "os.umask(0o777)",
    "a handler": "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nsignal.signal(signal.SIGCHLD, print)",
    "the environment": "os.environ.clear()",
    "modules": "sys.modules.pop('json')\nsys.path.clear()\nsys.argv.clear()",
    "a hook": "sys.excepthook = sys.unraisablehook = None\nsys.settrace(None)",
    "input": "assert sys.stdin.read() == ''",
    "sleep": "import time\ntime.sleep(3600)",
    "a wait for a time": """
        import asyncio, queue, select, threading, time
        from datetime import datetime, timedelta
        for now, hour in ((time.time, 3600), (time.monotonic, 3600), (lambda: datetime.now(), timedelta(hours=1))):
            for wait in (time.sleep, threading.Event().wait, lambda seconds: select.select([], [], [], seconds)):
                end = now() + hour
                while now() < end:
                    wait(600)
        asyncio.run(asyncio.sleep(3600))
        try:
            queue.Queue().get(timeout=3600)
        except queue.Empty:
            pass
    """,
    "a thread that ends": """
        import threading
        from concurrent.futures import ThreadPoolExecutor
        threading.Thread(target=print).start()
        ThreadPoolExecutor().submit(print).result()
    """,
    "a handler of an imported module": "import concurrent.futures.process, logging.config, weakref",
}
"""What is undone, or concerns the process alone."""


@dataclass
class Checks:
    """A project whose database is at ``r1``, checked with one more revision."""

    project: Project
    before: list[tuple[object, ...]]
    content: dict[str, bytes | None] = field(default_factory=dict)

    def of(self, code: str, *options: str, prelude: str = "") -> tuple[int, dict[str, Any], int | None]:
        """Check with a script; returns the exit code, the report and the line that is marked in the script."""
        project = self.project
        project.last_revision = "r1"
        script = project.revision("r2", code, prelude=PRELUDE + prelude)
        marked = [n for n, line in enumerate(script.read_text().splitlines(), 1) if line.endswith("# here")]
        self.content = self.files()
        done = project.alembic("check-contracts", "--format", "json", *options)
        assert "Traceback" not in done.stderr
        assert self.files() == self.content
        assert state(project) == self.before
        try:
            report = json.loads(done.stdout)
        except ValueError:
            pytest.fail(f"no report: {done.returncode} {done.stdout!r} {done.stderr}")
        assert done.returncode == {"kept": 0, "broken": 1, "unproven": 3}[report["status"]]
        return done.returncode, report, marked[0] if marked else None

    def files(self) -> dict[str, bytes | None]:
        """Every path of the project, and what is in it."""
        found = sorted(self.project.path.rglob("*"))
        return {f"{f} {f.lstat().st_mode:o}": f.read_bytes() if f.is_file() else None for f in found}


@pytest.fixture(scope="module")
def checked_project(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Project]:
    with databases.new() as url:
        yield museum(Project.create(tmp_path_factory.mktemp("contained"), url))


@pytest.fixture
def checks(checked_project: Project, tmp_path: Path) -> Checks:
    folder = tmp_path / "project"
    shutil.copytree(checked_project.path, folder)
    project = Project(folder, checked_project.database, {"ALEMBIC_CONTRACTS_PREDICT_TIMEOUT": "2"})
    project.environment["ALEMBIC_CONTRACTS_PREDICT_MEMORY"] = "300"
    project.write("there", "as it was")
    return Checks(project, state(project))


def assert_unproven(found: tuple[int, dict[str, Any], int | None], reason: str) -> None:
    code, report, line = found
    assert code == 3, report
    reasons = {each["reason"]: each["location"] for each in report["unproven"]}
    matching = [text for text in reasons if text.startswith("the script") and reason in text]
    assert matching, reasons
    if line is not None:
        assert line in {reasons[text]["line"] for text in matching}, reasons
    assert {place["file"] for place in reasons.values()} == {"migrations/versions/r2.py"}


@pytest.mark.parametrize("name", CONNECTIONS)
def test_no_script_connects_to_anything(checks: Checks, name: str) -> None:
    assert_unproven(checks.of(CONNECTIONS[name], "--offline"), "")


@pytest.mark.parametrize("name", ["psycopg", "psycopg's libpq", "psycopg2", "an engine", "a fork", "a shell"])
def test_nor_does_one_beside_a_database(checks: Checks, name: str) -> None:
    assert_unproven(checks.of(CONNECTIONS[name]), "")


@pytest.mark.parametrize("name", FILES)
def test_no_script_leaves_a_trace(checks: Checks, name: str) -> None:
    assert_unproven(checks.of(FILES[name], "--offline"), "")


@pytest.mark.parametrize("name", ENDS)
def test_no_script_ends_the_check(checks: Checks, name: str) -> None:
    code, reason = ENDS[name]
    assert_unproven(checks.of(code, "--offline"), reason)


@pytest.mark.parametrize("name", ENDLESS)
def test_no_script_goes_on_for_ever(checks: Checks, name: str) -> None:
    started = time.monotonic()
    assert_unproven(checks.of(ENDLESS[name], "--offline"), "did not come to an end within 2 s")
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("name", LATER)
def test_what_a_script_leaves_for_later_is_not_known(checks: Checks, name: str) -> None:
    code, reason = LATER[name]
    assert_unproven(checks.of(code, "--offline"), reason)


@pytest.mark.parametrize("name", HARMLESS)
def test_what_concerns_the_process_alone_concerns_nobody(checks: Checks, name: str) -> None:
    code, report, _ = checks.of(HARMLESS[name], "--offline")
    assert (code, report["status"]) == (0, "kept"), report["unproven"]


LOADING = {
    "exit": "os._exit(0)  # here",
    "a connection": "import psycopg\nswallowed(psycopg.connect, DSN)  # here",
    "a file": "swallowed(open, 'trace', 'w')  # here",
    "a loop": "while True: pass  # here",
}


@pytest.mark.parametrize("name", LOADING)
def test_nor_does_loading_a_script(checks: Checks, name: str) -> None:
    assert_unproven(checks.of("pass", "--offline", prelude=LOADING[name]), "")


def test_a_script_whose_revision_is_known_when_it_runs(checks: Checks) -> None:
    code, report, _ = checks.of("pass", prelude="revision = ''.join(['r', '2'])")
    assert (code, report["status"]) == (0, "kept")
    checks.project.revision("r3", "pass", prelude="import os\nrevision = ''.join(['r', '3'])\nos._exit(0)")
    done = checks.project.alembic("check-contracts")
    assert (done.returncode, done.stdout) == (2, "")
    assert "it ended its process with exit code 0 (migrations/versions/r3.py:14)" in done.stderr


def test_scripts_are_not_run_where_nobody_may(checks: Checks) -> None:
    plain = "op.add_column('object_images', sa.Column('note', sa.Text))"
    code, _, _ = checks.of(plain, "--no-exec", prelude="def never_called():\n    os._exit(0)")
    assert code == 3, "URL and others are computed"
    file = checks.project.revision("r2", plain, down="r1")
    for options in (["--offline"], []):
        done = checks.project.alembic("check-contracts", "--no-exec", *options)
        assert done.returncode == 0, done.stdout
    file.write_text(file.read_text().replace("def upgrade", "open('trace', 'w')\n\n\ndef upgrade"))
    done = checks.project.alembic("check-contracts", "--no-exec", "--format", "json")
    assert done.returncode == 3
    [unproven] = json.loads(done.stdout)["unproven"]
    assert unproven["location"]["file"] == "migrations/versions/r2.py"
    assert not (checks.project.path / "trace").exists()
    checks.project.revision("r2", "op.drop_column('object_images', 'primary_image')", down="r1")
    assert checks.project.alembic("check-contracts", "--no-exec", "--offline").returncode == 1
    assert checks.project.alembic("check-contracts", "--no-exec", "--shadow").returncode == 2


@pytest.mark.parametrize("command", ["check --offline", "check", "plan", "snapshot --offline --output -"])
def test_nor_where_the_settings_forbid_it(checks: Checks, command: str) -> None:
    file = checks.project.revision("r2", "op.add_column('object_images', sa.Column('note', sa.Text))", down="r1")
    checks.project.environment |= {"ALEMBIC_CONTRACTS_SETTLE": "", "ALEMBIC_CONTRACTS_EXEC": "never"}
    done = checks.project.cli(*command.split())
    assert done.returncode == 0, done.stderr
    file.write_text(file.read_text().replace("def upgrade", "while True: pass\n\n\ndef upgrade"))
    done = checks.project.cli(*command.split())
    assert done.returncode == 3, done.stderr
    told = " ".join((done.stdout + done.stderr).split())
    assert "the script is not run (--no-exec): this is more than a definition" in told
    done = checks.project.cli("check", "--shadow")
    assert (done.returncode, done.stdout) == (2, "")
    assert 'the setting exec = "never" forbids' in done.stderr


@pytest.mark.parametrize("name", ["exit", "Ctrl-C", "an own kind of error"])
def test_what_had_to_be_stopped_is_not_replayed(checks: Checks, name: str) -> None:
    checks.project.environment["ALEMBIC_CONTRACTS_SETTLE"] = "auto"
    code, reason = ENDS[name]
    assert_unproven(checks.of(code, "--offline"), reason)


def test_nor_does_a_replay_end_the_check(checks: Checks) -> None:
    checks.project.revision("r2", "import os\nos._exit(0)", down="r1")
    done = checks.project.alembic("check-contracts", "--shadow")
    assert (done.returncode, done.stdout) == (2, "")
    assert "migrations/versions/r2.py:15: revision r2 does not run on the scratch database: SystemExit" in done.stderr

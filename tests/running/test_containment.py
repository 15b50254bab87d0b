"""Ways out of a prediction, each in a real ``alembic check-contracts``: the verdict, and what really happened.

Nothing happens on the server or in the file system, the whole report is on standard output, and the exit code is its.
"""

from __future__ import annotations

import json
import textwrap

import pytest

from tests.support.contained import Checks, assert_unproven

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
        libc = ctypes.CDLL(None)
        address = b"\\2\\0\\0\\11\\177\\0\\0\\1" + bytes(8)
        libc.connect(libc.socket(2, 1, 0), address, 16)  # here
    """,
    "what is sent to the internet": """
        import ctypes
        libc = ctypes.CDLL(None)
        address = b"\\2\\0\\0\\11\\177\\0\\0\\1" + bytes(8)
        libc.sendto(libc.socket(2, 2, 0), b"x", 1, 0, address, 16)  # here
    """,
    "a server": """
        import ctypes
        libc = ctypes.CDLL(None)
        address = b"\\2\\0\\0\\0\\0\\0\\0\\0" + bytes(8)
        libc.bind(libc.socket(2, 1, 0), address, 16)  # here
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


@pytest.mark.parametrize("name", CONNECTIONS)
def test_no_script_connects_to_anything(checks: Checks, name: str) -> None:
    assert_unproven(checks.of(CONNECTIONS[name], "--offline"), "")


@pytest.mark.parametrize("name", ["psycopg", "psycopg's libpq", "psycopg2", "an engine", "a fork", "a shell"])
def test_nor_does_one_beside_a_database(checks: Checks, name: str) -> None:
    assert_unproven(checks.of(CONNECTIONS[name]), "")


@pytest.mark.parametrize("name", FILES)
def test_no_script_leaves_a_trace(checks: Checks, name: str) -> None:
    assert_unproven(checks.of(FILES[name], "--offline"), "")


def test_what_libraries_try_when_they_are_loaded_is_done(checks: Checks) -> None:
    """As ``urllib3`` finds out whether the machine has IPv6."""
    tries = """
        import socket
        with socket.socket(socket.AF_INET) as own:
            own.bind(("127.0.0.1", 0))
        try:
            with socket.socket(socket.AF_INET6) as own:
                own.bind(("::1", 0))
        except OSError:
            pass
    """
    code, report, _ = checks.of("pass", "--offline", prelude=textwrap.dedent(tries))
    assert (code, report["status"]) == (0, "kept")


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

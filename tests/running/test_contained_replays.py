"""Ways out of a replay (``--shadow``, and what settles doubts), in real processes: the report, and what happened."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.hidden_sql import ELSEWHERE, assert_unproven
from tests.support.object_images import museum, state

if TYPE_CHECKING:
    from tests.support.project import Project

PRELUDE = """
import os, sys, threading, time
URL = sa.make_url(os.environ["DATABASE_URL"])
DSN = URL.set(drivername="postgresql").render_as_string(hide_password=False)

exec(compile('''
def swallowed(function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except BaseException:
        return None
''', "elsewhere", "exec"))
"""
EXTRA = 'op.execute("CREATE TABLE extra (a int)")\n'
ENDS = {
    "exit": ("os._exit(0)  # here", "SystemExit"),
    "an exit from C": ("import ctypes\nctypes.CDLL(None)._exit(0)  # here", "ended its process with exit code 0"),
    "a signal": ("os.kill(os.getpid(), 9)  # here", "sends a signal"),
    "Ctrl-C": ("raise KeyboardInterrupt  # here", "KeyboardInterrupt"),
    "an own kind of error": ("class Own(BaseException): pass\nraise Own  # here", "Own"),
    "sys.exit": ("sys.exit(0)  # here", "SystemExit"),
    "memory": ("bytearray(1 << 40)  # here", "MemoryError"),
    "a loop": ("while True: pass  # here", "did not come to an end within 5 s (5 times predict_timeout)"),
    "a wait": ("threading.Event().wait()  # here", "did not come to an end within 5 s"),
    "a statement": ('op.execute("SELECT pg_sleep(600)")  # here', "did not come to an end within 5 s"),
    "a lock": (
        (
            "other = op.get_bind().engine.connect()\n"
            'op.execute("LOCK TABLE object_images")\n'
            'other.execute(sa.text("LOCK TABLE object_images"))  # here'
        ),
        "did not come to an end within 5 s",
    ),
}
"""What the check ends with: exit code 2, at the line."""
TRIES = {
    "a file": ("swallowed(open, 'trace', 'w')  # here", "writes the file trace"),
    "a process": ("import subprocess\nswallowed(subprocess.run, ['touch', 'trace'])  # here", "starts a process"),
    "a connection": ("import psycopg\nswallowed(psycopg.connect, DSN)  # here", "opens a database connection"),
    "an engine": ("swallowed(sa.create_engine(URL).connect)  # here", "opens a database connection"),
    "a connection from C": (
        (
            "import ctypes, ctypes.util\n"
            "address = b'\\1\\0/tmp/nowhere'\n"
            "end = ctypes.CDLL(None).socket(1, 1, 0)\n"
            "ctypes.CDLL(None).connect(end, address, len(address))  # here"
        ),
        "opens a connection of its own: /tmp/nowhere",
    ),
    "the network": ("import socket\nswallowed(socket.create_connection, ('127.0.0.1', 9))  # here", "uses the network"),
    "a thread": ("threading.Thread(target=threading.Event().wait).start()  # here", "leaves a thread running"),
    "the end": ("import atexit\natexit.register(print)  # here", "(atexit)"),
}
"""What is unproven, at the line."""
HARMLESS = {
    "output": "print('{')\nsys.__stdout__.write('{')\nos.write(1, b'{')\nos.write(2, b'{')",
    "another standard output": "os.dup2(os.open(os.devnull, os.O_WRONLY), 1)\nos.close(1)",
    "sleep": "time.sleep(3600)",
    "a loop that sleeps": "until = time.time() + 3600\nwhile time.time() < until: time.sleep(60)",
    "another connection of the same engine": (
        "with op.get_bind().engine.begin() as other:\n    other.execute(sa.text('CREATE TABLE more (a int)'))\n"
        "op.execute('DROP TABLE more')"
    ),
    "a pool of threads": (
        "from concurrent.futures import ThreadPoolExecutor\nThreadPoolExecutor().submit(print).result()"
    ),
}


@pytest.fixture
def shadowed(project: Project, postgres_url: str) -> Project:
    museum(project)
    project.environment["ALEMBIC_CONTRACTS_SHADOW_URL"] = postgres_url
    project.environment["ALEMBIC_CONTRACTS_PREDICT_TIMEOUT"] = "1"
    return project


def replayed(project: Project, code: str) -> tuple[int, str, str, list[int]]:
    """Check by a replay; returns the exit code, both outputs and the marked lines. Nothing else has happened."""
    script = project.revision("r2", EXTRA + code, prelude=PRELUDE)
    marked = [n for n, line in enumerate(script.read_text().splitlines(), 1) if line.endswith("# here")]
    before, files, started = state(project), sorted(project.path.rglob("*")), time.monotonic()
    done = project.alembic("check-contracts", "--shadow", "--format", "json")
    assert time.monotonic() - started < 60
    assert (state(project), sorted(project.path.rglob("*"))) == (before, files)
    assert not project.scratch_databases_that_stay()
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr, marked


@pytest.mark.parametrize("name", ENDS)
def test_no_script_ends_the_check_or_keeps_it(shadowed: Project, name: str) -> None:
    code, reason = ENDS[name]
    exit_code, output, told, [line] = replayed(shadowed, code)
    assert (exit_code, output) == (2, ""), output + told
    assert f"migrations/versions/r2.py:{line}: revision r2" in told
    assert reason in told


def test_what_scripts_try_beside_or_leave_is_unproven(shadowed: Project) -> None:
    exit_code, output, told, lines = replayed(shadowed, "\n".join(code for code, _ in TRIES.values()))
    assert exit_code == 3, output + told
    found = [(each["location"]["line"], each["reason"]) for each in json.loads(output)["unproven"]]
    for line, (_, reason) in zip(lines, TRIES.values(), strict=True):
        assert any(reason in text for at, text in found if at == line), (line, reason, found)


def test_what_concerns_the_process_alone_concerns_nobody(shadowed: Project) -> None:
    exit_code, output, told, _ = replayed(shadowed, "\n".join(HARMLESS.values()))
    assert exit_code == 0, output + told
    assert json.loads(output)["status"] == "kept"


@pytest.mark.parametrize("way", ["while True: pass", "import ctypes\n    ctypes.CDLL(None)._exit(0)"])
def test_nor_where_only_the_replay_goes_there(settling: Project, way: str) -> None:
    museum(settling)
    settling.environment["ALEMBIC_CONTRACTS_PREDICT_TIMEOUT"] = "1"
    asks = "if type(op.get_bind().connection.dbapi_connection).__module__.startswith('psycopg'):\n    "
    settling.revision("r2", ELSEWHERE + asks + way)
    reason = "did not come to an end" if "while" in way else "ended its process with exit code 0"
    assert_unproven(settling, reason)


WITHOUT_FORK = """
import os, sys
del os.fork
sys.modules |= dict.fromkeys(("fcntl", "resource"))
from alembic_contracts.cli import main
main()
"""


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [("print('{')\nop.drop_column('object_images', 'primary_image')", 1), ("os._exit(0)", 2), (TRIES["a file"][0], 3)],
)
def test_without_such_processes_it_happens_in_the_check_itself(shadowed: Project, code: str, exit_code: int) -> None:
    shadowed.revision("r2", code, prelude=PRELUDE)
    done = shadowed.run("-c", WITHOUT_FORK, "check", "--shadow", "--format", "json")
    assert done.returncode == exit_code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert exit_code == 2 or json.loads(done.stdout)["status"] == {1: "broken", 3: "unproven"}[exit_code]
    assert not (shadowed.path / "trace").exists()

"""Scripts that end their process, never end, or leave something for later: none of it is taken for its verdict."""

from __future__ import annotations

import time

import pytest

from tests.support.contained import Checks, assert_unproven

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

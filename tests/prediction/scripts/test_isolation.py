"""Scripts under prediction leave no trace: no files, processes, network, nor anything kept for the real run."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from alembic_contracts.prediction.scripts.outside import no_trace_outside
from alembic_contracts.prediction.scripts.refusals import OutsideReachedError
from tests.support.scripts import Scripts, reasons

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

ATTEMPTS = {
    "open for writing": ('open("trace", "w")', "the script writes the file trace"),
    "open for appending": ('open("trace", "ab")', "the script writes the file trace"),
    "os.open": ('import os; os.open("trace", os.O_CREAT)', "the script writes the file trace"),
    "pathlib": ('import pathlib; pathlib.Path("trace").touch()', "the script writes the file trace"),
    "mkdir": ('import os; os.mkdir("trace")', "the script creates a directory: trace"),
    "remove": ('import os; os.remove("there")', "the script removes a file: there"),
    "rename": ('import os; os.rename("there", "trace")', "the script renames a file: there"),
    "symlink": ('import os; os.symlink("there", "trace")', "the script creates a file: there"),
    "copy": ('import shutil; shutil.copyfile("there", "trace")', "the script writes the file trace"),
    "subprocess": ('import subprocess; subprocess.run(["touch", "trace"])', "the script starts a process"),
    "os.system": ('import os; os.system("touch trace")', "the script starts a process"),
    "fork": ("import os; os.fork()", "the script starts a process"),
    "kill": ("import os; os.kill(os.getpid(), 0)", "the script sends a signal"),
    "socket": ('import socket; socket.create_connection(("127.0.0.1", 9))', "the script uses the network"),
    "a server": ('with __import__("socket").socket() as s: s.bind(("127.0.0.1", 8))', "the script uses the network"),
    "a server for all": (
        'with __import__("socket").socket() as s: s.bind(("0.0.0.0", 0))',
        "the script uses the network",
    ),
    "sqlite3": ('import sqlite3; sqlite3.connect("trace")', "the script opens a database connection of its own"),
    "psycopg": (
        "import psycopg; psycopg.connect(host='/nowhere')",
        "the script opens a database connection of its own",
    ),
    "engine": (
        'sa.create_engine("postgresql+psycopg:///?host=/nowhere").connect()',
        "the script opens a database connection of its own (postgresql+psycopg)",
    ),
    "thread": (
        "import concurrent.futures as c; p = c.ThreadPoolExecutor(); p.submit(open, 'trace', 'w').result()",
        "the script writes the file trace",
    ),
}


@pytest.fixture
def scripts(project: Project) -> Scripts:
    project.write("there", "as it was")
    return Scripts(project)


@pytest.mark.parametrize("name", ATTEMPTS)
def test_what_leaves_a_trace_is_refused_and_unproven(scripts: Scripts, name: str) -> None:
    code, reason = ATTEMPTS[name]
    caught = f"try:\n    {code}\nexcept Exception:\n    pass"
    scripts.revision("r1", code)
    scripts.revision("r2", caught)
    import psycopg  # noqa: F401 - as in a process whose env.py connects with it

    [prediction] = scripts.predict("public.t")
    assert {unproven.location.revision for unproven in prediction.unproven if unproven.location} == {"r1", "r2"}
    assert all(text.startswith(reason) for text in reasons(prediction))
    assert not (scripts.project.path / "trace").exists()
    assert (scripts.project.path / "there").read_text(encoding="utf-8") == "as it was"


@pytest.mark.parametrize(
    "code",
    [
        'import pathlib; pathlib.Path("there").read_text()',
        'import pathlib; pathlib.Path("/dev/null").write_text("x")',
        'import os; os.makedirs("migrations/versions", exist_ok=True)',
        'import pathlib; pathlib.Path("absent").unlink(missing_ok=True)',
        'import sqlite3; sqlite3.connect(":memory:").close()',
        "import asyncio; asyncio.run(asyncio.sleep(0))",
        "import threading; t = threading.Thread(target=print); t.start(); t.join()",
        "import tempfile; tempfile.gettempdir()",
        'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); s.close()',
        'import sys; sys.dont_write_bytecode = False; sys.path.insert(0, "."); import helper',
    ],
)
def test_what_leaves_none_is_done(scripts: Scripts, code: str) -> None:
    scripts.project.write("helper.py", "")
    scripts.revision("r1", code)
    before = sys.dont_write_bytecode
    try:
        [prediction] = scripts.predict("public.t")
    finally:
        sys.dont_write_bytecode = before
        sys.modules.pop("helper", None)
    assert reasons(prediction) == []


def test_waiting_takes_no_time(scripts: Scripts) -> None:
    scripts.revision("r1", "import time; time.sleep(30)")
    start = time.monotonic()
    scripts.predict("public.t")
    assert time.monotonic() - start < 10
    start = time.monotonic()
    time.sleep(0.02)
    assert time.monotonic() - start >= 0.02


def test_other_threads_are_left_alone(tmp_path: Path) -> None:
    go = threading.Event()
    refused: list[str] = []

    def write() -> None:
        go.wait()
        (tmp_path / "theirs").write_text("x", encoding="utf-8")
        time.sleep(0.01)

    bystander = threading.Thread(target=write)
    bystander.start()
    with no_trace_outside(refused.append):
        go.set()
        bystander.join()
        with pytest.raises(OutsideReachedError):
            (tmp_path / "ours").write_text("x", encoding="utf-8")
    assert (tmp_path / "theirs").exists()
    assert not (tmp_path / "ours").exists()
    assert len(refused) == 1
    (tmp_path / "ours").write_text("x", encoding="utf-8")
    assert subprocess.run([sys.executable, "-c", ""], check=False).returncode == 0


def test_helpers_of_the_scripts_keep_nothing_for_the_real_run(scripts: Scripts) -> None:
    helper = (
        "done = []\n\ndef drop(op):\n    if not done:\n        done.append(1)\n        op.execute('DROP TABLE t')\n"
    )
    scripts.project.write("migrations/versions_helper.py", helper)
    prelude = "import os, sys\nsys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))\n"
    scripts.revision("r1", "versions_helper.drop(op)", prelude=prelude + "import versions_helper\n")
    try:
        for _ in range(2):
            [prediction] = scripts.predict("public.t", setup="CREATE TABLE t (a int)")
            assert prediction.unproven == ()
            assert not prediction.after.tables
        assert sys.modules["versions_helper"].done == []
    finally:
        del sys.modules["versions_helper"]

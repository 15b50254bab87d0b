"""A connection to a database in, its schema in an empty database of a scratch server out: what ``pg_dump`` is for.

``pg_dump --schema-only`` reads the catalog alone. It takes ACCESS SHARE on each table while it does, and gives up where
it would have to wait for that.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic_contracts.errors import CannotCheck

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

__all__ = ["missing_role", "restore"]

_LOCK_MILLISECONDS = 500
"""Less than PostgreSQL's ``deadlock_timeout`` of a second, so that nobody else ever becomes a deadlock's victim."""
_SECONDS = 300
_CONNECTING_SECONDS = "10"
_SCHEMA = (
    "--schema-only",
    "--no-password",
    f"--lock-wait-timeout={_LOCK_MILLISECONDS}",
    # A scratch server has other tablespaces and label providers, and must not subscribe to anything.
    "--no-tablespaces",
    "--no-security-labels",
    "--no-subscriptions",
)
_ROLES = ("--roles-only", "--no-role-passwords", "--no-password")
_UNKNOWN_BEFORE_17 = b"SET transaction_timeout = 0;\n"
"""``pg_dump`` puts it in front for any server; zero is what it is anyway."""
_NO_SUCH_ROLE = "42704"


def restore(source: Connection, target: Connection, programs: Path | None, *, roles: bool) -> None:
    """Make an empty database what another one is committed to be, rows aside.

    Args:
        source: a connection to the database, which says how to connect to it.
        target: a connection to the empty one.
        programs: the folder of ``pg_dump``, ``pg_dumpall`` and ``psql``; None: those on the PATH.
        roles: whether to make the roles of the source's server as well: the target's server is thrown away.

    Raises:
        CannotCheck: a program is not there, or says that it cannot; nothing but roles is restored then.
    """
    there, here = _Way.to(source), _Way.to(target)
    if roles:
        script = _run("pg_dumpall", programs, there, *_ROLES, f"--dbname={there.parameters}", "-l", there.database)
        _run("psql", programs, here, "-X", "-q", "-w", "-d", here.parameters, script=script)  # some are there already
    script = _run("pg_dump", programs, there, *_SCHEMA, f"--dbname={there.parameters}")
    script = script.replace(_UNKNOWN_BEFORE_17, b"", 1)
    whole_or_nothing = ("-v", "ON_ERROR_STOP=1", "--single-transaction")
    _run("psql", programs, here, "-X", "-q", "-w", *whole_or_nothing, "-d", here.parameters, script=script)


def missing_role(error: BaseException) -> str | None:
    """Return the role for want of which a statement failed on a scratch server, whose messages are not translated."""
    original: Any = getattr(error, "orig", None)
    code = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
    message = str(original).partition("\n")[0]
    if code != _NO_SUCH_ROLE or not message.startswith('role "') or not message.endswith('" does not exist'):
        return None
    return message.removeprefix('role "').removesuffix('" does not exist')


class _Way:
    """How a connection reached its server, in libpq's words."""

    def __init__(self, parameters: dict[str, str], password: str | None) -> None:
        self.parameters = " ".join(f"{key}={_quoted(value)}" for key, value in parameters.items())
        self.database = parameters.get("dbname", "postgres")
        self.password = password

    @classmethod
    def to(cls, connection: Connection) -> _Way:
        """Ask the driver where it can say so (psycopg, psycopg2), else take the engine's URL."""
        info: Any = getattr(connection.connection.dbapi_connection, "info", None)
        if hasattr(info, "get_parameters"):
            return cls({**info.get_parameters(), "dbname": info.dbname}, info.password)
        if hasattr(info, "dsn_parameters"):
            return cls(info.dsn_parameters, info.password)
        return cls.by(connection.engine.url)

    @classmethod
    def by(cls, url: URL) -> _Way:
        """Take what an engine's URL says."""
        host, port = url.host or url.query.get("host"), url.port or url.query.get("port")
        if "unix_sock" in url.query:  # pg8000 takes the socket itself: .s.PGSQL.5432
            socket = Path(str(url.query["unix_sock"]))
            host, port = str(socket.parent), socket.suffix.lstrip(".")
        parts = {"host": host, "port": port, "user": url.username, "dbname": url.database}
        return cls({key: str(value) for key, value in parts.items() if value}, url.password)


def _quoted(value: str) -> str:
    return "'{}'".format(value.replace("\\", r"\\").replace("'", r"\'"))


def _run(name: str, programs: Path | None, way: _Way, *arguments: str, script: bytes = b"") -> bytes:
    program = shutil.which(name, path=programs)
    if program is None:
        raise CannotCheck(f"there is no {name} on the PATH")
    environment = {**os.environ, "PGCONNECT_TIMEOUT": _CONNECTING_SECONDS, "LC_ALL": "C"}
    if way.password is not None:
        environment["PGPASSWORD"] = way.password
    try:
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs, and no shell
            [program, *arguments], input=script, env=environment, capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotCheck(f"{name} does not come to an end: {type(error).__name__}") from error
    if done.returncode != 0:
        raise CannotCheck(" ".join(done.stderr.decode("utf-8", "replace").split()) or f"{name} failed")
    return done.stdout

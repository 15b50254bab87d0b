"""A body that replays version scripts on a scratch connection in, what it tells out, from a process of its own.

That process has the connection, and may open others to the same server; beside that it is contained as prediction is.
Where there are no such processes, it all happens in this one, without a limit of time.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts import texts
from alembic_contracts.errors import CannotCheck
from alembic_contracts.prediction.containment import process
from alembic_contracts.prediction.containment.kernel import Peer
from alembic_contracts.prediction.containment.limits import Limits
from alembic_contracts.prediction.scripts import outside
from alembic_contracts.prediction.scripts.clock import let_waiting_pass_at_once
from alembic_contracts.prediction.scripts.isolation import isolated, no_exit
from alembic_contracts.prediction.scripts.leftovers import Leftovers
from alembic_contracts.prediction.scripts.source_lines import Script
from alembic_contracts.schemas.steps import Location, Unproven

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

    from alembic_contracts.config import Settings
    from alembic_contracts.prediction.containment.messages import Channel
    from alembic_contracts.prediction.scripts.isolation import Lender

__all__ = ["Replayed", "Stage", "connected", "limits_of", "performed", "replayed"]

_GENEROUS = 5
"""A replay of a revision may take so many times what its prediction may: a server is there, and looked at often."""


class Stage(Protocol):
    """What a body tells its progress to."""

    is_contained: bool
    """Whether the process is one of its own."""

    def tell(self, value: Any) -> None:
        """Hand a value over."""

    def begins(self, script: Script) -> None:
        """Say that a script begins."""

    def knows(self, script: Script) -> None:
        """Say that the line of a script's function is known, as its file was executed."""

    def ends(self) -> None:
        """Say that the script is through."""

    def doubt(self, reason: str, place: Location | None = None, *, is_hidden: bool = False) -> None:
        """Say what a script tried, or left; ``place``: None for the line that it is at."""


class Replayed(Struct, frozen=True):
    """What came of a body."""

    told: tuple[Any, ...]
    unproven: tuple[Unproven, ...]
    """What scripts tried and were refused, or left for later: what a real run does differs."""
    end: Unproven | None = None
    """How a script ended the process, or had to be ended; None: the body came to its end."""


class Connected(Struct, frozen=True):
    """A scratch connection that is about to be used by another process."""

    connection: Connection
    kept: process.Kept


def limits_of(settings: Settings) -> Limits:
    """Return the limits of a replay, of each revision."""
    return Limits(
        seconds=settings.predict_timeout * _GENEROUS,
        megabytes=settings.predict_memory,
        setting=f"{_GENEROUS} times predict_timeout",
    )


@contextmanager
def connected(engine: Engine) -> Iterator[Connected]:
    """Connect to a scratch database for one ``replayed()``; afterwards nobody can use the connection any more."""
    before = _sockets()
    connection = engine.connect()
    sockets = _sockets() - before
    try:
        yield Connected(connection, process.Kept(sockets, frozenset(map(Peer.of_socket, sockets))))
    finally:
        connection.invalidate()  # without a word to the server, which has heard others meanwhile
        connection.close()


def _sockets() -> frozenset[int]:
    """Return the sockets that this process has."""
    found = set()
    for name in os.listdir("/dev/fd") if os.path.isdir("/dev/fd") else ():  # noqa: PTH208, PTH112 - numbers
        try:
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                found.add(int(name))
        except OSError:  # that of the listing itself
            continue
    return frozenset(found)


def replayed(
    body: Callable[[Stage], None],
    scratch: Connected,
    limits: Limits,
    folder: str,
    *,
    heard: Callable[[Any], None],
    connects: bool,
) -> Replayed:
    """Run a body that replays scripts.

    Args:
        body: told of where to tell its progress.
        scratch: the connection that it uses.
        limits: of each revision.
        folder: Alembic's script location.
        heard: called here with each value that it tells.
        connects: whether scripts may open further connections to the scratch database.

    Raises:
        CannotCheck: the body raises it, or a script ends the process, or does not come to its end.
    """
    permitted, kept = (
        (scratch.connection.engine, scratch.kept) if connects else (None, replace(scratch.kept, peers=frozenset()))
    )
    found = performed(body, limits, folder, heard=heard, permitted=permitted, kept=kept)
    if found.end is not None:
        place = found.end.location
        where = "" if place is None else f"{place.file}:{place.line}: revision {place.revision}: "
        raise CannotCheck(f"{where}{found.end.reason} when it was replayed")
    return found


def performed(
    body: Callable[[Stage], None],
    limits: Limits,
    folder: str,
    *,
    heard: Callable[[Any], None],
    permitted: Engine | None = None,
    lends: Lender | None = None,
    kept: process.Kept | None = None,
) -> Replayed:
    """Run a body that runs scripts, and return what came of it, be that the end of its process.

    Args:
        body: told of where to tell its progress.
        limits: of each revision.
        folder: Alembic's script location.
        heard: called here with each value that it tells.
        permitted: an engine that may connect there.
        lends: connects others there, in a process of its own: they keep what they are lent.
        kept: what the process keeps of what this one has.

    Raises:
        CannotCheck: the body raises it.
    """
    told: list[Any] = []

    def take(value: Any) -> None:
        told.append(value)
        heard(value)

    listener = _Listener(take)
    if process.is_possible():
        outside.prepare()
        death = process.run(
            lambda channel: _contained(body, _Contained(channel), folder, permitted, lends),
            limits,
            process.Listener(heard=listener.hear, refused=listener.refused, lasts=listener.lasts),
            kept,
        )
        end = None if death is None else listener.of_death(death)
    else:
        stage = _Here(listener)
        with no_exit(), isolated(stage.doubt, folder, permitted=permitted):
            body(stage)
        end = None
    return Replayed(tuple(told), tuple(listener.unproven), end)


class _Listener:
    """Hears what happens, in this process."""

    def __init__(self, take: Callable[[Any], None]) -> None:
        self._take = take
        self._script: Script | None = None
        self.unproven: dict[Unproven, None] = {}

    def hear(self, value: Any) -> None:
        if isinstance(value, Script):
            self._script = value
        elif isinstance(value, Unproven):
            self.unproven[value] = None
        else:
            self._take(value)

    def refused(self, what: str, line: int | None) -> None:
        self.unproven[Unproven(f"the script {what}", self._place(line), is_final=True)] = None

    def lasts(self) -> None:
        place = self._place(None)
        if place is not None:
            told = f"note: the replay of revision {place.revision} ({place.file}) takes long."
            sys.stderr.write(f"{texts.line(told)}\n")

    def _place(self, line: int | None) -> Location | None:
        return None if self._script is None else self._script.at(line)

    def of_death(self, death: process.Death) -> Unproven:
        """Return how the process ended."""
        return Unproven(f"the script {death.reason}", self._place(death.line), is_final=True)


class _Contained:
    """Tells another process."""

    is_contained = True

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._script: Script | None = None
        self._leftovers = Leftovers(self.doubt)

    def watch(self) -> None:
        """Take note of what scripts leave for later, from here on."""
        self._leftovers.watch()

    def tell(self, value: Any) -> None:
        self._channel.hold(value)  # until the next script begins: each word costs both processes

    def knows(self, script: Script) -> None:
        self._channel.hold(replace(script))

    def begins(self, script: Script) -> None:
        self._script = script
        self._channel.lap(script.path, replace(script))
        self._leftovers.begin(script)

    def ends(self) -> None:
        self._leftovers.end()
        self._script = None

    def doubt(self, reason: str, place: Location | None = None, *, is_hidden: bool = False) -> None:
        """Say what a script tried, or left."""
        here = place if place is not None or self._script is None else self._script.here()
        self._channel.send(Unproven(reason, here, is_hidden=is_hidden))


class _Here:
    """Tells this process."""

    is_contained = False

    def __init__(self, listener: _Listener) -> None:
        self._listener = listener
        self._script: Script | None = None

    def tell(self, value: Any) -> None:
        self._listener.hear(value)

    def begins(self, script: Script) -> None:
        self._script = script
        self._listener.hear(script)

    def knows(self, script: Script) -> None:
        self._listener.hear(script)

    def ends(self) -> None:
        self._script = None

    def doubt(self, reason: str, place: Location | None = None, *, is_hidden: bool = False) -> None:
        """Say what a script tried."""
        here = place if place is not None or self._script is None else self._script.here()
        self._listener.hear(Unproven(reason, here, is_hidden=is_hidden))


def _contained(
    body: Callable[[Stage], None], stage: _Contained, folder: str, permitted: Engine | None, lends: Lender | None
) -> None:
    with ExitStack() as stack:
        stack.enter_context(no_exit())
        stack.enter_context(isolated(stage.doubt, folder, alone=True, permitted=permitted, lends=lends))
        let_waiting_pass_at_once(for_files=False)
        stage.watch()
        body(stage)

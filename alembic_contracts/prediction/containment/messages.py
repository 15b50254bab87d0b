"""Values in, bytes out of a process and values into another: an object that is sent twice is one object there."""

from __future__ import annotations

import copyreg
import io
import pickle
import socket
import struct
from collections.abc import Callable, Iterator
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alembic_contracts.prediction.containment.limits import Limits

__all__ = [
    "BACK",
    "COPY",
    "END",
    "FAULT",
    "FORKS",
    "LAP",
    "VALUES",
    "Channel",
    "Reader",
    "Writer",
    "read",
    "written",
]

_HEAD = struct.Struct(">16scI")
VALUES, LAP, FAULT, END, FORKS, COPY, BACK = KINDS = (b"v", b"l", b"f", b"e", b"p", b"c", b"b")
"""Values; a stretch of work begins; the body failed; it came to its end; its process is about to fork; the number of
the copy that goes on, and whether it lacks threads of libraries; that is over, and the process waits for what is next.
"""
_ANEW = b"n"
"""A message of nothing, after which no object counts as sent."""
_SHORT = 0.01
"""Seconds for which limits hold on: what revisions take meanwhile is little beside them, and to ask for a process's
size takes longer than most revisions do."""


def _parts(mapping: MappingProxyType[Any, Any]) -> tuple[Any, tuple[dict[Any, Any]]]:
    return _mapping, (dict(mapping),)


def _mapping(content: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(content)  # the type itself has no name that could be pickled


def _pickler(buffer: io.BytesIO) -> pickle.Pickler:
    pickler = pickle.Pickler(buffer, protocol=5)
    pickler.dispatch_table = copyreg.dispatch_table | {MappingProxyType: _parts}
    return pickler


def written(value: Any) -> bytes:
    """Return the bytes that ``read`` makes the same value of."""
    buffer = io.BytesIO()
    _pickler(buffer).dump(value)
    return buffer.getvalue()


def read(data: bytes) -> Any:
    """Return what was written; the bytes have to be as trusted as code.

    Raises:
        Exception: of any kind, where it is something else.
    """
    return pickle.loads(data)  # noqa: S301 - see above


class Writer:
    """Makes messages."""

    def __init__(self, token: bytes) -> None:
        """``token``: 16 bytes that both sides know, so that nothing else that is written passes for a message."""
        self._token, self._buffer, self._head = token, io.BytesIO(), b""
        self._pickler = _pickler(self._buffer)

    def message(self, kind: bytes, value: Any) -> bytes:
        """Return a message.

        Raises:
            Exception: of any kind, where the value cannot be pickled, or not in what room there is; others can follow.
        """
        self._buffer.seek(0)
        self._buffer.truncate()
        try:
            self._pickler.dump(value)
        except BaseException:  # it has counted objects that will never be sent
            self._pickler, self._head = _pickler(self._buffer), _HEAD.pack(self._token, _ANEW, 0)
            raise
        body, head, self._head = self._buffer.getvalue(), self._head, b""
        return head + _HEAD.pack(self._token, kind, len(body)) + body


class Channel:
    """How a body speaks to the process that it is a copy of."""

    def __init__(self, socket_: socket.socket, token: bytes, limits: Limits) -> None:
        """``token``: 16 bytes that both sides know."""
        self._socket, self._token, self._writer, self._limits = socket_, token, Writer(token), limits
        self._held: list[Any] = []
        self._out = bytearray()
        """What is still to be sent: of a message that a signal's handler cut off, the rest comes first."""
        self._limited = -_SHORT
        self.ends: Callable[[], None] | None = None
        """Called before the end is told, unless an error is."""
        self.files = frozenset({socket_.fileno()})
        """The descriptors behind which something is that its process began with."""

    def send(self, value: Any) -> None:
        """Hand a value over; it must be one that can be pickled."""
        self.say(VALUES, (*self._take_held(), value))

    def hold(self, value: Any) -> None:
        """Hand a value over together with what is said next: nothing of others runs before, nor does it change."""
        self._held.append(value)

    def lap(self, file: str, *values: Any) -> None:
        """Say that a stretch of work begins, with limits of its own, and which file's lines are of interest.

        ``values`` are handed over with it.
        """
        now = monotonic()
        if now - self._limited >= _SHORT:
            self._limited = now
            self._limits.apply()
        self.say(LAP, (file, *self._take_held(), *values))

    def flush(self) -> None:
        """Hand over what is held."""
        if self._held:
            self.say(VALUES, tuple(self._take_held()))

    def _take_held(self) -> list[Any]:
        held, self._held = self._held, []
        return held

    def say(self, kind: bytes, value: Any) -> None:
        """Send one message, ``kind`` one of those above."""
        self._out.extend(self._writer.message(kind, value))
        while self._out:
            del self._out[: self._socket.send(self._out)]

    def receive(self) -> Any:
        """Wait for a value that the other side sends, and return it.

        Raises:
            EOFError: there is no other side any more.
        """
        reader = Reader(self._token)
        while data := self._socket.recv(1 << 16):
            for _, value in reader.feed(data):
                return value
        raise EOFError

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._socket.fileno()

    def open(self, listener: int | None) -> None:
        """Say that work can begin, and hand over who is to decide on calls of the kernel, if anybody."""
        socket.send_fds(self._socket, [b"-" if listener is None else b"k"], [] if listener is None else [listener])

    def end(self, error: BaseException | None) -> None:
        """Say how the body ended."""
        kind, value = (END, None) if error is None else (FAULT, _that_can_be_told(error))
        self.flush()
        if error is None and self.ends is not None:
            self.ends()
        self.say(kind, value)


def _that_can_be_told(error: BaseException) -> bytes:
    try:
        told = pickle.dumps(error)
        pickle.loads(told)  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - errors can be made of anything
        return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return told


class Reader:
    """Reads messages from a stream."""

    garbled = False
    """Whether something else was found among them; nothing is read any more then."""

    def __init__(self, token: bytes) -> None:
        """``token``: the writer's."""
        self._token, self._received, self._file = token, bytearray(), io.BytesIO()
        self._unpickler = pickle.Unpickler(self._file)  # noqa: S301 - what our own code wrote, see the token
        self._marked: list[dict[int, Any]] = []

    def mark(self) -> None:
        """Take note of the objects that the writer has sent: its copies know those."""
        self._marked.append(self._unpickler.memo.copy())

    def unmark(self) -> None:
        """Forget the last mark."""
        self._marked.pop()

    def go_back(self) -> None:
        """Go on with the writer as it was at the last mark, which counts no more."""
        self._unpickler = _Knowing(self._file, self._marked.pop())
        self._received.clear()

    def feed(self, data: bytes) -> Iterator[tuple[bytes, Any]]:
        """Take bytes, and yield the kind and value of each message that is complete."""
        self._received += data
        while not self.garbled and len(self._received) >= _HEAD.size:
            token, kind, length = _HEAD.unpack_from(self._received)
            if token != self._token or (kind not in KINDS and kind != _ANEW):
                self.garbled = True
                return
            if kind == _ANEW:
                self._unpickler = pickle.Unpickler(self._file)  # noqa: S301 - see above
                del self._received[: _HEAD.size]
                continue
            end = _HEAD.size + length
            if len(self._received) < end:
                return
            self._file.seek(0)
            self._file.truncate()
            self._file.write(self._received[_HEAD.size : end])
            self._file.seek(0)
            del self._received[:end]
            yield kind, self._unpickler.load()


class _Knowing(pickle.Unpickler):
    """Knows objects already that a pickler refers to by numbers.

    To set ``memo`` does not do it: the next object would get the number after all that there ever were.
    """

    def __init__(self, file: io.BytesIO, objects: dict[int, Any]) -> None:
        super().__init__(file)
        self._objects = objects
        each = [
            pickle.BININT + number.to_bytes(4, "little") + pickle.BINPERSID + pickle.MEMOIZE + pickle.POP
            for number in range(len(objects))
        ]
        file.seek(0)
        file.truncate()
        file.write(b"".join([*each, pickle.NONE, pickle.STOP]))
        file.seek(0)
        self.load()

    def persistent_load(self, number: int) -> Any:
        return self._objects[number]

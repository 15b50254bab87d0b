"""Values in, bytes out of a process and values into another: an object that is sent twice is one object there."""

from __future__ import annotations

import copyreg
import io
import pickle
import struct
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

__all__ = ["END", "FAULT", "LAP", "VALUE", "Reader", "Writer", "read", "written"]

_HEAD = struct.Struct(">16scI")
VALUE, LAP, FAULT, END = KINDS = (b"v", b"l", b"f", b"e")
"""A value; a stretch of work begins; the body failed; it came to its end."""


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
        self._token, self._buffer = token, io.BytesIO()
        self._pickler = _pickler(self._buffer)

    def message(self, kind: bytes, value: Any) -> bytes:
        """Return a message."""
        self._buffer.seek(0)
        self._buffer.truncate()
        self._pickler.dump(value)
        body = self._buffer.getvalue()
        return _HEAD.pack(self._token, kind, len(body)) + body


class Reader:
    """Reads messages from a stream."""

    garbled = False
    """Whether something else was found among them; nothing is read any more then."""

    def __init__(self, token: bytes) -> None:
        """``token``: the writer's."""
        self._token, self._received, self._file = token, bytearray(), io.BytesIO()
        self._unpickler = pickle.Unpickler(self._file)  # noqa: S301 - what our own code wrote, see the token

    def feed(self, data: bytes) -> Iterator[tuple[bytes, Any]]:
        """Take bytes, and yield the kind and value of each message that is complete."""
        self._received += data
        while not self.garbled and len(self._received) >= _HEAD.size:
            token, kind, length = _HEAD.unpack_from(self._received)
            if token != self._token or kind not in KINDS:
                self.garbled = True
                return
            end = _HEAD.size + length
            if len(self._received) < end:
                return
            self._file.seek(0)
            self._file.truncate()
            self._file.write(self._received[_HEAD.size : end])
            self._file.seek(0)
            del self._received[:end]
            yield kind, self._unpickler.load()

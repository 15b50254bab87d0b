"""A real PostgreSQL that says of itself, when a connection begins, what another server would.

A socket before its own, which passes everything on but the parameters (``ParameterStatus``) that it reports.
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from io import RawIOBase
    from pathlib import Path

_SOCKET = ".s.PGSQL.5432"


@contextmanager
def posing(url: str, folder: Path, told: Mapping[str, str | None]) -> Iterator[str]:
    """Yield the URL of the socket.

    Args:
        url: of a database of a server on a Unix socket.
        folder: a short path, for the socket.
        told: parameters that are reported otherwise, or, where they are None, not at all.
    """
    real = f"{sa.make_url(url).query['host']}/{_SOCKET}"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / _SOCKET))
        listening.listen()
        thread = threading.Thread(target=_accept, args=(listening, real, told))
        thread.start()
        try:
            yield sa.make_url(url).update_query_dict({"host": str(folder)}).render_as_string(hide_password=False)
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(listening: socket.socket, real: str, told: Mapping[str, str | None]) -> None:
    pumps = []
    with suppress(OSError):  # it is shut down
        while True:
            client, _ = listening.accept()
            server = socket.socket(socket.AF_UNIX)
            server.connect(real)
            pumps += [
                threading.Thread(target=_pump, args=(client, server, None)),
                threading.Thread(target=_pump, args=(server, client, told)),
            ]
            for pump in pumps[-2:]:
                pump.start()
    for pump in pumps:
        pump.join()


def _pump(source: socket.socket, target: socket.socket, told: Mapping[str, str | None] | None) -> None:
    with suppress(OSError), source.makefile("rb", buffering=0) as stream:
        if told is not None:
            _greet(stream, target, told)
        while part := stream.read(65536):
            target.sendall(part)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR if told is not None else socket.SHUT_WR)
    if told is not None:
        source.close()
        target.close()


def _greet(stream: RawIOBase, target: socket.socket, told: Mapping[str, str | None]) -> None:
    """Pass on the server's messages until it is ready."""
    kind, first = b"", _exactly(stream, 1)
    if first == b"N":  # no TLS, which pg8000 asks for
        target.sendall(first)
        first = _exactly(stream, 1)
    while kind != b"Z":
        header, first = (first or _exactly(stream, 1)) + _exactly(stream, 4), b""
        kind, (length,) = header[:1], struct.unpack("!i", header[1:])
        body = _exactly(stream, length - 4)
        if kind == b"Z":
            for name, value in told.items():
                if value is not None:
                    report = f"{name}\0{value}\0".encode()
                    target.sendall(b"S" + struct.pack("!i", len(report) + 4) + report)
        if not (kind == b"S" and body.split(b"\0")[0].decode() in told):
            target.sendall(header + body)


def _exactly(stream: RawIOBase, length: int) -> bytes:
    found = b""
    while len(found) < length:
        part = stream.read(length - len(found))
        if not part:
            raise OSError("the server is gone")
        found += part
    return found

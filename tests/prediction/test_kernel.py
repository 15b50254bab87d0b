"""What the kernel shows of a call in, what it is about out, wherever in memory that lies."""

from __future__ import annotations

import ctypes
import mmap
import os
import socket
import sys
import threading

import pytest

from alembic_contracts.prediction.containment.kernel import Asked, Peer
from alembic_contracts.prediction.containment.syscalls import CALLS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux shows it")
SERVER = "/tmp/server/.s.PGSQL.5432"
_kept: list[mmap.mmap] = []
"""What would be gone before it is read."""


def asked(name: str, content: bytes, argument: int, *, before_the_edge: int) -> Asked:
    """A call of this thread, of which an argument lies so many bytes before the end of a page."""
    memory = mmap.mmap(-1, 2 * mmap.PAGESIZE)
    _kept.append(memory)
    place = mmap.PAGESIZE - before_the_edge
    memory[place : place + len(content)] = content
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory)) + place
    arguments = [0] * 6
    arguments[argument], arguments[argument + 1] = address, len(content)
    return Asked(0, threading.get_native_id(), next(each for each in CALLS if each.name == name), tuple(arguments))


@pytest.mark.parametrize("before_the_edge", [1, 2, 3, 10, 27, 28, 200])
def test_an_address_is_read_as_a_whole(before_the_edge: int) -> None:
    address = socket.AF_UNIX.to_bytes(2, sys.byteorder) + os.fsencode(SERVER) + b"\0"
    call = asked("connect", address, 1, before_the_edge=before_the_edge)
    assert call.what(0, peers={Peer(socket.AF_UNIX, SERVER)}) is None
    assert call.what(0) == f"opens a connection of its own: {SERVER}"


@pytest.mark.parametrize("before_the_edge", [1, 2, 10, 200])
def test_a_path_is_read_as_a_whole(before_the_edge: int) -> None:
    number = next(each.path for each in CALLS if each.name == "openat")
    assert number is not None
    assert asked("openat", b"/tmp/trace\0", number, before_the_edge=before_the_edge).path == "/tmp/trace"

"""What a process asks its kernel for in, granted or refused out: Linux has another process decide (seccomp).

No right is needed for it, only a kernel from 5.0 on that lets it be used; where it does not, ``install()`` says so. It
holds whatever the process runs, C libraries included. The process that watches answers each call that could leave a
trace, so that it can be told. What Windows does not have is imported by those who use it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
import sys
from collections.abc import Collection, Iterator
from pathlib import PurePath

from msgspec import Struct

from alembic_contracts.prediction.containment.syscalls import ARCHITECTURES, CALLS, Call, Condition, Told

__all__ = ["Asked", "Peer", "answer", "ask", "die_with_parent", "install", "is_harmless"]

# <linux/seccomp.h>, <linux/filter.h>, <linux/prctl.h>
_ALLOW, _ERRNO, _NOTIFY = 0x7FFF0000, 0x00050000, 0x7FC00000
_SET_MODE_FILTER, _NEW_LISTENER = 1, 1 << 3
_NOTIFICATION = struct.Struct("=QIIiIQ6Q")
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_CONTINUE = 1
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NO_NEW_PRIVILEGES, _DIE_WITH_PARENT = 38, 1
_SIGKILL = 9
_NR, _ARCH, _ARGUMENTS = 0, 4, 16

Instruction = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def die_with_parent() -> None:
    """Have the kernel end this process as soon as that which it is a fork of has ended, where it can."""
    if os.uname().sysname == "Linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, _SIGKILL, 0, 0, 0)


def install(channel: int) -> int | None:
    """Have every call of this process that could leave a trace decided by whoever reads the file that is returned.

    Args:
        channel: the one socket that messages may be sent to.

    Returns:
        a file descriptor for :func:`ask`; None where the kernel does not offer it.
    """
    machine = os.uname().machine
    if os.uname().sysname != "Linux" or machine not in ARCHITECTURES:
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    program = list(_program(machine, channel))
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *each) for each in program))

    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return None
    given = _Program(len(program), ctypes.cast(code, ctypes.c_void_p))
    number = ARCHITECTURES[machine].seccomp
    listener: int = libc.syscall(number, _SET_MODE_FILTER, _NEW_LISTENER, ctypes.byref(given))
    return listener if listener >= 0 else None


def _program(machine: str, channel: int) -> Iterator[Instruction]:
    """Yield the filter: calls that are not in the list are allowed."""
    yield (_LOAD, 0, 0, _ARCH)
    yield (_EQUAL, 1, 0, ARCHITECTURES[machine].audit)
    yield (_RETURN, 0, 0, _ERRNO | errno.EPERM)  # calls in the way of another architecture
    for call in CALLS:
        number = call.number(machine)
        if number is not None:
            condition = Condition(0, other_than=channel) if call.name == "sendmsg" else call.condition
            block = [*_decision(condition), (_RETURN, 0, 0, _NOTIFY if call.told else _ERRNO | errno.ENOSYS)]
            yield (_LOAD, 0, 0, _NR)
            yield (_EQUAL, 0, len(block), number)
            yield from block
    if machine == "x86_64":  # the same calls by other numbers (x32)
        yield (_LOAD, 0, 0, _NR)
        yield (_ANY_BIT, 0, 1, 0x40000000)
        yield (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)
    yield (_RETURN, 0, 0, _ALLOW)


def _decision(condition: Condition | None) -> Iterator[Instruction]:
    """Yield what returns ALLOW where a condition does not hold."""
    if condition is None:
        return
    yield (_LOAD, 0, 0, _ARGUMENTS + 8 * condition.argument)
    if condition.any_of:
        yield (_ANY_BIT, 1, 0, condition.any_of)
    elif condition.none_of:
        yield (_ANY_BIT, 0, 1, condition.none_of)
    elif condition.other_than is not None:
        yield (_EQUAL, 0, 1, condition.other_than)
    yield (_RETURN, 0, 0, _ALLOW)


class Peer(Struct, frozen=True):
    """Whom a socket is connected to."""

    family: int
    address: str
    """A path, or an address in figures."""
    port: int = 0

    @classmethod
    def of_address(cls, raw: bytes) -> Peer:
        """Return what is meant by an address as the kernel takes it (``struct sockaddr``)."""
        family = int.from_bytes(raw[:2], sys.byteorder)
        if family == socket.AF_INET:
            return cls(family, socket.inet_ntop(family, raw[4:8]), int.from_bytes(raw[2:4], "big"))
        if family == socket.AF_INET6:
            return cls(family, socket.inet_ntop(family, raw[8:24]), int.from_bytes(raw[2:4], "big"))
        return cls(family, os.fsdecode(raw[2:].partition(b"\0")[0]))

    @classmethod
    def of_socket(cls, descriptor: int) -> Peer:
        """Return who is at the other end of a connection."""
        with socket.socket(fileno=os.dup(descriptor)) as connected:
            name = connected.getpeername()
            if connected.family == socket.AF_UNIX:
                return cls(connected.family, os.fsdecode(name))
            return cls(connected.family, name[0].partition("%")[0], name[1])


class Asked(Struct, frozen=True):
    """A call that waits for an answer."""

    id: int
    thread: int
    call: Call
    arguments: tuple[int, ...]

    @property
    def path(self) -> str:
        """The path that it is about; empty where it is about none, or it cannot be read."""
        if self.call.path is None:
            return ""
        return os.fsdecode(self._memory(self.arguments[self.call.path], _LONGEST, ends=b"\0").partition(b"\0")[0])

    def what(self, process: int, peers: Collection[Peer] = (), folders: Collection[str] = ()) -> str | None:
        """Return what the process is about to do, None where it leaves no trace, or may be done.

        Args:
            process: its number.
            peers: who it may connect to.
            folders: where it may write, as real paths.
        """
        if self.call.told == Told.SIGNALS:
            return None if self._goes_to(process) else Told.SIGNALS
        if self.call.name == "connect":
            return self._connects(peers)
        if (self.call.name == "socket" and self.arguments[0] & 0xFFFFFFFF in _INTERNET) or self._tries():
            return None
        path = self.path
        if self.call.told == Told.ENDS or (self.call.path is not None and (is_harmless(path) or self._fails(path))):
            return None
        if path and self.call.told != Told.RENAMES and self._is_in(folders):  # where to is another path
            return None
        separator = " " if self.call.told == Told.WRITES else ": "
        return f"{self.call.told}{separator}{path}" if path else self.call.told

    @property
    def is_fork(self) -> bool:
        """Whether it makes a copy of the process, as ``fork()`` of the C library does (musl: by the call itself)."""
        return self.call.name in ("fork", "clone")

    def ends(self, process: int) -> bool:
        """Whether it may be the process's last call."""
        return self.call.told == Told.ENDS or (self.call.told == Told.SIGNALS and self._goes_to(process))

    def _goes_to(self, process: int) -> bool:
        return self.arguments[0] & 0xFFFFFFFF in (process, self.thread) and self.call.name != "pidfd_send_signal"

    def _memory(self, address: int, length: int, *, ends: bytes | None = None) -> bytes:
        """Return what is at an address; ``ends``: with what it ends, behind which nothing may be there."""
        try:
            with open(f"/proc/{self.thread}/mem", "rb", buffering=0) as memory:  # noqa: PTH123 - nothing of a path
                memory.seek(address)
                page = _PAGE - address % _PAGE
                found = memory.read(min(page, length))
                is_whole = page >= length or (ends is not None and ends in found)
                return found if is_whole else found + memory.read(length - page)
        except OSError:
            return b""

    def _fails(self, path: str) -> bool:
        """Whether nothing would come of it, as in ``mkdir(exist_ok=True)`` and ``unlink(missing_ok=True)``."""
        exists = os.path.lexists(self._absolute(path))
        if self.call.told == Told.MAKES:
            return exists
        return self.call.told in (Told.REMOVES, Told.EMPTIES, Told.RENAMES, Told.CHANGES) and not exists

    def _absolute(self, path: str) -> str:
        """Return a path that leads there from this process as well."""
        index = self.call.path or 0
        folder = self.arguments[index - 1] & 0xFFFFFFFF if self.call.name.rstrip("2").endswith("at") else 0xFFFFFFFF
        base = "cwd" if folder > 0x7FFFFFFF else f"fd/{folder}"  # AT_FDCWD is negative
        return os.path.join(f"/proc/{self.thread}/{base}", path)  # noqa: PTH118 - may be absolute

    def _is_in(self, folders: Collection[str]) -> bool:
        """Whether its path leads into one of some folders, links in it followed."""
        return bool(folders) and os.path.realpath(self._absolute(self.path)).startswith(
            tuple(f"{folder}{os.sep}" for folder in folders)
        )

    def _connects(self, peers: Collection[Peer]) -> str | None:
        """Return what a connection to an address is; services of the machine that libraries ask are harmless."""
        peer = Peer.of_address(self._memory(self.arguments[1], min(self.arguments[2], 110)))
        path = peer.address if peer.family == socket.AF_UNIX else ""
        if peer in peers or path.startswith(_SERVICES):
            return None
        return f"{Told.CONNECTS}: {path}" if path else Told.CONNECTS

    def _tries(self) -> bool:
        """Whether it is a ``bind`` by which libraries find out what the machine has: to itself, at no certain port."""
        if self.call.name != "bind":
            return False
        own = Peer.of_address(self._memory(self.arguments[1], min(self.arguments[2], 110)))
        return own.family in _INTERNET and is_own_address(own.address, own.port)


_INTERNET = frozenset({socket.AF_INET, socket.AF_INET6})
"""A socket of these reaches nobody until it is connected, or sends."""
_PAGE = _LONGEST = 4096
"""Bytes of memory that are there or not as one, and of a path (``PATH_MAX``)."""
_SERVICES = ("/var/run/nscd/", "/run/nscd/", "/run/uuidd/", "/var/run/uuidd/")
"""Who answers there tells the names of users and numbers for UUIDs; without it the library finds out by itself."""


def is_own_address(host: object, port: object) -> bool:
    """Whether nobody is reached by being there: the machine itself, at a port that nobody knows (``urllib3`` tries)."""
    return host in ("127.0.0.1", "::1") and port == 0


def is_harmless(path: str) -> bool:
    """Whether writing there leaves no trace, or but what Python keeps for itself."""
    return path == os.devnull or "__pycache__" in PurePath(path).parts


def ask(listener: int) -> Asked | None:
    """Return a call that waits for an answer, None where it has gone away meanwhile."""
    import fcntl

    buffer = bytearray(_NOTIFICATION.size)
    try:
        fcntl.ioctl(listener, _RECEIVE, buffer)
    except OSError:
        return None
    id_, thread, _flags, number, _arch, _pointer, *arguments = _NOTIFICATION.unpack(buffer)
    machine = os.uname().machine
    call = next(call for call in CALLS if call.number(machine) == number)
    return Asked(id_, thread, call, tuple(arguments))


def answer(listener: int, asked: Asked, *, granted: bool) -> None:
    """Let a call be carried out, or fail as if the right to it were missing."""
    import fcntl

    response = struct.pack("=QqiI", asked.id, 0, 0 if granted else -errno.EACCES, _CONTINUE if granted else 0)
    try:
        fcntl.ioctl(listener, _SEND, bytearray(response))
    except OSError:  # it has been interrupted, and comes again
        return

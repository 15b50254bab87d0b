"""How a process speaks to the one that it is a copy of: few words, since each costs both of them."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest

from alembic_contracts.prediction.containment.limits import Limits
from alembic_contracts.prediction.containment.messages import END, FAULT, LAP, VALUES, Channel, Reader

TOKEN = b"0123456789abcdef"


@dataclass
class Held:
    """Counts how often a process is held to limits, in place of holding the tests to them."""

    times: int = 0

    def apply(self) -> None:
        self.times += 1


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def said(ours: socket.socket) -> list[tuple[bytes, Any]]:
    return list(Reader(TOKEN).feed(ours.recv(1 << 16)))


def test_what_is_held_goes_with_the_next_word_in_order(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    channel = Channel(theirs, TOKEN, cast("Limits", Held()))
    channel.hold("a")
    channel.hold("b")
    channel.lap("one.py", "c")
    channel.send("d")
    channel.hold("e")
    channel.end(None)
    assert said(ours) == [(LAP, ("one.py", "a", "b", "c")), (VALUES, ("d",)), (VALUES, ("e",)), (END, None)]


def test_what_is_held_is_told_before_a_failure(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    channel = Channel(theirs, TOKEN, cast("Limits", Held()))
    channel.hold("a")
    channel.end(ValueError("no"))
    assert [kind for kind, _ in said(ours)] == [VALUES, FAULT]


def test_work_that_takes_no_time_is_held_to_the_limits_of_what_came_before(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = ends
    held, now = Held(), [100.0]
    monkeypatch.setattr("alembic_contracts.prediction.containment.messages.monotonic", lambda: now[0])
    channel = Channel(theirs, TOKEN, cast("Limits", held))
    for _ in range(5):
        channel.lap("one.py")
    assert held.times == 1
    now[0] += 1
    channel.lap("two.py")
    assert held.times == 2
    assert [kind for kind, _ in said(ours)] == [LAP] * 6


class Unwilling:
    """A value that cannot be pickled."""

    def __reduce__(self) -> str:
        raise RecursionError


def test_a_value_that_cannot_be_told_leaves_those_after_it_what_they_are(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    channel = Channel(theirs, TOKEN, cast("Limits", Held()))
    shared, never_sent, later = ("shared",), tuple(f"never {n}" for n in range(50)), ("later",)
    channel.send(shared)
    with pytest.raises(RecursionError):
        channel.send((shared, never_sent, Unwilling()))
    channel.send((later, shared))
    channel.send((shared, later, never_sent))
    channel.end(None)
    first, second, third, end = said(ours)
    assert first == (VALUES, (shared,))
    assert second == (VALUES, ((later, shared),))
    assert third == (VALUES, ((shared, later, never_sent),))
    assert third[1][0][1] is second[1][0][0]
    assert end == (END, None)


def test_the_rest_of_a_message_that_was_cut_off_comes_first(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.settimeout(0.05)  # raises in the middle, as a signal's handler does
    channel = Channel(theirs, TOKEN, cast("Limits", Held()))
    large = "x" * (1 << 22)
    with pytest.raises(TimeoutError):
        channel.send(large)
    reader, heard = Reader(TOKEN), list[tuple[bytes, Any]]()
    ours.setblocking(False)

    def read() -> None:
        with contextlib.suppress(BlockingIOError):
            while data := ours.recv(1 << 16):
                heard.extend(reader.feed(data))

    for value in ("next", None):
        while True:
            read()
            try:
                channel.end(None) if value is None else channel.send(value)
            except TimeoutError:
                continue
            break
        read()
    assert not reader.garbled
    assert heard[0] == (VALUES, (large,))
    assert (END, None) in heard

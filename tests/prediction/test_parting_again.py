"""Copies of a process that part themselves: the last one that did goes on first."""

from __future__ import annotations

import os
from typing import Any

import pytest

from alembic_contracts.prediction.containment.limits import Limits
from alembic_contracts.prediction.containment.messages import Channel
from alembic_contracts.prediction.containment.parting import part
from alembic_contracts.prediction.containment.process import Listener, started
from tests.support.parting import ENDS, HERE, make_room_for, ways


def twice(channel: Channel) -> None:
    """Part, and part again in each of the ways."""
    outer = part(channel, "a")
    channel.send((outer, os.getpid()))
    inner = part(channel, "1")
    channel.send((outer, inner, os.getpid()))


def test_a_copy_that_parts_itself_goes_on_from_where_it_did_so_last() -> None:
    (first, second), *more = ways(twice, "2", "3").values
    assert first[0] == "a"
    assert [second[:2], *(each[:2] for (each,) in more)] == [("a", "1"), ("a", "2"), ("a", "3")]
    assert len({first[-1], second[-1], *(each[-1] for (each,) in more)}) == 4


def test_objects_that_were_sent_before_are_the_same_at_each_depth() -> None:
    one, two = tuple(range(1000, 1010)), tuple(range(2000, 2010))

    def body(channel: Channel) -> None:
        channel.send(one)
        outer = part(channel, "a")
        channel.send((outer, two))
        inner = part(channel, "1")
        channel.send((outer + inner, one, two, tuple(range(3000, 3010))))

    heard: list[Any] = []
    listener = Listener(heard=heard.append, refused=lambda *_: None, lasts=lambda: None)
    with started(body, Limits()) as watch:
        assert watch.until_the_end(listener) is None
        for value in ("2", "3"):
            watch.go_on(value)
            assert watch.until_the_end(listener) is None
    first, (_, second), *last = heard
    assert (first, second) == (one, two)
    assert [each[0] for each in last] == ["a1", "a2", "a3"]
    assert all(each[1] is first and each[2] is second for each in last)
    assert [each[3] for each in last] == [tuple(range(3000, 3010))] * 3


@pytest.mark.parametrize("room", [0, 1, 2, 3])
def test_without_room_for_more_copies_each_way_is_gone_once_at_most(room: int) -> None:
    def body(channel: Channel) -> None:
        make_room_for(room)
        twice(channel)

    said = ways(body, "2", "3", "4")
    found = ["".join(each[:-1]) for values in said.values for each in values]
    assert (
        found
        == {
            0: ["a", "a1"],
            1: ["a", "a1", "2", "21"],
            2: ["a", "a1", "a2", "3", "31", "4", "41"],
            3: ["a", "a1", "a2", "a3", "4", "41"],
        }[room]
    )
    assert said.ends == [None] * len(said.ends)
    assert said.refused == []


@pytest.mark.parametrize("end", ENDS)
def test_how_a_copy_of_a_copy_ends_is_how_the_process_does(end: str) -> None:
    act, reason = ENDS[end]

    def body(channel: Channel) -> None:
        channel.lap(HERE)
        part(channel, "a")
        channel.lap(HERE)
        if part(channel, "1") == "2":
            act()

    said = ways(body, "2", "never", limits=Limits(seconds=1.0))
    death = said.ends[-1]
    assert death is not None
    assert death.reason == reason
    assert said.ends[:-1] == [None]

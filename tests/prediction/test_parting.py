"""A process that parts: what comes before is done once, and what comes after is as if it had been done each time."""

from __future__ import annotations

import mmap
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from alembic_contracts.prediction.containment.limits import Limits
from alembic_contracts.prediction.containment.messages import Channel
from alembic_contracts.prediction.containment.parting import part
from alembic_contracts.prediction.containment.process import Listener, started
from tests.support.parting import ENDS, HERE, make_room_for, ways


def test_what_comes_before_is_done_once() -> None:
    def body(channel: Channel) -> None:
        channel.send(("before", os.getpid()))
        way = part(channel, "first")
        channel.send((way, os.getpid()))

    said = ways(body, "second", "third")
    (before, first), *more = said.values
    assert before[0] == "before"
    assert [first[0], *(name for ((name, _),) in more)] == ["first", "second", "third"]
    assert len({number for values in said.values for _, number in values}) == 4
    assert said.ends == [None, None, None]
    assert said.parted == [1, 0, 0]


def test_what_is_held_is_told_before_it_parts() -> None:
    def body(channel: Channel) -> None:
        channel.hold("before")
        channel.send(part(channel, "first"))

    said = ways(body, "second")
    assert said.values == [["before", "first"], ["second"]]
    assert said.parted == [1, 0]


def test_objects_that_were_sent_before_are_the_same_in_all_ways() -> None:
    shared = tuple(range(1000, 1010))

    def body(channel: Channel) -> None:
        channel.send(shared)
        way = part(channel, 1)
        own = tuple(range(way, way + 5))
        channel.send(own)
        channel.send((shared, own))

    (before, own, (again, own_again)), *others = ways(body, 2, 3).values
    assert before is again == shared
    assert own is own_again
    for way, (other, (there, other_again)) in enumerate(others, 2):
        assert there is before
        assert other is other_again == tuple(range(way, way + 5))


def test_a_large_value() -> None:
    """Larger than what a socket takes at once."""
    said = ways(lambda channel: channel.send(len(part(channel, ""))), "x" * 3_000_000, "y")
    assert said.values == [[0], [3_000_000], [1]]


def test_random_numbers_go_on_as_they_would_have() -> None:
    def body(channel: Channel) -> None:
        random.seed(7)
        part(channel, 1)
        channel.send(random.random())

    numbers = ways(body, 2, 3).values
    random.seed(7)
    assert numbers == [[random.random()]] * 3


def test_a_body_that_fails_in_a_later_way_raises() -> None:
    def body(channel: Channel) -> None:
        if part(channel, 1) == 2:
            raise LookupError("two")

    with pytest.raises(LookupError, match="two"):
        ways(body, 2)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("when", ["at once", "again"])
def test_how_a_copy_ends_is_how_the_process_does(end: str, when: str) -> None:
    act, reason = ENDS[end]
    line = act.__code__.co_firstlineno if end != "hangs" else None

    def body(channel: Channel) -> None:
        channel.lap(HERE)
        if part(channel, "at once") == when:
            act()

    said = ways(body, "again", "never", limits=Limits(seconds=1.0))
    death = said.ends[-1]
    assert death is not None
    assert death.reason == reason
    assert line is None or death.line == line
    assert said.ends[:-1] == ([] if when == "at once" else [None])


def test_no_process_outlives_the_context() -> None:
    numbers: list[int] = []

    def body(channel: Channel) -> None:
        channel.send(os.getpid())
        part(channel, 1)
        channel.send(os.getpid())
        threading.Event().wait()

    with started(body, Limits(seconds=1.0)) as watch:
        watch.until_the_end(Listener(heard=numbers.append, refused=lambda *_: None, lasts=lambda: None))
    assert len(numbers) == 2
    until = time.monotonic() + 5
    while any(map(runs, numbers)):
        assert time.monotonic() < until
        time.sleep(0.01)


def runs(number: int) -> bool:
    """Whether a process runs: nobody may have waited for it yet."""
    try:
        return Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("inherited", [True, False])
def test_it_parts_where_nobody_is_interested_in_the_end_of_processes(inherited: bool) -> None:
    def body(channel: Channel) -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        way = part(channel, 1)
        channel.send((way, signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN))

    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN if inherited else signal.SIG_DFL)
    try:
        said = ways(body, 2)
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert said.values == [[(1, True)], [(2, True)]]
    assert said.ends == [None, None]


def test_the_end_of_a_process_that_nobody_is_interested_in() -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        said = ways(lambda _channel: os._exit(3))
    finally:
        signal.signal(signal.SIGCHLD, before)
    (death,) = said.ends
    assert death is not None
    assert death.reason == "ended its process"


def test_what_a_script_has_signals_do_is_done_where_it_goes_on() -> None:
    def body(channel: Channel) -> None:
        def stop(_number: int, _frame: object) -> None:
            raise LookupError

        signal.signal(signal.SIGUSR1, stop)
        channel.send(os.getpid())
        way = part(channel, 1)
        try:
            os.kill(os.getpid(), signal.SIGUSR1)
        except LookupError:
            channel.send(way)

    heard: list[int] = []
    listener = Listener(
        heard=heard.append,
        refused=lambda *_: None,
        lasts=lambda: None,
        parted=lambda: os.kill(heard[0], signal.SIGUSR1),  # that which waits
    )
    with started(body, Limits()) as watch:
        assert watch.until_the_end(listener) is None
        watch.go_on(2)
        assert watch.until_the_end(listener) is None
    assert heard[1:] == [1, 2]


def test_it_does_not_part_while_a_timer_runs() -> None:
    def body(channel: Channel) -> None:
        signal.alarm(30)
        channel.send(part(channel, 1))

    said = ways(body, 2)
    assert said.values == [[1]]
    assert said.parted == []


@pytest.mark.parametrize("times", [0, 1])
def test_where_there_is_no_room_for_a_copy_the_process_itself_goes_on(times: int) -> None:
    def body(channel: Channel) -> None:
        make_room_for(times)
        channel.send((part(channel, 1), os.getpid()))
        os.kill(os.getpid(), 0)

    said = ways(body, 2, 3)
    assert [way for ((way, _),) in said.values] == [1, 2][: times + 1]
    assert said.ends == [None] * (times + 1)
    assert said.refused == []


def test_it_does_not_part_beside_another_thread() -> None:
    def body(channel: Channel) -> None:
        wait = threading.Event()
        threading.Thread(target=wait.wait, daemon=True).start()
        channel.send(part(channel, 1))

    said = ways(body, 2)
    assert said.values == [[1]]
    assert said.parted == []


def test_it_does_not_part_while_it_reads_a_file() -> None:
    def body(channel: Channel) -> None:
        with Path(__file__).open(encoding="utf-8") as file:
            channel.send(part(channel, file.readline()))

    said = ways(body, "again")
    assert len(said.values) == 1
    assert said.parted == []


def test_it_does_not_part_where_it_shares_memory() -> None:
    def body(channel: Channel) -> None:
        shared = mmap.mmap(-1, 1)
        channel.send(part(channel, shared[0]))

    said = ways(body, 2)
    assert said.values == [[0]]
    assert said.parted == []


def test_it_parts_where_every_process_shares_the_memory() -> None:
    with mmap.mmap(-1, 1) as shared:

        def body(channel: Channel) -> None:
            channel.send((part(channel, 1), shared[0]))

        assert ways(body, 2).values == [[(1, 0)], [(2, 0)]]


def test_it_does_not_part_in_an_event_loop() -> None:
    def body(channel: Channel) -> None:
        import asyncio

        async def work() -> None:
            channel.send(part(channel, 1))

        asyncio.run(work())

    said = ways(body, 2)
    assert said.values == [[1]]
    assert said.parted == []


@pytest.mark.skipif(sys.platform != "linux", reason="what forks is asked of Linux alone")
def test_what_forks_without_parting_is_refused_before_and_after() -> None:
    def fork(channel: Channel) -> None:
        try:
            process = os.fork()
        except OSError as error:
            channel.send(type(error).__name__)
        else:
            if process == 0:
                os._exit(0)
            channel.send("forked")

    def body(channel: Channel) -> None:
        fork(channel)
        part(channel, 1)
        fork(channel)

    said = ways(body, 2)
    assert said.values == [["PermissionError", "PermissionError"], ["PermissionError"]]
    assert said.refused == ["starts a process"] * 3

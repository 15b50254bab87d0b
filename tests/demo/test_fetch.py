"""The fetcher gets through a server that fails, throttles and hangs up, and through being killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from email.utils import formatdate
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from seed.fetch import choose
from tests.support.api import Api, Handler, body, cut, drop, status
from tests.support.museum import REPOSITORY, Museum

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IDS = list(range(1000, 1400))


@pytest.fixture
def api() -> Iterator[Api]:
    with Api(IDS) as api:
        yield api


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "data" / "objects.jsonl"


def arguments(api: Api, output: Path, *more: str) -> list[str]:
    quick = ["--rate", "79", "--backoff", "0.05"]
    return ["fetch", "--base-url", api.url, "--output", str(output), "--count", "40", *quick, *more]


def fetch(api: Api, output: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return Museum(REPOSITORY).quick_seed(*arguments(api, output, *more))


def ids_in(output: Path) -> list[int]:
    return [json.loads(line)["objectID"] for line in output.read_text(encoding="utf-8").splitlines()]


def path_of(object_id: int) -> str:
    return f"/objects/{object_id}"


def test_it_fetches_the_chosen_objects_once_each(api: Api, output: Path) -> None:
    done = Museum(REPOSITORY).seed(*arguments(api, output))
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"40 objects in {output}.\n"
    assert done.stderr == ""
    assert sorted(ids_in(output)) == sorted(choose(IDS, seed=7)[:40])
    assert Counter(api.paths) == Counter(map(path_of, ids_in(output)))
    assert "Vase – 1" in output.read_text(encoding="utf-8")


def test_the_choice_depends_on_the_seed_and_holds_the_smaller_one() -> None:
    assert choose(IDS, seed=7) == choose(reversed(IDS), seed=7)
    assert choose(IDS, seed=7)[:40] != choose(IDS, seed=8)[:40]
    assert sorted(choose(IDS, seed=7)) == IDS
    with_a_new_one = choose([*IDS, 5000], seed=7)
    with_a_new_one.remove(5000)
    assert with_a_new_one == choose(IDS, seed=7)


def test_a_second_run_asks_for_nothing_again_and_a_larger_one_for_the_rest(api: Api, output: Path) -> None:
    fetch(api, output)
    before = len(api.paths)
    assert fetch(api, output).returncode == 0
    assert len(api.paths) == before
    assert fetch(api, output, "--count", "50").returncode == 0
    assert len(api.paths) == 50
    assert sorted(ids_in(output)) == sorted(choose(IDS, seed=7)[:50])


def test_withdrawn_objects_are_replaced_and_remembered(api: Api, output: Path) -> None:
    order = choose(IDS, seed=7)
    api.withdrawn = set(order[:10]) | {order[41]}
    assert fetch(api, output).returncode == 0
    assert sorted(ids_in(output)) == sorted([*order[10:41], *order[42:51]])
    asked = len(api.paths)
    assert fetch(api, output, "--count", "41").returncode == 0
    assert api.paths[asked:] == [path_of(order[51])]


def test_fewer_objects_than_wanted_is_said(api: Api, output: Path) -> None:
    api.ids = IDS[:5]
    done = fetch(api, output)
    assert done.returncode == 0
    assert "no more than these 5 objects" in done.stdout


@pytest.mark.parametrize("misdeed", [status(500), status(503), status(429), status(403), drop, cut])
def test_passing_trouble_is_overcome(api: Api, output: Path, misdeed) -> None:
    for object_id in choose(IDS, seed=7)[:40:8]:
        api.misdeeds[path_of(object_id)] += [misdeed, misdeed]
    api.misdeeds["/objects"] += [misdeed]
    done = fetch(api, output)
    assert done.returncode == 0, done.stderr
    assert sorted(ids_in(output)) == sorted(choose(IDS, seed=7)[:40])
    assert len(api.paths) == 40 + 5 * 2


@pytest.mark.parametrize("in_words", [False, True])
def test_retry_after_holds_back_every_request(api: Api, output: Path, in_words: bool) -> None:
    throttled = path_of(choose(IDS, seed=7)[20])

    def refuse(handler: Handler) -> None:
        asked = formatdate(time.time() + 3, usegmt=True) if in_words else "2"
        handler.answer(429, {}, Retry_After=asked)

    api.misdeeds[throttled] += [refuse]
    done = fetch(api, output)
    assert done.returncode == 0, done.stderr
    assert "The API is busy or away: waiting" in done.stderr
    moments = [request.moment for request in api.requests]
    gap, at = max((later - earlier, earlier) for earlier, later in pairwise(moments))
    refused = next(request.moment for request in api.requests if request.path == throttled)
    assert gap > 1.5  # a date has whole seconds only
    assert 0 <= at - refused < 0.5  # what was under way already may still arrive


@pytest.mark.parametrize("path", ["/objects", path_of(choose(IDS, seed=7)[20])])
def test_a_pause_that_is_too_long_ends_the_run(api: Api, output: Path, path: str) -> None:
    api.misdeeds[path] += [status(429, Retry_After="86400")]
    done = fetch(api, output)
    assert done.returncode == 1
    assert "The API asks for a pause of more than 120 seconds." in done.stderr
    assert f"{len(ids_in(output))} objects are in {output}. The same command goes on from there." in done.stderr
    assert len(api.paths) < 35


def test_back_off_grows(api: Api, output: Path) -> None:
    api.misdeeds["/objects"] += [status(503)] * 4
    assert fetch(api, output, "--count", "1", "--backoff", "0.2").returncode == 0
    moments = [request.moment for request in api.requests if request.path == "/objects"]
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert len(gaps) == 4
    for gap, least in zip(gaps[1:], (0.4, 0.8, 1.6), strict=True):
        assert least - 0.02 < gap < least + 0.2 + 1.5  # jitter, and a slow machine


def test_the_rate_is_kept_also_with_retries(api: Api, output: Path) -> None:
    for object_id in IDS:
        api.misdeeds[path_of(object_id)] += [status(500), status(500)]
    assert fetch(api, output, "--backoff", "0").returncode == 0
    assert len(api.requests) == 1 + 40 * 3
    assert api.requests[-1].moment - api.requests[0].moment > 120 / 79 - 0.2


@pytest.mark.parametrize("answer", [b"<html>Are you a robot?</html>", b"[]", b'{"objectID": 1}', b"\xff"])
def test_an_answer_that_is_no_object_is_not_kept(api: Api, output: Path, answer: bytes) -> None:
    bad = choose(IDS, seed=7)[3]
    api.misdeeds[path_of(bad)] += [body(answer)]
    done = fetch(api, output)
    assert done.returncode == 1
    assert "1 of 40 objects could not be fetched" in done.stderr
    assert f"{api.url}/objects/{bad}" in done.stderr
    assert len(ids_in(output)) == 39
    assert fetch(api, output).returncode == 0
    assert bad in ids_in(output)
    assert len(api.paths) == 41


def test_a_server_that_is_down_ends_the_run_soon_and_keeps_what_is_there(api: Api, output: Path) -> None:
    assert fetch(api, output, "--count", "5").returncode == 0
    api.misdeeds["*"] += [lambda handler: handler.answer(200, {"objectIDs": IDS})] + [status(500)] * 1000
    done = fetch(api, output, "--retries", "1")
    assert done.returncode == 1
    assert "The API does not answer any more." in done.stderr
    assert "5 objects are in" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(ids_in(output)) == 5


def test_nobody_at_the_address(output: Path) -> None:
    with Api([]) as gone:
        pass
    done = fetch(gone, output, "--retries", "2")
    assert done.returncode == 1
    assert "Connection refused" in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_an_address_that_is_something_else(api: Api, output: Path) -> None:
    api.misdeeds["/objects"] += [body(b"{}")]
    done = fetch(api, output)
    assert done.returncode == 1
    assert "is it the address of the museum's API?" in done.stderr


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGINT])
def test_killed_and_resumed(api: Api, output: Path, way: signal.Signals) -> None:
    api.seconds = 0.5
    museum = Museum(REPOSITORY)
    # A shell that runs the tests in the background has them, and what they start, ignore SIGINT.
    heeding = "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    process = subprocess.Popen(
        [sys.executable, "-c", heeding + "runpy.run_module('seed', run_name='__main__')", *arguments(api, output)],
        cwd=museum.path,
        env=museum.variables(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (output.exists() and len(ids_in(output)) >= 10):
        time.sleep(0.005)
    process.send_signal(way)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == (-signal.SIGKILL if way is signal.SIGKILL else 1)
    assert b"Traceback" not in errors
    kept = ids_in(output)
    assert 10 <= len(kept) < 40
    asked_before = len(api.paths)
    api.seconds = 0
    done = fetch(api, output)
    assert done.returncode == 0, done.stderr
    assert sorted(ids_in(output)) == sorted(choose(IDS, seed=7)[:40])
    assert set(api.paths[asked_before:]).isdisjoint(map(path_of, kept))


def test_a_torn_line_is_removed_and_fetched_again(api: Api, output: Path) -> None:
    fetch(api, output)
    content = output.read_bytes()
    lost = ids_in(output)[-1]
    output.write_bytes(content[:-9])  # in the middle of the last object
    output.with_suffix(".withdrawn").write_bytes(b"1001\n10")
    asked = len(api.paths)
    assert fetch(api, output).returncode == 0
    assert output.read_bytes() == content
    assert api.paths[asked:] == [path_of(lost)]


@pytest.mark.parametrize("content", ["[1, 2]\n", "not JSON\n", "7\n", '{"id": 1}\n'])
def test_a_file_of_another_kind_is_left_alone(api: Api, output: Path, content: str) -> None:
    output.parent.mkdir()
    output.write_text(content, encoding="utf-8")
    done = fetch(api, output)
    assert done.returncode == 1
    assert "was not written by this command" in done.stderr
    assert output.read_text(encoding="utf-8") == content
    assert api.requests == []


def test_a_place_that_cannot_be_written_is_said(api: Api, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = fetch(api, tmp_path / "file" / "objects.jsonl")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: Cannot write ")


def test_what_was_fetched_can_be_loaded(api: Api, output: Path, migrated_museum: Museum) -> None:
    fetch(api, output)
    done = migrated_museum.seed("load", "--objects", str(output))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Loaded 40 objects into 8 tables")


def test_more_than_the_museum_allows_is_a_usage_error(api: Api, output: Path) -> None:
    assert fetch(api, output, "--rate", "100").returncode == 2
    assert api.requests == []

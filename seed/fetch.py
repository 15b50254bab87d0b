"""Fetches museum objects from the museum's public API, a little at a time and without being a burden.

The API (https://metmuseum.github.io/) needs no key and asks for at most 80 requests a second. ``/objects`` lists every
id, ``/objects/{id}`` gives one object, or 404 for some that the list still names.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click
import urllib3
from urllib3.util import Retry

from seed.progress import progress_bar, tell
from seed.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from urllib3.response import BaseHTTPResponse

__all__ = ["BASE_URL", "choose", "fetch"]

BASE_URL = "https://collectionapi.metmuseum.org/public/collection/v1"
DATA = Path(__file__).resolve().parent / "data"
MAX_RATE = 79
"""Requests a second; the museum asks for no more than 80."""
WORKERS = 8
TIMEOUT = urllib3.Timeout(connect=10, read=30)
RETRY_STATUSES = (403, 429, 500, 502, 503, 504)
"""403 as well: the museum's firewall answers with it, and with a page of HTML, when it takes a client for a robot."""
LONGEST_PAUSE = 120.0
"""Seconds; what a server asks for beyond that ends the run, which can be resumed later."""
WORTH_TELLING = 1.5
"""Seconds of waiting from which on somebody would wonder what is going on."""
FAILURES_IN_A_ROW = 10
"""After so many objects the API counts as down."""


class ApiError(Exception):
    """The API did not give an answer that makes sense, even after waiting; ``str()`` says which request and why."""


class TooBusyError(ApiError):
    """The API asks to be left alone for longer than anybody would wait."""


class Pace:
    """Spreads the requests of all threads evenly over time, and holds all of them back when the server asks for it."""

    def __init__(self, rate: float) -> None:
        self._interval = 1 / rate
        self._lock = threading.Lock()
        self._next_slot = 0.0
        self._held_until = 0.0
        self._stopped = threading.Event()

    def wait(self) -> None:
        """Sleep until this thread may send a request.

        Raises:
            ApiError: no more requests are wanted.
        """
        slot = -1.0
        while slot < self._held_until:  # again, if somebody called pause() meanwhile
            with self._lock:
                slot = max(self._next_slot, self._held_until, time.monotonic())
                self._next_slot = slot + self._interval
            if self._stopped.wait(max(0.0, slot - time.monotonic())):
                raise ApiError("The run was stopped.")

    def pause(self, seconds: float) -> None:
        """Let nobody send a request for so many seconds; tells the person who waits, if it is long."""
        with self._lock:
            until = time.monotonic() + seconds
            longer = until - max(self._held_until, time.monotonic())
            self._held_until = max(self._held_until, until)
        if longer > WORTH_TELLING:
            tell(f"The API is busy or away: waiting {seconds:.0f} s.")

    def stop(self) -> None:
        """Wake every thread that waits and let it fail, so that the program can end."""
        self._stopped.set()


class PacedRetry(Retry):
    """urllib3's retries, but a server in trouble holds back every thread instead of the one that found out."""

    pace: Pace

    @classmethod
    def with_pace(cls, pace: Pace, *, total: int, backoff: float) -> Self:
        """Return a policy of ``total`` retries, ``backoff`` seconds doubling each time, with as much jitter."""
        retry = cls(
            total=total,
            status_forcelist=RETRY_STATUSES,
            backoff_factor=backoff,
            backoff_max=LONGEST_PAUSE,
            backoff_jitter=backoff,
            raise_on_status=True,
        )
        retry.pace = pace
        return retry

    def new(self, **changes: Any) -> Self:
        """Return the policy for the next attempt, with the same pace."""
        retry = super().new(**changes)
        retry.pace = self.pace
        return retry

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        """Wait as long as the server asks for (``Retry-After``), else as long as the back-off says."""
        asked = self.get_retry_after(response) if response is not None else None
        if asked is not None and asked > LONGEST_PAUSE:
            raise TooBusyError(f"The API asks for a pause of more than {LONGEST_PAUSE:.0f} seconds.")
        self.pace.pause(max(asked or 0.0, self.get_backoff_time()))
        self.pace.wait()


@dataclass(frozen=True, slots=True)
class Api:
    """The museum's API at one address; safe to use from several threads."""

    base_url: str
    pool: urllib3.PoolManager
    pace: Pace

    def ids(self) -> list[int]:
        """Return the id of every object.

        Raises:
            ApiError: the API does not answer, or with something else.
        """
        answer = self._get("objects")
        ids = answer.get("objectIDs") if answer else None
        if not isinstance(ids, list) or not ids or not all(type(item) is int for item in ids):
            raise ApiError(f"{self.base_url}/objects does not list any ids; is it the address of the museum's API?")
        return ids

    def get(self, object_id: int) -> dict[str, Any] | None:
        """Return one object, None where the museum has none of this id.

        Raises:
            ApiError: the API does not answer, or with something else.
        """
        item = self._get(f"objects/{object_id}")
        if item is not None and item.get("objectID") != object_id:
            raise ApiError(f"{self.base_url}/objects/{object_id} is a different object")
        return item

    def _get(self, path: str) -> dict[str, Any] | None:
        url = f"{self.base_url}/{path}"
        self.pace.wait()
        try:
            response = self.pool.request("GET", url)
        except urllib3.exceptions.MaxRetryError as error:
            raise ApiError(f"{url}: {error.reason}") from error
        except urllib3.exceptions.HTTPError as error:
            raise ApiError(f"{url}: {error}") from error
        if response.status == 404:
            return None
        if response.status != 200:
            raise ApiError(f"{url}: HTTP status {response.status}")
        try:
            answer = json.loads(response.data)
        except ValueError as error:
            raise ApiError(f"{url}: the answer is not JSON") from error
        if not isinstance(answer, dict):
            raise ApiError(f"{url}: the answer is not a JSON object")
        return answer


def choose(ids: Iterable[int], seed: int) -> list[int]:
    """Return the ids in an order that looks random and depends on ``seed`` and each id alone.

    So a larger sample holds the smaller one, and a new object in the museum's list does not change all the others.
    """
    return sorted(set(ids), key=lambda item: hashlib.sha256(f"{seed}:{item}".encode()).digest())


@click.command(
    epilog="""\b
Examples:
  python -m seed fetch --count 100
  python -m seed load --objects seed/data/objects.jsonl
"""
)
@click.option(
    "--count", type=click.IntRange(min=1), default=3000, show_default=True, help="Objects to have in the end."
)
@click.option("--seed", type=int, default=7, show_default=True, help="Another number, other objects.")
@click.option("--rate", type=click.FloatRange(0.1, MAX_RATE), default=20, show_default=True, help="Requests a second.")
@click.option("--retries", type=click.IntRange(min=0), default=5, show_default=True, help="For one object.")
@click.option("--backoff", type=click.FloatRange(min=0), default=1.0, show_default=True, help="First pause in seconds.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=DATA / "objects.jsonl",
    help="One object a line.  [default: seed/data/objects.jsonl]",
)
@click.option("--base-url", default=BASE_URL, show_default=True, help="Address of the API.")
def fetch(*, count: int, seed: int, rate: float, retries: int, backoff: float, output: Path, base_url: str) -> None:
    """Fetch objects from the museum's public API.

    Which ones depends on --count and --seed alone. What is in the output file already counts and is not fetched again,
    so an interrupted run is resumed by the same command.
    """
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # it warns of every retry
    pace = Pace(rate)
    retry = PacedRetry.with_pace(pace, total=retries, backoff=backoff)
    headers = {"Accept": "application/json", "User-Agent": "alembic-contracts-demo"}
    with (
        urllib3.PoolManager(maxsize=WORKERS, block=True, retries=retry, timeout=TIMEOUT, headers=headers) as pool,
        Store(output) as store,
    ):
        api = Api(base_url.rstrip("/"), pool, pace)
        try:
            order = choose(api.ids(), seed)
            with progress_bar("Fetching", total=count, done=min(len(store.have), count)) as advance:
                failed = _fetch_all(api, store, order, count, advance)
        except ApiError as error:
            raise click.ClickException(f"{error}\n{_resume(store)}") from error
    _tell(store, count, failed)


def _fetch_all(api: Api, store: Store, order: list[int], count: int, advance: Callable[[int], None]) -> int:
    """Fetch in rounds, as ids that the museum has withdrawn are replaced by the next ones; return how many failed.

    Raises:
        ApiError: the API seems to be down.
    """
    failed: set[int] = set()
    while (missing := count - len(store.have) - len(failed)) > 0:
        unknown = [item for item in order if not store.knows(item) and item not in failed]
        if not unknown:
            break
        failed |= _fetch_round(api, store, unknown[:missing], advance)
    return len(failed)


def _fetch_round(api: Api, store: Store, ids: Collection[int], advance: Callable[[int], None]) -> set[int]:
    failed: set[int] = set()
    in_a_row = 0
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="fetch")
    try:
        futures = {pool.submit(api.get, item): item for item in ids}
        for future in as_completed(futures):
            try:
                item = future.result()
            except TooBusyError:
                raise
            except ApiError as error:
                failed.add(futures[future])
                in_a_row += 1
                tell(f"Skipped: {error}")
                if in_a_row == FAILURES_IN_A_ROW:
                    raise ApiError("The API does not answer any more.") from error
                continue
            in_a_row = 0
            if item is None:
                store.add_withdrawn(futures[future])
            else:
                store.add(item)
                advance(1)
    except BaseException:
        api.pace.stop()  # also when somebody presses Control-C: the threads must not sleep on
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    return failed


def _tell(store: Store, count: int, failed: int) -> None:
    """Say what came of it.

    Raises:
        click.ClickException: there are fewer objects than asked for.
    """
    have = len(store.have)
    if failed:
        raise click.ClickException(f"{failed:,} of {count:,} objects could not be fetched.\n{_resume(store)}")
    if have < count:
        click.echo(f"The museum has no more than these {have:,} objects.")
    click.echo(f"{have:,} objects in {store.file}.")


def _resume(store: Store) -> str:
    return f"{len(store.have):,} objects are in {store.file}. The same command goes on from there."

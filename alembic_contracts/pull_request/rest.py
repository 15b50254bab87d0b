"""A request to a code host's REST API in, its answer out, page by page where it has several.

The HTTP client is imported when there is something to ask: it comes with the extra ``github``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

__all__ = ["Service", "ServiceError"]

_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')
_SECONDS = 20


class ServiceError(Exception):
    """The code host refused, or does not answer; the message says what."""


class Service(Struct, frozen=True):
    """A code host."""

    name: str
    headers: Mapping[str, str]

    def pages(self, url: str | None) -> Iterator[dict[str, Any]]:
        """Yield the items of a list, those of its further pages as well.

        Raises:
            ServiceError: it is not to be had.
        """
        while url is not None:
            found, links = self._call("GET", url)
            yield from found
            following = _NEXT.search(links)
            url = following[1] if following else None

    def call(self, method: str, url: str, body: dict[str, str] | None = None) -> Any:
        """Return the answer to one request.

        Raises:
            ServiceError: there is none, or it is a refusal.
        """
        return self._call(method, url, body)[0]

    def _call(self, method: str, url: str, body: dict[str, str] | None = None) -> tuple[Any, str]:
        """Return the answer and its ``Link`` header. Reads that fail are tried again."""
        import urllib3

        retries = urllib3.Retry(
            total=2,
            backoff_factor=1,
            status_forcelist=(429, 500, 502, 503, 504),
            raise_on_status=False,
            respect_retry_after_header=False,  # it can ask for an hour, which no job should wait
        )
        headers = {"User-Agent": "alembic-contracts", **self.headers}
        pool = urllib3.PoolManager(retries=retries, timeout=_SECONDS)
        try:
            answer = pool.request(method, url, headers=headers, json=body)
            if answer.status >= 400:
                raise ServiceError(f"{self.name} answered {answer.status} to {method} {url}")
            return answer.json(), answer.headers.get("Link") or ""
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise ServiceError(f"{self.name} could not be asked: {error}") from error

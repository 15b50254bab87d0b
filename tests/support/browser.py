"""A headless Chromium, asked over its pipe: pages are opened, waited for in real time, and looked into.

Chromium's own ``--dump-dom`` waits for a virtual time, in which what other threads do takes no time at all: on a busy
machine it looks before WebAssembly is compiled.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import pytest

__all__ = ["Browser", "started"]

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECONDS = 60


@contextmanager
def started() -> Iterator[Browser]:
    """Start a Chromium; skip the test where there is none, or fail where ``ALEMBIC_CONTRACTS_NEED_CHROMIUM`` is set."""
    path = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if path is None:
        message = "there is no Chromium here (apt-get install chromium)"
        pytest.fail(message) if os.environ.get("ALEMBIC_CONTRACTS_NEED_CHROMIUM") else pytest.skip(message)
    with Browser(path) as browser:
        yield browser


class Browser:
    """One process with any number of pages, one after the other."""

    def __init__(self, path: str) -> None:
        self._profile = tempfile.mkdtemp(prefix="chromium-")
        there, self._to = os.pipe()
        self._from, back = os.pipe()
        options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={self._profile}"]
        options += ["--remote-debugging-pipe", "--allow-file-access-from-files"]
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$0" "$@" 3<&{there} 4>&{back}', path, *options],
            pass_fds=(there, back), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(there)
        os.close(back)
        self._read = b""
        self._count = 0
        self._session: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(SECONDS)
        os.close(self._to)
        os.close(self._from)
        shutil.rmtree(self._profile, ignore_errors=True)

    def open(self, address: str, *, until: str = "true", width: int = 1280, height: int = 1600) -> None:
        """Open a page in a window of this size and wait until it is loaded and an expression of JavaScript is true."""
        self._session = None
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self._ask("Page.navigate", url=address)
        self.wait(f"location.href !== 'about:blank' && document.readyState === 'complete' && ({until})")

    def wait(self, until: str) -> None:
        """Wait until an expression is true."""
        deadline = time.monotonic() + SECONDS
        while not self.value(f"Boolean({until})"):
            assert time.monotonic() < deadline, (
                f"{until} does not come true in\n{self.value('document.body.outerHTML')}"
            )
            time.sleep(0.05)

    def value(self, expression: str) -> Any:
        """Return what an expression is, as JSON carries it."""
        found = self._ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def _ask(self, method: str, **parameters: object) -> dict[str, Any]:
        self._count += 1
        message: dict[str, object] = {"id": self._count, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer["error"]
                return answer["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._read:
            readable, _, _ = select.select([self._from], [], [], SECONDS)
            assert readable, "Chromium does not answer"
            chunk = os.read(self._from, 65536)
            assert chunk, "Chromium has ended"
            self._read += chunk
        first, _, self._read = self._read.partition(b"\0")
        return json.loads(first)

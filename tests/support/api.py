"""A stand-in for the museum's public API on this machine, which can be told to misbehave."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Request:
    """A request that the server got."""

    path: str
    moment: float
    """When, by ``time.monotonic()``."""


@dataclass
class Api:
    """Serves the objects of ``ids`` at ``url``; runs while entered.

    ``misdeeds`` holds, by path, what to do with the first, second ... request for it in place of answering well. The
    path ``*`` stands for any request.
    """

    ids: list[int]
    withdrawn: set[int] = field(default_factory=set)
    misdeeds: dict[str, list[Callable[[Handler], None]]] = field(default_factory=lambda: defaultdict(list))
    requests: list[Request] = field(default_factory=list)
    seconds: float = 0.0
    """How long an answer takes."""

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.api = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/public/v1"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def paths(self) -> list[str]:
        """The paths of the requests for single objects, in the order in which they came."""
        return [request.path for request in self.requests if request.path != "/objects"]

    def next_misdeed(self, path: str) -> Callable[[Handler], None] | None:
        with self._lock:
            self.requests.append(Request(path, time.monotonic()))
            for waiting in (self.misdeeds[path], self.misdeeds["*"]):
                if waiting:
                    return waiting.pop(0)
        return None


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    api: Api

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that go away are what these tests are about."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        path = self.path.removeprefix("/public/v1")
        misdeed = self.server.api.next_misdeed(path)
        if misdeed is not None:
            misdeed(self)
            return
        time.sleep(self.server.api.seconds)
        if path == "/objects":
            self.answer(200, {"total": len(self.server.api.ids), "objectIDs": self.server.api.ids})
            return
        object_id = int(path.rpartition("/")[2])
        if object_id in self.server.api.withdrawn:
            self.answer(404, {"message": "ObjectID not found"})
        else:
            self.answer(200, {"objectID": object_id, "title": f"Vase – {object_id}"})

    def answer(self, status: int, body: object, **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
        """Say nothing."""


def status(code: int, **headers: str) -> Callable[[Handler], None]:
    """Answer with an error."""
    return lambda handler: handler.answer(code, {"message": "no"}, **headers)


def body(data: bytes) -> Callable[[Handler], None]:
    """Answer with 200 and something else than an object."""
    return lambda handler: handler.answer(200, data)


def drop(handler: Handler) -> None:
    """Close the connection without an answer."""
    handler.close_connection = True
    handler.connection.close()


def cut(handler: Handler) -> None:
    """Promise more than is sent, then close the connection."""
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"objectID": 1')
    handler.wfile.flush()
    handler.close_connection = True

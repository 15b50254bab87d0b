"""A server that plays the REST API of a place where pull requests are discussed, and git in a project."""

from __future__ import annotations

import json
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import Project

PER_PAGE = 2
"""Comments on a page."""


class Forge(Protocol):
    """What the server holds, and how it behaves."""

    url: str

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any, str]:
        """Return the status, the answer, and its header Link."""


@contextmanager
def served(forge: Forge, header: str, secret: str) -> Iterator[None]:
    """Serve at ``forge.url`` while the body runs; each request has to have the header."""

    class Handler(BaseHTTPRequestHandler):
        def do(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            assert self.headers[header] == secret
            status, answer, link = forge.answer(self.command, self.path, json.loads(self.rfile.read(size) or b"{}"))
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            if link:
                self.send_header("Link", link)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do  # noqa: N815

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    forge.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def page_of(comments: list[dict[str, Any]], url: str, path: str) -> tuple[int, Any, str]:
    """Answer with the page of comments that a path asks for, and where the next one is."""
    address, _, query = path.partition("?")
    page = int(dict(part.split("=") for part in query.split("&")).get("page", 1))
    more = page * PER_PAGE < len(comments)
    link = f'<{url}{address}?page={page + 1}>; rel="next"' if more else ""
    return 200, comments[(page - 1) * PER_PAGE : page * PER_PAGE], link


def git(project: Project, *arguments: str) -> str:
    """Run git in a project, and return what it printed."""
    names = ("-c", "user.name=t", "-c", "user.email=t@t.invalid", "-c", "commit.gpgsign=false")
    command = ["git", *names, *arguments]
    return subprocess.run(command, cwd=project.path, check=True, capture_output=True, text=True).stdout.strip()

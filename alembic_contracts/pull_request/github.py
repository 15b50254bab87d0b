"""A comment's text in, one comment on the pull request kept up to date out, by GitHub's REST API.

The HTTP client is imported when there is a comment to write: it comes with the extra ``github``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["GitHubError", "PullRequest", "keep_comment"]

_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')
_SECONDS = 20


class GitHubError(Exception):
    """GitHub refused; the message says what."""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """The pull request that a workflow runs for."""

    repository: str
    """``owner/name``."""
    number: int
    base: str
    """The branch that it is for."""
    from_fork: bool

    @classmethod
    def of_event(cls, environ: Mapping[str, str]) -> PullRequest | None:
        """Return it from a workflow's environment, None where that is not about a pull request."""
        path, repository = environ.get("GITHUB_EVENT_PATH"), environ.get("GITHUB_REPOSITORY")
        if not path or not repository:
            return None
        try:
            event = json.loads(Path(path).read_text(encoding="utf-8"))
            stated = event["pull_request"]
            head = (stated["head"].get("repo") or {}).get("full_name")
            return cls(repository, int(stated["number"]), str(stated["base"]["ref"]), head != repository)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None


def keep_comment(pull_request: PullRequest, text: str, marker: str, *, create: bool, api: str, token: str) -> str:
    """Put a text into the pull request's one comment of ours; returns what was done.

    Args:
        pull_request: where.
        text: the comment, which begins with the marker.
        marker: by which an earlier comment is found.
        create: whether to write one where there is none yet.
        api: ``GITHUB_API_URL``.
        token: a token that may write to pull requests.

    Raises:
        GitHubError: it is not allowed, or GitHub does not answer.
    """
    comments = f"{api}/repos/{pull_request.repository}/issues/{pull_request.number}/comments"
    for comment in _pages(f"{comments}?per_page=100", token):
        is_ours = str(comment.get("body") or "").startswith(marker)
        if is_ours and (comment.get("user") or {}).get("type") == "Bot":
            if comment["body"].strip() == text.strip():
                return "unchanged"
            url = f"{api}/repos/{pull_request.repository}/issues/comments/{comment['id']}"
            _call("PATCH", url, token, {"body": text})
            return "updated"
    if not create:
        return "none needed"
    _call("POST", comments, token, {"body": text})
    return "created"


def _pages(url: str | None, token: str) -> Iterator[dict[str, Any]]:
    while url is not None:
        found, links = _call("GET", url, token)
        yield from found
        following = _NEXT.search(links)
        url = following[1] if following else None


def _call(method: str, url: str, token: str, body: dict[str, str] | None = None) -> tuple[Any, str]:
    """Return the answer and its ``Link`` header. Reads that fail are tried again."""
    import urllib3

    retries = urllib3.Retry(
        total=2,
        backoff_factor=1,
        status_forcelist=(429, 500, 502, 503, 504),
        raise_on_status=False,
        respect_retry_after_header=False,  # it can ask for an hour, which no job should wait
    )
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "User-Agent": "alembic-contracts",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    try:
        answer = urllib3.PoolManager(retries=retries, timeout=_SECONDS).request(method, url, headers=headers, json=body)
        if answer.status >= 400:
            raise GitHubError(f"GitHub answered {answer.status} to {method} {url}")
        return answer.json(), answer.headers.get("Link") or ""
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise GitHubError(f"GitHub could not be asked: {error}") from error

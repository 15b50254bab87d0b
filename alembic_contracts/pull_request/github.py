"""A comment's text in, one comment on the pull request kept up to date out, by GitHub's REST API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from alembic_contracts.pull_request.rest import Service

__all__ = ["PullRequest", "keep_comment"]


class PullRequest(Struct, frozen=True):
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
        ServiceError: it is not allowed, or GitHub does not answer.
    """
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    github = Service("GitHub", headers)
    comments = f"{api}/repos/{pull_request.repository}/issues/{pull_request.number}/comments"
    for comment in github.pages(f"{comments}?per_page=100"):
        is_ours = str(comment.get("body") or "").startswith(marker)
        if is_ours and (comment.get("user") or {}).get("type") == "Bot":
            if comment["body"].strip() == text.strip():
                return "unchanged"
            url = f"{api}/repos/{pull_request.repository}/issues/comments/{comment['id']}"
            github.call("PATCH", url, {"body": text})
            return "updated"
    if not create:
        return "none needed"
    github.call("POST", comments, {"body": text})
    return "created"

"""A comment's text in, one comment on the merge request kept up to date out, by GitLab's REST API."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from msgspec import Struct

from alembic_contracts.pull_request.rest import Service

__all__ = ["MergeRequest", "keep_comment"]


class MergeRequest(Struct, frozen=True):
    """The merge request that a pipeline runs for."""

    api: str
    """``CI_API_V4_URL``."""
    project: str
    """The id of the project that it is for."""
    number: str
    base: str | None
    """The commit where its branch left the target branch."""
    from_fork: bool

    @classmethod
    def of_pipeline(cls, environ: Mapping[str, str]) -> MergeRequest | None:
        """Return it from a job's environment, None where that is not about a merge request."""
        api, number = environ.get("CI_API_V4_URL"), environ.get("CI_MERGE_REQUEST_IID")
        project = environ.get("CI_MERGE_REQUEST_PROJECT_ID") or environ.get("CI_PROJECT_ID")
        if not (api and number and project):
            return None
        source = environ.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID")
        base = environ.get("CI_MERGE_REQUEST_DIFF_BASE_SHA") or None
        return cls(api.rstrip("/"), project, number, base, from_fork=source not in (None, "", project))


def keep_comment(request: MergeRequest, text: str, marker: str, *, create: bool, token: str) -> str:
    """Put a text into the merge request's one comment of ours; returns what was done.

    Args:
        request: where.
        text: the comment, which begins with the marker.
        marker: by which an earlier comment is found.
        create: whether to write one where there is none yet.
        token: an access token with the scope ``api``, whose owner writes the comment.

    Raises:
        ServiceError: it is not allowed, or GitLab does not answer.
    """
    gitlab = Service("GitLab", {"PRIVATE-TOKEN": token})
    project, number = quote(request.project, safe=""), quote(request.number, safe="")
    notes = f"{request.api}/projects/{project}/merge_requests/{number}/notes"
    ours = gitlab.call("GET", f"{request.api}/user")["id"]
    for note in gitlab.pages(f"{notes}?per_page=100"):
        if str(note.get("body") or "").startswith(marker) and (note.get("author") or {}).get("id") == ours:
            if note["body"].strip() == text.strip():
                return "unchanged"
            gitlab.call("PUT", f"{notes}/{note['id']}", {"body": text})
            return "updated"
    if not create:
        return "none needed"
    gitlab.call("POST", notes, {"body": text})
    return "created"

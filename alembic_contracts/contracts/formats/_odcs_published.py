"""An ODCS document in, where it departs from the JSON Schema that is published for its version out.

Other tools refuse such a file; reading it here needs less. ``odcs_schemas`` has the schemas, and says where they are
from. A version between them is judged by the last schema of its minor version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from alembic_contracts.documents.document import Document
from alembic_contracts.documents.validation import validate
from alembic_contracts.errors import Problem
from alembic_contracts.support.suggestions import is_one_slip

__all__ = ["STATUSES", "departures", "misspelt_status"]

STATUSES = ("proposed", "draft", "active", "deprecated", "retired")
"""``status`` is free text; the standard names these."""
_ROLES = ("owner",)
"""``team.members[].role`` is free text; this one says who answers for the contract."""
_SCHEMAS = Path(__file__).with_name("odcs_schemas")
_BY_MINOR = {
    "3.0": "odcs-json-schema-v3.0.2.json",
    "3.1": "odcs-json-schema-v3.1.0.json",
    "3.2": "odcs-json-schema-v3.2.0.json",
}


def departures(document: Document) -> Iterator[Problem]:
    """Yield what other tools would refuse, and words that nobody reads as they are."""
    value = cast("Mapping[str, Any]", document.value)
    version = str(value["apiVersion"])
    published = _BY_MINOR.get(".".join(version.removeprefix("v").split(".")[:2]))
    if published is not None:
        for problem in validate(document, _SCHEMAS / published):
            yield problem._replace(message=f"not valid in ODCS {version}: {problem.message}")
    yield from _statuses(document, value)
    yield from _roles(document, value)


def misspelt_status(status: object) -> str | None:
    """Return the status that is meant where one is a letter wrong; it would be read as ``active`` without a word."""
    said = str(status).lower()
    return None if said in STATUSES else next((each for each in STATUSES if is_one_slip(said, each)), None)


def _statuses(document: Document, value: Mapping[str, Any]) -> Iterator[Problem]:
    status = value.get("status")
    if status is not None and str(status).lower() not in STATUSES:
        known = ", ".join(f"`{each}`" for each in STATUSES)
        yield document.problem("/status", f"the status {status!r} is none of {known}: it counts as `active`")


def _roles(document: Document, value: Mapping[str, Any]) -> Iterator[Problem]:
    team = value.get("team")
    members, at = (team.get("members"), "/team/members") if isinstance(team, dict) else (team, "/team")
    for position, member in enumerate(members if isinstance(members, list) else ()):
        role = str(member.get("role", "")) if isinstance(member, dict) else ""
        meant = next((each for each in _ROLES if is_one_slip(role.lower(), each)), None)
        if meant is not None:
            yield document.problem(f"{at}/{position}/role", f"the role {role!r} is not known; did you mean `{meant}`?")

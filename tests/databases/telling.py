"""A refusal in: each thing that it says of the database is held against what is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alembic_contracts.judging.aftermath import outcome, summary

if TYPE_CHECKING:
    from tests.databases.running import Ran

__all__ = ["is_told"]


def is_told(ran: Ran) -> None:
    """Hold each thing that a refusal says against what is there."""
    found = ran.report.aftermath
    differs = ran.before != ran.after
    if found is None or not found.started:
        assert not differs, ran.said
        assert "nothing was run" in str(ran.error)
        return
    said, ended = outcome(found), summary(found)
    assert " ".join(said.split()) in " ".join(ran.said.split())
    assert ended in str(ran.error)
    assert not found.unseen
    assert (found.before, found.now) == (ran.before.heads, ran.after.heads)
    lost = ran.before.definitions.get("t") != ran.after.definitions.get("t")
    assert ("t" in {name.name for name in found.changed}) == lost, said
    assert not (differs and re.search("none of its changes stay|database is unchanged", said)), said
    if not (found.applied or found.commits) and found.rest == "rolled back":
        assert not differs, said
    if differs:
        assert re.search("Committed and staying|committed by itself|already changed|may have changed", said), said
        assert "the transaction is rolled back" not in ended
    for revision, table in {"r2": "second", "r3": "third"}.items():
        if revision in found.applied:
            assert table in ran.after.tables, said
    if "What came after the last commit is rolled back" in said:
        assert "fourth" not in ran.after.tables or "committed by itself" in said
    if lost:
        assert found.rest in {"committed", "up to DDL", "partly"} or found.commits, said
        assert "has to come from a backup" in said or "SQL for the shape" in said or found.applied, said

"""An unproven revision in, what ``check`` gives by settling it out: by a replay from what the database has by then."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

from alembic_contracts.running.courses import Course, follow
from alembic_contracts.running.pending import Run
from alembic_contracts.running.settling import settled
from alembic_contracts.schemas.schema import Name
from benchmarks.histories import server
from benchmarks.histories.compare import differences, facts
from benchmarks.histories.scripts import Scripts
from benchmarks.histories.verdict import IGNORED, watched_tables

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext, RevisionStep

    from alembic_contracts.schemas.steps import Unproven

__all__ = ["settle"]


def settle(
    scripts: Scripts, url: str, revision: str, applied: Sequence[server.Applied], *, shadow_url: str | None = None
) -> dict[str, Any]:
    """Bring an empty database to right before a revision, have that one checked alone, and settle what is unproven.

    Args:
        scripts: the history.
        url: the database.
        revision: the one that is unproven.
        applied: what became of each revision on the server.
        shadow_url: the server to replay on; None: an embedded one.

    Returns:
        ``outcome``: what ``check`` says of settling it; ``wrong``: where what it then takes for certain is not what the
        server made of the revision.
    """
    failed = [step.revision for step in applied if step.error is not None]
    error, before = server.apply_at_once(scripts, url, failed, before=revision)
    if error is not None:
        return {"outcome": f"Not tried: {error}", "wrong": []}
    after = next(step.after for step in applied if step.revision == revision)
    course = _checked(scripts, url, revision, watched_tables(before, applied), shadow_url)
    outcome = next((notice.message for notice in course.notices), "Proven from what the database has.")
    dialect = scripts.database.dialect
    made = dict(facts(after.schema(), IGNORED, dialect))
    certain = not _doubts(course)
    found = [differences(dict(facts(p.after, IGNORED, dialect)), made) for p in course.predictions] if certain else []
    return {"outcome": outcome, "wrong": [str(difference) for each in found for difference in each]}


def _checked(scripts: Scripts, url: str, revision: str, watched: Collection[Name], shadow_url: str | None) -> Course:
    """Return the course of one revision from what a database has, settled if need be."""
    courses: list[Course] = []

    def plan(context: MigrationContext) -> list[RevisionStep]:
        environment = context.environment_context
        assert environment is not None
        steps = [step for step in scripts.steps() if step.revision.revision == revision]
        run = Run(environment=environment, context=context, steps=steps, arguments={}, connection=context.connection)
        course = follow(run, watched)
        doubts = _doubts(course)
        courses.append(settled(course, doubts, watched, shadow_url=shadow_url) if doubts else course)
        return []

    with scripts.engine(url).connect() as connection, redirect_stdout(None):
        scripts.run_online(scripts.isolated(connection), plan)
    return courses[0]


def _doubts(course: Course) -> list[Unproven]:
    ways = [(*prediction.unproven, prediction.cut) for prediction in course.predictions]
    return [doubt for way in ways for doubt in way if doubt is not None]

"""A project and a range of revisions in, its schema or its pending revisions out: what several commands begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from alembic_contracts import texts
from alembic_contracts.commands._shared import Project, range_of

if TYPE_CHECKING:
    from pathlib import Path

    from alembic.config import Config

    from alembic_contracts.reviews.plans import Plan
    from alembic_contracts.running.courses import Course
    from alembic_contracts.running.environments import Range
    from alembic_contracts.running.pending import Run
    from alembic_contracts.running.terms import Terms
    from alembic_contracts.schemas.schema import Schema

__all__ = ["planned", "schema_of"]


def planned(project: Project, values: dict[str, Any], *, single: bool = False) -> tuple[Terms, Range, tuple[Plan, ...]]:
    """Return what is pending, with what it is held to and the range that the options name.

    Args:
        project: whose it is.
        values: of the command's options.
        single: whether the command is about one database.

    Raises:
        CannotCheck: there are no contracts; revisions, env.py or the connection do not allow it.
    """
    from dataclasses import replace

    from alembic_contracts.reviews.plans import plans
    from alembic_contracts.running.terms import required
    from alembic_contracts.support import terminal

    config = project.config()
    terms = required(config)
    range_ = replace(range_of(values), snapshot=terms.settings.snapshot, single=single)
    with terminal.own_output("Predicting revision") as progress:
        return terms, range_, plans(config, terms, range_, progress)


def schema_of(config: Config, range_: Range, snapshot: Path) -> tuple[Schema, str]:
    """Return all tables of a project's database, or offline of what its migrations predict, and the dialect's name.

    Args:
        config: Alembic's configuration of the project.
        range_: which revisions, and whether to predict.
        snapshot: the file that predictions can start from.

    Raises:
        CannotCheck: env.py migrates several databases, or none can be told.
    """
    from dataclasses import replace

    from alembic_contracts.running import environments
    from alembic_contracts.running.courses import follow
    from alembic_contracts.support import terminal

    found: list[Course] = []
    with terminal.own_output("Predicting revision") as progress:

        def look(run: Run) -> None:
            found.append(follow(run, None, progress=progress))

        environments.visit(config, replace(range_, snapshot=snapshot, single=True), look)
    course = found[0]
    prediction = course.predictions[0]
    for doubt in prediction.unproven if range_.offline else ():
        click.echo(texts.line(f"unproven: {doubt.reason}"), err=True)
    if range_.offline and course.run.postponed is not None:
        click.echo(texts.line(f"note: {course.run.postponed}"), err=True)
    return (prediction.after if range_.offline else prediction.before), course.run.context.dialect.name

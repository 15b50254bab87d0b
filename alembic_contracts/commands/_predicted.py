"""A project and a range of revisions in, its schema or its pending revisions out: what several commands begin with."""

from __future__ import annotations

import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from alembic_contracts import texts
from alembic_contracts.commands._shared import Project, range_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from alembic.config import Config
    from sqlalchemy import Connection

    from alembic_contracts.dialects import Dialect
    from alembic_contracts.judging.violations import Report
    from alembic_contracts.reviews.plans import Plan
    from alembic_contracts.running.courses import Course
    from alembic_contracts.running.environments import Range
    from alembic_contracts.running.pending import Run
    from alembic_contracts.running.terms import Terms
    from alembic_contracts.schemas.schema import Name, Schema, Table
    from alembic_contracts.schemas.steps import Unproven

__all__ = ["PARTLY", "Seen", "checked", "partly", "planned", "schema_of", "told_of"]

PARTLY = 3
"""Exit code of what rests on a prediction that is not whole."""


def checked(config: Config, *, base: str | None = None, dialect: str | None = None) -> Report:
    """Return the report on all migrations, predicted without a database; the project's output goes to standard error.

    Args:
        config: Alembic's configuration of the project.
        base: the git ref whose contracts have to be kept as well.
        dialect: of the database, where env.py does not say which.

    Raises:
        CannotCheck: settings, contracts, revisions or env.py do not allow it.
    """
    from contextlib import redirect_stdout

    from alembic_contracts.running.check import CheckOptions, check
    from alembic_contracts.running.environments import Range

    with redirect_stdout(sys.stderr):
        return check(config, CheckOptions(range=Range(offline=True, dialect=dialect), base=base))


def planned(project: Project, values: dict[str, Any], *, single: bool = False) -> tuple[Terms, Range, tuple[Plan, ...]]:
    """Return what is pending, with what it is held to and the range that the options name.

    Args:
        project: whose it is.
        values: of the command's options.
        single: whether the command is about one database.

    Raises:
        CannotCheck: there are no contracts; revisions, env.py or the connection do not allow it.
    """
    from msgspec.structs import replace

    from alembic_contracts.reviews.plans import plans
    from alembic_contracts.running.terms import required
    from alembic_contracts.support import terminal

    config = project.config()
    terms = required(config)
    range_ = replace(range_of(values), snapshot=terms.settings.snapshot, single=single)
    with terminal.own_output("Predicting revision") as progress:
        return terms, range_, plans(config, terms, range_, progress)


class Seen(Struct, frozen=True, kw_only=True):
    """All tables of a database, or of what migrations predict."""

    schema: Schema
    dialect: Dialect
    database: str | None
    """What the database is called; None: there is none, or it has no name."""
    gaps: str
    """What ``partly`` says of what could not be predicted; it has been told one by one as well."""


def schema_of(config: Config, range_: Range, snapshot: Path, terms: Terms | None = None) -> Seen:
    """Return all tables of a project's database, or offline of what its migrations predict.

    Args:
        config: Alembic's configuration of the project.
        range_: which revisions, and whether to predict.
        snapshot: the file that predictions can start from.
        terms: whose tables are looked at as well where they are in other databases of the server.

    Raises:
        CannotCheck: env.py migrates several databases, or none can be told.
    """
    from msgspec.structs import replace

    from alembic_contracts.dialects.servers import is_like_mysql
    from alembic_contracts.running import environments, unheld
    from alembic_contracts.running.courses import follow
    from alembic_contracts.running.databases import name_of
    from alembic_contracts.support import terminal

    found: list[Course] = []
    beside: dict[Name, Table] = {}
    with terminal.own_output("Predicting revision") as progress:

        def look(run: Run) -> None:
            if range_.offline:
                unheld.require_shown(run)
            elif terms is not None and run.connection is not None and is_like_mysql(run.dialect.KIND):
                beside.update(_of_others(run.dialect, run.connection, terms.places(run.dialect), run.lock_timeout))
            found.append(follow(run, None, progress=progress))

        environments.visit(config, replace(range_, snapshot=snapshot, single=True), look)
    course = found[0]
    prediction = course.predictions[0]
    doubts = course.doubts if range_.offline else ()
    for doubt in doubts:
        click.echo(texts.line(f"unproven: {doubt.reason}"), err=True)
    if range_.offline and course.run.postponed is not None:
        click.echo(texts.line(f"note: {course.run.postponed}"), err=True)
    schema = prediction.after if range_.offline else prediction.before
    if not schema.tables.keys() >= beside.keys():
        schema = replace(schema, tables=MappingProxyType(dict(sorted({**beside, **schema.tables}.items()))))
    connection = course.run.connection
    database = None if connection is None else name_of(connection.engine.url)
    return Seen(schema=schema, dialect=course.dialect, database=database, gaps=partly(doubts))


def _of_others(
    dialect: Dialect, connection: Connection, places: Collection[Name], lock_timeout: float
) -> Mapping[Name, Table]:
    """Return tables of other databases of a server than the one that env.py connects to."""
    own = dialect.lookup(connection).casefold()
    others = [name for name in places if name.schema.casefold() not in ("", own)]
    return dialect.observe(connection, others, lock_timeout=lock_timeout).tables if others else {}


def partly(doubts: Sequence[Unproven]) -> str:
    """Return that something rests on a prediction that is not whole, and where it has its gaps; maybe nothing."""
    if not doubts:
        return ""
    places = [f"{d.location.file}:{d.location.line}" for d in doubts if d.location is not None]
    shown = f" ({', '.join(dict.fromkeys(places[:3]))}{' ...' if len(places) > 3 else ''})" if places else ""
    count = "1 operation" if len(doubts) == 1 else f"{len(doubts)} operations"
    return f"Only in part: the schema is a prediction, and {count} could not be worked out{shown}."


def told_of(gaps: str) -> int:
    """Say on standard error what ``partly`` returned; returns the exit code that goes with it."""
    if gaps:
        click.echo(texts.line(gaps), err=True)
    return PARTLY if gaps else 0

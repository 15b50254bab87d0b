"""A source of uses and a project in, what the source finds in the project's database out.

Where there is no project, as in a consumer's own repository, a committed snapshot stands in for the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts import dialects
from alembic_contracts.errors import CannotCheck
from alembic_contracts.inference import sources
from alembic_contracts.inference.asked import Asked
from alembic_contracts.running import environments
from alembic_contracts.running.courses import follow
from alembic_contracts.running.databases import name_of
from alembic_contracts.running.environments import Range
from alembic_contracts.running.terms import settings_of
from alembic_contracts.running.unheld import require_shown
from alembic_contracts.schemas import snapshots
from alembic_contracts.schemas.surroundings import DEFAULT_VERSION
from alembic_contracts.support.paths import shown

if TYPE_CHECKING:
    from alembic.config import Config

    from alembic_contracts.inference.uses import Found
    from alembic_contracts.running.pending import Run
    from alembic_contracts.schemas.schema import Schema
    from alembic_contracts.schemas.steps import Unproven
    from alembic_contracts.support.terminal import Progress

__all__ = ["Evidence", "Request", "gather"]


_GRAMMARS: Mapping[str, str] = {
    "sqlite": "sqlite",
    "mysql": "mysql",
    "mariadb": "mysql",
    "mssql": "tsql",
    "oracle": "oracle",
}
"""By kinds of databases the grammars of queries where nothing else is said; for others it is PostgreSQL's."""


class Request(Struct, frozen=True, kw_only=True):
    """What is asked of which source."""

    source: str
    inputs: tuple[str, ...]
    range: Range
    search_path: tuple[str, ...] | None = None
    """Where names without a schema are looked up; None: as the connection or the snapshot has it."""
    sql_dialect: str | None = None
    mapping: tuple[tuple[str, str], ...] = ()
    options: Mapping[str, tuple[str, ...]] = {}


class Evidence(Struct, frozen=True, kw_only=True):
    """What a source found, and the schema in which it looked things up."""

    found: Found
    schema: Schema
    dialect: dialects.Dialect
    database: str | None = None
    """What the database is called; None: there is none, or it has no name."""
    gaps: tuple[Unproven, ...] = ()
    """What could not be predicted of the schema."""


def gather(config: Config, request: Request, progress: Progress | None = None) -> Evidence:
    """Have a source look at what it is given.

    Args:
        config: Alembic's configuration of the project; it may have no migrations.
        request: which source, and what it is given.
        progress: told of every revision that has been predicted.

    Raises:
        CannotCheck: settings, env.py, the connection or what the source is given do not allow it.
    """
    source = sources.load(request.source)
    settings = settings_of(config)
    if not config.get_alembic_option("script_location"):
        return _of_snapshot(source, request, snapshots.read(settings.snapshot), shown(settings.snapshot))
    found: list[Evidence] = []

    def look(run: Run) -> None:
        found.append((_offline if run.connection is None else _online)(source, request, run, progress))

    environments.visit(config, replace(request.range, snapshot=settings.snapshot, single=True), look)
    return found[0]


def _of_snapshot(source: sources.Source, request: Request, snapshot: snapshots.Snapshot | None, file: str) -> Evidence:
    if snapshot is None:
        raise CannotCheck(
            f"There is nothing to look names up in: no Alembic project here, and no snapshot {file}. Copy the one of "
            "the repository that has the migrations (`alembic-contracts snapshot` writes it), or name it by the "
            "setting `snapshot`."
        )
    dialect = dialects.load(snapshot.dialect)
    asked = _asked(request, snapshot.schema, dialect, snapshot.server_version, snapshot.search_path)
    return Evidence(found=source.uses(asked), schema=snapshot.schema, dialect=dialect)


def _online(source: sources.Source, request: Request, run: Run, _progress: Progress | None) -> Evidence:
    dialect = run.dialect
    connection = run.connection
    assert connection is not None  # noqa: S101 - for type checkers
    schema = dialect.observe(connection, None, lock_timeout=run.lock_timeout)
    session = dialect.session(connection)
    path = tuple(each.replace("$user", session.user) for each in session.search_path)
    asked = replace(_asked(request, schema, dialect, session.server_version, path), connection=connection)
    name = name_of(connection.engine.url)
    return Evidence(found=source.uses(asked), schema=schema, dialect=dialect, database=name)


def _offline(source: sources.Source, request: Request, run: Run, progress: Progress | None) -> Evidence:
    require_shown(run)
    course = follow(run, None, progress=progress)
    prediction, snapshot = course.predictions[0], run.snapshot
    version = snapshot.server_version if snapshot is not None else DEFAULT_VERSION
    path = snapshot.search_path if snapshot is not None else (course.dialect.DEFAULT_SCHEMA,)
    asked = _asked(request, prediction.after, course.dialect, version, path)
    found = source.uses(asked)
    return Evidence(found=found, schema=prediction.after, dialect=course.dialect, gaps=course.doubts)


def _asked(
    request: Request, schema: Schema, dialect: dialects.Dialect, server_version: int, search_path: tuple[str, ...]
) -> Asked:
    return Asked(
        database=dialect.NAME,
        inputs=request.inputs,
        schema=schema,
        server_version=server_version,
        search_path=request.search_path or search_path,
        sql_dialect=request.sql_dialect or _GRAMMARS.get(dialect.KIND),
        mapping=request.mapping,
        options=request.options,
    )

"""Histories in, what the guard costs them out: real ``alembic upgrade`` processes with it and without, in turn.

Each is applied to an empty database, with a contract about every table that it has in the end: in one transaction, and
in one for each revision. Those that need more than their scripts to run through are left out.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa

from benchmarks.histories.catalogue import History
from benchmarks.histories.databases import new_database
from benchmarks.histories.fetch import Place
from benchmarks.measure import Usage, in_turn, run

__all__ = ["table"]

_ENV = '''\
"""Written by the benchmark: the history {name}, with what stands in for its application."""

import contextlib
import logging
import os
import sys
from pathlib import Path

sys.path.append({root!r})

import sqlalchemy as sa
import sqlalchemy.orm
from alembic import context

from benchmarks.histories import catalogue, stubs
from benchmarks.histories.fetch import Place

(history,) = catalogue.select([{name!r}], small=False)
place = Place(history, Path({cache!r}))
stubs.install(place.package, place.libraries, hollow=history.hollow, stub=history.stub, values=history.values)
os.environ.update(history.environ)
logging.disable(logging.CRITICAL)
sys.setrecursionlimit(5000)

if os.environ["GUARD"] == "on":
    from alembic_contracts import guard
else:
    guard = contextlib.nullcontext

url = sa.make_url(os.environ["DATABASE_URL"]).set(drivername=f"postgresql+{{history.driver}}")
metadata = sa.MetaData(naming_convention=dict(history.naming_convention) or None)
each = {{"transaction_per_migration": os.environ["EACH"] == "yes"}}
with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
    if history.isolation:
        connection = connection.execution_options(isolation_level=history.isolation)
    context.configure(connection=connection, target_metadata=metadata, **{{**each, **history.configure}})
    with context.begin_transaction(), guard(context):
        context.run_migrations()
'''
_SETTINGS = """\
[tool.alembic]
script_location = "%(here)s/migrations"
version_locations = {versions}
recursive_version_locations = {recursive}

[tool.alembic_contracts]
contracts = "contracts"
"""
_TABLES = """
SELECT relname FROM pg_catalog.pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT starts_with(relname, 'alembic')
"""
_ROOT = Path(__file__).parents[2]
_GENERATE = "import sys; from alembic_contracts.cli import main; sys.argv[0] = 'alembic-contracts'; main()"


def table(places: Mapping[History, Place], cache: Path, server_url: str, times: int) -> Iterator[str]:
    """Yield the lines of a table, one for each history that runs through.

    Args:
        places: where the histories are.
        cache: the folder that all of them are in.
        server_url: of a server with room for a database.
        times: how often each is applied in each way.
    """
    yield "| history | tables | not guarded: CPU, wall | guarded: CPU, wall | each revision by itself | guarded |"
    yield "|---|---|---|---|---|---|"
    for history, place in places.items():
        project = _Project(history, place, cache, server_url)
        if history.create_all or history.prepare or history.missing_extensions:
            continue  # an application does more than its scripts
        try:
            tables = project.write()
            whole, each = (project.measured(each, times) for each in ("no", "yes"))
        except SystemExit as error:
            why = "is refused by the guard" if "\nBroken: " in str(error) else "does not run through by itself"
            print(f"{history.name} {why}", file=sys.stderr)
            continue
        yield f"| {history.name} | {tables} | {' | '.join((*_shown(*whole), *_shown(*each)))} |"


def _shown(plain: Usage, guarded: Usage) -> Sequence[str]:
    beside = f"x {guarded.cpu / plain.cpu:.2f}, x {guarded.wall / plain.wall:.2f}"
    return f"{plain.cpu:.2f} s, {plain.wall:.2f} s", beside


class _Project:
    """A folder with a history's env.py, settings and contracts."""

    def __init__(self, history: History, place: Place, cache: Path, server_url: str) -> None:
        self._history, self._place, self._cache, self._server_url = history, place, cache, server_url
        self._folder = place.work / "timed"

    def write(self) -> int:
        """Write its files; returns how many contracts there are.

        Raises:
            SystemExit: the history does not run through.
        """
        (self._folder / "migrations").mkdir(parents=True, exist_ok=True)
        (self._folder / "contracts").mkdir(exist_ok=True)
        env = _ENV.format(name=self._history.name, root=str(_ROOT), cache=str(self._cache))
        (self._folder / "migrations" / "env.py").write_text(env, encoding="utf-8")
        versions, recursive = json.dumps(self._place.versions(self._history)), str(self._history.recursive).lower()
        settings = _SETTINGS.format(versions=versions, recursive=recursive)
        (self._folder / "pyproject.toml").write_text(settings, encoding="utf-8")
        for old in (self._folder / "contracts").iterdir():
            old.unlink()
        with new_database(self._server_url, "timed") as url:
            self._upgrade(url, guard="off", each="yes")
            engine = sa.create_engine(url, poolclass=sa.NullPool)
            with engine.connect() as connection:
                tables = sorted(connection.exec_driver_sql(_TABLES).scalars())
            command = [sys.executable, "-c", _GENERATE, "generate", *tables]
            environment = self._environment(url, guard="off", each="no")
            run(command, self._folder, environment, output=subprocess.DEVNULL)
        return len(tables)

    def measured(self, each: str, times: int) -> tuple[Usage, Usage]:
        """Return what an upgrade used, without the guard and with it."""

        def upgraded(guard: str) -> Usage:
            with new_database(self._server_url, "timed") as url:
                return self._upgrade(url, guard=guard, each=each)

        return in_turn(lambda: upgraded("off"), lambda: upgraded("on"), times)

    def _upgrade(self, url: str, **how: str) -> Usage:
        command = [sys.executable, "-m", "alembic", "upgrade", self._history.target]
        return run(command, self._folder, self._environment(url, **how))

    def _environment(self, url: str, *, guard: str, each: str) -> Mapping[str, str]:
        return {"DATABASE_URL": url, "GUARD": guard, "EACH": each, "PYTHONPATH": str(self._place.sqlalchemy)}

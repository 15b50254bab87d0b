"""A history's version scripts, ready to be run by Alembic without the application's own env.py."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import sqlalchemy.orm  # applications have imported it, and some scripts rely on that
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory

from alembic_contracts.running.revisions import upgrade_steps
from benchmarks.histories import stubs
from benchmarks.histories.catalogue import History
from benchmarks.histories.databases import Database
from benchmarks.histories.fetch import Place

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext, RevisionStep

__all__ = ["Scripts"]

Plan = Callable[["MigrationContext"], "Iterable[RevisionStep]"]


class Scripts:
    """The scripts of one history and how Alembic is set up for them.

    Making one changes this process for good (imports, environment variables): use a process for each.
    """

    def __init__(self, history: History, place: Place, database: Database) -> None:
        self.history, self.database = history, database
        self.stubbed = stubs.install(
            place.package, place.libraries, hollow=history.hollow, stub=history.stub, values=history.values
        )
        os.environ.update(history.environ)
        logging.disable(logging.CRITICAL)
        sys.setrecursionlimit(5000)
        self.directory = self._directory(place.versions(history))

    def at(self, versions: Sequence[Path]) -> Scripts:
        """Return the same history with its scripts in other folders."""
        other = copy(self)
        other.directory = self._directory([str(folder) for folder in versions])
        return other

    def _directory(self, versions: list[str]) -> ScriptDirectory:
        return ScriptDirectory(
            str(Path(versions[0]).parent),
            version_locations=versions,
            recursive_version_locations=self.history.recursive,
        )

    def steps(self) -> list[RevisionStep]:
        """Return the whole history in the order in which Alembic would apply it."""
        return upgrade_steps(self.directory, self.history.target, ())

    def prepare(self, connection: sa.Connection) -> None:
        """Create what the application creates before its first revision."""
        if self.history.create_all:
            module, _, attribute = self.history.create_all.partition(":")
            metadata: sa.MetaData = attrgetter(attribute)(import_module(module))
            metadata.create_all(connection)
        if self.history.prepare:
            connection.exec_driver_sql(self.history.prepare)

    def engine(self, url: str) -> sa.Engine:
        """Return an engine with the driver that the application uses."""
        return self.database.engine(url, self.history.driver)

    def isolated(self, connection: sa.Connection) -> sa.Connection:
        """Return the connection as the application would hand it to its migrations."""
        level: Any = self.history.isolation
        return connection.execution_options(isolation_level=level) if level else connection

    def run_online(self, connection: sa.Connection, plan: Plan) -> None:
        """Let Alembic apply what the plan returns."""
        self._run(plan, as_sql=False, connection=connection, transaction_per_migration=True)

    def run_as_sql(self, plan: Plan) -> None:
        """Let Alembic write what the plan returns as SQL, to nowhere."""
        name = self.database.name
        self._run(plan, as_sql=True, dialect_name=name, literal_binds=True, transaction_per_migration=True)

    def _run(self, plan: Plan, *, as_sql: bool, **arguments: Any) -> None:
        config = Config(output_buffer=io.StringIO(), stdout=io.StringIO())
        config.set_main_option("script_location", self.directory.dir)
        environment = EnvironmentContext(
            config,
            self.directory,
            fn=lambda _heads, context: plan(context),
            as_sql=as_sql,
            destination_rev=self.history.target,
        )
        metadata = sa.MetaData(naming_convention=dict(self.history.naming_convention) or None)
        with environment:
            environment.configure(target_metadata=metadata, **{**self.history.configure, **arguments})
            with environment.begin_transaction():
                environment.run_migrations()

"""Version scripts of a temporary project, predicted in this process and run for real."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory

from alembic_contracts.dialects import postgresql
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.scripts.predict import predict
from alembic_contracts.prediction.statements import execute
from alembic_contracts.schemas.schema import Name, Schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import sqlalchemy as sa

    from alembic_contracts.prediction.containment.limits import Limits
    from alembic_contracts.schemas.steps import Location, Operation, Prediction
    from tests.support.project import Project

TABLE = "CREATE TABLE t (id integer PRIMARY KEY, name text NOT NULL)"
"""What most scripts change."""


@dataclass
class Scripts:
    """The version scripts of a project; ``configure`` are options for ``context.configure()``."""

    project: Project
    configure: dict[str, Any] = field(default_factory=dict)

    def revision(self, name: str, upgrade: str, **options: Any) -> Path:
        """Write a version script (``Project.revision``)."""
        return self.project.revision(name, upgrade, **options)

    @contextmanager
    def _environment(self, **options: Any) -> Iterator[EnvironmentContext]:
        config = Config(toml_file=str(self.project.path / "pyproject.toml"))
        script = ScriptDirectory.from_config(config)
        with EnvironmentContext(config, script, **options) as environment:
            yield environment

    @contextmanager
    def _in_project(self) -> Iterator[None]:
        before = os.getcwd()  # noqa: PTH109 - os.chdir's own kind
        os.chdir(self.project.path)
        try:
            yield
        finally:
            os.chdir(before)

    def predict(
        self,
        *watched: str,
        setup: str = "",
        as_sql: bool = False,
        baseline: Callable[[], Catalog] | None = None,
        url: str = "postgresql+psycopg://",
        arguments: dict[str, Any] | None = None,
        inside: Callable[[EnvironmentContext], None] = lambda _environment: None,
        progress: Callable[[int], None] | None = None,
        rows_between_revisions: bool = False,
        limits: Limits | None = None,
        slow: Callable[[Location], None] | None = None,
    ) -> tuple[Prediction, ...]:
        """Predict all scripts without a database, on top of what ``setup`` makes; with limits, in another process.

        ``inside`` is called with the environment afterwards, while it is still the one that Alembic's proxies lead to.
        """

        def start() -> Catalog:
            catalog = Catalog()
            if setup:
                execute(catalog, setup)
            return catalog

        with self._in_project(), self._environment(as_sql=True, fn=lambda *_: []) as environment:
            environment.configure(url=url, **self.configure)
            predictions = predict(
                environment=environment,
                context=environment.get_context(),
                steps=environment.script._upgrade_revs("heads", "base"),
                run_arguments=arguments or {},
                baseline=baseline or start,
                watched={Name(*name.split(".")) for name in watched},
                as_sql=as_sql,
                progress=progress,
                rows_between_revisions=rows_between_revisions,
                limits=None if limits is None else lambda: limits,
                slow=slow,
            )
            inside(environment)
        return predictions

    def predict_online(self, connection: sa.Connection, *watched: str) -> tuple[Prediction, ...]:
        """Predict all scripts on top of what a database holds, which is only read."""
        with self._in_project(), self._environment(fn=lambda *_: []) as environment:
            environment.configure(connection=connection, **self.configure)
            return predict(
                environment=environment,
                context=environment.get_context(),
                steps=environment.script._upgrade_revs("heads", "base"),
                run_arguments={},
                baseline=lambda: Catalog(postgresql.observe(connection, None), complete=False),
                watched={Name(*name.split(".")) for name in watched},
                as_sql=False,
            )

    def run(self, connection: sa.Connection, arguments: dict[str, Any] | None = None) -> Schema:
        """Run all scripts for real and return the schema that they lead to, without Alembic's own table."""
        steps: Callable[..., Any] = lambda heads, _context: environment.script._upgrade_revs("heads", heads)  # noqa: E731
        with self._in_project(), self._environment(fn=steps) as environment:
            environment.configure(connection=connection, **self.configure)
            with environment.begin_transaction():
                environment.run_migrations(**(arguments or {}))
        return postgresql.observe(connection, None)


def operations(prediction: Prediction) -> list[Operation]:
    """All operations of all steps."""
    return [operation for step in prediction.steps for operation in step.operations]


def lines(prediction: Prediction) -> list[str]:
    """The source lines of all operations."""
    return [operation.location.source for operation in operations(prediction) if operation.location]


def reasons(prediction: Prediction) -> list[str]:
    """Why things are unproven."""
    return [unproven.reason for unproven in prediction.unproven]


def columns(prediction: Prediction, table: str) -> list[str] | None:
    """Names of a table's columns at the end, None where it is absent."""
    found = prediction.after.tables.get(Name(*table.split(".")))
    return None if found is None else [column.name for column in found.columns]


def the_only(predictions: Sequence[Prediction]) -> Prediction:
    """Return the one prediction that there is to be."""
    assert len(predictions) == 1
    return predictions[0]

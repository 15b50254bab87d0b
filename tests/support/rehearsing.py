"""Version scripts on SQLite: what is predicted of them, and what a real database in a file shows afterwards."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory

from alembic_contracts import dialects
from alembic_contracts.dialects.sqlite.fingerprints import fingerprint
from alembic_contracts.prediction.containment.limits import Limits
from alembic_contracts.running import remembered
from alembic_contracts.running.pending import Run
from alembic_contracts.running.rehearsals import copied, rehearsed
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from alembic_contracts.schemas.schema import Schema
    from alembic_contracts.schemas.steps import Prediction

ENV = """
import sqlalchemy as sa
from alembic import context

given = context.config.attributes
options = {"target_metadata": None, **given["options"]}
if context.is_offline_mode():
    context.configure(url=str(given["url"]), literal_binds=True, **options)
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = given["engine"]()
    with engine.connect() as connection:
        context.configure(connection=connection, **options)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()
"""
HEADER = """
import json
import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.orm import Session, declarative_base

revision = {revision!r}
down_revision = {down!r}
{extra}

def upgrade():
{upgrade}

def downgrade():
{downgrade}
"""


def body(text: str) -> str:
    return textwrap.indent(textwrap.dedent(text).strip() or "pass", "    ")


def recipe(engine: sa.Engine) -> sa.Engine:
    """SQLAlchemy's recipe for transactional DDL, with foreign keys on."""

    @sa.event.listens_for(engine, "connect")
    def connects(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=ON")

    @sa.event.listens_for(engine, "begin")
    def begins(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


class History:
    """A history of revisions r0, r1 ... in a folder, and a database in a file beside it."""

    def __init__(self, folder: Path, bodies: Sequence[str | tuple[str, str]], **options: Any) -> None:
        self.folder = folder
        (folder / "versions").mkdir()
        (folder / "env.py").write_text(ENV)
        (folder / "script.py.mako").write_text("")
        self.revisions: list[str] = []
        self.options = options
        self.changed: Callable[[sa.Engine], sa.Engine] = lambda engine: engine
        self.config = Config()
        self.config.set_main_option("script_location", str(folder))
        for each in bodies:
            self.add(each)

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder}/database.db"

    def add(self, text: str | tuple[str, str], *, extra: str = "") -> None:
        upgrade, downgrade = text if isinstance(text, tuple) else (text, "")
        down = self.revisions[-1] if self.revisions else None
        revision = f"r{len(self.revisions)}"
        (self.folder / "versions" / f"{revision}.py").write_text(
            HEADER.format(revision=revision, down=down, upgrade=body(upgrade), downgrade=body(downgrade), extra=extra)
        )
        self.revisions.append(revision)

    def engine(self) -> sa.Engine:
        return self.changed(sa.create_engine(self.url))

    def execute(self, *statements: str) -> None:
        engine = sa.create_engine(self.url)
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()

    def _attributes(self) -> None:
        self.config.attributes.update(options=self.options, engine=self.engine, url=self.url)

    def upgrade(self, revision: str) -> None:
        self._attributes()
        command.upgrade(self.config, revision)

    def downgrade(self, revision: str) -> None:
        self._attributes()
        command.downgrade(self.config, revision)

    def observed(self, tables: Collection[Name] | None = None) -> tuple[Schema, str]:
        """Return what the database has, and its fingerprint."""
        engine = self.engine()
        try:
            with engine.connect() as connection:
                return dialects.load("sqlite").observe(connection, tables), fingerprint(connection)
        finally:
            engine.dispose()

    def predicted(
        self,
        target: str = "head",
        *,
        tables: Collection[Name] | None = None,
        offline: bool = False,
        as_sql: bool = False,
        down: bool = False,
        fresh: bool = True,
        **run: Any,
    ) -> tuple[Prediction, ...]:
        """Return what is predicted from where the database is; offline: from nothing."""
        if fresh:
            remembered._known.clear()
        self._attributes()
        script = ScriptDirectory.from_config(self.config)
        found: list[tuple[Prediction, ...]] = []

        def foresee(heads: tuple[str, ...], migration: Any) -> list[Any]:
            steps = list(
                script._downgrade_revs(target, heads)
                if down
                else script._upgrade_revs(target, () if offline else heads)
            )
            given = Run(
                environment=environment,
                context=migration,
                steps=steps,
                arguments={},
                connection=None if offline or as_sql else migration.connection,
                as_sql=as_sql,
                **run,
            )
            start, dialect = copied(given), dialects.load("sqlite")
            predictions, kept = rehearsed(given, start, tables, dialect, progress=None, limits=Limits)
            if kept is not None and not any(each.unproven for each in predictions):
                kept.keep()  # as the run does once it is through
            found.append(predictions)
            return []

        is_written = offline or as_sql
        environment = EnvironmentContext(
            self.config,
            script,
            fn=foresee,
            as_sql=is_written,
            starting_rev="base" if is_written else None,
            destination_rev=target,
        )
        with environment:
            script.run_env()
        return found[0]


TABLE = """
op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.String(50), nullable=False))
"""


def columns(schema: Schema, name: str = "t") -> list[str]:
    table = schema.tables.get(Name("main", name))
    return [] if table is None else [column.name for column in table.columns]


def reasons(prediction: Prediction) -> list[str]:
    return [each.reason for each in prediction.unproven]


def lines(prediction: Prediction, step: int) -> list[str]:
    return [each.location.source for each in prediction.steps[step].operations if each.location is not None]

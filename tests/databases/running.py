"""A project that runs Alembic's commands in this process: what each said and raised, and what the database has then."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from msgspec import Struct
from sqlalchemy.engine.reflection import ObjectKind
from sqlalchemy.ext.asyncio import create_async_engine

import alembic_contracts
from alembic_contracts.judging.violations import Report
from tests.databases.table import Database
from tests.support.project import Project

__all__ = ["DEFAULT", "House", "Mode", "Ran", "State"]

ENV = """
from alembic import context

given = context.config.attributes["given"]


def migrate(connection=None):
    there = {"url": given.url, "literal_binds": True} if connection is None else {"connection": connection}
    context.configure(target_metadata=None, **there, **given.mode.options)
    with context.begin_transaction(), given.guard(context):
        context.run_migrations()


if context.is_offline_mode():
    migrate()
else:
    given.mode.connects(given.url, migrate)
"""

Connects = Callable[[str, Callable[[sa.Connection], None]], None]


class Mode(Struct, frozen=True):
    """How env.py connects, and what it passes to ``context.configure()``."""

    connects: Connects
    options: Mapping[str, Any] = {}


class State(Struct, frozen=True):
    """What another connection sees of a database."""

    tables: Mapping[str, tuple[str, ...]]
    """Their columns."""
    definitions: Mapping[str, str]
    """All that the Inspector shows of them."""
    heads: tuple[str, ...] | None
    """None: there is no version table."""


class Ran(Struct, frozen=True):
    """A command that is through."""

    output: str
    said: str
    error: Exception | None
    before: State
    after: State

    @property
    def report(self) -> Report:
        """The report of a refusal."""
        assert self.error is not None, self.said
        found = getattr(self.error, "report", None)
        assert isinstance(found, Report), self.error
        return found

    @property
    def broken(self) -> set[str]:
        """The rules that the refusal names."""
        return {part.rule for violation in self.report.violations for part in violation.parts}

    def passes(self) -> None:
        """Hold that nothing was found."""
        assert self.error is None, self.said
        assert "error[" not in self.said
        assert "warning[" not in self.said
        assert "unproven" not in self.said.lower()


class _Given(Struct):
    url: str
    mode: Mode
    guard: Callable[[Any], Any]


class House:
    """A project of a database's own, whose contract is about the table ``t``."""

    def __init__(self, database: Database, folder: Path, url: str) -> None:
        self.database, self.url = database, url
        self.project = Project.create(folder / "project", url)
        self.project.write("migrations/env.py", ENV)
        self.revision = self.project.revision
        self.mode = DEFAULT

    def contract(self, columns: Mapping[str, Any], *, about: Database | None = None, **stated: Any) -> None:
        """Have a contract; words with ``@`` are as the database has them that it is about."""
        about = about or self.database
        value = {
            "spec-version": "1.0.0",
            "name": "t",
            "namespace": "shop",
            "dataAssetResourceName": f"{about.kind}://db/shop.t",
            "owner": {"name": "Sales", "email": "sales@shop.org"},
            **{key: stated.pop(key) for key in ("compatibility",) if key in stated},
            "schema": {"table_name": "t", **stated, "properties": columns},
        }
        text = json.dumps(value)
        for name, word in about.words.items():
            text = text.replace(f'"@{name}"', json.dumps(word))
        assert "@" not in text.replace("sales@", "")
        self.project.contract("t", text)

    def upgrade(self, revision: str = "head", *, mode: Mode | None = None, guarded: bool = True, **more: Any) -> Ran:
        """Run ``alembic upgrade`` with an ``env.py`` in some mode."""
        output, said = io.StringIO(), io.StringIO()
        config = Config(toml_file=str(self.project.path / "pyproject.toml"), output_buffer=output)
        guard = alembic_contracts.guard if guarded else lambda _context: nullcontext()
        config.attributes["given"] = _Given(self.url, mode or self.mode, guard)
        before, error = self.state(), None
        with redirect_stdout(output), redirect_stderr(said):
            try:
                command.upgrade(config, revision, **more)
            except Exception as raised:  # noqa: BLE001 - what it is is for the test to say
                error = raised
        return Ran(output.getvalue(), said.getvalue(), error, before, self.state())

    def state(self) -> State:
        """What is there."""
        with sa.create_engine(self.url, poolclass=sa.NullPool).connect() as connection:
            inspector = sa.inspect(connection)
            columns = {name: found for (_, name), found in inspector.get_multi_columns(kind=ObjectKind.ANY).items()}
            tables = {name: tuple(column["name"] for column in found) for name, found in columns.items()}
            definitions = _definitions(inspector, columns)
            heads = None
            if tables.pop("alembic_version", None) is not None:
                rows = connection.execute(sa.text("SELECT version_num FROM alembic_version ORDER BY version_num"))
                heads = tuple(rows.scalars())
        return State(tables, definitions, heads)


def _definitions(inspector: sa.Inspector, columns: Mapping[str, Sequence[Any]]) -> dict[str, str]:
    shown = {
        name: [f"{c['name']} {c['type']!r} {c['nullable']} {c['default']} {c.get('computed')}" for c in found]
        for name, found in columns.items()
    }
    of_tables = (
        inspector.get_multi_pk_constraint(),
        inspector.get_multi_unique_constraints(),
        inspector.get_multi_foreign_keys(),
        inspector.get_multi_check_constraints(),
        inspector.get_multi_indexes(),
    )
    return {name: repr([found, [each.get((None, name)) for each in of_tables]]) for name, found in shown.items()}


# -- how env.py connects -----------------------------------------------------------------------------------------------


def plainly(url: str, migrate: Callable[[sa.Connection], None]) -> None:
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        migrate(connection)


def in_its_transaction(url: str, migrate: Callable[[sa.Connection], None]) -> None:
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        migrate(connection)


def in_autocommit(url: str, migrate: Callable[[sa.Connection], None]) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        migrate(connection)


def by_recipe(url: str, migrate: Callable[[sa.Connection], None]) -> None:
    with _told_to_begin(sa.create_engine(url, poolclass=sa.NullPool)).connect() as connection:
        migrate(connection)


def by_recipe_in_its_transaction(url: str, migrate: Callable[[sa.Connection], None]) -> None:
    with _told_to_begin(sa.create_engine(url, poolclass=sa.NullPool)).begin() as connection:
        migrate(connection)


def asynchronously(url: str, migrate: Callable[[sa.Connection], None]) -> None:
    asyncio.run(_async(url, migrate, recipe=False))


def asynchronously_by_recipe(url: str, migrate: Callable[[sa.Connection], None]) -> None:
    asyncio.run(_async(url, migrate, recipe=True))


async def _async(url: str, migrate: Callable[[sa.Connection], None], *, recipe: bool) -> None:
    backend = sa.make_url(url).get_backend_name()
    driver = {"postgresql": "psycopg", "sqlite": "aiosqlite"}[backend]
    engine = create_async_engine(sa.make_url(url).set(drivername=f"{backend}+{driver}"), poolclass=sa.NullPool)
    if recipe:
        _told_to_begin(engine.sync_engine)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


def _told_to_begin(engine: sa.Engine) -> sa.Engine:
    """SQLAlchemy's recipe for transactional DDL on SQLite."""

    @sa.event.listens_for(engine, "connect")
    def leave_to_us(driver: Any, _record: Any) -> None:
        driver.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


DEFAULT = Mode(plainly)

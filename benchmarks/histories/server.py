"""Applies a history to a real database, guarded off, and observes the schema after every revision."""

from __future__ import annotations

import re
import time
import traceback
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from contextlib import redirect_stdout
from copy import copy
from dataclasses import dataclass
from itertools import takewhile
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from alembic_contracts.schemas.schema import Name, Schema, Table, TypeDefinition
from benchmarks.histories.scripts import Scripts

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext, RevisionStep

    from alembic_contracts.dialects import Dialect

T = TypeVar("T")

__all__ = ["Applied", "Observed", "apply", "apply_at_once"]


@dataclass(frozen=True, slots=True)
class Observed:
    """A schema in a form that can be pickled; equal tables of one history are one object."""

    tables: dict[Name, Table]
    types: dict[Name, TypeDefinition]
    namespaces: frozenset[str]
    sequences: frozenset[Name]

    def schema(self) -> Schema:
        """Return it as the product has it."""
        return Schema(
            tables=MappingProxyType(self.tables),
            types=MappingProxyType(self.types),
            namespaces=self.namespaces,
            sequences=self.sequences,
        )


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one revision on the server."""

    revision: str
    file: str
    error: str | None
    """Why it failed; what it did was rolled back then."""
    after: Observed
    start: bytes
    """The database before it, as ``Database.saved`` has it."""
    is_start_all: bool
    """Whether it began from that alone: a script before it may have left a transaction open."""


class _Watch:
    """Observes again and again, and shares what stays the same."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._tables: dict[Name, Table] = {}
        self._types: dict[Name, TypeDefinition] = {}

    def observe(self, connection: sa.Connection) -> Observed:
        schema = self._dialect.observe(connection, None)
        self._tables = _shared(schema.tables, self._tables)
        self._types = _shared(schema.types, self._types)
        return Observed(self._tables, self._types, schema.namespaces, schema.sequences)


def _shared(new: Mapping[Name, T], old: dict[Name, T]) -> dict[Name, T]:
    known = {name: old[name] if old.get(name) == value else value for name, value in new.items()}
    return old if known == old else known


def apply(scripts: Scripts, url: str) -> tuple[Observed, list[Applied], float]:
    """Apply every revision; one that fails is rolled back, counted as applied, and the next one follows.

    Returns:
        the schema before, each revision's outcome, and the seconds that Alembic took in all.
    """
    engine = scripts.engine(url)
    _leave_out_extensions(engine, scripts.history.missing_extensions)
    with engine.connect() as connection:
        observer = connection.execution_options(isolation_level="AUTOCOMMIT")
        scripts.prepare(observer)
        run = _Run(scripts, observer, url)
        before = run.watch.observe(observer)
        while run.waiting:
            with engine.connect() as migrating, redirect_stdout(None):
                run.go_on(scripts.isolated(migrating))
    return before, run.applied, run.seconds


def apply_at_once(
    scripts: Scripts, url: str, left_out: Collection[str], *, before: str | None = None
) -> tuple[str | None, Observed]:
    """Apply all revisions but those that are left out, up to the first one that fails.

    Args:
        scripts: the history.
        url: an empty database.
        left_out: revisions that are marked as applied without being run.
        before: the revision to stop at; None: go on to the end.

    Returns:
        why one failed, if one did, and the schema afterwards.
    """
    engine = scripts.engine(url)
    _leave_out_extensions(engine, scripts.history.missing_extensions)
    steps = list(takewhile(lambda step: step.revision.revision != before, scripts.steps()))
    for step in steps:
        if step.revision.revision in left_out:
            step.migration_fn = _nothing
    error: str | None = None
    with engine.connect() as connection:
        observer = connection.execution_options(isolation_level="AUTOCOMMIT")
        scripts.prepare(observer)
        try:
            with engine.connect() as migrating, redirect_stdout(None):
                scripts.run_online(scripts.isolated(migrating), lambda _context: steps)
        except (Exception, SystemExit) as failure:  # noqa: BLE001 - whatever scripts raise is a result here
            error = f"{type(failure).__name__}: {str(failure)[:500]}"
        return error, _Watch(scripts.database.dialect).observe(observer)


class _Run:
    """One application of a history, in as few migration contexts as its failures allow."""

    def __init__(self, scripts: Scripts, observer: sa.Connection, url: str) -> None:
        self.scripts, self.watch, self._observer = scripts, _Watch(scripts.database.dialect), observer
        self._url, self._start = url, b""
        self.waiting = deque(scripts.steps())
        self.applied: list[Applied] = []
        self.seconds = 0.0
        self._error: str | None = None
        self._is_start_all = True
        self._types: dict[Any, Any] = {}
        self._resumed = 0.0

    def go_on(self, connection: sa.Connection) -> None:
        """Apply revisions until one fails or none is left."""
        if self._error is not None:
            self.scripts.database.restore(self._url, self._start)
        try:
            self.scripts.run_online(connection, self._steps)
        except (Exception, SystemExit) as error:
            if self._error is not None or not self.waiting:
                raise
            self.seconds += time.perf_counter() - self._resumed
            step = self.waiting[0]
            self._error = _description(error, step)
            step.migration_fn = _nothing

    def _steps(self, context: MigrationContext) -> Iterator[RevisionStep]:
        # What a context remembers of the types that it created, as it would in a run without a failure.
        context.impl.memo.update(self._types)
        while self.waiting:
            step = self.waiting[0]
            self._types = {key: copy(value) for key, value in context.impl.memo.items()}
            self._start = self.scripts.database.saved(self._url)
            self._is_start_all = not self.scripts.database.is_open(context.connection)
            self._resumed = time.perf_counter()
            yield step
            self.seconds += time.perf_counter() - self._resumed
            after = self.watch.observe(self._observer)
            revision = step.revision
            done = Applied(
                revision.revision, revision.path, self._error, after, self._start, is_start_all=self._is_start_all
            )
            self.applied.append(done)
            self._error = None
            self.waiting.popleft()


def _leave_out_extensions(engine: sa.Engine, names: Collection[str]) -> None:
    """Let creating an extension that the server does not have succeed; its types and functions are not there then."""
    if not names:
        return
    create = re.compile(rf"\s*CREATE\s+EXTENSION\b.*\b({'|'.join(names)})\b", re.IGNORECASE)

    @sa.event.listens_for(engine, "before_cursor_execute", retval=True)
    def leave_out(_c: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, _many: bool) -> tuple[str, Any]:
        return ("SELECT 1" if create.match(sql) else sql), parameters


def _nothing(**_arguments: object) -> None:
    """Stands in for the script of a revision that failed."""


def _description(error: BaseException, step: RevisionStep) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == step.revision.path]
    place = f" (line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {str(error)[:500]}{place}"

"""A body of code in, run without a real database, terminal or trace in Alembic's own state."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import alembic.op
from alembic.operations import Operations
from sqlalchemy import event
from sqlalchemy.engine import Connection, Dialect, Engine

from alembic_contracts.prediction.scripts.loading import fresh_module
from alembic_contracts.prediction.scripts.outline import Outline, running
from alembic_contracts.prediction.scripts.refusals import RealDatabaseReachedError
from alembic_contracts.support import modules

if TYPE_CHECKING:
    from types import ModuleType

    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import MigrationContext

__all__ = ["Lender", "alembic_leads_to", "isolated", "no_exit", "silent", "unheard"]


Lender: TypeAlias = Callable[..., Any]
"""Takes a dialect and what its driver would connect with, returns a connection in that one's place; None: there is
none."""


@contextmanager
def isolated(
    doubt: Callable[[str], None],
    folder: str,
    *,
    alone: bool = False,
    permitted: Engine | None = None,
    lends: Lender | None = None,
) -> Iterator[None]:
    """Let scripts run without a real database, and without a trace outside of the process.

    Afterwards the working directory, environment variables, import path, warning filters and the modules of the
    scripts' folder are what they were.

    Args:
        doubt: told of what was refused, also where a script catches the error.
        folder: Alembic's script location. Scripts see fresh copies of the modules in it, so that nothing that helpers
            of theirs keep leaks into the real run.
        alone: whether the process is for scripts alone, and ends after them.
        permitted: an engine that may connect.
        lends: connects others, whose pools keep what they are lent.
    """
    from alembic_contracts.prediction.scripts.outside import no_trace_outside

    with (
        warnings.catch_warnings(),
        _process_state(),
        _fresh_modules(folder),
        _no_real_database(doubt, permitted, lends or _nothing),
        no_trace_outside(doubt, alone=alone),
    ):
        yield


@contextmanager
def _fresh_modules(folder: str) -> Iterator[None]:
    """Take a folder's modules out of ``sys.modules`` and put them back afterwards."""
    kept = _modules_in(folder)
    for name in kept:
        del sys.modules[name]
    try:
        yield
    finally:
        for name in _modules_in(folder):
            del sys.modules[name]
        sys.modules.update(kept)


def _modules_in(folder: str) -> dict[str, ModuleType]:
    prefixes = tuple(f"{path}{os.sep}" for path in {Path(folder).absolute(), Path(folder).resolve()})
    return {name: module for name, module, file in modules.files() if file.startswith(prefixes)}


_STREAMS = ("stdin", "__stdout__", "__stderr__")
"""Those that ``contextlib`` does not redirect."""


@contextmanager
def silent() -> Iterator[None]:
    """Let scripts run without a word on the terminal or in the log, and without input."""
    disabled, originals = logging.root.manager.disable, {name: vars(sys)[name] for name in _STREAMS}
    logging.disable(logging.CRITICAL)
    try:
        with (
            Path(os.devnull).open("r+", encoding="utf-8") as nowhere,
            redirect_stdout(nowhere),
            redirect_stderr(nowhere),
        ):
            vars(sys).update(dict.fromkeys(_STREAMS, nowhere))
            yield
    finally:
        vars(sys).update(originals)
        logging.disable(disabled)


@contextmanager
def unheard() -> Iterator[None]:
    """Let Alembic and SQLAlchemy say nothing in this thread: to no log, and no warning."""
    named = logging.root.manager.loggerDict.copy().items()
    theirs = (each for name, each in named if name.partition(".")[0] in _LIBRARIES)
    loggers = [each for each in theirs if isinstance(each, logging.Logger)]  # others are to be one day
    quiet = _OfOthers(get_ident())
    for logger in loggers:
        logger.filters.insert(0, quiet)  # before others', which may do more than to filter
    try:
        with warnings.catch_warnings(record=True):
            yield
    finally:
        for logger in loggers:
            logger.removeFilter(quiet)


_LIBRARIES = ("alembic", "sqlalchemy")


class _OfOthers(logging.Filter):
    """Passes what other threads log."""

    def __init__(self, thread: int) -> None:
        super().__init__()
        self._thread = thread

    def filter(self, _record: logging.LogRecord) -> bool:
        return get_ident() != self._thread


@contextmanager
def no_exit() -> Iterator[None]:
    """Let ``os._exit()`` be an error where scripts run in a process that others need."""

    def refuse(status: int) -> NoReturn:
        raise SystemExit(f"os._exit({status})")

    exits, places = os._exit, [os, sys.modules["posix" if os.name == "posix" else "nt"]]
    for place in places:
        vars(place)["_exit"] = refuse
    try:
        yield
    finally:
        for place in places:
            vars(place)["_exit"] = exits


@contextmanager
def _process_state() -> Iterator[None]:
    directory, environment, import_path = Path.cwd(), dict(os.environ), list(sys.path)
    try:
        yield
    finally:
        sys.path[:] = import_path
        if dict(os.environ) != environment:
            os.environ.clear()
            os.environ.update(environment)
        if Path.cwd() != directory:
            os.chdir(directory)


def _nothing(*_: Any) -> None:
    """Lend nothing."""


@contextmanager
def _no_real_database(doubt: Callable[[str], None], permitted: Engine | None, lends: Lender) -> Iterator[None]:
    """Refuse connections of engines that are not the recorder's, new ones and those that wait in a pool."""
    from alembic_contracts.prediction.scripts.outside import unwatched

    own = frozenset[Dialect]() if permitted is None else frozenset({permitted.dialect})
    may_be_used = {*own}

    def refusal(verb: str, dialect: Dialect) -> RealDatabaseReachedError:
        what = f"{verb} a database connection of its own ({dialect.name}+{dialect.driver})"
        doubt(f"the script {what}")  # whatever it does with the error, it would not get one in the real run
        return RealDatabaseReachedError(what)

    def refuse_connecting(dialect: Dialect, _record: Any, positional: Any, named: Any) -> Any:
        if dialect in own:
            with unwatched():
                return dialect.connect(*positional, **named)
        lent = lends(dialect, positional, named)
        if lent is None:
            raise refusal("opens", dialect)
        may_be_used.add(dialect)
        return lent

    def refuse_pooled(connection: Connection) -> None:
        if connection.dialect not in may_be_used and not getattr(connection.dialect, "sends_nothing", False):
            connection.close()
            raise refusal("uses", connection.dialect)

    # SQLAlchemy turns these flags on when the first listener comes, and never off again.
    flags = [(owner, vars(owner).get("_has_events")) for owner in (Engine, Dialect)]
    event.listen(Engine, "do_connect", refuse_connecting)
    event.listen(Engine, "engine_connect", refuse_pooled)
    try:
        yield
    finally:
        event.remove(Engine, "do_connect", refuse_connecting)
        event.remove(Engine, "engine_connect", refuse_pooled)
        for owner, flag in flags:
            if flag is None:
                del owner._has_events  # noqa: SLF001
            else:
                owner._has_events = flag  # noqa: SLF001


@contextmanager
def alembic_leads_to(environment: EnvironmentContext, context: MigrationContext, *, as_sql: bool) -> Iterator[None]:
    """Make ``alembic.op`` and ``alembic.context`` lead to another migration context, and put everything back.

    What scripts print through Alembic's configuration goes where ``sys.stdout`` does meanwhile. Those of which there is
    an outline run where another one asks for more of them.
    """
    before, options, proxy = environment._migration_context, environment.context_opts, vars(alembic.op).get("_proxy")  # noqa: SLF001 - there is no public way to swap them
    operations, config = Operations(context), environment.config
    stdout, config.stdout = config.stdout, sys.stdout
    environment._migration_context = context  # noqa: SLF001
    environment.context_opts = {**options, "as_sql": as_sql}
    operations._install_proxy()  # noqa: SLF001
    try:
        with running(Outline.whole or fresh_module):
            yield
    finally:
        operations._remove_proxy()  # noqa: SLF001
        if proxy is not None:
            proxy._install_proxy()  # noqa: SLF001
        config.stdout = stdout
        environment.context_opts = options
        environment._migration_context = before  # noqa: SLF001

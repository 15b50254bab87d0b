"""A migration context in, what the guard relies on in Alembic and SQLAlchemy and does not find there out.

None of it is documented as a hook but ``on_version_apply`` and SQLAlchemy's events, so a new version may do otherwise.
Settings and contracts are imported where something is missing.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from alembic.runtime import migration as alembics
from alembic.util import CommandError
from sqlalchemy.engine import Connection

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

__all__ = [
    "WATCH",
    "database_of",
    "failure",
    "goes_on_regardless",
    "is_ours",
    "kind_of",
    "make_ours",
    "missing",
    "not_guarded",
    "said_once",
    "warn",
]

WATCH = "_alembic_contracts_watch"
"""Attribute of a context for who watches it: running.watch."""
_OWN = ("_migrations_fn", "on_version_apply_callbacks")
"""Attributes of the context itself, which are replaced while it is watched."""
_OF_CONTEXT = (
    "_has_version_table",
    "_in_external_transaction",
    "as_sql",
    "config",
    "connection",
    "environment_context",
    "get_current_heads",
    "impl",
    "opts",
    "run_migrations",
    "script",
)
_OF_STEP = ("from_revisions", "is_downgrade", "is_upgrade", "migration_fn", "revision", "to_revisions")
_EVENTS = ("after_cursor_execute", "before_cursor_execute", "commit", "prepare_twophase", "rollback")


_OURS = "_alembic_contracts_rehearses"


def make_ours(migration: MigrationContext) -> None:
    """Mark a migration context in which nothing real is migrated."""
    vars(migration)[_OURS] = True


def is_ours(migration: MigrationContext) -> bool:
    """Whether a migration context is one that nobody has to guard."""
    return _OURS in vars(migration)


def missing(migration: MigrationContext) -> list[str]:
    """Return what is not there; every name is one that a person can search for."""
    return [*_missing_of_context(migration), *_missing_events()]


def _missing_of_context(migration: MigrationContext) -> Iterator[str]:
    for name in (*_OWN, *_OF_CONTEXT):
        if name not in vars(migration) if name in _OWN else not hasattr(migration, name):
            yield f"alembic.runtime.migration.MigrationContext.{name}"


def _missing_events() -> Iterator[str]:
    for name in _EVENTS:
        if not hasattr(Connection.dispatch, name):
            yield f"sqlalchemy.events.ConnectionEvents.{name}"


def database_of(migration: MigrationContext) -> str | None:
    """Return what ``guard()`` was told that a context's database is called."""
    return getattr(vars(migration).get(WATCH), "database", None)


def kind_of(steps: Sequence[Any]) -> str:
    """Return ``revisions``, ``stamps`` (or nothing), or what else the steps are that Alembic is about to take."""
    revision, stamp = (getattr(alembics, name, ()) for name in ("RevisionStep", "StampStep"))
    if all(isinstance(step, stamp) for step in steps):
        return "stamps"
    each_kind = {type(step): step for step in steps}.values()
    if all(isinstance(step, revision) and all(hasattr(step, name) for name in _OF_STEP) for step in each_kind):
        return "revisions"
    return f"steps of a kind that guard() does not know ({', '.join(sorted({type(step).__name__ for step in steps}))})"


def not_guarded(migration: MigrationContext, why: str) -> None:
    """Refuse a run that cannot be followed, or say loudly that it is not where the settings ask for no more.

    Commands that change nothing (``current``, ``check``) and projects without contracts are left alone.

    Raises:
        alembic.util.CommandError: it must not go on.
    """
    from alembic_contracts.running import report_file, terms

    config = getattr(migration, "config", None)
    if getattr(migration, "opts", {}).get("dont_mutate") or config is None or terms.read(config) is None:
        return
    reason = f"{why}. So this run is not guarded; what it has committed by now, `alembic current` shows."
    goes_on = goes_on_regardless(reason)
    report_file.begin(getattr(migration, "environment_context", None)).failed(reason, goes_on=goes_on)
    if not goes_on:
        raise failure(f"Data contracts could not be checked.\n{reason}")


def failure(message: str) -> CommandError:
    """Return an error of ours; its ``report`` is None, as there is none."""
    error = CommandError(message)
    error.report = None  # type: ignore[attr-defined] # an exception may have attributes of its own
    return error


class _Said(logging.Filter):
    """Leaves out one record of a message, and nothing afterwards."""

    message: str | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is to be written."""
        if record.getMessage() != self.message:
            return True
        self.message = None
        return False


_SAID = _Said()
"""The one that there is, however often something is refused in a process: a logger takes a filter once."""


def said_once(error: BaseException, migration: MigrationContext) -> None:
    """Have Alembic say an error of ours once: it logs it as well, and where logs go to the terminal that is twice.

    With ``--quiet`` it is the log alone that says it.
    """
    config = getattr(migration, "config", None)
    quiet = config is None or config.messaging_opts.get("quiet", False)
    if isinstance(error, CommandError) and hasattr(error, "report") and not quiet:
        _SAID.message = str(error)
        logging.getLogger("alembic.util.messaging").addFilter(_SAID)


def warn(text: str) -> None:
    """Say something that must not be missed, whatever becomes of logs."""
    sys.stderr.write(f"warning: {text}\n")
    sys.stderr.flush()


def goes_on_regardless(reason: str) -> bool:
    """Return whether a run goes on that could not be checked, which is said then."""
    if os.environ.get("ALEMBIC_CONTRACTS_ENFORCE") != "report":
        return False
    sys.stderr.write(f"Data contracts could not be checked, and ENFORCE=report goes on all the same.\n{reason}\n")
    return True

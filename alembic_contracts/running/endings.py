"""A run that guard() let through in, whether what it did is committed in the end out, and a warning where it never is.

Its last commit comes after guard(): Alembic's, or one of env.py where that began the transaction itself.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from alembic_contracts.judging.aftermath import Earlier, at
from alembic_contracts.running import hooks

if TYPE_CHECKING:
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy.engine import Connection

    from alembic_contracts.running.ledger import Ledger
    from alembic_contracts.running.upgrade import Upgrade

__all__ = ["before", "follow", "note"]


class _Ending:
    """What becomes of one run."""

    def __init__(self, upgrade: Upgrade, name: str) -> None:
        self._name = name
        self._before, self._after = tuple(sorted(upgrade.heads)), tuple(sorted(upgrade.applied[-1].heads))
        self._state: Literal["committed", "open", "rolled back"] = "committed"
        self._is_meant = False
        """Whether it was rolled back before the connection was closed, which then ended another transaction."""

    def value(self) -> Earlier:
        return Earlier(self._name, self._before, self._after, self._state)

    @property
    def is_over(self) -> bool:
        return self._state != "open"

    def watch(self, connection: Connection, ledger: Ledger) -> None:
        """Follow the connection until its transaction ends."""
        self._ledger: Ledger | None = ledger
        self._commits_at_ddl, self._has_committed = ledger.commits_at_ddl, bool(ledger.found)
        self._partly = ledger.partly
        self._state = "open"
        watched = connection.info.setdefault(_WATCHED, [])
        for over in [each for each in watched if each.is_over]:
            over.leave(connection)
            watched.remove(over)
        watched.append(self)
        for name, listener in self._listeners().items():
            event.listen(connection, name, listener)
        pool = connection.engine.pool
        if not event.contains(pool, "reset", _reset):
            event.listen(pool, "reset", _reset)
        atexit.register(self._at_exit)

    def leave(self, connection: Connection) -> None:
        """Follow the connection no longer: a test suite may migrate a database of each of its tests with the same."""
        for name, listener in self._listeners().items():
            if event.contains(connection, name, listener):
                event.remove(connection, name, listener)

    def _listeners(self) -> dict[str, Callable[..., None]]:
        return {"commit": self._committed, "commit_twophase": self._committed, "rollback": self._rolled_back}

    def _committed(self, *_: Any) -> None:
        if self._state == "open":
            self._ended("committed")

    def _rolled_back(self, *_: Any) -> None:
        if self._state == "open" and self._ledger is not None:
            # A driver's own commit() is not told to anybody.
            with suppress(SQLAlchemyError):
                committed = self._ledger.is_committed()
                self._ended("committed" if committed else "rolled back")
        elif self._state == "rolled back":
            self._is_meant = True

    def _ended(self, state: Literal["committed", "rolled back"]) -> None:
        self._state, self._ledger = state, None
        atexit.unregister(self._at_exit)

    def reset(self, reset_state: Any) -> None:
        """Warn where the connection is closed with the transaction open: Connection.close() has rolled it back."""
        if self._state != "committed":
            if self._state == "open" or (reset_state.transaction_was_reset and not self._is_meant):
                self._warn()
            self._ended("rolled back")

    def _at_exit(self) -> None:
        if self._state == "open":
            self._warn()

    def _warn(self) -> None:
        what, stays = "nothing of this upgrade was", ""
        if self._commits_at_ddl:
            what = "the end of this upgrade was not"
            stays = " What changed the schema is there all the same, and the version table may not say so."
        elif self._has_committed:
            what = "the end of this upgrade was not"
            stays = " What a script has committed itself is there all the same, and the version table may not say so."
        elif self._partly:
            what = "the end of this upgrade was not"
            stays = (
                " What changed the schema before its transaction began is there all the same, and the version table "
                "does not say so: put it back or, where all of it is there, `alembic stamp` it before the next upgrade."
            )
        hooks.warn(
            f"{what} committed: {self._name} was brought from {at(self._before)} to {at(self._after)} in a "
            f"transaction that ended without a commit.{stays} Where env.py executes anything on the connection before "
            "context.configure(), Alembic leaves the commit to env.py: add connection.commit() after the migrations, "
            "or execute it within a transaction of its own."
        )


_WATCHED = "alembic_contracts.endings"
"""In ``Connection.info``, which goes with the driver's connection: the runs whose transaction it may still be in."""


def _reset(_driver: Any, record: Any, reset_state: Any) -> None:
    for ending in record.info.pop(_WATCHED, ()) if record is not None else ():
        ending.reset(reset_state)


_ENDINGS: WeakKeyDictionary[EnvironmentContext, list[Callable[[], Earlier]]] = WeakKeyDictionary()
"""The runs of each env.py that is being executed, in their order."""


def follow(upgrade: Upgrade, name: str) -> None:
    """Find out what becomes of a run that was let through.

    Args:
        upgrade: the run.
        name: what people know its database by.
    """
    environment = upgrade.migration.environment_context
    if environment is None or upgrade.commits is None or not upgrade.applied or upgrade.migration.connection is None:
        return
    ending = _Ending(upgrade, name)
    if not upgrade.committed and (upgrade.commits.commits_at_ddl or not upgrade.commits.loose):
        ending.watch(upgrade.migration.connection, upgrade.commits)
    _ENDINGS.setdefault(environment, []).append(ending.value)


def note(migration: MigrationContext, name: str, heads: tuple[str, ...], after: tuple[str, ...]) -> None:
    """Note a run that was held to nothing, so that nobody looks what becomes of it.

    Args:
        migration: its context.
        name: what people know its database by.
        heads: where it began.
        after: where it ended.
    """
    if migration.environment_context is not None:
        found = Earlier(name, tuple(sorted(heads)), tuple(sorted(after)), "unheld")
        _ENDINGS.setdefault(migration.environment_context, []).append(lambda: found)


def before(migration: MigrationContext) -> tuple[Earlier, ...]:
    """Return the runs that the same env.py has made before, with what has become of them by now."""
    environment = migration.environment_context
    return tuple(ending() for ending in _ENDINGS.get(environment, ())) if environment is not None else ()

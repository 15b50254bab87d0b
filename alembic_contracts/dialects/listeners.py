"""An engine in, those who listen to it out: they may do something to a connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

__all__ = ["EVENTS", "is_users", "listen", "listeners_of", "own_listeners_of"]

EVENTS = (
    "begin",
    "commit",
    "rollback",
    "savepoint",
    "rollback_savepoint",
    "release_savepoint",
    "engine_connect",
    "before_execute",
    "before_cursor_execute",
)
"""Events of an engine whose listeners may do something to the connection."""
_DEEPEST = 3
"""Wrappers that SQLAlchemy puts around a listener: for its arguments, what it returns, and its being called once."""


def is_users(listener: object) -> bool:
    """Whether a listener of an engine is none that SQLAlchemy gives each of them."""
    return _users_part(listener, _DEEPEST) is not None


def _users_part(listener: object, deepest: int) -> Callable[..., Any] | None:
    """Return what a user wants to be called, which SQLAlchemy may have wrapped; None: nothing there is a user's."""
    module = str(getattr(listener, "__module__", ""))
    if not callable(listener) or module.startswith("alembic_contracts."):
        return None
    if not module.startswith("sqlalchemy."):
        return listener
    if not deepest:
        return None
    for cell in getattr(listener, "__closure__", None) or ():
        with suppress(ValueError):  # it is empty
            found = _users_part(cell.cell_contents, deepest - 1)
            if found is not None:
                return found
    return None


def listen(target: Engine | Connection, name: str, listener: Callable[..., Any]) -> None:
    """Have a listener, as SQLAlchemy calls it, listen to another engine or connection as well."""
    if name.startswith("before_"):  # it may return another statement
        event.listen(target, name, listener, retval=True)
    else:
        event.listen(target, name, listener)


def listeners_of(engine: Engine) -> Iterator[Callable[..., Any]]:
    """Yield what users want to be called when something happens to a connection, and may do something to it."""
    told = [*engine.pool.dispatch.connect, *engine.pool.dispatch.checkout]
    for name in EVENTS:
        told.extend(getattr(engine.dispatch, name))
    for listener in told:
        found = _users_part(listener, _DEEPEST)
        if found is not None:
            yield found


def own_listeners_of(connection: Connection) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield events with what users want to be called for one connection alone, as SQLAlchemy calls it."""
    for name in EVENTS:
        local = getattr(getattr(connection.dispatch, name), "local", ())
        yield from ((name, listener) for listener in tuple(local) if is_users(listener))

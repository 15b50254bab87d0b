"""An engine in, those who listen to it out: they may do something to a connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

__all__ = ["EVENTS", "is_users", "listeners_of"]

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


def is_users(listener: object) -> bool:
    """Whether a listener of an engine is none that SQLAlchemy gives each of them."""
    return not str(getattr(listener, "__module__", "")).startswith("sqlalchemy.")


def listeners_of(engine: Engine) -> Iterator[Callable[..., Any]]:
    """Yield all that listen to an engine, and may do something to a connection."""
    yield from filter(is_users, (*engine.pool.dispatch.connect, *engine.pool.dispatch.checkout))
    for name in EVENTS:
        yield from filter(is_users, getattr(engine.dispatch, name))

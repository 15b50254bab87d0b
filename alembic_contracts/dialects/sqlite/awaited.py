"""A connection of Python's ``sqlite3`` in, the same as a driver for asynchronous code has it out (aiosqlite).

What a script or a listener awaits is done at once, and what it forgets to await is not done, as with the driver.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from typing import Any, Generic, Self, TypeVar, cast

from alembic_contracts.dialects.sqlite.telling import WatchedConnection

__all__ = ["AsyncConnection"]

_T = TypeVar("_T")


class AsyncConnection(WatchedConnection):
    """A connection that tells, with what SQLAlchemy's adapter of an asynchronous driver has beyond PEP 249."""

    @property
    def driver_connection(self) -> _Awaited:
        """The driver's own."""
        return _Awaited(self)

    _connection = driver_connection

    def run_async(self, function: Callable[[Any], Awaitable[_T]]) -> _T:
        """Call a function with the driver's own connection, and return what it returns once awaited."""
        steps = function(self.driver_connection).__await__()
        while True:
            try:
                awaited = next(steps)
            except StopIteration as end:
                found: _T = end.value
                return found
            if awaited is not None:  # asyncio.sleep(0) yields None
                raise RuntimeError("it awaits something else than its connection")


class _Later(Generic[_T]):
    """What is done when it is awaited, or entered by ``async with``."""

    def __init__(self, function: Callable[[], _T]) -> None:
        self._function = function
        self._made: Any = None

    def __await__(self) -> Generator[Any, None, _T]:
        yield from ()
        return self._function()

    async def __aiter__(self) -> AsyncIterator[Any]:
        for each in cast("Any", self._function()):
            yield each

    async def __aenter__(self) -> _T:
        made = self._made = self._function()
        return made

    async def __aexit__(self, *_: object) -> None:
        await self._made.close()


class _Shown:
    """Something of the driver's, whose methods are awaited and whose attributes are not."""

    def __init__(self, shown: Any) -> None:
        vars(self)["_conn"] = shown

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._conn, name)
        if not callable(value) or name.endswith("_factory"):
            return value
        return lambda *arguments, **options: _Later(lambda: _as_shown(value(*arguments, **options)))

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._conn, name, value)


class _AwaitedCursor(_Shown):
    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._conn.close()

    def __aiter__(self) -> _AwaitedCursor:
        return self

    async def __anext__(self) -> Any:
        row = self._conn.fetchone()
        if row is None:
            raise StopAsyncIteration
        return row


class _Awaited(_Shown):
    """A connection."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._conn.close()

    def execute_fetchall(self, *arguments: Any) -> _Later[Any]:
        """Execute a statement, and return its rows."""
        return _Later(lambda: self._conn.execute(*arguments).fetchall())

    def execute_insert(self, *arguments: Any) -> _Later[Any]:
        """Execute an INSERT, and return the row's number."""

        def inserted() -> Any:
            cursor = self._conn.cursor()
            cursor.execute(*arguments)
            return cursor.execute("SELECT last_insert_rowid()").fetchone()

        return _Later(inserted)


def _as_shown(value: Any) -> Any:
    return _AwaitedCursor(value) if isinstance(value, sqlite3.Cursor) else value

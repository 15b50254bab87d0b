"""The drivers that SQLAlchemy knows, loaded by now or later, made to refuse connections while scripts run.

Drivers in Python are kept from the network like everything in Python; those that connect from C are dealt with by name.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any, cast

__all__ = ["drivers_refuse"]

Refusal = Callable[[str], Exception | None]
"""Returns the error for a driver, None where whoever connects is none of our business."""

_CONNECT = ("connect",)
_DRIVERS: dict[str, tuple[str, ...]] = {
    # PostgreSQL
    "psycopg": ("connect", "Connection.connect", "AsyncConnection.connect"),
    "psycopg.pq": ("PGconn.connect", "PGconn.connect_start"),
    "psycopg2": ("connect", "extensions.connection"),
    "psycopg2cffi": _CONNECT,
    "asyncpg": ("connect", "create_pool"),
    "pg8000": _CONNECT,
    # MySQL and MariaDB
    "MySQLdb": ("connect", "Connect", "Connection"),
    "mysql.connector": _CONNECT,
    "mariadb": _CONNECT,
    "pymysql": ("connect", "Connect"),
    "cymysql": _CONNECT,
    "aiomysql": ("connect", "create_pool"),
    "asyncmy": ("connect", "create_pool"),
    # others
    "cx_Oracle": ("connect", "Connection"),
    "oracledb": ("connect", "connect_async"),
    "pyodbc": _CONNECT,
    "aioodbc": _CONNECT,
    "pymssql": _CONNECT,
    "mssql_python": _CONNECT,
}
"""By a driver's module, what in it connects."""


@contextmanager
def drivers_refuse(refusal: Refusal) -> Iterator[None]:
    """Let no driver connect for those that a refusal is meant for, however and whenever it is imported.

    Args:
        refusal: called where one is about to.
    """
    patched: list[tuple[Any, str, Any]] = []
    is_over = False

    def asked(driver: str) -> Exception | None:
        """Refuse nothing once it is over: classes that were made of one that refuses stay."""
        return None if is_over else refusal(driver)

    def refuse(name: str, module: ModuleType) -> None:
        for place in _DRIVERS[name]:
            *owners, attribute = place.split(".")
            _patch(module, owners, attribute, lambda original: _refusing(original, name, asked), patched)

    for name in _DRIVERS:
        if isinstance(sys.modules.get(name), ModuleType):
            refuse(name, sys.modules[name])
    finder = _Finder(refuse)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        is_over = True
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
        for owner, attribute, value in reversed(patched):
            setattr(owner, attribute, value)


def _patch(
    module: Any,
    owners: Sequence[str],
    attribute: str,
    replaced: Callable[[Any], Any],
    patched: list[tuple[Any, str, Any]],
) -> None:
    chain = [module]
    for owner in owners:
        chain.append(getattr(chain[-1], owner, None))
    owner = chain[-1]
    if owner is None or attribute not in vars(owner):
        return
    original = vars(owner)[attribute]
    try:
        setattr(owner, attribute, replaced(original))
    except TypeError:  # a class in C: another one takes its place
        other = type(owner.__name__, (owner,), {attribute: replaced(original)})
        patched.append((chain[-2], owners[-1], owner))
        setattr(chain[-2], owners[-1], other)
    else:
        patched.append((owner, attribute, original))


def _refusing(connect: Any, driver: str, refusal: Refusal) -> Any:
    """Return what connects, unless that is refused; of a class one that others can be made of (``psycopg2.extras``)."""
    original = connect.__func__ if isinstance(connect, classmethod) else connect
    called = cast("Any", original).__init__ if isinstance(original, type) else original

    def connect_or_refuse(*args: Any, **kwargs: Any) -> Any:
        error = refusal(driver.split(".", maxsplit=1)[0] if driver.startswith("psycopg.") else driver)
        if error is not None:
            raise error
        return called(*args, **kwargs)

    if isinstance(original, type):
        own = {"__init__": connect_or_refuse, "__module__": original.__module__, "__doc__": original.__doc__}
        return type(original)(original.__name__, (original,), own)
    return classmethod(connect_or_refuse) if isinstance(connect, classmethod) else connect_or_refuse


class _Finder(importlib.abc.MetaPathFinder):
    """Finds drivers as the others do, and has them changed when they are loaded."""

    def __init__(self, refuse: Callable[[str, ModuleType], None]) -> None:
        self._refuse = refuse

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in _DRIVERS:
            return None
        others = (each for each in sys.meta_path if each is not self)
        found = (each.find_spec(fullname, path, target) for each in others if hasattr(each, "find_spec"))
        spec = next((each for each in found if each is not None), None)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._refuse)
        return spec


class _Loader(importlib.abc.Loader):
    def __init__(self, original: Any, refuse: Callable[[str, ModuleType], None]) -> None:
        self._original, self._refuse = original, refuse

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        found: ModuleType | None = self._original.create_module(spec)
        return found

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._original
        if module.__spec__ is not None:
            module.__spec__.loader = self._original
        self._original.exec_module(module)
        self._refuse(module.__name__, module)

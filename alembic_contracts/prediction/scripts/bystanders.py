"""A migration context in, whether nobody's code but Alembic's and SQLAlchemy's own has a part in its operations out.

Listeners, compilers of SQL, implementations of operations and functions that make names are others' ways to take part.
They may write down what is never executed, so that scripts have a process of their own where there are any.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import FunctionType
from typing import TYPE_CHECKING, Any

import alembic.op
from alembic.operations import BatchOperations, Operations
from sqlalchemy.engine.events import ConnectionEvents, DialectEvents
from sqlalchemy.pool.events import PoolEvents
from sqlalchemy.sql.events import DDLEvents
from sqlalchemy.sql.visitors import Visitable

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

__all__ = ["has_none", "is_of"]

_LIBRARIES = ("alembic", "sqlalchemy")


def has_none(context: MigrationContext, operations: Iterable[str]) -> bool:
    """Whether nobody has a part in what some operations do in a context.

    Args:
        context: the real run's.
        operations: their names in ``alembic.op``.
    """
    try:
        return (
            all(is_of(_LIBRARIES, each) for each in _carrying_out(context, frozenset(operations)))
            and all(is_of(_LIBRARIES, each) and getattr(each, "__closure__", None) is None for each in _listeners())
            and all(is_of(_LIBRARIES, each) for each in _compilers())
            and not any(map(callable, _naming(context.opts.get("target_metadata"))))
        )
    except (AttributeError, TypeError):  # the libraries are of another shape
        return False


def is_of(packages: Iterable[str], code: object) -> bool:
    """Whether a class or function is written in one of some packages, whatever it says of itself."""
    module = code.__globals__.get("__name__") if isinstance(code, FunctionType) else getattr(code, "__module__", None)
    return str(module).partition(".")[0] in packages


def _carrying_out(context: MigrationContext, operations: frozenset[str]) -> Iterator[object]:
    """Yield what is called one after the other where an operation is."""
    yield from (found for name, found in vars(alembic.op).items() if name in operations)
    owners: tuple[Any, ...] = Operations, BatchOperations
    for own in map(vars, owners):
        yield from (own[name].__globals__.get("op_cls") for name in operations if name in own)
    registered = Operations._to_impl._registry.items()  # noqa: SLF001 - there is no public way to look
    yield from (code for (operation, *_), code in registered if is_of(_LIBRARIES, operation))
    for owner in type(context.impl).__mro__[:-1]:
        yield owner
        yield from (each for each in vars(owner).values() if isinstance(each, FunctionType))


def _listeners() -> Iterator[object]:
    """Yield what listens to what becomes of any engine or table."""
    kinds: tuple[Any, ...] = ConnectionEvents, DDLEvents, DialectEvents, PoolEvents
    for events in kinds:
        for name in events.dispatch._event_names:  # noqa: SLF001 - SQLAlchemy tells of those whom one knows alone
            for listeners in getattr(events.dispatch, name)._clslevel.values():  # noqa: SLF001 - as above
                yield from listeners


def _compilers() -> Iterator[object]:
    """Yield what compiles the libraries' own elements in place of a method of their dialects (``@compiles``)."""
    left, seen = [Visitable], {Visitable}
    while left:
        kind = left.pop()
        left += (each for each in kind.__subclasses__() if each not in seen)
        seen.update(left)
        dispatcher = vars(kind).get("_compiler_dispatcher")
        if dispatcher is not None and is_of(_LIBRARIES, kind):
            yield from dispatcher.specs.values()


def _naming(metadata: Any) -> Iterator[object]:
    """Yield what the names of constraints are made of."""
    for each in metadata if isinstance(metadata, list | tuple) else [metadata]:
        yield from (getattr(each, "naming_convention", None) or {}).values()

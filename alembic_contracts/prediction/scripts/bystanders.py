"""A migration context in, whether nobody's code but Alembic's and SQLAlchemy's own has a part in its operations out.

Listeners, compilers of SQL, implementations of operations and functions that make names are others' ways to take part,
and to put something of their own in a library's place is one, too: tracing does so. They may write down what is never
executed, so that scripts have a process of their own where there are any.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import alembic.op
import sqlalchemy as sa
from alembic.operations import BatchOperations, Operations
from alembic.operations.schemaobj import SchemaObjects
from alembic.runtime.migration import MigrationContext
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine.events import ConnectionEvents, DialectEvents
from sqlalchemy.pool.events import PoolEvents
from sqlalchemy.sql.events import DDLEvents
from sqlalchemy.sql.functions import _registry as functions_by_name
from sqlalchemy.sql.visitors import Visitable

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["has_none", "is_of"]

_LIBRARIES = frozenset({"alembic", "sqlalchemy"})
_AS_WRITTEN = _LIBRARIES | sys.stdlib_module_names | {"alembic_contracts"}
"""Whose code classes of theirs are made of: a guard is called in the place of ``MigrationContext.run_migrations``."""
_COMPILED = "cython_function_or_method"
"""The type of functions that Cython compiled, of which each library has one of its own."""
_TAKING_PART = (BatchOperations, MigrationContext, Operations, SchemaObjects, sa.Connection, sa.Engine, sa.NullPool)


def has_none(context: MigrationContext, names: Collection[str], parts: Collection[type]) -> bool:
    """Whether nobody has a part in what scripts have the libraries do in a context.

    Args:
        context: the real run's.
        names: what scripts may name of ``alembic.op`` and SQLAlchemy.
        parts: the classes of a schema's parts that they do name.
    """
    try:
        return (
            all(is_of(_LIBRARIES, each) for each in _carrying_out(names))
            and all(is_of(_LIBRARIES, each) for each in _made_of_names(context, names))
            and all(map(_is_as_written, _classes(context, parts)))
            and all(is_of(_LIBRARIES, each) and getattr(each, "__closure__", None) is None for each in _listeners())
            and all(is_of(_LIBRARIES, each) for each in _compilers())
            and all(type(each) is str for each in _naming(context.opts.get("target_metadata")))
        )
    except (AttributeError, TypeError):  # the libraries are of another shape
        return False


def is_of(packages: Collection[str], code: object) -> bool:
    """Whether a function, class or other object is written in one of some packages, whatever it says of itself."""
    if isinstance(code, FunctionType) or type(code).__name__ == _COMPILED:
        module = code.__globals__.get("__name__")  # type: ignore[attr-defined] # Cython's have them as well
    else:
        module = getattr(code if isinstance(code, type) else type(code), "__module__", None)
    return str(module).partition(".")[0] in packages


def _carrying_out(names: Collection[str]) -> Iterator[object]:
    """Yield what scripts call, and what that has Alembic call."""
    for owner in (alembic.op, sa, sa.types, postgresql):
        named = (found for name, found in vars(owner).items() if name in names)
        yield from (found for found in named if not isinstance(found, ModuleType))
    owners: tuple[Any, ...] = Operations, BatchOperations
    for own in map(vars, owners):
        yield from (own[name].__globals__.get("op_cls") for name in names if name in own)
    registered = Operations._to_impl._registry.items()  # noqa: SLF001 - there is no public way to look
    yield from (code for (operation, *_), code in registered if is_of(_LIBRARIES, operation))


def _made_of_names(context: MigrationContext, names: Collection[str]) -> Iterator[object]:
    """Yield the classes of ``sa.func``'s functions, of types that are reflected, and of what a dialect makes of types.

    Each is one that anybody may add to.
    """
    functions = functions_by_name["_default"]
    yield from (functions[name] for name in names if name in functions)
    dialect: Any = context.dialect
    yield from dialect.ischema_names.values()
    yield from dialect.colspecs.values()


def _classes(context: MigrationContext, parts: Collection[type]) -> set[type]:
    """Return those that take part, with those that they inherit from."""
    dialect: Any = type(context.dialect)
    compilers = (dialect.statement_compiler, dialect.ddl_compiler, dialect.type_compiler_cls, dialect.preparer)
    return {each for kind in (type(context.impl), dialect, *compilers, *_TAKING_PART, *parts) for each in kind.__mro__}


def _is_as_written(kind: type) -> bool:
    """Whether a class is the libraries' or Python's own, and everything in it."""
    return is_of(_AS_WRITTEN, kind) and all(map(_is_part_as_written, vars(kind).values()))


def _is_part_as_written(part: Any) -> bool:
    for name in () if isinstance(part, FunctionType | type) else ("__func__", "fget", "func"):
        part = getattr(part, name, part)  # of a class method, a property, a partial method
    return isinstance(part, type) or is_of(_AS_WRITTEN, part)


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

"""A function, procedure or aggregate in, the catalog with it out: what statements that create one share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.state import Function
from alembic_contracts.prediction.catalog.type_names import qualified
from alembic_contracts.prediction.catalog.unseen_users import doubt_printing
from alembic_contracts.prediction.plpgsql import reach
from alembic_contracts.prediction.sql import sqlstate, system
from alembic_contracts.prediction.sql.mentions import functions_in
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution

__all__ = ["PSEUDO_TYPES", "doubt_callers", "new_routine_name", "put_function"]

PSEUDO_TYPES = frozenset({"trigger", "event_trigger", "void", "record", "language_handler", "fdw_handler", "cstring"})
"""Types of results that no column can have."""


def doubt_callers(run: Execution, name: str) -> None:
    """Leave a doubt for the tables whose expressions call a routine that is called otherwise from here on."""
    tables = run.state.tables.values()
    doubt_printing(run, tables, lambda text: any(called.name == name for called in functions_in(text)), f"{name}()")


def new_routine_name(run: Execution, names: list[str]) -> Name:
    """Return the qualified name of a routine that is about to be created.

    Raises:
        PostgresError: 3F000, no such schema.
    """
    schema, name = qualified(names)
    return Name(run.state.check_namespace(schema) if schema else run.state.creation_schema(), name)


def put_function(run: Execution, function: Function, *, replace: bool) -> None:
    """Keep a function beside its overloads.

    Raises:
        PostgresError: 42723 there is one with these arguments, 42809 it is of another kind, 42P13 its result type
            differs.
    """
    known = run.state.functions.get(function.name, ())
    same = next((other for other in known if other.arguments == function.arguments), None)
    if same is not None:
        if not replace:
            arguments = ", ".join(function.arguments)
            message = f'function "{function.name.name}({arguments})" already exists with same argument types'
            raise sqlstate.PostgresError("42723", message)
        if same.kind != function.kind:
            raise sqlstate.wrong_object_type("cannot change routine kind")
        if _differ(same.returns, function.returns):
            raise sqlstate.PostgresError("42P13", "cannot change return type of existing function")
        _doubt_replacement(run, same, function)
    run.state.functions.put(function.name, (*(other for other in known if other is not same), function))


def _doubt_replacement(run: Execution, old: Function, new: Function) -> None:
    """Defaults, checks and views keep calling a function whose body is replaced."""
    tables = reach.of_function(run.state, new)
    if reach.of_function(run.state, old) == reach.NOTHING != tables:
        run.doubt(f"function {new.name}, which may be in use, may change tables from here on", tables)


def _differ(old: str | None, new: str | None) -> bool:
    """Whether two result types are both PostgreSQL's own, and not the same; others may be two names for one."""
    names = [(text or "").removeprefix("setof ").removesuffix("[]") for text in (old, new)]
    return old != new and all(name in system.categories() or name in PSEUDO_TYPES for name in names)

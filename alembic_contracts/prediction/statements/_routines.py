"""A function, procedure or aggregate in, the catalog with it out: what statements that create one share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.state import Function
from alembic_contracts.prediction.catalog.traits import HIDDEN
from alembic_contracts.prediction.catalog.type_names import qualified, written
from alembic_contracts.prediction.catalog.unseen_users import doubt_printing
from alembic_contracts.prediction.plpgsql import reach
from alembic_contracts.prediction.queries.calls import is_known_function
from alembic_contracts.prediction.sql import parser, sqlstate, system
from alembic_contracts.prediction.sql.mentions import functions_in
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node

__all__ = [
    "PSEUDO_TYPES",
    "doubt_callers",
    "move_function",
    "named",
    "new_routine_name",
    "overloads",
    "put_function",
]

PSEUDO_TYPES = frozenset({"trigger", "event_trigger", "void", "record", "language_handler", "fdw_handler", "cstring"})
"""Types of results that no column can have."""


def doubt_callers(run: Execution, name: str) -> None:
    """Leave a doubt for the tables whose expressions call a routine that is called otherwise from here on."""
    tables = run.state.tables.values()
    doubt_printing(run, tables, lambda text: any(called.name == name for called in functions_in(text)), f"{name}()")


def overloads(state: State, target: Node) -> tuple[Function, ...]:
    """Return the routines that an ``ObjectWithArgs`` can mean: those with its arguments, where it has any."""
    schema, name = qualified(parser.strings(target.objname))
    found = state.find_functions(name, schema)
    if target.args_unspecified:
        return found
    wanted = tuple(written(argument) for argument in parser.children(target.objargs))
    return tuple(function for function in found if function.arguments == wanted)


def named(run: Execution, target: Node) -> Function | None:
    """Return the routine that ALTER and COMMENT name, None where it is the server's own or not held.

    Raises:
        PostgresError: 42725 there are several, 42883 there is none, 3F000 nor is there its schema.
    """
    names = parser.strings(target.objname)
    schema, name = qualified(names)
    found = overloads(run.state, target)
    if len(found) > 1:
        raise sqlstate.PostgresError("42725", f'function name "{name}" is not unique')
    if found:
        return found[0]
    if run.state.find_functions(name, schema) or not is_known_function(run, names):
        if schema is not None and not run.state.has_namespace(schema):
            raise sqlstate.undefined_schema(schema)
        missing = sqlstate.PostgresError("42883", f"function {name}() does not exist")
        run.absent(missing, known=run.state.holds_all(HIDDEN))
    return None


def move_function(run: Execution, function: Function, new: Name) -> None:
    """Give a routine another name or schema.

    Raises:
        PostgresError: 42723, there is one with its arguments.
    """
    functions, old = run.state.functions, function.name
    there = functions.get(new, ())
    if any(other.arguments == function.arguments for other in there):
        message = f'function {new.name}({", ".join(function.arguments)}) already exists in schema "{new.schema}"'
        raise sqlstate.PostgresError("42723", message)
    left = tuple(other for other in functions[old] if other is not function)
    functions.remove(old)
    if left:
        functions.put(old, left)
    functions.put(new, (*there, replace(function, name=new)))


def new_routine_name(run: Execution, names: list[str]) -> Name:
    """Return the qualified name of a routine that is about to be created.

    Raises:
        PostgresError: 3F000, no such schema.
    """
    schema, name = qualified(names)
    return Name(run.state.check_namespace(schema) if schema else run.state.creation_schema(), name)


def put_function(run: Execution, function: Function, *, or_replace: bool) -> None:
    """Keep a function beside its overloads.

    Raises:
        PostgresError: 42723 there is one with these arguments, 42809 it is of another kind, 42P13 its result type
            differs.
    """
    known = run.state.functions.get(function.name, ())
    same = next((other for other in known if other.arguments == function.arguments), None)
    if same is not None:
        if not or_replace:
            arguments = ", ".join(function.arguments)
            message = f'function "{function.name.name}({arguments})" already exists with same argument types'
            raise sqlstate.PostgresError("42723", message)
        if same.kind != function.kind:
            raise sqlstate.wrong_object_type("cannot change routine kind")
        if _differ(same.returns, function.returns):
            raise sqlstate.PostgresError("42P13", "cannot change return type of existing function")
        if reach.of_function(run.state, same) == reach.NOTHING:
            _doubt_replacement(run, reach.of_function(run.state, function), function.name)
    elif not run.state.holds_all(HIDDEN):
        run.state.uncertain.note_refusal()  # the database may have one with these arguments
        if or_replace and run.state.observed_reach.get(function.name.name) == reach.NOTHING:
            _doubt_replacement(run, reach.of_function(run.state, function), function.name)
    run.state.functions.put(function.name, (*(other for other in known if other is not same), function))


def _doubt_replacement(run: Execution, tables: reach.Tables, name: Name) -> None:
    """Defaults, checks and views keep calling a function whose body, which changed no table, is replaced."""
    if tables is None or tables:
        run.doubt(f"function {name}, which may be in use, may change tables from here on", tables)


def _differ(old: str | None, new: str | None) -> bool:
    """Whether two result types are both PostgreSQL's own, and not the same; others may be two names for one."""
    names = [(text or "").removeprefix("setof ").removesuffix("[]") for text in (old, new)]
    return old != new and all(name in system.categories() or name in PSEUDO_TYPES for name in names)

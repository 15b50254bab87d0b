"""The name of a user's type as a statement writes it in, its definition out, or PostgreSQL's refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.type_names import find_named, qualified
from alembic_contracts.prediction.sql import sqlstate
from alembic_contracts.schemas.schema import Name, TypeDefinition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alembic_contracts.prediction.catalog.execution import Execution

__all__ = ["new_type_name", "require_type"]


def new_type_name(run: Execution, names: Sequence[str]) -> Name:
    """Return the qualified name of a type that is about to be created.

    Raises:
        PostgresError: 3F000 no such schema, 42710 the name is taken by a type or by a table's row type.
    """
    schema, name = qualified(names)
    full = Name(run.state.check_namespace(schema) if schema else run.state.creation_schema(), name)
    if full in run.state.types or full in run.state.tables:
        raise sqlstate.duplicate_object("type", name)
    return full


def require_type(run: Execution, names: Sequence[str], *kinds: str) -> TypeDefinition | None:
    """Return a user's type; None where it may exist without being known (a doubt says so).

    Raises:
        PostgresError: 42704 it does not exist, 42809 it is of another kind.
    """
    schema, name = qualified(names)
    definition = run.state.find_type(name, schema)
    if definition is None:
        if find_named(run.state, name, schema) is not None:
            raise sqlstate.wrong_object_type(f'"{name}" is not of the kind that this statement is for')
        if not run.state.complete_tables:
            run.doubt(f"type {name} is not known here")
            return None
        if schema is not None and not run.state.has_namespace(schema):
            raise sqlstate.undefined_schema(schema)
        raise sqlstate.undefined_object("type", ".".join(names))
    if kinds and definition.kind not in kinds:
        raise sqlstate.wrong_object_type(f'"{name}" is not of the kind that this statement is for')
    return definition

"""A module's name and a name in it in, the tables of its models out: the question that ``infer models`` asks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from alembic_contracts.errors import CannotCheck
from alembic_contracts.inference.metadata.contained import returned
from alembic_contracts.inference.metadata.describing import tables_of
from alembic_contracts.inference.metadata.failures import said_of
from alembic_contracts.inference.metadata.made import watched
from alembic_contracts.inference.metadata.tables import MappedTable
from alembic_contracts.prediction.containment.limits import Limits

__all__ = ["Question", "answer"]


class Question(Struct, frozen=True, kw_only=True):
    """Which models."""

    module: str
    name: str = ""
    """What holds them in the module; empty: whatever MetaData or declarative base it has."""
    schema: str = "public"
    """Where tables without a schema are."""
    seconds: float = 60.0


def answer(question: Question) -> tuple[MappedTable, ...]:
    """Return the tables.

    Raises:
        CannotCheck: the module cannot be imported, or holds no models.
    """
    sys.path.insert(0, os.getcwd())  # noqa: PTH109
    return returned(lambda: _tables(question), Limits(seconds=question.seconds))


def _tables(question: Question) -> tuple[MappedTable, ...]:
    with watched(os.path.realpath(os.getcwd())) as made:  # noqa: PTH109
        try:
            module = import_module(question.module)
        except BaseException as error:  # noqa: BLE001 - whatever modules raise
            raise CannotCheck(f"{question.module} cannot be imported: {said_of(error)}") from None
        return tables_of(_chosen(module, question.name), made, question.schema)


def _chosen(module: ModuleType, name: str) -> Iterable[sa.Table]:
    if not name:
        return _of_all(module)
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    tables = _tables_in(found)
    if tables is None:
        raise CannotCheck(f"{module.__name__}:{name} is no MetaData, declarative base or table.")
    return tables


def _tables_in(value: Any) -> Iterable[sa.Table] | None:
    """Return the tables of a MetaData, a base, a model or a table; None for anything else."""
    if isinstance(value, sa.Table):
        return [value]
    if isinstance(value, sa.MetaData):
        return list(value.tables.values())
    table, metadata = (getattr(value, each, None) for each in ("__table__", "metadata"))
    if isinstance(value, type) and isinstance(table, sa.Table):
        return [table]
    return list(metadata.tables.values()) if isinstance(metadata, sa.MetaData) else None


def _of_all(module: ModuleType) -> Iterable[sa.Table]:
    """Return the tables of each MetaData in a module, or of the one that its only declarative base has."""
    values = list(vars(module).values())
    named = {id(each): each for each in values if isinstance(each, sa.MetaData) and each.tables}
    of_classes = (getattr(each, "metadata", None) for each in values if isinstance(each, type | sa.Table))
    others = {id(each): each for each in of_classes if isinstance(each, sa.MetaData) and each.tables}
    if not named and len(others) > 1:
        raise CannotCheck(f"{module.__name__} has several declarative bases: name one as {module.__name__}:NAME.")
    found = named or others
    if not found:
        raise CannotCheck(f"{module.__name__} holds no MetaData, declarative base or table that has columns.")
    return [table for metadata in found.values() for table in metadata.tables.values()]

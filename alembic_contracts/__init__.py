"""Alembic refuses a migration that breaks a data contract.

``guard`` is the one line for env.py::

    with context.begin_transaction(), alembic_contracts.guard(context):
        context.run_migrations()

``metadata`` makes SQLAlchemy metadata from contracts, for autogenerate to write the migration that a new one needs.

Every Alembic command imports this package, through its plugin: all but the guard's few lines is imported when called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic_contracts.running.guard import guard

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from sqlalchemy import MetaData

__all__ = ["guard", "metadata"]


def metadata(
    paths: str | Path | Iterable[str | Path] = "contracts",
    *,
    beside: MetaData | Iterable[MetaData] = (),
    naming_convention: Mapping[str, Any] | None = None,
    default_schema: str | None = "public",
) -> MetaData:
    """Return the tables that contracts state, to stand as ``target_metadata`` in env.py, or in a list of them.

    With it, ``alembic revision --autogenerate`` writes what is missing for the contracts to hold. What they leave unset
    it does not touch: other tables, other columns, and nullability, types and defaults that are not stated.

    Args:
        paths: contract files and folders, relative to the working directory.
        beside: metadata of models that stands in the list as well; its tables are left out here.
        naming_convention: as for ``sqlalchemy.MetaData``.
        default_schema: tables of this schema are made without one, as Alembic compares them.

    Raises:
        alembic.util.CommandError: a contract cannot be read, or there are none.
    """
    from alembic_contracts.running import contract_first

    return contract_first.metadata(
        paths, beside=beside, naming_convention=naming_convention, default_schema=default_schema
    )

"""PostgreSQL: its type names, what follows from a type, and observation from its catalog.

names, types, properties   a type's name -> Type, and what follows from it
breaking, equivalence      two types or expressions -> whose uses break; whether they are the same
session, outline, routines a connection -> where names lead; all relations by name; users' functions
observation, queries       a connection, tables -> Schema (schema_document: its query)
traceless, hindrances      looks that leave no lock; what is printed under one, and who is in the way of that
transactions               a connection -> the transaction that it is in, and what became of another one
restoring                  a table before and now -> SQL that gives it back its shape
replays                    what a replay on a scratch server shows of another one, and what only of itself
"""

from __future__ import annotations

from alembic_contracts.dialects.postgresql.breaking import breaks
from alembic_contracts.dialects.postgresql.equivalence import same_expression
from alembic_contracts.dialects.postgresql.hindrances import completed, fingerprints
from alembic_contracts.dialects.postgresql.names import quote, quote_name
from alembic_contracts.dialects.postgresql.observation import observe
from alembic_contracts.dialects.postgresql.outline import outline
from alembic_contracts.dialects.postgresql.properties import (
    base_type,
    character_length,
    data_type,
    datetime_precision,
    element,
    enum_labels,
    forbids_null,
    numeric_precision,
    numeric_scale,
    same_type,
)
from alembic_contracts.dialects.postgresql.replays.reliance import statements
from alembic_contracts.dialects.postgresql.replays.restoration import missing_role, restore
from alembic_contracts.dialects.postgresql.replays.witness import Witness as witness  # noqa: N813 - a function of the protocol
from alembic_contracts.dialects.postgresql.replays.workings import workings
from alembic_contracts.dialects.postgresql.restoring import restoring
from alembic_contracts.dialects.postgresql.routines import routines
from alembic_contracts.dialects.postgresql.session import session
from alembic_contracts.dialects.postgresql.transactions import fate, look_up_as, lookup, transaction
from alembic_contracts.dialects.postgresql.types import format_type, misspelt_type, parse_type

__all__ = [
    "base_type",
    "breaks",
    "character_length",
    "completed",
    "data_type",
    "datetime_precision",
    "element",
    "enum_labels",
    "fate",
    "fingerprints",
    "forbids_null",
    "format_type",
    "look_up_as",
    "lookup",
    "missing_role",
    "misspelt_type",
    "numeric_precision",
    "numeric_scale",
    "observe",
    "outline",
    "parse_type",
    "quote",
    "quote_name",
    "restore",
    "restoring",
    "routines",
    "same_expression",
    "same_type",
    "session",
    "statements",
    "transaction",
    "witness",
    "workings",
]

"""PostgreSQL: its type names, what follows from a type, and observation from its catalog.

names, types, properties   a type's name -> Type, and what follows from it
purposes                   a type -> what it is for, which other databases have as well
breaking, equivalence      two types or expressions -> whose uses break; whether they are the same
default_rows               a condition, columns -> whether a row that names none of them meets it
literal_outputs            a literal and its type -> how it is printed
library, messages          PostgreSQL's own parser out of the one that has it; the classes of its answers
session_settings           a connection -> where names lead
beside                     a connection -> all relations by name, users' functions, other objects
observation, queries       a connection, tables -> Schema (schema_document: the texts of queries)
answers                    what such a query answers -> Schema
traceless, hindrances      looks that leave no lock; what is printed under one, and who is in the way of that
transactions               a connection -> the transaction that it is in, and what became of another one
conversations              a connection -> how often its driver asks the server something
columns_back               a table before and now -> SQL that gives it back its shape
replays                    what a replay on a scratch server shows of another one, and what only of itself

What only some runs need is imported when it is needed: a start is most of what a check of a small project costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.dialects.postgresql.breaking import breaks, is_narrower
from alembic_contracts.dialects.postgresql.names import quote, quote_name, spelled
from alembic_contracts.dialects.postgresql.properties import (
    base_type,
    character_length,
    data_type,
    datetime_precision,
    element,
    enum_labels,
    forbids_null,
    logical,
    numeric_precision,
    numeric_scale,
    same_type,
)
from alembic_contracts.dialects.postgresql.types import format_type, misspelt_type, parse_type
from alembic_contracts.support.modules import late

if TYPE_CHECKING:
    from alembic_contracts.dialects.postgresql.beside import surroundings
    from alembic_contracts.dialects.postgresql.columns_back import restoring
    from alembic_contracts.dialects.postgresql.conversations import exchanges
    from alembic_contracts.dialects.postgresql.default_rows import meets, nulls_from
    from alembic_contracts.dialects.postgresql.equivalence import is_looser, same_expression
    from alembic_contracts.dialects.postgresql.hindrances import completed
    from alembic_contracts.dialects.postgresql.observation import observe, sight
    from alembic_contracts.dialects.postgresql.purposes import family
    from alembic_contracts.dialects.postgresql.replays.reliance import statements
    from alembic_contracts.dialects.postgresql.replays.repeated_looks import Looks as looks  # noqa: N813 - a function of the protocol
    from alembic_contracts.dialects.postgresql.replays.restoration import missing_role, restore
    from alembic_contracts.dialects.postgresql.replays.witness import Witness as witness  # noqa: N813 - a function of the protocol
    from alembic_contracts.dialects.postgresql.replays.workings import workings
    from alembic_contracts.dialects.postgresql.session_settings import session
    from alembic_contracts.dialects.postgresql.transactions import (
        answering,
        at_commit,
        changes,
        fate,
        fingerprint,
        look_up_as,
        lookup,
        transaction,
    )

__all__ = [
    "BEGINS_BY_ITSELF",
    "COMMITS_AT_DDL",
    "DEFAULT_COLLATION",
    "DEFAULT_SCHEMA",
    "DIFFERS",
    "FORESIGHT",
    "KEYS_TAKE_NULL",
    "KIND",
    "NAME",
    "NOT_EXPRESSED",
    "PLANS_FAIL",
    "REFERS_ACROSS_SCHEMAS",
    "answering",
    "at_commit",
    "base_type",
    "breaks",
    "changes",
    "character_length",
    "completed",
    "data_type",
    "datetime_precision",
    "element",
    "enum_labels",
    "exchanges",
    "family",
    "fate",
    "fingerprint",
    "forbids_null",
    "format_type",
    "is_looser",
    "is_narrower",
    "logical",
    "look_up_as",
    "looks",
    "lookup",
    "meets",
    "missing_role",
    "misspelt_type",
    "nulls_from",
    "numeric_precision",
    "numeric_scale",
    "observe",
    "parse_type",
    "quote",
    "quote_name",
    "restore",
    "restoring",
    "same_expression",
    "same_type",
    "session",
    "sight",
    "spelled",
    "statements",
    "surroundings",
    "transaction",
    "witness",
    "workings",
]

KIND = "postgresql"
NAME = "PostgreSQL"
DEFAULT_SCHEMA = "public"
DEFAULT_COLLATION = "default"
KEYS_TAKE_NULL = False
REFERS_ACROSS_SCHEMAS = True
FORESIGHT = "catalog"
BEGINS_BY_ITSELF = False
COMMITS_AT_DDL = False
PLANS_FAIL = True
DIFFERS = ""
NOT_EXPRESSED = frozenset[str]()

_LATE = {
    "surroundings": "beside",
    "restoring": "columns_back",
    "exchanges": "conversations",
    "family": "purposes",
    "meets": "default_rows",
    "nulls_from": "default_rows",
    "is_looser": "equivalence",
    "same_expression": "equivalence",
    "completed": "hindrances",
    "observe": "observation",
    "sight": "observation",
    "looks": "replays.repeated_looks:Looks",
    "statements": "replays.reliance",
    "missing_role": "replays.restoration",
    "restore": "replays.restoration",
    "witness": "replays.witness:Witness",
    "workings": "replays.workings",
    "session": "session_settings",
    "answering": "transactions",
    "at_commit": "transactions",
    "changes": "transactions",
    "fate": "transactions",
    "fingerprint": "transactions",
    "look_up_as": "transactions",
    "lookup": "transactions",
    "transaction": "transactions",
}
"""What only a run with a database needs, a doubt or a refusal: where it is, imported when it is asked for.

None of them has the name of a module: that would be in its place once something else has imported the module."""

__getattr__ = late(__name__, _LATE)

"""SQLite: its declared types, what follows from a type, and observation from its schema table and pragmas.

names, types, properties      a type's name -> Type, and what follows from it
purposes                      a type -> what it is for, which other databases have as well, and its affinity
breaking, equivalence         two types or expressions -> whose uses break; whether they are the same
looser, default_rows          two conditions -> whether one lets pass what the other does; whether defaults meet one
session                       a connection -> its file and SQLite's version
asking, questions             answers that leave nothing behind; the questions about any number of tables
observation, tables           a connection, tables -> Schema; what SQLite answers of one table -> Table
casing                        a Schema -> the same in the names that contracts have for what is in it
tokens, clauses               an SQL text -> its tokens, and a position that moves through them
definitions, objects          the text of a CREATE TABLE, of an index, view or trigger -> what no pragma tells
transactions                  a connection -> the transaction that it is in
restoring                     a table before and now -> SQL that gives it back its shape
copies, made_up               a database -> an empty one in memory that behaves like it; rows made up in it
fingerprints                  a database -> what tells that two schemas are the same; how often one has changed
awaited                       the connection to that one -> what a driver for asynchronous code has of it
lending                       the same -> a further one, while the first is not in its way
telling, effects              what statements do there, told by the connection
row_texts                     whether texts are about rows alone
beside_schema                 what a statement asks for -> what beside the schema the answer depends on

What only some runs need is imported when it is needed: a start is most of what a check of a small project costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.dialects.casing import spelled
from alembic_contracts.dialects.sqlite.breaking import breaks, is_narrower
from alembic_contracts.dialects.sqlite.names import KIND, quote, quote_name
from alembic_contracts.dialects.sqlite.properties import (
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
from alembic_contracts.dialects.sqlite.purposes import family, logical
from alembic_contracts.dialects.sqlite.restoring import restoring
from alembic_contracts.dialects.sqlite.session import session
from alembic_contracts.dialects.sqlite.types import format_type, misspelt_type, parse_type
from alembic_contracts.support.modules import late

if TYPE_CHECKING:
    from alembic_contracts.dialects.sqlite.default_rows import meets, nulls_from
    from alembic_contracts.dialects.sqlite.equivalence import same_expression
    from alembic_contracts.dialects.sqlite.fingerprints import changes, fingerprint
    from alembic_contracts.dialects.sqlite.looser import is_looser
    from alembic_contracts.dialects.sqlite.observation import completed, observe, sight
    from alembic_contracts.dialects.sqlite.transactions import (
        answering,
        at_commit,
        exchanges,
        fate,
        look_up_as,
        lookup,
        transaction,
    )

__all__ = [
    "DEFAULT_COLLATION",
    "DEFAULT_SCHEMA",
    "FORESIGHT",
    "KEYS_TAKE_NULL",
    "KIND",
    "NAME",
    "NOT_EXPRESSED",
    "REFERS_ACROSS_SCHEMAS",
    "answering",
    "at_commit",
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
    "lookup",
    "meets",
    "misspelt_type",
    "nulls_from",
    "numeric_precision",
    "numeric_scale",
    "observe",
    "parse_type",
    "quote",
    "quote_name",
    "restoring",
    "same_expression",
    "same_type",
    "session",
    "sight",
    "spelled",
    "transaction",
]

NAME = "SQLite"
DEFAULT_SCHEMA = "main"
DEFAULT_COLLATION = "BINARY"
KEYS_TAKE_NULL = True
REFERS_ACROSS_SCHEMAS = False  # so SQLAlchemy leaves such foreign keys out
FORESIGHT = "copy"
BEGINS_BY_ITSELF = True
COMMITS_AT_DDL = False
PLANS_FAIL = False
DIFFERS = ""
NOT_EXPRESSED = frozenset(
    {
        "array-element-type",
        "column-identity",
        "datetime-precision",
        "domain",
        "enum-labels",
        "lost-privileges",
        "lost-publication",
        "privileges",
        "publication",
        "published-key",
        "replica-identity",
        "row-level-security",
        "row-security-enabled",
    }
)
"""There are no roles, no publications, no types of users; a rowid that is given out by itself is no identity column."""

_LATE = {
    "meets": "default_rows",
    "nulls_from": "default_rows",
    "is_looser": "looser",
    "same_expression": "equivalence",
    "completed": "observation",
    "observe": "observation",
    "sight": "observation",
    "changes": "fingerprints",
    "fingerprint": "fingerprints",
    "answering": "transactions",
    "at_commit": "transactions",
    "exchanges": "transactions",
    "fate": "transactions",
    "look_up_as": "transactions",
    "lookup": "transactions",
    "transaction": "transactions",
}
"""What only a run with a database needs, or a doubt: where it is, imported when it is asked for.

None of them has the name of a module: that would be in its place once something else has imported the module."""

__getattr__ = late(__name__, _LATE)

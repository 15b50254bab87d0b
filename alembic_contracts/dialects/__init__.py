"""What differs from one database to the next: type names, catalog queries. One module a database, found by name.

    postgresql, sqlite   databases of which all is known that a contract can state
    inspected            any other one, as far as SQLAlchemy's Inspector shows it
    servers              a kind of database -> what is known of it; a connection -> which kind answers it
    casing               names of a schema as contracts have them where case makes no difference
    null_of_null         an expression's text -> the columns that make it NULL
    families             types of any database by what they are for (generic_types: as SQLAlchemy makes them)
    listeners            those who listen to an engine
    replay_protocols     what a scratch server executes, and what of that may be otherwise elsewhere

A further database is a package here, by SQLAlchemy's name for it, that offers what ``Dialect`` says; nothing else has
to know of it. What only some runs need is imported when it is needed: a start is most of what a check of a small
project costs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal, Protocol, cast

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.errors import CannotCheck

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy.engine import Connection

    from alembic_contracts.dialects.families import Family
    from alembic_contracts.dialects.replay_protocols import Statements, Witness
    from alembic_contracts.schemas.schema import Column, Name, Schema, Table, Type, TypeDefinition
    from alembic_contracts.schemas.surroundings import Session, Surroundings
    from alembic_contracts.schemas.uses import Breaks

__all__ = [
    "LOGICAL",
    "Asked",
    "Dialect",
    "Fate",
    "Foresight",
    "Locked",
    "Part",
    "Replayable",
    "Sight",
    "Transaction",
    "is_known",
    "load",
    "of",
    "replayable",
]

Part = Literal["grants", "publications", "indexes", "rest"]
"""Of a table: its grants, and roles; its publications; its indexes; comments, definitions of views, partitioning."""


class Asked(Struct, frozen=True):
    """What of tables is asked for, beside their columns and constraints."""

    parts: frozenset[Part]
    types: frozenset[str]
    """Names of types that are looked for even where no column has them."""


class Sight(Struct, frozen=True):
    """Tables as they were seen at one time."""

    schema: Schema
    fingerprints: Mapping[Name, str]
    """By table, what tells whether all that takes a lock to read is still the same."""
    unread: frozenset[Name] = frozenset()
    """Tables without what takes a lock to read, because another session had one."""


class Locked(CannotCheck):
    """Other sessions hold locks without which some tables cannot be read in full."""

    def __init__(self, message: str, tables: frozenset[Name], sight: Sight | None) -> None:
        """Keep what could be read.

        Args:
            message: who has locked what.
            tables: those that cannot be read in full; none where no table could be.
            sight: everything that was asked for, without what takes a lock of those; None: nothing could be read.
        """
        super().__init__(message)
        self.tables = tables
        self.sight = sight and replace(sight, unread=tables)


Fate = Literal["open", "committed", "rolled back"]


class Transaction(Struct, frozen=True):
    """A transaction block of the server's."""

    number: int


LOGICAL = frozenset({"string", "date", "timestamp", "time", "number", "integer", "boolean", "array", "object", "map"})
"""Logical types of ODCS that say something of a column's type."""
Foresight = Literal["catalog", "copy", "none"]
"""How it is known where version scripts lead before they run: their statements are parsed and applied to a catalog in
memory; they run on an empty copy of the database in memory; or not at all, so that what they led to is looked at."""


class Dialect(Protocol):
    """The functions that a module of this package offers."""

    def __hash__(self) -> int:
        """What is worked out by them is kept."""

    KIND: str
    """SQLAlchemy's name for it: ``postgresql``."""
    NAME: str
    """For people: ``PostgreSQL``."""
    DEFAULT_SCHEMA: str
    """Where tables are that are named without a schema, as observed names have it."""
    DEFAULT_COLLATION: str
    """What the collation is called that a column has where none is stated."""
    KEYS_TAKE_NULL: bool
    """Whether columns of a primary key take NULL where they are not NOT NULL themselves."""
    REFERS_ACROSS_SCHEMAS: bool
    FORESIGHT: Foresight
    BEGINS_BY_ITSELF: bool
    """Whether drivers begin a transaction before some statements and not before others, which commit by themselves."""
    COMMITS_AT_DDL: bool
    """Whether a statement that changes the schema commits, with what came before it in its transaction."""
    PLANS_FAIL: bool
    """Whether statements that are prepared fail once when a column's type changes, as far as that is known."""
    DIFFERS: str
    """What to say of a database that another one can be taken for; empty for all others."""
    NOT_EXPRESSED: frozenset[str]
    """Rules about what the database does not have (grants, arrays), so that their facts are not applicable."""

    def family(self, type_: Type, types: Mapping[Name, TypeDefinition]) -> Family | None:
        """Return what a type of this database is for, None where that is nothing that other databases have."""

    def logical(self, type_: Type, types: Mapping[Name, TypeDefinition]) -> Collection[str]:
        """Return which of ``LOGICAL`` a column's type is."""

    def parse_type(self, text: str) -> Type:
        """Return the type that a contract spells in any way that users would (alias, modifiers, ``[]``).

        Raises:
            ValueError: the text cannot be a type's name; the message says why.
        """

    def quote(self, identifier: str) -> str:
        """Return an identifier as SQL writes it: in quotes where it needs them."""

    def format_type(self, type_: Type) -> str:
        """Return the SQL spelling, as PostgreSQL's ``format_type`` would (``numeric(10,2)[]``)."""

    def data_type(self, type_: Type, types: Mapping[Name, TypeDefinition]) -> str:
        """Return ``information_schema.columns.data_type`` (domains by their base type)."""

    def same_type(self, expected: Type, actual: Type, types: Mapping[Name, TypeDefinition]) -> bool:
        """Return whether a column of type ``actual`` has the type that a contract states.

        Modifiers count only where ``expected`` states any; a domain also has the type that it is based on.
        """

    def misspelt_type(self, type_: Type) -> str | None:
        """Return the type that is probably meant by a name that none but users' own can have; None: no other."""

    def breaks(self, expected: Type, actual: Type, types: Mapping[Name, TypeDefinition]) -> Breaks:
        """Return whose uses break where a column has the actual type instead of the expected one, and how badly."""

    def is_narrower(
        self,
        before: Type,
        after: Type,
        types_before: Mapping[Name, TypeDefinition],
        types: Mapping[Name, TypeDefinition],
    ) -> bool:
        """Return whether one of two types of the same sort refuses values that the other takes, as it has a limit."""

    def numeric_precision(self, type_: Type, types: Mapping[Name, TypeDefinition]) -> int | None:
        """Return ``information_schema.columns.numeric_precision``."""

    def numeric_scale(self, type_: Type, types: Mapping[Name, TypeDefinition]) -> int | None:
        """Return ``information_schema.columns.numeric_scale``."""

    def character_length(self, type_: Type, types: Mapping[Name, TypeDefinition]) -> int | None:
        """Return ``information_schema.columns.character_maximum_length``."""

    def enum_labels(self, type_: Type, types: Mapping[Name, TypeDefinition]) -> tuple[str, ...] | None:
        """Return the labels of an enum in their order, None for what is no enum."""

    def forbids_null(self, type_: Type, types: Mapping[Name, TypeDefinition]) -> bool:
        """Return whether a type itself forbids NULL, as a domain can."""

    def same_expression(self, one: str, other: str) -> bool | None:
        """Return whether two SQL expressions are the same but for their spelling; None: that is not known."""

    def is_looser(self, before: str, after: str, columns: Sequence[Column] = ()) -> bool:
        """Return whether a condition is certainly not false where another is not; False: that is not plain.

        ``columns``: that they may be about, as they were and are.
        """

    def meets(self, condition: str, columns: Sequence[Column]) -> bool:
        """Return whether a row with the defaults of columns, all that a condition names, certainly meets it."""

    def nulls_from(self, expression: str, columns: Sequence[Column]) -> tuple[str, ...]:
        """Return those of a table's columns for which an expression is NULL; nothing where that is not certain."""

    def datetime_precision(self, type_: Type, types: Mapping[Name, TypeDefinition]) -> int | None:
        """Return ``information_schema.columns.datetime_precision``."""

    def element(self, type_: Type, types: Mapping[Name, TypeDefinition]) -> Type | None:
        """Return the type of an array's elements, None for what is no array."""

    def session(self, connection: Connection) -> Session:
        """Return the settings of a connection that decide what its statements are about."""

    def observe(
        self,
        connection: Connection,
        tables: Collection[Name] | None,
        *,
        lock_timeout: float = 10,
        before: Sight | None = None,
        asked: Asked | None = None,
    ) -> Schema:
        """Read the named tables (None: all user tables) and user-defined types from the catalog; no lock stays.

        Args:
            connection: to the database.
            tables: the tables' names.
            lock_timeout: seconds to wait for what another session has locked.
            before: what was seen before, of which all that is the same need not be waited for.
            asked: what of the tables, and which types; None: everything, and all types that users made.

        Raises:
            Locked: another session holds a lock for too long.
            CannotCheck: the database does not answer.
        """

    def sight(
        self,
        connection: Connection,
        tables: Collection[Name] | None,
        watched: Collection[Name],
        *,
        lock_timeout: float = 10,
        left_out: frozenset[str] = frozenset(),
    ) -> Sight:
        """Do as ``observe`` does, with fingerprints of tables to be looked at again; ``left_out`` need not be read."""

    def completed(self, connection: Connection, before: Sight, now: Schema) -> Schema:
        """Return what was seen before, with what could not be read then as it is now.

        Raises:
            CannotCheck: it is not the same any more.
        """

    def spelled(self, schema: Schema, names: Mapping[Name, Collection[str]]) -> Schema:
        """Return a schema with names as contracts have them (columns by table), where case makes no difference."""

    def fingerprint(self, connection: Connection) -> str:
        """Return what is the same wherever all that is there is the same, cheaper than a look; empty: nothing is."""

    def changes(self, connection: Connection) -> Callable[[], int] | None:
        """Return what tells how often the schema has been changed from now on; None: nobody counts that."""

    def transaction(self, connection: Connection, known: Transaction | None = None) -> Transaction | None:
        """Return the block that the connection's statements are in, None where each is a transaction of its own.

        ``known`` is the one that it was in before.
        """

    def exchanges(self, connection: Connection) -> AbstractContextManager[Callable[[], tuple[int, bool]] | None]:
        """Yield what tells how often the server was asked something, and whether a block is open; None: nobody does."""

    def fate(self, connection: Connection, transaction: Transaction) -> Fate | None:
        """Return what has become of a transaction, None where that is not known any more."""

    def at_commit(self, connection: Connection, *, goes_on: bool) -> AbstractContextManager[None]:
        """Let what is put off until the commit happen before the body; ``goes_on``: it is taken back afterwards."""

    def answering(self, connection: Connection) -> AbstractContextManager[object]:
        """Have a session answer in full while the body runs, whatever scripts have set it to."""

    def lookup(self, connection: Connection) -> str:
        """Return where unqualified names lead."""

    def look_up_as(self, connection: Connection, lookup: str) -> None:
        """Have unqualified names lead where they led once, until the transaction ends."""

    def restoring(self, before: Table, now: Table) -> tuple[str, ...]:
        """Return SQL that gives a table's columns their shape back, as far as it can be said."""


class Replayable(Dialect, Protocol):
    """What a module offers besides where runs are foreseen by a catalog, so that a replay can settle them."""

    def surroundings(self, connection: Connection) -> Surroundings:
        """Read all that is beside tables' definitions, and settings."""

    def workings(self, connection: Connection) -> dict[tuple[str, str], str]:
        """Read what runs code or has a say in it, beside what a schema shows: definitions by kind and name."""

    def restore(self, source: Connection, target: Connection, programs: Path | None, *, roles: bool) -> None:
        """Make an empty database on a scratch server what another one is committed to be, rows aside.

        Args:
            source: a connection to the database.
            target: a connection to the empty one.
            programs: the folder of the database's own programs; None: those on the PATH.
            roles: whether to make the roles of the source's server as well.

        Raises:
            CannotCheck: there is no such program, or it says that it cannot.
        """

    def looks(self, connection: Connection, tables: Collection[Name] | None) -> Callable[[], Schema]:
        """Return what reads tables on a scratch server as ``observe`` does, fit to be called after every statement."""

    def missing_role(self, error: BaseException) -> str | None:
        """Return the role for want of which a statement failed on a scratch server; None where that is not why."""

    def witness(self, connection: Connection) -> Witness:
        """Listen to what a connection to a scratch server executes.

        Raises:
            CannotCheck: its driver does not allow that.
        """

    def statements(self, connection: Connection, *, same_texts: bool) -> Statements:
        """Begin to look at the statements of a revision, on a scratch server that shows the schema before it.

        ``same_texts`` says whether that prints expressions as the real one does.
        """


def is_known(name: str) -> bool:
    """Whether there is a module for a database, by SQLAlchemy's dialect name."""
    return name.isidentifier() and name not in _PARTS and find_spec(f"{__name__}.{name}") is not None


_PARTS = frozenset(
    {"casing", "families", "generic_types", "inspected", "listeners", "null_of_null", "servers", "replay_protocols"}
)
"""Modules of this package that are about no single database."""
_KIND = "alembic_contracts.kind"


@cache
def load(name: str) -> Dialect:
    """Return the module for a database, by SQLAlchemy's dialect name; for one without, what SQLAlchemy shows of it."""
    if is_known(name):
        return cast("Dialect", import_module(f"{__name__}.{name}"))
    from alembic_contracts.dialects.inspected import Inspected

    return Inspected(name)


def replayable(dialect: Dialect) -> Replayable:
    """Return a dialect as one of a database whose catalog is known, so that a replay can settle what is unproven.

    Raises:
        CannotCheck: it is another one.
    """
    if dialect.FORESIGHT != "catalog":
        raise CannotCheck(f"What version scripts will do on {dialect.NAME} is not foreseen by its catalog.")
    return cast("Replayable", dialect)


def of(name: str, connection: Connection | None) -> Dialect:
    """Return what knows the database that a run is about.

    Args:
        name: SQLAlchemy's dialect name.
        connection: to the database, which may be another one that speaks the same protocol; None: there is none.

    Raises:
        CannotCheck: the server does not answer.
    """
    if connection is None:
        return load(name)
    kind = connection.info.get(_KIND)  # which goes with the driver's connection
    if kind is not None:
        return load(kind)
    from sqlalchemy.exc import DBAPIError

    from alembic_contracts.dialects.servers import kind_of

    try:
        return load(connection.info.setdefault(_KIND, kind_of(connection)))
    except DBAPIError as error:
        raise CannotCheck(f"The database does not say what it is: {error.orig}") from error

"""What there is around the tables that a run is about, as values: names, ties, routines, where names lead."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

if TYPE_CHECKING:
    from alembic_contracts.schemas.schema import Name, Type

__all__ = ["Extract", "OtherObjects", "Outline", "Routine", "Sequence", "Session", "Surroundings", "Use"]


class OtherObjects(Struct, frozen=True):
    """What users made or extensions brought along beside what ``Schema`` carries, and what ties tables to it."""

    casts: tuple[tuple[Type, Type, str], ...] = ()
    """From, to, and ``pg_cast.castcontext``: i implicit, a in assignments, e explicit."""
    names: frozenset[str] = frozenset()
    """Of operators."""
    classes: frozenset[tuple[str, Type]] = frozenset()
    """Access methods, and the types for which they have a default operator class."""
    types: frozenset[Name] = frozenset()
    """Base types, multiranges and pseudo-types; what ``Schema.types`` has of others is all that there are."""
    typed: Mapping[Name, Name] = field(default_factory=dict)
    """Tables that are of a composite type (``pg_class.reloftype``)."""
    owned: Mapping[Name, tuple[Name, str, bool] | None] = field(default_factory=dict)
    """Sequences, but for those named after a column that they go with: that, and whether as its identity, or None."""
    local_columns: Mapping[Name, frozenset[str]] = field(default_factory=dict)
    """Columns that tables both inherit and have of their own (``attislocal``)."""
    has_hidden: bool = False
    """Whether there are functions, operators, collations, extensions ..., between what is dropped and what follows."""
    has_hanging: bool = False
    """Whether there are triggers, rules or policies, which can use what is dropped."""


DEFAULT_VERSION = 170000
"""The server that is taken for granted where none is known, as ``server_version_num`` has it."""


class Session(Struct, frozen=True, kw_only=True):
    """Where a connection's unqualified names lead."""

    database: str
    user: str
    search_path: tuple[str, ...]
    """Schemas in the order of lookup, existing or not; ``$user`` stands for the user's name."""
    server_version: int
    """As ``server_version_num``: 170002 for 17.2."""


class Extract(Struct, frozen=True):
    """A part of a schema."""

    tables: frozenset[Name]
    """The tables whose definitions are in it."""
    known: frozenset[Name]
    """Relations of which all that uses them is in it, too."""
    unread: frozenset[Name]
    """Tables that are not in it, and their indexes."""
    constraints: frozenset[tuple[str, str]]
    """Schema and name of every constraint, whether in it or not."""
    sequences: frozenset[Name]
    """Every sequence, whether its table is in it or not."""


class Outline(Struct, frozen=True):
    """All relations by name, without their definitions."""

    tables: frozenset[Name]
    """Tables and views of every kind."""
    relations: dict[Name, Name]
    """Every relation, indexes and sequences included, with the table that it belongs to (itself where none)."""
    ties: dict[Name, frozenset[Name]]
    """Relations with those that they use or that use them: foreign keys, views, inheritance, defaults, row types."""
    constraints: frozenset[tuple[str, str]]
    """Schema and name of every constraint."""
    sequences: frozenset[Name]
    """Those that are not temporary."""

    def around(self, wanted: Callable[[Name], bool]) -> Extract:
        """Return what has to be read so that all is known of some relations, and of what they use or are used by.

        Args:
            wanted: says of a relation's name whether a migration may be about it.
        """
        known = {self.relations[name] for name in self.relations if wanted(name)}
        known |= {name for table in known for name in self.ties.get(table, ()) if name not in self.tables}
        near = {self.relations[other] for name in known for other in self.ties.get(name, ())}
        read = (known | near) & self.tables
        return Extract(
            tables=frozenset(read),
            known=frozenset(known),
            unread=frozenset(
                name for name, table in self.relations.items() if table in self.tables and table not in read
            ),
            constraints=self.constraints,
            sequences=self.sequences,
        )

    def without(self, tables: Collection[Name], extract: Extract | None) -> Extract:
        """Return a part of the schema, None standing for all of it, without some tables."""
        gone = {name for name, table in self.relations.items() if table in tables}
        used = {other for name in gone for other in self.ties.get(name, ())}
        known = frozenset(self.relations) if extract is None else extract.known
        return Extract(
            tables=(self.tables if extract is None else extract.tables) - gone,
            known=known - gone - used - {self.relations[name] for name in used},
            unread=(frozenset() if extract is None else extract.unread) | gone,
            constraints=self.constraints,
            sequences=self.sequences,
        )


class Sequence(Struct, frozen=True):
    """A sequence, with the column that owns it (``ALTER SEQUENCE ... OWNED BY``, serial, identity)."""

    name: Name
    owner: tuple[Name, str] | None = None
    internal: bool = False
    """Whether it serves an identity column, which alone may drop it."""
    owner_role: str | None = None


class Use(Struct, frozen=True):
    """Where a routine runs without being called by a statement."""

    table: Name | None
    """The table or view; None: it is about no single one."""
    how: Literal["trigger", "event trigger", "expression"]


class Routine(Struct, frozen=True):
    """A user's function or procedure."""

    name: Name
    language: str
    body: str | None
    """None where it is not known as text."""
    uses: tuple[Use, ...] = ()


class Surroundings(Struct, frozen=True, kw_only=True):
    """A database but for what its tables look like."""

    session: Session
    others: OtherObjects
    """What there is beside the server's own."""
    routines: tuple[Routine, ...]
    """Users' own."""
    outline: Outline
    printed: frozenset[Name] = frozenset()
    """Tables and views of every kind of which something is printed under a lock."""
    without: frozenset[str] = frozenset()
    """Parts of tables of which there is nothing in the database: a look may leave them out (``Dialect.sight``)."""

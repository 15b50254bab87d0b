"""What a contract file comes down to: contracts and the facts they state, as immutable values that know their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from alembic_contracts.documents.document import ContractLocation
from alembic_contracts.schemas.schema import Name, Type
from alembic_contracts.schemas.uses import Place, Side

__all__ = [
    "NOT_STATED",
    "SIDES",
    "Choice",
    "Compatibility",
    "Contract",
    "Deprecation",
    "Ending",
    "Expected",
    "Fact",
    "ForeignKey",
    "Owner",
    "Privileges",
    "Publication",
    "Stage",
    "Waiver",
    "WaiverFile",
]

Compatibility = Literal["exact", "reader", "writer", "read-write", "cdc", "full"]
"""Which differences from what is stated a contract tolerates: none, or those that do not break the sides that use it
(``read-write``: an application, which does both; ``full``: all three)."""
_ALL: frozenset[Side] = frozenset(("reader", "writer", "cdc"))
SIDES: Mapping[Compatibility, frozenset[Side]] = MappingProxyType(
    {
        "exact": _ALL,
        "reader": frozenset(("reader",)),
        "writer": frozenset(("writer",)),
        "read-write": frozenset(("reader", "writer")),
        "cdc": frozenset(("cdc",)),
        "full": _ALL,
    }
)
Stage = Literal["draft", "active", "deprecated", "retired"]
"""Where a contract is in its life; ODCS calls it ``status``."""


NOT_STATED = "not stated"
"""What stands for the owner of a contract that names none."""


class Owner(Struct, frozen=True):
    """Who answers for a contract."""

    name: str
    email: str | None = None

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.email else self.name


class ForeignKey(Struct, frozen=True):
    """A foreign key as a contract states it; no ``referenced_columns``: the primary key of the referenced table."""

    columns: tuple[str, ...]
    table: Name
    referenced_columns: tuple[str, ...] = ()


class Privileges(Struct, frozen=True):
    """What a role may do with a table, or with one of its columns."""

    role: str
    privileges: tuple[str, ...]
    """In SQL's words, in capitals: ``SELECT``, ``INSERT``, ``UPDATE`` ..."""


class Publication(Struct, frozen=True):
    """A publication for logical replication that a table belongs to."""

    name: str
    columns: tuple[str, ...] | None = None
    """The columns that must be in it; None: no opinion."""
    row_filter: str | None = None
    """The row filter as PostgreSQL prints it; ``""``: none at all; None: no opinion."""


Expected = Type | bool | int | str | tuple[str, ...] | ForeignKey | Privileges | Publication | None
"""What a fact expects; which of these it is depends on the rule. None where the rule alone says it all."""


class Fact(Struct, frozen=True, gc=False):
    """One thing that a contract states. What a contract leaves unset is no fact at all."""

    rule: str
    """Id of the rule that can tell whether it holds."""
    table: Name
    column: str | None
    expected: Expected
    location: ContractLocation
    mode: Literal["exactly", "at least"] = "exactly"

    @property
    def place(self) -> str:
        """Table, and column where there is one: ``public.object_images.primary_image``."""
        return str(self.table) if self.column is None else f"{self.table}.{self.column}"

    @property
    def id(self) -> str:
        """How waivers name it: ``column-exists public.object_images.primary_image``."""
        return f"{self.rule} {self.place}"


class Deprecation(Struct, frozen=True, kw_only=True):
    """A promise that ends: what it covers may be broken from its sunset on."""

    table: Name | None = None
    """None: the whole contract."""
    column: str | None = None
    """None: the whole table."""
    sunset: date | None = None
    """The first day on which it no longer has to be kept; None: no date has been set, so it has to be kept."""
    location: ContractLocation

    @property
    def place(self) -> str:
        """What it covers, for people."""
        return ".".join(map(str, filter(None, (self.table, self.column)))) or "the whole contract"

    def covers(self, fact: Fact) -> bool:
        """Whether a fact is among what is deprecated."""
        return self.table in (None, fact.table) and self.column in (None, fact.column)


class Ending(Struct, frozen=True):
    """What to write into a contract's file so that a promise ends on a day, or where that stands already."""

    file: str
    """Relative to the working directory where possible, with forward slashes."""
    line: int
    column: int | None
    """Of the bracket behind which the text goes; None: it goes below the line, as lines of its own."""
    text: str
    """With ``YYYY-MM-DD`` where the day belongs; empty where there is one."""
    day: date | None = None
    """The day that stands there."""


class Waiver(Struct, frozen=True, kw_only=True):
    """An owner's permission to break one fact, once."""

    contract: str
    """Id of the contract."""
    fact: str
    """As ``Fact.id`` has it."""
    revision: str | None
    """The revision that may break it; None: any."""
    reason: str
    approver: str
    expiry: date
    """The last day on which it counts."""
    location: ContractLocation


class WaiverFile(Struct, frozen=True, kw_only=True):
    """A file beside contracts in which their waivers are looked for, and where in it another one goes."""

    file: str
    """Relative to the working directory where possible, with forward slashes; it need not be there."""
    line: int | None = None
    """Of the list; None: there is none, and the item goes below a new ``waivers:``."""
    column: int | None = None
    """Of the bracket behind which the item goes; None: it goes below the line, as lines of its own."""
    indent: int = 0
    """Of the items that are there."""
    is_empty: bool = False
    """Whether the list has no items, so that it is replaced."""


class Choice(Struct, frozen=True, kw_only=True):
    """How much a contract that is to be written states, and whom it protects."""

    minimal: bool | None = None
    """Whether it states existence, type, nullability and key alone; None: as is usual in the format."""
    compatibility: Compatibility | None = None
    """None: as is usual in the format."""
    of_tables: Mapping[Name, Compatibility] = {}
    """Of tables that are protected otherwise."""
    stated: Mapping[tuple[Name, str | None], Mapping[str, object]] | None = None
    """What is stated beside existence and type, by table and column (None: the table), with the keys of the base
    format; None: as ``minimal`` says."""
    used_by: Mapping[tuple[Name, str | None], tuple[Place, ...]] = {}
    """Where consumers are seen to use a table (None) or a column."""


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What one consumer, or a group of them, relies on."""

    namespace: str
    name: str
    owner: Owner
    facts: tuple[Fact, ...]
    location: ContractLocation
    description: str = ""
    descriptions: tuple[tuple[Name, str | None, str], ...] = ()
    """What is said about tables and columns (None: the table): table, column, text."""
    used_by: Mapping[tuple[Name, str | None], tuple[Place, ...]] = field(default_factory=dict, hash=False)
    """Where its consumers are seen to use tables and columns (None: the table); evidence, which promises nothing."""
    resource: str | None = None
    """The data asset's resource name as written, for example ``postgresql://host:5432/database.table``."""
    kind: str = "postgresql"
    """The kind of database that it is about, by SQLAlchemy's name: its types are that one's, and there it is held
    exactly."""
    catalog: str | None = None
    """The database it was written for; contracts travel, so a difference is a warning."""
    version: str | None = None
    """The contract's own version, as its authors count."""
    compatibility: Compatibility = "exact"
    of_tables: Mapping[Name, Compatibility] = field(default_factory=dict, hash=False)
    """Of tables that it protects otherwise: a consumer may write to one, and only read the others."""
    stage: Stage = "active"
    deprecations: tuple[Deprecation, ...] = ()
    unread: tuple[str, ...] = ()
    """Sections of its file that are other tools' business: ODCS's quality and SLA, for example."""
    unknown: tuple[tuple[str, ContractLocation], ...] = ()
    """What else its file states and nobody reads, in words, and where."""
    ending: Callable[[Fact], Ending | None] | None = field(default=None, repr=False, compare=False)
    """Says what to write into its file so that a fact need not hold from a day on; None: it has no file."""
    at: str = ""
    """Where it was read from if not from the working tree: a git ref, as given by the user."""

    @property
    def id(self) -> str:
        """``namespace/name``, unique among all contracts of a project."""
        return f"{self.namespace}/{self.name}"

    @property
    def tables(self) -> tuple[Name, ...]:
        """The tables that its facts are about, in the order of the file."""
        return tuple(self._columns)

    @cached_property
    def _columns(self) -> Mapping[Name, tuple[str, ...]]:
        found: dict[Name, dict[str, None]] = {}
        for fact in self.facts:
            columns = found.setdefault(fact.table, {})
            if fact.column:
                columns[fact.column] = None
        return {table: tuple(columns) for table, columns in found.items()}

    def compatibility_of(self, table: Name) -> Compatibility:
        """Which differences of a table it tolerates."""
        return self.of_tables.get(table, self.compatibility)

    def sides(self, table: Name) -> frozenset[Side]:
        """Whose uses of a table it protects."""
        return SIDES[self.compatibility_of(table)]

    def columns(self, table: Name) -> tuple[str, ...]:
        """The columns of a table that it names, in the order of the file."""
        return self._columns.get(table, ())

    def seen(self, table: Name, column: str | None) -> tuple[Place, ...]:
        """Return where consumers are seen to use a column, or a table (None).

        Who uses a column uses its table. Where the file knows of a table alone, its places are those of each column.
        """
        if not self.used_by:
            return ()
        known = self._seen.get(table, {})
        if column is not None and known.keys() - {None}:
            return known.get(column, ())
        return tuple(dict.fromkeys(place for places in known.values() for place in places))

    @cached_property
    def _seen(self) -> Mapping[Name, Mapping[str | None, tuple[Place, ...]]]:
        found: dict[Name, dict[str | None, tuple[Place, ...]]] = {}
        for (table, column), places in self.used_by.items():  # a table before its columns, in both formats
            found.setdefault(table, {})[column] = places
        return found

    def deprecation(self, fact: Fact) -> Deprecation | None:
        """Return what is said most closely about the end of a fact: for its column, its table, the contract."""
        covering = [each for each in self.deprecations if each.covers(fact)]
        return max(covering, key=lambda each: (each.column is not None, each.table is not None), default=None)

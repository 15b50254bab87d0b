"""What the in-memory catalog holds, and a written name in, the object that it stands for out.

Names are resolved as PostgreSQL does (``search_path``, temporary objects first). All that changes goes through
``Store``, so that it can be taken back; what can be worked out from tables (indexes by name, who mentions whom) is kept
up to date as they change.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from alembic_contracts.prediction.catalog.journal import Journal, Store
from alembic_contracts.prediction.catalog.table_changes import ColumnNames, Ties
from alembic_contracts.prediction.catalog.uncertainty import Uncertainty
from alembic_contracts.prediction.catalog.unread import PartialTables, Unread
from alembic_contracts.prediction.sql import sqlstate
from alembic_contracts.schemas.schema import Access, Name, Table, Type, TypeDefinition
from alembic_contracts.schemas.surroundings import Sequence

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.doubts import Doubt
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["TEMPORARY", "Analysed", "Attachment", "Function", "Prepared", "State"]

TEMPORARY = "pg_temp"
"""The schema of temporary objects, as it can be written in SQL."""

_NOTHING_KNOWN = Access()

SYSTEM_SCHEMAS = frozenset({"pg_catalog", "information_schema", "pg_toast"})


class Function(Struct, frozen=True):
    """A user's function, procedure or aggregate. ``arguments`` are its input types as written."""

    name: Name
    arguments: tuple[str, ...]
    kind: Literal["function", "procedure", "aggregate"] = "function"
    language: str = "sql"
    body: str | None = None
    """None where it is not known."""
    definition: str | None = None
    """The whole CREATE statement."""
    returns: str | None = None
    outputs: tuple[tuple[str, str], ...] = ()
    """Names and types of OUT and TABLE columns."""


class Operator(Struct, frozen=True):
    """An operator."""

    schema: str
    types: tuple[Type, Type]
    definitions: tuple[TypeDefinition, ...]
    """Of those of its types that are users' own, as they are: who renames one makes another value of it."""
    function: Function | None
    """What it calls, where that is known."""


class Attachment(Struct, frozen=True):
    """What hangs on tables but is no part of their shape: triggers, policies, rules, statistics, publications."""

    kind: str
    name: str
    table: Name | None
    uses: frozenset[tuple[Name, str]] = frozenset()
    """(table, column) pairs that cannot be dropped without it; column ``""`` for the table as a whole."""
    function: Name | None = None
    """The function that a trigger calls."""


class Prepared(Struct, frozen=True):
    """A prepared statement; lives as long as the session, whatever becomes of transactions."""

    kind: str
    node: Node
    sql: str


class Analysed(Struct, frozen=True):
    """What came out when a query or a change of rows was looked at."""

    version: int
    """That of the journal at this moment."""
    reads: frozenset[Name]
    doubts: tuple[Doubt, ...]
    query: Node | None


@dataclass
class State:
    """Everything that the catalog knows. Only functions of this package change it."""

    database: str
    user: str
    server_version: int
    complete: bool
    """Whether functions, triggers, roles, extensions ... that are not here do not exist."""
    complete_tables: bool = True
    """Whether tables, types and sequences that are not here do not exist."""
    complete_others: bool = True
    """Whether casts, operators, operator classes, types and typed tables that are not here do not exist."""
    unread: Unread | None = None
    """What was not read of the baseline; None: nothing is missing."""
    journal: Journal = field(default_factory=Journal)
    uncertain: Uncertainty = field(default_factory=Uncertainty)
    """What is otherwise on the server, perhaps."""
    further_types: frozenset[Name] = frozenset()
    """Types that the observed database has, and of which no more than their names is known."""
    observed_reach: dict[str, frozenset[Name] | None] = field(default_factory=dict)
    """Functions that the observed database has, without their schemas: the tables that they can change (None: any)."""
    altering: tuple[tuple[int, int], frozenset[str]] = ((-1, -1), frozenset())
    """What ``alterers`` has found, and when."""
    prepared: dict[str, Prepared] = field(default_factory=dict)
    analysed: dict[str, Analysed] = field(default_factory=dict)
    """Queries by their text, as long as nothing changes."""
    defaults: dict[str, str] = field(default_factory=dict)
    """What settings are at the start of a session, and after RESET."""
    _path: tuple[tuple[str, int, int], tuple[str, ...], tuple[str, ...]] = (("", -1, -1), (), ())
    """The moment that the search path is of, the path, and the schemas in which names are looked for."""
    column_names: ColumnNames = field(default_factory=ColumnNames)
    _ties: Ties = field(default_factory=Ties)

    def __post_init__(self) -> None:
        self.tables: Store[Name, Table] = Store(self.journal, self._ties.table_changed)
        if self.unread is not None and self.unread.extract is not None:
            self.tables = PartialTables(self.journal, self._ties.table_changed, self.unread)
        self.types: Store[Name, TypeDefinition] = Store(self.journal)
        self.sequences: Store[Name, Sequence] = Store(self.journal)
        self.namespaces: Store[str, str] = Store(self.journal)
        """Schemas and their owners."""
        self.functions: Store[Name, tuple[Function, ...]] = Store(self.journal)
        self.attachments: Store[tuple[str, Name | None, str], Attachment] = Store(self.journal)
        self.extensions: Store[str, str] = Store(self.journal)
        """Extensions and their schemas."""
        self.settings: Store[str, str] = Store(self.journal)
        self.local_settings: Store[str, str] = Store(self.journal)
        self.fresh_labels: Store[str, bool] = Store(self.journal)
        """Enum values that were added in this transaction, ``schema.type label``: they cannot be used in it."""
        self.fresh_types: Store[str, bool] = Store(self.journal)
        """Enums that were created in this transaction, to which that does not apply."""
        self.pending: Store[Name, bool] = Store(self.journal)
        """Tables with events of deferred triggers that are still to fire, and whether that is certain."""
        self.deferred: Store[str, bool] = Store(self.journal)
        """Not empty where SET CONSTRAINTS has deferred more constraints than are by themselves."""
        self.casts: Store[tuple[Type, Type], str] = Store(self.journal)
        """Casts of users' own (from, to), and the context in which they happen (i, a, e)."""
        self.operator_classes: Store[tuple[str, Type], bool] = Store(self.journal)
        """Access methods and types for which a user made a default operator class."""
        self.operators: Store[str, tuple[Operator, ...]] = Store(self.journal)
        """Operators of users' own, by their names."""
        self.local_columns: Store[Name, frozenset[str]] = Store(self.journal)
        """Columns that a child table declares itself although a parent has them too."""
        self.traits: Store[tuple[str, str], str] = Store(self.journal)
        """Small remarks on objects: what PostgreSQL keeps and a ``Table`` does not."""
        self._access: Store[str, Access] = Store(self.journal)
        self.known_database: str | None = None
        self.known_user: str | None = None
        """What the session is really called; None where that is only taken for granted."""
        self.cursors: Store[str, Prepared] = Store(self.journal)

    def has_operator(self, name: str) -> bool:
        """Return whether there is an operator of users' own of this name."""
        return ("operator", name) in self.traits or name in self.operators

    def holds_all(self, trait: str) -> bool:
        """Whether what is not held of some kinds of objects (``HIDDEN``, ``HANGING``, ``SQL_BODY``) is not there."""
        return (trait, "") not in self.traits

    # -- what follows from tables ------------------------------------------------------------------------------------

    def mentioned_by(self, name: Name) -> list[Table]:
        """Return the tables whose definition points at a table, sequence or type, in a stable order."""
        if self.unread is not None:
            self.unread.about_users(name)
        return [self.tables[user] for user in self._ties.users_of(name, self.tables.loaded())]

    def has_constraint(self, schema: str, name: str) -> bool:
        """Whether any table or domain of a schema has a constraint of this name."""
        if self.unread is not None:
            self.unread.about_constraint(schema, name)
        if self._ties.constraint_names[schema, name] > 0:
            return True
        return any(name == check.name for type_ in self.types.values() for check in type_.checks)

    def children(self, name: Name) -> list[Table]:
        """Return the tables that inherit from a table directly, or are its partitions."""
        if self._ties.parents[name] > 0:
            return [table for table in self.mentioned_by(name) if name in table.parents]
        if self.unread is not None:
            self.unread.about_users(name)
        return []

    def index_table(self, index: Name) -> Table | None:
        """Return the table that an index is on."""
        if self.unread is not None:
            self.unread.about(index)
        owner = self._ties.index_owners.get(index)
        return None if owner is None else self.tables[owner]

    # -- who gets at tables ------------------------------------------------------------------------------------------

    @property
    def access(self) -> Access:
        """Roles, memberships, default grants and publications."""
        if self.unread is not None:
            self.unread.about_access()
        return self.access_so_far

    @property
    def access_so_far(self) -> Access:
        """The same as far as it is known, for whom it does not matter that nothing may have been read of roles."""
        return self._access.get("", _NOTHING_KNOWN)

    def access_at(self, mark: int) -> Access:
        """Return what they were at a mark of the journal."""
        return self.journal.before(self._access, mark).get("", self.access_so_far) or _NOTHING_KNOWN

    def set_access(self, access: Access) -> None:
        """Take these from here on."""
        if access != self.access_so_far:
            self._access.put("", access)

    # -- settings and schemas ----------------------------------------------------------------------------------------

    @property
    def search_path(self) -> tuple[str, ...]:
        """Schemas in which unqualified names are looked for, as set, ``$user`` replaced."""
        return self._paths()[1]

    def _paths(self) -> tuple[tuple[str, int, int], tuple[str, ...], tuple[str, ...]]:
        moment = (self.user, len(self.settings.changes), len(self.local_settings.changes))
        if self._path[0] != moment:
            path = self._search_path()
            self._path = moment, path, (*(() if TEMPORARY in path else (TEMPORARY,)), *path)
        return self._path

    def _search_path(self) -> tuple[str, ...]:
        value = self.setting("search_path")
        parts = split_identifiers('"$user", public' if value is None else value)
        if "$user" not in parts:
            return parts
        return tuple(self.current_user if part == "$user" else part for part in parts)

    @property
    def current_user(self) -> str:
        """The role as SET ROLE and SET SESSION AUTHORIZATION left it."""
        role = self.setting("role")
        if role is not None and role != "none":
            return role
        return self.setting("session_authorization") or self.user

    def setting(self, name: str) -> str | None:
        """Return a run-time setting as text, None where nobody set it."""
        return self.local_settings.get(name, self.settings.get(name))

    def set_setting(self, name: str, value: str, *, local: bool) -> None:
        """Give a setting a value for the session, or until the end of the transaction."""
        if local:
            self.local_settings.put(name, value)
            return
        if name in self.local_settings:
            self.local_settings.remove(name)
        self.settings.put(name, value)

    def has_namespace(self, name: str) -> bool:
        """Whether a schema exists."""
        return name in self.namespaces or name in SYSTEM_SCHEMAS or name == TEMPORARY

    def check_namespace(self, name: str) -> str:
        """Return the name of an existing schema, so that new objects can go there.

        Raises:
            PostgresError: 3F000, there is no such schema.
        """
        if not self.has_namespace(name):
            raise sqlstate.undefined_schema(name)
        return name

    def current_schema(self) -> str | None:
        """Return the schema where unqualified new objects go (``current_schema()``)."""
        return next((part for part in self.search_path if self.has_namespace(part)), None)

    def creation_schema(self) -> str:
        """Return the schema where unqualified new objects go.

        Raises:
            PostgresError: 3F000, no schema of the search path exists.
        """
        schema = self.current_schema()
        if schema is None:
            raise sqlstate.PostgresError("3F000", "no schema has been selected to create in")
        return schema

    def candidates(self, name: str, schema: str | None) -> list[Name]:
        """Return the qualified names that a written name can stand for, in the order of lookup."""
        if schema:
            return [Name(schema, name)]
        return [Name(part, name) for part in self._paths()[2]]

    # -- lookups -----------------------------------------------------------------------------------------------------

    def find_table(self, name: str, schema: str | None = None) -> Table | None:
        """Return the table, view or foreign table that a name stands for."""
        for candidate in self.candidates(name, schema):
            table = self.tables.get(candidate)
            if table is not None:
                return table
            if self._other_kind(candidate) is not None:
                return None
        return None

    def find_relation(self, name: str, schema: str | None = None) -> tuple[Name, str] | None:
        """Return the relation of any kind that a name stands for, with its kind."""
        for candidate in self.candidates(name, schema):
            kind = self.relation_kind(candidate)
            if kind is not None:
                return candidate, kind
        return None

    def find_type(self, name: str, schema: str | None = None) -> TypeDefinition | None:
        """Return the user's type that a name stands for."""
        return next((self.types[n] for n in self.candidates(name, schema) if n in self.types), None)

    def find_functions(self, name: str, schema: str | None = None) -> tuple[Function, ...]:
        """Return the user's functions of this name in the first schema that has any."""
        return next((self.functions[n] for n in self.candidates(name, schema) if n in self.functions), ())

    def relation_kind(self, name: Name) -> str | None:
        """Return what a name is in ``pg_class``: a table's kind, ``sequence``, ``index`` or ``composite type``."""
        table = self.tables.get(name)
        return self._other_kind(name) if table is None else table.kind

    def _other_kind(self, name: Name) -> str | None:
        if name in self.sequences:
            return "sequence"
        if name in self._ties.index_owners:
            return "index"
        definition = self.types.get(name)
        return "composite type" if definition is not None and definition.kind == "composite" else None

    # -- as a whole --------------------------------------------------------------------------------------------------

    def copy(self) -> State:
        """Return a state of its own with the same contents; what happened so far cannot be undone in it."""
        twin = State(
            self.database,
            self.user,
            self.server_version,
            self.complete,
            self.complete_tables,
            self.complete_others,
            self.unread,
        )
        for name, store in vars(self).items():
            if isinstance(store, Store):
                getattr(twin, name).fill(store)
        twin.prepared = dict(self.prepared)
        twin.uncertain = deepcopy(self.uncertain)
        twin.observed_reach, twin.further_types = self.observed_reach, self.further_types
        twin.known_database, twin.known_user = self.known_database, self.known_user
        twin.defaults = dict(self.defaults)
        return twin


@lru_cache(maxsize=64)  # mostly one search_path, for each name that is looked up
def split_identifiers(text: str) -> tuple[str, ...]:
    """Return the names of a comma-separated list as PostgreSQL reads it: quotes keep case, all else is folded."""
    names = []
    rest = text.strip()
    while rest:
        if rest.startswith('"'):
            end = 1
            while end < len(rest) and (rest[end] != '"' or rest[end : end + 2] == '""'):
                end += 2 if rest[end] == '"' else 1
            name, rest = rest[1:end].replace('""', '"'), rest[end + 1 :]
        else:
            name, _, tail = rest.partition(",")
            name, rest = name.strip().lower(), "," + tail if tail else ""
        if name:
            names.append(name)
        rest = rest.lstrip().removeprefix(",").lstrip()
    return tuple(names)

"""What a database looks like: tables, columns, types and constraints as immutable values.

The same values describe a schema that was observed in a database, one that was predicted from version scripts and
one that was read from a scratch database. Names are the catalog's own: unquoted, case as stored, types by their
internal name (``pg_type.typname``: ``int4``, ``timestamptz``, ``varchar``); a dialect turns them into SQL spelling.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from operator import attrgetter
from types import MappingProxyType
from typing import Literal, NamedTuple

from msgspec import Struct, field

__all__ = [
    "Access",
    "Column",
    "Constraint",
    "ConstraintKind",
    "DefaultGrant",
    "Grant",
    "Index",
    "Name",
    "Persistence",
    "Published",
    "Schema",
    "Sending",
    "Table",
    "TableKind",
    "Type",
    "TypeDefinition",
]

_NAME, _VALID = attrgetter("name"), attrgetter("valid")

Persistence = Literal["permanent", "unlogged", "temporary"]
TableKind = Literal["table", "partitioned table", "view", "materialized view", "foreign table"]
ConstraintKind = Literal["primary key", "unique", "check", "foreign key", "exclude", "not null"]


class Name(NamedTuple):
    """The qualified name of a table, view or type."""

    schema: str
    """Empty: the one that is meant where none is named, in databases where that depends on who connects."""
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


class Type(Struct, frozen=True, gc=False):
    """A column's type: internal name, modifiers as written in parentheses, array dimensions (0: not an array).

    ``numeric(10,2)[]`` is ``Type(Name("pg_catalog", "numeric"), ("10", "2"), 1)``. PostgreSQL keeps no fixed number of
    dimensions (``attndims`` is not enforced), so two array types are equal whatever their ``dimensions``.
    """

    name: Name
    modifiers: tuple[str, ...] = ()
    dimensions: int = 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Type):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Name, tuple[str, ...], bool]:
        return (self.name, self.modifiers, self.dimensions > 0)


class TypeDefinition(Struct, frozen=True, kw_only=True):
    """A type that users created (``pg_type`` with ``typtype`` e, d, c, r or an extension's base type b)."""

    name: Name
    kind: Literal["enum", "domain", "composite", "range", "base"]
    labels: tuple[str, ...] = ()
    """Labels of an enum in sort order (``pg_enum.enumsortorder``)."""
    base: Type | None = None
    """What a domain is based on (``pg_type.typbasetype``); may be a domain again."""
    not_null: bool = False
    """Whether a domain itself forbids NULL (``pg_type.typnotnull``)."""
    default: str | None = None
    checks: tuple[Constraint, ...] = ()
    """Check constraints of a domain (``pg_constraint.contypid``)."""
    fields: tuple[tuple[str, Type], ...] = ()
    """Attributes of a composite type, in order."""


class Column(Struct, frozen=True, kw_only=True, gc=False):
    """A column. ``type`` and ``updatable`` are None where a prediction could not work them out."""

    name: str
    type: Type | None
    not_null: bool = False
    """``pg_attribute.attnotnull`` alone; a domain's own NOT NULL is on its definition. Where the table's constraint
    is NOT VALID, old rows may hold NULL all the same."""
    default: str | None = None
    """SQL expression (``pg_get_expr(adbin, adrelid)``), not for generated columns."""
    identity: Literal["", "always", "by default"] = ""
    generated: Literal["", "stored", "virtual"] = ""
    expression: str | None = None
    """Expression of a generated column."""
    collation: str | None = None
    """Only where it differs from the type's own."""
    on_null: Literal["", "ignore", "replace"] = ""
    """What a NOT NULL of SQLite's does instead of refusing a row (``ON CONFLICT``): ``replace`` takes the default."""
    updatable: bool | None = True
    """``pg_column_is_updatable``, which is true for generated and identity columns of ordinary tables as well."""
    comment: str | None = None


class Constraint(Struct, frozen=True, kw_only=True, gc=False):
    """A constraint of a table or domain (``pg_constraint``)."""

    name: str
    kind: ConstraintKind
    columns: tuple[str, ...] = ()
    expression: str | None = None
    """SQL of a check or exclude constraint."""
    references: Name | None = None
    """The table that a foreign key points at."""
    referenced_columns: tuple[str, ...] = ()
    to_primary_key: bool | None = None
    """Whether these are the primary key there; None: it has none, or that was not looked at, as on PostgreSQL."""
    on_update: str = ""
    on_delete: str = ""
    match_full: bool = False
    """Whether a foreign key's columns are all NULL or none of them is (``pg_constraint.confmatchtype``)."""
    deferrable: bool = False
    initially_deferred: bool = False
    valid: bool = True
    enforced: bool = True
    """Whether rows are held to it at all (``pg_constraint.conenforced``)."""
    nulls_not_distinct: bool = False
    period: bool = False
    """Whether the last column is a range: of a key one that overlaps no other (``WITHOUT OVERLAPS``), of a foreign key
    one that lies within those of the key (``PERIOD``; ``pg_constraint.conperiod``)."""
    on_conflict: Literal["", "ignore", "replace"] = ""
    """What is done instead of refusing a row (``ON CONFLICT``, on SQLite alone); empty: nothing."""
    no_inherit: bool = False
    inherited: bool = False
    comment: str | None = None


class Index(Struct, frozen=True, kw_only=True, gc=False):
    """An index (``pg_index``); those behind a primary key, unique or exclude constraint carry its name."""

    name: str
    columns: tuple[str | None, ...] = ()
    """Key columns in order; None stands for an expression."""
    include: tuple[str, ...] = ()
    unique: bool = False
    valid: bool = True
    method: str = "btree"
    predicate: str | None = None
    expressions: tuple[str, ...] = ()
    coarser: tuple[tuple[str, str], ...] = ()
    """Key columns, each with a collation by which more of its values are the same than by its own (SQLite)."""
    nulls_not_distinct: bool = False
    constraint: str | None = None
    """Name of the constraint that this index serves, None for an index of its own."""
    comment: str | None = None


class Grant(NamedTuple):
    """A privilege on a table or column (``aclexplode`` of ``pg_class.relacl`` and ``pg_attribute.attacl``)."""

    grantee: str
    """A role's name, or ``PUBLIC``."""
    privilege: str
    """In capitals: ``SELECT``, ``INSERT``, ``UPDATE``, ``DELETE``, ``TRUNCATE``, ``REFERENCES``, ``TRIGGER`` ..."""
    column: str | None = None
    """None: the whole table."""


class DefaultGrant(NamedTuple):
    """What new tables of a role grant by themselves (``ALTER DEFAULT PRIVILEGES``, ``pg_default_acl``)."""

    role: str
    """Whoever creates the table."""
    schema: str | None
    """None: in all schemas."""
    grantee: str
    """A role's name, or ``PUBLIC``."""
    privilege: str
    """In capitals."""


class Published(Struct, frozen=True, kw_only=True):
    """That a publication includes a table (``pg_publication_tables``)."""

    publication: str
    columns: tuple[str, ...] | None = None
    """The publication's column list in the table's order; None without one: all columns, later ones included."""
    row_filter: str | None = None
    """As ``pg_get_expr(prqual, prrelid)`` prints it."""


class Sending(Struct, frozen=True, kw_only=True):
    """What a publication sends of the tables that it includes (``pg_publication``)."""

    operations: frozenset[str] = frozenset({"insert", "update", "delete", "truncate"})
    """``pubinsert``, ``pubupdate``, ``pubdelete`` and ``pubtruncate``."""
    via_root: bool = False
    """Whether changes of partitions are those of their partitioned table (``pubviaroot``)."""
    generated: bool = False
    """Whether stored generated columns are sent without being listed (``pubgencols``)."""


class Access(Struct, frozen=True, kw_only=True):
    """Who gets at tables beyond what is said of each: roles and publications of the database."""

    complete: bool = False
    """Whether roles, grants, publications ... that are not here do not exist. Otherwise only of ``roles`` is it known
    what they may do (scripts made them, or granted or revoked something), and only of ``publications`` what is in them.
    """
    roles: frozenset[str] = frozenset()
    superusers: frozenset[str] = frozenset()
    """``pg_roles.rolsuper``."""
    without_inheritance: frozenset[str] = frozenset()
    """Roles that become members without having the privileges (``pg_roles.rolinherit`` is false)."""
    memberships: frozenset[tuple[str, str]] = frozenset()
    """(member, role) where the member has the role's privileges without more ado (``pg_auth_members``, inherited)."""
    schema_usage: frozenset[tuple[str, str]] = frozenset({("public", "PUBLIC")})
    """(schema, role) with USAGE (``pg_namespace.nspacl``), owners and ``PUBLIC`` included."""
    default_grants: frozenset[DefaultGrant] = frozenset()
    publications: Mapping[str, frozenset[str] | None] = field(default_factory=lambda: MappingProxyType({}))
    """Publications with the schemas whose tables they include; None: all tables (``pg_publication.puballtables``)."""
    sending: Mapping[str, Sending] = field(default_factory=lambda: MappingProxyType({}))
    """What publications send; those that are not here send what they do by default."""

    def knows(self, role: str) -> bool:
        """Whether what a role may do can be told at all."""
        return self.complete or role in self.roles

    def inherited(self, role: str) -> frozenset[str]:
        """Return the role, ``PUBLIC`` and every role whose privileges it has as a member, directly or not."""
        found, waiting = {"PUBLIC"}, [role]
        while waiting:
            current = waiting.pop()
            if current not in found:
                found.add(current)
                waiting.extend(group for member, group in self.memberships if member == current)
        return frozenset(found)


class Table(Struct, frozen=True, kw_only=True, gc=False):
    """A table, view, materialized view or foreign table with everything that a fact can be about."""

    name: Name
    kind: TableKind = "table"
    persistence: Persistence = "permanent"
    columns: tuple[Column, ...] = ()
    complete: bool = True
    """False where a prediction knows the table but not all of its columns."""
    constraints: tuple[Constraint, ...] = ()
    indexes: tuple[Index, ...] = ()
    parents: tuple[Name, ...] = ()
    """Tables that this one inherits from or is a partition of."""
    partition: bool = False
    """Whether it is attached to a partitioned table (``pg_class.relispartition``)."""
    partition_key: str | None = None
    bounds: frozenset[str] = frozenset()
    """What a row of a partition has to be like (``pg_class.relpartbound``), that of those that it is a part of as well;
    for the default partition that it is like none of the others'."""
    strict: bool = False
    """Whether it refuses values that are not of a column's type, on SQLite, where all others take any."""
    default_partition: bool = False
    """Whether it takes what no other partition of the same table does."""
    partition_bounds: frozenset[str] = frozenset()
    """Those of a partitioned table's own partitions (``pg_class.relpartbound``), ``DEFAULT`` among them."""
    check_option: Literal["", "local", "cascaded"] = ""
    """Whether a view refuses rows that it would not show."""
    definition: str | None = None
    """A view's query."""
    taken: frozenset[str] | None = frozenset()
    """``INSERT``, ``UPDATE`` and ``DELETE``, where a trigger or a rule of a view takes them in its place
    (``pg_trigger``, ``pg_rewrite``); None where a prediction could not work it out."""
    depends_on: tuple[tuple[Name, str], ...] = ()
    """What a view reads: (table, column), column ``""`` for the table as a whole (``pg_depend`` via ``pg_rewrite``)."""
    owner: str | None = None
    comment: str | None = None
    grants: frozenset[Grant] = frozenset()
    """Without what the owner has, which is everything."""
    unusable: frozenset[Grant] | None = frozenset()
    """Those that are of no use, because what a view reads, or a default's sequence, is closed to who would use it; None
    where a prediction could not work it out."""
    security_invoker: bool = False
    """Whether who uses a view needs privileges on what it reads, rather than its owner."""
    row_security: Literal["", "enabled", "forced"] = ""
    """``pg_class.relrowsecurity`` and ``relforcerowsecurity``."""
    replica_identity: Literal["default", "full", "nothing", "index"] = "default"
    """``pg_class.relreplident``."""
    replica_index: str | None = None
    """The index of ``REPLICA IDENTITY USING INDEX`` (``pg_index.indisreplident``); once it is gone, the identity is
    ``nothing``, whatever ``relreplident`` still says."""
    publications: tuple[Published, ...] = ()
    """Publications that include it, by name, those FOR ALL TABLES and for its schema as well."""
    published_above: frozenset[str] = frozenset()
    """Publications that include a table that it is a partition of, directly or not."""

    def column(self, name: str) -> Column | None:
        """Return the column of this exact name, or None."""
        names = [*map(_NAME, self.columns)]  # a loop of Python's own is ten times slower, where tables are wide
        return self.columns[names.index(name)] if name in names else None

    @property
    def may_pass_on(self) -> bool:
        """Whether it is of a kind whose rows are stored in other tables."""
        return self.kind in {"view", "partitioned table"}

    @property
    def has_default_partition(self) -> bool:
        """Whether one of its partitions takes what no other does."""
        return "DEFAULT" in self.partition_bounds

    @property
    def unvalidated(self) -> frozenset[str]:
        """Columns that are NOT NULL in new rows alone: the constraint is NOT VALID (PostgreSQL 18)."""
        if all(map(_VALID, self.constraints)):
            return frozenset()
        return frozenset(c.columns[0] for c in self.constraints if c.kind == "not null" and not c.valid)

    def not_null_constraint(self, column: str) -> Constraint | None:
        """Return the constraint that makes a column NOT NULL; there are such from PostgreSQL 18 on."""
        return next((c for c in self.constraints if c.kind == "not null" and c.columns == (column,)), None)

    @property
    def primary_key(self) -> tuple[str, ...]:
        """Columns of the primary key in key order, empty without one."""
        return next((c.columns for c in self.constraints if c.kind == "primary key"), ())


class Schema(Struct, frozen=True, kw_only=True):
    """Tables and user-defined types at one moment.

    ``tables`` may hold only the tables that were asked for; a table that is not in it is absent.
    """

    tables: Mapping[Name, Table] = field(default_factory=lambda: MappingProxyType({}))
    types: Mapping[Name, TypeDefinition] = field(default_factory=lambda: MappingProxyType({}))
    namespaces: frozenset[str] = frozenset({"public"})
    """Schemas that exist, without the system's own."""
    sequences: AbstractSet[Name] = frozenset()
    ignores_case: bool = False
    """Whether this database takes tables whose names differ in the case of letters for the same, where others of its
    kind do not."""
    catalog: str | None = None
    """Name of the database, where known (``current_database()``)."""
    access: Access = field(default_factory=Access)

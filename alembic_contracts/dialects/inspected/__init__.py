"""Any other database, as far as SQLAlchemy's Inspector shows it: tables, columns, keys, and types by what they are for.

types               a type's spelling -> Type, and back
mysql_types         a type of MySQL's in any spelling -> the one that the server keeps
purposes            a type -> what it is for
observation         a connection, names of tables -> Schema
trials              a connection -> whether the Inspector can read its kind of database
information_schema  MySQL's tables -> what the Inspector would tell of them
mysql_sessions      a session of MySQL's -> its answers in full, in the driver's letters
tables              what the Inspector tells of one table -> Table
transactions        a connection -> the transaction that it is in

A package of a database's own takes its place: ``dialects.load`` prefers one by its name. What only some runs need is
imported when it is needed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.dialects import Asked, Fate, Foresight, Sight, Transaction
from alembic_contracts.dialects.inspected.types import format_type, parse_type, split
from alembic_contracts.dialects.servers import is_like_mysql, is_like_postgresql, server
from alembic_contracts.schemas.schema import Column, Name, Schema, Table, Type, TypeDefinition
from alembic_contracts.schemas.surroundings import Session
from alembic_contracts.schemas.uses import EVERYBODY, Breaks

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from alembic_contracts.dialects.families import Family

__all__ = ["Inspected"]

Types = Mapping[Name, TypeDefinition]

_BESIDE_THE_SHAPE = frozenset(
    {
        "array-element-type",
        "character-length",
        "check",
        "collation",
        "column-default",
        "column-generated",
        "column-identity",
        "column-updatable",
        "datetime-precision",
        "domain",
        "enum-labels",
        "lost-privileges",
        "lost-publication",
        "numeric-precision",
        "numeric-scale",
        "privileges",
        "publication",
        "published-key",
        "relation-kind",
        "replica-identity",
        "row-level-security",
        "row-security-enabled",
    }
)
"""Rules about what the database does not have, or what the Inspector does not tell for certain."""
_WITH_UUID = frozenset({"cockroachdb", "greenplum", "mariadb", "mssql", "yugabytedb"})
"""Databases that have the type themselves."""
_ENFORCED = frozenset({"foreign-key", "primary-key", "unique"})


class Inspected:
    """A database without a package of its own; what it offers is said in ``Dialect``."""

    DEFAULT_COLLATION = "default"
    KEYS_TAKE_NULL = False
    REFERS_ACROSS_SCHEMAS = True
    FORESIGHT: Foresight = "none"
    BEGINS_BY_ITSELF = False

    def __init__(self, kind: str) -> None:
        """Know what there is to know without looking.

        Args:
            kind: SQLAlchemy's name for it, or that of one that speaks another one's protocol (``yugabytedb``).
        """
        known = server(kind)
        self.KIND = kind
        self.NAME = known.name
        self.DEFAULT_SCHEMA = known.default_schema
        self.NOT_EXPRESSED = _BESIDE_THE_SHAPE | (_ENFORCED if known.unenforced else frozenset())
        self.ROLLS_BACK = known.rolls_back
        """Whether DDL can be rolled back; None: that is not known."""
        self.COMMITS_AT_DDL = known.rolls_back is False
        self.PLANS_FAIL = False
        self._folds = known.folds_columns
        self.DIFFERS = _differs(kind)
        """What to say of a database that another one can be taken for; empty for others."""

    # -- types ---------------------------------------------------------------------------------------------------------

    def family(self, type_: Type, types: Types) -> Family | None:
        """Return what a type is for, as SQLAlchemy's dialect has it."""
        from alembic_contracts.dialects.inspected.purposes import family

        return family(type_, types)

    def logical(self, type_: Type, types: Types) -> Collection[str]:
        """Return the logical types of ODCS that a type is, or stands in for; of an unknown one any."""
        from alembic_contracts.dialects.families import logical

        family = self.family(type_, types)
        is_number = family == "boolean" and is_like_mysql(self.KIND) and type_.name.name == "TINYINT"
        return logical("boolean or whole number" if is_number else family)

    def parse_type(self, text: str) -> Type:
        """Return the type that is spelled so.

        Raises:
            ValueError: it cannot be a type's name.
        """
        return parse_type(text, self.KIND)

    def format_type(self, type_: Type) -> str:
        """Return a type's spelling; one that users made comes with its schema."""
        return (
            format_type(type_) if type_.name.schema in ("", self.KIND) else f"{type_.name.schema}.{format_type(type_)}"
        )

    def data_type(self, type_: Type, types: Types) -> str:
        """Return a type's name alone, in lower case as ``information_schema`` has it."""
        del types
        return split(type_.name.name)[0].lower()

    def same_type(self, expected: Type, actual: Type, types: Types) -> bool:
        """Return whether two types are the same, as far as the database tells: by name, or what they are for."""
        if is_like_mysql(self.KIND):
            from alembic_contracts.dialects.inspected import mysql_types

            known = mysql_types.same_type(expected, actual, mariadb=self.KIND == "mariadb")
            if known is not None:
                return known
        from alembic_contracts.dialects.families import fits

        same_name = expected.name.name.upper() == actual.name.name.upper()
        if same_name and bool(expected.dimensions) == bool(actual.dimensions):
            return True
        one, other = self.family(expected, types), self.family(actual, types)
        if one == "UUID" != other and self.KIND in _WITH_UUID:
            return False  # only where there is no such type does another one stand in for it
        return one is not None and other is not None and fits(one, other)

    def misspelt_type(self, type_: Type) -> str | None:
        """Return None: the types of such a database are not known by name."""

    def breaks(self, expected: Type, actual: Type, types: Types) -> Breaks:
        """Return whom another type breaks: everybody, where it is not known which ones are wider."""
        del types
        if not is_like_mysql(self.KIND):
            return EVERYBODY
        from alembic_contracts.dialects.inspected import mysql_types

        return mysql_types.breaks(expected, actual, mariadb=self.KIND == "mariadb")

    def is_narrower(self, before: Type, after: Type, types_before: Types, types: Types) -> bool:
        """Return whether a text takes fewer characters than it did, or a decimal fewer digits before its point."""
        if before.name.name.upper() != after.name.name.upper():
            return False
        sizes = [
            (self.character_length(one, own), self.numeric_precision(one, own), self.numeric_scale(one, own) or 0)
            for one, own in ((before, types_before), (after, types))
        ]
        (length, digits, scale), (new_length, new_digits, new_scale) = sizes
        if new_length is not None:
            return length is None or new_length < length
        return new_digits is not None and (digits is None or new_digits - new_scale < digits - scale)

    def numeric_precision(self, type_: Type, types: Types) -> int | None:
        """Return what is first in the parentheses of a decimal."""
        return self._number(type_, types, 0, "decimal")

    def numeric_scale(self, type_: Type, types: Types) -> int | None:
        """Return what is second in the parentheses of a decimal."""
        return self._number(type_, types, 1, "decimal")

    def character_length(self, type_: Type, types: Types) -> int | None:
        """Return what is in the parentheses of a text."""
        return self._number(type_, types, 0, "text")

    def datetime_precision(self, type_: Type, types: Types) -> int | None:
        """Return what is in the parentheses of a time."""
        return self._number(type_, types, 0, "time", "timestamp")

    def _number(self, type_: Type, types: Types, at: int, *families: Family) -> int | None:
        number = type_.modifiers[at] if at < len(type_.modifiers) else ""
        return int(number) if number.isdecimal() and self.family(type_, types) in families else None

    def enum_labels(self, type_: Type, types: Types) -> tuple[str, ...] | None:
        """Return the labels of MySQL's ``ENUM('a','b')`` and ``SET``, or of a type that users made."""
        if type_.name.name in ("ENUM", "SET") and type_.modifiers:
            return tuple(label[1:-1].replace("''", "'") for label in type_.modifiers)
        made = types.get(type_.name)
        return made.labels if made is not None and made.kind == "enum" else None

    def forbids_null(self, type_: Type, types: Types) -> bool:
        """Return whether a type that users made forbids NULL, or one that it is made of."""
        made = None if type_.dimensions else types.get(type_.name)
        return made is not None and (made.not_null or (made.base is not None and self.forbids_null(made.base, types)))

    def element(self, type_: Type, types: Types) -> Type | None:
        """Return the type of an array's elements."""
        del types
        return replace(type_, dimensions=0) if type_.dimensions else None

    # -- SQL -----------------------------------------------------------------------------------------------------------

    def quote(self, identifier: str) -> str:
        """Return an identifier as SQL writes it: in quotes where SQLAlchemy's dialect would put it in some."""
        from alembic_contracts.dialects.inspected.purposes import preparer

        return preparer(self.KIND).quote(identifier) if identifier else ""  # at which SQLAlchemy 2.0 raises

    def same_expression(self, one: str, other: str) -> bool:
        """Return whether two expressions are the same but for white space."""
        return one.split() == other.split()

    def is_looser(self, before: str, after: str, columns: Sequence[Column] = ()) -> bool:
        """Return whether a condition is certainly met where another one is: only where they are the same."""
        del columns
        return self.same_expression(before, after)

    def meets(self, condition: str, columns: Sequence[Column]) -> bool:
        """Return False: that is not worked out."""
        del condition, columns
        return False

    def nulls_from(self, expression: str, columns: Sequence[Column]) -> tuple[str, ...]:
        """Return the columns of which each makes an expression NULL, by its text."""
        from alembic_contracts.dialects.null_of_null import nulls_from

        return nulls_from(expression, columns, minds_case=not self._folds)

    def spelled(self, schema: Schema, names: Mapping[Name, Collection[str]]) -> Schema:
        """Return a schema with names as contracts have them, where the database does not mind the case of letters."""
        from alembic_contracts.dialects.casing import spelled

        tables = schema.ignores_case or not is_like_mysql(self.KIND)
        return spelled(schema, names, tables=tables) if self._folds else schema

    # -- connections ---------------------------------------------------------------------------------------------------

    def session(self, connection: Connection) -> Session:
        """Return the settings of a connection, as SQLAlchemy knows them."""
        url, dialect = connection.engine.url, connection.dialect
        version = [*(each for each in dialect.server_version_info or () if isinstance(each, int)), 0, 0]
        return Session(
            database=url.database or "",
            user=url.username or "",
            search_path=(self.DEFAULT_SCHEMA,),
            server_version=version[0] * 10000 + version[1] * 100 + version[2],
        )

    def observe(
        self,
        connection: Connection,
        tables: Collection[Name] | None,
        *,
        lock_timeout: float = 10,
        before: Sight | None = None,
        asked: Asked | None = None,
    ) -> Schema:
        """Read the named tables (None: all user tables) as the Inspector shows them.

        Raises:
            CannotCheck: the database or SQLAlchemy's dialect for it does not tell.
        """
        from alembic_contracts.dialects.inspected.observation import observe

        del lock_timeout, before, asked  # the Inspector waits as the database does, and tells all that it can
        return observe(connection, self.KIND, tables)

    def untold(self, connection: Connection, tables: Collection[Name] | None = None) -> str:
        """Return why tables cannot be read there, which is found out on another connection; empty: they can."""
        from alembic_contracts.dialects.inspected.observation import untold

        return untold(connection, self.KIND, tables)

    def sight(
        self,
        connection: Connection,
        tables: Collection[Name] | None,
        watched: Collection[Name],
        *,
        lock_timeout: float = 10,
        left_out: frozenset[str] = frozenset(),
    ) -> Sight:
        """Read tables as ``observe`` does, which leaves nothing unread.

        Raises:
            CannotCheck: as there.
        """
        del watched, left_out
        return Sight(self.observe(connection, tables, lock_timeout=lock_timeout), {})

    def completed(self, connection: Connection, before: Sight, now: Schema) -> Schema:
        """Return what was seen before, which was complete."""
        del connection, now
        return before.schema

    def fingerprint(self, connection: Connection) -> str:
        """Return nothing: no two looks are known to be the same."""
        del connection
        return ""

    def changes(self, connection: Connection) -> None:
        """Return nothing: changes are not known to be counted."""
        del connection

    def transaction(self, connection: Connection, known: Transaction | None = None) -> Transaction | None:
        """Return the transaction that DDL is in, None where each statement is one of its own.

        Where it can be rolled back, that is SQLAlchemy's: servers have no common way to tell theirs.
        """
        from alembic_contracts.dialects.inspected.transactions import transaction

        return None if self.ROLLS_BACK is False else transaction(connection, known)

    def exchanges(self, connection: Connection) -> AbstractContextManager[None]:
        """Yield nothing: drivers differ."""
        del connection
        return nullcontext()

    def fate(self, connection: Connection, transaction: Transaction) -> Fate | None:
        """Return that a transaction is still open, None for what has become of another one."""
        from alembic_contracts.dialects.inspected.transactions import fate

        return fate(connection, transaction)

    def at_commit(self, connection: Connection, *, goes_on: bool) -> AbstractContextManager[None]:
        """Do nothing: what is put off until the commit, if anything is, is not known."""
        del connection, goes_on
        return nullcontext()

    def answering(self, connection: Connection) -> AbstractContextManager[object]:
        """Have a session answer in full while the body runs, in letters that its driver reads."""
        from alembic_contracts.dialects.inspected.mysql_sessions import as_connected

        return as_connected(connection) if is_like_mysql(self.KIND) else nullcontext()

    def lookup(self, connection: Connection) -> str:
        """Return where unqualified names lead."""
        from alembic_contracts.dialects.inspected.observation import default_schema

        return default_schema(connection, self.KIND) or ""

    def look_up_as(self, connection: Connection, lookup: str) -> None:
        """Have unqualified names lead where they led once, if scripts can have them lead elsewhere for good."""
        if lookup != self.lookup(connection) and is_like_mysql(self.KIND) and lookup:
            connection.exec_driver_sql(f"USE {self.quote(lookup)}")

    def restoring(self, before: Table, now: Table) -> tuple[str, ...]:
        """Return nothing: how a column gets its shape back differs from one database to the next."""
        del before, now
        return ()


def _differs(kind: str) -> str:
    known = server(kind)
    if not is_like_postgresql(kind):
        return ""
    return (
        f"This is {known.name}, which speaks PostgreSQL's protocol and is another database"
        f"{f': {known.differs}' if known.differs else ''}. Contracts are held there to the shape of tables."
    )

"""What contracts state of tables in, SQLAlchemy's tables out: for PostgreSQL, or as another database has them.

What a kind of database takes for a type of another one's is for the same (``judging.elsewhere``); what is not held
there is left out. Everything is imported when there is something to make: few projects make tables of contracts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from alembic_contracts.contracts.contract import Contract, Fact, ForeignKey
from alembic_contracts.dialects.servers import is_like_mysql
from alembic_contracts.schemas.schema import Name, Type

if TYPE_CHECKING:
    from sqlalchemy import Column, MetaData, Table
    from sqlalchemy.types import TypeEngine

    from alembic_contracts.dialects import Dialect
    from alembic_contracts.dialects.families import Family

__all__ = ["ELSEWHERE", "INFO", "Maker", "Stated", "stated_of"]

INFO = "alembic_contracts"
"""Key of ``MetaData.info``, by schema and name of a table: the rules of which facts are stated, by column (None: the
table). ``Table.info`` would be written into revisions."""
ELSEWHERE = "alembic_contracts.elsewhere"
"""Key of what the types are for of columns that are stated for another kind of database, by schema, table and column.
"""

_POSTGRESQL = "postgresql"
_TABLES = frozenset({"table", "partitioned table"})

_LOGICAL: Mapping[str, str] = {
    "string": "text",
    "integer": "bigint",
    "number": "numeric",
    "boolean": "boolean",
    "date": "date",
    "time": "time without time zone",
    "timestamp": "timestamp without time zone",
    "object": "jsonb",
    "map": "jsonb",
}
"""Types for columns of which only the kind is stated (ODCS ``logicalType``)."""


class Stated(Struct, frozen=True):
    """All that contracts state of one table."""

    schema: str | None
    """Where the table is; None where tables are that are named without one."""
    name: str
    names: frozenset[Name]
    """What contracts call it: those about another kind of database in their own way."""
    facts: tuple[tuple[str, Fact], ...]
    """With the kinds of databases that they are about."""
    descriptions: Mapping[str | None, str]
    default_schemas: Mapping[str, str | None]
    """Where tables are that are named without a schema, by kind of database."""

    @property
    def key(self) -> str:
        """SQLAlchemy's key of it in a ``MetaData``."""
        return self.name if self.schema is None else f"{self.schema}.{self.name}"

    def expected(self, rule: str, column: str | None = None) -> Any:
        """Return what the first fact of a rule expects, None without one."""
        return next((f.expected for _, f in self.facts if f.rule == rule and f.column == column), None)

    def kind(self, rule: str, column: str | None = None) -> str:
        """Return the kind of database that this fact is about."""
        return next((kind for kind, f in self.facts if f.rule == rule and f.column == column), _POSTGRESQL)


def stated_of(contracts: Sequence[Contract], default_schema: str | None) -> Iterator[Stated]:
    """Yield the tables under contract, those of several contracts once, without views and what is retired."""
    from alembic_contracts import dialects

    facts: dict[tuple[str | None, str], list[tuple[str, Fact]]] = {}
    descriptions: dict[tuple[str | None, str], dict[str | None, str]] = {}
    usual: dict[str, str | None] = {_POSTGRESQL: default_schema}
    for contract in contracts:
        if contract.kind not in usual:
            usual[contract.kind] = dialects.load(contract.kind).DEFAULT_SCHEMA
        for fact in contract.facts if contract.stage != "retired" else ():
            facts.setdefault(_place(fact.table, usual[contract.kind]), []).append((contract.kind, fact))
        for table, column, text in contract.descriptions:
            descriptions.setdefault(_place(table, usual[contract.kind]), {}).setdefault(column, text)
    for (schema, name), found in facts.items():
        names = frozenset(fact.table for _, fact in found)
        stated = Stated(schema, name, names, tuple(found), descriptions.get((schema, name), {}), usual)
        if (stated.expected("relation-kind") or "table") in _TABLES:
            yield stated


def _place(table: Name, usual: str | None) -> tuple[str | None, str]:
    return None if table.schema == usual else table.schema, table.name


class Maker:
    """Turns what is stated of one table into SQLAlchemy's objects."""

    def __init__(self, stated: Stated, dialect: Dialect | None) -> None:
        """Take what is stated, and which kind of database to make it for; None: the one that it is stated of."""
        self._stated, self._dialect = stated, dialect
        kinds = {kind for kind, _ in stated.facts} if dialect is None else {dialect.KIND}
        self._numbers_keys = all(map(is_like_mysql, kinds))
        """Whether the database numbers keys by AUTO_INCREMENT, of which no contract speaks."""

    def table(self, made: MetaData) -> Table:
        """Add the table to others."""
        from sqlalchemy import Table

        stated = self._stated
        names = dict.fromkeys(fact.column for _, fact in stated.facts if fact.rule == "column-exists")
        columns = [self._column(cast("str", name)) for name in names]
        rules = {c: frozenset(f.rule for kind, f in stated.facts if f.column == c and self._is_held(kind, f.rule))
                 for c in (None, *names)}  # fmt: skip
        place = stated.schema, stated.name
        made.info.setdefault(INFO, {})[place] = rules
        made.info.setdefault(ELSEWHERE, {})[place] = dict(self._families(names))
        comment = stated.descriptions.get(None)
        return Table(stated.name, made, *columns, *self._constraints(), schema=stated.schema, comment=comment)

    def _is_own(self, kind: str) -> bool:
        from alembic_contracts.judging.shape import is_same

        return self._dialect is None or is_same(kind, self._dialect.KIND)

    def _is_held(self, kind: str, rule: str) -> bool:
        from alembic_contracts.judging.elsewhere import SHAPE

        return self._is_own(kind) or rule in SHAPE

    def _families(self, columns: Iterable[str | None]) -> Iterator[tuple[str | None, Family | None]]:
        """Yield what types are for that are stated for another kind of database."""
        from alembic_contracts import dialects

        for column in columns:
            kind, expected = self._stated.kind("column-type", column), self._stated.expected("column-type", column)
            if isinstance(expected, Type) and not self._is_own(kind):
                yield column, dialects.load(kind).family(expected, {})

    def _own(self, rule: str, column: str) -> Any:
        """Return what is expected of what is the database's own business."""
        return self._stated.expected(rule, column) if self._is_own(self._stated.kind(rule, column)) else None

    def _key(self) -> tuple[str, ...]:
        keys = (fact.expected for _, fact in self._stated.facts if fact.rule == "primary-key" and fact.expected)
        return cast("tuple[str, ...]", next(keys, ()))

    def _column(self, name: str) -> Column[Any]:
        from sqlalchemy import Column, Identity, text

        stated = self._stated
        in_key = name in self._key()
        identity = self._own("column-identity", name)
        default = self._own("column-default", name)
        nullable = stated.expected("column-nullable", name)
        arguments = [Identity(always=identity == "always")] if identity else []
        numbered = stated.expected("column-identity", name)
        is_numbered = self._numbers_keys if numbered is None else bool(numbered)
        return Column(
            name,
            self._type(name),
            *arguments,
            primary_key=in_key,
            autoincrement=False if in_key and not is_numbered else "auto",
            nullable=not in_key if nullable is None else bool(nullable),
            server_default=text(default) if default else None,
            comment=stated.descriptions.get(name),
        )

    # -- types -------------------------------------------------------------------------------------------------------

    def _type(self, column: str) -> TypeEngine[Any]:
        from sqlalchemy.dialects import postgresql
        from sqlalchemy.types import NullType

        kind = self._stated.kind("column-type", column)
        if (self._dialect.KIND if self._dialect is not None else kind) != _POSTGRESQL or not self._is_own(kind):
            return self._elsewhere(column, kind)
        expected = self._stated.expected("column-type", column)
        labels = self._stated.expected("enum-labels", column)
        element = self._stated.expected("array-element-type", column)
        if isinstance(expected, Type):
            return self._of(expected, column, labels)
        if expected == "USER-DEFINED" and labels:
            return postgresql.ENUM(*labels, name=column)  # any name will do
        if element is not None:
            inner = self._of(element, column, labels) if isinstance(element, Type) else None
            return postgresql.ARRAY(inner) if inner is not None else NullType()
        logical = _LOGICAL.get(str(self._stated.expected("logical-type", column)))
        return self._of(_parsed(logical), column, None) if logical is not None else NullType()

    def _elsewhere(self, column: str, kind: str) -> TypeEngine[Any]:
        """Return a type of any database but a PostgreSQL to which a PostgreSQL's types are stated."""
        import sqlalchemy as sa

        from alembic_contracts import dialects
        from alembic_contracts.dialects.generic_types import LOGICAL_TYPES, type_for
        from alembic_contracts.judging.shape import view

        expected, labels = (self._stated.expected(rule, column) for rule in ("column-type", "enum-labels"))
        dialect = self._dialect if self._dialect is not None else dialects.load(kind)
        none_like_it = sa.types.NullType() if self._is_own(kind) else sa.Text()  # any value can be written as a text
        if labels and kind == _POSTGRESQL:
            return sa.Enum(*labels, name=expected.name.name if isinstance(expected, Type) else column)
        if expected == "USER-DEFINED":
            return none_like_it
        if isinstance(expected, Type) and not expected.dimensions:
            return type_for(expected, dialect if self._is_own(kind) else view(dialect, kind)) or none_like_it
        if expected == "ARRAY" or isinstance(expected, Type):
            return sa.JSON()
        logical = LOGICAL_TYPES.get(str(self._stated.expected("logical-type", column)), "sa.types.NullType()")
        made: TypeEngine[Any] = getattr(sa.types, logical.removesuffix("()").rpartition(".")[2])()
        return made

    def _of(self, type_: Type, column: str, labels: Any) -> TypeEngine[Any]:
        from sqlalchemy.dialects import postgresql
        from sqlalchemy.types import NullType

        if type_.name.schema != "pg_catalog":
            usual = self._stated.default_schemas[_POSTGRESQL]
            schema = None if type_.name.schema == usual else type_.name.schema
            made: TypeEngine[Any] = (
                postgresql.ENUM(*labels, name=type_.name.name, schema=schema) if labels else NullType()
            )
        else:
            made = self._built_in(type_, column)
        return postgresql.ARRAY(made, dimensions=None) if type_.dimensions and not isinstance(made, NullType) else made

    def _built_in(self, type_: Type, column: str) -> TypeEngine[Any]:
        """Return a type of PostgreSQL's own; sizes that stand in facts of their own count as well."""
        from sqlalchemy.dialects.postgresql.base import PGDialect
        from sqlalchemy.types import NullType

        modifiers = [int(each) for each in type_.modifiers if each.lstrip("-").isdigit()]
        plain = _plain(type_)
        found = PGDialect.ischema_names.get(plain)
        if found is None:
            return NullType()
        size = partial(self._stated.expected, column=column)
        if plain == "numeric" and not modifiers and size("numeric-precision") is not None:
            modifiers = [cast("int", size("numeric-precision")), cast("int", size("numeric-scale") or 0)]
        if plain.startswith(("character", "bit")) and not modifiers:
            length = size("character-length")
            modifiers = [length] if length is not None else []
        if plain.startswith("time"):
            precision = modifiers[0] if modifiers else size("datetime-precision")
            # Six digits are what it has without any being written.
            kept = None if precision == 6 else precision
            return cast("TypeEngine[Any]", found(timezone="with time zone" in plain, precision=kept))
        return cast("TypeEngine[Any]", found(*modifiers))

    # -- constraints -------------------------------------------------------------------------------------------------

    def _constraints(self) -> Iterator[Any]:
        from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint

        known = {fact.column for _, fact in self._stated.facts if fact.rule == "column-exists"}
        for kind, fact in self._stated.facts:
            match fact.rule, fact.expected:
                case "unique", tuple(columns) if known.issuperset(columns):
                    yield UniqueConstraint(*columns)
                case "check", str(condition) if self._is_own(kind):
                    yield CheckConstraint(condition)
                case "foreign-key", ForeignKey() as key if key.referenced_columns and known.issuperset(key.columns):
                    schema, name = _place(key.table, self._stated.default_schemas[kind])
                    table = name if schema is None else f"{schema}.{name}"
                    targets = [f"{table}.{column}" for column in key.referenced_columns]
                    yield ForeignKeyConstraint(key.columns, targets, link_to_name=True)


def _parsed(text: str) -> Type:
    from alembic_contracts.dialects import postgresql

    return postgresql.parse_type(text)


def _plain(type_: Type) -> str:
    """Return a built-in type's name without sizes and brackets, as ``format_type`` has it."""
    from alembic_contracts.dialects import postgresql

    return postgresql.format_type(Type(type_.name))

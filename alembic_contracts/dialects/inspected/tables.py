"""What the Inspector tells of one table in, a :class:`Table` out.

SQLAlchemy is imported by what connects alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from alembic_contracts.dialects.inspected.types import parse_type
from alembic_contracts.dialects.servers import is_like_postgresql, server
from alembic_contracts.schemas.schema import Column, Constraint, Index, Name, Table, Type, TypeDefinition

if TYPE_CHECKING:
    from sqlalchemy import Dialect
    from sqlalchemy.types import TypeEngine

    from alembic_contracts.schemas.schema import TableKind

__all__ = ["Reader"]


class Reader:
    """Makes values of dictionaries, and keeps the types that users made as it comes by them."""

    def __init__(
        self, kind: str, default_schema: str | None, dialect: Dialect, named: Mapping[Name, Name] = MappingProxyType({})
    ) -> None:
        """Read what a dialect tells.

        Args:
            kind: of the database.
            default_schema: the connection's, which the Inspector leaves out.
            dialect: SQLAlchemy's.
            named: what tables are called, where that is otherwise than the database does.
        """
        self._kind, self._default, self._dialect = kind, default_schema, dialect
        self._server, self._named = server(kind), named
        self.types: dict[Name, TypeDefinition] = {}

    def table(self, name: Name, kind: str, told: Mapping[str, Any]) -> Table:
        """Return a table; without its columns where the database itself cannot tell them (a view of what is gone)."""
        columns = tuple(map(self._column, told.get("columns", ())))
        constraints = tuple(self._constraints(name, told, {column.name for column in columns}))
        return Table(
            name=self._named.get(name, name),
            kind=cast("TableKind", kind),
            columns=columns,
            complete="columns" in told,
            constraints=constraints,
            indexes=tuple(_index(each, constraints) for each in told.get("indexes", ())),
        )

    def _column(self, told: Mapping[str, Any]) -> Column:
        computed: Mapping[str, Any] = told.get("computed") or {}
        identity: Mapping[str, Any] = told.get("identity") or {}
        default = None if computed else told.get("default")
        numbered = bool(identity) or (told.get("autoincrement") is True and default is None)
        return Column(
            name=str(told["name"]),
            type=self._type(told["type"]),
            not_null=not told.get("nullable", True),
            default=None if default is None else str(default),
            identity="always" if identity.get("always") else "by default" if numbered else "",
            generated=("stored" if computed.get("persisted") else "virtual") if computed else "",
            expression=str(computed["sqltext"]) if computed else None,
            collation=told.get("collation", getattr(told["type"], "collation", None)),
            comment=told.get("comment"),
        )

    def _type(self, type_: TypeEngine[Any] | str) -> Type | None:
        """Return a type by its spelling; None where SQLAlchemy does not know it or cannot spell it."""
        from sqlalchemy import types
        from sqlalchemy.exc import CompileError

        if isinstance(type_, str):  # as the server itself says
            return self._parsed(type_)
        if isinstance(type_, types.NullType):
            return None
        if isinstance(type_, types.ARRAY):
            element = self._type(type_.item_type)
            return None if element is None else Type(element.name, element.modifiers, type_.dimensions or 1)
        if (made := self._made(type_)) is not None:
            return Type(made)
        try:
            return self._spelled(type_.compile(dialect=self._dialect))
        except CompileError:
            return None

    def _spelled(self, spelling: str) -> Type | None:
        from alembic_contracts.dialects.inspected.purposes import is_known

        found = self._parsed(spelling)
        return found if found is not None and is_known(found) else None

    def _parsed(self, spelling: str) -> Type | None:
        try:
            return parse_type(spelling, self._kind)
        except ValueError:
            return None

    def _made(self, type_: TypeEngine[Any]) -> Name | None:
        """Return the name of a type that users made, and note what it is."""
        if not is_like_postgresql(self._kind):
            return None
        from sqlalchemy.dialects.postgresql import DOMAIN, ENUM

        if not isinstance(type_, (DOMAIN, ENUM)):
            return None
        name = Name(type_.schema or self._server.default_schema, str(type_.name))
        if isinstance(type_, ENUM):
            self.types[name] = TypeDefinition(name=name, kind="enum", labels=tuple(type_.enums))
        else:
            base = self._type(type_.data_type)
            self.types[name] = TypeDefinition(name=name, kind="domain", base=base, not_null=bool(type_.not_null))
        return name

    def _constraints(self, table: Name, told: Mapping[str, Any], columns: set[str]) -> Iterator[Constraint]:
        key = told.get("pk_constraint") or {}
        if key.get("constrained_columns"):
            name = str(key.get("name") or "PRIMARY")
            yield Constraint(name=name, kind="primary key", columns=tuple(key["constrained_columns"]))
        for unique in told.get("unique_constraints", ()):
            if columns.issuperset(unique["column_names"]):  # and none of an expression
                yield Constraint(name=str(unique["name"] or ""), kind="unique", columns=tuple(unique["column_names"]))
        for foreign in told.get("foreign_keys", ()):
            yield self._foreign_key(table, foreign)
        for check in told.get("check_constraints", ()):
            yield Constraint(name=str(check["name"] or ""), kind="check", expression=str(check["sqltext"]))

    def _foreign_key(self, table: Name, told: Mapping[str, Any]) -> Constraint:
        options: Mapping[str, Any] = told.get("options") or {}
        schema = told["referred_schema"] or self._default or table.schema
        if not self._server.has_schemas and schema == self._default:
            schema = self._server.default_schema
        there = Name(schema, told["referred_table"])
        return Constraint(
            name=str(told["name"] or ""),
            kind="foreign key",
            columns=tuple(told["constrained_columns"]),
            references=self._named.get(there, there),
            referenced_columns=tuple(told["referred_columns"]),
            on_update=options.get("onupdate") or "",
            on_delete=options.get("ondelete") or "",
            deferrable=bool(options.get("deferrable")),
            initially_deferred=options.get("initially") == "DEFERRED",
            valid=not told.get("finds_no_key"),
            to_primary_key=told.get("to_primary_key"),
        )


def _index(told: Mapping[str, Any], constraints: Collection[Constraint]) -> Index:
    columns = tuple(told["column_names"])
    options: Mapping[str, Any] = told.get("dialect_options") or {}
    predicate = next((value for name, value in options.items() if name.endswith("_where") and value is not None), None)
    expressions = told.get("expressions", columns)
    name = str(told["name"])
    same = next((each.name for each in constraints if each.kind == "unique" and each.name == name), None)  # MySQL's
    return Index(
        name=name,
        columns=columns,
        unique=bool(told["unique"]),
        predicate=None if predicate is None else str(predicate),
        expressions=tuple(str(each) for each, column in zip(expressions, columns, strict=False) if column is None),
        constraint=told.get("duplicates_constraint", same),
    )

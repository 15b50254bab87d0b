"""Contracts in, SQLAlchemy metadata out, so that autogenerate writes the migration that a new contract needs.

What a contract leaves unset is nobody's business: tables and columns that no contract names stay, and where
nullability, type or default is not stated, autogenerate proposes no change of it. ``prune`` sees to that.

Everything is imported when there is something to make: the guard loads this module with every env.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from alembic_contracts.contracts.contract import Contract, Fact, ForeignKey
from alembic_contracts.schemas.schema import Name, Type

if TYPE_CHECKING:
    from alembic.operations import ops
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import Column, MetaData, Table
    from sqlalchemy.types import TypeEngine

__all__ = ["metadata", "prune"]

_INFO = "alembic_contracts"
"""Key of ``MetaData.info``, by schema and name of a table: the rules of which facts are stated, by column (None: the
table). ``Table.info`` would be written into revisions."""

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


def metadata(
    paths: str | Path | Iterable[str | Path],
    *,
    beside: MetaData | Iterable[MetaData] = (),
    naming_convention: Mapping[str, Any] | None = None,
    default_schema: str | None = "public",
) -> MetaData:
    """Return the tables that contracts state.

    Args:
        paths: contract files and folders.
        beside: metadata of models; tables that are in it are left out here.
        naming_convention: as for ``sqlalchemy.MetaData``.
        default_schema: tables of this schema get none, as Alembic compares them.

    Raises:
        alembic.util.CommandError: a contract cannot be read, or there are none.
    """
    from alembic.util import CommandError
    from sqlalchemy import MetaData

    from alembic_contracts.contracts import formats
    from alembic_contracts.errors import CannotCheck

    listed = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    others = [beside] if isinstance(beside, MetaData) else list(beside)
    modelled = {key for other in others for key in other.tables}
    made = MetaData(naming_convention=cast("Any", naming_convention))
    try:
        contracts = formats.load(tuple(path.absolute() for path in listed), root=Path.cwd())
    except CannotCheck as error:  # env.py asks for it, and Alembic shows no traceback of errors of its own kind
        raise CommandError(str(error)) from error
    for stated in _tables(contracts):
        schema = None if stated.name.schema == default_schema else stated.name.schema
        key = stated.name.name if schema is None else f"{schema}.{stated.name.name}"
        if key not in modelled:
            _Maker(stated, default_schema).table(made, schema)
    return made


class _Stated(Struct, frozen=True):
    """All that contracts state of one table."""

    name: Name
    facts: tuple[Fact, ...]
    descriptions: Mapping[str | None, str]

    def expected(self, rule: str, column: str | None = None) -> Any:
        """Return what the first fact of a rule expects, None without one."""
        return next((f.expected for f in self.facts if f.rule == rule and f.column == column), None)

    def states(self, rule: str, column: str | None = None) -> bool:
        return any(fact.rule == rule and fact.column == column for fact in self.facts)


def _tables(contracts: Sequence[Contract]) -> Iterator[_Stated]:
    """Yield the tables under contract, those of several contracts once, without views and what is retired."""
    facts: dict[Name, list[Fact]] = {}
    descriptions: dict[Name, dict[str | None, str]] = {}
    for contract in contracts:
        if contract.stage == "retired":
            continue
        for fact in contract.facts:
            facts.setdefault(fact.table, []).append(fact)
        for table, column, text in contract.descriptions:
            descriptions.setdefault(table, {}).setdefault(column, text)
    for name, found in facts.items():
        stated = _Stated(name, tuple(found), descriptions.get(name, {}))
        if (stated.expected("relation-kind") or "table") in _TABLES:
            yield stated


class _Maker:
    """Turns what is stated of one table into SQLAlchemy's objects."""

    def __init__(self, stated: _Stated, default_schema: str | None) -> None:
        self._stated, self._default_schema = stated, default_schema

    def table(self, made: MetaData, schema: str | None) -> Table:
        from sqlalchemy import Table

        names = dict.fromkeys(fact.column for fact in self._stated.facts if fact.rule == "column-exists")
        columns = [self._column(cast("str", name)) for name in names]
        rules = {c: frozenset(f.rule for f in self._stated.facts if f.column == c) for c in (None, *names)}
        made.info.setdefault(_INFO, {})[schema, self._stated.name.name] = rules
        comment = self._stated.descriptions.get(None)
        return Table(self._stated.name.name, made, *columns, *self._constraints(), schema=schema, comment=comment)

    def _key(self) -> tuple[str, ...]:
        keys = (fact.expected for fact in self._stated.facts if fact.rule == "primary-key" and fact.expected)
        return cast("tuple[str, ...]", next(keys, ()))

    def _column(self, name: str) -> Column[Any]:
        from sqlalchemy import Column, Identity, text

        stated = self._stated
        in_key = name in self._key()
        identity = stated.expected("column-identity", name)
        default = stated.expected("column-default", name)
        nullable = stated.expected("column-nullable", name)
        arguments = [Identity(always=identity == "always")] if identity else []
        return Column(
            name,
            self._type(name),
            *arguments,
            primary_key=in_key,
            autoincrement=False if in_key and not identity else "auto",
            nullable=not in_key if nullable is None else bool(nullable),
            server_default=text(default) if default else None,
            comment=stated.descriptions.get(name),
        )

    # -- types -------------------------------------------------------------------------------------------------------

    def _type(self, column: str) -> TypeEngine[Any]:
        from sqlalchemy.dialects import postgresql
        from sqlalchemy.types import NullType

        expected = self._stated.expected("column-type", column)
        labels = self._stated.expected("enum-labels", column)
        element = self._stated.expected("array-element-type", column)
        if isinstance(expected, Type):
            return self._of(expected, column, labels)
        if element is not None:
            inner = self._of(element, column, labels) if isinstance(element, Type) else None
            return postgresql.ARRAY(inner) if inner is not None else NullType()
        logical = _LOGICAL.get(str(self._stated.expected("logical-type", column)))
        return self._of(_parsed(logical), column, None) if logical is not None else NullType()

    def _of(self, type_: Type, column: str, labels: Any) -> TypeEngine[Any]:
        from sqlalchemy.dialects import postgresql
        from sqlalchemy.types import NullType

        if type_.name.schema != "pg_catalog":
            schema = None if type_.name.schema == self._default_schema else type_.name.schema
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

        known = {fact.column for fact in self._stated.facts if fact.rule == "column-exists"}
        for fact in self._stated.facts:
            match fact.rule, fact.expected:
                case "unique", tuple(columns) if known.issuperset(columns):
                    yield UniqueConstraint(*columns)
                case "check", str(condition):
                    yield CheckConstraint(condition)
                case "foreign-key", ForeignKey() as key if key.referenced_columns and known.issuperset(key.columns):
                    schema = "" if key.table.schema == self._default_schema else f"{key.table.schema}."
                    targets = [f"{schema}{key.table.name}.{column}" for column in key.referenced_columns]
                    yield ForeignKeyConstraint(key.columns, targets, link_to_name=True)


def _parsed(text: str) -> Type:
    from alembic_contracts.dialects import postgresql

    return postgresql.parse_type(text)


def _plain(type_: Type) -> str:
    """Return a built-in type's name without sizes and brackets, as ``format_type`` has it."""
    from alembic_contracts.dialects import postgresql

    return postgresql.format_type(Type(type_.name))


# -- what autogenerate may propose ------------------------------------------------------------------------------------


def prune(migration: MigrationContext, directives: Sequence[ops.MigrationScript]) -> None:
    """Take out what autogenerate proposes about things of which no contract says anything.

    Only tables that come from ``metadata`` are looked at; with nothing but such metadata, other tables stay as well.
    """
    targets = _targets(migration.opts.get("target_metadata"))
    tables = {name: rules for target in targets for name, rules in target.info.get(_INFO, {}).items()}
    if not tables:
        return
    alone = len(tables) == sum(len(target.tables) for target in targets)
    for script in directives:
        for upgrade, downgrade in zip(script.upgrade_ops_list, script.downgrade_ops_list, strict=True):
            if upgrade.upgrade_token == migration.opts.get("upgrade_token"):
                upgrade.ops[:] = [each for each in upgrade.ops if _is_stated(each, tables, alone)]
                upgrade.reverse_into(downgrade)


Known = Mapping[tuple[str | None, str], Mapping[str | None, Collection[str]]]


def _targets(target: Any) -> list[MetaData]:
    if target is None:
        return []
    return list(target) if isinstance(target, list | tuple) else [target]


def _is_stated(operation: Any, tables: Known, alone: bool) -> bool:
    """Whether a contract asks for an operation; containers lose those that none asks for."""
    from alembic.operations import ops

    if isinstance(operation, ops.ModifyTableOps):
        stated = tables.get((operation.schema, operation.table_name))
        if stated is not None:
            operation.ops[:] = [each for each in operation.ops if _in_table(each, stated)]
        return bool(operation.ops)
    table = tables.get((getattr(operation, "schema", None), getattr(operation, "table_name", "")))
    if isinstance(operation, ops.DropTableOp):
        return not alone or table is not None
    return table is None or _in_table(operation, table)


def _in_table(operation: Any, stated: Mapping[str | None, Collection[str]]) -> bool:
    from alembic.operations import ops

    comments = (ops.CreateTableCommentOp, ops.DropTableCommentOp)
    if isinstance(operation, ops.DropColumnOp):
        return operation.column_name in stated or "extra-column" in stated[None]
    if isinstance(operation, (ops.DropConstraintOp, ops.DropIndexOp, *comments)):
        return False
    if isinstance(operation, ops.AlterColumnOp):
        return _keep_stated(operation, stated.get(operation.column_name, ()))
    return True


def _keep_stated(operation: ops.AlterColumnOp, rules: Collection[str]) -> bool:
    """Take out of an alteration what is not stated; returns whether anything is left."""
    if not {"column-nullable", "primary-key"} & set(rules):
        operation.modify_nullable = None
    if not {"column-type", "array-element-type"} & set(rules):
        operation.modify_type = None
    if "column-default" not in rules:
        operation.modify_server_default = False
    operation.modify_comment = False
    return operation.has_changes()

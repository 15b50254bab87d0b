"""The reflection methods of SQLAlchemy's PostgreSQL dialect, answered from the in-memory catalog.

They return what the dialect itself would return for the same schema on a server (``sqlalchemy.engine.interfaces``
describes the dictionaries). Its single-table methods call the ``get_multi_...`` ones, so these are all there is.
"""

# ruff: noqa: ARG002, PLR0917 - the signatures are SQLAlchemy's

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine import ObjectKind, ObjectScope
from sqlalchemy.engine.reflection import ReflectionDefaults
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.sql import sqltypes

from alembic_contracts.dialects.postgresql import format_type
from alembic_contracts.prediction.answers.oids import oid
from alembic_contracts.prediction.driver.descriptions import (
    check,
    constraints,
    identity,
    included,
    indexes,
    table_options,
    without_parentheses,
)
from alembic_contracts.prediction.driver.sqlalchemy_types import Visibility, sqlalchemy_type
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.schemas.schema import Column, Constraint, Table, TypeDefinition

__all__ = ["CatalogReflection"]

_KINDS = {
    "table": ObjectKind.TABLE,
    "partitioned table": ObjectKind.TABLE,
    "foreign table": ObjectKind.TABLE,
    "view": ObjectKind.VIEW,
    "materialized view": ObjectKind.MATERIALIZED_VIEW,
}
_NEXTVAL = re.compile(r"""(nextval\(')((?:"[^"]+"|[^'".]+)\.)?([^']+)('.*$)""")

Key = tuple[str | None, str]


class CatalogReflection(PGDialect):
    """Everything that SQLAlchemy's inspector asks a PostgreSQL dialect."""

    catalog: Catalog
    doubt: Callable[[str, Collection[Name] | None], None]
    """Called with what had to be answered without being known, and the tables that it is about."""

    # -- which tables ------------------------------------------------------------------------------------------------

    def _visible(self) -> Visibility:
        return Visibility(self.catalog)

    def _in_schema(self, schema: str | None, kinds: Collection[str], scope: ObjectScope) -> Iterator[Table]:
        visible = self._visible()
        for table in tuple(self.catalog.tables.values()):
            temporary = table.persistence == "temporary"
            if table.kind not in kinds or (scope is ObjectScope.DEFAULT and temporary):
                continue
            if scope is ObjectScope.TEMPORARY and not temporary:
                continue
            if visible.table(table.name) if schema is None else table.name.schema == schema:
                yield table

    def _selected(
        self, schema: str | None, names: Collection[str] | None, scope: ObjectScope, kind: ObjectKind
    ) -> Iterator[tuple[Key, Table]]:
        """Yield the tables that a ``get_multi_...`` call is about."""
        kinds = [name for name, object_kind in _KINDS.items() if object_kind in kind]
        for table in self._in_schema(schema, kinds, scope):
            if not names or table.name.name in names:
                yield (schema, table.name.name), table

    def _find(self, table_name: str, schema: str | None) -> Table | None:
        if schema is not None:
            return self.catalog.table(Name(schema, table_name))
        name = self.catalog.resolve(table_name)
        return None if name is None else self.catalog.table(name)

    def _names(self, schema: str | None, kinds: Collection[str], scope: ObjectScope) -> list[str]:
        return [table.name.name for table in self._in_schema(schema, kinds, scope)]

    # -- is it there -------------------------------------------------------------------------------------------------

    def has_table(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> bool:
        """Return whether there is a table or view of this name."""
        self._ensure_has_table_connection(connection)
        found = self._find(table_name, schema) is not None
        if not found and not self.catalog.complete_tables:
            self.doubt(f"whether {schema + '.' if schema else ''}{table_name} exists is not known", None)
        return found

    def has_multi_table(
        self, connection: Any, table_names: Iterable[str], schema: str | None = None, **kw: Any
    ) -> Iterable[tuple[Key, bool]]:
        """Return the same for several tables."""
        return [((schema, name), self.has_table(connection, name, schema, **kw)) for name in table_names]

    def has_schema(self, connection: Any, schema: Any, **kw: Any) -> bool:  # type: ignore[override]  # as PGDialect does
        """Return whether there is a schema of this name."""
        return schema in self.catalog.namespaces or schema in {"pg_catalog", "information_schema"}

    def has_sequence(self, connection: Any, sequence_name: str, schema: str | None = None, **kw: Any) -> bool:
        """Return whether there is a sequence of this name."""
        if schema is not None:
            return Name(schema, sequence_name) in self.catalog.sequences
        return self.catalog.resolve_sequence(sequence_name) is not None

    def has_type(self, connection: Any, type_name: str, schema: str | None = None, **kw: Any) -> bool:
        """Return whether there is a type of this name; tables have a type of their name, too."""
        if schema == "*":
            return any(type_name == name.name for name in (*self.catalog.types, *self.catalog.tables))
        if schema is not None:
            return Name(schema, type_name) in self.catalog.types or Name(schema, type_name) in self.catalog.tables
        return self.catalog.resolve_type(type_name) is not None or self.catalog.resolve(type_name) is not None

    def get_table_oid(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> int:
        """Return a number that stands for the table as long as the catalog lives."""
        table = self._find(table_name, schema)
        if table is None:
            raise NoSuchTableError(f"{schema}.{table_name}" if schema else table_name)
        return oid("class", table.name)

    # -- names -------------------------------------------------------------------------------------------------------

    def get_schema_names(self, connection: Any, **kw: Any) -> list[str]:
        """Return the schemas' names."""
        return sorted({*self.catalog.namespaces, "information_schema"} - {"pg_temp"})

    def get_table_names(self, connection: Any, schema: str | None = None, **kw: Any) -> list[str]:
        """Return the tables' names, without views, foreign and temporary tables."""
        return self._names(schema, ("table", "partitioned table"), ObjectScope.DEFAULT)

    def get_temp_table_names(self, connection: Any, schema: str | None = None, **kw: Any) -> list[str]:
        """Return the temporary tables' names."""
        return self._names(None, ("table", "partitioned table"), ObjectScope.TEMPORARY)

    def get_view_names(self, connection: Any, schema: str | None = None, **kw: Any) -> list[str]:
        """Return the views' names."""
        return self._names(schema, ("view",), ObjectScope.DEFAULT)

    def get_temp_view_names(self, connection: Any, schema: str | None = None, **kw: Any) -> list[str]:
        """Return the temporary views' names."""
        return self._names(schema, ("view",), ObjectScope.TEMPORARY)

    def get_materialized_view_names(self, connection: Any, schema: str | None = None, **kw: Any) -> list[str]:
        """Return the materialized views' names."""
        return self._names(schema, ("materialized view",), ObjectScope.DEFAULT)

    def _get_foreign_table_names(self, connection: Any, schema: str | None = None, **kw: Any) -> list[str]:
        return self._names(schema, ("foreign table",), ObjectScope.ANY)

    def get_sequence_names(self, connection: Any, schema: str | None = None, **kw: Any) -> list[str]:
        """Return the sequences' names."""
        visible = self._visible()
        return [
            name.name
            for name in self.catalog.sequences
            if (visible.sequence(name) if schema is None else name.schema == schema)
        ]

    def get_view_definition(self, connection: Any, view_name: str, schema: str | None = None, **kw: Any) -> str:
        """Return a view's query."""
        view = self._find(view_name, schema)
        if view is None or view.kind not in {"view", "materialized view"}:
            raise NoSuchTableError(f"{schema}.{view_name}" if schema else view_name)
        return view.definition or ""

    # -- types -------------------------------------------------------------------------------------------------------

    def _definitions(self, kind: str, schema: str | None) -> Iterator[TypeDefinition]:
        visible = self._visible()
        for definition in tuple(self.catalog.types.values()):
            name = definition.name
            shown = schema == "*" or (visible.type(name) if schema is None else name.schema == schema)
            if definition.kind == kind and shown:
                yield definition

    def _load_enums(self, connection: Any, schema: str | None = None, **kw: Any) -> list[Any]:
        visible = self._visible()
        found = sorted(self._definitions("enum", schema), key=lambda definition: definition.name)
        return [
            {
                "name": definition.name.name,
                "schema": definition.name.schema,
                "visible": visible.type(definition.name),
                "labels": list(definition.labels),
            }
            for definition in found
        ]

    def _load_domains(self, connection: Any, schema: str | None = None, **kw: Any) -> list[Any]:
        found = sorted(self._definitions("domain", schema), key=lambda definition: definition.name)
        return [self._domain(definition) for definition in found]

    def _domain(self, definition: TypeDefinition) -> dict[str, Any]:
        spelled = format_type(definition.base) if definition.base is not None else ""
        return {
            "name": definition.name.name,
            "schema": definition.name.schema,
            "visible": self._visible().type(definition.name),
            "type": spelled.partition("(")[0],
            "nullable": not definition.not_null,
            "default": definition.default,
            "constraints": [
                {"name": check.name, "check": without_parentheses(check.expression or "")}
                for check in sorted(definition.checks, key=lambda check: check.name)
            ],
            "collation": "default" if spelled.startswith(("text", "character")) else None,
            "collation_schema": None,
        }

    # -- columns -----------------------------------------------------------------------------------------------------

    def get_multi_columns(
        self,
        connection: Any,
        schema: Any = None,
        filter_names: Any = None,
        scope: Any = ObjectScope.ANY,
        kind: Any = ObjectKind.ANY,
        **kw: Any,
    ) -> Iterable[tuple[Key, list[Any]]]:
        """Return the columns of each table."""
        return [(key, self._columns(table, schema)) for key, table in self._selected(schema, filter_names, scope, kind)]

    def _columns(self, table: Table, schema: str | None) -> list[Any]:
        if not table.complete:
            self.doubt(f"not all columns of {table.name} are known", (table.name,))
        return [self._column(table, column, schema) for column in table.columns]

    def _column(self, table: Table, column: Column, schema: str | None) -> dict[str, Any]:
        if column.type is None:
            self.doubt(f"the type of {table.name}.{column.name} is not known", (table.name,))
        type_ = sqlalchemy_type(column.type, self.catalog, column.collation)
        default, not_null = column.default, column.not_null
        definition = self.catalog.types.get(column.type.name) if column.type and not column.type.dimensions else None
        if definition is not None and definition.kind == "domain":
            default, not_null = default or definition.default, not_null or definition.not_null
        automatic = bool(default and "nextval('" in default and isinstance(type_, sqltypes.Integer))
        reflected: dict[str, Any] = {
            "name": column.name,
            "type": type_,
            "nullable": not not_null,
            "default": self._shown_default(default, schema),
            "autoincrement": automatic or bool(column.identity),
            "comment": column.comment,
        }
        if column.generated:
            reflected["computed"] = {"sqltext": column.expression, "persisted": column.generated == "stored"}
        if column.identity:
            reflected["identity"] = identity(column)
        return reflected

    def _shown_default(self, default: str | None, schema: str | None) -> str | None:
        """Return a default as the server shows it: its sequence without the schema where that is not needed.

        Where reflection was asked for a schema, PGDialect puts that one in front of a sequence without any.
        """
        match = _NEXTVAL.search(default) if default else None
        if match is None:
            return default
        prefix, name = match[2] or "", match[3]
        if prefix:
            owner, sequence = prefix[:-1].strip('"'), name.strip('"')
            prefix = "" if self.catalog.resolve_sequence(sequence) == Name(owner, sequence) else prefix
        if not prefix and schema is not None:
            prefix = f'"{schema}".'
        return match[1] + prefix + name + match[4]

    # -- keys and constraints ----------------------------------------------------------------------------------------

    def get_multi_pk_constraint(
        self,
        connection: Any,
        schema: Any = None,
        filter_names: Any = None,
        scope: Any = ObjectScope.ANY,
        kind: Any = ObjectKind.ANY,
        **kw: Any,
    ) -> Iterable[tuple[Key, Any]]:
        """Return the primary key of each table."""
        return [(key, self._primary_key(table)) for key, table in self._selected(schema, filter_names, scope, kind)]

    def _primary_key(self, table: Table) -> Any:
        key = next(iter(constraints(table, "primary key")), None)
        if key is None:
            return ReflectionDefaults.pk_constraint()
        return {
            "constrained_columns": list(key.columns),
            "name": key.name,
            "comment": key.comment,
            "dialect_options": {"postgresql_include": included(table, key)},
        }

    def get_multi_unique_constraints(
        self,
        connection: Any,
        schema: Any = None,
        filter_names: Any = None,
        scope: Any = ObjectScope.ANY,
        kind: Any = ObjectKind.ANY,
        **kw: Any,
    ) -> Iterable[tuple[Key, list[Any]]]:
        """Return the unique constraints of each table."""
        return [(key, self._uniques(table)) for key, table in self._selected(schema, filter_names, scope, kind)]

    def _uniques(self, table: Table) -> list[Any]:
        return [
            {
                "column_names": list(unique.columns),
                "name": unique.name,
                "comment": unique.comment,
                "dialect_options": {
                    "postgresql_include": included(table, unique),
                    "postgresql_nulls_not_distinct": unique.nulls_not_distinct,
                },
            }
            for unique in constraints(table, "unique")
        ]

    def get_multi_check_constraints(
        self,
        connection: Any,
        schema: Any = None,
        filter_names: Any = None,
        scope: Any = ObjectScope.ANY,
        kind: Any = ObjectKind.ANY,
        **kw: Any,
    ) -> Iterable[tuple[Key, list[Any]]]:
        """Return the check constraints of each table."""
        return [
            (key, [check(c) for c in constraints(table, "check")])
            for key, table in self._selected(schema, filter_names, scope, kind)
        ]

    def get_multi_foreign_keys(
        self,
        connection: Any,
        schema: Any = None,
        filter_names: Any = None,
        scope: Any = ObjectScope.ANY,
        kind: Any = ObjectKind.ANY,
        postgresql_ignore_search_path: bool = False,
        **kw: Any,
    ) -> Iterable[tuple[Key, list[Any]]]:
        """Return the foreign keys of each table."""
        ignore = postgresql_ignore_search_path
        return [
            (key, [self._foreign_key(c, schema, ignore) for c in constraints(table, "foreign key")])
            for key, table in self._selected(schema, filter_names, scope, kind)
        ]

    def _foreign_key(self, constraint: Constraint, schema: str | None, ignore_search_path: bool) -> dict[str, Any]:
        referred = constraint.references
        assert referred is not None, "a foreign key points at a table"  # noqa: S101
        referred_schema: str | None = None
        if ignore_search_path:
            referred_schema = schema if referred.schema == self.default_schema_name else referred.schema
        elif not self._visible().table(referred) or schema == referred.schema:
            referred_schema = referred.schema
        options: dict[str, Any] = {"onupdate": constraint.on_update.upper(), "ondelete": constraint.on_delete.upper()}
        options = {name: action for name, action in options.items() if action not in {"", "NO ACTION"}}
        if constraint.initially_deferred:
            options["initially"] = "DEFERRED"
        if constraint.deferrable:
            options["deferrable"] = True
        return {
            "name": constraint.name,
            "constrained_columns": list(constraint.columns),
            "referred_schema": referred_schema,
            "referred_table": referred.name,
            "referred_columns": list(constraint.referenced_columns),
            "options": options,
            "comment": constraint.comment,
        }

    # -- the rest ----------------------------------------------------------------------------------------------------

    def get_multi_indexes(
        self,
        connection: Any,
        schema: Any = None,
        filter_names: Any = None,
        scope: Any = ObjectScope.ANY,
        kind: Any = ObjectKind.ANY,
        **kw: Any,
    ) -> Iterable[tuple[Key, list[Any]]]:
        """Return the indexes of each table, without that of the primary key."""
        return [(key, indexes(table)) for key, table in self._selected(schema, filter_names, scope, kind)]

    def get_multi_table_comment(
        self,
        connection: Any,
        schema: Any = None,
        filter_names: Any = None,
        scope: Any = ObjectScope.ANY,
        kind: Any = ObjectKind.ANY,
        **kw: Any,
    ) -> Iterable[tuple[Key, Any]]:
        """Return the comment of each table."""
        return [(key, {"text": table.comment}) for key, table in self._selected(schema, filter_names, scope, kind)]

    def get_multi_table_options(
        self,
        connection: Any,
        schema: Any = None,
        filter_names: Any = None,
        scope: Any = ObjectScope.ANY,
        kind: Any = ObjectKind.ANY,
        **kw: Any,
    ) -> Iterable[tuple[Key, dict[str, Any]]]:
        """Return the options of each table: what it inherits from."""
        return [(key, table_options(table)) for key, table in self._selected(schema, filter_names, scope, kind)]

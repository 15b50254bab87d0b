"""Takes the in-memory catalog; answers what SQLAlchemy's inspector asks a PostgreSQL dialect about it.

The methods return what the dialect itself would return for the same schema on a server; ``descriptions`` makes the
dictionaries. Its single-table methods call the ``get_multi_...`` ones, so these are all there is.
"""

# ruff: noqa: ARG001, ARG002, PLR0917 - the signatures are SQLAlchemy's

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine import Connection, ObjectKind, ObjectScope
from sqlalchemy.exc import NoSuchTableError

from alembic_contracts.prediction.answers.oids import oid
from alembic_contracts.prediction.driver import descriptions
from alembic_contracts.prediction.driver.unknown_text import NoticingInspector
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.prediction.driver.shown_texts import ShownTexts
    from alembic_contracts.prediction.driver.sqlalchemy_types import Visibility
    from alembic_contracts.schemas.schema import Column, Table, TypeDefinition

__all__ = ["CatalogReflection"]

_KINDS = {
    "table": ObjectKind.TABLE,
    "partitioned table": ObjectKind.TABLE,
    "foreign table": ObjectKind.TABLE,
    "view": ObjectKind.VIEW,
    "materialized view": ObjectKind.MATERIALIZED_VIEW,
}

Key = tuple[str | None, str]
Description = TypeVar("Description")


def _of_each_table(describe: Callable[..., Description]) -> Callable[..., list[tuple[Key, Description]]]:
    """Make a ``get_multi_...`` method from the description of one table.

    Args:
        describe: takes the dialect, a table, the schema that was asked for, and SQLAlchemy's further options.
    """

    def get_multi(
        self: CatalogReflection,
        connection: Any,
        schema: Any = None,
        filter_names: Any = None,
        scope: Any = ObjectScope.ANY,
        kind: Any = ObjectKind.ANY,
        **kw: Any,
    ) -> list[tuple[Key, Description]]:
        selected = self._selected(schema, filter_names, scope, kind)
        return [(key, describe(self, table, schema, **kw)) for key, table in selected]

    get_multi.__doc__ = describe.__doc__
    return get_multi


def _of_tables_alone(describe: Callable[[Table], Description]) -> Callable[..., list[tuple[Key, Description]]]:
    """Make a ``get_multi_...`` method from a description that needs nothing but the table."""

    def alone(self: CatalogReflection, table: Table, schema: str | None, **kw: Any) -> Description:
        return describe(table)

    alone.__doc__ = describe.__doc__
    return _of_each_table(alone)


def _names_of(
    *kinds: str, scope: ObjectScope = ObjectScope.DEFAULT, any_schema: bool = True
) -> Callable[..., list[str]]:
    """Make a method that returns the names of tables.

    Args:
        *kinds: of these kinds.
        scope: temporary ones or others.
        any_schema: False for names on the search path only, whatever schema is asked for.
    """

    def get_names(self: CatalogReflection, connection: Any, schema: str | None = None, **kw: Any) -> list[str]:
        self._doubt_names(None)
        return [table.name.name for table in self._in_schema(schema if any_schema else None, kinds, scope)]

    return get_names


class _Rows:
    """A connection that answers any query with the same rows."""

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self._rows = rows

    def execute(self, *_: object) -> list[tuple[Any, ...]]:
        """Return the rows."""
        return self._rows


class CatalogReflection(PGDialect):
    """Everything that SQLAlchemy's inspector asks a PostgreSQL dialect."""

    inspector = NoticingInspector
    catalog: Catalog
    doubt: Callable[[str, Collection[Name] | None], None]
    """Called with what had to be answered without being known, and the tables that it is about."""

    # -- which tables ------------------------------------------------------------------------------------------------

    def _texts(self) -> ShownTexts:
        from alembic_contracts.prediction.driver.shown_texts import ShownTexts

        return ShownTexts(self.catalog, self.doubt)

    def _visible(self) -> Visibility:
        from alembic_contracts.prediction.driver.sqlalchemy_types import Visibility

        return Visibility(self.catalog)

    def _in_schema(
        self, schema: str | None, kinds: Collection[str], scope: ObjectScope, names: Collection[str] = ()
    ) -> Iterator[Table]:
        visible = self._visible()
        for table in self._named(schema, names):
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
        self._doubt_names(names or None)
        for table in self._in_schema(schema, kinds, scope, names or ()):
            yield (schema, table.name.name), table

    def _named(self, schema: str | None, names: Collection[str]) -> Iterable[Table]:
        """Return the tables of some names (none: of any); of several names those of other schemas as well."""
        if len(names) == 1:  # as an inspector asks for each table
            (name,) = names
            found = self.catalog.resolve(name) if schema is None else Name(schema, name)
            table = None if found is None else self.catalog.table(found)
            return () if table is None else (table,)
        tables = tuple(self.catalog.tables.values())
        return [table for table in tables if table.name.name in names] if names else tables

    def _doubt_names(self, names: Collection[str] | None) -> None:
        """Say so where a script asks for an object (None: for all) of which it is not known what became of it."""
        uncertain = self.catalog.state.uncertain.names
        if uncertain if names is None else not uncertain.isdisjoint(names):
            what = "which tables there are" if names is None else " and ".join(sorted(uncertain.intersection(names)))
            self.doubt(f"a script asks for {what}, which depends on something that is not known", None)

    def _find(self, table_name: str, schema: str | None) -> Table | None:
        self._doubt_names([table_name])
        if schema is not None:
            return self.catalog.table(Name(schema, table_name))
        name = self.catalog.resolve(table_name)
        return None if name is None else self.catalog.table(name)

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
        self._doubt_names([sequence_name])
        if schema is not None:
            return Name(schema, sequence_name) in self.catalog.sequences
        return self.catalog.resolve_sequence(sequence_name) is not None

    def has_type(self, connection: Any, type_name: str, schema: str | None = None, **kw: Any) -> bool:
        """Return whether there is a type of this name; tables have a type of their name, too."""
        self._doubt_names([type_name])
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

    get_table_names = _names_of("table", "partitioned table")
    """The tables' names, without views, foreign and temporary tables."""
    get_temp_table_names = _names_of("table", "partitioned table", scope=ObjectScope.TEMPORARY, any_schema=False)
    """The temporary tables' names."""
    get_view_names = _names_of("view")
    get_temp_view_names = _names_of("view", scope=ObjectScope.TEMPORARY)
    get_materialized_view_names = _names_of("materialized view")
    _get_foreign_table_names = _names_of("foreign table", scope=ObjectScope.ANY)

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
        return self._texts().view(view)

    # -- types -------------------------------------------------------------------------------------------------------

    def _definitions(self, kind: str, schema: str | None) -> Iterator[TypeDefinition]:
        """Yield the types of one kind by name; ``*`` stands for all schemas."""
        visible = self._visible()
        for definition in sorted(self.catalog.types.values(), key=lambda each: each.name):
            name = definition.name
            shown = schema == "*" or (visible.type(name) if schema is None else name.schema == schema)
            if definition.kind == kind and shown:
                yield definition

    def _load_enums(self, connection: Any, schema: str | None = None, **kw: Any) -> list[Any]:
        return [descriptions.enum(definition, self._visible()) for definition in self._definitions("enum", schema)]

    def _load_domains(self, connection: Any, schema: str | None = None, **kw: Any) -> list[Any]:
        texts, visible = self._texts(), self._visible()
        return [descriptions.domain(found, visible, texts) for found in self._definitions("domain", schema)]

    # -- parts of tables ---------------------------------------------------------------------------------------------

    get_multi_pk_constraint = _of_tables_alone(descriptions.primary_key)
    get_multi_unique_constraints = _of_tables_alone(descriptions.unique_constraints)
    get_multi_table_comment = _of_tables_alone(descriptions.table_comment)
    get_multi_table_options = _of_tables_alone(descriptions.table_options)

    @_of_each_table
    def get_multi_columns(self, table: Table, schema: str | None, **kw: Any) -> list[Any]:
        """Return the columns of each table."""
        if not table.complete:
            self.doubt(f"not all columns of {table.name} are known", (table.name,))
        return [self._column(table, column, schema) for column in table.columns]

    def _column(self, table: Table, column: Column, schema: str | None) -> dict[str, Any]:
        if column.type is None:
            self.doubt(f"the type of {table.name}.{column.name} is not known", (table.name,))
        return descriptions.column(column, table, self._texts(), schema)

    @_of_each_table
    def get_multi_check_constraints(self, table: Table, schema: str | None, **kw: Any) -> list[Any]:
        """Return the check constraints of each table."""
        return descriptions.check_constraints(table, self._texts(), self._parsed_check)

    def _parsed_check(self, name: str, definition: str) -> dict[str, Any]:
        """Return what PGDialect reads out of the definition of a check constraint."""
        rows = _Rows([("", name, definition, None)])
        read = cast("Any", PGDialect.get_multi_check_constraints)
        found = read(self, rows, None, None, ObjectScope.ANY, ObjectKind.ANY)
        ((_, (entry,)),) = found
        return dict(entry)

    @_of_each_table
    def get_multi_indexes(self, table: Table, schema: str | None, **kw: Any) -> list[Any]:
        """Return the indexes of each table."""
        if table.name.name in self.catalog.state.uncertain.asides.values():
            self.doubt(f"not all indexes of {table.name} are known", None)
        return descriptions.indexes(table, self._texts())

    @_of_each_table
    def get_multi_foreign_keys(
        self, table: Table, schema: str | None, postgresql_ignore_search_path: bool = False, **kw: Any
    ) -> list[Any]:
        """Return the foreign keys of each table."""
        return [
            descriptions.foreign_key(key, self._referred_schema(key.references, schema, postgresql_ignore_search_path))
            for key in descriptions.foreign_keys_of(table)
        ]

    def _referred_schema(self, referred: Name | None, schema: str | None, ignore_search_path: bool) -> str | None:
        if referred is None:
            return None
        if ignore_search_path:
            return schema if referred.schema == self.default_schema_name else referred.schema
        if not self._visible().table(referred) or schema == referred.schema:
            return referred.schema
        return None


def _as_a_query(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def ask(self: CatalogReflection, connection: Any, *arguments: Any, **options: Any) -> Any:
        # What else is executed is in this transaction, and commits no more by itself.
        if isinstance(connection, Connection) and not connection.in_transaction():
            connection.begin()
        return method(self, connection, *arguments, **options)

    return ask


for _name, _method in tuple(vars(CatalogReflection).items()):
    if getattr(getattr(_method, "__code__", None), "co_varnames", ())[1:2] == ("connection",):
        setattr(CatalogReflection, _name, _as_a_query(_method))

"""A connection and names of tables in, what SQLAlchemy's Inspector shows of them out.

The Inspector's methods for many tables at once are asked: on most databases that is a fixed number of statements, on
those of which SQLAlchemy reads one table after the other a fixed number for each table.
SQLAlchemy is imported by what connects alone.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from alembic_contracts.dialects.inspected import information_schema, mysql_sessions
from alembic_contracts.dialects.inspected.information_schema import Listed
from alembic_contracts.dialects.inspected.tables import Reader
from alembic_contracts.dialects.inspected.trials import Trial, is_tried, reason_of, trial
from alembic_contracts.dialects.servers import is_like_mysql, server
from alembic_contracts.errors import CannotCheck
from alembic_contracts.schemas.schema import Name, Schema, Table

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.engine.reflection import ObjectKind

__all__ = ["default_schema", "observe", "untold"]

_CASE_COUNTS, _IN_LOWER_CASE, _CASE_IS_KEPT = range(3)
"""How names of tables are stored; the case counts in the first way alone."""

_NOWHERE = "alembic_contracts_asks"
"""The name of no table."""
_OWN = frozenset({"information_schema", "pg_catalog", "crdb_internal", "pg_extension", "pg_toast", "sys", "guest"})
"""Schemas of servers themselves, beside those that begin with ``db_`` (SQL Server's roles) or ``pg_``."""


def observe(connection: Connection, kind: str, tables: Collection[Name] | None) -> Schema:
    """Return tables and views as the Inspector shows them.

    A transaction that is open stays open; where there is none, there is none afterwards.

    Args:
        connection: to the database.
        kind: its kind.
        tables: their names; None: all of the database.

    Raises:
        CannotCheck: the database or SQLAlchemy's dialect for it does not tell.
    """
    from sqlalchemy.exc import SAWarning, SQLAlchemyError

    known = server(kind)
    if reason := untold(connection, kind, tables):
        raise CannotCheck(f"What {known.name} has of the tables cannot be read: {reason}.")
    try:
        with _passing(connection, kind, tables), warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # of types that it does not know, which come out as unknown
            if not is_like_mysql(kind):
                return _Observer(connection, kind, default_schema(connection, kind)).schema(tables)
            with mysql_sessions.as_connected(connection) as chosen:
                return _Observer(connection, kind, chosen).schema(tables)
    except (SQLAlchemyError, UnicodeError) as error:  # some drivers raise what they cannot read as it comes
        told = getattr(error, "orig", None) or error
        raise CannotCheck(f"What {known.name} has of the tables cannot be read: {told}") from error
    except NotImplementedError as error:
        raise CannotCheck(
            f"SQLAlchemy's dialect {connection.dialect.name!r} cannot show what tables look like, so that no contract "
            "can be held there."
        ) from error
    except Exception as error:
        if known.is_readable:
            raise
        # A dialect that nobody here knows may raise anything.
        raise CannotCheck(f"What {known.name} has of the tables cannot be read: {error!r}") from error


def untold(connection: Connection, kind: str, tables: Collection[Name] | None) -> str:
    """Return why tables cannot be read, of a kind of database of which that has to be tried; empty: they can."""
    return _trial(connection, kind, tables).reason if is_tried(kind) else ""


def _trial(connection: Connection, kind: str, tables: Collection[Name] | None) -> Trial:
    return trial(connection, tables, lambda own, savepoints: _tried(own, kind).ask_all(tables, savepoints))


def _tried(connection: Connection, kind: str) -> _Observer:
    return _Observer(connection, kind, default_schema(connection, kind))


def default_schema(connection: Connection, kind: str) -> str | None:
    """Return where unqualified names lead: MySQL's ``USE``, or what SQLAlchemy knows since the connection began.

    Args:
        connection: to the database.
        kind: its kind.

    Raises:
        sqlalchemy.exc.DBAPIError: the server does not answer.
    """
    if is_like_mysql(kind):
        with mysql_sessions.as_connected(connection) as chosen:
            return chosen
    found: str | None = connection.dialect.default_schema_name
    return found


@contextmanager
def _passing(connection: Connection, kind: str, tables: Collection[Name] | None) -> Iterator[None]:
    """Leave the transaction as it is: what fails in one that can be rolled back would have all fail that follows."""
    with ExitStack() as stack:
        if not connection.in_transaction():
            stack.callback(connection.rollback)
        elif _has_savepoints(connection, kind, tables):
            stack.enter_context(connection.begin_nested())
        yield


def _has_savepoints(connection: Connection, kind: str, tables: Collection[Name] | None) -> bool:
    if connection._is_autocommit_isolation():  # noqa: SLF001 - knows of the engine's setting as well
        return False
    if is_tried(kind):
        return _trial(connection, kind, tables).savepoints
    return server(kind).rolls_back is not False


class _Observer:
    """Asks one Inspector, which remembers its answers."""

    def __init__(self, connection: Connection, kind: str, default: str | None) -> None:
        from sqlalchemy import inspect

        self._connection, self._kind, self._server, self._default = connection, kind, server(kind), default
        self._inspector = inspect(connection)

    def schema(self, tables: Collection[Name] | None) -> Schema:
        named = {Name(name.schema, self._spelled(name.name)): name for name in tables or ()}
        reader = Reader(self._kind, self._default, self._inspector.dialect, named)
        wanted: dict[str, set[str]] = defaultdict(set)
        for name in tables or ():
            wanted[name.schema].add(name.name)
        schemas = self._own_schemas() if tables is None else self._existing(wanted)
        found: dict[Name, Table] = {}
        for schema in schemas:
            found |= self._tables(reader, schema, None if tables is None else wanted[schema])
        namespaces = frozenset({self._server.default_schema, *schemas})
        if not self._server.has_schemas:  # by its own name, it is no other one
            namespaces -= {self._default}
        return Schema(
            tables=found, types=reader.types, namespaces=namespaces, ignores_case=self._casing() > _CASE_COUNTS
        )

    def ask_all(self, tables: Collection[Name] | None, savepoints: bool) -> None:
        """Ask all that an observation of tables asks; of any table where they are not there, or of none that is."""
        self.schema(tables or ())
        asked = self._asked(self._server.default_schema)
        _if_there_are(self._inspector.get_schema_names)
        names = list(self._listed(asked))[:1]
        self._inspected(asked, names or [_NOWHERE])
        if not names:
            self._inspected_nowhere(savepoints)

    def _inspected_nowhere(self, savepoints: bool) -> None:
        """Have the Inspector say of what it tells nothing at all.

        That it says in its own way that there is no such table is no such thing, and cannot be told from a failure that
        each table would meet: where that would cost the transaction, nothing is known of it.
        """
        from sqlalchemy.exc import NoSuchTableError

        for what, needed, _ in _asked_of_tables():
            try:
                getattr(self._inspector, f"get_{what}")(_NOWHERE)
            except NoSuchTableError:
                pass
            except NotImplementedError:
                if needed:
                    raise
            except Exception as error:  # a dialect that nobody here knows may raise anything
                if not savepoints:
                    said = f"it has no table to try that on, and says of one that is not there: {reason_of(error)}"
                    raise CannotCheck(said) from error

    def _own_schemas(self) -> list[str]:
        """Return all schemas that users' tables can be in; databases of MySQL's are not of this one."""
        if not self._server.has_schemas:
            return self._existing([self._server.default_schema])
        own = ("db_", "pg_")
        names = self._inspector.get_schema_names()
        return [name for name in names if name.lower() not in _OWN and not name.lower().startswith(own)]

    def _existing(self, wanted: Collection[str]) -> list[str]:
        """Return the schemas that are there: the Inspector fails where one is not."""
        if is_like_mysql(self._kind) and self._default is None:  # nothing is named without one then
            wanted = [schema for schema in wanted if schema != self._server.default_schema]
        if all(map(self._is_default, wanted)):
            return list(wanted)
        names = set(_if_there_are(self._inspector.get_schema_names))
        return [schema for schema in wanted if self._is_default(schema) or schema in names]

    def _is_default(self, schema: str) -> bool:
        return schema == self._server.default_schema and (not self._server.has_schemas or schema == self._default)

    def _asked(self, schema: str) -> str | None:
        """Return what the Inspector is asked for a schema: None stands for what it takes for the connection's own."""
        if self._is_default(schema):
            return None if self._default == self._inspector.default_schema_name else self._default
        return schema

    def _tables(self, reader: Reader, schema: str, names: set[str] | None) -> dict[Name, Table]:
        asked = self._asked(schema)
        listed = self._listed(asked)
        if names is None:
            there = list(listed)
        else:
            fold = str.lower if self._casing() == _CASE_IS_KEPT else str
            wanted = {fold(self._spelled(name)) for name in names}
            there = [name for name in listed if fold(name) in wanted]
        if not there:
            return {}
        many = self._many(asked, {name: listed[name] for name in there})
        tables = [reader.table(Name(schema, name), listed[name].kind, many[name]) for name in there]
        return {table.name: table for table in tables}

    def _listed(self, schema: str | None) -> dict[str, Listed]:
        """Return which tables and views are in a schema."""
        if is_like_mysql(self._kind):
            return information_schema.listed(self._connection, schema or self._default or "")
        inspector = self._inspector
        kinds = {
            **dict.fromkeys(inspector.get_table_names(schema), "table"),
            **dict.fromkeys(_if_there_are(lambda: inspector.get_view_names(schema)), "view"),
            **dict.fromkeys(_if_there_are(lambda: inspector.get_materialized_view_names(schema)), "materialized view"),
        }
        return {name: Listed(kind) for name, kind in kinds.items()}

    def _casing(self) -> int:
        """Return MySQL's ``lower_case_table_names``."""
        return int(getattr(self._inspector.dialect, "_casing", _CASE_COUNTS))

    def _spelled(self, name: str) -> str:
        """Return a table's name as the Inspector has it: in lower case where the database ignores the case of names."""
        dialect: Any = self._inspector.dialect
        if self._casing() == _IN_LOWER_CASE:
            return name.lower()
        return str(dialect.normalize_name(name)) if dialect.requires_name_normalize else name

    def _many(self, schema: str | None, tables: Mapping[str, Listed]) -> Mapping[str, dict[str, Any]]:
        """Return what the Inspector tells of tables, by its methods' names; columns are missing where they are."""
        if not is_like_mysql(self._kind):
            return self._inspected(schema, list(tables))
        found = information_schema.told(self._connection, schema or self._default or "", tables)
        # A role that may alter a table, and neither read nor write it, is told of its definition alone.
        hidden = [name for name, each in tables.items() if "columns" not in found[name] and each.kind == "table"]
        return found | (self._inspected(schema, hidden) if hidden else {})

    def _inspected(self, schema: str | None, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {name: {} for name in names}
        for what, needed, kind in _asked_of_tables():
            method = getattr(self._inspector, f"get_multi_{what}")
            try:
                answer = method(schema=schema, filter_names=names, kind=kind)
            except NotImplementedError:
                if needed:
                    raise
                continue
            for (_, name), value in answer.items():
                if name in found:
                    found[name][what] = value
        return found


def _asked_of_tables() -> tuple[tuple[str, bool, ObjectKind], ...]:
    """Return what the Inspector is asked of tables, whether nothing is known without it, and of which kinds."""
    from sqlalchemy.engine.reflection import ObjectKind

    return (
        ("columns", True, ObjectKind.ANY),
        ("pk_constraint", True, ObjectKind.TABLE),
        ("foreign_keys", False, ObjectKind.TABLE),
        ("unique_constraints", False, ObjectKind.TABLE),
        ("check_constraints", False, ObjectKind.TABLE),
        ("indexes", False, ObjectKind.TABLE),
    )


def _if_there_are(names: Callable[[], list[str]]) -> list[str]:
    try:
        return names()
    except NotImplementedError:
        return []

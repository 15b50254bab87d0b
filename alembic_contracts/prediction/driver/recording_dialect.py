"""A catalog in, a SQLAlchemy engine out whose connections record, and reflect from that catalog."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, cast

from sqlalchemy import types as sqltypes
from sqlalchemy import util
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine import URL, Engine
from sqlalchemy.pool import NullPool

from alembic_contracts.prediction.driver import dbapi
from alembic_contracts.prediction.driver.manners import manners_of
from alembic_contracts.prediction.driver.reflection import CatalogReflection
from alembic_contracts.support.greenlets import wait_for_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy.engine import Connection, Dialect

    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.prediction.driver.dbapi import RecordingConnection, Session

__all__ = ["RecordingDialect", "connected", "recording_engine"]


class _NativeJSON(JSON):
    """JSON as a driver hands it out: parsed already."""

    def result_processor(self, dialect: object, coltype: object) -> None:
        """Leave the value alone."""


class _NativeJSONB(JSONB):
    """As above."""

    def result_processor(self, dialect: object, coltype: object) -> None:
        """Leave the value alone."""


class RecordingDialect(CatalogReflection, PGDialect):
    """Compiles as PostgreSQL's dialect does; connects to nothing.

    It answers to the name and driver of the dialect it stands in for, and knows what that one knows of the server.
    """

    driver = "psycopg"
    sends_nothing = True
    supports_statement_cache = True
    supports_native_decimal = True
    supports_sane_multi_rowcount = True
    use_native_hstore = True
    default_paramstyle = "pyformat"
    colspecs = util.update_copy(
        PGDialect.colspecs,
        {sqltypes.JSON: _NativeJSON, JSON: _NativeJSON, JSONB: _NativeJSONB},
    )

    _LEVELS: ClassVar = ("AUTOCOMMIT", "READ COMMITTED", "READ UNCOMMITTED", "REPEATABLE READ", "SERIALIZABLE")
    _COPIED: ClassVar = (
        "driver",
        "is_async",
        "label_length",
        "max_identifier_length",
        "max_index_name_length",
        "max_constraint_name_length",
        "_json_serializer",
        "skip_autocommit_rollback",
        "_on_connect_isolation_level",
    )
    """Attributes that scripts see or that change what is compiled."""

    def __init__(self, catalog: Catalog, like: Dialect | None = None) -> None:
        """Stand in for a dialect (None: psycopg's) on a server that this catalog describes."""
        self.manners = manners_of(getattr(like, "driver", self.driver))
        for name, compiler in _compilers_of(like) if like is not None else ():
            setattr(self, name, compiler)
        initialise: Any = super().__init__  # SQLAlchemy's is untyped
        initialise(dbapi=dbapi, paramstyle=self.manners.placeholders)
        self.catalog = catalog
        if self.manners.placeholders != "pyformat":
            self.identifier_preparer._double_percents = False  # noqa: SLF001 - as the driver's own dialect does
        self.colspecs = _with_casts(self.colspecs, getattr(like, "colspecs", {}))
        for name in self._COPIED:
            if hasattr(like, name):
                setattr(self, name, getattr(like, name))
        version = catalog.server_version
        self.server_version_info = (version // 10000, version % 10000)
        self.default_schema_name = getattr(like, "default_schema_name", None) or catalog.current_schema or "public"
        self.default_isolation_level = "READ COMMITTED"
        self.supports_virtual_generated_columns = version >= 180000

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        """Return the recording DBAPI."""
        return dbapi

    def initialize(self, connection: Connection) -> None:
        """Ask the server nothing: all of it was said when the dialect was made."""

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Execute a statement."""
        del context
        self._await()
        cursor.execute(statement, parameters)

    def do_executemany(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Execute a statement many times."""
        del context
        self._await()
        cursor.executemany(statement, parameters)

    def _await(self) -> None:
        if self.is_async:
            wait_for_nothing()

    def do_ping(self, dbapi_connection: Any) -> bool:
        """Say that the connection is alive."""
        return not dbapi_connection.closed

    def is_disconnect(self, e: Exception, connection: Any, cursor: Any) -> bool:
        """Say that no error is a lost connection."""
        del e, connection, cursor
        return False

    def get_isolation_level_values(self, dbapi_conn: Any) -> Any:
        """Return psycopg's isolation levels."""
        del dbapi_conn
        return self._LEVELS

    def get_isolation_level(self, dbapi_connection: Any) -> Any:
        """Return the level that was set, as the server has it: it knows of no AUTOCOMMIT."""
        return dbapi_connection.isolation_level

    def set_isolation_level(self, dbapi_connection: Any, level: Any) -> None:
        """Set a level; AUTOCOMMIT means that every statement is on its own."""
        dbapi_connection.autocommit = level == "AUTOCOMMIT"
        if level != "AUTOCOMMIT":
            dbapi_connection.isolation_level = level

    def detect_autocommit_setting(self, dbapi_connection: Any) -> bool:
        """Return whether every statement is on its own."""
        return bool(dbapi_connection.autocommit)

    def set_readonly(self, connection: Any, value: Any) -> None:
        """Remember the setting."""
        connection.readonly = value

    def get_readonly(self, connection: Any) -> Any:
        """Return the setting."""
        return connection.readonly

    def set_deferrable(self, connection: Any, value: Any) -> None:
        """Remember the setting."""
        connection.deferrable = value

    def get_deferrable(self, connection: Any) -> Any:
        """Return the setting."""
        return connection.deferrable


def _compilers_of(dialect: Any) -> Iterator[tuple[str, type]]:
    """Yield what writes a dialect's SQL where that is a project's own: SQLAlchemy's writes what each driver takes."""
    yours = {
        "statement_compiler": dialect.statement_compiler,
        "ddl_compiler": dialect.ddl_compiler,
        "type_compiler_cls": type(dialect.type_compiler_instance),  # which an older name can have led to
        "preparer": dialect.preparer,
    }
    return ((name, each) for name, each in yours.items() if not each.__module__.startswith("sqlalchemy."))


class _UnknownURL(URL):
    """The address of a database that is not there: all that is known of it is its driver."""

    asked: Callable[[str], None]
    """Told of every part that somebody looks at."""

    def _unknown(self, what: str) -> None:
        self.asked(what)

    username = property(lambda self: self._unknown("database's user"))
    password = property(lambda self: self._unknown("database's password"))
    host = property(lambda self: self._unknown("database's host"))
    port = property(lambda self: self._unknown("database's port"))
    database = property(lambda self: self._unknown("database's name"))


def _with_casts(ours: Mapping[Any, Any], theirs: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return the types of bound values, with a cast in SQL (``%(a)s::VARCHAR``) where the driver's dialect has one."""
    found = dict(ours)
    for kind, implementation in theirs.items():
        own = found.get(kind, kind)
        if getattr(implementation, "render_bind_cast", False) and not own.render_bind_cast:
            # The cast is spelled by the name under which compilers know the type, which some have in the dialect alone.
            name = {"__visit_name__": implementation.__visit_name__} if "__visit_name__" in vars(implementation) else {}
            found[kind] = type(own.__name__, (own,), {"render_bind_cast": True, **name})
    return found


def connected(engine: Engine, real: Connection | None) -> Connection:
    """Return a connection of a recording engine's, with the options of a real one, and in AUTOCOMMIT where that is."""
    connection = engine.connect()
    if real is None:
        return connection
    if options := dict(real.get_execution_options()):
        connection = connection.execution_options(**options)
    # By its options, its engine, or its driver.
    alone = real._is_autocommit_isolation() or getattr(real.connection.dbapi_connection, "autocommit", False)  # noqa: SLF001 - knows of the engine's as well
    if alone:
        engine.dialect.set_isolation_level(cast("Any", connection.connection.dbapi_connection), "AUTOCOMMIT")
    return connection


def recording_engine(session: Session, catalog: Catalog, like: Dialect | None = None, url: URL | None = None) -> Engine:
    """Return an engine all of whose connections lead to one recording session."""
    dialect = RecordingDialect(catalog, like)

    def connect(_record: object = None) -> RecordingConnection:
        return dbapi.connect(session, dialect.manners)

    if url is None:
        url = _UnknownURL(*URL.create("postgresql" if like is None else f"{like.name}+{like.driver}"))
        url.asked = lambda what: dialect.doubt(f"the script asks for the {what}, which only a real run knows", None)
    # The pool does not learn of the dialect: closing these connections needs no event loop.
    pool = NullPool(cast("Any", connect))  # what it returns is a DBAPI connection by its methods
    return Engine(pool, dialect, url)

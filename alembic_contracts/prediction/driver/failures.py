"""PostgreSQL's refusal in, the exception out that a driver would raise, so that a script's ``except`` finds it."""

from __future__ import annotations

import sys
from functools import lru_cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.sqlstate import PostgresError

__all__ = [
    "DataError",
    "DatabaseError",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "RefusalError",
    "Warning",
    "refusal",
]


class Warning(Exception):  # noqa: A001, N818 - the names are those of PEP 249
    """PEP 249."""


class Error(Exception):
    """PEP 249."""


class InterfaceError(Error):
    """PEP 249."""


class DatabaseError(Error):
    """PEP 249."""


class DataError(DatabaseError):
    """PEP 249."""


class OperationalError(DatabaseError):
    """PEP 249."""


class IntegrityError(DatabaseError):
    """PEP 249."""


class InternalError(DatabaseError):
    """PEP 249."""


class ProgrammingError(DatabaseError):
    """PEP 249."""


class NotSupportedError(DatabaseError):
    """PEP 249."""


class RefusalError(Error):
    """Marks an error that PostgreSQL itself would raise; always also one of the classes of PEP 249."""

    sqlstate: str
    pgcode: str
    message: str
    is_certain: bool
    """Whether it would raise it whatever is not known."""
    diag: SimpleNamespace
    pgerror: str


_CLASSES: dict[str, type[Error]] = {
    "0A": NotSupportedError,
    "21": ProgrammingError,
    "22": DataError,
    "23": IntegrityError,
    "24": InternalError,
    "25": InternalError,
    "2B": InternalError,
    "2D": InternalError,
    "2F": OperationalError,
    "34": OperationalError,
    "38": OperationalError,
    "39": OperationalError,
    "3B": OperationalError,
    "3D": ProgrammingError,
    "3F": ProgrammingError,
    "40": OperationalError,
    "42": ProgrammingError,
    "44": ProgrammingError,
    "53": OperationalError,
    "54": OperationalError,
    "55": OperationalError,
    "57": OperationalError,
    "58": OperationalError,
    "XX": InternalError,
}
"""The first two characters of a SQLSTATE and the class that psycopg and psycopg2 give it."""

_NAMES = {
    "0A000": "FeatureNotSupported",
    "23502": "NotNullViolation",
    "23503": "ForeignKeyViolation",
    "23505": "UniqueViolation",
    "23514": "CheckViolation",
    "25001": "ActiveSqlTransaction",
    "25P01": "NoActiveSqlTransaction",
    "25P02": "InFailedSqlTransaction",
    "2BP01": "DependentObjectsStillExist",
    "3B001": "InvalidSavepointSpecification",
    "3F000": "InvalidSchemaName",
    "42501": "InsufficientPrivilege",
    "42601": "SyntaxError",
    "42701": "DuplicateColumn",
    "42702": "AmbiguousColumn",
    "42703": "UndefinedColumn",
    "42704": "UndefinedObject",
    "42710": "DuplicateObject",
    "42723": "DuplicateFunction",
    "42804": "DatatypeMismatch",
    "42809": "WrongObjectType",
    "42830": "InvalidForeignKey",
    "42883": "UndefinedFunction",
    "42P01": "UndefinedTable",
    "42P06": "DuplicateSchema",
    "42P07": "DuplicateTable",
    "42P16": "InvalidTableDefinition",
    "42P17": "InvalidObjectDefinition",
    "55000": "ObjectNotInPrerequisiteState",
    "55006": "ObjectInUse",
}
"""Names of the drivers' own subclasses (``psycopg.errors``, ``psycopg2.errors``)."""


def refusal(error: PostgresError, driver: str) -> RefusalError:
    """Return the error that a driver would raise, an instance of its own class too where it has been imported."""
    raised = _class(error.sqlstate, driver if _errors_of(driver) else "")(error.message)
    raised.sqlstate = raised.pgcode = error.sqlstate
    raised.message, raised.is_certain = error.message, error.is_certain
    raised.pgerror = f"ERROR:  {error.message}\n"
    raised.diag = SimpleNamespace(sqlstate=error.sqlstate, message_primary=error.message, severity="ERROR")
    return raised


def _errors_of(driver: str) -> Any:
    return sys.modules.get(f"{driver}.errors") if driver.startswith("psycopg") else None


@lru_cache(maxsize=256)
def _class(sqlstate: str, driver: str) -> type[RefusalError]:
    base = _CLASSES.get(sqlstate[:2], DatabaseError)
    bases: tuple[type, ...] = (RefusalError, base)
    if driver:
        try:
            bases = (RefusalError, base, _errors_of(driver).lookup(sqlstate))
        except KeyError:  # a code that this driver does not know
            bases = (RefusalError, base)
    # Both drivers declare these as read-only members of their own class.
    own = dict.fromkeys(("sqlstate", "pgcode", "message", "diag", "pgerror", "is_certain"))
    return type(_NAMES.get(sqlstate, base.__name__), bases, own)

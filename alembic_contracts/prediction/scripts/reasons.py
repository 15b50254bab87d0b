"""What a script ended with in, why it did not come to its end out."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from alembic_contracts.prediction.driver.failures import RefusalError
from alembic_contracts.prediction.scripts.recording import REPEAT_LIMIT, STATEMENT_LIMIT, TooManyStatements
from alembic_contracts.prediction.scripts.refusals import OutsideReachedError, RealDatabaseReachedError
from alembic_contracts.schemas.steps import MAY_REFUSE, REFUSED

__all__ = ["EXECUTES_AS_LOADED", "StillFailedError", "VersionTableLostError", "reason_of"]

EXECUTES_AS_LOADED = (
    "the script executes SQL where it is loaded, each time that Alembic reads its scripts: write it in upgrade()"
)
"""Alembic has loaded it before a guard looks for the first time."""


class StillFailedError(Exception):
    """A script caught PostgreSQL's error and left the transaction aborted."""


class VersionTableLostError(Exception):
    """Alembic would not find its version table after a script."""

    def __init__(self, table: str, search_path: str | None, *, is_certain: bool) -> None:
        self.is_certain = is_certain
        left = "" if search_path is None else f' (the script leaves search_path at "{search_path}")'
        super().__init__(f'relation "{table}" does not exist, where Alembic marks the revision{left}')


def reason_of(error: BaseException) -> str:
    """Return why a script did not come to its end, as a prediction says it."""
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, RefusalError):
        return f"{REFUSED if original.is_certain else MAY_REFUSE}{original.message}"
    if isinstance(original, StillFailedError):
        return f"{REFUSED}the script goes on after an error without a savepoint"
    if isinstance(original, VersionTableLostError):
        return f"{REFUSED if original.is_certain else MAY_REFUSE}{original}"
    if isinstance(error, TooManyStatements):
        return (
            f"the script did not come to an end within {STATEMENT_LIMIT:,} statements, or {REPEAT_LIMIT:,} of the same"
        )
    if isinstance(error, RealDatabaseReachedError | OutsideReachedError):
        return f"the script {error}"
    text = " ".join(str(error).split())
    return f"the script raised {type(error).__name__} under prediction" + (f": {text[:300]}" if text else "")

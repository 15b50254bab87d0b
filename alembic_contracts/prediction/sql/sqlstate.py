"""What is wrong in, the error out that PostgreSQL would raise (appendix "PostgreSQL Error Codes" of its manual)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "PostgresError",
    "ambiguous_column",
    "dependent_objects",
    "duplicate_column",
    "duplicate_object",
    "duplicate_schema",
    "duplicate_table",
    "feature_not_supported",
    "in_failed_transaction",
    "invalid_definition",
    "invalid_table_definition",
    "no_transaction_block",
    "not_in_transaction_block",
    "undefined_column",
    "undefined_object",
    "undefined_schema",
    "undefined_table",
    "wrong_object_type",
]


class PostgresError(Exception):
    """What the server would answer with: five-character ``sqlstate`` and the message."""

    is_certain = True
    """Whether the server raises it whatever is not known here."""
    position: int | None = None
    """Where in the text it is, in bytes; only what the parser refuses has one."""

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message


def undefined_table(name: object) -> PostgresError:
    """42P01."""
    return PostgresError("42P01", f'relation "{name}" does not exist')


def duplicate_table(name: object) -> PostgresError:
    """42P07, for every kind of relation: tables, views, indexes, sequences."""
    return PostgresError("42P07", f'relation "{name}" already exists')


def undefined_column(column: str, table: object = None) -> PostgresError:
    """42703; not every statement names the table."""
    of_table = "" if table is None else f' of relation "{table}"'
    return PostgresError("42703", f'column "{column}"{of_table} does not exist')


def duplicate_column(column: str, table: object) -> PostgresError:
    """42701."""
    return PostgresError("42701", f'column "{column}" of relation "{table}" already exists')


def ambiguous_column(column: str) -> PostgresError:
    """42702."""
    return PostgresError("42702", f'column reference "{column}" is ambiguous')


def undefined_object(kind: str, name: object) -> PostgresError:
    """42704, for types, constraints, indexes in ALTER and all else that is no table, column or function."""
    return PostgresError("42704", f'{kind} "{name}" does not exist')


def duplicate_object(kind: str, name: object) -> PostgresError:
    """42710."""
    return PostgresError("42710", f'{kind} "{name}" already exists')


def undefined_schema(name: str) -> PostgresError:
    """3F000."""
    return PostgresError("3F000", f'schema "{name}" does not exist')


def duplicate_schema(name: str) -> PostgresError:
    """42P06."""
    return PostgresError("42P06", f'schema "{name}" already exists')


def dependent_objects(what: str, dependents: Iterable[str]) -> PostgresError:
    """2BP01."""
    detail = "; ".join(f"{dependent} depends on it" for dependent in dependents)
    return PostgresError("2BP01", f"cannot drop {what} because other objects depend on it: {detail}")


_MOST_COLUMNS = 1600
"""``MaxHeapAttributeNumber``."""


def refuse_too_many_columns(count: int) -> None:
    """Raise 54011 where a table would have more columns than one can."""
    if count > _MOST_COLUMNS:
        raise PostgresError("54011", f"tables can have at most {_MOST_COLUMNS} columns")


def invalid_table_definition(message: str) -> PostgresError:
    """42P16."""
    return PostgresError("42P16", message)


def invalid_definition(message: str) -> PostgresError:
    """42P17: invalid object definition."""
    return PostgresError("42P17", message)


def wrong_object_type(message: str) -> PostgresError:
    """42809."""
    return PostgresError("42809", message)


def feature_not_supported(message: str) -> PostgresError:
    """0A000."""
    return PostgresError("0A000", message)


def in_failed_transaction() -> PostgresError:
    """25P02."""
    return PostgresError("25P02", "current transaction is aborted, commands ignored until end of transaction block")


def no_transaction_block(command: str) -> PostgresError:
    """25001: a command that must stand alone."""
    return PostgresError("25001", f"{command} cannot run inside a transaction block")


def not_in_transaction_block(command: str) -> PostgresError:
    """25P01: SAVEPOINT and its like outside of a transaction."""
    return PostgresError("25P01", f"{command} can only be used in transaction blocks")

"""The name of a call in a version script in, whether it is known to work on values and rows alone out."""

from __future__ import annotations

__all__ = [
    "BUILDERS",
    "BUILTINS",
    "CHANGES_TABLES",
    "EXECUTE",
    "METHODS",
    "MUTATORS",
    "OF_OP",
    "READS",
    "SAFE_MODULES",
]

BUILTINS = frozenset(
    {
        "abs", "all", "any", "bool", "bytes", "chr", "dict", "divmod", "enumerate", "float", "format", "frozenset",
        "int", "isinstance", "iter", "len", "list", "max", "min", "next", "ord", "print", "range", "repr", "reversed",
        "round", "set", "sorted", "str", "sum", "tuple", "type", "zip",
    }
)  # fmt: skip

SAFE_MODULES = frozenset(
    {
        "ast", "base64", "binascii", "calendar", "collections", "copy", "datetime", "decimal", "enum", "fractions",
        "hashlib", "html", "itertools", "json", "logging", "math", "operator", "random", "re", "secrets", "sqlalchemy",
        "string", "textwrap", "time", "typing", "unicodedata", "uuid", "zoneinfo",
    }
)  # fmt: skip
"""Modules whose functions change no table, but for those in ``CHANGES_TABLES``."""

CHANGES_TABLES = frozenset(
    {
        "DDL", "create", "create_all", "create_engine", "create_mock_engine", "create_async_engine", "drop", "drop_all",
        "engine_from_config", "event", "listen", "listens_for", "run_sync",
    }
)  # fmt: skip
"""What does so in SQLAlchemy, or may."""

EXECUTE = frozenset({"exec_driver_sql", "execute", "executemany", "scalar", "scalars"})
"""Methods that execute their first argument; without one, the last two read a result."""

BUILDERS = frozenset(
    {
        "as_scalar", "bindparams", "correlate", "delete", "distinct", "execution_options", "filter", "filter_by",
        "from_select", "from_self",
        "group_by", "having", "insert", "join", "limit", "offset", "on_conflict_do_nothing", "on_conflict_do_update",
        "options", "order_by", "outerjoin", "returning", "scalar_subquery", "select", "select_from", "subquery",
        "union", "union_all", "update", "values", "where", "with_entities", "with_for_update", "yield_per", "columns",
    }
)  # fmt: skip
"""Methods of SQLAlchemy's statements and queries that return another one."""

METHODS = frozenset(
    {
        # of results and sessions
        "_asdict", "add", "add_all", "all", "begin_nested", "bulk_insert_mappings", "bulk_save_objects",
        "bulk_update_mappings", "count", "expire_all", "expunge_all", "fetchall", "fetchmany", "fetchone", "first",
        "flush", "keys", "mappings", "merge", "one", "one_or_none", "partitions", "query", "scalar_one",
        "scalar_one_or_none", "tuples", "unique",
        # of columns
        "any_", "as_boolean", "as_float", "as_integer", "as_string",
        "asc", "between", "cast", "contains", "desc", "ilike", "in_", "is_", "is_distinct_from", "is_not",
        "isnot", "label", "like", "not_in", "notin_", "op", "startswith",
        # of values
        "append", "as_integer_ratio", "astimezone", "capitalize", "casefold", "clear", "copy", "date", "decode",
        "difference", "discard", "encode", "endswith", "extend", "find", "format", "fromisoformat", "fromkeys", "get",
        "group", "groupdict", "groups", "hexdigest", "index", "intersection", "isalnum", "isalpha", "isdigit",
        "isformat", "isnumeric", "isoformat", "isspace", "issubset", "items", "join", "lower", "lstrip", "match",
        "partition", "pop", "quantize", "remove", "removeprefix", "removesuffix", "replace", "rpartition", "rsplit",
        "rstrip", "search", "setdefault", "sort", "split", "splitlines", "strftime", "strip", "sub", "swapcase", "time",
        "timestamp", "title", "total_seconds", "translate", "union", "upper", "values", "zfill",
        # of loggers
        "debug", "error", "exception", "info", "warning",
    }
)  # fmt: skip
"""Methods of what is neither imported nor Alembic's."""

MUTATORS = frozenset(
    {"add", "append", "clear", "discard", "extend", "insert", "pop", "remove", "setdefault", "sort", "update"}
)
"""Methods that change what they are called on."""

READS = frozenset(
    {
        *EXECUTE, "all", "count", "fetchall", "fetchmany", "fetchone", "first", "get", "one", "query",
        # of drivers' connections
        "backup", "iterdump", "serialize", "total_changes",
    }
)  # fmt: skip
"""Methods that return rows, or what follows from them."""

OF_OP = frozenset({"bulk_insert", "execute", "f", "get_bind", "inline_literal"})
"""What of Alembic's operations changes rows alone; ``execute`` is looked at."""

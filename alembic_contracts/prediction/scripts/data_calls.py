"""The name of a call in a version script in, whether it is known to work on values and rows alone out."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import PurePath

__all__ = [
    "BUILDERS",
    "BUILTINS",
    "CHANGES_TABLES",
    "EXECUTE",
    "METHODS",
    "MUTATORS",
    "OF_OP",
    "OPERATIONS",
    "READS",
    "SAFE_MODULES",
    "VALUE_METHODS",
    "is_library_path",
    "is_safe",
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
        "ast", "base64", "binascii", "bisect", "calendar", "collections", "copy", "datetime", "decimal", "enum",
        "fractions", "functools", "hashlib", "heapq", "hmac", "html", "ipaddress", "itertools", "json", "logging",
        "math", "numbers", "operator", "random", "re", "secrets", "sqlalchemy", "statistics", "string", "struct",
        "textwrap", "time", "traceback", "typing", "unicodedata", "uuid", "zlib", "zoneinfo",
    }
)  # fmt: skip
"""Modules whose functions change no table, but for those in ``CHANGES_TABLES``."""

_CALLERS = frozenset({"operator.call", "operator.methodcaller"})
"""What of them calls whatever it is given."""

_PARTS = ("io.BytesIO", "io.StringIO", "urllib.parse", "warnings.warn")
"""Parts of modules, others of which do more."""

_INSTALLED = (
    "dateutil.parser", "dateutil.relativedelta", "dateutil.tz", "orjson.dumps", "orjson.loads",
    "oslo_serialization.jsonutils", "oslo_utils.strutils", "oslo_utils.timeutils", "oslo_utils.uuidutils",
    "packaging.utils", "packaging.version", "pytz.timezone", "pytz.utc", "simplejson.dumps", "simplejson.loads",
    "slugify.slugify", "text_unidecode.unidecode", "unidecode.unidecode", "yaml.safe_dump", "yaml.safe_load",
    "yaml.YAMLError",
)  # fmt: skip
"""Parts of packages that many install."""


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

VALUE_METHODS = frozenset(
    {
        "as_integer_ratio", "astimezone", "capitalize", "casefold", "copy", "date", "decode", "difference", "encode",
        "endswith", "find", "format", "fromisoformat", "fromkeys", "get", "group", "groupdict", "groups", "hexdigest",
        "index", "intersection", "isalnum", "isalpha", "isdigit", "isformat", "isnumeric", "isoformat", "isspace",
        "issubset", "items", "join", "lower", "lstrip", "match", "partition", "quantize", "removeprefix",
        "removesuffix", "replace", "rpartition", "rsplit", "rstrip", "search", "split", "splitlines", "strftime",
        "strip", "sub", "swapcase", "time", "timestamp", "title", "total_seconds", "translate", "union", "upper",
        "values", "zfill",
    }
)  # fmt: skip
"""Methods of Python's own values that change nothing."""

METHODS = VALUE_METHODS | frozenset(
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
        "append", "clear", "discard", "extend", "pop", "remove", "setdefault", "sort",
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

OPERATIONS = frozenset(
    {
        "add_column", "alter_column", "batch_alter_table", "bulk_insert", "create_check_constraint",
        "create_exclude_constraint", "create_foreign_key", "create_index", "create_primary_key", "create_table",
        "create_table_comment", "create_unique_constraint", "drop_column", "drop_constraint", "drop_index",
        "drop_table", "drop_table_comment", "invoke", "rename_table", "run_async",
    }
)  # fmt: skip
"""Alembic's operations, of ``op`` and of a batch."""


def is_safe(path: str) -> bool:
    """Return whether a dotted name is that of a library, or of a part of one, that changes no table."""
    if path in _CALLERS:
        return False
    return path.split(".", maxsplit=1)[0] in SAFE_MODULES or is_library_path(path)


def is_library_path(path: str) -> bool:
    """Return whether a dotted name is that of a part of a library that works on values alone."""
    if any(path == each or path.startswith(f"{each}.") for each in _PARTS):
        return True
    return any(path == each or path.startswith(f"{each}.") for each in _INSTALLED) and _is_installed(
        path.partition(".")[0]
    )


@lru_cache
def _is_installed(package: str) -> bool:
    """Whether a package is one that was installed, rather than a module of the project's own by the same name."""
    try:
        found = find_spec(package)
    except (ImportError, ValueError):
        return False
    places = PurePath((found and found.origin) or "").parts
    return "site-packages" in places or "dist-packages" in places

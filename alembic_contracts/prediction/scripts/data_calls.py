"""The name of a call in a version script in, whether it is known to work on values and rows alone out."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec

from alembic_contracts.support.paths import is_installed

__all__ = [
    "BUILDERS",
    "BUILTINS",
    "CALLERS",
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
        "abs", "all", "any", "ascii", "bin", "bool", "bytearray", "bytes", "callable", "chr", "dict", "divmod",
        "enumerate", "filter", "float", "format", "frozenset", "hasattr", "hash", "hex", "id", "int", "isinstance",
        "issubclass", "iter", "len", "list", "map", "max", "min", "next", "oct", "ord", "pow", "print", "range", "repr",
        "reversed", "round", "set", "slice", "sorted", "str", "sum", "tuple", "type", "zip",
    }
)  # fmt: skip

CALLERS = frozenset({"filter", "map"})
"""What of them calls what it is given with each of several values, whatever that does to them."""

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

_PARTS = (
    "io.BytesIO", "io.StringIO", "sys.maxsize", "sys.stderr", "sys.stdout", "sys.version_info",
    "urllib.parse", "warnings.warn",
)  # fmt: skip
"""Parts of modules, others of which do more."""

_INSTALLED = (
    "argon2.PasswordHasher", "arrow.get", "arrow.utcnow", "bcrypt.checkpw", "bcrypt.gensalt", "bcrypt.hashpw",
    "bleach.clean", "cryptography.fernet", "dateutil.parser", "dateutil.relativedelta", "dateutil.tz",
    "markdown.markdown", "nanoid.generate", "orjson.dumps", "orjson.loads", "oslo_serialization.jsonutils",
    "oslo_utils.strutils", "oslo_utils.timeutils", "oslo_utils.uuidutils", "packaging.utils", "packaging.version",
    "passlib.context", "passlib.hash", "pytz.timezone", "pytz.utc", "shortuuid.uuid", "simplejson.dumps",
    "simplejson.loads", "slugify.slugify", "text_unidecode.unidecode", "ulid.ULID", "unidecode.unidecode",
    "werkzeug.security", "yaml.YAMLError", "yaml.safe_dump", "yaml.safe_load",
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
        "add_columns", "add_cte", "alias", "as_scalar", "bindparams", "columns", "correlate", "correlate_except", "cte",
        "delete", "distinct", "except_", "except_all", "execution_options", "fetch", "filter", "filter_by",
        "from_select", "from_self", "group_by", "having", "insert", "intersect", "intersect_all", "join", "join_from",
        "lateral", "limit", "offset", "on_conflict_do_nothing", "on_conflict_do_update", "options", "order_by",
        "outerjoin", "outerjoin_from", "params", "populate_existing", "prefix_with", "returning", "scalar_subquery",
        "select", "select_from", "slice", "subquery", "suffix_with", "tablesample", "union", "union_all", "update",
        "values", "where", "with_entities", "with_for_update", "with_hint", "with_only_columns",
        "with_statement_hint", "yield_per",
    }
)  # fmt: skip
"""Methods of SQLAlchemy's statements and queries that return another one."""

VALUE_METHODS = frozenset(
    {
        "as_integer_ratio", "astimezone", "bit_length", "capitalize", "casefold", "center", "copy", "date", "decode",
        "difference", "digest", "elements", "encode", "endswith", "expandtabs", "find", "findall", "finditer", "format",
        "format_map", "fromhex", "fromisoformat", "fromkeys", "fromtimestamp", "fullmatch", "get", "group", "groupdict",
        "groups", "hex", "hexdigest", "index", "intersection", "is_integer", "isalnum", "isalpha", "isascii",
        "isdecimal", "isdigit", "isdisjoint", "isformat", "isidentifier", "islower", "isnumeric", "isoformat",
        "isoweekday", "isprintable", "isspace", "issubset", "issuperset", "istitle", "isupper", "items", "join",
        "ljust", "lower", "lstrip", "maketrans", "match", "most_common", "normalize", "partition", "quantize",
        "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip",
        "search", "split", "splitlines", "strftime", "strip", "sub", "swapcase", "symmetric_difference", "time",
        "timestamp", "timetuple", "title", "to_bytes", "toordinal", "total_seconds", "translate", "union", "upper",
        "utcoffset", "values", "weekday", "zfill",
    }
)  # fmt: skip
"""Methods of Python's own values that change nothing."""

METHODS = VALUE_METHODS | frozenset(
    {
        # of results and sessions
        "_asdict", "add", "add_all", "all", "begin_nested", "bulk_insert_mappings", "bulk_save_objects",
        "bulk_update_mappings", "count", "expire_all", "expunge_all", "fetchall", "fetchmany", "fetchone", "first",
        "exists", "flush", "keys", "mappings", "merge", "one", "one_or_none", "partitions", "query", "refresh",
        "scalar_one", "scalar_one_or_none", "tuples", "unique", "value",
        # of columns
        "all_", "any_", "as_boolean", "as_float", "as_integer", "as_string", "asc", "between", "bitwise_and",
        "bitwise_lshift", "bitwise_not", "bitwise_or", "bitwise_rshift", "bitwise_xor", "cast", "collate", "compile",
        "concat", "contains", "desc", "icontains", "iendswith", "ilike", "in_", "is_", "is_distinct_from", "is_not",
        "is_not_distinct_from", "isnot", "isnot_distinct_from", "istartswith", "label", "like", "not_ilike", "not_in",
        "not_like", "notilike", "notin_", "notlike", "nulls_first", "nulls_last", "nullsfirst", "nullslast", "op",
        "over", "regexp_match", "regexp_replace", "self_group", "startswith", "within_group",
        # of values
        "append", "clear", "discard", "extend", "pop", "remove", "reverse", "setdefault", "sort",
        # of loggers
        "debug", "error", "exception", "info", "warning",
    }
)  # fmt: skip
"""Methods of what is neither imported nor Alembic's."""

MUTATORS = frozenset(
    {
        "add", "append", "clear", "discard", "extend", "insert", "pop", "remove", "reverse", "setdefault", "sort",
        "update",
    }
)  # fmt: skip
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
    return is_installed((found and found.origin) or "")

"""The statements of a run in, marks out by which another run of the same scripts is seen to execute the same ones.

What was predicted of scripts before holds as long as they do the same again, whatever it is that they go by. Only
statements that may change a schema count: how many rows a script reads and writes depends on what is there. Of a script
that may go by more than its text and the database (``alone``) those count as well that call a function, or write rows
where a trigger may: on a server these can change a schema, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from alembic_contracts.patterns import pattern

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

    from alembic_contracts.schemas.steps import Prediction

__all__ = ["COMMIT", "ROLLBACK", "Recorder", "Trail"]

COMMIT, ROLLBACK = "COMMIT", "ROLLBACK"
"""What stands for a commit or rollback that is no statement."""

_DIGEST = 8
"""Of a statement, in bytes."""
_SIZE = 1 + _DIGEST
"""Of a mark: what kind of statement it is, and its digest."""
_INDEX, _OTHER, _ANY = b"i", b"o", b"*"
_REST = _ANY + bytes(_DIGEST)
"""Whatever a script executes after what was seen of it."""
_STRICTLY = b"s" + bytes(_DIGEST)
"""That functions and triggers count in the script, of which this is the first mark."""
_FIRST_WORD = pattern(r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/|[(;])*(\w*)", re.DOTALL)
_OF_ROWS = frozenset(
    {"analyze", "delete", "explain", "insert", "merge", "replace", "show", "table", "update", "values", "with"}
)
"""What statements begin with that are about rows alone."""
_READING_PRAGMA = pattern(
    r"""(?ix)\s*pragma\s+(?:["'`\[]?\w+["'`\]]?\s*\.\s*)?
    (?: \w+\s*;?\s*$ | (?:table_x?info|table_list|index_x?info|index_list|foreign_key_(?:list|check)
                        |integrity_check|quick_check)\s*\( )"""
)
"""Others with an argument set something, written with ``=`` or in parentheses (https://sqlite.org/pragma.html)."""
_COMMENT = pattern(r"(?s)/\*.*?\*/")
_NAME = r"""(?:\w+|"[^"]+")"""
_CALL = pattern(rf"""(?i)(?<![\w."])(?<!\binto )(?<!\bas )((?:{_NAME}\s*\.\s*)*)({_NAME})\s*\(""")
_OWN = frozenset(
    {
        # what is in front of a parenthesis, and no function
        "all", "and", "any", "array", "as", "between", "by", "case", "char", "character", "check", "conflict",
        "decimal", "default", "distinct", "else", "end", "except", "exists", "filter", "from", "group", "having", "in",
        "intersect", "interval", "into", "is", "join", "lateral", "like", "limit", "not", "numeric", "offset", "on",
        "only", "or", "order", "over", "returning", "row", "select", "set", "some", "then", "time", "timestamp",
        "union", "using", "values", "varchar", "varying", "when", "where", "with", "within",
        # functions of PostgreSQL, as scripts and SQLAlchemy's inspector call them: others are compared, to no harm
        "abs", "array_agg", "avg", "bool_and", "bool_or", "btrim", "cast", "coalesce", "concat", "count",
        "current_setting", "date_trunc", "extract", "format", "format_type", "gen_random_uuid", "generate_series",
        "generate_subscripts", "greatest", "json_agg", "json_build_object", "jsonb_agg", "jsonb_build_object", "least",
        "left", "length", "lower", "lpad", "max", "md5", "min", "now", "nullif", "obj_description", "position",
        "quote_ident", "random", "regexp_replace", "replace", "right", "row_number", "split_part", "string_agg",
        "substr", "substring", "sum", "to_char", "to_regclass", "to_timestamp", "trim", "unnest", "upper",
    }
)  # fmt: skip
_VALUE = pattern("'[^']*'")
"""Which may be another one each time, such as a key by chance."""
_WRITES = frozenset({"delete", "explain", "insert", "merge", "replace", "update", "with"})
_SCHEMA_TABLE = pattern(r"(?i)\bsqlite_(?:temp_)?(?:master|schema)\b")
_MAKES_OR_SETS = pattern(r"(?i)\binto\b|\bset_config\b")
_INDEXES = pattern(r"(?i)\s*(?:create\s+(?:unique\s+)?index\b|alter\s+index\s+(?!if\b)\S+\s+rename\s+to\b)")
"""Scripts may come by their tables in any order, as by SQLAlchemy's inspector (``pg_class`` has none)."""
_TABLES = pattern(r"(?i)\s*create\s+(?:temp\w*\s+)?table\b")
_CONSTRAINTS = pattern(r"(?:CONSTRAINT|PRIMARY KEY|UNIQUE|FOREIGN KEY|CHECK|EXCLUDE)\b")
_LONG = 5_000
"""Characters of a statement; the marks of longer ones, which have rows in them, are worked out each time."""
_BETWEEN, _AFTER = ", \n\t", "\n)"
"""Columns and constraints, as SQLAlchemy writes them, and the last of them."""


def _mark(statement: str, parameters: object = None, *, is_strict: bool = False) -> bytes:
    """Return what a statement is known again by; nothing of one that changes no schema.

    SQLAlchemy has constraints and indexes of a table in sets, so their order is another one each time.

    Args:
        statement: as it is executed.
        parameters: that it is executed with.
        is_strict: whether functions and triggers count as well.
    """
    mark = _mark_alone(statement) if len(statement) < _LONG else _mark_alone.__wrapped__(statement)
    if mark is None or (mark and parameters) or (is_strict and not mark and _calls(statement)):
        return _digest(_OTHER, statement + repr(parameters))
    return _digest(_OTHER, _VALUE.sub("", statement)) if is_strict and not mark and _writes(statement) else mark


def _writes(statement: str) -> bool:
    """Whether a statement may write rows."""
    first = _FIRST_WORD.match(statement)
    return first is not None and first[1].lower() in _WRITES


def _calls(statement: str) -> bool:
    """Whether a function is called that is none of the database's own, as far as its name tells."""
    return any(not _is_own(where, name.lower()) for where, name in _CALL.findall(_COMMENT.sub(" ", statement)))


def _is_own(where: str, name: str) -> bool:
    is_catalogs = where.lower() == "pg_catalog."
    return (not where or is_catalogs) and (name in _OWN or (is_catalogs and name.startswith("pg_")))


@lru_cache(maxsize=1024)  # of a history, which a test suite runs again and again
def _mark_alone(statement: str) -> bytes | None:
    """Return its mark; None: its parameters have a say in what it does to a schema."""
    first = _FIRST_WORD.match(statement)
    word = "" if first is None else first[1].lower()
    if word == "select" and _MAKES_OR_SETS.search(statement):
        return None
    if ";" not in statement.strip().rstrip(";") and _is_about_rows(word, statement):
        return b""
    kind = _INDEX if _INDEXES.match(statement) else _OTHER
    if _BETWEEN in statement and _TABLES.match(statement):
        statement = _in_order(statement)
    return _digest(kind, statement)


def _is_about_rows(word: str, statement: str) -> bool:
    """Whether a statement that begins with a word changes no schema, nor how other statements change it."""
    if word == "pragma":
        return _READING_PRAGMA.match(statement) is not None
    return word == "select" or (word in _OF_ROWS and not _SCHEMA_TABLE.search(statement))


def _digest(kind: bytes, statement: str) -> bytes:
    return kind + blake2b(statement.encode("utf-8", "replace"), digest_size=_DIGEST).digest()


def _in_order(statement: str) -> str:
    """Return a CREATE TABLE with its constraints behind the columns, in one order."""
    parts, last, rest = statement.rpartition(_AFTER)
    return f"{_BETWEEN.join(sorted(parts.split(_BETWEEN), key=_place))}{last}{rest}"


def _place(part: str) -> str:
    return part if _CONSTRAINTS.match(part) else ""  # columns stay in their order


class Recorder:
    """Takes down what an engine executes."""

    def __init__(self, engine: Engine | None) -> None:
        """Take down the statements of an engine from now on, as others who listen to it leave them.

        Args:
            engine: None where nobody will hold scripts against them.
        """
        self._marks: list[bytes] = []
        self._is_alone, self._is_strict = False, False
        self._connection: Connection | None = None
        self._is_seen_again, self._has_missed, self._misses_all = False, False, engine is None
        if engine is None:
            return
        self._has_functions = engine.dialect.name != "sqlite"  # none of those can change a schema
        event.listen(engine, "before_cursor_execute", self._begins)
        event.listen(engine, "after_cursor_execute", self._ends)
        event.listen(engine, "handle_error", self._ends)
        event.listen(engine, "commit", lambda connection: self._end(connection, COMMIT))
        event.listen(engine, "rollback", lambda connection: self._end(connection, ROLLBACK))

    def _begins(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        mark = _mark(statement, parameters, is_strict=self._is_strict)
        self._is_seen_again = bool(mark)
        self._marks.append(mark)

    def _ends(self, *_: Any) -> None:
        self._is_seen_again = False

    def _end(self, connection: Connection, how: str) -> None:
        if connection is self._connection:  # no other one's transaction is followed in an upgrade
            self._marks.append(_mark(how))

    def changes(self) -> None:
        """Take note that a schema changes: by a function in a query, or past the engine, it does so unseen."""
        self._has_missed = self._has_missed or not self._is_seen_again

    def begin(self, script: str, connection: Connection | None) -> None:
        """Forget what was executed so far: the script at a path begins, on a connection."""
        self._marks.clear()
        self._connection = connection
        self._has_missed = self._misses_all
        if not self._misses_all:
            from alembic_contracts.prediction.scripts.alone import is_alone
            from alembic_contracts.prediction.scripts.words import known_words

            words = known_words(script)
            self._is_alone = words is not None and is_alone(words)
            self._is_strict = not self._is_alone and self._has_functions

    def marks(self, *, is_open: bool = False) -> bytes | None:
        """Return the marks of the statements of this script; None: others of its statements change a schema.

        Args:
            is_open: whether it was not followed to its end, so that any others may come: of one that is alone.
        """
        if self._has_missed or (is_open and not self._is_alone):
            return None
        return b"".join([*([_STRICTLY] if self._is_strict else []), *self._marks, *([_REST] if is_open else [])])


class Trail:
    """What scripts did when they were predicted, in each way in which that can go, along which they are followed."""

    def __init__(self, predictions: Iterable[Prediction]) -> None:
        """Begin before the first script."""
        self._ways = [_marks_of(each) for each in predictions]
        self._taken: list[tuple[str, list[bytes]]] = []
        """The scripts that have begun, with the marks of what they have executed."""
        self._is_through = False
        self._left: list[bytearray] = []
        """What is still to come of the script that runs, in each of these ways."""
        self._is_strict = False

    def begins(self, revision: str) -> None:
        """Take note of the revision whose script begins."""
        self._taken.append((revision, []))
        self._is_through = False
        self._left = [bytearray(way.get(revision) or b"") for way in self._ways]
        self._is_strict = any(left.startswith(_STRICTLY) for left in self._left)
        self._left = [left.removeprefix(_STRICTLY) for left in self._left]

    def goes_on(self, statement: str, parameters: object = None) -> bool:
        """Whether a statement that is about to be executed is what the script executed then."""
        mark = _mark(statement, parameters, is_strict=self._is_strict)
        if not mark:
            return True
        if self._taken:
            self._taken[-1][1].append(mark)
        return self._keep([_take(left, mark) for left in self._left])

    def ends(self) -> bool:
        """Whether the script has executed all that it executed then."""
        self._is_through = True
        return self._keep([_is_empty(left) for left in self._left])

    def is_retraced(self, predictions: Iterable[Prediction]) -> bool:
        """Whether one of other predictions of the run shows what its scripts have executed so far.

        They do not where something that is done once in a process was done already.
        """
        return any(self._is_retraced(_marks_of(each)) for each in predictions)

    def _is_retraced(self, way: Mapping[str, bytes | None]) -> bool:
        for number, (revision, taken) in enumerate(self._taken, 1):
            left = bytearray(way.get(revision) or b"").removeprefix(_STRICTLY)
            is_through = self._is_through or number < len(self._taken)
            if not all(_take(left, mark) for mark in taken) or (is_through and not _is_empty(left)):
                return False
        return True

    def _keep(self, are_kept: list[bool]) -> bool:
        """Go on with some of the ways; returns whether there are any."""
        if all(are_kept):
            return True
        self._ways = [way for way, is_kept in zip(self._ways, are_kept, strict=True) if is_kept]
        self._left = [left for left, is_kept in zip(self._left, are_kept, strict=True) if is_kept]
        return bool(self._ways)


def _marks_of(prediction: Prediction) -> dict[str, bytes | None]:
    return {step.revision: step.marks for step in prediction.steps}


def _is_empty(left: bytearray) -> bool:
    return not left or left == _REST


def _take(left: bytearray, mark: bytes) -> bool:
    """Take the mark that comes next away, or among indexes one of the next; returns whether it was there."""
    if left == _REST:
        return True
    for at in range(0, len(left), _SIZE):
        if left[at : at + _SIZE] == mark:
            del left[at : at + _SIZE]
            return True
        if left[at : at + 1] != _INDEX or mark[:1] != _INDEX:
            return False
    return False

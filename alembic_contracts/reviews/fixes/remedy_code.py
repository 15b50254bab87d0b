"""The code of a violation's remedy in, Alembic's operations out: what it does now, what later, and what undoes it.

A remedy is prose with lines of code to paste. What follows a sentence that begins with "In a later" is for a later
revision, what follows one with "in place of that" is another way, which is left to people. Code is read, never run:
calls of ``op`` with literals alone. What is done in batch mode, on databases other than PostgreSQL, is left to people.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Any

from alembic.operations import MigrateOperation, Operations, ops
from msgspec import Struct

__all__ = ["Parts", "Undoable", "parts", "undone"]


_LATER, _ANOTHER_WAY = "In a later", "in place of that"
_IN_BATCH = "    with op.batch_alter_table("


class Undoable(ops.ExecuteSQLOp):
    """A statement that knows what undoes it."""

    def __init__(self, sql: str, undoing: str) -> None:
        super().__init__(sql)
        self.undoing = undoing


class Parts(Struct, frozen=True):
    """What a remedy's code does."""

    now: tuple[MigrateOperation, ...] = ()
    later: tuple[MigrateOperation, ...] = ()

    @property
    def adds_column(self) -> bool:
        """Whether it brings a column beside the one that is to stay."""
        return any(isinstance(each, ops.ExecuteSQLOp) and _ADDED.match(str(each.sqltext)) for each in self.now)


def parts(remedy: str) -> Parts:
    """Return the operations in a remedy.

    Args:
        remedy: as ``Violation.remedy`` has it: lines of code are indented by four blanks.
    """
    now, later = "", ""
    is_later = False
    if _IN_BATCH in remedy:
        return Parts()
    for line in remedy.split("\n"):
        if line.startswith("    "):
            now, later = (now, f"{later}{line[4:]}\n") if is_later else (f"{now}{line[4:]}\n", later)
        elif _ANOTHER_WAY in line:
            break
        else:
            is_later = is_later or line.startswith(_LATER)
    done = tuple(_operations(now))
    return Parts(done, tuple(_ending(each, done) for each in _operations(later)))


def _ending(operation: MigrateOperation, done: Sequence[MigrateOperation]) -> MigrateOperation:
    """Return what a later revision does, which is undone by doing again what it takes back of this one."""
    ending = str(getattr(operation, "sqltext", ""))
    for each in done:
        adding = str(getattr(each, "sqltext", ""))
        if (match := _ADDED.match(adding)) is not None and match.expand(_REMOVED) == ending:
            return Undoable(ending, adding)
    return operation


class _Collected(Operations):
    """Stands for ``op``: keeps each operation instead of carrying it out."""

    def __init__(self) -> None:  # Alembic's would need a database
        self.found: list[MigrateOperation] = []

    def invoke(self, operation: MigrateOperation) -> Any:
        if isinstance(operation, ops.ExecuteSQLOp):
            operation = ops.ExecuteSQLOp(_named(str(operation.sqltext)))
        if isinstance(operation, ops.AlterColumnOp) and operation.modify_nullable is not None:
            operation.existing_nullable = not operation.modify_nullable  # by which Alembic can reverse it
        self.found.append(operation)
        return None


_UNNAMED = re.compile(r"(ALTER TABLE (.*?)) ADD (PRIMARY KEY|UNIQUE|CHECK|FOREIGN KEY) (\(.*)", re.DOTALL)
_ENDINGS = {"PRIMARY KEY": "pkey", "UNIQUE": "key", "CHECK": "check", "FOREIGN KEY": "fkey"}


def _named(sql: str) -> str:
    """Give a constraint that is added a name, by which it can be dropped again."""
    match = _UNNAMED.fullmatch(sql)
    if match is None:
        return sql
    alter, table, kind, rest = match.groups()
    words = [*re.findall(r"\w+", table)[-1:], *re.findall(r"\w+", rest.partition(" REFERENCES ")[0])]
    name = "_".join(words).encode()[:_LONGEST].decode("utf-8", "ignore")
    return f'{alter} ADD CONSTRAINT "{name}_{_ENDINGS[kind]}" {kind} {rest}'


_LONGEST = 63 - len("_check")


def _operations(code: str) -> Iterator[MigrateOperation]:
    collected = _Collected()
    for statement in ast.parse(code).body:
        match statement:
            case ast.Expr(ast.Call(ast.Attribute(ast.Name("op"), name), arguments, keywords)):
                values = [ast.literal_eval(each) for each in arguments]
                named = {str(each.arg): ast.literal_eval(each.value) for each in keywords}
                getattr(collected, name)(*values, **named)
            case _:
                raise ValueError(f"not an operation: {ast.unparse(statement)}")
    yield from collected.found


_NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_QUALIFIED = rf"{_NAME}(?:\.{_NAME})?"
_ADDED = re.compile(rf"ALTER TABLE ({_QUALIFIED}) ADD COLUMN ({_NAME}) ")
_REMOVED = r"ALTER TABLE \1 DROP COLUMN \2"
_INVERSE: tuple[tuple[re.Pattern[str], str], ...] = (
    (_ADDED, _REMOVED),
    (re.compile(rf"(ALTER TABLE {_QUALIFIED} RENAME COLUMN) ({_NAME}) TO ({_NAME})$"), r"\1 \3 TO \2"),
    (re.compile(rf"CREATE TYPE ({_QUALIFIED}) "), r"DROP TYPE \1"),
    (re.compile(rf"CREATE SCHEMA ({_NAME})$"), r"DROP SCHEMA \1"),
    (re.compile(rf"CREATE FUNCTION ({_QUALIFIED})\(\) "), r"DROP FUNCTION \1()"),
    (re.compile(rf"CREATE TRIGGER ({_NAME}) BEFORE INSERT OR UPDATE ON ({_QUALIFIED}) "), r"DROP TRIGGER \1 ON \2"),
    (re.compile(rf"(ALTER TABLE {_QUALIFIED}) ADD CONSTRAINT ({_NAME}) "), r"\1 DROP CONSTRAINT \2"),
    (re.compile(rf"GRANT (.+) ON ({_QUALIFIED}) TO (.+)$"), r"REVOKE \1 ON \2 FROM \3"),
    (re.compile(rf"(ALTER PUBLICATION {_NAME}) ADD TABLE ({_QUALIFIED})$"), r"\1 DROP TABLE \2"),
    (re.compile(rf"CREATE POLICY ({_NAME}) ON ({_QUALIFIED}) "), r"DROP POLICY \1 ON \2"),
    (re.compile(rf"CREATE VIEW ({_QUALIFIED}) "), r"DROP VIEW \1"),
    (re.compile(rf"(ALTER TABLE {_QUALIFIED}) ENABLE ROW LEVEL SECURITY$"), r"\1 DISABLE ROW LEVEL SECURITY"),
    (re.compile(rf"(ALTER TABLE {_QUALIFIED} ALTER COLUMN {_NAME}) SET NOT NULL$"), r"\1 DROP NOT NULL"),
    (re.compile(rf"(ALTER TABLE {_QUALIFIED} ALTER COLUMN {_NAME}) DROP NOT NULL$"), r"\1 SET NOT NULL"),
)
"""What undoes a statement. Of a column that is filled nothing has to be undone but the column."""


def undone(done: Sequence[MigrateOperation]) -> tuple[list[MigrateOperation], list[MigrateOperation]]:
    """Return the operations that undo some, the last first, and those for which nothing is known that does."""
    undoing: list[MigrateOperation] = []
    rest: list[MigrateOperation] = []
    for each in reversed(done):
        inverse = _inverse(each)
        if inverse is None:
            rest.append(each)
        else:
            undoing.extend(inverse)
    return undoing, rest


def _inverse(operation: MigrateOperation) -> list[MigrateOperation] | None:
    if isinstance(operation, Undoable):
        return [ops.ExecuteSQLOp(operation.undoing)]
    if not isinstance(operation, ops.ExecuteSQLOp):
        try:
            return [operation.reverse()]
        except (NotImplementedError, ValueError):
            return None
    sql = str(operation.sqltext)
    if sql.startswith("UPDATE "):
        return []
    for pattern, inverse in _INVERSE:
        if (match := pattern.match(sql)) is not None:
            return [ops.ExecuteSQLOp(match.expand(inverse))]
    return None

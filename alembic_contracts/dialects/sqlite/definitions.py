"""The text of a CREATE TABLE in, what no pragma tells of the table out; nothing where it is not understood.

SQLite keeps a table's text as it was written, and ALTER TABLE edits it, so that what is in ``sqlite_schema`` follows
its grammar (https://sqlite.org/lang_createtable.html). What does not follow it here is new there, and not guessed at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from types import MappingProxyType
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.dialects.sqlite.clauses import Clauses, Unread
from alembic_contracts.dialects.sqlite.names import fold
from alembic_contracts.dialects.sqlite.tokens import meaning
from alembic_contracts.schemas.schema import Constraint, ConstraintKind, Name

__all__ = ["Definition", "definition"]


OnConflict = Literal["", "ignore", "replace"]


class Definition(Struct, frozen=True, kw_only=True):
    """What a CREATE TABLE says."""

    columns: tuple[str, ...]
    """Their names, in the order of the text."""
    collations: Mapping[str, str]
    """By folded name of the column, where one is declared."""
    expressions: Mapping[str, str]
    """Of generated columns, by folded name."""
    constraints: tuple[Constraint, ...]
    """In the order of the text; the name of one without is empty."""
    on_null: Mapping[str, OnConflict] = MappingProxyType({})
    """What NOT NULL does in place of refusing, by folded name of the column."""
    without_rowid: bool = False
    strict: bool = False


@lru_cache(maxsize=1024)  # the same tables are looked at before and after each revision
def definition(sql: str | None, schema: str) -> Definition | None:
    """Return what a CREATE TABLE says, None where it is not understood.

    Args:
        sql: the text.
        schema: where the table is, and with it those that it refers to.
    """
    if sql is None:
        return None
    beginnings = _beginnings(sql[: sql.find("(") + 1], schema)
    try:
        read = _Table(sql, schema, beginnings[0] if beginnings and sql.startswith(beginnings[0].text) else None)
        found = read.read()
    except Unread:
        return None
    beginnings[:] = read.beginning()
    return found


class _Beginning(Struct, frozen=True):
    """What a text says up to the comma before the last column or constraint: scripts add one after the other."""

    text: str
    columns: tuple[str, ...] = ()
    collations: Mapping[str, str] = MappingProxyType({})
    expressions: Mapping[str, str] = MappingProxyType({})
    constraints: tuple[Constraint, ...] = ()
    on_null: Mapping[str, OnConflict] = MappingProxyType({})


@lru_cache(maxsize=256)
def _beginnings(head: str, schema: str) -> list[_Beginning]:
    """Return where what was read last of a table is kept, by its text up to the first parenthesis: one at most."""
    del head, schema
    return []


_OF_TABLES = ("constraint", "primary", "unique", "check", "foreign")
"""Words that begin a constraint of the table: a column of such a name is in quotes."""
_OF_COLUMNS = frozenset(
    ("as", "check", "collate", "constraint", "default", "deferrable", "not", "null", "primary", "references", "unique")
)
"""Words that end a column's type."""
_ACTIONS = ("cascade", "restrict", "set null", "set default", "no action")


class _Table(Clauses):
    """Reads one text from its beginning to its end."""

    def __init__(self, sql: str, schema: str, known: _Beginning | None = None) -> None:
        """``known``: what the text begins with, if that was read before."""
        super().__init__(sql, 0 if known is None else len(known.text))
        self._schema = schema
        self._known = known
        known = known or _Beginning("")
        self._columns = [*known.columns]
        self._collations = {**known.collations}
        self._expressions = {**known.expressions}
        self._constraints = [*known.constraints]
        self._on_null = {**known.on_null}
        self._name = ""
        """Of the constraint that follows."""
        self._comma: tuple[int, ...] = ()
        """Where the last one between two columns or constraints ends, and how much was found before it."""
        self._last: tuple[Constraint, ...] = ()
        """The last constraint that was found before it, which what follows can make deferrable."""

    def read(self) -> Definition:
        if self._known is None:
            self._head()
            self._column()
        else:
            self._after_comma()
        while not self.mark(")"):
            if self.mark(","):
                self._after_comma()
            else:
                self._constraint_of_table()
        without_rowid = strict = False
        while not self.at_end():
            without_rowid = self.words("without", "rowid") or without_rowid
            strict = self.words("strict") or strict
            if not self.at_end():
                self.need_mark(",")
        return Definition(
            columns=tuple(self._columns),
            collations=MappingProxyType(self._collations),
            expressions=MappingProxyType(self._expressions),
            constraints=tuple(map(self._with_columns, self._constraints)),
            on_null=MappingProxyType(self._on_null),
            without_rowid=without_rowid,
            strict=strict,
        )

    def beginning(self) -> Iterator[_Beginning]:
        """Yield what was read before the last comma; nothing where a quote that is closed later would change it."""
        if not self._comma or self.has_unknown():
            return
        end, columns, collations, expressions, constraints, on_null = self._comma
        yield _Beginning(
            self.sql[:end],
            tuple(self._columns[:columns]),
            dict(islice(self._collations.items(), collations)),
            dict(islice(self._expressions.items(), expressions)),
            (*self._constraints[: constraints - len(self._last)], *self._last),
            dict(islice(self._on_null.items(), on_null)),
        )

    def _head(self) -> None:
        self.need("create")
        _ = self.words("temp") or self.words("temporary")
        self.need("table")
        self.words("if", "not", "exists")
        self.qualified()
        self.need_mark("(")

    def _after_comma(self) -> None:
        found = (self._columns, self._collations, self._expressions, self._constraints, self._on_null)
        self._comma, self._last = (self.end_of_last(), *map(len, found)), tuple(self._constraints[-1:])
        if self.is_word(*_OF_TABLES):
            self._constraint_of_table()
        else:
            self._column()

    def _with_columns(self, constraint: Constraint) -> Constraint:
        """Return a check with the columns that it is about: those that it names."""
        if constraint.kind != "check":
            return constraint
        named = {
            fold(token.identifier) for token in meaning(constraint.expression or "") if token.kind in ("word", "quoted")
        }
        return replace(constraint, columns=tuple(column for column in self._columns if fold(column) in named))

    def _add(
        self,
        kind: ConstraintKind,
        columns: tuple[str, ...],
        expression: str | None = None,
        on_conflict: OnConflict = "",
    ) -> None:
        self._constraints.append(
            Constraint(name=self._name, kind=kind, columns=columns, expression=expression, on_conflict=on_conflict)
        )
        self._name = ""

    # -- columns -------------------------------------------------------------------------------------------------------

    def _column(self) -> None:
        column = self.name()
        self._columns.append(column)
        while self.is_name() and not self.is_word(*_OF_COLUMNS) and not self.are_words("generated", "always", "as"):
            self.name()
        if self.is_mark("("):
            self.group()
        self._name = ""
        while not self.is_mark(",", ")"):
            self._clause(self.word(), column)

    def _clause(self, word: str, column: str) -> None:  # noqa: C901, PLR0912 - one case a clause
        """Read what follows a column's type, from its second word on."""
        match word:
            case "constraint":
                self._name = self.name()
            case "default":
                self._default()
            case "null":
                self._on_conflict()
            case "not" if self.words("null"):
                self._on_null[fold(column)] = self._on_conflict()
            case "not":
                self.need("deferrable")
                self._initially()
            case "deferrable":
                self._deferrable()
            case "primary":
                self.need("key")
                _ = self.words("asc") or self.words("desc")
                self._add("primary key", (column,), on_conflict=self._on_conflict())
                self.words("autoincrement")
            case "unique":
                self._add("unique", (column,), on_conflict=self._on_conflict())
            case "check":
                self._add("check", (), self.group())
            case "references":
                self._foreign_key((column,))
            case "collate":
                self._collations[fold(column)] = self.name()
            case "generated" | "as":
                self._generated(word, column)
            case _:
                raise Unread

    def _default(self) -> None:
        if self.is_mark("("):
            self.group()
            return
        _ = self.mark("+") or self.mark("-")
        self.take()

    def _deferrable(self) -> None:
        deferred = self._initially()
        if self._constraints and self._constraints[-1].kind == "foreign key":
            last = self._constraints.pop()
            self._constraints.append(replace(last, deferrable=True, initially_deferred=deferred))

    def _generated(self, word: str, column: str) -> None:
        if word == "generated":
            self.need("always", "as")
        self._expressions[fold(column)] = self.group()
        _ = self.words("stored") or self.words("virtual")

    # -- constraints of the table --------------------------------------------------------------------------------------

    def _constraint_of_table(self) -> None:
        self._name = self.name() if self.words("constraint") else ""
        if self.words("primary", "key"):
            self._add("primary key", self._keys(), on_conflict=self._on_conflict())
        elif self.words("unique"):
            self._add("unique", self._keys(), on_conflict=self._on_conflict())
        elif self.words("check"):
            self._add("check", (), self.group())
            self._on_conflict()  # which is nothing to a CHECK (https://sqlite.org/lang_conflict.html)
        elif self.words("foreign", "key"):
            columns = self._names()
            self.need("references")
            self._foreign_key(columns)
            if not self.words("not", "deferrable") and self.words("deferrable"):
                self._deferrable()
            else:
                self._initially()
        elif not self._name:  # a name alone is one of nothing
            raise Unread

    def _keys(self) -> tuple[str, ...]:
        """Read columns with what an index makes of them, which a constraint does not."""
        self.need_mark("(")
        found = [self._key()]
        while self.mark(","):
            found.append(self._key())
        self.words("autoincrement")
        self.need_mark(")")
        return tuple(found)

    def _key(self) -> str:
        column = self.name()
        if self.words("collate"):
            self.name()
        _ = self.words("asc") or self.words("desc")
        return column

    def _names(self) -> tuple[str, ...]:
        self.need_mark("(")
        found = [self.name()]
        while self.mark(","):
            found.append(self.name())
        self.need_mark(")")
        return tuple(found)

    # -- what both have ------------------------------------------------------------------------------------------------

    def _foreign_key(self, columns: tuple[str, ...]) -> None:
        references = Name(self._schema, self.name())
        referenced = self._names() if self.is_mark("(") else ()
        actions = {"update": "", "delete": ""}
        while True:
            if self.words("on"):
                event = self.word()
                action = next((each for each in _ACTIONS if self.words(*each.split())), None)
                if action is None:
                    raise Unread
                actions[event] = "" if action == "no action" else action.upper()
            elif self.words("match"):
                self.name()
            else:
                break
        self._constraints.append(
            Constraint(
                name=self._name,
                kind="foreign key",
                columns=columns,
                references=references,
                referenced_columns=referenced,
                on_update=actions["update"],
                on_delete=actions["delete"],
            )
        )
        self._name = ""

    def _initially(self) -> bool:
        if not self.words("initially"):
            return False
        deferred = self.words("deferred")
        if not deferred:
            self.need("immediate")
        return deferred

    def _on_conflict(self) -> OnConflict:
        """Read what is done where a row would be refused; ABORT, FAIL and ROLLBACK refuse it."""
        found = self.word() if self.words("on", "conflict") else ""
        return "ignore" if found == "ignore" else "replace" if found == "replace" else ""

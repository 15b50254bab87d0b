"""What a grammar of SQL does for those who look at queries; PostgreSQL's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from msgspec import Struct

from alembic_contracts.inference.usage import texts
from alembic_contracts.inference.usage.notes import Notes
from alembic_contracts.inference.usage.reader import Reader
from alembic_contracts.inference.usage.relations import Here, Relations
from alembic_contracts.inference.usage.texts import Parsed, Prepared
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.scopes import Output

__all__ = ["Defined", "Grammar", "PostgreSQL"]


class Defined(Struct, frozen=True):
    """A relation that a statement makes."""

    name: str
    schema: str | None
    temporary: bool
    bare: bool
    """Whether it is a table whose columns are written out, which may be a copy of one of the database's."""


class Grammar(Protocol):
    """One grammar. A node is whatever its parser makes."""

    folds_case: bool
    """Whether upper and lower case of names do not count."""

    def prepare(self, text: str, first_line: int) -> Prepared:
        """Return a text as it is parsed.

        Raises:
            Template: it is one.
        """

    def parse(self, prepared: Prepared) -> Iterator[Parsed]:
        """Yield its statements."""

    def is_query(self, node: Any) -> bool:
        """Whether a statement yields rows: a model is one."""

    def defined(self, node: Any) -> Defined | None:
        """Return what a statement makes."""

    def dropped(self, node: Any) -> Iterable[str]:
        """Return the last names of relations that a statement drops."""

    def search_path(self, node: Any, current: tuple[str, ...], default: tuple[str, ...]) -> tuple[str, ...]:
        """Return where names are looked up after a statement."""

    def look(self, node: Any, notes: Notes, relations: Relations, here: Here) -> Output:
        """Note what a statement uses; return what it yields."""


class PostgreSQL:
    """PostgreSQL's own grammar."""

    folds_case = False

    def prepare(self, text: str, first_line: int) -> Prepared:
        """Return a text as it is parsed."""
        return texts.prepare(text, first_line)

    def parse(self, prepared: Prepared) -> Iterator[Parsed]:
        """Yield its statements."""
        return texts.parse(prepared)

    def is_query(self, node: Any) -> bool:
        """Whether a statement yields rows."""
        return bool(node.DESCRIPTOR.name == "SelectStmt")

    def defined(self, node: Any) -> Defined | None:
        """Return what a statement makes."""
        kind = node.DESCRIPTOR.name
        if kind == "ViewStmt":
            relation = node.view
        elif kind == "CreateStmt":
            relation = node.relation
        elif kind == "CreateForeignTableStmt":
            relation = node.base_stmt.relation
        elif kind == "CreateTableAsStmt":
            relation = node.into.rel
        elif kind == "SelectStmt" and node.HasField("into_clause"):
            relation = node.into_clause.rel
        else:
            return None
        temporary = relation.relpersistence == "t" or relation.schemaname == "pg_temp"
        return Defined(relation.relname, relation.schemaname or None, temporary, kind == "CreateStmt")

    def dropped(self, node: Any) -> Iterable[str]:
        """Return the last names of relations that a statement drops."""
        if node.DESCRIPTOR.name != "DropStmt":
            return ()
        lists = [each.list.items for each in node.objects if each.HasField("list")]
        return [parser.strings(each)[-1] for each in lists if parser.strings(each)]

    def search_path(self, node: Any, current: tuple[str, ...], default: tuple[str, ...]) -> tuple[str, ...]:
        """Return where names are looked up after a statement."""
        if node.DESCRIPTOR.name != "VariableSetStmt" or node.name != "search_path":
            return current
        values = [value.a_const.sval.sval for value in node.args if value.HasField("a_const")]
        return tuple(values) or default

    def look(self, node: Any, notes: Notes, relations: Relations, here: Here) -> Output:
        """Note what a statement uses; return what it yields."""
        return Reader(notes, relations, here).statement(node)

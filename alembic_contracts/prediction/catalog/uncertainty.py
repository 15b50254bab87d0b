"""What the server may have otherwise than the catalog in, whether a statement or a question meets any of it out.

Something unknown has decided about it: whether a statement ran, on which table, with which name. The catalog goes on
with one of the possible ways, which is no more than a guess for what depends on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

from alembic_contracts.prediction.sql import named_objects, parser, system

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.parser import Node, Statement
    from alembic_contracts.schemas.schema import Name, Table

__all__ = ["Uncertainty"]

_OF_RELATIONS = frozenset({"to_regclass", "to_regtype", "current_schema", "current_schemas", "pg_get_serial_sequence"})
"""Functions whose results depend on what there is; those that take numbers got these from a query."""
_OF_ASIDES = frozenset(
    {
        "pg_attribute", "pg_class", "pg_index", "pg_indexes", "pg_proc", "pg_stat_user_indexes", "pg_trigger",
        "routines", "triggers",
    }
)  # fmt: skip
"""System relations with rows about those."""
_NOT_IDENTIFYING = frozenset({"public", "pg_catalog", "information_schema", "YES", "NO", "BASE TABLE", "VIEW"})
"""Texts in a question that do not say which object it is about; single letters do not, either."""


class Uncertainty(Struct):
    """Names of objects of which it is not known what became of them."""

    anything: bool = False
    """Whether it can be any object."""
    names: set[str] = field(default_factory=set)
    """Tables, views, indexes, types, functions, schemas that may be there or not, or be otherwise."""
    parts: set[str] = field(default_factory=set)
    """Their columns and constraints."""
    around: set[str] = field(default_factory=set)
    """What they use: whether that can be changed or dropped depends on them."""
    asides: dict[str, str] = field(default_factory=dict)
    """Indexes, triggers and functions that no fact is about and that may be there or not, with their tables or ""."""
    met: int = 0
    """How many statements may have failed on the server for it, though they worked here."""

    def note(self, known: Mapping[Name, Table], tables: Iterable[Name] | None) -> None:
        """Take note of tables (None: any) of which it is not known what became of them; ``known`` are all there are."""
        if tables is None:
            self.anything = True
            return
        for name in tables:
            self.names.add(name.name)
            table = known.get(name)
            if table is None:
                continue
            self.names.update(index.name for index in table.indexes)
            self.parts.update(column.name for column in table.columns)
            self.parts.update(constraint.name for constraint in table.constraints)
            self.around.update(used.name for used, _ in table.depends_on)
            self.around.update(parent.name for parent in table.parents)
            self.around.update(c.references.name for c in table.constraints if c.references is not None)

    def note_refusal(self, *, possible: bool = True) -> None:
        """Take note that the server may refuse a statement that works here, if that is possible."""
        self.met += possible

    def note_perhaps(self, statement: Statement) -> bool:
        """Take note that one statement may have failed, and nothing else is otherwise for it.

        Returns:
            False where facts can be about what it does: nothing is noted then.
        """
        node = statement.node
        if statement.kind == "index_stmt" and not node.unique:
            self.asides[node.idxname] = node.relation.relname
            return True
        if statement.kind == "create_extension_stmt" and node.extname in system.EXTENSIONS:
            brought = system.EXTENSIONS[node.extname]
            self.names |= {node.extname, *brought.types, *brought.functions}
            return True
        if statement.kind == "drop_stmt" and parser.enum_name(node, "behavior") != "DROP_CASCADE":
            kind = parser.enum_name(node, "remove_type")
            if kind in {"OBJECT_FUNCTION", "OBJECT_PROCEDURE"}:
                self.asides.update({parser.strings(each.object_with_args.objname)[-1]: "" for each in node.objects})
                return True
            if kind == "OBJECT_TRIGGER":
                self.asides.update({parser.strings(each.list.items)[-1]: "" for each in node.objects})
                return True
        return False

    def is_about(self, node: Node) -> bool:
        """Return whether what a statement does depends on it."""
        return bool(self.names) and not self.names.isdisjoint(named_objects.used(node))

    def decides_failure(self, node: Node) -> bool:
        """Return whether it may decide if a statement fails."""
        decisive = {*self.asides, *(self.names | self.around if self.names else ())}
        return self.anything or (bool(decisive) and not named_objects.used(node).isdisjoint(decisive))

    def answers(self, node: Node) -> bool:
        """Return whether the rows of a query may be others for it, as far as they come out of the catalog."""
        if not self.names and not self.asides:
            return False
        asks_catalog = asks_for_asides = False
        for message in parser.walk(node):
            kind = message.DESCRIPTOR.name
            if kind == "RangeVar":
                if system.is_system_relation(message.relname, message.schemaname or None) is not None:
                    asks_catalog = True
                    asks_for_asides = asks_for_asides or message.relname in _OF_ASIDES
                elif message.relname in self.names:
                    return True
            elif (kind == "FuncCall" and parser.strings(message.funcname)[-1] in _OF_RELATIONS) or (
                kind == "TypeCast" and parser.strings(message.type_name.names)[-1:] in (["regclass"], ["regtype"])
            ):
                asks_catalog = asks_for_asides = True
        texts = list(named_objects.texts(node))
        if asks_for_asides and self.asides and self._is_asked_for(texts, {*self.asides, *self.asides.values()}):
            return True
        return asks_catalog and bool(self.names) and self._is_asked_for(texts, self.names | self.parts)

    def _is_asked_for(self, texts: Iterable[str], names: set[str]) -> bool:
        """Return whether a question with these texts may be about it: one that names nothing else is about anything."""
        said = {text.rpartition(".")[2].strip('"') for text in texts if len(text) > 1 and text not in _NOT_IDENTIFYING}
        return not said or any("%" in each for each in said) or not said.isdisjoint(names)

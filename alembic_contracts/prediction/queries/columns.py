"""A reference to columns inside of a query in, the columns that it stands for out, remembered as used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.traits import HIDDEN
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.sql.scopes import Field, Output, Scope

if TYPE_CHECKING:
    from alembic_contracts.prediction.queries.analysis import Analysis
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["Columns"]


class Columns:
    """Looks at columns in one scope."""

    def __init__(self, analysis: Analysis, scope: Scope, ctes: dict[str, Output]) -> None:
        self.analysis = analysis
        self.scope = scope
        self.ctes = ctes
        self.state = analysis.run.state

    def star(self, node: Node) -> tuple[list[Field], bool]:
        """Return the columns of ``*`` or ``alias.*``, and whether these are all."""
        names = parser.strings(node.fields)
        if not names:
            entries = [entry for entry in self.scope.entries if entry.visible]
            if not entries and not self.scope.unknown:
                raise sqlstate.PostgresError("42601", "SELECT * with no tables specified is not valid")
            fields = [f for entry in entries for f in entry.fields if f.name not in entry.merged]
            complete = all(entry.complete for entry in entries)
        else:
            entry = self.scope.entry(names[-1], names[-2] if len(names) > 1 else None)
            if entry is None:
                return [], False
            fields, complete = list(entry.fields), entry.complete
        for known in fields:
            self.analysis.uses.update(known.origins)
        return fields, complete and not self.scope.unknown

    def column(self, node: Node) -> Field | None:
        """Return what a column reference stands for, None where that is not known."""
        names = parser.strings(node.fields)
        if len(names) < len(node.fields):
            entry = self.scope.entry(names[-1], names[-2] if len(names) > 1 else None) if names else None
            if entry is None or (entry.table is None and self.state.server_version >= 180000):
                self.star(node)  # of a join with an alias, before version 18 no column was noted either
            return None  # a whole row as a value, which uses none of the table's columns
        found = self.scope.column(names[0]) if len(names) == 1 else self.qualified(names)
        if found is not None:
            self.analysis.uses.update(found.origins)
        return found

    def qualified(self, names: list[str]) -> Field | None:
        """Return what ``source.column`` stands for, None where that is not known."""
        entry = self.scope.entry(names[-2], names[-3] if len(names) > 2 else None)
        if entry is None:
            return None
        found = entry.find(names[-1])
        if found is None and entry.complete and not self.scope.unknown and not self._is_function(names[-1]):
            raise sqlstate.PostgresError("42703", f"column {names[-2]}.{names[-1]} does not exist")
        return found

    def _is_function(self, name: str) -> bool:
        """``row.function`` is another way to write ``function(row)``; it may fail where it may be one."""
        if self.state.find_functions(name) or name in {"name", "text"}:
            return True
        is_known = self.state.holds_all(HIDDEN)
        self.state.uncertain.note_refusal(possible=not is_known)
        return not is_known

    def row_and_column(self, node: Node) -> list[str] | None:
        """Return ``["t", "a"]`` for ``(t).a`` and ``(t.*).a`` where t is a source, which are the same as ``t.a``."""
        if node.DESCRIPTOR.name != "A_Indirection":
            return None
        argument, step = parser.unwrap(node.arg), node.indirection[0]
        if argument.DESCRIPTOR.name != "ColumnRef" or not step.HasField("string"):
            return None
        names = parser.strings(argument.fields)
        if len(argument.fields) != 1 and not (len(names) == 1 and len(argument.fields) == 2):
            return None
        if not names or all(entry.alias != names[0] for entry in self.scope.entries):
            return None
        if len(argument.fields) == 1 and any(entry.find(names[0]) for entry in self.scope.entries if entry.visible):
            return None  # it is a column's name as well
        return [names[0], step.string.sval]

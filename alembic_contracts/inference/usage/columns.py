"""A name inside of a query in, the column that it stands for out, noted as used, or what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.sql.scopes import Entry, Field, Scope
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.support.suggestions import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alembic_contracts.inference.usage.notes import Notes
    from alembic_contracts.inference.uses import Kind
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["VERBS", "Columns", "names_of"]

VERBS: dict[Kind, str] = {
    "read": "reads", "filtered": "reads", "updated": "sets", "inserted": "inserts into", "deleted": "deletes from",
}  # fmt: skip


def names_of(node: Node) -> list[str]:
    """Return the parts of a reference to a column; of a star, the last one is empty."""
    return [part.string.sval for part in node.fields]


class Columns:
    """Looks up columns, and notes them."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes

    def column(self, node: Node, scope: Scope, kind: Kind) -> Field | None:
        """Return what a reference stands for, a whole row included; None where that is not known."""
        return self.named(names_of(node), node.location, scope, kind)

    def named(self, names: list[str], location: int, scope: Scope, kind: Kind) -> Field | None:
        """Do the same of a reference whose parts are known."""
        if not names[-1]:
            fields = self.star(names, location, scope)[0]
            self.notes.star(fields, location)
            return _row("", fields)
        if len(names) > 1:
            return self.qualified(names, scope, kind, location)
        found = self._unqualified(names[0], scope, location)
        if found is not None:
            self.notes.field(found, kind, location)
        return found

    def qualified(self, names: list[str], scope: Scope, kind: Kind, location: int) -> Field | None:
        """Return what ``source.column`` stands for."""
        for entry in scope.entries:
            if entry.alias == names[0] and len(names) == 2:
                break
        else:
            further = self._entry(names[:-1], scope, location)
            if further is None:
                return None
            entry = further
        found = entry.find(names[-1])
        if found is not None:
            self.notes.field(found, kind, location)
        elif entry.complete and not scope.unknown:
            self.missing(entry, names[-1], kind, location)
        return found

    def star(self, names: list[str], location: int, scope: Scope) -> tuple[list[Field], bool]:
        """Return the columns of ``*`` or ``source.*``, and whether these are all. Nothing is noted."""
        if len(names) > 1:
            entry = self._entry(names[:-1], scope, location)
            return ([], False) if entry is None else (list(entry.fields), entry.complete)
        visible = [entry for entry in scope.entries if entry.visible]
        fields = [field for entry in visible for field in entry.fields if field.name not in entry.merged]
        return fields, all(entry.complete for entry in visible) and not scope.unknown

    def whole_row(self, name: str, scope: Scope) -> Entry | None:
        """Return the source whose rows a name stands for, None where it is a column or nothing."""
        level: Scope | None = scope
        while level is not None:
            if any(entry.visible and entry.find(name) is not None for entry in level.entries):
                return None
            found = next((entry for entry in level.entries if entry.alias == name), None)
            if found is not None:
                return found
            level = level.outer
        return None

    def _unqualified(self, name: str, scope: Scope, location: int) -> Field | None:
        try:
            found = scope.column(name)
        except PostgresError as error:
            if not _may_be_unknown(name, scope):
                self._refused(error.sqlstate == "42702", name, scope, location)
                return None
            found = None
        if found is None:
            return _further_out(name, scope)
        if found.plain is None and not found.origins:
            entry = self.whole_row(name, scope)
            if entry is not None:
                self.notes.star(entry.fields, location)
                return _row(name, entry.fields)
        return found

    def _entry(self, names: list[str], scope: Scope, location: int) -> Entry | None:
        try:
            return scope.entry(names[-1], names[-2] if len(names) > 1 else None)
        except PostgresError:
            known = {entry.alias for level in _levels(scope) for entry in level.entries if entry.alias}
            near = nearest(names[-1], sorted(known))
            self.notes.problem(f"names {'.'.join(names)}, which is not in FROM{f'; {near}?' if near else ''}", location)
            return None

    # -- what is wrong -----------------------------------------------------------------------------------------------

    def missing(self, entry: Entry, name: str, kind: Kind, location: int) -> None:
        """Say that a source has no such column."""
        shown = entry.alias if entry.table is None else entry.table.name
        near = nearest(name, [field.name for field in entry.fields])
        what = f"{VERBS[kind]} {shown}.{name}" if shown else f"{VERBS[kind]} {name}"
        self.notes.problem(f"{what}, which does not exist{f'; {near}?' if near else ''}", location)

    def _refused(self, ambiguous: bool, name: str, scope: Scope, location: int) -> None:
        sources = [entry for entry in scope.entries if entry.visible and (entry.alias or entry.table)]
        if ambiguous:
            having = [_called(entry) for level in _levels(scope) for entry in level.entries if entry.find(name)]
            self.notes.problem(f"reads {name}, which is ambiguous: {' and '.join(having)} have it", location)
        elif len(sources) == 1 and not any(level.entries for level in _levels(scope)[1:]):
            self.missing(sources[0], name, "read", location)
        else:
            known = {
                field.name: f"{entry.alias}.{field.name}" if entry.alias else field.name
                for level in reversed(_levels(scope))
                for entry in level.entries
                for field in entry.fields
            }
            near = nearest(name, known)
            among = ", ".join(dict.fromkeys(_called(entry) for entry in sources))
            where = f", which is no column of {among}" if among else ", which does not exist"
            self.notes.problem(f"reads {name}{where}{f'; {known[near]}?' if near else ''}", location)


def _row(name: str, fields: Iterable[Field]) -> Field:
    return Field(name, None, tuple(origin for field in fields for origin in field.origins))


def _called(entry: Entry) -> str:
    return entry.table.name if entry.table is not None else entry.alias


def _levels(scope: Scope) -> list[Scope]:
    found = [scope]
    while (outer := found[-1].outer) is not None:
        found.append(outer)
    return found


def _may_be_unknown(name: str, scope: Scope) -> bool:
    """Whether a source of which not all columns are known is nearer than any that has such a column."""
    for level in _levels(scope):
        visible = [entry for entry in level.entries if entry.visible]
        if any(entry.find(name) is not None for entry in visible):
            return False
        if level.unknown or not all(entry.complete for entry in visible):
            return True
    return False


def _further_out(name: str, scope: Scope) -> Field | None:
    """What is not known in one level may be this in a level around it, and is taken for it."""
    for level in _levels(scope):
        found = next((f for e in level.entries if e.visible and (f := e.find(name)) is not None), None)
        if found is not None:
            return found
    return None

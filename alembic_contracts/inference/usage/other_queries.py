"""A query of a warehouse's grammar in, what it yields and where that comes from out, all that it uses noted.

Trees are sqlglot's. Names are compared without regard to case: warehouses fold it in ways of their own, and what was
replicated has the names of this database, in whatever case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from sqlglot import exp

from alembic_contracts.inference.usage.columns import Columns
from alembic_contracts.inference.usage.expressions import Level
from alembic_contracts.inference.usage.notes import Notes
from alembic_contracts.inference.usage.relations import Here, Missing, Own, Relations, Waiting
from alembic_contracts.inference.uses import Kind
from alembic_contracts.prediction.sql.scopes import Entry, Field, Output, Scope
from alembic_contracts.schemas.schema import Name, Table

Tree: TypeAlias = Any
"""A node of sqlglot's, whose classes differ by version."""

__all__ = ["OtherQueries", "Tree", "argument", "folded", "position"]

_NESTED = (exp.Select, exp.SetOperation, exp.Subquery)
_CLAUSES = (
    "where",
    "group",
    "having",
    "qualify",
    "order",
    "sort",
    "cluster",
    "distribute",
    "connect",
    "windows",
    "limit",
)
"""Of a SELECT, what filters and orders its rows."""


def argument(node: Tree, name: str) -> Tree:
    """Return a part of a node; newer versions write an underscore after names that are Python's."""
    return node.args.get(name) or node.args.get(f"{name}_")


def folded(identifier: Tree) -> str:
    """Return a name as it is compared."""
    return (identifier if isinstance(identifier, str) else identifier.name if identifier is not None else "").casefold()


def position(node: Tree) -> int | None:
    """Return where a node begins, in characters; None where nothing in it says so."""
    if node is None:
        return None
    if "start" in node.meta:
        return int(node.meta["start"])
    return min((each.meta["start"] for each in node.find_all(exp.Identifier) if "start" in each.meta), default=None)


class OtherQueries(Columns):
    """Looks at queries in sqlglot's trees."""

    def __init__(self, notes: Notes, relations: Relations, here: Here) -> None:
        super().__init__(notes)
        self.relations, self.here = relations, here

    def at(self, node: Tree) -> int:
        """Return where a node is, as notes count: in bytes."""
        found = position(node)
        return 0 if found is None else self.notes.text.byte(found) - self.notes.base

    # -- queries -----------------------------------------------------------------------------------------------------

    def query(self, node: Tree, outer: Scope | None, ctes: dict[str, Output], *, whole: bool) -> Output:
        """Return what a query yields; ``whole``: whether all of its columns matter, those behind a star as well."""
        clause = argument(node, "with")
        if clause is not None:
            ctes = self._with(clause, outer, ctes)
        if isinstance(node, exp.Subquery):
            return self.query(node.this, outer, ctes, whole=whole)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, outer, ctes)
        if isinstance(node, exp.Select):
            return self._select(node, outer, ctes, whole=whole)
        if isinstance(node, exp.Table):
            entry = self.table(node, ctes, "read")
            if whole:
                self.notes.star(entry.fields, self.at(node))
            return Output(entry.fields, entry.complete)
        self.expression(node, Scope(outer=outer), ctes, "read")
        return Output((), complete=False)

    def _with(self, clause: Tree, outer: Scope | None, ctes: dict[str, Output]) -> dict[str, Output]:
        ctes = dict(ctes)
        for cte in clause.expressions:
            name, query = folded(cte.args["alias"].this), cte.this
            visible = dict(ctes)
            if clause.args.get("recursive") and isinstance(query, exp.SetOperation):
                visible[name] = self._renamed(self.query(query.left, outer, visible, whole=True), cte)
            ctes[name] = self._renamed(self.query(query, outer, visible, whole=False), cte)
        return ctes

    def _renamed(self, output: Output, node: Tree) -> Output:
        """Apply the names of columns in an alias: by position, so that those which a star yields matter."""
        alias = node.args.get("alias")
        names = (
            [folded(each) for each in (alias.args.get("columns") or ())] if isinstance(alias, exp.TableAlias) else []
        )
        if not names:
            return output
        self.notes.star(output.fields[: len(names)], self.at(alias))
        fields = [Field(n, None, f.origins, f.plain) for f, n in zip(output.fields, names, strict=False)]
        extra = [Field(name, None) for name in names[len(output.fields) :]]
        return Output((*fields, *extra, *output.fields[len(names) :]), output.complete)

    def _set_operation(self, node: Tree, outer: Scope | None, ctes: dict[str, Output]) -> Output:
        parts: list[Tree] = []
        current: Tree = node
        while isinstance(current, exp.SetOperation) and (current is node or argument(current, "with") is None):
            parts.append(current.right)
            current = current.left
        outputs = [self.query(part, outer, ctes, whole=True) for part in (current, *reversed(parts))]
        fields = outputs[0].fields
        if all(output.complete for output in outputs):
            fields = tuple(
                Field(each[0].name, None, tuple(origin for field in each for origin in field.origins))
                for each in zip(*(output.fields for output in outputs), strict=False)
            )
        return Output(fields, all(output.complete for output in outputs))

    def _select(self, node: Tree, outer: Scope | None, ctes: dict[str, Output], *, whole: bool) -> Output:
        scope = Scope(outer=outer)
        self.sources(node, scope, ctes)
        whole = whole or node.args.get("distinct") is not None
        results: dict[str, Field] = {}
        inner = Scope(scope.entries, outer, scope.unknown)
        fields: list[Field] = []
        complete = True
        for target in node.expressions:
            found, known = self._target(target, inner, ctes, results, whole=whole)
            fields.extend(found)
            complete = complete and known
            results.update((field.name, field) for field in found if isinstance(target, exp.Alias))
        for name in _CLAUSES:
            self._clause(node.args.get(name), inner, ctes, results)
        distinct = node.args.get("distinct")
        self._clause(None if distinct is None else distinct.args.get("on"), inner, ctes, results)
        return Output(tuple(fields), complete)

    def _clause(self, part: object, scope: Scope, ctes: dict[str, Output], results: dict[str, Field]) -> None:
        for each in part if isinstance(part, list) else [part]:
            if isinstance(each, exp.Expression):
                self.expression(each, scope, ctes, "filtered", results)

    def _target(
        self, target: Tree, scope: Scope, ctes: dict[str, Output], results: dict[str, Field], *, whole: bool
    ) -> tuple[list[Field], bool]:
        star = target if isinstance(target, exp.Star) else target.this if isinstance(target, exp.Column) else None
        if isinstance(star, exp.Star):
            names = [folded(target.args.get("table")), ""] if isinstance(target, exp.Column) else [""]
            location = self.at(target) if len(names) > 1 else self._star(star)
            fields, complete = self.star(names, location, scope)
            if complete:
                self._require_left_out(star, fields)
            kept = self._of_star(star, fields, location, Level(scope, ctes))
            if whole:
                self.notes.star(kept, location)
            return kept, complete
        value = target.this if isinstance(target, exp.Alias) else target
        name = folded(target.alias_or_name or target.output_name)
        if isinstance(value, exp.Column):
            column = self.reference(value, scope, "read", results)
            return [Field(name, None) if column is None else Field(name, None, column.origins, column.plain)], True
        return [Field(name, None, tuple(self.expression(value, scope, ctes, "read", results)))], True

    def _of_star(self, star: Tree, fields: list[Field], location: int, level: Level) -> list[Field]:
        """Apply EXCEPT, RENAME and REPLACE of a star."""
        left_out = {folded(each) for each in star.args.get("except_") or star.args.get("except") or ()}
        renamed = {folded(each.this): folded(each.alias) for each in star.args.get("rename") or ()}
        replaced = {folded(each.alias): each.this for each in star.args.get("replace") or ()}
        kept: list[Field] = []
        for field in fields:
            if field.name in replaced:
                origins = tuple(self.expression(replaced[field.name], level.scope, level.ctes, "read"))
                kept.append(Field(field.name, None, origins))
            elif field.name not in left_out:
                kept.append(Field(renamed.get(field.name, field.name), None, field.origins, field.plain))
            if field.name in left_out or field.name in renamed:
                self.notes.field(field, "read", location)  # the query fails where it is not there
        return kept

    def _require_left_out(self, star: Tree, fields: list[Field]) -> None:
        """What a star is to leave out has to be there."""
        source = Entry("", tuple(fields))
        for each in star.args.get("except_") or star.args.get("except") or ():
            if source.find(folded(each)) is None:
                self.missing(source, folded(each), "read", self.at(each))

    def _star(self, star: Tree) -> int:
        """Return where a star without a qualifier is: its tree does not say, its token does."""
        found = position(star)
        if found is None:
            found = self.notes.text.stars.get(id(star), position(star.parent) or 0)
        return self.notes.text.byte(found) - self.notes.base

    # -- sources -----------------------------------------------------------------------------------------------------

    def sources(self, node: Tree, scope: Scope, ctes: dict[str, Output]) -> None:
        """Make the sources of a query or a statement visible."""
        source = argument(node, "from")
        if source is not None:
            for each in (source.this, *source.expressions):
                if each is not None:
                    self._add(each, scope, ctes)
        for each in (*(node.args.get("joins") or ()), *(node.args.get("laterals") or ())):
            self._add(each, scope, ctes)

    def _add(self, node: Tree, scope: Scope, ctes: dict[str, Output]) -> None:
        if isinstance(node, exp.Join):
            self._join(node, scope, ctes)
            return
        scope.entries.append(self._source(node, scope, ctes))
        for each in (*(node.args.get("joins") or ()), *(node.args.get("laterals") or ())):
            self._add(each, scope, ctes)

    def _join(self, node: Tree, scope: Scope, ctes: dict[str, Output]) -> None:
        before = len(scope.entries)
        self._add(node.this, scope, ctes)
        left, right = scope.entries[:before], scope.entries[before:]
        using = [(folded(each), self.at(each)) for each in node.args.get("using") or ()]
        if node.args.get("method") == "NATURAL":
            shared = {field.name for entry in left for field in entry.fields}
            using = [(f.name, self.at(node.this)) for entry in right for f in entry.fields if f.name in shared]
        merged = []
        for name, location in using:
            both = [next((f for e in side for f in e.fields if f.name == name), None) for side in (left, right)]
            known = [field for field in both if field is not None]
            for field in known:
                self.notes.field(field, "filtered", location)
            origins = tuple(origin for field in known for origin in field.origins)
            merged.append(Field(name, None, origins, known[0].plain if known else None))
        if merged:
            hidden = frozenset(field.name for field in merged)
            scope.entries[:] = [
                Entry("", tuple(merged)),
                *(Entry(e.alias, e.fields, e.complete, e.table, e.visible, e.merged | hidden) for e in scope.entries),
            ]
        on = node.args.get("on")
        if on is not None:
            self.expression(on, scope, ctes, "filtered")

    def _source(self, node: Tree, scope: Scope, ctes: dict[str, Output]) -> Entry:
        alias = folded(node.alias) if node.alias else ""
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            entry = self.table(node, ctes, "read")
            output = self._renamed(Output(entry.fields, entry.complete), node)
            entry = Entry(alias or entry.alias, output.fields, output.complete, entry.table)
        elif isinstance(node, exp.Subquery):
            output = self._renamed(self.query(node, scope, ctes, whole=False), node)
            entry = Entry(alias, output.fields, output.complete)
        elif isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
            output = self._renamed(self.query(node.this, scope, ctes, whole=False), node)
            entry = Entry(alias, output.fields, output.complete)
        else:  # a function, UNNEST, VALUES ...: what it yields is not known but for the names that it is given
            self.expression(node, scope, ctes, "read")
            named = node.args.get("alias")
            names = (named.args.get("columns") or ()) if isinstance(named, exp.TableAlias) else ()
            entry = Entry(alias, tuple(Field(folded(each), None) for each in names), complete=False)
        for pivot in node.args.get("pivots") or ():
            self.expression(pivot, Scope([entry], scope), ctes, "read")
            entry = Entry(folded(pivot.alias) if pivot.alias else entry.alias, entry.fields, complete=False)
        return entry

    def table(self, node: Tree, ctes: dict[str, Output], kind: Kind) -> Entry:
        """Return a table, view, common table expression or something of the consumer's own as a source."""
        name, schema = folded(node.this), folded(node.args.get("db")) or None
        if schema is None and name in ctes:
            return Entry(name, ctes[name].fields, ctes[name].complete)
        found = self.relations.find(name, schema, folded(node.args.get("catalog")) or None, self.here)
        if isinstance(found, Table):
            self.notes.table(found.name, kind, self.at(node.this))
            entry = self.relations.entry(found)
            return Entry(name, entry.fields, entry.complete, entry.table)
        if isinstance(found, Own):
            if found.output is None:
                raise Waiting(found)
            return Entry(name, found.output.fields, found.output.complete)
        if isinstance(found, Missing):
            self.notes.missing(found, self.at(node.this))
            return Entry(name, (), complete=False)
        return found

    # -- expressions -------------------------------------------------------------------------------------------------

    def expression(
        self,
        node: Tree,
        scope: Scope,
        ctes: dict[str, Output],
        kind: Kind,
        results: dict[str, Field] | None = None,
    ) -> Iterable[tuple[Name, str]]:
        """Look at an expression; return the columns that are in it."""
        found: dict[tuple[Name, str], None] = {}
        stack: list[tuple[Tree, Scope]] = [(node, scope)]
        while stack:
            part, visible = stack.pop()
            if isinstance(part, exp.Column):
                column = self.reference(part, visible, kind, results or {})
                found.update(dict.fromkeys(column.origins if column is not None else ()))
            elif isinstance(part, _NESTED) and not (isinstance(part, exp.Subquery) and part.parent is None):
                exists = isinstance(part.parent, exp.Exists) or isinstance(
                    getattr(part.parent, "parent", None), exp.Exists
                )
                output = self.query(part, visible, ctes, whole=not exists)
                found.update(dict.fromkeys(origin for field in output.fields for origin in field.origins))
            elif isinstance(part, exp.Columns):  # by a pattern: any of them may be meant
                fields = self.star([""], self.at(part), visible)[0]
                self.notes.star(fields, self.at(part if position(part) is not None else part.parent_select))
                found.update(dict.fromkeys(origin for field in fields for origin in field.origins))
            elif isinstance(part, exp.Lambda):
                names = tuple(Field(folded(each), None) for each in part.expressions)
                stack.append((part.this, Scope([Entry("", names)], visible)))
            else:
                stack.extend((below, visible) for below in _below(part))
        return found

    def reference(self, node: Tree, scope: Scope, kind: Kind, results: dict[str, Field]) -> Field | None:
        """Return what a reference to a column stands for; fields of a structure use the column that it is in."""
        parts = list(node.parts)
        names = [folded(each) for each in parts]
        if isinstance(node.this, exp.Star):
            fields = self.star([*names[:-1], ""], self.at(node), scope)[0]
            self.notes.star(fields, self.at(node))
            return None
        location = self.at(parts[-1])
        if len(names) == 1:
            if names[0] in results and not _has(scope, names[0]):
                self.notes.field(results[names[0]], kind, location)
                return results[names[0]]
            return self.named(names, location, scope, kind)
        for begin, name in enumerate(names[:-1]):
            if any(entry.alias == name for level in _levels(scope) for entry in level.entries):
                return self.qualified([name, names[begin + 1]], scope, kind, self.at(parts[begin + 1]))
        if _has(scope, names[0]) or names[0] in results:  # a field of a column
            return self.named(names[:1], self.at(parts[0]), scope, kind) if _has(scope, names[0]) else results[names[0]]
        return self.qualified(names[-2:], scope, kind, location)


def _below(node: Tree) -> Iterator[Tree]:
    """Yield the parts of an expression in which columns can be; what follows an alias is a name."""
    for name, value in node.args.items():
        if name in {"alias", "with", "with_"}:
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, exp.Expression) and not isinstance(each, (exp.Identifier, exp.DataType)):
                yield each


def _levels(scope: Scope | None) -> Iterator[Scope]:
    while scope is not None:
        yield scope
        scope = scope.outer


def _has(scope: Scope, name: str) -> bool:
    return any(entry.visible and entry.find(name) for level in _levels(scope) for entry in level.entries)

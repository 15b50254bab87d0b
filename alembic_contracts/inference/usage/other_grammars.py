"""Texts in the grammar of a warehouse (Snowflake, BigQuery, DuckDB ...) in, what they use out, by sqlglot's parser."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from alembic_contracts.errors import CannotCheck
from alembic_contracts.inference.usage import texts
from alembic_contracts.inference.usage.grammar import Defined
from alembic_contracts.inference.usage.notes import Notes
from alembic_contracts.inference.usage.texts import Parsed, Prepared
from alembic_contracts.prediction.sql.scopes import Entry, Field, Output, Scope
from alembic_contracts.support.suggestions import did_you_mean

try:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError
    from sqlglot.tokens import TokenType  # type: ignore[attr-defined]  # its stubs do not say that it is meant
except ImportError as error:
    raise CannotCheck(
        "Queries in another grammar than PostgreSQL's are read by sqlglot, which is not installed:\n"
        'pip install "alembic-contracts[consumers]"'
    ) from error

from alembic_contracts.inference.usage.other_queries import OtherQueries, Tree, argument, folded, position

if TYPE_CHECKING:
    from alembic_contracts.inference.usage.relations import Here, Relations
    from alembic_contracts.inference.uses import Kind

__all__ = ["OtherGrammar"]

_BEFORE_STAR = frozenset({TokenType.SELECT, TokenType.DISTINCT, TokenType.COMMA, TokenType.ALL, TokenType.NUMBER})
_USES_NOTHING = frozenset(
    {
        "GRANT",
        "REVOKE",
        "SHOW",
        "SET",
        "USE",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "COMMENT",
        "ANALYZE",
        "OPTIMIZE",
        "EXPLAIN",
    }
)

_NO_ROWS = (exp.Alter, exp.Analyze, exp.Comment, exp.Describe, exp.Drop, exp.Grant, exp.Set, exp.Show, exp.Use)
"""Statements about relations that read no column by its name."""


class OtherGrammar:
    """One of sqlglot's grammars."""

    folds_case = True

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect.lower()
        known = sorted(str(each.value) for each in sqlglot.Dialects if each.value)
        if self.dialect not in known:
            raise CannotCheck(f"There is no grammar `{dialect}`{did_you_mean(dialect, known)}")
        logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # it is said here what was not understood

    def prepare(self, text: str, first_line: int) -> Prepared:
        """Return a text as it is parsed: as it stands, unless it is a template.

        Raises:
            Template: it is one.
        """
        if "{" in text:
            texts.prepare(text, first_line)
        return Prepared(sql=text, first_line=first_line)

    def parse(self, prepared: Prepared) -> Iterator[Parsed]:
        """Yield the statements of a text; one that does not parse costs only itself."""
        try:
            tokens = sqlglot.tokenize(prepared.sql, read=self.dialect)
        except SqlglotError as error:
            yield Parsed(None, 0, 0, _reason(error))
            return
        for chunk in _statements(tokens):
            start = prepared.byte(chunk[0].start)
            try:
                trees = sqlglot.Dialect.get_or_raise(self.dialect).parser().parse(chunk, prepared.sql)
            except SqlglotError as error:
                yield Parsed(None, start, start, _reason(error), self._place(error, prepared, start))
                continue
            for tree in trees:
                if isinstance(tree, exp.Command):
                    if str(tree.this).upper() not in _USES_NOTHING:
                        yield Parsed(None, start, start, f"sqlglot does not know this {str(tree.this).upper()}", start)
                elif tree is not None:
                    _find_stars(tree, chunk, prepared)
                    yield Parsed(tree, start, start)

    def _place(self, error: SqlglotError, prepared: Prepared, start: int) -> int:
        first = next(iter(getattr(error, "errors", ())), None)
        if not first or first.get("line") is None:
            return start
        lines = [0, *prepared.lines]
        line = min(first["line"], len(lines)) - 1
        return int(lines[line] + max(first.get("col") or 1, 1) - 1)

    def is_query(self, node: Tree) -> bool:
        """Whether a statement yields rows."""
        return isinstance(node, exp.Query)

    def defined(self, node: Tree) -> Defined | None:
        """Return what a statement makes."""
        if not isinstance(node, exp.Create) or node.args.get("kind") not in {"VIEW", "TABLE"}:
            return None
        table = node.this.this if isinstance(node.this, exp.Schema) else node.this
        if not isinstance(table, exp.Table):
            return None
        properties = node.args.get("properties")
        temporary = properties is not None and properties.find(exp.TemporaryProperty) is not None
        bare = node.args.get("expression") is None
        return Defined(folded(table.this), folded(table.args.get("db")) or None, temporary, bare)

    def dropped(self, node: Tree) -> Iterable[str]:
        """Return the last names of relations that a statement drops."""
        return [folded(each.this) for each in node.find_all(exp.Table)] if isinstance(node, exp.Drop) else ()

    def search_path(self, node: Tree, current: tuple[str, ...], default: tuple[str, ...]) -> tuple[str, ...]:
        """Return where names are looked up after a statement: ``USE SCHEMA`` says so."""
        del default
        if isinstance(node, exp.Use) and folded(node.args.get("kind")) in {"", "schema", "database"}:
            return (folded(node.this.this if isinstance(node.this, exp.Table) else node.this), *current)
        return current

    def look(self, node: Tree, notes: Notes, relations: Relations, here: Here) -> Output:
        """Note what a statement uses; return what it yields."""
        return _Statements(notes, relations, here).statement(node)


class _Statements(OtherQueries):
    """Looks at statements."""

    def statement(self, node: Tree) -> Output:
        """Return what a statement yields."""
        if isinstance(node, exp.Query):
            return self.query(node, None, {}, whole=True)
        if isinstance(node, exp.Create):
            return self._create(node)
        if isinstance(node, exp.Insert):
            self._insert(node)
        elif isinstance(node, (exp.Update, exp.Delete)):
            self._change(node)
        elif isinstance(node, exp.Merge):
            self._merge_into(node)
        elif isinstance(node, exp.TruncateTable):
            for each in node.expressions:
                self.table(each, {}, "deleted")
        elif isinstance(node, exp.Copy):
            self._copy(node)
        else:
            self._other(node)
        return Output((), complete=False)

    def _other(self, node: Tree) -> None:
        if isinstance(node, (exp.Pivot, exp.Summarize)):
            self._summary(node)
        elif not isinstance(node, _NO_ROWS) and node.find(exp.Table) is not None:
            self.notes.problem(f"is not read: {type(node).__name__.upper()}", self.at(node))

    def _summary(self, node: Tree) -> None:
        """PIVOT and SUMMARIZE of DuckDB: of all columns, but for a PIVOT that says what it groups by."""
        scope = Scope()
        if isinstance(node.this, exp.Query):
            output = self.query(node.this, None, {}, whole=True)
            scope.entries.append(Entry("", output.fields, output.complete))
        else:
            self._add(node.this, scope, {})
        for name in ("expressions", "using", "group"):
            self._clause(node.args.get(name) or None, scope, {}, {})
        if not node.args.get("group"):
            self.notes.star(scope.entries[0].fields, self.at(node.this))

    def _create(self, node: Tree) -> Output:
        columns = node.this.expressions if isinstance(node.this, exp.Schema) else []
        query = node.args.get("expression")
        if query is not None and node.args.get("kind") in {"VIEW", "TABLE"}:
            output = self.query(query, None, {}, whole=True)
            names = [folded(each) for each in columns]
            fields = [Field(n, None, f.origins, f.plain) for f, n in zip(output.fields, names, strict=False)]
            return Output((*fields, *output.fields[len(names) :]), output.complete)
        own = tuple(Field(folded(each), None) for each in columns if isinstance(each, exp.ColumnDef))
        return Output(own, complete=bool(own))

    def _changed(self, node: Tree, kind: Kind) -> Entry:
        entry = self.table(node, {}, kind) if isinstance(node, exp.Table) else Entry("", (), complete=False)
        return Entry(folded(node.alias), entry.fields, entry.complete, entry.table) if node.alias else entry

    def _set(self, target: Entry, node: Tree, kind: Kind) -> None:
        found = target.find(folded(node))
        if found is not None:
            self.notes.field(found, kind, self.at(node))
        elif target.complete:
            self.missing(target, folded(node), kind, self.at(node))

    def _insert(self, node: Tree) -> None:
        named = node.this.expressions if isinstance(node.this, exp.Schema) else []
        target = self._changed(node.this.this if isinstance(node.this, exp.Schema) else node.this, "inserted")
        for column in named:
            self._set(target, column, "inserted")
        query = node.args.get("expression")
        clause = argument(node, "with")
        ctes = {} if clause is None else self._with(clause, None, {})
        output = Output((), complete=False)
        if isinstance(query, exp.Values):
            self.expression(query, Scope(), ctes, "read")
            width = len(query.expressions[0].expressions) if query.expressions else 0
            output = Output(tuple(Field("", None) for _ in range(width)))
        elif query is not None:
            output = self.query(query, None, ctes, whole=True)
        if not named:
            for field in target.fields[: len(output.fields) if output.complete else None]:
                self.notes.field(field, "inserted", self.at(node.this))
        conflict = node.args.get("conflict")
        if conflict is not None:
            excluded = Entry("excluded", target.fields, target.complete, target.table, visible=False)
            self._assigned(conflict, target, Scope([target, excluded]))

    def _change(self, node: Tree) -> None:
        target = self._changed(node.this, "updated" if isinstance(node, exp.Update) else "deleted")
        clause = argument(node, "with")
        ctes = {} if clause is None else self._with(clause, None, {})
        scope = Scope([target])
        self.sources(node, scope, ctes)
        for each in node.args.get("using") or ():
            self._add(each, scope, ctes)
        for each in node.this.args.get("joins") or ():
            self._add(each, scope, ctes)
        if isinstance(node, exp.Update):
            self._assigned(node, target, scope, ctes)
        where = node.args.get("where")
        if where is not None:
            self.expression(where, scope, ctes, "filtered")

    def _assigned(self, node: Tree, target: Entry, scope: Scope, ctes: dict[str, Output] | None = None) -> None:
        for each in node.expressions:
            if isinstance(each, exp.EQ):
                self._set(target, each.this, "updated")
                self.expression(each.expression, scope, ctes or {}, "read")

    def _merge_into(self, node: Tree) -> None:
        target = self._changed(node.this, "read")
        scope = Scope([target])
        self._add(node.args["using"], scope, {})
        self.expression(node.args["on"], scope, {}, "filtered")
        whens = node.args.get("whens")
        for when in whens.expressions if whens is not None else node.expressions:
            if when.args.get("condition") is not None:
                self.expression(when.args["condition"], scope, {}, "filtered")
            then = when.args.get("then")
            if isinstance(then, exp.Update):
                self._assigned(then, target, scope)
            elif isinstance(then, exp.Insert):
                for column in then.this.expressions if isinstance(then.this, exp.Tuple) else ():
                    self._set(target, column, "inserted")
                if then.expression is not None:
                    self.expression(then.expression, scope, {}, "read")
            elif target.table is not None:  # DELETE
                self.notes.table(target.table, "deleted", self.at(node.this))

    def _copy(self, node: Tree) -> None:
        """``COPY INTO table`` loads, ``COPY INTO @stage FROM table`` unloads."""
        inner = node.this.this if isinstance(node.this, exp.Schema) else node.this
        if isinstance(inner, exp.Subquery):
            self.query(inner, None, {}, whole=True)
        elif isinstance(inner, exp.Table) and isinstance(inner.this, exp.Identifier):
            kind: Kind = "inserted" if node.args.get("kind") else "read"
            target = self._changed(inner, kind)
            named = node.this.expressions if isinstance(node.this, exp.Schema) else []
            for column in named:
                self._set(target, column, kind)
            for field in () if named else target.fields:
                self.notes.field(field, kind, self.at(inner))


def _statements(tokens: list[Any]) -> Iterator[list[Any]]:
    chunk: list[Any] = []
    for token in tokens:
        if token.token_type == TokenType.SEMICOLON:
            if chunk:
                yield chunk
            chunk = []
        else:
            chunk.append(token)
    if chunk:
        yield chunk


def _find_stars(tree: Tree, tokens: list[Any], prepared: Prepared) -> None:
    """Note where the stars without a qualifier are: nodes and tokens come in one order, an outer one first."""
    written = [
        token.start
        for before, token in pairwise(tokens)
        if token.token_type == TokenType.STAR and before.token_type in _BEFORE_STAR
    ]
    stars = [each for each in tree.find_all(exp.Star) if isinstance(each.parent, exp.Select)]
    if len(stars) == len(written):
        ordered = sorted(stars, key=lambda star: (position(argument(star.parent, "from")) or 0, star.depth))
        prepared.stars.update((id(star), start) for star, start in zip(ordered, written, strict=True))


def _reason(error: SqlglotError) -> str:
    first = next(iter(getattr(error, "errors", ())), None)
    return str(first["description"] if first else error).splitlines()[0].partition(" but got <")[0]

"""Texts of SQL and a schema in, the tables and columns that they use out: what sources have in common.

What a consumer defines for itself (views, temporary tables, models) is followed through, in whatever order it comes.
sqlglot is imported when there is a grammar for it to read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from alembic_contracts.inference.usage.grammar import Grammar, PostgreSQL
from alembic_contracts.inference.usage.notes import Notes
from alembic_contracts.inference.usage.relations import Here, Own, Relations, Waiting
from alembic_contracts.inference.usage.texts import Parsed, Prepared, Template
from alembic_contracts.inference.uses import Guarantee, Unread, Use
from alembic_contracts.prediction.sql.scopes import Output
from alembic_contracts.schemas.schema import Name
from alembic_contracts.support.garbage import uncollected

if TYPE_CHECKING:
    from alembic_contracts.inference.asked import Asked

__all__ = ["Looked", "Query", "look"]


class Query(Struct, frozen=True, kw_only=True):
    """A text of SQL that a consumer runs."""

    text: str
    """One or more statements."""
    file: str
    line: int = 1
    """Of the file, where the text begins."""
    what: str = ""
    """What uses it, for people: becomes ``Place.what``."""
    defines: Name | None = None
    """The consumer's own relation that this SELECT is the definition of (a dbt model): other queries may read it."""


class Looked(Struct, frozen=True, kw_only=True):
    """What queries use."""

    uses: tuple[Use, ...]
    """Of this database's tables and columns alone."""
    unread: tuple[Unread, ...]
    own: Mapping[Name, Mapping[str, frozenset[tuple[Name, str]]]]
    """Of each relation of the consumer's own: each column it has, and the columns of this database that its value comes
    from (through other own relations as well)."""
    guarantees: tuple[Guarantee, ...] = ()
    """What statements rely on beside tables and columns: the key behind ``ON CONFLICT``."""
    notes: tuple[str, ...] = ()
    """What people should know, and what is no mistake: which relations are not this database's."""


@uncollected()
def look(queries: Iterable[Query], asked: Asked) -> Looked:
    """Return what queries use of the tables and views of ``asked.schema``."""
    looking = _Looking(asked)
    for order, query in enumerate(queries):
        looking.take(query, order)
    return looking.look()


class _Piece(Struct, kw_only=True):
    """One statement of a text."""

    query: Query
    text: Prepared
    parsed: Parsed
    here: Here
    own: Own | None = None
    notes: Notes | None = None
    """None: it was not looked at yet."""


class _Looking:
    """All texts at once: what one defines, another may read."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.grammar = _grammar(asked.sql_dialect)
        self.relations = Relations(asked.schema, asked.search_path, asked.mapping, folds_case=self.grammar.folds_case)
        self.pieces: list[_Piece] = []
        self.unread: list[Unread] = []
        self._dropped: set[tuple[str, str]] = set()
        """Relations that a file drops, by their last names: what it makes under that name is its own."""

    def take(self, query: Query, order: int) -> None:
        """Parse a text and take down what it defines."""
        if "\0" in query.text:  # where the parser would end without a word
            line = query.line + query.text.count("\n", 0, query.text.index("\0"))
            self.unread.append(Unread(query.file, line, None, "holds a NUL byte, and is no text"))
            self._define_unknown(query, order)
            return
        try:
            text = self.grammar.prepare(query.text, query.line)
        except Template as template:
            line = query.line + query.text.count("\n", 0, template.position)
            self.unread.append(Unread(query.file, line, None, "a template, which is not read as SQL"))
            self._define_unknown(query, order)
            return
        search_path, known = self.asked.search_path, len(self.pieces)
        for position, parsed in enumerate(self.grammar.parse(text)):
            here = Here(query.file, (order, position), search_path)
            piece = _Piece(query=query, text=text, parsed=parsed, here=here)
            self.pieces.append(piece)
            if parsed.node is not None:
                search_path = self.grammar.search_path(parsed.node, search_path, self.asked.search_path)
                self._define(piece, parsed.node)
        if query.defines is not None and all(piece.own is None for piece in self.pieces[known:]):
            self._define_unknown(query, order)

    def _define_unknown(self, query: Query, order: int) -> None:
        """A model that was not understood is there, whatever is in it."""
        if query.defines is not None:
            here = Here(query.file, (order, 0), ())
            own = Own(name=query.defines, here=here, output=Output((), complete=False), hides=True)
            self.relations.add(own)

    def _define(self, piece: _Piece, node: Any) -> None:
        query = piece.query
        self._dropped.update((query.file, name) for name in self.grammar.dropped(node))
        made = self.grammar.defined(node)
        if query.defines is not None and self.grammar.is_query(node):
            name, hides = query.defines, True
        elif made is None:
            return
        elif made.temporary:
            name, hides = Name("pg_temp", made.name), True
        else:
            schema = made.schema or next(iter(piece.here.search_path), "public")
            name, hides = Name(schema, made.name), (query.file, made.name) in self._dropped
            if made.bare and not hides and self.relations.table(name) is not None:
                self.relations.copied.add(name)
        piece.own = Own(name=name, here=piece.here, hides=hides)
        self.relations.add(piece.own)

    def look(self) -> Looked:
        """Look at every statement, definitions before what reads them."""
        defining = {id(piece.own): piece for piece in self.pieces if piece.own is not None}
        for piece in self.pieces:
            waiting = [piece] if piece.notes is None else []
            while waiting:
                try:
                    self._look_at(waiting[-1])
                except Waiting as wanted:
                    other = defining[id(wanted.own)]
                    if other in waiting:  # it reads itself
                        wanted.own.output = Output((), complete=False)
                    else:
                        waiting.append(other)
                else:
                    waiting.pop()
        return self._gathered()

    def _look_at(self, piece: _Piece) -> None:
        notes = Notes(piece.text, piece.query.file, piece.query.what, piece.parsed.base)
        output = Output((), complete=False)
        if piece.parsed.node is None:
            notes.problem(f"is not understood: {piece.parsed.problem}", piece.parsed.position - piece.parsed.base)
        else:
            try:
                output = self.grammar.look(piece.parsed.node, notes, self.relations, piece.here)
            except Waiting:
                raise
            except RecursionError:
                notes.problem("is not understood: nested too deeply", piece.parsed.start - piece.parsed.base)
            except Exception as error:  # noqa: BLE001 - a fault of ours must not cost the other statements
                fault = f"is not understood: {type(error).__name__}: {error}"
                notes.problem(fault, piece.parsed.start - piece.parsed.base)
        notes.end()
        piece.notes = notes
        if piece.own is not None:
            piece.own.output = output

    def _gathered(self) -> Looked:
        noted = [piece.notes for piece in self.pieces if piece.notes is not None]
        return Looked(
            uses=tuple(dict.fromkeys(use for notes in noted for use in notes.uses)),
            unread=(*self.unread, *dict.fromkeys(each for notes in noted for each in notes.unread)),
            own={
                own.name: {field.name: frozenset(field.origins) for field in own.output.fields}
                for each in self.relations.own.values()
                for own in each
                if own.output is not None
            },
            guarantees=tuple(each for notes in noted for each in notes.guarantees),
            notes=self._elsewhere(noted),
        )

    def _elsewhere(self, noted: Iterable[Notes]) -> tuple[str, ...]:
        """Name what queries read that is not mapped to this database."""
        found = dict.fromkeys(name for notes in noted for name in notes.elsewhere)
        return tuple(f"{name} is not of this database (no --map leads here)" for name in found)


def _grammar(dialect: str | None) -> Grammar:
    """Return a grammar by its name; sqlglot is imported when it is asked for."""
    if dialect is None or dialect.lower() in {"postgres", "postgresql"}:
        return PostgreSQL()
    from alembic_contracts.inference.usage.other_grammars import OtherGrammar

    return OtherGrammar(dialect)

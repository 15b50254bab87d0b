"""A dbt project in, the SQL to look at out; and what was seen there in, with the places that people know, out."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from alembic_contracts.inference.queries import Looked, Query
from alembic_contracts.inference.sources._dbt_code import Code, Codes, called, relation_of
from alembic_contracts.inference.sources._dbt_names import Names, renamed
from alembic_contracts.inference.sources._dbt_properties import Properties
from alembic_contracts.inference.sources._dbt_tests import guarantees, source_of, tested
from alembic_contracts.inference.uses import Guarantee, Unread, Use
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.uses import Place

if TYPE_CHECKING:
    from alembic_contracts.inference.asked import Asked
    from alembic_contracts.inference.sources._dbt_manifest import Manifest, Node, Source

__all__ = ["Reading"]

_POSTGRESQL = frozenset(("postgres", "greenplum", "materialize", "cratedb", "risingwave", "alloydb", ""))
_DIALECTS = {"sqlserver": "tsql", "synapse": "tsql", "fabric": "tsql"}
"""sqlglot's names of grammars, where an adapter is called otherwise."""
_ADDED = ("dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to", "dbt_is_deleted")
"""Columns that a snapshot has beside those of its query."""
_ROWS = "__rows"
"""Ends what the query of a snapshot is called, while the snapshot has its own name."""
_OURS = "made up: "
"""Begins the key of SQL that is nobody's."""


def _dialect(adapter: str) -> str | None:
    """Return the grammar of an adapter's SQL by sqlglot's name, None for PostgreSQL's own."""
    return None if adapter in _POSTGRESQL else _DIALECTS.get(adapter, adapter)


class Reading:
    """A manifest, while its SQL is collected, and what comes of it."""

    def __init__(self, manifest: Manifest, project: Path, asked: Asked) -> None:
        self.manifest = manifest
        self.names = Names(manifest, asked)
        self.codes = Codes(manifest, project)
        dialect = asked.sql_dialect or _dialect(manifest.adapter)
        self.asked = msgspec.structs.replace(asked, sql_dialect=dialect, mapping=self.names.mapping)
        self.queries: list[Query] = []
        self._code: dict[str, Code] = {}
        """By the ids of what it is of, which stand for files while it is looked at."""
        self._uses: list[Use] = []
        self._guarantees: list[Guarantee] = []
        self._not_read: dict[str, Unread] = {}
        """By the ids of the nodes."""
        self._properties = Properties(self.codes)

    # -- what is looked at -------------------------------------------------------------------------------------------

    def take(self) -> None:
        """Collect what there is to look at."""
        own = set(self.names.own.values())
        for source in self.names.elsewhere:
            name = Name(source.schema, source.identifier)
            if name not in own:
                self._define_anything(name, source.id)
        for source in self.manifest.sources.values():
            if source.loaded_at and source.id in self.names.tables:
                self._take_freshness(source)
        for node in self.manifest.nodes.values():
            if node.kind == "seed":
                self._take_seed(node)
            elif node.test:
                self._take_test(node)
            else:
                self._take(node)

    def _take(self, node: Node) -> None:
        """Take the code of a model, a snapshot, an analysis or a test of its own."""
        code = self.codes.of(node)
        if isinstance(code, Unread):
            self._not_read[node.id] = code
            self._define_anything(self.names.own.get(node.id), node.id)
            return
        text = self.names.in_text(code.text)
        if node.id in self.names.own and node.relation:
            before, text = text, self.names.without_itself(text, node)
            if text != before:
                self._define_anything(self.names.so_far(node), node.id)
        name = self.names.own.get(node.id)
        if node.kind == "snapshot" and name is not None:
            rows = Name(name.schema, f"{name.name}{_ROWS}")
            self.queries.append(Query(text=self._with_history(node), file=f"{_OURS}{node.id}", defines=name))
            name = rows
        self._look_at(node.id, text, code, name)

    def _look_at(self, key: str, text: str, code: Code, defines: Name | None = None) -> None:
        self._code[key] = code
        self.queries.append(Query(text=text, file=key, defines=defines))

    def _define_anything(self, name: Name | None, key: str) -> None:
        """A relation that has columns which are not known."""
        if name is not None:
            self.queries.append(Query(text="", file=key, defines=name))

    def _with_history(self, node: Node) -> str:
        """Return what a snapshot is made of: the rows of its query, with columns of dbt's."""
        named = node.config.get("snapshot_meta_column_names")
        called_otherwise = named if isinstance(named, dict) else {}
        added = ", ".join(f"null as {called_otherwise.get(each) or each}" for each in _ADDED)
        rows = renamed(self.names.in_text(relation_of(node, self.manifest.adapter)), _ROWS)
        return f"select r.*, {added} from {rows} as r"  # noqa: S608 - it is not run

    def _take_seed(self, node: Node) -> None:
        """A seed is a file of the project: nothing of this database is in it."""
        text = self.codes.read(self.codes.file(node)) or ""
        columns = next(csv.reader(text.splitlines()[:1], delimiter=str(node.config.get("delimiter") or ",")), [])
        name = self.names.own.get(node.id)
        if columns and all(each.isidentifier() for each in columns):
            made = ", ".join(f"null as {each}" for each in columns)
            self._look_at(node.id, f"select {made}", Code(text="", places=(Place(node.file),)), name)
        else:
            self._define_anything(name, node.id)

    def _take_freshness(self, source: Source) -> None:
        file = self.codes.file(source)
        line = self._properties.line(file, source.source, source.name, None)
        place = Place(file, line, f"freshness of {source.source}.{source.name}")
        relation = source.relation or ".".join(source.parts)
        text = f"select max({source.loaded_at}) from {relation}"  # noqa: S608 - it is not run
        self._look_at(source.id, text, Code(text="", places=(place,)))

    def _take_test(self, node: Node) -> None:
        """Take a generic test, if it is on a table of this database; what a test on a model reads is the model's."""
        if self.names.tables.keys().isdisjoint(node.depends_on):
            return
        file = self.codes.file(node)
        label = source_of(node)
        line = self._properties.line(file, *label, node.column) if label else None
        found = tested(node, self.names, Place(file, line, called(node)))
        if found is None:
            self._take(node)
            return
        self._uses += found.uses
        self._guarantees += guarantees(node, found, self.asked.schema)

    # -- what was seen ------------------------------------------------------------------------------------------------

    def uses(self, looked: Looked) -> list[Use]:
        """Return all uses."""
        return [*self._uses, *(self._placed(use) for use in looked.uses if use.place.file in self._code)]

    def guarantees(self) -> tuple[Guarantee, ...]:
        """Return what tests say must hold."""
        return tuple(self._guarantees)

    def unread(self, looked: Looked) -> tuple[tuple[Unread, ...], tuple[str, ...]]:
        """Return what was not understood and may be a use; and the nodes of other data, which were not either."""
        others = self._of_other_data({use.place.file for use in looked.uses})
        keyed = [*self._not_read.items(), *((each.file, each) for each in looked.unread)]
        nodes = [self.manifest.nodes[key] for key, _ in keyed if key in others]
        of_others = dict.fromkeys(called(node) for node in nodes if not node.python)
        here = [self._understood(key, each) for key, each in keyed if key not in others and not key.startswith(_OURS)]
        return tuple(dict.fromkeys(here)), tuple(of_others)

    def _of_other_data(self, using: set[str]) -> set[str]:
        """Return the nodes all of whose data are known to come from elsewhere.

        Args:
            using: those whose code names tables of this database, whatever they say that they depend on.
        """
        nodes = self.manifest.nodes
        known = {source.id: True for source in self.names.elsewhere} | dict.fromkeys(using, False)
        waiting = list(nodes)
        seen: set[str] = set()
        while waiting:
            key = waiting[-1]
            node = nodes.get(key)
            missing = [each for each in node.depends_on if each not in known] if node and key not in seen else []
            seen.add(key)
            if key not in known and missing:
                waiting += missing
                continue
            waiting.pop()
            if key not in known and node is not None:
                known[key] = self._is_of_other_data(node, known)
            known.setdefault(key, False)
        return {key for key, is_other in known.items() if is_other and key in nodes}

    def _is_of_other_data(self, node: Node, known: Mapping[str, bool]) -> bool:
        if node.python:  # what it reads of models is read by these
            return bool(node.depends_on) and self.names.tables.keys().isdisjoint(node.depends_on)
        return node.kind == "seed" or (bool(node.depends_on) and all(known.get(each) for each in node.depends_on))

    def not_followed(self) -> list[str]:
        """Return the Python models that read models: what becomes of values there is not known."""
        nodes = [node for key in self._not_read if (node := self.manifest.nodes[key]).python]
        return [called(node) for node in nodes if self.names.tables.keys().isdisjoint(node.depends_on)]

    def not_compiled(self) -> tuple[int, int]:
        """Return how much of the code was not compiled, and how much there is."""
        code = [each for key, each in self._code.items() if key in self.manifest.nodes and each.text]
        return sum(not each.compiled for each in code), len(code)

    def _placed(self, use: Use) -> Use:
        return Use(use.table, use.column, use.kind, self._code[use.place.file].place(use.place.line or 1))

    def _understood(self, key: str, unread: Unread) -> Unread:
        """Return what was not understood with the place that people know."""
        code = self._code.get(key)
        if code is None:
            return unread
        place = code.place(unread.line or 1)
        column = code.column(unread.line, unread.column) if unread.line is not None else None
        return Unread(place.file, place.line, column if place.line else None, unread.reason)

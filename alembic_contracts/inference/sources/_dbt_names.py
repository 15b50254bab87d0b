"""The sources and models of a dbt project and a schema in, what their names mean here out.

A source is a table of this database by ``--map``, or by its schema and name; one whose schema is not here belongs to
another database. What dbt makes is the consumer's own, whatever it is called.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.inference.asked import Asked
    from alembic_contracts.inference.sources._dbt_manifest import Manifest, Node, Source

__all__ = ["EPHEMERAL", "MADE", "Names", "renamed"]

MADE = frozenset(("model", "snapshot", "seed"))
"""What becomes a relation."""
EPHEMERAL = "dbt_ephemeral"
"""Stands for the schema of ephemeral models, which have none."""
_SO_FAR = "__so_far"


class Names:
    """What names mean."""

    def __init__(self, manifest: Manifest, asked: Asked) -> None:
        self._schema = asked.schema
        self._folded: dict[tuple[str, str], list[Name]] = {}
        for name in asked.schema.tables:
            self._folded.setdefault(_folded(name), []).append(name)
        self._schemas = {schema for schema, _ in self._folded}
        self._mapping = {_parts(source): target for source, target in asked.mapping}
        self.tables: dict[str, Name] = {}
        """Sources that are tables here, or would be if there were such a table, by their ids."""
        self.named: dict[tuple[str, str], Name] = {}
        """The same by what ``source()`` calls them."""
        self.elsewhere: list[Source] = []
        """Sources of another database."""
        for source in manifest.sources.values():
            table = self._table(source)
            if table is None:
                self.elsewhere.append(source)
            else:
                self.tables[source.id] = table
                self.named.setdefault((source.source, source.name), table)
        self.mapping = (*asked.mapping, *self._further(manifest))
        self.own: dict[str, Name] = {}
        """What dbt makes, by the ids of the nodes."""
        self._renamed: list[tuple[re.Pattern[str], str]] = []
        self._name_own(manifest)

    def is_here(self, table: Name) -> bool:
        """Whether there is such a table."""
        return table in self._schema.tables

    def column(self, table: Name, written: str) -> str | None:
        """Return a column of a table here as the table spells it, None where there is none."""
        columns = [each.name for each in self._schema.tables[table].columns] if self.is_here(table) else []
        alike = [each for each in columns if each.casefold() == written.casefold()]
        return written if written in columns else alike[0] if len(alike) == 1 else None

    def in_text(self, text: str) -> str:
        """Return SQL with names that mean one thing each, where dbt tells them apart by databases; lines stay lines."""
        for pattern, name in self._renamed:
            text = pattern.sub(name.replace("\\", "\\\\"), text)
        return text

    def without_itself(self, text: str, node: Node) -> str:
        """Return the SQL of a model that reads what it was before, as incremental ones do, with a name for that."""
        relation = self.in_text(node.relation)
        return _finds(relation).sub(lambda _: renamed(relation, _SO_FAR), text)

    def so_far(self, node: Node) -> Name:
        """Return what an incremental model is called in its own code."""
        name = self.own[node.id]
        return Name(name.schema, f"{name.name}{_SO_FAR}")

    # -- sources -----------------------------------------------------------------------------------------------------

    def _table(self, source: Source) -> Name | None:
        """Return the table that a source is, None where it is in another database."""
        mapped = self._mapped(source)
        if mapped is not None:
            return self._as_it_is(mapped)
        name = Name(source.schema, source.identifier)
        return self._as_it_is(name) if source.schema.casefold() in self._schemas else None

    def _mapped(self, source: Source) -> Name | None:
        """Return where ``--map`` leads, which may use the names of the warehouse or those of the project."""
        for parts in (source.parts, (source.source, source.name)):
            folded = tuple(part.casefold() for part in parts)
            for begin in range(len(folded)):
                target = self._mapping.get(folded[begin:])
                if target is not None and "." in target:
                    schema, _, table = target.rpartition(".")
                    return Name(schema.rpartition(".")[2], table)
            for begin in range(len(folded) - 1):
                for end in range(len(folded) - 1, begin, -1):
                    if (target := self._mapping.get(folded[begin:end])) is not None:
                        return Name(target.rpartition(".")[2], source.identifier)
        return None

    def _as_it_is(self, name: Name) -> Name:
        """Return a name as the schema spells it."""
        if name in self._schema.tables:
            return name
        alike = self._folded.get(_folded(name), [])
        return alike[0] if len(alike) == 1 else name

    def _further(self, manifest: Manifest) -> Iterator[tuple[str, str]]:
        """Yield a mapping for each source, where one is not called here as it is there or ``--map`` says so of any."""
        found = [(each, table) for each in manifest.sources.values() if (table := self.tables.get(each.id)) is not None]
        if self._mapping or any(tuple(table) != (each.schema, each.identifier) for each, table in found):
            yield from ((".".join(each.parts), str(table)) for each, table in found)

    # -- models ------------------------------------------------------------------------------------------------------

    def _name_own(self, manifest: Manifest) -> None:
        """Give each relation a name of its own: one that is called as a source is another one in another database."""
        sources = {(s.schema.casefold(), s.identifier.casefold()): s.database for s in manifest.sources.values()}
        used = dict(sources)
        for node in manifest.nodes.values():
            if node.kind not in MADE:
                continue
            if node.materialized == "ephemeral":
                self.own[node.id] = Name(EPHEMERAL, node.alias)
                continue
            name = Name(node.schema, node.alias)
            taken = used.setdefault(_folded(name), node.database).casefold() != node.database.casefold()
            if taken and node.relation:
                suffix = "__" + re.sub(r"\W", "_", node.database).lower()
                self._renamed.append((_finds(node.relation), renamed(node.relation, suffix)))
                self.own[node.id] = Name(node.schema, f"{node.alias}{suffix}")
            elif _folded(name) not in sources:
                self.own[node.id] = name


def renamed(relation: str, suffix: str) -> str:
    """Return a relation's name in SQL with a longer last part."""
    return relation[:-1] + suffix + relation[-1] if relation[-1:] in ('"', "`", "]") else relation + suffix


def _finds(relation: str) -> re.Pattern[str]:
    """Return what finds a relation's name in SQL."""
    return re.compile(rf'(?<![\w".`]){re.escape(relation)}(?![\w".`])', re.IGNORECASE)


def _folded(name: Name) -> tuple[str, str]:
    return name.schema.casefold(), name.name.casefold()


def _parts(written: str) -> tuple[str, ...]:
    return tuple(part.strip('"`').casefold() for part in written.split("."))

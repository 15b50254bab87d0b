"""A node of a dbt project in, its SQL out with the place that each of its lines comes from, or why there is none.

Compiled code is taken where there is any: of the manifest, or of the file that dbt Fusion wrote. Else it is the raw
code, if nothing of it but ``ref``, ``source``, ``this`` and ``config`` is Jinja.
"""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from alembic_contracts.inference.sources._dbt_lines import Piece, aligned, pieces
from alembic_contracts.inference.sources._dbt_manifest import Manifest, Node, Source
from alembic_contracts.inference.sources._dbt_names import EPHEMERAL
from alembic_contracts.inference.uses import Unread
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.uses import Place

__all__ = ["Code", "Codes", "called", "relation_of"]

_TAG = pattern(r"(\{\{|\{%|\{#)[-+]?(.*?)[-+]?(?:\}\}|%\}|#\})", re.DOTALL)
_CALL = pattern(r"\s*(ref|source|config|this)\s*(?:\((.*)\))?\s*", re.DOTALL)
_ARGUMENT = pattern(r"""\s*(?:(v|version)\s*=\s*)?(?:'([^']*)'|"([^"]*)"|(\d+))\s*""")
_TAGS_ALONE = frozenset(("", "config"))
_LONGEST_FILE = 5_000_000


class Code(Struct, frozen=True, kw_only=True):
    """SQL, and where it stands."""

    text: str
    places: tuple[Place, ...]
    """Of each line."""
    written: tuple[str, ...] = ()
    """Each line as it was written; none: as the text has it."""
    compiled: bool = False

    def place(self, line: int) -> Place:
        """Return where a line of the SQL stands in a file that people edit."""
        return self.places[min(max(line, 1), len(self.places)) - 1]

    def column(self, line: int, column: int | None) -> int | None:
        """Return the same column, if the line was written as it is read."""
        if not self.written:
            return column
        lines = self.text.split("\n")
        return column if line <= len(lines) and lines[line - 1] == self.written[line - 1] else None


def called(node: Node) -> str:
    """Return what a node is called for people: ``model stg_images``."""
    return f"test {node.test}" if node.test else f"{node.kind} {node.name}"


class Codes:
    """The code of a project's nodes."""

    def __init__(self, manifest: Manifest, project: Path | None) -> None:
        """Take the manifest and the project's folder, where that is known and there."""
        self._manifest = manifest
        self._project = project
        nodes = manifest.nodes.values()
        self._ephemeral = {each.alias: each for each in nodes if each.materialized == "ephemeral"}
        self._first_lines: dict[str, int] = {}
        self._named: dict[tuple[str, ...], str] = {}
        """Models, snapshots and seeds by package and name, and by name alone; with the version, where they have one."""
        for node in nodes:
            if node.kind in ("model", "snapshot", "seed"):
                relation = relation_of(node, manifest.adapter)
                for name in (node.name, node.id.removeprefix(f"{node.kind}.{node.package}.")):
                    self._named.setdefault((node.package, name), relation)
                    self._named.setdefault((name,), relation)
        self._sources: dict[tuple[str, ...], str] = {
            (each.source, each.name): each.relation or _relation(each.parts, manifest.adapter)
            for each in manifest.sources.values()
        }

    def of(self, node: Node) -> Code | Unread:
        """Return the code of a node."""
        if node.python:
            return Unread(self.file(node), None, None, f"{called(node)} is Python, which is not read")
        text = node.compiled if node.compiled is not None else self._compiled_file(node)
        if text is not None:
            lines = self._lines(node, text)
            places, written = tuple(place for place, _ in lines), tuple(line for _, line in lines)
            return Code(text=text, places=places, written=written, compiled=True)
        resolved = self._resolved(node)
        if isinstance(resolved, Unread):
            return resolved
        first = self._first_line(node)
        numbers = range(first, first + resolved.count("\n") + 1)
        return Code(text=resolved, places=tuple(Place(self.file(node), each, called(node)) for each in numbers))

    def file(self, node: Node | Source) -> str:
        """Return the file of a node or source, relative to the project's folder."""
        own = node.package in ("", self._manifest.project)
        return node.file if own else f"dbt_packages/{node.package}/{node.file}"

    def read(self, file: str) -> str | None:
        """Return the text of a file of the project, where it is there; never of one beyond the project."""
        if self._project is None or not file or Path(file).is_absolute() or ".." in Path(file).parts:
            return None
        path = self._project / file
        try:
            return path.read_text("utf-8") if path.stat().st_size <= _LONGEST_FILE else None
        except (OSError, UnicodeDecodeError):
            return None

    # -- lines -------------------------------------------------------------------------------------------------------

    def _lines(self, node: Node, text: str) -> list[tuple[Place, str]]:
        """Return the place of each line, and how it was written. A line that two pieces share is the later one's."""
        lines: list[tuple[Place, str]] = []
        for piece in pieces(text):
            owner = self._ephemeral.get(piece.ephemeral, node) if piece.ephemeral else node
            at = text.count("\n", 0, piece.start)
            before = lines[-1] if lines else (Place(self.file(node), None, called(node)), "")
            lines += [before] * (at - len(lines))
            lines[at:] = self._of_piece(owner, piece)
        return lines

    def _of_piece(self, owner: Node, piece: Piece) -> list[tuple[Place, str]]:
        file, what, first = self.file(owner), called(owner), self._first_line(owner)
        if owner.test or not owner.raw:
            return [(Place(file, None, what), "")] * (piece.text.count("\n") + 1)
        written = owner.raw.split("\n")
        return [(Place(file, first - 1 + line, what), written[line - 1]) for line in aligned(owner.raw, piece.text)]

    def _first_line(self, node: Node) -> int:
        """Return the line of the file where the raw code begins: dbt strips blank lines, and the tags of a snapshot."""
        if node.id not in self._first_lines:
            text = (self.read(self.file(node)) or "").replace("\r\n", "\n") if node.raw else ""
            self._first_lines[node.id] = 1 + text.count("\n", 0, max(text.find(node.raw), 0))
        return self._first_lines[node.id]

    # -- code --------------------------------------------------------------------------------------------------------

    def _compiled_file(self, node: Node) -> str | None:
        """Return what is in the file that compiling wrote, which is where Fusion leaves the code."""
        if not self._manifest.fusion:
            return None
        folders = (f"target/compiled/{node.package}/{node.file}", f"target/compiled/{node.file}")
        for file in (node.compiled_path or "", *folders):
            if file.endswith(".sql") and (text := self.read(file.replace("\\", "/"))):
                return text
        return None

    def _resolved(self, node: Node) -> str | Unread:
        """Return the raw code with the names that ``ref`` and ``source`` stand for; lines stay lines."""
        parts: list[str] = []
        at = 0
        for match in _TAG.finditer(node.raw):
            name = self._expanded(node, match[1], match[2])
            if name is None:
                line = self._first_line(node) + node.raw.count("\n", 0, match.start())
                reason = f"{called(node)} is not compiled, and Jinja is more here than ref and source: `dbt compile`"
                return Unread(self.file(node), line, None, reason)
            parts += [node.raw[at : match.start()], name + "\n" * match[0].count("\n")]
            at = match.end()
        return "".join([*parts, node.raw[at:]])

    def _expanded(self, node: Node, opened: str, inside: str) -> str | None:
        if opened == "{#":
            return ""
        call = _CALL.fullmatch(inside)
        if opened == "{%" or call is None:
            return None
        if call[1] == "config":
            return ""
        if call[1] == "this":
            return node.relation or None
        arguments = _arguments(call[2] or "")
        if arguments is None:
            return None
        names, version = arguments
        if call[1] == "source":
            return self._sources.get(names)
        return self._ref(node, names, version)

    def _ref(self, node: Node, names: tuple[str, ...], version: str | None) -> str | None:
        last = names[-1] if version is None else f"{names[-1]}.v{version}"
        keys = [(names[0], last)] if len(names) > 1 else [(node.package, last), (self._manifest.project, last), (last,)]
        return next((self._named[key] for key in keys if key in self._named), None)


def _arguments(text: str) -> tuple[tuple[str, ...], str | None] | None:
    """Return the texts that ``ref`` or ``source`` are called with, and the version; None: they are computed."""
    names: list[str] = []
    version = None
    for each in text.split(","):
        match = _ARGUMENT.fullmatch(each)
        if match is None:
            return None
        value = match[2] or match[3] or match[4] or ""
        if match[1]:
            version = value
        else:
            names.append(value)
    return (tuple(names), version) if names else None


_BACKTICKS = frozenset(("bigquery", "databricks", "spark", "mysql", "mariadb", "hive", "athena"))
_QUOTED = frozenset(("postgres", "redshift", "duckdb", "materialize", "trino", "clickhouse"))


def relation_of(node: Node, adapter: str) -> str:
    """Return what a node that becomes a relation is called in SQL."""
    parts = (EPHEMERAL,) if node.materialized == "ephemeral" else (node.database, node.schema)
    return node.relation or _relation((*parts, node.alias), adapter)


def _relation(parts: tuple[str, ...], adapter: str) -> str:
    """Return a name as the adapter writes it by default."""
    quote = "`" if adapter in _BACKTICKS else '"' if adapter in _QUOTED else ""
    return ".".join(f"{quote}{part}{quote}" for part in parts if part)

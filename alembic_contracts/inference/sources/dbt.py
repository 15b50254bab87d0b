"""A dbt project's ``target/manifest.json``: what its models, snapshots, analyses and tests read of this database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from alembic_contracts.contracts.contract import Owner
from alembic_contracts.errors import CannotCheck
from alembic_contracts.inference.asked import Asked
from alembic_contracts.inference.queries import Looked, look
from alembic_contracts.inference.sources import Option
from alembic_contracts.inference.sources._dbt_code import called
from alembic_contracts.inference.sources._dbt_manifest import Manifest, Node, Source, find, read
from alembic_contracts.inference.sources._dbt_names import MADE
from alembic_contracts.inference.sources._dbt_reach import Reach
from alembic_contracts.inference.sources._dbt_reading import Reading
from alembic_contracts.inference.uses import Found, Use
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.schema import Name

SUMMARY = "A dbt project's models, snapshots, analyses and tests, by its manifest."
INPUTS = "MANIFEST"
OPTIONS: Sequence[Option] = ()
EXAMPLES: Sequence[tuple[str, str]] = (
    ("target/manifest.json", "as `dbt compile` writes it"),
    ("--map RAW.MUSEUM=public target/manifest.json", "sources that are copies of the tables of schema public"),
    ("--offline --check target/manifest.json", "in the CI of the project, against a committed snapshot"),
)

_SHOWN = 3
"""Names in a note."""
_ROWS = pattern(r"(?is)(?!\s*(?:grant|revoke|comment|analyze|vacuum)\b).*\b(?:select|insert|update|delete|merge)\b")
"""Statements that read or change rows."""


def uses(asked: Asked) -> Found:
    """Return what a dbt project reads.

    Raises:
        CannotCheck: there is no manifest, or none of the project's sources is a table of this database.
    """
    if len(asked.inputs) != 1:
        raise CannotCheck("Name one manifest: target/manifest.json, as `dbt compile` writes it.")
    path = find(asked.inputs[0])
    manifest = read(path)
    reading = Reading(manifest, path.parent.parent if path.parent.name == "target" else path.parent, asked)
    reading.take()
    looked = look(reading.queries, reading.asked)
    here = reading.uses(looked)
    if not here and reading.names.elsewhere and not reading.names.tables:
        raise CannotCheck(_nothing_here(manifest, reading.names.elsewhere))
    reach = Reach(manifest, _lineage(reading, looked), _filtering(looked))
    tables = {key: table for key, table in reading.names.tables.items() if reading.names.is_here(table)}
    reached = tuple(reach.uses(tables))
    how_far = reach.notes(_columns(use for use in here if use.kind == "read"), _columns(reached))
    owner, others = _owner(manifest)
    unread, of_others = reading.unread(looked)
    return Found(
        consumer=manifest.project,
        owner=owner,
        uses=tuple(dict.fromkeys([*here, *reached])),
        guarantees=reading.guarantees(),
        unread=unread,
        notes=(*how_far, *others, *_notes(reading, of_others)),
    )


def _lineage(reading: Reading, looked: Looked) -> dict[str, dict[str, frozenset[tuple[Name, str]]]]:
    """Return the origins of each node's columns."""
    return {key: dict(looked.own.get(name, {})) for key, name in reading.names.own.items()}


def _filtering(looked: Looked) -> dict[str, list[Use]]:
    """Return what decides which rows a node has, by the node's id."""
    found: dict[str, list[Use]] = {}
    for use in looked.uses:
        if use.kind == "filtered":
            found.setdefault(use.place.file, []).append(use)
    return found


def _nothing_here(manifest: Manifest, elsewhere: list[Source]) -> str:
    shown = _listed(".".join(each.parts) for each in elsewhere)
    first = ".".join(elsewhere[0].parts)
    within = ".".join(elsewhere[0].parts[:-1])
    return (
        f"No source of the dbt project {manifest.project} is a table of this database: {shown}.\n"
        f"Say how their names lead here: --map {within}=public, or for one of them --map {first}=public.TABLE."
    )


def _owner(manifest: Manifest) -> tuple[Owner | None, tuple[str, ...]]:
    """Return who answers for the project: whom most models name, else most groups of models, else exposures."""
    models = [each for each in manifest.nodes.values() if each.kind in MADE]
    named = Counter(each.owner for each in models if each.owner)
    groups = Counter(manifest.groups[each.group] for each in models if each.group and each.group in manifest.groups)
    exposures = Counter(each.owner for each in manifest.exposures if each.owner)
    counts = named or groups or exposures
    if not counts:
        return None, ()
    owner = counts.most_common(1)[0][0]
    others = _listed(_shown(each) for each in counts if each != owner)
    return owner, (f"{_shown(owner)} is taken as the owner; others are named too: {others}",) if others else ()


def _shown(owner: Owner) -> str:
    return owner.name if owner.name == owner.email else str(owner)


def _notes(reading: Reading, of_others: Sequence[str]) -> Iterator[str]:
    raw, all_ = reading.not_compiled()
    if raw:
        yield f"{raw} of {all_} models, tests ... are not compiled, and were read as written; `dbt compile` does better"
    if reading.names.elsewhere and reading.names.tables:
        shown = _listed(f"{each.source}.{each.name}" for each in reading.names.elsewhere)
        yield f"sources of other databases are left out: {shown} (--map says how names lead here)"
    if of_others:
        yield f"not understood, but of data of other databases: {_listed(of_others)}"
    if python := reading.not_followed():
        yield f"what Python models make of values is not followed: {_listed(python)}"
    if hooks := _listed(called(each) for each in reading.manifest.nodes.values() if _has_hooks(each)):
        yield f"hooks are not read: of {hooks}"


def _listed(names: Iterable[str]) -> str:
    """Return some names for people."""
    known = list(names)
    return ", ".join(known[:_SHOWN]) + (f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else "")


def _columns(uses: Iterable[Use]) -> set[tuple[Name, str]]:
    return {(use.table, use.column) for use in uses if use.column is not None}


def _has_hooks(node: Node) -> bool:
    """Whether statements that read or change rows run before or after a model."""
    hooks = [each for key in ("pre-hook", "post-hook") for each in node.config.get(key) or ()]
    return any(_ROWS.match(each.get("sql", "") if isinstance(each, dict) else str(each)) for each in hooks)

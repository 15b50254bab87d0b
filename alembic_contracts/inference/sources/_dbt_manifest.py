"""A dbt manifest in, of schema v4 to v12 or of Fusion: models, sources and exposures as frozen values out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from alembic_contracts.contracts.contract import Owner
from alembic_contracts.errors import CannotCheck
from alembic_contracts.patterns import pattern

__all__ = ["Exposure", "Manifest", "Node", "Source", "find", "owner_of", "read"]

_OLDEST, _NEWEST = 4, 12
_FUSION = 20
"""What early releases of Fusion called what is v12."""
_VERSION = pattern(r"dbt/([\w-]+)/v(\d+)")
_NAMED = pattern(r"\s*(.*?)\s*<\s*([^<>\s]+@[^<>\s]+)\s*>\s*", re.DOTALL)


class Node(Struct, frozen=True, kw_only=True):
    """A model, snapshot, seed, analysis, test or operation."""

    id: str
    kind: str
    """dbt's ``resource_type``."""
    name: str
    package: str
    file: str
    """``original_file_path``, with forward slashes."""
    database: str = ""
    schema: str = ""
    alias: str = ""
    relation: str = ""
    """Its name as compiled code has it: ``"museum"."guide"."stg_images"``; empty: it is none in the database."""
    materialized: str = ""
    python: bool = False
    raw: str = ""
    compiled: str | None = None
    """None: it was not compiled."""
    compiled_path: str | None = None
    columns: tuple[str, ...] = ()
    """Those that its documentation or its configuration names: not all that it has."""
    depends_on: tuple[str, ...] = ()
    config: Mapping[str, Any] = {}
    owner: Owner | None = None
    group: str | None = None
    test: str | None = None
    """Of a generic test, its name with its package: ``not_null``, ``dbt_utils.at_least_one``."""
    arguments: Mapping[str, Any] = {}
    column: str | None = None
    """What a generic test is on."""


class Source(Struct, frozen=True, kw_only=True):
    """A table that dbt did not make."""

    id: str
    source: str
    name: str
    package: str
    file: str
    database: str
    schema: str
    identifier: str
    relation: str = ""
    loaded_at: str | None = None
    """The column, or the expression, by which dbt asks how fresh it is; None: it does not ask."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Its name in the warehouse."""
        return tuple(filter(None, (self.database, self.schema, self.identifier)))


class Exposure(Struct, frozen=True, kw_only=True):
    """What people see in the end: a dashboard, an application."""

    name: str
    owner: Owner | None = None
    depends_on: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """For people: ``exposure Museum guide (guide@example.org)``."""
        known = self.owner and (self.owner.email or self.owner.name)
        return f"exposure {self.name} ({known})" if known else f"exposure {self.name}"


class Manifest(Struct, frozen=True, kw_only=True):
    """A dbt project."""

    project: str
    adapter: str
    fusion: bool = False
    """Whether it was written by dbt Fusion, which leaves compiled code in files alone."""
    nodes: Mapping[str, Node]
    sources: Mapping[str, Source]
    exposures: tuple[Exposure, ...] = ()
    groups: Mapping[str, Owner] = {}
    between: Mapping[str, tuple[str, ...]] = {}
    """What metrics, semantic models and saved queries depend on, by their ids."""


class _Raw(Struct):
    """Any of the things in a manifest; Fusion leaves out what is not set, others write null."""

    unique_id: str = ""
    resource_type: str = ""
    name: str = ""
    label: str | None = None
    package_name: str = ""
    original_file_path: str = ""
    database: str | None = None
    schema: str | None = None
    alias: str | None = None
    relation_name: str | None = None
    identifier: str | None = None
    source_name: str = ""
    loaded_at_field: str | None = None
    freshness: Any = None
    language: str | None = None
    raw_code: str | None = None
    raw_sql: str | None = None
    compiled_code: str | None = None
    compiled_sql: str | None = None
    compiled_path: str | None = None
    columns: Any = None
    depends_on: Any = None
    config: Any = None
    meta: Any = None
    group: str | None = None
    owner: Any = None
    test_metadata: Any = None
    column_name: str | None = None


class _RawManifest(Struct):
    metadata: dict[str, Any]
    nodes: dict[str, _Raw]
    sources: dict[str, _Raw] = {}
    exposures: dict[str, _Raw] = {}
    groups: dict[str, _Raw] | None = None
    metrics: dict[str, _Raw] | None = None
    semantic_models: dict[str, _Raw] | None = None
    saved_queries: dict[str, _Raw] | None = None


def find(given: str) -> Path:
    """Return the file that is meant, be it the manifest or the folder of the project or of its target.

    Raises:
        CannotCheck: there is none.
    """
    path = Path(given)
    for each in (path, path / "manifest.json", path / "target/manifest.json"):
        if each.is_file():
            return each
    raise CannotCheck(f"{given}: there is no dbt manifest. `dbt compile` writes it, as target/manifest.json.")


def read(path: Path) -> Manifest:
    """Return what a manifest says.

    Raises:
        CannotCheck: it cannot be read, or is no manifest of a version that is known.
    """
    try:
        content = path.read_bytes()
        head = msgspec.json.decode(content, type=_Head)
        version = _version(path, head.metadata)
        raw = msgspec.json.decode(content, type=_RawManifest)
    except OSError as error:
        raise CannotCheck(f"{path}: it cannot be read: {error.strerror or error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CannotCheck(f"{path}: this is no dbt manifest: {error}") from error
    return _manifest(raw, version)


class _Head(Struct):
    metadata: dict[str, Any] = {}


def _version(path: Path, metadata: Mapping[str, Any]) -> int:
    stated = _stated(metadata, "dbt_schema_version")
    match = _VERSION.search(stated)
    if match is None:
        raise CannotCheck(
            f"{path}: this is no dbt manifest: its metadata.dbt_schema_version names no schema of dbt's. "
            "`dbt compile` writes one, as target/manifest.json."
        )
    kind, version = match[1], int(match[2])
    if kind != "manifest":
        raise CannotCheck(f"{path}: this is dbt's {kind}, not its manifest: take manifest.json from the same folder.")
    if version < _OLDEST:
        written = _stated(metadata, "dbt_version") or "an older dbt"
        raise CannotCheck(
            f"{path}: this manifest is of schema v{version} (dbt {written}); v{_OLDEST} (dbt 1.0) is the oldest that "
            "is read. Write it again with a newer dbt: `dbt compile`."
        )
    if version > _NEWEST and version != _FUSION:
        raise CannotCheck(
            f"{path}: this manifest is of schema v{version}, which is not known here; v{_OLDEST} to v{_NEWEST} are."
        )
    return version


def _stated(metadata: Mapping[str, Any], key: str) -> str:
    """Return a text of the metadata; some releases of Fusion nest them."""
    nested = metadata.get("__base__")
    value = metadata.get(key) or (nested.get(key) if isinstance(nested, dict) else None)
    return value if isinstance(value, str) else ""


def _manifest(raw: _RawManifest, version: int) -> Manifest:
    """Return the values, in an order that does not depend on dbt's."""
    nodes = {key: _node(key, each) for key, each in sorted(raw.nodes.items())}
    sources = {key: _source(key, each) for key, each in sorted(raw.sources.items())}
    between = (raw.metrics or {}) | (raw.semantic_models or {}) | (raw.saved_queries or {})
    groups = {each.name: owner_of(each.owner) for each in (raw.groups or {}).values()}
    return Manifest(
        project=_project(raw.metadata, nodes, sources),
        adapter=_stated(raw.metadata, "adapter_type").lower(),
        fusion=version == _FUSION or _stated(raw.metadata, "dbt_version").startswith("2."),
        nodes=nodes,
        sources=sources,
        exposures=tuple(_exposure(each) for _, each in sorted(raw.exposures.items())),
        groups={name: owner for name, owner in groups.items() if owner is not None},
        between={key: _depends_on(each) for key, each in between.items()},
    )


def _node(key: str, raw: _Raw) -> Node:
    config = raw.config if isinstance(raw.config, dict) else {}
    tested = raw.test_metadata if isinstance(raw.test_metadata, dict) else {}
    arguments = tested.get("kwargs") if isinstance(tested.get("kwargs"), dict) else {}
    kind = raw.resource_type or key.partition(".")[0]
    documented = raw.columns if isinstance(raw.columns, dict) else {}
    typed = config.get("column_types") if isinstance(config.get("column_types"), dict) else {}
    compiled = _lines(raw.compiled_code if raw.compiled_code is not None else raw.compiled_sql)
    return Node(
        id=raw.unique_id or key,
        kind=kind,
        name=raw.name,
        package=raw.package_name,
        file=raw.original_file_path.replace("\\", "/"),
        database=raw.database or "",
        schema=raw.schema or "",
        alias=raw.alias or raw.name,
        relation=raw.relation_name or "",
        materialized=str(config.get("materialized") or ""),
        python=raw.language == "python" or raw.original_file_path.endswith(".py"),
        raw=_lines(raw.raw_code if raw.raw_code is not None else raw.raw_sql),
        compiled=compiled if compiled.strip() else None,
        compiled_path=raw.compiled_path,
        columns=tuple(dict.fromkeys([*documented, *(typed or {})])),
        depends_on=_depends_on(raw),
        config=config,
        owner=_owner_in_meta(config.get("meta")) or _owner_in_meta(raw.meta),
        group=raw.group or (config.get("group") if isinstance(config.get("group"), str) else None),
        test=_test_name(tested),
        arguments=_unnested(arguments or {}),
        column=raw.column_name or _text((arguments or {}).get("column_name")),
    )


def _lines(code: str | None) -> str:
    return (code or "").replace("\r\n", "\n")


def _test_name(tested: Mapping[str, Any]) -> str | None:
    name, namespace = tested.get("name"), tested.get("namespace")
    if not isinstance(name, str):
        return None
    return f"{namespace}.{name}" if namespace and namespace != "dbt" else name


def _unnested(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the arguments of a test, which newer projects write below ``arguments``."""
    nested = arguments.get("arguments")
    return {**arguments, **nested} if isinstance(nested, dict) else arguments


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _source(key: str, raw: _Raw) -> Source:
    config = raw.config if isinstance(raw.config, dict) else {}
    return Source(
        id=raw.unique_id or key,
        source=raw.source_name,
        name=raw.name,
        package=raw.package_name,
        file=raw.original_file_path.replace("\\", "/"),
        database=raw.database or "",
        schema=raw.schema or raw.source_name,
        identifier=raw.identifier or raw.name,
        relation=raw.relation_name or "",
        loaded_at=(raw.loaded_at_field or _text(config.get("loaded_at_field"))) if _has_limit(raw.freshness) else None,
    )


def _has_limit(freshness: object) -> bool:
    limits = freshness.values() if isinstance(freshness, dict) else ()
    return any(isinstance(limit, dict) and limit.get("count") for limit in limits)


def _exposure(raw: _Raw) -> Exposure:
    return Exposure(name=raw.label or raw.name, owner=owner_of(raw.owner), depends_on=_depends_on(raw))


def _depends_on(raw: _Raw) -> tuple[str, ...]:
    nodes = raw.depends_on.get("nodes") if isinstance(raw.depends_on, dict) else None
    return tuple(each for each in nodes or () if isinstance(each, str))


def _owner_in_meta(meta: object) -> Owner | None:
    return owner_of(meta.get("owner")) if isinstance(meta, dict) else None


def owner_of(value: object) -> Owner | None:
    """Return who is meant by ``Name <email>``, a name, an address, or an object that has both."""
    if isinstance(value, dict):
        email = value.get("email")
        address = _text(email[0] if isinstance(email, list) and email else email)
        name = _text(value.get("name")) or address
        return Owner(name, address) if name else None
    text = (_text(value) or "").strip()
    if not text:
        return None
    if match := _NAMED.fullmatch(text):
        return Owner(match[1] or match[2], match[2])
    return Owner(text, text if "@" in text[1:] and " " not in text else None)


def _project(metadata: Mapping[str, Any], nodes: Mapping[str, Node], sources: Mapping[str, Source]) -> str:
    """Return the project's name, which manifests state from v10 on, and before as its MD5 alone."""
    if stated := _stated(metadata, "project_name"):
        return stated
    packages = [each.package for each in nodes.values()] + [each.package for each in sources.values()]
    hashed = _stated(metadata, "project_id")
    for each in dict.fromkeys(packages):
        if hashlib.md5(each.encode(), usedforsecurity=False).hexdigest() == hashed:
            return each
    return max(packages, key=packages.count) if packages else "dbt"

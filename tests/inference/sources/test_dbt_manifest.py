"""Manifests of all versions, and files that are none."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from alembic_contracts.contracts.contract import Owner
from alembic_contracts.errors import CannotCheck
from alembic_contracts.inference.sources import _dbt_manifest as manifests

RAW, COMPILED = "select title from {{ source('museum', 'object') }}", 'select title from "m"."public"."object"'


def written(folder: Path, version: int, **changes: Any) -> Path:
    """A manifest in the shape of a version: what each of them calls things, and what it has not."""
    node: dict[str, Any] = {
        "unique_id": "model.guide.works",
        "resource_type": "model",
        "name": "works",
        "alias": "works",
        "package_name": "guide",
        "database": "m",
        "schema": "guide",
        "path": "works.sql",
        "original_file_path": "models\\works.sql" if version == 5 else "models/works.sql",
        "depends_on": {"macros": [], "nodes": ["source.guide.museum.object"]},
        "relation_name": '"m"."guide"."works"',
        "config": {"materialized": "view", "meta": {"owner": "Guide <guide@example.org>"}},
        "refs": [["other"]] if version < 9 else [{"name": "other", "package": None, "version": None}],
        "sources": [["museum", "object"]],
        "columns": {},
    }
    node |= {"raw_sql": RAW, "compiled_sql": COMPILED} if version < 7 else {"raw_code": RAW, "compiled_code": COMPILED}
    node |= {"language": "sql"} if version >= 7 else {"root_path": "/home/somebody/guide"}
    source = {
        "unique_id": "source.guide.museum.object",
        "resource_type": "source",
        "source_name": "museum",
        "name": "object",
        "identifier": "object",
        "database": "m",
        "schema": "public",
        "package_name": "guide",
        "original_file_path": "models/sources.yml",
        "relation_name": '"m"."public"."object"',
        "loaded_at_field": "seen_at",
        "freshness": {"warn_after": {"count": 1, "period": "day"}, "error_after": {"count": None, "period": None}},
    }
    exposure = {
        "unique_id": "exposure.guide.book",
        "resource_type": "exposure",
        "name": "book",
        "type": "application",
        "owner": {"email": "book@example.org", "name": None} if version < 12 else {"email": ["book@example.org"]},
        "depends_on": {"nodes": ["model.guide.works"]},
    }
    metadata = {
        "dbt_schema_version": f"https://schemas.getdbt.com/dbt/manifest/v{version}.json",
        "dbt_version": "1.0.4",
        "adapter_type": "postgres",
        "project_id": hashlib.md5(b"guide", usedforsecurity=False).hexdigest(),
    }
    if version >= 10:
        metadata["project_name"] = "guide"
    document: dict[str, Any] = {
        "metadata": metadata,
        "nodes": {
            "model.other.x": node | {"unique_id": "model.other.x", "package_name": "other"},
            node["unique_id"]: node,
        },
        "sources": {source["unique_id"]: source},
        "macros": {},
        "exposures": {exposure["unique_id"]: exposure},
        "metrics": {},
        "selectors": {},
    }
    if version >= 9:
        document["groups"] = {"group.guide.g": {"name": "g", "owner": {"name": "G", "email": "g@example.org"}}}
    file = folder / "manifest.json"
    file.write_text(json.dumps(document | changes), encoding="utf-8")
    return file


@pytest.mark.parametrize("version", [4, 5, 6, 7, 8, 9, 10, 11, 12, 20])
def test_all_versions_say_the_same(version: int, tmp_path: Path) -> None:
    found = manifests.read(written(tmp_path, version))
    assert (found.project, found.adapter) == ("guide", "postgres")
    node = found.nodes["model.guide.works"]
    assert (node.raw, node.compiled, node.file) == (RAW, COMPILED, "models/works.sql")
    assert (node.database, node.schema, node.alias, node.relation) == ("m", "guide", "works", '"m"."guide"."works"')
    assert node.depends_on == ("source.guide.museum.object",)
    assert node.owner == Owner("Guide", "guide@example.org")
    source = found.sources["source.guide.museum.object"]
    assert (source.parts, source.loaded_at) == (("m", "public", "object"), "seen_at")
    assert [each.what for each in found.exposures] == ["exposure book (book@example.org)"]
    assert found.groups == ({"g": Owner("G", "g@example.org")} if version >= 9 else {})


def test_fusion_leaves_out_what_is_not_set_and_may_nest_its_metadata(tmp_path: Path) -> None:
    metadata = {
        "__base__": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json", "dbt_version": "2.0.0"},
        "project_name": "guide",
        "adapter_type": "snowflake",
    }
    node = {
        "unique_id": "model.guide.works",
        "name": "works",
        "package_name": "guide",
        "schema": "guide",
        "original_file_path": "models/works.sql",
        "resource_type": "model",
        "config": {"materialized": "view"},
    }
    found = manifests.read(written(tmp_path, 12, metadata=metadata, nodes={"model.guide.works": node}))
    assert (found.project, found.adapter, found.fusion) == ("guide", "snowflake", True)
    works = found.nodes["model.guide.works"]
    assert (works.alias, works.compiled, works.raw, works.depends_on) == ("works", None, "", ())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no dbt manifest"),
        ("[]", "no dbt manifest"),
        ("{", "no dbt manifest"),
        ("{}", "names no schema of dbt's"),
        ('{"metadata": {}}', "names no schema of dbt's"),
        ('{"metadata": {"dbt_schema_version": 12}}', "names no schema of dbt's"),
        (
            '{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/catalog/v1.json"}}',
            "catalog, not its manifest",
        ),
        ('{"metadata": {"dbt_schema_version": "https://x/dbt/run-results/v6.json"}}', "run-results, not its manifest"),
        (
            '{"metadata": {"dbt_schema_version": "https://x/dbt/manifest/v3.json", "dbt_version": "0.21.1"}}',
            "dbt 0.21.1",
        ),
        (
            '{"metadata": {"dbt_schema_version": "https://x/dbt/manifest/v13.json"}, "nodes": {}}',
            "v13, which is not known",
        ),
        ('{"metadata": {"dbt_schema_version": "https://x/dbt/manifest/v12.json"}}', "no dbt manifest: Object missing"),
        (
            '{"metadata": {"dbt_schema_version": "https://x/dbt/manifest/v12.json"}, "nodes": {"a": {"name": 1}}}',
            r"Expected `str`, got `int` - at `\$.nodes",
        ),
    ],
)
def test_what_is_no_manifest_is_said(content: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(CannotCheck, match=said):
        manifests.read(file)


def test_a_folder_leads_to_its_manifest(tmp_path: Path) -> None:
    with pytest.raises(CannotCheck, match="`dbt compile` writes it"):
        manifests.find(str(tmp_path))
    (tmp_path / "target").mkdir()
    file = written(tmp_path / "target", 12)
    assert {manifests.find(str(each)) for each in (tmp_path, file.parent, file)} == {file}


@pytest.mark.parametrize(
    ("stated", "owner"),
    [
        ("Guide Team <guide@example.org>", Owner("Guide Team", "guide@example.org")),
        ("guide@example.org", Owner("guide@example.org", "guide@example.org")),
        ("@museum/guide", Owner("@museum/guide")),
        ("Guide Team", Owner("Guide Team")),
        ({"name": "Guide", "email": "guide@example.org"}, Owner("Guide", "guide@example.org")),
        ({"email": ["guide@example.org", "b@example.org"]}, Owner("guide@example.org", "guide@example.org")),
        ({"name": None, "email": None}, None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_owners(stated: object, owner: Owner | None) -> None:
    assert manifests.owner_of(stated) == owner

"""The dbt project that this repository ships, its tables and dbt itself; and manifests of a few models, made here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic_contracts.dialects import postgresql
from alembic_contracts.inference.asked import Asked
from alembic_contracts.inference.sources import dbt

if TYPE_CHECKING:
    import sqlalchemy as sa

    from alembic_contracts.inference.uses import Found

REPOSITORY = Path(__file__).parents[2]
PROJECT = REPOSITORY / "seed/consumers/museum_guide"
MANIFEST = PROJECT / "target/manifest.json"
DBT = os.environ.get("DBT") or shutil.which("dbt")

TABLES = """
    CREATE TABLE object (object_id integer PRIMARY KEY, title text, artist_display_name text, created_at timestamp);
    CREATE TABLE object_history (object_id integer PRIMARY KEY, period text, culture text, object_date text);
    CREATE TABLE object_gallery_info (object_id integer PRIMARY KEY, gallery_number text, department text,
        accession_number text, created_at timestamp NOT NULL);
    CREATE TABLE object_images (object_id integer PRIMARY KEY, primary_image text, additional_images text[],
        created_at timestamp NOT NULL);
    CREATE TABLE object_copyright (object_id integer PRIMARY KEY, primary_image text, is_public_domain boolean);
    CREATE TABLE object_tags (object_id integer PRIMARY KEY, tags json[]);
"""
"""What the museum's migrations make, as far as the guide could read it."""

_KEPT = frozenset((
    "unique_id", "resource_type", "name", "label", "alias", "package_name", "path", "original_file_path", "database",
    "schema", "relation_name", "identifier", "source_name", "loaded_at_field", "freshness", "language", "raw_code",
    "compiled", "compiled_code", "compiled_path", "depends_on", "group", "owner", "type", "test_metadata",
    "column_name", "attached_node", "refs", "sources", "meta",
))  # fmt: skip
_OF_CONFIGURATION = frozenset((
    "materialized", "meta", "group", "severity", "where", "error_if", "warn_if", "column_types", "pre-hook",
    "post-hook",
))  # fmt: skip
_OF_METADATA = ("dbt_schema_version", "dbt_version", "project_name", "project_id", "adapter_type")


def asked(connection: sa.Connection, manifest: Path = MANIFEST, **values: Any) -> Asked:
    """What `infer dbt` is asked, of a database that is there."""
    return Asked(inputs=(str(manifest),), schema=postgresql.observe(connection, None), server_version=180000, **values)


def places(found: Found, table: str, column: str | None) -> list[tuple[str, int | None, str]]:
    """Where a column is used, for people to read."""
    of_it = {use.place for use in found.uses if (use.table.name, use.column) == (table, column)}
    return sorted((place.file, place.line, place.what) for place in of_it)


def compiled(folder: Path, url: sa.URL) -> Path:
    """Copy the project, have dbt build and compile it on a database that has the museum's tables; the manifest."""
    project = folder / "museum_guide"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    environment = os.environ | {
        "PGHOST": str(url.query.get("host") or url.host or ""),
        "PGPORT": str(url.query.get("port") or url.port or 5432),
        "PGUSER": url.username or "postgres",
        "PGPASSWORD": str(url.password or ""),
        "PGDATABASE": url.database or "",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "0",
    }
    for command in ("build", "compile"):
        done = subprocess.run(
            [DBT or "dbt", command, "--profiles-dir", ".", "--no-use-colors"],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return project / "target/manifest.json"


def reduced(manifest: Path, database: str) -> str:
    """The part of a manifest that says what a project reads, in the same bytes whenever and wherever it was made."""
    document = json.loads(manifest.read_text("utf-8").replace(database, "museum"))
    kept = {"metadata": {key: document["metadata"][key] for key in _OF_METADATA}}
    for key in ("nodes", "sources", "exposures", "groups", "metrics", "semantic_models", "saved_queries"):
        kept[key] = {name: _thing(each) for name, each in sorted(document[key].items())}
    return json.dumps(kept, indent=1, ensure_ascii=False) + "\n"


def _thing(thing: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in thing.items() if key in _KEPT and value not in (None, "", [], {})}
    kept["config"] = {key: value for key, value in thing.get("config", {}).items() if key in _OF_CONFIGURATION}
    kept["columns"] = {name: {"name": name} for name in thing.get("columns", {})}
    return kept


class Small:
    """Writes a manifest of a few models."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.nodes: dict[str, Any] = {}
        self.sources: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
            "project_name": "guide",
            "adapter_type": "postgres",
        }
        self.other: dict[str, Any] = {}
        self.source("object")

    def source(self, table: str, **values: Any) -> None:
        given = {
            "source_name": "museum",
            "name": table,
            "identifier": table,
            "package_name": "guide",
            "database": "m",
            "schema": "public",
            "original_file_path": "models/sources.yml",
        } | values
        key = f"source.guide.{given['source_name']}.{table}"
        parts = [given[part] for part in ("database", "schema", "identifier")]
        self.sources[key] = {"unique_id": key, "relation_name": ".".join(f'"{part}"' for part in parts)} | given

    def model(self, name: str, code: str | None, raw: str | None = None, kind: str = "model", **values: Any) -> None:
        key = f"{kind}.guide.{name}"
        given = {
            "unique_id": key,
            "resource_type": kind,
            "name": name,
            "alias": name,
            "package_name": "guide",
            "database": "m",
            "schema": "guide",
            "original_file_path": f"{kind}s/{name}.sql",
            "raw_code": raw if raw is not None else code or "",
            "compiled_code": code,
            "depends_on": {"nodes": ["source.guide.museum.object"]},
        } | values
        self.nodes[given["unique_id"]] = {
            "relation_name": f'"{given["database"]}"."{given["schema"]}"."{given["alias"]}"'
        } | given

    def uses(self, connection: sa.Connection, **values: Any) -> Found:
        target = self.folder / "target"
        target.mkdir(exist_ok=True)
        document = {"metadata": self.metadata, "nodes": self.nodes, "sources": self.sources} | self.other
        (target / "manifest.json").write_text(json.dumps(document), encoding="utf-8")
        return dbt.uses(asked(connection, target / "manifest.json", **values))

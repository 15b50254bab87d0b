"""``python -m benchmarks.manifests``: what reading a dbt project's manifest costs, and how that grows with its models.

A generated project: a model of 40 lines on each of a tenth as many tables of 20 columns, models on models above them,
every fourth with a macro's lines in it, two tests a table, and an exposure for every fiftieth. Written to a folder:
``manifests.md``.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from alembic_contracts.inference.asked import Asked
from alembic_contracts.inference.sources import dbt
from alembic_contracts.schemas.schema import Column, Name, Schema, Table, Type
from benchmarks.measure import exponent

COLUMNS = 20
_TEXT = Type(Name("pg_catalog", "text"))


def manifest(models: int) -> dict[str, Any]:
    """Return a project of this many models."""
    tables = max(models // 10, 1)
    nodes = [_model(number, tables) for number in range(models)]
    tests = [_test(name, number) for number in range(tables) for name in ("not_null", "unique")]
    return {
        "metadata": {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
            "project_name": "made_up",
            "adapter_type": "postgres",
        },
        "nodes": {node["unique_id"]: node for node in [*nodes, *tests]},
        "sources": {f"source.made_up.shop.t{number}": _source(number) for number in range(tables)},
        "exposures": {f"exposure.made_up.e{number}": _exposure(number) for number in range(0, models, 50)},
    }


def schema(models: int) -> Schema:
    """Return the database that it reads."""
    columns = tuple(Column(name=f"c{number}", type=_TEXT) for number in range(COLUMNS))
    names = [Name("public", f"t{number}") for number in range(max(models // 10, 1))]
    return Schema(tables={name: Table(name=name, kind="table", columns=columns) for name in names})


def _model(number: int, tables: int) -> dict[str, Any]:
    lines = [f"    c{each} as c{each}," for each in range(COLUMNS)]
    first = number < tables
    read = f"t{number}" if first else f"m{number - tables}"
    raw_name = f"{{{{ source('shop', 't{number}') }}}}" if first else f"{{{{ ref('{read}') }}}}"
    name = f'"shop"."public"."{read}"' if first else f'"shop"."made"."{read}"'
    macro = "{{ several() }}" if number % 4 == 0 else "1 as one"
    many = "\n".join(f"    {each} as made_{each}," for each in range(10)) + "\n    1 as one"
    rest = [f"    upper(c{each}) as u{each}," for each in range(5)]
    above = "{{ config(materialized='table') }}\n\nwith read as (\n    select * from "
    middle = "\n)\n\nselect\n" + "\n".join([*lines, *rest]) + "\n    "
    below = "\nfrom read\nwhere c1 is not null\n  and c2 <> ''\n  and c3 <> ''\norder by c0"
    return {
        "unique_id": f"model.made_up.m{number}",
        "resource_type": "model",
        "name": f"m{number}",
        "alias": f"m{number}",
        "package_name": "made_up",
        "database": "shop",
        "schema": "made",
        "relation_name": f'"shop"."made"."m{number}"',
        "original_file_path": f"models/m{number}.sql",
        "raw_code": above + raw_name + middle + macro + below,
        "compiled_code": above.partition("\n")[2] + name + middle + (many if number % 4 == 0 else macro) + below,
        "depends_on": {"nodes": [f"source.made_up.shop.{read}" if first else f"model.made_up.{read}"]},
        "config": {"materialized": "table"},
    }


def _test(name: str, number: int) -> dict[str, Any]:
    return {
        "unique_id": f"test.made_up.{name}_t{number}",
        "resource_type": "test",
        "name": f"{name}_t{number}",
        "package_name": "made_up",
        "original_file_path": "models/sources.yml",
        "column_name": "c0",
        "test_metadata": {"name": name, "kwargs": {"model": f"{{{{ source('shop', 't{number}') }}}}"}},
        "depends_on": {"nodes": [f"source.made_up.shop.t{number}"]},
        "config": {"severity": "ERROR"},
    }


def _source(number: int) -> dict[str, Any]:
    return {
        "unique_id": f"source.made_up.shop.t{number}",
        "source_name": "shop",
        "name": f"t{number}",
        "identifier": f"t{number}",
        "package_name": "made_up",
        "database": "shop",
        "schema": "public",
        "relation_name": f'"shop"."public"."t{number}"',
        "original_file_path": "models/sources.yml",
    }


def _exposure(number: int) -> dict[str, Any]:
    owner = {"name": "Team", "email": "team@example.org"}
    return {"name": f"e{number}", "owner": owner, "depends_on": {"nodes": [f"model.made_up.m{number}"]}}


def seconds(models: int, runs: int) -> float:
    """Return the processor's time of the fastest of some runs."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "manifest.json")
        file.write_text(json.dumps(manifest(models)), encoding="utf-8")
        asked = Asked(inputs=(str(file),), schema=schema(models), server_version=180000)
        return min(_once(asked) for _ in range(runs))


def _once(asked: Asked) -> float:
    begun = time.process_time()
    found = dbt.uses(asked)
    if found.unread or not found.uses:
        raise RuntimeError(f"{len(found.uses)} uses; not understood: {found.unread[:3]}")
    return time.process_time() - begun


def main() -> None:
    """Measure, and write what was measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.manifests", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, each once")
    parser.add_argument("--output", type=Path, default=Path(".benchmarks"), help="folder (default: %(default)s)")
    options = parser.parse_args()
    sizes = (50, 100, 200) if options.quick else (125, 250, 500, 1000)
    taken = [seconds(size, 1 if options.quick else 3) for size in sizes]
    rows = [
        f"| {size:,} | {cost:.2f} s | {1000 * cost / size:.1f} ms |" for size, cost in zip(sizes, taken, strict=True)
    ]
    grows = f"It grows with the models to the power of {exponent(sizes, taken):.2f}."
    text = "\n".join(["| models | CPU | a model |", "|---|---|---|", *rows, "", grows])
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "manifests.md").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

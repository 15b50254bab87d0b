"""A database and contracts in, differences out: information_schema and contract specs as two DataFrames, merged.

This is how a small sandbox does it that teaches data contracts, and what a first version in any company looks like: it
needs pandas and a database that has been migrated already. ``benchmarks.peers`` runs it beside the others, as
``python dataframes.py URL FOLDER``; it prints a line a difference, and its exit code says whether there was one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa

_CATALOG = """
    SELECT c.table_schema, c.table_name, c.column_name, c.data_type, c.is_nullable = 'YES' AS is_nullable,
        c.numeric_precision, c.datetime_precision, c.is_updatable = 'YES' AS is_updatable, c.column_default,
        EXISTS (
            SELECT FROM information_schema.key_column_usage k JOIN information_schema.table_constraints t
                USING (constraint_schema, constraint_name)
            WHERE t.constraint_type = 'PRIMARY KEY' AND k.table_schema = c.table_schema
                AND k.table_name = c.table_name AND k.column_name = c.column_name
        ) AS "primaryKey"
    FROM information_schema.columns c WHERE c.table_schema NOT IN ('information_schema', 'pg_catalog')
"""
_KEYS = ["table_schema", "table_name", "column_name"]
_COMPARED = ("data_type", "is_nullable", "numeric_precision", "datetime_precision", "is_updatable", "primaryKey")


def _specs(folder: Path) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for file in sorted(folder.glob("*.json")):
        schema = json.loads(file.read_text())["schema"]
        for column, stated in schema["properties"].items():
            place = {"table_schema": schema["table_schema"], "table_name": schema["table_name"], "column_name": column}
            rows.append(place | stated["constraints"])
    return pd.DataFrame(rows)


def differences(url: str, folder: Path) -> list[str]:
    """Return what contracts state and information_schema does not say."""
    with sa.create_engine(url).connect() as connection:
        catalog = pd.read_sql(sa.text(_CATALOG), connection)
    merged = _specs(folder).merge(catalog, on=_KEYS, how="left", suffixes=("_contract", "_catalog"), indicator=True)
    found = []
    for _, row in merged.iterrows():
        place = ".".join(row[key] for key in _KEYS)
        if row["_merge"] == "left_only":
            found.append(f"{place}: missing from the catalog")
            continue
        for name in _COMPARED:
            stated, there = row.get(f"{name}_contract"), row.get(f"{name}_catalog")
            if pd.notna(stated) and stated != there:
                found.append(f"{place}: {name} is {there} instead of {stated}")
    return found


if __name__ == "__main__":
    said = differences(sys.argv[1], Path(sys.argv[2]))
    print("\n".join(said))
    sys.exit(bool(said))

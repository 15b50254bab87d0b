"""A history whose upgrades others can know of, and a contract of its table."""

from __future__ import annotations

import json

CREATE = """
op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Text, nullable=False))
"""
ADD = 'op.add_column("t", sa.Column("b", sa.Integer))'


def contract(**column: object) -> str:
    stated = {"a": {"constraints": column}}
    return json.dumps(
        {
            "spec-version": "1.0.0",
            "name": "t",
            "namespace": "n",
            "owner": {"name": "Sales"},
            "schema": {"table_name": "t", "properties": stated},
        }
    )

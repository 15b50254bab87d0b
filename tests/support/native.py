"""A contract in the base format, to be changed, and what is read out of it."""

from __future__ import annotations

import json

import pytest

from alembic_contracts.contracts.formats import native
from alembic_contracts.errors import InvalidContracts

BASE = """\
{
  "spec-version": "1.0.0",
  "name": "images",
  "namespace": "museum",
  "dataAssetResourceName": "postgresql://postgres:5432/postgres.images",
  "doc": "Images.",
  "owner": {"name": "Data", "email": "data@museum.org"},
  "schema": {
    "table_schema": "public",
    "table_name": "images",
    "properties": {
      "id": {
        "constraints": {
          "primaryKey": true,
          "data_type": "integer",
          "is_nullable": false
        }
      },
      "links": {
        "constraints": {
          "data_type": "text[]"
        },
        "array_element": {
          "data_type": "text"
        }
      }
    }
  }
}
"""


def read(text: str):
    return native.contracts(native.parse(text, "x.json"))


def facts(properties: dict, **table) -> list[tuple]:
    """What a contract with these columns states: rule, column, expected."""
    contract = json.loads(BASE)
    contract["schema"] = {**contract["schema"], "properties": properties, **table}
    (read_contract,) = read(json.dumps(contract))
    return [(fact.rule, fact.column, fact.expected) for fact in read_contract.facts]


def problems(text: str) -> list[tuple]:
    with pytest.raises(InvalidContracts) as refused:
        read(text)
    return [(p.line, p.column, p.pointer, p.message) for p in refused.value.problems]

"""The quick validator beside ``jsonschema``: it must never accept what ``jsonschema`` does not."""

from __future__ import annotations

from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import alembic_contracts.contracts.formats
from alembic_contracts.documents import json_text, validation, yaml_text
from alembic_contracts.errors import InvalidContracts
from benchmarks.fuzz import inputs

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMATS = Path(alembic_contracts.contracts.formats.__file__).parent
NATIVE = FORMATS / "native.schema.json"
PUBLISHED = sorted(FORMATS.glob("odcs_schemas/*.json"))
VALUES = 80


def values(kind: str) -> Iterator[object]:
    """What hostile and mutated files of a kind hold, as far as they can be read."""
    parse = json_text.parse if kind == "contract" else yaml_text.parse
    mutated = (given for given in (inputs.mutated(number, 7) for number in count()) if given.kind == kind)
    for given in (*inputs.hostile(kind, quick=True), *islice(mutated, VALUES)):
        try:
            yield parse((given.content or b"").decode(), "x").value
        except (UnicodeDecodeError, InvalidContracts):
            continue


@pytest.mark.parametrize(("kind", "schema"), [("contract", NATIVE), *(("odcs", schema) for schema in PUBLISHED)])
def test_what_is_quickly_found_valid_is_valid(kind: str, schema: Path) -> None:
    verdicts = []
    for value in values(kind):
        quick, slow = validation.is_valid(value, schema), validation._validator(schema).is_valid(value)
        assert slow or not quick, value
        verdicts.append((quick, slow))
    assert len(verdicts) > VALUES / 3
    assert (False, False) in verdicts
    if "-v3.0" not in schema.name and "-v3.1" not in schema.name:  # the files' own version is 3.2
        assert (True, True) in verdicts


@pytest.mark.parametrize("value", ["\ud800", 10**400, -(2**63) - 1, {"a\ud800": 1}, 1e300, [[[[]]]], None])
def test_what_rust_cannot_take_is_left_to_jsonschema(value: object) -> None:
    document = {"spec-version": value}
    assert not validation.is_valid(document, NATIVE)
    assert not validation._validator(NATIVE).is_valid(document)


@pytest.mark.parametrize("text", ["1.0\n", "\u0661.0", "1.0 ", "\uff11.0"])
def test_patterns_mean_the_same(text: str) -> None:
    document = {"spec-version": text, "name": "x", "namespace": "x", "owner": {"name": "x"}, "schema": {}}
    slow = validation._validator(NATIVE).is_valid(document)
    assert slow or not validation.is_valid(document, NATIVE)

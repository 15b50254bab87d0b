"""Where ODCS contracts say that consumers use tables and columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_contracts.contracts import linting
from alembic_contracts.errors import InvalidContracts
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.uses import Place
from tests.contracts.formats.test_odcs import COLUMN, load

USED = """kind: DataContract
apiVersion: {version}
version: 1.0.0
status: active
id: x
name: x
schema:
  - name: images
    customProperties:
      - property: {name}
        value: [{{file: dashboards/guide.sql, line: 3}}, {{what: "exposure Museum guide (guide@example.org)"}}]
        {vendor}
    properties:
      - name: key
        logicalType: integer
        customProperties:
          - property: {name}
            value:
              - file: models/stg_images.sql
                line: 7
                what: model stg_images
            {vendor}
      - {{name: link, logicalType: string}}
"""


@pytest.mark.parametrize(
    ("version", "name", "vendor"),
    [
        ("v3.0.2", "alembic_contracts.used_by", ""),
        ("v3.1.0", "alembic-contracts.used_by", ""),
        ("v3.2.0", "alembic_contracts.used_by", ""),
        ("v3.2.0", "used_by", "vendor: alembic_contracts"),
    ],
)
def test_places_of_uses_are_read_and_valid_in_the_standard(
    version: str, name: str, vendor: str, tmp_path: Path
) -> None:
    text = USED.format(version=version, name=name, vendor=vendor)
    contract = load(text, tmp_path)
    images = Name("public", "images")
    assert contract.used_by == {
        (images, None): (
            Place("dashboards/guide.sql", 3),
            Place("", None, "exposure Museum guide (guide@example.org)"),
        ),
        (images, "key"): (Place("models/stg_images.sql", 7, "model stg_images"),),
    }
    assert not linting.lint([tmp_path / "contract.odcs.yaml"], project=[], root=tmp_path).problems
    sidecar = tmp_path / "contract.lifecycle.yaml"
    sidecar.write_text("status: draft\n", encoding="utf-8")
    amended = load(text, tmp_path)
    assert (amended.stage, amended.used_by) == ("draft", contract.used_by)


@pytest.mark.parametrize(
    ("value", "line", "column", "message"),
    [
        ("guide", 9, 73, "`used_by`: 'guide' is not of type 'array', 'null'"),
        ("[{line: 7}]", 9, 74, "item 1 must have a `file`, or say `what` it is"),
        ("[{file: a.sql, line: '7'}]", 9, 94, "`line`: '7' is not of type 'integer', 'null'"),
        ("[{file: a.sql, lime: 7}]", 9, 74, "item 1: Additional properties are not allowed ('lime' was unexpected)"),
    ],
)
def test_what_is_no_place_of_a_use_is_said_where(
    value: str, line: int, column: int, message: str, tmp_path: Path
) -> None:
    text = COLUMN + f"        customProperties: [{{property: alembic_contracts.used_by, value: {value}}}]"
    with pytest.raises(InvalidContracts) as refused:
        load(text, tmp_path)
    [problem] = refused.value.problems
    assert (problem.line, problem.column) == (line, column), problem
    assert problem.message.startswith(message)

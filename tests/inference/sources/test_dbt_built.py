"""The manifest that this repository ships is what dbt makes of the museum guide; dbt wants versions of its own."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from alembic_contracts.inference.sources import dbt
from tests.support import guide

pytestmark = pytest.mark.skipif(
    guide.DBT is None, reason="dbt is not installed; .ci/run has it, in a place of its own, and names it in DBT"
)


@pytest.mark.timeout(600)
def test_dbt_makes_the_manifest_that_is_shipped(connection: sa.Connection, database: str, tmp_path: Path) -> None:
    """After a wanted change of the project, run this with ``UPDATE_GOLDEN=1``."""
    connection.exec_driver_sql(guide.TABLES)
    connection.commit()
    url = sa.make_url(database)
    schema_before = guide.asked(connection)
    made = guide.compiled(tmp_path, url)
    text = guide.reduced(made, str(url.database))
    if os.environ.get("UPDATE_GOLDEN"):
        guide.MANIFEST.parent.mkdir(exist_ok=True)
        guide.MANIFEST.write_text(text, encoding="utf-8")
    assert json.loads(text)["nodes"].keys() == json.loads(guide.MANIFEST.read_text("utf-8"))["nodes"].keys()
    shipped = dbt.uses(schema_before)
    found = dbt.uses(guide.asked(connection, made))  # what dbt built is there now, and is the project's own
    assert found.uses == shipped.uses
    assert found.guarantees == shipped.guarantees
    assert (found.consumer, found.owner, found.unread) == (shipped.consumer, shipped.owner, ())


@pytest.mark.timeout(600)
def test_a_model_that_cannot_be_built_without_a_column_is_one_that_uses_it(
    connection: sa.Connection, database: str, tmp_path: Path
) -> None:
    """dbt itself refuses what the contract would."""
    connection.exec_driver_sql(guide.TABLES + "ALTER TABLE object_copyright DROP COLUMN is_public_domain")
    connection.commit()
    with pytest.raises(AssertionError, match="model picture_credits"):
        guide.compiled(tmp_path, sa.make_url(database))
    shutil.rmtree(tmp_path / "museum_guide")
    found = dbt.uses(guide.asked(connection))
    reasons = [str(each) for each in found.unread]
    assert reasons == [
        "models/guide/picture_credits.sql:4:5: reads object_copyright.is_public_domain, which does not exist"
    ]

"""Advice about foreign keys, followed to the letter on SQLite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.schemas.schema import Name, Schema
from tests.judging.test_portable_advice import BATCH, FOREIGN_KEY
from tests.support.advised import Broken, changed, contracts, copied, made, seen, violations
from tests.support.pasting import pasted

if TYPE_CHECKING:
    from pathlib import Path


def test_a_foreign_key_without_columns_leads_to_the_primary_key_of_a_table_that_nobody_looked_at(
    tmp_path: Path,
) -> None:
    case = Broken(
        "foreign-key",
        [
            "CREATE TABLE o (number INTEGER PRIMARY KEY)",
            "CREATE TABLE t (id INTEGER PRIMARY KEY, c INTEGER, CONSTRAINT f FOREIGN KEY (c) REFERENCES o (number))",
        ],
        f"{BATCH}batch.drop_constraint('f', type_='foreignkey')",
        {"c": {}},
        FOREIGN_KEY,
    )
    start = made(tmp_path / "start.db", case.before)
    end = copied(start, "end.db")
    done = changed(end, case.change)

    def alone(schema: Schema) -> Schema:
        return replace(schema, tables={name: each for name, each in schema.tables.items() if name.name == "t"})

    after = [replace(each, after=alone(each.after)) for each in done]
    [found] = violations(contracts(case, tmp_path, "sqlite"), alone(seen(start)), after)
    assert 'get_pk_constraint("o")' in found.remedy
    changed(end, pasted(found.remedy))
    [key] = [each for each in seen(end).tables[Name("main", "t")].constraints if each.kind == "foreign key"]
    assert key.referenced_columns == ("number",)

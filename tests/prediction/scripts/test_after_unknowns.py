"""What follows after something unknown: certain of nothing that a real PostgreSQL does otherwise in some state.

The long run: ``python -m benchmarks.statements``.
"""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.statements import smallest
from tests.support.project import Project
from tests.support.unknown_outcomes import Beside
from tests.support.unknown_scripts import Part, script

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def beside(databases, tmp_path_factory) -> Iterator[Beside]:
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    with databases.new() as url:
        beside = Beside(Project.create(tmp_path_factory.mktemp("unknowns"), url), url)
        yield beside
        beside.close()
    sys.dont_write_bytecode = before


def block(code: str) -> str:
    return f"op.execute({f'DO $$ DECLARE word text; BEGIN {code} END $$'!r})\n"


PERHAPS = "IF random() < 2 THEN {} END IF;"
CASES = {
    "a table that may be gone is looked for": block(PERHAPS.format("DROP TABLE b;"))
    + "if not sa.inspect(op.get_bind()).has_table('b'):\n    op.drop_column('c', 'x')",
    "a table that may be gone is looked for in SQL": block(PERHAPS.format("DROP TABLE b;"))
    + "if ask(\"SELECT to_regclass('b')\") is None:\n    op.drop_column('c', 'x')",
    "a table that may be gone is looked for in a block": block(
        PERHAPS.format("DROP TABLE b;") + "IF to_regclass('b') IS NULL THEN ALTER TABLE c DROP COLUMN x; END IF;"
    ),
    "a view that may be gone is in the way": block(PERHAPS.format("DROP VIEW v;"))
    + block("ALTER TABLE a DROP COLUMN x; EXCEPTION WHEN OTHERS THEN ALTER TABLE c DROP COLUMN x;"),
    "a view that may be gone is in Python's way": block(PERHAPS.format("DROP VIEW v;"))
    + "try:\n    with op.get_bind().begin_nested():\n        op.drop_column('a', 'x')\n"
    "except sa.exc.DBAPIError:\n    op.drop_column('c', 'x')",
    "a refusal after it": block(PERHAPS.format("DROP TABLE b CASCADE;")) + "op.execute('CREATE TABLE b (id int)')",
    "a refusal in the same block": block(PERHAPS.format("DROP TABLE b;") + "CREATE TABLE b (id int);"),
    "a refusal after a perhaps ended loop": block("LOOP EXIT WHEN random() < 2; CREATE TABLE b (id int); END LOOP;"),
    "a type that may be there": block(PERHAPS.format("CREATE TYPE kind AS ENUM ('one');"))
    + block("ALTER TABLE c ADD COLUMN kind kind; EXCEPTION WHEN OTHERS THEN ALTER TABLE c DROP COLUMN x;"),
    "another search path": block(PERHAPS.format("SET search_path = s, public;")) + "op.execute('DROP TABLE c')",
    "an index of a name that is not known": block("EXECUTE 'DROP INDEX ' || left('b' || current_user, 1) || '_x';"),
    "a setting of users' own": block(
        "IF current_setting('app.flag', true) = 'on' THEN ALTER TABLE c DROP COLUMN x; END IF;"
    ),
    "a setting of users' own in Python": "op.drop_table(ask(\"SELECT current_setting('app.name', true)\") or 'b')",
    "a text in a row": "if ask('SELECT name FROM r LIMIT 1') == 'b':\n    op.drop_column('c', 'x')",
    "a key of a dictionary": "if {'b': 1}.get(ask('SELECT name FROM r LIMIT 1')):\n    op.drop_column('c', 'x')",
    "a number of rows": "if ask('SELECT count(*) FROM r') in (2, 3):\n    op.drop_column('c', 'x')",
    "NULL in a row": "for row in all_of('SELECT name FROM r'):\n    if row.name is None:\n"
    "        op.execute('ALTER TABLE c DROP COLUMN IF EXISTS x')",
    "rows that a change found": "if op.get_bind().execute(sa.text('UPDATE r SET ok = true')).rowcount:\n"
    "    op.drop_column('c', 'x')",
    "how many rows a change found": "if op.get_bind().execute(sa.text('DELETE FROM r')).rowcount == 2:\n"
    "    op.drop_column('c', 'x')",
    "an error that rows decide": "try:\n    with op.get_bind().begin_nested():\n"
    "        op.alter_column('a', 'y', nullable=False)\nexcept sa.exc.DBAPIError:\n    op.drop_column('c', 'x')",
    "an error that rows decide, in a group": "try:\n    with op.get_bind().begin_nested():\n"
    "        op.alter_column('a', 'y', nullable=False)\nexcept* sa.exc.DBAPIError:\n    op.drop_column('c', 'x')",
    "an error that rows decide, not caught for good": "try:\n    with op.get_bind().begin_nested():\n"
    "        op.execute('INSERT INTO k VALUES (1)')\nexcept sa.exc.DBAPIError:\n    op.drop_column('c', 'x')",
    "a division by what is in rows": "try:\n    with op.get_bind().begin_nested():\n"
    "        op.execute('SELECT 1 / n FROM r')\nexcept sa.exc.DBAPIError:\n    op.drop_column('c', 'x')",
    "handlers for rows, and what goes by CASCADE": block(
        "SELECT name INTO STRICT word FROM r; ALTER TABLE a DROP COLUMN x CASCADE;"
        " EXCEPTION WHEN no_data_found OR too_many_rows THEN NULL;"
    ),
    "a name in the way in another schema": "op.execute('ALTER TABLE b SET SCHEMA s')",
}


@pytest.mark.parametrize("code", CASES.values(), ids=CASES)
def test_cases(code: str, beside: Beside) -> None:
    assert beside.faults((Part(code),)) == []


def test_random_scripts(beside: Beside) -> None:
    for number in range(40):
        parts = script(random.Random(f"tests {number}"))
        faults = beside.faults(parts)
        assert not faults, smallest(beside, parts, faults[0])

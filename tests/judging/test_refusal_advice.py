"""What is said about migrations that PostgreSQL would refuse."""

import pytest

from alembic_contracts.judging.refusal_advice import advice
from alembic_contracts.prediction.catalog.doubts import otherwise
from alembic_contracts.prediction.scripts.own_transaction import OVER
from alembic_contracts.reporters import _wording as wording
from alembic_contracts.schemas.steps import REFUSED, Location, Unproven

REASONS = {
    'relation "t" already exists': "is the downgrade() of r1 empty",
    'role "r" does not exist': "have it made there (CREATE ROLE)",
    'relation "t" does not exist': "has an earlier revision renamed or dropped it",
    'column "a" of relation "t" does not exist': "has an earlier revision renamed or dropped it",
    "cannot drop column a of table t because other objects depend on it: view v depends on it": "drop what depends",
    "CREATE INDEX CONCURRENTLY cannot run inside a transaction block": "autocommit_block",
    'unsafe use of new value "c" of enum type e': "autocommit_block",
    'column "a" cannot be cast automatically to type integer': "postgresql_using",
    "cannot cast type e1 to e2": "by text",
    "operator does not exist: text > integer": "compares the old type",
    "the script goes on after an error without a savepoint": "begin_nested",
    'relation "alembic_version" does not exist, where Alembic marks the revision (...)': "search_path",
    'syntax error at or near "x"': "mend the script",
    # in SQLite's words
    "table t already exists": "is the downgrade() of r1 empty",
    "duplicate column name: a": "is the downgrade() of r1 empty",
    "no such column: a, which a CHECK or an expression of the table still names": "drop it in the same batch",
    "no such table: t": "has an earlier revision renamed or dropped it",
    'near "CONSTRAINT": syntax error': "batch_alter_table",
    "Cannot add a UNIQUE column": "recreate",
    'cannot drop UNIQUE column: "a"': "batch_alter_table",
    "error in index i after drop column: no such column: a": "batch_alter_table",
    "error in view v: no such table: main.t": "make it again after",
}


@pytest.mark.parametrize(("message", "expected"), REASONS.items(), ids=REASONS)
def test_advice_is_about_the_migration(message, expected):
    text = advice(f"{REFUSED}{message}", "r1")
    assert expected in text
    assert "--shadow" not in text


def test_nothing_is_said_of_what_is_not_known():
    assert advice("f() may change tables", "r1") is None


def test_settings_by_which_texts_are_read_otherwise_are_to_be_left_out():
    reason = otherwise("standard_conforming_strings")
    assert advice(reason, "r1") == wording.unproven_advice([entry(reason)], "PostgreSQL").replace("Leave", "leave")


def test_odd_names_of_revisions_are_left_out():
    assert "downgrade() of the revision empty" in advice(f"{REFUSED}relation already exists", "`<b>")


def entry(reason: str) -> Unproven:
    return Unproven(reason, Location("r1", "versions/r1.py", 3, "x"), None)


def test_a_report_advises_a_replay_for_what_is_not_known_alone():
    refused, unknown = entry(f'{REFUSED}relation "t" already exists'), entry("f() may change tables")
    assert "--shadow" not in wording.unproven_advice([refused], "PostgreSQL")
    assert "--shadow" in wording.unproven_advice([unknown], "PostgreSQL")
    both = wording.unproven_advice([refused, unknown], "PostgreSQL")
    assert both.startswith("It is there already, although")
    assert "Or write it as" in both


def test_no_replay_is_recommended_where_it_shows_nothing() -> None:
    text = wording.unproven_advice([Unproven(OVER, None)], "PostgreSQL")
    assert "--shadow" not in text
    assert "autocommit_block" in text

"""What contracts of writers rely on in a view, or in a table that one takes the place of: that rows are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.implied import Case, is_told

if TYPE_CHECKING:
    from pathlib import Path

    import sqlalchemy as sa

VIEW = "CREATE TABLE b (c integer); CREATE VIEW t AS SELECT c FROM b WHERE c > 5"
VIEWS = [
    Case(
        VIEW,
        "ALTER VIEW t SET (check_option=local)",
        "INSERT INTO t VALUES (1)",
        "44000",
        "new-constraint",
        actual="a new check option of the view (WITH LOCAL CHECK OPTION)",
    ),
    Case(
        VIEW,
        "CREATE OR REPLACE VIEW t WITH (check_option = 'CASCADED') AS SELECT c FROM b WHERE c > 5",
        "INSERT INTO t VALUES (1)",
        "44000",
        "new-constraint",
    ),
    Case(
        VIEW,
        "CREATE OR REPLACE VIEW t AS SELECT c FROM b WHERE c > 5 WITH CHECK OPTION",
        "INSERT INTO t VALUES (1)",
        "44000",
        "new-constraint",
    ),
    Case(
        f"{VIEW} WITH CHECK OPTION",
        "ALTER VIEW t SET (check_option=local); ALTER VIEW t RESET (check_option)",
        "INSERT INTO t VALUES (6)",
    ),
    Case(f"{VIEW} WITH CHECK OPTION", "ALTER VIEW t SET (check_option='LOCAL')", "INSERT INTO t VALUES (6)"),
]


def narrowed(before: str, after: str, row: str, refused: str | None = None, **more: Any) -> Case:
    """A view that goes on to refuse what it does not show."""
    made = "VIEW t AS SELECT c, d FROM b{} WITH CHECK OPTION"
    return Case(
        f"CREATE TABLE b (c integer, d text, e integer); CREATE {made.format(before)}",
        f"CREATE OR REPLACE {made.format(after)}",
        f"INSERT INTO t VALUES ({row})",
        refused,
        "new-constraint" if refused else None,
        at_commit=False,
        **more,
    )


LESS = "a condition for WITH CHECK OPTION that lets less pass"
NARROWED = [
    narrowed(" WHERE c > 0", " WHERE c > 10", "5", "44000", actual=LESS),
    narrowed("", " WHERE c > 10", "5", "44000"),
    narrowed(" WHERE c > 0", " WHERE c > 0 AND d = 'x'", "5, 'y'", "44000"),
    narrowed(" WHERE c > 10", " WHERE c > 0", "15"),
    narrowed(" WHERE c > 10", "", "15"),
    narrowed(" WHERE c > 1", " WHERE (c>1)", "5"),
    narrowed(" WHERE d IN ('a', 'b')", " WHERE d IN ('b', 'a', 'c')", "1, 'a'"),
    Case(
        "CREATE TABLE b (c integer, d integer); CREATE VIEW t AS SELECT c, d FROM b WHERE c > 0 WITH CHECK OPTION",
        "ALTER TABLE b RENAME TO a; CREATE OR REPLACE VIEW t AS SELECT c, d FROM a WHERE c > 0 WITH CHECK OPTION",
        "INSERT INTO t VALUES (1)",
    ),
    Case(
        "CREATE TABLE b (c integer, e integer); CREATE VIEW t AS SELECT c FROM b WHERE e IS NULL WITH CHECK OPTION",
        "ALTER TABLE b RENAME e TO f",
        "INSERT INTO t VALUES (1)",
    ),
    Case(
        "CREATE TABLE b (c integer); CREATE VIEW v AS SELECT c FROM b WHERE c > 0; "
        "CREATE VIEW t AS SELECT c FROM v WITH CASCADED CHECK OPTION",
        "CREATE OR REPLACE VIEW v AS SELECT c FROM b WHERE c > 10",
        "INSERT INTO t VALUES (5)",
        "44000",
        "new-constraint",
        at_commit=False,
    ),
    Case(
        "CREATE TABLE b (c integer); CREATE VIEW v AS SELECT c FROM b WHERE c > 0; "
        "CREATE VIEW t AS SELECT c FROM v WITH LOCAL CHECK OPTION",
        "CREATE OR REPLACE VIEW v AS SELECT c FROM b WHERE c > 10",
        "INSERT INTO t VALUES (5)",
    ),
]
_FUNCTION = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
_TRIGGER = "CREATE TRIGGER i INSTEAD OF INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()"
_ONE = "CREATE TABLE b (c integer); CREATE VIEW t AS SELECT c FROM b"
_TAKEN = f"CREATE TABLE b (c integer); CREATE VIEW t AS SELECT DISTINCT c FROM b; {_FUNCTION}; {_TRIGGER}"
_INSERT = "INSERT INTO t VALUES (1)"
TAKING = [
    Case(_ONE, "CREATE OR REPLACE VIEW t AS SELECT DISTINCT c FROM b", _INSERT, "55000", "new-constraint"),
    Case(_ONE, "CREATE OR REPLACE VIEW t AS SELECT DISTINCT c FROM b", "UPDATE t SET c = 1", "55000", "new-constraint"),
    Case(_ONE, "CREATE OR REPLACE VIEW t AS SELECT c FROM b WHERE c > 0", _INSERT),
    Case(
        "CREATE TABLE t (c integer)", "ALTER TABLE t RENAME TO b; CREATE VIEW t AS SELECT DISTINCT c FROM b", _INSERT,
        "55000", "new-constraint", actual="nothing that takes INSERT or UPDATE any more",
    ),
    Case(
        "CREATE TABLE t (c integer)", "ALTER TABLE t RENAME TO b; CREATE MATERIALIZED VIEW t AS SELECT c FROM b",
        _INSERT, "42809", "new-constraint",
    ),
    Case("CREATE TABLE t (c integer)", "ALTER TABLE t RENAME TO b; CREATE VIEW t AS SELECT c FROM b", _INSERT),
    Case(
        f"CREATE TABLE t (c integer); {_FUNCTION}",
        "ALTER TABLE t RENAME TO b; CREATE VIEW t AS SELECT DISTINCT c FROM b; "
        + _TRIGGER.replace("INSERT", "INSERT OR UPDATE"),
        _INSERT,
    ),
    Case(f"{_ONE}; {_FUNCTION}; {_TRIGGER}", "DROP TRIGGER i ON t", _INSERT),
    Case(_TAKEN, "DROP TRIGGER i ON t", _INSERT, "55000", "new-constraint", foreseen=False),
    Case(_TAKEN, "CREATE OR REPLACE VIEW t AS SELECT DISTINCT c FROM b WHERE c > 0", _INSERT),
    Case(
        "CREATE TABLE b (c integer); CREATE VIEW t AS SELECT DISTINCT c FROM b; "
        "CREATE RULE r AS ON INSERT TO t DO INSTEAD INSERT INTO b VALUES (NEW.c)",
        "CREATE OR REPLACE VIEW t AS SELECT DISTINCT c FROM b WHERE c > 0",
        _INSERT,
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    "case", [*NARROWED, *VIEWS, *TAKING], ids=lambda case: f"{case.given[-60:]}: {case.change[:80]}"
)
def test_who_writes_to_a_view_is_told(case: Case, connection: sa.Connection, tmp_path: Path) -> None:
    is_told(case, connection, tmp_path)

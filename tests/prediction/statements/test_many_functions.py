"""What functions may do is found out where one may run, and not at each that is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.plpgsql import altering
from alembic_contracts.prediction.statements import execute

if TYPE_CHECKING:
    import pytest

MAKES = """
CREATE FUNCTION f{number}() RETURNS integer LANGUAGE plpgsql AS 'BEGIN ALTER TABLE t ADD a{number} text; RETURN 1; END'
"""


def test_what_functions_may_do_is_found_out_where_one_may_run(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    look = altering._with_what_calls_them
    monkeypatch.setattr(altering, "_with_what_calls_them", lambda *given: looks.append(1) or look(*given))
    catalog = Catalog()
    execute(catalog, "CREATE TABLE t (id integer)")
    for number in range(20):
        execute(catalog, MAKES.format(number=number))
        execute(catalog, f"COMMENT ON FUNCTION f{number}() IS 'it alters'")
    assert looks == []
    (effect,) = execute(catalog, "ALTER TABLE t ADD b integer DEFAULT f7()")
    assert len(looks) == 1
    assert any("f7()" in doubt.reason for doubt in effect.doubts)


def test_a_function_that_uses_another_one_as_if_it_were_a_column_is_doubted() -> None:
    catalog = Catalog()
    execute(catalog, "CREATE TABLE t (id integer)")
    execute(catalog, "CREATE FUNCTION f(r t) RETURNS integer LANGUAGE plpgsql AS 'BEGIN DROP TABLE t; RETURN 1; END'")
    (effect,) = execute(catalog, "CREATE FUNCTION h(r t) RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT (r).f; END")
    assert any("f()" in doubt.reason for doubt in effect.doubts)

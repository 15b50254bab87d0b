# ruff: noqa: DTZ001, ICN001 - timestamps without a time zone are among the values
"""Values put into statements as PostgreSQL reads them."""

import datetime
import decimal
import enum
import uuid

import pytest

from alembic_contracts.prediction.driver.literals import literal, substitute
from alembic_contracts.prediction.driver.manners import manners_of


class Colour(enum.Enum):
    RED = "r"


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, -4, 10**20, 2.5, float("inf"), decimal.Decimal("1.50"), "it's 100% \\n", "", b"\x00\xff",
        datetime.date(2024, 2, 3), datetime.datetime(2024, 2, 3, 4, 5, 6, 7), datetime.time(4, 5),
        datetime.datetime(2024, 2, 3, tzinfo=datetime.UTC), datetime.timedelta(days=1, seconds=2),
        uuid.UUID(int=5), [1, 2], ["a", None], [],
    ],
    ids=repr,
)  # fmt: skip
def test_literals_are_read_by_postgresql_as_the_value(connection, value):
    kind = {list: "::text[]" if value and isinstance(value[0], str) else "::int[]"} if isinstance(value, list) else {}
    assert (
        connection.exec_driver_sql(f"SELECT {literal(value)}{kind.get(list, '')}".replace("%", "%%")).scalar() == value
    )


def test_placeholders():
    assert substitute("a = %(x)s AND b = '100%%'", {"x": "it's"}) == "a = 'it''s' AND b = '100%'"
    assert substitute("a = %s, %s", (1, None)) == "a = 1, NULL"
    assert substitute("a = $1 AND b = $2", (1, "x"), manners_of("asyncpg")) == "a = 1 AND b = 'x'"
    assert substitute("LIKE '%%' AND '%s'", None) == "LIKE '%%' AND '%s'"
    with pytest.raises(TypeError):
        substitute("LIKE 'a%'", ())
    assert substitute("IN %s", ((1, 2),), manners_of("psycopg2")) == "IN (1, 2)"
    assert substitute("%s", (Colour.RED,)) == "'RED'"
    with pytest.raises(TypeError):
        substitute("%s", ({"a": 1},))
    with pytest.raises(LookupError):
        substitute("%s %s", (1,))
    with pytest.raises(LookupError):
        substitute("%(x)s", {})

"""A contract about one database on each of the others: held by its shape, warned of, or left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.databases.table import DATABASES
from tests.databases.telling import is_told

if TYPE_CHECKING:
    from tests.databases.running import House
    from tests.databases.table import Database

TABLE = """
op.create_table(
    "t",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("c", sa.String(20), nullable=False, server_default="new"),
)
"""
CONTRACT = {
    "id": {"constraints": {"primaryKey": True, "data_type": "@whole"}},
    "c": {"constraints": {"data_type": "@text", "is_nullable": False, "column_default": "'new'"}},
}
CHANGES = {
    "column-exists": 'op.drop_column("t", "c")',
    "column-type": (
        'with op.batch_alter_table("t") as batch:\n    batch.alter_column("c", existing_type=sa.String(20), '
        'existing_nullable=False, server_default=None, existing_server_default="new")\n'
        'with op.batch_alter_table("t") as batch:\n    batch.alter_column("c", existing_type=sa.String(20), '
        'existing_nullable=False, type_=sa.Date, postgresql_using="c::date")'
    ),
    "": (  # beside the shape
        'with op.batch_alter_table("t") as batch:\n    batch.alter_column("c", existing_type=sa.String(20), '
        'existing_nullable=False, server_default="old")'
    ),
}
PAIRS = [
    pytest.param(on, about, id=f"{about.name} on {on.name}")
    for on in DATABASES
    for about in DATABASES
    if on is not about and about.name != "any other"
]


@pytest.mark.parametrize("setting", ["shape", "warn", "off"])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("on", "about"), PAIRS, indirect=["on"])
def test_elsewhere(change: str, setting: str, about: Database, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALEMBIC_CONTRACTS_ELSEWHERE", setting)
    on = house.database
    house.contract(CONTRACT, about=about)
    house.revision("r1", TABLE)
    house.upgrade().passes()
    house.revision("r2", CHANGES[change])
    ran = house.upgrade()
    if setting == "off" or not change:
        ran.passes()
    elif setting == "warn":
        assert ran.error is None, ran.said
        assert f"warning[{change}]" in ran.said
        assert "error[" not in ran.said
    else:
        assert ran.broken == {change}, ran.said
        assert (ran.before == ran.after) == (on.foreseen or on.rolls_back == "always")
        is_told(ran)
        assert "(ALEMBIC_CONTRACTS_ELSEWHERE=warn), which refuses nothing for those." in " ".join(ran.said.split())
    assert ran.after.heads == (("r2",) if ran.error is None else ("r1",))


ENUM = {"constraints": {"data_type": "USER-DEFINED", "enum": ["new", "old"]}}
ENUM_BY_NAME = {"constraints": {"data_type": "public.state", "enum": ["new", "old"]}}
OF_POSTGRESQL = [pair for pair in PAIRS if pair.values[1].name == "PostgreSQL" and pair.values[0].name != "any other"]


@pytest.mark.parametrize("enum", [ENUM, ENUM_BY_NAME], ids=["a user's type", "by name"])
@pytest.mark.parametrize(("on", "about"), OF_POSTGRESQL, indirect=["on"])
def test_an_enum_of_postgresql_s_is_a_text_elsewhere(
    about: Database, house: House, enum: dict[str, dict[str, object]]
) -> None:
    house.contract({"c": enum}, about=about)
    house.revision("r1", TABLE.replace("sa.String(20)", 'sa.Enum("new", "old", name="state")'))
    house.upgrade().passes()
    house.revision("r2", CHANGES["column-type"])
    assert house.upgrade().broken == {"column-type"}

"""A break in each way to run transactions: what a refusal says of the database is what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.databases import running
from tests.databases.running import Mode
from tests.databases.table import DATABASES
from tests.databases.telling import is_told

if TYPE_CHECKING:
    from tests.databases.running import House
    from tests.databases.table import Database

EACH = {"transaction_per_migration": True}
TOLD = {"transactional_ddl": True}
MODES = {
    "as it is": running.DEFAULT,
    "one transaction a revision": Mode(running.plainly, EACH),
    "the caller's transaction": Mode(running.in_its_transaction),
    "AUTOCOMMIT": Mode(running.in_autocommit),
    "said to be transactional": Mode(running.plainly, TOLD),
    "async": Mode(running.asynchronously),
    "async, one transaction a revision": Mode(running.asynchronously, EACH),
}
BY_RECIPE = {
    "recipe": Mode(running.by_recipe, TOLD),
    "recipe, one transaction a revision": Mode(running.by_recipe, {**TOLD, **EACH}),
    "recipe, the caller's transaction": Mode(running.by_recipe_in_its_transaction, TOLD),
    "recipe that Alembic knows nothing of": Mode(running.by_recipe),
    "recipe, async": Mode(running.asynchronously_by_recipe, TOLD),
}
"""SQLite alone needs one."""

TABLE = """
op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("c", sa.String(20)))
op.create_table("written", sa.Column("id", sa.Integer, primary_key=True))
seen = op.create_table("seen", sa.Column("id", sa.Integer, primary_key=True))
op.bulk_insert(seen, [{"id": 1}, {"id": 2}, {"id": 3}])
"""
DROP = 'op.drop_column("t", "c")'
IF_ROWS = f'if op.get_bind().scalar(sa.text("SELECT count(*) FROM seen")) == 3:\n    {DROP}'
"""What only the real run shows: no row is ever read before."""
NEW = 'op.create_table("{}", sa.Column("id", sa.Integer, primary_key=True))'
WRITE = 'op.execute("INSERT INTO written VALUES (7)")'
"""Before it, some drivers begin a transaction."""
BLOCK = "with op.get_context().autocommit_block():\n    "
SCRIPTS = {
    "in the middle": "{third}\n{drop}\n{fourth}",
    "between changes of rows": f"{WRITE}\n{{third}}\n{{drop}}\n{WRITE.replace('7', '8')}",
    "after an autocommit_block": f"{{third}}\n{BLOCK}{{fourth}}\n{{drop}}",
    "in an autocommit_block": f"{{third}}\n{BLOCK}{{drop_inside}}\n{{fourth}}",
}


def script(name: str, drop: str) -> str:
    inside = drop.replace("\n", "\n    ")
    return SCRIPTS[name].format(third=NEW.format("third"), fourth=NEW.format("fourth"), drop=drop, drop_inside=inside)


def modes(on: Database) -> dict[str, Mode]:
    known = {name: mode for name, mode in MODES.items() if "async" not in name or on.asynchronous}
    return known | (BY_RECIPE if on.rolls_back == "by recipe" else {})


def prepared(house: House, name: str, drop: str) -> None:
    house.contract({"c": {}})
    house.revision("r1", TABLE)
    house.upgrade().passes()
    house.revision("r2", NEW.format("second"))
    house.revision("r3", script(name, drop))
    house.revision("r4", NEW.format("last"))


def scenarios() -> list[object]:
    return [
        pytest.param(on, way, name, id=f"{on.name}-{way}-{name}")
        for on in DATABASES
        for way in modes(on)
        for name in SCRIPTS
        if not ("the caller's" in way and "block" in name)  # Alembic refuses to leave another one's transaction
    ]


@pytest.mark.parametrize(("on", "way", "name"), scenarios(), indirect=["on"])
def test_what_only_a_commit_shows(name: str, way: str, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALEMBIC_CONTRACTS_UNPROVEN", "warn")
    prepared(house, name, IF_ROWS)
    ran = house.upgrade(mode=modes(house.database)[way])
    assert (ran.report.phase, ran.broken) == ("commit", {"column-exists"}), ran.said
    is_told(ran)
    assert "last" not in ran.after.tables
    assert way == "AUTOCOMMIT" or "r3" not in (ran.after.heads or ())
    undone = is_undone(house.database, way, name)
    if undone is not None:
        assert ("c" in ran.after.tables["t"]) is undone, ran.said


def is_undone(on: Database, way: str, name: str) -> bool | None:
    """Whether the claim is that a break is taken back; None: nothing is claimed but that it is told."""
    if way == "AUTOCOMMIT" and "after an autocommit_block" in name:
        return None  # Alembic gives the connection its server's level back, not the engine's
    if way == "AUTOCOMMIT" or on.rolls_back == "never" or "in an autocommit_block" in name:
        return False if on.rolls_back != "by recipe" else None
    return True if on.rolls_back == "always" or way in BY_RECIPE else None


WRITES_SCHEMA = """
op.execute("PRAGMA writable_schema = 1")
op.execute("UPDATE sqlite_schema SET sql = replace(sql, 'VARCHAR(20)', 'VARCHAR(21)') WHERE name = 't'")
op.execute("PRAGMA writable_schema = {}")
"""


@pytest.mark.parametrize("on", [each for each in DATABASES if each.rolls_back == "by recipe"], indirect=True)
@pytest.mark.parametrize(("end", "refused"), [("0", True), ("RESET", False)])
def test_what_the_next_connection_sees_alone_is_not_left_to_the_look_before_the_commit(
    end: str, refused: bool, house: House
) -> None:
    house.contract({"id": {}})
    house.revision("r1", TABLE)
    house.upgrade().passes()
    house.revision("r2", WRITES_SCHEMA.format(end))
    ran = house.upgrade(mode=BY_RECIPE["recipe"])
    assert (ran.after.heads == ("r2",)) is not refused, ran.said
    said = " ".join(ran.said.split())
    assert ("the next connection" in said) is refused
    assert "checked again" not in said

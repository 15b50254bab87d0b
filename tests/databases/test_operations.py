"""Each operation of Alembic's, in batch mode too: what an unguarded run of the same scripts loses is what is refused.

What it loses is read by SQLAlchemy's Inspector, apart from the product. The same operations are written by ``--sql``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from alembic.operations import ops

from tests.databases import running
from tests.databases.running import House, Mode
from tests.databases.table import DATABASES
from tests.databases.telling import is_told
from tests.prediction.sqlite.scripts import BASE, SCRIPTS
from tests.support import project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.databases.running import Ran
    from tests.databases.table import Database

CONTRACT = {
    "id": {"constraints": {"primaryKey": True}},
    "a": {"constraints": {"is_nullable": False, "data_type": "@text"}},
    "b": {"constraints": {"data_type": "@whole"}},
    "c": {},
}
STATED = {
    "unique": [["a"]],
    "foreign_keys": [{"columns": ["p_id"], "references": {"table_name": "p", "columns": ["id"]}}],
}
OPERATIONS = {
    ops.AddColumnOp: 'op.add_column("t", sa.Column("n", sa.Integer))',
    ops.DropColumnOp: 'op.drop_index("ix_t_c", "t")\nop.drop_column("t", "c")',
    ops.AlterColumnOp: 'op.alter_column("t", "b", existing_type=sa.Integer, new_column_name="beta")',
    ops.CreateTableOp: 'op.create_table("n", sa.Column("id", sa.Integer, primary_key=True))',
    ops.DropTableOp: 'op.drop_table("t")',
    ops.RenameTableOp: 'op.rename_table("t", "other")',
    ops.CreateTableCommentOp: 'op.create_table_comment("t", "about t")',
    ops.DropTableCommentOp: 'op.drop_table_comment("t")',
    ops.CreateIndexOp: 'op.create_index("ix_n", "t", ["b"])',
    ops.DropIndexOp: 'op.drop_index("ix_t_c", "t")',
    ops.CreatePrimaryKeyOp: (
        'op.create_table("n", sa.Column("x", sa.Integer, nullable=False))\nop.create_primary_key("pk_n", "n", ["x"])'
    ),
    ops.CreateUniqueConstraintOp: 'op.create_unique_constraint("uq_n", "t", ["b"])',
    ops.CreateForeignKeyOp: 'op.create_foreign_key("fk_n", "t", "p", ["b"], ["id"])',
    ops.CreateCheckConstraintOp: 'op.create_check_constraint("ck_n", "t", "b < 100")',
    ops.DropConstraintOp: 'op.drop_constraint("fk_t_p", "t", type_="foreignkey")',
    ops.BulkInsertOp: 'op.bulk_insert(sa.table("p", sa.column("id", sa.Integer)), [{"id": 1}])',
    ops.ExecuteSQLOp: 'op.execute("ALTER TABLE t DROP COLUMN b")',
}
"""One of each kind; batch mode has them too, and SQLite some of them in batch mode alone."""
CONTAINERS = {
    ops.MigrateOperation, ops.AddConstraintOp, ops.AlterTableOp, ops.OpContainer, ops.ModifyTableOps, ops.UpgradeOps,
    ops.DowngradeOps, ops.MigrationScript,
}  # fmt: skip
WAYS = ("batch auto", "batch always", "batch reflect_args", "batch convention", "batch table_args")
IN_PLACE = ("batch auto", "batch convention")
"""MariaDB makes no table with a named foreign key anew: the name is taken."""
FURTHER = [name for name in SCRIPTS if name.startswith("batch") and name.split(":")[0] not in WAYS]
OTHERS = ["create_table with keys", "rename_table", "rename_table child", "metadata drop_all", "execute several"]
WRITTEN = ("batch auto: drop_column", "batch never: add", "batch copy_from: type", "create_table with keys")
"""What ``--sql`` writes as well; all that reflects it cannot."""


def scripts(on: Database) -> dict[str, str]:
    """Every operation, and all that batch mode does: in one of its ways each, in turn, and in every way something."""
    in_batch = [name.partition(": ")[2] for name in SCRIPTS if name.startswith("batch auto")]
    ways, offset = (IN_PLACE if on.kind == "mariadb" else WAYS), DATABASES.index(on)
    in_turn = [f"{ways[(at + offset) % len(ways)]}: {name}" for at, name in enumerate(in_batch)]
    each_way = [f"{way}: add_column" for way in WAYS]
    return {kind.__name__: script for kind, script in OPERATIONS.items()} | {
        name: _with_existing(SCRIPTS[name])
        for name in dict.fromkeys((*in_turn, *each_way, *FURTHER, *OTHERS))
        if name in SCRIPTS
    }


def _with_existing(script: str) -> str:
    """Have a script tell what a column is, as MariaDB has to be told."""
    for column, type_ in {"a": "sa.String(50)", "b": "sa.Integer", "c": "sa.Text"}.items():
        script = script.replace(f'alter_column("{column}", ', f'alter_column("{column}", existing_type={type_}, ')
    return script


# -- what a database has of the contract, by the Inspector -------------------------------------------------------------


def facts(url: str, on: Database) -> set[tuple[str, str]]:
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        inspector = sa.inspect(connection)
        return set(_facts(inspector, on)) if inspector.has_table("t") else set()


def _facts(inspector: sa.Inspector, on: Database) -> Iterator[tuple[str, str]]:
    yield "table-exists", ""
    columns = {column["name"]: column for column in inspector.get_columns("t")}
    for name in CONTRACT.keys() & columns.keys():
        yield "column-exists", name
    for name, family, spelling in (("a", sa.String, "VARCHAR"), ("b", sa.Integer, "INT")):
        if name in columns:
            type_ = columns[name]["type"]
            named = str(type_).partition("(")[0].replace("INTEGER", "INT") == spelling
            if named if on.exact or on.kind == "mariadb" else issubclass(type_._type_affinity, family):
                yield "column-type", name
    if "a" in columns and not columns["a"]["nullable"]:
        yield "column-nullable", "a"
    if inspector.get_pk_constraint("t")["constrained_columns"] == ["id"]:
        yield "primary-key", "id"
    indexes = [each["column_names"] for each in inspector.get_indexes("t") if each["unique"]]
    if ["a"] in [*indexes, *(each["column_names"] for each in inspector.get_unique_constraints("t"))]:
        yield "unique", ""
    for key in inspector.get_foreign_keys("t"):
        if (key["constrained_columns"], key["referred_table"], key["referred_columns"]) == (["p_id"], "p", ["id"]):
            yield "foreign-key", ""


def lost(before: set[tuple[str, str]], after: set[tuple[str, str]]) -> set[str]:
    """The rules that are broken; a table that is gone is one, and so is a column."""
    gone = before - after
    if ("table-exists", "") in gone:
        return {"table-exists"}
    absent = {column for rule, column in gone if rule == "column-exists"}
    return {rule for rule, column in gone if rule == "column-exists" or column not in absent}


# -- as they run -------------------------------------------------------------------------------------------------------


def cases() -> list[object]:
    return [
        pytest.param(on, script, id=f"{on.name}-{name}") for on in DATABASES for name, script in scripts(on).items()
    ]


@pytest.mark.parametrize(("on", "script"), cases(), indirect=["on"])
def test_an_operation(script: str, on: Database, house: House, request: Any, tmp_path: Path) -> None:
    prepared(house, script)
    (tmp_path / "beside").mkdir()
    with on.fresh(request, tmp_path / "beside") as url:
        beside = House(on, tmp_path / "beside", url)
        beside.project = house.project
        assert beside.upgrade("r1", guarded=False).error is None
        before = facts(url, on)
        plain = beside.upgrade(guarded=False)
        if plain.error is not None and plain.before == plain.after:  # what it did before is what is foreseen
            beside.upgrade(guarded=False, mode=Mode(running.in_autocommit))
        broken = lost(before, facts(url, on))
    ran = house.upgrade()
    if plain.error is not None:
        fails(on, plain, ran, broken)
    elif broken:
        assert ran.broken == broken, ran.said
        assert ran.report.phase == ("before" if on.foreseen else "commit")
        assert ran.after.heads == ("r1",)
        is_told(ran)
    else:
        ran.passes()
        assert ran.after == plain.after


def prepared(house: House, script: str) -> None:
    house.contract(CONTRACT, **STATED)
    house.revision("r1", BASE)
    assert house.upgrade(guarded=False).error is None
    house.revision("r2", script)


def fails(on: Database, plain: Ran, ran: Ran, broken: set[str]) -> None:
    """Hold that a script that fails by itself fails, and that what it had broken by then is told."""
    assert ran.error is not None
    if on.foreseen and (broken or on.rolls_back != "always"):
        assert ran.broken == broken, ran.said
        assert ran.report.phase == "before"
        assert reason(plain) in " ".join(ran.said.split())
        is_told(ran)
        return
    assert ran.after == plain.after
    if broken and plain.before != plain.after:
        assert ran.broken == broken, ran.said
        assert "r2 failed by itself" in ran.said
        is_told(ran)
    else:
        assert (type(ran.error), reason(ran)) == (type(plain.error), reason(plain)), ran.said


def reason(ran: Ran) -> str:
    """What a script failed with, without what differs from one database, or one order of constraints, to another."""
    error = ran.error.orig if isinstance(ran.error, sa.exc.DBAPIError) else ran.error
    return re.sub(r"`test_\w+`\.", "", str(error)).partition("\n")[0]


# -- as they are written -----------------------------------------------------------------------------------------------


def written() -> list[object]:
    """Every operation on each; of the last row, whose URL is PostgreSQL's, some."""
    found = []
    for on in DATABASES:
        kinds = OPERATIONS if on.name != "any other" else (ops.AddColumnOp, ops.DropColumnOp, ops.DropTableOp)
        names = [*(kind.__name__ for kind in kinds), *WRITTEN]
        found += [pytest.param(on, (SCRIPTS | scripts(on))[name], id=f"{on.name}-{name}") for name in names]
    return found


@pytest.mark.parametrize(("on", "script"), written(), indirect=["on"])
def test_what_sql_writes(script: str, on: Database, house: House) -> None:
    prepared(house, script)
    before = facts(house.url, on)
    plain = house.upgrade("r1:head", sql=True, guarded=False)
    ran = house.upgrade("r1:head", sql=True)
    assert ran.before == ran.after
    failure, broken = plain.error, set[str]()
    if failure is None:
        failure = executed(house.url, plain.output)
        broken = lost(before, facts(house.url, on))
    if not on.written:
        assert ran.output == plain.output
        assert (type(ran.error), str(ran.error)) == (type(plain.error), str(plain.error))
        assert not ran.said or "This run goes on unchecked." in ran.said
    elif failure is None and not broken:
        ran.passes()
        assert ran.output == plain.output
    else:
        assert ran.broken == broken, ran.said
        assert (ran.report.phase, ran.report.status) == ("before", "broken" if broken else "unproven")
        assert plain.output.startswith(ran.output)
        assert ran.output.strip() in {"", "BEGIN;"}
        is_told(ran)


def executed(url: str, text: str) -> Exception | None:
    """What a database says to statements that were written."""
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        try:
            for statement in text.split(";\n"):
                if statement.strip():
                    connection.exec_driver_sql(statement)
        except sa.exc.DBAPIError as error:
            return error
    return None


@pytest.mark.parametrize("on", DATABASES, ids=lambda on: on.name, indirect=True)
def test_a_whole_history_that_sql_writes(on: Database, house: House) -> None:
    house.contract(CONTRACT, **STATED)
    house.revision("r1", BASE)
    plain = house.upgrade(sql=True, guarded=False)
    ran = house.upgrade(sql=True)
    assert (ran.error, ran.output) == (None, plain.output), ran.said
    assert "CREATE TABLE t (" in ran.output
    house.revision("r2", OPERATIONS[ops.DropColumnOp])
    ran = house.upgrade(sql=True)
    assert "DROP COLUMN" not in ran.output if on.written else ran.error is None
    if on.written:
        assert ran.broken == {"column-exists"}
        assert "CREATE" not in ran.output


@pytest.mark.parametrize("url", ["mssql+pyodbc://db", "oracle+oracledb://db"])
def test_what_sql_writes_for_a_database_that_nobody_foresees(url: str, tmp_path: Path) -> None:
    house = House(DATABASES[0], tmp_path, url)
    house.contract({"id": {}})
    house.revision("r1", 'op.create_table("t", sa.Column("n", sa.Integer))')
    house.project.write("migrations/env.py", project.ENV)
    done = house.project.alembic("upgrade", "head", "--sql")
    assert done.returncode == 0, done.stderr
    assert "CREATE TABLE t (" in done.stdout
    assert "This run goes on unchecked." in done.stderr


def test_each_operation_has_a_script() -> None:
    known = {kind for kind in vars(ops).values() if isinstance(kind, type) and issubclass(kind, ops.MigrateOperation)}
    assert known - CONTAINERS == OPERATIONS.keys()
    for on in DATABASES:
        assert {name.split(":")[0] for name in scripts(on)}.issuperset({*WAYS, "batch never", "batch copy_from"})

"""Each operation of Alembic's, in batch mode in all its forms too: what an unguarded run loses is what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from alembic.operations import ops

from tests.databases.running import House
from tests.databases.table import DATABASES
from tests.databases.telling import is_told
from tests.prediction.sqlite.scripts import BASE, SCRIPTS

if TYPE_CHECKING:
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
BATCH = [name for name in SCRIPTS if name.startswith("batch")]
OTHERS = ["create_table with keys", "rename_table", "rename_table child", "metadata drop_all", "execute several"]


def scenarios() -> list[object]:
    """Every operation on every database; of the ways of batch mode one each in turn, on SQLite all that remake."""
    found = []
    for offset, on in enumerate(DATABASES):
        scripts = {kind.__name__: script for kind, script in OPERATIONS.items()}
        names = [name.partition(": ")[2] for name in BATCH if name.startswith("batch auto")]
        in_turn = [f"{WAYS[(at + offset) % len(WAYS)]}: {name}" for at, name in enumerate(names)]
        further = [name for name in BATCH if name.split(":")[0] not in WAYS]
        for name in (*in_turn, *further, *OTHERS):
            if name in SCRIPTS:
                scripts[name] = SCRIPTS[name]
        found += [pytest.param(on, name, text, id=f"{on.name}-{name}") for name, text in scripts.items()]
    return found


class Facts:
    """What the contract states and a database has, by SQLAlchemy's Inspector."""

    def __init__(self, url: str, on: Database) -> None:
        self.exact = on.exact
        with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
            self.inspector = sa.inspect(connection)
            self.held = set(self._held()) if self.inspector.has_table("t") else set()

    def _held(self) -> Any:
        yield "table-exists", None
        columns = {column["name"]: column for column in self.inspector.get_columns("t")}
        for name in CONTRACT.keys() & columns.keys():
            yield "column-exists", name
        for name, kinds in {"a": (sa.String, "VARCHAR"), "b": (sa.Integer, "INTEGER")}.items():
            if name in columns and self._is(columns[name]["type"], *kinds):
                yield "column-type", name
        if "a" in columns and not columns["a"]["nullable"]:
            yield "column-nullable", "a"
        if self.inspector.get_pk_constraint("t")["constrained_columns"] == ["id"]:
            yield "primary-key", "id"
        unique = [each["column_names"] for each in self.inspector.get_unique_constraints("t")]
        if ["a"] in unique or ["a"] in [i["column_names"] for i in self.inspector.get_indexes("t") if i["unique"]]:
            yield "unique", None
        if any(
            (key["constrained_columns"], key["referred_table"], key["referred_columns"]) == (["p_id"], "p", ["id"])
            for key in self.inspector.get_foreign_keys("t")
        ):
            yield "foreign-key", None

    def _is(self, type_: Any, family: type, name: str) -> bool:
        return str(type_).split("(")[0] == name if self.exact else issubclass(type_._type_affinity, family)


def lost(before: Facts, after: Facts) -> set[str]:
    """The rules that a run breaks; a table that is gone is one, and a column."""
    gone = before.held - after.held
    if ("table-exists", None) in gone:
        return {"table-exists"}
    absent = {column for rule, column in gone if rule == "column-exists"}
    return {rule for rule, column in gone if rule == "column-exists" or column not in absent}


@pytest.mark.parametrize(("on", "name", "script"), scenarios(), indirect=["on"])
def test_an_operation(name: str, script: str, on: Database, house: House, request: Any, tmp_path: Any) -> None:
    (tmp_path / "beside").mkdir()
    house.contract(CONTRACT, **STATED)
    house.revision("r1", BASE)
    house.upgrade().passes()
    house.revision("r2", script, prelude="from sqlalchemy.orm import Session, declarative_base")
    with on.fresh(request, tmp_path / "beside") as url:
        beside = House(on, tmp_path / "beside", url)
        beside.project = house.project
        assert beside.upgrade("r1", guarded=False).error is None
        before = Facts(url, on)
        unguarded = beside.upgrade(guarded=False)
        broken = lost(before, Facts(url, on)) if unguarded.error is None else set()
    ran = house.upgrade()
    if unguarded.error is not None:
        assert ran.error is not None, "a script that fails fails with the guard, too"
        assert ran.broken <= {"unique", "foreign-key", "check"} if hasattr(ran.error, "report") else True
    elif broken:
        assert ran.broken == broken, ran.said
        assert ran.report.phase == ("before" if on.foreseen else "commit")
        assert ran.after.heads == ("r1",)
        is_told(ran)
    else:
        ran.passes()
        assert ran.after.heads == ("r2",)


def test_each_operation_has_a_script() -> None:
    known = {kind for kind in vars(ops).values() if isinstance(kind, type) and issubclass(kind, ops.MigrateOperation)}
    assert known - CONTAINERS == OPERATIONS.keys()

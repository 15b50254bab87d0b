"""``alembic_contracts.metadata``: autogenerate writes the migration that a new contract needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

import alembic_contracts
from tests.support.object_images import CONTRACT, museum

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project


def contract(table: str, columns: dict[str, Any], **stated: Any) -> str:
    schema = {"table_name": table, "properties": columns, **stated}
    return json.dumps(
        {"spec-version": "1.0.0", "name": table, "namespace": "shop", "owner": {"name": "Shop"}, "schema": schema}
    )


def stated(**constraints: Any) -> dict[str, Any]:
    return {"constraints": constraints}


@pytest.fixture
def first(project: Project) -> Project:
    """A project whose models are its contracts."""
    museum(project)
    use(project, 'alembic_contracts.metadata("contracts")')
    return project


def use(project: Project, target: str, prelude: str = "") -> None:
    env = project.path / "migrations/env.py"
    env.write_text(env.read_text().replace("target_metadata = None", f"{prelude}\ntarget_metadata = {target}"))


def generated(project: Project) -> str:
    """The script that autogenerate writes, after it was applied."""
    before = set((project.path / "migrations/versions").glob("*.py"))
    done = project.alembic("revision", "--autogenerate", "-m", "next")
    assert done.returncode == 0, done.stdout + done.stderr
    [script] = set((project.path / "migrations/versions").glob("*.py")) - before
    upgraded = project.alembic("upgrade", "head")
    assert upgraded.returncode == 0, upgraded.stdout + upgraded.stderr
    return script.read_text()


def test_the_museums_new_contract_becomes_a_table(first: Project) -> None:
    """Steps VII to IX of the demo's scenario, without a column being typed twice."""
    assert first.alembic("check").returncode == 0, "what is there keeps its contract"
    new = json.loads(CONTRACT)
    new["name"] = "object-images-normalized-contract-spec"
    new["schema"]["table_name"] = "object_images_normalized"
    properties = new["schema"]["properties"]
    del properties["additional_images"]
    properties["image"] = properties.pop("primary_image")
    properties["is_primary_image"] = stated(data_type="boolean", is_nullable=True)
    first.contract("object_images_normalized", new)
    assert first.alembic("check-contracts").returncode == 1
    script = generated(first)
    assert "op.create_table('object_images_normalized'" in script
    assert "op.drop_table('object_images_normalized')" in script
    assert first.alembic("check-contracts").returncode == 0
    assert first.alembic("check").returncode == 0, "there is nothing more to do"
    assert first.alembic("downgrade", "-1").returncode == 0


CUSTOMERS = {"table_schema": "public", "table_name": "customers", "columns": ["id"]}
RICH = {
    "id": stated(data_type="bigint", identity_generation="BY DEFAULT", primaryKey=True),
    "customer": stated(data_type="integer", is_nullable=False),
    "number": stated(data_type="character varying", character_maximum_length=20, column_default="'x'"),
    "price": stated(data_type="numeric", numeric_precision=12, numeric_scale=2),
    "at": stated(data_type="timestamp with time zone", datetime_precision=3),
    "tags": {"constraints": {"data_type": "ARRAY"}, "array_element": {"data_type": "varchar(5)"}},
    "during": stated(data_type="interval"),
    "extra": stated(data_type="jsonb"),
    "key": stated(data_type="uuid"),
    "share": stated(data_type="double precision"),
    "code": stated(data_type="char(3)"),
}


def test_every_fact_that_a_column_can_have(first: Project) -> None:
    first.contract("customers", contract("customers", {"id": stated(data_type="integer", primaryKey=True)}))
    first.contract(
        "orders",
        contract(
            "orders",
            RICH,
            table_schema="sales",
            unique=[["customer", "number"]],
            checks=["price > 0"],
            foreign_keys=[{"columns": ["customer"], "references": CUSTOMERS}],
        ),
    )  # fmt: skip
    first.sql("CREATE SCHEMA sales")
    env = first.path / "migrations/env.py"
    env.write_text(
        env.read_text().replace("connection=connection, target", "include_schemas=True, connection=connection, target")
    )
    generated(first)
    done = first.alembic("check-contracts")
    assert done.returncode == 0, done.stdout
    checked = first.alembic("check")
    assert checked.returncode == 0, checked.stdout


def test_what_is_not_stated_stays(first: Project) -> None:
    """Other tables, columns, constraints, indexes; nullability, types, defaults and comments without a fact."""
    first.sql(
        "CREATE TABLE other (id int)",
        "CREATE TABLE notes (id int PRIMARY KEY, text varchar(10) NOT NULL DEFAULT 'x', more int UNIQUE)",
        "CREATE INDEX ON notes (text)",
        "COMMENT ON COLUMN notes.id IS 'what it is'",
    )
    first.contract("notes", contract("notes", {"id": {"description": "something else"}, "text": {}}))
    done = first.alembic("check")
    assert done.returncode == 0, done.stdout
    first.contract("notes", contract("notes", {"id": {}, "text": {}, "later": stated(data_type="date")}))
    script = generated(first)
    assert script.count("op.") == 2
    assert "op.add_column('notes', sa.Column('later', sa.DATE(), nullable=True))" in script
    assert "op.drop_column('notes', 'later')" in script


ALIEN = {
    "id": stated(data_type="integer", primaryKey=True),
    "state": stated(data_type="USER-DEFINED", enum=["new", "paid"]),
    "address": stated(data_type="inet"),
    "price": stated(data_type="money"),
    "words": stated(data_type="tsvector"),
    "page": stated(data_type="xml"),
    "mail": stated(data_type="public.email"),
    "place": stated(data_type="USER-DEFINED"),
}


def test_types_that_another_database_has_not_are_texts_there(first: Project) -> None:
    first.contract("orders", contract("orders", ALIEN))
    (first.path / "contracts" / "object_images.json").unlink(missing_ok=True)
    first.environment["DATABASE_URL"] = "sqlite:///test.db"
    for script in (first.path / "migrations/versions").glob("*.py"):
        script.unlink()
    script = generated(first)
    assert "sa.Column('state', sa.Enum('new', 'paid', name='state')" in script
    assert script.count("sa.Text()") == 6
    done = first.alembic("check-contracts")
    assert done.returncode == 0, done.stdout


def test_labels_of_a_type_without_a_name_are_a_type(first: Project) -> None:
    first.contract("orders", contract("orders", {name: ALIEN[name] for name in ("id", "state")}))
    assert "postgresql.ENUM('new', 'paid', name='state')" in generated(first)
    done = first.alembic("check-contracts")
    assert done.returncode == 0, done.stdout


def test_a_stated_difference_is_mended(first: Project) -> None:
    first.sql("CREATE TABLE notes (id int, text varchar(10) NOT NULL)")
    first.contract(
        "notes",
        contract("notes", {"id": stated(is_nullable=False), "text": stated(data_type="text", is_nullable=True)}),
    )
    script = generated(first)
    assert script.count("op.alter_column") == 4
    assert first.alembic("check-contracts").returncode == 0


def test_a_closed_contract_drops_what_is_too_much(first: Project) -> None:
    first.sql("CREATE TABLE notes (id int, more int)")
    first.contract("notes", contract("notes", {"id": {}}, closed=True))
    assert "op.drop_column('notes', 'more')" in generated(first)


def test_beside_models(first: Project, project: Project) -> None:
    del project
    prelude = """
import sqlalchemy as sa
models = sa.MetaData(naming_convention={"pk": "pk_%(table_name)s"})
sa.Table("object_images", models, sa.Column("object_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("primary_image", sa.Text), sa.Column("additional_images", sa.ARRAY(sa.Text)),
    sa.Column("created_at", sa.DateTime, nullable=False, server_default=sa.text("CURRENT_TIMESTAMP")))
"""
    env = first.path / "migrations/env.py"
    env.write_text(
        env.read_text().replace('target_metadata = alembic_contracts.metadata("contracts")', "target_metadata = None")
    )
    use(
        first,
        "[models, alembic_contracts.metadata(beside=models, naming_convention=models.naming_convention)]",
        prelude,
    )
    assert first.alembic("check").returncode == 0
    first.sql("CREATE TABLE unmodelled (id int)")
    first.contract("notes", contract("notes", {"id": stated(data_type="integer", primaryKey=True)}))
    script = generated(first)
    assert "op.drop_table('unmodelled')" in script, "that is what models mean"
    assert "op.f('pk_notes')" in script


def test_filters_of_the_users_own(first: Project) -> None:
    env = first.path / "migrations/env.py"
    env.write_text(
        env.read_text().replace(
            "connection=connection, target",
            "include_object=lambda object_, name, kind, *_: name != 'notes', connection=connection, target",
        )
    )
    first.contract("notes", contract("notes", {"id": stated(data_type="integer")}))
    assert first.alembic("check").returncode == 0


def test_odcs_and_views(tmp_path: Path) -> None:
    (tmp_path / "c.odcs.yaml").write_text(
        "kind: DataContract\napiVersion: v3.1.0\nid: x\nname: x\nschema:\n"
        "- name: orders\n  physicalType: table\n  properties:\n"
        "  - {name: id, logicalType: integer, required: true, primaryKey: true, primaryKeyPosition: 1}\n"
        "  - {name: text, physicalType: varchar(20)}\n  - {name: what}\n"
        "- name: seen\n  physicalType: view\n  properties: [{name: id}]\n",
        encoding="utf-8",
    )
    made = alembic_contracts.metadata(tmp_path)
    assert list(made.tables) == ["orders"]
    columns = made.tables["orders"].columns
    assert isinstance(columns["id"].type, sa.BigInteger)
    assert columns["id"].primary_key
    assert isinstance(columns["text"].type, sa.VARCHAR)
    assert columns["text"].type.length == 20
    assert isinstance(columns["what"].type, sa.types.NullType)


def test_a_contract_that_cannot_be_read(first: Project) -> None:
    first.contract("notes", "{")
    done = first.alembic("check")
    assert done.returncode != 0
    assert "contracts/notes.json:1:2" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr

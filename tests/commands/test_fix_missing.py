"""``alembic-contracts fix`` for what contracts state and is missing, on a real database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from alembic_contracts.commands import explain
from alembic_contracts.judging import remedies, rules
from alembic_contracts.reviews.fixes.remedy_code import parts, undone
from tests.support.fixing import CUSTOMERS, NEXT_MONTH, YESTERDAY, fixed, ok, revision_of
from tests.support.object_images import museum, state

if TYPE_CHECKING:
    from tests.support.project import Project


ORDERS = {
    "spec-version": "1.0.0",
    "name": 'or"ders"""\\',
    "namespace": "shop",
    "owner": {"name": 'R"""; raise SystemExit("no") # \\', "email": "r@example.org"},
    "schema": {
        "table_schema": "sales",
        "table_name": "orders",
        "unique": [["number"]],
        "checks": ["number > 0"],
        "foreign_keys": [{"columns": ["customer"], "references": {"table_name": "customers", "columns": ["id"]}}],
        "properties": {
            "id": {"constraints": {"data_type": "integer", "primaryKey": True}},
            "number": {"constraints": {"data_type": "integer", "is_nullable": False}},
            "customer": {"constraints": {"data_type": "bigint"}},
            "mood": {"constraints": {"data_type": "public.mood", "enum": ["sad", "it's"]}},
            "moods": {"constraints": {"data_type": "text[]"}},
        },
    },
}


def test_schemas_types_and_keys_are_created_in_their_order(project: Project) -> None:
    project.contract("a_orders", ORDERS)
    project.contract("b_customers", CUSTOMERS)
    before = state(project)
    [script] = fixed(project)
    assert script.read_text(encoding="utf-8").count('"""') == 2
    for _ in range(2):
        ok(project.alembic("upgrade", "head"))
        assert json.loads(ok(project.alembic("check-contracts", "--format", "json")))["violations"] == []
        ok(project.alembic("downgrade", "base"))
        assert [
            row for row in state(project) if row[0] != "alembic_version" and "version_num" not in str(row)
        ] == before
    assert fixed(project) == []


def test_a_column_and_a_constraint_are_added(project: Project) -> None:
    project.contract("a_orders", ORDERS)
    project.contract("b_customers", CUSTOMERS)
    [script] = fixed(project)
    ok(project.alembic("upgrade", "head"))
    project.revision("r2", "op.execute('ALTER TABLE sales.orders DROP COLUMN mood')", down=revision_of(script))
    project.revision("r3", "op.execute('ALTER TABLE sales.orders DROP CONSTRAINT orders_number_key')")
    ok(project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"}))
    [more] = fixed(project)
    ok(project.alembic("upgrade", "head"))
    ok(project.alembic("check-contracts"))
    ok(project.alembic("downgrade", "r3"))
    ok(project.alembic("upgrade", "head"))
    assert 'ADD CONSTRAINT "orders_number_key" UNIQUE' in more.read_text(encoding="utf-8")
    assert "Not undone" not in more.read_text(encoding="utf-8")


@pytest.mark.parametrize("at_once", [True, False])
def test_a_type_that_changes(project: Project, *, at_once: bool) -> None:
    museum(project)
    project.revision("r2", "op.alter_column('object_images', 'object_id', type_=sa.BigInteger)")
    ending = f"columns: {{object_id: {{sunset: {YESTERDAY if at_once else NEXT_MONTH}}}}}\n"
    if not at_once:
        [expanding] = fixed(project)
        ok(project.alembic("upgrade", "head"))
        project.write("contracts/object_images.lifecycle.yaml", ending.replace(f"{NEXT_MONTH}", f"{YESTERDAY}"))
        [contracting] = fixed(project, "--contract")
    else:
        project.write("contracts/object_images.lifecycle.yaml", ending.replace(f"{YESTERDAY}", f"{NEXT_MONTH}"))
        expanding, contracting = fixed(project, "--contract")
        text = contracting.read_text(encoding="utf-8")
        day, past = (f"date({each.year}, {each.month}, {each.day})" for each in (NEXT_MONTH, YESTERDAY))
        contracting.write_text(text.replace(day, past), encoding="utf-8")
        project.write("contracts/object_images.lifecycle.yaml", ending)
    ok(project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_UNPROVEN": "warn"}))
    project.sql("INSERT INTO object_images (object_id_new, primary_image) VALUES (1, 'x')")  # no trigger is in the way
    assert project.sql("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == [(0,)]
    assert "CREATE TRIGGER" in expanding.read_text(encoding="utf-8")


RULES_WITH_CODE = [
    (rule.id, which)
    for rule in rules.load().values()
    for which in ("remedy", "fix")
    if "\n    op." in f"\n{getattr(rule, which)}" or "\n    op." in getattr(rule, which)
]


@pytest.mark.parametrize(("rule", "which"), RULES_WITH_CODE)
def test_the_code_of_each_advice_is_read(rule: str, which: str) -> None:
    template = getattr(rules.load()[rule], which)
    found = parts(remedies.rendered(template, {**explain._PLACEHOLDERS, **remedies.EXAMPLES}))
    assert found.now
    assert not found.later
    if found.adds_column:
        assert undone(found.now)[1] == [], "what brings a column beside another can be taken back"


def test_of_two_ways_the_first_is_taken() -> None:
    from alembic_contracts.judging.rules import column_exists

    template = next(
        text for text in vars(column_exists).values() if isinstance(text, str) and "GENERATED ALWAYS" in text
    )
    found = parts(remedies.rendered(template, {**explain._PLACEHOLDERS, **remedies.EXAMPLES}))
    assert [str(each.sqltext).split("total")[0] for each in found.now] == ["ALTER TABLE public.orders ADD COLUMN "]
    assert [str(each.sqltext).rpartition(" ")[0] for each in found.later] == [
        "ALTER TABLE public.orders DROP COLUMN",
        "ALTER TABLE public.orders RENAME COLUMN total TO",
    ]


def test_numbering_and_templates_of_the_project_are_kept(project: Project) -> None:
    museum(project)
    env = (project.path / "migrations/env.py").read_text(encoding="utf-8")
    env = env.replace(
        "target_metadata = None\n",
        ("target_metadata = None\n\ndef number(context, revision, directives):\n    directives[0].rev_id = '0002'\n\n"),
    ).replace(
        "target_metadata=target_metadata)", "target_metadata=target_metadata, process_revision_directives=number)"
    )
    project.write("migrations/env.py", env)
    template = (project.path / "migrations/script.py.mako").read_text(encoding="utf-8")
    project.write("migrations/script.py.mako", f"# of this project\n{template}")
    project.contract("customers", CUSTOMERS)
    [script] = fixed(project)
    assert script.name == "0002_expand_customers.py"
    assert script.read_text(encoding="utf-8").startswith("# of this project\n")
    ok(project.alembic("upgrade", "head"))


def test_several_heads_are_told(project: Project) -> None:
    museum(project)
    project.revision("a1", "pass", down="r1")
    project.revision("b1", "pass", down="r1")
    project.contract("customers", CUSTOMERS)
    done = project.cli("fix")
    assert done.returncode == 2
    assert "Multiple heads are present" in done.stderr
    [script] = fixed(project, "--head", "b1")
    assert "down_revision = 'b1'" in script.read_text(encoding="utf-8")

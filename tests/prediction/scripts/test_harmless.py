"""Which scripts need no process of their own, and that it makes no difference to what is predicted of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from alembic_contracts.prediction.containment.limits import Limits
from alembic_contracts.prediction.scripts import predict as predicting
from tests.support.harmless import ADDS, BATCH, CHANGES, MAKES, predicted
from tests.support.scripts import TABLE, Scripts, operations, the_only

if TYPE_CHECKING:
    from pathlib import Path

    from alembic_contracts.schemas.steps import Prediction

IN_ANOTHER_BATCH = """
with op.batch_alter_table("t") as another:
    another.alter_column("name", existing_type=sa.Text(), nullable=True)
"""
AGAIN = f"sa.text({'a ' * 500!r})"
DOCUMENTS = """
with op.batch_alter_table("t", None) as batch_op:
    batch_op.add_column(sa.Column("a", sa.JSON(), nullable=True))
"""
ENDLESS_BATCH = """
with op.batch_alter_table({}) as batch_op:
    batch_op.drop_column("name")
"""
LONG_NAME, NAMES = f"*({'a' * 4000!r},)", f"*({'a' * 63!r},)*200"
HARMLESS = {
    "adds": ADDS,
    "in a batch": BATCH,
    "makes": MAKES,
    "is refused": CHANGES,
    "does nothing": "pass",
    "has documents": 'op.add_column("t", sa.Column("a", postgresql.JSONB(astext_type=sa.Text()), server_default="{}"))',
    "has lists": 'op.create_index("i", "t", ["id", "name", sa.text("abs(id)")], postgresql_include=["id", "name"])',
    "has documents in a batch": DOCUMENTS,
    "in two batches": f"{BATCH}\n{IN_ANOTHER_BATCH}",
    "more than one": f"{ADDS}\nop.drop_constraint('t_pkey', 't', type_='primary')\nop.rename_table('t', 'u')",
}
OTHERS = {
    "executes a text": 'op.execute("ALTER TABLE t ADD COLUMN a text")',
    "reads": "op.get_bind()",
    "goes by something": "if op.f('x'):\n    op.drop_column('t', 'name')",
    "repeats": "for name in ('a', 'b'):\n    op.add_column('t', sa.Column(name, sa.Text))",
    "calls itself": "upgrade()",
    "imports": "import os",
    "has long texts": f"op.create_table_comment('t', {'x ' * 3000!r})\nop.create_table_comment('t', {'y ' * 3000!r})",
    "has a long text in a list": f"op.create_index('i', 't', ('name', {'x ' * 5001!r}))",
    "has a large number": "op.add_column('t', sa.Column('a', sa.ARRAY(sa.Text, dimensions=10**9)))",
    "has a large number at a place": "op.add_column('t', sa.Column('a', sa.ARRAY(sa.Text, False, 10**9)))",
    "has a long text again and again": f"op.create_index('i', 't', [{', '.join([AGAIN] * 12)}])",
    "has many operations": "\n".join(f"op.add_column('t', sa.Column('c{n}', sa.Text))" for n in range(4000)),
    "has a function": "op.add_column('t', sa.Column('a', sa.Text, default=lambda: 1))",
    "works out": "op.drop_column('t' * 10**9, 'name')",
    "makes more of the same": "x = sa.func.now()\nx = sa.func.now(x, x)",
    "takes a batch for another": "with op.f('t'):\n    pass\nx = sa.func.now()",
    "goes through something": "sa.Enum(name=[*sa.func.now()])",
    "keeps what it makes": "sa.func.now(x := sa.func.now(), x)",
    "goes through an expression": "op.create_index('i', 't', sa.Column('a', sa.JSON()))",
    "is as wide as it says": "op.batch_alter_table('t', naming_convention={'ck': '%(table_name)1000s'})",
    "is as wide as it says, at a place": """
        sa.Table("t", sa.MetaData(None, None, {"ck": "%(table_name)1000s"}), sa.CheckConstraint("a"))
        """,
    "has a long name again and again": f"op.create_index('i', 't', [{', '.join([LONG_NAME] * 5)}])",
    "has very many names": f"op.create_index('i', 't', [{', '.join([NAMES] * 100)}])",
    "has a statement in a text": "op.create_table_comment('t', sa.text(\"''; DROP TABLE t\"))",
    "has a comment in a text": "op.create_table('u', prefixes=['TABLE made AS SELECT 1 --'])",
    "has a comment of many lines in a text": "op.create_table('u', sa.Column('a', sa.Text), prefixes=['/*', '*/'])",
    "begins a statement otherwise": "op.create_table('c', sa.Column('a', sa.Text), prefixes=['UNLOGGED'])",
    "makes a table anew": "with op.batch_alter_table('t', recreate='always') as b:\n    b.drop_column('name')",
    "makes a table anew at a place": "with op.batch_alter_table('t', None, 'always') as b:\n    b.drop_column('name')",
    "changes Alembic's table": "op.add_column('alembic_version', sa.Column('a', sa.Text, server_default='x'))",
    "makes a type itself": "sa.Enum('a', name='kind').create(op.get_bind())",
}
ENDLESS = {
    "never ends": "while True:\n    pass",
    "goes through an expression for a batch": ENDLESS_BATCH.format(
        "'t', recreate='always', table_args=sa.Column('a', sa.JSON())"
    ),
    "goes through an expression to reflect": ENDLESS_BATCH.format(
        "'t', recreate='always', reflect_args=sa.literal_column('a', sa.JSON())"
    ),
    "goes through an expression at a place": ENDLESS_BATCH.format(
        "'t', None, 'always', None, None, sa.Column('a', sa.JSON())"
    ),
}
KEY_OF_AN_EXPRESSION = "sa.ForeignKeyConstraint(sa.Column('a', sa.JSON()), ['a'])"
MODULES = {
    "imports a function": "from os import system as f",
    "imports all": "from sqlalchemy import *",
    "calls": "revision = str('a')",
    "is large": "branch_labels = 'a' * 10**10",
    "has another function": "def f():\n    pass",
    "has a class": "class A:\n    pass",
    "binds a function otherwise": "upgrade = downgrade",
    "gives a function another name": "text = downgrade",
    "goes on with a type": "from typing import Tuple\ntext = Tuple[str, str]",
    "leaves something": "sa.Column.__annotations__['left'] = 1",
    "takes something of a library": "from sqlalchemy import __annotations__\n__annotations__['left'] = 1",
    "is decorated": "def downgrade(op=print('x')):\n    pass",
    "has a second one": "def upgrade():\n    pass",
}


def shown(prediction: Prediction) -> tuple[Any, ...]:
    """All that there is to it, to be compared with another one."""
    found = [(each.label, each.location, each.after, each.commits) for each in operations(prediction)]
    return prediction.before, found, prediction.unproven, prediction.cut


@pytest.mark.parametrize("name", HARMLESS)
@pytest.mark.parametrize("as_sql", [False, True])
def test_it_makes_no_difference(
    name: str, scripts: Scripts, forked: list[int], monkeypatch: pytest.MonkeyPatch, *, as_sql: bool
) -> None:
    scripts.revision("one", HARMLESS[name])
    scripts.revision("two", 'op.add_column("t", sa.Column("last", sa.Date(), nullable=True))')
    found = [the_only(scripts.predict("public.t", "public.made", setup=TABLE, as_sql=as_sql, limits=Limits()))]
    assert forked == []
    with monkeypatch.context() as patch:
        patch.setattr(predicting, "are_harmless", lambda *_: False)
        found += [the_only(scripts.predict("public.t", "public.made", setup=TABLE, as_sql=as_sql, limits=Limits()))]
    assert forked
    assert shown(found[0]) == shown(found[1])
    assert len(operations(found[0])) > 1 or name in ("does nothing", "is refused")


@pytest.mark.parametrize("name", OTHERS)
def test_others_have_a_process_of_their_own(name: str, scripts: Scripts, forked: list[int]) -> None:
    scripts.revision("one", "pass")
    scripts.revision("two", OTHERS[name])
    scripts.predict("public.t", setup=TABLE, limits=Limits())
    assert forked


@pytest.mark.parametrize("name", ENDLESS)
def test_others_come_to_an_end(name: str, scripts: Scripts, forked: list[int]) -> None:
    scripts.revision("one", ENDLESS[name])
    prediction = the_only(scripts.predict("public.t", setup=TABLE, limits=Limits(seconds=0.5)))
    assert forked
    assert "did not come to an end within 0.5 s" in "".join(each.reason for each in prediction.unproven)


def test_a_key_that_goes_through_an_expression(scripts: Scripts, forked: list[int]) -> None:
    """SQLAlchemy 2.0 never ends there, and 2.1 does not begin."""
    scripts.revision("one", KEY_OF_AN_EXPRESSION)
    the_only(scripts.predict("public.t", setup=TABLE, limits=Limits(seconds=0.5)))
    assert bool(forked) == sa.__version__.startswith("2.0.")


@pytest.mark.parametrize("name", MODULES)
def test_so_have_those_whose_module_does_more(name: str, scripts: Scripts, forked: list[int]) -> None:
    path = scripts.revision("one", ADDS)
    path.write_text(f"{path.read_text()}\n\n{MODULES[name]}\n")
    predicted(scripts)
    assert forked


@pytest.mark.parametrize(
    "arguments", ["x=lambda: print('x')", "*, x=lambda: print('x')", "x='long ' * 100", "*x", "**x", "x=None, /"]
)
def test_functions_with_arguments(arguments: str, scripts: Scripts, forked: list[int]) -> None:
    """What they are by default is code, and values, that nobody looks at; others are env.py's."""
    path = scripts.revision("one", ADDS)
    path.write_text(path.read_text().replace("def upgrade():", f"def upgrade({arguments}):"))
    predicted(scripts)
    assert forked


def test_a_module_that_is_called_like_something_else(
    scripts: Scripts, forked: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "op.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    path = scripts.revision("one", "pass")
    path.write_text(f"{path.read_text()}\n\nimport op\n")
    predicted(scripts)
    assert forked


@pytest.mark.parametrize(
    ("imports", "annotation"),
    [
        ("from typing import Optional, Sequence, Union", "Union[str, Sequence[str], None]"),
        ("from collections.abc import Sequence", "str | Sequence[str] | None"),
        ("from __future__ import annotations", "str | tuple[str, ...] | None"),
    ],
)
def test_annotations_of_templates(imports: str, annotation: str, scripts: Scripts, forked: list[int]) -> None:
    path = scripts.revision("one", ADDS)
    text = path.read_text().replace("down_revision =", f"down_revision: {annotation} =")
    path.write_text(f"{imports}\n{text}")
    assert len(operations(predicted(scripts))) == 1
    assert forked == []


def test_both_ways(scripts: Scripts, forked: list[int]) -> None:
    """The function that is not run need not be looked at."""
    scripts.revision("one", ADDS, downgrade="op.execute('SELECT 1')")
    assert len(operations(predicted(scripts))) == 1
    assert forked == []

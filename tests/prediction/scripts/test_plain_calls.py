"""What ``--no-exec`` makes of version scripts: what is written out is known, and no code of theirs runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alembic_contracts.prediction.scripts.loading import fresh_module
from alembic_contracts.prediction.scripts.outline import outline
from alembic_contracts.prediction.scripts.plain_calls import plain_module

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """
import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Text
from sqlalchemy.dialects import postgresql

revision = "r"
down_revision = None
TABLE = "t"
"""

PLAIN = (
    "op.create_table('t', sa.Column('a', sa.Integer, primary_key=True), Column('b', Text(), nullable=False))",
    "op.add_column(TABLE, sa.Column('c', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text('now()')))",
    "op.execute('DROP TABLE t')",
    "op.execute(sa.text('DROP TABLE t'))",
    "op.create_index(op.f('ix'), 't', ['a', sa.func.lower('b')], unique=-1)",
    "with op.batch_alter_table('t') as batch:\n        batch.drop_column('a')",
    "t = op.create_table('t', sa.Column('a', sa.ARRAY(sa.Text)))\n    op.bulk_insert(t, [{'a': None}])",
    "pass",
    "'text'",
)

NOT_PLAIN = (
    "touch()",
    "op.execute(touch())",
    "op.execute(f'{touch()}')",
    "op.execute(*[touch()])",
    "op.add_column('t', **touch())",
    "op.get_bind().execute('x')",
    "op.run_async(touch)",
    "op.invoke(touch())",
    "op.add_column('t', sa.Column('c', sa.Integer, default=touch))",
    "op.add_column('t', sa.create_engine('sqlite://'))",
    "op.add_column('t', sa.util.langhelpers.md5_hex(touch))",
    "op.__class__('t')",
    "op.execute((lambda: touch())())",
    "op.execute([touch() for _ in (1,)][0])",
    "op.execute(touch() if 1 else 2)",
    "op.execute('x' + touch())",
    "with touch() as batch:\n        batch.drop_column('a')",
    "with op.batch_alter_table('t') as batch:\n        touch()",
    "with op.batch_alter_table('t') as batch, touch():\n        pass",
    "if 1:\n        op.execute('x')",
    "import os",
    "raise ValueError",
    "sa = touch()",
    "def op():\n        pass",
    "sa.Text.touched = op.f('x')",
)

AROUND = (
    "touch()",
    "import mischief",
    "from . import mischief",
    "from mischief import op",
    "x = touch()",
    "if touch(): pass",
    "class A: touch()",
    "@touch\ndef helper(): pass",
    "def helper(a=touch()): pass",
    "op.execute('x')",
    "op = sa = touch()",
)


@pytest.fixture
def told() -> list[int]:
    return []


def made(path: Path, body: str, told: list[int], around: str = "") -> None:
    """Call the plain part of a script whose ``upgrade`` is at line 12."""
    path.write_text(f"{HEAD}\n\ndef upgrade():\n    {body}\n\n\ndef downgrade():\n    pass\n\n\n{around}\n")
    module = plain_module(str(path), lambda _reason, line: told.append(line))
    if not told:
        assert callable(module.upgrade)


@pytest.mark.parametrize("body", PLAIN)
def test_operations_that_are_written_out(tmp_path: Path, told: list[int], body: str) -> None:
    called: list[str] = []
    made(tmp_path / "r.py", body, told)
    module = plain_module(str(tmp_path / "r.py"), lambda _reason, line: told.append(line))
    names = module.upgrade.__code__.co_names
    assert "_told" not in names, called


@pytest.mark.parametrize("body", NOT_PLAIN)
def test_everything_else_is_told_at_its_line(tmp_path: Path, told: list[int], body: str) -> None:
    made(tmp_path / "r.py", body, told)
    module = plain_module(str(tmp_path / "r.py"), lambda _reason, line: told.append(line))
    assert module.upgrade.__code__.co_names == ("_told",)
    module.upgrade()
    assert told == [13]


@pytest.mark.parametrize("around", AROUND)
def test_so_is_code_around_the_functions(tmp_path: Path, told: list[int], around: str) -> None:
    made(tmp_path / "r.py", "pass", told, around)
    assert len(told) >= 1


@pytest.mark.parametrize(
    ("body", "around"),
    [
        ("op.execute('x')", "def op(): pass"),
        ("op.execute('x')", "import json as op"),
        ("op.execute(TABLE)", "TABLE = 'u'"),
        ("op.execute('x')\n    def op(): pass", ""),
        ("op.execute('x')\n    import os as op", ""),
    ],
)
def test_a_name_that_stands_for_something_else_is_not_plain(
    tmp_path: Path, told: list[int], body: str, around: str
) -> None:
    made(tmp_path / "r.py", body, told, around)
    plain_module(str(tmp_path / "r.py"), lambda _reason, line: told.append(line)).upgrade()
    assert 13 in told


def test_functions_that_are_not_written_out(tmp_path: Path, told: list[int]) -> None:
    (tmp_path / "r.py").write_text("from elsewhere import upgrade\n")
    plain_module(str(tmp_path / "r.py"), lambda _reason, line: told.append(line)).upgrade()
    assert told == [1, 1]


REVISIONS = [
    ("revision = 'a'\ndown_revision = ('b', 'c')\n", "a"),
    ("revision: str = 'a'\ndown_revision: str | None = None\nimport os; os._exit(1)\n", "a"),
    ("revision = 'a'\ndown_revision = None\nrevision = 'b'\n", "b"),
    ("revision = make()\ndown_revision = None\n", None),
    ("revision, down_revision = 'a', None\n", None),
    ("revision = 'a'\ndown_revision = None\nif x:\n    revision = 'b'\n", None),
    ("revision = 'a'\ndown_revision = None\nrevision += 'b'\n", None),
    ("revision = 'a'\ndown_revision = None\nfrom x import *\n", None),
    ("revision = 'a'\ndown_revision = None\nfrom x import revision\n", None),
    ("revision = 'a'\ndown_revision = None\ndef f():\n    global revision\n    revision = 'b'\nf()\n", None),
    ("revision = 'a'\ndown_revision = None\ndel revision\n", None),
    ("revision = 'a'\n", None),
    ("revision = 'a'\ndown_revision = None\n[revision := 'b' for _ in 'c']\n", None),
]


@pytest.mark.parametrize("compiles", [False, True])
@pytest.mark.parametrize(("text", "revision"), REVISIONS)
def test_a_revision_is_read_where_it_is_written_down(
    tmp_path: Path, text: str, revision: str | None, *, compiles: bool
) -> None:
    (tmp_path / "r.py").write_text(text)
    module = outline(tmp_path / "r.py", compiles=compiles)
    assert (module.revision if module is not None else None) == revision


def test_scripts_that_are_alike_state_their_own(tmp_path: Path) -> None:
    text = '"""{0}"""\nimport os\nrevision: str = {0!r}\ndown_revision = {1}\n\n\ndef upgrade():\n    {2}\n'
    stated = [("a", None, "pass"), ("b", "a", "pass"), ("c", ("a", "b"), "os._exit(1)"), ("d", "d", "x = 'd'")]
    for name, below, body in stated:
        (tmp_path / f"{name}.py").write_text(text.format(name, repr(below), body))
    read = [outline(tmp_path / f"{name}.py") for name, *_ in stated]
    compiled = [outline(tmp_path / f"{name}.py", compiles=True) for name, *_ in stated]
    for found, (name, below, _) in zip((*read, *compiled), stated * 2, strict=True):
        assert found is not None
        assert (found.__doc__, found.revision, found.down_revision, found.upgrade()) == (name, name, below, None)
    assert [found.code is not None for found in (*read, *compiled) if found] == [False] * 4 + [True] * 4


def test_what_is_compiled_is_run_as_its_file_would_be(tmp_path: Path) -> None:
    path = tmp_path / "r.py"
    path.write_text("revision = 'a'\ndown_revision = None\nx = __file__, __spec__.origin, __name__\n")
    known = outline(path, compiles=True)
    path.write_text("raise AssertionError\n")
    assert fresh_module(str(path), known).x == (str(path), str(path), "r_py")

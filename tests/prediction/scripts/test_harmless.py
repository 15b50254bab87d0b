"""Which scripts need no process of their own, and that it makes no difference to what is predicted of them."""

from __future__ import annotations

import functools
import logging
import os
import textwrap
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import alembic.op
import pytest
import sqlalchemy as sa
from alembic.ddl.postgresql import PostgresqlImpl
from alembic.operations import Operations, ops, toimpl
from sqlalchemy import event
from sqlalchemy.dialects.postgresql.base import PGDialect, PGTypeCompiler
from sqlalchemy.ext.compiler import compiles, deregister

from alembic_contracts.prediction.containment import process
from alembic_contracts.prediction.containment.limits import Limits
from alembic_contracts.prediction.scripts import predict as predicting
from alembic_contracts.prediction.scripts.isolation import unheard
from tests.support.scripts import TABLE, Scripts, operations, the_only

if TYPE_CHECKING:
    from pathlib import Path

    from alembic_contracts.schemas.steps import Prediction

ADDS = 'op.add_column("t", sa.Column("a", sa.Text))'
BATCH = """
with op.batch_alter_table("t", schema=None) as batch_op:
    batch_op.add_column(sa.Column("a", sa.String(20), server_default="x", nullable=False))
    batch_op.create_index(batch_op.f("ix_t_a"), ["a"], unique=False)
"""
IN_ANOTHER_BATCH = """
with op.batch_alter_table("t") as another:
    another.alter_column("name", existing_type=sa.Text(), nullable=True)
"""
MAKES = """
op.create_table(
    "made",
    sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column("of", sa.Integer(), sa.ForeignKey("t.id", ondelete="CASCADE")),
    sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    sa.Column("key", postgresql.UUID(as_uuid=True), server_default=sa.text("gen_random_uuid()")),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_made")),
    sa.UniqueConstraint("of", "at"),
    sa.CheckConstraint("at > '2000-01-01'", name="ck_made_at"),
    comment="made here",
)
op.create_index("ix_made", "made", [sa.text("abs(id)"), "at"], postgresql_where=sa.text("at IS NOT NULL"))
"""
CHANGES = """
op.alter_column("t", "name", existing_type=sa.Text(), type_=sa.String(length=-1), nullable=True)
op.drop_column("t", "nothing")
"""
AGAIN = f"sa.text({'a ' * 500!r})"
HARMLESS = {
    "adds": ADDS,
    "in a batch": BATCH,
    "makes": MAKES,
    "is refused": CHANGES,
    "does nothing": "pass",
    "has documents": 'op.add_column("t", sa.Column("a", postgresql.JSONB(astext_type=sa.Text()), server_default="{}"))',
    "has lists": 'op.create_index("i", "t", ["id", "name", sa.text("abs(id)")], postgresql_include=["id", "name"])',
    "in two batches": f"{BATCH}\n{IN_ANOTHER_BATCH}",
    "more than one": f"{ADDS}\nop.drop_constraint('t_pkey', 't', type_='primary')\nop.rename_table('t', 'u')",
}
OTHERS = {
    "executes a text": 'op.execute("ALTER TABLE t ADD COLUMN a text")',
    "reads": "op.get_bind()",
    "goes by something": "if op.f('x'):\n    op.drop_column('t', 'name')",
    "repeats": "for name in ('a', 'b'):\n    op.add_column('t', sa.Column(name, sa.Text))",
    "never ends": "while True:\n    pass",
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
    "makes a type itself": "sa.Enum('a', name='kind').create(op.get_bind())",
}
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


@pytest.fixture(name="forked")
def forked_(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that are made from here on."""
    made: list[int] = []
    fork = process.fork

    def told() -> int:
        made.append(os.getpid())
        return fork()

    monkeypatch.setattr(process, "fork", told)
    return made


def predict(scripts: Scripts) -> Prediction:
    return the_only(scripts.predict("public.t", "public.u", "public.made", setup=TABLE, limits=Limits()))


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
    if name != "never ends":
        predict(scripts)
    else:
        scripts.predict("public.t", setup=TABLE, limits=Limits(seconds=0.5))
    assert forked


@pytest.mark.parametrize("name", MODULES)
def test_so_have_those_whose_module_does_more(name: str, scripts: Scripts, forked: list[int]) -> None:
    path = scripts.revision("one", ADDS)
    path.write_text(f"{path.read_text()}\n\n{MODULES[name]}\n")
    predict(scripts)
    assert forked


@pytest.mark.parametrize(
    "arguments", ["x=lambda: print('x')", "*, x=lambda: print('x')", "x='long ' * 100", "*x", "**x", "x=None, /"]
)
def test_functions_with_arguments(arguments: str, scripts: Scripts, forked: list[int]) -> None:
    """What they are by default is code, and values, that nobody looks at; others are env.py's."""
    path = scripts.revision("one", ADDS)
    path.write_text(path.read_text().replace("def upgrade():", f"def upgrade({arguments}):"))
    predict(scripts)
    assert forked


def test_a_module_that_is_called_like_something_else(
    scripts: Scripts, forked: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "op.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    path = scripts.revision("one", "pass")
    path.write_text(f"{path.read_text()}\n\nimport op\n")
    predict(scripts)
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
    assert len(operations(predict(scripts))) == 1
    assert forked == []


def test_both_ways(scripts: Scripts, forked: list[int]) -> None:
    """The function that is not run need not be looked at."""
    scripts.revision("one", ADDS, downgrade="op.execute('SELECT 1')")
    assert len(operations(predict(scripts))) == 1
    assert forked == []


# -- what others have libraries do -------------------------------------------------------------------------------------


@contextmanager
def listening(target: Any, name: str, **how: bool) -> Iterator[list[int]]:
    heard: list[int] = []

    def hear(what: Any = None, *_: Any, **__: Any) -> None:
        if getattr(what, "name", "") not in ("alembic_version", "version_num"):  # which Alembic makes itself
            heard.append(os.getpid())

    event.listen(target, name, hear, **how)
    try:
        yield heard
    finally:
        event.remove(target, name, hear)


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (sa.Engine, "after_cursor_execute"),
        (sa.Engine, "before_cursor_execute"),  # which SQLAlchemy puts a function of its own around
        (sa.Engine, "engine_connect"),
        (sa.pool.Pool, "connect"),
        (sa.Table, "after_parent_attach"),
        (sa.Column, "after_parent_attach"),
    ],
)
def test_who_listens_hears_nothing(target: Any, name: str, scripts: Scripts, forked: list[int]) -> None:
    """It may write down somewhere what is never executed."""
    scripts.revision("one", MAKES)
    with listening(target, name) as heard:
        predict(scripts)
        assert heard == []
    assert forked
    forked.clear()
    predict(scripts)
    assert forked == []


@pytest.mark.parametrize("how", [{"named": True}, {"once": True}])
def test_nor_who_listens_in_another_way(how: dict[str, bool], scripts: Scripts, forked: list[int]) -> None:
    """SQLAlchemy puts a function of its own around those, too."""
    scripts.revision("one", MAKES)
    with listening(sa.Engine, "commit", **how) as heard:
        predict(scripts)
        assert heard == []
    assert forked


def test_compilers_of_others(scripts: Scripts, forked: list[int]) -> None:
    scripts.revision("one", MAKES)
    seen: list[int] = []

    @compiles(sa.Text, "postgresql")
    def compiled(_type: sa.Text, _compiler: Any, **_options: Any) -> str:
        seen.append(os.getpid())
        return "TEXT"

    try:
        predict(scripts)
    finally:
        deregister(sa.Text)
    assert forked
    assert seen == []


def test_functions_that_make_names(scripts: Scripts, forked: list[int]) -> None:
    seen: list[int] = []

    def token(*_: Any) -> str:
        seen.append(os.getpid())
        return "x"

    scripts.revision("one", MAKES)
    scripts.configure["target_metadata"] = sa.MetaData(naming_convention={"token": token, "uq": "uq_%(token)s"})
    predict(scripts)
    assert forked
    assert seen == []
    forked.clear()
    scripts.configure["target_metadata"] = [sa.MetaData(naming_convention={"uq": "uq_%(table_name)s"})]
    predict(scripts)
    assert forked == []


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (alembic.op, "add_column"),
        (PostgresqlImpl, "_exec"),
        (PGTypeCompiler, "visit_TEXT"),
        (PGDialect, "initialize"),
        (sa.Engine, "connect"),  # as tracing does
        (sa.Connection, "execute"),
        (Operations, "invoke"),
        (sa, "Column"),
        (sa, "Text"),
        (sa, "text"),
        (sa.types, "Text"),
    ],
)
def test_libraries_that_somebody_has_changed(
    owner: Any, name: str, scripts: Scripts, forked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = getattr(owner, name)
    if isinstance(found, type):
        changed: Any = type(name, (found,), {"__module__": __name__})
    else:

        @functools.wraps(found)
        def changed(*arguments: Any, **options: Any) -> Any:
            return found(*arguments, **options)

    monkeypatch.setattr(owner, name, changed)
    scripts.revision("one", ADDS)
    predict(scripts)
    assert forked


def test_operations_that_somebody_has_replaced(scripts: Scripts, forked: list[int]) -> None:
    scripts.revision("one", ADDS)

    @Operations.implementation_for(ops.AddColumnOp, replace=True)
    def add(operations: Operations, operation: ops.AddColumnOp) -> Any:
        os.environ["SEEN_BY_ALEMBIC_CONTRACTS"] = "yes"
        return toimpl.add_column(operations, operation)

    try:
        assert len(operations(predict(scripts))) == 1
    finally:
        Operations.implementation_for(ops.AddColumnOp, replace=True)(toimpl.add_column)
    assert forked
    assert "SEEN_BY_ALEMBIC_CONTRACTS" not in os.environ


def test_operations_that_somebody_has_added_do_not_matter(scripts: Scripts, forked: list[int]) -> None:
    class NewOp(ops.MigrateOperation):
        pass

    scripts.revision("one", ADDS)
    Operations.implementation_for(NewOp)(lambda *_: None)
    try:
        predict(scripts)
    finally:
        del Operations._to_impl._registry[NewOp, "default"]
    assert forked == []


def test_an_implementation_of_a_projects_own(scripts: Scripts, forked: list[int]) -> None:
    class OwnImpl(PostgresqlImpl):
        __dialect__ = "postgresql"

    scripts.revision("one", ADDS)
    try:
        predict(scripts)
    finally:
        from alembic.ddl.impl import _impls

        _impls["postgresql"] = PostgresqlImpl
    assert forked
    assert OwnImpl is not PostgresqlImpl


def test_other_threads(scripts: Scripts, forked: list[int]) -> None:
    """Warnings are caught in all of them at once, and not put back where two do so."""
    scripts.revision("one", ADDS)
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        predict(scripts)
    finally:
        over.set()
        thread.join()
    assert forked


# -- what is heard of it -----------------------------------------------------------------------------------------------


def test_libraries_say_nothing_meanwhile(scripts: Scripts, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    predict(scripts)  # nothing, but with what Alembic logs itself
    before = [record.message for record in caplog.records]
    caplog.clear()
    scripts.revision("one", ADDS)
    scripts.revision("two", MAKES)
    predict(scripts)
    assert [record.message for record in caplog.records] == before


def test_other_threads_are_heard(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("sqlalchemy.of.somebody")
    caplog.set_level(logging.INFO, logger=log.name)
    thread = threading.Thread(target=lambda: log.info("theirs"))
    with warnings.catch_warnings(record=True) as warned, unheard():
        warnings.simplefilter("always")
        log.info("ours")
        warnings.warn("ours", stacklevel=1)
        thread.start()
        thread.join()
    log.info("afterwards")
    assert warned == []
    assert [record.message for record in caplog.records] == ["theirs", "afterwards"]


def test_nothing_stays_behind(scripts: Scripts) -> None:
    before = logging.root.manager.disable, [list(handler.filters) for handler in logging.root.handlers], os.getcwd()  # noqa: PTH109 - as the script sees it
    scripts.revision("one", textwrap.dedent(BATCH))
    scripts.revision("two", CHANGES)
    predict(scripts)
    after = logging.root.manager.disable, [list(handler.filters) for handler in logging.root.handlers], os.getcwd()  # noqa: PTH109 - as above
    assert before == after

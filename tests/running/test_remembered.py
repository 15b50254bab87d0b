"""What is predicted of a run on SQLite once is not predicted again in the same process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from alembic_contracts.running import rehearsals
from alembic_contracts.schemas.schema import Name
from tests.support.rehearsing import TABLE, History, columns, recipe

if TYPE_CHECKING:
    from pathlib import Path

    from alembic_contracts.schemas.steps import Prediction


class Guarded(History):
    """A history whose runs are compared with what is remembered of them."""

    def predicted(self, *arguments: Any, **options: Any) -> tuple[Prediction, ...]:
        return super().predicted(*arguments, committed_under_guard=True, **options)


def found_before(predictions: tuple[Prediction, ...]) -> tuple[Prediction, ...]:
    return tuple(replace(each, found_out_before=True) for each in predictions)


# -- not twice ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []
    once = rehearsals._once

    def counting(*arguments: Any) -> Any:
        found.append(1)
        return once(*arguments)

    monkeypatch.setattr(rehearsals, "_once", counting)
    return found


def test_the_same_is_not_predicted_twice(tmp_path: Path, counted: list[int]) -> None:
    history = Guarded(tmp_path, [TABLE, 'op.add_column("t", sa.Column("b", sa.Integer))'])
    first = found_before(history.predicted())
    assert (history.predicted(fresh=False), len(counted)) == (first, 1)
    (tmp_path / "database.db").unlink()
    assert (history.predicted(fresh=False), len(counted)) == (first, 1)
    history.execute("CREATE TABLE another (x)")
    assert history.predicted(fresh=False) != first
    assert len(counted) == 2
    history.upgrade("r0")
    history.predicted(fresh=False)
    assert len(counted) == 3
    script = tmp_path / "versions" / "r1.py"
    script.write_text(script.read_text().replace('"b"', '"longer"'))
    assert columns(history.predicted(fresh=False)[0].after) == ["id", "a", "longer"]
    assert len(counted) == 4
    history.options["process_revision_directives"] = lambda *_: history  # env.py makes it anew each time
    history.predicted(fresh=False)
    assert len(counted) == 4
    history.predicted(fresh=False, tables=[Name("main", "t")])
    history.options["transaction_per_migration"] = True
    history.predicted(fresh=False)
    history.changed = recipe
    history.predicted(fresh=False)
    assert len(counted) == 7


def test_what_fails_is_predicted_again(tmp_path: Path, counted: list[int]) -> None:
    history = Guarded(tmp_path, [TABLE, "op.execute('NONSENSE')"])
    history.predicted()
    history.predicted(fresh=False)
    assert len(counted) == 2


@pytest.mark.parametrize(
    "code",
    [
        'op.add_column("t", sa.Column("config", sa.DateTime, server_default=sa.func.now()))',
        'op.add_column("t", sa.Column("payload", sa.Text, server_default=sa.text("(lower(hex(randomblob(16))))")))',
        "x = sa.table('t', sa.column('config')).c.config",
        "import uuid\nstr(uuid.uuid4())",
        "import os\nos.environ.get('MODE')",
        "context.config.get_main_option('mode')",
        "op.get_bind().engine.url.query",
    ],
)
def test_what_goes_by_what_is_the_same_is_not_predicted_twice(code: str, tmp_path: Path, counted: list[int]) -> None:
    history = Guarded(tmp_path, [TABLE, code])
    assert found_before(history.predicted()) == history.predicted(fresh=False)
    assert len(counted) == 1


def test_what_is_in_the_environment_counts_where_scripts_read_it(
    tmp_path: Path, counted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = "import os\nop.add_column('t', sa.Column(os.environ.get('COLUMN', 'b'), sa.Integer))"
    history = Guarded(tmp_path, [TABLE, read])
    for name in ("b", "c", "c"):
        monkeypatch.setenv("COLUMN", name)
        assert columns(history.predicted(fresh=False)[0].after) == ["id", "a", name]
    assert len(counted) == 2


def test_what_is_configured_counts_where_scripts_read_it(tmp_path: Path, counted: list[int]) -> None:
    read = "op.add_column('t', sa.Column(context.config.attributes.get('column', 'b'), sa.Integer))"
    history = Guarded(tmp_path, [TABLE, read])
    for name in ("b", "c", "c"):
        history.config.attributes["column"] = name
        assert columns(history.predicted(fresh=False)[0].after) == ["id", "a", name]
    assert len(counted) == 2


class Suite(Guarded):
    """A history with a database for each test."""

    number = 0

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder}/{self.number}.db"


OWN_ENGINE = """
engine = sa.engine_from_config(op.get_context().config.get_section("alembic"), prefix="sqlalchemy.")
if not sa.inspect(engine).has_table("u"):
    op.execute("CREATE TABLE u (x)")
"""


def test_what_the_database_is_called_is_no_matter(tmp_path: Path, counted: list[int]) -> None:
    suite = Suite(tmp_path, [TABLE, OWN_ENGINE])
    for suite.number in range(3):
        suite.config.set_main_option("sqlalchemy.url", suite.url)
        [found] = suite.predicted(fresh=False)
        assert found.unproven == ()
    assert len(counted) == 1
    suite.config.set_main_option("sqlalchemy.url", "sqlite://")
    suite.predicted(fresh=False)
    assert len(counted) == 2


def test_without_the_guard_nothing_is_remembered(tmp_path: Path, counted: list[int]) -> None:
    """Nobody would hold it against what scripts do then."""
    history = History(tmp_path, [TABLE])
    assert history.predicted() == history.predicted(fresh=False)
    assert len(counted) == 2

"""What is predicted of a run on SQLite once is not predicted again in the same process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from alembic_contracts.running import rehearsals
from alembic_contracts.schemas.schema import Name
from tests.support.rehearsing import TABLE, History, columns, recipe

if TYPE_CHECKING:
    from pathlib import Path


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
    history = History(tmp_path, [TABLE, 'op.add_column("t", sa.Column("b", sa.Integer))'])
    first = history.predicted()
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


@pytest.mark.parametrize("code", ["__import__('os').environ.get('X')", "open('x').close()", "op.execute('NONSENSE')"])
def test_what_goes_by_more_is_predicted_again(code: str, tmp_path: Path, counted: list[int]) -> None:
    history = History(tmp_path, [TABLE, code])
    history.predicted()
    history.predicted(fresh=False)
    assert len(counted) == 2

"""Sessions that a script on SQLite commits in loops over rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from alembic_contracts.schemas.steps import GOES_BY_ROWS
from tests.support.rehearsing import TABLE, History, reasons, recipe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COMMITS = {
    "a session": """
        session = Session(bind=op.get_bind())
        op.execute("ALTER TABLE t ADD COLUMN b")
        for row in session.execute(sa.text("SELECT id, a FROM t")).all():
            if row.a == "special":
                session.execute(sa.text("UPDATE t SET a = 'x'"))
                session.commit()
        op.execute("ALTER TABLE t ADD COLUMN c")
    """,
    "in a with": """
        bind = op.get_bind()
        with sa.orm.Session(bind) as session:
            for row in session.execute(sa.text("SELECT id, a FROM t")).all():
                session.execute(sa.text("UPDATE t SET a = :a"), {"a": row.a.upper()})
                session.commit()
        op.execute("ALTER TABLE t ADD COLUMN c")
    """,
}


@pytest.mark.parametrize("name", COMMITS)
@pytest.mark.parametrize("changed", [lambda engine: engine, recipe])
def test_a_session_in_alembics_transaction_commits_nothing(
    name: str, changed: Callable[[sa.Engine], sa.Engine], tmp_path: Path
) -> None:
    history = History(tmp_path, [TABLE, COMMITS[name]])
    history.changed = changed
    history.upgrade("r0")
    history.execute("INSERT INTO t VALUES (1, 'special')")
    predictions = history.predicted()
    assert not any(reasons(each) for each in predictions)
    commits: list[str] = []

    def told(engine: sa.Engine) -> sa.Engine:
        sa.event.listen(changed(engine), "commit", lambda _connection: commits.append("COMMIT"))
        return engine

    history.changed = told
    history.upgrade("head")
    assert commits == ["COMMIT"]  # Alembic's own, of the revision
    assert predictions[0].steps[-1].fingerprint == history.observed()[1]


COMMITS_MORE = {
    "the connection": "session = op.get_bind()",
    "the connection of a name": "session = bind = op.get_bind()",
    "an engine's": "session = Session(op.get_bind().engine)",
    "a connection's of its own": "session = Session(op.get_bind().engine.connect())",
    "one that takes over": "session = Session(op.get_bind(), join_transaction_mode='control_fully')",
    "one of two": "session = Session(op.get_bind())\nif len(dir(op)):\n    session = Session(op.get_bind().engine)",
    "what has more": "session = Session(op.get_bind(), binds={})",
    "a function's": "def made():\n    return Session(op.get_bind().engine)\nsession = made()",
}


@pytest.mark.parametrize("name", COMMITS_MORE)
def test_other_commits_by_rows_are_unproven(name: str, tmp_path: Path) -> None:
    code = """
for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")).all():
    if row.a == "special":
        session.commit()
"""
    history = History(tmp_path, [TABLE, f"{COMMITS_MORE[name]}{code}"])
    history.upgrade("r0")
    assert any(GOES_BY_ROWS in reasons(each) for each in history.predicted())

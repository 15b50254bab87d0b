"""Worlds of one run share what comes before they part, and each leads to what a run of its own leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from alembic_contracts.prediction.containment import parting, process
from alembic_contracts.prediction.containment.limits import Limits
from alembic_contracts.prediction.scripts import play
from tests.support.scripts import TABLE, Scripts, columns, operations, reasons, the_only

if TYPE_CHECKING:
    from pathlib import Path

    from alembic_contracts.schemas.steps import Prediction

READS = """
rows = op.get_bind().execute(sa.text("SELECT id, name FROM t")).fetchall()
"""
NAMED_BY_PROCESS = """
import os
op.execute(f"CREATE TABLE IF NOT EXISTS by_{os.getpid()} (id integer)")
"""


def predict(scripts: Scripts) -> tuple[Prediction, ...]:
    return scripts.predict("public.t", setup=TABLE, limits=Limits(seconds=20))


def processes(prediction: Prediction) -> list[str]:
    """The processes that revisions ran in, where they make tables that are named by them."""
    return [each.label for each in operations(prediction) if "by_" in each.label]


def test_what_comes_before_is_run_once(scripts: Scripts) -> None:
    scripts.revision("one", NAMED_BY_PROCESS)
    scripts.revision("two", NAMED_BY_PROCESS + READS + "if rows:\n    op.drop_column('t', 'name')")
    scripts.revision("three", NAMED_BY_PROCESS)
    empty, row = predict(scripts)
    assert columns(empty, "public.t") == ["id", "name"]
    assert columns(row, "public.t") == ["id"]
    assert processes(empty)[:2] == processes(row)[:2]
    assert processes(empty)[2] != processes(row)[2]
    assert empty.steps[0] is row.steps[0]
    assert empty.before is row.before


def test_a_run_whose_rows_nobody_looks_at_has_one_world(scripts: Scripts) -> None:
    scripts.revision("one", NAMED_BY_PROCESS + "op.execute(\"UPDATE t SET name = 'x'\")")
    scripts.revision("two", NAMED_BY_PROCESS)
    first, second = processes(the_only(predict(scripts)))
    assert first != second  # it could have been had again


def test_revisions_that_are_turned_go_on_from_there_as_well(scripts: Scripts) -> None:
    scripts.revision("one", NAMED_BY_PROCESS)
    scripts.revision("two", READS + "for row in rows:\n    raise ValueError(row.name)")
    scripts.revision("three", READS + "op.add_column('t', sa.Column('a', sa.Text))")
    predictions = predict(scripts)
    assert len(predictions) == 3
    assert len({label for each in predictions for label in processes(each)}) == 1
    assert [each.cut is None for each in predictions] == [True, True, False]
    assert [columns(each, "public.t") for each in predictions[:2]] == [["id", "name", "a"]] * 2


RAISES = "for row in rows:\n    raise ValueError(row.name)"


def test_what_comes_before_a_revision_that_is_turned_is_run_once(
    scripts: Scripts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(play, "_WORTH_A_COPY", 1)
    scripts.revision("one", NAMED_BY_PROCESS)
    scripts.revision("two", READS + "if rows:\n    op.drop_column('t', 'name')")
    scripts.revision("three", NAMED_BY_PROCESS)
    scripts.revision(
        "four", "rows = op.get_bind().execute(sa.text('SELECT id FROM t')).fetchall()\n" + "assert not rows"
    )
    scripts.revision("five", NAMED_BY_PROCESS)
    empty, row, cut = predict(scripts)
    assert [each.cut is None for each in (empty, row, cut)] == [True, True, False]
    assert columns(row, "public.t") == columns(cut, "public.t") == ["id"]
    assert processes(row)[:2] == processes(cut)
    assert processes(empty)[1] != processes(row)[1]
    assert row.steps[2] is cut.steps[2]
    assert len(processes(row)) == 3


def test_each_of_several_revisions_that_raise_is_a_place_to_go_on_from(
    scripts: Scripts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(play, "_WORTH_A_COPY", 0)
    scripts.revision("one", READS)
    scripts.revision("two", READS + "if rows:\n    op.add_column('t', sa.Column('a', sa.Text))")
    scripts.revision("three", READS + RAISES)
    scripts.revision("four", READS + "if rows:\n    op.drop_column('t', 'a')")
    scripts.revision("five", READS + RAISES)
    empty, row, *cut = predict(scripts)
    assert columns(empty, "public.t") == columns(row, "public.t") == ["id", "name"]
    assert [columns(each, "public.t") for each in cut] == [["id", "name", "a"], ["id", "name"]]
    assert [each.cut.location.revision for each in cut if each.cut and each.cut.location] == ["three", "five"]


def test_processes_wait_at_few_places_only(scripts: Scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(play, "_WORTH_A_COPY", 0)
    waiting: list[int] = []
    parted = process.Watch._copied

    def counted(watch: process.Watch, *told: Any) -> None:
        parted(watch, *told)
        waiting.append(len(watch._stops))

    monkeypatch.setattr(process.Watch, "_copied", counted)
    for number in range(20):
        scripts.revision(f"r{number}", READS)
    assert len(predict(scripts)) == 2
    assert max(waiting) == 10


def test_progress_is_told_of_each_revision_once(scripts: Scripts) -> None:
    for name in ("one", "two", "three"):
        scripts.revision(name, READS)
    told: list[int] = []
    scripts.predict("public.t", setup=TABLE, limits=Limits(), progress=told.append)
    assert told == [1, 2, 3]


def test_a_world_whose_process_ends_keeps_what_came_before(scripts: Scripts) -> None:
    scripts.revision("one", "op.add_column('t', sa.Column('a', sa.Text))")
    scripts.revision("two", READS + "if rows:\n    import os; os._exit(3)  # here")
    scripts.revision("three", "op.add_column('t', sa.Column('b', sa.Text))")
    empty, row = predict(scripts)
    assert columns(empty, "public.t") == ["id", "name", "a", "b"]
    assert columns(row, "public.t") == ["id", "name", "a"]
    assert reasons(empty) == []
    (end,) = (each for each in row.unproven if "exit code" in each.reason)
    assert end.reason == "the script ended its process with exit code 3"
    assert end.location is not None
    assert end.location.source.endswith("# here")
    assert [step.revision for step in row.steps] == ["one", "two", "three"]


def test_a_world_that_takes_too_long_is_given_up_by_itself(scripts: Scripts) -> None:
    scripts.revision("one", READS + "while rows:\n    pass")
    slow: list[str] = []
    empty, row = scripts.predict(
        "public.t",
        setup=TABLE,
        limits=Limits(seconds=3.0, long=1.5),  # on a busy machine the other world takes some time as well
        slow=lambda place: slow.append(place.revision),
    )
    assert reasons(empty) == []
    assert "did not come to an end within 3 s" in "".join(reasons(row))
    assert slow == ["one"]


def test_a_file_that_is_read_beside_rows_is_read_whole_in_each_world(scripts: Scripts, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("".join(f"{number},{'x' * 100}\n" for number in range(2000)))
    scripts.revision(
        "one",
        f"""
        with open({str(tmp_path / "data.csv")!r}) as file:
            count = 0
            for line in file:
                rows = op.get_bind().execute(sa.text("SELECT id FROM t WHERE id = " + line.split(",")[0])).fetchall()
                count += 1
        op.execute(f"CREATE TABLE by_{{count}} (id integer)")
        """,
    )
    assert [processes(each) for each in predict(scripts)] == [["CREATE TABLE by_2000 (id integer)"]] * 2


def test_what_a_copy_waits_for_in_vain_is_run_without_parting(
    scripts: Scripts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parting, "_threads", lambda: 2)  # as where a library computes in several
    scripts.revision(
        "one",
        """
        import os
        here = os.getpid()
        rows = op.get_bind().execute(sa.text("SELECT id FROM t")).fetchall()
        while os.getpid() != here:
            pass
        if rows:
            op.drop_column("t", "name")
        """,
    )
    empty, row = scripts.predict("public.t", setup=TABLE, limits=Limits(seconds=1.0))
    assert columns(empty, "public.t") == ["id", "name"]
    assert columns(row, "public.t") == ["id"]
    assert not any("come to an end" in reason for each in (empty, row) for reason in reasons(each))


BODIES = {
    "a count": """
        if op.get_bind().scalar(sa.text("SELECT count(*) FROM t")):
            op.add_column("t", sa.Column("a", sa.Text))
        """,
    "a change, and what it changed": """
        done = op.get_bind().execute(sa.text("UPDATE t SET name = 'x' WHERE name = 'y'"))
        if done.rowcount:
            op.alter_column("t", "name", nullable=True)
        """,
    "a row that raises": READS + "assert not rows, rows",
    "no row that raises": READS + "assert rows",
    "a loop": READS + "for row in rows:\n    op.execute(f'ALTER TABLE t ADD COLUMN c{row.id} text')",
    "a loop that ends": """
        while op.get_bind().execute(sa.text("SELECT id FROM t WHERE name IS NULL LIMIT 10")).fetchall():
            op.execute("UPDATE t SET name = 'x' WHERE id IN (SELECT id FROM t WHERE name IS NULL LIMIT 10)")
        """,
    "a refusal that it catches": """
        try:
            with op.get_bind().begin_nested():
                op.execute("INSERT INTO t (id, name) SELECT id, name FROM t")
        except sa.exc.IntegrityError:
            op.drop_column("t", "name")
        """,
    "rows that are returned": """
        found = op.get_bind().execute(sa.text("DELETE FROM t WHERE id < 5 RETURNING name")).fetchall()
        op.execute(f"COMMENT ON TABLE t IS '{len(found)}'")
        """,
    "a DO block": "op.execute('DO $$ BEGIN IF EXISTS (SELECT FROM t) THEN ALTER TABLE t ADD b text; END IF; END $$')",
    "a transaction of its own": """
        with op.get_context().autocommit_block():
            if op.get_bind().scalar(sa.text("SELECT max(id) FROM t")):
                op.create_index("i", "t", ["name"], postgresql_concurrently=True)
        """,
    "what is left open": READS + "bind = op.get_bind(); bind.commit()\nif rows:\n    op.drop_column('t', 'name')",
    "a generator": """
        names = (row.name for row in op.get_bind().execute(sa.text("SELECT name FROM t")))
        op.execute("ALTER TABLE t ADD COLUMN d text")
        for name in names:
            op.execute(f"ALTER TABLE t ALTER COLUMN d SET DEFAULT 'x'")
        """,
    "a thread": "import threading; wait = threading.Event(); thread = threading.Thread(target=wait.wait)\n"
    "thread.start()\n" + READS + "wait.set(); thread.join()\nif rows:\n    op.drop_column('t', 'name')",
}


@pytest.mark.parametrize("history", [False, True])
@pytest.mark.parametrize("name", BODIES)
def test_what_is_shared_is_what_each_would_have(
    name: str, history: bool, scripts: Scripts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(play, "_WORTH_A_COPY", 0)
    scripts.revision("zero", READS)
    scripts.revision("one", "op.add_column('t', sa.Column('first', sa.Text))")
    scripts.revision("two", BODIES[name])
    scripts.revision("three", READS + "if rows:\n    op.add_column('t', sa.Column('z', sa.Text))")
    scripts.revision("four", "op.execute('ALTER TABLE t ALTER first SET NOT NULL')")
    scripts.revision(
        "five", READS + "if rows:\n    op.add_column('t', sa.Column('y', sa.Text))\n    assert rows[0].id < 0"
    )
    scripts.revision("six", BODIES[name].replace("'a'", "'a2'").replace('i", ', 'i2", '))

    def all_of_them() -> tuple[Prediction, ...]:
        return scripts.predict("public.t", setup=TABLE, limits=Limits(), rows_between_revisions=history)

    shared = all_of_them()
    monkeypatch.setattr(parting, "part", lambda _channel, first: first)
    assert shared == all_of_them()
    assert len(shared) > 1


@pytest.mark.parametrize("caught", [True, False])
def test_a_script_that_recurses_too_deep(caught: bool, scripts: Scripts) -> None:
    scripts.revision(
        "one",
        f"""
        def deeper(number):
            op.execute(f"COMMENT ON TABLE t IS '{{number}}'")
            deeper(number + 1)

        try:
            deeper(0)
        except {"RecursionError" if caught else "ZeroDivisionError"}:
            pass
        """,
    )
    scripts.revision("two", "op.add_column('t', sa.Column('a', sa.Text))")
    prediction = the_only(predict(scripts))
    assert columns(prediction, "public.t") == ["id", "name", "a"]
    assert all("RecursionError" in reason for reason in reasons(prediction))
    assert all("Unpickling" not in reason for reason in reasons(prediction))

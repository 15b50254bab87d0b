"""``alembic-contracts fix``: the revisions that it writes do what the advice says, on a real database."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from alembic_contracts.running.postponed import day_of, refusing
from tests.support.fixing import NEXT_MONTH, YESTERDAY, fixed, ok, revision_of
from tests.support.object_images import CONTRACT, CREATE, museum, state
from tests.test_scenario import NORMALISE, NORMALIZED, Museum
from tests.test_scenario import museum as demo  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from tests.support.project import Project


def ends(project: Project, day: date) -> None:
    project.write("contracts/object_images.lifecycle.yaml", f"status: deprecated\nsunset: {day}\n")


# -- the museum, from the seventh step on ------------------------------------------------------------------------------


@pytest.mark.timeout(600)  # some thirty processes
def test_the_seventh_to_the_tenth_step(demo: Museum) -> None:  # noqa: F811
    # VI: the teams agree: the old table stays for a month. VII: the new one's contract comes first.
    ends(demo, NEXT_MONTH)
    demo.write("contracts/object_images_normalized.json", NORMALIZED)
    assert demo.check()[0] == 1  # VIII
    # IX: what was written by hand, is written.
    [expanding] = fixed(demo)
    text = expanding.read_text(encoding="utf-8")
    for column in ("object_id", "image", "is_primary_image", "created_at"):
        assert f"sa.Column('{column}'" in text
    assert "met-museum-data/object-images-normalized-contract-spec (Data Engineering Team" in text
    # X: green, for both contracts, with and without a database.
    assert demo.check()[0] == demo.check("--offline")[0] == 0
    ok(demo.alembic("upgrade", "head"))
    code, report = demo.check()
    assert (code, report["violations"], report["checked"]["contracts"]) == (0, [], 2)  # type: ignore[index]

    # A month later the old table may go; until then, nothing drops it.
    [contracting] = fixed(demo, "--contract")
    text = contracting.read_text(encoding="utf-8")
    assert f"The sunset is {NEXT_MONTH}" in text.split('"""')[1]
    stopped = demo.alembic("upgrade", "head")
    assert stopped.returncode == 255
    assert f"refuses to run before {NEXT_MONTH}" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert demo.alembic("current").stdout.startswith(revision_of(expanding))
    for arguments in ((), ("--offline",)):
        code, report = demo.check(*arguments)
        assert (code, report["unproven"]) == (0, []), arguments
        assert f"refuses to run before {NEXT_MONTH}: it was not looked at" in json.dumps(report["notices"])

    # The expanding one is applied by itself, and taken back.
    demo.alembic("downgrade", "-1")
    assert demo.alembic("upgrade", "head").returncode == 255
    assert not demo.alembic("current").stdout.startswith(revision_of(expanding))
    ok(demo.alembic("upgrade", revision_of(expanding)))

    # The month is over: the same revision, written with a day that has come, runs and is kept.
    contracting.unlink()
    ends(demo, YESTERDAY)
    [contracting] = fixed(demo, "--contract")
    assert demo.check()[0] == 0
    ok(demo.alembic("upgrade", "head"))
    assert demo.sql("SELECT to_regclass('object_images')") == [(None,)]
    assert demo.check()[0] == demo.check("--offline")[0] == 0
    ok(demo.alembic("downgrade", "base"))
    ok(demo.alembic("upgrade", "head"))


def test_without_a_sunset_nothing_is_dropped(demo: Museum) -> None:  # noqa: F811
    done = demo.cli("fix", "--contract")
    assert done.returncode == 2
    assert "Nothing that is there may go" in done.stderr
    ends(demo, NEXT_MONTH)
    demo.write("contracts/another.json", CONTRACT.replace("object-images-contract-spec", "another"))
    done = demo.cli("fix", "--contract", "object_images")  # somebody else relies on it without an end
    assert done.returncode == 2
    [contracting] = fixed(demo, "--contract", "object_images", "--sunset", f"{NEXT_MONTH + timedelta(days=1)}")
    assert day_of(contracting.read_text(encoding="utf-8")) == NEXT_MONTH + timedelta(days=1)


# -- a revision that breaks -------------------------------------------------------------------------------------------


def test_a_pending_revision_that_breaks(demo: Museum) -> None:  # noqa: F811
    head = demo.head()
    breaking = demo.write("migrations/versions/b9d4e1c07a52_normalise.py", NORMALISE.format(head=head))
    before = breaking.read_text(encoding="utf-8")
    dry = demo.cli("fix", "--dry-run")
    assert (dry.returncode, breaking.read_text(encoding="utf-8")) == (0, before)
    assert "+    # op.drop_column(" in dry.stdout
    assert "op.execute('ALTER TABLE public.object_images ADD COLUMN image text" in dry.stdout
    assert len(list((demo.path / "migrations/versions").glob("*expand*"))) == 0

    [expanding] = fixed(demo)
    assert demo.check()[0] == 0
    ok(demo.alembic("upgrade", "head"))
    columns = {
        name for (name,) in demo.sql("SELECT attname FROM pg_attribute WHERE attrelid = 'object_images'::regclass")
    }
    assert {"primary_image", "additional_images", "image", "is_primary_image"} <= columns
    ok(demo.alembic("downgrade", head))
    ok(demo.alembic("upgrade", "head"))

    # Consumers have moved: the new column keeps its values when the old one goes.
    demo.sql(
        "INSERT INTO object (object_id) VALUES (1)",
        "INSERT INTO object_images (object_id, primary_image) VALUES (1, 'x')",
    )
    demo.write("contracts/object_images.lifecycle.yaml", f"columns: {{primary_image: {{sunset: {YESTERDAY}}}}}\n")
    [contracting] = fixed(demo, "--contract")
    assert revision_of(expanding) in contracting.read_text(encoding="utf-8")
    ok(demo.alembic("upgrade", "head"))
    assert demo.sql("SELECT image FROM object_images") == [("x",)]
    columns = demo.sql("SELECT column_name FROM information_schema.columns WHERE table_name = 'object_images'")
    assert ("primary_image",) not in columns
    assert demo.check()[0] == 0
    ok(demo.alembic("downgrade", "base"))


def test_both_at_once(demo: Museum) -> None:  # noqa: F811
    demo.write("migrations/versions/b9d4e1c07a52_normalise.py", NORMALISE.format(head=demo.head()))
    demo.write("contracts/object_images.lifecycle.yaml", f"columns: {{primary_image: {{sunset: {NEXT_MONTH}}}}}\n")
    expanding, contracting = fixed(demo, "--contract", "-m", "images have a new name")
    assert expanding.read_text(encoding="utf-8").startswith('"""images have a new name\n')
    text = contracting.read_text(encoding="utf-8")
    assert f"down_revision = '{revision_of(expanding)}'" in text
    assert text.index("DROP COLUMN image") < text.index("RENAME COLUMN primary_image TO image")
    assert "Not undone" not in text
    ok(demo.alembic("upgrade", revision_of(expanding)))
    assert f"`alembic upgrade {revision_of(expanding)}` goes as far" in demo.alembic("upgrade", "head").stderr


def test_what_cannot_be_struck_out_is_left_to_people(project: Project) -> None:
    museum(project)
    script = project.revision("r2", "for name in ('primary_image',):\n    op.drop_column('object_images', name)")
    before = script.read_text(encoding="utf-8")
    [expanding] = fixed(project) or [None]
    assert expanding is None
    assert "    # op.drop_column('object_images', name)" in script.read_text(encoding="utf-8")
    script.write_text(
        before.replace("op.drop_column('object_images', name)", "x = op.drop_column('object_images', name)")
    )
    done = project.cli("fix")
    assert done.returncode == 1
    assert "Left to you: migrations/versions/r2.py:" in done.stdout
    assert "There is nothing to write." in done.stdout


def test_no_applied_revision_is_edited(project: Project) -> None:
    project.contract("object_images", CONTRACT)
    project.revision("r1", CREATE, 'op.drop_table("object_images")')
    script = project.revision("r2", "op.drop_column('object_images', 'primary_image')")
    project.environment["ALEMBIC_CONTRACTS_ENFORCE"] = "report"
    ok(project.alembic("upgrade", "head"))
    before = script.read_text(encoding="utf-8")
    [expanding] = fixed(project)
    assert script.read_text(encoding="utf-8") == before
    assert "op.add_column('object_images', sa.Column('primary_image'" in expanding.read_text(encoding="utf-8")
    ok(project.alembic("upgrade", "head"))
    assert ok(project.alembic("check-contracts"))


# -- the day ----------------------------------------------------------------------------------------------------------


def script_with(code: str) -> str:
    body = "\n".join(f"    {line}" if line else "" for line in code.splitlines())
    return (
        f'"""x"""\n\nrevision = "r2"\n\n\ndef upgrade() -> None:\n    """Drop it."""\n{body}\n    op.drop_table("t")\n'
    )


def test_a_day_is_known_by_its_exact_words_alone() -> None:
    code = refusing(date(2030, 1, 31), 'not "yet"\\')
    text = script_with(code)
    assert day_of(text) == date(2030, 1, 31)
    compile(text, "x", "exec")
    for other in (
        text.replace("<", ">"),
        text.replace("tz=UTC", "tz=None"),
        text.replace("import UTC, date, datetime", "import UTC, date as datetime, datetime as date"),
        text.replace("raise CommandError", "print"),
        text.replace("date(2030, 1, 31)", "date(2030, 2, 31)"),
        text.replace("date(2030, 1, 31)", "day"),
        text.replace("def upgrade", "@twice\ndef upgrade"),
        f"{text}\n\ndef upgrade():\n    pass\n",
        f"{text}\nupgrade = None\n",
        f"from x import y as upgrade\n{text}",
        text.replace('"""Drop it."""', 'op.drop_table("u")'),
        text.replace("    op.drop", "    else:\n        pass\n    op.drop"),
        script_with("pass"),
        "def upgrade(",
    ):
        assert day_of(other) is None, other


def test_what_follows_a_day_is_not_taken_for_looked_at(project: Project) -> None:
    museum(project)
    project.revision("r2", refusing(NEXT_MONTH, "not yet"))
    project.revision("r3", "op.drop_column('object_images', 'primary_image')")
    report = json.loads(ok(project.alembic("check-contracts", "--format", "json")))
    assert report["checked"]["revisions"] == 0
    assert "it and what follows it (r3) were not looked at" in json.dumps(report["notices"])
    for arguments in (["plan"], ["check", "--offline", "--no-exec"], ["snapshot", "--offline", "--output", "-"]):
        done = project.cli(*arguments)
        assert (done.returncode, "not looked at" in done.stdout + done.stderr) == (0, True), arguments
    before = state(project)
    assert project.alembic("upgrade", "head").returncode == 255
    assert state(project) == before
    project.revision("r2", refusing(YESTERDAY, "not yet"), down="r1")
    assert project.alembic("check-contracts").returncode == 1


def test_without_a_database_nothing_stands_in_for_what_a_script_drops(project: Project) -> None:
    museum(project)
    project.revision("r2", "op.drop_column('object_images', 'primary_image')")
    done = project.cli("fix", "--offline")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Wrote" not in done.stdout
    assert "Left to you: migrations/versions/r2.py:" in done.stdout


READ = """op.execute("CREATE TABLE object_images (object_id integer, primary_image text, "
           "size integer GENERATED ALWAYS AS (length(primary_image)) STORED, thumb text)")
op.execute("CREATE VIEW pictures AS SELECT thumb FROM object_images")"""


@pytest.mark.parametrize(("column", "who"), [("thumb", "the view public.pictures"), ("primary_image", "size is comp")])
def test_what_something_else_needs_does_not_go(project: Project, column: str, who: str) -> None:
    project.revision("r1", READ, "op.execute('DROP TABLE object_images CASCADE')")
    properties = {"primary_image": {}, "thumb": {}, "size": {"constraints": {"is_generated": "ALWAYS"}}}
    stated = json.loads(CONTRACT)
    stated["schema"] = {"table_name": "object_images", "properties": properties}
    project.contract("object_images", stated)
    ok(project.alembic("upgrade", "head"))
    done = project.cli("fix", "--contract", f"object_images.{column}", "--sunset", f"{NEXT_MONTH}")
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"Left to you: public.object_images.{column} cannot go as long as" in done.stdout
    assert who in done.stdout
    assert "Wrote" not in done.stdout


def test_what_depends_on_a_struck_statement_is_named(project: Project) -> None:
    museum(project)
    project.revision(
        "r2", "op.rename_table('object_images', 'pictures')\nop.add_column('pictures', sa.Column('x', sa.Integer))"
    )
    done = project.cli("fix")
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"Left to you: migrations/versions/r2.py:\d+: .*pictures", done.stdout), done.stdout


def test_another_key_is_left_to_people(project: Project) -> None:
    museum(project)
    assert project.alembic("upgrade", "head").returncode == 0
    stated = json.loads(CONTRACT)
    for name, column in stated["schema"]["properties"].items():
        column["constraints"]["primaryKey"] = name == "primary_image"
    stated["schema"]["properties"]["primary_image"]["constraints"]["is_nullable"] = False
    project.contract("object_images", stated)
    done = project.cli("fix", "--dry-run")
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"def downgrade\(\):\s+op.alter_column\([^)]*\bnullable=True", done.stdout), done.stdout
    assert "PRIMARY KEY" not in done.stdout.partition("Left to you: ")[0]
    assert "Left to you: public.object_images has PRIMARY KEY (object_id)" in done.stdout, done.stdout

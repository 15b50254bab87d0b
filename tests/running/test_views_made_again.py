"""Views that a script drops and makes again from the definition that PostgreSQL prints: no break."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

CONTRACT = {
    "spec-version": "1.0.0",
    "name": "c",
    "namespace": "n",
    "owner": {"name": "o"},
    "schema": {"table_schema": "public", "table_name": "v", "properties": {"id": {}, "cc": {}}},
}
MADE = """
op.execute("CREATE TABLE t (id int PRIMARY KEY, c varchar(20), d text)")
op.execute("CREATE {kind} v AS SELECT id, c AS cc FROM t WHERE id > 0")
"""
DEFINITIONS = {
    "pretty": "SELECT pg_get_viewdef('v'::regclass, true)",
    "plain": "SELECT pg_get_viewdef('v'::regclass)",
    "of the views": "SELECT definition FROM pg_views WHERE viewname = 'v'",
    "of the standard's views": "SELECT view_definition FROM information_schema.views WHERE table_name = 'v'",
}
IN_PYTHON = """
d = op.get_bind().execute(sa.text({query!r})).scalar()
op.execute("DROP VIEW v")
op.execute("ALTER TABLE t ALTER COLUMN d TYPE varchar(9)")
op.execute("CREATE VIEW v AS " + d.rstrip(";"))
"""
IN_A_BLOCK = '''
op.execute("""DO $$ DECLARE d text := ({query}); BEGIN
    DROP VIEW v;
    ALTER TABLE t ALTER COLUMN d TYPE varchar(9);
    EXECUTE 'CREATE VIEW v AS ' || d;
END $$""")
'''


@pytest.mark.parametrize("way", [IN_PYTHON, IN_A_BLOCK], ids=["in Python", "in a block"])
@pytest.mark.parametrize("definition", DEFINITIONS)
def test_a_view_made_again_is_no_break(definition: str, way: str, project: Project) -> None:
    project.contract("c", CONTRACT)
    project.revision("r1", MADE.format(kind="VIEW"))
    project.revision("r2", way.format(query=DEFINITIONS[definition]))
    done = project.alembic("check-contracts", "--offline", "--format", "json")
    assert json.loads(done.stdout)["status"] in ("kept", "unproven"), done.stdout
    assert project.alembic("upgrade", "r1").returncode == 0
    upgraded = project.alembic("upgrade", "head")
    assert upgraded.returncode == 0, upgraded.stderr
    assert "no longer exists" not in upgraded.stderr
    assert project.alembic("check-contracts").returncode == 0


def test_a_materialized_view_made_again_is_no_break(project: Project) -> None:
    project.contract("c", CONTRACT)
    project.revision("r1", MADE.format(kind="MATERIALIZED VIEW"))
    body = IN_PYTHON.format(query="SELECT definition FROM pg_matviews WHERE matviewname = 'v'")
    project.revision("r2", body.replace(" VIEW", " MATERIALIZED VIEW"))
    done = project.alembic("check-contracts", "--offline", "--format", "json")
    assert json.loads(done.stdout)["status"] in ("kept", "unproven"), done.stdout
    upgraded = project.alembic("upgrade", "head")
    assert upgraded.returncode == 0, upgraded.stderr


@pytest.mark.parametrize(
    "decides",
    [
        "re.search('WHERE', d)",  # nothing that Python could notice
        "d.count(chr(10)) == 1",
        "len(d) > 60",
    ],
)
def test_what_a_script_decides_by_the_text_is_not_kept(decides: str, project: Project) -> None:
    project.contract("c", CONTRACT)
    project.revision("r1", MADE.format(kind="VIEW"))
    query = DEFINITIONS["pretty"]
    body = f"import re\nd = op.get_bind().execute(sa.text({query!r})).scalar()\nif not {decides}:\n    "
    project.revision("r2", body + "op.execute('ALTER VIEW v RENAME COLUMN cc TO gone')")
    done = project.alembic("check-contracts", "--offline", "--format", "json")
    report = json.loads(done.stdout)
    assert report["status"] != "kept"
    assert report["unproven"], done.stdout


def test_a_view_that_is_not_made_again_is_gone(project: Project) -> None:
    project.contract("c", CONTRACT)
    project.revision("r1", MADE.format(kind="VIEW"))
    body = IN_PYTHON.format(query=DEFINITIONS["pretty"])
    project.revision("r2", body.replace("CREATE VIEW v", "CREATE VIEW w"))
    done = project.alembic("check-contracts", "--offline", "--format", "json")
    assert json.loads(done.stdout)["status"] == "broken", done.stdout

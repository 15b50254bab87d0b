"""What ``infer statements --file`` makes of what tools export, and the whole command in a project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alembic_contracts.errors import CannotCheck
from alembic_contracts.inference.sources import Asked, statements
from alembic_contracts.inference.uses import Found
from alembic_contracts.schemas.schema import Column, Name, Schema, Table, Type
from tests.support.project import Project


def table(name: str, *columns: str) -> Table:
    text = Type(Name("pg_catalog", "text"))
    return Table(name=Name("public", name), columns=tuple(Column(name=column, type=text) for column in columns))


TABLES = (table("object", "id", "title", "year", "note"), table("artist", "id", "name"))
SCHEMA = Schema(tables={each.name: each for each in TABLES}, catalog="museum")


def found(tmp_path: Path, name: str, content: str, **options: str) -> Found:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8", newline="")
    flags = {f"--{flag.replace('_', '-')}": (value,) for flag, value in options.items()}
    asked = Asked(inputs=(), schema=SCHEMA, server_version=180000, options={"--file": (str(file),), **flags})
    return statements.uses(asked)


def seen(found: Found) -> set[tuple[str, str | None, str, int | None, str]]:
    return {(use.table.name, use.column, use.kind, use.place.line, use.place.what) for use in found.uses}


CSV = """\
id,name,query,rolname
1,Titles,"SELECT title
FROM object
WHERE year > 1500",metabase
2,"Two
lines","SELECT o.note,
    a.name
FROM object AS o, artist AS a",metabase
3,Artists,SELECT name FROM artist,report
4,Artists,SELECT name FROM artist,report
5,Housekeeping,VACUUM,report
"""


def test_csv(tmp_path: Path) -> None:
    result = found(tmp_path, "questions.csv", CSV)
    assert result.consumer == "questions"
    assert seen(result) == {
        ("object", "title", "read", 2, "role metabase"),
        ("object", "year", "filtered", 4, "role metabase"),
        ("object", "note", "read", 6, "role metabase"),
        ("artist", "name", "read", 7, "role metabase"),
        ("artist", "name", "read", 9, "role report"),
    }
    assert {use.place.file.rsplit("/", 1)[-1] for use in result.uses} == {"questions.csv"}
    assert result.unread == ()
    alone = found(tmp_path, "questions.csv", CSV, role="report")
    assert alone.consumer == "report"
    assert seen(alone) == {("artist", "name", "read", 9, "role report")}
    assert seen(found(tmp_path, "questions.csv", CSV, min_calls="2")) == seen(alone)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_other_delimiters_and_line_ends(tmp_path: Path, delimiter: str, end: str) -> None:
    content = end.join((f"Calls{delimiter}SQL Text", f"3{delimiter}SELECT title FROM object", ""))
    result = found(tmp_path, "x.csv", f"\ufeff{content}", min_calls="3")
    assert seen(result) == {("object", "title", "read", 2, "")}
    assert seen(found(tmp_path, "x.csv", content, min_calls="4")) == set()


ROWS = (
    {"sql": "SELECT title\nFROM object", "username": "superset", "database": "museum"},
    {"sql": "SELECT name FROM artist", "username": "superset", "database": "shop"},
    {"sql": None, "username": "superset", "database": "museum"},
)


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(map(json.dumps, ROWS)) + "\n",
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
    ],
)
def test_json_lines_and_arrays(tmp_path: Path, content: str) -> None:
    result = found(tmp_path, "log.json", content)
    line = 2 if content.startswith("[\n") else 1
    assert {use[:2] for use in seen(result)} == {("object", "title")}
    assert {use[4] for use in seen(result)} == {"role superset"}
    assert {use[3] for use in seen(result)} == {line}
    (note,) = result.notes
    assert "of other databases than museum" in note


def test_the_servers_own_log_as_csv(tmp_path: Path) -> None:
    entry = (
        '2026-03-01 10:00:00.000 UTC,"{user}","{database}",12,"[local]",65.1,1,"{tag}",2026-03-01 09:00:00 UTC,3/4,0,'
        'LOG,00000,"{message}",,,,,,,,,"psql","client backend",,0\n'
    )

    def logged(message: str, *, user: str = "app", database: str = "museum") -> str:
        return entry.format(user=user, database=database, tag="SELECT", message=message.replace('"', '""'))

    content = (
        logged("connection authorized: user=app database=museum")
        + logged("statement: SELECT title FROM object WHERE id = 3")
        + logged("statement: SELECT title FROM object WHERE id = 4")
        + logged("execute <unnamed>: SELECT note\nFROM object WHERE id = $1")
        + logged("duration: 0.123 ms  execute S_1: SELECT name FROM artist")
        + logged(
            'AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.object,"SELECT year, 1 FROM object",<none>', user="audited"
        )
        + logged("AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.object,<previously logged>,<previously logged>")
        + logged("statement: SELECT gone FROM elsewhere", database="other")
    )
    result = found(tmp_path, "postgresql.csv", content)
    assert seen(result) == {
        ("object", "title", "read", 2, "role app"),
        ("object", "id", "filtered", 2, "role app"),
        ("object", "note", "read", 4, "role app"),
        ("object", "id", "filtered", 5, "role app"),
        ("artist", "name", "read", 6, "role app"),
        ("object", "year", "read", 7, "role audited"),
    }
    assert result.unread == ()


def test_the_servers_own_log_as_json(tmp_path: Path) -> None:
    lines = (
        {"user": "app", "dbname": "museum", "error_severity": "LOG", "message": "statement: SELECT title FROM object"},
        {
            "user": "app",
            "dbname": "museum",
            "error_severity": "ERROR",
            "message": 'column "x" does not exist',
            "statement": "SELECT x FROM object",
        },
    )
    result = found(tmp_path, "postgresql.json", "\n".join(map(json.dumps, lines)))
    assert seen(result) == {("object", "title", "read", 1, "role app")}
    assert result.unread == ()


def test_what_is_cut_off_is_named(tmp_path: Path) -> None:
    begin = "SELECT title FROM object WHERE note = 'secret'"
    texts = (
        "SELECT title, year FROM object WHERE",
        "SELECT title FROM object WHERE note = 'secr",
        begin + " AND id = id".ljust(1023 - len(begin)),
        "SELECT titel FROM object",
        "SELECT title FROM {{ table }}",
        "SELECT title FROM object",
    )
    result = found(tmp_path, "cut.jsonl", "\n".join(json.dumps({"query": text}) for text in texts))
    said = [str(each).rsplit("/", 1)[-1] for each in result.unread]
    assert sorted(said) == [
        "cut.jsonl:1: truncated: is not understood: syntax error at end of input",
        "cut.jsonl:2: truncated: is not understood: unterminated quoted string",
        "cut.jsonl:3: probably truncated: 1,023 bytes are what track_activity_query_size leaves of a longer text",
        "cut.jsonl:4: reads object.titel, which does not exist; title?",
        "cut.jsonl:5: a template, which is not read as SQL",
    ]
    assert ("object", "title", "read", 6, "") in seen(result)


def test_placeholders_of_drivers(tmp_path: Path) -> None:
    texts = (
        "SELECT title FROM object WHERE id = %s",
        "SELECT name FROM artist WHERE id = :id",
        "SELECT year FROM object WHERE id=?",
    )
    result = found(tmp_path, "x.jsonl", "\n".join(json.dumps({"statement": text}) for text in texts))
    assert result.unread == ()
    assert {use[:3] for use in seen(result)} >= {
        ("object", "title", "read"),
        ("artist", "name", "read"),
        ("object", "year", "read"),
    }


@pytest.mark.parametrize(
    ("name", "content", "options", "message"),
    [
        ("x.csv", "sql,query\na,b\n", {}, r"several columns.*sql, query.*--query-column sql"),
        (
            "x.csv",
            "a,b\nSELECT 1,2\n",
            {},
            r"no column that is known to hold statements.*--query-column; here: `a`, `b`",
        ),
        ("x.csv", "a,query\n1,SELECT 1\n", {"query_column": "qeury"}, r"no column `qeury`; did you mean `query`"),
        ("x.csv", "query\nSELECT id FROM object\n", {"role": "app"}, r"does not say who has run a statement"),
        (
            "x.csv",
            "query,user\nSELECT id FROM object,report\n",
            {"role": "reprot"},
            r"no statement of `reprot`; did you",
        ),
        ("x.csv", 'query\n"SELECT 1', {}, r"x\.csv:2: no CSV"),
        ("x.json", '{"query": "SELECT 1"}\n{"query"\n', {}, r"x\.json:2: no JSON"),
        ("x.json", '["SELECT 1"]', {}, r"x\.json:1: not an object"),
        ("x.json", "[" * 100_000, {}, r"x\.json:1: no JSON: it is nested too deep"),
    ],
)
def test_what_cannot_be_used(tmp_path: Path, name: str, content: str, options: dict[str, str], message: str) -> None:
    with pytest.raises(CannotCheck, match=message):
        found(tmp_path, name, content, **options)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    options = {"--file": (str(tmp_path / "nowhere.csv"),)}
    with pytest.raises(CannotCheck, match=r"nowhere\.csv: cannot be read"):
        statements.uses(Asked(inputs=(), schema=SCHEMA, server_version=180000, options=options))


def test_another_column_by_name(tmp_path: Path) -> None:
    content = "id,Question,query\n1,SELECT title FROM object,no\n"
    result = found(tmp_path, "x.csv", content, query_column="Question")
    assert seen(result) == {("object", "title", "read", 2, "")}


def test_a_project(project: Project) -> None:
    """What an export uses is put under contract, and a migration that breaks it is refused with the export's line."""
    project.revision(
        "one",
        """
        op.create_table("object", sa.Column("id", sa.Integer, primary_key=True), sa.Column("title", sa.Text),
            sa.Column("note", sa.Text))
        """,
    )
    assert project.alembic("upgrade", "head").returncode == 0
    project.write("log.csv", "query,user\nSELECT title FROM object WHERE id = 5,report\nSELECT\tfrom (,report\n")
    made = project.cli("infer", "statements", "--file", "log.csv", "--role", "report")
    assert made.returncode == 3, made.stderr
    assert "not read: log.csv:3: truncated: " in made.stderr
    contract = (project.path / "contracts" / "report.odcs.yaml").read_text()
    assert "file: log.csv" in contract
    assert "line: 2" in contract
    again = ("infer", "statements", "--file", "log.csv", "--role", "report", "--check", "--offline", "--allow-unread")
    assert project.cli(*again).returncode == 0
    project.revision("two", "op.drop_column('object', 'note')")
    assert project.cli("check", "--offline").returncode == 0
    project.revision("three", "op.drop_column('object', 'title')")
    refused = project.cli("check", "--offline")
    assert refused.returncode == 1
    assert "public.object.title no longer exists" in refused.stdout
    counted = project.cli("infer", "statements")
    assert counted.returncode == 2
    assert "does not have the extension pg_stat_statements" in counted.stderr


def test_settings_of_a_project(project: Project) -> None:
    project.revision("one", "op.execute('CREATE TABLE object (id int, title text, note text)')")
    project.write(
        "logs/log.csv", "said,user,calls\nSELECT title FROM object,report,20\nSELECT note FROM object,app,9\n"
    )
    pyproject = project.path / "pyproject.toml"
    settings = """
[tool.alembic_contracts.infer.reporting]
statements = true
file = "logs/log.csv"
query-column = "said"
min-calls = 10
owner = "Reporting <reporting@museum.org>"
"""
    pyproject.write_text(pyproject.read_text() + settings)
    made = project.cli("infer", "--all", "--offline")
    assert made.returncode == 0, made.stderr
    contract = (project.path / "contracts" / "reporting.odcs.yaml").read_text()
    assert "name: title" in contract
    assert "name: note" not in contract
    assert "file: logs/log.csv" in contract
    assert project.cli("infer", "--all", "--offline", "--check").returncode == 0

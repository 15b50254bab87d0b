"""``python -m benchmarks.uses``: how fast queries are read, and with ``--corpus`` how right, by PostgreSQL's answer.

Speed: 2,000 files of 50 lines, in turn with the parser alone in the same process. Truth: each folder of the corpus that
has a ``schema.sql`` is a project; of every statement in its other files that the server takes, each column is dropped
in turn: the statement uses those without which it fails, or yields other columns. Clone projects that keep their
queries in such files, as users of sqlc do (sqlc's own examples and tests, river); nothing of them is kept here.
Written to a folder: ``uses.md``, and ``uses.txt`` with each statement that is seen otherwise.
"""

from __future__ import annotations

import argparse
import gc
import re
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

import psycopg
import sqlalchemy as sa

from alembic_contracts import embedded
from alembic_contracts.dialects.postgresql import library
from alembic_contracts.inference.asked import Asked
from alembic_contracts.inference.queries import Query, look
from alembic_contracts.inference.usage.texts import prepare
from alembic_contracts.schemas.schema import Column, Name, Schema, Table
from tests.support.uses import Truth, columns, looked

_FILE = """\
-- Objects of the last years with their images, for the guide.
WITH recent AS (
    SELECT o.object_id,
           o.title,
           o.accession_year,
           i.url
    FROM object AS o
    JOIN object_images AS i ON i.object_id = o.object_id
    WHERE o.accession_year > {number}
      AND o.title IS NOT NULL
      AND i.width > 100
), counted AS (
    SELECT object_id,
           count(*) AS images,
           max(url) AS last_url
    FROM recent
    GROUP BY object_id
)
SELECT r.object_id,
       r.title,
       c.images,
       coalesce(c.last_url, 'none') AS url,
       CASE WHEN c.images > 3 THEN 'many'
            WHEN c.images > 1 THEN 'some'
            ELSE 'few' END AS how_many
FROM recent AS r
LEFT JOIN counted AS c USING (object_id)
WHERE r.title LIKE '%a%'
ORDER BY r.title, c.images DESC;

UPDATE object AS o
SET title = upper(o.title),
    note = %(note)s
FROM object_images AS i
WHERE i.object_id = o.object_id
  AND i.width < %(width)s
RETURNING o.object_id, o.title;

INSERT INTO object_images (image_id, object_id, url, width)
SELECT o.object_id + {number},
       o.object_id,
       'https://example.org/' || o.title,
       100
FROM object AS o
WHERE NOT EXISTS (
    SELECT *
    FROM object_images AS i
    WHERE i.object_id = o.object_id
)
ON CONFLICT (image_id) DO NOTHING;
"""
_PARAMETER = re.compile(r"(?<![\w@<])@\w+|\bsqlc\.(?:arg|narg|slice)\s*\([^)]*\)", re.IGNORECASE)


def _table(name: str, *names: str) -> Table:
    more = [f"column_{number}" for number in range(25)]
    return Table(name=Name("public", name), columns=tuple(Column(name=each, type=None) for each in (*names, *more)))


def speed(files: int, repeat: int) -> str:
    """Return what reading files costs, in times of parsing them."""
    tables = [
        _table("object", "object_id", "title", "accession_year", "note"),
        _table("object_images", "image_id", "object_id", "url", "width"),
    ]
    asked = Asked(inputs=(), schema=Schema(tables={table.name: table for table in tables}), server_version=180000)
    texts = [_FILE.format(number=number) for number in range(files)]
    parsed = [prepare(text, 1).sql for text in texts]
    queries = [Query(text=text, file=f"{number}.sql") for number, text in enumerate(texts)]
    found: list[tuple[float, float]] = []
    for _ in range(repeat):
        gc.collect()
        start = time.process_time()
        for text in parsed:
            library.parse(text)
        between = time.process_time()
        look(queries, asked)
        found.append((between - start, time.process_time() - between))
    ratio = statistics.median(ours / theirs for theirs, ours in found)
    lines = len(texts[0].splitlines())
    parse, ours = (statistics.median(each) for each in zip(*found, strict=True))
    return (
        f"{files:,} files of {lines} lines: parsing alone {parse:.2f} s of CPU, what they use {ours:.2f} s,"
        f" x {ratio:.2f} (at most x 3)."
    )


def _statements(file: Path) -> list[str]:
    text = file.read_text(encoding="utf-8", errors="replace")
    ends = prepare(text, 1).ends
    return [
        each
        for begin, end in zip((0, *(e + 1 for e in ends)), (*ends, None), strict=True)
        if (each := text[begin:end].strip())
    ]


def _for_server(statement: str) -> str:
    """Sqlc's parameters have names; the server's have numbers."""
    first = max((int(each) for each in re.findall(r"\$(\d+)", statement)), default=0)
    names: dict[str, int] = {}
    return _PARAMETER.sub(lambda m: f"${names.setdefault(m[0], first + 1 + len(names))}", statement)


def truth(corpus: Path, log: Path) -> list[str]:
    """Return what was right and wrong of each project, and together."""
    total: Counter[str] = Counter()
    projects: dict[str, Counter[str]] = {}
    with embedded.scratch() as server, log.open("w", encoding="utf-8") as said:
        engine = sa.create_engine(server.url(), poolclass=sa.NullPool)
        for schema in sorted(corpus.rglob("schema.sql")):
            name = schema.relative_to(corpus).parts[0]
            counts = _folder(engine, schema, said)
            projects.setdefault(name, Counter()).update(counts)
            total.update(counts)
    rows = [*sorted(projects.items()), ("together", total)]
    heads = (
        "statements",
        "not taken by the server",
        "of views",
        "seen alike",
        "uses right",
        "too few",
        "too many",
        "named as unread",
    )
    lines = ["| project | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    return [
        *lines,
        *(f"| {name} | " + " | ".join(f"{counts[head]:,}" for head in heads) + " |" for name, counts in rows),
    ]


def _folder(engine: sa.Engine, schema: Path, said: object) -> Counter[str]:
    counts: Counter[str] = Counter()
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        raw.autocommit = True
        raw.execute("DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public; RESET ALL")
        try:
            at = Truth.of(connection, schema.read_text(encoding="utf-8"))
        except (psycopg.Error, UnicodeDecodeError):
            return counts
        for file in sorted(schema.parent.glob("*.sql")):
            for statement in _statements(file) if file.name != "schema.sql" else ():
                counts.update(_compared(at, statement, f"{file}", said))
    return counts


def _compared(at: Truth, statement: str, file: str, said: object) -> Counter[str]:
    counts = Counter({"statements": 1})
    sent = _for_server(statement)
    if at.fails(sent) is not None:
        return counts + Counter({"not taken by the server": 1})
    named = [name for name in at.schema.tables if name.name.lower() in statement.lower()]
    found = looked(at.schema, statement)
    of_views = {name.name for name, table in at.schema.tables.items() if "view" in table.kind}
    ours, theirs = columns(found), at.used(sent, named)
    if any(table in of_views for table, _ in ours):  # the view is what is used, of which no column can be dropped
        return counts + Counter({"of views": 1})
    counts.update({"uses right": len(ours & theirs), "too few": len(theirs - ours), "too many": len(ours - theirs)})
    counts.update({"seen alike": int(ours == theirs), "named as unread": int(bool(found.unread))})
    if ours != theirs or found.unread:
        print(
            file,
            statement,
            f"too few {theirs - ours}, too many {ours - theirs}",
            *found.unread,
            "",
            sep="\n",
            file=said,
        )  # type: ignore[call-overload]
    return counts


def main() -> None:
    """Measure, and compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.uses", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--corpus", type=Path, help="a folder of projects")
    parser.add_argument("--output", type=Path, default=Path(".benchmarks"), help="folder (default: %(default)s)")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    lines = [speed(200 if options.quick else 2000, 3 if options.quick else 5)]
    if options.corpus is not None:
        lines += ["", *truth(options.corpus, options.output / "uses.txt")]
    (options.output / "uses.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

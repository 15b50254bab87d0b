"""Looks into the museum's database."""

from __future__ import annotations

import difflib
import re

import click
import psycopg
from rich.console import Console
from rich.table import Table

from seed.database import connect

__all__ = ["QUERIES", "query"]

QUERIES = {
    "departments": """
        SELECT department, count(*) AS objects, count(gallery_number) AS on_view
        FROM object_gallery_info GROUP BY department ORDER BY objects DESC, department
    """,
    "images": """
        SELECT cardinality(additional_images) + (primary_image IS NOT NULL)::integer AS images, count(*) AS objects
        FROM object_images GROUP BY images ORDER BY images
    """,
    "public-domain": """
        SELECT is_public_domain, count(*) AS objects, count(primary_image) AS with_image
        FROM object_copyright GROUP BY is_public_domain ORDER BY is_public_domain
    """,
    "tags": """
        SELECT tag ->> 'term' AS tag, count(*) AS objects
        FROM object_tags, unnest(tags) AS tag GROUP BY 1 ORDER BY objects DESC, tag
    """,
    "objects": """
        SELECT object_id, title, artist_display_name, culture, object_date, department
        FROM object JOIN object_history USING (object_id) JOIN object_gallery_info USING (object_id)
        ORDER BY object_id
    """,
}


@click.command(
    epilog=f"""\b
Named queries: {", ".join(QUERIES)}

\b
Examples:
  python -m seed query departments
  python -m seed query "TABLE object_images" --limit 5
"""
)
@click.argument("statement", metavar="NAME_OR_SQL")
@click.option("--limit", type=click.IntRange(min=1), default=25, show_default=True, help="Rows to show at most.")
def query(statement: str, limit: int) -> None:
    """Print the rows of a named query or of a SELECT as a table.

    Runs in a read-only transaction and fetches no more rows than it shows.
    """
    if not statement.strip():
        raise click.UsageError(f"There is nothing to ask: give a SELECT or one of {', '.join(QUERIES)}.")
    if re.fullmatch(r"[\w-]+", statement) and statement not in QUERIES:
        meant = difflib.get_close_matches(statement, QUERIES, n=1)
        guess = f" Did you mean `{meant[0]}`?" if meant else ""
        known = ", ".join(QUERIES)
        raise click.ClickException(f"There is no query `{statement}`.{guess} Known are {known}; or give a SELECT.")
    with connect() as connection:
        names, rows = _run(connection, QUERIES.get(statement, statement), limit + 1)
    table = Table(*names)
    for row in rows[:limit]:
        table.add_row(*(_cell(value) for value in row))
    console = Console(markup=False, highlight=False)
    console.print(table)
    shown = f"{len(rows):,} row{'' if len(rows) == 1 else 's'}."
    console.print(f"The first {limit:,} rows; --limit shows more." if len(rows) > limit else shown)


def _run(connection: psycopg.Connection, statement: str, limit: int) -> tuple[list[str], list[tuple[object, ...]]]:
    """Return column names and at most so many rows.

    A server-side cursor takes one statement that reads and sends only the rows that are asked for.

    Raises:
        click.ClickException: PostgreSQL refuses it; carries PostgreSQL's words.
    """
    connection.read_only = True
    try:
        with connection.cursor("museum_query") as cursor:
            cursor.execute(statement.encode())
            return [column.name for column in cursor.description or ()], cursor.fetchmany(limit)
    except psycopg.errors.UndefinedTable as error:
        raise click.ClickException(f"{error}\nHas `alembic upgrade head` been run?") from error
    except psycopg.Error as error:
        raise click.ClickException(f"PostgreSQL refused the query: {error}") from error


def _cell(value: object) -> str:
    return "" if value is None else str(value)

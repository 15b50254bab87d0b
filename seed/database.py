"""The connection to the museum's database."""

from __future__ import annotations

import logging
import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import psycopg

from alembic_contracts.errors import CannotCheck

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["connect"]

REPOSITORY = Path(__file__).resolve().parent.parent
CONNECT_TIMEOUT = 5
"""Seconds until a server that does not answer is given up."""


@contextmanager
def connect() -> Iterator[psycopg.Connection]:
    """Connect to the database in ``DATABASE_URL``, else to this checkout's own PostgreSQL.

    These are the databases that ``migrations/env.py`` migrates. Leaving without an exception commits.

    Raises:
        click.ClickException: there is no connection, or it was lost.
    """
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # it warns of every batch that ends with an exception
    with _database_url() as url:
        try:
            connection = psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT)
        except psycopg.Error as error:
            raise click.ClickException(f"Cannot connect to the database: {error}") from error
        with connection:
            yield connection


@contextmanager
def _database_url() -> Iterator[str]:
    """Yield a URL as libpq reads it, so without the name of a SQLAlchemy driver."""
    url = os.environ.get("DATABASE_URL")
    if url:
        yield re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", url)
        return
    try:
        from alembic_contracts import embedded

        server = embedded.server(REPOSITORY / ".postgres")
    except CannotCheck as error:
        raise click.ClickException(str(error)) from error
    with server:
        yield re.sub(r"^postgresql(\+\w+)?://", "postgresql://", server.url())

"""Alembic runs this file for every command that needs the museum's database or its SQL.

The one line that matters here is the ``with`` around ``context.run_migrations()``: ``alembic_contracts.guard(context)``
checks the pending revisions against the data contracts before the first of them runs, and the resulting schema before
it is committed.
"""

from __future__ import annotations

import logging
import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import context
from alembic.util import CommandError
from sqlalchemy import NullPool, create_engine

import alembic_contracts
from alembic_contracts.errors import CannotCheck

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parent.parent

logging.basicConfig(format="%(levelname)-5.5s [%(name)s] %(message)s")
logging.getLogger("alembic").setLevel(logging.INFO)

# `alembic revision --autogenerate` compares the database with this: the MetaData of your models, if you have any.
target_metadata = None


@contextmanager
def database_url() -> Iterator[str]:
    """Yield the URL in ``DATABASE_URL``, else that of this checkout's own PostgreSQL, which lives as long as needed."""
    url = os.environ.get("DATABASE_URL")
    if url:
        yield re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)
    else:
        try:
            from alembic_contracts import embedded

            server = embedded.server(REPOSITORY / ".postgres")
        except CannotCheck as error:
            raise CommandError(str(error)) from error
        with server:
            yield server.url()


def run_migrations_offline() -> None:
    """Write the SQL to standard output (``alembic upgrade head --sql``); needs no database."""
    context.configure(
        dialect_name="postgresql",
        target_metadata=target_metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
    )
    with context.begin_transaction(), alembic_contracts.guard(context):
        context.run_migrations()


def run_migrations_online() -> None:
    """Run the migrations on the database."""
    with database_url() as url, create_engine(url, poolclass=NullPool).connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata)
        with context.begin_transaction(), alembic_contracts.guard(context):
            context.run_migrations()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()

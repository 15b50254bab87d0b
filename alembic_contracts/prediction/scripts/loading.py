"""A migration context without a database in, one with a connection that sends nothing out, while scripts are loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from alembic.runtime.migration import MigrationContext

from alembic_contracts.prediction.answers.reader import Reader
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.driver.recording_dialect import recording_engine
from alembic_contracts.prediction.scripts.isolation import alembic_leads_to
from alembic_contracts.prediction.scripts.recording import Recording

if TYPE_CHECKING:
    from alembic.runtime.environment import EnvironmentContext

    from alembic_contracts.prediction.driver.recording_dialect import RecordingDialect

__all__ = ["connection_while_loading"]


@contextmanager
def connection_while_loading(environment: EnvironmentContext, context: MigrationContext) -> Iterator[None]:
    """Let ``op.get_bind()`` be a connection for scripts that use it outside of their functions.

    What they are told there counts for nothing: prediction loads them once more, and notes what it cannot know.
    """
    catalog = Catalog()
    reader = Reader(catalog, "empty")
    recording = Recording(catalog, None, reader, context.dialect.driver)
    reader.doubt = recording.doubt
    engine = recording_engine(recording, catalog, context.dialect)
    cast("RecordingDialect", engine.dialect).doubt = recording.doubt
    options = {**context.opts, "as_sql": False}
    for name in ("fn", "output_buffer", "output_encoding", "literal_binds", "starting_rev"):
        options.pop(name, None)
    with engine.connect() as connection:
        migration = MigrationContext(engine.dialect, connection, options, environment)
        with alembic_leads_to(environment, migration, as_sql=False):
            yield

"""A connection to the recorder that stands in for a database while scripts are run."""

from __future__ import annotations

import sqlalchemy as sa

from alembic_contracts.prediction.answers.reader import Reader
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.driver.recording_dialect import recording_engine
from alembic_contracts.prediction.scripts.recording import Recording
from alembic_contracts.prediction.statements import execute


class Recorded:
    """A connection to the recorder, with what it did not know."""

    def __init__(self, catalog, world="empty"):
        self.doubts = []
        self.reader = Reader(catalog, world)
        self.recording = Recording(catalog, (), self.reader)
        self.reader.doubt = lambda reason, _tables: self.doubts.append(reason)
        engine = recording_engine(self.recording, catalog)
        engine.dialect.doubt = self.reader.doubt
        self.connection = engine.connect()
        self.recording.connected(self.connection.connection.dbapi_connection)

    def rows(self, sql, **binds):
        result = self.connection.execute(sa.text(sql.replace(":", r"\:")) if not binds else sa.text(sql), binds)
        return [tuple(row) for row in result] if result.returns_rows else result.rowcount


def recorded(setup="", world="empty", **options):
    catalog = Catalog(**options)
    if setup:
        execute(catalog, setup)
    return Recorded(catalog, world)

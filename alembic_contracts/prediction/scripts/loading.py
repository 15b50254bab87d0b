"""The file of a version script in, its module out; loaded again and called as Alembic would."""

from __future__ import annotations

import asyncio
import importlib.util
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from alembic.runtime.migration import MigrationContext
from sqlalchemy.util.concurrency import greenlet_spawn, in_greenlet

from alembic_contracts.prediction.answers.reader import Reader
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.driver.recording_dialect import recording_engine
from alembic_contracts.prediction.scripts.isolation import alembic_leads_to
from alembic_contracts.prediction.scripts.recording import Recording

if TYPE_CHECKING:
    from types import ModuleType

    from alembic.runtime.environment import EnvironmentContext

    from alembic_contracts.prediction.driver.recording_dialect import RecordingDialect

__all__ = ["called", "connection_while_loading", "fresh_module"]


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


def fresh_module(path: str) -> ModuleType:
    """Execute a version script's file once more, as Alembic does, so that nothing it keeps leaks into the real run."""
    spec = importlib.util.spec_from_file_location(re.sub(r"\W", "_", Path(path).name), path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def called(function: Callable[..., Any], arguments: Mapping[str, Any], *, is_async: bool) -> None:
    """Call a script's function. ``is_async``: whether the real run's driver is, on whose loop scripts may wait."""
    if is_async and not in_greenlet() and not _loop_is_running():
        # `op.run_async` waits on the loop that the real run is in; a check without one brings its own.
        asyncio.run(greenlet_spawn(function, **arguments))
    else:
        function(**arguments)


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True

"""A run in, the predictions that were made of the same run before in this process out, if there are any.

A test suite has many databases and one history: it pays once. The same are two runs with the same scripts, text by
text, on databases that are the same, with the same options. A script that goes by anything else is not remembered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Hashable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from alembic_contracts.dialects.listeners import listeners_of
from alembic_contracts.patterns import pattern
from alembic_contracts.running.keys import same
from alembic_contracts.running.postponed import text_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from alembic_contracts.config import Settings
    from alembic_contracts.contracts.contract import Contract, Waiver
    from alembic_contracts.judging.engine import Policy
    from alembic_contracts.judging.violations import Report
    from alembic_contracts.running.pending import Run
    from alembic_contracts.schemas.schema import Name
    from alembic_contracts.schemas.steps import Prediction

__all__ = ["Judged", "find", "keep", "key_of", "verdict"]

_known: dict[Hashable, tuple[Prediction, ...]] = {}
_MOST = 16
_verdicts: deque[tuple[Judged, Report]] = deque(maxlen=_MOST)

_GOES_FURTHER = pattern(
    r"environ|getenv|getcwd|x_argument|config|attributes|random|secrets|uuid|now\(|today\(|time\(|open\(|read_|load"
    r"|_all\(|\.url\b|\.metadata|import_module|__import__|pkgutil|subprocess|sys\."
)
"""What a script goes by that is not the same each time although its text is: files, models of which there may be more
by now, the environment, time and chance."""
_OWN = (
    "_json_serializer",
    "_json_deserializer",
    "_on_connect_isolation_level",
    "default_schema_name",
    "driver",
    "is_async",
    "label_length",
    "max_constraint_name_length",
    "max_identifier_length",
    "max_index_name_length",
    "skip_autocommit_rollback",
)
"""Of SQLAlchemy's dialect: what scripts see of it, or what it makes of their statements."""
_NO_OPTIONS = frozenset(
    {"fn", "script", "output_buffer", "process_revision_directives", "include_name", "include_object", "render_item"}
)
"""Of a migration context: they are made anew for each run, or are for autogenerate alone."""


@lru_cache(maxsize=4096)
def _goes_further(script: str) -> bool:
    return _GOES_FURTHER.search(script) is not None


def find(key: Hashable | None) -> tuple[Prediction, ...] | None:
    """Return the predictions that were made of a run."""
    return None if key is None else _known.get(key)


def keep(key: Hashable | None, predictions: tuple[Prediction, ...]) -> None:
    """Remember predictions that leave nothing open."""
    if key is None or any(each.unproven for each in predictions):
        return
    while len(_known) >= _MOST:
        del _known[next(iter(_known))]
    _known[key] = predictions


class Judged(Struct, frozen=True):
    """All that a verdict follows from."""

    predictions: tuple[Prediction, ...]
    contracts: tuple[Contract, ...]
    waivers: tuple[Waiver, ...]
    settings: Settings
    policy: Policy

    def is_same(self, other: Judged) -> bool:
        """Whether both lead to the same verdict; what was remembered of steps is the same object."""
        return (
            len(self.predictions) == len(other.predictions)
            and all(map(_is_same_course, self.predictions, other.predictions))
            and (self.policy, self.waivers, self.settings) == (other.policy, other.waivers, other.settings)
            and self.contracts == other.contracts
        )


def _is_same_course(one: Prediction, other: Prediction) -> bool:
    same = one.steps is other.steps and one.before == other.before
    return same and (one.unproven, one.cut) == (other.unproven, other.cut)


def verdict(judged: Judged, judge: Callable[[], Report]) -> Report:
    """Return what ``judge`` does, or did last where it was about the same."""
    known = next((report for before, report in _verdicts if before.is_same(judged)), None)
    if known is None:
        known = judge()
        _verdicts.append((judged, known))
    return known


def key_of(run: Run, start: Hashable, tables: Collection[Name] | None) -> Hashable | None:
    """Return all that the predictions of a run follow from; None: more than is known of.

    Args:
        run: the scripts, and what they see.
        start: what tells what the database is like before.
        tables: what the schemas show (None: all).
    """
    scripts = []
    for step in (*run.history, *run.steps):
        if hasattr(step, "generated"):
            return None
        text = text_of(step)
        if not text or _goes_further(text):
            return None
        scripts.append((step.is_upgrade, step.revision.revision, step.revision.path, text))
    context = run.context
    options = {name: value for name, value in context.opts.items() if name not in _NO_OPTIONS}
    ways = (run.as_sql, run.own_transaction, run.no_exec, context.as_sql, run.connection is None, Path.cwd())
    external = getattr(context, "_in_external_transaction", False)
    watched = None if tables is None else frozenset(tables)
    connected = None if run.connection is None else same(_manners(run.connection))
    return (tuple(scripts), start, watched, same(options), same(dict(run.arguments)), ways, external, connected)


def _manners(connection: Connection) -> tuple[object, ...]:
    """Return what decides how a connection behaves, beside what is there."""
    own = (getattr(connection.dialect, name, None) for name in _OWN)
    return (*own, dict(connection.get_execution_options()), *listeners_of(connection.engine))

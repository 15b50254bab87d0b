"""A run in, the predictions that were made of the same run before in this process out, if there are any.

A test suite has many databases and one history: it pays once. The same are two runs with the same scripts, as Python
runs them, on databases that are the same, with the same options. Whatever else scripts go by, they are held against
what they executed then (``expected``).
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.dialects.listeners import listeners_of, own_listeners_of
from alembic_contracts.prediction.scripts.words import Words, words_of
from alembic_contracts.running.keys import same

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.engine import Connection

    from alembic_contracts.config import Settings
    from alembic_contracts.contracts.contract import Contract, Waiver
    from alembic_contracts.judging.engine import Policy
    from alembic_contracts.judging.violations import Report
    from alembic_contracts.running.pending import Run
    from alembic_contracts.schemas.schema import Name
    from alembic_contracts.schemas.steps import Prediction

__all__ = ["Judged", "Script", "can_be_held", "find", "forget", "keep", "key_of", "may_name", "verdict"]

_known: dict[Hashable, tuple[Prediction, ...]] = {}
_MOST = 16
_verdicts: deque[tuple[Judged, Report]] = deque(maxlen=_MOST)

_DATABASES = (b"database", b"catalog", b"datname", b"information_schema")
_ENVIRONMENT = frozenset({"environ", "environb", "expanduser", "expandvars", "getenv", "getenvb"})
_ENVIRONMENT_OF_TESTS = "PYTEST_CURRENT_TEST"
_CONTEXT = frozenset({"context", "environment_context", "get_context", "migration_context"})
_CONFIG = frozenset(
    {
        "attributes", "cmd_opts", "config", "get_head_revision", "get_head_revisions", "get_revision_argument",
        "get_starting_revision_argument", "get_tag_argument", "get_x_argument",
    }
)  # fmt: skip
"""What Alembic's context tells scripts of the command, and of what is configured."""
_LEADING_OUT = (b"environ", b"expand", b"getenv", b"context", b"url")
"""Parts of all names that lead out of the database."""
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


class Script(Struct, frozen=True):
    """A script of a run."""

    is_upgrade: bool
    revision: str
    path: str
    words: Words


def find(key: Hashable) -> tuple[Prediction, ...] | None:
    """Return the predictions that were made of a run."""
    return _known.get(key)


def can_be_held(prediction: Prediction) -> bool:
    """Whether scripts can be held against what is predicted: all of what they did then is seen again."""
    return all(step.marks is not None for step in prediction.steps)


def keep(key: Hashable, predictions: tuple[Prediction, ...]) -> tuple[Prediction, ...]:
    """Remember predictions that scripts can be held against; returns them as they are to be found again."""
    found = tuple(replace(each, found_out_before=True) for each in predictions)
    if _known.get(key) == found:  # of which verdicts are known
        return _known[key]
    while len(_known) >= _MOST:
        del _known[next(iter(_known))]
    _known[key] = found
    return found


def forget(key: Hashable) -> None:
    """Know nothing of a run any more."""
    _known.pop(key, None)


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
    """Return what the predictions of a run follow from, as far as that is known; None: scripts cannot be read.

    Args:
        run: the scripts, and what they see.
        start: what tells what the database is like before.
        tables: what the schemas show (None: all).
    """
    scripts = []
    for step in (*run.history, *run.steps):
        path = step.revision.path
        words = None if hasattr(step, "generated") else words_of(path)
        if words is None:
            return None
        scripts.append(Script(step.is_upgrade, step.revision.revision, path, words))
    context = run.context
    options = {name: value for name, value in context.opts.items() if name not in _NO_OPTIONS}
    ways = (run.heads, run.as_sql, run.own_transaction, run.no_exec, context.as_sql, run.connection is None, Path.cwd())
    external = getattr(context, "_in_external_transaction", False)
    watched = None if tables is None else frozenset(tables)
    connected = None if run.connection is None else same(_manners(run.connection))
    named = _named(run, scripts)
    return (tuple(scripts), start, watched, same(options), same(dict(run.arguments)), ways, external, connected, named)


def may_name(run: Run, database: str) -> bool:
    """Whether the same statements may lead elsewhere in a database of another name."""
    name = database.encode(errors="surrogatepass")  # as code is serialized
    for step in (*run.history, *run.steps):
        words = words_of(step.revision.path)
        if words is None or (words.may_name((b"url",)) and "url" in words.names):
            return True
        small = words.serialized.lower()
        if name in words.serialized or any(word in small for word in _DATABASES):
            return True
    return False


def _named(run: Run, scripts: Iterable[Script]) -> Hashable:
    """Return what scripts see by names in them that lead out of the database."""
    names = frozenset().union(*(script.words.names for script in scripts if script.words.may_name(_LEADING_OUT)))
    seen: list[object] = []
    if names & _ENVIRONMENT:
        seen.append({name: value for name, value in os.environ.items() if name != _ENVIRONMENT_OF_TESTS})
    if names & _CONTEXT and names & _CONFIG:
        seen.append(_configured(run.environment.config, run.connection))
    if "url" in names and run.connection is not None:
        seen.append(run.connection.engine.url)
    return same(seen)


def _configured(config: Config, connection: Connection | None) -> tuple[object, ...]:
    """Return what is configured, but for what the database itself is called: a test suite has one for each test."""
    file, options = config.file_config, config.cmd_opts

    def given(values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: "the database" if _is_it(value, connection) else value for name, value in values.items()}

    sections = {name: given(dict(file.items(name, raw=True))) for name in (*file.sections(), "DEFAULT")}
    told = given({} if options is None else vars(options))
    return sections, given(config.toml_alembic_config), given(config.attributes), told, config.config_file_name


def _is_it(value: object, connection: Connection | None) -> bool:
    """Whether a value is a connection, its engine, or its URL."""
    if connection is None:
        return False
    if isinstance(value, str):
        return value == connection.engine.url.render_as_string(hide_password=False)
    return value is connection or value is connection.engine


def _manners(connection: Connection) -> tuple[object, ...]:
    """Return what decides how a connection behaves, beside what is there."""
    own = (getattr(connection.dialect, name, None) for name in _OWN)
    listeners = (*listeners_of(connection.engine), *own_listeners_of(connection))
    return (*own, dict(connection.get_execution_options()), *listeners)

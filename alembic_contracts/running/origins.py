"""A run on a database in, what is there before it out: what it is judged by, and what its prediction starts from.

Prediction is imported where one begins.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts import dialects
from alembic_contracts.errors import CannotCheck
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.steps import Unproven
from alembic_contracts.support import modules

if TYPE_CHECKING:
    from alembic.runtime.migration import RevisionStep
    from sqlalchemy.engine import Connection

    from alembic_contracts.dialects import Asked, Dialect, Sight
    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.running.pending import Run
    from alembic_contracts.schemas.schema import Name, Schema
    from alembic_contracts.schemas.surroundings import Extract, Surroundings

__all__ = ["WHOLE", "Beginning", "Origin", "get_ready"]

log = logging.getLogger("alembic.contracts")

_FEW = 50
"""Tables that are read faster all at once than after finding out which are needed."""
_WORD = pattern(r"\w+")
_SYSTEM = pattern("pg_|information_schema$")
"""Schemas that are not read with all others."""


_FOLLOWING = (
    "alembic_contracts.prediction.scripts.batches",
    "alembic_contracts.prediction.scripts.source_lines",
    "alembic_contracts.prediction.sql.transaction_ends",
    "alembic_contracts.running.endings",
)
"""What follows scripts while they run."""
_PREDICTING = (
    "alembic_contracts.prediction.scripts.predict",
    "alembic_contracts.prediction.scripts.baseline",
    "alembic_contracts.prediction.containment.process",
    "alembic_contracts.prediction.containment.limits",
    "alembic_contracts.prediction.scripts.outside",
    "alembic_contracts.prediction.scripts.real_drivers",
    *_FOLLOWING,
)
"""What a prediction needs."""
_KEPT = (
    "alembic_contracts.running.kept_predictions",
    "alembic_contracts.running.remembered",
    "alembic_contracts.prediction.containment.messages",
    *_FOLLOWING,
)
"""What looks for one that another process has made of the same scripts, where these begin with an empty database."""


def get_ready(steps: Sequence[RevisionStep], environment: str) -> None:
    """Have at hand what finds out whether predictions of scripts are kept, or makes them, while a server answers.

    Args:
        steps: that are pending, in an empty database.
        environment: the path of env.py.
    """
    _import(_KEPT)
    from alembic_contracts.running import kept_predictions

    if kept_predictions.are_there(environment):
        kept_predictions.get_ready(steps)
    else:
        _import(_PREDICTING)


def _import(names: Sequence[str]) -> None:
    for name in names:
        import_module(name)


class Beginning(Struct, frozen=True):
    """How much of a database a prediction starts from."""

    part: Extract | None = None
    """Some tables; None: all."""
    without_access: bool = False
    """Whether nothing is read of roles, and of what they may do."""

    @property
    def is_whole(self) -> bool:
        """Whether it is all of it."""
        return self.part is None and not self.without_access

    @property
    def tables(self) -> Collection[Name] | None:
        """The names of its tables; None: all."""
        return None if self.part is None else self.part.tables


WHOLE = Beginning()


class Origin:
    """What a database has before a run: two queries tell, unless another session is in the way or scripts need more."""

    def __init__(
        self, run: Run, connection: Connection, tables: Collection[Name] | None, asked: Asked | None, dialect: Dialect
    ) -> None:
        """Read what the run is judged by, with what its prediction starts from where there is one.

        Args:
            run: what is pending.
            connection: to the database.
            tables: the contracted ones (None: all tables).
            asked: what of them it is judged by (None: everything).
            dialect: of the database.

        Raises:
            CannotCheck: it cannot be read, or something that nobody looks at later is locked for too long.
        """
        self._run, self._connection, self._tables, self._dialect = run, connection, tables, dialect
        self._is_about_access = asked is None or bool(asked.parts & {"grants", "publications"})
        self.doubts: tuple[Unproven, ...] = ()
        """About what others have locked."""
        self._read: dict[tuple[bool, bool], tuple[Schema, Extract | None]] = {}
        """What was read, and which part of the database that is: by whether all was asked for, and waited for."""
        predicts = dialect.FORESIGHT == "catalog" and bool(run.steps) and not run.shadow
        at_once = predicts and not self._names_system_tables()
        with modules.ahead(*(self._needed_next() if predicts and run.whole is None else [()])):
            self.sight = (self._seen_with_the_rest() if at_once else None) or self._seen_alone()
        """The contracted tables."""

    def _needed_next(self) -> tuple[Sequence[str], *tuple[Callable[[], object], ...]]:
        """Return what is imported, and done, while the server answers: what comes next, as far as that is known."""
        run = self._run
        if run.may_be_kept and not run.heads:
            return _KEPT, partial(get_ready, run.steps, run.environment.script.env_py_location)
        return (_PREDICTING,)

    # -- what the run is judged by -----------------------------------------------------------------------------------

    def _names_system_tables(self) -> bool:
        return any(_SYSTEM.match(name.schema) for name in self._tables or ())

    def _seen_with_the_rest(self) -> Sight | None:
        """Return what the read shows that the prediction starts from; None: another session is in its way."""
        try:
            first, around = self._first, self._surroundings
            left_out = around.without | ({"grants"} if first.without_access else set())
            watched = around.printed.intersection(self._tables or ())
            known = self._run.whole if first.is_whole else None
            seen = known or self._dialect.sight(
                self._connection, first.tables, watched, lock_timeout=0, left_out=left_out
            )
        except dialects.Locked:
            return None
        except CannotCheck:
            raise
        except Exception as error:  # what is at fault is met again, and told, where a prediction starts from it
            log.debug("reading failed", exc_info=error)
            return None
        self._read[first.is_whole, False] = seen.schema, first.part
        if self._tables is None:
            return seen
        tables = {name: table for name, table in seen.schema.tables.items() if name in self._tables}
        return replace(seen, schema=replace(seen.schema, tables=MappingProxyType(tables)))

    def _seen_alone(self) -> Sight:
        watched = self._tables if self._tables is not None and self._run.steps else ()
        try:
            return self._dialect.sight(self._connection, self._tables, watched, lock_timeout=self._run.lock_timeout)
        except dialects.Locked as locked:
            if not self._run.committed_under_guard or locked.sight is None:
                raise
            self.doubts = (Unproven(str(locked), None),)
            return locked.sight

    # -- what a prediction starts from -------------------------------------------------------------------------------

    @cached_property
    def _surroundings(self) -> Surroundings:
        return self._run.around or dialects.replayable(self._dialect).surroundings(self._connection)

    @cached_property
    def _part(self) -> Extract | None:
        """The part of the database that pending scripts can be about by the words in them; None: all of it.

        A script can name more than its text shows: then the prediction finds out and starts again with everything.
        """
        run, contracted, outline = self._run, self._tables, self._surroundings.outline
        if contracted is None or not all(step.revision.path for step in run.steps) or len(outline.tables) <= _FEW:
            return None
        words = {run.context.version_table}
        for step in run.steps:
            text = Path(step.revision.path).read_text(encoding="utf-8", errors="replace")
            words.update(_WORD.findall(text), _WORD.findall(text.lower()))

        def is_named(name: Name) -> bool:
            return name in contracted or all(word in words for word in _WORD.findall(name.name))

        extract = outline.around(is_named)
        return extract if len(extract.tables) < len(outline.tables) / 2 else None

    def bare(self) -> Hashable | None:
        """Return what tells a database apart in which there is no table but Alembic's; None: there are others.

        Tests begin with such a database time and again; in any other one a script is run once.
        """
        schema, _ = self._read.get((True, False), (None, None))
        own = self._run.context.version_table
        if schema is None or any(name.name != own for name in schema.tables):
            return None
        from alembic_contracts.running.keys import UnknownError, digest_of
        from alembic_contracts.running.remembered import may_name

        around = self._surroundings
        if not may_name(self._run, around.session.database):  # tests have databases of many names
            schema = replace(schema, catalog=None)
            around = replace(around, session=replace(around.session, database=""))
        with suppress(UnknownError):
            return self._dialect.KIND, digest_of(schema, around)
        return None

    @cached_property
    def _first(self) -> Beginning:
        """The first of ``beginnings``: all of a database that may be bare, as ``bare`` tells apart by all of it."""
        may_be_bare = not self._run.heads
        return Beginning(self._part, without_access=not (self._is_about_access or may_be_bare))

    def beginnings(self) -> Iterator[Beginning]:
        """Yield what to start from: if that is not enough, the next."""
        if not self._first.is_whole:
            yield self._first
        yield WHOLE

    def catalog(self, beginning: Beginning, *, waits: bool = False) -> Catalog:
        """Return a new catalog of the database.

        Args:
            beginning: how much of it.
            waits: whether for what others have locked, which is left out otherwise until scripts are about it.
        """
        from alembic_contracts.prediction.scripts.baseline import observed

        key = beginning.is_whole, waits
        if key not in self._read:
            self._read[key] = self._read_part(beginning.part, waits=waits)
        schema, read = self._read[key]
        return observed(schema, self._surroundings, read, without_access=beginning.without_access)

    def _read_part(self, part: Extract | None, *, waits: bool) -> tuple[Schema, Extract | None]:
        wanted, patience = None if part is None else part.tables, self._run.lock_timeout
        try:
            return self._dialect.observe(self._connection, wanted, lock_timeout=patience if waits else 0), part
        except dialects.Locked as locked:
            if waits:
                raise
            part = self._surroundings.outline.without(locked.tables, part)
        return self._dialect.observe(self._connection, part.tables, lock_timeout=patience), part

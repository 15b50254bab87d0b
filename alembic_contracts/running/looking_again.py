"""A run that was refused or failed in, its ``Aftermath`` out: rolled back first, then read in a new transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from alembic_contracts.errors import CannotCheck
from alembic_contracts.judging.aftermath import Aftermath
from alembic_contracts.running.revisions import Strayed

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from alembic_contracts.dialects import Dialect
    from alembic_contracts.judging.aftermath import Earlier
    from alembic_contracts.running.courses import Course
    from alembic_contracts.running.ledger import Ledger
    from alembic_contracts.running.terms import Terms
    from alembic_contracts.schemas.schema import Name, Schema

__all__ = ["Applied", "Ran", "Seen", "look_again", "reason_of", "roll_back", "strayed"]


class Applied(Struct, frozen=True):
    """A revision that Alembic has marked as applied."""

    revision: str
    heads: frozenset[str]
    """What the version table then had."""


class Ran(Struct, frozen=True):
    """A run that has come to a stop."""

    course: Course
    """Where it was predicted to lead, with the schema before it."""
    terms: Terms
    commits: Ledger
    """What was committed while it went on."""
    heads: tuple[str, ...]
    """What the version table had before."""
    lookup: str
    """Where unqualified names led before."""
    last: str
    """The revision that began last; empty: none did."""
    applied: tuple[Applied, ...]
    """Revisions that Alembic has marked as applied."""

    @property
    def tables(self) -> frozenset[Name]:
        """Where the contracted tables can be."""
        return self.terms.places(self.course.dialect)


class Seen(Struct, frozen=True):
    """What a look shows."""

    aftermath: Aftermath
    schema: Schema | None
    """The contracted tables as they are now; None: they could not be looked at."""


def roll_back(connection: Connection, *, callers: bool) -> bool:
    """Undo what is open: of a caller's transaction what it has opened last; returns whether that is a savepoint."""
    nested = connection.get_nested_transaction() if callers else None
    transaction = nested or connection.get_transaction()
    if transaction is not None:
        transaction.rollback()
    if nested is None:
        # Of a transaction whose commit was prevented, SQLAlchemy sends no rollback before it closes the connection.
        connection.dialect.do_rollback(connection.connection)
    return nested is not None


@contextmanager
def _usable_inside(connection: Connection) -> Iterator[None]:
    """Let a connection be used where `with connection.begin():` goes on around a transaction that is rolled back.

    SQLAlchemy refuses it until that is left, which is after the report. This attribute is where it looks.
    """
    own = vars(connection)
    before = own.get("_trans_context_manager")
    own["_trans_context_manager"] = None
    try:
        yield
    finally:
        own["_trans_context_manager"] = before


@contextmanager
def _taken_back(connection: Connection, *, callers: bool, inside: bool) -> Iterator[None]:
    """Leave nothing of what the body does to the session; ``inside``: of a transaction that stays as it is."""
    aside = connection.begin_nested() if inside else None
    try:
        yield
    finally:
        with suppress(SQLAlchemyError):
            if aside is not None:
                aside.rollback()
            else:
                roll_back(connection, callers=callers)


def look_again(ran: Ran, earlier: Callable[[], Sequence[Earlier]]) -> Seen:
    """Roll back what is open of a run, and read what is there.

    Args:
        ran: the run, which has a connection.
        earlier: returns what env.py ran before: in the same transaction perhaps, so it is asked after the rollback.
    """
    commits, migration = ran.commits, ran.course.run.context
    connection = migration.connection
    assert connection is not None  # noqa: S101 - there is none in --sql mode alone, where nothing is run
    callers = migration._in_external_transaction  # noqa: SLF001 - Alembic tells it nowhere else
    # What a caller has done in its transaction before the first script is not ours to undo.
    ours = bool(ran.last) or not callers
    found = Aftermath(before=_sorted(ran.heads), started=bool(ran.last))
    to_savepoint = False
    try:
        commits.look()
        if ours:
            to_savepoint = roll_back(connection, callers=callers)
        inside = (to_savepoint or not ours) and not commits.loose
        with _usable_inside(connection), _taken_back(connection, callers=callers, inside=inside):
            rest = commits.rest(goes_on=inside)
            ran.course.dialect.look_up_as(connection, ran.lookup)
            now, versioned = _heads(ran, connection), migration._has_version_table()  # noqa: SLF001 - what it asks itself
            schema = ran.course.dialect.observe(
                connection,
                ran.tables,
                lock_timeout=ran.terms.settings.lock_timeout,
                before=ran.course.sight,
            )
            leftovers = () if rest == "rolled back" else _leftovers(connection, ran.course.dialect)
            sight = ran.course.sight
            before = ran.course.before if sight is None else ran.course.dialect.completed(connection, sight, schema)
    except (SQLAlchemyError, CannotCheck) as error:
        if ours and not to_savepoint:
            with suppress(SQLAlchemyError):
                roll_back(connection, callers=callers)
        found = _noted(found, commits, earlier())
        return Seen(replace(found, commits=tuple(commits.found), unseen=reason_of(error)), None)
    found = replace(_noted(found, commits, earlier()), now=_sorted(now), rest=rest, to_savepoint=to_savepoint)
    found = replace(found, leftovers=leftovers, new_version_table=versioned and not (now or ran.heads))
    return Seen(_completed(found, ran, before, schema), schema)


def _leftovers(connection: Connection, dialect: Dialect) -> tuple[str, ...]:
    """Return the tables that Alembic's batch mode copied rows to, where those that they come from are still there."""
    from alembic_contracts.prediction.scripts.batches import COPY

    names = frozenset(inspect(connection).get_table_names())
    copies = (name for name in names if name.startswith(COPY) and name.removeprefix(COPY) in names)
    return tuple(map(dialect.quote, sorted(copies)))


def strayed(ran: Ran, *, committed: bool) -> Strayed | None:
    """Return what the version table has where that is not where the revisions lead; None: it is as it should be.

    Args:
        ran: a run of which a revision is marked as applied.
        committed: whether it is through, and its last commit seen.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the version table cannot be read.
    """
    now = _heads_now(ran)
    if now is None or frozenset(now) == ran.applied[-1].heads:
        return None
    is_open = ran.commits.block is not None and not committed
    return Strayed(tuple(sorted(now)), is_ours=is_open and _undoes_the_last_step(ran, now))


def _undoes_the_last_step(ran: Ran, now: Collection[str]) -> bool:
    """Whether what Alembic wrote last is not in the version table."""
    heads = ran.applied[-1].heads
    before = ran.applied[-2].heads if len(ran.applied) > 1 else frozenset(ran.heads)
    return not ((heads - before) <= set(now) and (before - heads).isdisjoint(now))


def _heads_now(ran: Ran) -> tuple[str, ...] | None:
    """Read the version table where it was found at the start; None: it cannot be found from here."""
    dialect, connection = ran.course.dialect, ran.course.run.connection
    if connection is None:
        return None
    begins = not connection.in_transaction()
    try:
        if dialect.lookup(connection) == ran.lookup:
            return _heads(ran, connection)
        if ran.commits.loose:
            return None
        with connection.begin_nested() as aside:
            dialect.look_up_as(connection, ran.lookup)
            heads = _heads(ran, connection)
            aside.rollback()
        return heads
    finally:
        if begins:
            connection.rollback()


def _heads(ran: Ran, connection: Connection) -> tuple[str, ...]:
    """Return what the version table has, whatever scripts have set the session to."""
    with ran.course.dialect.answering(connection):
        return ran.course.run.context.get_current_heads()


def _noted(found: Aftermath, commits: Ledger, earlier: Sequence[Earlier]) -> Aftermath:
    return replace(found, earlier=tuple(earlier), elsewhere=tuple(commits.elsewhere), gap=commits.gap)


def _completed(found: Aftermath, ran: Ran, before: Schema, now: Schema) -> Aftermath:
    """Return it with the revisions that stay as a whole, the commits inside of others, and what has changed."""
    applied = ran.applied
    marked = next((n for n in range(len(applied), 0, -1) if applied[n - 1].heads == frozenset(found.now)), 0)
    whole = tuple(each.revision for each in applied[:marked])
    inside = tuple(commit for commit in ran.commits.found if commit.revision not in whole)
    changed = tuple(sorted(n for n in ran.tables if before.tables.get(n) != now.tables.get(n)))
    stopped = ran.last if ran.last not in (*whole, ran.commits.idle) else ""
    made = [name for name in changed if stopped and not whole and name not in before.tables]
    # Where whole revisions stay and nothing else, it is they that changed it, and their downgrade takes it back.
    restoring = [sql for name in changed if stopped for sql in _restoring(ran.course.dialect, before, now, name)]
    began = found.started and bool(applied or inside or ran.last != ran.commits.idle)
    found = replace(found, applied=whole, commits=inside, stopped=stopped, started=began)
    ends = (step.to_revisions_no_deps for step in ran.course.run.all_steps if step.revision.revision == stopped)
    found = replace(found, changed=changed, made=tuple(made), restoring=tuple(restoring))
    return replace(found, leads_to=tuple(next(ends, ())))


def _restoring(dialect: Dialect, before: Schema, now: Schema, name: Name) -> tuple[str, ...]:
    one, other = before.tables.get(name), now.tables.get(name)
    return dialect.restoring(one, other) if one is not None and other is not None else ()


def _sorted(heads: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(heads))


def reason_of(error: BaseException) -> str:
    """Return what went wrong with the database, in one sentence."""
    text = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    return f"{text.splitlines()[0].rstrip('.') if text else type(error).__name__}."

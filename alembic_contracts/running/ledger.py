"""A connection on which revisions run in, each of its commits out: asked before it happens, or found afterwards.

What is sent through SQLAlchemy is asked before: ``commit()``, ``COMMIT`` in SQL, a driver's ``commit()`` where the
driver is written in Python. The rest (a driver in C, a cursor of the driver's own) shows at the next look: the server
says which transaction the connection is in, and what has become of the one that it was in before.

The parser is imported for the texts that may have a COMMIT in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from alembic.util import CommandError
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from alembic_contracts.dialects.servers import server
from alembic_contracts.judging.aftermath import Commit, Rest
from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.scripts.traces import COMMIT, ROLLBACK
from alembic_contracts.running.drivers import Hearing, commits_asked

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from alembic_contracts.dialects import Dialect, Fate, Transaction
    from alembic_contracts.prediction.scripts.source_lines import Place
    from alembic_contracts.prediction.sql.transaction_ends import End
    from alembic_contracts.schemas.steps import Location

__all__ = ["Ledger"]

_SQL = tuple[str, Any]  # a statement, its parameters
_SETTINGS = pattern(r"\s*(set|show|reset|begin|start|savepoint|lock)\b", re.IGNORECASE)
"""Statements after which others may have to come before any query, such as SET TRANSACTION."""
_QUERY = pattern(r"\s*(?:(?:select|show)\b|pragma\b[^=]*$)", re.IGNORECASE)
"""Statements that leave nothing behind, for all that their words say."""


@contextmanager
def _even_if_failed() -> Iterator[None]:
    """Do without the answers of a transaction that has failed, which will commit nothing; not of a connection lost."""
    try:
        yield
    except SQLAlchemyError as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise


class _Quietly:
    """While it is entered, statements on a connection are our own; a class, as it is entered at each statement."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __enter__(self) -> None:
        self._before, self._ledger.is_quiet = self._ledger.is_quiet, True

    def __exit__(self, *_: object) -> None:
        self._ledger.is_quiet = self._before


class Ledger:
    """Accounts for the commits of one connection."""

    def __init__(
        self,
        connection: Connection,
        dialect: Dialect,
        place: Callable[[], tuple[str, Place | None]],
        judge: Callable[[], None],
        executes: Callable[..., None],
    ) -> None:
        """Begin with what is open now.

        Args:
            connection: on which revisions run.
            dialect: of its database.
            place: returns the revision that is running, and the line of its script if one is being executed.
            judge: called before a commit, which it prevents by raising.
            executes: called before a statement with it and its parameters, and before what stands for a commit or
                rollback that is none; it prevents them by raising.
        """
        self._connection, self._dialect, self._place, self._judge = connection, dialect, place, judge
        self._executes = executes
        self.found: list[Commit] = []
        """Commits in the middle of revisions."""
        self.elsewhere: list[Location] = []
        """Lines of scripts that executed something on another connection of SQLAlchemy's."""
        self.gap = False
        """Whether a transaction ended without being seen, so that another one may have come and gone as well."""
        self.block: Transaction | None = None
        """The server's transaction, as it was seen last."""
        self.loose = False
        """Whether each statement was seen to commit by itself."""
        self.partly = False
        """Whether some of what has been done since the last commit was seen to commit by itself."""
        self.statements = 0
        """How many were executed, beside our own."""
        self.unjudged = False
        """Whether something has been committed that was not judged before."""
        self.is_quiet = False
        """Whether statements are our own."""
        self.idle = ""
        """The revision whose first statement that is no query was prevented."""
        self._busy = ""
        """The one that executed such a statement last."""
        self._known = self._passing = self._answers = False
        self._is_apart = False
        """Whether parts of a statement are being executed, one after the other."""
        self._is_told = False
        """Whether it is known of the statement that is being executed, since parts of it have been before."""
        self._last: Place | None = None
        """The line that executed something last."""
        self._inside: Place | None = None
        """The last one that is known to have been in ``block``."""
        self._revision = ""  # whose statement is being executed
        self._hearing = Hearing()
        self._ending: End | None = None
        self._ended: list[Transaction] = []
        """Those of which SQLAlchemy said that they would be rolled back."""

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Ask before commits while the body runs."""
        listeners: dict[str, Callable[..., Any]] = {
            "commit": self._before_commit,
            "prepare_twophase": self._before_commit,
            "rollback": self._before_rollback,
            "before_cursor_execute": self._before_statement,
            "after_cursor_execute": self._after_statement,
        }
        with ExitStack() as stack:
            for name, listener in listeners.items():
                event.listen(self._connection, name, listener, retval=name == "before_cursor_execute")
                stack.callback(event.remove, self._connection, name, listener)
            for target, told in (
                (Engine, self._before_others),
                (self._connection.engine, self._before_execution),  # after what listens to the connection
            ):
                event.listen(target, "before_cursor_execute", told, retval=True)  # else SQLAlchemy wraps it
                stack.callback(event.remove, target, "before_cursor_execute", told)
            stack.enter_context(commits_asked(self._connection, self._before_driver_commits))
            stack.enter_context(self._hearing.opened(self._connection, self._dialect))
            yield

    def quietly(self) -> AbstractContextManager[None]:
        """Execute statements of our own while the body runs."""
        return _Quietly(self)

    @property
    def is_idle(self) -> bool:
        """Whether no transaction is open, so that a question would begin one."""
        return not self._connection.in_transaction()

    def glance(self) -> None:
        """Account for the transaction before where the connection can be in another one than was seen last.

        It cannot where the driver has asked the server nothing past SQLAlchemy. What went past the driver as well is
        found by the next look, of which there is one before each commit and at the end.
        """
        if self._known and self.block is not None and self._hearing.all_seen():
            self._answers, self._inside = True, self._last
        else:
            self.look()

    def look(self) -> None:
        """Ask the server which transaction the connection is in, and account for the one before."""
        self._answers = False
        before, self.is_quiet = self.is_quiet, True  # as quietly() does, at each statement
        try:  # without _even_if_failed(): where drivers begin transactions, it is asked after each statement
            self._look()
            self._answers = True
        except SQLAlchemyError as error:
            if isinstance(error, DBAPIError) and error.connection_invalidated:
                raise
        finally:
            self.is_quiet = before
        self.unjudged = self.unjudged or self.loose
        self.partly = self.partly or (self.loose and self._dialect.BEGINS_BY_ITSELF)

    def _look(self) -> None:
        with self._hearing.caught_up():
            block = self._dialect.transaction(self._connection, self.block)
        if self.block is not None and block != self.block:
            self.gap = True
            self._account(self.block)
        self.block, self.loose, self._known, self._inside = block, block is None, True, self._last

    @contextmanager
    def as_at_commit(self, *, goes_on: bool) -> Iterator[None]:
        """Judge in the body what a commit would leave: triggers may fire at it.

        Args:
            goes_on: whether the transaction goes on afterwards as it was; otherwise nothing but its commit follows.

        Raises:
            sqlalchemy.exc.DBAPIError: as the commit would, for a constraint that is checked then.
        """
        with self.quietly():
            if self.block is None or not self._answers:
                yield
                return
            with self._dialect.at_commit(self._connection, goes_on=goes_on):
                yield

    def stays(self) -> bool:
        """Whether something is known to be committed already, as far as the transaction still answers."""
        with suppress(SQLAlchemyError):
            self.look()
        return bool(self.loose or self.partly or self.found or self.gap)

    def rest(self, *, goes_on: bool = False) -> Rest:
        """Return what has become of what was open last; what is found committed is noted.

        Args:
            goes_on: whether the transaction is still open, and what scripts did in it undone by a savepoint.

        Raises:
            sqlalchemy.exc.DBAPIError: the server does not answer.
        """
        blocks = [*self._ended, *filter(None, [None if goes_on else self.block])]
        self._ended.clear()
        self.block = None
        with self.quietly():
            fates = {self._account(block) or self._undone(block) for block in blocks}
        if self.loose and not (blocks and self._dialect.BEGINS_BY_ITSELF):
            return "up to DDL" if self.commits_at_ddl else "committed"
        if self.partly:
            return "partly"
        if None in fates and self._dialect.FORESIGHT == "none":
            return "rolled back" if server(self._dialect.KIND).rolls_back else "perhaps"
        return "rolled back" if fates <= {"rolled back", "committed"} else "open"

    def _undone(self, block: Transaction) -> Fate | None:
        """Return what has become of a transaction after a rollback, where no server accounts for it."""
        if not self._dialect.BEGINS_BY_ITSELF:
            return None
        return "open" if self._dialect.transaction(self._connection, block) == block else "rolled back"

    @property
    def commits_at_ddl(self) -> bool:
        """Whether what changes the schema commits by itself, and all else waits for that or for a commit."""
        in_autocommit = self._connection._is_autocommit_isolation()  # noqa: SLF001 - knows of the engine's as well
        return self._dialect.COMMITS_AT_DDL and not in_autocommit

    def is_committed(self) -> bool:
        """Return whether what was open last has been committed by now, whoever did so."""
        if self.block is None:
            return self.loose and not self.commits_at_ddl
        with self.quietly(), _even_if_failed():
            return self._dialect.fate(self._connection, self.block) == "committed"
        return False

    def _account(self, block: Transaction) -> Fate | None:
        """Return what has become of a transaction, and note where it was committed without being seen."""
        fate = self._dialect.fate(self._connection, block)
        if fate == "committed":
            self._note(self._inside, seen=False)
            self.unjudged = True
        return fate

    # -- what SQLAlchemy tells -----------------------------------------------------------------------------------------

    def _before_commit(self, *_: Any) -> None:
        if not self.is_quiet:
            self._executes(COMMIT)
            self._ask()
            self._passing = True
            self._committed()

    def _ask(self) -> None:
        self.look()
        with self.as_at_commit(goes_on=False):
            self._judge()

    def _committed(self) -> None:
        """Note a commit that was let through; those at the end of a revision are Alembic's."""
        place = self._place()[1]
        if place is not None:
            # The line of a `with` is above that of what was executed inside.
            is_of_this = self._last is not None and self._last.script.revision == place.script.revision
            self._note(self._last if self.loose and is_of_this else place)
        self._forget()

    def _note(self, place: Place | None, *, seen: bool = True) -> None:
        revision = self._place()[0]
        known = place.location if place is not None and place.script.revision == revision else None
        commit = Commit(revision, known, seen)
        if commit not in self.found:
            self.found.append(commit)

    def _before_rollback(self, *_: Any) -> None:
        if not self.is_quiet:
            with suppress(CommandError):  # the transaction ends all the same; it is told before what comes next
                self._executes(ROLLBACK)
            self._ended += filter(None, [self.block])
            self._forget()

    def _before_others(self, connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any) -> _SQL:
        """Note where a script uses another connection: what it commits there is not this one's to roll back."""
        if not (self.is_quiet or connection is self._connection or (place := self._place()[1]) is None):
            if place.location not in self.elsewhere:
                self.elsewhere.append(place.location)
            self._executes(f"/* elsewhere */ {statement}", parameters)
        return statement, parameters

    def _forget(self) -> None:
        self.block, self._known, self.unjudged, self.partly = None, False, False, False

    def _before_statement(self, connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any) -> _SQL:
        """Ask before SQL that ends the transaction; where it is among other statements, after those before it."""
        self._passing = False
        if self.is_quiet:
            return statement, parameters
        self.statements += 1
        self._revision, line = self._place()
        self._last = line or self._last
        first_end = self._first_end
        end = first_end(statement)
        is_told = end is not None and not end.is_alone and not parameters
        if is_told:
            self._tell(statement, parameters)
        while end is not None and not end.is_alone and not parameters:
            if not self._known:
                self.look()
            if self.loose:
                break
            self._execute_apart(connection, end)
            statement, end = end.after, first_end(end.after)
        if end is not None and end.commits:
            self._ask()
        self._ending, self._is_told = end, is_told  # now: each part was asked about as well
        return statement, parameters

    def _before_execution(self, connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any) -> _SQL:
        """Tell of a statement as others who listen to the engine have left it."""
        is_ours = self.is_quiet or self._is_apart or connection is not self._connection
        if not is_ours and not self._is_told:
            self._tell(statement, parameters)
        if connection is self._connection:
            self._hearing.begins()
        return statement, parameters

    def _tell(self, statement: str, parameters: Any) -> None:
        try:
            self._executes(statement, parameters)
        except BaseException:
            if self._busy != self._revision:
                self.idle = self._revision
            raise
        if not _QUERY.match(statement):
            self._busy = self._revision

    def _execute_apart(self, connection: Connection, end: End) -> None:
        self._is_apart = True
        try:
            for part in filter(None, (end.before, end.statement)):
                connection.exec_driver_sql(part)
        finally:
            self._is_apart = False

    def _after_statement(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if self.is_quiet:
            return
        self._hearing.ends()
        end, self._ending = self._ending, None
        if end is not None:
            if end.commits:
                self._committed()
            self._forget()
            self.unjudged = not end.is_alone
        elif not _SETTINGS.match(statement) and self._may_be_elsewhere():
            self.glance()

    def _may_be_elsewhere(self) -> bool:
        """Whether a statement may have been in another transaction than the one before."""
        if self._dialect.BEGINS_BY_ITSELF or not self._known:
            return True
        return self.block is not None and self._last != self._inside

    @cached_property
    def _first_end(self) -> Callable[[str], End | None]:
        # A parser is slow to load, and few texts have to be parsed.
        from alembic_contracts.prediction.sql.transaction_ends import first_end, only_end

        return first_end if self._dialect.FORESIGHT == "catalog" else only_end

    def _before_driver_commits(self) -> None:
        passing, self._passing = self._passing, False
        if not passing and not self.is_quiet:
            self._ask()
            self._committed()

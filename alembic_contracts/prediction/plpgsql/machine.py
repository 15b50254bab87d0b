"""Takes a PL/pgSQL block and runs it on the in-memory catalog, which has the outcome.

What follows from the catalog is done as the server would do it. Where a condition depends on rows or on the server,
both ways are looked at: the tables that either could change are doubted, and the first way that works is gone, so that
what comes later finds what it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec import Struct

from alembic_contracts.prediction.catalog.access import forget_if_changed
from alembic_contracts.prediction.plpgsql import reach, tree
from alembic_contracts.prediction.plpgsql.conditions import matches, sqlstate_of
from alembic_contracts.prediction.plpgsql.embedded_sql import EmbeddedSql
from alembic_contracts.prediction.plpgsql.known_values import UNKNOWN, is_truth
from alembic_contracts.prediction.plpgsql.row_dependence import FATAL, Known, doubt_handlers
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.sqlstate import PostgresError

__all__ = ["Machine"]

_MOST_STEPS = 20_000
"""A block that runs longer is taken not to be understood."""


class _Leave(Struct, frozen=True):
    """Why a sequence of statements ended early: ``exit``, ``continue`` or ``return``, and for which label."""

    how: str
    label: str | None = None


class Machine(EmbeddedSql):
    """One block or function being run."""

    steps_left: int = _MOST_STEPS
    left_at: int | None = None
    """Position in the journal from which on it is not known whether statements run."""
    error: PostgresError | None = None
    """The one that is being handled."""
    unknown_exits: int = 0
    """How often a loop was perhaps left."""

    def start(self, block: tree.Block) -> None:
        """Run the outermost block.

        Raises:
            PostgresError: as the server would.
        """
        scope, values = self.run.scope, self.run.values
        self.uses_found = any("found" in text.lower() for step in tree.walk(block) for text in tree.texts(step))
        try:
            self._block(block)
        except PostgresError as error:
            error.is_certain = error.is_certain and self.left_at is None
            raise
        finally:
            self.run.scope, self.run.values = scope, values
        if self.left_at is not None:
            self._doubt_end(self.left_at, block)

    def _doubt_end(self, left_at: int, block: tree.Block) -> None:
        state = self.run.state
        state.uncertain.names |= reach.made_by([block])
        changed: reach.Tables = forget_if_changed(state, left_at)
        if state.journal.before(state.settings, left_at):
            changed = None
        if changed is None or changed:
            self.run.doubt("a block that may end early, as rows or the server decide, changes tables", changed)

    # -- blocks ------------------------------------------------------------------------------------------------------

    def _steps(self, steps: Iterable[tree.Statement]) -> _Leave | None:
        for step in steps:
            self.steps_left -= 1
            if self.steps_left <= 0:
                self.run.doubt("a block runs too long to be followed")
                return _Leave("return")
            leave = _STEPS[type(step)](self, step)
            if leave is not None:
                return leave
        return None

    def _block(self, block: tree.Block) -> _Leave | None:
        shadowed = dict(self.variables), dict(self.types), dict(self.cursors)
        names = {declaration.name for declaration in block.declarations}
        self._declare(block)
        try:
            leave = self._guarded(block) if block.handlers else self._steps(block.body)
        finally:
            self.variables = {n: v for n, v in self.variables.items() if n not in names} | {
                name: value for name, value in shadowed[0].items() if name in names
            }
            self.types, self.cursors = shadowed[1], shadowed[2]
            self.show_variables()
        return None if leave is not None and leave.how == "exit" and leave.label == block.label is not None else leave

    def _declare(self, block: tree.Block) -> None:
        if block.label is not None:
            self.variables.setdefault(block.label, UNKNOWN)
        self.variables.setdefault("found", UNKNOWN)
        self.show_variables()
        for declaration in block.declarations:
            if declaration.query is not None:
                self.cursors[declaration.name] = declaration.query
                for statement in parser.parse(declaration.query):  # with what it is opened is not followed
                    self.doubt_query(statement)
            self.types[declaration.name] = declaration.type_name
            unknown = declaration.type_name.startswith("alias ") or declaration.query is not None
            value = UNKNOWN if unknown else None
            if declaration.default is not None:
                value = self.value(declaration.default)
            self.set(declaration.name, value, of=declaration.default)

    def _guarded(self, block: tree.Block) -> _Leave | None:
        """Run a block with exception handlers: an error undoes the block (a savepoint), then the handler runs."""
        journal = self.run.state.journal
        mark, met = journal.mark(), self.run.state.uncertain.met
        before = reach.of_block(self.run.state, block)
        self.catching += 1
        try:
            leave = self._steps(block.body)
        except PostgresError as error:
            self.catching -= 1
            error.is_certain = not self._doubt_error(block, error, before, met=met)
            handler = next((h for h in block.handlers if any(matches(c, error.sqlstate) for c in h.conditions)), None)
            if handler is None:
                raise
            journal.undo(mark)
            left = self._handle(handler, error)
            if not error.is_certain:
                self._forget_set_in(block)
            return left
        self.catching -= 1
        if self._doubt_handlers(block, before, always=self.run.state.uncertain.met > met):
            self._forget_set_in(block)
        return leave

    def _forget_set_in(self, block: tree.Block) -> None:
        """Variables are not known that are set in a block, or in one of its handlers, and it may have been either."""
        ways = [handler.body for handler in block.handlers if not _raises(handler.body)]
        for way in (block.body, *ways) if ways else ():
            for inner in tree.walk(tree.Block(None, (), tuple(way), ())):
                self.forget(inner)
        self.show_variables()

    def _doubt_error(self, block: tree.Block, error: PostgresError, before: reach.Tables, *, met: int) -> bool:
        """Say that other handlers may run, or none, where it is not known what a block raises; return whether so."""
        if not error.is_certain or self.run.state.uncertain.met > met or self.run.doubts or self.left_at is not None:
            self._doubt_handlers(block, before, always=True)
            return True
        return self._doubt_handlers(block, before)

    def _doubt_handlers(self, block: tree.Block, before: reach.Tables, *, always: bool = False) -> bool:
        return doubt_handlers(self.run, block, before, Known(self.evaluated, self.types), always=always)

    def _handle(self, handler: tree.ExceptionHandler, error: PostgresError) -> _Leave | None:
        outer, self.error = self.error, error
        self.variables["sqlstate"], self.variables["sqlerrm"] = error.sqlstate, error.message
        self.show_variables()
        try:
            return self._steps(handler.body)
        finally:
            self.error = outer
            for name in ("sqlstate", "sqlerrm"):
                self.variables.pop(name, None)
            self.show_variables()

    # -- branches ----------------------------------------------------------------------------------------------------

    def _if(self, step: tree.If) -> _Leave | None:
        for position, (condition, body) in enumerate(step.branches):
            truth = is_truth(self.value(condition))
            if truth is None:
                rest = [other for _, other in step.branches[position:]]
                return self._either([*rest, step.otherwise])
            if truth:
                return self._steps(body)
        return self._steps(step.otherwise)

    def _case(self, step: tree.Case) -> _Leave | None:
        branches = [(f"({step.subject}) IN ({text})" if step.subject else text, body) for text, body in step.branches]
        if step.otherwise is not None:
            return self._if(tree.If(tuple(branches), step.otherwise))
        missing = tree.Raise("exception", "'case not found'", "case_not_found")
        return self._if(tree.If(tuple(branches), (missing,)))

    def _either(self, ways: Sequence[Sequence[tree.Statement]], *, reason: str = "") -> _Leave | None:
        """Go the first way that works, and doubt what any of them could change."""
        state = self.run.state
        tables = reach.together(reach.of_steps(state, way) for way in ways)
        for way in ways:
            state.uncertain.names |= reach.made_by(way)
            tables = None if reach.changes_session(way) else tables
        if tables is None or tables:
            self.run.doubt(reason or "rows or the server decide which statements of a block run", tables)
        before, leaves, start = dict(self.variables), False, state.journal.mark()
        for way in ways:
            mark, doubts = state.journal.mark(), list(self.run.doubts)
            try:
                leaves = self._steps(way) is not None
            except PostgresError:
                state.journal.undo(mark)
                self.run.doubts[:] = doubts
                self.variables = dict(before)
                continue
            break
        for way in ways:
            for inner in tree.walk(tree.Block(None, (), tuple(way), ())):
                self.forget(inner)
                leaves = leaves or isinstance(inner, tree.Exit) or (isinstance(inner, tree.Return) and inner.final)
        forget_if_changed(state, start)
        self.show_variables()
        if leaves:
            self._perhaps_left()
        return None

    def _perhaps_left(self) -> None:
        """From here on it is not known whether statements run."""
        self.unknown_exits += 1
        if self.left_at is None:
            self.left_at = self.run.state.journal.mark()

    # -- loops -------------------------------------------------------------------------------------------------------

    def _repeat(self, label: str | None, body: Sequence[tree.Statement]) -> tuple[bool, _Leave | None]:
        """Run the body of a loop once; return whether to go on, and what ends more than this loop."""
        leave = self._steps(body)
        if leave is None:
            return True, None
        if leave.how == "return" or (leave.label is not None and leave.label != label):
            return False, leave
        return leave.how == "continue", None

    def _loop(self, step: tree.Loop) -> _Leave | None:
        while self.steps_left > 0:
            truth = True if step.condition is None else is_truth(self.value(step.condition))
            if truth is None:
                return self._either([step.body])
            if not truth:
                return None
            exits = self.unknown_exits
            again, leave = self._repeat(step.label, step.body)
            if not again:
                return leave
            if self.unknown_exits > exits:  # nobody knows how often it goes round
                tables = reach.of_steps(self.run.state, step.body)
                if tables is None or tables:
                    self.run.doubt("rows or the server decide how often a loop runs", tables)
                return None
            self.steps_left -= 1
        self.run.doubt("a block runs too long to be followed")
        return _Leave("return")

    def _for_numbers(self, step: tree.ForNumbers) -> _Leave | None:
        lower, upper = self.value(step.lower), self.value(step.upper)
        width = 1 if step.step is None else self.value(step.step)
        if not all(isinstance(number, int) for number in (lower, upper, width)):
            self.variables[step.name] = UNKNOWN
            return self._either([step.body])
        numbers = range(lower, upper - 1, -width) if step.reverse else range(lower, upper + 1, width)
        return self._for_each_value(step.label, step.body, numbers, lambda number: self.set(step.name, number))

    def _for_rows(self, step: tree.ForRows) -> _Leave | None:
        rows = self._rows_to_loop_over(step)
        if rows is None:
            for name in step.names:
                self.set(name, UNKNOWN)
            return self._either([step.body])
        return self._for_each_value(step.label, step.body, rows, lambda row: self.take(step.names, row, of=step.query))

    def _rows_to_loop_over(self, step: tree.ForRows) -> list[dict[str, Any]] | None:
        query: Any = step.query
        if step.dynamic:
            query = self.value(step.query)
        else:
            cursor, _, arguments = step.query.strip().partition("(")
            if cursor.strip().lower() in self.cursors:
                query = self.cursors[cursor.strip().lower()] if not arguments else UNKNOWN
        if not isinstance(query, str):
            return None
        self.look_up(query)
        return self.rows(query, step.query)

    def _for_each(self, step: tree.ForEach) -> _Leave | None:
        array = self.value(step.array)
        if not isinstance(array, list):
            for name in step.names:
                self.set(name, UNKNOWN)
            return self._either([step.body])
        return self._for_each_value(step.label, step.body, array, lambda item: self.set(step.names[0], item))

    def _for_each_value(
        self, label: str | None, body: Sequence[tree.Statement], values: Iterable[Any], take: Callable[[Any], None]
    ) -> _Leave | None:
        for value in values:
            take(value)
            again, leave = self._repeat(label, body)
            if not again:
                return leave
        return None

    # -- all else ----------------------------------------------------------------------------------------------------

    def _assign(self, step: tree.Assign) -> None:
        value = self.value(step.value)
        self.set(step.name, UNKNOWN if step.part else value, of=step.value)

    def _exit(self, step: tree.Exit) -> _Leave | None:
        leave = _Leave("continue" if step.again else "exit", step.label)
        truth = True if step.condition is None else is_truth(self.value(step.condition))
        if truth is None:
            self._perhaps_left()
        return leave if truth else None

    def _return(self, step: tree.Return) -> _Leave | None:
        if step.text is not None and not step.dynamic:
            self.look_up(step.text if step.query else f"SELECT {step.text}")
        elif step.text is not None:
            self.execute_unknown(step.text)
        return _Leave("return") if step.final else None

    def _raise(self, step: tree.Raise) -> None:
        for text in (*step.values, *(text for _, text in step.options)):
            self.value(text)
        if step.level == "again" and self.error is not None:
            raise self.error
        if step.level not in FATAL:
            return
        condition = step.condition
        for name, text in step.options:
            if name == "errcode":
                given = self.value(text)
                condition = given if isinstance(given, str) else condition
        raise PostgresError(sqlstate_of(condition or "P0001"), (step.message or condition or "").strip("'"))

    def _assert(self, step: tree.Assert) -> None:
        if is_truth(self.value(step.condition)) is False:
            raise PostgresError("P0004", "assertion failed")

    def _open(self, step: tree.Open) -> None:
        if step.query is not None:
            self.look_up(step.query)
        if step.dynamic is not None:
            self.execute_unknown(step.dynamic)

    def _fetch(self, step: tree.Fetch) -> None:
        for name in step.into:
            self.set(name, UNKNOWN)
        self.variables["found"] = UNKNOWN

    def _nothing(self, step: tree.Close) -> None:
        del step

    def _transaction(self, step: tree.Transaction) -> None:
        """COMMIT and ROLLBACK, which only a block that stands alone may use."""
        if self.run.transactions.active or self.run.depth or self.catching:
            raise PostgresError("2D000", "invalid transaction termination")
        if step.commit:
            self.run.state.journal.forget()
            self.run.commits = True
        else:
            self.run.state.journal.undo(0)


def _raises(steps: Sequence[tree.Statement]) -> bool:
    return any(isinstance(step, tree.Raise) and step.level in FATAL for step in steps)


_STEPS: dict[type, Callable[[Machine, Any], _Leave | None]] = {
    tree.Assert: Machine._assert,  # noqa: SLF001 - of this module, as all below
    tree.Assign: Machine._assign,  # noqa: SLF001
    tree.Block: Machine._block,  # noqa: SLF001
    tree.Case: Machine._case,  # noqa: SLF001
    tree.Close: Machine._nothing,  # noqa: SLF001
    tree.Execute: Machine.execute,
    tree.Exit: Machine._exit,  # noqa: SLF001
    tree.Fetch: Machine._fetch,  # noqa: SLF001
    tree.ForEach: Machine._for_each,  # noqa: SLF001
    tree.ForNumbers: Machine._for_numbers,  # noqa: SLF001
    tree.ForRows: Machine._for_rows,  # noqa: SLF001
    tree.If: Machine._if,  # noqa: SLF001
    tree.Loop: Machine._loop,  # noqa: SLF001
    tree.Open: Machine._open,  # noqa: SLF001
    tree.Raise: Machine._raise,  # noqa: SLF001
    tree.Return: Machine._return,  # noqa: SLF001
    tree.Sql: Machine.sql,
    tree.Transaction: Machine._transaction,  # noqa: SLF001
}

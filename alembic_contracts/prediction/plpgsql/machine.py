"""Runs PL/pgSQL on the in-memory catalog.

What follows from the catalog is done as the server would do it. Where a condition depends on rows or on the server,
both ways are looked at: the tables that either could change are doubted, and the first way that works is gone, so that
what comes later finds what it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction import bodies, parser, sqlstate
from alembic_contracts.prediction.application import apply
from alembic_contracts.prediction.conditions import matches, sqlstate_of
from alembic_contracts.prediction.deciding import UNKNOWN, is_truth, rows_of, value_of, value_of_text
from alembic_contracts.prediction.expressions import split_name
from alembic_contracts.prediction.lookup import check_query
from alembic_contracts.prediction.plpgsql import tree
from alembic_contracts.prediction.plpgsql.templates import PLACEHOLDER, fill
from alembic_contracts.prediction.scopes import Entry, Field, Scope
from alembic_contracts.prediction.sqlstate import PostgresError

if TYPE_CHECKING:
    from alembic_contracts.prediction.application import Run
    from alembic_contracts.prediction.parser import Statement

__all__ = ["Machine", "nested"]

_MOST_STEPS = 20_000
"""A block that runs longer is taken not to be understood."""

_ON_ROWS = ("22", "23", "21", "P0")
"""Classes of errors that depend on rows."""

_OF_LANGUAGE = {"found": "boolean", "sqlstate": "text", "sqlerrm": "text"}
"""Variables that every block has, or every exception handler."""

_FATAL = frozenset({"exception", "again"})
"""Levels of RAISE that are errors."""

_ROW_DEPENDENT = frozenset({"AT_SetNotNull", "AT_AddConstraint", "AT_AlterColumnType", "AT_ValidateConstraint"})


@dataclass(frozen=True, slots=True)
class _Leave:
    """Why a sequence of statements ended early: ``exit``, ``continue`` or ``return``, and for which label."""

    how: str
    label: str | None = None


def nested(run: Run, statement: Statement) -> None:
    """Apply a statement inside of another one.

    Raises:
        PostgresError: as the server would.
    """
    if statement.kind == "transaction_stmt":
        raise sqlstate.feature_not_supported("EXECUTE of transaction commands is not implemented")
    outer, query = run.statement, run.query
    run.statement = statement
    try:
        with run.inside():
            apply(run, statement)
    finally:
        run.statement, run.query = outer, query


@dataclass
class Machine:
    """One block or function being run."""

    run: Run
    variables: dict[str, Any] = field(default_factory=dict)
    """Values; a record is a dictionary."""
    types: dict[str, str] = field(default_factory=lambda: dict(_OF_LANGUAGE))
    cursors: dict[str, str] = field(default_factory=dict)
    steps_left: int = _MOST_STEPS
    catching: int = 0
    """Blocks with exception handlers that are open, in which no COMMIT is allowed."""
    left_at: int | None = None
    """Position in the journal from which on it is not known whether statements run."""
    error: PostgresError | None = None
    uses_found: bool = False
    """Whether the block asks ``FOUND`` anywhere."""

    def start(self, block: tree.Block) -> None:
        """Run the outermost block.

        Raises:
            PostgresError: as the server would.
        """
        scope, values = self.run.scope, self.run.values
        self.uses_found = any("found" in text.lower() for step in tree.walk(block) for text in tree.texts(step))
        try:
            self._block(block)
        finally:
            self.run.scope, self.run.values = scope, values
        if self.left_at is not None:
            changed = self.run.state.journal.changed(self.run.state.tables, self.left_at)
            if changed:
                self.run.doubt("a block that may end early, as rows or the server decide, changes tables", changed)

    # -- values ------------------------------------------------------------------------------------------------------

    def value(self, text: str) -> Any:
        """Return the value of an expression, ``UNKNOWN`` where it does not follow from the catalog."""
        self._look_up(f"SELECT {text}")
        return value_of_text(self.run, text, self.variables)

    def _look_up(self, query: str) -> None:
        """Refuse names that do not exist; functions that are called may change tables."""
        for statement in parser.parse(query):
            if statement.kind == "select_stmt":
                check_query(self.run, statement.node)
                tables = bodies.of_statement(self.run.state, statement)
                if tables is None or tables:
                    self.run.doubt(f"a function that is called may change tables: {statement.sql[:80]}", tables)

    def _set(self, name: str, value: Any) -> None:
        self.variables[name] = value
        self._show_variables()

    def _show_variables(self) -> None:
        """Let queries find the variables; those that may be records have fields of any name."""
        fields = tuple(Field(name, None) for name in self.variables)
        records = [name for name in self.variables if self._is_record(name)]
        entries = [Entry(name, (), complete=False, visible=False) for name in records]
        self.run.scope, self.run.values = Scope([Entry("", fields), *entries]), self.variables

    def _is_record(self, name: str) -> bool:
        """Whether a variable has fields: it is declared as a record or a row, or is the record of a loop."""
        type_name = self.types.get(name, "record").strip().lower()
        if type_name in {"record", "trigger"} or type_name.endswith("%rowtype"):
            return True
        schema, plain = split_name(self.types.get(name, ""))
        if self.run.state.find_table(plain, schema) is not None:
            return True
        definition = self.run.state.find_type(plain, schema)
        return definition is not None and definition.kind == "composite"

    def _forget(self, step: tree.Statement) -> None:
        """Variables that a statement sets are not known any more."""
        names: tuple[str, ...] = ()
        if isinstance(step, tree.Assign):
            names = (step.name,)
        elif isinstance(step, (tree.Sql, tree.Execute, tree.Fetch)):
            names = step.into
        elif isinstance(step, (tree.ForRows, tree.ForEach)):
            names = step.names
        elif isinstance(step, tree.ForNumbers):
            names = (step.name,)
        for name in names:
            self.variables[name] = UNKNOWN

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
            self._show_variables()
        return None if leave is not None and leave.how == "exit" and leave.label == block.label is not None else leave

    def _declare(self, block: tree.Block) -> None:
        if block.label is not None:
            self.variables.setdefault(block.label, UNKNOWN)
        self.variables.setdefault("found", UNKNOWN)
        self._show_variables()
        for declaration in block.declarations:
            if declaration.query is not None:
                self.cursors[declaration.name] = declaration.query
            self.types[declaration.name] = declaration.type_name
            unknown = declaration.type_name.startswith("alias ") or declaration.query is not None
            value = UNKNOWN if unknown else None
            if declaration.default is not None:
                value = self.value(declaration.default)
            self._set(declaration.name, value)

    def _guarded(self, block: tree.Block) -> _Leave | None:
        """Run a block with exception handlers: an error undoes the block (a savepoint), then the handler runs."""
        journal = self.run.state.journal
        mark = journal.mark()
        self.catching += 1
        try:
            leave = self._steps(block.body)
        except PostgresError as error:
            self.catching -= 1
            handler = next((h for h in block.handlers if any(matches(c, error.sqlstate) for c in h.conditions)), None)
            if handler is None:
                raise
            journal.undo(mark)
            return self._handle(handler, error)
        self.catching -= 1
        self._doubt_handlers(block)
        return leave

    def _handle(self, handler: tree.ExceptionHandler, error: PostgresError) -> _Leave | None:
        outer, self.error = self.error, error
        self.variables["sqlstate"], self.variables["sqlerrm"] = error.sqlstate, error.message
        self._show_variables()
        try:
            return self._steps(handler.body)
        finally:
            self.error = outer
            for name in ("sqlstate", "sqlerrm"):
                self.variables.pop(name, None)
            self._show_variables()

    def _doubt_handlers(self, block: tree.Block) -> None:
        """Say that a handler may run instead, where rows decide whether a statement of the block fails."""
        catches = [handler for handler in block.handlers if any(_is_on_rows(c) for c in handler.conditions)]
        ends = [any(isinstance(s, tree.Raise) and s.level in _FATAL for s in handler.body) for handler in catches]
        steps = [step for body in block.body for step in tree.walk(tree.Block(None, (), (body,), ()))]
        if all(ends) or not any(_may_fail(step) for step in steps):
            return
        ways = (block.body, *(handler.body for handler in catches))
        tables = bodies.together(bodies.of_steps(self.run.state, way) for way in ways)
        if tables is None or tables:
            self.run.doubt("rows decide whether this fails, and failing is let pass", tables)

    # -- SQL ---------------------------------------------------------------------------------------------------------

    def _sql(self, step: tree.Sql) -> None:
        for statement in parser.parse(step.text):
            nested(self.run, statement)
        self.variables["found"] = UNKNOWN
        if step.into or self.uses_found:
            rows = rows_of(self.run, step.text, self.variables)
            if step.into:
                self._into(step.into, rows)
            if rows is not None:
                self._set("found", bool(rows))

    def _into(self, names: Sequence[str], rows: list[dict[str, Any]] | None) -> None:
        if rows is None:
            for name in names:
                self._set(name, UNKNOWN)
            return
        self._take(names, rows[0] if rows else None)

    def _take(self, names: Sequence[str], row: dict[str, Any] | None) -> None:
        """Put a row into variables: one record, or one variable for each column."""
        if len(names) == 1 and self._is_record(names[0]):
            self._set(names[0], row if row is not None else UNKNOWN)
            return
        values = list(row.values()) if row is not None else []
        for position, name in enumerate(names):
            self._set(name, values[position] if position < len(values) else None)

    def _execute(self, step: tree.Execute) -> None:
        self._look_up(f"SELECT {step.text}")
        value = value_of_text(self.run, step.text, self.variables)
        if value is None:
            raise PostgresError("22004", "query string argument of EXECUTE is null")
        if value is UNKNOWN:
            self._execute_unknown(step.text)
        else:
            for statement in parser.parse(str(value)):
                nested(self.run, statement)
        for name in step.into:
            self._set(name, UNKNOWN)
        self.variables["found"] = UNKNOWN

    def _execute_unknown(self, expression: str) -> None:
        """Say which tables a statement may be about of which only parts are known."""
        node = parser.parse_expression(expression)
        text = None if node is None else fill(node, lambda part: value_of(self.run, part))
        tables: bodies.Tables = None
        if text is not None:
            tables = bodies.of_sql(self.run.state, text)
            if tables is not None and any(PLACEHOLDER in str(name) for name in tables):
                tables = None
        if tables is None and text is not None and text.lstrip().lower().startswith(bodies.HARMLESS_BEGINNINGS):
            return
        if tables is None or tables:
            self.run.doubt(f"EXECUTE of what is not known: {expression[:80]}", tables)

    def _assign(self, step: tree.Assign) -> None:
        value = self.value(step.value)
        self._set(step.name, UNKNOWN if step.part else value)

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
        missing = tree.Raise("exception", condition="case_not_found")
        return self._if(tree.If(tuple(branches), (missing,)))

    def _either(self, ways: Sequence[Sequence[tree.Statement]], *, reason: str = "") -> _Leave | None:
        """Go the first way that works, and doubt what any of them could change."""
        state = self.run.state
        tables = bodies.together(bodies.of_steps(state, way) for way in ways)
        if tables is None or tables:
            self.run.doubt(reason or "rows or the server decide which statements of a block run", tables)
        before, leaves = dict(self.variables), False
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
                self._forget(inner)
                leaves = leaves or isinstance(inner, tree.Exit) or (isinstance(inner, tree.Return) and inner.final)
        self._show_variables()
        if leaves and self.left_at is None:
            self.left_at = state.journal.mark()
        return None

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
        while True:
            if step.condition is not None:
                truth = is_truth(self.value(step.condition))
                if truth is None:
                    return self._either([step.body])
                if not truth:
                    return None
            elif self._may_not_end(step):
                return self._either([step.body])
            again, leave = self._repeat(step.label, step.body)
            if not again:
                return leave
            if self.steps_left <= 0:
                return _Leave("return")

    def _may_not_end(self, step: tree.Loop) -> bool:
        """Whether all ways out of an endless loop depend on what is not known."""
        exits = [s for s in tree.walk(tree.Block(None, (), step.body, ())) if isinstance(s, (tree.Exit, tree.Return))]
        conditions = [s.condition for s in exits if isinstance(s, tree.Exit) and not s.again]
        return bool(conditions) and all(c is not None and "found" in c.lower() for c in conditions)

    def _for_numbers(self, step: tree.ForNumbers) -> _Leave | None:
        lower, upper = self.value(step.lower), self.value(step.upper)
        width = 1 if step.step is None else self.value(step.step)
        if not all(isinstance(number, int) for number in (lower, upper, width)):
            self.variables[step.name] = UNKNOWN
            return self._either([step.body])
        numbers = range(lower, upper - 1, -width) if step.reverse else range(lower, upper + 1, width)
        return self._for_each_value(step.label, step.body, numbers, lambda number: self._set(step.name, number))

    def _for_rows(self, step: tree.ForRows) -> _Leave | None:
        rows = self._rows_to_loop_over(step)
        if rows is None:
            for name in step.names:
                self._set(name, UNKNOWN)
            return self._either([step.body])
        return self._for_each_value(step.label, step.body, rows, lambda row: self._take(step.names, row))

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
        self._look_up(query)
        return rows_of(self.run, query, self.variables)

    def _for_each(self, step: tree.ForEach) -> _Leave | None:
        array = self.value(step.array)
        if not isinstance(array, list):
            for name in step.names:
                self._set(name, UNKNOWN)
            return self._either([step.body])
        return self._for_each_value(step.label, step.body, array, lambda item: self._set(step.names[0], item))

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

    def _exit(self, step: tree.Exit) -> _Leave | None:
        leave = _Leave("continue" if step.again else "exit", step.label)
        truth = True if step.condition is None else is_truth(self.value(step.condition))
        if truth is None and self.left_at is None:
            self.left_at = self.run.state.journal.mark()
        return leave if truth else None

    def _return(self, step: tree.Return) -> _Leave | None:
        if step.text is not None and not step.dynamic:
            self._look_up(step.text if step.query else f"SELECT {step.text}")
        elif step.text is not None:
            self._execute_unknown(step.text)
        return _Leave("return") if step.final else None

    def _raise(self, step: tree.Raise) -> None:
        for text in step.values:
            self.value(text)
        if step.level == "again" and self.error is not None:
            raise self.error
        if step.level not in _FATAL:
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
            self._look_up(step.query)
        if step.dynamic is not None:
            self._execute_unknown(step.dynamic)

    def _fetch(self, step: tree.Fetch) -> None:
        for name in step.into:
            self._set(name, UNKNOWN)
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


def _is_on_rows(condition: str) -> bool:
    return condition == "others" or sqlstate_of(condition).startswith(_ON_ROWS)


def _may_fail(step: tree.Statement) -> bool:
    """Whether rows decide if a statement fails."""
    if isinstance(step, tree.Raise):
        return step.level in _FATAL
    if isinstance(step, (tree.Execute, tree.Assert)) or (isinstance(step, tree.Sql) and step.strict):
        return True
    return isinstance(step, tree.Sql) and any(_depends_on_rows(statement) for statement in parser.parse(step.text))


def _depends_on_rows(statement: Statement) -> bool:
    if statement.kind in {"insert_stmt", "update_stmt", "delete_stmt", "merge_stmt", "copy_stmt"}:
        return True
    if statement.kind == "index_stmt":
        return bool(statement.node.unique)
    if statement.kind != "alter_table_stmt":
        return False
    commands = parser.children(statement.node.cmds)
    if any(parser.enum_name(command, "subtype") in _ROW_DEPENDENT for command in commands):
        return True
    added = [c for c in commands if parser.enum_name(c, "subtype") == "AT_AddColumn"]
    return any(parser.unwrap(getattr(command, "def")).constraints for command in added)


_STEPS: dict[type, Callable[[Machine, Any], _Leave | None]] = {
    tree.Assert: Machine._assert,  # noqa: SLF001 - of this module, as all below
    tree.Assign: Machine._assign,  # noqa: SLF001
    tree.Block: Machine._block,  # noqa: SLF001
    tree.Case: Machine._case,  # noqa: SLF001
    tree.Close: Machine._nothing,  # noqa: SLF001
    tree.Execute: Machine._execute,  # noqa: SLF001
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
    tree.Sql: Machine._sql,  # noqa: SLF001
    tree.Transaction: Machine._transaction,  # noqa: SLF001
}

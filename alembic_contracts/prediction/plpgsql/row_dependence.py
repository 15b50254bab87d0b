"""A statement of a block in, whether rows or the server decide if it fails out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from alembic_contracts.prediction.plpgsql import reach, tree
from alembic_contracts.prediction.plpgsql.conditions import sqlstates_of
from alembic_contracts.prediction.plpgsql.grammar import parse_body, read_body
from alembic_contracts.prediction.plpgsql.known_values import UNKNOWN, value_of
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.failing import Failure, failure_of, is_boolean, parts_that_may_fail, type_word
from alembic_contracts.prediction.sql.sqlstate import PostgresError

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import Function, State
    from alembic_contracts.prediction.sql.parser import Node, Statement

__all__ = ["FATAL", "Known", "depends_on_rows", "doubt_handlers", "has_a_value"]

_OF_NAMES = frozenset({"2BP01", "3F000", "42701", "42703", "42704", "42710", "42723", "42P01", "42P06", "42P07"})
"""Errors for names that are there, or are not, and for what is still in use: all of them are looked for."""

_ON_ROWS = ("20", "21", "22", "23", "P0")
"""Classes of errors that depend on rows."""

FATAL = frozenset({"exception", "again"})
"""Levels of RAISE that are errors."""

_ROW_DEPENDENT = frozenset(
    {
        "AT_SetNotNull", "AT_AddConstraint", "AT_AlterColumnType", "AT_ValidateConstraint", "AT_AttachPartition",
        "AT_AddIndexConstraint", "AT_SetExpression",
    }
)  # fmt: skip
_EVALUABLE = frozenset({"A_Expr", "FuncCall", "TypeCast", "SubLink"})
_CHANGES = frozenset({"insert_stmt", "update_stmt", "delete_stmt", "merge_stmt", "copy_stmt"})
_QUERIES = {"select_stmt": "", "call_stmt": "funccall", "create_table_as_stmt": "query"}
"""Kinds of statements that are queries or have one, and where."""


class Known(Struct, frozen=True):
    """What is known of a block after it was run."""

    evaluated: Mapping[str, bool]
    """Expressions and queries that were evaluated, and whether each time to what the server would have."""
    types: Mapping[str, str]
    """Types of variables, by their names."""


def doubt_handlers(
    run: Execution, block: tree.Block, before: reach.Tables, known: Known, *, always: bool = False
) -> bool:
    """Say that a handler may run instead, where rows or the server decide whether a statement of the block fails.

    Args:
        run: the statement that the block is in.
        block: a block with handlers.
        before: the tables that it could change, as the catalog was before it.
        known: what is known of it.
        always: whether that is not known for another reason.

    Returns:
        Whether one of them may fail, whoever handles that.
    """
    failure = Failure.ANYHOW if always else _Failing(run.state, known).of_steps(block.body)
    if failure is Failure.NEVER:
        return False
    catches = [each for each in block.handlers if any(_takes(condition, failure) for condition in each.conditions)]
    if all(any(isinstance(s, tree.Raise) and s.level in FATAL for s in handler.body) for handler in catches):
        return True
    ways = (block.body, *(handler.body for handler in catches))
    tables = reach.together([before, *(reach.of_steps(run.state, way) for way in ways)])
    for way in ways:
        run.state.uncertain.names |= reach.made_by(way)
        tables = None if reach.changes_session(way) else tables
    if tables is None or tables:
        run.doubt("it is not known whether this fails, and failing is let pass", tables)
    return True


def _takes(condition: str, failure: Failure) -> bool:
    """Whether a handler for a condition takes errors of a kind."""
    if condition == "others" or failure is Failure.ANYHOW:
        return True
    codes = sqlstates_of(condition)
    return any(code.startswith(_ON_ROWS) for code in codes) or (
        failure is Failure.UNCHECKED and not _OF_NAMES.issuperset(codes)
    )


def has_a_value(run: Execution, text: str) -> bool:
    """Return whether each part of an expression or query that may fail has a value that is known."""
    node = parser.parse_expression(text)
    parts = () if node is None else parts_that_may_fail(node, _Failing(run.state, Known({}, {})).of_own)
    return node is not None and all(
        part.DESCRIPTOR.name in _EVALUABLE and value_of(run, parser.wrap(part)) is not UNKNOWN for part, _ in parts
    )


def depends_on_rows(state: State, statement: Statement) -> bool:
    """Return whether rows or the server decide if a statement fails."""
    return _Failing(state, Known({}, {})).of_statement(statement) is not Failure.NEVER


class _Failing:
    """Looks through statements for what may fail."""

    def __init__(self, state: State, known: Known, seen: frozenset[str] = frozenset()) -> None:
        self._state = state
        self._known = known
        self._seen = seen
        """Bodies of functions that are being looked through."""

    def of_steps(self, steps: Iterable[tree.Statement]) -> Failure:
        """Return with which errors statements of a block may end, those in them included."""
        inside = tuple(tree.walk(tree.Block(None, (), tuple(steps), ())))
        types = dict(self._known.types)
        for step in inside:
            if isinstance(step, tree.Block):
                types.update((declared.name, declared.type_name) for declared in step.declarations)
        return max((self._of_step(step, types) for step in inside), default=Failure.NEVER)

    def _of_step(self, step: tree.Statement, types: Mapping[str, str]) -> Failure:
        if isinstance(step, tree.Execute):
            return max((self._of_dynamic(step.text), *map(self._of_text, step.using)))
        if isinstance(step, (tree.Assert, tree.Fetch)) or (isinstance(step, tree.Case) and step.otherwise is None):
            return Failure.BY_VALUES
        if isinstance(step, tree.Raise) and step.level in FATAL:
            return Failure.BY_VALUES if step.condition is None and not step.options else Failure.ANYHOW
        if isinstance(step, (tree.ForRows, tree.Return, tree.Open)) and step.dynamic:
            return self._of_dynamic(step.query if isinstance(step, tree.ForRows) else "")
        if isinstance(step, tree.Sql):
            return self._of_sql(step, types)
        texts = [text for text in tree.texts(step) if not self._is_known(text)]
        if texts and isinstance(step, (tree.ForNumbers, tree.ForEach)):
            return Failure.BY_VALUES  # a bound that is null, an array that is
        return max((*map(self._of_text, texts), self._of_keeping(step, types)), default=Failure.NEVER)

    def _of_dynamic(self, expression: str) -> Failure:
        node = parser.parse_expression(expression)
        value = None if node is None else parser.unwrap(node)
        if value is not None and value.DESCRIPTOR.name == "A_Const" and value.HasField("sval"):
            return self._of_texts_statements(value.sval.sval)
        return Failure.BY_VALUES if self._is_known(expression) else Failure.ANYHOW

    def _is_known(self, text: str) -> bool:
        return self._known.evaluated.get(text, False)

    def _of_text(self, text: str) -> Failure:
        node = parser.parse_expression(text)
        if node is not None:
            return failure_of(node, self.of_own)
        return self._of_texts_statements(text)

    def _of_texts_statements(self, text: str) -> Failure:
        try:
            return max(map(self.of_statement, parser.parse(text)), default=Failure.NEVER)
        except PostgresError:
            return Failure.ANYHOW

    def _of_keeping(self, step: tree.Statement, types: Mapping[str, str]) -> Failure:
        """Return whether a value may not be one of its variable's type."""
        kept: list[tuple[str, str | None]] = []
        if isinstance(step, tree.Assign):
            type_name = "" if step.part else types.get(step.name, "")
            kept = [("" if type_name == "record" else type_name, step.value)]  # one of a scalar cannot be made
        elif isinstance(step, tree.Block):
            kept = [(declared.type_name, declared.default) for declared in step.declarations]
        elif isinstance(step, tree.ForRows):
            kept = [(types[name], step.query) for name in step.names if name in types]
        elif isinstance(step, tree.Return) and step.final:
            kept = [("boolean", step.text)]  # of other types it is not known here whether the function's takes it
        unknown = ((type_name, text) for type_name, text in kept if text is not None and not self._is_known(text))
        bad = not all(_keeps(type_name, parser.parse_expression(text)) for type_name, text in unknown)
        return Failure.BY_VALUES if bad else Failure.NEVER

    def _of_sql(self, step: tree.Sql, types: Mapping[str, str]) -> Failure:
        try:
            statements = parser.parse(step.text)
        except PostgresError:
            return Failure.ANYHOW
        if not step.into and not step.discards and any(s.kind == "select_stmt" or _returns(s.node) for s in statements):
            return Failure.ANYHOW  # "query has no destination for result data"
        if self._is_known(step.text) and not step.strict:
            return Failure.NEVER
        failure = max(map(self.of_statement, statements), default=Failure.NEVER)
        results = [parser.unwrap(target).val for s in statements for target in getattr(s.node, "target_list", ())]
        if step.strict or any(
            not _keeps(types.get(name, ""), results[number] if number < len(results) else None)
            for number, name in enumerate(step.into)
        ):
            return max(failure, Failure.BY_VALUES)
        return failure

    def of_statement(self, statement: Statement) -> Failure:
        """Return with which errors a statement of SQL may end, as far as rows or the server decide."""
        from alembic_contracts.prediction.plpgsql.unchecked import is_checked

        failure = self._of_statement(statement)
        return failure if is_checked(statement) else max(failure, Failure.UNCHECKED)

    def _of_statement(self, statement: Statement) -> Failure:
        kind, node = statement.kind, statement.node
        if kind == "do_stmt":
            options = {option.defname: option.arg.string.sval for option in parser.children(node.args)}
            block = read_body(options.get("as", ""))
            return Failure.ANYHOW if block is None else self.of_steps([block])
        if kind == "refresh_mat_view_stmt":
            return Failure.BY_VALUES
        if kind in _QUERIES:
            return failure_of(getattr(node, _QUERIES[kind]) if _QUERIES[kind] else node, self.of_own)
        return Failure.BY_VALUES if kind in _CHANGES or _is_decided(kind, node) else Failure.NEVER

    # -- users' functions ----------------------------------------------------------------------------------------------

    def of_own(self, names: tuple[str, ...]) -> Failure | None:
        """Return with which errors users' functions of a name may fail, None where there are none."""
        functions = self._state.find_functions(names[-1], names[-2] if len(names) > 1 else None)
        return max(map(self._of_function, functions)) if functions else None

    def _of_function(self, function: Function) -> Failure:
        if function.body is None or function.language not in {"sql", "plpgsql"}:
            return Failure.ANYHOW
        if function.body in self._seen:
            return Failure.NEVER
        inside = _Failing(self._state, Known({}, {}), self._seen | {function.body})
        if function.language == "sql":
            return inside._of_texts_statements(function.body)
        try:
            return inside.of_steps([parse_body(function.body)])
        except PostgresError:
            return Failure.ANYHOW


def _returns(node: Node) -> bool:
    return "returning_clause" in node.DESCRIPTOR.fields_by_name and node.HasField("returning_clause")


def _keeps(type_name: str, value: Node | None) -> bool:
    """Whether a variable of a type takes whatever an expression yields."""
    type_name = type_name.strip().lower()
    if type_name in {"text", "varchar", "character varying", "name", "record", "unknown"}:
        return True
    if value is None:
        return False
    node = parser.unwrap(value)
    if node.DESCRIPTOR.name == "A_Const" and node.isnull:
        return True
    if type_name in {"bool", "boolean"}:
        return is_boolean(value)
    if node.DESCRIPTOR.name == "TypeCast":
        return type_word(node.type_name) == type_name
    if node.DESCRIPTOR.name == "FuncCall" and type_name in {"bigint", "int8", "numeric"}:
        return parser.strings(node.funcname)[-1] == "count"
    return False


def _is_decided(kind: str, node: Node) -> bool:
    """Whether rows decide if a statement of DDL fails."""
    if kind == "index_stmt":
        return bool(node.unique) or any(each.HasField("expr") for each in parser.children(node.index_params))
    if kind == "alter_domain_stmt":
        return node.subtype in {"C", "O", "V"}
    if kind != "alter_table_stmt":
        return False
    commands = parser.children(node.cmds)
    if any(parser.enum_name(command, "subtype") in _ROW_DEPENDENT for command in commands):
        return True
    added = [c for c in commands if parser.enum_name(c, "subtype") == "AT_AddColumn"]
    return any(parser.unwrap(getattr(command, "def")).constraints for command in added)

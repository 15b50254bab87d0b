"""SQL in, PostgreSQL's own parse tree out: the only module that knows the library behind it.

Nodes are the library's protobuf messages; every child sits in a ``Node`` wrapper with one field set, whose name is the
kind (``create_stmt``, ``column_ref``). Cached results are shared: never change a node, copy it first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from typing import Any, TypeAlias, cast

from msgspec import Struct

from alembic_contracts.dialects.postgresql import library
from alembic_contracts.dialects.postgresql.library import pg_query_pb2
from alembic_contracts.prediction.sql.sqlstate import PostgresError

__all__ = [
    "ENUMS",
    "NODE_KINDS",
    "Node",
    "Statement",
    "Token",
    "as_field",
    "below",
    "child",
    "children",
    "deparse_expression",
    "deparse_message",
    "deparse_statement",
    "enum_name",
    "from_serialized",
    "kind_of",
    "may_hold",
    "parse",
    "parse_expression",
    "parse_once",
    "parse_plpgsql",
    "rewrite_expression",
    "scan",
    "strings",
    "unwrap",
    "walk",
    "wrap",
]

Node: TypeAlias = Any
"""A protobuf message of the parse tree; its fields are as in ``pg_query.proto``."""

NODE_KINDS: tuple[str, ...] = tuple(field.name for field in pg_query_pb2.Node.DESCRIPTOR.fields)
ENUMS = pg_query_pb2.DESCRIPTOR.enum_types_by_name
"""The parser's enumerations by name (``AlterTableType``, ``ObjectType`` ...)."""

_CACHED_UP_TO = 20_000
"""Characters; longer texts are data, which is not seen twice."""


class Statement(Struct, frozen=True):
    """One parsed statement."""

    sql: str
    """Its own text, without the semicolon."""
    kind: str
    node: Node
    start: int = 0
    """Where in the whole text it begins, in bytes: what lies between it and the one before is part of it."""


def parse(sql: str) -> tuple[Statement, ...]:
    """Return the statements of a text, none for an empty one.

    Raises:
        PostgresError: 42601, it does not parse.
    """
    return _parse_cached(sql) if len(sql) <= _CACHED_UP_TO else parse_once(sql)


def parse_once(sql: str) -> tuple[Statement, ...]:
    """Return what ``parse`` does, for a text that is not met again.

    Raises:
        PostgresError: 42601, it does not parse.
    """
    library.allow_depth(True)
    try:
        tree = library.parse(sql)
    except library.PgQueryError as error:
        refusal = PostgresError("42601", error.message)
        refusal.position = error.cursorpos - 1 if error.cursorpos else None
        raise refusal from None
    finally:
        library.allow_depth(False)
    encoded = sql.encode()  # positions count bytes
    statements = []
    for raw in tree.stmts:
        end = raw.stmt_location + raw.stmt_len if raw.stmt_len else len(encoded)
        text = encoded[raw.stmt_location : end].decode().strip()
        kind = raw.stmt.WhichOneof("node")
        if kind is not None:
            statements.append(Statement(text, kind, getattr(raw.stmt, kind), raw.stmt_location))
    return tuple(statements)


_parse_cached = lru_cache(maxsize=2048)(parse_once)


def kind_of(node: Node) -> str:
    """Return the kind of a wrapped node, ``""`` for an empty one."""
    return node.WhichOneof("node") or ""


def unwrap(node: Node) -> Node:
    """Return the message in a wrapper."""
    kind = node.WhichOneof("node")
    return getattr(node, kind) if kind else node


def children(nodes: Iterable[Node]) -> list[Node]:
    """Return the messages in a list of wrappers."""
    return [unwrap(node) for node in nodes]


def child(message: Node, name: str) -> Node | None:
    """Return a field's message, unwrapped, or None where it is not set."""
    if not message.HasField(name):
        return None
    value = getattr(message, name)
    return unwrap(value) if value.DESCRIPTOR.name == "Node" else value


def strings(nodes: Iterable[Node]) -> list[str]:
    """Return the texts of a list of string nodes (a qualified name, a list of columns)."""
    return [node.string.sval for node in nodes if node.HasField("string")]


def enum_name(message: Node, field: str) -> str:
    """Return the name of an enumeration's value (``AT_AddColumn``)."""
    key = type(message), field, getattr(message, field)
    name = _NAMES.get(key)
    if name is None:
        name = _NAMES[key] = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number[key[2]].name
    return name


_NAMES: dict[tuple[type, str, int], str] = {}


def walk(message: Node, into: Callable[[Node], bool] | None = None) -> Iterator[Node]:
    """Yield a message and all messages below it, wrappers left out; ``into`` says whether to go below one."""
    stack = [message]
    while stack:
        current = stack.pop()
        if type(current) is WRAPPER:
            kind = current.WhichOneof("node")
            if kind is None:
                continue
            current = getattr(current, kind)
        yield current
        if into is None or into(current):
            found = below(current)
            found.reverse()
            stack += found


def may_hold(message: Node, *kinds: str) -> bool:
    """Whether there may be a wrapped node of some kinds below a message: there is none where it says no."""
    serialized = message.SerializeToString()
    return any(_tag("Node", kind) in serialized for kind in kinds)


def as_field(message: str, field: str, value: bytes) -> bytes:
    """Return a text or a serialized message as it stands in a serialized message: a field of a kind of messages.

    https://protobuf.dev/programming-guides/encoding/#structure
    """
    return _tag(message, field) + _number(len(value)) + value


def from_serialized(message: str, value: bytes) -> Node:
    """Return a message of a kind; of a field that comes again, messages are merged, and the last text is taken.

    https://protobuf.dev/programming-guides/encoding/#last-one-wins
    """
    return getattr(pg_query_pb2, message).FromString(value)


@cache
def _tag(message: str, field: str) -> bytes:
    """Return how a text or message begins in a serialized message: the number of its field, and "length-delimited"."""
    fields = pg_query_pb2.DESCRIPTOR.message_types_by_name[message].fields_by_name
    return _number(fields[field].number << 3 | 2)


def _number(number: int) -> bytes:
    """Return a number as it is serialized: seven bits a byte, the lowest first."""
    found = b""
    while number > 0x7F:
        found, number = found + bytes([number & 0x7F | 0x80]), number >> 7
    return found + bytes([number])


def below(message: Node, without: frozenset[str] = frozenset()) -> list[Node]:
    """Return the messages directly below one, wrapped as they are, in order.

    Only fields that can hold any are asked for, which for most kinds takes half of what ``ListFields`` does.

    Args:
        message: no wrapper.
        without: names of fields that are left out; always the same set.
    """
    kind = type(message)
    fields = _FIELDS.get((kind, without))
    if fields is None:
        held = [f for f in kind.DESCRIPTOR.fields if f.message_type is not None and f.name not in without]
        fields = _FIELDS[kind, without] = tuple((field.name, _is_repeated(field)) for field in held)
    found: list[Node] = []
    for name, repeated in fields:
        if repeated:
            found.extend(getattr(message, name))
        elif message.HasField(name):
            found.append(getattr(message, name))
    return found


def _is_repeated(field: Any) -> bool:
    """Newer protobuf has ``is_repeated``, older ones a number."""
    return bool(field.is_repeated if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED)


_FIELDS: dict[tuple[type, frozenset[str]], tuple[tuple[str, bool], ...]] = {}
WRAPPER = pg_query_pb2.Node


@lru_cache(maxsize=8192)
def parse_expression(text: str) -> Node | None:
    """Return the (wrapped) node of a scalar expression, None where the text is none."""
    try:
        statements = parse_once(f"SELECT ({text})")
    except PostgresError:
        return None
    if len(statements) != 1 or len(statements[0].node.target_list) != 1:
        return None
    return statements[0].node.target_list[0].res_target.val


def deparse_expression(node: Node) -> str:
    """Return the SQL of a wrapped expression node."""
    target = pg_query_pb2.Node(res_target=pg_query_pb2.ResTarget(val=node))
    select = pg_query_pb2.SelectStmt(target_list=[target], limit_option="LIMIT_OPTION_DEFAULT", op="SETOP_NONE")
    return deparse_statement(pg_query_pb2.Node(select_stmt=select)).removeprefix("SELECT ")


def wrap(message: Node) -> Node:
    """Return a copy of a message in a wrapper."""
    for field in pg_query_pb2.Node.DESCRIPTOR.fields:
        if field.message_type is message.DESCRIPTOR:
            return pg_query_pb2.Node(**{field.name: message})
    raise TypeError(message.DESCRIPTOR.name)


def deparse_message(message: Node) -> str:
    """Return the SQL of an unwrapped expression message."""
    return deparse_expression(wrap(message))


def deparse_statement(node: Node) -> str:
    """Return the SQL of a wrapped statement node."""
    tree = pg_query_pb2.ParseResult(stmts=[pg_query_pb2.RawStmt(stmt=node)])
    return cast("str", library.deparse(tree))


def rewrite_expression(text: str, change: Callable[[Node], None]) -> str:
    """Return an expression's text after ``change`` was let loose on every message of a copy of its tree."""
    parsed = parse_expression(text)
    if parsed is None:
        return text
    copy = pg_query_pb2.Node()
    copy.CopyFrom(parsed)
    for message in list(walk(copy)):
        change(message)
    return deparse_expression(copy)


def parse_plpgsql(function: str) -> list[dict[str, Any]]:
    """Return the parsed bodies of a ``CREATE FUNCTION ... LANGUAGE plpgsql`` or ``DO`` statement.

    Raises:
        PostgresError: 42601, it does not parse.
    """
    try:
        return cast("list[dict[str, Any]]", library.parse_plpgsql(function))
    except library.PgQueryError as error:
        raise PostgresError("42601", error.message) from None


class Token(Struct, frozen=True):
    """One token of SQL text: where it is (in bytes), what the scanner calls it, its text."""

    start: int
    end: int
    kind: str
    """``IDENT``, ``SCONST``, ``ASCII_59`` ..., keywords such as ``IF_P``."""
    text: str


def scan(text: str) -> tuple[Token, ...]:
    """Return the tokens of a text without comments.

    Raises:
        PostgresError: 42601, a quote is not closed.
    """
    try:
        result = library.scan(text)
    except library.PgQueryError as error:
        raise PostgresError("42601", error.message) from None
    encoded = text.encode()
    return tuple(
        Token(token.start, token.end, _token_kind(token.token), encoded[token.start : token.end].decode())
        for token in result.tokens
        if _token_kind(token.token) not in {"SQL_COMMENT", "C_COMMENT"}
    )


def _token_kind(number: int) -> str:
    # Characters that no SQL has, such as a brace, have numbers but no names.
    kind = ENUMS["Token"].values_by_number.get(number)
    return f"ASCII_{number}" if kind is None else kind.name

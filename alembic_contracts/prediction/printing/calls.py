"""A function call of the parse tree in (``FuncCall``), its typed tree out: built-in functions of a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from alembic_contracts.prediction.printing.conversion import cast
from alembic_contracts.prediction.printing.overloads import choose
from alembic_contracts.prediction.printing.primitives import UNKNOWN, Call, Constant, UnprintableError, builtin
from alembic_contracts.prediction.sql import parser, system
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.printing.overloads import Overload
    from alembic_contracts.prediction.printing.primitives import Reader, Syntax, Tree
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["call"]

_FUNCTIONS = frozenset(
    {
        "abs", "btrim", "cardinality", "ceil", "char_length", "character_length", "clock_timestamp", "concat",
        "currval", "date_part", "date_trunc", "floor", "gen_random_uuid", "initcap", "json_typeof", "jsonb_typeof",
        "jsonb_array_length", "left", "length", "lower", "ltrim", "md5", "nextval", "now", "octet_length", "random",
        "regexp_replace", "replace", "right", "round", "rtrim", "split_part", "starts_with", "statement_timestamp",
        "strpos", "substr", "timezone", "to_char", "to_timestamp", "transaction_timestamp", "upper", "array_length",
        "jsonb_exists", "like_escape", "position", "similar_to_escape", "substring",
    }
)  # fmt: skip
"""Functions whose overloads are the same in all versions from 15 on, or differ in what cannot be meant."""
_EXTENSION_FUNCTIONS = frozenset({"uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4", "uuid_nil"})
"""Functions of uuid-ossp without arguments."""
_COUNTS = frozenset({"num_nonnulls", "num_nulls"})
"""Functions of any number of values of any type."""
_SYNTAX: Mapping[str, Syntax] = {
    "timezone": "at time zone", "btrim": "trim", "ltrim": "trim", "rtrim": "trim", "substring": "substring",
    "position": "position",
}  # fmt: skip
_OTHER_NAMES = frozenset({"extract", *_COUNTS})
_FIELDS = frozenset({"century", "day", "dow", "doy", "epoch", "hour", "isodow", "isoyear", "minute", "month",
                     "quarter", "second", "week", "year"})  # fmt: skip


def call(reader: Reader, node: Node) -> Tree:
    """Return the typed tree of a call.

    Raises:
        UnprintableError: it is not known what PostgreSQL would make of it.
    """
    names = parser.strings(node.funcname)
    name, schema = names[-1], (names[-2] if len(names) > 1 else None)
    if node.agg_order or node.agg_star or node.agg_distinct or node.func_variadic or node.HasField("over"):
        raise UnprintableError("an aggregate")
    if node.HasField("agg_filter"):
        raise UnprintableError("an aggregate")
    if schema != "pg_catalog" and name in _EXTENSION_FUNCTIONS and not node.args:
        return _of_extension(reader, name, schema)
    if schema not in {None, "pg_catalog"} or name not in _FUNCTIONS | _OTHER_NAMES:
        raise UnprintableError(f"the function {name}")
    if schema is None and any(function.name == name for function in reader.state.functions):
        raise UnprintableError(f"the function {name}, which users have as well")
    arguments = reader.trees(node.args)
    syntax = parser.enum_name(node, "funcformat") == "COERCE_SQL_SYNTAX"
    if name == "extract":
        return _extract(reader, arguments)
    if name in _COUNTS:
        if any(argument.type == UNKNOWN for argument in arguments):
            raise UnprintableError("a count of literals")
        return Call(builtin("int4"), name, tuple(arguments))
    if syntax and name not in _SYNTAX:
        raise UnprintableError(f"the syntax of {name}")
    chosen = choose(reader.state, _overloads(name, len(arguments)), [argument.type for argument in arguments])
    converted = tuple(
        cast(reader.state, argument, type_, "implicit")
        for argument, type_ in zip(arguments, chosen.arguments, strict=True)
    )
    return Call(chosen.result, name, converted, _SYNTAX[name] if syntax else "")


def _overloads(name: str, count: int) -> list[Overload]:
    found = []
    for signature in system.functions().get(name, ()):
        if signature.kind != "f" or signature.is_set or (signature.variadic and count >= len(signature.arguments)):
            raise UnprintableError(f"the function {name}")
        if signature.required <= count <= len(signature.arguments):
            if count < len(signature.arguments):
                raise UnprintableError(f"arguments of {name} that are left out")
            found.append((signature.arguments, signature.result))
    return found


def _extract(reader: Reader, arguments: list[Tree]) -> Tree:
    field, source = arguments
    if not isinstance(field, Constant) or field.text not in _FIELDS:
        raise UnprintableError("a field of EXTRACT")
    signatures: list[Overload] = [(s.arguments, s.result) for s in system.functions().get("extract", ())]
    chosen = choose(reader.state, signatures, [field.type, source.type])
    converted = cast(reader.state, source, chosen.arguments[1], "implicit")
    return Call(chosen.result, "extract", (field, converted), "extract")


def _of_extension(reader: Reader, name: str, schema: str | None) -> Tree:
    home = reader.state.extensions.get("uuid-ossp")
    if home is None or schema not in {None, home} or any(function.name == name for function in reader.state.functions):
        raise UnprintableError(f"the function {name}")
    return Call(builtin("uuid"), name, (), function=Name(home, name))

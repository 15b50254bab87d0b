"""Version scripts in, whether all that they do is to have Alembic change a schema, in words that are written out.

Most do: they call operations such as ``op.add_column``, one after the other, with SQLAlchemy's types and their own
constants. Nothing is to be kept from what only the libraries do, and it comes to its end: a process of its own, which a
prediction of other scripts has, would take longer than all else. Told by the code that Python runs of them: by a list
of what it may name, and one of what it may do. What is on neither is no harm, and has a process of its own.
"""

from __future__ import annotations

import dis
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from types import CodeType
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic.operations import BatchOperations, Operations
from sqlalchemy.engine.events import ConnectionEvents, DialectEvents
from sqlalchemy.pool.events import PoolEvents
from sqlalchemy.schema import SchemaItem
from sqlalchemy.sql.events import DDLEvents
from sqlalchemy.types import TypeEngine

from alembic_contracts.prediction.scripts.loading import code_of, function_of
from alembic_contracts.prediction.scripts.words import imported

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext, RevisionStep

__all__ = ["are_harmless", "is_part"]

_OPERATIONS = frozenset(
    {
        "add_column", "alter_column", "batch_alter_table", "create_check_constraint", "create_exclude_constraint",
        "create_foreign_key", "create_index", "create_primary_key", "create_table", "create_table_comment",
        "create_unique_constraint", "drop_column", "drop_constraint", "drop_index", "drop_table", "drop_table_comment",
        "rename_table",
    }
)  # fmt: skip
"""Those that execute what they are made for, not what a script has in a text."""
_MODULES = frozenset(
    {
        "__future__", "alembic", "collections.abc", "sqlalchemy", "sqlalchemy.dialects",
        "sqlalchemy.dialects.postgresql", "typing",
    }
)  # fmt: skip
_OF_MODULES = frozenset(
    {
        "Any", "List", "Optional", "Sequence", "Tuple", "Union", "__annotations__", "__doc__", "alembic", "annotations",
        "branch_labels", "context", "depends_on", "dialects", "down_revision", "downgrade", "op", "postgresql",
        "revision", "sa", "sqlalchemy", "str", "tuple", "upgrade", *_MODULES,
    }
)  # fmt: skip
"""What a script's module names beside parts of a schema."""
_OF_FUNCTIONS = frozenset(
    {
        "alembic", "current_date", "current_timestamp", "dialects", "f", "false", "func", "gen_random_uuid",
        "literal_column", "now", "null", "op", "postgresql", "sa", "sqlalchemy", "text", "true", "types",
        "with_variant",
        *_OPERATIONS,
    }
)  # fmt: skip
"""What its functions name beside those."""
_TEXT = 500
"""Characters of a constant, or parts: longer ones can have more in them than a parser has room for."""

_LINES = 100_000
"""Bytes of what Python knows of the lines of a function, a thousand operations or more: longer ones may take long."""


def are_harmless(steps: Sequence[RevisionStep], context: MigrationContext) -> bool:
    """Whether all that scripts do is to call the libraries, with what is written out.

    Args:
        steps: their revisions.
        context: the real run's migration context.
    """
    try:
        return _is_alembics(context) and all(map(_is_harmless, steps)) and not _is_somebody_told()
    except (AttributeError, TypeError):  # the libraries are of another shape
        return False


def is_part(found: object) -> bool:
    """Whether something of SQLAlchemy is the class of a part of a schema: a column, a constraint, a type."""
    return isinstance(found, type) and issubclass(found, SchemaItem | TypeEngine)


def _is_alembics(context: MigrationContext) -> bool:
    """Whether operations are carried out by Alembic's own code."""
    if not _is_of("alembic", type(context.impl)) or context.dialect.is_async:
        return False
    carried_out = Operations._to_impl._registry.items()  # noqa: SLF001 - there is no public way to look
    codes = [code for (operation, *_), code in carried_out if _is_of("alembic", operation)]
    for owner in (Operations, BatchOperations):
        own: Mapping[str, Any] = vars(owner)
        calls = [own[name] for name in _OPERATIONS if name in own]
        codes += [call.__globals__.get("op_cls") for call in calls]
    return all(_is_of("alembic", code) for code in codes)


def _is_of(library: str, code: object) -> bool:
    return str(getattr(code, "__module__", None)).partition(".")[0] == library


def _is_somebody_told() -> bool:
    """Whether somebody listens to what becomes of any engine or table, beside SQLAlchemy itself."""
    return not all(_is_of("sqlalchemy", each) for each in _listeners())


def _listeners() -> Iterator[object]:
    kinds: tuple[Any, ...] = ConnectionEvents, DDLEvents, DialectEvents, PoolEvents
    for events in kinds:
        for name in events.dispatch._event_names:  # noqa: SLF001 - SQLAlchemy tells of those whom one knows alone
            for listeners in getattr(events.dispatch, name)._clslevel.values():  # noqa: SLF001 - as above
                yield from listeners


def _is_harmless(step: RevisionStep) -> bool:
    if getattr(step, "generated", None) is not None:
        return False
    module = code_of(step.revision.path, step.revision.module)
    if module is None or not _does(module, _MODULE_CODE) or not _of_modules().issuperset(module.co_names):
        return False
    if not _MODULES.issuperset(imported(module)) or not _only_joins_types(module):
        return False
    name = function_of(step)
    functions = [each for each in module.co_consts if isinstance(each, CodeType)]
    called = [each for each in functions if each.co_name == name]
    if len(called) != 1 or any(each.co_name not in _FUNCTIONS for each in functions):
        return False
    return _is_short(called[0]) and _does(called[0], _FUNCTION_CODE) and _of_functions().issuperset(called[0].co_names)


_FUNCTIONS = frozenset({"upgrade", "downgrade", "__annotate__"})
"""Those of a script, and what Python makes of annotations from 3.14 on."""


@cache
def _parts() -> frozenset[str]:
    from sqlalchemy.dialects import postgresql

    return frozenset(name for module in (sa, postgresql) for name, found in vars(module).items() if is_part(found))


@cache
def _of_modules() -> frozenset[str]:
    return _OF_MODULES | _OF_FUNCTIONS - _OPERATIONS | _parts()


@cache
def _of_functions() -> frozenset[str]:
    return _OF_FUNCTIONS | _parts()


def _is_short(function: CodeType) -> bool:
    return len(function.co_linetable) <= _LINES and all(map(_is_small, function.co_consts))


def _is_small(constant: object) -> bool:
    if isinstance(constant, tuple | frozenset):
        return len(constant) <= _TEXT and all(map(_is_small, constant))
    return len(constant) <= _TEXT if isinstance(constant, str | bytes) else not isinstance(constant, CodeType)


# -- what code does ----------------------------------------------------------------------------------------------------


def _instructions(*names: str) -> bytes:
    """Return those of a list that this Python has."""
    return bytes(dis.opmap[name] for name in names if dis.opmap.get(name, 256) < 256)


_ANY_CODE = _instructions(
    # nothing, and what is at hand
    "CACHE", "COPY", "EXTENDED_ARG", "NOP", "NOT_TAKEN", "POP_TOP", "PUSH_NULL", "RESUME", "SWAP", "LOAD_ATTR",
    "LOAD_COMMON_CONSTANT", "LOAD_CONST", "LOAD_CONST_IMMORTAL", "LOAD_CONST_MORTAL", "LOAD_GLOBAL", "LOAD_METHOD",
    "LOAD_SMALL_INT", "RETURN_CONST", "RETURN_VALUE",
    # values that are written out
    "BUILD_CONST_KEY_MAP", "BUILD_LIST", "BUILD_MAP", "BUILD_SET", "BUILD_TUPLE", "LIST_EXTEND", "SET_UPDATE",
    "UNARY_NEGATIVE", "UNARY_NOT",
)  # fmt: skip
_FUNCTION_CODE = _ANY_CODE + _instructions(
    "CALL", "CALL_KW", "KW_NAMES", "PRECALL",
    # `with op.batch_alter_table(...) as batch_op`; no other way back, so nothing is done twice
    "BEFORE_WITH", "JUMP_FORWARD", "LOAD_SPECIAL", "POP_EXCEPT", "POP_JUMP_FORWARD_IF_TRUE", "POP_JUMP_IF_TRUE",
    "PUSH_EXC_INFO", "RERAISE", "TO_BOOL", "WITH_EXCEPT_START", "LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_FAST_CHECK",
    "STORE_FAST", "STORE_FAST_LOAD_FAST",
)  # fmt: skip
_MODULE_CODE = _ANY_CODE + _instructions(
    "BINARY_OP", "BINARY_SUBSCR", "IMPORT_FROM", "IMPORT_NAME", "LOAD_NAME", "MAKE_FUNCTION", "SETUP_ANNOTATIONS",
    "SET_FUNCTION_ATTRIBUTE", "STORE_NAME", "STORE_SUBSCR",
)  # fmt: skip
_BINARY = dis.opmap["BINARY_OP"]
_NOTHING = _instructions("CACHE", "EXTENDED_ARG")
_CALL, _SPECIAL, _WITH = (_instructions(name) for name in ("CALL", "LOAD_SPECIAL", "BEFORE_WITH"))
_CONSTANTS = _instructions("LOAD_CONST", "LOAD_CONST_IMMORTAL", "LOAD_CONST_MORTAL")
_EXTENDS = _instructions("LIST_EXTEND", "SET_UPDATE")
_STORES = _instructions("STORE_FAST", "STORE_FAST_LOAD_FAST")


def _does(code: CodeType, only: bytes) -> bool:
    """Whether code does nothing but some instructions, and nothing with a value that it has made before.

    What is made of two of the same again and again grows beyond all bounds, and what is iterated over need not end.
    """
    done = code.co_code[::2].translate(None, _NOTHING)
    if done.translate(None, only):
        return False
    if done.translate(None, _EXTENDS + _STORES) == done:  # as nearly always
        return True
    return all(map(_is_written_out, b"\0\0" + done, b"\0" + done, done))


def _is_written_out(one: int, before: int, now: int) -> bool:
    """Whether an instruction keeps nothing but a batch, by the two before it, and extends by nothing but constants."""
    if now in _EXTENDS:
        return before in _CONSTANTS
    return now not in _STORES or before in _WITH or (before in _CALL and one in _SPECIAL)


def _operators(text: str) -> Collection[int]:
    """Return what the operators of an expression are to Python."""
    code = compile(text, "", "eval").co_code
    return {argument for operation, argument in zip(code[::2], code[1::2], strict=True) if operation == _BINARY}


_OF_TYPES = frozenset(_operators("a | b[c]"))
"""Operators of annotations: others can make a large value of two small ones."""


def _only_joins_types(module: CodeType) -> bool:
    code = module.co_code
    if _BINARY not in code[::2]:
        return True
    return all(of in _OF_TYPES for operation, of in zip(code[::2], code[1::2], strict=True) if operation == _BINARY)

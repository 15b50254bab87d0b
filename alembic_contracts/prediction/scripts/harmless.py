"""Version scripts in, whether all that they do is to have Alembic change a schema, in words that are written out.

Most do: they call operations such as ``op.add_column``, one after the other, with SQLAlchemy's types and their own
constants. Nothing is to be kept from what only the libraries do, and it comes to its end: a process of its own, which a
prediction of other scripts has, would take longer than all else. Told by the code that Python runs of them: by a list
of what it may name, and one of what it may do. With anything else a script has that process, be it harmless or not.
"""

from __future__ import annotations

import dis
import threading
from collections.abc import Iterator, Sequence
from inspect import CO_VARARGS, CO_VARKEYWORDS
from types import CodeType
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.scripts import bystanders
from alembic_contracts.prediction.scripts.loading import code_of, function_of
from alembic_contracts.prediction.scripts.words import values_in

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
_ANNOTATIONS = frozenset({"Any", "List", "Optional", "Sequence", "Tuple", "Union", "__annotations__", "str", "tuple"})
"""What a script's module has in annotations."""
_FUNCTIONS = frozenset({"downgrade", "upgrade"})
_STATED = frozenset({"__doc__", "branch_labels", "depends_on", "down_revision", "revision"})
_OF_MODULES = frozenset({"annotations", "context", *_ANNOTATIONS, *_FUNCTIONS, *_MODULES, *_STATED})
"""What it names, beside what it imports of a schema's parts."""
_OF_FUNCTIONS = frozenset(
    {
        "alembic", "current_date", "current_timestamp", "dialects", "f", "false", "func", "gen_random_uuid",
        "literal_column", "now", "null", "op", "postgresql", "sa", "sqlalchemy", "text", "true", "types",
        "with_variant",
        *_OPERATIONS,
    }
)  # fmt: skip
"""What its functions name beside those."""
_TEXTS = 10_000
"""Characters of all that a function writes out: more can make SQL that a parser has no room for."""
_LINES = 100_000
"""Bytes of what Python knows of the lines of a function, a thousand operations or more: longer ones may take long."""


def are_harmless(steps: Sequence[RevisionStep], context: MigrationContext) -> bool:
    """Whether all that scripts do is to call the libraries, with what is written out.

    Args:
        steps: their revisions.
        context: the real run's migration context.
    """
    if context.dialect.is_async or threading.active_count() > 1:  # what is switched off meanwhile is so for all threads
        return False
    parts = _parts()
    of_modules, of_functions = _OF_MODULES | _OF_FUNCTIONS - _OPERATIONS | parts.keys(), _OF_FUNCTIONS | parts.keys()
    named: set[str] = set()
    for step in steps:
        function = _harmless_function(step, of_modules, of_functions)
        if function is None or context.version_table in function.co_consts:  # it alone has rows that are known
            return False
        named.update(function.co_names)
    return bystanders.has_none(context, of_functions, {kind for name, kind in parts.items() if name in named})


def is_part(found: object) -> bool:
    """Whether something of SQLAlchemy is the class of a part of a schema: a column, a constraint, a type."""
    return isinstance(found, type) and issubclass(found, SchemaItem | TypeEngine)


def _parts() -> dict[str, type]:
    """Return those that SQLAlchemy has, by name, where nobody has put another one in their place."""
    from sqlalchemy.dialects import postgresql

    found = ((name, what) for module in (sa, postgresql) for name, what in vars(module).items() if is_part(what))
    return {name: what for name, what in found if bystanders.is_of(("sqlalchemy",), what)}


def _harmless_function(step: RevisionStep, of_modules: frozenset[str], of_functions: frozenset[str]) -> CodeType | None:
    """Return the function that a step calls, None where it or its script is not harmless.

    ``of_modules``, ``of_functions``: what their code may name.
    """
    if getattr(step, "generated", None) is not None:
        return None
    module = code_of(step.revision.path, step.revision.module)
    if module is None or not of_modules.issuperset(module.co_names) or not _only_binds(module):
        return None
    name = function_of(step)
    called = [each for each in module.co_consts if isinstance(each, CodeType) and each.co_name == name]
    return called[0] if len(called) == 1 and _is_harmless_function(called[0], of_functions) else None


def _is_harmless_function(function: CodeType, names: frozenset[str]) -> bool:
    if not names.issuperset(function.co_names) or function.co_argcount or function.co_kwonlyargcount:
        return False
    if function.co_flags & (CO_VARARGS | CO_VARKEYWORDS):
        return False
    return _ends(function) and _is_short(function) and _does(function, _FUNCTION_CODE)


def _ends(function: CodeType) -> bool:
    """Whether nothing goes through an expression: of some, SQLAlchemy has any number of elements."""
    return _INDEXED.isdisjoint(function.co_names) or _ITERATING.isdisjoint(function.co_names)


_OF_OLD = {"ForeignKeyConstraint"} if sa.__version__.startswith("2.0.") else set[str]()
_ITERATING = frozenset({"create_foreign_key", "create_index", *_OF_OLD})
_INDEXED = frozenset({"ARRAY", "HSTORE", "JSON", "JSONB"})
"""Types of such expressions."""


def _is_short(function: CodeType) -> bool:
    """Whether what a function uses of what it writes out is no more than ``_TEXTS``, and batches make no table anew.

    A value may be used more than once.
    """
    if len(function.co_linetable) > _LINES:
        return False
    if "ARRAY" in function.co_names and any(map(_is_large, values_in(function.co_consts))):
        return False
    lengths = list(map(_length, function.co_consts))
    if max(lengths, default=0) > _TEXTS:
        return False
    total = before = arguments = 0
    for done, argument in zip(function.co_code[::2], function.co_code[1::2], strict=True):
        if done == _EXTENDED:  # what follows has a large argument
            before = (before | argument) << 8
            continue
        if done in _CONSTANTS:
            total += lengths[before | argument]
        elif done in _CALLS:
            arguments = before | argument
        elif done in _BEGINS and arguments > _OF_BATCHES:
            return False
        before = 0
    return total <= _TEXTS


_OF_BATCHES = 2
"""Parameters of ``op.batch_alter_table`` before that which has it make the table anew."""


def _length(value: object) -> int:
    """Return how many characters a value counts for: one where it is no text, or could be a name.

    More than there may be, where it is one that no harmless script has.
    """
    if isinstance(value, str):
        if len(value) > _NAME or not value.isidentifier():
            return len(value) if _MORE.search(value) is None else _TOO_LONG
        return _TOO_LONG if value in _REFUSED else 1
    if isinstance(value, tuple | frozenset):
        return sum(map(_length, value))
    if isinstance(value, CodeType):
        return _TOO_LONG
    return len(value) if isinstance(value, bytes) else 1


_TOO_LONG = _TEXTS + 1
_NAME = 63
"""Characters that PostgreSQL has room for in a name."""
_REFUSED = frozenset(
    {"naming_convention", "prefixes", "recreate", "reflect_args", "reflect_kwargs", "table_args", "table_kwargs"}
)
"""Keywords of what is made as wide as a text says, of words by which a statement is another one, and of what batches go
through."""
_MORE = pattern(r";|--|/\*|%\(")
"""In a text: what may be another statement, a comment that the rest of one is in, and a name of any width."""


def _is_large(value: object) -> bool:
    return isinstance(value, int) and abs(value) > _DIMENSIONS


_DIMENSIONS = 300
"""Of an array, of which SQL has brackets for each; a column's length is such a number, too."""


# -- what code does ----------------------------------------------------------------------------------------------------


def _instructions(*names: str) -> bytes:
    """Return those of a list that this Python has."""
    return bytes(dis.opmap[name] for name in names if dis.opmap.get(name, 256) < 256)


_ANY_CODE = _instructions(
    # nothing, and what is at hand
    "CACHE", "COPY", "EXTENDED_ARG", "NOP", "NOT_TAKEN", "POP_TOP", "PUSH_NULL", "RESUME", "SWAP", "LOAD_CONST",
    "LOAD_CONST_IMMORTAL", "LOAD_CONST_MORTAL", "LOAD_COMMON_CONSTANT", "LOAD_SMALL_INT", "RETURN_CONST",
    "RETURN_VALUE",
    # values that are written out
    "BUILD_CONST_KEY_MAP", "BUILD_LIST", "BUILD_MAP", "BUILD_SET", "BUILD_TUPLE", "LIST_EXTEND", "SET_UPDATE",
    "UNARY_NEGATIVE", "UNARY_NOT",
)  # fmt: skip
_FUNCTION_CODE = _ANY_CODE + _instructions(
    "CALL", "CALL_KW", "KW_NAMES", "PRECALL", "LOAD_ATTR", "LOAD_GLOBAL", "LOAD_METHOD",
    # `with op.batch_alter_table(...) as batch_op`; no other way back, so nothing is done twice
    "BEFORE_WITH", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "JUMP_FORWARD", "LOAD_SPECIAL", "POP_EXCEPT",
    "POP_JUMP_FORWARD_IF_TRUE", "POP_JUMP_IF_TRUE", "PUSH_EXC_INFO", "RERAISE", "TO_BOOL", "WITH_EXCEPT_START",
    "LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_FAST_CHECK", "STORE_FAST", "STORE_FAST_LOAD_FAST",
)  # fmt: skip
_MODULE_CODE = _ANY_CODE + _instructions(
    "BINARY_OP", "BINARY_SUBSCR", "IMPORT_FROM", "IMPORT_NAME", "LOAD_NAME", "MAKE_FUNCTION", "SETUP_ANNOTATIONS",
    "SET_FUNCTION_ATTRIBUTE", "STORE_NAME", "STORE_SUBSCR",
)  # fmt: skip
_NOTHING = _instructions("CACHE", "EXTENDED_ARG")
_CALL, _SPECIAL, _WITH = (_instructions(name) for name in ("CALL", "LOAD_SPECIAL", "BEFORE_WITH"))
_CALLS, _BEGINS = _CALL + _instructions("CALL_KW"), _WITH + _SPECIAL
_EXTENDED = dis.opmap["EXTENDED_ARG"]
_CONSTANTS = _instructions("LOAD_CONST", "LOAD_CONST_IMMORTAL", "LOAD_CONST_MORTAL")
_EXTENDS = _instructions("LIST_EXTEND", "SET_UPDATE")
_STORES = _instructions("STORE_FAST", "STORE_FAST_LOAD_FAST")
_BACK = _instructions("JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT")
_AFTER_WITH = _instructions("POP_EXCEPT") + _instructions("POP_TOP") * 2
"""What is done where a ``with`` has caught an error; from 3.12 on, what follows it stands before that."""


def _does(code: CodeType, only: bytes) -> bool:
    """Whether code does nothing but some instructions, and nothing with a value that it has made before.

    What is made of two of the same again and again grows beyond all bounds, and what is iterated over need not end.
    """
    done = code.co_code[::2].translate(None, _NOTHING)
    if done.translate(None, only):
        return False
    if done.translate(None, _EXTENDS + _STORES + _BACK) == done:  # as nearly always
        return True
    return all(_is_written_out(done[max(at - 3, 0) : at], now) for at, now in enumerate(done))


def _is_written_out(before: bytes, now: int) -> bool:
    """Whether an instruction extends by a constant, keeps a batch, or goes on after one, by the three before it."""
    if now in _EXTENDS:
        return before[-1:] in _CONSTANTS
    if now in _BACK:
        return before == _AFTER_WITH
    return now not in _STORES or before[-1:] == _WITH or before[-2:] == _SPECIAL + _CALL


_known: dict[tuple[Any, ...], bool] = {}
"""Whether modules only bind, by their instructions and what these name: those of a project's scripts are alike."""
_MOST = 1024


def _only_binds(module: CodeType) -> bool:
    """Whether a module's code binds each name once: to what it imports, a value, or the function that is called so."""
    functions = [getattr(each, "co_name", None) for each in module.co_consts]
    alike = module.co_code, module.co_names, *functions
    if alike not in _known:
        if len(_known) >= _MOST:
            _known.clear()
        _known[alike] = _does(module, _MODULE_CODE) and all(_binding(module))
    return _known[alike]


def _binding(module: CodeType) -> Iterator[bool]:
    """Yield of each instruction whether it does no more than that."""
    bound: set[str] = set()
    function, before = None, ""
    for step in dis.get_instructions(module):
        if before == "MAKE_FUNCTION":
            yield step.opname in ("SET_FUNCTION_ATTRIBUTE", "STORE_NAME")
        if isinstance(step.argval, CodeType):
            function = step.argval.co_name
            yield function in _FUNCTIONS
        elif step.opname == "LOAD_NAME":
            yield step.argval in _ANNOTATIONS
        elif step.opname == "IMPORT_NAME":
            yield step.argval in _MODULES
        elif step.opname == "BINARY_OP":
            yield step.argrepr in _JOINS
        elif step.opname == "STORE_NAME":
            is_function = before in ("MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE")
            is_its_own = function == step.argval if is_function else step.argval in _STATED
            is_imported = before in ("IMPORT_NAME", "IMPORT_FROM") and step.argval != "__annotations__"
            yield step.argval not in bound and (is_its_own or is_imported)
            bound.add(step.argval)
        before = step.opname


_JOINS = frozenset({"|", "[]"})
"""Operators of annotations: others can make a large value of two small ones."""

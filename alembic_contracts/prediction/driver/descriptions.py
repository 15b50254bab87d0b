"""Takes tables, their parts and types; returns the dictionaries that SQLAlchemy's reflection describes them with.

``sqlalchemy.engine.interfaces`` says what is in these (``ReflectedColumn`` and so on).
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine.reflection import ReflectionDefaults
from sqlalchemy.sql import sqltypes

from alembic_contracts.dialects.postgresql import format_type
from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.catalog.type_names import base_type, shown
from alembic_contracts.prediction.driver.unknown_text import UnknownOptions, UnknownText
from alembic_contracts.prediction.sql.spelling import printed_of
from alembic_contracts.schemas.remarks import Method

if TYPE_CHECKING:
    from collections.abc import Callable

    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.driver.shown_texts import ShownTexts
    from alembic_contracts.prediction.driver.sqlalchemy_types import Visibility
    from alembic_contracts.schemas.schema import Column, Constraint, Index, Table, Type, TypeDefinition

__all__ = [
    "check_constraints",
    "column",
    "domain",
    "enum",
    "foreign_key",
    "foreign_keys_of",
    "indexes",
    "primary_key",
    "table_comment",
    "table_options",
    "unique_constraints",
]

_SQLALCHEMY_2_0 = sqlalchemy.__version__.startswith("2.0.")
_IDENTITY_MAXIMUM = {"int2": 2**15 - 1, "int4": 2**31 - 1}
_NEXTVAL = pattern(r"""(nextval\(')([^']+)('.*$)""")


def column(described: Column, table: Table, texts: ShownTexts, schema: str | None) -> dict[str, Any]:
    """Return a column.

    Args:
        described: the column.
        table: what it is in.
        texts: print its expressions; their catalog has its type, where users made that.
        schema: the one that reflection was asked for.
    """
    from alembic_contracts.prediction.driver.sqlalchemy_types import sqlalchemy_type

    type_ = sqlalchemy_type(described.type, texts, described.collation)
    not_null = described.not_null
    type_name = described.type.name if described.type and not described.type.dimensions else None
    definition = None if type_name is None else texts.catalog.types.get(type_name)
    if definition is not None and definition.kind == "domain":
        not_null = not_null or definition.not_null
    automatic = "nextval('" in (described.default or "") and isinstance(type_, sqltypes.Integer)
    reflected: dict[str, Any] = {
        "name": described.name,
        "type": type_,
        "nullable": not not_null,
        "default": _with_schema(_default(described, definition, table, texts), schema),
        "autoincrement": automatic or bool(described.identity),
        "comment": described.comment,
    }
    if described.generated:
        sqltext = texts.expression(described.expression or "", table)
        reflected["computed"] = {"sqltext": sqltext, "persisted": described.generated == "stored"}
    if described.identity:
        reflected["identity"] = _identity(described)
    return reflected


def _default(described: Column, definition: TypeDefinition | None, table: Table, texts: ShownTexts) -> str | None:
    if described.default is not None:
        return texts.expression(described.default, table)
    if definition is None or definition.kind != "domain" or definition.default is None:
        return None
    return texts.domain_default(definition.default, definition.name)


def _with_schema(default: str | None, schema: str | None) -> str | None:
    """Return a default as PGDialect does: a sequence's schema is written where reflection was asked for a schema."""
    match = None if default is None or isinstance(default, UnknownText) else _NEXTVAL.search(default)
    if match is None or schema is None or "." in match[2]:
        return default
    return f'{match[1]}"{schema}".{match[2]}{match[3]}'


def _identity(column: Column) -> dict[str, Any]:
    """Return the options of an identity column's sequence, which are the default ones as far as is known."""
    type_name = column.type.name.name if column.type is not None else ""
    return {
        "always": column.identity == "always",
        "start": 1,
        "increment": 1,
        "minvalue": 1,
        "maxvalue": _IDENTITY_MAXIMUM.get(type_name, 2**63 - 1),
        "cycle": False,
        "cache": 1,
    }


def primary_key(table: Table) -> Any:
    """Return the primary key of each table."""
    key = next(iter(_constraints(table, "primary key")), None)
    if key is None:
        return ReflectionDefaults.pk_constraint()
    return {
        "constrained_columns": list(key.columns),
        "name": key.name,
        "comment": key.comment,
        "dialect_options": {"postgresql_include": _included(table, key)},
    }


def unique_constraints(table: Table) -> list[Any]:
    """Return the unique constraints of each table."""
    return [
        {
            "column_names": list(unique.columns),
            "name": unique.name,
            "comment": unique.comment,
            "dialect_options": {
                "postgresql_include": _included(table, unique),
                "postgresql_nulls_not_distinct": unique.nulls_not_distinct,
            },
        }
        for unique in _constraints(table, "unique")
    ]


def check_constraints(
    table: Table, texts: ShownTexts, parsed: Callable[[str, str], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the check constraints of each table.

    Args:
        table: the table.
        texts: print its expressions.
        parsed: a check's name and definition -> what PGDialect makes of it.
    """
    return [_check(constraint, table, texts, parsed) for constraint in _constraints(table, "check")]


def foreign_keys_of(table: Table) -> list[Constraint]:
    """Return the foreign keys by name, which ``foreign_key`` describes."""
    return _constraints(table, "foreign key")


def foreign_key(constraint: Constraint, referred_schema: str | None) -> dict[str, Any]:
    """Return a foreign key; the schema of the table that it points at is that or none, as the search path has it."""
    from alembic_contracts.prediction.printing.definitions import is_match_full

    assert constraint.references is not None, "a foreign key points at a table"  # noqa: S101
    on_delete = printed_of(constraint.on_delete) or constraint.on_delete.upper()
    options: dict[str, Any] = {"onupdate": constraint.on_update.upper(), "ondelete": on_delete}
    options = {name: action for name, action in options.items() if action not in {"", "NO ACTION"}}
    if constraint.initially_deferred:
        options["initially"] = "DEFERRED"
    if constraint.deferrable:
        options["deferrable"] = True
    if is_match_full(constraint):
        options["match"] = "FULL"
    return {
        "name": constraint.name,
        "constrained_columns": list(constraint.columns),
        "referred_schema": referred_schema,
        "referred_table": constraint.references.name,
        "referred_columns": list(constraint.referenced_columns),
        "options": options,
        "comment": constraint.comment,
    }


def _constraints(table: Table, kind: str) -> list[Constraint]:
    """Return the constraints of one kind by name."""
    return sorted((c for c in table.constraints if c.kind == kind), key=lambda constraint: constraint.name)


def _included(table: Table, constraint: Constraint) -> list[str]:
    """Return the columns that the index behind a constraint includes."""
    index = next((index for index in table.indexes if index.constraint == constraint.name), None)
    return [] if index is None else list(index.include)


def _check(
    constraint: Constraint, table: Table, texts: ShownTexts, parsed: Callable[[str, str], dict[str, Any]]
) -> dict[str, Any]:
    """Return a check constraint."""
    definition = texts.check(constraint, table)
    if not isinstance(definition, UnknownText):
        return {**parsed(constraint.name, definition), "comment": constraint.comment}
    entry: dict[str, Any] = {
        "name": constraint.name,
        "sqltext": UnknownText(_without_parentheses(definition.plain()), definition.notice),
        "comment": constraint.comment,
    }
    flags = {"not_valid": not constraint.valid, "no_inherit": constraint.no_inherit}
    if any(flags.values()):
        entry["dialect_options"] = {name: True for name, given in flags.items() if given}
    return entry


def indexes(table: Table, texts: ShownTexts) -> list[dict[str, Any]]:
    """Return the indexes of each table by name, without that of the primary key."""
    key = next((c.name for c in table.constraints if c.kind == "primary key"), None)
    by_name = sorted(table.indexes, key=lambda index: index.name)
    return [_index(index, table, texts) for index in by_name if index.constraint is None or index.constraint != key]


def _index(index: Index, table: Table, texts: ShownTexts) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": index.name, "unique": index.unique, "column_names": list(index.columns)}
    expressions = iter(index.expressions)
    elements = [texts.key(next(expressions, ""), table) if name is None else name for name in index.columns]
    if None in index.columns:
        entry["expressions"] = elements
    if index.constraint is not None:
        entry["duplicates_constraint"] = index.name
    options = _order_and_classes(index, elements, entry)
    if index.method != "btree":
        options["postgresql_using"] = str(index.method)
    if index.predicate:
        options["postgresql_where"] = texts.expression(index.predicate, table)
    options["postgresql_include"] = list(index.include)
    if index.nulls_not_distinct:
        options["postgresql_nulls_not_distinct"] = True
    if not index.valid:
        options["postgresql_invalid"] = True
    entry["dialect_options"] = options
    if _SQLALCHEMY_2_0:
        entry["include_columns"] = list(index.include)
    if isinstance(index.method, Method):
        return entry
    notice = texts.notice(table)
    entry["dialect_options"] = UnknownOptions(options, ("postgresql_ops", "postgresql_with"), notice)
    return UnknownOptions(entry, ("column_sorting",), notice)


def _order_and_classes(index: Index, elements: list[str], entry: dict[str, Any]) -> dict[str, Any]:
    """Say in ``entry`` how keys are sorted, and return the dialect's options about their operator classes."""
    if not isinstance(index.method, Method) or any(isinstance(element, UnknownText) for element in elements):
        return {}
    sorting: dict[str, tuple[str, ...]] = {}
    classes: dict[str, str] = {}
    for element, option in zip(elements, index.method.options, strict=False):
        order = {" DESC": ("desc",), " DESC NULLS LAST": ("desc", "nulls_last"), " NULLS FIRST": ("nulls_first",)}
        ending = next((text for text in (" DESC NULLS LAST", *order) if option.endswith(text)), "")
        if ending:
            sorting[element] = order[ending]
        if option.removesuffix(ending):
            classes[element] = option.removesuffix(ending).strip()
    if sorting:
        entry["column_sorting"] = sorting
    return {"postgresql_ops": classes} if classes and _tells_operator_classes() else {}


@cache
def _tells_operator_classes() -> bool:
    """Return whether this SQLAlchemy does: 2.1, and releases of 2.0 that took it over."""
    return "postgresql_ops" in inspect.getsource(PGDialect.get_multi_indexes)


def table_comment(table: Table) -> dict[str, Any]:
    """Return the comment of each table."""
    return {"text": table.comment}


def table_options(table: Table) -> dict[str, Any]:
    """Return the options of each table: what it inherits from."""
    if not table.parents or not _tells_parents():
        return {}
    return {"postgresql_inherits": tuple(parent.name for parent in table.parents)}


@cache
def _tells_parents() -> bool:
    """Return whether this SQLAlchemy does: 2.1."""
    tells = vars(PGDialect).get("get_multi_table_options")
    return tells is not None and "postgresql_inherits" in inspect.getsource(tells)


def enum(definition: TypeDefinition, visible: Visibility) -> dict[str, Any]:
    """Return an enumeration."""
    return {
        "name": definition.name.name,
        "schema": definition.name.schema,
        "visible": visible.type(definition.name),
        "labels": list(definition.labels),
    }


def domain(definition: TypeDefinition, visible: Visibility, texts: ShownTexts) -> dict[str, Any]:
    """Return a domain."""
    default, base, state = definition.default, definition.base, texts.catalog.state
    collated = "" if base is None else format_type(base_type(base, state))
    return {
        "name": definition.name.name,
        "schema": definition.name.schema,
        "visible": visible.type(definition.name),
        "type": _without_modifiers(base, state),
        "nullable": not definition.not_null,
        "default": None if default is None else texts.domain_default(default, definition.name),
        "constraints": [
            {"name": check.name, "check": texts.domain_check(check, definition)}
            for check in sorted(definition.checks, key=lambda check: check.name)
        ],
        "collation": "default" if collated.startswith(("text", "character")) else None,
        "collation_schema": None,
    }


def _without_modifiers(type_: Type | None, state: State) -> str:
    """Return a type as ``format_type`` spells it, as far as SQLAlchemy takes it over: up to a parenthesis."""
    if type_ is None or type_.name.schema != "pg_catalog":
        return "" if type_ is None else shown(type_, state)
    return format_type(type_).partition("(")[0]


def _without_parentheses(text: str) -> str:
    """Return an expression without the parentheses around the whole of it."""
    text = text.strip()
    while text.startswith("(") and text.endswith(")") and _closes_at_end(text):
        text = text[1:-1].strip()
    return text


def _closes_at_end(text: str) -> bool:
    depth = 0
    for position, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return position == len(text) - 1
    return False

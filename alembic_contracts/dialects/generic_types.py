"""A type of a database in, the expression of SQLAlchemy's out by which Alembic's operations make it on another one.

SQLAlchemy is imported where an expression is asked for: contracts are read and linted without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from alembic_contracts import dialects, texts
from alembic_contracts.dialects import Dialect
from alembic_contracts.dialects.servers import is_like_mysql
from alembic_contracts.schemas.schema import Type

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

    from alembic_contracts.dialects.families import Family

__all__ = ["LOGICAL_TYPES", "expression", "is_reflected", "spelled", "type_for"]

LOGICAL_TYPES: Mapping[str, str] = {
    "string": "sa.Text()",
    "date": "sa.Date()",
    "timestamp": "sa.DateTime()",
    "time": "sa.Time()",
    "number": "sa.Numeric()",
    "integer": "sa.BigInteger()",
    "boolean": "sa.Boolean()",
    "object": "sa.JSON()",
    "map": "sa.JSON()",
}
"""What stands for a logical type of ODCS on every database."""

_FAMILIES: Mapping[Family, str] = {
    "whole number": "BigInteger",
    "decimal": "Numeric",
    "float": "Float",
    "text": "Text",
    "boolean": "Boolean",
    "date": "Date",
    "time": "Time",
    "timestamp": "DateTime",
    "interval": "Interval",
    "binary": "LargeBinary",
    "JSON": "JSON",
    "UUID": "Uuid",
}


_ALIASES = {"INT": "INTEGER", "NUMERIC": "DECIMAL", "DEC": "DECIMAL"}
"""Types of databases without a package of their own that are the same on each of them."""
_WHOLE = frozenset({"BIGINT", "INTEGER", "MEDIUMINT", "SMALLINT"})
"""What is in their parentheses is how wide MySQL shows them."""


@lru_cache(maxsize=1024)  # types of SQLAlchemy's are made for it, and a report asks for each of its violations
def expression(type_: Type, dialect: Dialect, collation: str | None = None) -> str:
    """Return code that makes a type which is the same to a contract: ``sa.String(50)``, ``sa.Numeric(10, 2)``.

    Args:
        type_: of the database, or of another kind.
        dialect: of the database; types of another kind are compared by what they are for.
        collation: of a text, None for the type's own.
    """
    for made in _candidates(type_, dialect):
        if _is_it(made, type_, dialect) and (collation is None or hasattr(made, "collation")):
            return _code(made, collation)
    spelling = dialect.format_type(type_) + (f" COLLATE {dialect.quote(collation)}" if collation is not None else "")
    return spelled(spelling.replace("%", "%%") if is_like_mysql(dialect.KIND) else spelling)  # as its drivers want it


def type_for(type_: Type, dialect: Dialect) -> TypeEngine[Any] | None:
    """Return a type of SQLAlchemy's that is the same to a contract, None where it has none; arguments as there."""
    candidates = (*_candidates(type_, dialect), *_of_mysql(type_, dialect))
    return next((made for made in candidates if _is_it(made, type_, dialect)), None)


def is_reflected(type_: Type, dialect: Dialect) -> bool:
    """Return whether SQLAlchemy reflects a column's type so that a table made anew has it again."""
    made = _listed(type_, dialect)
    return made is not None and _is_it(made, type_, dialect)


def spelled(spelling: str) -> str:
    """Return code for a type that SQLAlchemy has not: one that is spelled so, whatever the database makes of it."""
    column = f'"get_col_spec": lambda self, **_: {texts.quoted(spelling)}'
    return f'type("Stated", (sa.types.UserDefinedType,), {{"cache_ok": True, {column}}})()'


def _candidates(type_: Type, dialect: Dialect) -> Iterator[TypeEngine[Any]]:
    """Yield what may be the type, what every database has first."""
    import sqlalchemy as sa

    listed = _listed(type_, dialect)
    if listed is not None:
        try:
            generic = listed.as_generic()
        except NotImplementedError:
            pass
        else:
            yield generic
    named = getattr(sa, type_.name.name.upper().replace(" ", "_"), None)
    if isinstance(named, type) and issubclass(named, sa.types.TypeEngine):
        yield from _made(named, type_)
    family = _there(type_, dialect).family(type_, {})
    if family is not None and family in _FAMILIES:
        yield getattr(sa, _FAMILIES[family])()


def _of_mysql(type_: Type, dialect: Dialect) -> Iterator[TypeEngine[Any]]:
    """Yield MySQL's own type with all that makes it: ``BIGINT(20) UNSIGNED``, ``ENUM('a','b')``, ``DATETIME(6)``."""
    import sqlalchemy as sa
    from sqlalchemy.dialects import mysql
    from sqlalchemy.dialects.mysql.base import MySQLTypeCompiler  # of a MariaDB as well, where the URL says mysql

    from alembic_contracts.dialects.inspected.types import split

    if not is_like_mysql(_kind(type_)) or not is_like_mysql(dialect.KIND):
        return
    name, behind = split(type_.name.name)
    class_ = _sqlalchemy(dialect.KIND).ischema_names.get(name.lower()) or getattr(mysql, name.upper(), None)
    if class_ is None or not hasattr(MySQLTypeCompiler, f"visit_{class_.__visit_name__}"):
        return
    labels = dialect.enum_labels(type_, {})
    sizes = [int(each) for each in type_.modifiers if each.isdecimal()]
    words = {word.lower(): True for word in behind.split()}
    if labels is not None:
        yield class_(*labels)
    elif issubclass(class_, (sa.DateTime, sa.Time, sa.TIMESTAMP)):
        yield class_(fsp=sizes[0] if sizes else None)
    elif words.keys() <= {"unsigned", "zerofill"}:
        with suppress(TypeError):
            yield class_(*sizes, **words)


def _listed(type_: Type, dialect: Dialect) -> TypeEngine[Any] | None:
    """Return what SQLAlchemy reflects a type as; None where its name says nothing to it."""
    there = _there(type_, dialect)
    names: Mapping[str, Any] = getattr(_sqlalchemy(there.KIND), "ischema_names", {})
    name = there.data_type(type_, {})
    known = next((names[each] for each in (name, name.upper(), name.lower()) if each in names), None)
    return next(_made(known, type_), None) if isinstance(known, type) else None


def _made(class_: Any, type_: Type) -> Iterator[TypeEngine[Any]]:
    """Yield the type of a class with the sizes and the time zone of another one, as far as it takes them."""
    import sqlalchemy as sa

    sizes = [int(each) for each in type_.modifiers if each.isdecimal()]
    zone = {"timezone": True} if type_.name.name in ("timestamptz", "timetz") else {}
    is_sized = issubclass(class_, (sa.String, sa.Numeric, sa.LargeBinary, sa.BINARY, sa.VARBINARY))
    if issubclass(class_, (sa.ARRAY, sa.Enum)):
        return
    try:
        yield class_(*(sizes if is_sized else ()), **zone)
    except TypeError:
        yield class_()


def _code(made: TypeEngine[Any], collation: str | None) -> str:
    import sqlalchemy as sa

    arguments: list[str] = []
    match made:
        case sa.Float():
            arguments = [str(made.precision)] if made.precision is not None else []
        case sa.Numeric():
            arguments = [str(each) for each in (made.precision, made.scale) if each is not None]
        case sa.String() | sa.LargeBinary() | sa.BINARY() | sa.VARBINARY():
            arguments = [str(made.length)] if made.length is not None else []
        case sa.DateTime() | sa.Time() if made.timezone:
            arguments = ["timezone=True"]
    if collation is not None:
        arguments.append(f"collation={texts.quoted(collation)}")
    return f"sa.{type(made).__name__}({', '.join(arguments)})"


def _is_it(made: TypeEngine[Any], type_: Type, dialect: Dialect) -> bool:
    """Whether a type comes out as another one on the database; of one of another kind the sizes need not."""
    from sqlalchemy.exc import CompileError

    try:
        found = dialect.parse_type(_sqlalchemy(dialect.KIND).type_compiler_instance.process(made))
    except (CompileError, ValueError):  # a text without a length, where it needs one
        return False
    if _kind(type_) != dialect.KIND:
        return dialect.same_type(type_, found, {})
    if dialect.FORESIGHT != "none":
        return dialects.load(dialect.KIND).same_type(type_, found, {}) and found.modifiers == type_.modifiers
    one, other = (_usual(each.name.name) for each in (type_, found))
    return one == other and (found.modifiers == type_.modifiers or one in _WHOLE)


def _usual(name: str) -> str:
    from alembic_contracts.dialects.inspected.types import split

    first, behind = split(name)
    return f"{_ALIASES.get(first, first)} {behind}".rstrip()


def _there(type_: Type, dialect: Dialect) -> Dialect:
    """Return what knows the kind of database that a type is of."""
    kind = _kind(type_)
    return dialect if kind == dialect.KIND else dialects.load(kind)


def _kind(type_: Type) -> str:
    return "postgresql" if type_.name.schema == "pg_catalog" else type_.name.schema


@cache
def _sqlalchemy(kind: str) -> Any:
    """Return SQLAlchemy's dialect for a kind of database, one of no database in particular where it has none."""
    from sqlalchemy.engine.default import DefaultDialect

    from alembic_contracts.dialects.inspected.purposes import dialect_class

    made = (dialect_class(kind) or DefaultDialect)()
    made.paramstyle = "named"  # some drivers want each `%` twice, for which nothing is written here
    made.identifier_preparer = made.preparer(made)
    return made

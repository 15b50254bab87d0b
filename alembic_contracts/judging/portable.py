"""A violation's place in, the names that portable advice uses out: Alembic's operations and SQLAlchemy's types.

What only a violation on such a database needs is imported when it is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256

from msgspec import Struct

from alembic_contracts import texts
from alembic_contracts.contracts.contract import Fact, ForeignKey
from alembic_contracts.dialects import Dialect
from alembic_contracts.judging import constraints_back
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.schema import Column, Constraint, Name, Schema, Table, Type

__all__ = ["Broken", "names"]

_EXAMPLE = 'sa.Computed("quantity * price")'
"""For a column whose expression nobody has stated."""
_LONGEST_NAME = 60
_SPOILT = pattern(r"sa\.(Boolean|Date|DateTime|DATETIME|Interval|JSON|Time|TIMESTAMP)\(|type\(")
"""Types to which SQLite casts as to a number (of a date it leaves the year, of JSON 0), and those of its own words."""


class Broken(Struct, frozen=True, kw_only=True):
    """A fact that does not hold."""

    fact: Fact
    new: str
    """What the table or the column has become, or one beside it is called."""
    before: Column | None
    """The fact's column as it was."""
    after: Column | None
    """The same as it is."""
    table: Table | None
    """The fact's table as it is."""
    earlier: tuple[Table, ...]
    """All that it was before, the latest first."""
    schema: Schema
    """That it is in."""
    default_schema: str
    """The one that is meant where none is named, as the contract calls it."""


def names(broken: Broken, dialect: Dialect) -> dict[str, str]:
    """Return what portable advice can name, besides what all advice can; ``dialect`` knows the database's types."""
    fact, column = broken.fact, broken.after or broken.before
    now, stated = _typed(column, dialect), _stated(fact, column, dialect)
    return {
        **_of_key(fact, broken.schema, broken.default_schema),
        **_as_it_was(broken, dialect),
        "new_name": broken.new,
        "constraint": _constraint(fact),
        "sa_type": stated,
        "sa_became": now,
        "sa_held": _typed(broken.before, dialect),
        "sa_became_computed": _as_computed(now, dialect),
        "sa_held_computed": _as_computed(_typed(broken.before, dialect), dialect),
        "sa_copy": _copy(fact.column or "", now, dialect),
        "sa_computed": _computed(fact, broken.after, broken.before),
        "existing": "existing_type=sa.Text()" if column is None else _existing(column, dialect),
        "reflected": _reflected(fact, broken.table, stated, dialect),
    }


# -- types -------------------------------------------------------------------------------------------------------------


def _typed(column: Column | None, dialect: Dialect) -> str:
    from alembic_contracts.dialects.generic_types import expression

    if column is None or column.type is None:
        return "sa.Text()"
    return expression(column.type, dialect, column.collation)


def _as_computed(type_: str, dialect: Dialect) -> str:
    """Return the type of a computed column: of a TIMESTAMP SQLAlchemy says that it takes NULL, which MySQL refuses."""
    from alembic_contracts.dialects.generic_types import spelled
    from alembic_contracts.dialects.servers import is_like_mysql

    return spelled("TIMESTAMP") if is_like_mysql(dialect.KIND) and type_ == "sa.TIMESTAMP()" else type_


def _stated(fact: Fact, column: Column | None, dialect: Dialect) -> str:
    """Return the type that a fact asks for; where it asks for none, the one that is there."""
    from alembic_contracts.dialects.generic_types import LOGICAL_TYPES, expression

    there = None if column is None else column.type
    if isinstance(fact.expected, Type):
        return expression(fact.expected, dialect)
    if fact.rule == "logical-type":
        return LOGICAL_TYPES.get(str(fact.expected), "sa.Text()")
    if there is not None and fact.rule == "collation":
        return expression(there, dialect, None if fact.expected == "default" else str(fact.expected))
    if there is not None and isinstance(fact.expected, int) and not isinstance(fact.expected, bool):
        return _sized(fact, there, dialect)
    return _typed(column, dialect)


def _sized(fact: Fact, type_: Type, dialect: Dialect) -> str:
    """Return a type with the stated size in place of its own."""
    size = str(fact.expected)
    if fact.rule == "character-length":
        return f"sa.{'CHAR' if type_.name.name == 'CHAR' else 'String'}({size})"
    precision, scale = dialect.numeric_precision(type_, {}), dialect.numeric_scale(type_, {})
    if fact.rule == "numeric-scale":
        return _numeric(type_, str(precision or max(18, int(size) + 9)), size)
    return _numeric(type_, size, "" if scale is None else str(scale))


def _numeric(type_: Type, precision: str, scale: str) -> str:
    name = "DECIMAL" if type_.name.name == "DECIMAL" else "Numeric"
    return f"sa.{name}({', '.join(filter(None, (precision, scale)))})"


def _copy(name: str, type_: str, dialect: Dialect) -> str:
    """Return the value of a column as one of a type."""
    value = f"sa.column({texts.quoted(name)})"
    is_own = type_.startswith("type(")  # SQLAlchemy does not know how to cast to it
    part = next((part for part in ("Date", "Time") if type_.startswith(f"sa.{part}(")), "")
    if part and dialect.KIND == "sqlite":  # where a date and time is one text, of which SQLAlchemy reads neither
        return f"sa.func.{part.lower()}({value})"
    return value if is_own or (dialect.KIND == "sqlite" and _SPOILT.match(type_)) else f"sa.cast({value}, {type_})"


def _computed(fact: Fact, *columns: Column | None) -> str:
    column = next((each for each in columns if each is not None and each.generated and each.expression), None)
    if column is None:
        return _EXAMPLE
    kept = fact.rule != "column-generated" and column.generated == "stored"
    stored = ", persisted=True" if kept or fact.expected == "stored" else ""
    return f"sa.Computed({_sql(column.expression or '')}{stored})"


def _existing(column: Column, dialect: Dialect) -> str:
    """Return what is said of a column that is altered: MySQL and SQL Server take away what is not."""
    from alembic_contracts.dialects.servers import is_like_mysql

    parts = [f"existing_type={_typed(column, dialect)}", f"existing_nullable={not column.not_null}"]
    if column.default is not None:
        parts.append(f"existing_server_default=sa.text({_sql(column.default)})")
    if is_like_mysql(dialect.KIND) and column.identity:
        parts.append("existing_autoincrement=True")
    if is_like_mysql(dialect.KIND) and column.comment:
        parts.append(f"existing_comment={texts.quoted(column.comment)}")
    return ", ".join(parts)


# -- what batch mode does not see --------------------------------------------------------------------------------------


def _reflected(fact: Fact, table: Table | None, stated: str, dialect: Dialect) -> str:
    """Return arguments for batch mode on SQLite, where it makes the table anew as SQLAlchemy reflects it.

    Reflected are neither collations nor types of names that SQLAlchemy does not know, and checks without a name are
    left out. A column that gets a type whose values SQLite's CAST would spoil is told to have it already.
    """
    if dialect.KIND != "sqlite" or table is None:
        return ""
    columns = list(_unseen(fact, table, stated, dialect))
    checks = [
        f"sa.CheckConstraint({_sql(each.expression or '')})"
        for each in table.constraints
        if each.kind == "check" and not each.name
    ]
    found = f", reflect_args=[{', '.join(columns)}]" if columns else ""
    return found + (f", table_args=[{', '.join(checks)}]" if checks else "")


def _unseen(fact: Fact, table: Table, stated: str, dialect: Dialect) -> Iterator[str]:
    from alembic_contracts.dialects.generic_types import is_reflected

    retyped = fact.column if fact.rule in ("column-type", "logical-type") else None
    for column in table.columns:
        if column.type is None or column.generated:
            continue
        if column.name == retyped and _SPOILT.match(stated):
            yield _column(column, stated, table)
        elif column.collation is not None or not is_reflected(column.type, dialect):
            yield _column(column, _typed(column, dialect), table)


def _column(column: Column, type_: str, table: Table) -> str:
    parts = [texts.quoted(column.name), type_]
    if column.name in table.primary_key:
        parts.append("primary_key=True")
    if column.not_null:
        parts.append("nullable=False")
    if column.default is not None:
        parts.append(f"server_default=sa.text({_sql(column.default)})")
    return f"sa.Column({', '.join(parts)})"


# -- keys --------------------------------------------------------------------------------------------------------------


def _constraint(fact: Fact) -> str:
    """Return what a new constraint's name ends with: the table's name, and what it is about."""
    match fact.expected:
        case ForeignKey() as key:
            words: Sequence[str] = key.columns
        case str(expression) if fact.column is None:
            words = re.findall(r"\w+", expression)
        case tuple(columns) if columns:
            words = columns
        case _:
            words = (fact.column or "",)
    name = "_".join((fact.table.name, *words))
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    digest = sha256(name.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{name.encode()[:40].decode(errors='ignore')}_{digest}"


def _of_key(fact: Fact, schema: Schema, default_schema: str) -> dict[str, str]:
    """Return the names in what a foreign key refers to; where it states no columns, they are the primary key."""
    if not isinstance(fact.expected, ForeignKey):
        return {}
    key = fact.expected
    there = schema.tables.get(key.table)
    columns = key.referenced_columns or (there.primary_key if there is not None else ())
    listed = f"[{', '.join(map(texts.quoted, columns))}]" if columns else _looked_up(key.table, default_schema)
    return {
        "referenced_table": key.table.name,
        "referenced_columns": listed,
        "referent_schema": _schema("referent_schema", key.table, default_schema),
    }


def _looked_up(table: Name, default_schema: str) -> str:
    """Return code for the primary key of a table of which nothing is known."""
    arguments = f"{texts.quoted(table.name)}{_schema('schema', table, default_schema)}"
    return f'sa.inspect(op.get_bind()).get_pk_constraint({arguments})["constrained_columns"]'


def _as_it_was(broken: Broken, dialect: Dialect) -> dict[str, str]:
    """Return a foreign key's name and what it does with rows, as it was before."""
    if not isinstance(broken.fact.expected, ForeignKey):
        return {}
    was = constraints_back.found_before(broken.fact, broken.earlier, dialect)
    taken = set() if broken.table is None else {each.name for each in broken.table.constraints}
    # Where the database is not rehearsed, such names are its own, and what other table has one is not known.
    named = was is not None and was.name and was.name not in taken and dialect.FORESIGHT != "none"
    return {
        "key_name": was.name if was is not None and named else f"fk_{_constraint(broken.fact)}",
        "key_actions": "" if was is None else "".join(_actions(was)),
    }


def _actions(was: Constraint) -> Iterator[str]:
    for argument, action in (("onupdate", was.on_update), ("ondelete", was.on_delete)):
        if action:
            yield f", {argument}={texts.quoted(action)}"
    if was.deferrable:
        yield ", deferrable=True"
    if was.initially_deferred:
        yield ', initially="DEFERRED"'


def _schema(argument: str, table: Name, default_schema: str) -> str:
    return "" if table.schema == default_schema else f", {argument}={texts.quoted(table.schema)}"


def _sql(text: str) -> str:
    return texts.quoted(texts.without_parameters(text))

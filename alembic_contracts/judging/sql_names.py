"""A broken fact in, the names that advice on PostgreSQL can use out, for SQL that can be pasted as it is."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from msgspec import Struct

from alembic_contracts import texts
from alembic_contracts.contracts.contract import Fact, ForeignKey, Publication
from alembic_contracts.dialects import Dialect
from alembic_contracts.judging import constraints_back
from alembic_contracts.judging.grants_back import BETWEEN, granting
from alembic_contracts.judging.situations import column_of
from alembic_contracts.schemas.schema import Column, Name, Schema, Table, Type

__all__ = ["Broken", "names", "qualified", "stated"]

_LONGEST_NAME = 63


class Broken(Struct, frozen=True, kw_only=True):
    """A fact that does not hold."""

    fact: Fact
    new: str
    """What the table or the column has become, or one beside it is called."""
    before: Table | None
    """The fact's table when it was last seen with what the fact is about."""
    after: Table | None
    """The same as it is."""
    earlier: tuple[Table, ...]
    """All that it was before, the latest first."""
    was_away: bool
    """Whether there was no such table in between."""
    schema: Schema
    """That it is in."""
    moved_to: str | None = None
    """The schema that the table has got into."""
    using: str | None = None
    """The expression by which a script gives the column another type."""


def names(broken: Broken, dialect: Dialect) -> dict[str, str]:
    """Return what advice can name; ``dialect`` is PostgreSQL's."""
    fact, new = broken.fact, broken.new
    before = column_of(broken.before, fact.column)
    after = column_of(broken.after, fact.column) or column_of(broken.after, new) or before
    before = before or after
    return {
        **stated(fact, dialect),
        **_of_column(before, after, broken.schema, dialect),
        **_of_publication(broken, dialect),
        "grants": BETWEEN.join(granting(fact, broken.before, broken.after, broken.schema.access, dialect)),
        f"add_{fact.rule.replace('-', '_')}": constraints_back.restoring(
            fact, broken.earlier, broken.after, dialect, was_away=broken.was_away
        ),
        **_of_conversion(broken, before, after, dialect),
        **_of_trigger(broken, before, dialect),
        "row_security": _row_security(fact, broken.after),
        "sql_table": qualified(fact.table, dialect),
        "sql_column": dialect.quote(fact.column) if fact.column else "",
        "literal_table": qualified(fact.table, dialect).replace("'", "''"),
        "literal_column": (fact.column or "").replace("'", "''"),
        "new": dialect.quote(new),
        "new_table": qualified(Name(fact.table.schema, new), dialect),
        "new_schema": dialect.quote(broken.moved_to or fact.table.schema),
        "moved_table": qualified(Name(broken.moved_to or fact.table.schema, fact.table.name), dialect),
        "parents": ", ".join(map(str, broken.before.parents)) if broken.before is not None else "",
        "kind": broken.after.kind if broken.after is not None else "",
    }


def qualified(name: Name, dialect: Dialect) -> str:
    """Return a table's name with its schema's."""
    return ".".join(map(dialect.quote, name))


def _of_column(before: Column | None, after: Column | None, schema: Schema, dialect: Dialect) -> dict[str, str]:
    """Return the names in what became of a column."""
    computed = next((c for c in (after, before) if c is not None and c.generated and c.expression), None)
    found = {
        "became": _spelled(after, dialect),
        "held_type": _spelled(before, dialect),
        "plain_type": _spelled(before, dialect, schema),
        "beside_type": _beside(after, schema, dialect),
        **({"adding": "it is rewritten, as the type is a domain with conditions"} if _checked(after, schema) else {}),
    }
    if computed is not None:
        found["computed"] = f"GENERATED ALWAYS AS ({computed.expression}) {computed.generated.upper()}"
    if after is not None:
        found["collation"] = dialect.quote(after.collation or "default")
    if after is not None and after.type is not None and dialect.character_length(after.type, {}) is not None:
        found["sized"] = dialect.format_type(after.type).partition("(")[0]
    return found


def _of_conversion(broken: Broken, before: Column | None, after: Column | None, dialect: Dialect) -> dict[str, str]:
    """Return how a new column gets the values of the old one, as ALTER TABLE would have: nothing is cut off unsaid."""
    old, new = (dialect.quote(each) for each in (broken.fact.column or "", broken.new))
    if broken.using is not None:
        table = dialect.quote(broken.fact.table.name)
        filling = f"SELECT {broken.using} INTO NEW.{new} FROM (SELECT NEW.*) AS {table}"  # noqa: S608
        return {"converted": broken.using, "filling": filling}
    cast = _cast(before, after, broken.schema, dialect)
    return {"converted": f"{old}{cast}", "filling": f"NEW.{new} := NEW.{old}{cast}"}


def _cast(before: Column | None, after: Column | None, schema: Schema, dialect: Dialect) -> str:
    """Return the cast that leaves it to the assignment to refuse what is too long, or none of a domain's."""
    if after is None or after.type is None:
        return "::text"
    type_ = _base(after.type, schema)
    by_text = (
        "::text" if before is not None and before.type is not None and _are_enums(before.type, type_, schema) else ""
    )
    if type_.name in _CUT_OFF:
        return f"{by_text}::{_CUT_OFF[type_.name]}{'[]' * (type_.dimensions > 0)}"
    return f"{by_text}::{dialect.format_type(type_)}"


_CUT_OFF = {
    Name("pg_catalog", name): whole
    for name, whole in {"varchar": "varchar", "bpchar": "bpchar", "bit": "bit varying", "varbit": "bit varying"}.items()
}
"""Types to whose length a cast cuts values, with what has no length."""


def _are_enums(one: Type, other: Type, schema: Schema) -> bool:
    definitions = [schema.types.get(each.name) for each in (_base(one, schema), other)]
    return one.name != other.name and all(each is not None and each.kind == "enum" for each in definitions)


def _of_trigger(broken: Broken, before: Column | None, dialect: Dialect) -> dict[str, str]:
    """Return the names of a trigger that fills a new column; none is longer than PostgreSQL takes."""
    fact, new = broken.fact, broken.new
    name = f"{fact.table.name}_{new}_fill"
    if len(name.encode()) > _LONGEST_NAME:
        digest = sha256(name.encode(errors="surrogatepass")).hexdigest()[:8]
        name = f"{name.encode()[:40].decode(errors='ignore')}_{digest}"
    body = f"{fact.column} {new} {fact.table.name} {_spelled(before, dialect)} {broken.using or ''}"
    return {
        "fill": qualified(Name(fact.table.schema, name), dialect),
        "fill_trigger": dialect.quote(name),
        "tag": "$$" if "$" not in body else f"$body{sha256(body.encode()).hexdigest()[:8]}$",
    }


def _of_publication(broken: Broken, dialect: Dialect) -> dict[str, str]:
    """Return how a table is put into its publication, as it was in it before if it was."""
    fact, before, wanted = broken.fact, broken.before, broken.fact.expected
    if not isinstance(wanted, Publication):
        return {}
    was = next((p for p in before.publications if p.publication == wanted.name), None) if before is not None else None
    columns = wanted.columns if was is None else was.columns
    condition = wanted.row_filter if was is None else was.row_filter
    access, name = broken.schema.access, dialect.quote(wanted.name)
    gone = access.complete and wanted.name not in access.publications
    return {
        "publication": name,
        "publish": f"CREATE PUBLICATION {name} FOR TABLE" if gone else f"ALTER PUBLICATION {name} ADD TABLE",
        "published": (
            f"{qualified(fact.table, dialect)}{_in_parentheses(columns or (), dialect)}"
            f"{f' WHERE ({condition})' if condition else ''}"
        ),
    }


def stated(fact: Fact, dialect: Dialect) -> dict[str, str]:
    """Return the names in what the fact states."""
    found = {"nullable": str(bool(fact.expected))}
    match fact.expected:
        case ForeignKey() as key:
            found |= {
                **_columns(key.columns, dialect),
                "referenced": f"{qualified(key.table, dialect)}{_in_parentheses(key.referenced_columns, dialect)}",
            }
            return found
        case tuple(columns) if columns:
            return found | _columns(columns, dialect)
        case str(words):
            schema, _, domain = words.rpartition(".")
            found |= {
                "condition": words or "NULL",
                "sql_expected": dialect.quote(words),
                "sql_domain": ".".join(map(dialect.quote, filter(None, (schema, domain)))),
                "identity": f"GENERATED {words.upper()}",
            }
    return {**_columns((fact.column or "",), dialect), **found}


def _row_security(fact: Fact, table: Table | None) -> str:
    """Return what switches row-level security to what is stated."""
    if not fact.expected:
        return "DISABLE ROW LEVEL SECURITY"
    if fact.expected == "forced":
        return "ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
    forced = table is not None and table.row_security == "forced"
    return "NO FORCE ROW LEVEL SECURITY" if forced else "ENABLE ROW LEVEL SECURITY"


def _columns(columns: Sequence[str], dialect: Dialect) -> dict[str, str]:
    return {
        "columns": f"[{', '.join(map(texts.quoted, columns))}]",
        "sql_columns": ", ".join(map(dialect.quote, columns)),
    }


def _in_parentheses(columns: Sequence[str], dialect: Dialect) -> str:
    return f" ({', '.join(map(dialect.quote, columns))})" if columns else ""


def _spelled(column: Column | None, dialect: Dialect, schema: Schema | None = None) -> str:
    """Return a column's type; with a schema, in place of a domain what that is based on."""
    if column is None or column.type is None:
        return "text"
    return dialect.format_type(column.type if schema is None else _base(column.type, schema))


def _beside(column: Column | None, schema: Schema, dialect: Dialect) -> str:
    """Return a column's type, of a domain that forbids NULL what it is based on: rows that are there have no value."""
    if column is None or column.type is None:
        return "text"
    forbids = dialect.forbids_null(column.type, schema.types)
    return dialect.format_type(_base(column.type, schema) if forbids else column.type)


def _base(type_: Type, schema: Schema) -> Type:
    """Return what a domain is based on, which neither forbids NULL nor has a default."""
    definition = schema.types.get(type_.name)
    if definition is None or definition.base is None or type_.dimensions:
        return type_
    return _base(definition.base, schema)


def _checked(column: Column | None, schema: Schema) -> bool:
    """Whether a column's type is a domain that has conditions, which PostgreSQL checks row by row."""
    definition = schema.types.get(column.type.name) if column is not None and column.type is not None else None
    return definition is not None and (definition.not_null or bool(definition.checks))

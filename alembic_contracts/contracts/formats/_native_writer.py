"""A table in, a contract in the base format out: every fact that holds of it, the most needed, or some."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from alembic_contracts.contracts.formats._kinds import DEFAULT, resource_of
from alembic_contracts.contracts.formats._native_facts import SCHEMA, rule_of
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.schema import Column, Constraint, Name, Published, Schema, Table, Type

if TYPE_CHECKING:
    from alembic_contracts.contracts.contract import Choice, Owner
    from alembic_contracts.dialects import Dialect
    from alembic_contracts.schemas.uses import Place

__all__ = [
    "SEVERAL",
    "SUFFIX",
    "document",
    "examples",
    "is_held",
    "least_of_column",
    "of_column",
    "of_table",
    "places",
    "schema_of",
    "text",
]

SUFFIX = ".json"
SEVERAL = False


def text(document: Mapping[str, Any]) -> str:
    """Return a contract's document as the text of its file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def document(
    tables: Sequence[Table],
    schema: Schema,
    dialect: Dialect,
    *,
    namespace: str,
    name: str,
    owner: Owner,
    choice: Choice,
    database: str | None = None,
) -> dict[str, Any]:
    """Return a contract as a document.

    Args:
        tables: the one to put under contract.
        schema: where it is; its types are needed.
        dialect: knows what follows from a type.
        namespace: of the contract.
        name: of the contract.
        owner: who answers for it.
        choice: how much it states; by default everything, exactly.
        database: what the database is called, which is said where it is none of PostgreSQL's.
    """
    [table] = tables
    found: dict[str, Any] = {"spec-version": "1.0.0", "name": name, "namespace": namespace}
    compatibility = choice.of_tables.get(table.name, choice.compatibility)
    if compatibility is not None:
        found["compatibility"] = compatibility
    if dialect.KIND != DEFAULT:
        found["dataAssetResourceName"] = resource_of(dialect.KIND, database)
    if table.comment:
        found["doc"] = table.comment
    found["owner"] = {"name": owner.name} | ({"email": owner.email} if owner.email else {})
    stated: dict[str, Any] = {**_in_schema(table.name, dialect), "table_name": table.name.name}
    if table.comment:
        stated["description"] = table.comment
    if choice.stated is not None:
        stated |= choice.stated.get((table.name, None), {})
    elif not choice.minimal:
        stated |= of_table(table, dialect)
    stated |= _used_by(table, None, choice)
    stated["properties"] = {c.name: _property(c, table, schema, dialect, choice) for c in table.columns}
    found["schema"] = stated
    return found


def _property(column: Column, table: Table, schema: Schema, dialect: Dialect, choice: Choice) -> dict[str, Any]:
    if choice.stated is None:
        of = least_of_column if choice.minimal else of_column
        return of(column, table, schema, dialect)
    found = of_column(column, table, schema, dialect)
    type_ = {key: value for key, value in found["constraints"].items() if key == "data_type"}
    found["constraints"] = type_ | dict(choice.stated.get((table.name, column.name), {}))
    return found | _used_by(table, column.name, choice)


def _used_by(table: Table, column: str | None, choice: Choice) -> dict[str, Any]:
    seen = choice.used_by.get((table.name, column))
    return {"x-used-by": places(seen)} if seen else {}


def places(seen: Sequence[Place]) -> list[Mapping[str, Any]]:
    """Return where something is used as both formats list it."""
    found = ({"file": each.file, "line": each.line, "what": each.what} for each in seen)
    return [{key: value for key, value in each.items() if value} for each in found]


def schema_of(name: Name, dialect: Dialect) -> str | None:
    """Return the schema to state of a table; None for the one that is meant where none is stated.

    PostgreSQL's is stated all the same: readers of a contract know it.
    """
    return name.schema if dialect.KIND == DEFAULT or name.schema != dialect.DEFAULT_SCHEMA else None


def _in_schema(name: Name, dialect: Dialect) -> dict[str, str]:
    schema = schema_of(name, dialect)
    return {} if schema is None else {"table_schema": schema}


def of_table(table: Table, dialect: Dialect) -> dict[str, Any]:
    """Return what holds of a table, by the keys of the base format; nothing that its database is not held to."""
    return _expressed(_of_table(table, dialect), dialect)


def _expressed(stated: Iterable[tuple[str, Any]], dialect: Dialect) -> dict[str, Any]:
    return {key: value for key, value in stated if rule_of(key) not in dialect.NOT_EXPRESSED}


def _of_table(table: Table, dialect: Dialect) -> Iterator[tuple[str, Any]]:
    yield "table_type", table.kind
    unique = [constraint.columns for constraint in table.constraints if constraint.kind == "unique"]
    indexes = [index for index in table.indexes if index.unique and index.valid and not index.constraint]
    unique += [tuple(filter(None, index.columns)) for index in indexes if _is_full(index)]
    if unique:
        yield "unique", [list(columns) for columns in dict.fromkeys(unique)]
    keys = [c for c in table.constraints if c.kind == "foreign key" and c.valid and c.references is not None]
    if keys:
        yield "foreign_keys", [_foreign_key(key, key.references, dialect) for key in keys if key.references is not None]
    checks = [c.expression for c in table.constraints if c.kind == "check" and c.valid and c.expression]
    if checks:
        yield "checks", checks
    if table.kind in ("table", "partitioned table"):
        yield "row_security", bool(table.row_security)
        yield "replica_identity", table.replica_identity
    if table.publications:
        yield "publications", [_publication(each) for each in table.publications]
    grants = {grant.grantee for grant in table.grants if grant.column is None}
    if grants:
        yield "privileges", [_privileges(role, table) for role in sorted(grants)]


_PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE")
"""What consumers need; the others are for owners."""


def _publication(published: Published) -> dict[str, Any]:
    columns = {"columns": list(published.columns)} if published.columns else {}
    return {"name": published.publication} | columns | {"row_filter": published.row_filter or ""}


def _privileges(role: str, table: Table) -> dict[str, Any]:
    granted = {grant.privilege for grant in table.grants if grant.grantee == role and grant.column is None}
    return {"role": role, "privileges": [each for each in _PRIVILEGES if each in granted] or sorted(granted)}


def _is_full(index: Any) -> bool:
    return index.predicate is None and not index.expressions


def _foreign_key(key: Constraint, there: Name, dialect: Dialect) -> dict[str, Any]:
    references = {**_in_schema(there, dialect), "table_name": there.name}
    return {"columns": list(key.columns), "references": references | {"columns": list(key.referenced_columns)}}


def least_of_column(column: Column, table: Table, schema: Schema, dialect: Dialect) -> dict[str, Any]:
    """Return what nearly everybody relies on: existence, type, nullability, key."""
    stated = of_column(column, table, schema, dialect)
    keys = (
        ("primaryKey", "data_type", "is_nullable") if column.name in table.primary_key else ("data_type", "is_nullable")
    )
    stated["constraints"] = {key: stated["constraints"][key] for key in keys if key in stated["constraints"]}
    return stated


def of_column(column: Column, table: Table, schema: Schema, dialect: Dialect) -> dict[str, Any]:
    """Return what holds of a column, by the keys of the base format."""
    constraints: dict[str, Any] = {"primaryKey": column.name in table.primary_key}
    stated: dict[str, Any] = {"description": column.comment} if column.comment else {}
    if shown := examples(column):
        stated["examples"] = shown
    stated["constraints"] = constraints
    if column.type is not None and is_held(column.type, dialect):
        element = dialect.element(column.type, schema.types)
        constraints["data_type"] = "ARRAY" if element is not None else _spelled(column.type, dialect)
        of_type = _of_type(column.type, schema, dialect)
        constraints |= {key: value for key, value in of_type if value is not None and _can_be_stated(key, value)}
        if element is not None:
            stated["array_element"] = {"data_type": _spelled(element, dialect)}
    forbidden = column.type is not None and dialect.forbids_null(column.type, schema.types)
    if column.name not in table.unvalidated:  # what is NOT NULL in new rows alone is neither
        constraints["is_nullable"] = not (column.not_null or forbidden)
    if column.updatable is not None:
        constraints["is_updatable"] = column.updatable
    if column.collation:
        constraints["collation_name"] = column.collation
    constraints |= dict(_of_value(column))
    stated["constraints"] = _expressed(constraints.items(), dialect)
    return stated


def _can_be_stated(key: str, value: Any) -> bool:
    """Whether a value is one that contracts can have: SQLite takes any number for a size, and holds nobody to it."""
    from alembic_contracts.documents.validation import is_valid

    return not isinstance(value, int) or is_valid(value, SCHEMA, (*_CONSTRAINTS, key))


_CONSTRAINTS = (
    *("properties", "schema", "properties", "properties", "additionalProperties", "properties", "constraints"),
    "properties",
)
"""Where ``native.schema.json`` says what can be stated of a column."""


def is_held(type_: Type, dialect: Dialect) -> bool:
    """Whether a column can be held to its type: by name, or where that is all that is seen of it by what it is for."""
    return dialect.FORESIGHT != "none" or dialect.family(type_, {}) not in (None, "array")


_EXAMPLES = pattern(r"(?:\be\.g\.,?|\bfor example,?:?|\bexamples?:)\s*([^();]+)", re.IGNORECASE)
_QUOTED = pattern(r"""'([^']*)'|"([^"]*)"|`([^`]*)`""")
_NUMBER = pattern(r"-?\d+(\.\d+)?")
_NUMBERS = frozenset(("int2", "int4", "int8", "numeric", "float4", "float8"))


def examples(column: Column) -> list[Any]:
    """Return the example values that a column's comment names: ``(e.g. DE, FR)``. No row is ever read for one."""
    match = _EXAMPLES.search(column.comment or "")
    if match is None:
        return []
    text = match[1].strip().rstrip(".")
    quoted = ["".join(each) for each in _QUOTED.findall(text)]
    found = quoted or [part.strip() for part in re.split(r",\s*(?:or |and )?|\s+(?:or|and)\s+", text)]
    is_number = column.type is not None and column.type.name.name in _NUMBERS and not column.type.dimensions
    return [_number(each) if is_number and _NUMBER.fullmatch(each) else each for each in found if each]


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)


def _spelled(type_: Type, dialect: Dialect) -> str:
    return dialect.format_type(type_)


def _of_type(type_: Type, schema: Schema, dialect: Dialect) -> Iterator[tuple[str, Any]]:
    types = schema.types
    yield "numeric_precision", dialect.numeric_precision(type_, types)
    yield "numeric_scale", dialect.numeric_scale(type_, types)
    yield "datetime_precision", dialect.datetime_precision(type_, types)
    yield "character_maximum_length", dialect.character_length(type_, types)
    labels = dialect.enum_labels(type_, types)
    yield "enum", list(labels) if labels is not None else None
    definition = types.get(type_.name)
    if definition is not None and definition.kind == "domain" and not type_.dimensions:
        yield "domain_name", f"{type_.name.schema}.{type_.name.name}"


def _of_value(column: Column) -> Iterator[tuple[str, Any]]:
    """Yield what fills the column where a writer leaves it out."""
    yield "is_generated", column.generated.upper() or "NEVER"
    yield "identity_generation", column.identity.upper() or "NEVER"
    if not column.generated and not column.identity:
        yield "column_default", column.default or ""

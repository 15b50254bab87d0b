"""Tables in, an ODCS contract in YAML out: what is most needed of them, every fact that holds, or some.

YAML is imported when it is written: reading contracts in JSON needs no library for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic_contracts.contracts.formats import _native_writer
from alembic_contracts.contracts.formats._kinds import DEFAULT, resource_of
from alembic_contracts.contracts.formats._odcs_custom import VENDOR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alembic_contracts.contracts.contract import Choice, Owner
    from alembic_contracts.dialects import Dialect
    from alembic_contracts.schemas.schema import Column, Schema, Table

__all__ = ["SEVERAL", "SUFFIX", "document", "text"]

SUFFIX = ".odcs.yaml"
SEVERAL = True

_VERSION = "v3.1.0"
_PLACE = frozenset({"file", "line", "what"})
"""Keys of a place of use, which takes one line."""


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
        tables: what to put under contract.
        schema: where they are; its types are needed.
        dialect: knows what follows from a type.
        namespace: the contract's domain.
        name: of the contract.
        owner: who answers for the contract.
        choice: how much it states; by default what ODCS has fields for, for readers.
        database: what the database is called, which is said where it is none of PostgreSQL's.
    """
    minimal = choice.minimal is not False
    compatibility = choice.compatibility or ("reader" if minimal else "exact")
    return {
        "apiVersion": _VERSION,
        "kind": "DataContract",
        "id": f"{namespace}-{name}",
        "name": name,
        "version": "1.0.0",
        "status": "active",
        "domain": namespace,
        **_servers(dialect, database),
        "team": _team(owner),
        **_custom_of({} if compatibility == "reader" else {"compatibility": compatibility}),
        "schema": [_stated(table, schema, dialect, choice) for table in tables],
    }


def text(document: Mapping[str, Any]) -> str:
    """Return a contract's document as the text of its file.

    Texts of a kind of their own (predicted expressions) are written as the texts that they are.
    """
    import yaml

    class Dumper(yaml.SafeDumper):
        def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
            is_place = bool(mapping) and set(mapping) <= _PLACE
            return super().represent_mapping(tag, mapping, flow_style=True if is_place else flow_style)

    Dumper.add_multi_representer(str, lambda dumper, each: dumper.represent_str(str(each)))
    return yaml.dump(dict(document), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120)


def _team(owner: Owner) -> dict[str, Any]:
    """Return who answers for it: a member has to have a user name, a team has not."""
    if not owner.email:
        return {"name": owner.name}
    return {"members": [{"name": owner.name, "role": "owner", "username": owner.email}]}


def _servers(dialect: Dialect, database: str | None) -> dict[str, Any]:
    """Return which kind of database the contract is about, if not PostgreSQL: the standard names few, and asks more."""
    if dialect.KIND == DEFAULT:
        return {}
    server = {"server": dialect.KIND, "type": "custom", "location": resource_of(dialect.KIND, database)}
    return {"servers": [server | _custom_of({"dialect": dialect.KIND})]}


def _stated(table: Table, schema: Schema, dialect: Dialect, choice: Choice) -> dict[str, Any]:
    """Return what the contract states of the table: ODCS' schema object."""
    schema_name = _native_writer.schema_of(table.name, dialect)
    physical = table.name.name if schema_name is None else str(table.name)
    stated: dict[str, Any] = {"name": table.name.name, "physicalName": physical}
    if table.comment:
        stated["description"] = table.comment
    of_table = _native_writer.of_table(table, dialect) if choice.stated is None and choice.minimal is False else {}
    picked = choice.stated.get((table.name, None), {}) if choice.stated is not None else {}
    own = choice.of_tables.get(table.name)
    otherwise = {"compatibility": own} if own else {}
    stated |= _custom_of(otherwise | of_table | dict(picked) | _used_by(table, None, choice))
    stated["properties"] = [_property(column, table, schema, dialect, choice) for column in table.columns]
    return stated


def _used_by(table: Table, column: str | None, choice: Choice) -> dict[str, Any]:
    seen = choice.used_by.get((table.name, column))
    return {"used_by": _native_writer.places(seen)} if seen else {}


def _custom_of(values: dict[str, Any]) -> dict[str, Any]:
    return {"customProperties": _custom(values)} if values else {}


def _custom(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Return properties of our own for what ODCS has no field for, named as versions before 3.2 allow it."""
    return [{"property": f"{VENDOR}.{name}", "value": value} for name, value in values.items()]


def _property(column: Column, table: Table, schema: Schema, dialect: Dialect, choice: Choice) -> dict[str, Any]:
    native = _native_writer.of_column(column, table, schema, dialect)
    constraints = dict(native["constraints"])
    if choice.stated is not None:
        constraints = dict(choice.stated.get((table.name, column.name), {}))
    constraints.pop("data_type", None)
    found: dict[str, Any] = {"name": column.name}
    if column.type is not None and _native_writer.is_held(column.type, dialect):
        found["physicalType"] = dialect.format_type(column.type)
    if column.comment:
        found["description"] = column.comment
    if native.get("examples"):
        found["examples"] = native["examples"]
    if not constraints.get("is_nullable", True):
        found["required"] = True
        del constraints["is_nullable"]
    if constraints.pop("primaryKey", False):
        found |= {"primaryKey": True, "primaryKeyPosition": table.primary_key.index(column.name) + 1}
    if "array_element" in native:
        found["items"] = {"physicalType": native["array_element"]["data_type"]}
    is_minimal = choice.stated is None and choice.minimal is not False
    return found | _custom_of(({} if is_minimal else constraints) | _used_by(table, column.name, choice))

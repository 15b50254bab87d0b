"""The catalog's answer to a look in, the ``Schema`` that it describes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from msgspec import Raw
from msgspec.json import decode

from alembic_contracts.dialects.postgresql.names import CATALOG, quote
from alembic_contracts.dialects.postgresql.types import modifiers_of
from alembic_contracts.schemas.remarks import Method, Printed
from alembic_contracts.schemas.schema import (
    Access,
    Column,
    Constraint,
    DefaultGrant,
    Grant,
    Index,
    Name,
    Published,
    Schema,
    Sending,
    Table,
    Type,
    TypeDefinition,
)
from alembic_contracts.support.garbage import uncollected

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from alembic_contracts.schemas.schema import ConstraintKind, TableKind

__all__ = ["Json", "read_document", "schema"]

Json = dict[str, Any]

_OF_ACCESS: frozenset[str] = frozenset({"grants", "publications"})
_TABLE_KINDS: dict[str, TableKind] = {
    "r": "table",
    "p": "partitioned table",
    "v": "view",
    "m": "materialized view",
    "f": "foreign table",
}
_CONSTRAINT_KINDS: dict[str, ConstraintKind] = {
    "p": "primary key",
    "u": "unique",
    "c": "check",
    "f": "foreign key",
    "x": "exclude",
    "n": "not null",
}
_PERSISTENCES: Any = {"p": "permanent", "u": "unlogged", "t": "temporary"}
_IDENTITIES: Any = {"": "", "a": "always", "d": "by default"}
_GENERATED: Any = {"": "", "s": "stored", "v": "virtual"}
_TYPE_KINDS: Any = {"e": "enum", "d": "domain", "c": "composite", "r": "range", "b": "base"}
_REPLICA_IDENTITIES: Any = {"d": "default", "f": "full", "n": "nothing", "i": "index"}
_TRUE = frozenset({"true", "on", "yes", "1", "t", "y"})
_ACTIONS = {"r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
"""``pg_constraint.confupdtype`` and ``confdeltype``; NO ACTION is the empty text."""


def read_document(answered: str) -> Json:
    """Return the catalog's answer as ``schema`` takes it: its tables are texts still."""
    parts = decode(answered, type=dict[str, Raw])
    document: Json = {key: decode(part) for key, part in parts.items() if key != "tables"}
    return {**document, "tables": decode(parts["tables"], type=list[Raw] | None)}


@uncollected(stays=True)
def schema(document: Json, parts: AbstractSet[str]) -> Schema:
    """Return what a document says, as far as ``parts`` of tables were asked for."""
    read = _Reader(document["type_names"] or {})
    texts = document["tables"] or ()
    tables = _tables(texts, read) if "all types" in parts else _LATEST.tables(texts, read)
    types = (read.definition(each) for each in document["types"] or ())
    return Schema(
        tables=MappingProxyType({table.name: table for table in sorted(tables, key=lambda table: table.name)}),
        types=MappingProxyType({each.name: each for each in sorted(types, key=lambda each: each.name)}),
        namespaces=frozenset(document["namespaces"] or ()),
        sequences=frozenset(Name(*name) for name in document["sequences"] or ()),
        catalog=document["catalog"],
        access=_access(document) if parts >= _OF_ACCESS else Access(sending=_sending(document)),
    )


def _rows(document: Json, key: str) -> list[list[Any]]:
    return document[key] or []


def _access(document: Json) -> Access:
    roles = _rows(document, "roles")
    return Access(
        complete=True,
        roles=frozenset(name for name, _, _ in roles),
        superusers=frozenset(name for name, is_superuser, _ in roles if is_superuser),
        without_inheritance=frozenset(name for name, _, inherits in roles if not inherits),
        memberships=frozenset((member, role) for member, role in _rows(document, "memberships")),
        schema_usage=frozenset((schema, role) for schema, role in _rows(document, "schema_usage")),
        default_grants=frozenset(DefaultGrant(*row) for row in _rows(document, "default_grants")),
        publications=MappingProxyType(
            {
                name: None if everything else frozenset(schemas or ())
                for name, everything, schemas, *_ in _rows(document, "publications")
            }
        ),
        sending=_sending(document),
    )


def _sending(document: Json) -> MappingProxyType[str, Sending]:
    return MappingProxyType(
        {
            name: Sending(
                operations=frozenset(each for each in operations if operations[each]),
                via_root=via_root,
                generated=bool(generated),
            )
            for name, _, _, operations, via_root, generated in _rows(document, "publications")
        }
    )


def _tables(texts: Sequence[Raw], read: _Reader) -> Iterator[Table]:
    return (read.table(decode(text)) for text in texts)


class _Latest:
    """The tables of the last look, by digests of what was said of them: most are the same at the next commit."""

    def __init__(self) -> None:
        self._tables: dict[bytes, Table] = {}

    def tables(self, texts: Sequence[Raw], read: _Reader) -> Iterator[Table]:
        """Return the tables that an answer has."""
        types = blake2b(repr(sorted(read.types.items())).encode())
        found = {}
        for text in texts:
            digest = types.copy()
            digest.update(text)
            key = digest.digest()
            known = self._tables.get(key)
            found[key] = read.table(decode(text)) if known is None else known
        self._tables = found
        return iter(found.values())


_LATEST = _Latest()


class _Reader:
    """Turns the document's objects into values; knows the types' names by their number in the catalog."""

    def __init__(self, type_names: dict[str, list[Any]]) -> None:
        self.types = {oid: (Name(schema, name), is_array) for oid, (schema, name, is_array) in type_names.items()}

    def table(self, row: Json) -> Table:
        return Table(
            name=Name(*row["name"]),
            kind=_TABLE_KINDS[row["kind"]],
            persistence=_PERSISTENCES[row["persistence"]],
            columns=tuple(self.column(column) for column in row["columns"] or ()),
            constraints=tuple(_constraint(constraint) for constraint in row["constraints"] or ()),
            indexes=tuple(_index(index) for index in row["indexes"] or ()),
            parents=tuple(Name(*parent) for parent in row["parents"] or ()),
            partition=row["partition"],
            partition_key=row["partition_key"],
            bounds=frozenset(row["bounds"] or ()),
            default_partition=row["default_partition"],
            partition_bounds=frozenset(row["partition_bounds"] or ()),
            check_option=cast("Any", _options(row).get("check_option", "").lower()),
            definition=row["definition"],
            taken=frozenset(row["taken"] or ()),
            depends_on=tuple(sorted((Name(schema, table), column) for schema, table, column in row["sources"] or ())),
            owner=row["owner"],
            comment=row["comment"],
            row_security=_row_security(row),
            replica_identity=_replica_identity(row),
            replica_index=row["replica_index"],
            grants=frozenset(Grant(*grant) for grant in row["grants"] or ()),
            unusable=frozenset(Grant(*grant) for grant in row["unusable"] or ()),
            security_invoker=_options(row).get("security_invoker", "off").lower() in _TRUE,
            published_above=frozenset(row["published_above"] or ()),
            publications=tuple(
                Published(publication=name, columns=tuple(columns) if columns else None, row_filter=row_filter)
                for name, columns, row_filter in row["publications"] or ()
            ),
        )

    def column(self, row: Json) -> Column:
        generated = _GENERATED[row["generated"]]
        return Column(
            name=row["name"],
            type=self.type(row),
            not_null=row["not_null"],
            default=None if generated else row["expression"],
            identity=_IDENTITIES[row["identity"]],
            generated=generated,
            expression=row["expression"] if generated else None,
            collation=_collation(row["collation"]),
            updatable=row["updatable"],
            comment=row["comment"],
        )

    def type(self, row: Json) -> Type:
        name, is_array = self.types[row["type"]]
        # The catalog's number of dimensions is what was written at one time; 0 for CREATE TABLE AS, for example.
        dimensions = max(row["dimensions"], 1) if is_array else 0
        return Type(name, modifiers_of(row["modifier"]) if row["modifier"] else (), dimensions)

    def definition(self, row: Json) -> TypeDefinition:
        checks = (
            Constraint(name=check["name"], kind="check", expression=check["expression"], valid=check["valid"])
            for check in row["checks"] or ()
        )
        return TypeDefinition(
            name=Name(*row["name"]),
            kind=_TYPE_KINDS[row["kind"]],
            labels=tuple(row["labels"] or ()),
            base=self.type(row["base"]) if row["base"] else None,
            not_null=row["not_null"],
            default=row["default"],
            checks=tuple(checks),
            fields=tuple((field["name"], self.type(field)) for field in row["fields"] or ()),
        )


def _options(row: Json) -> dict[str, str]:
    """Return what is said in WITH (...) of a view."""
    return dict(option.split("=", 1) for option in row["options"] or ())


def _row_security(row: Json) -> Any:
    if not row["row_security"]:
        return ""
    return "forced" if row["row_security_forced"] else "enabled"


def _replica_identity(row: Json) -> Any:
    # Relations without rows of their own have none ("n"), which nobody has chosen.
    if row["kind"] not in "rpm":
        return "default"
    found = _REPLICA_IDENTITIES[row["replica_identity"]]
    return "nothing" if found == "index" and row["replica_index"] is None else found


def _collation(parts: list[str] | None) -> str | None:
    if parts is None:
        return None
    schema, name = parts
    return name if schema == CATALOG else f"{schema}.{name}"


def _constraint(row: Json) -> Constraint:
    return Constraint(
        name=row["name"],
        kind=_CONSTRAINT_KINDS[row["kind"]],
        columns=tuple(row["columns"] or ()),
        expression=row["expression"],
        references=Name(*row["references"]) if row["references"] else None,
        referenced_columns=tuple(row["referenced_columns"] or ()),
        on_update=_ACTIONS.get(row["on_update"], ""),
        on_delete=_on_delete(row),
        match_full=bool(row["match_full"]),
        deferrable=row["deferrable"],
        initially_deferred=row["initially_deferred"],
        valid=row["valid"],
        enforced=not row["not_enforced"],
        nulls_not_distinct=row["nulls_not_distinct"] == "true",
        period=row["period"],
        no_inherit=row["no_inherit"],
        inherited=row["inherited"],
        comment=row["comment"],
    )


def _on_delete(row: Json) -> str:
    """Return a foreign key's action, with what is printed of it where there is more; of MATCH FULL nothing is said."""
    action = _ACTIONS.get(row["on_delete"], "")
    if row["match_full"]:
        return Printed(action, None)
    columns = [quote(name) for name in row["on_delete_columns"] or ()]
    return Printed(action, f"{action} ({', '.join(columns)})") if columns else action


def _method(row: Json) -> str:
    """Return an index's method, with its keys' options where nothing else is to be said of it."""
    options = row["options"]
    return row["method"] if options is None or None in options else Method(row["method"], tuple(options))


def _index(row: Json) -> Index:
    keys = row["key_columns"]
    return Index(
        name=row["name"],
        columns=tuple(row["columns"][:keys]),
        include=tuple(row["columns"][keys:]),
        unique=row["unique"],
        valid=row["valid"],
        method=_method(row),
        predicate=row["predicate"],
        expressions=tuple(row["expressions"] or ()),
        nulls_not_distinct=row["nulls_not_distinct"] == "true",
        constraint=row["constraint"],
        comment=row["comment"],
    )

"""A type's or identifier's name in, its spelling out: PostgreSQL's own types, and when quotes are needed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from alembic_contracts.patterns import pattern

if TYPE_CHECKING:
    from alembic_contracts.schemas.schema import Name, Schema

__all__ = ["ALIASES", "BUILT_IN", "CATALOG", "KEYWORDS", "SPELLINGS", "fold", "quote", "quote_name", "spelled"]

CATALOG = "pg_catalog"

_BUILT_IN = """
aclitem bit bool box bpchar bytea char cid cidr circle cstring date datemultirange daterange float4 float8 gtsvector
inet int2 int2vector int4 int4multirange int4range int8 int8multirange int8range interval json jsonb jsonpath line lseg
macaddr macaddr8 money name numeric nummultirange numrange oid oidvector path pg_brin_bloom_summary
pg_brin_minmax_multi_summary pg_dependencies pg_lsn pg_mcv_list pg_ndistinct pg_node_tree pg_snapshot point polygon
refcursor regclass regcollation regconfig regdictionary regnamespace regoper regoperator regproc regprocedure regrole
regtype text tid time timestamp timestamptz timetz tsmultirange tsquery tsrange tstzmultirange tstzrange tsvector
txid_snapshot uuid varbit varchar xid xid8 xml
"""
_KEYWORDS = """
all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char
character check coalesce collate collation column concurrently constraint create cross current_catalog current_date
current_role current_schema current_time current_timestamp current_user dec decimal default deferrable desc distinct do
else end except exists extract false fetch float for foreign freeze from full grant greatest group grouping having
ilike in initially inner inout int integer intersect interval into is isnull join json json_array json_arrayagg
json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value lateral leading
least left like limit localtime localtimestamp merge_action national natural nchar none normalize not notnull null
nullif numeric offset on only or order out outer overlaps overlay placing position precision primary real references
returning right row select session_user setof similar smallint some substring symmetric system_user table tablesample
then time timestamp to trailing treat trim true union unique user using values varchar variadic verbose when where
window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize
xmltable
"""

BUILT_IN = frozenset(_BUILT_IN.split())
"""Internal names of the types that a column can have without anybody creating them (``pg_type``, 14 to 18)."""

SPELLINGS = MappingProxyType(
    {
        "bool": "boolean",
        "char": '"char"',
        "int2": "smallint",
        "int4": "integer",
        "int8": "bigint",
        "float4": "real",
        "float8": "double precision",
        "bpchar": "character",
        "varchar": "character varying",
        "varbit": "bit varying",
        "time": "time without time zone",
        "timetz": "time with time zone",
        "timestamp": "timestamp without time zone",
        "timestamptz": "timestamp with time zone",
    }
)
"""``format_type(oid, NULL)`` by internal name, where the two differ; what ``information_schema`` shows."""

ALIASES = MappingProxyType(
    {
        "bigint": "int8",
        "bigserial": "int8",
        "bit varying": "varbit",
        "boolean": "bool",
        "char": "bpchar",
        "char varying": "varchar",
        "character": "bpchar",
        "character varying": "varchar",
        "dec": "numeric",
        "decimal": "numeric",
        "double precision": "float8",
        "float": "float8",
        "int": "int4",
        "integer": "int4",
        "national char": "bpchar",
        "national char varying": "varchar",
        "national character": "bpchar",
        "national character varying": "varchar",
        "nchar": "bpchar",
        "nchar varying": "varchar",
        "real": "float4",
        "serial": "int4",
        "serial2": "int2",
        "serial4": "int4",
        "serial8": "int8",
        "smallint": "int2",
        "smallserial": "int2",
    }
)
"""Internal name by what PostgreSQL's grammar accepts (``gram.y``), and by the serial pseudo-types."""

_PLAIN = pattern(r"[a-z_][a-z0-9_]*")
KEYWORDS = frozenset(_KEYWORDS.split())
"""Every keyword that is not unreserved (``pg_get_keywords()`` of PostgreSQL 18)."""
_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def fold(identifier: str) -> str:
    """Return what PostgreSQL makes of an unquoted identifier: ASCII letters in lower case, others as they are."""
    return identifier.translate(_ASCII_LOWER)


def spelled(schema: Schema, names: Mapping[Name, Collection[str]]) -> Schema:
    """Return a schema as it is: names that differ in case are different ones."""
    del names
    return schema


def quote(identifier: str) -> str:
    """Return an identifier as ``quote_ident`` does: in double quotes where it needs them."""
    if _PLAIN.fullmatch(identifier) and identifier not in KEYWORDS:
        return identifier
    return '"' + identifier.replace('"', '""') + '"'


def quote_name(name: Name) -> str:
    """Return an object's name with its schema's, each as ``quote`` does."""
    return f"{quote(name.schema)}.{quote(name.name)}"

"""A name in, what PostgreSQL itself brings along under it out: types, functions, operators, casts, relations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import dropwhile
from pathlib import Path

from msgspec import Struct

from alembic_contracts.schemas.schema import Name

__all__ = [
    "EXTENSIONS",
    "SYSTEM_COLUMNS",
    "SYSTEM_SCHEMAS",
    "Extension",
    "Signature",
    "casts",
    "categories",
    "data",
    "element_types",
    "functions",
    "implicit_casts",
    "is_system_relation",
    "mutable",
    "operator_classes",
    "operators",
]

SYSTEM_SCHEMAS = frozenset({"pg_catalog", "information_schema"})
"""Of which everything is the server's own."""

SYSTEM_COLUMNS = frozenset({"tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"})
"""Of every table, besides its own."""


class Signature(Struct, frozen=True):
    """One overload of a built-in function."""

    kind: str
    """``f`` function, ``a`` aggregate, ``w`` window function, ``p`` procedure."""
    result: str
    is_set: bool
    required: int
    variadic: bool
    arguments: tuple[str, ...]


class Extension(Struct, frozen=True):
    """What an extension adds that matters here; none of these functions runs DDL."""

    types: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()


def data(name: str) -> str:
    """Return what is in a file of what PostgreSQL brings along."""
    return Path(__file__).with_name("data").joinpath(name).read_text(encoding="utf-8")


def _texts(name: str) -> Iterator[str]:
    lines = dropwhile(lambda line: line.startswith("# "), data(name).splitlines())  # further down, # is an operator
    return (line for line in lines if line)


def _lines(name: str) -> list[list[str]]:
    return [line.split(" ") for line in _texts(name)]


@cache
def categories() -> dict[str, str]:
    """Return the built-in types with their categories (``pg_type.typcategory``; ``P`` is a pseudo-type)."""
    return {fields[0]: fields[1] for fields in _lines("types.txt")}


@cache
def element_types() -> dict[str, str]:
    """Return the element type of each built-in array type (``_int4`` of ``int4``)."""
    return {fields[0]: fields[2] for fields in _lines("types.txt") if len(fields) > 2}


@cache
def functions() -> Mapping[str, tuple[Signature, ...]]:
    """Return the overloads of each built-in function."""
    return _Functions(_texts("functions.txt"))


class _Functions(Mapping[str, tuple[Signature, ...]]):
    """The overloads by name; they are put together when somebody asks for them, which is for few of them."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._written: dict[str, list[str]] = {}
        for line in lines:
            self._written.setdefault(line[: line.index(" ")], []).append(line)
        self._made: dict[str, tuple[Signature, ...]] = {}

    def __getitem__(self, name: str) -> tuple[Signature, ...]:
        if name not in self._made:
            self._made[name] = tuple(map(_signature, self._written[name]))
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._written

    def __iter__(self) -> Iterator[str]:
        return iter(self._written)

    def __len__(self) -> int:
        return len(self._written)


def _signature(line: str) -> Signature:
    _name, kind, result, required, *arguments = line.split(" ")
    return Signature(
        kind,
        result.removeprefix("*"),
        result.startswith("*"),
        int(required.removesuffix("+")),
        required.endswith("+"),
        tuple(arguments),
    )


@cache
def operators() -> dict[str, tuple[tuple[str, str, str], ...]]:
    """Return left type (``-``: none), right type and result of each built-in operator."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for name, left, right, result in _lines("operators.txt"):
        found.setdefault(name, []).append((left, right, result))
    return {name: tuple(signatures) for name, signatures in found.items()}


def casts(server_version: int) -> dict[tuple[str, str], str]:
    """Return a server's built-in casts: (from, to) and the context in which they happen (i, a, e)."""
    return _casts(server_version // 10000)


@cache
def _casts(version: int) -> dict[tuple[str, str], str]:
    lines = _lines("casts.txt")
    return {
        (source, target): context
        for source, target, context, *since in lines
        if int(since[0] if since else 0) <= version
    }


def implicit_casts(server_version: int) -> Mapping[str, frozenset[str]]:
    """Return the types that each type is cast to implicitly."""
    return _implicit_casts(server_version // 10000)


@cache
def _implicit_casts(version: int) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for (source, target), context in _casts(version).items():
        if context == "i":
            found.setdefault(source, set()).add(target)
    return {source: frozenset(targets) for source, targets in found.items()}


@cache
def operator_classes() -> Mapping[str, frozenset[str]]:
    """Return the types for which access methods have a default operator class, by method."""
    found: dict[str, set[str]] = {}
    for method, type_ in _lines("operator_classes.txt"):
        found.setdefault(method, set()).add(type_)
    return {method: frozenset(types) for method, types in found.items()}


@cache
def mutable() -> frozenset[tuple[str, ...]]:
    """Return the functions, casts, operators, input and output functions of types that are not immutable."""
    return frozenset(map(tuple, _lines("mutable.txt")))


@cache
def _relations() -> frozenset[str]:
    return frozenset(fields[0] for fields in _lines("relations.txt"))


@cache
def names() -> frozenset[str]:
    """Return the names of the server's own relations, domains and constraints that do not begin with ``pg_``."""
    relations = frozenset(name.partition(".")[2] for name in _relations())
    return relations | _OTHER_NAMES


_OTHER_NAMES = frozenset(
    {
        "cardinal_number", "cardinal_number_domain_check", "character_data", "information_schema",
        "information_schema_catalog_name", "plpgsql", "postgres", "sql_identifier", "template0", "template1",
        "time_stamp", "yes_or_no", "yes_or_no_check",
    }
)  # fmt: skip


def is_system_relation(name: str, schema: str | None) -> Name | None:
    """Return the qualified name of a system table or view, None where the name is none."""
    if schema is None and name.startswith("pg_"):
        schema = "pg_catalog"
    return Name(schema, name) if schema is not None and f"{schema}.{name}" in _relations() else None


EXTENSIONS: dict[str, Extension] = {
    "btree_gin": Extension(),
    "btree_gist": Extension(),
    "citext": Extension(("citext",), ("citext",)),
    "cube": Extension(("cube",), ("cube", "cube_distance", "cube_dim")),
    "earthdistance": Extension(("earth",), ("ll_to_earth", "earth_distance", "earth_box")),
    "fuzzystrmatch": Extension((), ("levenshtein", "soundex", "metaphone", "dmetaphone", "difference")),
    "hstore": Extension(("hstore",), ("hstore", "akeys", "avals", "skeys", "svals", "hstore_to_json")),
    "intarray": Extension(("query_int",), ("sort", "uniq", "idx", "subarray")),
    "isn": Extension(("ean13", "isbn", "isbn13", "ismn", "ismn13", "issn", "issn13", "upc")),
    "ltree": Extension(("ltree", "lquery", "ltxtquery"), ("subpath", "nlevel", "text2ltree", "ltree2text", "lca")),
    "pg_stat_statements": Extension((), ("pg_stat_statements", "pg_stat_statements_reset")),
    "pg_trgm": Extension(("gtrgm",), ("similarity", "show_trgm", "word_similarity", "set_limit", "show_limit")),
    "pgcrypto": Extension(
        (),
        (
            "gen_random_uuid", "gen_random_bytes", "digest", "hmac", "crypt", "gen_salt", "encrypt", "decrypt",
            "pgp_sym_encrypt", "pgp_sym_decrypt", "pgp_pub_encrypt", "pgp_pub_decrypt", "armor", "dearmor",
        ),
    ),
    "plpgsql": Extension(),
    "postgis": Extension(("geometry", "geography", "box2d", "box3d", "geometry_dump", "spheroid")),
    "postgres_fdw": Extension(),
    "seg": Extension(("seg",)),
    "tablefunc": Extension((), ("normal_rand",)),
    "tsm_system_rows": Extension(),
    "unaccent": Extension((), ("unaccent",)),
    "uuid-ossp": Extension(
        (),
        (
            "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v3", "uuid_generate_v4", "uuid_generate_v5",
            "uuid_nil", "uuid_ns_dns", "uuid_ns_url", "uuid_ns_oid", "uuid_ns_x500",
        ),
    ),
    "vector": Extension(("vector", "halfvec", "sparsevec"), ("l2_distance", "cosine_distance", "inner_product")),
}  # fmt: skip
"""Well-known extensions. One that is not here may add any type and any function."""

"""Compares a predicted schema with the observed one, fact by fact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alembic_contracts.schemas.schema import Column, Constraint, Name, Schema, Table

if TYPE_CHECKING:
    from alembic_contracts.dialects import Dialect

__all__ = ["Difference", "Tally", "differences", "facts", "is_under_contract"]

Key = tuple[str, str | None, str]
"""Table, column (None: the table as a whole), and which fact about it."""
UNKNOWN = "unknown"
ABSENT = "absent"
_NAMED = ("constraint ", "index ")
"""How facts begin that no contract is about, but on which later migrations depend: by the names of what they are of."""
_KEYS = ("key", "unique ", "foreign key ")


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact on which prediction and server disagree, or that the prediction says it does not know."""

    table: str
    column: str | None
    fact: str
    predicted: str
    observed: str

    @property
    def declared(self) -> bool:
        """Whether the prediction itself says that it does not know."""
        return self.predicted == UNKNOWN


@dataclass
class Tally:
    """How many facts there were and how many were right."""

    tables: int = 0
    columns: int = 0
    keys: int = 0
    wrong_tables: int = 0
    wrong_columns: int = 0
    wrong_keys: int = 0


def is_under_contract(fact: str) -> bool:
    """Whether contracts can be about it."""
    return not fact.startswith(_NAMED)


def facts(schema: Schema, ignored: frozenset[str], dialect: Dialect) -> Iterator[tuple[Key, str]]:
    """Yield every fact of a schema as text, in a form in which equal facts are equal.

    Of a database that is predicted on a copy of itself there are more: nothing of it can be written in another way.
    """
    for name, table in schema.tables.items():
        if name.name not in ignored:
            yield from _table_facts(name, table, dialect)
            if dialect.FORESIGHT == "copy":
                yield from _exact_facts(name, table)
            else:
                yield from _named_facts(str(name), table)


def _table_facts(name: Name, table: Table, dialect: Dialect) -> Iterator[tuple[Key, str]]:
    text = str(name)
    yield (text, None, "table"), table.kind
    yield (text, None, "key"), ", ".join(table.primary_key) or "none"
    if not table.complete:
        yield (text, None, "columns"), UNKNOWN
    for column in table.columns:
        yield (text, column.name, "exists"), "yes"
        yield (text, column.name, "type"), UNKNOWN if column.type is None else dialect.format_type(column.type)
        yield (text, column.name, "null"), "not null" if column.not_null else "null"


def _exact_facts(name: Name, table: Table) -> Iterator[tuple[Key, str]]:
    """Yield defaults, and constraints by what they say: many have no name."""
    text = str(name)
    for column in table.columns:
        yield (text, column.name, "default"), str(column.default)
        yield (text, column.name, "rest"), _rest(column)
    found: dict[str, list[str]] = {}
    for constraint in table.constraints:
        if constraint.kind not in ("not null", "primary key"):
            found.setdefault(_words(constraint), []).append(constraint.name or "unnamed")
    for words, names in found.items():
        yield (text, None, words), ", ".join(sorted(names))
    for index in table.indexes:
        # Those behind constraints are numbered in their order, which batch mode leaves to chance.
        if index.constraint is None and not index.name.startswith("sqlite_autoindex_"):
            yield (text, None, f"index {index.name}"), str(index)


def _rest(column: Column) -> str:
    given = {"generated": column.generated, "as": column.expression, "identity": column.identity}
    return ", ".join(f"{key} {value}" for key, value in {**given, "collate": column.collation}.items() if value)


def _words(constraint: Constraint) -> str:
    columns = ", ".join(constraint.columns)
    match constraint.kind:
        case "foreign key":
            referenced = f"{constraint.references} ({', '.join(constraint.referenced_columns)})"
            ways = f"on update {constraint.on_update} on delete {constraint.on_delete}"
            valid = "" if constraint.valid else " not valid"
            return f"foreign key ({columns}) references {referenced} {ways}{valid}"
        case "check":
            return f"constraint check ({constraint.expression})"
    return f"{constraint.kind} ({columns})"


def _named_facts(text: str, table: Table) -> Iterator[tuple[Key, str]]:
    """Yield what no contract is about, but on which later migrations depend: names of constraints and indexes."""
    for constraint in table.constraints:
        if constraint.kind != "not null":
            columns = "" if constraint.kind == "check" else ", ".join(constraint.columns)
            yield (text, None, f"constraint {constraint.name}"), f"{constraint.kind} ({columns})"
    for index in table.indexes:
        columns = ", ".join(column or "<expression>" for column in index.columns)
        yield (text, None, f"index {index.name}"), f"{'unique ' if index.unique else ''}({columns})"


def differences(predicted: Mapping[Key, str], observed: Mapping[Key, str]) -> list[Difference]:
    """Return where two schemas differ; what follows from a missing table or column is not repeated."""
    found = []
    for key in dict.fromkeys([*observed, *predicted]):
        table, column, fact = key
        said, seen = predicted.get(key, ABSENT), observed.get(key, ABSENT)
        if said == seen or (fact == "columns" and seen == ABSENT):
            continue
        tables: Any = ((table, None, "table") in predicted, (table, None, "table") in observed)
        columns = ((table, column, "exists") in predicted, (table, column, "exists") in observed)
        implied = (fact != "table" and not all(tables)) or (
            column is not None and fact != "exists" and not all(columns)
        )
        if not implied:
            found.append(Difference(table, column, fact, said, seen))
    return found


def tally(observed: Mapping[Key, str], wrong: list[Difference]) -> Tally:
    """Count tables, columns and keys, and how many of each have something wrong."""
    bad_columns = {(d.table, d.column) for d in wrong if d.column is not None}
    gone = {d.table for d in wrong if d.fact == "table"}
    columns = {(table, column) for table, column, fact in observed if column is not None and fact == "exists"}
    bad_columns |= {(table, column) for table, column in columns if table in gone}
    return Tally(
        tables=sum(fact == "table" for _, _, fact in observed),
        columns=len(columns),
        keys=sum(fact.startswith(_KEYS) for _, _, fact in observed),
        wrong_tables=len(gone),
        wrong_columns=len(bad_columns),
        wrong_keys=sum(d.fact.startswith(_KEYS) for d in wrong) + sum(d.fact == "table" for d in wrong),
    )

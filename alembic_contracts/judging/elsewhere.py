"""Contracts and the database that they are judged on in, those that are held there alike out.

On its own kind of database a contract is held exactly. On another one (the same scripts on SQLite in a test) it is held
by its shape: tables, columns, nullability, keys, and types by what they are for. What that kind of database does not
have is not applicable there: it counts neither as kept nor as broken.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts import dialects
from alembic_contracts.contracts.contract import Contract, Expected, Fact, ForeignKey
from alembic_contracts.dialects import LOGICAL, Dialect
from alembic_contracts.judging import left_out, rules
from alembic_contracts.judging.alike import alike
from alembic_contracts.judging.engine import facts_of
from alembic_contracts.judging.left_out import Place
from alembic_contracts.judging.shape import Shape, is_same, view
from alembic_contracts.schemas.schema import Name, Schema, Type

if TYPE_CHECKING:
    from alembic_contracts.config import Elsewhere, Switch
    from alembic_contracts.judging.naming import Naming, Placed
    from alembic_contracts.schemas.steps import Prediction

__all__ = ["SHAPE", "Aligned", "Held", "aligned", "held", "places"]

SHAPE = frozenset(
    {
        "table-exists",
        "column-exists",
        "column-type",
        "logical-type",
        "column-nullable",
        "primary-key",
        "unique",
        "foreign-key",
        "extra-column",
        "required-column",
    }
)
"""Rules about what every database has."""
_OF_TYPES = frozenset({"column-type", "logical-type"})


_TEXT = Type(Name("pg_catalog", "text"))


class Held(Struct, frozen=True):
    """Contracts that are held alike."""

    contracts: tuple[Contract, ...]
    """With the facts alone that are judged."""
    dialect: Dialect
    """How their types are compared with those that are there."""
    severities: Mapping[str, Switch]
    """Of rules; those that are not applicable are off."""
    not_applicable: int
    """How many facts that are stated nobody looks at."""
    naming: Naming | None
    """How the database's names become the contracts'; None: they are the same."""
    beyond: tuple[frozenset[Place], ...] = ()
    """What each of the contracts states for which the database has nothing."""

    @property
    def is_exact(self) -> bool:
        """Whether they are held exactly, not by their shape."""
        return not isinstance(self.dialect, Shape)

    @property
    def unheld(self) -> tuple[str, ...]:
        """Ids of the contracts of which nothing is judged, since nothing of them is applicable."""
        return tuple(contract.id for contract in self.contracts if not contract.facts) if self.not_applicable else ()

    def shown(self, predictions: Sequence[Prediction], foreseen: Sequence[Prediction]) -> Held:
        """Return it without what is beyond the database, where no moment of a run has it: it is left out there.

        Args:
            predictions: the run, in the contracts' names.
            foreseen: where it was to lead, in the database's.
        """
        if not any(self.beyond):
            return self
        absent = left_out.absent(frozenset().union(*self.beyond), (*predictions, *self.seen(foreseen)))
        if not absent:
            return self
        each = zip(self.contracts, self.beyond, strict=True)
        found = [left_out.without(contract, absent & places) for contract, places in each]
        left = sum(
            len(before.facts) - len(after.facts)
            for before, after in zip(self.contracts, found, strict=True)
            if before.stage != "retired"
        )
        return replace(self, contracts=tuple(found), not_applicable=self.not_applicable + left)

    def untold(self, schema: Schema) -> int:
        """Return how many of the types that are stated a database has as ones of which nobody can tell what for.

        Args:
            schema: of the database, in the contracts' names.
        """
        dialect = self.dialect
        if not isinstance(dialect, Shape):
            return 0
        facts = (fact for contract in self.contracts for fact in facts_of(contract, self.severities))
        return sum(_is_untold(fact, dialect, schema) for fact in facts if fact.rule in _OF_TYPES)

    def seen(self, predictions: Iterable[Prediction]) -> tuple[Prediction, ...]:
        """Return what a run goes through, in the contracts' names."""
        if self.naming is None:
            return tuple(predictions)
        return tuple(map(self.naming.prediction, predictions))


def held(
    contracts: Sequence[Contract], dialect: Dialect, severities: Mapping[str, Switch], elsewhere: Elsewhere
) -> tuple[Held, ...]:
    """Return the contracts in groups that are held alike, one at least.

    Args:
        contracts: what must be kept.
        dialect: of the database.
        severities: what the settings say of rules.
        elsewhere: what they say of contracts about another kind of database.
    """
    found: list[Held] = []
    for kind in {contract.kind: None for contract in contracts} or {dialect.KIND: None}:
        of_kind = [contract for contract in contracts if contract.kind == kind]
        placed = _placed(of_kind, kind, dialect)
        for group in alike(of_kind, placed or _itself) or ((),):
            naming = _naming(group, dialect, placed)
            found.append(_held(group, kind, dialect, severities, elsewhere, naming=naming))
    return tuple(found)


def _held(
    contracts: tuple[Contract, ...],
    kind: str,
    dialect: Dialect,
    severities: Mapping[str, Switch],
    elsewhere: Elsewhere,
    *,
    naming: Naming | None,
) -> Held:
    own = is_same(kind, dialect.KIND)
    if own and dialect.FORESIGHT != "none":
        applicable = frozenset(rules.load()) - dialect.NOT_EXPRESSED
        return _trimmed(contracts, dialect, severities, applicable, naming)
    shape = view(dialect, kind)
    if elsewhere == "off" and not own:
        return _trimmed(contracts, shape, severities, frozenset(), None)
    if elsewhere == "warn" and not own:
        severities = {rule: "off" if severities.get(rule) == "off" else "warning" for rule in rules.load()}
    applicable = SHAPE - dialect.NOT_EXPRESSED
    return _trimmed(contracts, shape, severities, applicable, naming)


def _trimmed(
    contracts: tuple[Contract, ...],
    dialect: Dialect,
    severities: Mapping[str, Switch],
    applicable: Iterable[str],
    naming: Naming | None,
) -> Held:
    contracts = contracts if naming is None else tuple(map(naming.contract, contracts))
    off = rules.load().keys() - frozenset(applicable)
    if not off and naming is None:
        return Held(contracts, dialect, severities, 0, None)
    left, trimmed, beyond = 0, [], []
    for contract in contracts:
        like_nothing = set[Place]()
        stated = [fact for fact in contract.facts if severities.get(fact.rule) != "off"]
        if isinstance(dialect, Shape):
            everything = _enums_as_texts(contract.facts, dialect)  # be it that types are not to be looked at
            like_nothing.update((fact.table, fact.column) for fact in everything if dialect.is_beyond(fact))
            stated = list(_enums_as_texts(stated, dialect))
        beyond.append(frozenset(like_nothing))
        facts = tuple(fact for fact in stated if fact.rule not in off and _is_comparable(fact, dialect))
        left += len(stated) - len(facts) if contract.stage != "retired" else 0
        trimmed.append(dataclasses.replace(contract, facts=facts))
    switched = MappingProxyType({**severities, **dict.fromkeys(off, "off")})
    return Held(tuple(trimmed), dialect, cast("Mapping[str, Switch]", switched), left, naming, tuple(beyond))


def _is_untold(fact: Fact, dialect: Shape, schema: Schema) -> bool:
    """Whether it is held for want of anything that tells otherwise."""
    table = schema.tables.get(fact.table)
    column = table.column(fact.column) if table is not None and fact.column is not None else None
    if table is None or column is None or column.type is None:
        return False
    if dialect.is_untold(column.type, schema.types):
        return True
    expected = fact.expected if table.kind == "view" else None
    return isinstance(expected, Type) and dialect.may_compute(expected, column.type, schema.types)


def _enums_as_texts(facts: Sequence[Fact], dialect: Shape) -> Iterator[Fact]:
    """Yield facts with types of users, by name or by PostgreSQL's word for them, led to what one with labels is for."""
    labelled = {(fact.table, fact.column) for fact in facts if fact.rule == "enum-labels"}
    for fact in facts:
        is_users = fact.expected == "USER-DEFINED" or (
            isinstance(fact.expected, Type) and not fact.expected.dimensions and not dialect.has(fact.expected)
        )
        is_enum = fact.rule == "column-type" and is_users and (fact.table, fact.column) in labelled
        yield replace(fact, expected=_TEXT) if is_enum else fact


def _is_comparable(fact: Fact, dialect: Dialect) -> bool:
    """Whether a fact is about what the database can have, too: a type, a foreign key between schemas."""
    if not isinstance(dialect, Shape):
        return True
    if isinstance(fact.expected, ForeignKey) and fact.expected.table.schema != fact.table.schema:
        return bool(dialect.REFERS_ACROSS_SCHEMAS)
    if fact.rule == "logical-type":
        return fact.expected in LOGICAL - {"array"}
    return fact.rule != "column-type" or (isinstance(fact.expected, Type) and dialect.has(fact.expected))


# -- names -------------------------------------------------------------------------------------------------------------


def places(contracts: Iterable[Contract], dialect: Dialect) -> frozenset[Name]:
    """Return where a database can have the tables of contracts, and those in other schemas that these refer to."""
    contracts = tuple(contracts)
    found = set[Name]()
    for kind in {contract.kind for contract in contracts}:
        of_kind = [contract for contract in contracts if contract.kind == kind]
        placed = (None if kind == dialect.KIND else _placed(of_kind, kind, dialect)) or _itself
        named = {table for contract in of_kind for table in contract.tables}
        if dialect.FORESIGHT == "none":
            named.update(table for contract in of_kind for table in _referred_elsewhere(contract))
        found.update(place for table in named for place in placed(table))
    return frozenset(found)


def _referred_elsewhere(contract: Contract) -> Iterator[Name]:
    """Yield tables of other schemas to which foreign keys lead: which is meant depends on whether there is such one."""
    for fact in contract.facts:
        if isinstance(fact.expected, ForeignKey) and fact.expected.table.schema != fact.table.schema:
            yield fact.expected.table


def _itself(table: Name) -> tuple[Name, ...]:
    return (table,)


def _placed(contracts: Iterable[Contract], kind: str, dialect: Dialect) -> Placed | None:
    """Return what tells where tables can be that all contracts about one kind name; None: they are where they say."""
    own = is_same(kind, dialect.KIND)
    if own and dialect.FORESIGHT == "catalog":
        return None
    from alembic_contracts.judging.naming import placed

    return placed(contracts, dialect, dialect if own and dialect.FORESIGHT == "copy" else dialects.load(kind))


def _naming(contracts: Sequence[Contract], dialect: Dialect, placed: Placed | None) -> Naming | None:
    """Return how a database's names become those of contracts; None: they are the same."""
    if placed is None:
        return None
    from alembic_contracts.judging.naming import Naming

    return Naming(contracts, dialect, placed)


class Aligned(Struct, frozen=True):
    """Contracts, and what leads from a database's names to theirs."""

    contracts: tuple[Contract, ...]
    naming: Naming | None

    def schema(self, schema: Schema) -> Schema:
        """Return a schema of the database in the contracts' names."""
        return schema if self.naming is None else self.naming.schema(schema)

    def prediction(self, prediction: Prediction) -> Prediction:
        """Return what a run goes through, in the contracts' names."""
        return prediction if self.naming is None else self.naming.prediction(prediction)


def aligned(contracts: Sequence[Contract], dialect: Dialect, schemas: Sequence[Schema]) -> Aligned:
    """Return contracts and the names of a database so that both are the same, to be shown beside each other.

    Contracts can have several names for a table: that of the first one's kind counts.

    Args:
        contracts: of any kinds.
        dialect: of the database.
        schemas: what the database has, now and later.
    """
    kinds = dict.fromkeys(contract.kind for contract in contracts)
    of_kinds = {kind: [contract for contract in contracts if contract.kind == kind] for kind in kinds}
    namings = [_naming(each, dialect, _placed(each, kind, dialect)) for kind, each in of_kinds.items()]
    if not any(namings):
        return Aligned(tuple(contracts), None)
    tables = {name: table for schema in schemas for name, table in schema.tables.items()}
    namespaces = frozenset(name for schema in schemas for name in schema.namespaces)
    everything = Schema(tables=tables, namespaces=namespaces)
    found = [{} if naming is None else naming.found(everything) for naming in namings]
    names = {} if namings[0] is None else namings[0].names(everything)
    led = {
        kind: {theirs: shown for theirs, here in known.items() if (shown := names.get(here, here)) != theirs}
        for kind, known in zip(kinds, found, strict=True)
    }
    return Aligned(tuple(_renamed(each, led[each.kind]) if led[each.kind] else each for each in contracts), namings[0])


def _renamed(contract: Contract, names: Mapping[Name, Name]) -> Contract:
    """Return a contract with other names for tables."""

    def led(name: Name) -> Name:
        return names.get(name, name)

    def expected(value: Expected) -> Expected:
        return replace(value, table=led(value.table)) if isinstance(value, ForeignKey) else value

    return dataclasses.replace(
        contract,
        facts=tuple(replace(fact, table=led(fact.table), expected=expected(fact.expected)) for fact in contract.facts),
        descriptions=tuple((led(table), column, text) for table, column, text in contract.descriptions),
        used_by={(led(table), column): places_ for (table, column), places_ in contract.used_by.items()},
        of_tables={led(table): each for table, each in contract.of_tables.items()},
        deprecations=tuple(
            each if each.table is None else replace(each, table=led(each.table)) for each in contract.deprecations
        ),
    )

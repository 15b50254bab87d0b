"""Contracts, schema and what is pending in, what the page of each contract says out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from alembic_contracts import dialects
from alembic_contracts.contracts.contract import Contract, Fact, Waiver
from alembic_contracts.judging import rules
from alembic_contracts.reviews.consumers import about, concerns, names_columns
from alembic_contracts.reviews.site.addresses import anchor_of, file_of
from alembic_contracts.reviews.site.pictures import Picture, neighbours, picture_of

if TYPE_CHECKING:
    from datetime import date

    from alembic_contracts.dialects import Dialect
    from alembic_contracts.judging.violations import Violation
    from alembic_contracts.reviews.changes import Change
    from alembic_contracts.reviews.plans import Plan, Revision
    from alembic_contracts.running.terms import Terms
    from alembic_contracts.schemas import uses
    from alembic_contracts.schemas.schema import Column, Name, Schema, Table

__all__ = ["ContractPage", "Ending", "Pages", "Place", "Row", "Section", "Verdict"]

Verdict = Literal["kept", "broken", "unproven", "differs", "not checked"]
"""Differs: something that is stated does not hold, and nothing is refused for it (a draft, a waiver, so before)."""

_IN_OWN_COLUMNS = frozenset(("column-exists", "table-exists"))
"""Rules whose facts go without saying where a page has a row for the column."""
_SPEAKS_FOR_ITSELF = frozenset(("column-nullable", "column-type", "column-updatable", "primary-key", "unique"))


class Place(Struct, frozen=True):
    """One fact, for people."""

    rule: str
    place: str
    expected: str
    where: str
    summary: str

    @property
    def words(self) -> str:
        """What is promised, where it is clear of which table or column."""
        return self.expected if self.rule in _SPEAKS_FOR_ITSELF else f"{self.rule.replace('-', ' ')}: {self.expected}"

    @property
    def title(self) -> str:
        """What the rule is."""
        return f"{self.rule}: {self.summary}"


class Ending(Struct, frozen=True):
    """A promise that ends, or one that may be broken until a day."""

    place: str
    day: date | None
    over: bool
    """Whether the day has come."""


class Row(Struct, frozen=True, kw_only=True):
    """One column of a table, there or stated."""

    name: str
    anchor: str
    type: str
    nullable: bool | None
    """None: not known, as the column is not there."""
    in_key: bool
    description: str
    promises: tuple[Place, ...]
    """What the page's own contract states."""
    own: bool
    """Whether the page's own contract names it."""
    there: bool
    others: tuple[Contract, ...]
    """The other contracts that name it."""
    endings: tuple[Ending, ...]
    violations: tuple[Violation, ...]
    used_by: tuple[uses.Place, ...]
    """Where the page's own contract says that it is used."""


class Section(Struct, frozen=True, kw_only=True):
    """One table of a contract."""

    name: Name
    anchor: str
    kind: str
    """``table``, ``view`` ...; empty where it is not there."""
    description: str
    promises: tuple[Place, ...]
    """What is stated of the table as a whole."""
    rows: tuple[Row, ...]
    others: tuple[Contract, ...]
    violations: tuple[Violation, ...]
    """Those that are about no column."""
    used_by: tuple[uses.Place, ...]
    """Where the contract says that the table is used."""

    @property
    def is_seen(self) -> bool:
        """Whether it says so of the table or of any column."""
        return bool(self.used_by) or any(row.used_by for row in self.rows)


class ContractPage(Struct, frozen=True, kw_only=True):
    """One contract."""

    contract: Contract
    file: str
    verdict: Verdict
    """Whether it is kept once all that is pending has run."""
    sections: tuple[Section, ...]
    places: tuple[Place, ...]
    violations: tuple[Violation, ...]
    endings: tuple[Ending, ...]
    waivers: tuple[tuple[Waiver, bool], ...]
    """With whether it has expired."""
    pending: tuple[tuple[Revision, tuple[Change, ...]], ...]
    """Revisions that touch it, with what they change of it."""
    picture: Picture
    source: str

    @property
    def next_end(self) -> date | None:
        """The next day on which some of it ends."""
        return min((each.day for each in self.endings if each.day is not None and not each.over), default=None)


class Pages:
    """What all pages are made from, worked out once."""

    def __init__(self, terms: Terms, plan: Plan, schema: Schema) -> None:
        """Take settings and contracts, what is pending, and the tables to show."""
        self.terms, self.plan, self.schema = terms, plan, schema
        self._rules = rules.load()

    def __iter__(self) -> Iterator[ContractPage]:
        """Yield a page a contract, in the order of their files."""
        return map(self._page, self.terms.contracts)

    @cached_property
    def relied_on(self) -> Mapping[tuple[Name, str | None], Mapping[str, Contract]]:
        """Contracts by their ids, for each table and column that they are about or name."""
        found: dict[tuple[Name, str | None], dict[str, Contract]] = {}
        for contract in self.terms.contracts:
            contract_id = contract.id
            for place in self._places(contract):
                found.setdefault(place, {})[contract_id] = contract
        return found

    def _places(self, contract: Contract) -> Iterator[tuple[Name, str | None]]:
        """Yield the tables (None) and columns that a contract is about, and those that are there and that it names."""
        for table in contract.tables:
            yield table, None
            yield from ((table, column) for column in contract.columns(table))
        for fact in filter(names_columns, contract.facts):
            for table in about(fact):
                yield table, None
                there = self.schema.tables.get(table)
                for column in () if there is None else there.columns:
                    if concerns(fact, table, column.name):
                        yield table, column.name

    @cached_property
    def covered(self) -> Mapping[Name, frozenset[str]]:
        """Columns that contracts are about, for each table under contract."""
        found: dict[Name, set[str]] = {}
        for contract in self.terms.contracts:
            for fact in contract.facts:
                found.setdefault(fact.table, set()).update(() if fact.column is None else (fact.column,))
        return {table: frozenset(columns) for table, columns in found.items()}

    @cached_property
    def _neighbours(self) -> Mapping[Name, tuple[Name, ...]]:
        return neighbours(self.schema)

    @cached_property
    def _violations(self) -> Mapping[str, tuple[Violation, ...]]:
        found: dict[str, list[Violation]] = {}
        for violation in self.plan.report.violations:
            found.setdefault(violation.contract, []).append(violation)
        return {contract: tuple(violations) for contract, violations in found.items()}

    @cached_property
    def _pending(self) -> Mapping[str, tuple[tuple[Revision, tuple[Change, ...]], ...]]:
        found: dict[str, list[tuple[Revision, tuple[Change, ...]]]] = {}
        for revision in self.plan.revisions:
            changes: dict[str, list[Change]] = {violation.contract: [] for violation in revision.violations}
            for touch in revision.touches:
                for contract in touch.contracts:
                    changes.setdefault(contract.id, []).append(touch.change)
            for contract_id, touching in changes.items():
                found.setdefault(contract_id, []).append((revision, tuple(touching)))
        return {contract_id: tuple(revisions) for contract_id, revisions in found.items()}

    def _page(self, contract: Contract) -> ContractPage:
        tables = contract.tables
        around = dict.fromkeys(other for table in tables for other in self._neighbours.get(table, ()))
        own = dialects.load(contract.kind)
        places = [(fact, self._place(fact, own)) for fact in contract.facts]
        stated: dict[Name, list[tuple[Fact, Place]]] = {table: [] for table in tables}
        for each in places:
            stated[each[0].table].append(each)
        return ContractPage(
            contract=contract,
            file=file_of(contract),
            verdict=self._verdict(contract),
            sections=tuple(self._section(contract, table, of_table) for table, of_table in stated.items()),
            places=tuple(place for _, place in places),
            violations=self._violations.get(contract.id, ()),
            endings=tuple(self._endings(contract)),
            waivers=tuple((w, w.expiry < self.terms.today) for w in self.terms.waivers if w.contract == contract.id),
            pending=self._pending.get(contract.id, ()),
            picture=picture_of(self.schema, (*tables, *around), self.covered),
            source=_source(contract.location.file),
        )

    @property
    def verdict(self) -> Verdict:
        """The verdict on all of it."""
        if self.plan.report.checked.saw_nothing and not self.plan.report.unproven:
            return "not checked"
        return _verdict(self.plan.report.violations, unproven=bool(self.plan.report.unproven))

    def _verdict(self, contract: Contract) -> Verdict:
        if contract.stage == "retired" or contract.id in self.plan.report.unheld:
            return "not checked"
        tables = set(contract.tables)
        doubts = any(doubt.tables is None or doubt.tables & tables for doubt in self.plan.report.unproven)
        return _verdict(self._violations.get(contract.id, ()), unproven=doubts)

    def _endings(self, contract: Contract) -> Iterator[Ending]:
        for each in contract.deprecations:
            yield Ending(each.place, each.sunset, each.sunset is not None and each.sunset <= self.terms.today)

    def _section(self, contract: Contract, name: Name, stated: Sequence[tuple[Fact, Place]]) -> Section:
        table = self.schema.tables.get(name)
        descriptions = {column: text for about, column, text in contract.descriptions if about == name}
        there = {} if table is None else {column.name: column for column in table.columns}
        violations = [v for v in self._violations.get(contract.id, ()) if v.table == name]
        endings = list(self._endings(contract))
        of_all = [each for each in stated if each[0].column is None and each[0].rule not in _IN_OWN_COLUMNS]
        places: dict[str | None, list[Place]] = {}
        types = {fact.column: place.expected for fact, place in stated if fact.rule == "column-type"}
        for fact, place in stated:
            if fact.rule not in _IN_OWN_COLUMNS:
                places.setdefault(fact.column, []).append(place)
        key = _key(table, [fact for fact, _ in stated])
        return Section(
            name=name,
            anchor=anchor_of(name),
            kind="" if table is None else table.kind,
            description=descriptions.get(None) or (table.comment if table is not None else "") or "",
            promises=tuple(places.get(None, ())),
            rows=tuple(
                self._row(
                    contract,
                    name,
                    column,
                    there.get(column),
                    key=key,
                    stated_type=types.get(column, ""),
                    description=descriptions.get(column, ""),
                    promises=(
                        *places.get(column, ()),
                        *(place for fact, place in of_all if concerns(fact, name, column)),
                    ),
                    endings=tuple(each for each in endings if each.place == f"{name}.{column}"),
                    violations=tuple(v for v in violations if v.column == column),
                )
                for column in dict.fromkeys((*there, *contract.columns(name)))
            ),
            others=self._others(contract, name, None),
            violations=tuple(v for v in violations if v.column is None),
            used_by=_seen(contract, name, None),
        )

    def _row(
        self,
        contract: Contract,
        table: Name,
        name: str,
        column: Column | None,
        *,
        key: Sequence[str],
        stated_type: str,
        description: str,
        promises: tuple[Place, ...],
        endings: tuple[Ending, ...],
        violations: tuple[Violation, ...],
    ) -> Row:
        actual = self.plan.dialect.format_type(column.type) if column is not None and column.type is not None else ""
        return Row(
            name=name,
            anchor=anchor_of(table, name),
            type=actual or stated_type,
            nullable=None if column is None else not column.not_null,
            in_key=name in key,
            description=description or (column.comment if column is not None else "") or "",
            promises=promises,
            own=contract.id in self.relied_on.get((table, name), {}),
            there=column is not None,
            others=self._others(contract, table, name),
            endings=endings,
            violations=violations,
            used_by=_seen(contract, table, name),
        )

    def _others(self, contract: Contract, table: Name, column: str | None) -> tuple[Contract, ...]:
        naming = self.relied_on.get((table, column), {})
        return tuple(other for contract_id, other in naming.items() if contract_id != contract.id)

    def _place(self, fact: Fact, dialect: Dialect) -> Place:
        rule = self._rules[fact.rule]
        where = f"{fact.location.file}:{fact.location.line}"
        return Place(fact.rule, fact.place, rule.expected(fact, dialect), where, rule.summary)


def _seen(contract: Contract, table: Name, column: str | None) -> tuple[uses.Place, ...]:
    """Return the places that a contract's file lists at a column or at the table itself, what looks the same once."""
    return tuple({str(place): place for place in contract.used_by.get((table, column), ())}.values())


def _verdict(violations: Sequence[Violation], *, unproven: bool) -> Verdict:
    if any(violation.severity == "error" for violation in violations):
        return "broken"
    return "unproven" if unproven else "differs" if violations else "kept"


def _key(table: Table | None, facts: Sequence[Fact]) -> tuple[str, ...]:
    """Return the columns of the key; of a table that is not there, those that are stated."""
    if table is not None:
        return table.primary_key
    stated = next((fact.expected for fact in facts if fact.rule == "primary-key"), ())
    return stated if isinstance(stated, tuple) else ()


def _source(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):  # a name from a git ref need not be one here
        return ""

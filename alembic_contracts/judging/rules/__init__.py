"""One module a rule: how one kind of fact is compared with a schema, and what to say when it does not hold.

A module of this package holds a ``RULE``; its file name is the rule's id with underscores. Nothing else needs to know.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from msgspec import Struct, field

from alembic_contracts.contracts.contract import Contract, Fact
from alembic_contracts.dialects import Dialect, Part
from alembic_contracts.schemas.schema import Access, Column, Name, Table, Type, TypeDefinition
from alembic_contracts.schemas.uses import EVERYBODY, Breaks, Severity, Side

if TYPE_CHECKING:
    from alembic_contracts.judging.behind import Behind
    from alembic_contracts.judging.shape import Shape

__all__ = [
    "HOLDS",
    "Differs",
    "Holds",
    "Instead",
    "Outcome",
    "Portable",
    "Rule",
    "Situation",
    "Subject",
    "Types",
    "Unknown",
    "advice",
    "breaking",
    "consequence",
    "implied",
    "is_portable",
    "known_type",
    "load",
    "meant_type",
    "not_printed",
]


class Holds(Struct, frozen=True):
    """The fact holds.

    ``but`` says in a few words what is wrong all the same where it holds by the letter of the catalog only. Stated so
    from the start that is kept; a run that turns a fact which simply held into such a one breaks it.
    """

    but: str = ""


class Differs(Struct, frozen=True):
    """The fact does not hold; ``actual`` says in a few words what is there instead."""

    actual: str
    breaks: Breaks | None = None
    """Whose uses this very difference breaks; None: those that the rule says. Contracts that ask for exactly what they
    state are broken by any difference."""
    items: frozenset[str] = frozenset()
    """For facts of the kind "there is nothing but": what there is too much, or too little. A run that adds to what was
    there before it breaks the fact once more."""


class Unknown(Struct, frozen=True):
    """A prediction cannot tell; ``reason`` says why."""

    reason: str


HOLDS = Holds()
Outcome = Holds | Differs | Unknown


Types = Mapping[Name, TypeDefinition]


class Subject(Struct, frozen=True):
    """What a fact is compared with. ``table`` and ``column`` are None where they are absent."""

    table: Table | None
    column: Column | None
    types: Types
    tables: Collection[Name]
    """The tables that are known to be there."""
    dialect: Dialect
    contract: Contract
    """Whose fact it is."""
    reference: Table | None
    """The table before the run, or as it first came to be in it: what "new" and "lost" are relative to."""
    reference_types: Types
    """The types as they were then."""
    access: Access
    reference_access: Access
    """Who got at it then."""
    unvalidated: frozenset[str] = frozenset()
    """Columns that are NOT NULL in new rows alone; told here, so that a wide table is looked through once."""
    is_new: bool = False
    """Whether the table was not there before the run: what it was on the way nobody has ever used."""
    behind: tuple[Behind, ...] = ()
    """The tables that rows of a view or partitioned table get into, as far as they are known."""
    reference_behind: tuple[Behind, ...] = ()
    """What they were then."""

    @property
    def shape(self) -> Shape | None:
        """What compares types, where the contract is about another kind of database than this one."""
        if self.contract.kind == self.dialect.KIND:
            return None
        from alembic_contracts.judging.shape import Shape  # which few runs need

        dialect: object = self.dialect
        return dialect if isinstance(dialect, Shape) and not dialect.is_own else None


class Situation(Struct, frozen=True, kw_only=True):
    """What it depends on how a broken fact can be mended."""

    fact: Fact
    held: bool
    """Whether the fact held before."""
    renamed: bool
    """Whether the column or table got another name."""
    moved: bool = False
    """Whether the table got into another schema, or its own got another name."""
    retyped: bool = False
    """Whether a column that got another name got another type as well."""
    inherits: bool = False
    """Whether the table is a partition, or has its column from a table that it inherits from."""
    type_renamed: bool = False
    """Whether the column's type got another name."""
    before: Table | None
    """The table when it was last seen with what the fact is about."""
    after: Table | None
    """The table as it is where the fact does not hold."""
    meant: str = ""
    """The name that the contract probably means; of a fact that held, its own is right."""

    @property
    def column(self) -> Column | None:
        """The column as it is where the fact does not hold."""
        return None if self.after is None or self.fact.column is None else self.after.column(self.fact.column)

    @property
    def column_before(self) -> Column | None:
        """The column as it was when it was last seen."""
        return None if self.before is None or self.fact.column is None else self.before.column(self.fact.column)


class Portable(Struct, frozen=True, kw_only=True):
    """What to say on databases other than PostgreSQL: templates as there.

    Code in it is Alembic's operations and SQLAlchemy's types, which make the same on every database; a price depends on
    the database, so none is named. An empty text: what PostgreSQL's users read is true anywhere.
    """

    consequence: str = ""
    """Of a rule alone."""
    remedy: str = ""
    fix: str = ""


class Instead(Struct, frozen=True, kw_only=True):
    """Advice for some situations, in place of a rule's own: templates as there."""

    when: Callable[[Situation], bool]
    what: str
    """The situations in a few words, which follow "Where "."""
    remedy: str = ""
    """Empty: only where the fact never held is there anything else to say."""
    fix: str = ""
    """Empty: only where it held."""
    portable: Portable | None = None
    """The same elsewhere; None: there it is no situation of its own."""


class Rule(Struct, frozen=True, kw_only=True):
    """One kind of fact.

    ``cause``, ``slip``, ``consequence``, ``remedy`` and ``fix`` are templates for ``str.format`` with the fields
    ``table`` (qualified), ``table_name``, ``column``, ``place`` (table and column), ``expected``, ``actual``,
    ``meant``, ``is_absent`` ("no longer exists" or "does not exist"), ``owner``, ``contract``, ``contract_place``
    (file and line), ``database`` (its name for people) and ``schema`` (an argument for Alembic's operations, empty for
    the schema that is meant where none is named), and with what ``remedies.names`` gives besides. What a remedy has
    people paste works as it is, and a line that begins with "Price:" says what it locks and rewrites.
    """

    id: str
    summary: str
    """What must hold, in one sentence."""
    description: str
    """Why it matters and where the actual value comes from."""
    cause: str
    consequence: str
    slip: str = ""
    """What to say in place of the cause where the contract probably means another name, ``meant``."""
    meant: Callable[[Fact, Subject], str] = lambda _fact, _subject: ""
    """Which name that is, of a fact that never held; empty where none is near."""
    remedy: str
    """What to do instead of breaking what held before."""
    fix: str
    """What to do where the fact never held."""
    instead: tuple[Instead, ...] = ()
    """What to say in place of either; the first that fits."""
    portable: Portable | None = None
    """The same on databases other than PostgreSQL; None: those do not have what the rule is about."""
    expected: Callable[[Fact, Dialect], str]
    """What the fact expects, in a few words."""
    evaluate: Callable[[Fact, Subject], Outcome]
    """Whether the fact holds. The table, and the column of a fact about one, are there unless ``judges_absence``."""
    column_alone: bool = False
    """Whether all that a fact looks at of a table is its column, where that is there, and the table's name and kind."""
    judges_absence: bool = False
    """Whether the rule is about the very existence of the table or column."""
    breaks: Breaks = field(default_factory=lambda: EVERYBODY)
    """Whose uses a difference breaks, unless ``Differs.breaks`` says it of a single one."""
    implied_by: frozenset[Side] = frozenset()
    """Sides whose contracts rely on it for each table without stating it; those that ask for exactly what they state do
    not."""
    reads: frozenset[Part] = frozenset()
    """What it looks at of a table, beside columns and constraints."""
    weighs: frozenset[Part] = frozenset()
    """What it looks at to tell whose uses a difference breaks; contracts that ask for exactly what they state do not
    mind."""
    about_types: bool = False
    """Whether a difference can mean that the column's type changed, which breaks open prepared statements once."""


_WITHOUT_ADVICE = Portable(
    remedy="Keep it as it is. If nobody relies on it, ask {owner} to change {contract_place} first.",
    fix="Make it so in a migration. If the contract is wrong, ask {owner} to correct {contract_place}.",
)


def is_portable(dialect: Dialect) -> bool:
    """Return whether advice has to be one that works on any database: that of rules speaks PostgreSQL's SQL."""
    return dialect.KIND != "postgresql"


def advice(rule: Rule, situation: Situation, dialect: Dialect) -> str:
    """Return the template of what to do in a situation on a database."""
    text = _portable_text if is_portable(dialect) else _text
    found_in: tuple[Rule | Instead, ...] = (*(each for each in rule.instead if each.when(situation)), rule)
    for each in found_in:
        if found := text(each, held=situation.held):
            return found
    return _text(_WITHOUT_ADVICE, held=situation.held)


def _text(advice: Rule | Instead | Portable, *, held: bool) -> str:
    return advice.remedy if held else advice.fix


def _portable_text(advice: Rule | Instead, *, held: bool) -> str:
    if advice.portable is None:
        return ""
    return _text(advice.portable, held=held) or _text(advice, held=held)


def consequence(rule: Rule, dialect: Dialect) -> str:
    """Return the template of what a difference leads to on a database."""
    other = rule.portable.consequence if rule.portable is not None and is_portable(dialect) else ""
    return other or rule.consequence


def breaking(*sides: Side, warning: tuple[Side, ...] = ()) -> Breaks:
    """Return that a difference breaks some sides, and is worth a warning to others."""
    found: dict[Side, Severity] = dict.fromkeys(warning, "warning")
    return MappingProxyType({**found, **dict.fromkeys(sides, "error")})


def known_type(subject: Subject) -> Type | Unknown:
    """Return the type of the subject's column, or why a prediction does not know it."""
    column = cast("Column", subject.column)
    if column.type is None:
        return Unknown(f"the type of {cast('Table', subject.table).name}.{column.name} could not be worked out")
    return column.type


def not_printed(what: str) -> Unknown:
    """Return that nobody knows beforehand how the database prints an expression, such as ``the check a > 0 of t``."""
    return Unknown(f"how {what} is printed could not be worked out")


def meant_type(fact: Fact, subject: Subject) -> str:
    """Return the name of the type that a contract probably means by one that nobody has made; maybe empty."""
    type_ = fact.expected
    if (
        subject.column is None
        or not isinstance(type_, Type)
        or any(name.name == type_.name.name for name in subject.types)
    ):
        return ""
    return subject.dialect.misspelt_type(type_) or ""


def implied(contract: Contract) -> tuple[Fact, ...]:
    """Return the facts that a contract relies on by its compatibility alone, one a table and rule."""
    if contract.compatibility == "exact" and not contract.of_tables:
        return ()
    stated = {(fact.rule, fact.table) for fact in contract.facts}
    return tuple(
        Fact(rule.id, table, None, None, contract.location)
        for rule in load().values()
        if rule.implied_by
        for table in contract.tables
        if contract.compatibility_of(table) != "exact"
        and rule.implied_by & contract.sides(table)
        and (rule.id, table) not in stated
    )


@cache
def load() -> Mapping[str, Rule]:
    """Return every rule by id, sorted."""
    return _Rules()


class _Rules(Mapping[str, Rule]):
    """Rules by id; a rule's module is imported when the rule is first asked for."""

    def __init__(self) -> None:
        files = (module.name for module in iter_modules(__path__) if not module.name.startswith("_"))
        self._rules: dict[str, Rule | None] = dict.fromkeys(sorted(name.replace("_", "-") for name in files))

    def __getitem__(self, id_: str) -> Rule:
        rule = self._rules[id_]
        if rule is None:
            rule = self._rules[id_] = cast("Rule", import_module(f"{__name__}.{id_.replace('-', '_')}").RULE)
        return rule

    def __contains__(self, id_: object) -> bool:
        return id_ in self._rules

    def __iter__(self) -> Iterator[str]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)

"""What a check comes to: violations, notices and the ``Report`` that holds them, as immutable values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from msgspec import Struct

from alembic_contracts.contracts.contract import Ending, Owner, Waiver, WaiverFile
from alembic_contracts.documents.document import ContractLocation
from alembic_contracts.judging.aftermath import Aftermath
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.steps import Location, Unproven
from alembic_contracts.schemas.uses import Place, Severity, Side

__all__ = ["Checked", "Notice", "Phase", "Policy", "Reliance", "Report", "Scope", "Status", "Violation"]

Status = Literal["kept", "broken", "unproven"]
Phase = Literal["check", "before", "commit"]
Scope = Literal["introduced", "strict", "target"]
"""Which breaks a run answers for: its own, standing ones as well, or all at the end whatever held before."""


class Policy(Struct, frozen=True, kw_only=True):
    """How a run is judged."""

    phase: Phase
    scope: Scope
    ends_at_head: bool
    """Whether the run ends at a head: only then can a table be born broken."""
    commits_each_revision: bool = False
    """Whether the end of every revision is committed (transaction_per_migration, no transactional DDL)."""
    severities: Mapping[str, Literal["error", "warning", "off"]]
    """What the settings say of single rules."""
    today: date
    """What sunsets are compared with."""
    tables: frozenset[Name] | None = None
    """Whose facts need a verdict; None: all. Those of the others are known to be kept."""
    standing: bool = True
    """Whether facts that did not hold before the run either are told."""


class Violation(Struct, frozen=True, kw_only=True):
    """A fact that does not hold."""

    rule: str
    severity: Severity
    contract: str
    """Id of the contract (``namespace/name``)."""
    table: Name
    column: str | None
    expected: str
    actual: str
    introduced: bool
    """Whether the checked revisions broke it, as opposed to a fact that did not hold before either."""
    message: str
    """Cause and consequence in one or two sentences."""
    remedy: str
    """What to do instead; may be several lines. Lines indented by four spaces are code to paste, the others prose."""
    owner: Owner
    location: Location | None
    contract_location: ContractLocation
    breaks: tuple[Side, ...] = ()
    """Whose uses break: readers, writers, change data capture."""
    transient: bool = False
    """Whether open prepared statements fail once as well, because a column's type changes ("cached plan must not change
    result type")."""
    sunset: date | None = None
    """The day from which on this may be broken, where the contract announces one."""
    ending: Ending | None = None
    """What its owner writes into the contract's file so that it may be broken from a day on, or where that stands."""
    waiver: Waiver | None = None
    """The permission to break it; then it is a warning."""
    is_elsewhere: bool = False
    """Whether the contract is about another kind of database, of which the shape is held here."""
    by_others: str = ""
    """Why it is not put down to any script, where something else changed the database while an upgrade ran."""
    used_by: tuple[Place, ...] = ()
    """Where its consumers are seen to use the column, else the table, as far as the contract says."""
    at: str = ""
    """The git ref whose contract states it, where that is not the working tree."""
    folded: tuple[Violation, ...] = ()
    """What else no longer holds for the same cause: with another type of a column its precision and scale."""

    @property
    def parts(self) -> tuple[Violation, ...]:
        """The violation, and what is folded into it."""
        return (self, *self.folded)

    @property
    def what(self) -> tuple[object, ...]:
        """What is broken, wherever and however that was found."""
        return self.contract, self.rule, self.table, self.column, self.severity


class Notice(Struct, frozen=True):
    """Worth knowing, changes no verdict: a contract written for another database, for example."""

    message: str
    location: ContractLocation | None = None


class Checked(Struct, frozen=True):
    """How much was looked at."""

    contracts: int
    tables: int
    facts: int
    revisions: int
    not_applicable: int = 0
    """Facts that nobody has looked at, since contracts cannot be held on that kind of database."""
    unheld_on: str = ""
    """SQLAlchemy's name of that kind."""

    @property
    def saw_nothing(self) -> bool:
        """Whether facts are stated, and none of them was looked at."""
        return bool(self.not_applicable) and not self.facts


class Reliance(Struct, frozen=True):
    """A contract that states something of a table."""

    table: Name
    contract: str
    owner: Owner


class Report(Struct, frozen=True, kw_only=True):
    """Everything that one check found, in the order in which it should be read."""

    phase: Phase
    violations: tuple[Violation, ...] = ()
    unproven: tuple[Unproven, ...] = ()
    notices: tuple[Notice, ...] = ()
    checked: Checked
    contracts: tuple[str, ...] = ()
    """Ids of all contracts that were checked, kept ones included, for reports that list them."""
    unheld: tuple[str, ...] = ()
    """Ids of those that were not, since they cannot be held on this kind of database."""
    refused: bool | None = None
    """Whether the run is refused because of this report; None: unless the status is kept. A report that the settings
    turn into mere words (``enforce = report``, ``unproven = warn``) says False, so that no text claims otherwise."""
    because: str = ""
    """Why it is not refused, in a clause that follows "because"."""
    of_models: bool = False
    """Whether it is about what autogenerate found in models, which no script does yet."""
    in_doubt: tuple[Reliance, ...] = ()
    """Who relies on tables that what is unproven may concern."""
    database: str = "PostgreSQL"
    """What the kind of database is called."""
    waivers: tuple[WaiverFile, ...] = ()
    """Where waivers can be added, beside each of the contracts' folders; none where nothing is broken."""
    aftermath: Aftermath | None = None
    """What a refused upgrade left in the database; None: there was none, or it was ``--sql``, which runs nothing."""

    @property
    def refuses(self) -> bool:
        """Whether the run is refused, with the default of ``refused`` filled in."""
        return self.status != "kept" if self.refused is None else self.refused

    @property
    def is_broken_anew(self) -> bool:
        """Whether any violation is an error that what was looked at has brought about."""
        return any(violation.severity == "error" and violation.introduced for violation in self.violations)

    @property
    def status(self) -> Status:
        """``broken`` if any violation is an error, else ``unproven`` if anything is, else ``kept``."""
        if any(violation.severity == "error" for violation in self.violations):
            return "broken"
        return "unproven" if self.unproven else "kept"
